"""Break the glass: a second yes where nobody whose post it is can be reached; looked at after."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from claims import sla
from claims.approvals import Tier
from claims.events import StoodIn
from claims.models import Approval, Claim, InternalNote, StandIn
from claims.models.risk import Verdict
from claims.services import approving, decisions, steps
from claims.services.auditing import AlreadyJudged, UnknownVerdict
from claims.services.refusals import NotNow, NoWords, Refusal
from claims.sla import ClockKind
from claims.states import ClaimState
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from portal.outbox.recording import record

PERMISSION = "claims.break_glass"
PRESSING = timedelta(hours=1)
"""A promise that ends within this time may be kept by standing in."""
REVIEW_DAYS = 1
"""So many working days somebody else has to look at it."""
REVIEW_AT_MOST = timedelta(days=3)
"""The same where the claim has no working time of its own."""
TEXT_MAX = 2000
POSTS = (RoleName.APPROVER, RoleName.DUTY_MANAGER)
"""Who hears of it at once: those in whose place somebody stood."""


class NoEmergency(Refusal):
    """Nothing is lost by waiting for a person whose post it is."""

    code = "no_emergency"
    sentence = _(
        "This can wait for somebody whose post it is. Standing in is for danger, and for a"
        " decision that is promised within the hour or late."
    )


class TooMuchToStandIn(Refusal):
    """A third person has to agree, from finance; nobody stands in for that."""

    code = "too_much_to_stand_in"
    sentence = _("This sum needs finance's yes as well. Nobody stands in for finance.")


class StillToReview(Refusal):
    """The last time this person stood in has not been looked at yet."""

    code = "still_to_review"
    sentence = _("You stood in before, and nobody has looked at it yet. That comes first.")


@transaction.atomic
def stand_in(*, claim: Claim, person: User, why: str, now: datetime) -> Claim:
    """
    Give the second yes in place of those whose post it is, saying why nobody of them could.

    It is still a second person's, to exactly what was proposed, and never finance's. Everybody
    whose post it is hears of it at once, and one of them looks at it afterwards.

    :raises NotAllowed: if the person may not stand in.
    :raises NoWords: without saying why.
    :raises NotNow: if no proposal to pay waits for a second person.
    :raises TooMuchToStandIn: if finance's yes is needed as well.
    :raises NoEmergency: if nothing presses.
    :raises StillToReview: if the last time has not been looked at.
    :raises SamePerson: if it is who proposed, or decided before an appeal.
    :raises FiledIt: if it is who filed the claim for the shopper.
    :raises ChangedSince: if sum, payee or assessment are not what was proposed.
    """
    steps.lock(claim)
    steps.require(person, PERMISSION, claim)
    why = why.strip()[:TEXT_MAX]
    if not why:
        raise NoWords
    approval = approving.live(claim)
    if claim.state != ClaimState.PENDING_APPROVAL or approval is None:
        raise NotNow(state=claim.get_state_display(), verb="second")
    reason = why_not(claim=claim, approval=approval, person=person, now=now)
    if reason is not None:
        raise reason
    decisions.say_yes(claim=claim, approval=approval, person=person, now=now)
    with override(person.language):
        body = gettext("Stood in for the second yes: %(why)s") % {"why": why}
    InternalNote.objects.create(claim=claim, author=person, body=body, written_at=now)
    row = StandIn.objects.create(
        approval=approval, person=person, why=why, made_at=now, review_by=_review_by(claim, now)
    )
    for holder in _holders(besides=person):
        record(
            StoodIn(
                to=holder.pk,
                language=holder.language,
                stand_in=row.pk,
                ref=claim.ref,
                amount_minor=approval.amount_minor,
                currency=approval.currency,
                review_by=row.review_by.isoformat(),
            ),
            now=now,
        )
    return claim


def why_not(
    *, claim: Claim, approval: Approval, person: User, now: datetime
) -> type[Refusal] | None:
    """Return why this person may not stand in on this proposal, or None; it changes nothing."""
    if approving.tier_of(approval) > Tier.TWO:
        return TooMuchToStandIn
    if not _is_pressing(claim, now):
        return NoEmergency
    if person.pk == approval.reviewer_id:
        return approving.SamePerson
    if waiting().filter(person=person).exists():
        return StillToReview
    return approving.bar(claim, person)


@transaction.atomic
def judge(*, row: StandIn, person: User, verdict: str, note: str = "", now: datetime) -> StandIn:
    """
    Say afterwards whether standing in was right; nothing about the claim or its money moves.

    :raises NotAllowed: if giving second yeses is not the person's post.
    :raises OwnClaim: if it is their own claim.
    :raises SamePerson: if it is one of the two who approved.
    :raises UnknownVerdict: if the answer is neither yes nor no.
    :raises NoWords: if it is a no that does not say why.
    :raises AlreadyJudged: if somebody has answered before.
    """
    approval = row.approval
    steps.require(person, "claims.second_claim", approval.claim)
    if person.pk in {approval.reviewer_id, approval.approver_id}:
        raise approving.SamePerson
    if verdict not in Verdict.values:
        raise UnknownVerdict
    note = note.strip()[:TEXT_MAX]
    if verdict == Verdict.DISAGREE and not note:
        raise NoWords
    judged = StandIn.objects.filter(pk=row.pk, verdict="").update(
        verdict=verdict, note=note, judged_by=person, judged_at=now
    )
    row.refresh_from_db()
    if not judged:
        raise AlreadyJudged
    return row


def waiting() -> QuerySet[StandIn]:
    """Return those that nobody has looked at yet."""
    return StandIn.objects.filter(verdict="")


def _is_pressing(claim: Claim, now: datetime) -> bool:
    if claim.severity == sla.MOST_URGENT:
        return True
    return claim.decide_by is not None and claim.decide_by <= now + PRESSING


def _review_by(claim: Claim, now: datetime) -> datetime:
    """Return the end of the time in which somebody has to look at it, in the desk's hours."""
    clock = claim.clocks.filter(kind=ClockKind.DECIDE).order_by("-round").first()
    by = clock.runs_by().deadline(now, days=REVIEW_DAYS) if clock is not None else None
    return by or now + REVIEW_AT_MOST


def _holders(*, besides: User) -> QuerySet[User]:
    posts = Group.objects.filter(name__in=[post.value for post in POSTS])
    people = User.objects.filter(groups__in=posts, is_active=True, is_staff=True)
    return people.exclude(pk=besides.pk).distinct().order_by("pk")
