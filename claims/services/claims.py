"""The shopper's side of a claim: begin, fill in, send, withdraw, come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy

from claims import questions, rules
from claims.events import ClaimFiled
from claims.models import Claim, ClaimLine, ClaimUnit, EvidenceAsk, ReasonPolicy, Statement
from claims.services import checks, facts, policies, reckoning, reopening, steps
from claims.services.actions import Action, available_actions
from claims.services.checks import (
    Alternative,
    CheckItem,
    ClaimableLine,
    ReasonOption,
    WishOption,
    checklist,
    claimable,
    missing,
    options,
    wishes,
)
from claims.services.refusals import NotAllowed, NotNow, NotYours, Refusal
from claims.services.screening import look_again, screen
from claims.states import AskMedium, Channel, ClaimReason, ClaimState, Wish
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.recording import record
from tracking.models import Anomaly, Order, OrderLine, Parcel

__all__ = [
    "Action",
    "Alternative",
    "CannotReopen",
    "CheckItem",
    "ClaimableLine",
    "Incomplete",
    "NoName",
    "NothingFree",
    "ReasonOption",
    "StoryTooLong",
    "UnknownItem",
    "UnknownReason",
    "UnknownWish",
    "WindowShut",
    "WishOption",
    "available_actions",
    "begin",
    "both_told",
    "checklist",
    "choose",
    "claimable",
    "look_again",
    "missing",
    "options",
    "reopen",
    "screen",
    "send",
    "sign",
    "submit",
    "tell",
    "wish",
    "wishes",
    "withdraw",
]


class NothingFree(Refusal):
    """More units were chosen than are free to claim."""

    code = "nothing_free"
    sentence = gettext_lazy(
        "“%(title)s”: only %(free)s can still be claimed. Choose that many or fewer."
    )


class UnknownItem(Refusal):
    """An item was chosen that is not in the parcel."""

    code = "unknown_item"
    sentence = gettext_lazy("One of the items is not in this parcel. Choose from the list.")


class UnknownReason(Refusal):
    """A reason was given that we do not know."""

    code = "unknown_reason"
    sentence = gettext_lazy("Choose what happened from the list.")


class UnknownWish(Refusal):
    """A wish was given that we do not know."""

    code = "unknown_wish"
    sentence = gettext_lazy("Choose what would put it right from the list.")


class StoryTooLong(Refusal):
    """More words were written than we keep."""

    code = "story_too_long"
    sentence = gettext_lazy(
        "Your words are %(length)s characters long; the most we keep is %(most)s."
    )


class Incomplete(Refusal):
    """Something that the claim needs is missing; ``facts["missing"]`` lists it in sentences."""

    code = "incomplete"
    sentence = "%(first)s"


class NoName(Refusal):
    """A statement was signed with no name, or with too long a one."""

    code = "no_name"
    sentence = gettext_lazy("Sign with your full name.")


class WindowShut(Refusal):
    """It is too early or too late; ``facts["alternatives"]`` tells what else is possible."""

    code = "window_shut"
    sentence = "%(why)s"


class CannotReopen(Refusal):
    """The claim was never sent, or its time to come back is over."""

    code = "cannot_reopen"
    sentence = gettext_lazy("This claim cannot be reopened any more. You can start a new one.")


# --- The draft ----------------------------------------------------------


@transaction.atomic
def begin(
    *,
    parcel: Parcel | None = None,
    order: Order | None = None,
    shopper: User,
    language: str,
    now: datetime,
    channel: str = Channel.WEB,
    anomaly: Anomaly | None = None,
) -> Claim:
    """
    Return the shopper's draft about this parcel, a new one if there is none.

    With an order and no parcel it is about what of the order was never sent.

    :raises NotYours: if the order belongs to somebody else.
    """
    order = parcel.order if parcel is not None else order
    if order is None or order.shopper_id != shopper.pk:
        raise NotYours
    draft = Claim.objects.filter(
        order=order, parcel=parcel, shopper=shopper, state=ClaimState.DRAFT
    )
    found = draft.first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return Claim.objects.create(
                order=order,
                parcel=parcel,
                shopper=shopper,
                language=language,
                currency=order.currency,
                channel=channel,
                anomaly=anomaly,
                created_at=now,
                saved_at=now,
                due_at=now + rules.DRAFT_LIFE,
            )
    except IntegrityError:  # a second tab was faster
        return draft.get()


@transaction.atomic
def choose(*, claim: Claim, quantities: Mapping[int, int], now: datetime) -> Claim:
    """
    Keep which items are claimed: order line to how many; zero leaves one out.

    :raises UnknownItem: for an order line that is not in the parcel.
    :raises NothingFree: for more than nobody has claimed yet.
    """
    _open_draft(claim, "order", "parcel")
    free = {line.order_line.pk: line for line in _free(claim)}
    for pk, quantity in quantities.items():
        line = free.get(pk)
        if line is None or quantity < 0:
            raise UnknownItem
        if quantity > line.free:
            raise NothingFree(title=line.order_line.title, free=line.free)
    ClaimLine.objects.filter(claim=claim).delete()
    ClaimLine.objects.bulk_create(
        ClaimLine(
            claim=claim,
            order_line_id=pk,
            quantity=quantity,
            price_minor=free[pk].order_line.price_minor,
        )
        for pk, quantity in quantities.items()
        if quantity
    )
    _saved(claim, now)
    return claim


@transaction.atomic
def tell(
    *,
    claim: Claim,
    reason: str | None = None,
    answers: Mapping[str, Any] | None = None,
    story: str | None = None,
    without_box: str | None = None,
    now: datetime,
) -> Claim:
    """
    Keep what happened; whatever is None stays as it was. Another reason drops the old answers.

    :raises UnknownReason: for a reason that has no policy today.
    :raises StoryTooLong: for more words than we keep.
    """
    _open_draft(claim)
    fields: dict[str, Any] = {}
    for name, words in (("story", story), ("without_box", without_box)):
        if words is not None:
            if len(words) > questions.STORY_MAX:
                raise StoryTooLong(length=len(words), most=questions.STORY_MAX)
            fields[name] = words
    chosen = claim.reason if reason is None else reason
    if reason is not None and reason != claim.reason:
        if reason and reason not in ClaimReason.values:
            raise UnknownReason
        if claim.parcel_id is None and reason not in {"", ClaimReason.NOT_SHIPPED}:
            raise UnknownReason
        fields |= _for_reason(claim, reason, now)
    if answers is not None or "reason" in fields:
        asked = {question.key: question for question in questions.QUESTIONS.get(chosen, ())}
        fields["answers"] = {
            key: value
            for key, value in (answers or {}).items()
            if key in asked and value in dict(asked[key].choices)
        }
    if fields:
        steps.keep(claim, **fields)
    _saved(claim, now)
    return claim


def _for_reason(claim: Claim, reason: str, now: datetime) -> dict[str, Any]:
    """Return what another reason brings along; what was signed for the old one is void."""
    policy = policies.policy_for(reason=reason, now=now) if reason else None
    Statement.objects.filter(claim=claim).delete()
    keeps_wish = policy is None or claim.wish in policy.resolutions
    return {
        "reason": reason,
        "policy": policy,
        "answers": {},
        **({} if keeps_wish else {"wish": ""}),
    }


@transaction.atomic
def sign(*, claim: Claim, kind: str, name: str, actor: User, now: datetime) -> Statement:
    """
    Keep that the shopper put their name to a statement the reason asks for.

    Signing again replaces the name, as long as the claim is a draft.

    :raises UnknownItem: if the reason asks for no such statement.
    :raises NoName: without a name, or with one longer than 120 characters.
    """
    _open_draft(claim)
    ask = EvidenceAsk.objects.filter(
        policy=claim.policy_id, kind=kind, medium=AskMedium.STATEMENT
    ).first()
    if claim.policy_id is None or ask is None:
        raise UnknownItem
    if not 2 <= len(name.strip()) <= 120:
        raise NoName
    chinese = claim.language.startswith("zh")
    statement, _is_new = Statement.objects.update_or_create(
        claim=claim,
        kind=kind,
        defaults={
            "text": ask.hint_zh if chinese else ask.hint_en,
            "language": claim.language,
            "name": name.strip(),
            "signed_by": actor,
            "signed_at": now,
        },
    )
    _saved(claim, now)
    return statement


@transaction.atomic
def wish(*, claim: Claim, wish: str, now: datetime) -> Claim:
    """
    Keep what would put it right.

    :raises UnknownWish: for a wish we do not know, or that the reason's policy does not offer.
    """
    _open_draft(claim)
    offered = claim.policy.resolutions if claim.policy else Wish.values
    if wish not in Wish.values or wish not in offered:
        raise UnknownWish
    steps.keep(claim, wish=wish)
    _saved(claim, now)
    return claim


def both_told(draft: Claim, story: str) -> str | None:
    """
    Return the words of a draft that somebody else goes on with: none that were there are lost.

    None leaves them as they are.
    """
    told, story = draft.story.strip(), story.strip()
    if not story or story in told:
        return None if told else story
    return f"{told}\n\n{story}" if told else story


def _open_draft(claim: Claim, *related: str) -> None:
    steps.lock(claim, *related)
    if claim.state != ClaimState.DRAFT:
        raise NotNow(state=claim.get_state_display(), verb="save")


def _saved(claim: Claim, now: datetime) -> None:
    steps.keep(claim, saved_at=now, due_at=now + rules.DRAFT_LIFE, reminders=0)


# --- Sending and coming back ----------------------------------------------------------


@transaction.atomic
def submit(*, claim: Claim, key: UUID, now: datetime) -> Claim:
    """
    Send the claim; sending it again, with whatever key, changes nothing.

    The units are held from now on and the policy in force is frozen into the claim.

    :raises NotNow: if the draft was withdrawn or has expired.
    :raises Incomplete: if ``missing`` finds something.
    :raises WindowShut: if it is too early or too late for the reason.
    :raises UnitsTaken: if another claim took one of the units.
    """
    steps.lock(claim, "order", "parcel__carrier", "shopper")
    if is_sent(claim, key):
        return claim
    option = current_option(claim, now=now)
    lacking = missing(claim=claim)
    if lacking:
        raise Incomplete(first=lacking[0], missing=lacking)
    if not option.is_open:
        raise WindowShut(why=option.why, alternatives=option.alternatives)
    return send(
        claim=claim, key=key, role=Role.SHOPPER, actor=claim.shopper, is_late=option.is_late,
        now=now,
    )  # fmt: skip


def is_sent(claim: Claim, key: UUID) -> bool:
    """
    Test whether a locked claim has been sent already.

    :raises NotNow: if it never was and is a draft no more.
    """
    if claim.submit_key == key or (claim.submitted_at and claim.state != ClaimState.DRAFT):
        return True
    if claim.state != ClaimState.DRAFT:
        raise NotNow(state=claim.get_state_display(), verb="submit")
    return False


def current_option(claim: Claim, *, now: datetime) -> ReasonOption:
    """
    Bind a draft to the policy in force and return how its window lies; nothing is written.

    :raises NoPolicy: if there is none for its reason.
    :raises Incomplete: if it has no reason yet.
    """
    if not claim.reason:
        lacking = missing(claim=claim)
        raise Incomplete(first=lacking[0], missing=lacking)
    policy: ReasonPolicy = policies.policy_for(reason=claim.reason, now=now)
    claim.policy = policy
    return checks.option_for(policy, claim.parcel, now, order=claim.order)


def send(
    *,
    claim: Claim,
    key: UUID,
    role: Role,
    actor: User | None,
    is_late: bool,
    now: datetime,
    diff: Mapping[str, Any] | None = None,
) -> Claim:
    """
    Send a locked draft whose window and evidence were looked at; needs a transaction.

    :raises UnitsTaken: if another claim took one of the units.
    """
    _hold(claim)
    sum_minor = reckoning.preview(claim=claim, now=now).amount_minor
    steps.keep(
        claim,
        submit_key=key,
        submitted_at=now,
        policy=claim.policy,
        claimed_minor=sum_minor,
        is_late=is_late,
    )
    told = {"claimed_minor": sum_minor, "key": str(key), "policy": claim.policy_id}
    steps.take(
        claim, "submit", now=now, due_at=now + rules.SCREEN_WITHIN, role=role, actor=actor,
        diff={**told, **({"is_late": True} if is_late else {}), **(diff or {})},
    )  # fmt: skip
    record(
        ClaimFiled(reason=claim.reason, decide_by=facts.iso(claim.decide_by), **facts.of(claim)),
        now=now,
    )
    return claim


def _free(claim: Claim) -> list[ClaimableLine]:
    return claimable(parcel=claim.parcel, order=claim.order, about=checks.about(claim.reason))


def _hold(claim: Claim) -> None:
    """Lock the order lines and hold the lowest free units of each."""
    wanted = {line.order_line_id: line.quantity for line in claim.things()}
    list(OrderLine.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
    units = []
    for line in _free(claim):
        quantity = wanted.pop(line.order_line.pk, 0)
        if quantity > line.free:
            raise steps.UnitsTaken
        units += [
            ClaimUnit(
                claim=claim,
                order_line=line.order_line,
                number=number,
                about=checks.about(claim.reason),
            )
            for number in line.numbers[:quantity]
        ]
    if wanted:
        raise UnknownItem
    try:
        ClaimUnit.objects.bulk_create(units)
    except IntegrityError as clash:
        raise steps.UnitsTaken from clash


@transaction.atomic
def withdraw(*, claim: Claim, actor: User, now: datetime) -> Claim:
    """
    Take the claim back, as long as no money is on its way.

    :raises NotYours: if the actor is not the claimant.
    :raises NotNow: once it is approved or decided.
    """
    steps.lock(claim)
    if actor.pk != claim.shopper_id:
        raise NotYours
    steps.take(
        claim, "withdraw", now=now, due_at=now + rules.REOPEN_WITHIN,
        role=Role.SHOPPER, actor=actor,
    )  # fmt: skip
    steps.void_approval(claim, now=now)
    return claim


@transaction.atomic
def reopen(*, claim: Claim, actor: User, now: datetime, note: str = "") -> Claim:
    """
    Bring back an expired claim (its shopper or the desk) or a resolved one (the desk).

    :raises NotYours: if a shopper comes for another's claim.
    :raises NotAllowed: if a shopper asks to reopen a resolved one: that is an appeal.
    :raises SecondNeeded: if money was paid: ``reopening`` says for what it is opened again.
    :raises CannotReopen: if it was never sent or the time is over.
    :raises UnitsTaken: if another claim took the units.
    """
    steps.lock(claim)
    role = Role.SHOPPER if actor.pk == claim.shopper_id else Role.AGENT
    if role == Role.AGENT and not actor.is_staff:
        raise NotYours
    if role == Role.AGENT:
        steps.require(actor, "claims.decide_claim", claim)
        if claim.executed_minor > 0:
            raise reopening.SecondNeeded
    elif claim.state == ClaimState.RESOLVED:
        raise NotAllowed
    if claim.state == ClaimState.EXPIRED:
        if claim.submitted_at is None or claim.due_at <= now:
            raise CannotReopen
        steps.hold_again(claim)
    return steps.take(claim, "reopen", now=now, role=role, actor=actor, note=note)
