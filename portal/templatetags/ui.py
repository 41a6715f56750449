"""
What templates may say, in one library: ``{% load ui %}``.

``{% icon "check" %}``
    An inline SVG, hidden from screen readers; ``{% icon "check" "spin" %}`` adds a class.
``{{ minor|money:currency }}``
    Minor units as the language writes them: $54.50, ¥358.00.
``{{ at|day }}``, ``{{ at|short_day }}``, ``{{ at|long_day }}``, ``{{ at|when }}``
    Mon 14 Sep; 14 Sep; Mon 14 September, for headings; Mon 14 Sep, 18:00. In Chinese
    9 月 14 日周一 and so on. Moments are said in the current zone.
``{% range first last %}``
    14 to 16 September, 9 月 14 日至 16 日.
``{% time at %}``
    ``<time datetime="...+00:00">Mon 14 Sep, 18:00</time>``; ``{% time at "day" %}`` the day only.
``{{ state|tone }}``
    good, warn, bad, info, own or calm, for a parcel's or a claim's state.
``{{ address|mask_email }}``, ``{{ code|mask_postcode }}``, ``{{ text|mask_tail }}``
    w•••@example.org; 2000**; •••• 0731.
``{% control field %}``
    A form field's widget with our class, its hint and its error tied to it; a second argument
    adds classes. ``{{ field|hint_id }}`` and ``{{ field|error_id }}`` name the ids it refers to.
``{{ form|problems }}``
    A form's mistakes (anchor, text) for ``components/errors.html``.
``{{ count|many }}``
    2,100 with the language's separators.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from portal.lib import dates, masking
from portal.lib.money import Money
from portal.templatetags._icons import PATHS

register = template.Library()

TONES: dict[str, str] = {
    # parcels
    "delivered": "good",
    "exception": "warn",
    "attempt_failed": "warn",
    "returning": "warn",
    "customs": "info",
    "returned": "calm",
    "lost": "bad",
    "destroyed": "bad",
    "cancelled": "calm",
    "expired": "calm",
    "out_for_delivery": "own",
    "available_for_pickup": "own",
    # claims
    "draft": "calm",
    "needs_info": "own",
    "offered": "own",
    "resolved": "good",
    "rejected": "bad",
    "appealed": "calm",
    "withdrawn": "calm",
    "closed": "calm",
    "compensation_failed": "warn",
    "awaiting_return": "own",
    # photos
    "clean": "good",
    "refused": "bad",
}
"""The only table that gives a state its colour; what is missing here is ``info``."""


def _language() -> str:
    return get_language() or "en"


def _local(value: date) -> date:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


_DRAWN: dict[tuple[str, str], SafeString] = {}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Draw an icon; a misspelt name fails loudly."""
    key = (name, extra)
    drawn = _DRAWN.get(key)
    if drawn is None:
        classes = f"ico {extra}".strip()
        drawn = _DRAWN[key] = format_html(
            '<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>',
            classes,
            mark_safe(PATHS[name]),  # noqa: S308  our own table
        )
    return drawn


@register.filter
def money(minor: int, currency: str) -> str:
    """Write minor units of a currency the way the language does."""
    return Money(minor, currency).say(_language())


@register.filter
def day(value: date | None) -> str:
    """Write a day with its weekday; nothing for None."""
    return dates.day(_local(value), _language()) if value else ""


@register.filter
def short_day(value: date | None) -> str:
    """Write a day without its weekday; nothing for None."""
    return dates.short_day(_local(value), _language()) if value else ""


@register.filter
def long_day(value: date | None) -> str:
    """Write a day for a heading; nothing for None."""
    return dates.long_day(_local(value), _language()) if value else ""


@register.filter
def when(value: datetime | None) -> str:
    """Write a day and a time; nothing for None."""
    if value is None:
        return ""
    local = _local(value)
    assert isinstance(local, datetime)  # noqa: S101  for the type checker
    return dates.when(local, _language())


@register.simple_tag(name="range")
def range_(first: date, last: date) -> str:
    """Write a range of days."""
    return dates.span(_local(first), _local(last), _language())


@register.simple_tag
def time(value: datetime | None, form: str = "when") -> SafeString | str:
    """Write a time element; ``form`` is ``when``, ``day``, ``long_day`` or ``short_day``."""
    if value is None:
        return ""
    says = {"when": when, "day": day, "long_day": long_day, "short_day": short_day}[form]
    return format_html(
        '<time datetime="{}">{}</time>',
        _local(value).isoformat(timespec="minutes"),  # type: ignore[call-arg]
        says(value),
    )


@register.filter
def tone(state: str) -> str:
    """Give a state its tone; put ``t-`` before it for the class."""
    return TONES.get(state, "info")


@register.filter
def mask_email(address: str) -> str:
    """Mask an e-mail address."""
    return masking.email(address)


@register.filter
def mask_postcode(code: str) -> str:
    """Mask a postcode."""
    return masking.postcode(code)


@register.filter
def mask_tail(text: str) -> str:
    """Mask all but the last four characters."""
    return masking.tail(text)


@register.filter
def many(count: int) -> str:
    """Write a count with the language's separators."""
    return number_format(count, use_l10n=True, force_grouping=True)


@register.filter
def hint_id(field: BoundField) -> str:
    """Name the id of a field's hint."""
    return f"{field.auto_id}-hint"


@register.filter
def error_id(field: BoundField) -> str:
    """Name the id of a field's error."""
    return f"{field.auto_id}-error"


@register.simple_tag
def control(field: BoundField, extra: str = "") -> SafeString:
    """Draw a form field's widget with our class, its hint and its error tied to it."""
    attrs: dict[str, Any] = {"class": f"input {extra}".strip()}
    described = [hint_id(field)] if field.help_text else []
    if field.errors:
        attrs["aria-invalid"] = "true"
        described.append(error_id(field))
    if described:
        attrs["aria-describedby"] = " ".join(described)
    own = field.field.widget.attrs.get("class")
    if own:
        attrs["class"] = f"{attrs['class']} {own}"
    return field.as_widget(attrs=attrs)


@register.filter
def problems(form: BaseForm) -> list[Any]:
    """List a form's mistakes, each with the id of the control that fixes it."""
    own = getattr(form, "problems", None)
    if callable(own):
        return list(own())
    first = next((field.id_for_label for field in form.visible_fields()), "main")
    found = [{"anchor": first, "text": text} for text in form.non_field_errors()]
    for field in form:
        found += [{"anchor": field.id_for_label, "text": text} for text in field.errors]
    return found
