"""Published signature vectors against the seals we offer."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tests.conformance.data import DATA, present
from tracking.carriers import registry

OFFERED = {"standard-webhooks": "generic", "svix": "generic"}
LATER = {"hub-sha256", "17track-sha256", "trackingmore-hmac-of-timestamp", "easypost-hmac"}
"""Schemes of carriers that are not here yet; a scheme in neither list fails."""


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
        now = datetime.fromtimestamp(vector["verify_at_unix"], tz=UTC)
        for slug in {OFFERED[vector["scheme"]], "simulator"}:
            reason = registry.get(slug).verify(content, headers, [secret], now=now)
            assert (reason is None) == (
                registry.get("generic").verify(content, headers, [secret], now=now) is None
            )
        return reason

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


def test_every_scheme_is_offered_or_known_to_come() -> None:
    schemes = {vector["scheme"] for vector in vectors()}

    assert schemes
    assert schemes <= set(OFFERED) | LATER
    assert set(OFFERED) <= schemes
