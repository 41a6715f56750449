"""Who may open a claim's pages: its shopper, signed in, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from claims.models import Claim, ClaimLine
from portal.accounts import visits

Rest = ParamSpec("Rest")
ClaimView = Callable[Concatenate[HttpRequest, Claim, Rest], HttpResponse]
PageView = Callable[Concatenate[HttpRequest, str, Rest], HttpResponse]


def to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    """Send a stranger to the sign-in page, and from there back here."""
    back = request.get_full_path() if request.method == "GET" else request.path
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': back})}")


def private(response: HttpResponse) -> HttpResponse:
    """Keep a page out of caches and search engines."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store, private"
    return response


def for_its_shopper(view: ClaimView[Rest]) -> PageView[Rest]:
    """
    Open a claim page to the claim's own shopper only; the view gets the claim.

    A stranger signs in first, whether or not the claim exists. Somebody else is told so, kindly.
    """
    return _guarded(view, by_link=False)


def for_its_reporter(view: ClaimView[Rest]) -> PageView[Rest]:
    """
    Open a page of the report also to the browser that opened its draft by the signed link.

    The views behind it change nothing but drafts; once sent, such a browser sees the receipt.
    """
    return _guarded(view, by_link=True)


def is_its_shopper(request: HttpRequest, claim: Claim) -> bool:
    """Test whether the claim's shopper is signed in here, and not only let in by a link."""
    return request.user.pk == claim.shopper_id


def _guarded(view: ClaimView[Rest], *, by_link: bool) -> PageView[Rest]:
    @never_cache
    def page(
        request: HttpRequest, ref: str, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponse:
        is_let_in = by_link and visits.is_in(request, ref=ref, now=timezone.now())
        if not (request.user.is_authenticated or is_let_in):
            return to_sign_in(request)
        claim = (
            Claim.objects.select_related("order", "parcel__carrier", "policy", "shopper")
            .filter(ref=ref)
            .first()
        )
        if claim is None:
            raise Http404
        if not (is_let_in or is_its_shopper(request, claim)):
            return private(render(request, "pages/claim_other.html", status=403))
        return private(view(request, claim, *args, **kwargs))

    return cast("PageView[Rest]", wraps(view)(page))


def items_in_words(lines: Iterable[ClaimLine]) -> str:
    """Return the claimed items on one line."""
    return ", ".join(f"{line.order_line.title} × {line.quantity}" for line in lines)
