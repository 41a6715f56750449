"""Published signature vectors against the seals we offer."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.conformance.data import DATA, present
from tracking.carriers import registry

OFFERED = {
    "standard-webhooks": ("generic", "simulator"),
    "svix": ("generic", "simulator"),
    "17track-sha256": ("17track",),
    "easypost-hmac": ("easypost",),
}
"""Scheme -> the adapters that speak it."""
NOT_OFFERED = {"hub-sha256", "trackingmore-hmac-of-timestamp"}
"""Schemes of services that have no adapter here; a scheme in neither list fails."""


def vectors() -> list[dict[str, Any]]:
    path = DATA / "webhook_vectors" / "vectors.json"
    return orjson.loads(path.read_bytes()) if path.exists() else []


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


def body(vector: dict[str, Any]) -> bytes:
    if "body_spec" in vector:
        spec = vector["body_spec"]
        return str(spec["repeat"]).encode() * int(spec["times"])
    if "body_file" in vector:
        return (DATA / "webhook_vectors" / str(vector["body_file"])).read_bytes()
    return str(vector.get("body", "")).encode()


@pytest.mark.parametrize(
    "vector", [one for one in vectors() if one["scheme"] in OFFERED], ids=lambda one: one["name"]
)
class TestVectors:
    def verify(self, vector: dict[str, Any], content: bytes, secret: str) -> str | None:
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        now = datetime.fromtimestamp(vector.get("verify_at_unix", 1_700_000_000), tz=UTC)
        said = [
            registry.get(slug).verify(content, headers, [secret], now=now)
            for slug in OFFERED[vector["scheme"]]
        ]
        assert len(set(said)) == 1
        return said[0]

    def test_opens_only_what_must_open(self, vector: dict[str, Any]) -> None:
        secret = base64.b64decode(vector["secret_b64"]).decode()

        assert (self.verify(vector, body(vector), secret) is None) is vector["valid"]

    def test_no_flipped_bit_and_no_other_secret_opens(self, vector: dict[str, Any]) -> None:
        if not vector["valid"]:
            return  # a flipped bit may well mend a body that was tampered with
        secret = base64.b64decode(vector["secret_b64"]).decode()
        content = body(vector)
        for place in range(min(len(content), 64)):
            changed = bytearray(content)
            changed[place] ^= 1
            assert self.verify(vector, bytes(changed), secret)
        assert self.verify(vector, content, secret + "A===")
        assert self.verify(vector, content, "")
        assert self.verify(vector, content, "  ")

    def test_a_second_live_secret_opens_too_and_a_revoked_one_does_not(
        self, vector: dict[str, Any]
    ) -> None:
        secret = base64.b64decode(vector["secret_b64"]).decode()
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        now = datetime.fromtimestamp(vector.get("verify_at_unix", 1_700_000_000), tz=UTC)
        other = "whsec_" + base64.b64encode(b"another secret of thirty-two byte").decode()
        for slug in OFFERED[vector["scheme"]]:
            verify = registry.get(slug).verify
            is_open = verify(body(vector), headers, [other, secret], now=now) is None
            assert is_open is vector["valid"]
            assert verify(body(vector), headers, [other], now=now)


def test_every_scheme_is_offered_or_known_not_to_be() -> None:
    schemes = {vector["scheme"] for vector in vectors()}

    assert schemes
    assert schemes <= set(OFFERED) | NOT_OFFERED
    assert schemes & set(OFFERED)
