"""The sandbox bank's client: a provider as real ones are, on loopback; see ``bank``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2
from django.conf import settings

from claims.gateways.base import (
    Answer,
    BadNotice,
    Notice,
    Outcome,
    Row,
    Unreachable,
    WrongSeal,
)
from portal.lib import http

SLUG = "sandbox"
PAY_SECONDS = 10.0
TOLERANCE_SECONDS = 300
_ON_ITS_WAY = (Outcome.SUCCEEDED, Outcome.PENDING)


class SandboxBank:
    """Talk to the sandbox bank at ``SANDBOX_BANK_URL``."""

    slug = SLUG

    def pay(
        self, *, key: UUID, reference: UUID, payee: str, amount_minor: int, currency: str
    ) -> Answer:
        """Ask for a refund; only a clear yes, no or later is believed."""
        order = {
            "payment": payee,
            "amount_minor": amount_minor,
            "currency": currency,
            "reference": str(reference),
        }
        try:
            with self._client() as client:
                response = client.post(
                    "/refunds", json=order, headers={"Idempotency-Key": str(key)}
                )
        except httpx2.HTTPError as error:
            return Answer(outcome=Outcome.UNKNOWN, error=_said(error))
        if response.status_code in (200, 201, 402):
            return _answer(response)
        # The bank read the request and will never act on it.
        if response.status_code == 400:
            return Answer(outcome=Outcome.FAILED, error=_refusal(response))
        return Answer(outcome=Outcome.UNKNOWN, error=_refusal(response))

    def find(self, *, reference: UUID, key: UUID | None = None) -> Answer | None:
        """Look up by our reference; None only when the bank itself says it has none."""
        try:
            with self._client() as client:
                response = client.get("/refunds", params={"reference": str(reference)})
            if response.status_code != 200:
                return Answer(outcome=Outcome.UNKNOWN, error=f"HTTP {response.status_code}")
            rows = [_row(item) for item in response.json()["refunds"]]
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            return Answer(outcome=Outcome.UNKNOWN, error=_said(error))
        found = [row for row in rows if row.outcome in _ON_ITS_WAY] or [
            row for row in rows if key is None or row.key == str(key)
        ]
        if not found:
            return None
        row = found[-1]
        return Answer(
            outcome=row.outcome,
            provider_ref=row.provider_ref,
            amount_minor=row.amount_minor,
            currency=row.currency,
        )

    def read_notice(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """Check the bank's seal (Standard Webhooks) and read which refund it means."""
        event_id = headers.get("webhook-id", "")
        stamp = headers.get("webhook-timestamp", "")
        secret = settings.SANDBOX_BANK_SECRET
        if not secret or not event_id or not stamp.isdecimal() or not stamp.isascii():
            raise WrongSeal("id, time or secret is missing")
        if len(stamp) > 12 or abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
            raise WrongSeal("too old or from the future")
        mine = sign(secret=secret, event_id=event_id, stamp=stamp, body=body).encode()
        given = headers.get("webhook-signature", "").encode("utf-8", "surrogateescape").split()
        if not any(hmac.compare_digest(mine, one) for one in given):
            raise WrongSeal("the signature is not theirs")
        try:
            reference = json.loads(body)["data"]["reference"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadNotice(_said(error)) from error
        if not isinstance(reference, str) or not 0 < len(reference) <= 64:
            raise BadNotice("no reference")
        if not (reference.isascii() and reference.isprintable()):
            raise BadNotice("no reference")
        return Notice(event_id=event_id[:120], reference=reference)

    def ledger(self) -> list[Row]:
        """Return the bank's own ledger."""
        try:
            with self._client() as client:
                response = client.get("/ledger")
            response.raise_for_status()
            return [_row(item) for item in response.json()["refunds"]]
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unreachable(_said(error)) from error

    def register(self, *, payment: str, amount_minor: int, currency: str) -> None:
        """
        Tell the bank of a payment it took, so that it refuses to give more back.

        :raises Unreachable: if the bank does not hear it.
        """
        paid = {"payment": payment, "amount_minor": amount_minor, "currency": currency}
        try:
            with self._client() as client:
                client.post("/payments", json=paid).raise_for_status()
        except httpx2.HTTPError as error:
            raise Unreachable(_said(error)) from error

    @staticmethod
    def _client() -> httpx2.Client:
        client = http.client(timeout=PAY_SECONDS)
        client.base_url = httpx2.URL(settings.SANDBOX_BANK_URL)
        client.headers["Authorization"] = f"Bearer {settings.SANDBOX_BANK_SECRET}"
        return client


def sign(*, secret: str, event_id: str, stamp: str, body: bytes) -> str:
    """Return the seal of a webhook, as Standard Webhooks writes it."""
    text = f"{event_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode()


def _row(item: dict[str, Any]) -> Row:
    return Row(
        provider_ref=str(item["id"]),
        reference=str(item["reference"]),
        key=str(item["key"]),
        payee=str(item["payment"]),
        amount_minor=int(item["amount_minor"]),
        currency=str(item["currency"]),
        outcome=Outcome(item["status"]),
    )


def _answer(response: httpx2.Response) -> Answer:
    try:
        row = _row(response.json())
    except (ValueError, KeyError, TypeError) as error:
        return Answer(outcome=Outcome.UNKNOWN, error=_said(error))
    return Answer(
        outcome=row.outcome,
        provider_ref=row.provider_ref,
        amount_minor=row.amount_minor,
        currency=row.currency,
        error="declined" if row.outcome == Outcome.FAILED else "",
    )


def _refusal(response: httpx2.Response) -> str:
    try:
        return f"HTTP {response.status_code}: {response.json()['error']}"[:200]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
