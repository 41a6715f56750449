"""
What makes a claim worth a second look: pure rules over counted facts.

Every rule may raise the score; none refuses anything. Points, thresholds and time windows come
from the policy row in force, so that a change of mind is a dated row and not a release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Band(models.TextChoices):
    """How a score routes a claim: low may go by itself, the others go to a person."""

    LOW = "low", _("Nothing unusual")
    MEDIUM = "medium", _("Worth a look")
    HIGH = "high", _("Look closely")


class Signal(models.TextChoices):
    """Things we notice. Each has an innocent explanation too, which its sentence gives."""

    NO_POLICY = "no_policy", _("No rule to score by")
    MANY_CLAIMS = "many_claims", _("Several claims in a short time")
    HOUR_BURST = "hour_burst", _("Several claims within an hour")
    ADDRESS_BURST = "address_burst", _("Several claims from one address")
    PRODUCT_BURST = "product_burst", _("Many claims about one product")
    CLAIM_SHARE = "claim_share", _("Claims for a large share of orders")
    VALUE_SHARE = "value_share", _("Claims for a large share of the value bought")
    DECLINED_BEFORE = "declined_before", _("Earlier claims declined")
    LINKED = "linked", _("Shares contact details with another account that claimed")
    LINKED_DECLINED = "linked_declined", _("A linked account had claims declined")
    FORWARDER = "forwarder", _("Sent to a forwarding address")
    PHOTO_REJECTED = "photo_rejected", _("Photo known from a declined claim")
    PHOTO_OTHER = "photo_other", _("Photo known from another shopper's claim")
    PHOTO_OWN = "photo_own", _("Photo known from an earlier claim of the same shopper")
    PHOTO_EARLY = "photo_early", _("Photo dated before it can have been taken")
    PHOTO_EDITED = "photo_edited", _("Photo saved by an editing program")
    LOST_DELIVERED = "lost_delivered", _("Reported as not come, recorded as handed over")
    DAMAGED_EARLY = "damaged_early", _("Reported damaged before it was delivered")
    MISSING_WEIGHT = "missing_weight", _("Weighed the same as packed, reported incomplete")
    REFUSED_KEPT = "refused_kept", _("Recorded as refused, reported as received")
    HIGH_VALUE = "high_value", _("High value")


STRONG = 100
"""The highest score there is."""


@dataclass(frozen=True)
class Rule:
    """One row of a policy: what a signal counts, from what on, and over which days."""

    signal: str
    points: int
    at_least: int = 1
    minimum: int = 0
    days: int = 0
    currency: str = ""


@dataclass(frozen=True)
class Share:
    """How much of what somebody ordered in a window they also claimed; sums in minor units."""

    claims: int
    orders: int
    claimed_minor: int
    ordered_minor: int


@dataclass(frozen=True)
class Counted:
    """Everything counted about a claim before any rule is asked."""

    reason: str
    currency: str
    claimed_minor: int = 0
    claims_in_hour: int = 1
    claims_by_days: Mapping[int, int] = field(default_factory=dict)
    """Days looked back to claims of this account, this one among them."""
    address_by_days: Mapping[int, int] = field(default_factory=dict)
    """Days looked back to claims of other accounts at this address."""
    product_by_days: Mapping[int, int] = field(default_factory=dict)
    """Days looked back to claims about the product claimed most, whoever made them."""
    shares: Mapping[int, Share] = field(default_factory=dict)
    declined_by_days: Mapping[int, int] = field(default_factory=dict)
    linked: Sequence[str] = ()
    """References of claims by accounts that share mailbox, phone number or payment."""
    linked_declined: Sequence[str] = ()
    forwarder: str = ""
    """Which known forwarding address it went to."""
    photos_rejected: Sequence[str] = ()
    """References of declined claims whose photos occur in this one."""
    photos_other: Sequence[str] = ()
    photos_own: Sequence[str] = ()
    photos_early: int = 0
    photos_edited: int = 0
    contradictions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Signal to the facts that speak against the report."""


@dataclass(frozen=True)
class Noticed:
    """One signal that spoke, its points and what they rest on."""

    code: str
    points: int
    facts: Mapping[str, Any]


def _count_over(name: str) -> Callable[[Rule, Counted], dict[str, Any] | None]:
    def test(rule: Rule, counted: Counted) -> dict[str, Any] | None:
        count = getattr(counted, name).get(rule.days, 0)
        return {"count": count, "days": rule.days} if count >= max(rule.at_least, 1) else None

    return test


def _listed(name: str) -> Callable[[Rule, Counted], dict[str, Any] | None]:
    def test(rule: Rule, counted: Counted) -> dict[str, Any] | None:
        refs = list(getattr(counted, name))
        return {"claims": refs} if len(refs) >= max(rule.at_least, 1) else None

    return test


def _number(name: str) -> Callable[[Rule, Counted], dict[str, Any] | None]:
    def test(rule: Rule, counted: Counted) -> dict[str, Any] | None:
        count = getattr(counted, name)
        return {"count": count} if count >= max(rule.at_least, 1) else None

    return test


def _claim_share(rule: Rule, counted: Counted) -> dict[str, Any] | None:
    share = counted.shares.get(rule.days)
    # One claim about one order is every first claim there is: a share needs orders enough.
    if share is None or share.orders < max(rule.minimum, 2) or share.claims < 2:
        return None
    percent = share.claims * 100 // share.orders
    if percent < rule.at_least:
        return None
    return {
        "claims": share.claims, "orders": share.orders, "days": rule.days,
        "percent": min(percent, 100),
    }  # fmt: skip


def _value_share(rule: Rule, counted: Counted) -> dict[str, Any] | None:
    share = counted.shares.get(rule.days)
    if share is None or share.orders < max(rule.minimum, 2) or share.claims < 2:
        return None
    if share.ordered_minor <= 0:
        return None
    percent = share.claimed_minor * 100 // share.ordered_minor
    if percent < rule.at_least:
        return None
    return {"percent": min(percent, 100), "orders": share.orders, "days": rule.days}


def _high_value(rule: Rule, counted: Counted) -> dict[str, Any] | None:
    if rule.currency != counted.currency or counted.claimed_minor < rule.at_least:
        return None
    return {"amount_minor": counted.claimed_minor, "currency": counted.currency}


def _forwarder(rule: Rule, counted: Counted) -> dict[str, Any] | None:
    return {"name": counted.forwarder} if counted.forwarder else None


def _contradicts(signal: str) -> Callable[[Rule, Counted], dict[str, Any] | None]:
    def test(rule: Rule, counted: Counted) -> dict[str, Any] | None:
        facts = counted.contradictions.get(signal)
        return dict(facts) if facts is not None else None

    return test


TESTS: Mapping[str, Callable[[Rule, Counted], dict[str, Any] | None]] = {
    Signal.MANY_CLAIMS: _count_over("claims_by_days"),
    Signal.HOUR_BURST: _number("claims_in_hour"),
    Signal.ADDRESS_BURST: _count_over("address_by_days"),
    Signal.PRODUCT_BURST: _count_over("product_by_days"),
    Signal.CLAIM_SHARE: _claim_share,
    Signal.VALUE_SHARE: _value_share,
    Signal.DECLINED_BEFORE: _count_over("declined_by_days"),
    Signal.LINKED: _listed("linked"),
    Signal.LINKED_DECLINED: _listed("linked_declined"),
    Signal.FORWARDER: _forwarder,
    Signal.PHOTO_REJECTED: _listed("photos_rejected"),
    Signal.PHOTO_OTHER: _listed("photos_other"),
    Signal.PHOTO_OWN: _listed("photos_own"),
    Signal.PHOTO_EARLY: _number("photos_early"),
    Signal.PHOTO_EDITED: _number("photos_edited"),
    Signal.LOST_DELIVERED: _contradicts(Signal.LOST_DELIVERED),
    Signal.DAMAGED_EARLY: _contradicts(Signal.DAMAGED_EARLY),
    Signal.MISSING_WEIGHT: _contradicts(Signal.MISSING_WEIGHT),
    Signal.REFUSED_KEPT: _contradicts(Signal.REFUSED_KEPT),
    Signal.HIGH_VALUE: _high_value,
}
"""Signal to the test that says whether, and on what facts, it speaks."""


def notice(*, rules: Iterable[Rule], counted: Counted) -> list[Noticed]:
    """Return the signals that speak, strongest first; of one signal only its strongest row."""
    best: dict[str, Noticed] = {}
    for rule in rules:
        test = TESTS.get(rule.signal)
        facts = test(rule, counted) if test is not None and rule.points else None
        if facts is None:
            continue
        known = best.get(rule.signal)
        if known is None or known.points < rule.points:
            best[rule.signal] = Noticed(str(rule.signal), rule.points, facts)
    return sorted(best.values(), key=lambda one: (-one.points, one.code))


def score(noticed: Iterable[Noticed]) -> int:
    """Add the points up, to 100 at most."""
    return min(STRONG, sum(one.points for one in noticed))


def band(value: int, *, medium_from: int, high_from: int) -> Band:
    """Return how a score routes."""
    if value >= high_from:
        return Band.HIGH
    return Band.MEDIUM if value >= medium_from else Band.LOW
