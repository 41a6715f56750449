"""A parcel's page: what each level sees, and how little it costs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from notifications.models import Watch
from portal.lib import links
from portal.lib.caching import Shelf
from portal.pages import access, track
from portal.pages.access import Level
from tests.factories.tracking import (
    NOON,
    OrderLineFactory,
    ParcelFactory,
    ParcelLineFactory,
    SightingFactory,
)
from tests.portal.pages.opening import open_up
from tracking.models import Parcel
from tracking.states import ParcelStatus, Reason

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    cache.clear()
    # A page in Chinese leaves its language behind in the thread.
    with time_machine.travel(NOON, tick=False), translation.override("en"):
        yield
    cache.clear()


@pytest.fixture
def parcel() -> Parcel:
    """Give a parcel on its way, with two scans and one thing inside, of an order with another."""
    parcel = ParcelFactory.create(
        order__number="PH-20418",
        order__email="w.lin@example.org",
        order__recipient_name="Lin Wei",
        order__address="88 Huaihai Road",
        order__postcode="97201",
        order__city="Portland",
        number="1Z999AA10123456784",
        status=ParcelStatus.IN_TRANSIT,
        status_at=NOON - timedelta(days=2),
        last_scan_at=NOON - timedelta(hours=20),
        revision=3,
    )
    line = OrderLineFactory.create(order=parcel.order, title="Celadon teapot", variant="0.6 l")
    ParcelLineFactory.create(parcel=parcel, order_line=line, quantity=2)
    SightingFactory.create(
        parcel=parcel,
        status=ParcelStatus.PICKED_UP,
        raw_text="Pickup Scan",
        location="Louisville, KY",
        occurred_at=NOON - timedelta(days=2),
        local_time="2026-02-28T07:00:00",
    )
    SightingFactory.create(
        parcel=parcel,
        status=ParcelStatus.IN_TRANSIT,
        raw_text="Arrived at Facility",
        location="Newark, NJ",
        occurred_at=NOON - timedelta(hours=20),
        local_time="2026-03-01T11:00:00",
    )
    return parcel


def page_of(client: Client, parcel: Parcel) -> str:
    answer = client.get(reverse("track", args=[parcel.token]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode()).replace("\u00a0", " ")


def heading_of(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert found
    return found[1]


class TestNumberAlone:
    def test_reveals_no_person_place_date_or_thing(self, client: Client, parcel: Parcel) -> None:
        page = page_of(client, parcel)

        for secret in (
            "PH-20418",
            "1Z999AA1",
            "w.lin@",
            "Lin Wei",
            "Huaihai",
            "97201",
            "972",
            "Portland",
            "Newark",
            "Louisville",
            "teapot",
            "UPS",
            "Mar",
            "2026",
        ):
            assert secret not in page, secret

    def test_says_the_status_and_how_to_see_more(self, client: Client, parcel: Parcel) -> None:
        page = page_of(client, parcel)

        assert heading_of(page) == "On the way"
        assert reverse("track-open", args=[parcel.token]) in page
        assert "claims/new" not in page

    def test_sheet_reveals_no_more_than_the_page(self, client: Client, parcel: Parcel) -> None:
        answer = client.get(reverse("track-sheet", args=[parcel.token]))

        assert b"On the way" in answer.content
        assert b"Newark" not in answer.content
        assert b"PH-20418" not in answer.content

    def test_another_parcels_cookie_opens_nothing(self, client: Client, parcel: Parcel) -> None:
        open_up(client, ParcelFactory.create(), Level.PERSON)

        assert "PH-20418" not in page_of(client, parcel)

    def test_an_altered_cookie_opens_nothing(self, client: Client, parcel: Parcel) -> None:
        open_up(client, parcel, Level.DETAILS)
        text = client.cookies[access.COOKIE].value
        for place in range(len(text)):
            flipped = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
            client.cookies[access.COOKIE] = flipped
            assert "PH-20418" not in page_of(client, parcel), place


class TestDetails:
    def test_tells_the_journey_and_the_items(self, client: Client, parcel: Parcel) -> None:
        open_up(client, parcel, Level.DETAILS)

        page = page_of(client, parcel)

        assert heading_of(page) == "On time: expected Tue 3 March"
        assert "Last seen: Newark, NJ, Sun 1 Mar." in page
        assert (
            '<time datetime="2026-03-01T11:00-05:00">Sun 1 Mar, 11:00 <small>UTC−5</small></time>'
            in page
        )
        assert "Arrived at Facility" in page
        assert "Celadon teapot" in page
        assert "× 2" in page
        assert "Portland" in page
        assert "972**" in page

    def test_keeps_the_person_back(self, client: Client, parcel: Parcel) -> None:
        open_up(client, parcel, Level.DETAILS)

        page = page_of(client, parcel)

        for secret in ("Lin Wei", "Huaihai", "97201", "w.lin@", "555 0100", "pay_", "4417"):
            assert secret not in page, secret

    def test_has_one_primary_action_one_heading_and_one_step(
        self, client: Client, parcel: Parcel
    ) -> None:
        open_up(client, parcel, Level.DETAILS)
        for revision, status in enumerate(ParcelStatus, start=10):
            Parcel.objects.filter(pk=parcel.pk).update(status=status, revision=revision)
            page = page_of(client, parcel)
            assert page.count("<h1") == 1, status
            assert page.count("btn-go") <= 1, status
            assert page.count('aria-current="step"') == 1, status

    @pytest.mark.parametrize(
        ("facts", "heading"),
        [
            ({"status": "registered", "shipped_at": None}, "Being packed: expected Tue 3 March"),
            ({"status": "info_received"}, "Ready for the carrier: expected Tue 3 March"),
            ({"promised_at": None}, "On the way, last seen Sun 1 March"),
            (
                {
                    "promised_at": None,
                    "own_eta_from": NOON + timedelta(days=1),
                    "own_eta_to": NOON + timedelta(days=3),
                    "own_eta_confidence": "high",
                },
                "On the way: expected 3 to 5 March",
            ),
            ({"hinted": "lost"}, "The carrier reports it lost; we are checking with them"),
            (
                {
                    "eta_from": NOON + timedelta(days=3),
                    "eta_to": NOON + timedelta(days=5),
                },
                "Late: now expected 5 to 7 March",
            ),
            ({"promised_at": NOON - timedelta(days=1)}, "Late: it was expected Sun 1 March"),
            ({"status": "customs"}, "At customs since Sat 28 February"),
            (
                {"status": "exception", "reason": Reason.DAMAGED},
                "Damaged on the way",
            ),
            (
                {"status": "out_for_delivery", "status_at": NOON - timedelta(hours=2)},
                "With the driver: today",
            ),
            (
                {
                    "status": "out_for_delivery",
                    "status_at": NOON,
                    "eta_from": NOON + timedelta(hours=2),
                    "eta_to": NOON + timedelta(hours=6),
                },
                "With the driver: today, 06:00 to 10:00",
            ),
            (
                {"status": "attempt_failed", "reason": Reason.NOT_HOME},
                "Nobody answered on Sat 28 February",
            ),
            ({"status": "available_for_pickup"}, "Ready to collect until Sat 7 March"),
            ({"status": "returning"}, "On its way back to us"),
            ({"status": "lost"}, "Your parcel is lost"),
            (
                {"status": "delivered", "delivered_at": NOON - timedelta(days=1)},
                "Delivered on Sun 1 March, 04:00",
            ),
            (
                {"status": "delivered", "delivered_at": NOON, "is_disputed": True},
                "Delivered, says the carrier; later news disagrees",
            ),
        ],
    )
    def test_heading_names_the_state_and_the_date(
        self, client: Client, parcel: Parcel, facts: dict[str, object], heading: str
    ) -> None:
        open_up(client, parcel, Level.DETAILS)
        Parcel.objects.filter(pk=parcel.pk).update(**facts)

        page = page_of(client, parcel)

        assert heading_of(page) == heading
        assert f"<title>{heading} - Pine & Harbour</title>" in page

    def test_speaks_chinese(self, client: Client, parcel: Parcel) -> None:
        open_up(client, parcel, Level.DETAILS)
        client.cookies["django_language"] = "zh-hans"

        page = page_of(client, parcel)

        assert '<html lang="zh-Hans">' in page
        assert "3 月 3 日" in heading_of(page)
        assert "松港" in page

    def test_trouble_in_another_parcel_comes_first(self, client: Client, parcel: Parcel) -> None:
        fine = ParcelFactory.create(order=parcel.order, status=ParcelStatus.DELIVERED)
        held = ParcelFactory.create(
            order=parcel.order, status=ParcelStatus.EXCEPTION, reason=Reason.WEATHER
        )
        open_up(client, parcel, Level.DETAILS)

        page = page_of(client, parcel)

        assert page.index(held.token) < page.index(fine.token)
        assert "Parcel 1 of 3" in page

    def test_offers_damage_until_the_policy_says(self, client: Client, parcel: Parcel) -> None:
        Parcel.objects.filter(pk=parcel.pk).update(status="delivered", delivered_at=NOON)
        open_up(client, parcel, Level.DETAILS)

        assert "<strong>until Wed 1 Apr</strong>" in page_of(client, parcel)

    def test_carriers_own_words_are_text_not_markup(self, client: Client, parcel: Parcel) -> None:
        SightingFactory.create(parcel=parcel, raw_text="<script>alert(1)</script>", location="<b>")
        open_up(client, parcel, Level.DETAILS)

        answer = client.get(reverse("track", args=[parcel.token])).content

        assert b"<script>alert" not in answer
        assert b"&lt;script&gt;alert(1)" in answer

    def test_a_withdrawn_scan_is_not_told(self, client: Client, parcel: Parcel) -> None:
        SightingFactory.create(parcel=parcel, raw_text="Told in error", withdrawn_at=NOON)
        open_up(client, parcel, Level.DETAILS)

        assert "Told in error" not in page_of(client, parcel)

    def test_opens_nothing_after_the_links_were_revoked(
        self, client: Client, parcel: Parcel
    ) -> None:
        open_up(client, parcel, Level.PERSON)
        Parcel.objects.filter(pk=parcel.pk).update(link_version=2)

        assert "PH-20418" not in page_of(client, parcel)


class TestPerson:
    def test_signed_in_shopper_sees_the_address(self, client: Client, parcel: Parcel) -> None:
        client.force_login(parcel.order.shopper)

        page = page_of(client, parcel)

        assert "Lin Wei" in page
        assert "88 Huaihai Road" in page
        assert "97201" in page

    def test_somebody_else_signed_in_sees_no_more(self, client: Client, parcel: Parcel) -> None:
        client.force_login(ParcelFactory.create().order.shopper)

        assert "Lin Wei" not in page_of(client, parcel)

    def test_weakens_to_details_after_half_a_day(self, client: Client, parcel: Parcel) -> None:
        open_up(client, parcel, Level.PERSON)
        assert "Lin Wei" in page_of(client, parcel)

        with time_machine.travel(NOON + timedelta(hours=13), tick=False):
            page = page_of(client, parcel)

        assert "Lin Wei" not in page
        assert "PH-20418" in page


class TestSignedLink:
    def url(self, parcel: Parcel, key: str) -> str:
        return f"{reverse('track', args=[parcel.token])}?k={key}"

    def test_is_exchanged_for_a_cookie_and_leaves_the_address(
        self, client: Client, parcel: Parcel, settings: Settings
    ) -> None:
        address = links.journey(parcel.token, parcel.link_version).removeprefix(settings.SITE_URL)

        answer = client.get(address)

        assert answer.status_code == 302
        assert answer.headers["Location"] == reverse("track", args=[parcel.token])
        assert answer.cookies[access.COOKIE]["httponly"]
        assert answer.cookies[access.COOKIE]["samesite"] == "Lax"
        assert "Lin Wei" in page_of(client, parcel)

    def test_refuses_every_altered_byte(self, client: Client, parcel: Parcel) -> None:
        key = links.sign(links.JOURNEY, parcel.token, parcel.link_version)

        for place in range(len(key)):
            other = key[:place] + ("A" if key[place] != "A" else "B") + key[place + 1 :]
            answer = client.get(self.url(parcel, other))
            assert access.COOKIE not in answer.cookies, place

    @pytest.mark.parametrize(
        ("purpose", "version"), [("photo", 1), (links.JOURNEY, 2)], ids=["purpose", "version"]
    )
    def test_refuses_a_key_made_for_something_else(
        self, client: Client, parcel: Parcel, purpose: str, version: int
    ) -> None:
        answer = client.get(self.url(parcel, links.sign(purpose, parcel.token, version)))

        assert access.COOKIE not in answer.cookies

    def test_refuses_another_parcels_key(self, client: Client, parcel: Parcel) -> None:
        other = ParcelFactory.create()

        answer = client.get(self.url(parcel, links.sign(links.JOURNEY, other.token)))

        assert access.COOKIE not in answer.cookies

    def test_an_old_one_says_so_and_offers_another(self, client: Client, parcel: Parcel) -> None:
        key = links.sign(links.JOURNEY, parcel.token)

        with time_machine.travel(NOON + timedelta(days=31), tick=False):
            answer = client.get(self.url(parcel, key))

        assert answer.status_code == 410
        assert access.COOKIE not in answer.cookies
        assert b"This link has expired" in answer.content
        assert reverse("track-code", args=[parcel.token]).encode() in answer.content

    def test_following_it_ten_times_changes_nothing_stored(
        self,
        client: Client,
        parcel: Parcel,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        key = links.sign(links.JOURNEY, parcel.token)

        with django_assert_num_queries(10):  # one read each, and no write
            for _ in range(10):
                Client().get(self.url(parcel, key))


class TestCost:
    def test_a_kept_page_costs_one_tiny_query(
        self, client: Client, parcel: Parcel, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        open_up(client, parcel, Level.DETAILS)
        first = page_of(client, parcel)

        with django_assert_num_queries(1):
            assert page_of(client, parcel) == first
        with patch.object(track, "SHELF", Shelf(8)), django_assert_num_queries(1):
            assert page_of(client, parcel) == first  # another process finds it in Redis

    @pytest.mark.parametrize(("status", "queries"), [("in_transit", 4), ("delivered", 5)])
    def test_telling_it_anew_costs_the_same_however_long_it_is(
        self,
        client: Client,
        parcel: Parcel,
        django_assert_num_queries: DjangoAssertNumQueries,
        status: str,
        queries: int,
    ) -> None:
        Parcel.objects.filter(pk=parcel.pk).update(status=status)
        ParcelFactory.create_batch(3, order=parcel.order)
        SightingFactory.create_batch(12, parcel=parcel)
        open_up(client, parcel, Level.DETAILS)

        with django_assert_num_queries(queries):
            page_of(client, parcel)

    def test_an_unchanged_page_is_answered_304(
        self, client: Client, parcel: Parcel, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        open_up(client, parcel, Level.DETAILS)
        for name in ("track", "track-sheet"):
            url = reverse(name, args=[parcel.token])
            etag = client.get(url).headers["ETag"]

            with django_assert_num_queries(1):
                answer = client.get(url, headers={"if-none-match": etag})

            assert answer.status_code == 304
            assert answer.content == b""

    def test_page_tells_the_sheet_which_copy_it_has(self, client: Client, parcel: Parcel) -> None:
        open_up(client, parcel, Level.DETAILS)
        page = page_of(client, parcel)

        etag = client.get(reverse("track-sheet", args=[parcel.token])).headers["ETag"]

        assert f'data-etag="{html.escape(etag)}"' in client.get(
            reverse("track", args=[parcel.token])
        ).content.decode().replace("&quot;", '"').replace(etag, html.escape(etag))
        assert 'hx-trigger="amends:poll"' in page

    @pytest.mark.parametrize("which", ["own", "other"])
    def test_news_of_any_parcel_of_the_order_is_a_new_page(
        self, client: Client, parcel: Parcel, which: str
    ) -> None:
        other = ParcelFactory.create(order=parcel.order)
        open_up(client, parcel, Level.DETAILS)
        etag = client.get(reverse("track", args=[parcel.token])).headers["ETag"]
        changed = parcel if which == "own" else other
        Parcel.objects.filter(pk=changed.pk).update(revision=changed.revision + 1)

        answer = client.get(reverse("track", args=[parcel.token]), headers={"if-none-match": etag})

        assert answer.status_code == 200
        assert answer.headers["ETag"] != etag

    def test_levels_and_languages_never_share_a_copy(self, client: Client, parcel: Parcel) -> None:
        url = reverse("track", args=[parcel.token])
        tags = [client.get(url).headers["ETag"]]
        for level in (Level.DETAILS, Level.PERSON):
            open_up(client, parcel, level)
            for language in ("en", "zh-hans"):
                client.cookies["django_language"] = language
                tags.append(client.get(url).headers["ETag"])

        assert len(set(tags)) == 5

    def test_is_kept_out_of_shared_caches_and_search_engines(
        self, client: Client, parcel: Parcel
    ) -> None:
        answer = client.get(reverse("track", args=[parcel.token]))

        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Cookie" in answer.headers["Vary"]

    def test_works_without_redis(self, client: Client, parcel: Parcel, settings: Settings) -> None:
        settings.CACHES = {
            "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}
        }
        open_up(client, parcel, Level.DETAILS)

        assert heading_of(page_of(client, parcel)) == "On time: expected Tue 3 March"


class TestOpenMore:
    def test_the_right_postcode_opens_the_journey(self, client: Client, parcel: Parcel) -> None:
        answer = client.post(reverse("track-open", args=[parcel.token]), {"postcode": " 97-201 "})

        assert answer.status_code == 302
        assert "PH-20418" in page_of(client, parcel)

    def test_a_wrong_one_says_so_and_keeps_it(self, client: Client, parcel: Parcel) -> None:
        answer = client.post(reverse("track-open", args=[parcel.token]), {"postcode": "10001"})

        assert answer.status_code == 422
        page = answer.content.decode()
        assert 'value="10001"' in page
        assert "<title>Error: " in page
        assert 'href="#open-postcode"' in page
        assert "PH-20418" not in page_of(client, parcel)

    def test_guessing_ends_after_five_while_the_owners_link_still_works(
        self, client: Client, parcel: Parcel
    ) -> None:
        url = reverse("track-open", args=[parcel.token])
        codes = [
            client.post(url, {"postcode": f"{n:05}"}, REMOTE_ADDR=f"203.0.113.{n}").status_code
            for n in range(7)
        ]

        assert codes == [422] * 5 + [429] * 2
        late = client.post(url, {"postcode": "97201"})
        assert late.status_code == 429
        assert late.headers["Retry-After"] == "3600"
        key = links.sign(links.JOURNEY, parcel.token)
        client.get(f"{reverse('track', args=[parcel.token])}?k={key}")
        assert "Lin Wei" in page_of(client, parcel)


class TestKeepPosted:
    def test_watches_for_the_person_on_file_and_stops_again(
        self, client: Client, parcel: Parcel
    ) -> None:
        open_up(client, parcel, Level.DETAILS)
        url = reverse("keep-posted", args=[parcel.token])

        page = client.get(url).content.decode()
        client.post(url, {"answer": "start"})
        client.post(url, {"answer": "start"})

        assert "w•••@example.org" in page
        assert "w.lin@" not in page
        watch = Watch.objects.get()
        assert (watch.person_id, watch.parcel_token) == (parcel.order.shopper_id, parcel.token)
        client.post(url, {"answer": "stop"})
        assert not Watch.objects.exists()

    def test_a_number_alone_may_not(self, client: Client, parcel: Parcel) -> None:
        answer = client.post(reverse("keep-posted", args=[parcel.token]), {"answer": "start"})

        assert answer.headers["Location"] == reverse("track-open", args=[parcel.token])
        assert not Watch.objects.exists()


class TestUnknown:
    @pytest.mark.parametrize("token", ["nobody", "x" * 33, "é", "a%00b"])
    def test_an_unknown_token_is_not_here(self, client: Client, token: str) -> None:
        for part in ("", "sheet/", "postcode/", "code/", "keep-posted/"):
            assert client.get(f"/t/{token}/{part}").status_code == 404
