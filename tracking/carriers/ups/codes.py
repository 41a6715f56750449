"""
UPS's codes in our words.

UPS tells each activity three ways: a type (one letter), an activity code (two characters) and a
package status code (three digits). The type alone misleads: type D covers "loaded" and "out for
delivery", type X covers a release by customs. So the exact codes speak first.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tracking.carriers.base import NEWS, Meaning
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1


TYPE: dict[str, Meaning] = {
    "M": Meaning(S.INFO_RECEIVED),
    "MV": Meaning(S.CANCELLED),
    "P": Meaning(S.PICKED_UP),
    "U": NEWS,
}
"""Types that say it all. D, I and X need a code."""

ACTIVITY: dict[tuple[str, str], Meaning] = {
    ("I", "OR"): Meaning(S.PICKED_UP),  # "UPS has your package"
    ("I", "PU"): Meaning(S.PICKED_UP),
    ("I", "XD"): Meaning(S.PICKED_UP),  # dropped off by the sender
    ("I", "DP"): Meaning(S.IN_TRANSIT),
    ("I", "AR"): Meaning(S.IN_TRANSIT),
    ("I", "DS"): Meaning(S.IN_TRANSIT),
    ("I", "YP"): Meaning(S.IN_TRANSIT),  # processing; preparing for delivery
    ("I", "IP"): Meaning(S.IN_TRANSIT),
    ("I", "EP"): Meaning(S.IN_TRANSIT),
    ("I", "WH"): Meaning(S.IN_TRANSIT),
    ("I", "LC"): Meaning(S.IN_TRANSIT),
    ("I", "OT"): Meaning(S.OUT_FOR_DELIVERY),
    ("I", "OF"): Meaning(S.OUT_FOR_DELIVERY),
    ("D", "OT"): Meaning(S.OUT_FOR_DELIVERY),
    ("D", "OF"): Meaning(S.OUT_FOR_DELIVERY),
    ("D", "YP"): Meaning(S.IN_TRANSIT),
    ("D", "FS"): Meaning(S.DELIVERED),
    ("D", "KB"): Meaning(S.DELIVERED),
    ("D", "KM"): Meaning(S.DELIVERED),
    ("D", "F4"): Meaning(S.DELIVERED),
    ("D", "9E"): Meaning(S.DELIVERED),
    ("X", "SR"): Meaning(S.CUSTOMS),  # released by the customs agency
    ("X", "RS"): Meaning(S.RETURNING),
    ("D", "RS"): Meaning(S.RETURNED),
}
"""(Type, activity code) -> meaning."""

NAMED: dict[tuple[str, str], Meaning] = {
    ("I", "out for delivery"): Meaning(S.OUT_FOR_DELIVERY),
    ("I", "out for delivery today"): Meaning(S.OUT_FOR_DELIVERY),
    ("I", "on vehicle for delivery today"): Meaning(S.OUT_FOR_DELIVERY),
}
"""
(Type, description in small letters) -> meaning, where UPS's own name says more than a code.

The old service has one code, DS, for the scan at the destination and for leaving it.
"""

ASIDE: tuple[re.Pattern[str], ...] = (
    re.compile(r"\bguaranteed service refund\b", re.IGNORECASE),
    re.compile(r"\binternal activity code\b", re.IGNORECASE),
)
"""Descriptions of exceptions that are book-keeping and say nothing of the parcel."""

_WEATHER = Meaning(S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE)
_DELAY = Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER)
_ATTEMPT = Meaning(S.ATTEMPT_FAILED)

PACKAGE: dict[str, Meaning] = {
    "003": Meaning(S.INFO_RECEIVED),
    "005": Meaning(S.IN_TRANSIT),
    "006": Meaning(S.OUT_FOR_DELIVERY),
    "007": Meaning(S.CANCELLED),
    "010": Meaning(S.IN_TRANSIT),
    "011": Meaning(S.DELIVERED),
    "012": Meaning(S.CUSTOMS),
    "013": Meaning(S.EXCEPTION),
    "014": Meaning(S.CUSTOMS),
    "016": Meaning(S.EXCEPTION, Reason.OTHER),  # held in warehouse
    "017": Meaning(S.AVAILABLE_FOR_PICKUP),
    "018": NEWS,
    "019": Meaning(S.IN_TRANSIT),  # held for the day the recipient chose
    "020": NEWS,
    "021": Meaning(S.OUT_FOR_DELIVERY),
    "022": _ATTEMPT,
    "023": _ATTEMPT,
    "024": _ATTEMPT,
    "025": Meaning(S.HANDED_OVER),
    "026": Meaning(S.DELIVERED),
    "027": NEWS,
    "028": NEWS,
    "029": Meaning(S.EXCEPTION, Reason.OTHER),
    "030": Meaning(S.EXCEPTION, Reason.OTHER),
    "032": _WEATHER,
    "033": NEWS,
    "034": Meaning(S.RETURNED),
    "035": Meaning(S.RETURNING),
    "036": Meaning(S.RETURNING),
    "037": Meaning(S.RETURNING),
    "038": Meaning(S.PICKED_UP),
    "039": Meaning(S.HANDED_OVER),
    "040": Meaning(S.AVAILABLE_FOR_PICKUP, handed=Handed.LOCKER),
    "041": NEWS,
    "042": NEWS,
    "043": NEWS,
    "044": Meaning(S.INFO_RECEIVED),
    "045": Meaning(S.INFO_RECEIVED),
    "046": _DELAY,
    "047": _DELAY,
    "048": _DELAY,
    "049": _DELAY,
    "050": Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT),
    "051": _WEATHER,
    "052": _WEATHER,
    "053": _WEATHER,
    "054": NEWS,
    "055": _DELAY,
    "056": NEWS,
    "057": Meaning(S.IN_TRANSIT),
    "058": Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT),
    "059": Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER),
    "060": _ATTEMPT,
    "061": _ATTEMPT,
    "062": Meaning(S.ATTEMPT_FAILED, Reason.PAYMENT_DUE, Party.RECIPIENT),
    "063": NEWS,
    "064": Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
    "065": NEWS,
    "066": _ATTEMPT,
    "067": Meaning(S.RETURNED),
    "068": Meaning(S.EXCEPTION, Reason.LOST, Party.CARRIER),  # sent to lost and found
    "069": Meaning(S.EXCEPTION, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT),
    "071": Meaning(S.IN_TRANSIT),
    "092": Meaning(S.CUSTOMS),  # clearance in progress
}
"""Package status code -> meaning."""

SMOOTH = frozenset({S.INFO_RECEIVED, S.PICKED_UP, S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.DELIVERED})
"""What an exception cannot be; such a package code beside type X is about the parcel as a whole."""


class Phrase(NamedTuple):
    """Words in an exception's description, and what they suggest."""

    words: re.Pattern[str]
    reason: Reason | None
    status: S | None = None


def _phrase(words: str, reason: Reason | None, status: S | None = None) -> Phrase:
    return Phrase(re.compile(words, re.IGNORECASE), reason, status)


PHRASES: tuple[Phrase, ...] = (
    _phrase(r"\bdamage", Reason.DAMAGED),
    _phrase(r"\b(lost|unable to locate|(cannot|could not) be located|package (is|was) missing)\b",
            Reason.LOST),
    _phrase(r"\brefused\b.*\breturn", Reason.REFUSED, S.RETURNING),
    _phrase(r"\b(refuse[ds]?|does not want|did not order|was not ordered)\b", Reason.REFUSED,
            S.ATTEMPT_FAILED),
    _phrase(r"\breturn(ed|ing)?\b.*\b(sender|shipper)\b", None, S.RETURNING),
    _phrase(r"\b(weather|storm|hurricane|typhoon|snow|flood|earthquake|natural disaster)\b",
            Reason.WEATHER),
    _phrase(r"\b(not available|not in|not home|no one|missed you)\b", Reason.NOT_HOME,
            S.ATTEMPT_FAILED),
    _phrase(r"\b(was closed|business closed|holiday closure|on vacation)\b", Reason.CLOSED,
            S.ATTEMPT_FAILED),
    _phrase(r"\b(address|street|apartment|city|company|receiver|postal code)\b"
            r".*\b(incorrect|incomplete|missing|moved|required|wrong)\b", Reason.BAD_ADDRESS),
    _phrase(r"\bincomplete address\b|\bdo not currently serve\b", Reason.BAD_ADDRESS),
    _phrase(r"\b(incorrectly sorted|missort|sorted incorrectly|wrong facility)\b",
            Reason.MISSORTED),
    _phrase(r"\b(late flight|late .*trailer|transportation accident|mechanical|vehicle"
            r"|train|missed the scheduled transfer)\b", Reason.VEHICLE),
    _phrase(r"\b(c\.?o\.?d\.?|collect funds|duty|duties|taxes|payment)\b", Reason.PAYMENT_DUE),
    _phrase(r"\b(prohibited|not permitted|hazardous)\b", Reason.PROHIBITED),
    _phrase(r"\b(document|paperwork|invoice|broker|clearance information)\b",
            Reason.CUSTOMS_DOCUMENTS, S.CUSTOMS),
    _phrase(r"\b(customs|clearance|(clearing|government) agency)\b",
            Reason.CUSTOMS_INSPECTION, S.CUSTOMS),
    _phrase(r"\b(not claimed|not picked up|unclaimed)\b", Reason.PICKUP_NOT_COLLECTED),
    _phrase(r"\b(delay|late|rescheduled|operating conditions)", Reason.DELAYED),
)  # fmt: skip
"""For exceptions no code explains; what comes of it is marked as a guess."""

LEFT_AT: tuple[tuple[re.Pattern[str], Handed], ...] = tuple(
    (re.compile(words, re.IGNORECASE), handed)
    for words, handed in (
        (r"access point|locker|ups store", Handed.LOCKER),
        (r"neighbo", Handed.NEIGHBOUR),
        (r"door|porch|deck|garage|carport|patio|yard|side of house", Handed.SAFE_PLACE),
        (r"reception|desk|mail ?room|dock|office|guard|concierge|leasing|security", Handed.PROXY),
        (r"met customer|resident|inside|customer counter", Handed.RECIPIENT),
    )
)
"""Words of the delivery location -> to whom it was given."""
