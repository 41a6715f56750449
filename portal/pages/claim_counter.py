"""Answer an offer with something else: another way to put it right, or another sum."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from babel.numbers import get_currency_precision
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
from claims.services import answering, claims
from claims.services.refusals import Refusal
from claims.states import Wish
from portal.accounts.models import User
from portal.lib.money import Money
from portal.lib.moves import Role
from portal.pages.claim_faces import language
from portal.pages.claim_guard import for_its_shopper
from portal.pages.forms import MESSAGE_MAX, PageForm, posted

_SUM = re.compile(r"[^\d.,]{0,6}([0-9]{1,9})(?:[.,]([0-9]{1,3}))?[^\d.,]{0,6}")
"""A plain number, with the currency before or after it if somebody likes to write it."""
MONEY = (Wish.REFUND, Wish.PARTIAL_REFUND, Wish.FEE_REFUND)
"""Wishes for which a sum can be named."""


class CounterForm(PageForm):
    """What the shopper would take instead, how much of it, and why."""

    wish = forms.ChoiceField(
        error_messages={
            "required": gettext_lazy("Choose what would put it right"),
            "invalid_choice": gettext_lazy("Choose one of the answers below"),
        }
    )
    amount = forms.CharField(required=False, max_length=24)
    text = forms.CharField(
        max_length=MESSAGE_MAX,
        error_messages={
            "required": gettext_lazy("Tell us why in a sentence"),
            "max_length": gettext_lazy("Keep your reason to 4,000 characters"),
        },
    )

    def __init__(self, *args: Any, wishes: Sequence[str], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wishes = list(wishes)
        self.currency = currency
        self.fields["wish"].choices = [(value, value) for value in wishes]  # type: ignore[attr-defined]

    def clean_amount(self) -> int | None:
        """Read a sum in minor units, however it was written; None if none was named."""
        text = unicodedata.normalize("NFKC", str(self.cleaned_data["amount"]))
        if not text.strip():
            return None
        found = _SUM.fullmatch(text.strip())
        precision = get_currency_precision(self.currency)
        if found is None or len(found[2] or "") > precision:
            raise forms.ValidationError(
                _("Write the sum like this: %(example)s")
                % {"example": Money(4250, self.currency).major}
            )
        return int(Decimal(f"{found[1]}.{found[2] or 0}").scaleb(precision))

    def anchor(self, name: str) -> str:
        """Send a mistake in the wish to the first answer."""
        return f"id_wish_{self.wishes[0]}" if name == "wish" and self.wishes else f"id_{name}"


@require_http_methods(["GET", "POST"])
@for_its_shopper
def counter(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Take what the shopper would rather have; a person looks at it and answers."""
    now = timezone.now()
    wishes = claims.wishes(claim=claim, now=now)
    form = CounterForm(
        posted(request),
        initial={"wish": claim.wish},
        wishes=[row.wish for row in wishes],
        currency=claim.currency,
    )
    if request.method == "POST" and form.is_valid():
        is_money = form.cleaned_data["wish"] in MONEY
        try:
            answering.counter(
                claim=claim,
                shopper=cast("User", request.user),
                wish=form.cleaned_data["wish"],
                amount_minor=form.cleaned_data["amount"] if is_money else None,
                text=form.cleaned_data["text"],
                now=now,
            )
        except answering.WrongCounter as refusal:
            form.add_error("amount", str(refusal))
        except Refusal as refusal:
            form.add_error("text", str(refusal))
        else:
            messages.success(request, _("We have it. A person looks at it and answers you."))
            return redirect("claim", claim.ref)
    elif request.method == "GET":
        actions = claims.available_actions(claim=claim, role=Role.SHOPPER, now=now)
        if all(action.verb != "counter" for action in actions):
            messages.info(request, _("There is no offer to answer now."))
            return redirect("claim", claim.ref)
    problems = form.problems() if form.is_bound else []
    context = {
        "claim": claim,
        "form": form,
        "wishes": wishes,
        "problems": problems,
        "left": answering.counters_left(claim),
        "most": Money(claim.order.captured_minor, claim.currency).say(language()),
    }
    return render(request, "pages/claim_counter.html", context, status=422 if problems else 200)


urlpatterns = [path("claims/<str:ref>/something-else/", counter, name="claim-counter")]
