"""The door for e-mails: check the seal, keep the mail, answer at once."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from claims.services import inbound
from portal.outbox import nudging

KINDS = {"message/rfc822": False, "application/json": True}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, provider: str) -> HttpResponse:
    """Keep one e-mail that a provider, or the relay before one, pushes to us."""
    if not inbound.knows(provider):
        return HttpResponse(status=404)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > settings.INBOUND_MAX_BYTES:
        return HttpResponse(status=413)
    kind = KINDS.get((request.content_type or "").lower())
    if kind is None:
        return HttpResponse(status=415)
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = request.read(settings.INBOUND_MAX_BYTES + 1)
    if len(body) > settings.INBOUND_MAX_BYTES:
        return HttpResponse(status=413)
    try:
        inbound.receive(
            provider=provider, body=body, headers=headers, is_json=kind, now=timezone.now()
        )
    except inbound.WrongSeal:
        return HttpResponse(status=401)
    nudging.nudge("claims.tasks.read_mails")
    return HttpResponse(status=202)


urlpatterns = [path("hooks/mail/<slug:provider>/", receive, name="mail-hook")]
