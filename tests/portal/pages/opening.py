"""Let a test client carry a grant, as a browser would after finding a parcel."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client, RequestFactory

from portal.pages import access
from portal.pages.access import Level
from tracking.models import Parcel


def open_up(client: Client, parcel: Parcel, level: Level) -> None:
    """Give the client the cookie of this level for this parcel, beside those it has."""
    request = RequestFactory().get("/")
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    answer = HttpResponse()
    access.grant(answer, parcel, level, request=request)
    client.cookies[access.COOKIE] = answer.cookies[access.COOKIE].value
