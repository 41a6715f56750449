"""
AfterShip's tags and subtags in ours, from AfterShip's own page.

Public code holds wrong tables of these (one takes Exception_003, a refusal, for a loss): check a
change against the page named in docs/carriers/aftership.md and nothing else.
"""

from __future__ import annotations

from tracking.carriers.aggregated import Couriers
from tracking.carriers.base import Meaning
from tracking.scans import ErrorKind
from tracking.states import Handed, Party, Reason
from tracking.states import ParcelStatus as S

VERSION = 1

_SILENT = Meaning(S.REGISTERED)

TAG: dict[str, Meaning] = {
    "Pending": _SILENT,
    "InfoReceived": Meaning(S.INFO_RECEIVED),
    "InTransit": Meaning(S.IN_TRANSIT),
    "OutForDelivery": Meaning(S.OUT_FOR_DELIVERY),
    "AttemptFail": Meaning(S.ATTEMPT_FAILED),
    "Delivered": Meaning(S.DELIVERED),
    "AvailableForPickup": Meaning(S.AVAILABLE_FOR_PICKUP),
    "Exception": Meaning(S.EXCEPTION),
    "Expired": Meaning(S.EXPIRED),
}
"""Tag -> meaning, for subtags that are new or absent."""

SUBTAG: dict[str, Meaning] = {
    "Pending_001": _SILENT,
    "Pending_002": _SILENT,
    "Pending_003": _SILENT,
    "Pending_004": _SILENT,
    "Pending_005": _SILENT,
    "Pending_006": _SILENT,
    "InfoReceived_001": Meaning(S.INFO_RECEIVED),
    "InTransit_001": Meaning(S.IN_TRANSIT),
    "InTransit_002": Meaning(S.PICKED_UP),
    "InTransit_003": Meaning(S.IN_TRANSIT),  # arrival scan
    "InTransit_004": Meaning(S.IN_TRANSIT),  # arrived in the destination country
    "InTransit_005": Meaning(S.CUSTOMS),  # clearance completed
    "InTransit_006": Meaning(S.CUSTOMS),  # clearance started
    "InTransit_007": Meaning(S.IN_TRANSIT),  # departure scan
    "InTransit_008": Meaning(S.IN_TRANSIT),  # problem resolved
    "InTransit_009": Meaning(S.HANDED_OVER),  # forwarded to another delivery address
    "OutForDelivery_001": Meaning(S.OUT_FOR_DELIVERY),
    "OutForDelivery_002": Meaning(S.AVAILABLE_FOR_PICKUP),  # before there was a tag for it
    "OutForDelivery_003": Meaning(S.OUT_FOR_DELIVERY),  # customer contacted
    "OutForDelivery_004": Meaning(S.OUT_FOR_DELIVERY),  # appointment made
    "AttemptFail_001": Meaning(S.ATTEMPT_FAILED),
    "AttemptFail_002": Meaning(S.ATTEMPT_FAILED, Reason.NOT_HOME, Party.RECIPIENT),
    "AttemptFail_003": Meaning(S.ATTEMPT_FAILED, Reason.CLOSED, Party.RECIPIENT),
    "AvailableForPickup_001": Meaning(S.AVAILABLE_FOR_PICKUP),
    "Delivered_001": Meaning(S.DELIVERED),
    "Delivered_002": Meaning(S.DELIVERED, handed=Handed.RECIPIENT),  # collected by the customer
    "Delivered_003": Meaning(S.DELIVERED, handed=Handed.RECIPIENT),  # signed by the customer
    "Delivered_004": Meaning(S.DELIVERED, handed=Handed.RECIPIENT),  # against cash
    "Delivered_005": Meaning(S.DELIVERED, handed=Handed.NEIGHBOUR),
    "Exception_001": Meaning(S.EXCEPTION),
    "Exception_002": Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT),  # moved
    "Exception_003": Meaning(S.EXCEPTION, Reason.REFUSED, Party.RECIPIENT),
    "Exception_004": Meaning(S.CUSTOMS, Reason.CUSTOMS_INSPECTION, Party.CUSTOMS),
    "Exception_005": Meaning(S.EXCEPTION, Reason.DELAYED, Party.FORCE_MAJEURE),
    "Exception_006": Meaning(S.EXCEPTION, Reason.PAYMENT_DUE, Party.RECIPIENT),
    "Exception_007": Meaning(S.EXCEPTION, Reason.BAD_ADDRESS, Party.RECIPIENT),
    "Exception_008": Meaning(S.EXCEPTION, Reason.PICKUP_NOT_COLLECTED, Party.RECIPIENT),
    "Exception_009": Meaning(S.EXCEPTION, Reason.PROHIBITED, Party.MERCHANT),
    "Exception_010": Meaning(S.RETURNING),
    "Exception_011": Meaning(S.RETURNED),
    "Exception_012": Meaning(S.EXCEPTION, Reason.DAMAGED, Party.CARRIER),
    "Exception_013": Meaning(S.LOST, Reason.LOST, Party.CARRIER),
    "Exception_016": Meaning(S.EXCEPTION, Reason.DELAYED, Party.CARRIER),
    "Exception_017": Meaning(S.EXCEPTION, Reason.WEATHER, Party.FORCE_MAJEURE),
    "Exception_018": Meaning(S.CUSTOMS, Reason.CUSTOMS_DOCUMENTS, Party.MERCHANT),
    "Exception_019": Meaning(S.EXCEPTION, Reason.VEHICLE, Party.CARRIER),  # late flight
    "Exception_020": Meaning(S.CANCELLED),
    "Exception_021": Meaning(S.DESTROYED),
    "Expired_001": Meaning(S.EXPIRED),
}
"""Subtag -> meaning."""

TAKEN = "4003"
"""The error that says: this tracking exists already."""

ERRORS: dict[str, ErrorKind] = {
    "400": ErrorKind.SCHEMA_DRIFT,
    "4001": ErrorKind.SCHEMA_DRIFT,
    "4002": ErrorKind.SCHEMA_DRIFT,
    "4004": ErrorKind.NOT_FOUND,
    "4005": ErrorKind.INVALID_NUMBER,
    "4006": ErrorKind.SCHEMA_DRIFT,
    "4007": ErrorKind.INVALID_NUMBER,
    "4008": ErrorKind.INVALID_NUMBER,
    "4009": ErrorKind.INVALID_NUMBER,
    "4010": ErrorKind.INVALID_NUMBER,
    "4011": ErrorKind.INVALID_NUMBER,  # this courier wants a postcode, a date or an account too
    "4012": ErrorKind.INVALID_NUMBER,  # the courier cannot be told from the number
    "4013": ErrorKind.INVALID_NUMBER,
    "4015": ErrorKind.NOT_FOUND,
    "4016": ErrorKind.INVALID_NUMBER,
    "4017": ErrorKind.INVALID_NUMBER,
    "401": ErrorKind.AUTH,
    "402": ErrorKind.QUOTA_EXHAUSTED,
    "403": ErrorKind.AUTH,
    "404": ErrorKind.NOT_FOUND,
    "429": ErrorKind.RATE_LIMITED,
}
"""``meta.code`` -> kind; what is not here passes and is tried again."""

COURIERS = Couriers(
    {
        "usps": "usps",
        "ups": "ups",
        "ups-api": "ups",
        "ups-freight": "ups",
        "ups-mi": "ups",
        "fedex": "fedex",
        "fedex-api": "fedex",
        "fedex-crossborder": "fedex",
        "fedex-freight": "fedex",
        "fedex-uk": "fedex",
        "dhl": "dhl",
        "dhl-active-tracing": "dhl",
        "dhl-api": "dhl",
        "dhl-global-mail": "dhl",
        "dhl-global-mail-asia": "dhl",
        "dhl-hk": "dhl",
        "dhl-germany": "dhl_de",
        "australia-post": "auspost",
        "australia-post-api": "auspost",
        "australia-post-sftp": "auspost",
        "canada-post": "canadapost",
        "royal-mail": "royalmail",
        "japan-post": "japanpost",
        "sagawa": "sagawa",
        "china-post": "chinapost",
        "china-ems": "ems",
        "sf-express": "sf",
        "sf-express-cn": "sf",
        "sfb2c": "sf",
        "yto": "yto",
        "sto": "sto",
        "zto-express": "zto",
        "yundaex": "yunda",
        "jtexpress": "jt",
        "jd-express": "jd",
        "deppon": "deppon",
        "800bestex": "best",
        "zjs-express": "zjs",
        "4px": "4px",
        "yanwen": "yanwen",
        "yunexpress": "yunexpress",
        "tnt": "tnt",
        "dpd": "dpd",
        "dpd-de": "dpd",
        "dpd-uk": "dpd_uk",
        "interlink-express": "dpd_uk",
        "gls": "gls",
        "aramex": "aramex",
        "ontrac": "ontrac",
    }
)
"""AfterShip's courier slugs and ours; the first of ours is the one we ask with."""
UNRECOGNISED = "unrecognized"
"""What AfterShip calls a courier it could not tell from the number."""
