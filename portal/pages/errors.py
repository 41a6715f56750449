"""Pages for when things fail: what happened, that nothing is lost, and where to go."""

from __future__ import annotations

import logging
import secrets
import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _

from portal.pages import brand

log = logging.getLogger("portal.errors")

RETRY_SECONDS = 20
"""After how long a page for a crowded moment tries itself again."""


def _page(request: HttpRequest, status: int, facts: dict[str, object]) -> HttpResponse:
    response = render(request, "pages/error.html", facts, status=status)
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the request could not be read."""
    return _page(
        request,
        400,
        {
            "heading": _("We could not read that request"),
            "text": _("The address or the form was not complete. Go back and try once more."),
        },
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that this page is somebody else's."""
    return _page(
        request,
        403,
        {
            "heading": _("This page belongs to another e-mail"),
            "text": _("Sign in with the e-mail of the order and it opens."),
            "action": _("Use another e-mail"),
            "target": "account_login",
        },
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is nothing here, and offer the way in."""
    return _page(
        request,
        404,
        {
            "heading": _("This page is not here"),
            "text": _("The address may have been cut short. Your parcel is one step away."),
            "action": _("Find my parcel"),
            "target": "home",
        },
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old, and how to send it again."""
    return _page(
        request,
        403,
        {
            "heading": _("This form was open too long"),
            "text": _(
                "Nothing was sent. Go back, reload the page and send it once more. If that does "
                "not help, allow cookies for this site."
            ),
            "action": _("Find my parcel"),
            "target": "home",
        },
    )


def too_many(
    request: HttpRequest,
    *,
    heading: str = "",
    text: str = "",
    retry_after: int = RETRY_SECONDS,
    is_crowd: bool = True,
) -> HttpResponse:
    """
    Ask for patience, with the time to wait in ``Retry-After``.

    A crowded moment (``is_crowd``) tries itself again; a visitor's own many tries do not.
    """
    response = _page(
        request,
        429,
        {
            "heading": heading or _("Many people are here just now"),
            "text": text or _("Nothing is lost. This page tries again by itself in 20 seconds."),
            "again": retry_after if is_crowd and request.method == "GET" else 0,
            "action": "" if is_crowd else _("Find my parcel"),
            "target": "" if is_crowd else "home",
        },
    )
    response["Retry-After"] = str(retry_after)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """
    Say in both languages that it did not work, without the database or a request's context.

    A database that cannot be reached answers 503, so that machines try again later.
    """
    failure = sys.exc_info()[1]
    is_away = isinstance(failure, OperationalError | InterfaceError)
    return broken(status=503 if is_away else 500)


def broken(*, status: int) -> HttpResponse:
    """Return the standing page for 500 and 503 with a reference that support can look up."""
    reference = secrets.token_hex(4).upper()
    log.error("answered %s, reference %s", status, reference)
    template = "503.html" if status == 503 else "500.html"
    facts = {"reference": reference, "brand": settings.BRAND, "brand_css": brand.address()}
    response = HttpResponse(loader.get_template(template).render(facts), status=status)
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response
