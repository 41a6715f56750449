"""What policy means in days, sums and words: pure functions of facts and a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from claims.states import ClaimReason, ClaimState, Wish
from portal.lib.money import Money
from portal.lib.moves import Role

_Words = str | Promise
S = ClaimState

DRAFT_LIFE = timedelta(days=14)
SCREEN_WITHIN = timedelta(hours=1)
PHOTOS_WITHIN = timedelta(minutes=10)
"""So long a claim that only its photos keep from being approved by rule waits for them."""
CARRIER_MAX = timedelta(days=30)
"""After this a traced parcel is decided on what we know."""
RETURN_WITHIN = timedelta(days=14)
APPEAL_WITHIN = timedelta(days=30)
REOPEN_WITHIN = timedelta(days=30)
APPEALS_MAX = 2
REMIND_AT = (0.5, 0.85)
"""Shares of the waiting time after which the shopper is reminded."""


FEE_KEY = 0
PAID_KEY = -1
CAP_KEY = -2
"""Keys of an assessment's lines that are no order line."""


# --- Time ----------------------------------------------------------


def appeal_until(*, appeals: int, now: datetime) -> datetime | None:
    """Return until when another look may be asked for after a decision, None after the last."""
    return now + APPEAL_WITHIN if appeals < APPEALS_MAX else None


def reminders_due(*, since: datetime, until: datetime, now: datetime) -> int:
    """Count the reminders that should have gone out by now."""
    return sum(now >= since + (until - since) * share for share in REMIND_AT)


def next_reminder(*, since: datetime, until: datetime, sent: int) -> datetime:
    """Return when the next reminder goes out, or when the wait ends once all have."""
    if sent >= len(REMIND_AT):
        return until
    return since + (until - since) * REMIND_AT[sent]


# --- Sums ----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """So many of one thing at the price paid for each."""

    key: int
    title: str
    quantity: int
    each_minor: int


@dataclass(frozen=True)
class Share:
    """A part of a line's full sum, in hundredths of a percent; half a minor unit rounds up."""

    bp: int

    def of(self, minor: int) -> int:
        """Return this part of a sum."""
        return (minor * self.bp + WHOLE // 2) // WHOLE


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a reckoning; ``key`` is an order line, the fee, or a deduction."""

    key: int
    title: str
    quantity: int
    each_minor: int
    amount_minor: int
    code: str = ""
    """Why it was lowered, as a ``LoweredCode``."""
    share_bp: int | None = None
    """The part of its full sum, if it was lowered by one."""
    note_en: str = ""
    note_zh: str = ""

    @property
    def full_minor(self) -> int:
        """The sum before anyone lowered it."""
        return self.quantity * self.each_minor


def reckon(
    *,
    claimed: Sequence[Claimed],
    fee_minor: int,
    already_minor: int,
    left_minor: int,
    amounts: Mapping[int, int | Share],
    note: str,
    codes: Mapping[int, str] | None = None,
    most: Mapping[int, int] | None = None,
) -> list[Line]:
    """
    Return the lines whose sum is owed: items, fee, less what was given back before, capped.

    ``amounts`` lowers lines by key, to a sum or to a share of the full one, for the reason in
    ``codes``; ``most`` is what other claims on the order leave of a line; ``already_minor`` is
    what this claim has had; ``left_minor`` is what the payment can still give back.

    :raises ValueError: if an amount is above its line, below nothing, or its key is unknown.
    """
    full = [
        Line(
            key=item.key,
            title=item.title,
            quantity=item.quantity,
            each_minor=item.each_minor,
            amount_minor=item.quantity * item.each_minor,
        )
        for item in claimed
    ]
    if fee_minor:
        full.append(
            Line(
                key=FEE_KEY,
                title="",
                quantity=1,
                each_minor=fee_minor,
                amount_minor=fee_minor,
                note_en="Delivery fee",
                note_zh="运费",
            )
        )
    full = [_given_elsewhere(line, (most or {}).get(line.key)) for line in full]
    known = {line.key: line.amount_minor for line in full}
    for key, amount in amounts.items():
        if key not in known:
            raise ValueError(f"no line {key}")
        sum_ = amount.of(known[key]) if isinstance(amount, Share) else amount
        is_share = not isinstance(amount, Share) or 0 <= amount.bp <= WHOLE
        if not is_share or not 0 <= sum_ <= known[key]:
            raise ValueError(f"line {key} is worth up to {known[key]}, not {sum_}")
    lines = [_lowered(line, amounts, note, codes or {}) for line in full]
    owed = sum(line.amount_minor for line in lines)
    if already_minor:
        taken = min(already_minor, owed)
        lines.append(_deduction(PAID_KEY, taken, "Already given back", "此前已退"))
        owed -= taken
    if owed > left_minor:
        lines.append(
            _deduction(
                CAP_KEY, owed - left_minor, "More than was paid for the order", "超出订单实付"
            )
        )
    return [line for line in lines if line.amount_minor or line.key >= FEE_KEY]


def _given_elsewhere(line: Line, most: int | None) -> Line:
    """Return the line with what other claims on the order leave of it."""
    if most is None or most >= line.amount_minor:
        return line
    en, zh = "Given back in another claim.", "已在另一理赔单中退还。"
    return replace(
        line,
        amount_minor=max(0, most),
        note_en=f"{line.note_en}: {en}" if line.note_en else en,
        note_zh=f"{line.note_zh}：{zh}" if line.note_zh else zh,
    )


def _lowered(
    line: Line, amounts: Mapping[int, int | Share], note: str, codes: Mapping[int, str]
) -> Line:
    """Return the line with the sum somebody gave it, and why; untouched if that is its full one."""
    given = amounts.get(line.key, line.amount_minor)
    sum_ = given.of(line.amount_minor) if isinstance(given, Share) else given
    if sum_ == line.amount_minor:
        return line
    return replace(
        line,
        amount_minor=sum_,
        code=codes.get(line.key, ""),
        share_bp=given.bp if isinstance(given, Share) else None,
        note_en=f"{line.note_en}: {note}" if line.note_en else note,
        note_zh=f"{line.note_zh}：{note}" if line.note_zh else note,
    )


def _deduction(key: int, minor: int, note_en: str, note_zh: str) -> Line:
    return Line(
        key=key,
        title="",
        quantity=1,
        each_minor=-minor,
        amount_minor=-minor,
        note_en=note_en,
        note_zh=note_zh,
    )


def fee_share(*, fee: Money, values: Sequence[int], index: int) -> int:
    """Return a parcel's share of the delivery fee by the worth of its contents."""
    weights = list(values) if sum(values) > 0 else [1] * len(values)
    return fee.split(weights)[index].minor


# --- Whose fault ----------------------------------------------------------

WHOLE = 10_000
"""All of it, in hundredths of a percent."""
PARTIES = ("carrier", "seller", "supplier", "shopper", "nobody")


@dataclass(frozen=True)
class Split:
    """
    Who answers for a loss, in hundredths of a percent that sum to the whole, and why.

    ``evidence`` names what it rests on; a rule's own split needs none.
    """

    parts: Mapping[str, int]
    text_en: str = ""
    text_zh: str = ""
    evidence: tuple[str, ...] = ()
    is_by_person: bool = False

    def __post_init__(self) -> None:
        """
        Check the parts.

        :raises ValueError: if a party is unknown, a part below nothing, or the sum not the whole.
        """
        if set(self.parts) - set(PARTIES) or any(part < 0 for part in self.parts.values()):
            raise ValueError("a part belongs to a party and is not below nothing")
        if sum(self.parts.values()) != WHOLE:
            raise ValueError("the parts do not sum to the whole")

    def of(self, party: str) -> int:
        """Return a party's part."""
        return self.parts.get(party, 0)


_BY_PARTY: Mapping[str, str] = {
    "carrier": "carrier",
    "merchant": "seller",
    "recipient": "shopper",
    "customs": "nobody",
    "force_majeure": "nobody",
}
_SAID: Mapping[str, tuple[str, str]] = {
    "carrier": ("the carrier", "承运商"),
    "seller": ("us, the seller", "我方（卖家）"),
    "supplier": ("our supplier", "供应商"),
    "shopper": ("the shopper", "买家"),
    "nobody": ("nobody", "无人"),
}


def usual_split(*, reason: str, liable: str, party: str, circumstances: Collection[str]) -> Split:
    """
    Return who answers until somebody finds otherwise: by the facts, else as the policy says.

    ``party`` is whom the carrier's scans name; ``circumstances`` are those noted of the shipment.
    """
    if reason == ClaimReason.DAMAGED and "bad_packing" in circumstances:
        return Split(
            {"seller": WHOLE},
            "It was packed too weakly, so it falls to us, the seller.",
            "包装不当，由我方（卖家）承担。",
        )
    if reason == ClaimReason.DELAYED and {"force_majeure", "weather"} & set(circumstances):
        return Split(
            {"nobody": WHOLE},
            "Force majeure or weather made it late, so it falls to nobody.",
            "因不可抗力或天气延误，无人承担责任。",
        )
    told = _BY_PARTY.get(party)
    if told and reason in _TOLD_BY_SCANS:
        en, zh = _SAID[told]
        return Split(
            {told: WHOLE},
            f"By the carrier's scans it falls to {en}.",
            f"根据承运商扫描记录，由{zh}承担。",
        )
    en, zh = _SAID[liable]
    return Split(
        {liable: WHOLE},
        f"The rule for this reason lets it fall to {en}.",
        f"按该原因的规则，由{zh}承担。",
    )


_TOLD_BY_SCANS = (ClaimReason.REFUSED, ClaimReason.RETURNED_TO_SENDER, ClaimReason.DELAYED)


def is_fee_only(*, wish: str, offered: Sequence[str]) -> bool:
    """Test whether a claim is about the delivery fee alone: wished so, or nothing else is given."""
    if wish in (Wish.REFUND, Wish.PARTIAL_REFUND):
        return False
    if wish == Wish.FEE_REFUND:
        return True
    goods = {Wish.REFUND, Wish.PARTIAL_REFUND, Wish.REPLACEMENT}
    return Wish.FEE_REFUND in offered and not goods & set(offered)


# --- Words for shoppers ----------------------------------------------------------


@dataclass(frozen=True)
class PublicStatus:
    """What a shopper reads of a state: the pill, its tone, and what the stamp's date means."""

    key: str
    label: _Words
    tone: str
    stamp: _Words
    icon: str


_CHECKED = PublicStatus("checking", _("Being checked"), "info", _("We decide by"), "search")
_SENDING = PublicStatus("sending", _("Money being sent"), "good", _("Leaves us by"), "money")

_PUBLIC: Mapping[str, PublicStatus] = {
    S.DRAFT: PublicStatus(
        "draft", pgettext_lazy("claim", "Draft"), "quiet", _("Kept until"), "pencil"
    ),
    S.SUBMITTED: _CHECKED,
    S.SCREENING: _CHECKED,
    S.UNDER_REVIEW: _CHECKED,
    S.PENDING_APPROVAL: _CHECKED,
    S.NEEDS_INFO: PublicStatus("needs_info", _("Photo needed"), "own", _("Please by"), "camera"),
    S.AWAITING_CARRIER: PublicStatus(
        "carrier", _("Asking the carrier"), "info", _("At the latest"), "truck"
    ),
    S.AWAITING_RETURN: PublicStatus("return", _("Send it back"), "own", _("Post by"), "box"),
    S.OFFERED: PublicStatus("offer", _("Offer made"), "own", _("Answer by"), "letter"),
    S.APPROVED: _SENDING,
    S.COMPENSATING: _SENDING,
    S.COMPENSATION_FAILED: PublicStatus("bounced", _("Bank sent it back"), "warn", "", "alert"),
    S.RESOLVED: PublicStatus("resolved", _("Put right"), "good", _("Paid on"), "check"),
    S.REJECTED: PublicStatus("rejected", _("Declined"), "bad", _("Second look until"), "cross"),
    S.APPEALED: PublicStatus("appealed", _("Second look"), "info", _("We decide by"), "search"),
    S.WITHDRAWN: PublicStatus("withdrawn", _("Withdrawn"), "quiet", "", "minus"),
    S.EXPIRED: PublicStatus("expired", _("Resting"), "quiet", _("Reopen until"), "clock"),
    S.CLOSED: PublicStatus("closed", pgettext_lazy("claim", "Closed"), "quiet", "", "check"),
}


def public_status(state: str) -> PublicStatus:
    """Return the shopper's words for one of the 18 states."""
    return _PUBLIC[state]


@dataclass(frozen=True)
class Step:
    """One station of a claim's route; ``state`` is done, now or next, ``word`` says it."""

    key: str
    label: _Words
    state: str
    word: _Words


_STATIONS: tuple[tuple[str, _Words], ...] = (
    ("sent", pgettext_lazy("route", "Sent")),
    ("checked", pgettext_lazy("route", "Checked")),
    ("offer", pgettext_lazy("route", "Offer")),
    ("money", pgettext_lazy("route", "Money")),
)
_WORDS: Mapping[str, _Words] = {
    "done": pgettext_lazy("step", "done"),
    "now": pgettext_lazy("step", "now"),
    "next": pgettext_lazy("step", "still to come"),
}
_AT: Mapping[str, int] = {
    S.DRAFT: 0,
    S.SUBMITTED: 1,
    S.SCREENING: 1,
    S.NEEDS_INFO: 1,
    S.UNDER_REVIEW: 1,
    S.AWAITING_CARRIER: 1,
    S.AWAITING_RETURN: 1,
    S.PENDING_APPROVAL: 1,
    S.APPEALED: 1,
    S.OFFERED: 2,
    S.APPROVED: 3,
    S.COMPENSATING: 3,
    S.COMPENSATION_FAILED: 3,
    S.RESOLVED: 4,
}


def route(state: str, *, paid: bool = False, sent: bool = True) -> list[Step]:
    """
    Return the four stations of a claim; none is "now" once it has ended.

    ``paid`` and ``sent`` tell how far a claim came that has since been closed or given up.
    """
    at, ended = _AT.get(state), state in (S.RESOLVED, S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.CLOSED)
    if at is None:
        at = 4 if paid else (2 if state == S.REJECTED else int(sent))
    states = ["done" if i < at else "next" for i in range(4)]
    if not ended:
        states[at] = "now"
    return [
        Step(key, label, state, _WORDS[state])
        for (key, label), state in zip(_STATIONS, states, strict=True)
    ]


_OWNERS: Mapping[str, Role] = {
    S.DRAFT: Role.SHOPPER,
    S.SUBMITTED: Role.SYSTEM,
    S.SCREENING: Role.SYSTEM,
    S.NEEDS_INFO: Role.SHOPPER,
    S.UNDER_REVIEW: Role.AGENT,
    S.AWAITING_CARRIER: Role.CARRIER,
    S.AWAITING_RETURN: Role.SHOPPER,
    S.PENDING_APPROVAL: Role.APPROVER,
    S.OFFERED: Role.SHOPPER,
    S.APPROVED: Role.SYSTEM,
    S.COMPENSATING: Role.PROVIDER,
    S.COMPENSATION_FAILED: Role.AGENT,
    S.APPEALED: Role.AGENT,
}


def owner(state: str) -> Role | None:
    """Return whose turn it is, or None once a claim has ended."""
    return _OWNERS.get(state)
