"""
Canada Post's event identifiers in our words.

The identifiers, with or without leading zeros, and what they mean are in Canada Post's "Messages
and code tables". One identifier may be printed with other words when the item is on its way back.
"""

from __future__ import annotations

import re

from tracking.carriers.base import NEWS, Meaning
from tracking.scans import ErrorKind
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1

_TABLE: tuple[tuple[Meaning, str], ...] = (
    (Meaning(S.INFO_RECEIVED), "3000"),
    (Meaning(S.PICKED_UP), "1300 1301 1302 1303 2300 4000"),
    (Meaning(S.IN_TRANSIT), "100 102 104 105 106 107 113 114 170 175 400 405 410 700 701 804 815"),
    (Meaning(S.IN_TRANSIT), "1240 1241 1244 1480 1490 1703 1705 2500 2501 4100 4202 4310 4311"),
    (Meaning(S.IN_TRANSIT), "4550 4600 4900 4950 8901"),
    (Meaning(S.IN_TRANSIT), "1410 2410"),  # kept back because the recipient asked
    (Meaning(S.HANDED_OVER), "115 116"),
    (Meaning(S.CUSTOMS), "130 800 900 910 2601 4330 4400 4450 4500 5201"),
    (Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS), "127 810"),
    (Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT), "117"),
    (Meaning(S.CUSTOMS, Reason.PAYMENT_DUE, Party.RECIPIENT), "1487 1495"),  # appeal of duties
    (Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER), "710"),
    (Meaning(S.EXCEPTION, Reason.MISSORTED, Party.CARRIER), "172"),
    (Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT), "118 120 171 173 1412 2412"),
    (Meaning(S.EXCEPTION, Reason.REFUSED, Party.RECIPIENT), "121"),
    (Meaning(S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE), "159"),
    (Meaning(S.EXCEPTION, Reason.OTHER, Party.FORCE_MAJEURE), "160 163"),  # protest; no power
    (Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER),
     "161 621 622 623 624 625 626 627 628 1414 1444 2414"),
    (Meaning(S.EXCEPTION, Reason.VEHICLE, Party.CARRIER), "162"),
    (Meaning(S.EXCEPTION, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT), "629"),
    (Meaning(S.EXCEPTION, Reason.OTHER), "179 630 1245 1450 1483 1484 1493 1494 4650 4700"),
    (Meaning(S.OUT_FOR_DELIVERY), "174 500"),
    (Meaning(S.ATTEMPT_FAILED), "1435 1436 1437 1438 1443 1479 1488"),  # a notice card was left
    (Meaning(S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT), "1411 2411"),
    (Meaning(S.AVAILABLE_FOR_PICKUP), "1407 1701 2407"),
    (Meaning(S.AVAILABLE_FOR_PICKUP, handed=Handed.LOCKER), "1405"),
    (Meaning(S.AVAILABLE_FOR_PICKUP, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT), "156"),
    (Meaning(S.DELIVERED), "1408 1409 1476 1496 1498 1499"),
    (Meaning(S.DELIVERED, handed=Handed.RECIPIENT), "1406"),
    (Meaning(S.DELIVERED, handed=Handed.SAFE_PLACE),
     "1421 1422 1423 1424 1426 1427 1428 1429 1430 1431 1433 1434 1497 5300"),
    (Meaning(S.DELIVERED, handed=Handed.LOCKER), "1441 1442"),
    (Meaning(S.DELIVERED, handed=Handed.PROXY),
     "1425 1432 1461 1462 1463 1465 1466 1467 1468 1469 1471 1472 1473 1475"),
    (Meaning(S.RETURNING), "1420 2600 2802 3001"),
    (Meaning(S.RETURNING, Reason.BAD_ADDRESS, Party.RECIPIENT), "1415 1416 1481 1491"),
    (Meaning(S.RETURNING, Reason.REFUSED, Party.RECIPIENT), "1417 1482 1492"),
    (Meaning(S.RETURNING, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT), "1419"),
    (Meaning(S.RETURNING, Reason.OTHER, Party.RECIPIENT), "1418"),  # no proof of age
    (Meaning(S.RETURNING, Reason.PAYMENT_DUE, Party.MERCHANT), "167"),
    (Meaning(S.RETURNING, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT), "182 1100"),
    (Meaning(S.RETURNING, Reason.PROHIBITED, Party.MERCHANT), "184"),
    (Meaning(S.RETURNING, Reason.OTHER, Party.MERCHANT), "168 169 181"),  # product, label
    (Meaning(S.RETURNING, Reason.OTHER, Party.FORCE_MAJEURE), "183"),  # country suspended
    (Meaning(S.DESTROYED, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT), "150"),
    (Meaning(S.CANCELLED), "190"),
    # Dates, wishes, money, labels, pictures; and where an item lies that was not handed over.
    (NEWS, "20 21 152 198 610 611 612 613 614 615 616 617 618 619 620 1200 1203 1210 1214 1215"),
    (NEWS, "1216 1220 1221 1222 1223 1224 1225 1230 1232 1234 2001 2101 3002"),
)  # fmt: skip

EVENT: dict[str, Meaning] = {code: meaning for meaning, codes in _TABLE for code in codes.split()}
"""Event identifier without leading zeros -> meaning."""

TYPE: dict[str, Meaning] = {
    "INFO": NEWS,
    "SIGNATURE": NEWS,
    "VEHICLE_INFO": NEWS,
    "INDUCTION": Meaning(S.PICKED_UP),
    "OUT": Meaning(S.OUT_FOR_DELIVERY),
    "ATTEMPTED": Meaning(S.ATTEMPT_FAILED),
    "TO_RETAIL": Meaning(S.IN_TRANSIT),
    "DELIVERED": Meaning(S.DELIVERED),
}
"""A summary's event type -> meaning; a summary names no identifier."""

BACK = re.compile(
    r"(?<!will be )(?<!sera )"
    r"\b(return(ed|ing)?\b.*\bsender\b|(retourné|renvoy).*\bexp(éditeur|éd?\.))",
    re.IGNORECASE,
)
"""Words that turn an event round, in both languages of the post; what will be is only a threat."""
FORWARD = frozenset(
    {
        S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.ATTEMPT_FAILED, S.AVAILABLE_FOR_PICKUP, S.EXCEPTION,
        S.DELIVERED,
    }
)  # fmt: skip
"""What such words turn round."""

ZONE: dict[str, str] = {
    "NST": "America/St_Johns", "NDT": "America/St_Johns",
    "AST": "America/Halifax", "ADT": "America/Halifax",
    "EST": "America/Toronto", "EDT": "America/Toronto",
    "CST": "America/Winnipeg", "CDT": "America/Winnipeg",
    "MST": "America/Edmonton", "MDT": "America/Edmonton",
    "PST": "America/Vancouver", "PDT": "America/Vancouver",
    "CSTNO": "America/Regina", "ESTNO": "America/Atikokan", "MSTNO": "America/Dawson_Creek",
}  # fmt: skip
"""
The zone an event names -> where that is.

Canada Post prints EST and MST in summer too, beside the time on the wall: the letters name the
zone, not the offset. ``NO`` behind them says that there is no summer time.
"""
PROVINCE_ZONE: dict[tuple[str, str], str] = {
    ("CST", "SK"): "America/Regina",  # no summer time
    ("MST", "BC"): "America/Dawson_Creek",
    ("MST", "YT"): "America/Whitehorse",
    ("PST", "YT"): "America/Whitehorse",
}
"""Where a zone's letters mean something else in one province."""
POSTAL_ZONE: dict[str, str] = {
    "B": "America/Halifax", "C": "America/Halifax", "E": "America/Moncton",
    "G": "America/Toronto", "H": "America/Toronto", "J": "America/Toronto",
    "K": "America/Toronto", "L": "America/Toronto", "M": "America/Toronto",
    "N": "America/Toronto", "R": "America/Winnipeg", "S": "America/Regina",
    "T": "America/Edmonton", "V": "America/Vancouver", "Y": "America/Whitehorse",
}  # fmt: skip
"""First letter of the destination's postal code -> zone; letters of several zones are left out."""

ERRORS: dict[str, ErrorKind] = {
    "004": ErrorKind.NOT_FOUND,
    "AA001": ErrorKind.AUTH,
    "AA002": ErrorKind.AUTH,
    "AA003": ErrorKind.AUTH,
    "AA004": ErrorKind.AUTH,
    "AA005": ErrorKind.AUTH,
    "AA006": ErrorKind.AUTH,
    "E002": ErrorKind.AUTH,
}
"""Message code -> kind."""
THROTTLED = 60
"""Seconds a key is shut out once it has asked too often."""
WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("slm monitor", ErrorKind.RATE_LIMITED),
    ("history", ErrorKind.NOT_FOUND),
    ("not found", ErrorKind.NOT_FOUND),
    ("authenticat", ErrorKind.AUTH),
    ("authoriz", ErrorKind.AUTH),
    ("pin", ErrorKind.INVALID_NUMBER),
    ("dnc", ErrorKind.INVALID_NUMBER),
)
"""For codes that are not listed: words in the description -> kind."""
