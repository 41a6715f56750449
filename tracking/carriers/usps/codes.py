"""
USPS's codes in our words.

An event has a code of two characters, and a delivery an attribute code besides. USPS sends more
codes than it lists; such an event is told by its name, which is one of a fixed list, and the newest
one by the category USPS puts the whole parcel into.
"""

from __future__ import annotations

import re

from tracking.carriers.base import NEWS, Meaning
from tracking.carriers.ups.codes import PHRASES, Phrase
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1

_ATTEMPT = Meaning(S.ATTEMPT_FAILED)
_BACK = Meaning(S.RETURNING, Reason.BAD_ADDRESS, Party.RECIPIENT)
_MISSORTED = Meaning(S.EXCEPTION, Reason.MISSORTED, Party.CARRIER)
_NOT_HOME = Meaning(S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT)
_PICKED_UP = Meaning(S.PICKED_UP)
_TRANSIT = Meaning(S.IN_TRANSIT)
_UNCLAIMED = Meaning(S.RETURNING, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT)

EVENT: dict[str, Meaning] = {
    "MA": Meaning(S.INFO_RECEIVED),
    "GX": Meaning(S.INFO_RECEIVED),
    "GA": Meaning(S.INFO_RECEIVED),
    "89": Meaning(S.INFO_RECEIVED),
    "NP": Meaning(S.INFO_RECEIVED),  # the post abroad prepares it
    "TM": Meaning(S.INFO_RECEIVED),  # with the shipping partner, on paper
    "03": _PICKED_UP,
    "OA": _PICKED_UP,
    "UA": _PICKED_UP,
    "PA": _PICKED_UP,
    "80": _PICKED_UP,  # by the shipping partner
    "81": _TRANSIT,
    "82": _TRANSIT,
    "83": _TRANSIT,
    "06": _TRANSIT,  # forwarded
    "07": _TRANSIT,
    "10": _TRANSIT,
    "19": _TRANSIT,
    "41": _TRANSIT,
    "A1": _TRANSIT,
    "AD": _TRANSIT,
    "EF": _TRANSIT,
    "L1": _TRANSIT,
    "NT": _TRANSIT,
    "PC": _TRANSIT,
    "SF": _TRANSIT,
    "T1": _TRANSIT,
    "TL": _TRANSIT,
    "U1": _TRANSIT,
    "OF": Meaning(S.OUT_FOR_DELIVERY),
    "01": Meaning(S.DELIVERED),
    "02": _ATTEMPT,
    "30": _ATTEMPT,  # no access
    "51": Meaning(S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT),
    "52": _ATTEMPT,
    "53": _ATTEMPT,
    "54": _ATTEMPT,
    "55": Meaning(S.ATTEMPT_FAILED, Reason.OTHER, Party.RECIPIENT),  # no secure place to leave it
    "56": _NOT_HOME,
    "04": Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
    "05": Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT),
    "08": _MISSORTED,
    "15": _MISSORTED,
    "11": Meaning(S.EXCEPTION, Reason.LOST, Party.UNKNOWN),  # no address at all: a dead letter
    "44": Meaning(S.EXCEPTION, Reason.OTHER, Party.MERCHANT),  # called back by the sender
    "14": Meaning(S.AVAILABLE_FOR_PICKUP),
    "16": Meaning(S.AVAILABLE_FOR_PICKUP),
    "17": Meaning(S.HANDED_OVER),
    "42": Meaning(S.HANDED_OVER),
    "09": Meaning(S.RETURNING),
    "29": Meaning(S.RETURNING),
    "21": _BACK,
    "22": _BACK,
    "23": _BACK,
    "24": _BACK,
    "25": _BACK,
    "26": _BACK,
    "27": _UNCLAIMED,
    "31": _UNCLAIMED,
    "28": Meaning(S.RETURNING, Reason.OTHER, Party.UNKNOWN),
    "71": NEWS,
    "DX": NEWS,
}
"""Event code -> meaning."""

NAMED: dict[str, Meaning] = {
    "delivered, to original sender": Meaning(S.RETURNED),
    "delivered to agent for final delivery": Meaning(S.HANDED_OVER),
    "delivered, to agent for final delivery": Meaning(S.HANDED_OVER),
}
"""Names of events that share the code of a delivery and are none, in small letters."""

BARE: dict[str, Meaning] = {
    "electronic shipping info received": Meaning(S.INFO_RECEIVED),
    "shipping label created": Meaning(S.INFO_RECEIVED),
    "pre-shipment info sent to usps": Meaning(S.INFO_RECEIVED),
    "acceptance": _PICKED_UP,
    "accept or pickup": _PICKED_UP,
    "accepted at usps origin facility": _PICKED_UP,
    "accepted at usps origin sort facility": _PICKED_UP,
    "picked up by shipping partner": _PICKED_UP,
    "usps in possession of item": _PICKED_UP,
    "origin post is preparing shipment": Meaning(S.INFO_RECEIVED),
    "arrival at hub": _TRANSIT,
    "arrival at post office": _TRANSIT,
    "arrival at unit": _TRANSIT,
    "arrived at hub": _TRANSIT,
    "arrived at post office": _TRANSIT,
    "arrived at usps destination facility": _TRANSIT,
    "arrived at usps facility": _TRANSIT,
    "arrived at usps origin facility": _TRANSIT,
    "arrived at usps regional facility": _TRANSIT,
    "arrived shipping partner facility": _TRANSIT,
    "depart usps sort facility": _TRANSIT,
    "departed post office": _TRANSIT,
    "departed shipping partner facility": _TRANSIT,
    "departed usps facility": _TRANSIT,
    "departed usps regional facility": _TRANSIT,
    "in transit to next facility": _TRANSIT,
    "processed at usps origin sort facility": _TRANSIT,
    "processed through facility": _TRANSIT,
    "processed through sort facility": _TRANSIT,
    "processed through usps sort facility": _TRANSIT,
    "sorting complete": _TRANSIT,
    "out for delivery": Meaning(S.OUT_FOR_DELIVERY),
    "delivered": Meaning(S.DELIVERED),
    "notice left": _NOT_HOME,
    "notice left (no authorized recipient available)": _NOT_HOME,
    "available for pickup": Meaning(S.AVAILABLE_FOR_PICKUP),
}
"""Names of events, before the comma and in small letters, for bodies so old that they have no
code."""


def _sentence(words: str, meaning: Meaning) -> tuple[re.Pattern[str], Meaning]:
    return re.compile(words), meaning


SENTENCE: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    _sentence(r"\bdelivered to (the |its )?(original )?sender\b", Meaning(S.RETURNED)),
    _sentence(r"\b(delivered|given) to (an |the )?agent\b", Meaning(S.HANDED_OVER)),
    _sentence(r"\bpicked up at (the |a )?(post|postal)\b",
              Meaning(S.DELIVERED, handed=Handed.RECIPIENT)),
    _sentence(r"^your item (was|has been) delivered\b", Meaning(S.DELIVERED)),
    _sentence(r"\bout for delivery\b", Meaning(S.OUT_FOR_DELIVERY)),
    _sentence(r"\bnotice (was )?left\b|\battempted (to deliver|delivery)\b", _NOT_HOME),
    _sentence(r"\brefused\b", Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT)),
    _sentence(r"\bunclaimed\b", _UNCLAIMED),
    _sentence(r"\breturn(ed|ing)? to (the |its )?(original )?sender\b", Meaning(S.RETURNING)),
    _sentence(r"\bundeliverable\b|\binsufficient address\b",
              Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT)),
    _sentence(r"\bmissent\b", _MISSORTED),
    _sentence(r"\bavailable for (pick-?up|redelivery)\b|\bbeing held\b",
              Meaning(S.AVAILABLE_FOR_PICKUP)),
    _sentence(r"\bcustoms\b", Meaning(S.CUSTOMS)),
    _sentence(r"\belectronically notified\b|\bshipping (info|label)\b", Meaning(S.INFO_RECEIVED)),
    _sentence(r"\baccepted\b|\bpicked up\b", _PICKED_UP),
    _sentence(r"^your item\b.*\b(arrived|departed|left|processed|sorted|forwarded)\b", _TRANSIT),
    _sentence(r"^your item\b.*\b(in transit|en route)\b", _TRANSIT),
)  # fmt: skip
"""USPS's own sentences, in small letters, of bodies so old that they have no fields at all."""

SILENCE = re.compile(
    r"\bno record of\b|\bcould not locate\b|\bstatus (information )?is not (yet )?available\b",
    re.IGNORECASE,
)
"""The sentence that stands where an event would, and says that there is none."""

SYSTEM_MADE = frozenset({"TL", "NT", "TM"})
"""Events that no scanner made: USPS reckons where the parcel should be by now."""

CATEGORY: dict[str, Meaning] = {
    "pre shipment": Meaning(S.INFO_RECEIVED),
    "accepted": _PICKED_UP,
    "in transit": _TRANSIT,
    "moving through network": _TRANSIT,
    "out for delivery": Meaning(S.OUT_FOR_DELIVERY),
    "delivered": Meaning(S.DELIVERED),
    "delivered to agent": Meaning(S.DELIVERED, handed=Handed.PROXY),
    "available for pickup": Meaning(S.AVAILABLE_FOR_PICKUP),
    "delivery attempt": _ATTEMPT,
    "alert": Meaning(S.EXCEPTION),
    "return to sender": Meaning(S.RETURNING),
}
"""``statusCategory`` in small letters and without hyphens -> meaning."""


def _phrase(words: str, reason: Reason, status: S | None = None) -> Phrase:
    return Phrase(re.compile(words, re.IGNORECASE), reason, status)


WORDS: tuple[Phrase, ...] = (
    _phrase(r"\banimal\b|\bno access\b|\bno secure location\b|\breceptacle\b", Reason.OTHER,
            S.ATTEMPT_FAILED),
    _phrase(r"\bno authorized recipient\b|\bnotice left\b", Reason.NOT_HOME, S.ATTEMPT_FAILED),
    _phrase(r"\b(dead (letter|mail)|mail recovery)\b", Reason.LOST),
    _phrase(r"\bmissent\b", Reason.MISSORTED),
    _phrase(r"\b(insufficient|undeliverable|no such) (address|number|as addressed)\b"
            r"|\b(vacant|addressee unknown|moved, left no)\b", Reason.BAD_ADDRESS),
    _phrase(r"\bunclaimed\b", Reason.PICKUP_NOT_COLLECTED),
    *PHRASES,
)  # fmt: skip
"""For alerts no code explains; what comes of it is marked as a guess."""

ATTRIBUTE: dict[str, Handed] = {
    "01": Handed.SAFE_PLACE,  # in the mailbox
    "02": Handed.SAFE_PLACE,  # at the door or on the porch
    "03": Handed.LOCKER,
    "05": Handed.PROXY,  # front desk, reception, mail room
    "06": Handed.SAFE_PLACE,  # garage
}
"""Delivery attribute code -> to whom; "left with individual" (04) does not say with which."""

LEFT: tuple[tuple[re.Pattern[str], Handed], ...] = tuple(
    (re.compile(words, re.IGNORECASE), handed)
    for words, handed in (
        (r"neighbo", Handed.NEIGHBOUR),
        (r"locker|\bp\.?o\.? box\b", Handed.LOCKER),
        (r"mailbox|door|porch|garage|carport|patio", Handed.SAFE_PLACE),
        (r"\bagent\b|front desk|reception|mail ?room", Handed.PROXY),
        (r"picked up at post(al)? (office|facility)", Handed.RECIPIENT),
    )
)
"""Words in the name of a delivery -> to whom."""

ZONE: dict[str, str] = {
    state: zone
    for zone, states in {
        "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        "America/Chicago": "AL AR IA IL LA MN MO MS OK WI",
        "America/Denver": "CO MT NM UT WY",
        "America/Los_Angeles": "CA WA",
        "Pacific/Honolulu": "HI",
        "America/Puerto_Rico": "PR",
        "America/St_Thomas": "VI",
        "Pacific/Guam": "GU",
    }.items()
    for state in states.split()
}
"""States that keep one clock all over; the others are left out, for a guess is no time."""
