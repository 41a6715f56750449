"""Find my parcel."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def find(request: HttpRequest) -> HttpResponse:
    """Show the two ways in."""
    return render(request, "pages/home.html")
