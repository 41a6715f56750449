"""Reporting on a phone: nine reasons in two languages, in ninety seconds, through a bad line."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from claims.models import Claim, Evidence
from claims.services import claims
from claims.states import ClaimReason, ClaimState
from portal.accounts.models import User
from portal.lib import links
from portal.outbox import delivering
from tests.browser.line import Line
from tests.browser.shots import session
from tests.browser.watching import PHONE, Watched, watch
from tests.factories.claims import ClaimFactory, fill
from tests.portal.pages.wrongs import WRONGS, answers, order_of, picture, wanted, way_in
from tracking.models import Parcel

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NAME = {"en": "Lin Wei", "zh-hans": "林伟"}
SHOTS = os.environ.get("WIZARD_SHOTS", "")
"""A folder to keep pictures in, for people who want to look."""


def phone(browser: Browser, server: LiveServer, language: str, user: User | None) -> BrowserContext:
    """Open a window of a phone whose owner is signed in already."""
    locale = "zh-CN" if language == "zh-hans" else "en-US"
    context = browser.new_context(viewport=PHONE, locale=locale, has_touch=True, is_mobile=True)
    context.set_default_timeout(15_000)
    if user is not None:
        sign_in(context, server, user)
    return context


def sign_in(context: BrowserContext, server: LiveServer, user: User) -> None:
    """Let the window be this person's from the next page on."""
    key = session(user.email)
    context.add_cookies([{"name": "sessionid", "value": key, "url": server.url}])


def file(name: str, content: bytes, kind: str = "image/jpeg") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def pick(page: Page, slot: str) -> Locator:
    """Return where photos are chosen, once the page's script listens: before, nobody sees it."""
    expect(page.locator(f"[data-ask={slot}] [data-fancy]").first).to_be_visible()
    return page.locator(f"[data-ask={slot}] [data-pick]")


def rows(page: Page, state: str = "") -> Locator:
    return page.locator("[data-list] > li" + (f"[data-state={state}]" if state else ""))


def go_on(page: Page, following: str) -> None:
    page.click("[data-continue]")
    page.wait_for_url(f"**/report/{following}/")
    expect(page.locator(".wizbar")).to_be_visible()


def keep(tab: Watched, name: str) -> None:
    """Keep a picture, if anybody asked for pictures."""
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        tab.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


# --- Nine reasons, two languages ----------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_reason_is_filed_on_a_phone(
    language: str, live_server: LiveServer, browser: Browser, subtests: pytest.Subtests
) -> None:
    context = phone(browser, live_server, language, None)
    tab = watch(context, is_chinese=language != "en")
    for reason in ClaimReason.values:
        with subtests.test(reason=reason):
            tab.troubles.clear()
            file_one(reason, language, live_server, tab)
    context.close()


def file_one(reason: str, language: str, server: LiveServer, tab: Watched) -> None:
    """Report one thing from the first page to the receipt, as a shopper who is signed in."""
    wrong = WRONGS[reason](timezone.now())
    order = order_of(wrong)
    page = tab.page
    page.goto("about:blank")  # what the one before left open asks nothing in this one's name
    sign_in(page.context, server, order.shopper)

    def look(step: str) -> None:
        # axe is slow: it sees every page of one reason, and of the others what is their own.
        own = {"more", "photos"} if language == "en" else {"check"}
        tab.look(f"{reason}: {step}", asks_axe=reason == "damaged" or step in own)
        keep(tab, f"{reason}.{step}.{language}")

    page.goto(f"{server.url}/claims/new/?{way_in(wrong)}&about={reason}")
    look("items")
    page.select_option("[name^=many_]", "2")
    go_on(page, "what")
    expect(page.locator(f"#id_reason_{reason}")).to_be_checked()
    look("what")
    go_on(page, "more")
    for key, value in answers(reason).items():
        page.check(f"#id_{key}_{value}")
    look("more")
    page.click("[data-continue]")
    page.wait_for_url(lambda url: url.endswith(("/photos/", "/wish/")))
    claim = Claim.objects.get(order=order)
    if page.url.endswith("/photos/"):
        photos, statements = wanted(claim)
        for place, (kind, many) in enumerate(photos.items()):
            names = [file(f"{kind}-{n}.jpg", picture(7 * n + place)) for n in range(many)]
            pick(page, kind).set_input_files(names)
        for kind in statements:
            page.fill(f"#id_sign_{kind}", NAME[language])
        expect(page.locator("[data-list] > li[data-token]")).to_have_count(sum(photos.values()))
        look("photos")
        go_on(page, "wish")
    page.locator("[name=wish]").first.check()
    look("wish")
    go_on(page, "check")
    look("check")
    page.check("#id_true")
    page.dblclick(".btn-go")
    page.wait_for_url("**/report/sent/")
    look("sent")
    expect(page.locator("main")).to_contain_text(claim.ref)
    claim.refresh_from_db()
    assert (claim.state, claim.reason) == (ClaimState.SUBMITTED, reason)
    assert claim.transitions.filter(verb="submit").count() == 1


# --- Ninety seconds ----------------------------------------------------------

READ = 2.5
"""Seconds to take in a page of a few lines before the first move."""
TAP = 1.1
"""Seconds to find and touch something on it."""
KEY = 0.33
"""Seconds a character on a phone's keyboard: 36 words a minute, as measured on many people."""
SHOOT = 5.0
"""Seconds to raise the phone, aim, press, and take the picture."""


@dataclass
class Person:
    """Somebody at the speed of people: what their eyes and fingers take, beside real waiting."""

    page: Page
    seconds: float = 0.0
    moves: list[str] = field(default_factory=list)

    def does(self, what: str, seconds: float) -> None:
        self.seconds += seconds
        self.moves.append(f"{what} {seconds:.1f}")

    def read(self) -> None:
        self.does("read", READ)

    def tap(self, selector: str) -> None:
        self.does("tap", TAP)
        self.page.locator(selector).first.click()

    def type(self, selector: str, text: str) -> None:
        self.does("type", TAP + KEY * len(text))
        self.page.fill(selector, text)

    def shoot(self, slot: str, content: bytes) -> None:
        self.does("photo", TAP + SHOOT)
        button = self.page.locator(f"[data-ask={slot}] [data-shoot]")
        expect(button.locator("..")).to_be_visible()
        button.set_input_files(file(f"IMG_{len(self.moves)}.jpg", content))


def test_a_damaged_claim_with_four_photos_takes_at_most_ninety_seconds(
    live_server: LiveServer, browser: Browser, record_property: Callable[[str, object], None]
) -> None:
    parcel = WRONGS["damaged"](timezone.now())
    assert isinstance(parcel, Parcel)
    context = phone(browser, live_server, "en", parcel.order.shopper)
    page = context.new_page()
    page.goto(f"{live_server.url}/t/{parcel.token}/")
    one = Person(page)
    photo = noise(1_600, quality=60)
    begun = time.perf_counter()

    one.read()
    one.tap("#report")
    page.wait_for_url("**/claims/new/**")
    one.read()
    one.tap("[data-continue]")  # the only thing in the parcel is ticked already
    page.wait_for_url("**/report/what/")
    one.read()
    one.tap("label:has(#id_reason_damaged)")
    one.tap("[data-continue]")
    page.wait_for_url("**/report/more/")
    one.read()
    one.tap("label:has(#id_box_yes)")
    one.tap("label:has(#id_hazard_no)")
    one.tap("[data-continue]")
    page.wait_for_url("**/report/photos/")
    one.read()
    for slot in ("item", "box", "box", "padding"):
        one.shoot(slot, photo)
        photo = photo[:-2] + os.urandom(2)
    one.tap("summary")
    one.type("#id_without_box", "Label torn off.")
    one.tap("[data-continue]")
    page.wait_for_url("**/report/wish/")
    one.read()
    one.tap("label:has(#id_wish_refund)")
    one.tap("[data-continue]")
    page.wait_for_url("**/report/check/")
    one.read()
    one.tap("label:has(#id_true)")
    one.tap(".btn-go")
    page.wait_for_url("**/report/sent/")
    waited = time.perf_counter() - begun

    total = one.seconds + waited
    said = f"{one.seconds:.0f} s of a person and {waited:.0f} s of waiting: {total:.0f} s"
    record_property("ninety_seconds", said)
    print(f"\na damaged claim with four photos: {said}")
    claim = Claim.objects.get()
    assert claim.state == ClaimState.SUBMITTED
    assert Evidence.objects.filter(claim=claim).count() == 4
    assert total <= 90, one.moves
    context.close()


# --- A bad line ----------------------------------------------------------


def noise(side: int, *, quality: int = 90) -> bytes:
    """Return a picture that cannot be packed: many bytes a pixel."""
    buffer = io.BytesIO()
    image = Image.frombytes("RGB", (side // 4, side // 4), os.urandom(3 * (side // 4) ** 2))
    image.resize((side, side)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def huge() -> bytes:
    """Return a plain picture that its format does not pack: 13 MB of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (2_100, 2_100), "teal").save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


@pytest.fixture
def draft() -> Claim:
    """Make a draft that is waiting for its photos."""
    parcel = WRONGS["damaged"](timezone.now())
    assert isinstance(parcel, Parcel)
    claim = fill(ClaimFactory.create(parcel=parcel))
    return claims.tell(claim=claim, answers=answers("damaged"), without_box="", now=timezone.now())


@pytest.fixture
def holder(draft: Claim, live_server: LiveServer, browser: Browser) -> Iterator[BrowserContext]:
    context = phone(browser, live_server, "en", draft.shopper)
    yield context
    context.close()


def work() -> None:
    """Do what the worker would do."""
    while delivering.deliver_due(now=timezone.now()):
        pass


def test_a_line_lost_midway_and_a_tab_that_dies_lose_nothing(
    draft: Claim, holder: BrowserContext, live_server: LiveServer
) -> None:
    first, second = noise(1_800), noise(1_800)
    with Line(live_server.url, up=200_000) as line:
        way = f"{line.url}/claims/{draft.ref}/report/photos/"
        page = holder.new_page()
        page.goto(way)
        pick(page, "item").set_input_files(file("cup.jpg", first))
        pick(page, "padding").set_input_files(file("paper.jpg", second))
        far = (
            "() => Math.max(...[...document.querySelectorAll('progress')].map((one) => one.value))"
        )
        while page.evaluate(far) < 30:
            page.wait_for_timeout(50)
        holder.set_offline(True)
        line.cut()
        expect(rows(page, "offline")).to_have_count(2)
        expect(rows(page).first).to_contain_text("You are offline. It goes out when you are back.")
        assert not Evidence.objects.exists()
        page.close(run_before_unload=False)  # the phone gives the tab's memory to another app

        line.mend(up=100_000_000)
        holder.set_offline(False)
        again = holder.new_page()
        again.goto(way)
        expect(again.locator("[data-list] > li[data-token]")).to_have_count(2)
        kept = dict(Evidence.objects.filter(claim=draft).values_list("name", "sha256"))
        assert kept == {
            "cup.jpg": hashlib.sha256(first).hexdigest(),
            "paper.jpg": hashlib.sha256(second).hexdigest(),
        }
        again.reload()
        expect(rows(again)).to_have_count(2)
        again.wait_for_timeout(300)
        assert Evidence.objects.count() == 2  # the shelf is empty: nothing is sent a second time


def test_signing_out_takes_photos_that_were_not_sent_off_the_device(
    draft: Claim, holder: BrowserContext, live_server: LiveServer
) -> None:
    shelves = "async () => (await indexedDB.databases()).map((one) => one.name)"
    with Line(live_server.url, up=10_000) as line:
        page = holder.new_page()
        page.goto(f"{line.url}/claims/{draft.ref}/report/photos/")
        pick(page, "item").set_input_files(file("cup.jpg", noise(1_800)))
        while "amends.photos" not in page.evaluate(shelves):
            page.wait_for_timeout(50)
        holder.set_offline(True)
        line.cut()
        # Chromium sends a broken request once more by itself, even when the tab is gone.
        expect(rows(page, "offline")).to_have_count(1)
        page.close(run_before_unload=False)
        line.mend(up=100_000_000)
        holder.set_offline(False)

        page = holder.new_page()
        page.goto(f"{line.url}/account/logout/")
        expect(page.locator("main")).to_contain_text("are removed from this device")
        page.locator("[data-sign-out] button").click()
        page.wait_for_url(lambda url: "logout" not in url)

        assert page.evaluate(shelves) == []
        assert not Evidence.objects.exists()


def test_a_photo_that_breaks_off_tries_again_by_itself_and_on_request(
    draft: Claim, holder: BrowserContext, live_server: LiveServer
) -> None:
    page = holder.new_page()
    page.add_init_script(
        "window.setTimeout = (later => (run, wait, ...more) => later(run, wait / 20, ...more))"
        "(setTimeout)"
    )
    page.goto(f"{live_server.url}/claims/{draft.ref}/report/photos/")
    fails, asked = 1, 0

    def answer(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked <= fails:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/photos/", answer)
    pick(page, "item").set_input_files(file("cup.jpg", picture(1)))
    expect(page.locator("[data-list] > li[data-token]")).to_have_count(1)
    assert asked == 2

    fails, asked = 3, 0
    pick(page, "padding").set_input_files(file("paper.jpg", picture(2)))
    expect(rows(page, "dropped")).to_contain_text("Your photo is still on this phone.")
    page.get_by_role("button", name="Try paper.jpg again").click()
    expect(page.locator("[data-list] > li[data-token]")).to_have_count(2)
    assert Evidence.objects.filter(claim=draft).count() == 2


def test_a_very_large_picture_goes_smaller_and_says_so(
    draft: Claim, holder: BrowserContext, live_server: LiveServer
) -> None:
    tab = watch(holder)
    tab.page.goto(f"{live_server.url}/claims/{draft.ref}/report/photos/")
    large = huge()

    pick(tab.page, "item").set_input_files(file("box.png", large, "image/png"))
    expect(tab.page.locator("[data-list] > li[data-token]")).to_have_count(1)

    photo = Evidence.objects.get()
    assert photo.bytes < len(large)
    assert photo.signals["format"] == "JPEG"
    work()
    expect(rows(tab.page, "done")).to_contain_text("Sent smaller; it was 13 MB.")
    tab.look("a large picture")


# --- Elsewhere, and by somebody hostile ----------------------------------------------------------


def test_goes_on_in_a_second_browser_from_the_letters_link(
    draft: Claim, live_server: LiveServer, browser: Browser
) -> None:
    context = phone(browser, live_server, "en", None)
    tab = watch(context)
    page = tab.page
    key = links.sign(links.DRAFT, draft.ref)
    page.goto(f"{live_server.url}/claims/{draft.ref}/carry-on/?k={key}")
    tab.look("the link")
    page.click(".btn-go")
    page.wait_for_url("**/report/")
    tab.look("the task list")
    page.click(".btn-go")
    page.wait_for_url("**/report/photos/")

    pick(page, "item").set_input_files(file("cup.jpg", picture(3)))
    expect(page.locator("[data-list] > li[data-token]")).to_have_count(1)
    page.locator("summary").click()
    page.fill("#id_without_box", "The rest is gone.")
    go_on(page, "wish")
    go_on(page, "check")
    page.check("#id_true")
    page.click(".btn-go")
    page.wait_for_url("**/report/sent/")

    draft.refresh_from_db()
    assert draft.state == ClaimState.SUBMITTED
    page.goto(f"{live_server.url}/claims/{draft.ref}/")
    page.wait_for_url("**/account/**")
    context.close()
