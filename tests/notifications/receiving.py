"""A merchant's system that keeps what it was sent, and what an endpoint of ours looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from werkzeug import Request, Response

from notifications import announcements
from notifications.models import Endpoint
from notifications.services import dispatching, endpoints
from portal.outbox.models import Event
from tests.notifications.facts import FACTS, PARCEL

EVERYTHING = tuple(announcements.BY_TYPE)


@dataclass
class Got:
    """One request as it came."""

    body: bytes
    headers: dict[str, str]

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["webhook-id"]

    @property
    def stamp(self) -> int:
        """When it was sealed."""
        return int(self.headers["webhook-timestamp"])

    def verify(self, secret: str) -> Any:
        """Check the seal as any library of the standard does, and return the JSON."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """One address of a merchant's; it answers as told, then 200 for ever."""

    url: str
    endpoint: Endpoint
    secret: str
    got: list[Got] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        """Keep the request and answer."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(request.data, headers))
        return self.answers.pop(0) if self.answers else Response("")


def receiver(
    server: HTTPServer,
    path: str = "/in",
    *answers: int | Response,
    events: tuple[str, ...] = EVERYTHING,
) -> Receiver:
    """Make an endpoint that leads to ``path`` of the server."""
    url = server.url_for(path)
    endpoint, secret = endpoints.make(url=url, events=events, now=timezone.now())
    made = Receiver(url, endpoint, secret)
    made.answers = [Response("", each) if isinstance(each, int) else each for each in answers]
    server.expect_request(path).respond_with_handler(made.answer)
    return made


def happened(name: str = "tracking.parcel_reached", **facts: Any) -> Event:
    """Record an event and bring it to the endpoints, as the outbox does."""
    known = {"claims.claim_filed": {**FACTS["claim_received"], "reason": "damaged"}}
    event = Event.objects.create(
        name=name, payload={**known.get(name, PARCEL), **facts}, recorded_at=timezone.now()
    )
    dispatching.write(event=event, now=timezone.now())
    return event
