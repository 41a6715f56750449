"""
Every page opens with the demo in the house: for whom it may, in both languages, fully worded.

A page that breaks only for one kind of row, one role or one language is found here: each role of
the staff opens every list, filter, search, form and history of the desk, and each shopper every
page of what is theirs, at each level of trust. A role that may not is told so and nothing breaks.
"""

from __future__ import annotations

import gettext
import logging
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from html import unescape
from html.parser import HTMLParser
from itertools import count, islice, zip_longest
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings as live
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db import models
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from claims.models import Claim
from claims.states import ClaimState
from notifications.services import letters
from portal.accounts import roles, tokens
from portal.accounts.models import User
from portal.ops import story
from portal.ops.translations import LOCALE
from portal.outbox import delivering
from portal.pages.access import Level
from portal.pages.wizard_steps import STEPS
from tests.portal.pages.opening import open_up
from tests.typing import Answer
from tracking.models import Anomaly, Order, Parcel

pytestmark = pytest.mark.django_db

LANGUAGES = ("en", "zh-hans")
CHOICES = 3
"""Of each filter so many choices are tried, one of every filter at a time."""
LATIN = re.compile(r">([^<]*[a-z]{2}\s[^<]*)<")
MANY = 5
"""Of a table with more rows than this, so many are opened, each of another kind."""
KINDS = {"name", "kind", "state", "reason", "adapter", "template", "reaction", "outcome"}
"""Fields that make rows of one table look different, beside those with choices."""


@pytest.fixture
def demo(settings: Settings, now: datetime) -> Iterator[None]:
    """Tell the demo's story, and let everything that answers to it have answered."""
    settings.DEMO, settings.HARBOUR_URL = True, ""
    with time_machine.travel(now, tick=True):
        story.tell(now=now)
        while delivering.deliver_due(now=timezone.now()):
            pass
        while letters.send_due(now=timezone.now()):
            pass
        yield


class Visitor:
    """A browser, and whatever it found that no page may do."""

    def __init__(self, caplog: pytest.LogCaptureFixture, person: User | None = None) -> None:
        self.client = Client(raise_request_exception=False)
        self.caplog = caplog
        self.person = person
        self.troubles: list[str] = []
        if person is not None:
            self.client.force_login(person)

    def taken_troubles(self) -> list[str]:
        """Return what was found since last asked."""
        found, self.troubles = self.troubles, []
        return found

    def open(self, where: str, *, language: str, expect: Iterable[int] = (200,)) -> Answer:
        """Open a page; note an unexpected answer, a warning behind a good one, and half words."""
        self.client.cookies[live.LANGUAGE_COOKIE_NAME] = language
        self.caplog.clear()
        answer = self.client.get(where)
        said = [one for one in self.caplog.records if one.levelno >= logging.WARNING]
        if answer.status_code not in expect:
            why = next((one.exc_info[1] for one in said if one.exc_info), "")
            self.troubles.append(f"{answer.status_code} {where} ({language}) {why!r}")
        elif answer.status_code == 200:
            self.troubles += [f"{where} ({language}) logs: {one.getMessage()}" for one in said]
            if language != "en" and answer.get("Content-Type", "").startswith("text/html"):
                self.troubles += [
                    f"{where} says in English: {text!r}"
                    for text in english(answer.content.decode())
                    if text not in all_that_rows_hold()
                ]
        return answer


# --- Half-translated pages -----------------------------------------------------------------------


class _Texts(HTMLParser):
    """Collect what a page says, apart from scripts and from what is marked as English."""

    SILENT = {"script", "style", "textarea", "template", "option"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.silent = 0
        self.open_tags: list[bool] = []

    VOID = {"input", "br", "img", "hr", "meta", "link", "wbr", "source", "area", "col", "base"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.VOID:
            return
        quiet = tag in self.SILENT or dict(attrs).get("lang") == "en"
        self.open_tags.append(quiet)
        self.silent += quiet

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self.open_tags:
            self.silent -= self.open_tags.pop()

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self.silent:
            self.found.append(text)


@cache
def translated() -> tuple[frozenset[str], re.Pattern[str]]:
    """Return our sentences that have another wording in Chinese: as they are, and with gaps."""
    path = Path(LOCALE) / "zh_Hans" / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        catalogue: dict[Any, str] = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    whole, gapped = set(), set()
    for key, words in catalogue.items():
        text = key[0] if isinstance(key, tuple) else key
        text = " ".join(text.rpartition("\x04")[2].split())
        if not re.search(r"[a-z]{2,} \S*[a-z]{2,}", text) or " ".join(words.split()) == text:
            continue  # one word alone may be a name or a code
        pieces = re.split(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|<[^>]+>", text.replace("%%", "%"))
        if len(pieces) == 1:
            whole.add(text)
        elif len(re.findall(r"[a-z]{2,}", " ".join(pieces))) >= 3:
            gapped.add(".+".join(re.escape(piece) for piece in pieces))
    return frozenset(whole), re.compile("|".join(sorted(gapped)))


@cache
def is_ours(text: str) -> bool:
    """Test for a sentence of ours that has a Chinese wording."""
    whole, gapped = translated()
    return text in whole or (text.isascii() and " " in text and bool(gapped.fullmatch(text)))


def english(html: str) -> list[str]:
    """Return the sentences of ours that a Chinese page says in English."""
    likely = (" ".join(unescape(text).split()) for text in LATIN.findall(html))
    if not any(is_ours(text) for text in likely):
        return []  # most pages: reading them with care is slow
    reader = _Texts()
    reader.feed(html)
    return [text for text in dict.fromkeys(reader.found) if is_ours(text)]


@cache
def all_that_rows_hold() -> str:
    """Return the texts of every row, which pages show in the language they were written in."""
    held: set[str] = set()
    for model in apps.get_models():
        names = [
            f.attname
            for f in model._meta.fields
            if isinstance(f, (models.CharField, models.TextField, models.JSONField))
        ]
        for row in model._default_manager.values_list(*names) if names else ():
            held.update(" ".join(str(value).split()) for value in row if value)
    return "\n".join(held)


def test_a_half_translated_page_is_found() -> None:
    page = "<html lang=zh-Hans><p>您好</p><p>%s</p><p lang=en>This page is not here</p></html>"

    assert english(page % "This page is not here") == ["This page is not here"]
    assert english(page % "页面不存在") == []


# --- Who opens what ------------------------------------------------------------------------------


@pytest.mark.usefixtures("demo")
def test_every_page_opens_for_whom_it_may(
    caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    crew = [Visitor(caplog, staff(role)) for role in roles.STAFF]
    all_that_rows_hold.cache_clear()
    walks: dict[str, Iterator[Visitor]] = {
        "the front page of the desk": front_pages(crew),
        **{
            model._meta.label_lower: tables(model, room, crew)
            for model, room in admin.site._registry.items()
        },
        "what is a shopper's": shoppers(caplog),
        "the journeys, by how much is proved": strangers(caplog),
        "what the merchant's system reads": machines(caplog),
    }
    for name, walk in walks.items():
        with subtests.test(name):
            troubles = [trouble for visitor in walk for trouble in visitor.taken_troubles()]
            assert troubles == [], "\n".join(troubles)


_turn = count()


def next_language() -> str:
    """Return one language and then the other: what breaks in one alone is rare, and each costs."""
    return LANGUAGES[next(_turn) % 2]


def front_pages(crew: list[Visitor]) -> Iterator[Visitor]:
    for visitor in crew:
        for language in LANGUAGES:
            visitor.open("/admin/", language=language)
        yield visitor


def tables(model: type[Model], room: ModelAdmin[Any], crew: list[Visitor]) -> Iterator[Visitor]:
    """Open the list, the filters, the forms and the histories of a table."""
    label = model._meta.label_lower.replace(".", "_")
    the_list, the_form = reverse(f"admin:{label}_changelist"), reverse(f"admin:{label}_add")
    viewers = [visitor for visitor in crew if may(room, visitor, "view")]
    makers = [visitor for visitor in crew if may(room, visitor, "add")]
    for visitor in crew:
        if visitor not in viewers:
            visitor.open(the_list, language="en", expect={403})
        if visitor not in makers:
            visitor.open(the_form, language="en", expect={403, 404})
    for visitor in makers[:1]:
        visitor.open(the_form, language=next_language())
    rows = sample(model) if viewers else []
    for visitor in viewers if model is Claim else viewers[:1]:
        found = visitor.open(the_list, language=next_language())
        for query in filtered(found) if rows and visitor is viewers[0] else ():
            visitor.open(the_list + query, language=next_language())
    for number, row in enumerate(rows):
        where = reverse(f"admin:{label}_change", args=[room_key(row)])
        expect = {404} if is_draft(row) else {200}
        for visitor in viewers if model is Claim else viewers[number % len(viewers) :][:1]:
            visitor.open(where, language=next_language(), expect=expect)
    for row in rows[:1]:
        where = reverse(f"admin:{label}_history", args=[row.pk])
        viewers[0].open(where, language=next_language(), expect={200, 302, 404})
    yield from crew


def shoppers(caplog: pytest.LogCaptureFixture) -> Iterator[Visitor]:
    """Open everything that is a shopper's, in both languages."""
    for person in User.objects.filter(is_staff=False):
        visitor = Visitor(caplog, person)
        mine = [reverse("home"), reverse("account"), reverse("help"), reverse("how")]
        mine += [
            reverse("track", args=[p.token]) for p in Parcel.objects.filter(order__shopper=person)
        ]
        for claim in Claim.objects.filter(shopper=person):
            mine += [reverse(name, args=[claim.ref]) for name in ("claim", "claim-live")]
            if is_draft(claim):
                mine += [reverse("wizard", args=[claim.ref, step]) for step in STEPS]
        for where in mine:
            for language in LANGUAGES:
                visitor.open(where, language=language, expect={200, 302, 204})
        yield visitor


def strangers(caplog: pytest.LogCaptureFixture) -> Iterator[Visitor]:
    """Open every journey with nothing proved, with a postcode, and with a code."""
    for parcel in Parcel.objects.select_related("order"):
        for level in Level:
            visitor = Visitor(caplog)
            open_up(visitor.client, parcel, level)
            language = next_language()
            visitor.open(reverse("track", args=[parcel.token]), language=language)
            if level is Level.NUMBER:
                visitor.open(reverse("track-open", args=[parcel.token]), language=language)
            yield visitor


def machines(caplog: pytest.LogCaptureFixture) -> Iterator[Visitor]:
    """Read every order, parcel and claim as the merchant's system does."""
    _row, key = tokens.issue(name="shop", scopes=tokens.SCOPES, now=timezone.now())
    visitor = Visitor(caplog)
    visitor.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    where = [reverse("api-claims"), reverse("api-webhooks")]
    for order in Order.objects.all():
        where += [reverse("api-order", args=[order.number])]
        where += [reverse("api-order-anomalies", args=[order.number])]
    where += [reverse("api-parcel", args=[parcel.number]) for parcel in Parcel.objects.all()]
    for one in where:
        visitor.open(one, language="en")
    for claim in Claim.objects.all():
        where_it_is = reverse("api-claim", args=[claim.ref])
        visitor.open(where_it_is, language="en", expect={404} if is_draft(claim) else {200})
    yield visitor


def sample(model: type[Model]) -> list[Model]:
    """Return every row of a table that is worked on, and some of each kind where they are many."""
    rows = list(model._default_manager.order_by("pk"))
    if len(rows) <= MANY or model in {Claim, Parcel, Anomaly}:
        return rows
    kinds = [f.attname for f in model._meta.fields if f.choices or f.name in KINDS]
    each = {tuple(getattr(row, kind) for kind in kinds): row for row in rows}
    return list(each.values())[-MANY:]


def filtered(answer: Answer) -> Iterator[str]:
    """Yield queries that together take every choice of every filter of a list."""
    if answer.context is None or "cl" not in answer.context:
        return
    found = answer.context["cl"]
    specs = [[one["query_string"] for one in spec.choices(found)] for spec in found.filter_specs]
    for together in islice(zip_longest(*specs, fillvalue=""), 1, CHOICES):
        yield "?" + "&".join(filter(None, (one.lstrip("?") for one in together)))
    if found.search_fields:
        yield "?q=PH-204"
    yield "?o=" + ".".join(str(number) for number in range(1, len(found.list_display)))


def staff(role: roles.RoleName) -> User:
    """Make somebody of the staff."""
    person = User.objects.create_user(f"{role}@example.org", is_staff=True, name="Staff")
    roles.give(person=person, role=role)
    return person


def may(room: ModelAdmin[Any], visitor: Visitor, what: str) -> bool:
    """Test whether the admin of a table lets a visitor in."""
    request = RequestFactory().get("/")
    assert visitor.person is not None
    request.user = User.objects.get(pk=visitor.person.pk)
    if what == "add":
        return room.has_add_permission(request)
    return room.has_view_or_change_permission(request)


def is_draft(row: Model) -> bool:
    """Test for a report that was not sent: nobody but its shopper knows of it."""
    return isinstance(row, Claim) and row.state == ClaimState.DRAFT


def room_key(row: Model) -> Any:
    """Return what the desk's addresses call a row."""
    return row.ref if isinstance(row, Claim) else row.pk
