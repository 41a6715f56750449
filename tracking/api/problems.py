"""One shape for every refusal: RFC 9457 problems that name the field and the way out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, DataError, InterfaceError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

log = logging.getLogger(__name__)

TITLES = {
    400: "The request is not right",
    401: "A token is needed",
    403: "The token may not do this",
    404: "There is no such thing",
    405: "Not with this method",
    406: "Only JSON is spoken here",
    409: "This contradicts what is registered",
    413: "The request is too large",
    415: "Only JSON is spoken here",
    429: "Too many requests",
    503: "Not possible right now",
}


class Conflict(exceptions.APIException):
    """What was sent contradicts what is there; ``fields`` says where."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, detail: str, fields: dict[str, str]) -> None:
        super().__init__(detail, code="conflict")
        self.fields = fields


class TooLarge(exceptions.APIException):
    """The body is longer than we read."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer any refusal as ``application/problem+json``; anything unforeseen stays a 500."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, DataError):
        log.error("a value that cannot be stored passed the serializers", exc_info=error)
        return _problem(400, "A value that was sent cannot be stored. Nothing was.", {})
    elif isinstance(error, DatabaseError | InterfaceError):
        log.error("the database did not answer", exc_info=error)
        return _problem(503, "The database did not answer. Try again in a moment.", {}, retry="5")
    if not isinstance(error, exceptions.APIException):
        return None
    fields = getattr(error, "fields", {})
    if isinstance(error, exceptions.ValidationError):
        fields = dict(_flatten(error.detail))
        count = len(fields)
        detail = f"{count} field{'' if count == 1 else 's'} must be corrected; nothing was stored."
    else:
        detail = str(error.detail)
    response = _problem(error.status_code, detail, fields)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(max(1, int(wait)))
    return response


def _problem(code: int, detail: str, fields: dict[str, str], *, retry: str = "") -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(code, "Refused"),
        "status": code,
        "detail": detail,
    }
    if fields:
        body["errors"] = [{"field": path, "message": text} for path, text in fields.items()]
    headers = {"Retry-After": retry} if retry else None
    return Response(body, status=code, headers=headers, content_type="application/problem+json")


def _flatten(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (``lines[0].price``, sentence) for every message in DRF's nested errors."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            if key == "non_field_errors":
                yield from _flatten(inner, path)
            else:
                step = f"[{key}]" if isinstance(key, int) else f".{key}" if path else str(key)
                yield from _flatten(inner, path + step)
    elif isinstance(detail, list):
        if detail and all(isinstance(one, str) for one in detail):
            yield path or "body", " ".join(str(one) for one in detail)
            return
        for place, inner in enumerate(detail):
            if inner:
                yield from _flatten(inner, f"{path}[{place}]")
    elif detail:
        yield path or "body", str(detail)
