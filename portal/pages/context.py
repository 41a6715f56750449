"""What every page knows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language

from portal.pages import brand


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the merchant's brand, this page's language and the way to the other one."""
    is_chinese = (get_language() or "en").startswith("zh")
    other = "en" if is_chinese else "zh-hans"
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else request.path
    logo = brand.logo()
    return {
        "brand": settings.BRAND,
        "site": {
            "name": brand.name(is_chinese=is_chinese),
            "lang": "zh-Hans" if is_chinese else "en",
            "other_lang": "en" if is_chinese else "zh-Hans",
            "other_name": "English" if is_chinese else "中文",
            "other_href": f"{reverse('language', args=[other])}?{urlencode({'next': back})}",
            "logo": logo,
            "icon": logo or static("portal/mark.svg"),
            "brand_css": brand.address(),
            "account": _account(),
        },
    }


def _account() -> str:
    try:
        return reverse("account")
    except NoReverseMatch:
        return ""
