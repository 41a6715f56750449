"""Every state a parcel can be in has a page, whole, in both languages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation

from portal.pages.access import Level
from tests.factories.tracking import NOON
from tests.portal.pages.opening import open_up
from tests.portal.pages.phases import PHASES
from tracking.models import Parcel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    cache.clear()
    # A page in Chinese leaves its language behind in the thread.
    with time_machine.travel(NOON, tick=False), translation.override("en"):
        yield
    cache.clear()


def page_of(client: Client, parcel: Parcel, language: str) -> str:
    client.cookies["django_language"] = language
    answer = client.get(reverse("track", args=[parcel.token]))
    assert answer.status_code == 200
    return answer.content.decode()


def words(page: str) -> str:
    """Return what a reader sees, without what is marked as another language, names and numbers."""
    main = page[page.index("<main") : page.index("</main>")]
    main = re.sub(r'<(\w+)[^>]* lang="en"[^>]*>.*?</\1>', " ", main)
    main = re.sub(r'<(\w+)[^>]* class="mono"[^>]*>.*?</\1>', " ", main)
    main = re.sub(r'aria-label="([^"]*)"', r">\1<", main)
    return html.unescape(re.sub(r"<[^>]+>", " ", main))


@pytest.mark.parametrize("name", PHASES)
class TestEveryPhase:
    @pytest.mark.parametrize("level", list(Level))
    def test_has_a_page_with_one_heading_and_no_mistake(
        self, client: Client, name: str, level: Level
    ) -> None:
        parcel = PHASES[name](NOON)
        if level:
            open_up(client, parcel, level)

        for language in ("en", "zh-hans"):
            page = page_of(client, parcel, language)

            assert page.count("<h1") == 1
            assert page.count("btn-go") <= 1
            assert page.count('aria-current="step"') == 1
            assert page.count('class="stamp"') <= 1
            assert "%(" not in page
            assert "None" not in words(page)
            ids = re.findall(r' id="([^"]+)"', page)
            assert len(ids) == len(set(ids))

    def test_leaves_no_english_in_chinese(self, client: Client, name: str) -> None:
        parcel = PHASES[name](NOON)
        open_up(client, parcel, Level.PERSON)

        said = re.findall(r"[A-Za-z]{4,}", words(page_of(client, parcel, "zh-hans")))

        names = {"Celadon", "teapot", "cup", "Reed", "Harbour", "Street", "Portland", "Wei", "Lin"}
        assert set(said) - names == set()
