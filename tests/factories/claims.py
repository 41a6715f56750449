"""Claims at any point of their life, the people who work on them, and the rules in force."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import factory
from django.contrib.auth.models import Permission
from factory.django import DjangoModelFactory

from claims import rules
from claims.models import ApprovalLimit, Claim, ClaimLine, Evidence, ReasonPolicy
from claims.services import claims, conversation, decisions, policies, steps
from claims.states import ClaimReason, ClaimState, EvidenceState, Wish
from portal.accounts.models import User
from tests.factories.tracking import NOON, OrderFactory, OrderLineFactory, ParcelFactory
from tests.tampering import tampering
from tracking.models import Parcel, ParcelLine

SENT = NOON
"""When factories send their claims."""
REVIEWED = NOON + timedelta(hours=1)
DECIDED = NOON + timedelta(hours=2)


def policy(reason: str = ClaimReason.DAMAGED) -> ReasonPolicy:
    """Return the default policy of a reason."""
    return ReasonPolicy.objects.get(reason=reason, valid_from="2020-01-01")


def _staff(*permissions: str, email: str | None = None) -> User:
    person = User.objects.create_user(
        email or f"staff-{uuid4().hex[:8]}@example.org", is_staff=True, name="Staff"
    )
    person.user_permissions.set(
        Permission.objects.filter(content_type__app_label="claims", codename__in=permissions)
    )
    return person


def clerk(*permissions: str) -> User:
    """Make somebody with these permissions on claims and no others."""
    return _staff(*permissions)


def agent(email: str | None = None) -> User:
    """Make somebody who may decide on claims."""
    return _staff("decide_claim", "view_claim", "change_claim", email=email)


def approver(email: str | None = None) -> User:
    """Make somebody who may decide and give the second yes."""
    return _staff("decide_claim", "second_claim", "view_claim", "change_claim", email=email)


def finance(email: str | None = None) -> User:
    """Make somebody from finance, who gives the third yes."""
    return _staff("second_claim", "finance_claim", "view_claim", "change_claim", email=email)


def delivered_parcel(
    *, quantity: int = 1, price_minor: int = 5_000, parcels: int = 1, **order: Any
) -> Parcel:
    """Make a delivered parcel with one order line in it, so many units at this price."""
    facts: dict[str, Any] = {
        "captured_minor": quantity * parcels * price_minor + order.get("shipping_minor", 500),
    } | order
    placed = OrderFactory.create(**facts)
    line = OrderLineFactory.create(
        order=placed, quantity=quantity * parcels, price_minor=price_minor
    )
    made = [ParcelFactory.create(order=placed, delivered=True) for _ in range(parcels)]
    for parcel in made:
        ParcelLine.objects.create(parcel=parcel, order_line=line, quantity=quantity)
    return made[0]


class ClaimFactory(DjangoModelFactory[Claim]):
    """
    A draft about a delivered parcel with one enamel mug at 50.00; traits take it further.

    The traits walk the services, so every claim has its units, its steps and its sums.
    """

    class Meta:
        model = Claim

    parcel = factory.LazyFunction(delivered_parcel)
    order = factory.LazyAttribute(lambda claim: claim.parcel.order)
    shopper = factory.LazyAttribute(lambda claim: claim.order.shopper)
    currency = factory.LazyAttribute(lambda claim: claim.order.currency)
    language = "en"
    created_at = NOON - timedelta(hours=1)
    saved_at = NOON - timedelta(hours=1)
    due_at = NOON + timedelta(days=14)
    upto = "draft"

    class Params:
        filled = factory.Trait(upto="filled")
        submitted = factory.Trait(upto="submitted")
        in_review = factory.Trait(upto="in_review")
        needs_info = factory.Trait(upto="needs_info")
        pending_approval = factory.Trait(upto="pending_approval")
        offered = factory.Trait(upto="offered")
        approved = factory.Trait(upto="approved")
        rejected = factory.Trait(upto="rejected")

    @classmethod
    def _create(cls, model_class: type[Claim], *args: Any, **kwargs: Any) -> Claim:
        upto = kwargs.pop("upto")
        return walk(super()._create(model_class, *args, **kwargs), upto)


def fill(claim: Claim, *, reason: str = ClaimReason.DAMAGED, quantity: int | None = None) -> Claim:
    """Fill a draft in: every item or so many of each, the reason, the wish, and no box any more."""
    chosen = {
        line.order_line.pk: line.free if quantity is None else quantity
        for line in claims.claimable(parcel=claim.parcel)
    }
    claims.choose(claim=claim, quantities=chosen, now=NOON)
    claims.tell(
        claim=claim, reason=reason, answers={}, story="The handle is off.",
        without_box="I threw the box away.", now=NOON,
    )  # fmt: skip
    return claims.wish(claim=claim, wish=_usual(claim.policy), now=NOON)


def _usual(rule: ReasonPolicy | None) -> str:
    """Return the wish for money back, or what the rule puts it right by instead."""
    offered = rule.resolutions if rule and rule.resolutions else [Wish.REFUND]
    return Wish.REFUND if Wish.REFUND in offered else offered[0]


def lay_filled(claim: Claim) -> Claim:
    """Lay down the rows that ``fill`` leaves of a draft that nobody touched, in few questions."""
    rule = policies.policy_for(reason=ClaimReason.DAMAGED, now=NOON)
    ClaimLine.objects.bulk_create(
        ClaimLine(
            claim=claim, order_line=line.order_line, quantity=line.free,
            price_minor=line.order_line.price_minor,
        )
        for line in claims.claimable(parcel=claim.parcel)
        if line.free
    )  # fmt: skip
    steps.keep(
        claim, reason=ClaimReason.DAMAGED, policy=rule, answers={}, story="The handle is off.",
        without_box="I threw the box away.", wish=_usual(rule), saved_at=NOON,
        due_at=NOON + rules.DRAFT_LIFE, reminders=0,
    )  # fmt: skip
    return claim


def walk(claim: Claim, upto: str) -> Claim:
    """Take a draft to one of the points that ``ClaimFactory`` names."""
    if upto == "draft":
        return claim
    untouched = not (claim.reason or claim.wish or claim.lines.exists())
    claim = lay_filled(claim) if untouched and claim.parcel else fill(claim)
    if upto == "filled":
        return claim
    claims.submit(claim=claim, key=uuid4(), now=SENT)
    if upto == "submitted":
        return claim
    claims.screen(claim=claim, now=SENT)
    if upto == "in_review":
        return claim
    desk = agent()
    if upto == "needs_info":
        conversation.ask(claim=claim, agent=desk, text="Please show the label.", now=REVIEWED)
        return claim
    if upto == "rejected":
        return decisions.reject(
            claim=claim, agent=desk, code="worn", text="This is wear.", now=DECIDED
        )
    if upto == "pending_approval":
        limit = policies.limit_for(currency=claim.currency, now=DECIDED)
        if decisions.preview(claim=claim, now=DECIDED).amount_minor <= limit.single_minor:
            tighten(claim.currency, 1)
    amounts, note = None, ""
    if upto == "offered":
        line: ClaimLine = claim.lines.get()
        amounts, note = {line.order_line_id: line.price_minor // 2}, "It can still be used."
    assessment = decisions.assess(claim=claim, agent=desk, amounts=amounts, note=note, now=DECIDED)
    return decisions.propose(
        claim=claim, assessment=assessment, agent=desk, text="We are sorry.", now=DECIDED
    )


def hand_to(claim: Claim, person: User) -> None:
    """Make a sent claim somebody else's, which nobody but a test may."""
    with tampering():
        Claim.objects.filter(pk=claim.pk).update(shopper=person)


def tighten(currency: str, single_minor: int, double_minor: int | None = None) -> ApprovalLimit:
    """Put lower limits in force from the day of the factories' facts."""
    return ApprovalLimit.objects.create(
        currency=currency,
        single_minor=single_minor,
        double_minor=double_minor,
        valid_from=NOON.date(),
    )


def photographed(claim: Claim) -> Claim:
    """Put every photo that the claim's reason asks for in place, clean, with no excuse left."""
    Claim.objects.filter(pk=claim.pk).update(without_box="")
    claim.refresh_from_db()
    for ask in policy(claim.reason).asks.filter(medium="photo"):
        for _number in range(ask.minimum):
            EvidenceFactory.create(claim=claim, kind=ask.kind, clean=True)
    return claim


class EvidenceFactory(DjangoModelFactory[Evidence]):
    """A photo as it was received; the files behind it do not exist."""

    class Meta:
        model = Evidence

    claim = factory.SubFactory(ClaimFactory)
    token = factory.LazyFunction(lambda: uuid4().hex)
    kind = "item"
    name = "IMG_0001.jpg"
    upload_key = factory.LazyFunction(lambda: uuid4().hex)
    original = factory.LazyAttribute(lambda photo: f"originals/{photo.token}")
    bytes = 2_000_000
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    uploaded_by = factory.LazyAttribute(lambda photo: photo.claim.shopper)
    received_at = NOON

    class Params:
        clean = factory.Trait(
            state=EvidenceState.CLEAN,
            large=factory.LazyAttribute(lambda photo: f"clean/{photo.token}/large.jpg"),
            small=factory.LazyAttribute(lambda photo: f"clean/{photo.token}/small.jpg"),
            cleaned_at=NOON,
        )


__all__ = [
    "DECIDED",
    "REVIEWED",
    "SENT",
    "ClaimFactory",
    "ClaimState",
    "EvidenceFactory",
    "agent",
    "approver",
    "delivered_parcel",
    "fill",
    "finance",
    "hand_to",
    "lay_filled",
    "photographed",
    "policy",
    "tighten",
    "walk",
]
