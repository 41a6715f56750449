"""The merchant's brand: a handful of numbers, a name, a logo, and the stylesheet made of them."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.templatetags.static import static
from django.urls import reverse

RANGES: dict[str, tuple[float, float]] = {
    "hue": (0, 360),
    "chroma": (0, 0.15),
    "round": (0, 1.6),
}
"""What each number may be; inside these no choice can break the contrast of text."""
USUAL = {"hue": 262.0, "chroma": 0.13, "round": 1.0}
"""What stands where a setting is no number at all."""
WARM = (10, 45)
"""Hues that look like the tone of bad news."""
FONTS = re.compile(r"""^[\w\s,"'-]{0,200}$""")
YEAR = 365 * 24 * 3600


def name(*, is_chinese: bool) -> str:
    """Return the merchant's name in the page's language."""
    own = str(settings.BRAND["name"])
    return str(settings.BRAND.get("name_zh") or own) if is_chinese else own


def logo() -> str:
    """Return the logo's address, or nothing for the built-in mark."""
    given = str(settings.BRAND.get("logo") or "")
    if not given or given.startswith(("/", "https://")):
        return given
    return static(given)


def _number(key: str) -> float:
    low, high = RANGES[key]
    try:
        number = float(settings.BRAND[key])
    except (KeyError, TypeError, ValueError):
        number = math.nan
    return USUAL[key] if math.isnan(number) else min(max(number, low), high)


def stylesheet() -> str:
    """Write the brand as tokens; numbers out of range are brought back into it."""
    lines = [f"--brand-{key}: {_number(key):g};" for key in RANGES]
    display = str(settings.BRAND.get("display") or "")
    if display and FONTS.match(display):
        lines.append(f"--brand-display: {display};")
    return f":root {{ {' '.join(lines)} }}\n"


def digest() -> str:
    """Return a name for this very stylesheet."""
    return hashlib.sha256(stylesheet().encode()).hexdigest()[:12]


def address() -> str:
    """Return where the stylesheet is, with its digest so that it may be kept for a year."""
    return f"{reverse('brand')}?v={digest()}"


def css(request: HttpRequest) -> HttpResponse:
    """Serve the brand's tokens."""
    tag = digest()
    etag = f'"{tag}"'
    response: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(stylesheet(), content_type="text/css; charset=utf-8")
    response["ETag"] = etag
    is_this = request.GET.get("v") == tag
    response["Cache-Control"] = f"public, max-age={YEAR}, immutable" if is_this else "no-cache"
    return response


@checks.register(checks.Tags.security)
def check_brand(
    app_configs: Sequence[Any] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Say at start which brand setting is out of range, and how to put it right."""
    found: list[checks.CheckMessage] = []
    for key, (low, high) in RANGES.items():
        value = settings.BRAND.get(key)
        try:
            is_fine = low <= float(value) <= high  # type: ignore[arg-type]
        except (TypeError, ValueError):
            is_fine = False
        if not is_fine:
            found.append(
                checks.Error(
                    f"BRAND[{key!r}] is {value!r}.",
                    hint=f"Set AMENDS_BRAND_{key.upper()} to a number from {low:g} to {high:g}.",
                    id=f"portal.E00{len(found) + 1}",
                )
            )
    if not found and WARM[0] <= float(settings.BRAND["hue"]) <= WARM[1]:
        found.append(
            checks.Warning(
                "The brand's hue lies where the accent looks like the tone of bad news.",
                hint="Words and icons still tell them apart; a hue outside 10 to 45 is clearer.",
                id="portal.W001",
            )
        )
    if not FONTS.match(str(settings.BRAND.get("display") or "")):
        found.append(
            checks.Error(
                "BRAND['display'] is not a list of font families.",
                hint="Set AMENDS_BRAND_DISPLAY to names between commas, quoted where spaced.",
                id="portal.E010",
            )
        )
    return found
