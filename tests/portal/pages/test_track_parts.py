"""What opens in place: letters, a question to the carrier, proofs; each honest, each guarded."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from notifications.models import Watch
from portal.lib import links
from portal.pages.access import Level
from portal.pages.track_parts import PROOF
from tests.factories.tracking import NOON, ConnectionFactory, ParcelFactory
from tests.portal.pages import phases
from tests.portal.pages.opening import open_up
from tests.tracking import courier
from tests.tracking.courier import Courier
from tests.typing import Answer
from tracking.cadence import Urgency
from tracking.carriers.base import Quota
from tracking.models import Breaker, Connection, Parcel, Poll, ProofOfDelivery
from tracking.services import budgets

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
IN_PLACE = {"hx-request": "true"}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    cache.clear()
    budgets._away_until = 0.0
    with time_machine.travel(NOON, tick=False):
        yield
    cache.clear()


def text(answer: Answer) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))


def allowed(client: Client, parcel: Parcel, level: Level = Level.DETAILS) -> Parcel:
    open_up(client, parcel, level)
    return parcel


class TestKeepPosted:
    def test_opens_in_place_without_a_page_around_it(self, client: Client) -> None:
        parcel = allowed(client, phases.on_time(NOON))
        url = reverse("keep-posted", args=[parcel.token])

        asked = client.get(url, headers=IN_PLACE)
        begun = client.post(url, {"answer": "start"}, headers=IN_PLACE)
        watched = Watch.objects.filter(parcel_token=parcel.token).count()
        ended = client.post(url, {"answer": "stop"}, headers=IN_PLACE)

        assert b"<html" not in asked.content
        assert "w•••@example.org" in text(asked)
        assert "csrfmiddlewaretoken" in asked.content.decode()
        assert "Letters on" in text(begun)
        assert watched == 1
        assert "Letters on" not in text(ended)
        assert not Watch.objects.exists()
        assert asked.headers["Cache-Control"] == "no-store, private"

    def test_is_a_page_of_its_own_without_javascript(self, client: Client) -> None:
        parcel = allowed(client, phases.on_time(NOON))

        answer = client.get(reverse("keep-posted", args=[parcel.token]))

        assert answer.content.count(b"<h1") == 1
        assert answer.content.count(b"btn-go") == 1
        assert b"hx-post" not in answer.content

    def test_two_parcels_of_one_person_are_watched_apart(self, client: Client) -> None:
        one = allowed(client, phases.on_time(NOON))
        other = allowed(client, ParcelFactory.create(order=one.order))

        client.post(reverse("keep-posted", args=[other.token]), {"answer": "start"})

        assert list(Watch.objects.values_list("parcel_token", flat=True)) == [other.token]


@pytest.fixture
def carrier() -> Iterator[Courier]:
    """A carrier that may be asked about a parcel twice an hour."""
    adapter = Courier("courier", min_poll_interval=30 * MINUTE, max_polls_a_day=10)
    with courier.known(adapter):
        yield adapter


@pytest.fixture
def line(carrier: Courier, httpserver: HTTPServer, settings: Settings) -> Connection:
    return courier.connect(carrier, httpserver.url_for("").rstrip("/"), settings)


class TestAskTheCarrier:
    def ask(self, client: Client, parcel: Parcel) -> str:
        answer = client.post(reverse("track-check", args=[parcel.token]), headers=IN_PLACE)
        assert answer.status_code == 200
        return text(answer).strip()

    def parcel(self, client: Client, line: Connection) -> Parcel:
        parcel = allowed(client, courier.parcel(line, is_due=False))
        Poll.objects.filter(parcel=parcel).update(due_at=NOON + 6 * HOUR)
        return parcel

    def test_it_is_asked_out_of_the_share_for_people(
        self, client: Client, line: Connection
    ) -> None:
        parcel = self.parcel(client, line)

        said = self.ask(client, parcel)

        assert said.startswith("We are asking the carrier.")
        poll = Poll.objects.get(parcel=parcel)
        assert (poll.due_at, poll.urgency) == (NOON, Urgency.ASKED.value)

    def test_too_soon_names_both_times_and_changes_nothing(
        self, client: Client, line: Connection
    ) -> None:
        parcel = self.parcel(client, line)
        Poll.objects.filter(parcel=parcel).update(polled_at=NOON - 10 * MINUTE)

        said = self.ask(client, parcel)

        assert said == (
            "We asked on Mon 2 Mar, 03:50 and may ask again from Mon 2 Mar, 04:20; we do it by"
            " ourselves."
        )
        assert Poll.objects.get(parcel=parcel).due_at == NOON + 6 * HOUR

    def test_ten_times_a_day_is_said_to_be_enough(self, client: Client, line: Connection) -> None:
        parcel = self.parcel(client, line)
        Poll.objects.filter(parcel=parcel).update(
            polled_at=NOON - HOUR, day=NOON.date(), asked_that_day=10
        )

        assert "as often as the carrier allows for today" in self.ask(client, parcel)

    def test_a_spent_budget_says_when_there_is_room(
        self, client: Client, carrier: Courier, line: Connection
    ) -> None:
        parcel = self.parcel(client, line)
        quotas = budgets.quotas(carrier.capabilities, {"quotas": [[1, 3600]]})
        Connection.objects.filter(pk=line.pk).update(
            settings={**line.settings, "quotas": [[1, 3600]]}
        )
        assert quotas == (Quota(1, 3600),)
        book = budgets.read(connection_id=line.pk, quotas=quotas, now=NOON)
        budgets.spend(book=book, calls=1, now=NOON, is_refresh=True)

        said = self.ask(client, parcel)

        assert said.startswith("All our questions to this carrier are used up for the moment.")
        assert "from about Mon 2 Mar, 0" in said
        assert Poll.objects.get(parcel=parcel).urgency == Urgency.ASKED.value

    def test_a_carrier_that_does_not_answer_is_said_not_to(
        self, client: Client, line: Connection
    ) -> None:
        parcel = self.parcel(client, line)
        Breaker.objects.create(connection=line, state="open", probe_at=NOON + HOUR)

        assert self.ask(client, parcel).startswith("The carrier does not answer at present.")

    def test_one_that_only_tells_is_said_to(self, client: Client) -> None:
        parcel = allowed(client, ParcelFactory.create())

        assert self.ask(client, parcel).startswith("This carrier cannot be asked.")

    def test_the_fifth_time_in_half_an_hour_asks_nobody(
        self, client: Client, line: Connection
    ) -> None:
        parcel = self.parcel(client, line)
        for _time in range(4):
            self.ask(client, parcel)
        Poll.objects.filter(parcel=parcel).update(due_at=NOON + HOUR)

        said = self.ask(client, parcel)
        page = client.post(reverse("track-check", args=[parcel.token]))

        assert said.startswith("You have asked several times just now.")
        assert (page.status_code, page.headers["Retry-After"]) == (429, "1800")
        assert Poll.objects.get(parcel=parcel).due_at == NOON + HOUR

    def test_a_number_alone_may_not(self, client: Client, line: Connection) -> None:
        parcel = courier.parcel(line, is_due=False)
        before = Poll.objects.get(parcel=parcel).due_at

        answer = client.post(reverse("track-check", args=[parcel.token]))

        assert answer.headers["Location"] == reverse("track-open", args=[parcel.token])
        assert Poll.objects.get(parcel=parcel).due_at == before

    def test_looking_asks_nobody_and_the_form_needs_its_token(self, line: Connection) -> None:
        strict = Client(enforce_csrf_checks=True)
        parcel = allowed(strict, courier.parcel(line, is_due=False))
        url = reverse("track-check", args=[parcel.token])
        before = Poll.objects.get(parcel=parcel).due_at

        part = strict.get(url, headers=IN_PLACE)
        refused = strict.post(url, headers=IN_PLACE)

        assert refused.status_code == 403
        assert Poll.objects.get(parcel=parcel).due_at == before
        assert 'hx-trigger="load, submit"' in part.content.decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', part.content.decode())
        assert token
        taken = strict.post(url, {"csrfmiddlewaretoken": token[1]}, headers=IN_PLACE)
        assert taken.status_code == 200

    def test_the_button_is_there_only_where_somebody_can_be_asked(
        self, client: Client, line: Connection
    ) -> None:
        asked = self.parcel(client, line)
        told = allowed(client, ParcelFactory.create())

        pages = [client.get(reverse("track", args=[one.token])).content.decode()
                 for one in (asked, told)]  # fmt: skip

        assert [reverse("track-check", args=[asked.token]) in page for page in pages] == [
            True,
            False,
        ]
        assert "Ask the carrier now" not in pages[1]


def prove(parcel: Parcel, kind: str = "photo") -> ProofOfDelivery:
    """Keep a proof of a parcel, with files that are there."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "JPEG")
    names = {
        size: default_storage.save(f"proofs/{parcel.pk}-{kind}-{size}", ContentFile(out.getvalue()))
        for size in ("original", "large", "small")
    }
    return ProofOfDelivery.objects.create(
        parcel=parcel, connection=ConnectionFactory.create(), kind=kind, state="kept",
        sha256="0" * 64, source=f"{kind}".encode(), **names,
    )  # fmt: skip


def fetch(client: Client, where: str) -> Answer:
    """Get a picture to its end, as a browser does."""
    answer = client.get(where)
    if answer.status_code == 200:
        # Read to its end the file closes itself; closing the answer would close the database too.
        assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")  # type: ignore[attr-defined]
    return answer


class TestProof:
    def pictures(self, client: Client, parcel: Parcel) -> list[str]:
        page = client.get(reverse("track-proof", args=[parcel.token])).content.decode()
        return [html.unescape(found) for found in re.findall(r'<img src="([^"]+)"', page)]

    def test_its_person_sees_pictures_and_who_signed(self, client: Client) -> None:
        parcel = allowed(client, phases.delivered(NOON), Level.PERSON)
        prove(parcel)
        prove(parcel, "signature")

        journey = client.get(reverse("track", args=[parcel.token])).content.decode()
        part = client.get(reverse("track-proof", args=[parcel.token]), headers=IN_PLACE)
        found = self.pictures(client, parcel)

        assert reverse("track-proof", args=[parcel.token]) in journey
        assert "J. Reed" in text(part)
        assert "Photo of the delivery" in text(part)
        assert "Signature" in text(part)
        assert part.headers["Cache-Control"] == "no-store, private"
        assert len(found) == 2
        for where in found:
            answer = fetch(client, where)
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == "image/jpeg"
            assert answer.headers["Cache-Control"] == "no-store, private"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer.headers["Referrer-Policy"] == "no-referrer"

    @pytest.mark.parametrize("level", [Level.NUMBER, Level.DETAILS])
    def test_others_learn_at_most_that_there_is_one(self, client: Client, level: Level) -> None:
        parcel = phases.delivered(NOON)
        if level:
            allowed(client, parcel, level)
        shown = prove(parcel)
        signed = links.sign(PROOF, f"{parcel.token}/{shown.pk}", parcel.link_version)
        picture = reverse("track-proof-picture", args=[parcel.token, shown.pk, "large"])

        journey = client.get(reverse("track", args=[parcel.token])).content.decode()
        part = client.get(reverse("track-proof", args=[parcel.token]), headers=IN_PLACE)
        answer = fetch(client, f"{picture}?{links.KEY}={signed}")

        assert "J. Reed" not in journey
        assert ("There is one: open it with a code" in journey) is (level is Level.DETAILS)
        for sent_on in (part, answer):
            assert sent_on.status_code == 302
            assert sent_on.headers["Location"] == reverse("track-code", args=[parcel.token])

    def test_an_address_of_a_picture_lives_ten_minutes(self, client: Client) -> None:
        parcel = allowed(client, phases.delivered(NOON), Level.PERSON)
        prove(parcel)
        (where,) = self.pictures(client, parcel)

        with time_machine.travel(NOON + 9 * MINUTE, tick=False):
            assert fetch(client, where).status_code == 200
        with time_machine.travel(NOON + 11 * MINUTE, tick=False):
            assert fetch(client, where).status_code == 404

    def test_opens_with_no_key_but_its_own(self, client: Client) -> None:
        parcel = allowed(client, phases.delivered(NOON), Level.PERSON)
        other = allowed(client, phases.delivered(NOON), Level.PERSON)
        shown, others = prove(parcel), prove(other)
        (where,) = self.pictures(client, parcel)
        path, _mark, key = where.partition("?")
        strange = reverse("track-proof-picture", args=[parcel.token, others.pk, "large"])

        assert fetch(client, path).status_code == 404
        assert fetch(client, f"{strange}?{key}").status_code == 404
        assert fetch(client, path.replace("/large/", "/original/") + f"?{key}").status_code == 404
        for place in range(len(key) - 30, len(key)):
            flipped = key[:place] + ("A" if key[place] != "A" else "B") + key[place + 1 :]
            assert fetch(client, f"{path}?{flipped}").status_code == 404, place
        ProofOfDelivery.objects.filter(pk=shown.pk).update(state="waiting")
        assert fetch(client, where).status_code == 404

    def test_revoking_the_links_revokes_the_pictures(self, client: Client) -> None:
        parcel = allowed(client, phases.delivered(NOON), Level.PERSON)
        prove(parcel)
        (where,) = self.pictures(client, parcel)
        Parcel.objects.filter(pk=parcel.pk).update(link_version=2)
        parcel.refresh_from_db()
        open_up(client, parcel, Level.PERSON)

        assert fetch(client, where).status_code == 404

    def test_what_is_no_picture_is_not_promised(self, client: Client) -> None:
        parcel = allowed(client, phases.delivered(NOON), Level.PERSON)
        Parcel.objects.filter(pk=parcel.pk).update(signed_by="")
        shown = prove(parcel, "document")
        ProofOfDelivery.objects.filter(pk=shown.pk).update(large="", small="")

        journey = client.get(reverse("track", args=[parcel.token])).content.decode()

        assert "Proof of delivery" not in journey
        assert self.pictures(client, parcel) == []
