"""What a journey says: stretches, clocks, whose date it is, what we noticed, what comes next."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation

from portal.pages import scan_words
from portal.pages.access import Level
from portal.pages.journey import BROAD
from portal.pages.journey_teller import Teller
from tests.factories.tracking import NOON
from tests.portal.pages import phases
from tests.portal.pages.opening import open_up
from tests.portal.pages.phases import DAY, HOUR, PHASES, scan, trouble
from tracking.models import Anomaly, Parcel, Sighting
from tracking.services.journey_phases import MASKED
from tracking.services.journeys import Phase, Scan
from tracking.services.notices import WORDS
from tracking.services.reporting import Report, report, withdraw
from tracking.states import AnomalyKind, Handed, ParcelStatus, Reason

pytestmark = pytest.mark.django_db

S, K = ParcelStatus, AnomalyKind


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    cache.clear()
    # A page in Chinese leaves its language behind in the thread.
    with time_machine.travel(NOON, tick=False), translation.override("en"):
        yield
    cache.clear()


def page_of(
    client: Client, parcel: Parcel, *, level: Level = Level.DETAILS, language: str = "en"
) -> str:
    open_up(client, parcel, level)
    client.cookies["django_language"] = language
    answer = client.get(reverse("track", args=[parcel.token]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode()).replace("\u00a0", " ")


def text(page: str) -> str:
    """Return what is said, with one space between words."""
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def route(page: str) -> list[str]:
    """Return the stations as they are read out."""
    found = re.findall(r'<li data-s="(\w+)".*?<b>(.*?)</b>(?:<small>(.*?)</small>)?', page)
    return [" ".join(filter(None, (state, re.sub(r"<[^>]+>", "", name), note)))
            for state, name, note in found]  # fmt: skip


class TestWords:
    def test_every_phase_has_a_way_to_be_told(self) -> None:
        assert [one for one in Phase if not callable(getattr(Teller, one.value, None))] == []

    def test_every_status_has_words_at_every_level(self) -> None:
        assert set(MASKED.values()) <= set(BROAD)
        for status in ParcelStatus:
            assert str(status.label)
            assert MASKED[status] in BROAD

    @pytest.mark.parametrize("reason", [*Reason, ""])
    @pytest.mark.parametrize("status", list(ParcelStatus))
    def test_every_scan_has_a_headline(self, status: ParcelStatus, reason: str) -> None:
        for handed in (*Handed, ""):
            told = Scan(
                status=status, reason=reason, handed=handed, at=NOON, is_time_known=True,
                is_zone_known=True, place="", country="", raw_text="", is_hint=False, part=0,
            )  # fmt: skip
            assert scan_words.headline(told) not in {"", "Update from the carrier"}

    def test_every_kind_of_trouble_is_told_or_told_by_the_state_itself(self) -> None:
        by_the_state = {
            K.REFUSED: Phase.ATTEMPTED,
            K.RETURNED: Phase.RETURNED,
            K.DELIVERED_DISPUTED: Phase.DISPUTED,
            K.EXPIRED: Phase.EXPIRED,
        }
        for_the_desk = {K.CONFLICTING_EVENTS, K.UNTRACKABLE}

        assert set(WORDS) | set(by_the_state) | for_the_desk == set(AnomalyKind)


class TestNotices:
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    @pytest.mark.parametrize("kind", WORDS)
    def test_says_what_we_noticed_and_what_comes_next(
        self, client: Client, kind: str, language: str
    ) -> None:
        parcel = phases.moving(NOON)
        if kind in {K.OUT_OF_STOCK, K.NOT_SHIPPED, K.WRONG_ITEM}:
            Anomaly.objects.create(
                order=parcel.order, kind=kind, severity=3, is_public=True, opened_at=NOON,
                since=NOON - DAY, next_at=NOON + 2 * DAY,
            )  # fmt: skip
        else:
            trouble(parcel, K(kind), NOON)

        said = text(page_of(client, parcel, language=language))

        assert "%(" not in said
        if language == "en":
            words = WORDS[kind]
            noticed = str(words.noticed).split("%(")[0].strip()
            assert noticed in said
            assert ("4 Mar" in said or "8 Mar" in said or "27 Feb" in said) or not words.due
        else:
            assert not re.search("parcel|carrier|scan|treat|report|We ", said.split("teapot")[0])

    def test_what_the_heading_tells_already_is_not_told_twice(self, client: Client) -> None:
        page = page_of(client, phases.quiet(NOON))

        assert "<h1" in page
        assert 'id="noticed"' not in page
        assert "Our desk follows it up with the carrier." in page
        assert "If there is no scan by Sun 8 Mar, we treat it as lost and put it right." in page
        assert "may still be moving unseen" not in page

    def test_trouble_of_another_kind_has_a_notice_of_its_own(self, client: Client) -> None:
        page = page_of(client, phases.packed_wrongly(NOON))

        assert '<h2 id="noticed">We packed something wrong</h2>' in page
        assert "On time: expected Wed 4 March" in page

    def test_what_the_merchant_reports_is_on_the_page_at_once(self, client: Client) -> None:
        parcel = phases.on_time(NOON)
        before = page_of(client, parcel)

        report(order=parcel.order, report=Report(kind="wrong_item"), now=NOON)
        during = page_of(client, parcel)
        withdraw(order=parcel.order, kind="wrong_item", now=NOON)

        assert "We packed something wrong" not in before
        assert "We packed something wrong" in during
        assert "We packed something wrong" not in page_of(client, parcel)

    def test_trouble_elsewhere_in_the_order_goes_to_the_top(self, client: Client) -> None:
        made = phases.in_an_order_with_trouble_elsewhere(NOON)
        held = Parcel.objects.get(order=made.order, status=S.EXCEPTION)

        page = page_of(client, made)
        own = page_of(client, held)

        assert page.index(f'id="alarm" href="/t/{held.token}/"') < page.index("<h1")
        assert "Parcel 2 of 3 · Held by weather" in text(page)
        assert 'id="alarm"' not in own


class TestStretches:
    def headings(self, page: str) -> list[str]:
        return re.findall(r'<h3 class="stretch">(.*?)</h3>', page)

    def test_one_way_has_no_heading(self, client: Client) -> None:
        assert self.headings(page_of(client, phases.on_time(NOON))) == []

    def test_the_way_back_after_a_delivery(self, client: Client) -> None:
        page = page_of(client, phases.sent_back_after_delivery(NOON))

        assert self.headings(page) == [
            "On its way back to us, since Sun 1 Mar",
            "On its way to you",
        ] + ["On its way to you"] * (len(self.headings(page)) - 2)
        assert "On its way back to us</h1>" in page
        assert route(page) == [
            "done Ordered 22 Feb",
            "done Sent 25 Feb",
            "done Delivered 1 Mar",
            "late Turned back 1 Mar",
            "todo Back with us",
        ]

    def test_turned_round_without_a_new_leg(self, client: Client) -> None:
        page = page_of(client, phases.turned_round(NOON))

        assert self.headings(page)[0] == "On its way back to us, since Sun 1 Mar"
        assert route(page)[2:4] == ["done On the way 26 Feb", "late Turned back 1 Mar"]

    def test_sent_out_again_the_row_begins_anew(self, client: Client) -> None:
        page = page_of(client, phases.sent_out_again(NOON))

        assert self.headings(page)[0] == "Sent out again, since Sun 1 Mar"
        assert route(page)[1:3] == ["done Sent 1 Mar", "now Hong Kong 1 Mar"]

    def test_another_carrier_is_named_with_its_number_and_its_page(self, client: Client) -> None:
        made = phases.handed_over(NOON)
        number = f"RP{made.pk:09}"

        page = page_of(client, made)
        chinese = page_of(client, made, language="zh-hans")

        assert self.headings(page)[0] == "With Rivers Post, since Sun 1 Mar"
        assert "Handed to Rivers Post" in page
        assert f'href="https://rivers.example/{number}" rel="noreferrer noopener"' in page
        assert f'href="https://carrier.example/{made.number}"' in page
        assert "江河邮政" in chinese

    def test_a_number_alone_sees_no_other_number(self, client: Client) -> None:
        made = phases.handed_over(NOON)
        page = client.get(reverse("track", args=[made.token])).content.decode()

        assert "RP0" not in page
        assert "Rivers" not in page


class TestClocks:
    def test_each_scan_stands_on_the_clock_of_its_place(self, client: Client) -> None:
        said = text(page_of(client, phases.out(NOON)))

        assert "Mon 2 Mar, 03:00 Portland, OR" in said  # the parcel's own clock has no name
        assert "Sun 1 Mar, 07:00 UTC−5 Louisville, KY" in said
        assert "Thu 26 Feb, 20:00 UTC+8 Ningbo" in said

    def test_what_is_not_told_is_not_made_up(self, client: Client) -> None:
        page = page_of(client, phases.with_words_nobody_knows(NOON))

        assert "<time>Day not told</time>" in page
        assert '<time datetime="2026-03-01">Sun 1 Mar</time>' in page

    def test_a_time_without_a_zone_claims_none(self, client: Client) -> None:
        made = phases.on_time(NOON)
        scan(made, NOON - HOUR, S.IN_TRANSIT, "Somewhere", "", "", occurred_at=None,
             local_time="2026-03-02T05:30:00")  # fmt: skip

        page = page_of(client, made)

        assert (
            '<time datetime="2026-03-02T05:30">Mon 2 Mar, 05:30 <small>local time</small></time>'
            in page
        )

    def test_half_hours_and_the_west_are_named_right(self) -> None:
        for zone, name in (("+05:30", "UTC+5:30"), ("-03:30", "UTC−3:30"), ("+00:00", "UTC+0")):
            at = NOON.fromisoformat(f"2026-03-02T12:00:00{zone}")
            assert scan_words.offset(at) == name


class TestOwnWords:
    def test_stand_behind_each_scan_in_their_language(self, client: Client) -> None:
        page = page_of(client, phases.on_time(NOON), level=Level.PERSON)
        chinese = page_of(client, phases.on_time(NOON), level=Level.PERSON, language="zh-hans")

        assert '<q lang="zh-Hans">快件到达宁波转运中心</q>' in page
        assert "<q>Arrived at Facility</q>" in page
        assert '<q lang="en">Arrived at Facility (Anchorage, AK)</q>' in chinese
        assert "<q>快件到达宁波转运中心</q>" in chinese
        assert page.count("<summary") >= 5

    def test_names_in_them_open_only_to_the_person(self, client: Client) -> None:
        made = phases.on_time(NOON)

        assert "快递员•••（•••）" in page_of(client, made)
        assert "快递员张三（13800138000）" in page_of(client, made, level=Level.PERSON)

    def test_what_nobody_knows_reads_as_an_update_and_is_dotted(self, client: Client) -> None:
        page = page_of(client, phases.with_words_nobody_knows(NOON))

        row = re.search(r'<li class="[^"]*quiet[^"]*"><details.*?Status code ZX-9', page)
        assert row
        assert "Update from the carrier" in row[0]

    def test_withdrawn_ones_are_gone(self, client: Client) -> None:
        made = phases.on_time(NOON)
        Sighting.objects.filter(parcel=made, raw_text="快件到达宁波转运中心").update(
            withdrawn_at=NOON
        )

        assert "快件到达宁波转运中心" not in page_of(client, made)

    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    @pytest.mark.parametrize(
        "evil", ["<img src=x onerror=alert(1)>", "<b>深圳</b>", "%(day)s %s {}", '" onload="x']
    )
    def test_are_text_wherever_they_stand(self, client: Client, language: str, evil: str) -> None:
        made = phases.collect(NOON)
        scan(made, NOON - HOUR, S.AVAILABLE_FOR_PICKUP, evil, evil, "US")
        open_up(client, made, Level.DETAILS)
        client.cookies["django_language"] = language

        page = client.get(reverse("track", args=[made.token])).content.decode()

        assert html.escape(evil) in page
        if "<" in evil:
            assert evil not in page


class TestExpectation:
    def test_a_carriers_hours_are_named_with_whose_they_are(self, client: Client) -> None:
        said = text(page_of(client, phases.on_time_by_the_carriers_hours(NOON)))

        assert "On time: expected Tue 3 March, 12:00 to 16:00" in said
        assert "That is what the carrier says. Before: Thu 5 March" in said
        assert "Promised by Wed 4 Mar" in said

    def test_how_it_changed_can_be_looked_up(self, client: Client) -> None:
        page = page_of(client, phases.on_time_by_the_carriers_hours(NOON))

        told = re.findall(r'<li><time datetime="[^"]+">([^<]+)</time> <span>(.*?)</span>', page)

        assert [(at, re.sub(r"<[^>]+>", "", words)) for at, words in told] == [
            ("Sun 1 Mar, 04:00", "The carrier: Tue 3 March"),
            ("Fri 27 Feb, 04:00", "The carrier: Thu 5 March"),
            ("Sun 22 Feb, 04:00", "Promised: Wed 4 March"),
        ]

    def test_our_own_estimate_says_how_long_it_takes_and_how_sure_that_is(
        self, client: Client
    ) -> None:
        sure = text(page_of(client, phases.expected_by_our_own_estimate(NOON)))
        rough = text(page_of(client, phases.expected_by_a_rough_estimate(NOON)))

        assert "On the way: expected 3 to 5 March" in sure
        assert "most parcels on this way take 6 to 8 days." in sure
        assert "a rough one: few parcels have gone this way." in rough

    def test_a_promise_says_that_it_is_one(self, client: Client) -> None:
        said = text(page_of(client, phases.on_time(NOON)))

        assert "That is the day we promised; the carrier has not named one yet." in said

    @pytest.mark.parametrize("name", PHASES)
    def test_no_day_that_is_over_is_ever_expected(self, client: Client, name: str) -> None:
        made = PHASES[name](NOON)
        with time_machine.travel(NOON + 12 * DAY, tick=False):
            said = text(page_of(client, made))

        assert not re.search(r"(?:On time|now|still|On the way:) expected", said)

    def test_an_own_window_that_is_over_is_not_shown(self, client: Client) -> None:
        made = phases.expected_by_our_own_estimate(NOON)
        with time_machine.travel(NOON + 4 * DAY, tick=False):
            said = text(page_of(client, made))

        assert "On the way, last seen Sun 1 March" in said


class TestWaitingForTheCarriersWord:
    def test_a_rumour_is_told_as_one(self, client: Client) -> None:
        made = phases.hinted_delivered(NOON)

        page = page_of(client, made)

        assert "The carrier reports it delivered; we are checking with them</h1>" in page
        assert "Reported, not yet confirmed: Delivered" in page
        assert "so we have asked the carrier itself" in page
        assert "Is everything as it should be?" not in page
        assert "data-final" not in page
        assert route(page)[4] == "todo Delivered"

    def test_a_number_alone_hears_no_rumour(self, client: Client) -> None:
        made = phases.hinted_delivered(NOON)
        page = client.get(reverse("track", args=[made.token])).content.decode()

        assert "eliver" not in text(re.sub(r'(?s)<ol class="route".*?</ol>', "", page))
        assert "On the way</h1>" in page


class TestWhatCanBeDone:
    @pytest.mark.parametrize(
        ("name", "primary"),
        [
            ("packed", "Keep me posted"),
            ("on_time", "Tell me when it is close"),
            ("out", "See delivery options"),
            ("attempted", "Change the delivery"),
            ("refused", "Keep me posted"),
            ("collect", "See how to collect it"),
            ("searched", "Choose what happens now"),
            ("lost", "Choose what happens now"),
            ("delivered", "Report a problem"),
            ("returned", "Report a problem"),
        ],
    )
    def test_one_thing_comes_first(self, client: Client, name: str, primary: str) -> None:
        page = page_of(client, PHASES[name](NOON))

        (found,) = re.findall(r'<a class="btn btn-go"[^>]*>(.*?)</a>', page)
        assert re.sub(r"<svg.*?</svg>|<span class=\"vh\">.*?</span>", "", found) == primary

    def test_a_shop_says_until_when_and_where(self, client: Client) -> None:
        said = text(page_of(client, phases.collect(NOON)))

        assert "Ready to collect until Sun 8 March" in said
        assert "It waits at: Portland, OR." in said
        assert "after that it goes back to us." in said

    def test_the_next_try_is_named_where_the_carrier_names_it(self, client: Client) -> None:
        said = text(page_of(client, phases.attempted_and_tried_again_on_a_day(NOON)))

        assert "Nobody answered; next try Tue 3 March" in said

    def test_when_nothing_moves_a_day_is_named_on_which_it_may_be_claimed(
        self, client: Client
    ) -> None:
        made = phases.late_with_a_new_day(NOON)
        Parcel.objects.filter(pk=made.pk).update(last_scan_at=NOON - timedelta(hours=3))

        assert "If nothing has moved by" in text(page_of(client, made))
