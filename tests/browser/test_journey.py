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
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from notifications.models import Watch
from portal.pages import access
from portal.pages.access import Level
from tests.browser.watching import PHONE, SETTLED, Watched, watch
from tests.factories.tracking import OrderFactory, OrderLineFactory
from tests.portal.pages.phases import PHASES, scan
from tests.portal.pages.test_track_parts import prove
from tracking.models import Order, OrderLine, Parcel
from tracking.states import ParcelStatus

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Theme = Literal["light", "dark"]
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
THEMES: tuple[Theme, ...] = ("light", "dark")
LOOKS = list(product(("en", "zh-hans"), (PHONE, DESKTOP), THEMES))
"""Language, window and theme, in all ways."""
SHOTS = os.environ.get("JOURNEY_SHOTS", "")
"""A folder to keep pictures in, for people who want to look."""


def look_name(language: str, size: ViewportSize, theme: Theme) -> str:
    return f"{language}.{size['width']}.{theme}"


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


def speak_chinese() -> None:
    """Let the merchant's own words be Chinese, so that what is left in English is ours."""
    Order.objects.update(recipient_name="林伟", address="海港街 1 号", city="波特兰")
    OrderLine.objects.update(title="青瓷茶壶")
    Parcel.objects.exclude(signed_by="").update(signed_by="李")


@pytest.mark.parametrize("turn", range(len(LOOKS)), ids=[look_name(*look) for look in LOOKS])
def test_every_state_keeps_the_promises_of_a_page(
    turn: int, live_server: LiveServer, browser: Browser, subtests: pytest.Subtests
) -> None:
    language, size, theme = LOOKS[turn]
    context = window(browser, live_server, language=language, size=size, theme=theme)
    tab = watch(context, is_chinese=language != "en")
    # Each state in one of the eight looks, its neighbours in the others; in all for pictures.
    for number, (name, make) in enumerate(PHASES.items()):
        if number % len(LOOKS) != turn and not SHOTS:
            continue
        with subtests.test(name=name):
            tab.troubles.clear()
            parcel = make(timezone.now())
            if tab.is_chinese:
                speak_chinese()
            level = Level.PERSON if number % 3 else Level.DETAILS
            tab.page.goto("about:blank")  # the page before asks no more
            tab.page.goto(let_in(context, live_server, parcel, level))
            tab.page.evaluate(
                "document.querySelectorAll('details').forEach(one => one.open = true)"
            )
            look = f"{name}.{look_name(language, size, theme)}"
            keep(tab, look)
            tab.look(look)
    context.close()


def open_journey(
    context: BrowserContext, server: LiveServer, parcel: Parcel, level: Level = Level.DETAILS
) -> Watched:
    """Open a journey in a watched tab."""
    tab = watch(context)
    tab.page.goto(let_in(context, server, parcel, level))
    tab.page.evaluate(SETTLED)
    return tab


def poll(tab: Watched) -> None:
    """Let half a minute pass at once."""
    with tab.page.expect_response("**/sheet/"):
        tab.page.evaluate("htmx.trigger(document.getElementById('journey'), 'amends:poll')")


def test_the_carriers_own_words_open_by_keyboard(live_server: LiveServer, browser: Browser) -> None:
    context = window(browser, live_server)
    tab = open_journey(context, live_server, PHASES["on_time"](timezone.now()))
    row = tab.page.locator(".log details").nth(2)
    words = row.locator("q")
    expect(words).to_be_hidden()

    row.locator("summary").focus()
    tab.page.keyboard.press("Enter")

    expect(words).to_be_visible()
    expect(words).to_have_text("快件到达宁波转运中心")
    expect(words).to_have_attribute("lang", "zh-Hans")
    expect(row.locator("summary")).to_contain_text("Ningbo")
    tab.look("own words")
    context.close()


def test_news_arrives_without_disturbing_the_reader(
    live_server: LiveServer, browser: Browser
) -> None:
    now = timezone.now()
    parcel = PHASES["on_time"](now)
    context = window(browser, live_server)
    tab = open_journey(context, live_server, parcel)
    page = tab.page
    opened = page.locator(".log details").nth(1)
    opened.locator("summary").click()
    own = opened.locator("q").inner_text()
    page.locator("#watch").click()
    expect(page.locator("#posted")).to_contain_text("w•••@example.org")
    page.get_by_role("button", name="Write to me").focus()

    scan(parcel, now, ParcelStatus.OUT_FOR_DELIVERY, "On the van", "Portland, OR")
    Parcel.objects.filter(pk=parcel.pk).update(
        status=ParcelStatus.OUT_FOR_DELIVERY, status_at=now, last_scan_at=now, revision=9
    )
    poll(tab)

    expect(page.locator("h1")).to_have_text("With the driver: today")
    expect(page.locator("#live")).to_contain_text("With the driver")
    expect(page.locator(".log li").first).to_contain_text("Portland, OR")
    expect(page.locator(".log details[open] q")).to_have_text(own)
    expect(page.locator("#posted")).to_contain_text("w•••@example.org")
    expect(page.get_by_role("button", name="Write to me")).to_be_focused()
    expect(page.locator("#map text", has_text="Portland")).to_be_visible()
    tab.look("after news")
    context.close()


def test_nothing_is_asked_once_it_is_there(live_server: LiveServer, browser: Browser) -> None:
    now = timezone.now()
    parcel = PHASES["out"](now)
    context = window(browser, live_server)
    context.add_init_script("window.setInterval = (every => (run) => every(run, 300))(setInterval)")
    tab = watch(context)
    with tab.page.expect_response("**/sheet/") as asked:
        tab.page.goto(let_in(context, live_server, parcel, Level.DETAILS))
    assert asked.value.status == 304

    Parcel.objects.filter(pk=parcel.pk).update(
        status=ParcelStatus.DELIVERED, status_at=now, delivered_at=now, revision=9
    )
    expect(tab.page.locator("h1")).to_contain_text("Delivered")
    later: list[str] = []
    tab.page.on("request", lambda request: later.append(request.url))
    tab.page.wait_for_timeout(1_200)

    assert later == []
    context.close()


def test_letters_are_asked_for_and_stopped_in_place(
    live_server: LiveServer, browser: Browser
) -> None:
    parcel = PHASES["quiet"](timezone.now())
    context = window(browser, live_server)
    tab = open_journey(context, live_server, parcel)
    posted = tab.page.locator("#posted")

    tab.page.get_by_role("link", name="Keep me posted").click()
    expect(posted.get_by_role("group", name="Keep me posted")).to_be_focused()
    tab.look("letters offered")
    posted.get_by_role("button", name="Write to me").click()
    expect(posted).to_contain_text("Letters on")
    assert Watch.objects.filter(parcel_token=parcel.token).exists()
    tab.look("letters on")
    posted.get_by_role("button", name="Stop these letters").click()
    expect(posted).not_to_contain_text("Letters on")

    assert not Watch.objects.exists()
    assert tab.page.url.endswith(f"/t/{parcel.token}/")
    context.close()


def test_the_carrier_is_asked_with_one_press(live_server: LiveServer, browser: Browser) -> None:
    context = window(browser, live_server, size=DESKTOP)
    tab = open_journey(context, live_server, PHASES["on_time"](timezone.now()))

    tab.page.get_by_role("link", name="Ask the carrier now").click()

    said = tab.page.locator("#check p")
    expect(said).to_contain_text("This carrier cannot be asked.")
    expect(said).to_be_focused()
    tab.look("asked")
    context.close()


def test_a_proof_opens_in_place_for_its_person(live_server: LiveServer, browser: Browser) -> None:
    parcel = PHASES["delivered"](timezone.now())
    prove(parcel)
    context = window(browser, live_server, size=DESKTOP)
    tab = open_journey(context, live_server, parcel, Level.PERSON)

    tab.page.get_by_role("link", name="Show it").click()

    proof = tab.page.locator("#proof")
    expect(proof).to_contain_text("J. Reed")
    picture = proof.get_by_role("img", name="Photo of the delivery")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 40)
    keep(tab, "proof")
    tab.look("proof")
    context.close()


def test_everything_works_without_javascript(live_server: LiveServer, browser: Browser) -> None:
    parcel = PHASES["on_time"](timezone.now())
    context = window(browser, live_server, has_script=False)
    page = context.new_page()
    page.goto(let_in(context, live_server, parcel, Level.DETAILS))

    page.locator("#watch").click()
    expect(page.locator("h1")).to_have_text("Keep me posted")
    page.get_by_role("button", name="Write to me").click()
    expect(page.locator("h1")).to_have_text("We keep you posted")
    page.get_by_role("link", name="Back to the journey").click()
    page.get_by_role("link", name="Ask the carrier now").click()
    page.get_by_role("button", name="Ask the carrier now").click()
    expect(page.locator("main")).to_contain_text("This carrier cannot be asked.")

    assert Watch.objects.filter(parcel_token=parcel.token).exists()
    context.close()


@pytest.mark.parametrize("name", ["handed_over", "delivered", "late_with_a_new_day"])
def test_fits_every_window_and_large_letters_and_can_be_walked_through(
    name: str, live_server: LiveServer, browser: Browser
) -> None:
    context = window(browser, live_server)
    tab = open_journey(context, live_server, PHASES[name](timezone.now()), Level.PERSON)
    page = tab.page

    for width in (320, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        wide, small = page.evaluate(
            """() => [document.documentElement.scrollWidth - innerWidth,
              [...document.querySelectorAll("main :is(.btn, summary, .icon-btn)")].filter(
                (one) => one.checkVisibility() && one.getBoundingClientRect().height < 39.5
              ).map((one) => one.textContent)]"""
        )
        assert (wide, small) == (0, []), width
    page.set_viewport_size(PHONE)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(
          (one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest("svg, .vh")
        ).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert too_wide == []
    page.evaluate("document.documentElement.style.fontSize = ''")

    stops = page.locator("main :is(a, button, summary)").count()
    page.locator("main").focus()
    for _stop in range(stops):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
              const one = document.activeElement, box = one.getBoundingClientRect();
              const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
              return one.closest("main") ? [one.contains(top) || top?.contains(one),
                getComputedStyle(one).outlineStyle !== "none"] : null;
            }"""
        )
        if seen is None:
            break
        assert seen == [True, True], page.evaluate("document.activeElement.outerHTML")
    context.close()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_order_that_has_not_left_says_by_when_it_does(
    language: str, live_server: LiveServer, browser: Browser
) -> None:
    order = OrderFactory.create(placed_at=timezone.now())
    OrderLineFactory.create(order=order, title="青瓷茶壶", quantity=2)
    context = window(browser, live_server, language=language)
    tab = watch(context, is_chinese=language != "en")
    tab.page.goto(live_server.url)

    tab.page.fill("[name=order]", order.number)
    tab.page.fill("[name=email]", order.email)
    tab.page.click(".btn-go")

    said = "正在备货" if tab.is_chinese else "Being packed: leaves by"
    expect(tab.page.locator("h1")).to_contain_text(said)
    expect(tab.page.locator(".items")).to_contain_text("青瓷茶壶")
    keep(tab, f"waiting.{language}")
    tab.look(f"waiting, {language}")
    context.close()
