"""Carry a draft on elsewhere: a letter to the address on file, or a square for the phone beside."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import cast
from urllib.parse import urlencode

import qrcode  # type: ignore[import-untyped]
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from claims.models import Claim
from claims.states import Channel, ClaimState
from notifications.services import letters
from portal.accounts import limits, visits
from portal.accounts.models import User
from portal.lib import links, masking
from portal.pages import wizard_opened
from portal.pages.claim_faces import language
from portal.pages.claim_guard import for_its_shopper, private
from portal.pages.wizard_steps import Report

LETTERS_PER_HOUR = 5
_LIVES = {
    links.DRAFT: timedelta(hours=links.DRAFT_HOURS),
    links.DRAFT_NEAR: timedelta(minutes=links.DRAFT_NEAR_MINUTES),
    links.DRAFT_PREPARED: timedelta(days=links.DRAFT_PREPARED_DAYS),
}


@require_POST
@for_its_shopper
def send(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Write to the address on file with a link that opens this draft, and nothing else."""
    now = timezone.now()
    if claim.state != ClaimState.DRAFT:
        return redirect("claim", claim.ref)
    address = masking.email(claim.shopper.email)
    if not limits.spend(f"draft {claim.pk}", limit=LETTERS_PER_HOUR, seconds=3600, now=now):
        messages.warning(request, _("We have written to %(address)s already. Look there first.") % {
            "address": address
        })  # fmt: skip
        return redirect("wizard-tasks", claim.ref)
    lines = claim.lines.select_related("order_line").order_by("pk")
    letters.write(
        name="draft_link",
        cause=f"draft {claim.pk} {uuid.uuid4().hex}",
        recipient=cast("User", request.user),
        language=language(),
        facts={
            "claim_id": claim.pk,
            "ref": claim.ref,
            "order": claim.order.number,
            "items": [line.order_line.title for line in lines],
            "until": (now + _LIVES[links.DRAFT]).isoformat(),
            "path": reverse("wizard-carry-on", args=[claim.ref]),
            "key": links.sign(links.DRAFT, claim.ref),
        },
        now=now,
    )
    messages.success(request, _("A letter with the link is on its way to %(address)s.") % {
        "address": address
    })  # fmt: skip
    return redirect("wizard-tasks", claim.ref)


@require_http_methods(["GET", "POST"])
@never_cache
def carry_on(request: HttpRequest, ref: str) -> HttpResponse:
    """Show what the link opens; only the button opens it, for mail programs follow links too."""
    data = request.POST if request.method == "POST" else request.GET
    key = data.get(links.KEY, "")
    try:
        _check(key, ref=ref)
    except links.BadLink:
        return private(render(request, "pages/wizard_too_old.html", {"ref": ref}, status=410))
    claim = (
        Claim.objects.select_related("order", "parcel", "shopper", "policy").filter(ref=ref).first()
    )
    if claim is None:
        raise Http404
    if claim.state != ClaimState.DRAFT:
        return private(redirect("claim", ref))
    if request.method == "POST":
        visits.let_in(request, ref=ref, now=timezone.now())
        if claim.channel == Channel.SYSTEM:
            return private(wizard_opened.answer(request, claim))
        return private(redirect("wizard-tasks", ref))
    if wizard_opened.is_waiting(claim):
        return private(wizard_opened.page(request, claim, key=key))
    context = {"claim": claim, "report": Report(claim, language=language()), "key": key}
    return private(render(request, "pages/wizard_carry_on.html", context))


def _check(key: str, *, ref: str) -> None:
    """Let a key pass that was made for this draft and is not too old."""
    for purpose, life in _LIVES.items():
        try:
            value, _version = links.read(purpose, key, life)
        except links.BadLink:
            continue
        if value == ref:
            return
    raise links.BadLink


def square(claim: Claim) -> SafeString:
    """
    Return a drawing that a phone's camera reads as the way into this draft.

    It is black on white in both themes and works for a quarter of an hour.
    """
    key = links.sign(links.DRAFT_NEAR, claim.ref)
    way = reverse("wizard-carry-on", args=[claim.ref])
    code = qrcode.QRCode(border=4, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(f"{settings.SITE_URL}{way}?{urlencode({links.KEY: key})}")
    code.make()
    rows = code.get_matrix()
    dots = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return format_html(
        '<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{label}"'
        ' shape-rendering="crispEdges"><path fill="currentColor" d="{dots}"/></svg>',
        size=len(rows),
        label=_("A square code for your phone's camera; it opens this report."),
        dots=dots,
    )


urlpatterns = [
    path("claims/<str:ref>/report/send-link/", send, name="wizard-send-link"),
    path("claims/<str:ref>/carry-on/", carry_on, name="wizard-carry-on"),
]
