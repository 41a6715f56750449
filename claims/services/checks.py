"""What a shopper may claim, when, and what is still missing: questions, no writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from claims import questions, rules, window_words
from claims.models import Claim, ClaimUnit, Evidence, EvidenceAsk, ReasonPolicy, Statement
from claims.services import policies, reckoning, surroundings
from claims.states import AskMedium, ClaimReason, ClaimState, EvidenceState, UnitAbout, Wish
from claims.windows import Standing, Window, last_day, related
from tracking.models import Order, OrderLine, Parcel, ParcelLine


@dataclass(frozen=True)
class ClaimableLine:
    """So many of one thing in a parcel, and how many of them nobody has claimed yet."""

    order_line: OrderLine
    quantity: int
    free: int
    numbers: tuple[int, ...]
    """The free units by number, counted over the whole order line."""


@dataclass(frozen=True)
class Alternative:
    """
    Something else a shopper can do about their trouble.

    ``kind`` is reason, wait, appeal, carrier or contact; ``reason`` and ``ref`` say which,
    ``url`` where, if it is not here.
    """

    kind: str
    text: str
    reason: ClaimReason | None = None
    ref: str = ""
    url: str = ""


@dataclass(frozen=True)
class ReasonOption:
    """A reason a shopper may choose; if it is shut, ``why`` says so with the date."""

    reason: ClaimReason
    label: str
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    """The first moment that is too late for a shopper; show ``last_day`` to people."""
    why: str
    policy: ReasonPolicy
    window: Window
    is_late: bool = False
    """Open, but only because late reports are taken; ``why`` says what that means."""
    last_day: date | None = None
    alternatives: Sequence[Alternative] = ()
    """What else is possible where it is shut."""


@dataclass(frozen=True)
class CheckItem:
    """One thing the reason asks for, and what has come: photos, or a signed statement."""

    ask: EvidenceAsk
    photos: list[Evidence]
    is_met: bool
    statement: Statement | None = None

    @property
    def is_signed(self) -> bool:
        """Whether this is something to sign, not a photo."""
        return self.ask.medium == AskMedium.STATEMENT


@dataclass(frozen=True)
class WishOption:
    """Something that would put it right, with its sum where one is known."""

    wish: Wish
    label: str
    amount_minor: int | None
    is_usual: bool = False
    """The first thing policy puts it right by."""
    note: str = ""
    """What to know before wishing it."""


def claimable(
    *, parcel: Parcel | None, order: Order | None = None, about: str = UnitAbout.THING
) -> list[ClaimableLine]:
    """
    Return what is in the parcel and how much of each may still be claimed.

    Without a parcel: what of the order is in none. ``about`` is the thing or its delay.
    """
    if parcel is None:
        return _unsent(order, about) if order is not None else []
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
    taken = _taken(ids, about)
    return [
        _line(
            line.order_line,
            range(before[line.order_line_id] + 1, before[line.order_line_id] + 1 + line.quantity),
            taken,
        )
        for line in lines
    ]


def _unsent(order: Order, about: str) -> list[ClaimableLine]:
    """Return the order's things that are in no parcel: the last ones of each line."""
    lines = list(
        OrderLine.objects.filter(order=order)
        .annotate(packed=Coalesce(Sum("parcel_lines__quantity"), 0))
        .order_by("position", "pk")
    )
    taken = _taken([line.pk for line in lines], about)
    return [
        _line(line, range(line.packed + 1, line.quantity + 1), taken)
        for line in lines
        if line.packed < line.quantity
    ]


def _taken(ids: Sequence[int], about: str) -> dict[int, set[int]]:
    taken: dict[int, set[int]] = {pk: set() for pk in ids}
    for pk, number in ClaimUnit.objects.filter(
        order_line__in=ids, is_live=True, about=about
    ).values_list("order_line_id", "number"):
        taken[pk].add(number)
    return taken


def _line(line: OrderLine, units: range, taken: Mapping[int, set[int]]) -> ClaimableLine:
    numbers = tuple(number for number in units if number not in taken[line.pk])
    return ClaimableLine(line, len(units), len(numbers), numbers)


def about(reason: str) -> UnitAbout:
    """Return what a reason claims of a thing: that it came late leaves the thing itself free."""
    return UnitAbout.DELAY if reason == ClaimReason.DELAYED else UnitAbout.THING


# --- Reasons and their windows ----------------------------------------------------------


def options(
    *, parcel: Parcel | None = None, order: Order | None = None, now: datetime
) -> list[ReasonOption]:
    """
    Return every reason with whether it may be reported now, and if not, why not or when.

    Without a parcel: of what was never sent of the order there is one reason.
    """
    order = parcel.order if parcel is not None else order
    if order is None:
        return []
    facts = surroundings.facts_of(order=order, parcel=parcel)
    held = policies.in_force(now=now)
    windows, zones = {}, {}
    for reason, policy in held.items():
        window, place = surroundings.window_of(
            policy=policy, order=order, parcel=parcel, facts=facts
        )
        windows[reason], zones[reason] = window, place.zone
    ways = _Ways(order=order, parcel=parcel, windows=windows, zones=zones, now=now)
    return [
        _option(held[reason], windows[reason], zones[reason], ways, now)
        for reason in ClaimReason
        if reason in held and (parcel is not None or reason == ClaimReason.NOT_SHIPPED)
    ]


def option_for(
    policy: ReasonPolicy, parcel: Parcel | None, now: datetime, *, order: Order | None = None
) -> ReasonOption:
    """Return whether this policy's reason may be reported now, and if not, why not or when."""
    if order is None and parcel is not None:
        order = parcel.order
    if order is None:
        raise ValueError("neither a parcel nor an order")
    window, place = surroundings.window_of(policy=policy, order=order, parcel=parcel)
    if not window.is_open(now):  # then, and only then, what else is possible matters
        for option in options(parcel=parcel, order=order, now=now):
            if option.policy.pk == policy.pk:
                return option
    return _option(policy, window, place.zone, None, now)


def _option(
    policy: ReasonPolicy, window: Window, zone: tzinfo, ways: _Ways | None, now: datetime
) -> ReasonOption:
    reason = ClaimReason(policy.reason)
    standing = window.standing(now)
    is_open = window.is_open(now)
    until = window.until
    return ReasonOption(
        reason=reason,
        label=str(reason.label),
        is_open=is_open,
        opens_at=window.opens_at,
        closes_at=until,
        why=_why(policy, window, standing, zone),
        policy=policy,
        window=window,
        is_late=standing == Standing.LATE,
        last_day=last_day(until, zone) if until else None,
        alternatives=() if is_open or ways is None else ways.instead_of(reason, standing),
    )


def _why(policy: ReasonPolicy, window: Window, standing: Standing, zone: tzinfo) -> str:
    """Say why it is shut and when it opens or closed, or what it means that it is late."""
    if window.opens_at is None:
        return window_words.why_barred(window.bar)
    if standing == Standing.EARLY:
        return window_words.too_early(window.opens_at, zone)
    if standing == Standing.OPEN or window.closes_at is None:
        return ""
    if standing == Standing.LATE:
        return window_words.taken_late(window.closes_at, window.stops_at or window.closes_at, zone)
    terms = surroundings.terms_of(policy)
    ends_at, offset = window.closes_at, window.counted or terms.latest.offset
    if window.takes_late and window.stops_at and terms.long_stop:
        ends_at, offset = window.stops_at, terms.long_stop
    return window_words.too_late(
        ends_at, zone, rule=policy.code, anchor=terms.latest.anchor, offset=offset
    )


@dataclass(frozen=True, kw_only=True)
class _Ways:
    """What may be done about a trouble whose own window is shut."""

    order: Order
    parcel: Parcel | None
    windows: Mapping[str, Window]
    zones: Mapping[str, tzinfo]
    now: datetime

    def instead_of(self, reason: ClaimReason, standing: Standing) -> list[Alternative]:
        """Return the ways, the nearest to the shopper's trouble first."""
        found = [
            Alternative(
                "reason",
                _("Report it as “%(reason)s” instead.") % {"reason": other.label},
                reason=other,
            )
            for other in related(reason, self.windows, self.now)
        ]
        opens_at = self.windows[reason].opens_at
        if standing == Standing.EARLY and opens_at is not None:
            found.append(
                Alternative(
                    "wait",
                    _("Come back on %(day)s: nothing is lost by waiting until then.")
                    % {"day": window_words.said_start(opens_at, self.zones[reason])},
                    reason=reason,
                )
            )
        if standing == Standing.OVER:
            found += self._appeals
        if self.parcel is not None and reason in _CARRIERS_TO_ANSWER:
            found.append(self._carrier(self.parcel))
        if standing in {Standing.OVER, Standing.SHUT}:
            found.append(
                Alternative(
                    "contact",
                    _("Write to us: we can still look at it and file it for you.")
                    if not self.windows[reason].is_stopped(self.now)
                    else _("Write to us if you think that we are wrong about the dates."),
                )
            )
        return found

    @cached_property
    def _appeals(self) -> list[Alternative]:
        """Return earlier claims about this that another person may still look at."""
        refs = Claim.objects.filter(
            order=self.order, parcel=self.parcel, state__in=_APPEALABLE,
            appeal_until__gt=self.now, appeals__lt=rules.APPEALS_MAX,
        ).order_by("-submitted_at").values_list("ref", flat=True)  # fmt: skip
        return [
            Alternative(
                "appeal",
                _("Ask for another look at your claim %(ref)s.") % {"ref": ref},
                ref=ref,
            )
            for ref in refs
        ]

    def _carrier(self, parcel: Parcel) -> Alternative:
        chinese = (get_language() or "en").startswith("zh")
        name = parcel.carrier.name_zh if chinese else parcel.carrier.name_en
        return Alternative(
            "carrier",
            _("Ask %(carrier)s about parcel %(number)s.")
            % {"carrier": name, "number": parcel.number},
            url=parcel.carrier.tracking_url.replace("{number}", parcel.number),
        )


_CARRIERS_TO_ANSWER = {
    ClaimReason.LOST,
    ClaimReason.DELIVERED_NOT_RECEIVED,
    ClaimReason.DELAYED,
    ClaimReason.REFUSED,
    ClaimReason.RETURNED_TO_SENDER,
}
_APPEALABLE = (ClaimState.REJECTED, ClaimState.RESOLVED, ClaimState.OFFERED)


# --- Evidence ----------------------------------------------------------


def checklist(*, claim: Claim, photos: Iterable[Evidence] | None = None) -> list[CheckItem]:
    """
    Return what the claim's reason asks to see, with what shows it so far.

    Whoever has read the claim's ``photos`` gives them; those refused show nothing.
    """
    if claim.policy_id is None:
        return []
    if photos is None:
        photos = Evidence.objects.filter(claim=claim, removed_at=None).order_by("received_at", "pk")
    good = [photo for photo in photos if photo.state != EvidenceState.REFUSED]
    asks = list(EvidenceAsk.objects.filter(policy=claim.policy_id).order_by("position", "pk"))
    signed = _signed(claim) if any(ask.medium == AskMedium.STATEMENT for ask in asks) else {}
    worth = _worth(claim)
    found = []
    for ask in asks:
        if not asked(ask, answers=claim.answers, currency=claim.currency, worth_minor=worth):
            continue
        if ask.medium == AskMedium.STATEMENT:
            statement = signed.get(ask.kind)
            is_met = statement is not None or ask.is_optional
            found.append(CheckItem(ask, [], is_met, statement))
            continue
        shown = [photo for photo in good if photo.kind == ask.kind]
        found.append(CheckItem(ask, shown, len(shown) >= ask.minimum))
    return found


def asked(ask: EvidenceAsk, *, answers: Mapping[str, str], currency: str, worth_minor: int) -> bool:
    """Test whether an ask concerns this claim: by what was answered, and by what it is worth."""
    if ask.only_if:
        key, _equals, value = ask.only_if.partition("=")
        if answers.get(key) != value:
            return False
    if ask.above is not None:
        limit = ask.above.get(currency)
        return limit is not None and worth_minor > limit
    return True


def _signed(claim: Claim) -> dict[str, Statement]:
    return {statement.kind: statement for statement in Statement.objects.filter(claim=claim)}


def _worth(claim: Claim) -> int:
    return sum(line.quantity * line.price_minor for line in claim.things())


def missing(*, claim: Claim) -> list[str]:
    """Return, in sentences, what the claim still needs before it can be sent."""
    found = []
    if not claim.things():
        found.append(_("Choose at least one item."))
    if not claim.reason:
        found.append(_("Choose what happened."))
    else:
        asked_for = checklist(claim=claim)
        found += _unanswered(claim)
        found += _unsigned(asked_for)
        if not claim.without_box.strip() and not questions.is_hazard(claim.answers):
            found += lacking_photos(asked_for)
    if not claim.wish:
        found.append(_("Choose what would put it right."))
    return found


def lacking_photos(items: Iterable[CheckItem]) -> list[str]:
    """Return, in sentences, which photos a checklist still lacks."""
    chinese = (get_language() or "en").startswith("zh")
    found = []
    for item in items:
        lacking = 0 if item.is_signed else item.ask.minimum - len(item.photos)
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
    return found


def _unanswered(claim: Claim) -> list[str]:
    """Return what policy wants to know before anybody looks for a parcel."""
    return [
        str(question.must)
        for question in questions.QUESTIONS.get(claim.reason, ())
        if question.must and claim.answers.get(question.key, "") in {"", *question.blocks}
    ]


def _unsigned(items: Iterable[CheckItem]) -> list[str]:
    chinese = (get_language() or "en").startswith("zh")
    return [
        _("Sign with your name: %(what)s.")
        % {"what": item.ask.title_zh if chinese else item.ask.title_en}
        for item in items
        if item.is_signed and not item.is_met
    ]


# --- Wishes ----------------------------------------------------------

_PAYABLE = {Wish.REFUND, Wish.PARTIAL_REFUND, Wish.FEE_REFUND}
"""What can be carried out today; the rest is noted, and a person answers."""


def wishes(*, claim: Claim, now: datetime) -> list[WishOption]:
    """Return what policy lets the shopper wish for, with the sum a refund would come to."""
    if not claim.reason:
        return [WishOption(wish, str(wish.label), None) for wish in (Wish.REFUND, Wish.OTHER)]
    # What was sent is bound to the policy of its day.
    frozen = claim.policy if claim.submitted_at else None
    policy = frozen or policies.policy_for(reason=claim.reason, now=now)
    offered = [wish for wish in Wish if wish in policy.resolutions]
    offered.sort(key=policy.resolutions.index)
    amounts = _amounts(claim, now, offered or [Wish.REFUND]) if claim.things() else {}
    return [
        WishOption(
            wish,
            str(wish.label),
            amounts.get(wish),
            is_usual=place == 0,
            note=_note(wish),
        )
        for place, wish in enumerate(offered or [Wish.REFUND])
    ]


def _amounts(claim: Claim, now: datetime, offered: Sequence[Wish]) -> dict[Wish, int]:
    """Return what the wishes that are a sum of money would come to."""
    found = {
        wish: reckoning.preview(claim=claim, now=now, wish=wish).amount_minor
        for wish in (Wish.REFUND, Wish.FEE_REFUND)
        if wish in offered
    }
    return {wish: minor for wish, minor in found.items() if minor or wish == Wish.REFUND}


def _note(wish: Wish) -> str:
    if wish == Wish.PARTIAL_REFUND:
        return _("You keep it. We agree on the part with you.")
    if wish in _PAYABLE or wish == Wish.OTHER:
        return ""
    return _("We note the wish. Today we can only send money back; a person tells you what else.")
