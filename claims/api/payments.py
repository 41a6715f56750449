"""The door for payment providers: check the seal, keep the notice, answer at once."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from claims.gateways.base import BadNotice, WrongSeal
from claims.services import notices
from portal.outbox import nudging


@csrf_exempt
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """Keep a webhook about a payment; what it means is found out by asking the provider."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > settings.WEBHOOK_MAX_BYTES:
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        notices.receive(gateway=gateway, body=request.body, headers=headers, now=timezone.now())
    except KeyError:
        return HttpResponse(status=404)
    except WrongSeal:
        return HttpResponse(status=401)
    except BadNotice:
        return HttpResponse(status=400)
    nudging.nudge("claims.tasks.look_after_payments")
    return HttpResponse(status=202)


urlpatterns = [path("hooks/payments/<slug:gateway>/", receive, name="payment-hook")]
