"""A report that we prepared for a lost parcel: the shopper reads it, and one press sends it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from claims.models import Claim
from claims.questions import told
from claims.services import claims, opening
from claims.services.refusals import Refusal
from claims.states import Channel, ClaimReason, ClaimState, Wish
from portal.pages.claim_guard import for_its_reporter, is_its_shopper, items_in_words
from portal.pages.wizard_begin import which


def is_waiting(claim: Claim) -> bool:
    """Test whether a claim was opened by us, is whole, and only waits for the shopper's press."""
    return (
        claim.channel == Channel.SYSTEM
        and claim.state == ClaimState.DRAFT
        and not claims.missing(claim=claim)
    )


def page(request: HttpRequest, claim: Claim, *, key: str = "") -> HttpResponse:
    """Show the report; ``key`` is the letter's, for a browser that it has not let in yet."""
    now = timezone.now()
    amounts = {row.wish: row for row in claims.wishes(claim=claim, now=now)}
    wished = amounts.get(Wish(claim.wish))
    context = {
        "claim": claim,
        "facts": [
            which(claim.order, claim.parcel),
            *told(claim.reason, claim.answers),
        ],
        "items": items_in_words(claim.lines.select_related("order_line").order_by("pk")),
        "what": ClaimReason(claim.reason).label,
        "wish": Wish(claim.wish).label,
        "amount_minor": wished.amount_minor if wished else None,
        "until": claim.due_at,
        "key": key,
        "send_key": uuid.uuid4(),
        "action": reverse("wizard-carry-on" if key else "wizard-confirm", args=[claim.ref]),
        "is_shopper": is_its_shopper(request, claim),
    }
    return render(request, "pages/wizard_opened.html", context)


def answer(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Send the report, or open it to be changed first."""
    if request.POST.get("do") != "send":
        return redirect(f"{reverse('wizard-tasks', args=[claim.ref])}?all")
    try:
        key = uuid.UUID(request.POST.get("send_key", ""))
    except ValueError:
        key = uuid.uuid4()
    try:
        opening.confirm(claim=claim, actor=claim.shopper, key=key, now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, str(refusal))
        return redirect(f"{reverse('wizard-tasks', args=[claim.ref])}?all")
    return redirect("wizard", claim.ref, "sent")


@require_POST
@for_its_reporter
def confirm(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Take the answer of somebody who may open the draft already."""
    if claim.state != ClaimState.DRAFT:
        return redirect("wizard", claim.ref, "sent")
    return answer(request, claim)


urlpatterns = [path("claims/<str:ref>/report/confirm/", confirm, name="wizard-confirm")]
