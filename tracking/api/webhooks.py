"""The carriers' door: check the seal, keep the envelope, answer at once."""

from __future__ import annotations

import time

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tracking.carriers import registry
from tracking.carriers.base import Replying
from tracking.models import Connection
from tracking.services import intake, keys
from tracking.states import EnvelopeSource

KEPT_HEADERS = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "x-request-id")
"""What is stored beside the bytes: enough to trace a message, nothing that could seal another."""
RETRY_SECONDS = "5"

_CACHE_SECONDS = 1.0
_CACHE_SIZE = 512
_connections: dict[str, tuple[float, tuple[int, str] | None]] = {}


@csrf_exempt
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a carrier's push; a 2xx means that it is safe on disk, a repeat gets the same answer."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    # Django would ask the database "SELECT 1" before each request's first statement. Here the
    # statement itself finds a lost connection out, and may simply be sent again: it keeps one row.
    connection.health_check_done = True  # type: ignore[attr-defined]
    body = _read(request, limit=settings.WEBHOOK_MAX_BYTES)
    if body is None:
        refusal = _say(413, f"The body is larger than {settings.WEBHOOK_MAX_BYTES} bytes.")
        refusal.headers["Connection"] = "close"
        return refusal
    try:
        return _receive(request, slug, body)
    except (OperationalError, InterfaceError):
        connection.close()
    except DatabaseError:
        return _not_now()
    try:
        return _receive(request, slug, body)
    except (DatabaseError, InterfaceError):
        connection.close()
        return _not_now()


def _not_now() -> HttpResponse:
    """Refuse without blame: whatever is wrong here, the carrier still holds the message."""
    refusal = _say(503, "The message could not be kept. Send it again in a moment.")
    refusal.headers["Retry-After"] = RETRY_SECONDS
    return refusal


def _receive(request: HttpRequest, slug: str, body: bytes) -> HttpResponse:
    found = _find(slug)
    if found is None:
        return _say(404, "There is no such connection.")
    connection_id, adapter_slug = found
    adapter = registry.get(adapter_slug)
    headers = _headers(request)
    now = timezone.now()
    live = keys.live(connection_id=connection_id, now=now)
    if (wrong := adapter.verify(body, headers, live, now=now)) is not None:
        return _say(401, f"The seal does not hold: {wrong}.")
    if (fault := adapter.fault(body)) is not None:
        return _say(400, fault)
    intake.accept(
        connection_id=connection_id,
        body=body,
        headers={name: headers[name] for name in KEPT_HEADERS if name in headers},
        source=EnvelopeSource.PUSH,
        now=now,
    )
    answer = (
        adapter.reply(True, body)  # noqa: FBT003 - the adapters' own word
        if isinstance(adapter, Replying)
        else adapter.acknowledge(True)  # noqa: FBT003
    )
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _find(slug: str) -> tuple[int, str] | None:
    """Return the id and adapter of an active connection, at most one second out of date."""
    moment = time.monotonic()
    held = _connections.get(slug)
    if held is None or held[0] < moment:
        row = (
            Connection.objects.filter(slug=slug, is_active=True)
            .values_list("pk", "adapter")
            .first()
        )
        if row is not None and row[1] not in registry.ADAPTERS:
            row = None
        if len(_connections) >= _CACHE_SIZE:
            _connections.clear()
        held = _connections[slug] = (moment + _CACHE_SECONDS, row)
    return held[1]


def _read(request: HttpRequest, *, limit: int) -> bytes | None:
    """Return the raw body, or None as soon as it is known to be longer than ``limit``."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    if announced.isascii() and announced.isdigit():
        if int(announced[:20]) > limit:
            return None
        body = request.read(limit + 1)
    elif "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        # Django reads nothing from a body whose length nobody announced; the server ends it.
        body = _drain(request, limit)
    else:
        body = request.read(limit + 1)
    return body if len(body) <= limit else None


def _drain(request: HttpRequest, limit: int) -> bytes:
    source = request.META.get("wsgi.input")
    parts: list[bytes] = []
    left = limit + 1
    while source is not None and left > 0:
        part = source.read(min(left, 65536))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _headers(request: HttpRequest) -> dict[str, str]:
    """Return the headers by lower-case name, and what follows ``?`` as ``:query``."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in request.META.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = request.META.get("CONTENT_TYPE", "")
    headers[":query"] = request.META.get("QUERY_STRING", "")
    return headers


def _say(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


def forget() -> None:
    """Drop what this process holds of connections; tests use it between databases."""
    _connections.clear()
