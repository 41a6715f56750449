"""A carrier made for tests: an adapter of the usual shape, and a server with its own ledger."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.factories.tracking import NOON, CarrierFactory, ConnectionFactory, ParcelFactory
from tracking.carriers import generic, registry
from tracking.carriers.base import (
    Answer,
    Ask,
    Capabilities,
    HttpRequest,
    Quota,
    Token,
    oauth_request,
    read_oauth,
)
from tracking.models import Connection, Parcel, Poll
from tracking.scans import CarrierError, Proof, ProofKind, Reading
from tracking.services import credentials, poll_times, polling
from tracking.services.asking import Round

KEY = "courier-key-4711-do-not-tell"
TOKEN = "courier-token-0815-do-not-tell"


class Courier:
    """An adapter that asks about many numbers with one POST and speaks the generic format."""

    VERSION = 1

    def __init__(self, slug: str, **capabilities: Any) -> None:
        self.slug = slug
        facts: dict[str, Any] = {
            "has_push": False, "quotas": (Quota(1000, 1),), "credentials": ("key",),
            "min_poll_interval": timedelta(0), "has_event_id": True, "gives_offset": True,
        } | capabilities  # fmt: skip
        self.capabilities = Capabilities(**facts)

    def verify(
        self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now: datetime
    ) -> str | None:
        return generic.verify(body, headers, secrets, now=now)

    def fault(self, body: bytes) -> str | None:
        return generic.fault(body)

    def parse(self, body: bytes) -> Reading:
        return generic.parse(body)

    def parse_push(self, body: bytes) -> Reading:
        return generic.parse(body)

    def acknowledge(self, ok: bool) -> Answer:
        return generic.acknowledge(ok)

    def build_requests(
        self, asks: Sequence[Ask], settings: Mapping[str, Any]
    ) -> Sequence[HttpRequest]:
        size = self.capabilities.batch_max
        return [
            HttpRequest(
                method="POST",
                url=f"{settings.get('host', 'https://courier.example')}/track",
                headers={
                    "X-Key": str(settings.get("key", "")),
                    "Authorization": f"Bearer {settings.get('token') or '-'}",
                },
                body=orjson.dumps({"numbers": [ask.number for ask in asks[at : at + size]]}),
            )
            for at in range(0, len(asks), size)
        ]


class TokenCourier(Courier):
    """The same behind a token."""

    def token_request(self, settings: Mapping[str, Any]) -> HttpRequest:
        return oauth_request(
            f"{settings.get('host')}/token", client_id="us", client_secret=str(settings.get("key"))
        )

    def read_token(self, body: bytes) -> Token | None:
        return read_oauth(body)


class PushCourier(Courier):
    """One that pushes what was subscribed."""

    def subscribe(
        self, asks: Sequence[Ask], settings: Mapping[str, Any], *, url: str, secret: str
    ) -> Sequence[HttpRequest]:
        size = self.capabilities.subscribe_max
        return [
            HttpRequest(
                method="POST",
                url=f"{settings.get('host')}/subscribe",
                headers={"X-Key": str(settings.get("key", ""))},
                body=orjson.dumps(
                    {
                        "numbers": [ask.number for ask in asks[at : at + size]],
                        "url": url,
                        "secret": secret,
                    }
                ),
            )
            for at in range(0, len(asks), size)
        ]

    def read_subscription(self, body: bytes) -> tuple[CarrierError, ...]:
        return generic.parse(body).errors


class ProofCourier(Courier):
    """One whose proofs of delivery must be asked for."""

    def ask_proof(self, ask: Ask, settings: Mapping[str, Any]) -> HttpRequest:
        return HttpRequest(
            method="GET",
            url=f"{settings.get('host')}/proof/{ask.number}",
            headers={"X-Key": str(settings.get("key", ""))},
        )

    def parse_proof(self, body: bytes) -> tuple[Proof, ...]:
        return (Proof(kind=ProofKind.SIGNATURE, data=body),) if body else ()


@dataclass
class Desk:
    """The carrier's side: what was asked and when, and what it says."""

    server: HTTPServer
    calls: list[tuple[datetime, list[str]]] = field(default_factory=list)
    tokens: int = 0
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answer: Callable[[Request], Response | None] = lambda _request: None
    """Something else to say than the truth."""
    seen: list[Request] = field(default_factory=list)

    @property
    def numbers(self) -> list[str]:
        """Every number asked about, in order."""
        return [number for _at, numbers in self.calls for number in numbers]

    @property
    def host(self) -> str:
        """Its address."""
        return self.server.url_for("").rstrip("/")

    def track(self, request: Request) -> Response:
        """Answer a question; the ledger is written first, as the carrier counts."""
        numbers = json.loads(request.data)["numbers"]
        self.calls.append((datetime.now(UTC), numbers))
        self.seen.append(request)
        other = self.answer(request)
        if other is not None:
            return other
        parcels = [
            {"number": number, "events": self.events[number]}
            for number in numbers
            if number in self.events
        ]
        errors = [
            {"number": number, "kind": "not_found", "message": "No such parcel."}
            for number in numbers
            if number not in self.events
        ]
        return Response(
            orjson.dumps({"parcels": parcels, "errors": errors}), content_type="application/json"
        )

    def token(self, request: Request) -> Response:
        """Hand out a token to whoever knows the key."""
        self.tokens += 1
        form = parse_qs(request.data.decode())
        if form.get("client_secret") != [KEY]:
            return Response('{"error": "invalid_client"}', status=401)
        life = 3600
        return Response(
            orjson.dumps({"access_token": f"{TOKEN}-{self.tokens}", "expires_in": life}),
            content_type="application/json",
        )


def desk(server: HTTPServer) -> Desk:
    """Open a carrier's desk on a local server."""
    made = Desk(server)
    server.expect_request("/track").respond_with_handler(made.track)
    server.expect_request("/token").respond_with_handler(made.token)
    return made


@contextmanager
def known(*adapters: Courier) -> Iterator[None]:
    """Have the house know these adapters for a while."""
    for one in adapters:
        registry.ADAPTERS[one.slug] = one
    try:
        yield
    finally:
        for one in adapters:
            registry.ADAPTERS.pop(one.slug, None)


def connect(
    adapter: Courier, host: str, settings: Settings, *, key: str = KEY, **options: Any
) -> Connection:
    """Make a connection that asks a local server with a key."""
    settings.CARRIER_HOSTS = [*settings.CARRIER_HOSTS, host]
    made = ConnectionFactory.create(
        adapter=adapter.slug, slug=adapter.slug, settings={"host": host, **options}
    )
    if key:
        credentials.keep(connection=made, values={"key": key})
    return made


def parcel(
    connection: Connection, *, now: datetime = NOON, is_due: bool = True, **facts: Any
) -> Parcel:
    """Register a parcel with the connection; it is due now."""
    facts = {"shipped_at": now - timedelta(hours=6), "promised_at": None} | facts
    carrier = CarrierFactory.create(slug=connection.adapter)
    made = ParcelFactory.create(connection=connection, carrier=carrier, **facts)
    poll_times.begin(parcel=made, now=now)
    if is_due:
        Poll.objects.filter(parcel=made).update(due_at=now)
    return made


def event(status: str, at: datetime, **facts: Any) -> dict[str, Any]:
    """Describe one scan in the generic format."""
    return {
        "id": f"{status}-{at.isoformat()}", "status": status, "occurred_at": at.isoformat(),
        "text": status, "location": "Harbour", **facts,
    }  # fmt: skip


class Ticking:
    """A clock that begins at a moment and then goes as fast as the real one."""

    def __init__(self, begins: datetime = NOON) -> None:
        self._begins, self._zero = begins, time.monotonic()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        return self._begins + timedelta(seconds=time.monotonic() - self._zero)


def poll(now: datetime = NOON, *, seconds: float = 5.0) -> Round:
    """Do one round that begins at ``now``."""
    return polling.poll(clock=Ticking(now), seconds=seconds)


def row(of: Parcel) -> Poll:
    """Return when and how a parcel is asked about."""
    return Poll.objects.get(parcel=of)


def is_near(moment: datetime | None, wished: datetime, *, share: timedelta) -> bool:
    """Test whether a moment is the wished one, give or take a tenth of ``share``."""
    return moment is not None and abs(moment - wished) <= share * 0.1 + timedelta(seconds=10)
