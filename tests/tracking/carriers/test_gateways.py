"""What gateways and keepers of tokens say in the name of a carrier."""

from __future__ import annotations

import orjson
import pytest

from tracking.carriers import registry
from tracking.carriers.gateways import refusal
from tracking.scans import ErrorKind

FAULTS = [
    ("policies.ratelimit.QuotaViolation", ErrorKind.QUOTA_EXHAUSTED),
    ("policies.ratelimit.SpikeArrestViolation", ErrorKind.RATE_LIMITED),
    ("oauth.v2.InvalidApiKey", ErrorKind.AUTH),
    ("keymanagement.service.invalid_access_token", ErrorKind.AUTH),
    ("messaging.adaptors.http.flow.ServiceUnavailable", ErrorKind.TRANSIENT),
]


@pytest.mark.parametrize("slug", ["dhl", "fedex", "ups", "usps"])
@pytest.mark.parametrize(("code", "kind"), FAULTS)
def test_a_gateways_fault_has_its_kind(slug: str, code: str, kind: ErrorKind) -> None:
    body = {"fault": {"faultstring": "Not today", "detail": {"errorcode": code}}}

    reading = registry.get(slug).parse(orjson.dumps(body))

    assert reading.parcels == ()
    assert [(error.kind, error.message) for error in reading.errors] == [
        (kind, f"{code}: Not today")
    ]


@pytest.mark.parametrize("slug", ["dhl", "fedex", "ups", "usps"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_client", ErrorKind.AUTH),
        ("invalid_token", ErrorKind.AUTH),
        ("access_denied", ErrorKind.AUTH),
    ],
)
def test_a_refused_token_is_a_trouble_of_credentials(slug: str, code: str, kind: ErrorKind) -> None:
    body = orjson.dumps({"error": code, "error_description": "It is over."})

    (error,) = registry.get(slug).parse(body).errors

    assert error.kind == kind
    assert error.message.startswith(code)


@pytest.mark.parametrize(
    "root", [None, [], "", 1, {}, {"fault": "x"}, {"error": {}}, {"error": "no such word"}], ids=str
)
def test_what_is_neither_is_left_to_the_carrier(root: object) -> None:
    assert refusal(root) is None


@pytest.mark.parametrize(
    ("slug", "body", "kind"),
    [
        ("fedex", {"output": {"completeTrackResults": []}}, ErrorKind.NOT_FOUND),
        (
            "fedex",
            {"errors": [{"code": "RATE.LIMIT.EXCEEDED", "message": "Unable to process this."}]},
            ErrorKind.RATE_LIMITED,
        ),
        ("17track", {"code": 0, "data": {"accepted": []}}, ErrorKind.NOT_FOUND),
        ("17track", {"code": 0, "data": {"accepted": [], "rejected": []}}, ErrorKind.NOT_FOUND),
        ("17track", {"code": 429, "message": "Too Many Requests"}, ErrorKind.RATE_LIMITED),
        ("17track", {"code": 401, "message": "Unauthorized"}, ErrorKind.AUTH),
    ],
)
def test_an_answer_about_nobody_is_no_silence(
    slug: str, body: dict[str, object], kind: ErrorKind
) -> None:
    reading = registry.get(slug).parse(orjson.dumps(body))

    assert reading.parcels == ()
    assert [error.kind for error in reading.errors] == [kind]
