"""The journey in a real Chromium: every state of a parcel, both languages, widths and themes."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ViewportSize
from pytest_django.live_server_helper import LiveServer

from portal.pages import access
from portal.pages.access import Level
from tests.browser.watching import PHONE, Watched, watch
from tests.factories.claims import default_policies
from tests.portal.pages.phases import PHASES
from tracking.models import Parcel

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Theme = Literal["light", "dark"]
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
THEMES: tuple[Theme, ...] = ("light", "dark")
LOOKS = list(product(("en", "zh-hans"), (PHONE, DESKTOP), THEMES))
"""Language, window and theme, in all ways."""
SHOTS = os.environ.get("JOURNEY_SHOTS", "")
"""A folder to keep pictures in, for people who want to look."""


@pytest.fixture(autouse=True)
def _policies() -> None:
    default_policies()


def window(
    browser: Browser,
    server: LiveServer,
    *,
    language: str = "en",
    size: ViewportSize = PHONE,
    theme: Theme = "light",
    has_script: bool = True,
) -> BrowserContext:
    """Open a window of a visitor who reads this language."""
    context = browser.new_context(viewport=size, color_scheme=theme, java_script_enabled=has_script)
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": "django_language", "value": language, "url": server.url}])
    return context


def let_in(context: BrowserContext, server: LiveServer, parcel: Parcel, level: Level) -> str:
    """Give the window the cookie of a level, and return the address of the journey."""
    answer = HttpResponse()
    access.grant(answer, parcel, level, request=RequestFactory().get("/"))
    value = answer.cookies[access.COOKIE].coded_value
    context.add_cookies([{"name": access.COOKIE, "value": value, "url": server.url}])
    return f"{server.url}/t/{parcel.token}/"


def keep(tab: Watched, name: str) -> None:
    """Keep a picture, if anybody asked for pictures."""
    if SHOTS:
        folder = Path(SHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        tab.page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.mark.parametrize("name", PHASES)
def test_every_state_keeps_the_promises_of_a_page(
    name: str, live_server: LiveServer, browser: Browser
) -> None:
    parcel = PHASES[name](timezone.now())
    turn = list(PHASES).index(name)
    # Each state in half of the eight looks; its neighbours take the other half.
    for language, size, theme in LOOKS[turn % 2 :: 2]:
        context = window(browser, live_server, language=language, size=size, theme=theme)
        tab = watch(context, is_chinese=language != "en")
        level = Level.PERSON if turn % 3 else Level.DETAILS
        tab.page.goto(let_in(context, live_server, parcel, level))
        for closed in tab.page.locator("details").all():
            closed.evaluate("one => one.open = true")
        look = f"{name}.{language}.{size['width']}.{theme}"
        keep(tab, look)
        tab.look(look)
        context.close()
