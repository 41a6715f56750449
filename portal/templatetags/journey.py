"""
The busiest part of the busiest page, drawn without the template engine: ``{% load journey %}``.

``{% log_rows rows tone %}``
    The lines of a log, newest first; each opens to the carrier's own words. With a tone the first
    is where the parcel is now.
"""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.pages.scan_words import Row
from portal.templatetags.ui import icon

register = template.Library()


@register.simple_tag
def log_rows(rows: Sequence[Row], tone: str = "") -> SafeString:
    """Draw the lines of a log."""
    own, arrow = escape(_("In the carrier's own words:")), icon("next")
    drawn = []
    for at, row in enumerate(rows):
        is_now = bool(tone) and at == 0
        classes = " ".join((["now", f"t-{tone}"] if is_now else []) + ["quiet"] * row.is_quiet)
        headline = f"<b>{escape(row.headline)}</b>" if is_now else escape(row.headline)
        iso = f' datetime="{escape(row.iso)}"' if row.iso else ""
        zone = f" <small>{escape(row.zone)}</small>" if row.zone else ""
        where = f"<span>{row.place.html}</span>" if row.place.name else ""
        line = (
            f'{headline}<span class="when"><time{iso}>{escape(row.time)}{zone}</time>{where}</span>'
        )
        if row.raw:
            lang = f' lang="{escape(row.lang)}"' if row.lang else ""
            line = (
                f'<details id="{row.mark}"><summary id="{row.mark}-title"><span>{line}</span>'
                f'{arrow}</summary><p class="own"><span class="vh">{own} </span>'
                f"<q{lang}>{escape(row.raw)}</q></p></details>"
            )
        drawn.append(f'<li class="{classes}">{line}</li>' if classes else f"<li>{line}</li>")
    return mark_safe("".join(drawn))  # noqa: S308  every part is escaped above
