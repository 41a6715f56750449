"""A claim's page in every state: both languages, phone and desktop, and in hostile words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from playwright.sync_api import Browser, BrowserContext, Dialog, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from claims.models import Claim
from claims.services import conversation
from claims.states import ClaimState
from portal.lib.moves import Role
from tests.browser.shots import session
from tests.browser.watching import PHONE, Watched, watch
from tests.conformance.data import present
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    EvidenceFactory,
    agent,
    delivered_parcel,
)
from tests.portal.pages.hostile import bundles
from tracking.models import OrderLine

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
LATER = DECIDED + timedelta(hours=1)
WALKED = ("in_review", "needs_info", "offered", "approved", "rejected")
"""How far the factory walks a claim through the services."""
BORROWED = {
    ClaimState.AWAITING_CARRIER: "in_review",
    ClaimState.AWAITING_RETURN: "in_review",
    ClaimState.COMPENSATING: "approved",
    ClaimState.COMPENSATION_FAILED: "approved",
    ClaimState.RESOLVED: "approved",
    ClaimState.APPEALED: "rejected",
    ClaimState.WITHDRAWN: "in_review",
    ClaimState.EXPIRED: "needs_info",
    ClaimState.CLOSED: "rejected",
}
"""States whose pages are seen with the facts of another one; only the state is set."""
THEIR_WORDS = """() => { for (const one of document.querySelectorAll(".more p, .note, #why li"))
  if (/This is wear|We are sorry|It can still/.test(one.textContent)) one.lang = "en"; }"""
SHOTS = os.environ.get("WIZARD_SHOTS", "")


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(LATER):
        yield


def window(
    browser: Browser, server: LiveServer, claim: Claim, language: str, size: ViewportSize
) -> BrowserContext:
    context = browser.new_context(viewport=size)
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": "django_language", "value": language, "url": server.url}])
    sign_in(context, server, claim)
    return context


def sign_in(context: BrowserContext, server: LiveServer, claim: Claim) -> None:
    """Let the window be that of the claim's shopper from the next page on."""
    key = session(claim.shopper.email)
    context.add_cookies([{"name": "sessionid", "value": key, "url": server.url}])


def keep(tab: Watched, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        tab.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def claim_in(state: str) -> Claim:
    """Return a claim in a state, with something to read in every part of its page."""
    parcel = delivered_parcel()
    OrderLine.objects.filter(order=parcel.order).update(title="青瓷茶壶")
    walked = BORROWED[ClaimState(state)] if state in BORROWED else state
    made: Claim = ClaimFactory.create(parcel=parcel, **{walked: True})
    if state in BORROWED:
        Claim.objects.filter(pk=made.pk).update(
            state=state, answer_by=LATER + timedelta(days=5), due_at=LATER + timedelta(days=5)
        )
    Claim.objects.filter(pk=made.pk).update(story="把手掉了。", without_box="外箱已丢。")
    made.requests.update(text="请补拍面单。")
    made.refresh_from_db()
    return made


# Every state in Chinese, which finds what is left in English; in English those that differ most.
@pytest.mark.parametrize(
    ("language", "size", "states"),
    [
        ("en", PHONE, WALKED),
        # The last lowers the limit of one person, for every claim after it.
        ("zh-hans", DESKTOP, (*WALKED, *BORROWED.keys(), "pending_approval")),
    ],
    ids=["en", "zh-hans"],
)
def test_every_state_keeps_the_promises_of_a_page(
    language: str,
    size: ViewportSize,
    states: tuple[str, ...],
    live_server: LiveServer,
    browser: Browser,
    subtests: pytest.Subtests,
) -> None:
    claims = {state: claim_in(state) for state in states}
    context = window(browser, live_server, claims[states[0]], language, size)
    tab = watch(context, is_chinese=language != "en")
    for state, claim in claims.items():
        with subtests.test(state=state):
            tab.troubles.clear()
            tab.page.goto("about:blank")  # the page before asks nothing in this one's name
            sign_in(context, live_server, claim)
            tab.page.goto(f"{live_server.url}/claims/{claim.ref}/")
            for closed in tab.page.locator("details").all():
                closed.evaluate("one => one.open = true")
            keep(tab, f"claim-{state}.{language}.{size['width']}")
            # What the desk wrote stays in its own language.
            tab.page.evaluate(THEIR_WORDS)
            tab.look(f"{state}, {language}", asks_axe=language == "en" or state not in WALKED)
    context.close()


def test_an_offer_is_answered_with_something_else(
    live_server: LiveServer, browser: Browser
) -> None:
    claim = ClaimFactory.create(offered=True)
    context = window(browser, live_server, claim, "en", PHONE)
    tab = watch(context)
    page = tab.page
    page.goto(f"{live_server.url}/claims/{claim.ref}/")

    page.click("#counter")
    tab.look("something else")
    keep(tab, "counter.en.390")
    page.check("#id_wish_refund")
    page.fill("#id_amount", "$45.00")
    page.fill("#id_text", "The lid broke as well.")
    page.click(".btn-go")

    expect(page.locator("h1")).to_have_text("We are checking your report")
    claim.refresh_from_db()
    assert claim.state == ClaimState.UNDER_REVIEW
    assert claim.counters.get().amount_minor == 4_500
    tab.look("counter sent")
    context.close()


def test_hostile_words_do_nothing_but_stand_there(
    live_server: LiveServer, browser: Browser
) -> None:
    present()
    claim = ClaimFactory.create(in_review=True)
    for text in bundles(at_most=4_000):
        conversation.write(
            claim=claim, author=agent(), role=Role.AGENT, body=text, send_key=uuid4(), now=LATER
        )
    EvidenceFactory.create(claim=claim, name="<img src=x onerror=alert(1)>.jpg")
    context = window(browser, live_server, claim, "en", PHONE)
    tab = watch(context)
    asked: list[str] = []

    def dialog(one: Dialog) -> None:
        asked.append(one.message)
        one.dismiss()

    tab.page.on("dialog", dialog)
    urls: list[str] = []
    tab.page.on("request", lambda one: urls.append(one.url))

    tab.page.goto(f"{live_server.url}/claims/{claim.ref}/")
    tab.look("hostile words")

    assert asked == []
    assert [url for url in urls if not url.startswith(live_server.url)] == []
    expect(tab.page.locator(".letters li")).to_have_count(3)
    context.close()
