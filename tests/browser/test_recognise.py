"""A number being typed is told whose it looks like, without a page and without a fault."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.watching import PHONE, watch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_carrier_is_named_under_the_field_while_it_is_typed(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(viewport=PHONE, locale="en-US", has_touch=True, is_mobile=True)
    tab = watch(context)
    page = tab.page
    page.goto(f"{live_server.url}/?by=number")
    tab.look("find by number")
    seen = page.locator("#find-seen")
    field = page.get_by_label("Tracking number", exact=True)

    field.press_sequentially("1z 999 aa1 0123456784")
    expect(seen).to_have_text("Looks like UPS.")
    tab.look("a number that fits")

    field.press("Backspace")
    field.press("5")
    expect(seen).to_contain_text("One digit may be wrong: check the number.")
    expect(field).to_be_focused()
    tab.look("a digit that does not")

    field.fill("")
    expect(seen).to_have_text("")
    context.close()


def test_the_form_says_the_same_without_javascript(
    browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/?by=number")

    page.locator("#find-number").fill("SF1234567890123")
    page.locator(".btn-go").click()

    expect(page.locator("#find-seen")).to_contain_text("顺丰速运")
    expect(page.locator("#find-number")).to_have_value("SF1234567890123")
    context.close()
