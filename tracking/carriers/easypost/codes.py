"""
EasyPost's words in ours.

Each event has a status and, since 2016, a status detail. The status says how far the parcel is,
the detail what happened: "in_transit" with "lost" is lost, yet "delivered" with
"arrived_at_destination" is delivered.
"""

from __future__ import annotations

from tracking.carriers.aggregated import Couriers
from tracking.carriers.base import NEWS, Meaning
from tracking.scans import ErrorKind
from tracking.states import ParcelStatus as S
from tracking.states import Party, Reason

VERSION = 1


STATUS: dict[str, Meaning] = {
    "unknown": NEWS,
    "pre_transit": Meaning(S.INFO_RECEIVED),
    "in_transit": Meaning(S.IN_TRANSIT),
    "out_for_delivery": Meaning(S.OUT_FOR_DELIVERY),
    "delivered": Meaning(S.DELIVERED),
    "available_for_pickup": Meaning(S.AVAILABLE_FOR_PICKUP),
    "return_to_sender": Meaning(S.RETURNING),
    "failure": Meaning(S.EXCEPTION),
    "cancelled": Meaning(S.CANCELLED),
    "canceled": Meaning(S.CANCELLED),
    "error": NEWS,
}
"""Status -> meaning, the ten EasyPost lists and one spelling more."""

DETAIL: dict[str, Meaning] = {
    "address_correction": Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT),
    "arrived_at_destination": Meaning(S.IN_TRANSIT),
    "arrived_at_facility": Meaning(S.IN_TRANSIT),
    "arrived_at_pickup_location": Meaning(S.AVAILABLE_FOR_PICKUP),
    "awaiting_information": Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT),
    "cancelled": Meaning(S.CANCELLED),
    "damaged": Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER),
    "delayed": Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER),
    "delivery_exception": Meaning(S.ATTEMPT_FAILED),
    "departed_facility": Meaning(S.IN_TRANSIT),
    "departed_origin_facility": Meaning(S.IN_TRANSIT),
    "expired": Meaning(S.EXPIRED),
    "failure": Meaning(S.EXCEPTION),
    "held": Meaning(S.EXCEPTION, Reason.OTHER),
    "in_transit": Meaning(S.IN_TRANSIT),
    "label_created": Meaning(S.INFO_RECEIVED),
    "lost": Meaning(S.LOST, Reason.LOST, Party.CARRIER),
    "missorted": Meaning(S.EXCEPTION, Reason.MISSORTED, Party.CARRIER),
    "out_for_delivery": Meaning(S.OUT_FOR_DELIVERY),
    "received_at_destination_facility": Meaning(S.IN_TRANSIT),
    "received_at_origin_facility": Meaning(S.PICKED_UP),
    "refused": Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
    "return": Meaning(S.RETURNING),
    "status_update": NEWS,
    "transferred_to_destination_carrier": Meaning(S.HANDED_OVER),
    "transit_exception": Meaning(S.EXCEPTION),
    "unknown": NEWS,
    "weather_delay": Meaning(S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE),
}
"""Status detail -> meaning, all 28."""

PAIR: dict[tuple[str, str], Meaning] = {
    ("return_to_sender", "arrived_at_destination"): Meaning(S.RETURNED),
}
"""(Status, detail) -> meaning, where neither says it alone."""

FIRM = frozenset({
    "pre_transit", "delivered", "available_for_pickup", "return_to_sender", "cancelled", "canceled",
})  # fmt: skip
"""Statuses that a detail may explain but not change."""
SMOOTH = frozenset({S.INFO_RECEIVED, S.PICKED_UP, S.IN_TRANSIT, S.HANDED_OVER, S.OUT_FOR_DELIVERY})
"""Details beside "out_for_delivery" and "failure" that only repeat how far the parcel had come."""
LATE = frozenset({"out_for_delivery", "failure"})

ERRORS: dict[str, ErrorKind] = {
    "TRACKER.NOT_FOUND": ErrorKind.NOT_FOUND,
    "NOT_FOUND": ErrorKind.NOT_FOUND,
    "TRACKER.RETRIEVE.ERROR": ErrorKind.TRANSIENT,
    "TRACKER.RUN.ERROR": ErrorKind.TRANSIENT,
    "TRACKER.CREATE.ERROR": ErrorKind.INVALID_NUMBER,
    "TRACKER.INVALID_TEST_CODE": ErrorKind.INVALID_NUMBER,
    "TRACKER.INVALID_PARAMS": ErrorKind.INVALID_NUMBER,
    "TRACKER.UNSUPPORTED_CARRIER": ErrorKind.INVALID_NUMBER,
    "TRACKER.CARRIER_CODE_MISMATCH": ErrorKind.INVALID_NUMBER,
    "TRACKER.MULTIPLE_CARRIERS_FOR_CODE": ErrorKind.INVALID_NUMBER,
    "TRACKER.NO_CARRIER_FOR_CODE": ErrorKind.INVALID_NUMBER,
    "TRACKER.NO_CARRIER_ACCOUNT": ErrorKind.AUTH,
    "APIKEY.INACTIVE": ErrorKind.AUTH,
    "FORBIDDEN": ErrorKind.AUTH,
    "MODE.CONFLICT": ErrorKind.AUTH,
    "MODE.UNAUTHORIZED": ErrorKind.AUTH,
    "UNAUTHORIZED": ErrorKind.AUTH,
    "USER.UNAUTHORIZED": ErrorKind.AUTH,
    "PAYMENT_REQUIRED": ErrorKind.QUOTA_EXHAUSTED,
    "PAYMENT_GATEWAY.ERROR": ErrorKind.QUOTA_EXHAUSTED,
    "RATE_LIMITED": ErrorKind.RATE_LIMITED,
    "RATE_LIMIT.EXCEEDED": ErrorKind.RATE_LIMITED,
    "TOO_MANY_REQUESTS": ErrorKind.RATE_LIMITED,
    "INTERNAL_SERVER_ERROR": ErrorKind.TRANSIENT,
    "SERVICE_UNAVAILABLE": ErrorKind.TRANSIENT,
    "BAD_REQUEST": ErrorKind.SCHEMA_DRIFT,
    "NOT_ACCEPTABLE": ErrorKind.SCHEMA_DRIFT,
    "PARAMETER.REQUIRED": ErrorKind.SCHEMA_DRIFT,
    "PARAMETER.FORBIDDEN": ErrorKind.SCHEMA_DRIFT,
}
"""Error code -> kind."""

WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("in-flight", ErrorKind.TRANSIENT),
    ("timed out", ErrorKind.TRANSIENT),
    ("unavailable", ErrorKind.TRANSIENT),
    ("try again", ErrorKind.TRANSIENT),
    ("too many requests", ErrorKind.RATE_LIMITED),
    ("rate limit", ErrorKind.RATE_LIMITED),
    ("rate-limit", ErrorKind.RATE_LIMITED),
    ("insufficient funds", ErrorKind.QUOTA_EXHAUSTED),
    ("api key", ErrorKind.AUTH),
    ("authoriz", ErrorKind.AUTH),
    ("authentic", ErrorKind.AUTH),
    ("not found", ErrorKind.NOT_FOUND),
    ("could not be found", ErrorKind.NOT_FOUND),
)
"""Words that tell kinds apart where one code serves several or the code is new."""

COURIERS = Couriers(
    {
        "USPS": "usps",
        "UPS": "ups",
        "UPSDAP": "ups",
        "UPSIparcel": "ups",
        "UPSMailInnovations": "ups",
        "UPSSurePost": "ups",
        "FedEx": "fedex",
        "FedExDefault": "fedex",
        "FedExCrossBorder": "fedex",
        "FedExMailview": "fedex",
        "FedExSameDayCity": "fedex",
        "FedexSmartPost": "fedex",
        "DHLExpress": "dhl",
        "DHL": "dhl",
        "DhlEcs": "dhl",
        "DHLEcommerceAsia": "dhl",
        "DHLGlobalMail": "dhl",
        "DHLSmartmail": "dhl",
        "DHLPaket": "dhl_de",
        "AustraliaPost": "auspost",
        "CanadaPost": "canadapost",
        "ChinaEMS": "ems",
        "RoyalMail": "royalmail",
        "JapanPost": "japanpost",
        "SFExpress": "sf",
        "TNTExpress": "tnt",
        "DPD": "dpd",
        "DPDUK": "dpd_uk",
        "GLS": "gls",
        "Aramex": "aramex",
        "OnTrac": "ontrac",
        "OnTracV3": "ontrac",
        "YunExpress": "yunexpress",
        "Yanwen": "yanwen",
    }
)
"""EasyPost's carrier names and our slugs; the first of a slug is the one we ask with."""
