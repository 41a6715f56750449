"""Refuse what no row can hold, such as a NUL in a name or an address, instead of breaking on it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.pages import errors

log = logging.getLogger(__name__)


class Unsayable:
    """
    Answer 404 for an address and 400 for a form that PostgreSQL cannot hold.

    Forms refuse such text field by field; this is for what is read past them. It is logged with
    its trace, for a value of our own making that does not fit is a fault of ours.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Stop an address that no row can have, or pass the request on."""
        if "\x00" in request.path_info:
            return errors.not_found(request)
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Turn the database's refusal of a value into ours."""
        if not isinstance(exception, DataError):
            return None
        log.error("a value that cannot be stored was sent to %s", request.path, exc_info=exception)
        return errors.bad_request(request)
