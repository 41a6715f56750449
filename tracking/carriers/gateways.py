"""What stands in front of a carrier's service and speaks where the service is not reached."""

from __future__ import annotations

from typing import Any

from tracking.carriers.base import text
from tracking.scans import CarrierError, ErrorKind

FAULTS: tuple[tuple[str, ErrorKind], ...] = (
    ("quotaviolation", ErrorKind.QUOTA_EXHAUSTED),
    ("spikearrest", ErrorKind.RATE_LIMITED),
    ("oauth", ErrorKind.AUTH),
    ("apikey", ErrorKind.AUTH),
    ("access_token", ErrorKind.AUTH),
)
"""Part of a gateway's error code -> kind; any other passes."""

TOKENS: dict[str, ErrorKind] = {
    "access_denied": ErrorKind.AUTH,
    "invalid_client": ErrorKind.AUTH,
    "invalid_grant": ErrorKind.AUTH,
    "invalid_scope": ErrorKind.AUTH,
    "invalid_token": ErrorKind.AUTH,
    "unauthorized_client": ErrorKind.AUTH,
    "temporarily_unavailable": ErrorKind.TRANSIENT,
    "server_error": ErrorKind.TRANSIENT,
    "slow_down": ErrorKind.RATE_LIMITED,
}
"""Error of OAuth (RFC 6749, 6750 and 8628) -> kind."""


def refusal(root: Any) -> CarrierError | None:
    """Return the fault of a gateway, or the refusal of who keeps the tokens; None for others."""
    code = text(root, "fault", "detail", "errorcode", limit=200)
    words = text(root, "fault", "faultstring", limit=300)
    if code:
        kind = next((kind for some, kind in FAULTS if some in code.lower()), ErrorKind.TRANSIENT)
        return CarrierError(kind=kind, message=f"{code}: {words}".strip(": "))
    code, words = text(root, "error", limit=200), text(root, "error_description", limit=300)
    kind_of_token = TOKENS.get(code.lower())
    if kind_of_token is None:
        return None
    return CarrierError(kind=kind_of_token, message=f"{code}: {words}".strip(": "))
