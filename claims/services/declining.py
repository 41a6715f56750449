"""Saying no: with a reason, words, what was looked at, and a second person above a value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from claims import rules
from claims.events import ClaimRejected
from claims.models import Claim, Decline
from claims.services import approving, facts, policies, steps
from claims.services.approving import SamePerson
from claims.services.refusals import NotNow, NoWords, Refusal
from claims.states import HARD_FACTS, ClaimState, DeclineCode, LookedAt, VoidReason
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.recording import record

S = ClaimState
DESK_CODES = tuple(code for code in DeclineCode if code not in HARD_FACTS)
"""Reasons a person may give."""


class UnknownCode(Refusal):
    """The reason for declining is not on our list."""

    code = "unknown_code"
    sentence = _("Choose the reason for declining from the list.")


class NothingLookedAt(Refusal):
    """Nothing says what was looked at before declining."""

    code = "nothing_looked_at"
    sentence = _("Say what you looked at: the shopper reads it beside the reason.")


@transaction.atomic
def reject(
    *,
    claim: Claim,
    agent: User,
    code: str,
    text: str,
    now: datetime,
    looked_at: Sequence[str] | None = None,
) -> Claim:
    """
    Decline with a coded reason and words to the shopper, who has 30 days to ask for another look.

    Above one person's limit it waits for a second person. A proposal to pay that waits for a
    second person is declined by that person: two have looked then. ``looked_at`` are words of
    ``LookedAt``; None stands for all that is on file.

    :raises NotAllowed: if the person may not decide, or not give the second yes.
    :raises SamePerson: if it is who proposed, or who decided before the shopper asked again.
    :raises FiledIt: if it is who filed the claim for the shopper.
    :raises UnknownCode: for a reason that is not on our list.
    :raises NothingLookedAt: if nothing was looked at.
    :raises NoWords: without words to the shopper.
    :raises NotNow: if there is nothing to decide, or declining itself waits for a second person.
    """
    steps.lock(claim)
    is_second = claim.state == S.PENDING_APPROVAL
    steps.require(agent, "claims.second_claim" if is_second else "claims.decide_claim", claim)
    if claim.state not in (S.UNDER_REVIEW, S.PENDING_APPROVAL) or waiting(claim) is not None:
        raise NotNow(state=claim.get_state_display(), verb="reject")
    approval = approving.live(claim)
    if approval is not None and agent.pk in {
        approval.reviewer_id,
        approval.approver_id,
        approval.finance_id,
    }:
        raise SamePerson
    approving.fresh_eyes(claim, agent)
    if code not in DESK_CODES:
        raise UnknownCode
    if not text.strip():
        raise NoWords
    seen = on_file(claim) if looked_at is None else [w for w in LookedAt.values if w in looked_at]
    if not seen:
        raise NothingLookedAt
    limit = policies.limit_for(currency=claim.currency, now=now)
    proposer = approval.reviewer if is_second and approval is not None else None
    is_enough = claim.claimed_minor <= limit.single_minor or proposer is not None
    approving.void(claim, reason=VoidReason.DECLINED, now=now)
    decline = Decline.objects.create(
        claim=claim,
        code=code,
        text=text.strip(),
        looked_at=seen,
        value_minor=claim.claimed_minor,
        currency=claim.currency,
        limit=limit,
        limit_minor=limit.single_minor,
        claimant_id=claim.shopper_id,
        reviewer=proposer or agent,
        reviewed_at=now,
        approver=agent if proposer is not None else None,
        approved_at=now if is_enough else None,
        appeal_until=_until(claim, now) if is_enough else None,
        level=claim.appeals,
    )
    role = Role.APPROVER if is_second else Role.AGENT
    if is_enough:
        return _say_no(claim, decline, actor=agent, role=role, now=now)
    if is_second:
        # A rule proposed to pay, one person says no, and the value needs two.
        steps.take(
            claim, "send_back", now=now, role=role, actor=agent, note=decline.text,
            visible_to_shopper=False,
        )  # fmt: skip
    return steps.take(
        claim, "propose_no", now=now, role=role, actor=agent, reason_code=code,
        visible_to_shopper=False, assignee=agent,
    )  # fmt: skip


def waiting(claim: Claim) -> Decline | None:
    """Lock and return the no that waits for a second person, if any."""
    return (
        Decline.objects.select_for_update()
        .filter(claim=claim, voided_at=None, approved_at=None)
        .first()
    )


def agree(*, claim: Claim, decline: Decline, approver: User, now: datetime) -> Claim:
    """
    Give the second no to one that waits; the claim must be locked.

    :raises SamePerson: if it is who proposed it, or who decided before the shopper asked again.
    :raises FiledIt: if it is who filed the claim for the shopper.
    """
    if approver.pk == decline.reviewer_id:
        raise SamePerson
    approving.fresh_eyes(claim, approver)
    decline.approver = approver
    decline.approved_at = now
    decline.appeal_until = _until(claim, now)
    decline.save(update_fields=["approver", "approved_at", "appeal_until"])
    return _say_no(claim, decline, actor=approver, role=Role.APPROVER, now=now)


def turn_away(
    *, claim: Claim, code: str, text: str, looked_at: Sequence[str], now: datetime
) -> Claim:
    """Decline a claim being screened on a hard fact; the shopper may have a person look at it."""
    until = now + rules.APPEAL_WITHIN
    Decline.objects.create(
        claim=claim,
        code=code,
        text=text,
        looked_at=list(looked_at),
        value_minor=claim.claimed_minor,
        currency=claim.currency,
        claimant_id=claim.shopper_id,
        reviewed_at=now,
        approved_at=now,
        appeal_until=until,
        level=claim.appeals,
    )
    steps.take(
        claim, "turn_away", now=now, due_at=until, role=Role.SYSTEM, reason_code=code,
        appeal_until=until, decided_at=now, decision_code=code, decision_text=text,
    )  # fmt: skip
    _tell(claim, code=code, text=text, until=until, now=now)
    return claim


def on_file(claim: Claim, *, has_messages: bool | None = None) -> list[str]:
    """
    Return what there is to look at in a claim, as words of ``LookedAt``.

    Whoever has read the messages says whether there are any.
    """
    found = [LookedAt.ORDER.value, LookedAt.TRACKING.value]
    if claim.story.strip():
        found.append(LookedAt.STORY.value)
    if claim.messages.exists() if has_messages is None else has_messages:
        found.append(LookedAt.MESSAGES.value)
    if any(photo.removed_at is None and photo.state != "refused" for photo in claim.evidence.all()):
        found.append(LookedAt.PHOTOS.value)
    return [word for word in LookedAt.values if word in found]


def _say_no(claim: Claim, decline: Decline, *, actor: User, role: Role, now: datetime) -> Claim:
    until = rules.appeal_until(appeals=claim.appeals, now=now)
    steps.take(
        claim, "reject", now=now, due_at=now + rules.APPEAL_WITHIN, actor=actor,
        reason_code=decline.code,
        note=decline.text, role=role, diff={"looked_at": decline.looked_at},
        appeal_until=until, decided_at=now, decision_code=decline.code,
        decision_text=decline.text,
    )  # fmt: skip
    _tell(claim, code=decline.code, text=decline.text, until=until, now=now)
    return claim


def _until(claim: Claim, now: datetime) -> datetime:
    """Return until when a no may be looked at again: at once over, if it is the last."""
    return rules.appeal_until(appeals=claim.appeals, now=now) or now


def _tell(claim: Claim, *, code: str, text: str, until: datetime | None, now: datetime) -> None:
    record(
        ClaimRejected(code=code, text=text, appeal_until=facts.iso(until), **facts.of(claim)),
        now=now,
    )
