"""Give each request an id, which every step it makes is written down with."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.lib import tracing

HEADER = "X-Request-ID"


class Traced:
    """Take the proxy's id if there is a proxy and it gave a good one; tell the id in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Work on the request under its id."""
        given = request.headers.get(HEADER, "") if settings.IS_BEHIND_PROXY else ""
        with tracing.at_work(tracing.accept(given)) as name:
            response = self.get_response(request)
        response.headers[HEADER] = name
        return response
