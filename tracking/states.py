"""The words for where a parcel is, why it is in trouble, and who caused it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ParcelStatus(models.TextChoices):
    """Where a parcel is. An unknown carrier code never becomes one of these."""

    REGISTERED = "registered", _("Not yet with the carrier")
    INFO_RECEIVED = "info_received", _("Announced to the carrier")
    PICKED_UP = "picked_up", _("Collected")
    IN_TRANSIT = "in_transit", _("On the way")
    HANDED_OVER = "handed_over", _("With another carrier")
    CUSTOMS = "customs", _("At customs")
    EXCEPTION = "exception", _("Held up")
    OUT_FOR_DELIVERY = "out_for_delivery", _("Out for delivery")
    ATTEMPT_FAILED = "attempt_failed", _("Delivery attempt failed")
    AVAILABLE_FOR_PICKUP = "available_for_pickup", _("Ready to collect")
    RETURNING = "returning", _("On its way back")
    DELIVERED = "delivered", _("Delivered")
    RETURNED = "returned", _("Returned to sender")
    LOST = "lost", _("Lost")
    DESTROYED = "destroyed", _("Destroyed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("No longer tracked")


RANK: dict[str, int] = {
    ParcelStatus.REGISTERED: 0,
    ParcelStatus.INFO_RECEIVED: 10,
    ParcelStatus.PICKED_UP: 20,
    ParcelStatus.IN_TRANSIT: 30,
    ParcelStatus.HANDED_OVER: 32,
    ParcelStatus.CUSTOMS: 35,
    ParcelStatus.EXCEPTION: 40,
    ParcelStatus.OUT_FOR_DELIVERY: 50,
    ParcelStatus.ATTEMPT_FAILED: 55,
    ParcelStatus.AVAILABLE_FOR_PICKUP: 60,
    ParcelStatus.RETURNING: 70,
    ParcelStatus.DELIVERED: 90,
    ParcelStatus.RETURNED: 95,
    ParcelStatus.LOST: 96,
    ParcelStatus.DESTROYED: 97,
    ParcelStatus.CANCELLED: 98,
    ParcelStatus.EXPIRED: 99,
}
"""Order between statuses that carry the same time; higher is later in a journey."""

SOFT_TERMINAL = frozenset(
    {
        ParcelStatus.DELIVERED,
        ParcelStatus.RETURNED,
        ParcelStatus.LOST,
        ParcelStatus.DESTROYED,
        ParcelStatus.CANCELLED,
        ParcelStatus.EXPIRED,
    }
)
"""Statuses in which we expect no more news; never closed to events."""

TROUBLE = frozenset(
    {
        ParcelStatus.EXCEPTION,
        ParcelStatus.ATTEMPT_FAILED,
        ParcelStatus.RETURNING,
        ParcelStatus.RETURNED,
        ParcelStatus.LOST,
        ParcelStatus.DESTROYED,
    }
)
"""Statuses a shopper should hear about as bad news."""


class Party(models.TextChoices):
    """Who caused a trouble, as far as the carrier's words go."""

    CARRIER = "carrier", _("Carrier")
    MERCHANT = "merchant", _("Merchant")
    RECIPIENT = "recipient", _("Recipient")
    CUSTOMS = "customs", _("Customs")
    FORCE_MAJEURE = "force_majeure", _("Force majeure")
    UNKNOWN = "unknown", pgettext_lazy("party", "Unknown")


class Reason(models.TextChoices):
    """Why a parcel is not fine."""

    DAMAGED = "damaged", _("Damaged")
    LOST = "lost", _("Lost")
    MISSORTED = "missorted", _("Sent the wrong way")
    VEHICLE = "vehicle", _("Vehicle trouble or a late flight")
    DELAYED = "delayed", _("Delayed")
    WEATHER = "weather", _("Held by weather")
    REFUSED = "refused", _("Refused by the recipient")
    NOT_HOME = "not_home", _("Nobody answered")
    CLOSED = "closed", _("Business closed")
    BAD_ADDRESS = "bad_address", _("Address problem")
    PICKUP_NOT_COLLECTED = "pickup_not_collected", _("Not collected")
    PAYMENT_DUE = "payment_due", _("Payment due")
    CUSTOMS_DOCUMENTS = "customs_documents", _("Customs needs documents")
    CUSTOMS_INSPECTION = "customs_inspection", _("Customs inspection")
    PROHIBITED = "prohibited", _("Prohibited goods")
    SECURITY = "security", _("Held by an authority")
    OTHER = "other", _("Other trouble")


PARTY_OF: dict[str, Party] = {
    Reason.DAMAGED: Party.CARRIER,
    Reason.LOST: Party.CARRIER,
    Reason.MISSORTED: Party.CARRIER,
    Reason.VEHICLE: Party.CARRIER,
    Reason.DELAYED: Party.CARRIER,
    Reason.WEATHER: Party.FORCE_MAJEURE,
    Reason.REFUSED: Party.RECIPIENT,
    Reason.NOT_HOME: Party.RECIPIENT,
    Reason.CLOSED: Party.RECIPIENT,
    Reason.BAD_ADDRESS: Party.RECIPIENT,
    Reason.PICKUP_NOT_COLLECTED: Party.RECIPIENT,
    Reason.PAYMENT_DUE: Party.RECIPIENT,
    Reason.CUSTOMS_DOCUMENTS: Party.MERCHANT,
    Reason.CUSTOMS_INSPECTION: Party.CUSTOMS,
    Reason.PROHIBITED: Party.MERCHANT,
    Reason.SECURITY: Party.CUSTOMS,
    Reason.OTHER: Party.UNKNOWN,
}
"""Who usually answers for a reason; a carrier's own word wins."""


class Handed(models.TextChoices):
    """To whom a delivered parcel was given."""

    RECIPIENT = "recipient", _("To you")
    PROXY = "proxy", _("To someone else")
    LOCKER = "locker", _("To a locker or shop")
    NEIGHBOUR = "neighbour", _("To a neighbour")
    SAFE_PLACE = "safe_place", _("In a safe place")


class OffsetSource(models.TextChoices):
    """How we know the time zone of a carrier's local time."""

    OFFSET = "offset", _("Given by the carrier")
    PLACE = "place", _("From the place")
    CARRIER = "carrier", _("The carrier's own zone")
    UNKNOWN = "unknown", pgettext_lazy("time zone", "Unknown")


class EnvelopeState(models.TextChoices):
    """How far a carrier's message has come."""

    WAITING = "waiting", _("Waiting")
    APPLIED = "applied", _("Applied")
    QUARANTINED = "quarantined", _("Nobody's parcel")
    DEAD = "dead", _("Given up")
    DISMISSED = "dismissed", _("Not ours")


class EnvelopeSource(models.TextChoices):
    """How a carrier's message reached us."""

    PUSH = "push", _("Push")
    POLL = "poll", _("Poll")
    MANUAL = "manual", _("By hand")


class AnomalyKind(models.TextChoices):
    """What may be wrong with a parcel, or with an order before there is one."""

    NO_FIRST_SCAN = "no_first_scan", _("Never scanned")
    STALLED = "stalled", _("No scan for too long")
    PAST_ETA = "past_eta", _("Later than promised")
    CUSTOMS_STUCK = "customs_stuck", _("Stuck at customs")
    ATTEMPTS_EXHAUSTED = "attempts_exhausted", _("Tried too often")
    PICKUP_EXPIRING = "pickup_expiring", _("Not collected, soon to go back")
    SUSPECTED_LOST = "suspected_lost", _("Probably lost")
    UNTRACKABLE = "untrackable", _("Cannot be tracked")
    EXPIRED = "expired", _("No longer tracked")
    DAMAGED = "damaged", _("Damaged on the way")
    LOST = "lost", _("Lost")
    REFUSED = "refused", _("Refused")
    RETURNED = "returned", _("Returned")
    DELIVERED_DISPUTED = "delivered_disputed", _("Delivery disputed")
    CONFLICTING_EVENTS = "conflicting_events", _("Conflicting news")
    OUT_OF_STOCK = "out_of_stock", _("Out of stock")
    WRONG_ITEM = "wrong_item", _("Wrong item packed")
    NOT_SHIPPED = "not_shipped", _("Not sent in time")


SEEN = frozenset(
    {
        AnomalyKind.DAMAGED,
        AnomalyKind.LOST,
        AnomalyKind.REFUSED,
        AnomalyKind.RETURNED,
        AnomalyKind.DELIVERED_DISPUTED,
        AnomalyKind.CONFLICTING_EVENTS,
    }
)
"""Kinds that follow from the carrier's scans themselves."""

ON_ORDERS = frozenset({AnomalyKind.OUT_OF_STOCK, AnomalyKind.WRONG_ITEM, AnomalyKind.NOT_SHIPPED})
"""Kinds that are about an order; the merchant's systems report them."""

TIMED = frozenset(AnomalyKind) - SEEN - ON_ORDERS
"""Kinds of a parcel that follow from time passing without news."""


class Lane(models.TextChoices):
    """What kind of way a parcel has to go; each has its own patience."""

    DOMESTIC = "domestic", _("Domestic")
    CROSS_BORDER = "cross_border", _("Across a border")
    POSTAL = "postal", _("Across a border by post")


class Anchor(models.TextChoices):
    """From when a threshold counts."""

    SHIPPED = "shipped", _("Handed to the carrier")
    SCAN = "scan", _("Last physical scan")
    STATUS = "status", _("Came to this status")
    EXPECTED = "expected", _("The carrier's date")
    PROMISED = "promised", _("Our promise")
    PICKUP_ENDS = "pickup_ends", _("End of the pick-up time, counted back")
    ATTEMPTS = "attempts", _("Delivery attempts")
    PLACED = "placed", _("Order placed")
    REPORTED = "reported", _("Reported to us")


class Unit(models.TextChoices):
    """What a threshold counts in."""

    HOURS = "hours", _("hours of working days")
    BUSINESS_DAYS = "business_days", _("working days")
    DAYS = "days", _("calendar days")
    COUNT = "count", _("times")
