"""One parcel's journey, as far as it opens for its visitor."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.core.cache import cache as store
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from claims.models import Claim
from claims.rules import public_status
from claims.states import ClaimState
from portal.accounts.models import User
from portal.lib import links, masking
from portal.lib.caching import Shelf
from portal.pages import access, brand, home, journey, signin, track_parts
from portal.pages.access import Level
from portal.pages.journey_rights import Rights, rights
from portal.pages.journey_teller import WITH_RIGHTS, Teller
from portal.pages.track_of import of_a_parcel
from tracking.services import journeys, lookup, notices
from tracking.services.journey_phases import TROUBLED
from tracking.services.journeys import Details, Head

KEPT_SECONDS = 2 * 3600
POLL_SECONDS = 30
SHELF = Shelf(settings.PAGES_KEPT)
"""The pages looked at most, in this process."""


@dataclass(frozen=True, slots=True)
class ClaimLink:
    """One claim of the shopper about this parcel."""

    ref: str
    label: str
    tone: str
    icon: str
    is_draft: bool


# --- The journey ----------------------------------------------------------------------------------


@require_safe
@of_a_parcel
def show(request: HttpRequest, head: Head) -> HttpResponse:
    """Show the journey; a signed key in the address is exchanged for a cookie first."""
    if links.KEY in request.GET:
        return _exchange(request, head)
    return _answer(request, head, "page")


@require_safe
@of_a_parcel
def sheet(request: HttpRequest, head: Head) -> HttpResponse:
    """Answer the page's regular question whether anything is new."""
    return _answer(request, head, "sheet")


def _exchange(request: HttpRequest, head: Head) -> HttpResponse:
    try:
        access.exchange(request.GET[links.KEY], token=head.token, link_version=head.link_version)
    except links.ExpiredLink:
        return render(request, "pages/link_expired.html", {"token": head.token}, status=410)
    except links.BadLink:
        return HttpResponseRedirect(reverse("track", args=[head.token]))
    response = HttpResponseRedirect(reverse("track", args=[head.token]))
    access.grant(response, head, Level.PERSON, request=request)
    return response


def _answer(request: HttpRequest, head: Head, part: str) -> HttpResponse:
    """Answer from the visitor's own copy, from the cache, or by telling the journey anew."""
    level = access.level_of(request, head, shopper_id=head.shopper_id)
    # Within an hour a page says the same, so that it can be kept: what is late, what is today.
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    claims = _claims(head) if level is Level.PERSON else ()
    language = get_language() or "en"
    # What a page may say is all in this key; nothing else about the visitor reaches it.
    key = _digest(
        f"{head.token}|{head.revision}|{level:d}|{language}|{now:%Y%m%d%H}|{_look()}|{claims}"
    )
    etag = f'W/"{key}-{part}"'
    kept = get_conditional_response(request, etag=etag)
    if kept is None:
        name = f"journey:{part}:{key}"
        html = SHELF.get(name)
        if html is None:
            told = store.get(name)
            if told is None:
                told = _tell(
                    request, head, level, part, etag=f'W/"{key}-sheet"', claims=claims, now=now
                )
                store.set(name, told, KEPT_SECONDS)
            html = told.encode()
            SHELF.set(name, html)
        kept = HttpResponse(html)
        kept.headers["ETag"] = etag
    kept.headers["Cache-Control"] = "private, no-cache"
    # Only where there is no form: with this policy a browser hides its origin from CSRF too.
    kept.headers["Referrer-Policy"] = "no-referrer"
    patch_vary_headers(kept, ("Cookie",))
    return kept


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


@cache
def _look() -> str:
    """Name the look of the pages: the brand and this build's files."""
    return f"{brand.digest()}|{static('portal/amends.css')}|{static('portal/js/journey.js')}"


def _claims(head: Head) -> tuple[ClaimLink, ...]:
    rows = (
        Claim.objects.filter(parcel_id=head.pk, shopper_id=head.shopper_id)
        .exclude(state=ClaimState.WITHDRAWN)
        .order_by("-created_at")
        .values_list("ref", "state")
    )
    found = []
    for ref, state in rows:
        said = public_status(state)
        found.append(
            ClaimLink(ref, str(said.label), said.tone, said.icon, state == ClaimState.DRAFT)
        )
    return tuple(found)


def _tell(
    request: HttpRequest,
    head: Head,
    level: Level,
    part: str,
    *,
    etag: str,
    claims: tuple[ClaimLink, ...],
    now: datetime,
) -> str:
    facts: dict[str, Any] = {
        "token": head.token,
        "etag": etag,
        "poll": POLL_SECONDS,
        "claims": claims,
        "claim_new": reverse("claim-new"),
        "is_person": level is Level.PERSON,
        "facts": None,
        "person": None,
        "alarm": None,
        "is_swap": part != "page" and level is not Level.NUMBER,
    }
    if level is Level.NUMBER:
        facts["sheet"] = journey.masked(journeys.glimpse(status=head.status))
    else:
        known = journeys.details(head=head, now=now, is_person=level is Level.PERSON)
        notice = (
            notices.notice(parcel_id=head.pk, now=now, zone=known.zone) if known.troubles else None
        )
        teller = Teller(known, now=now, rights=_rights(known, now), notice=notice)
        facts["facts"] = known
        facts["sheet"] = teller.tell()
        facts["is_chinese"] = teller.language.startswith("zh")
        others = [journey.other(other, teller.language) for other in known.others]
        facts["others"] = others
        is_fine = known.phase not in TROUBLED
        facts["alarm"] = next((one for one in others if one.is_troubled and is_fine), None)
        if level is Level.PERSON:
            facts["person"] = journeys.person(head=head)
    template = "pages/track.html" if part == "page" else "pages/track_sheet.html"
    return loader.get_template(template).render(facts, request if part == "page" else None)


def _rights(known: Details, now: datetime) -> Rights:
    """Ask the claim policies only where the page says a date of theirs."""
    return rights(known, now=now) if known.phase in WITH_RIGHTS else Rights()


# --- Opening more ---------------------------------------------------------------------------------


class PostcodeForm(forms.Form):
    """The postcode a parcel goes to."""

    postcode = forms.CharField(
        label=gettext_lazy("Postcode it goes to"),
        max_length=16,
        error_messages={"required": gettext_lazy("Enter the postcode it goes to")},
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="open-%s")


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_parcel
def open_more(request: HttpRequest, head: Head) -> HttpResponse:
    """Open the journey of a parcel in view with its postcode."""
    form = PostcodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            lookup.by_postcode(
                head=head,
                postcode=form.cleaned_data["postcode"],
                visitor=access.client_address(request),
                now=timezone.now(),
            )
        except lookup.TooManyTries as trouble:
            return home.too_often(request, trouble)
        except lookup.NotFound:
            form.add_error(
                "postcode", _("This is not the postcode on file. Check it on your order.")
            )
        else:
            response = HttpResponseRedirect(reverse("track", args=[head.token]))
            access.grant(response, head, Level.DETAILS, request=request)
            return response
    status = 422 if form.errors else 200
    return render(
        request, "pages/track_open.html", {"form": form, "token": head.token}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_parcel
def send_code(request: HttpRequest, head: Head) -> HttpResponse:
    """Send a code to the address on file; the visitor never types one."""
    if request.method == "POST":
        shopper = User.objects.get(pk=head.shopper_id)
        return signin.send_code_for(request, shopper, reverse("track", args=[head.token]))
    level = access.level_of(request, head, shopper_id=head.shopper_id)
    email = _masked_email(head) if level >= Level.DETAILS else ""
    return render(request, "pages/track_code.html", {"token": head.token, "email": email})


def _masked_email(head: Head) -> str:
    return masking.email(User.objects.values_list("email", flat=True).get(pk=head.shopper_id))


urlpatterns = [
    path("", show, name="track"),
    path("sheet/", sheet, name="track-sheet"),
    path("postcode/", open_more, name="track-open"),
    path("code/", send_code, name="track-code"),
    *track_parts.urlpatterns,
]
