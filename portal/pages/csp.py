"""A strict policy everywhere; the admin alone is given what its theme cannot do without."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest
from django.http.response import HttpResponseBase

ADMIN_NEEDS = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
"""Unfold runs Alpine, which builds functions from strings, and writes inline styles."""


class AdminPolicy:
    """
    Relax the policy for pages of the admin's theme; sits just inside django-csp's own middleware.

    A page of the admin that needs none of it, like the claim workspace, sets
    ``response._csp_strict`` and keeps the strict policy.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the policy the page needs."""
        response = self.get_response(request)
        match = request.resolver_match
        is_admin = match is not None and "admin" in match.app_names
        if is_admin and not getattr(response, "_csp_strict", False):
            response._csp_replace = ADMIN_NEEDS  # type: ignore[attr-defined]  # noqa: SLF001
        return response
