"""The one tree of addresses."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal.pages import about, brand, home, language, track


def _of(module: str) -> list[URLPattern | URLResolver]:
    """Return the addresses of a room's module, or none while that room is still being built."""
    try:
        is_there = find_spec(module) is not None
    except ModuleNotFoundError:
        is_there = False
    return list(getattr(import_module(module), "urlpatterns", [])) if is_there else []


urlpatterns: list[URLPattern | URLResolver] = [
    *_of("tracking.api.urls"),  # machines come most often: first looked at
    path("admin/", admin.site.urls),
    path("", home.find, name="home"),
    path("brand.css", brand.css, name="brand"),
    path("language/<slug:code>/", language.choose, name="language"),
    path("robots.txt", about.robots, name="robots"),
    path("help/", about.help_page, name="help"),
    path("how-claims-are-decided/", about.how, name="how"),
    path("privacy/", about.privacy, name="privacy"),
    path("t/<slug:token>/", include(track.urlpatterns)),
    *_of("portal.pages.signin"),
    *_of("portal.pages.wizard"),  # before claim: its claims/new/ is no reference
    *_of("portal.pages.claim"),
    *_of("portal.pages.account"),
    *_of("claims.api.photos"),
    *_of("claims.api.payments"),
    *_of("portal.ops.urls"),
]
if settings.DEBUG or settings.DEMO:
    urlpatterns += _of("portal.pages.devmail")

handler400 = "portal.pages.errors.bad_request"
handler403 = "portal.pages.errors.forbidden"
handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.server_error"
