"""The pages of one parcel: found by the token in the address, kept out of caches."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from tracking.services import journeys
from tracking.services.journeys import Head

Rest = ParamSpec("Rest")
JourneyView = Callable[Concatenate[HttpRequest, Head, Rest], HttpResponseBase]
PageView = Callable[Concatenate[HttpRequest, str, Rest], HttpResponseBase]


def of_a_parcel(view: JourneyView[Rest]) -> PageView[Rest]:
    """Find the parcel of the address, and keep its pages out of caches and search engines."""

    def page(
        request: HttpRequest, token: str, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponseBase:
        head = journeys.head(token=token) if len(token) <= 32 else None
        if head is None:
            raise Http404
        response = view(request, head, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store, private"
        return response

    return cast("PageView[Rest]", wraps(view)(page))
