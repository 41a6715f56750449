"""17TRACK's statuses, error codes and carriers in ours."""

from __future__ import annotations

import re

from tracking.carriers.base import Meaning
from tracking.scans import ErrorKind
from tracking.states import ParcelStatus as S
from tracking.states import Party, Reason

VERSION = 1

STATUS: dict[str, Meaning] = {
    "NotFound": Meaning(S.REGISTERED),
    "InfoReceived": Meaning(S.INFO_RECEIVED),
    "InTransit": Meaning(S.IN_TRANSIT),
    "Expired": Meaning(S.EXPIRED),
    "AvailableForPickup": Meaning(S.AVAILABLE_FOR_PICKUP),
    "OutForDelivery": Meaning(S.OUT_FOR_DELIVERY),
    "DeliveryFailure": Meaning(S.ATTEMPT_FAILED),
    "Delivered": Meaning(S.DELIVERED),
    "Exception": Meaning(S.EXCEPTION),
}
"""Main status -> meaning, for sub-statuses that are new."""

SUB_STATUS: dict[str, Meaning] = {
    "NotFound_Other": Meaning(S.REGISTERED),
    "NotFound_InvalidCode": Meaning(S.REGISTERED),
    "InfoReceived": Meaning(S.INFO_RECEIVED),
    "InTransit_PickedUp": Meaning(S.PICKED_UP),
    "InTransit_Other": Meaning(S.IN_TRANSIT),
    "InTransit_Departure": Meaning(S.IN_TRANSIT),
    "InTransit_Arrival": Meaning(S.IN_TRANSIT),
    "InTransit_TransportDeparted": Meaning(S.IN_TRANSIT),
    "InTransit_TransportArrived": Meaning(S.IN_TRANSIT),
    "InTransit_CustomsProcessing": Meaning(S.CUSTOMS),
    "InTransit_CustomsReleased": Meaning(S.CUSTOMS),
    "InTransit_CustomsRequiringInformation":
        Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.CUSTOMS),
    "Expired_Other": Meaning(S.EXPIRED),
    "AvailableForPickup_Other": Meaning(S.AVAILABLE_FOR_PICKUP),
    "OutForDelivery_Other": Meaning(S.OUT_FOR_DELIVERY),
    "DeliveryFailure_Other": Meaning(S.ATTEMPT_FAILED),
    "DeliveryFailure_NoBody": Meaning(S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT),
    "DeliveryFailure_Security": Meaning(S.ATTEMPT_FAILED, Reason.SECURITY),
    "DeliveryFailure_Rejected": Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
    "DeliveryFailure_InvalidAddress": Meaning(S.ATTEMPT_FAILED, Reason.BAD_ADDRESS),
    "Delivered_Other": Meaning(S.DELIVERED),
    "Exception_Other": Meaning(S.EXCEPTION),
    "Exception_Returning": Meaning(S.RETURNING),
    "Exception_Returned": Meaning(S.RETURNED),
    "Exception_NoBody": Meaning(S.EXCEPTION, Reason.BAD_ADDRESS),  # found before any attempt
    "Exception_Security": Meaning(S.EXCEPTION, Reason.SECURITY),
    "Exception_Damage": Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER),
    "Exception_Rejected": Meaning(S.EXCEPTION, Reason.REFUSED, Party.RECIPIENT),
    "Exception_Delayed": Meaning(S.EXCEPTION, Reason.DELAYED),
    "Exception_Lost": Meaning(S.LOST, Reason.LOST, Party.CARRIER),
    "Exception_Destroyed": Meaning(S.DESTROYED),
    "Exception_Cancel": Meaning(S.CANCELLED),
    "Exception_Held": Meaning(S.EXCEPTION, Reason.SECURITY),
}  # fmt: skip
"""Sub-status -> meaning."""

STAGE: dict[str, Meaning] = {
    "InfoReceived": Meaning(S.INFO_RECEIVED),
    "PickedUp": Meaning(S.PICKED_UP),
    "Departure": Meaning(S.IN_TRANSIT),
    "Arrival": Meaning(S.IN_TRANSIT),
    "AvailableForPickup": Meaning(S.AVAILABLE_FOR_PICKUP),
    "OutForDelivery": Meaning(S.OUT_FOR_DELIVERY),
    "Delivered": Meaning(S.DELIVERED),
    "Returning": Meaning(S.RETURNING),
    "Returned": Meaning(S.RETURNED),
}
"""Stage of an event, and ``key_stage`` of a milestone -> meaning."""

BROAD = "InTransit_Other"
"""The one sub-status that says less than a stage beside it."""
UNKNOWN_NUMBER = "NotFound_InvalidCode"

FORCES = frozenset({Reason.WEATHER, Reason.VEHICLE})
"""What the words of a delay may add: 17TRACK has one sub-status for all of them."""

STATE: dict[str, Meaning] = {
    "0": Meaning(),
    "10": Meaning(S.IN_TRANSIT),
    "20": Meaning(S.EXPIRED),
    "30": Meaning(S.AVAILABLE_FOR_PICKUP),
    "35": Meaning(S.ATTEMPT_FAILED),
    "40": Meaning(S.DELIVERED),
    "50": Meaning(S.EXCEPTION),
}
"""State in version 1 and on the web page -> meaning; 0 says that there is none."""

SAYS: tuple[tuple[re.Pattern[str], S], ...] = tuple(
    (re.compile(words, re.IGNORECASE), status)
    for words, status in (
        (r"\bout for delivery\b", S.OUT_FOR_DELIVERY),
        (r"\b(customs|clearance)\b", S.CUSTOMS),
        (r"\b(label (has been )?created|information received|pre-advi[cs]e)", S.INFO_RECEIVED),
        (r"\b(posting|posted|picked up|pick-up by|collected from|acceptance|accepted by)\b",
         S.PICKED_UP),
        (r"\b(arriv(al|ed)|depart(ure|ed)|dispatch(ed)?|in transit|left|export|import)\b",
         S.IN_TRANSIT),
    )
)  # fmt: skip
"""For an event with no status at all: what English words plainly say. Never an ending."""

TAKEN = "-18019901"
"""The error that says: this number is registered already."""

ERRORS: dict[str, ErrorKind] = {
    "401": ErrorKind.AUTH,
    "429": ErrorKind.RATE_LIMITED,  # more than three calls a second
    "-18010001": ErrorKind.AUTH,  # this address may not ask
    "-18010002": ErrorKind.AUTH,
    "-18010003": ErrorKind.TRANSIENT,
    "-18010004": ErrorKind.AUTH,
    "-18010005": ErrorKind.AUTH,
    "-18010010": ErrorKind.INVALID_NUMBER,
    "-18010011": ErrorKind.INVALID_NUMBER,
    "-18010012": ErrorKind.INVALID_NUMBER,
    "-18010013": ErrorKind.INVALID_NUMBER,
    "-18010014": ErrorKind.SCHEMA_DRIFT,
    "-18010015": ErrorKind.INVALID_NUMBER,
    "-18010016": ErrorKind.INVALID_NUMBER,
    "-18010018": ErrorKind.INVALID_NUMBER,
    "-18010019": ErrorKind.INVALID_NUMBER,
    "-18010020": ErrorKind.INVALID_NUMBER,
    "-18010022": ErrorKind.INVALID_NUMBER,
    "-18010201": ErrorKind.AUTH,
    "-18010202": ErrorKind.AUTH,
    "-18010203": ErrorKind.AUTH,
    "-18010204": ErrorKind.AUTH,
    "-18010205": ErrorKind.AUTH,
    "-18010206": ErrorKind.TRANSIENT,
    "-18019801": ErrorKind.INVALID_NUMBER,
    "-18019802": ErrorKind.INVALID_NUMBER,
    "-18019803": ErrorKind.INVALID_NUMBER,
    "-18019804": ErrorKind.INVALID_NUMBER,
    "-18019805": ErrorKind.INVALID_NUMBER,
    "-18019806": ErrorKind.INVALID_NUMBER,
    "-18019807": ErrorKind.INVALID_NUMBER,
    "-18019808": ErrorKind.INVALID_NUMBER,
    "-18019809": ErrorKind.INVALID_NUMBER,
    "-18019810": ErrorKind.INVALID_NUMBER,
    "-18019811": ErrorKind.INVALID_NUMBER,
    "-18019815": ErrorKind.TRANSIENT,
    "-18019816": ErrorKind.TRANSIENT,
    "-18019817": ErrorKind.TRANSIENT,
    "-18019818": ErrorKind.INVALID_NUMBER,
    "-18019902": ErrorKind.NOT_FOUND,  # it was never registered
    "-18019903": ErrorKind.INVALID_NUMBER,  # its carrier cannot be told from the number
    "-18019907": ErrorKind.QUOTA_EXHAUSTED,
    "-18019908": ErrorKind.QUOTA_EXHAUSTED,
    "-18019909": ErrorKind.NOT_FOUND,
    "-18019910": ErrorKind.INVALID_NUMBER,
    "-18019911": ErrorKind.INVALID_NUMBER,
    "-18019912": ErrorKind.AUTH,
}
"""Error code -> kind."""

WEB_ERRORS: dict[str, ErrorKind] = {"-6": ErrorKind.AUTH}
"""``Code`` of the web page's answers -> kind; 0 is none."""

COURIER: dict[str, str] = {
    "100001": "dhl",
    "100002": "ups",
    "100003": "fedex",
    "100004": "tnt",
    "100005": "gls",
    "100006": "aramex",
    "100007": "dpd",
    "100010": "dpd_uk",
    "100012": "sf",
    "190766": "sf",
    "21051": "usps",
    "3011": "chinapost",
    "3013": "ems",
    "3041": "canadapost",
    "1151": "auspost",
    "10021": "japanpost",
    "11031": "royalmail",
    "11033": "parcelforce",
    "7041": "dhl_de",
    "190157": "yto",
    "190455": "zto",
    "190175": "zto",
    "190324": "sto",
    "190012": "yanwen",
    "190008": "yunexpress",
    "190094": "4px",
    "190174": "deppon",
    "190077": "ttk",
    "190415": "uce",
    "190429": "rrs",
    "190259": "best",
    "190271": "cainiao",
    "2151": "correios",
    "6051": "laposte",
    "14041": "postnl",
    "11051": "koreapost",
    "8011": "hongkongpost",
    "9021": "indiapost",
    "9031": "posindonesia",
    "9051": "anpost",
    "9061": "israelpost",
    "9071": "posteitaliane",
    "1161": "austrianpost",
    "2061": "bpost",
    "3221": "czechpost",
    "5031": "emiratespost",
    "6041": "posti",
    "7071": "elta",
    "8051": "magyarposta",
    "13051": "posmalaysia",
    "13141": "correosmexico",
    "4011": "postnord",
}
"""17TRACK's number of a carrier -> our slug; of another we say nothing."""
