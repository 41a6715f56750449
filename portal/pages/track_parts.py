"""
What opens in place on a journey page, and is a page of its own without JavaScript.

The journey page itself is kept for many visitors and holds no form. Each part is asked for when it
is wanted, never kept, and carries the form's token.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from notifications.models import Watch
from notifications.services import watches
from portal.accounts import limits
from portal.accounts.models import User
from portal.lib import dates, links, masking
from portal.pages import access
from portal.pages.access import Level
from portal.pages.track_of import of_a_parcel
from tracking.models import Parcel
from tracking.services import checking, journeys, proving
from tracking.services.checking import Checked, Outcome
from tracking.services.journeys import Head
from tracking.states import SOFT_TERMINAL

CHECKS_PER_PARCEL, PARCEL_SECONDS = 4, 1800
CHECKS_PER_VISITOR, VISITOR_SECONDS = 20, 1800
PROOF = "proof"
"""Purpose of the key that a picture's address carries."""
PROOF_FOR = timedelta(minutes=10)


def _is_in_place(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _answer(
    request: HttpRequest, name: str, facts: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Answer with the part alone where it is put into the journey, else with a page around it."""
    part = f"pages/track_{name}_part.html"
    template = part if _is_in_place(request) else "pages/track_part.html"
    response = render(request, template, {**facts, "part": part}, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _shut(head: Head) -> HttpResponse:
    """Send a visitor who has only a number to the page that opens the rest."""
    return HttpResponseRedirect(reverse("track-open", args=[head.token]))


# --- Keep me posted -------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_parcel
def keep_posted(request: HttpRequest, head: Head) -> HttpResponse:
    """Ask for a letter at every step; it goes to the address on file and to no other."""
    level = access.level_of(request, head, shopper_id=head.shopper_id)
    if level < Level.DETAILS:
        return _shut(head)
    shopper = User.objects.get(pk=head.shopper_id)
    if request.method == "POST":
        if request.POST.get("answer") == "stop":
            watches.unwatch(person=shopper, parcel_token=head.token)
        else:
            watches.watch(person=shopper, parcel_token=head.token, now=timezone.now())
        if not _is_in_place(request):
            return HttpResponseRedirect(reverse("keep-posted", args=[head.token]))
    is_watched = Watch.objects.filter(person=shopper, parcel_token=head.token).exists()
    facts = {
        "token": head.token,
        "title": _("We keep you posted") if is_watched else _("Keep me posted"),
        "email": masking.email(shopper.email),
        "is_watched": is_watched,
        "is_final": head.status in SOFT_TERMINAL,
    }
    return _answer(request, "posted", facts)


# --- Ask the carrier now --------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_parcel
def check(request: HttpRequest, head: Head) -> HttpResponse:
    """Have the carrier asked now, within its budget and ours, and say what comes of it."""
    if access.level_of(request, head, shopper_id=head.shopper_id) < Level.DETAILS:
        return _shut(head)
    facts: dict[str, Any] = {"token": head.token, "title": _("Ask the carrier now"), "said": None}
    if request.method != "POST":
        return _answer(request, "check", facts)
    now = timezone.now()
    if _is_too_often(request, head):
        facts["said"] = _(
            "You have asked several times just now. We go on asking by ourselves, and this page "
            "says at once what is new."
        )
        response = _answer(request, "check", facts, status=200 if _is_in_place(request) else 429)
        response.headers["Retry-After"] = str(PARCEL_SECONDS)
        return response
    done = checking.check(parcel_id=head.pk, now=now)
    facts["said"] = _said(done, zone=journeys.details(head=head, now=now).zone)
    return _answer(request, "check", facts)


def _is_too_often(request: HttpRequest, head: Head) -> bool:
    now, visitor = timezone.now(), access.client_address(request)
    return not (
        limits.spend(
            f"check:visitor:{visitor}", limit=CHECKS_PER_VISITOR, seconds=VISITOR_SECONDS, now=now
        )
        and limits.spend(
            f"check:parcel:{head.pk}", limit=CHECKS_PER_PARCEL, seconds=PARCEL_SECONDS, now=now
        )
    )


def _said(done: Checked, *, zone: tzinfo) -> str:
    """Say what came of asking: never more than is true."""
    language = get_language() or "en"

    def when(at: datetime | None) -> str:
        return dates.when(at.astimezone(zone), language) if at else ""

    if done.outcome is Outcome.ASKED:
        return _("We are asking the carrier. What it answers appears here, usually in a minute.")
    if done.outcome is Outcome.TOO_SOON and done.asked_at and done.next_at:
        return _(
            "We asked on %(asked)s and may ask again from %(next)s; we do it by ourselves."
        ) % {"asked": when(done.asked_at), "next": when(done.next_at)}
    if done.outcome is Outcome.TOO_SOON:
        return _("We have asked as often as the carrier allows for today; tomorrow we ask again.")
    if done.outcome is Outcome.SPENT:
        return _(
            "All our questions to this carrier are used up for the moment. Yours is next, from "
            "about %(next)s."
        ) % {"next": when(done.next_at)}
    if done.outcome is Outcome.AWAY:
        return _(
            "The carrier does not answer at present. What you see is the last it told us; we go "
            "on trying."
        )
    return _("This carrier cannot be asked. It tells us by itself when something happens.")


# --- Proof of delivery ----------------------------------------------------------------------------


@require_safe
@of_a_parcel
def proof(request: HttpRequest, head: Head) -> HttpResponse:
    """Show photo, signature and name of whoever took it in, to the parcel's own person only."""
    if access.level_of(request, head, shopper_id=head.shopper_id) < Level.PERSON:
        return HttpResponseRedirect(reverse("track-code", args=[head.token]))
    parcel = Parcel.objects.get(pk=head.pk)
    kept = [
        {
            "kind": one.kind,
            "small": _picture(head, one.pk, "small"),
            "large": _picture(head, one.pk, "large"),
        }
        for one in proving.of(parcel=parcel)
        if one.large
    ]
    facts = {
        "token": head.token,
        "title": pgettext("journey", "Proof of delivery"),
        "proofs": kept,
        "signed_by": parcel.signed_by,
    }
    return _answer(request, "proof", facts)


def _picture(head: Head, pk: int, size: str) -> str:
    key = links.sign(PROOF, f"{head.token}/{pk}", head.link_version)
    return f"{reverse('track-proof-picture', args=[head.token, pk, size])}?{links.KEY}={key}"


@require_safe
@of_a_parcel
def proof_picture(request: HttpRequest, head: Head, pk: int, size: str) -> HttpResponseBase:
    """Show a clean copy of one proof for a few minutes; the original is never served."""
    if access.level_of(request, head, shopper_id=head.shopper_id) < Level.PERSON:
        return HttpResponseRedirect(reverse("track-code", args=[head.token]))
    try:
        proved = links.read(PROOF, request.GET.get(links.KEY, ""), PROOF_FOR)
    except links.BadLink as trouble:
        raise Http404 from trouble
    if proved != (f"{head.token}/{pk}", head.link_version) or size not in {"large", "small"}:
        raise Http404
    shown = proving.of(parcel=Parcel.objects.get(pk=head.pk))
    name = next((getattr(one, size) for one in shown if one.pk == pk), "")
    if not name:
        raise Http404
    try:
        content = default_storage.open(name)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        content,
        content_type="image/jpeg",
        headers={
            "Content-Disposition": f'inline; filename="{size}.jpg"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        },
    )


urlpatterns = [
    path("keep-posted/", keep_posted, name="keep-posted"),
    path("check/", check, name="track-check"),
    path("proof/", proof, name="track-proof"),
    path("proof/<int:pk>/<slug:size>/", proof_picture, name="track-proof-picture"),
]
