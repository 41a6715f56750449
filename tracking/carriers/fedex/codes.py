"""
FedEx's codes in our words.

A scan has an event type (two letters) and, where something is wrong, an exception code: two digits
at FedEx Express, three and sometimes a letter at FedEx Ground. The same exception code beside a
smooth event is a remark, so it gives that event a reason and never another status. The derived
code is not believed where there is an event type: FedEx derives ``DL`` for parcels that went back.
"""

from __future__ import annotations

import re

from tracking.carriers.base import NEWS, Meaning
from tracking.carriers.ups.codes import PHRASES, Phrase
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1

_CUSTOMS = Meaning(S.CUSTOMS)
_DELAY = Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER)
_HELD_AT_CUSTOMS = Meaning(S.CUSTOMS, Reason.DELAYED, Party.CUSTOMS)
_OUT = Meaning(S.OUT_FOR_DELIVERY)
_PICKED_UP = Meaning(S.PICKED_UP)
_TRANSIT = Meaning(S.IN_TRANSIT)

EVENT: dict[str, Meaning] = {
    "OC": Meaning(S.INFO_RECEIVED),
    "OX": Meaning(S.INFO_RECEIVED),  # told to USPS
    "EP": Meaning(S.INFO_RECEIVED),
    "AP": Meaning(S.INFO_RECEIVED),  # the courier stands at the shipper's door
    "IP": _PICKED_UP,  # in FedEx's possession: tendered at a counter
    "PU": _PICKED_UP,
    "PX": _PICKED_UP,
    "DO": _PICKED_UP,  # dropped off
    "OF": _PICKED_UP,  # at the origin facility
    "AA": _TRANSIT,
    "AF": _TRANSIT,
    "AR": _TRANSIT,
    "DP": _TRANSIT,
    "EA": _TRANSIT,
    "EO": _TRANSIT,
    "FD": _TRANSIT,
    "IT": _TRANSIT,
    "IX": _TRANSIT,
    "LO": _TRANSIT,
    "OW": _TRANSIT,
    "PF": _TRANSIT,
    "PL": _TRANSIT,
    "PM": _TRANSIT,
    "SF": _TRANSIT,
    "TR": _TRANSIT,
    "AC": Meaning(S.HANDED_OVER),  # at Canada Post
    "AX": Meaning(S.HANDED_OVER),  # at USPS
    "TP": Meaning(S.HANDED_OVER),
    "AD": _OUT,
    "ED": _OUT,
    "OD": _OUT,
    "HL": Meaning(S.AVAILABLE_FOR_PICKUP),
    "HP": Meaning(S.AVAILABLE_FOR_PICKUP),
    "DL": Meaning(S.DELIVERED),
    "RS": Meaning(S.RETURNING),
    "CA": Meaning(S.CANCELLED),
    "CC": _CUSTOMS,
    "CP": _CUSTOMS,
    "CD": _HELD_AT_CUSTOMS,
    "DE": Meaning(S.EXCEPTION),
    "SE": Meaning(S.EXCEPTION),
    "DY": _DELAY,
    "DD": _DELAY,
    "PD": Meaning(S.EXCEPTION, Reason.DELAYED, Party.UNKNOWN),  # the shipper may have been late
    "AE": NEWS,
    "AO": NEWS,
    "AS": NEWS,  # the address was put right
    "CH": NEWS,
    "DR": NEWS,
    "DS": NEWS,
    "HA": NEWS,
    "IN": NEWS,  # on-demand care completed; as a derived code it is another thing
    "LP": NEWS,
    "MD": NEWS,
    "PR": NEWS,
    "RA": NEWS,
    "RC": NEWS,
    "RD": NEWS,
    "RG": NEWS,
    "RM": NEWS,
    "RP": NEWS,
    "RR": NEWS,
    "RT": NEWS,
    "SP": NEWS,
    "US": NEWS,
}
"""Event type -> meaning."""

DERIVED: dict[str, Meaning] = {
    "IN": Meaning(S.INFO_RECEIVED),
    "PU": _PICKED_UP,
    "IT": _TRANSIT,
    "OD": _OUT,
    "HL": Meaning(S.AVAILABLE_FOR_PICKUP),
    "HP": Meaning(S.AVAILABLE_FOR_PICKUP),
    "DL": Meaning(S.DELIVERED),
    "DE": Meaning(S.EXCEPTION),
    "SE": Meaning(S.EXCEPTION),
    "DY": _DELAY,
    "CD": _HELD_AT_CUSTOMS,
    "CA": Meaning(S.CANCELLED),
}
"""Derived code -> meaning, for a scan without an event type; others mean what the event does."""

TROUBLED = frozenset({"CD", "DD", "DE", "DY", "SE"})
"""Event types that say little without their exception code."""

UNSCANNED = frozenset({"CA", "CC", "CD", "CP", "DD", "DY", "PD"})
"""Event types told on paper, besides announcements: nobody had the parcel in hand."""

_BROKEN = Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER)
_CLOSED = Meaning(S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT)
_INSPECTION = Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS)
_MISSORTED = Meaning(S.EXCEPTION, Reason.MISSORTED, Party.CARRIER)
_NOT_HOME = Meaning(S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT)
_VEHICLE = Meaning(S.EXCEPTION, Reason.VEHICLE, Party.CARRIER)

EXCEPTION: dict[str, Meaning] = {
    "01": _DELAY,
    "03": Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT),
    "05": Meaning(S.ATTEMPT_FAILED, Reason.OTHER, Party.RECIPIENT),  # a security delay at the door
    "07": Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
    "08": _NOT_HOME,
    "10": _BROKEN,
    "12": _MISSORTED,
    "14": Meaning(S.RETURNING),
    "15": _CLOSED,
    "17": _TRANSIT,  # the recipient chose a later day
    "18": _MISSORTED,
    "20": Meaning(S.EXCEPTION, Reason.PROHIBITED, Party.MERCHANT),
    "22": _VEHICLE,
    "29": _TRANSIT,  # sent elsewhere as asked
    "31": _DELAY,
    "32": _VEHICLE,
    "33": _VEHICLE,
    "37": _BROKEN,
    "42": _CLOSED,
    "48": _DELAY,
    "50": Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT),
    "55": _INSPECTION,
    "62": _INSPECTION,
    "73": _INSPECTION,
    "84": Meaning(S.EXCEPTION, Reason.DELAYED, Party.FORCE_MAJEURE),
    "85": _VEHICLE,
    "89": _VEHICLE,
    "93": Meaning(S.EXCEPTION, Reason.PAYMENT_DUE, Party.RECIPIENT),
    "007": _NOT_HOME,
    "015A": Meaning(S.AVAILABLE_FOR_PICKUP),
    "039": _BROKEN,
    "060G": Meaning(S.RETURNING),
    "A3": _TRANSIT,
    "A12": _TRANSIT,
    "A13": _TRANSIT,
    "A47": _TRANSIT,  # sent to a nearby location to be held
}
"""Exception code -> meaning."""

DELAY: dict[str, Meaning] = {
    "WEATHER": Meaning(S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE),
    "CLEARANCE": _HELD_AT_CUSTOMS,
    "GENERAL": _DELAY,
    "LOCAL": _DELAY,
    "OPERATIONAL": _DELAY,
}
"""``delayDetail.type`` of a delayed parcel -> meaning."""


def _phrase(words: str, reason: Reason, status: S | None = None) -> Phrase:
    return Phrase(re.compile(words, re.IGNORECASE), reason, status)


WORDS: tuple[Phrase, ...] = (
    _phrase(r"\b(incorrect|wrong|incomplete|insufficient|invalid)\b.*\baddress\b"
            r"|\bunable to locate (the )?(address|consignee|customer|recipient)\b",
            Reason.BAD_ADDRESS),
    _phrase(r"\bclearance instructions\b", Reason.CUSTOMS_DOCUMENTS, S.CUSTOMS),
    _phrase(r"\b(local delivery restriction|beyond (our|fedex'?s?) control)", Reason.DELAYED),
    *PHRASES,
)  # fmt: skip
"""For troubles no code explains; what comes of it is marked as a guess."""

VAGUE = frozenset({Reason.CUSTOMS_INSPECTION, Reason.DELAYED})
"""Reasons that words give away too easily to outweigh what an event type says."""

GIVEN: dict[str, Handed] = {
    "02": Handed.SAFE_PLACE,  # release authorised
    "014": Handed.SAFE_PLACE,  # no signature asked for
}
"""Exception code of a delivery -> to whom it was given."""

LOCATION: dict[str, Handed] = {
    "APARTMENT_OFFICE": Handed.PROXY,
    "GATE_HOUSE": Handed.PROXY,
    "GUARD_OR_SECURITY_STATION": Handed.PROXY,
    "IN_BOND_OR_CAGE": Handed.PROXY,
    "LEASING_OFFICE": Handed.PROXY,
    "MAILROOM": Handed.PROXY,
    "MAIN_OFFICE": Handed.PROXY,
    "MANAGER_OFFICE": Handed.PROXY,
    "PHARMACY": Handed.PROXY,
    "RECEPTIONIST_OR_FRONT_DESK": Handed.PROXY,
    "RENTAL_OFFICE": Handed.PROXY,
    "SHIPPING_RECEIVING": Handed.PROXY,
    "FEDEX_AUTHORIZED_SHIP_CENTER": Handed.LOCKER,
    "FEDEX_EXPRESS_STATION": Handed.LOCKER,
    "FEDEX_GROUND_TERMINAL": Handed.LOCKER,
    "FEDEX_LOCATION": Handed.LOCKER,
    "FEDEX_OFFICE": Handed.LOCKER,
    "FEDEX_ONSITE": Handed.LOCKER,
    "FEDEX_SELF_SERVICE_LOCATION": Handed.LOCKER,
    "FEDEX_SHIPSITE": Handed.LOCKER,
    "FEDEX_SMART_POST_HUB": Handed.LOCKER,
    "FEDEX_STAFFED": Handed.LOCKER,
}
"""``deliveryDetails.locationType`` -> to whom it was given; a residence says nothing."""
