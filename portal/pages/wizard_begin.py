"""The way into a report: whose it is, what is in the parcel, or why there is nothing to report."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from claims.models import Claim
from claims.services import claims
from claims.services.refusals import Refusal
from claims.states import ClaimState
from portal.lib import masking
from portal.pages import signin
from portal.pages.claim_faces import language, said_day
from portal.pages.claim_guard import private
from portal.pages.forms import ItemsForm, posted
from portal.pages.wizard_steps import STEPS
from tracking.models import Parcel


@require_http_methods(["GET", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Begin a report about one parcel, or carry on with the draft there is."""
    parcel = get_object_or_404(
        Parcel.objects.select_related("order__shopper", "carrier"),
        token=request.GET.get("parcel", ""),
    )
    if request.user.pk != parcel.order.shopper_id:
        return private(_prove(request, parcel))
    draft = Claim.objects.filter(
        parcel=parcel, shopper_id=request.user.pk, state=ClaimState.DRAFT
    ).first()
    if draft is not None:
        return redirect("wizard-tasks", draft.ref)
    shopper = parcel.order.shopper
    lines = claims.claimable(parcel=parcel)
    has_free = any(line.free for line in lines)
    options = [] if request.method == "POST" else claims.options(parcel=parcel, now=timezone.now())
    if not has_free or (options and not any(option.is_open for option in options)):
        return private(_shut(request, parcel, options, has_free=has_free))
    form = ItemsForm(posted(request), lines=lines)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        draft = claims.begin(parcel=parcel, shopper=shopper, language=language(), now=now)
        if keep_choice(draft, form):
            return redirect("wizard", draft.ref, "what")
    context = {
        "step": "items",
        "number": 1,
        "total": len(STEPS),
        "title": STEPS["items"],
        "parcel": parcel,
        "currency": parcel.order.currency,
        "facts": [(_("Parcel"), which_parcel(parcel))],
        "elsewhere": elsewhere(parcel),
        "back": reverse("track", args=[parcel.token]),
        "back_label": _("Back to the parcel"),
        "form": form,
        "problems": form.problems() if form.is_bound else [],
    }
    status = 422 if context["problems"] else 200
    return private(render(request, "pages/wizard_items.html", context, status=status))


def _shut(
    request: HttpRequest, parcel: Parcel, options: list[claims.ReasonOption], *, has_free: bool
) -> HttpResponse:
    """Say why nothing can be reported about this parcel now, and what there is instead."""
    sent = Claim.objects.of(parcel.order.shopper_id).filter(
        parcel=parcel, submitted_at__isnull=False
    )
    context = {
        "parcel": parcel,
        "options": options if has_free else [],
        "claims": sent.order_by("-submitted_at"),
        "back": reverse("track", args=[parcel.token]),
    }
    return render(request, "pages/wizard_shut.html", context)


def _prove(request: HttpRequest, parcel: Parcel) -> HttpResponse:
    """Send a code to the address on file, never to a typed one."""
    here = f"{reverse('claim-new')}?{urlencode({'parcel': parcel.token})}"
    if request.method == "POST":
        logout(request)  # whoever else was signed in here has just said who they are
        return signin.send_code_for(request, parcel.order.shopper, here)
    context = {
        "parcel": parcel,
        "address": masking.email(parcel.order.shopper.email),
        "is_somebody_else": request.user.is_authenticated,
        "back": reverse("track", args=[parcel.token]),
    }
    return render(request, "pages/wizard_prove.html", context)


def which_parcel(parcel: Parcel) -> str:
    """Say which parcel of the order this is."""
    total = parcel.order.parcels.count()
    facts = {"place": parcel.position, "total": total, "number": parcel.number}
    if parcel.delivered_at is None:
        return _("%(place)s of %(total)s, %(number)s") % facts if total > 1 else parcel.number
    facts["day"] = said_day(parcel.delivered_at)
    if total > 1:
        return _("%(place)s of %(total)s, delivered %(day)s") % facts
    return _("Delivered %(day)s") % facts


def elsewhere(parcel: Parcel) -> list[dict[str, Any]]:
    """List what the order's other parcels hold: seen here, reported there."""
    others = (
        Parcel.objects.filter(order_id=parcel.order_id, is_current=True)
        .exclude(pk=parcel.pk)
        .prefetch_related("lines__order_line")
        .order_by("position")
    )
    return [
        {"title": line.order_line.title, "parcel": other}
        for other in others
        for line in other.lines.all()
    ]


def keep_choice(claim: Claim, form: ItemsForm) -> bool:
    """Keep the chosen items; what the room refuses becomes the form's mistake."""
    try:
        claims.choose(claim=claim, quantities=form.quantities, now=timezone.now())
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
