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
from claims.services import checks, claims, opening
from claims.services.refusals import Refusal
from claims.states import ClaimState
from portal.lib import masking
from portal.pages import signin
from portal.pages.claim_faces import language, said_day
from portal.pages.claim_guard import private, to_sign_in
from portal.pages.forms import ItemsForm, posted
from portal.pages.wizard_reasons import WHOLE, shut
from portal.pages.wizard_steps import STEPS
from tracking.models import Order, Parcel


@require_http_methods(["GET", "POST"])
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Begin a report about one parcel or an unsent order, or carry on with the draft there is."""
    if "order" in request.GET and "parcel" not in request.GET:
        return private(_of_an_order(request, request.GET["order"]))
    parcel = get_object_or_404(
        Parcel.objects.select_related("order__shopper", "carrier"),
        token=request.GET.get("parcel", ""),
    )
    if request.user.pk != parcel.order.shopper_id:
        return private(_prove(request, parcel))
    return private(_begin(request, parcel.order, parcel))


def _of_an_order(request: HttpRequest, number: str) -> HttpResponse:
    """Begin a report about what was never sent; an order number alone tells a stranger nothing."""
    if not request.user.is_authenticated:
        return to_sign_in(request)
    order = get_object_or_404(
        Order.objects.select_related("shopper"), number=number, shopper_id=request.user.pk
    )
    return _begin(request, order, None)


def _begin(request: HttpRequest, order: Order, parcel: Parcel | None) -> HttpResponse:
    draft = Claim.objects.filter(
        order=order, parcel=parcel, shopper_id=order.shopper_id, state=ClaimState.DRAFT
    ).first()
    if draft is not None:
        return redirect("wizard-tasks", draft.ref)
    now = timezone.now()
    options = claims.options(parcel=parcel, order=order, now=now)
    noticed = opening.suggest(parcel=parcel, order=order, now=now, options=options)
    about = _about(request.GET.get("about", ""), options, noticed)
    lines = claims.claimable(parcel=parcel, order=order, about=checks.about(about))
    has_free = any(line.free for line in lines)
    if not has_free or not any(option.is_open for option in options):
        return _shut(request, order, parcel, options if has_free else [])
    form = ItemsForm(posted(request), initial=_everything(lines, about), lines=lines)
    if request.method == "POST" and form.is_valid():
        draft = claims.begin(
            parcel=parcel, order=order, shopper=order.shopper, language=language(), now=now,
            anomaly=noticed.anomaly if noticed and noticed.reason == about else None,
        )  # fmt: skip
        if about and not draft.reason:
            claims.tell(claim=draft, reason=about, now=now)
        if keep_choice(draft, form):
            return redirect("wizard", draft.ref, "what")
    back, back_label = way_back(parcel)
    context = {
        "step": "items",
        "number": 1,
        "total": len(STEPS),
        "title": STEPS["items"],
        "parcel": parcel,
        "currency": order.currency,
        "facts": [which(order, parcel)],
        "elsewhere": elsewhere(order, parcel),
        "noticed": noticed.why if noticed and noticed.reason == about else "",
        "back": back,
        "back_label": back_label,
        "form": form,
        "problems": form.problems() if form.is_bound else [],
    }
    status = 422 if context["problems"] else 200
    return render(request, "pages/wizard_items.html", context, status=status)


def _about(
    asked: str, options: list[claims.ReasonOption], noticed: opening.Suggestion | None
) -> str:
    """Return the reason to fill in beforehand: the link's, what we noticed, or the only one."""
    open_now = [option.reason for option in options if option.is_open]
    if asked in open_now:
        return asked
    if noticed is not None:
        return noticed.reason
    return open_now[0] if len(open_now) == 1 else ""


def _everything(lines: list[claims.ClaimableLine], about: str) -> dict[str, Any]:
    """Tick every item beforehand when the trouble is the whole parcel's, or there is only one."""
    free = [line for line in lines if line.free]
    if about not in WHOLE and len(free) > 1:
        return {}
    ticked = {f"line_{line.order_line.pk}": True for line in free}
    return ticked | {f"many_{line.order_line.pk}": line.free for line in free if about in WHOLE}


def _shut(
    request: HttpRequest,
    order: Order,
    parcel: Parcel | None,
    options: list[claims.ReasonOption],
) -> HttpResponse:
    """Say why nothing can be reported about this parcel now, and what there is instead."""
    sent = Claim.objects.of(order.shopper_id).filter(
        order=order, parcel=parcel, submitted_at__isnull=False
    )
    back, back_label = way_back(parcel)
    context = {
        "parcel": parcel,
        "options": options,
        "shut": shut(options),
        "claims": sent.order_by("-submitted_at"),
        "back": back,
        "back_label": back_label,
    }
    return render(request, "pages/wizard_shut.html", context)


def _prove(request: HttpRequest, parcel: Parcel) -> HttpResponse:
    """Send a code to the address on file, never to a typed one."""
    asked = {key: request.GET[key] for key in ("parcel", "about") if request.GET.get(key)}
    here = f"{reverse('claim-new')}?{urlencode(asked)}"
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


def lines_of(claim: Claim) -> list[claims.ClaimableLine]:
    """Return what a draft may still claim: that a thing came late leaves the thing itself free."""
    return claims.claimable(
        parcel=claim.parcel, order=claim.order, about=checks.about(claim.reason)
    )


def way_back(parcel: Parcel | None) -> tuple[str, str]:
    """Return where a report came from: its parcel's page, or the list of orders."""
    if parcel is None:
        return reverse("account"), _("Back to my orders")
    return reverse("track", args=[parcel.token]), _("Back to the parcel")


def which(order: Order, parcel: Parcel | None) -> tuple[str, str]:
    """Say for the margin which parcel of the order this is, or which order nothing came of."""
    if parcel is None:
        return _("Order"), order.number
    total = order.parcels.count()
    facts = {"place": parcel.position, "total": total, "number": parcel.number}
    if parcel.delivered_at is None:
        text = _("%(place)s of %(total)s, %(number)s") % facts if total > 1 else parcel.number
        return _("Parcel"), text
    facts["day"] = said_day(parcel.delivered_at)
    if total > 1:
        return _("Parcel"), _("%(place)s of %(total)s, delivered %(day)s") % facts
    return _("Parcel"), _("Delivered %(day)s") % facts


def elsewhere(order: Order, parcel: Parcel | None) -> list[dict[str, Any]]:
    """List what the order's other parcels hold: seen here, reported there."""
    others = (
        Parcel.objects.filter(order=order, is_current=True)
        .exclude(pk=parcel.pk if parcel else 0)
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
