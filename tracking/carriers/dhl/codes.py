"""
DHL's codes in our words.

Every event has one of five status codes, which are coarse. Parcel Germany gives a two-letter code
beside it, DHL Express another two letters; where there is one, it decides. Else the words of an
event may refine "transit" and "failure", and what comes of that is marked as a guess.
"""

from __future__ import annotations

import re

from tracking.carriers.base import NEWS, Meaning
from tracking.carriers.ups.codes import LEFT_AT, PHRASES, Phrase
from tracking.scans import ErrorKind
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1

STATUS: dict[str, Meaning] = {
    "pre-transit": Meaning(S.INFO_RECEIVED),
    "transit": Meaning(S.IN_TRANSIT),
    "delivered": Meaning(S.DELIVERED),
    "failure": Meaning(S.EXCEPTION),
    "unknown": NEWS,
}
"""Status code -> meaning."""

PARCEL_DE: dict[str, Meaning] = {
    "VA": Meaning(S.INFO_RECEIVED),
    "AN": NEWS,  # nobody could collect it
    "AE": Meaning(S.PICKED_UP),
    "ES": Meaning(S.PICKED_UP),
    "AA": Meaning(S.IN_TRANSIT),
    "EE": Meaning(S.IN_TRANSIT),
    "NB": Meaning(S.IN_TRANSIT),
    "PO": Meaning(S.OUT_FOR_DELIVERY),
    "LA": Meaning(S.AVAILABLE_FOR_PICKUP),
    "ZF": Meaning(S.AVAILABLE_FOR_PICKUP),
    "ZN": Meaning(S.ATTEMPT_FAILED),
    "ZU": Meaning(S.DELIVERED),
    "BV": Meaning(S.EXCEPTION),
    "ZO": Meaning(S.CUSTOMS),
    "DD": NEWS,
    "GT": NEWS,
}
"""Event code of Parcel Germany -> meaning."""

_DOCUMENTS = Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT)
_DELAY = Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER)
_ADDRESS = Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT)
_MISSORT = Meaning(S.EXCEPTION, Reason.MISSORTED, Party.CARRIER)

EXPRESS: dict[str, Meaning] = {
    "DU": Meaning(S.INFO_RECEIVED),
    "SD": Meaning(S.INFO_RECEIVED),
    "PU": Meaning(S.PICKED_UP),
    "SA": Meaning(S.PICKED_UP),
    "AF": Meaning(S.IN_TRANSIT),
    "AR": Meaning(S.IN_TRANSIT),
    "CI": Meaning(S.IN_TRANSIT),
    "CU": Meaning(S.IN_TRANSIT),
    "DF": Meaning(S.IN_TRANSIT),
    "FD": Meaning(S.IN_TRANSIT),
    "HN": Meaning(S.IN_TRANSIT),  # from hand to hand inside DHL
    "HO": Meaning(S.IN_TRANSIT),  # out of the held inventory again
    "LV": Meaning(S.IN_TRANSIT),
    "PL": Meaning(S.IN_TRANSIT),
    "PO": Meaning(S.IN_TRANSIT),  # departing origin
    "SI": Meaning(S.IN_TRANSIT),  # looked into
    "SM": Meaning(S.IN_TRANSIT),
    "TR": Meaning(S.IN_TRANSIT),
    "UV": Meaning(S.IN_TRANSIT),
    "TP": Meaning(S.HANDED_OVER),
    "BL": Meaning(S.CUSTOMS),
    "BN": Meaning(S.CUSTOMS),
    "BR": Meaning(S.CUSTOMS),
    "CR": Meaning(S.CUSTOMS),
    "ES": Meaning(S.CUSTOMS),
    "IC": Meaning(S.CUSTOMS),
    "CD": _DOCUMENTS,  # a clearance delay that somebody here can end
    "UD": Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS),
    "WC": Meaning(S.OUT_FOR_DELIVERY),
    "CA": Meaning(S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT),
    "ND": Meaning(S.ATTEMPT_FAILED),
    "NH": Meaning(S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT),
    "RD": Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
    "CC": Meaning(S.AVAILABLE_FOR_PICKUP),
    "BA": _ADDRESS,
    "CM": _ADDRESS,
    "DM": Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER),
    "DP": Meaning(S.EXCEPTION, Reason.SECURITY, Party.CUSTOMS),  # a denied party
    "HI": Meaning(S.EXCEPTION, Reason.OTHER),  # into the held inventory
    "HP": Meaning(S.EXCEPTION, Reason.PAYMENT_DUE, Party.RECIPIENT),
    "IR": _MISSORT,  # an incorrect route
    "MC": _MISSORT,
    "MD": _DELAY,
    "MS": _MISSORT,
    "NA": _DELAY,
    "OH": Meaning(S.EXCEPTION, Reason.OTHER),
    "PD": Meaning(S.EXCEPTION, Reason.OTHER),  # a part of the pieces came
    "SS": Meaning(S.EXCEPTION, Reason.OTHER),
    "ST": Meaning(S.EXCEPTION, Reason.OTHER),  # intercepted
    "TI": Meaning(S.EXCEPTION, Reason.OTHER, Party.CARRIER),  # a trace was begun: DHL looks for it
    "TD": _DELAY,
    "DD": Meaning(S.DELIVERED, Reason.DAMAGED, Party.CARRIER),
    "OK": Meaning(S.DELIVERED),
    "RT": Meaning(S.RETURNING),
    "DS": Meaning(S.DESTROYED),
    "AD": NEWS,
    "CS": NEWS,
    "DI": NEWS,  # the invoice of duties
    "EM": NEWS,
    "IA": NEWS,
    "PY": NEWS,
    "RR": NEWS,
    "RW": NEWS,
    "SC": NEWS,
    "TT": NEWS,  # the trace is over
}
"""Checkpoint of DHL Express -> meaning."""
TRACKS: dict[str, Meaning] = {
    **EXPRESS,
    "GH": Meaning(S.CUSTOMS, Reason.DELAYED, Party.CUSTOMS),
    "TB": Meaning(S.CUSTOMS),
}
"""Disposition of the oldest XML service -> meaning: Express's checkpoints, and two more."""
PAPERWORK = frozenset(
    "AD AN BN CS DD DI DP DU EM GT IA PY RR SC SD TI TT VA".split()  # noqa: SIM905
)
"""Codes of neither table that no scanner makes; Express's own DD, damaged, is a delivery."""

SERVICES: dict[str, dict[str, Meaning]] = {"parcel-de": PARCEL_DE, "express": EXPRESS}
"""Division -> its own table."""


def _phrase(words: str, reason: Reason | None, status: S | None = None) -> Phrase:
    return Phrase(re.compile(words, re.IGNORECASE), reason, status)


_GRAVE = frozenset(
    {
        Reason.DAMAGED, Reason.LOST, Reason.REFUSED, Reason.WEATHER, Reason.NOT_HOME,
        Reason.CLOSED, Reason.BAD_ADDRESS, Reason.MISSORTED,
    }
)  # fmt: skip
BACK = _phrase(r"\breturn(ed|ing)?\b.*\b(sender|shipper|consignor|origin)\b", None, S.RETURNING)
SHOP = r"recipient|receiver|consignee|packstation|service ?point|parcel ?shop|post office|outlet"
SAYS: tuple[Phrase, ...] = (
    _phrase(r"\bout for delivery\b|\bwith (the )?(delivery )?courier\b"
            r"|\bloaded\b.*\bdelivery vehicle\b", None, S.OUT_FOR_DELIVERY),
    *(one for one in PHRASES if one.reason in _GRAVE),
    BACK,
    _phrase(r"\bdelivery (was )?(not |un)success|\battempted delivery\b|\bdelivery attempt"
            r"|\bcould not be delivered\b", None, S.ATTEMPT_FAILED),
    _phrase(r"\b(ready|available|waiting|awaiting|held|stored)\b.*\b(collection|pick-?up)\b",
            None, S.AVAILABLE_FOR_PICKUP),
    _phrase(rf"^(?!.*\b({SHOP})\b).*\b(picked up|collected|pick-?up (was )?successful)\b",
            None, S.PICKED_UP),
    _phrase(r"\b(clearance|customs)\b.*\b(document|paperwork|invoice|information)"
            r"|\b(document|paperwork|invoice)\b.*\b(clearance|customs)\b",
            Reason.CUSTOMS_DOCUMENTS, S.CUSTOMS),
    _phrase(r"\b(clearance|customs)\b.*\b(delay|hold|held|inspect|pending)"
            r"|\b(held|pending)\b.*\b(clearance|customs)\b", Reason.CUSTOMS_INSPECTION, S.CUSTOMS),
    _phrase(r"\b(clearance|customs)\b", None, S.CUSTOMS),
    _phrase(r"\b(forwarded|handed over|transferred) to (a |the )?(third party|partner|agent"
            r"|local (carrier|post))", None, S.HANDED_OVER),
    _phrase(r"\bdelay", Reason.DELAYED, S.EXCEPTION),
    _phrase(r"\bon hold\b|\bheld\b", Reason.OTHER, S.EXCEPTION),
)  # fmt: skip
"""Words of an event on its way, and what they say more than "transit"."""

SILENT: tuple[Phrase, ...] = (
    *SAYS,
    _phrase(r"\b(processed|departed|arrived|transferred|in transit|sorted|movement)\b",
            None, S.IN_TRANSIT),
)  # fmt: skip
"""Words of an event that has no code at all."""

TROUBLE: tuple[Phrase, ...] = (*PHRASES, BACK)
"""Words of an event that went wrong, and why."""

SPOILT = re.compile(r"\b(destroyed|disposed|disposal|destruction)\b", re.IGNORECASE)
"""Parcel Germany's code for a delivery covers disposal too."""

HANDED: tuple[tuple[re.Pattern[str], Handed], ...] = (
    (re.compile(r"\b(picked up|collected) by the (recipient|receiver|consignee)\b"
                r"|\b(recipient|receiver) (has )?(picked up|collected)\b", re.IGNORECASE),
     Handed.RECIPIENT),
    (re.compile(r"packstation|parcel ?shop|service ?point|post office|branch", re.IGNORECASE),
     Handed.LOCKER),
    *LEFT_AT,
)  # fmt: skip

ERRORS: dict[str, ErrorKind] = {
    "401": ErrorKind.AUTH,
    "403": ErrorKind.AUTH,
    "404": ErrorKind.NOT_FOUND,
    "429": ErrorKind.RATE_LIMITED,
}
"""HTTP status of a problem -> kind; below 500 the others are about a call we made wrongly."""
WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("no shipment", ErrorKind.NOT_FOUND),
    ("not found", ErrorKind.NOT_FOUND),
    ("no result", ErrorKind.NOT_FOUND),
    ("password", ErrorKind.AUTH),
    ("siteid", ErrorKind.AUTH),
    ("authenticat", ErrorKind.AUTH),
    ("authoriz", ErrorKind.AUTH),
    ("awb", ErrorKind.INVALID_NUMBER),
    ("waybill", ErrorKind.INVALID_NUMBER),
    ("parsing", ErrorKind.SCHEMA_DRIFT),
)
"""For the Express service: words of a condition -> kind."""
