"""How did we do? Asked once a claim is over, on its page and on one of its own."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from claims.models import Claim
from claims.models.rating import Stars
from claims.services import rating
from claims.services.refusals import Refusal
from portal.accounts.models import User
from portal.pages.claim_guard import for_its_shopper
from portal.pages.forms import PageForm, posted

WORDS_MAX = 2000


class RatingForm(PageForm):
    """How well it was handled, and a sentence why."""

    stars = forms.TypedChoiceField(
        coerce=int,
        choices=Stars.choices,
        error_messages={
            "required": rating.NoStars.sentence,
            "invalid_choice": rating.NoStars.sentence,
        },
    )
    words = forms.CharField(
        required=False,
        max_length=WORDS_MAX,
        error_messages={
            "max_length": gettext_lazy("Keep what you say to 2,000 characters"),
        },
    )

    def anchor(self, name: str) -> str:
        """Send a mistake in the stars to the first of them."""
        return "id_stars_5" if name == "stars" else f"id_{name}"


def panel(claim: Claim, form: RatingForm | None = None) -> dict[str, Any]:
    """Return what the page asks, or what was answered; empty while there is nothing to judge."""
    if not rating.may_rate(claim):
        return {}
    said = rating.newest(claim)
    if form is None:
        form = RatingForm(initial={"stars": said.stars, "words": said.words} if said else None)
    return {
        "form": form,
        "said": said,
        "choices": [
            {"value": value, "label": label, "is_set": str(form["stars"].value()) == str(value)}
            for value, label in reversed(Stars.choices)
        ],
    }


@require_http_methods(["GET", "POST"])
@for_its_shopper
def rate(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Take how well the claim was handled."""
    form = RatingForm(posted(request)) if request.method == "POST" else None
    if form is not None and form.is_valid():
        try:
            rating.rate(
                claim=claim,
                shopper=cast("User", request.user),
                stars=form.cleaned_data["stars"],
                words=form.cleaned_data["words"],
                now=timezone.now(),
            )
        except rating.RatedEnough as refusal:
            form.add_error(None, str(refusal))
        except Refusal as refusal:
            messages.info(request, str(refusal))
            return redirect("claim", claim.ref)
        else:
            messages.success(request, _("Thank you. It helps us do better."))
            return redirect("claim", claim.ref)
    asked = panel(claim, form)
    if not asked:
        messages.info(request, str(rating.NotOver()))
        return redirect("claim", claim.ref)
    problems = form.problems() if form is not None else []
    context = {"claim": claim, "rating": asked, "problems": problems}
    return render(request, "pages/claim_rating.html", context, status=422 if problems else 200)


urlpatterns = [path("claims/<str:ref>/rating/", rate, name="claim-rating")]
