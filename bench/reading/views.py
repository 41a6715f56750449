"""One plain page: get the parcel, hand it to a template, let the template ask for the rest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from portal.pages import access
from tracking.models import Parcel


def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show the journey to whoever may see it."""
    parcel = get_object_or_404(Parcel, token=token)
    facts = {
        "parcel": parcel,
        "level": access.level(request, parcel),
        "sightings": parcel.sightings.filter(withdrawn_at=None).order_by("-occurred_at"),
        "others": parcel.order.parcels.exclude(pk=parcel.pk).order_by("position"),
    }
    return render(request, "reading/track.html", facts)
