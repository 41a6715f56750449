"""The standing pages of the footer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Answer what people ask most."""
    return render(request, "pages/help.html")


@require_safe
def how(request: HttpRequest) -> HttpResponse:
    """Tell how claims are decided, and by whom."""
    return render(request, "pages/how.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Tell what is shown to whom, and what is kept."""
    return render(request, "pages/privacy.html")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Ask search engines to stay out of people's pages."""
    closed = ("t", "claims", "account", "photos", "admin", "api", "hooks", "language")
    lines = ["User-agent: *", *(f"Disallow: /{place}/" for place in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
