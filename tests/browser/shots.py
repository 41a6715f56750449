"""Photograph every page of the demo story: both languages, phone and desktop, into var/shots/."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from portal.ops.launcher import places
from tests.browser.chromium import find_chromium
from tests.chaos.stage import stage

WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
LANGUAGES = ("en", "zh-hans")


@dataclass(frozen=True)
class Shot:
    """One page, as one kind of person sees it."""

    name: str
    path: str
    who: str = ""
    """E-mail of the person signed in, or nobody."""


def shots() -> Iterator[Shot]:
    """Yield the pages worth looking at, from what the demo story holds."""
    from claims.models import Claim
    from portal.ops.story import AGENT, APPROVER
    from tracking.models import Parcel

    yield Shot("home", "/")
    yield Shot("home-number", "/?by=number")
    yield Shot("sign-in", "/account/login/")
    yield Shot("not-found", "/nowhere/")
    yield Shot("help", "/help/")
    for parcel in Parcel.objects.select_related("order").order_by("pk"):
        name = f"{parcel.order.number}-{parcel.position}-{parcel.status}"
        yield Shot(f"journey-{name}", f"/t/{parcel.token}/", parcel.order.email)
    yield Shot("journey-masked", f"/t/{Parcel.objects.order_by('pk')[0].token}/")
    for claim in Claim.objects.select_related("shopper").order_by("pk"):
        steps = (
            ("items", "what", "more", "photos", "wish", "check") if claim.state == "draft" else ()
        )
        for step in steps:
            yield Shot(f"wizard-{step}", f"/claims/{claim.ref}/report/{step}/", claim.shopper.email)
        yield Shot(
            f"claim-{claim.state}-{claim.reason}", f"/claims/{claim.ref}/", claim.shopper.email
        )
        yield Shot(f"desk-{claim.state}", f"/admin/claims/claim/{claim.ref}/change/", AGENT)
    yield Shot("account", "/account/", Parcel.objects.order_by("pk")[0].order.email)
    yield Shot("desk-index", "/admin/", AGENT)
    yield Shot("desk-queue", "/admin/claims/claim/", AGENT)
    yield Shot("desk-approver", "/admin/claims/claim/", APPROVER)
    yield Shot("desk-parcels", "/admin/tracking/parcel/", AGENT)
    yield Shot("letters", "/dev/mail/")


def session(email: str) -> str:
    """Return a session key of this person, made as a sign-in makes it."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from portal.accounts.models import User

    person = User.objects.get(email=email.lower())
    store = SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def photograph(browser: Browser, *, base: str, into: Path, only: str, dark: bool) -> int:
    """Take every shot whose name contains ``only``; return how many pages were not 2xx or 404."""
    wrong = 0
    keys: dict[str, str] = {}
    for shot in list(shots()):
        if only not in shot.name:
            continue
        if shot.who and shot.who not in keys:
            keys[shot.who] = session(shot.who)
        for language in LANGUAGES:
            for width, (w, h) in WIDTHS.items():
                context = browser.new_context(
                    viewport={"width": w, "height": h}, color_scheme="dark" if dark else "light"
                )
                cookies = [{"name": "django_language", "value": language, "url": base}]
                if shot.who:
                    cookies.append({"name": "sessionid", "value": keys[shot.who], "url": base})
                context.add_cookies(cookies)  # type: ignore[arg-type]
                page = context.new_page()
                answer = page.goto(base + shot.path, wait_until="load")
                page.screenshot(path=into / f"{shot.name}.{language}.{width}.png", full_page=True)
                if answer is None or answer.status not in {200, 404}:
                    print(f"  {answer.status if answer else '?'} {shot.path}")
                    wrong += 1
                context.close()
    return wrong


def main() -> int:
    """Start the portal on scratch services with the demo story, and photograph it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="only pages whose name contains this")
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    parser.add_argument("--into", type=Path, default=places.ROOT / "var" / "shots")
    chosen = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium found: install Debian's chromium or set CHROMIUM to its path.")
        return 1
    chosen.into.mkdir(parents=True, exist_ok=True)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright's loop lives in this thread
    with stage(AMENDS_DEMO="1") as play:
        from django.core.management import call_command

        call_command("demo")
        play.add_bank()
        play.add_worker()
        play.add_web()
        play.quiet_down()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            wrong = photograph(
                browser,
                base=f"http://127.0.0.1:{play.port}",
                into=chosen.into,
                only=chosen.only,
                dark=chosen.dark,
            )
            browser.close()
    print(f"shots are in {chosen.into}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
