"""The shopper's side of a claim: begin, fill in, send, withdraw, come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext
from django.utils.translation import gettext as _

from claims import questions, rules
from claims.events import ClaimFiled
from claims.models import Claim, ClaimLine, ClaimUnit, Evidence, EvidenceAsk, ReasonPolicy
from claims.services import facts, policies, reckoning, steps
from claims.services.refusals import NotAllowed, NotNow, NotYours, Refusal
from claims.states import ClaimReason, ClaimState, EvidenceState, Wish
from portal.accounts.models import User
from portal.lib.dates import day
from portal.lib.moves import Role, verbs_from
from portal.outbox.recording import record
from tracking.models import OrderLine, Parcel, ParcelLine


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


class WindowShut(Refusal):
    """It is too early or too late for this reason."""

    code = "window_shut"
    sentence = "%(why)s"


class CannotReopen(Refusal):
    """The claim was never sent, or its time to come back is over."""

    code = "cannot_reopen"
    sentence = gettext_lazy("This claim cannot be reopened any more. You can start a new one.")


# --- Questions ----------------------------------------------------------


@dataclass(frozen=True)
class ClaimableLine:
    """So many of one thing in a parcel, and how many of them nobody has claimed yet."""

    order_line: OrderLine
    quantity: int
    free: int
    numbers: tuple[int, ...]
    """The free units by number, counted over the whole order line."""


@dataclass(frozen=True)
class ReasonOption:
    """A reason a shopper may choose; if it is shut, ``why`` says so with the date."""

    reason: ClaimReason
    label: str
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    why: str
    policy: ReasonPolicy


@dataclass(frozen=True)
class CheckItem:
    """One kind of photo the reason asks for, and what has come."""

    ask: EvidenceAsk
    photos: list[Evidence]
    is_met: bool


@dataclass(frozen=True)
class WishOption:
    """Something that would put it right, with its sum where one is known."""

    wish: Wish
    label: str
    amount_minor: int | None


@dataclass(frozen=True)
class Action:
    """Something a party may do now."""

    verb: str
    label: str
    due_at: datetime | None
    is_mandatory: bool


def claimable(*, parcel: Parcel) -> list[ClaimableLine]:
    """Return what is in the parcel and how much of each may still be claimed."""
    lines = list(
        ParcelLine.objects.filter(parcel=parcel)
        .select_related("order_line")
        .order_by("order_line__position", "order_line_id")
    )
    ids = [line.order_line_id for line in lines]
    before: dict[int, int] = dict.fromkeys(ids, 0)
    for other in ParcelLine.objects.filter(order_line__in=ids).select_related("parcel"):
        if (other.parcel.position, other.parcel_id) < (parcel.position, parcel.pk):
            before[other.order_line_id] += other.quantity
    taken: dict[int, set[int]] = {pk: set() for pk in ids}
    for pk, number in ClaimUnit.objects.filter(order_line__in=ids, is_live=True).values_list(
        "order_line_id", "number"
    ):
        taken[pk].add(number)
    found = []
    for line in lines:
        first = before[line.order_line_id] + 1
        numbers = tuple(
            number
            for number in range(first, first + line.quantity)
            if number not in taken[line.order_line_id]
        )
        found.append(ClaimableLine(line.order_line, line.quantity, len(numbers), numbers))
    return found


def parcel_facts(parcel: Parcel) -> rules.ParcelFacts:
    """Return what the windows of a parcel depend on."""
    return rules.ParcelFacts(
        status=parcel.status,
        status_at=parcel.status_at,
        delivered_at=parcel.delivered_at,
        last_scan_at=parcel.last_scan_at,
        shipped_at=parcel.shipped_at,
        promised_at=parcel.promised_at,
        placed_at=parcel.order.placed_at,
    )


def options(*, parcel: Parcel, now: datetime) -> list[ReasonOption]:
    """Return every reason with whether it may be reported now, and if not, why not or when."""
    found = []
    for reason in ClaimReason:
        policy = (
            ReasonPolicy.objects.in_force(reason=reason, on=now.date())
            .order_by("-valid_from")
            .first()
        )
        if policy is not None:
            found.append(_option(policy, parcel, now))
    return found


def _option(policy: ReasonPolicy, parcel: Parcel, now: datetime) -> ReasonOption:
    window = rules.window(
        reason=policy.reason,
        window_days=policy.window_days,
        wait_days=policy.wait_days,
        facts=parcel_facts(parcel),
    )
    reason = ClaimReason(policy.reason)
    is_open = window.is_open(now)
    return ReasonOption(
        reason=reason,
        label=str(reason.label),
        is_open=is_open,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        why="" if is_open else _why_shut(reason, window, now),
        policy=policy,
    )


def _why_shut(reason: ClaimReason, window: rules.Window, now: datetime) -> str:
    language = get_language() or "en"
    if window.opens_at is None:
        if reason == ClaimReason.LOST:
            return _("The carrier says it was delivered.")
        return _("You can report this once the parcel has been delivered.")
    if now < window.opens_at:
        opens = timezone.localtime(window.opens_at)
        return _("You can report this from %(day)s.") % {"day": day(opens, language)}
    closed = timezone.localtime(window.closes_at or window.opens_at)
    return _("This could be reported until %(day)s.") % {"day": day(closed, language)}


def checklist(*, claim: Claim) -> list[CheckItem]:
    """Return what the claim's reason asks to see, with the photos that show it so far."""
    if claim.policy_id is None:
        return []
    photos = list(
        Evidence.objects.filter(claim=claim, removed_at=None)
        .exclude(state=EvidenceState.REFUSED)
        .order_by("received_at", "pk")
    )
    found = []
    for ask in EvidenceAsk.objects.filter(policy=claim.policy_id).order_by("position", "pk"):
        shown = [photo for photo in photos if photo.kind == ask.kind]
        found.append(CheckItem(ask, shown, len(shown) >= ask.minimum))
    return found


def missing(*, claim: Claim) -> list[str]:
    """Return, in sentences, what the claim still needs before it can be sent."""
    found = []
    if not claim.lines.exists():
        found.append(_("Choose at least one item."))
    if not claim.reason:
        found.append(_("Choose what happened."))
    elif not claim.without_box.strip() and not questions.is_hazard(claim.answers):
        chinese = (get_language() or "en").startswith("zh")
        for item in checklist(claim=claim):
            lacking = item.ask.minimum - len(item.photos)
            if lacking > 0:
                title = item.ask.title_zh if chinese else item.ask.title_en
                found.append(
                    ngettext(
                        "Add a photo: %(what)s. Or tell us why you cannot.",
                        "Add %(count)s photos: %(what)s. Or tell us why you cannot.",
                        lacking,
                    )
                    % {"count": lacking, "what": title}
                )
    if not claim.wish:
        found.append(_("Choose what would put it right."))
    return found


def wishes(*, claim: Claim, now: datetime) -> list[WishOption]:
    """Return what policy lets the shopper wish for, with the sum a refund would come to."""
    amount = None
    if claim.reason and claim.lines.exists():
        amount = reckoning.preview(claim=claim, now=now).amount_minor
    return [
        WishOption(Wish.REFUND, str(Wish.REFUND.label), amount),
        WishOption(Wish.OTHER, str(Wish.OTHER.label), None),
    ]


# --- The draft ----------------------------------------------------------


@transaction.atomic
def begin(*, parcel: Parcel, shopper: User, language: str, now: datetime) -> Claim:
    """
    Return the shopper's draft about this parcel, a new one if there is none.

    :raises NotYours: if the order belongs to somebody else.
    """
    if parcel.order.shopper_id != shopper.pk:
        raise NotYours
    draft = Claim.objects.filter(parcel=parcel, shopper=shopper, state=ClaimState.DRAFT)
    found = draft.first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return Claim.objects.create(
                order=parcel.order,
                parcel=parcel,
                shopper=shopper,
                language=language,
                currency=parcel.order.currency,
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
    _open_draft(claim)
    free = {line.order_line.pk: line for line in claimable(parcel=claim.parcel)}
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
        fields["reason"] = reason
        fields["policy"] = policies.policy_for(reason=reason, now=now) if reason else None
        fields["answers"] = {}
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


@transaction.atomic
def wish(*, claim: Claim, wish: str, now: datetime) -> Claim:
    """
    Keep what would put it right.

    :raises UnknownWish: for a wish we do not know.
    """
    _open_draft(claim)
    if wish not in Wish.values:
        raise UnknownWish
    steps.keep(claim, wish=wish)
    _saved(claim, now)
    return claim


def _open_draft(claim: Claim) -> None:
    steps.lock(claim)
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
    steps.lock(claim)
    if claim.submit_key == key or (claim.submitted_at and claim.state != ClaimState.DRAFT):
        return claim
    if claim.state != ClaimState.DRAFT:
        raise NotNow(state=claim.get_state_display(), verb="submit")
    lacking = missing(claim=claim)
    if lacking:
        raise Incomplete(first=lacking[0], missing=lacking)
    policy = policies.policy_for(reason=claim.reason, now=now)
    option = _option(policy, claim.parcel, now)
    if not option.is_open:
        raise WindowShut(why=option.why)
    _hold(claim)
    claim.policy = policy
    decide_by = rules.business_days(now, policy.decide_days)
    sum_minor = reckoning.preview(claim=claim, now=now).amount_minor
    steps.keep(
        claim,
        submit_key=key,
        submitted_at=now,
        policy=policy,
        decide_by=decide_by,
        legal_due_at=now + timedelta(days=rules.LEGAL_DAYS),
        claimed_minor=sum_minor,
    )
    steps.take(
        claim, "submit", now=now, due_at=now + rules.SCREEN_WITHIN,
        role=Role.SHOPPER, actor=claim.shopper, diff={"claimed_minor": sum_minor, "key": str(key)},
    )  # fmt: skip
    record(
        ClaimFiled(reason=claim.reason, decide_by=facts.iso(decide_by), **facts.of(claim)), now=now
    )
    return claim


def _hold(claim: Claim) -> None:
    """Lock the order lines and hold the lowest free units of each."""
    wanted = {line.order_line_id: line.quantity for line in claim.lines.all()}
    list(OrderLine.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
    units = []
    for line in claimable(parcel=claim.parcel):
        quantity = wanted.pop(line.order_line.pk, 0)
        if quantity > line.free:
            raise steps.UnitsTaken
        units += [
            ClaimUnit(claim=claim, order_line=line.order_line, number=number)
            for number in line.numbers[:quantity]
        ]
    if wanted:
        raise UnknownItem
    try:
        with transaction.atomic():
            ClaimUnit.objects.bulk_create(units)
    except IntegrityError as clash:
        raise steps.UnitsTaken from clash


@transaction.atomic
def screen(*, claim: Claim, now: datetime) -> Claim:
    """
    Look a new claim over: pass it to the desk, or turn it away on a hard fact.

    Running it again changes nothing.
    """
    steps.lock(claim)
    if claim.state == ClaimState.SUBMITTED:
        steps.take(
            claim, "screen", now=now, due_at=claim.due_at, role=Role.SYSTEM,
            visible_to_shopper=False,
        )  # fmt: skip
    if claim.state != ClaimState.SCREENING:
        return claim
    if claim.order.shopper_id != claim.shopper_id:
        appeal_until = now + rules.APPEAL_WITHIN
        with translation.override(claim.language):
            text = str(NotYours())
        return steps.take(
            claim, "turn_away", now=now, due_at=appeal_until, role=Role.SYSTEM,
            reason_code="not_your_order", appeal_until=appeal_until, decided_at=now,
            decision_code="not_your_order", decision_text=text,
        )  # fmt: skip
    return steps.take(
        claim, "pass_on", now=now, due_at=claim.decide_by or now, role=Role.SYSTEM,
        visible_to_shopper=False,
    )  # fmt: skip


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
        role=Role.SHOPPER, actor=actor, **steps.resume(claim, now=now),
    )  # fmt: skip
    steps.void_approval(claim, now=now)
    return claim


@transaction.atomic
def reopen(*, claim: Claim, actor: User, now: datetime, note: str = "") -> Claim:
    """
    Bring back an expired claim (its shopper or the desk) or a resolved one (the desk).

    :raises NotYours: if a shopper comes for another's claim.
    :raises NotAllowed: if a shopper asks to reopen a resolved one: that is an appeal.
    :raises CannotReopen: if it was never sent or the time is over.
    :raises UnitsTaken: if another claim took the units.
    """
    steps.lock(claim)
    role = Role.SHOPPER if actor.pk == claim.shopper_id else Role.AGENT
    if role == Role.AGENT and not actor.is_staff:
        raise NotYours
    if role == Role.AGENT:
        steps.require(actor, "claims.decide_claim", claim)
    elif claim.state == ClaimState.RESOLVED:
        raise NotAllowed
    if claim.state == ClaimState.EXPIRED:
        if claim.submitted_at is None or claim.due_at <= now:
            raise CannotReopen
        steps.hold_again(claim)
    decide_by = rules.business_days(now, claim.policy.decide_days if claim.policy else 3)
    return steps.take(
        claim, "reopen", now=now, due_at=decide_by, role=role, actor=actor, note=note,
        decide_by=decide_by, paused_at=None, answer_by=None,
    )  # fmt: skip


# --- What may be done now ----------------------------------------------------------

_BY_ROLE: Mapping[str, frozenset[str]] = {
    Role.SHOPPER: frozenset({"submit", "answer", "accept", "appeal", "withdraw", "reopen"}),
    Role.AGENT: frozenset(
        {
            "ask",
            "trace",
            "hear_back",
            "request_back",
            "receive_back",
            "propose",
            "reject",
            "compensate",
            "take_up",
            "reopen",
        }
    ),
    Role.APPROVER: frozenset({"approve", "send_back", "reject"}),
}


def _labels() -> Mapping[str, str]:
    return {
        "submit": _("Carry on"),
        "answer": _("Send a photo"),
        "accept": _("Accept the offer"),
        "appeal": _("Ask for another look"),
        "withdraw": _("Withdraw my claim"),
        "reopen": _("Reopen"),
        "ask": _("Ask for more"),
        "trace": _("Ask the carrier"),
        "hear_back": _("The carrier has answered"),
        "request_back": _("Ask for it back"),
        "receive_back": _("It has come back"),
        "propose": _("Decide"),
        "reject": pgettext("desk", "Decline"),
        "compensate": _("Send the payment again"),
        "take_up": _("Take a second look"),
        "approve": _("Give the second yes"),
        "send_back": _("Send back with a note"),
    }


def available_actions(*, claim: Claim, role: str) -> list[Action]:
    """Return what this role may do now, what must be done first; doors render what this says."""
    verbs, labels = _BY_ROLE.get(role, frozenset()), _labels()
    turn = rules.owner(claim.state)
    found = []
    for verb in verbs_from(Claim.MOVES, claim.state):
        if verb not in verbs or not _may(claim, verb, role):
            continue
        is_mandatory = turn == role and verb not in {"withdraw", "appeal"}
        due_at = claim.due_at if is_mandatory or verb in {"appeal", "reopen"} else None
        found.append(Action(verb, labels[verb], due_at, is_mandatory))
    return sorted(found, key=lambda action: not action.is_mandatory)


def _may(claim: Claim, verb: str, role: str) -> bool:
    """Test the guards that the table of moves cannot tell."""
    if verb == "reopen" and claim.state == ClaimState.EXPIRED:
        return claim.submitted_at is not None
    if verb == "reopen":
        return role == Role.AGENT
    if verb == "appeal":
        return claim.appeals < rules.APPEALS_MAX
    if verb == "approve":
        return claim.state == ClaimState.PENDING_APPROVAL
    if verb == "compensate":
        return claim.state == ClaimState.COMPENSATION_FAILED
    if verb == "reject":
        return (role == Role.APPROVER) == (claim.state == ClaimState.PENDING_APPROVAL)
    return True
