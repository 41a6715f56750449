"""One parcel's journey, as far as it opens for its visitor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, cast

from django import forms
from django.conf import settings
from django.core.cache import cache as store
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
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
from notifications.models import Watch
from notifications.services import watches
from portal.accounts.models import User
from portal.lib import links, masking
from portal.lib.caching import Shelf
from portal.pages import access, brand, home, journey, signin
from portal.pages.access import Level
from portal.pages.journey_rights import Rights, rights
from tracking.services import journeys, lookup
from tracking.services.journeys import Details, Head
from tracking.states import SOFT_TERMINAL

KEPT_SECONDS = 2 * 3600
POLL_SECONDS = 30
SHELF = Shelf(settings.PAGES_KEPT)
"""The pages looked at most, in this process."""

Rest = ParamSpec("Rest")
JourneyView = Callable[Concatenate[HttpRequest, Head, Rest], HttpResponse]
PageView = Callable[Concatenate[HttpRequest, str, Rest], HttpResponse]


@dataclass(frozen=True, slots=True)
class ClaimLink:
    """One claim of the shopper about this parcel."""

    ref: str
    label: str
    tone: str
    icon: str
    is_draft: bool


def of_a_parcel(view: JourneyView[Rest]) -> PageView[Rest]:
    """Find the parcel of the address, and keep its pages out of caches and search engines."""

    def page(
        request: HttpRequest, token: str, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponse:
        head = journeys.head(token=token) if len(token) <= 32 else None
        if head is None:
            raise Http404
        response = view(request, head, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store, private"
        return response

    return cast("PageView[Rest]", wraps(view)(page))


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
    }
    if level is Level.NUMBER:
        facts["sheet"] = journey.masked(journeys.glimpse(status=head.status))
    else:
        known = journeys.details(head=head, now=now)
        teller = journey.Teller(known, now=now, rights=_rights(known, now))
        facts["facts"] = known
        facts["sheet"] = teller.tell()
        facts["is_chinese"] = teller.language.startswith("zh")
        facts["others"] = [journey.other(other, teller.language) for other in known.others]
        if level is Level.PERSON:
            facts["person"] = journeys.person(head=head)
    template = "pages/track.html" if part == "page" else "pages/track_sheet.html"
    return loader.get_template(template).render(facts, request if part == "page" else None)


def _rights(known: Details, now: datetime) -> Rights:
    """Ask the claim policies only where the page says a date of theirs."""
    return rights(known, now=now) if known.phase in journey.WITH_RIGHTS else Rights()


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


# --- Keep me posted -------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@of_a_parcel
def keep_posted(request: HttpRequest, head: Head) -> HttpResponse:
    """Ask for a letter at every step; it goes to the address on file and to no other."""
    level = access.level_of(request, head, shopper_id=head.shopper_id)
    if level < Level.DETAILS:
        return HttpResponseRedirect(reverse("track-open", args=[head.token]))
    shopper = User.objects.get(pk=head.shopper_id)
    if request.method == "POST":
        if request.POST.get("answer") == "stop":
            watches.unwatch(person=shopper, parcel_token=head.token)
        else:
            watches.watch(person=shopper, parcel_token=head.token, now=timezone.now())
        return HttpResponseRedirect(reverse("keep-posted", args=[head.token]))
    is_watched = Watch.objects.filter(person=shopper, parcel_token=head.token).exists()
    facts = {
        "token": head.token,
        "email": masking.email(shopper.email),
        "is_watched": is_watched,
        "is_final": head.status in SOFT_TERMINAL,
    }
    return render(request, "pages/keep_posted.html", facts)


def _masked_email(head: Head) -> str:
    return masking.email(User.objects.values_list("email", flat=True).get(pk=head.shopper_id))


urlpatterns = [
    path("", show, name="track"),
    path("sheet/", sheet, name="track-sheet"),
    path("postcode/", open_more, name="track-open"),
    path("code/", send_code, name="track-code"),
    path("keep-posted/", keep_posted, name="keep-posted"),
]
