"""
Ship24's words in ours.

Each event has a code, a category and a milestone. The code says what happened, and is absent from
events that matter little; the milestone says how far the parcel as a whole had come by then.
"""

from __future__ import annotations

from tracking.carriers.aggregated import Couriers
from tracking.carriers.base import NEWS, Meaning
from tracking.scans import ErrorKind
from tracking.states import ParcelStatus as S
from tracking.states import Party, Reason

VERSION = 1


CODE: dict[str, Meaning] = {
    "data_order_created": Meaning(S.INFO_RECEIVED),
    "data_order_cancelled": Meaning(S.CANCELLED),
    "data_delivery_proposed": NEWS,
    "data_delivery_decided": NEWS,
    "transit_handover": Meaning(S.PICKED_UP),
    "transit_origin_country_departure": Meaning(S.IN_TRANSIT),
    "destination_arrival": Meaning(S.IN_TRANSIT),
    "customs_received": Meaning(S.CUSTOMS),
    "customs_exception": Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS),
    "customs_rejected": Meaning(S.CUSTOMS, Reason.SECURITY, Party.CUSTOMS),
    "customs_cleared": Meaning(S.CUSTOMS),
    "delivery_available_for_pickup": Meaning(S.AVAILABLE_FOR_PICKUP),
    "delivery_out_for_delivery": Meaning(S.OUT_FOR_DELIVERY),
    "delivery_attempted": Meaning(S.ATTEMPT_FAILED),
    "delivery_exception": Meaning(S.EXCEPTION),
    "delivery_refused": Meaning(S.ATTEMPT_FAILED, Reason.REFUSED, Party.RECIPIENT),
    "delivery_delivered": Meaning(S.DELIVERED),
    "exception_return": Meaning(S.RETURNING),
    "exception_lost": Meaning(S.LOST, Reason.LOST, Party.CARRIER),
    "exception_discarded": Meaning(S.DESTROYED, party=Party.CARRIER),
}
"""statusCode -> meaning, all 20."""

CATEGORY: dict[str, Meaning] = {
    "transit": Meaning(S.IN_TRANSIT),
    "destination": Meaning(S.IN_TRANSIT),
    "customs": Meaning(S.CUSTOMS),
    "exception": Meaning(S.EXCEPTION),
}
"""statusCategory -> meaning; "data" and "delivery" say too little and leave it to the milestone."""

MILESTONE: dict[str, Meaning] = {
    "pending": NEWS,
    "info_received": Meaning(S.INFO_RECEIVED),
    "in_transit": Meaning(S.IN_TRANSIT),
    "out_for_delivery": Meaning(S.OUT_FOR_DELIVERY),
    "failed_attempt": Meaning(S.ATTEMPT_FAILED),
    "available_for_pickup": Meaning(S.AVAILABLE_FOR_PICKUP),
    "delivered": Meaning(S.DELIVERED),
    "exception": Meaning(S.EXCEPTION),
}
"""statusMilestone -> meaning, all 8."""

ERRORS: dict[str, ErrorKind] = {
    "auth_invalid_api_key": ErrorKind.AUTH,
    "auth_invalid_header": ErrorKind.AUTH,
    "auth_missing_header": ErrorKind.AUTH,
    "no_active_subscription": ErrorKind.AUTH,
    "parcel_not_found": ErrorKind.NOT_FOUND,
    "tracker_not_found": ErrorKind.NOT_FOUND,
    "validation_error": ErrorKind.INVALID_NUMBER,
    "shipping_date_outdated": ErrorKind.INVALID_NUMBER,
    "missing_mandatory_field": ErrorKind.INVALID_NUMBER,
    "quota_limit_reached": ErrorKind.QUOTA_EXHAUSTED,
    "bulk_create_limit_exceeded": ErrorKind.QUOTA_EXHAUSTED,
    "parsing_error": ErrorKind.SCHEMA_DRIFT,
    "processing_error": ErrorKind.TRANSIENT,
    "request_conflict": ErrorKind.TRANSIENT,
    "tracker_conflict": ErrorKind.TRANSIENT,
}
"""Error code -> kind."""

WORDS: tuple[tuple[str, ErrorKind], ...] = (
    ("too many requests", ErrorKind.RATE_LIMITED),
    ("too_many_requests", ErrorKind.RATE_LIMITED),
    ("rate limit", ErrorKind.RATE_LIMITED),
    ("rate_limit", ErrorKind.RATE_LIMITED),
    ("quota", ErrorKind.QUOTA_EXHAUSTED),
    ("auth", ErrorKind.AUTH),
    ("api key", ErrorKind.AUTH),
    ("not found", ErrorKind.NOT_FOUND),
    ("not_found", ErrorKind.NOT_FOUND),
)
"""For codes that are not listed: words in the code or the message -> kind."""

COURIERS = Couriers(
    {
        "us-post": "usps",
        "usps": "usps",
        "ups": "ups",
        "fedex": "fedex",
        "dhl": "dhl",
        "dhl-express": "dhl",
        "dhl-ecommerce": "dhl",
        "dhl-parcel-de": "dhl_de",
        "au-post": "auspost",
        "ca-post": "canadapost",
        "gb-post": "royalmail",
        "jp-post": "japanpost",
        "cn-post": "chinapost",
        "cn-ems": "ems",
        "sf-express": "sf",
        "yto-express": "yto",
        "sto-express": "sto",
        "zto-express": "zto",
        "yunda-express": "yunda",
        "jd-logistics": "jd",
        "4px": "4px",
        "yanwen": "yanwen",
        "yunexpress": "yunexpress",
        "tnt": "tnt",
        "dpd": "dpd",
        "dpd-uk": "dpd_uk",
        "gls": "gls",
        "aramex": "aramex",
        "ontrac": "ontrac",
    }
)
"""Ship24's courier codes and our slugs; the first of a slug is the one we ask with."""
