"""What a shopper may claim, when, and what is still missing: questions, no writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from claims import questions, rules
from claims.models import Claim, ClaimUnit, Evidence, EvidenceAsk, ReasonPolicy
from claims.services import reckoning
from claims.states import ClaimReason, EvidenceState, Wish
from portal.lib.dates import day
from tracking.models import OrderLine, Parcel, ParcelLine


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
            found.append(option_for(policy, parcel, now))
    return found


def option_for(policy: ReasonPolicy, parcel: Parcel, now: datetime) -> ReasonOption:
    """Return whether this policy's reason may be reported now, and if not, why not or when."""
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
