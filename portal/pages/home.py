"""Find my parcel: by order number and e-mail, or by tracking number."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts import limits
from portal.lib import dates
from portal.pages import access, errors, journey_dates, recognised
from tracking.models.parcel import normalise
from tracking.services import leaving, lookup

HINTS_PER_VISITOR = 120
HINT_SECONDS = 600


class OrderForm(forms.Form):
    """An order number and the e-mail it was placed with."""

    order = forms.CharField(
        label=gettext_lazy("Order number"),
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "input-code",
            }
        ),
    )
    email = forms.EmailField(
        label=gettext_lazy("E-mail you ordered with"),
        max_length=254,
        error_messages={
            "required": gettext_lazy("Enter the e-mail you ordered with"),
            "invalid": gettext_lazy("Enter an e-mail address such as name@example.org"),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="find-%s")
        prefix = str(settings.BRAND.get("order_hint") or "")
        own = self.fields["order"]
        own.help_text = (
            _("Starts with %(prefix)s. It is in your confirmation e-mail, under the greeting.")
            % {"prefix": prefix}
            if prefix
            else _("It is in your confirmation e-mail, under the greeting.")
        )
        own.error_messages["required"] = (
            _("Enter an order number that starts with %(prefix)s") % {"prefix": prefix}
            if prefix
            else _("Enter your order number")
        )


class NumberForm(forms.Form):
    """A tracking number, and the postcode if it is at hand."""

    number = forms.CharField(
        label=gettext_lazy("Tracking number"),
        help_text=gettext_lazy(
            "It is in the e-mail we sent when it left. Spaces and dashes do not matter."
        ),
        max_length=80,
        error_messages={"required": gettext_lazy("Enter the tracking number")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "input-code",
            }
        ),
    )
    postcode = forms.CharField(
        label=gettext_lazy("Postcode it goes to (if you like)"),
        help_text=gettext_lazy(
            "This number shows the status only. Add the postcode to see items and dates."
        ),
        required=False,
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="find-%s")
        self.fields["number"].widget.attrs |= {
            "hx-get": reverse("recognise"),
            "hx-trigger": "input changed delay:500ms",
            "hx-target": "#find-seen",
            "hx-sync": "this:replace",
        }

    def clean_number(self) -> str:
        """Take the number however it was typed, in the wide digits of a Chinese keyboard too."""
        number = normalise(unicodedata.normalize("NFKC", self.cleaned_data["number"]))
        if not 4 <= len(number) <= 64 or not number.isascii():
            raise forms.ValidationError(
                _(
                    "A tracking number has 4 to 64 letters and digits. "
                    "Check it on the e-mail or the label."
                )
            )
        return number


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Show the two ways in, and open what they find."""
    by = request.POST.get("by") or request.GET.get("by") or "order"
    kind = NumberForm if by == "number" else OrderForm
    if request.method != "POST":
        return _page(request, kind(), status=200)
    form = kind(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    words = form.cleaned_data
    visitor, now = access.client_address(request), timezone.now()
    try:
        if isinstance(form, NumberForm):
            found = lookup.by_number(
                number=words["number"], postcode=words["postcode"], visitor=visitor, now=now
            )
        else:
            found = lookup.by_order(
                number=words["order"], email=words["email"], visitor=visitor, now=now
            )
    except lookup.NotFound:
        form.add_error(None, _not_found(form))
        return _page(request, form, status=422)
    except lookup.TooManyTries as trouble:
        return too_often(request, trouble)
    if found.token is None:
        return _waiting(request, found.order, now=now)
    response = HttpResponseRedirect(reverse("track", args=[found.token]))
    access.grant(response, found.openings, found.openings[0].level, request=request)
    return response


def _waiting(request: HttpRequest, order: str, *, now: datetime) -> HttpResponse:
    """Show an order of which nothing has left: what it holds, and by when it should leave."""
    known, language = leaving.waiting(order=order, now=now), get_language() or "en"
    heading, stamp = _("Being packed"), None
    if known.leaves_by is not None:
        day = known.leaves_by.astimezone(known.zone)
        said = journey_dates.unbroken(dates.long_day(day, language))
        heading = _("Being packed: leaves by %(day)s") % {"day": said}
        stamp = journey_dates.one_day(_("Leaves by"), day, language)
    facts = {
        "order": known.order,
        "heading": heading,
        "title": journey_dates.plain(heading),
        "stamp": stamp,
        "notice": known.notice,
        "items": known.items,
    }
    return render(request, "pages/find_waiting.html", facts)


@require_http_methods(["GET", "HEAD"])
@never_cache
def recognise(request: HttpRequest) -> HttpResponse:
    """Answer with a sentence about whose the number being typed looks like."""
    visitor = access.client_address(request)
    if not limits.spend(
        f"recognise:visitor:{visitor}",
        limit=HINTS_PER_VISITOR,
        seconds=HINT_SECONDS,
        now=timezone.now(),
    ):
        return HttpResponse(status=429, headers={"Retry-After": str(HINT_SECONDS)})
    seen = recognised.look(request.GET.get("number", "")[:80])
    return render(request, "components/recognised.html", {"seen": seen})


def too_often(request: HttpRequest, trouble: lookup.TooManyTries) -> HttpResponse:
    """Ask a visitor who guesses to wait, and offer the way that needs no guess."""
    return errors.too_many(
        request,
        heading=_("Too many tries"),
        text=(
            _(
                "This number was tried too often. Wait an hour, or sign in with a code sent to "
                "your e-mail."
            )
            if trouble.is_about_number
            else _("Too many tries from here. Wait 10 minutes; we can also e-mail you a link.")
        ),
        retry_after=trouble.retry_after,
        is_crowd=False,
    )


def _not_found(form: forms.Form) -> str:
    if isinstance(form, OrderForm):
        return _(
            "We cannot find that order with that e-mail. Check both, or use the tracking number."
        )
    if form.cleaned_data["postcode"]:
        return _(
            "We cannot find that number with that postcode. Check both, or leave the postcode out."
        )
    return _("We cannot find that tracking number. Check it, or use the order number.")


def _page(request: HttpRequest, form: forms.Form, *, status: int) -> HttpResponse:
    typed = form.data.get("number", "") if isinstance(form, NumberForm) and form.is_bound else ""
    facts = {
        "form": form,
        "by_number": isinstance(form, NumberForm),
        "seen": recognised.look(typed[:80]) if typed else None,
    }
    return render(request, "pages/home.html", facts, status=status)
