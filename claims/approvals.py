"""Whose yes a sum needs, and when a rule may say it: pure functions of facts, without the ORM."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _

from claims.states import ClaimReason, Wish

DAY = timedelta(hours=24)
"""What one shopper was approved within this time counts together."""
MONEY_WISHES = (Wish.REFUND, Wish.PARTIAL_REFUND, Wish.FEE_REFUND)
"""Wishes that money to the original payment can grant."""
FROM_DELIVERY = frozenset({ClaimReason.DAMAGED, ClaimReason.WRONG_ITEM, ClaimReason.MISSING_ITEM})
"""Reasons that nobody can have before the parcel came."""


class Tier(models.IntegerChoices):
    """How many people a sum needs."""

    ONE = 1, _("One person")
    TWO = 2, _("Two people")
    THREE = 3, _("Three people, one of them from finance")


def tier(*, counted_minor: int, single_minor: int, double_minor: int | None) -> Tier:
    """
    Return how many people a sum needs; each limit itself still belongs to the lower tier.

    ``counted_minor`` is the sum with everything that counts together with it; ``double_minor``
    None means that two people are enough for any sum.
    """
    if counted_minor <= single_minor:
        return Tier.ONE
    if double_minor is None or counted_minor <= double_minor:
        return Tier.TWO
    return Tier.THREE


class Miss(models.TextChoices):
    """Why a rule does not fire; each is a sentence for the desk."""

    REASON = "reason", _("The rule is not for this reason.")
    WISH = "wish", _("The shopper does not ask for money back.")
    CURRENCY = "currency", _("The rule is for another currency.")
    NOTHING = "nothing", _("By policy the claim comes to nothing.")
    SUM = "sum", _("The sum is above the rule's maximum.")
    SPLIT = "split", _("With what was approved shortly before, the sum is above the maximum.")
    UNRATED = "unrated", _("There is no risk rating.")
    RISK = "risk", _("The risk score is too high for the rule.")
    EARLIER = "earlier", _("The shopper has claimed before within the rule's days.")
    EVIDENCE = "evidence", _("A photo that the reason asks for is missing or not clean yet.")
    TRACKING = "tracking", _("The scans do not fit the report.")
    FILING = "filing", _("It was reported late, or filed outside its window.")
    PLACE = "place", _("The rule is for other countries or carriers.")
    DISRUPTION = "disruption", _("The parcel is not part of the rule's disruption.")


class Rule(Protocol):
    """What an automatic approval rule says; the model's rows read like this."""

    @property
    def currency(self) -> str:
        """ISO 4217."""

    @property
    def max_minor(self) -> int:
        """Up to which sum the rule approves by itself, in minor units."""

    @property
    def confirm_minor(self) -> int | None:
        """Up to which sum the rule proposes and one person confirms; None for never."""

    @property
    def reasons(self) -> Collection[str]:
        """The reasons it is for."""

    @property
    def risk_below(self) -> int:
        """The score, 0 to 100, that must not be reached."""

    @property
    def first_in_days(self) -> int:
        """Days without an earlier claim; 0 asks for none."""

    @property
    def needs_evidence(self) -> bool:
        """Whether every photo that the reason asks for must be there and clean."""

    @property
    def needs_clear_tracking(self) -> bool:
        """Whether the scans must not speak against the report."""

    @property
    def countries(self) -> Collection[str]:
        """Two-letter codes; none means everywhere."""

    @property
    def carriers(self) -> Collection[str]:
        """Slugs; none means every carrier."""

    @property
    def disruption_id(self) -> int | None:
        """The disruption whose parcels it is for; None for all."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything about a claim that a rule looks at."""

    reason: str
    wish: str
    currency: str
    amount_minor: int
    counted_minor: int
    """The sum with what the same order, and the same shopper within a day, was approved."""
    risk_score: int | None
    last_claim_at: datetime | None
    has_evidence: bool
    contradictions: Sequence[str]
    country: str
    carrier: str
    disruptions: frozenset[int]
    is_timely: bool = True
    """Whether it was reported within its window."""


def misses(rule: Rule, case: Case, *, now: datetime) -> list[Miss]:
    """
    Return why a rule does not fire; nothing means that it approves the claim by itself.

    ``Miss.SUM`` or ``Miss.SPLIT`` alone, up to ``confirm_minor``, is what one person may confirm.
    """
    checks: Mapping[Miss, bool] = {
        Miss.REASON: case.reason in rule.reasons,
        Miss.WISH: _asks_for_all(case),
        Miss.CURRENCY: case.currency == rule.currency,
        Miss.NOTHING: case.amount_minor > 0,
        Miss.SUM: case.amount_minor <= rule.max_minor,
        Miss.SPLIT: case.amount_minor > rule.max_minor or case.counted_minor <= rule.max_minor,
        Miss.UNRATED: case.risk_score is not None,
        Miss.RISK: case.risk_score is None or case.risk_score < rule.risk_below,
        Miss.EARLIER: not rule.first_in_days
        or case.last_claim_at is None
        or case.last_claim_at <= now - timedelta(days=rule.first_in_days),
        Miss.EVIDENCE: not rule.needs_evidence or case.has_evidence,
        Miss.TRACKING: not rule.needs_clear_tracking or not case.contradictions,
        Miss.FILING: case.is_timely,
        Miss.PLACE: _fits(case.country.upper(), {one.upper() for one in rule.countries})
        and _fits(case.carrier, set(rule.carriers)),
        Miss.DISRUPTION: rule.disruption_id is None or rule.disruption_id in case.disruptions,
    }
    return [miss for miss, holds in checks.items() if not holds]


def _asks_for_all(case: Case) -> bool:
    """Test whether what policy gives is what the shopper asks for, no less and no more."""
    is_fee = case.wish == Wish.FEE_REFUND and case.reason == ClaimReason.DELAYED
    return case.wish == Wish.REFUND or is_fee


def _fits(value: str, allowed: Collection[str]) -> bool:
    return not allowed or value in allowed


def may_be_confirmed(rule: Rule, case: Case, found: Collection[Miss]) -> bool:
    """Test whether only the sum keeps the rule from firing, so that one person may confirm it."""
    return (
        bool(found)
        and set(found) <= {Miss.SUM, Miss.SPLIT}
        and rule.confirm_minor is not None
        and case.counted_minor <= rule.confirm_minor
    )


def wants_photos(rule: Rule, case: Case, found: Collection[Miss]) -> bool:
    """Test whether nothing but photos keeps the rule from approving or proposing."""
    rest = set(found) - {Miss.EVIDENCE}
    return Miss.EVIDENCE in found and (not rest or may_be_confirmed(rule, case, rest))


@dataclass(frozen=True, kw_only=True)
class Scans:
    """What the parcel's records say, as far as a report can be compared with them."""

    status: str
    delivered_at: datetime | None
    last_scan_at: datetime | None
    submitted_at: datetime
    is_disputed: bool
    is_hinted: bool
    """Whether an unsealed push says something weighty that nobody has confirmed."""


class Contradiction(models.TextChoices):
    """In what the scans do not fit a report."""

    DELIVERED = "delivered", _("Reported as not come, but delivered.")
    NOT_DELIVERED = "not_delivered", _("Reported on what came, but not delivered yet.")
    BEFORE_DELIVERY = "before_delivery", _("Reported before it was delivered.")
    SEEN_SINCE = "seen_since", _("Scanned after it was reported as not come.")
    DISPUTED = "disputed", _("The scans dispute each other.")
    UNCONFIRMED = "unconfirmed", _("An unconfirmed push says something else.")


def contradictions(reason: str, scans: Scans) -> list[Contradiction]:
    """Return in what the scans do not fit the report."""
    delivered_at = scans.delivered_at
    is_delivered = delivered_at is not None or scans.status == "delivered"
    found = []
    if reason in {ClaimReason.LOST, ClaimReason.NOT_SHIPPED}:
        if is_delivered:
            found.append(Contradiction.DELIVERED)
        elif scans.last_scan_at is not None and scans.last_scan_at > scans.submitted_at:
            found.append(Contradiction.SEEN_SINCE)
    if reason in FROM_DELIVERY:
        if not is_delivered:
            found.append(Contradiction.NOT_DELIVERED)
        elif delivered_at is not None and delivered_at > scans.submitted_at:
            found.append(Contradiction.BEFORE_DELIVERY)
    if scans.is_disputed:
        found.append(Contradiction.DISPUTED)
    if scans.is_hinted:
        found.append(Contradiction.UNCONFIRMED)
    return found
