"""
The whole story, at phone width and in both languages: from a carrier's push to money paid.

The web is a real server, the bank a real process, the browser a real Chromium; the worker's part
is played by calling what its tasks call, until nothing is left to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx2
import orjson
import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from claims.models import Claim, Entry, Evidence
from claims.services import compensations
from claims.states import ClaimState
from notifications.services import letters
from portal.accounts import roles, tokens
from portal.accounts.models import User
from portal.lib import images
from portal.outbox import delivering
from tests.browser.watching import PHONE, Watched, watch
from tests.claims.banking import SECRET as BANK_SECRET
from tests.claims.banking import BankProcess
from tests.conformance.data import DATA, present
from tests.factories.tracking import CarrierFactory, ConnectionFactory
from tracking.carriers.kuaidi100.seal import seal as seal_kuaidi100
from tracking.carriers.names import CARRIERS
from tracking.carriers.ups.seal import seal as seal_ups
from tracking.models import Parcel, Sighting
from tracking.services import intake

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

UPS = DATA / "carrier_payloads/ups/webhook_trackalert_out_for_delivery_message.json"
KUAIDI100 = DATA / "carrier_payloads/kuaidi100/push_yunda_delivered.json"
SHOPPER = "wei@example.org"
PASSWORD = "a-long-password-for-the-desk"
SECRETS = {"ups-main": "credential-of-the-ups-subscription", "kuaidi100-main": "salt-of-kuaidi100"}
PHOTOS = {
    "item": ["photos/mobile/IMG_5195.HEIC"],
    "box": ["photos/exif_gps/DSCN0010.jpg", "photos/mobile/no_exif.jpg"],
    "padding": ["photos/mobile/jolla.jpg"],
}
WORDS = {
    "en": {
        "title": "Celadon cup",
        "code": "code",
        "paid": "Paid: $48.00",
        "agreed": "We agree: $48.00 comes back to you",
        "currency": "USD",
        "sorry": "We are sorry about the cups.",
        "missing": "Another photo is not possible: the label is torn off.",
    },
    "zh-hans": {
        "title": "青瓷茶杯",
        "code": "验证码",
        "paid": "已退款 ¥48.00",
        "agreed": "我们同意退款 ¥48.00",
        "currency": "CNY",
        "sorry": "非常抱歉，杯子在途中破损。",
        "missing": "面单已经撕掉了，无法再拍。",
    },
}


@pytest.fixture(autouse=True)
def _data() -> None:
    present()


@pytest.fixture
def bank(settings: Settings, tmp_path: Path) -> Iterator[BankProcess]:
    process = BankProcess(tmp_path / "bank.db").start()
    settings.SANDBOX_BANK_URL = process.url
    settings.SANDBOX_BANK_SECRET = BANK_SECRET
    yield process
    process.stop()


@pytest.fixture
def phone(browser: Browser, language: str) -> Iterator[BrowserContext]:
    locale = "zh-CN" if language == "zh-hans" else "en-US"
    context = browser.new_context(viewport=PHONE, locale=locale, has_touch=True, is_mobile=True)
    context.set_default_timeout(15_000)
    yield context
    context.close()


def work() -> None:
    """Do everything the worker and its clock would do, until nothing is left."""
    for _round in range(50):
        now = timezone.now()
        done = intake.open_waiting(now=now)
        done += delivering.deliver_due(now=now)
        done += compensations.look_after(now=now)
        done += letters.send_due(now=now)
        if not done:
            return
    raise AssertionError("the work never ends")


def letter_about(text: str) -> str:
    """Return the newest e-mail whose subject or body says this."""
    for message in mail.outbox[::-1]:
        if text in f"{message.subject}\n{message.body}":
            return f"{message.subject}\n{message.body}"
    raise AssertionError(f"no letter says {text!r}: {[sent.subject for sent in mail.outbox]}")


def moved(body: bytes, *, days: int) -> bytes:
    """Move every date of a carrier's body, so that an old real push is news."""

    def later(match: re.Match[str]) -> str:
        parts = [int(part) for part in match.groups()[:3]]
        day = date(*parts) + timedelta(days=days)
        return day.strftime("%Y-%m-%d" if "-" in match[0] else "%Y%m%d")

    text = body.decode()
    text = re.sub(r"\b(20\d\d)-(\d\d)-(\d\d)(?= )", later, text)
    return re.sub(r'(?<=")(20\d\d)(\d\d)(\d\d)(?=")', later, text).encode()


def pushes(now: datetime) -> tuple[bytes, bytes]:
    """Return the two carriers' real bodies, both about yesterday."""
    ups, kuaidi100 = UPS.read_bytes(), KUAIDI100.read_bytes()
    yesterday = (now - timedelta(days=1)).date()
    return (
        moved(ups, days=(yesterday - date(2024, 4, 23)).days),
        moved(kuaidi100, days=(yesterday - date(2020, 11, 28)).days),
    )


def register(base: str, language: str, ups: str, yunda: str, now: datetime) -> None:
    """Let the merchant's system register an order with two parcels."""
    words = WORDS[language]
    _row, key = tokens.issue(name="shop", scopes=["orders:write"], now=now)
    order = {
        "number": "PH-20418",
        "email": SHOPPER,
        "language": language,
        "currency": words["currency"],
        "placed_at": (now - timedelta(days=9)).isoformat(),
        "shipping": 650,
        "captured": 4_800 + 7_800 + 650,
        "payment_reference": "pay_20418",
        "payment_instrument": "card ending 4417",
        "recipient": {"name": "Wei", "address": "12 Harbour Street", "postcode": "518104"},
        "lines": [
            {"sku": "CUP", "title": words["title"], "quantity": 6, "price": 2_400},
            {"sku": "POT", "title": words["title"], "quantity": 1, "price": 7_800},
        ],
        "parcels": [
            {
                "number": ups,
                "carrier": "ups",
                "connection": "ups-main",
                "shipped_at": (now - timedelta(days=4)).isoformat(),
                "lines": [{"sku": "POT", "quantity": 1}],
            },
            {
                "number": yunda,
                "carrier": "yunda",
                "connection": "kuaidi100-main",
                "shipped_at": (now - timedelta(days=5)).isoformat(),
                "lines": [{"sku": "CUP", "quantity": 6}],
            },
        ],
    }
    answer = httpx2.post(
        f"{base}/api/v1/orders/", json=order, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 201, answer.text


def push(base: str, connection: str, body: bytes, headers: dict[str, str]) -> int:
    """Push a body to the door, sealed as its carrier sealed it."""
    return httpx2.post(
        f"{base}/hooks/carriers/{connection}/", content=body, headers=headers
    ).status_code


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_broken_cup_from_the_carriers_push_to_money_paid(
    language: str,
    live_server: LiveServer,
    browser: Browser,
    phone: BrowserContext,
    bank: BankProcess,
    settings: Settings,
) -> None:
    base, words, now = live_server.url, WORDS[language], timezone.now()
    settings.SITE_URL = base
    settings.DEMO = True  # staff come in without a second factor
    for slug, adapter in (("ups-main", "ups"), ("kuaidi100-main", "kuaidi100")):
        ConnectionFactory.create(
            slug=slug, adapter=adapter, trusts_pushes=True, secret=SECRETS[slug]
        )
    for slug in ("ups", "yunda"):
        name = CARRIERS[slug]
        CarrierFactory.create(slug=slug, name_en=name.name_en, name_zh=name.name_zh)

    # The merchant's system registers an order with two parcels; both carriers push, and repeat.
    ups, kuaidi100 = pushes(now)
    numbers = (orjson.loads(ups)["trackingNumber"], orjson.loads(kuaidi100)["lastResult"]["nu"])
    register(base, language, *numbers, now)
    for _time in range(2):
        sealed = {"Content-Type": "application/json"} | seal_ups(ups, SECRETS["ups-main"])
        assert push(base, "ups-main", ups, sealed) == 200
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = seal_kuaidi100(kuaidi100, SECRETS["kuaidi100-main"])
        assert push(base, "kuaidi100-main", body, form) == 200
    work()
    scans = len(orjson.loads(kuaidi100)["lastResult"]["data"])
    assert Parcel.objects.get(number=numbers[0]).status == "out_for_delivery"
    delivered = Parcel.objects.get(number=numbers[1])
    assert delivered.status == "delivered"
    assert Sighting.objects.filter(parcel=delivered).count() == scans

    # The shopper finds it on a phone and reads the journey.
    tab = watch(phone, is_chinese=language == "zh-hans")
    tab.page.goto(base)
    tab.look("find my parcel")
    tab.page.fill("[name=order]", "PH-20418")
    tab.page.fill("[name=email]", SHOPPER)
    tab.page.click(".btn-go")
    tab.page.wait_for_url("**/t/**")
    if delivered.token not in tab.page.url:
        tab.page.goto(f"{base}/t/{delivered.token}/")
    tab.look("journey")

    # Reporting asks for the code that goes to the address on file.
    tab.page.locator("a[href*='/claims/new/']").first.click()
    tab.look("a code first")
    expect(tab.page.locator("main")).to_contain_text("@example.org")
    expect(tab.page.locator("main")).not_to_contain_text(SHOPPER)
    tab.page.click(".btn-go")
    tab.page.wait_for_url("**/account/**")
    work()
    code = re.search(r"\b(\d{3}) ?(\d{3})\b", letter_about(words["code"]))
    assert code is not None
    tab.look("the code")
    tab.page.fill("[name=code]", f"{code[1]} {code[2]}")
    tab.page.click(".btn-go")

    # Six short pages.
    tab.page.wait_for_url("**/claims/new/**")
    tab.look("which items")
    tab.page.check("[name^=line_]")
    tab.page.select_option("[name^=many_]", "2")
    go_on(tab, "what")
    tab.look("what happened")
    tab.page.check("#id_reason_damaged")
    go_on(tab, "more")
    tab.look("a little more")
    tab.page.check("#id_box_yes")
    tab.page.check("#id_hazard_no")
    go_on(tab, "photos")
    send_photos(tab, words["missing"])
    go_on(tab, "wish")
    tab.look("what would put it right")
    tab.page.check("#id_wish_refund")
    go_on(tab, "check")
    tab.look("check and send")
    tab.page.check("#id_true")
    tab.page.dblclick(".btn-go")
    tab.page.wait_for_url("**/report/sent/")
    tab.look("receipt")
    claim = Claim.objects.get()
    work()
    letter_about(claim.ref)

    # Meanwhile, whatever was hidden in the photos is gone.
    kept = Evidence.objects.filter(claim=claim, removed_at=None)
    assert [photo.state for photo in kept] == ["clean"] * 4
    for photo in kept:
        assert_bare(photo)

    # An agent sees it all side by side, and approves.
    desk = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    approve(desk, base, claim, words["sorry"])
    desk.close()
    tab.page.goto(f"{base}/claims/{claim.ref}/")
    expect(tab.page.locator("h1")).to_have_text(words["agreed"])
    tab.look("agreed")

    # The worker pays through the bank; page and letter say so.
    work()
    claim.refresh_from_db()
    assert claim.state == ClaimState.RESOLVED
    assert [row["amount_minor"] for row in bank.refunds()] == [4_800]
    assert sum(Entry.objects.values_list("amount_minor", flat=True)) == 0
    tab.page.reload()
    expect(tab.page.locator("h1")).to_have_text(words["paid"])
    tab.look("paid")
    assert "48.00" in letter_about("4417")
    tab.page.goto(f"{base}/account/")
    tab.look("my orders")


def go_on(tab: Watched, following: str) -> None:
    """Press Continue and wait for the next page."""
    tab.page.click("[data-continue]")
    tab.page.wait_for_url(f"**/report/{following}/")
    expect(tab.page.locator(".wizbar")).to_be_visible()


def send_photos(tab: Watched, why_not_all: str) -> None:
    """Send four photos as a phone would, and say in a sentence why one is missing."""
    for slot, names in PHOTOS.items():
        tab.page.set_input_files(
            f"[data-ask={slot}] [data-pick]", [str(DATA / name) for name in names]
        )
    expect(tab.page.locator("[data-list] > li")).to_have_count(4)
    expect(tab.page.locator("[data-list] > li[data-token]")).to_have_count(4, timeout=30_000)
    work()
    expect(tab.page.locator("[data-list] > li[data-state=done]")).to_have_count(4, timeout=30_000)
    tab.look("photos")

    # A reload loses nothing: the server holds the list.
    tab.page.reload()
    expect(tab.page.locator("[data-list] > li[data-state=clean]")).to_have_count(4)
    tab.page.locator("details summary").click()
    tab.page.fill("[name=without_box]", why_not_all)


def approve(context: BrowserContext, base: str, claim: Claim, sorry: str) -> None:
    """Sign in at the desk, open the claim, look at it, and approve the whole sum."""
    agent = User.objects.create_user("agent@example.org", PASSWORD, name="Agent")
    roles.give(person=agent, role=roles.RoleName.AGENT)
    page = context.new_page()
    page.goto(f"{base}/admin/")
    page.fill("[name=login]", agent.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main .btn-go")
    page.wait_for_url("**/admin/**")
    page.goto(f"{base}/admin/claims/claim/")
    page.locator(f"a:has-text('{claim.ref}')").first.click()
    expect(page.locator("img[src*='/photos/']")).to_have_count(4)
    assert claim.parcel is not None
    expect(page.locator("body")).to_contain_text(claim.parcel.number)
    expect(page.locator("body")).to_contain_text(claim.order.number)
    page.fill("#text", sorry)
    page.locator("button[value=propose]").click()
    page.wait_for_load_state("networkidle")
    claim.refresh_from_db()
    assert claim.state == ClaimState.APPROVED


def assert_bare(photo: Evidence) -> None:
    """Check that a stored copy holds a picture and nothing else."""
    from django.core.files.storage import default_storage

    for name in (photo.large, photo.small):
        with default_storage.open(name) as file:
            content = file.read()
        assert images.sniff(content) == "JPEG"
        assert b"Exif" not in content
        assert b"http://ns.adobe.com/xap" not in content
