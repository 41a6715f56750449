"""The shopper's door for photos, one file a request, and the pictures themselves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from claims.models import Claim, Evidence, EvidenceRequest
from claims.services import evidence, showing
from claims.states import ClaimState, EvidenceState
from portal.accounts import visits
from portal.lib import links

ROOM_FOR_FORM = 64 * 1024
"""What a form may weigh besides its file."""


@csrf_exempt  # read no body before its length is known; the inner view checks the token
@require_POST
@never_cache
def upload(request: HttpRequest, ref: str) -> HttpResponse:
    """Keep one photo of the shopper's own claim; a body too large is never read."""
    claim = _own_claim(request, ref)
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > settings.PHOTO_MAX_BYTES + ROOM_FOR_FORM:
        return _refusal(evidence.TooLarge(size=filesizeformat(length)), status=413)
    return _upload(request, claim)


@csrf_protect
def _upload(request: HttpRequest, claim: Claim) -> HttpResponse:
    file = request.FILES.get("file")
    key = request.POST.get("upload_key", "").strip()
    if file is None or not key or len(key) > 64:
        sentence = _("Choose a photo to send.") if file is None else _("Reload this page.")
        return JsonResponse(
            {"state": "refused", "code": "bad_form", "sentence": sentence}, status=400
        )
    asked = request.POST.get("request", "")
    demand = (
        EvidenceRequest.objects.filter(pk=int(asked), claim=claim).first()
        if asked.isascii() and asked.isdigit() and len(asked) < 18
        else None
    )
    try:
        photo = evidence.attach(
            claim=claim,
            file=file,
            name=file.name or "",
            kind=request.POST.get("kind", "other"),
            upload_key=key,
            user=claim.shopper,
            now=timezone.now(),
            request=demand,
        )
    except evidence.PhotoRefused as refusal:
        return _refusal(refusal, name=file.name or "")
    return JsonResponse(described(photo), status=201)


@require_http_methods(["GET", "POST", "DELETE"])
@never_cache
def status(request: HttpRequest, ref: str, token: str) -> HttpResponse:
    """Tell how a photo stands; POST and DELETE take it back."""
    claim = _own_claim(request, ref)
    photo = get_object_or_404(Evidence, claim=claim, token=token)
    if request.method != "GET":
        try:
            evidence.remove(evidence=photo, user=claim.shopper, now=timezone.now())
        except evidence.PhotoRefused as refusal:
            return _refusal(refusal, name=photo.name)
    return JsonResponse(described(photo))


@require_POST
@never_cache
def remove(request: HttpRequest, ref: str, token: str) -> HttpResponse:
    """Take a photo back."""
    return status(request, ref, token)


@require_GET
def photo(request: HttpRequest, token: str, size: str) -> HttpResponseBase:
    """
    Lead the claim's shopper, or staff who may see photos, to a clean copy by a short-lived link.

    The original is never shown, and nothing but our own JPEG ever is.
    """
    row = Evidence.objects.select_related("claim").filter(token=token).first()
    if row is None or size not in showing.SIZES or not _may_see(request, row):
        raise Http404
    if row.state != EvidenceState.CLEAN:
        raise Http404
    answer = HttpResponseRedirect(showing.address(photo=row, size=size))
    # Shorter than the link lasts, so that a browser never follows one that has run out.
    answer["Cache-Control"] = "private, max-age=600"
    answer["Vary"] = "Cookie"
    return answer


@require_GET
def media(request: HttpRequest) -> HttpResponseBase:
    """Show the one copy that a signed link is for; cookies are neither asked for nor set."""
    if request.headers.get("Sec-Fetch-Dest", "image") not in _SHOWN_AS:
        return HttpResponse(status=403)
    try:
        content, size = showing.open_copy(key=request.GET.get(links.KEY, ""))
    except showing.LinkRanOut:
        sentence = _("This link to a photo has run out. Open the page again that it was on.")
        answer: HttpResponseBase = HttpResponse(
            f"{sentence}\n", status=410, content_type="text/plain; charset=utf-8"
        )
        answer["Cache-Control"] = "no-store"
    except showing.NotShown:
        answer = HttpResponse(status=404)
        answer["Cache-Control"] = "no-store"
    else:
        answer = FileResponse(content, content_type="image/jpeg")
        answer["Content-Disposition"] = f'inline; filename="{size}.jpg"'
        answer["Cache-Control"] = "private, max-age=600"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "same-site" if settings.MEDIA_HOST else "same-origin"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


_SHOWN_AS = {"image", "document", "empty"}
"""What a browser may say that it wants a photo for; never a script, a frame or an object."""


def described(photo: Evidence) -> dict[str, Any]:
    """Return what a page may know of a photo."""
    thumb = photo.state == EvidenceState.CLEAN and photo.removed_at is None
    return {
        "token": photo.token,
        "name": photo.name,
        "kind": photo.kind,
        "state": "removed" if photo.removed_at else photo.state,
        "sentence": evidence.sentence(photo),
        "bytes": photo.bytes,
        "thumb": reverse("photo", args=[photo.token, "small"]) if thumb else "",
        "remove": reverse("photo-remove", args=[photo.claim.ref, photo.token]),
    }


def _own_claim(request: HttpRequest, ref: str) -> Claim:
    """Return the claim to its shopper, or its draft to a browser let in by the draft's link."""
    claims = Claim.objects.select_related("shopper")
    if visits.is_in(request, ref=ref, now=timezone.now()):
        return get_object_or_404(claims, Q(state=ClaimState.DRAFT) | _is_mine(request), ref=ref)
    if not request.user.is_authenticated:
        raise Http404
    return get_object_or_404(claims, _is_mine(request), ref=ref)


def _is_mine(request: HttpRequest) -> Q:
    return Q(shopper_id=request.user.pk)


def _may_see(request: HttpRequest, row: Evidence) -> bool:
    user = request.user
    is_let_in = visits.is_in(request, ref=row.claim.ref, now=timezone.now())
    if is_let_in and row.claim.state == ClaimState.DRAFT:
        return row.removed_at is None
    if not user.is_authenticated or not user.is_active:
        return False
    if row.claim.shopper_id == user.pk:
        return row.removed_at is None
    return user.is_staff and user.has_perm("claims.view_evidence")


def _refusal(refusal: evidence.PhotoRefused, *, name: str = "", status: int = 422) -> JsonResponse:
    body = {"state": "refused", "code": refusal.code, "sentence": str(refusal), "name": name}
    return JsonResponse(body, status=413 if refusal.code == "too_large" else status)


urlpatterns = [
    path("claims/<str:ref>/photos/", upload, name="photo-upload"),
    path("claims/<str:ref>/photos/<str:token>/", status, name="photo-status"),
    path("claims/<str:ref>/photos/<str:token>/remove/", remove, name="photo-remove"),
    path("photos/<str:token>/<str:size>/", photo, name="photo"),
    path("media/", media, name="media"),
]
