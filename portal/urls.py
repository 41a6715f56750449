"""The one tree of addresses."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

import claims.api.claims
import claims.api.inbound
import claims.api.payments
import claims.api.photos
import portal.api.urls
import portal.ops.urls
import tracking.api.urls
from portal.pages import (
    about,
    account,
    brand,
    claim,
    devmail,
    home,
    language,
    signin,
    track,
    wizard,
)

urlpatterns: list[URLPattern | URLResolver] = [
    *tracking.api.urls.urlpatterns,  # machines come most often: first looked at
    *portal.api.urls.urlpatterns,
    *claims.api.claims.urlpatterns,
    path("admin/", admin.site.urls),
    path("", home.find, name="home"),
    path("recognise/", home.recognise, name="recognise"),
    path("brand.css", brand.css, name="brand"),
    path("language/<slug:code>/", language.choose, name="language"),
    path("robots.txt", about.robots, name="robots"),
    path("help/", about.help_page, name="help"),
    path("how-claims-are-decided/", about.how, name="how"),
    path("privacy/", about.privacy, name="privacy"),
    path("t/<slug:token>/", include(track.urlpatterns)),
    *signin.urlpatterns,
    *wizard.urlpatterns,  # before claim: its claims/new/ is no reference
    *claim.urlpatterns,
    *account.urlpatterns,
    *claims.api.photos.urlpatterns,
    *claims.api.payments.urlpatterns,
    *claims.api.inbound.urlpatterns,
    *portal.ops.urls.urlpatterns,
]
if settings.DEBUG or settings.DEMO:
    urlpatterns += devmail.urlpatterns

handler400 = "portal.pages.errors.bad_request"
handler403 = "portal.pages.errors.forbidden"
handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.server_error"
