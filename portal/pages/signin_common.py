"""What the sign-in pages share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from portal.pages import access


def ip(request: HttpRequest) -> str:
    """Return the visitor's address; a header that anyone can write is not asked."""
    return access.client_address(request)


def safe_next(request: HttpRequest) -> str:
    """Return the page to go to afterwards if it is one of ours, else nothing."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else ""


def without_site(context: dict[str, Any]) -> dict[str, Any]:
    """Drop allauth's ``site``, which would hide ours from the page's frame."""
    return {name: value for name, value in context.items() if name != "site"}
