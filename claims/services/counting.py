"""Count what is known around a claim, in a handful of set-based queries."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Lower

from claims import marks, photo_signals, risk
from claims.models import Claim, ClaimLine, Evidence, Forwarder, Mark, Weighing
from claims.risk import Signal
from claims.services import lookalikes
from claims.states import ClaimState, DeclineCode
from tracking.models import Order, Parcel, ProofOfDelivery, Sighting
from tracking.states import Handed, ParcelStatus, Reason

YEAR = 365
MOST = 500
"""Rows read of any one kind; whoever has more is noticed long before."""
LISTED = 20
"""References kept with a rating of any one kind."""
INSIDE = ("damaged", "wrong_item", "missing_item")
"""Reasons that nobody can know before the parcel is open."""
NOT_COME = ("lost", "delivered_not_received")


def count(*, claim: Claim, rules: Sequence[risk.Rule], now: datetime) -> risk.Counted:
    """Return everything the rules may ask about this claim, as of now."""
    at = claim.submitted_at or now
    days = defaultdict(set)
    for rule in rules:
        days[rule.signal].add(rule.days)
    own = _claims_of(claim, now)
    orders = _orders_of(claim, now)
    lay_marks(shopper_id=claim.shopper_id, email=claim.shopper.email, orders=orders, now=now)
    linked, neighbours = _others(claim, now)
    photos = _photos(claim)
    return risk.Counted(
        reason=claim.reason,
        currency=claim.currency,
        claimed_minor=claim.claimed_minor,
        claims_in_hour=sum(abs(one["submitted_at"] - at) <= timedelta(hours=1) for one in own),
        claims_by_days=_by_days(
            days[Signal.MANY_CLAIMS], (one["submitted_at"] for one in own), at
        ),
        address_by_days=_by_days(days[Signal.ADDRESS_BURST], (one[1] for one in neighbours), at),
        product_by_days=_products(claim, days[Signal.PRODUCT_BURST], at),
        shares=_shares(claim, days[Signal.CLAIM_SHARE] | days[Signal.VALUE_SHARE], own, orders, at),
        declined_by_days=_by_days(
            days[Signal.DECLINED_BEFORE],
            (one["submitted_at"] for one in own if _was_declined(one["decision_code"], one["state"])
             and one["pk"] != claim.pk),
            at,
        ),
        linked=_refs(ref for ref, _declined in linked),
        linked_declined=_refs(ref for ref, declined in linked if declined),
        forwarder=_forwarder(claim.order),
        contradictions=_contradictions(claim, rules, at),
        **photos,
    )  # fmt: skip


def plain(counted: risk.Counted) -> dict[str, Any]:
    """Return the counted facts as plain values, to be kept with the rating."""
    kept: dict[str, Any] = json.loads(
        json.dumps(dataclasses.asdict(counted), cls=DjangoJSONEncoder, ensure_ascii=False)
    )
    return kept


# --- The account ----------------------------------------------------------


def _claims_of(claim: Claim, now: datetime) -> list[dict[str, Any]]:
    """Return the account's own sent claims of a year, this one among them, newest first."""
    rows = (
        Claim.objects.filter(
            shopper_id=claim.shopper_id, submitted_at__gt=now - timedelta(days=YEAR),
            submitted_at__lte=now,
        )
        .order_by("-submitted_at")
        .values("pk", "submitted_at", "state", "decision_code", "order_id", "claimed_minor",
                "currency")
    )  # fmt: skip
    return [dict(row) for row in rows[:MOST]]


def _orders_of(claim: Claim, now: datetime) -> list[Order]:
    """Return the account's orders of a year, newest first, and always the claim's own."""
    recent = list(
        Order.objects.of(claim.shopper_id)
        .filter(placed_at__gt=now - timedelta(days=YEAR))
        .order_by("-placed_at")[:MOST]
    )
    return recent if any(one.pk == claim.order_id for one in recent) else [claim.order, *recent]


def _by_days(windows: Iterable[int], moments: Iterable[datetime], at: datetime) -> dict[int, int]:
    known = list(moments)
    return {
        days: sum(at - timedelta(days=days) < moment <= at for moment in known)
        for days in sorted(windows)
    }


def _shares(
    claim: Claim,
    windows: Iterable[int],
    own: Sequence[Mapping[str, Any]],
    orders: Sequence[Order],
    at: datetime,
) -> dict[int, risk.Share]:
    """Set the orders of each window beside those of them that were claimed."""
    claimed: Counter[int] = Counter()
    for one in own:
        if one["state"] != ClaimState.WITHDRAWN and one["currency"] == claim.currency:
            claimed[one["order_id"]] += one["claimed_minor"]
    found = {}
    for days in sorted(windows):
        since = at - timedelta(days=days)
        placed = [
            order
            for order in orders
            if since < order.placed_at <= at and order.currency == claim.currency
        ]
        hit = [order for order in placed if order.pk in claimed]
        found[days] = risk.Share(
            claims=len(hit),
            orders=len(placed),
            claimed_minor=sum(claimed[order.pk] for order in hit),
            ordered_minor=sum(order.captured_minor for order in placed),
        )
    return found


INNOCENT = ("too_late", "put_right")
"""Declines that say nothing about the person: a day too late, or already put right."""


def _was_declined(code: str, state: str) -> bool:
    """Test whether a claim ended in a no that speaks against the report itself."""
    if code in INNOCENT:
        return False
    return state == ClaimState.REJECTED or (state == ClaimState.CLOSED and code in _DECLINES)


_DECLINES = frozenset({*DeclineCode.values, "not_your_order"})


# --- Other accounts ----------------------------------------------------------


def marks_of(*, email: str, orders: Iterable[Order]) -> set[tuple[str, str]]:
    """Return kind and digest of every contact detail in these orders and of the account."""
    found = {("email", marks.email(email))}
    for order in orders:
        found |= {
            ("email", marks.email(order.email)),
            ("phone", marks.phone(order.phone)),
            ("address", _address(order)),
            ("payment", marks.payment(order.payment_instrument, name=order.recipient_name)),
        }
    return {(kind, marks.digest(kind, text)) for kind, text in found if text}


def _address(order: Order) -> str:
    return marks.address(order.address, postcode=order.postcode, country=order.country)


def lay_marks(*, shopper_id: int, email: str, orders: Iterable[Order], now: datetime) -> None:
    """Keep the marks of an account that claimed; those that stand are left as they are."""
    wanted = marks_of(email=email, orders=orders)
    kept = set(Mark.objects.filter(shopper_id=shopper_id).values_list("kind", "digest"))
    Mark.objects.bulk_create(
        [
            Mark(shopper_id=shopper_id, kind=kind, digest=digest, seen_at=now)
            for kind, digest in sorted(wanted - kept)
        ],
        ignore_conflicts=True,
    )


def _others(
    claim: Claim, now: datetime
) -> tuple[list[tuple[str, bool]], list[tuple[str, datetime]]]:
    """
    Return claims of accounts that share a mailbox, phone or card, and those at this address.

    The first pairs a reference with whether it was declined, the second with when it was sent.
    """
    mine = Mark.objects.filter(shopper_id=claim.shopper_id)
    shared = Mark.objects.filter(
        Exists(mine.filter(kind=OuterRef("kind"), digest=OuterRef("digest")))
    ).exclude(shopper_id=claim.shopper_id)
    here = marks.digest("address", _address(claim.order))
    shoppers: dict[int, set[str]] = defaultdict(set)
    for shopper_id, kind, digest in shared.values_list("shopper_id", "kind", "digest")[:MOST]:
        if kind != "address" or digest == here:
            shoppers[shopper_id].add(kind)
    if not shoppers:
        return [], []
    rows = (
        Claim.objects.filter(
            shopper_id__in=shoppers,
            submitted_at__gt=now - timedelta(days=YEAR),
            submitted_at__lte=now,
        )
        .order_by("-submitted_at")
        .values_list("shopper_id", "ref", "submitted_at", "state", "decision_code")[:MOST]
    )
    linked: list[tuple[str, bool]] = []
    neighbours: list[tuple[str, datetime]] = []
    for shopper_id, ref, sent, state, code in rows:
        if shoppers[shopper_id] - {"address"}:
            linked.append((ref, _was_declined(code, state)))
        if "address" in shoppers[shopper_id] and sent is not None:
            neighbours.append((ref, sent))
    return linked, neighbours


def _refs(refs: Iterable[str]) -> list[str]:
    return sorted(set(refs))[:LISTED]


def _forwarder(order: Order) -> str:
    """Return the name of the forwarding house this order went to, or nothing."""
    if not order.country:
        return ""
    text = " ".join((order.address, order.city, order.recipient_name)).lower()
    code = "".join(order.postcode.split()).upper()
    rows = (
        Forwarder.objects.filter(is_active=True, country__iexact=order.country)
        .annotate(text=Value(text))
        .filter(Q(words="") | Q(text__contains=Lower("words")))
        .order_by("pk")
        .values_list("name", "postcode")
    )
    return next(
        (
            name
            for name, postcode in rows
            if not postcode or "".join(postcode.split()).upper() == code
        ),
        "",
    )


# --- The product ----------------------------------------------------------


def _products(claim: Claim, windows: Iterable[int], at: datetime) -> dict[int, int]:
    """Return for each window how many claims there were about the product claimed most."""
    windows = sorted(windows)
    if not windows:
        return {}
    skus = claim.lines.values("order_line__sku")
    rows = (
        ClaimLine.objects.filter(
            order_line__sku__in=skus,
            claim__submitted_at__gt=at - timedelta(days=max(windows)),
            claim__submitted_at__lte=at,
        )
        .values_list("order_line__sku", "claim_id", "claim__submitted_at")
        .distinct()[: 20 * MOST]
    )
    sent = defaultdict(list)
    for sku, _claim, moment in rows:
        if moment is not None:
            sent[sku].append(moment)
    per = [_by_days(windows, moments, at) for moments in sent.values()]
    return {days: max((one[days] for one in per), default=0) for days in windows}


# --- Photos ----------------------------------------------------------


def _photos(claim: Claim) -> dict[str, Any]:
    rows = list(
        Evidence.objects.filter(claim=claim, uploaded_by_id=claim.shopper_id, removed_at=None)
    )
    rejected, other, own = set(), set(), set()
    seen = lookalikes.alike(of=rows)
    alikes = [one for found in seen.values() for one in found if not one.is_print]
    ends = Claim.objects.filter(pk__in={one.claim_id for one in alikes}) if alikes else ()
    declined = {one.pk for one in ends if _was_declined(one.decision_code, one.state)}
    for one in alikes:
        if one.claim_id in declined:
            rejected.add(one.claim_ref)
        elif one.shopper_id != claim.shopper_id:
            other.add(one.claim_ref)
        else:
            own.add(one.claim_ref)
    return {
        "photos_rejected": _refs(rejected),
        "photos_other": _refs(other),
        "photos_own": _refs(own),
        "photos_early": sum(_says(row, claim, EARLY) for row in rows),
        "photos_edited": sum(_says(row, claim, EDITED) for row in rows),
    }


EARLY = frozenset({"before_order", "before_delivery", "after_received"})
EDITED = frozenset({"edited", "generated"})


def _says(row: Evidence, claim: Claim, codes: frozenset[str]) -> bool:
    """Test whether a photo's own file says one of these against the report."""
    # A photo of a box that never came, or of a delay, may be older than any delivery.
    parcel = claim.parcel if claim.reason in INSIDE else None
    delivered = parcel.delivered_at if parcel is not None else None
    found = photo_signals.signals_of(
        row.signals, claim.order.placed_at, delivered, received=row.received_at
    )
    return any(one.code in codes for one in found)


# --- Against the journey ----------------------------------------------------------


def _contradictions(
    claim: Claim, rules: Sequence[risk.Rule], at: datetime
) -> dict[str, Mapping[str, Any]]:
    """Return what the parcel's journey says against the report."""
    asked = {rule.signal for rule in rules}
    found: dict[str, Mapping[str, Any]] = {}
    parcel = claim.parcel
    if parcel is None:  # never sent, so no journey speaks
        return found
    delivered = parcel.delivered_at
    if Signal.LOST_DELIVERED in asked and claim.reason in NOT_COME and delivered:
        proof = _proof(parcel)
        if proof and not parcel.is_disputed:
            found[Signal.LOST_DELIVERED] = {"delivered_at": delivered.isoformat(), "proof": proof}
    if claim.reason not in INSIDE:
        return found
    if Signal.DAMAGED_EARLY in asked and parcel.reason != Reason.DAMAGED:
        if delivered is None and parcel.status not in _IN_HAND:
            found[Signal.DAMAGED_EARLY] = {"sent_at": at.isoformat(), "delivered_at": ""}
        elif delivered is not None and at < delivered:
            found[Signal.DAMAGED_EARLY] = {
                "sent_at": at.isoformat(), "delivered_at": delivered.isoformat(),
            }  # fmt: skip
    if Signal.REFUSED_KEPT in asked and parcel.status in _GOING_BACK:
        scan = (
            Sighting.objects.filter(
                parcel=parcel, reason=Reason.REFUSED, withdrawn_at=None, is_hint=False
            )
            .order_by("-occurred_at", "-pk")
            .first()
        )
        if scan is not None:
            found[Signal.REFUSED_KEPT] = {
                "refused_at": scan.occurred_at.isoformat() if scan.occurred_at else ""
            }
    if Signal.MISSING_WEIGHT in asked and claim.reason == "missing_item":
        slack = max(rule.at_least for rule in rules if rule.signal == Signal.MISSING_WEIGHT)
        grams = {row.by: row.grams for row in Weighing.objects.filter(parcel=parcel).order_by("pk")}
        packed, carried = grams.get("packed"), grams.get("carrier")
        if packed and carried and abs(packed - carried) <= slack:
            found[Signal.MISSING_WEIGHT] = {"packed_grams": packed, "carrier_grams": carried}
    return found


_IN_HAND = (ParcelStatus.DELIVERED, ParcelStatus.AVAILABLE_FOR_PICKUP)
_GOING_BACK = (ParcelStatus.RETURNING, ParcelStatus.RETURNED, ParcelStatus.EXCEPTION,
               ParcelStatus.ATTEMPT_FAILED)  # fmt: skip


def _proof(parcel: Parcel) -> str:
    """Return what proves that the parcel reached the shopper, or nothing."""
    if parcel.handed in {Handed.PROXY, Handed.LOCKER, Handed.NEIGHBOUR, Handed.SAFE_PLACE}:
        return ""
    if ProofOfDelivery.objects.filter(parcel=parcel, kind="signature", state="kept").exists():
        return "signature"
    if parcel.signed_by:
        return "signed"
    if parcel.handed == Handed.RECIPIENT:
        return "handed"
    return ""
