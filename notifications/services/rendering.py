"""Lay a letter out as text and as HTML, in the language it was written in."""

from __future__ import annotations

from urllib.parse import urlencode

import mrml
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from notifications import answers
from notifications.catalogue import CATALOGUE
from notifications.channels.base import Rendered
from notifications.models import Letter
from notifications.wording.base import Facts, Words, clean, one_line, subject
from portal.lib import links

_NO_FONTS = mrml.RenderOptions(fonts={})
"""Otherwise MJML has letters fetch fonts from a stranger, who then knows who reads them when."""
_OTHER = {"en": ("zh-hans", "zh-Hans", "用中文查看"), "zh-hans": ("en", "en", "View in English")}


def lay_out(*, name: str, facts: Facts, language: str) -> Rendered:
    """Return a letter of the catalogue made from these facts."""
    code = "zh-hans" if language.lower().startswith("zh") else "en"
    with translation.override(code):
        words = CATALOGUE[name].builder(facts)
        context = _context(words, code) | {"may_answer": bool(answers.address(facts))}
        html = mrml.to_html(
            render_to_string("letters/letter.mjml", context), None, _NO_FONTS
        ).content
        text = render_to_string("letters/letter.txt", context)
    return Rendered(subject=subject(words.subject), text=_tidy(text), html=html)


def render(letter: Letter) -> Rendered:
    """Return a written letter as it goes out."""
    return lay_out(name=letter.name, facts=letter.facts, language=letter.language)


def preview(letter: Letter) -> Rendered:
    """Return a written letter for staff: what only its reader may know reads as dots."""
    hidden = dict.fromkeys(CATALOGUE[letter.name].secret, "••••••")
    shown = lay_out(name=letter.name, facts={**letter.facts, **hidden}, language=letter.language)
    # The signed key in a link would open the page as its reader.
    return Rendered(
        subject=shown.subject,
        text=links.without_keys(shown.text),
        html=links.without_keys(shown.html),
    )


def _context(words: Words, code: str) -> dict[str, object]:
    other, lang, label = _OTHER[code]
    brand = settings.BRAND["name_zh" if code == "zh-hans" else "name"]
    query = urlencode({"next": words.link.removeprefix(settings.SITE_URL)})
    return {
        "words": words,
        "quote": [clean(line) for line in words.quote.splitlines() if line.strip()],
        "brand": one_line(brand),
        "lang": "zh-Hans" if code == "zh-hans" else "en",
        "settings_link": f"{settings.SITE_URL}/account/",
        "other_label": label,
        "other_lang": lang,
        "other_link": f"{settings.SITE_URL}/language/{other}/?{query}",
    }


def _tidy(text: str) -> str:
    """Collapse the empty lines that template tags leave."""
    out: list[str] = []
    for line in text.splitlines():
        if line.strip() or (out and out[-1]):
            out.append(line.rstrip())
    return "\n".join(out).strip() + "\n"
