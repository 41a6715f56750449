"""My orders, my claims, and which letters I get."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from claims import rules
from claims.models import Claim
from claims.services import conversation
from claims.states import ClaimState
from notifications.services import preferences
from portal.accounts.models import User
from portal.pages.claim_faces import ICONS, TONES
from portal.pages.claim_guard import items_in_words, private, to_sign_in
from tracking.models import Order
from tracking.states import TROUBLE

MOST = 50
"""Orders and claims on one page; older ones are found by their number on the first page."""


@require_GET
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Show what belongs to the person who is signed in, trouble first."""
    if not request.user.is_authenticated:
        return to_sign_in(request)
    person = request.user
    context = {
        "orders": _orders(person),
        "claims": _claims(person),
        "letters": preferences.chosen(person=person),
    }
    return private(render(request, "pages/account.html", context))


@require_POST
@never_cache
def letters(request: HttpRequest) -> HttpResponse:
    """Keep which letters the person wants; those we must send are not asked about."""
    if not request.user.is_authenticated:
        return to_sign_in(request)
    person = request.user
    for kind, _is_wanted in preferences.chosen(person=person):
        if kind.may_opt_out:
            wanted = kind.slug in request.POST.getlist("letter")
            preferences.choose(person=person, kind=kind.slug, is_wanted=wanted)
    messages.success(request, _("Your choice is kept."))
    return redirect(f"{reverse('account')}#letters")


def _orders(person: User) -> list[dict[str, Any]]:
    """Return the person's orders with their parcels, those in trouble first."""
    found = (
        Order.objects.of(person.pk)
        .prefetch_related("parcels__carrier")
        .order_by("-placed_at")[:MOST]
    )
    rows = []
    for order in found:
        parcels = sorted(
            (parcel for parcel in order.parcels.all() if parcel.is_current),
            key=lambda parcel: (parcel.status not in TROUBLE, parcel.position),
        )
        rows.append(
            {
                "order": order,
                "parcels": parcels,
                "is_troubled": any(parcel.status in TROUBLE for parcel in parcels),
            }
        )
    return sorted(rows, key=lambda row: not row["is_troubled"])


def _claims(person: User) -> list[dict[str, Any]]:
    """Return the person's claims, those that wait for them first, then newest first."""
    waiting = {ClaimState.NEEDS_INFO, ClaimState.OFFERED, ClaimState.COMPENSATION_FAILED}
    found = (
        Claim.objects.of(person.pk)
        .exclude(state=ClaimState.WITHDRAWN, submitted_at__isnull=True)
        .prefetch_related("lines__order_line")
        .order_by("-created_at")[:MOST]
    )
    unread = conversation.unread_of(shopper=person)
    rows = [
        {
            "claim": claim,
            "items": items_in_words(claim.lines.all()),
            "label": rules.public_status(claim.state).label,
            "tone": TONES.get(claim.state, "info"),
            "icon": ICONS.get(claim.state, "search"),
            "is_draft": claim.state == ClaimState.DRAFT,
            "unread": unread.get(claim.pk, 0),
            "is_yours": claim.state in waiting,
            "by": claim.due_at
            if claim.state in waiting and claim.due_at > timezone.now()
            else None,
        }
        for claim in found
    ]
    return sorted(rows, key=lambda row: not row["is_yours"])


urlpatterns = [
    path("account/", account, name="account"),
    path("account/letters/", letters, name="account-letters"),
]
