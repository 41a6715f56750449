"""Messages to merchants' systems arrive: sealed, under one id, whoever else is in trouble."""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from pytest_httpserver import HTTPServer
from standardwebhooks import WebhookVerificationError
from werkzeug import Response

from notifications.models import Dispatch, DispatchState, Endpoint, WhyOff
from notifications.services import dispatching, endpoints
from portal.lib import queues
from portal.outbox.models import Event
from tests.notifications.facts import PARCEL
from tests.notifications.receiving import Receiver, happened, receiver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _local(settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = True


@pytest.fixture
def silent() -> Iterator[str]:
    """Give the address of a server that takes connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    held = []

    def hold() -> None:
        with suppress(OSError):
            while True:
                held.append(listener.accept()[0])

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/in"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for line in held:
        line.close()


def later(**span: float) -> datetime:
    return timezone.now() + timedelta(**span)


def only() -> Dispatch:
    return Dispatch.objects.get()


class TestWrite:
    def test_an_endpoint_hears_what_it_wants_and_nothing_else(self, httpserver: HTTPServer) -> None:
        parcels = receiver(httpserver, "/parcels", events=("parcel.status_reached",))
        claims = receiver(httpserver, "/claims", events=("claim.filed", "claim.approved"))

        happened("tracking.parcel_reached")
        happened("claims.claim_filed")
        happened("claims.evidence_asked")

        kept = Dispatch.objects.order_by("pk").values_list("endpoint_id", "type")
        assert list(kept) == [
            (parcels.endpoint.pk, "parcel.status_reached"),
            (claims.endpoint.pk, "claim.filed"),
        ]

    def test_a_reaction_that_runs_twice_writes_once(self, httpserver: HTTPServer) -> None:
        receiver(httpserver)
        event = happened()
        first = only()

        assert dispatching.write(event=event, now=later(hours=1)) == 0

        assert (only().pk, only().body) == (first.pk, first.body)

    def test_one_event_has_one_id_for_everybody_and_two_events_two(
        self, httpserver: HTTPServer
    ) -> None:
        receiver(httpserver, "/a")
        receiver(httpserver, "/b")
        happened()
        happened()

        ids = [each.message_id for each in Dispatch.objects.order_by("pk")]
        assert ids[0] == ids[1] != ids[2] == ids[3]
        assert {orjson.loads(each.body)["id"] for each in Dispatch.objects.all()} == set(ids)

    def test_the_body_is_frozen_at_birth(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver)
        event = happened()
        Event.objects.filter(pk=event.pk).update(payload={**PARCEL, "status": "lost"})

        dispatching.send_due(now=timezone.now())

        assert there.got[0].body.decode() == only().body
        assert there.got[0].verify(there.secret)["data"]["status"] == "delivered"


class TestSendDue:
    def test_a_message_arrives_once_and_its_seal_verifies(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver)
        event = happened()

        assert dispatching.send_due(now=timezone.now()) == 1
        assert dispatching.send_due(now=later(days=1)) == 0

        (got,) = there.got
        message = got.verify(there.secret)
        assert message["id"] == got.id == only().message_id
        assert message["type"] == "parcel.status_reached"
        moment = event.recorded_at.astimezone(UTC).isoformat(timespec="milliseconds")
        assert message["created_at"] == moment.replace("+00:00", "Z")
        assert got.headers["content-type"] == "application/json"
        assert (only().state, only().attempts, only().status) == (DispatchState.DELIVERED, 1, 200)
        assert only().delivered_at is not None

    def test_a_changed_byte_or_another_secret_does_not_verify(self, httpserver: HTTPServer) -> None:
        there, other = receiver(httpserver, "/a"), receiver(httpserver, "/b")
        happened()
        dispatching.send_due(now=timezone.now())

        with pytest.raises(WebhookVerificationError):
            there.got[0].verify(other.secret)
        there.got[0].body = there.got[0].body.replace(b"delivered", b"undelivers")
        with pytest.raises(WebhookVerificationError):
            there.got[0].verify(there.secret)

    def test_only_the_one_that_failed_is_tried_again_and_once_more_suffices(
        self, httpserver: HTTPServer
    ) -> None:
        flaky, fine = receiver(httpserver, "/flaky", 500), receiver(httpserver, "/fine")
        happened()

        assert dispatching.send_due(now=timezone.now()) == 2
        assert dispatching.send_due(now=later(seconds=23)) == 0
        with time_machine.travel(later(seconds=40), tick=True):
            assert dispatching.send_due(now=timezone.now()) == 1
            flaky.got[1].verify(flaky.secret)
        assert dispatching.send_due(now=later(days=1)) == 0

        assert (len(flaky.got), len(fine.got)) == (2, 1)
        assert flaky.got[0].id == flaky.got[1].id
        assert flaky.got[0].body == flaky.got[1].body
        assert 39 <= flaky.got[1].stamp - flaky.got[0].stamp <= 42
        assert (
            flaky.got[0].headers["webhook-signature"] != flaky.got[1].headers["webhook-signature"]
        )
        assert set(Dispatch.objects.values_list("state", "error")) == {("delivered", "")}

    @pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 408, 418, 500, 502, 599])
    def test_whatever_is_not_2xx_is_tried_again(self, httpserver: HTTPServer, status: int) -> None:
        answer = Response("", status, headers={"Location": httpserver.url_for("/elsewhere")})
        there = receiver(httpserver, "/in", answer)
        elsewhere = receiver(httpserver, "/elsewhere", events=("claim.filed",))
        happened()

        dispatching.send_due(now=timezone.now())

        assert (only().state, only().status) == (DispatchState.WAITING, status)
        assert only().error == f"The server answered {status}."
        dispatching.send_due(now=later(minutes=1))
        assert (only().state, len(there.got), elsewhere.got) == (DispatchState.DELIVERED, 2, [])

    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    def test_any_2xx_is_a_yes(self, httpserver: HTTPServer, status: int) -> None:
        receiver(httpserver, "/in", status)
        happened()

        dispatching.send_due(now=timezone.now())

        assert (only().state, only().status) == (DispatchState.DELIVERED, status)

    def test_gives_up_after_twelve_tries_over_more_than_a_day(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver, "/in", *[500] * 20)
        happened()
        begun = now = timezone.now()

        while only().state == DispatchState.WAITING:
            now = max(now, only().due_at)
            assert dispatching.send_due(now=now) == 1

        assert (len(there.got), only().state, only().attempts) == (12, DispatchState.DEAD, 12)
        assert timedelta(hours=24) < now - begun < timedelta(hours=42)
        assert len({got.id for got in there.got}) == 1
        assert dispatching.send_due(now=now + timedelta(days=9)) == 0

    def test_a_message_that_kills_its_sender_every_time_is_given_up(
        self, httpserver: HTTPServer
    ) -> None:
        there = receiver(httpserver)
        happened()
        Dispatch.objects.update(attempts=dispatching.MAX_ATTEMPTS)

        dispatching.send_due(now=timezone.now())

        assert (only().state, there.got) == (DispatchState.DEAD, [])

    @pytest.mark.parametrize("status", [429, 503, 500])
    def test_who_says_when_to_come_back_is_heard(self, httpserver: HTTPServer, status: int) -> None:
        receiver(httpserver, "/in", Response("", status, headers={"Retry-After": "3600"}))
        happened()
        now = timezone.now()

        dispatching.send_due(now=now)

        assert timedelta(seconds=3600) <= only().due_at - now < timedelta(seconds=3605)
        assert dispatching.send_due(now=now + timedelta(seconds=3599)) == 0
        assert dispatching.send_due(now=now + timedelta(seconds=3605)) == 1
        assert only().state == DispatchState.DELIVERED

    def test_who_is_too_busy_gets_nothing_else_either_until_then(
        self, httpserver: HTTPServer
    ) -> None:
        busy = receiver(httpserver, "/in", Response("", 429, headers={"Retry-After": "600"}))
        happened()
        now = timezone.now()
        dispatching.send_due(now=now)
        happened()

        assert dispatching.send_due(now=now + timedelta(seconds=590)) == 0
        assert dispatching.send_due(now=now + timedelta(seconds=610)) == 2
        assert len(busy.got) == 3

    def test_one_bad_message_does_not_hold_up_the_others(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver, "/in", 500, 500, 500)
        for _ in range(3):
            happened()
        now = timezone.now()
        dispatching.send_due(now=now)
        happened()

        assert dispatching.send_due(now=now + timedelta(seconds=1)) == 1
        assert len(there.got) == 4

    @pytest.mark.parametrize(
        ("words", "seconds"),
        [
            ("", 0), ("0", 0), ("120", 120), (" 120 ", 120), ("-5", 0), ("1.5", 0), ("soon", 0),
            ("٣", 0), ("9" * 40, 86_400), ("Tue, 10 Nov 2026 12:10:00 GMT", 600),
            ("Tue, 10 Nov 2026 11:00:00 GMT", 0), ("Tue, 10 Nov 2099 11:00:00 GMT", 86_400),
        ],
    )  # fmt: skip
    def test_a_wish_to_wait_is_read_in_either_form_and_within_bounds(
        self, words: str, seconds: int, now: datetime
    ) -> None:
        assert dispatching._asked_to_wait(words, now=now) == timedelta(seconds=seconds)


class TestGone:
    def test_410_switches_the_endpoint_off_and_gives_the_rest_up(
        self, httpserver: HTTPServer
    ) -> None:
        there = receiver(httpserver, "/in", 410)
        happened()
        dispatch = only()
        Dispatch.objects.create(
            endpoint=there.endpoint, message_id="evt_2", type="x", body="{}",
            due_at=later(hours=1), written_at=timezone.now(),
        )  # fmt: skip

        dispatching.send_due(now=timezone.now())
        happened()

        there.endpoint.refresh_from_db()
        assert (there.endpoint.is_active, there.endpoint.disabled_reason) == (False, WhyOff.GONE)
        assert list(Dispatch.objects.values_list("state", flat=True)) == [DispatchState.DEAD] * 2
        dispatch.refresh_from_db()
        assert (dispatch.status, dispatch.error) == (410, "The server answered 410 Gone.")
        assert dispatching.send_due(now=later(days=1)) == 0
        assert len(there.got) == 1

    def test_five_days_of_failure_switch_the_endpoint_off_and_one_success_starts_over(
        self, httpserver: HTTPServer
    ) -> None:
        there = receiver(httpserver, "/in", 500, 500, 200, 500, 500)
        now = timezone.now()

        def one(days: float) -> Endpoint:
            Dispatch.objects.all().delete()
            with time_machine.travel(now + timedelta(days=days)):
                happened()
                dispatching.send_due(now=timezone.now())
            there.endpoint.refresh_from_db()
            return there.endpoint

        assert one(0).failing_since is not None
        assert one(4.9).is_active
        assert one(4.95).failing_since is None
        assert one(5.5).is_active
        ended = one(10.6)

        assert (ended.is_active, ended.disabled_reason) == (False, WhyOff.FAILING)

    def test_an_endpoint_that_is_off_gets_nothing_even_what_slipped_in(
        self, httpserver: HTTPServer
    ) -> None:
        there = receiver(httpserver)
        happened()
        Endpoint.objects.update(
            is_active=False, disabled_reason=WhyOff.STAFF, disabled_at=timezone.now()
        )
        happened()

        assert dispatching.send_due(now=later(days=1)) == 0

        assert (only().state, there.got) == (DispatchState.DEAD, [])

    def test_what_was_given_up_can_be_sent_again_under_its_id_once_it_is_on(
        self, httpserver: HTTPServer
    ) -> None:
        there = receiver(httpserver, "/in", 410)
        happened()
        dispatching.send_due(now=timezone.now())
        assert dispatching.replay(dispatch_ids=[only().pk], now=timezone.now()) == 0
        there.endpoint.refresh_from_db()
        endpoints.enable(endpoint=there.endpoint)

        assert dispatching.replay(dispatch_ids=[only().pk], now=timezone.now()) == 1
        assert dispatching.replay(dispatch_ids=[only().pk], now=timezone.now()) == 0
        dispatching.send_due(now=timezone.now())

        assert only().state == DispatchState.DELIVERED
        assert there.got[0].id == there.got[1].id


class TestSecrets:
    def test_both_secrets_verify_while_a_rotation_lasts_and_then_only_the_new_one(
        self, httpserver: HTTPServer
    ) -> None:
        there = receiver(httpserver)
        now = timezone.now()
        fresh = endpoints.rotate(endpoint=there.endpoint, now=now)

        happened()
        dispatching.send_due(now=timezone.now())
        with time_machine.travel(now + timedelta(hours=24, seconds=1)):
            happened()
            dispatching.send_due(now=timezone.now())
            there.got[1].verify(fresh)
            with pytest.raises(WebhookVerificationError):
                there.got[1].verify(there.secret)

        there.got[0].verify(there.secret)
        there.got[0].verify(fresh)
        signatures = [got.headers["webhook-signature"].split() for got in there.got]
        assert [len(each) for each in signatures] == [2, 1]

    def test_a_leaked_secret_is_dropped_at_once(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver)
        fresh = endpoints.rotate(endpoint=there.endpoint, now=timezone.now(), overlap=timedelta(0))
        happened()
        dispatching.send_due(now=timezone.now())

        there.got[0].verify(fresh)
        with pytest.raises(WebhookVerificationError):
            there.got[0].verify(there.secret)

    def test_never_more_than_two_live(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver)
        second = endpoints.rotate(endpoint=there.endpoint, now=timezone.now())
        third = endpoints.rotate(endpoint=there.endpoint, now=timezone.now())

        assert list(endpoints.secrets(there.endpoint, now=timezone.now())) == [third, second]

    def test_the_secret_is_in_no_header_body_row_or_log(
        self, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        there = receiver(httpserver, "/in", 500, 410)
        caplog.set_level(logging.DEBUG)
        happened()
        dispatching.send_due(now=timezone.now())
        dispatching.send_due(now=later(minutes=1))

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT d::text, e::text FROM notifications_dispatch d, notifications_endpoint e"
            )
            rows = str(cursor.fetchall())
        bare = there.secret.removeprefix("whsec_")
        seen = [rows, caplog.text, *(str(got) for got in there.got)]
        assert len(there.got) == 2
        assert [each for each in seen if bare in each or bare.encode().hex() in each] == []

    def test_a_key_of_ours_that_was_lost_is_a_failure_and_not_a_crash(
        self, httpserver: HTTPServer, settings: Any
    ) -> None:
        there = receiver(httpserver)
        happened()
        settings.SECRET_KEY = "another-" + "y" * 50

        dispatching.send_due(now=timezone.now())

        assert (only().state, there.got) == (DispatchState.WAITING, [])
        assert "AMENDS_FIELD_KEYS" in only().error


class TestTrouble:
    """One receiver hangs, is gone, or lies about where it is; the others do not notice."""

    def test_a_hung_receiver_delays_nobody_and_is_soon_left_alone(
        self, httpserver: HTTPServer, silent: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dispatching, "CALL_SECONDS", 4.0)
        hung, _secret = endpoints.make(
            url=silent, events=["parcel.status_reached"], now=timezone.now()
        )
        fine = receiver(httpserver, "/fine")
        arrived: list[float] = []
        answer = fine.answer

        def note(request: Any) -> Response:
            arrived.append(time.monotonic())
            return answer(request)

        httpserver.clear()
        httpserver.expect_request("/fine").respond_with_handler(note)
        for _ in range(20):
            happened()

        begun = time.monotonic()
        dispatching.send_due(now=timezone.now())
        took = time.monotonic() - begun

        assert len(arrived) == 20
        # A tenth of this on an idle machine; all of it is before the hung calls came to an end.
        assert max(arrived) - begun < 2.5
        assert 3.9 < took < 8
        waiting = hung.dispatches.filter(state=DispatchState.WAITING)
        assert waiting.count() == 20
        assert waiting.filter(attempts=1).count() == 2
        assert waiting.filter(attempts=0).count() == 18
        hung.refresh_from_db()
        assert hung.rest_until is not None
        assert hung.is_active

    def test_after_its_rest_a_hung_receiver_is_asked_one_at_a_time_and_a_yes_frees_all(
        self, httpserver: HTTPServer
    ) -> None:
        there = receiver(httpserver)
        for _ in range(5):
            happened()
        now = timezone.now()
        Endpoint.objects.update(silences=3, rest_until=now + timedelta(seconds=40))

        assert dispatching.send_due(now=now) == 0
        assert dispatching.send_due(now=now + timedelta(seconds=41)) == 5

        there.endpoint.refresh_from_db()
        assert (there.endpoint.silences, there.endpoint.rest_until) == (0, None)
        assert len(there.got) == 5

    def test_an_address_that_leads_inwards_is_a_failure_and_opens_nothing(
        self, httpserver: HTTPServer, settings: Any
    ) -> None:
        there = receiver(httpserver)
        happened()
        settings.WEBHOOKS_MAY_BE_LOCAL = False

        dispatching.send_due(now=timezone.now())

        assert (only().state, only().status, there.got) == (DispatchState.WAITING, None, [])
        assert only().error.startswith("The address must begin with https")

    def test_a_name_that_leads_nowhere_is_a_failure(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver)
        Endpoint.objects.update(url="http://nowhere.invalid/in")
        happened()

        dispatching.send_due(now=timezone.now())

        assert (only().state, there.got) == (DispatchState.WAITING, [])
        assert "leads nowhere" in only().error

    def test_pauses_grow_from_half_a_minute_to_six_hours_within_a_fifth(self) -> None:
        random.seed(7)
        spans = [
            [dispatching.pause(attempts).total_seconds() for _ in range(200)]
            for attempts in range(1, 12)
        ]

        middles = [30, 90, 270, 810, 2430, 7290, 21_600, 21_600, 21_600, 21_600, 21_600]
        for drawn, middle in zip(spans, middles, strict=True):
            assert middle * 0.8 <= min(drawn) < middle * 0.85
            assert middle * 1.15 < max(drawn) <= middle * 1.2
        assert sum(middles) * 0.8 > 24 * 3600

    def test_a_lease_outlives_a_call_by_far(self) -> None:
        assert dispatching.LEASE.total_seconds() > 2 * dispatching.CALL_SECONDS


@pytest.mark.django_db(transaction=True)
class TestTogether:
    def test_eight_workers_send_each_message_once(self, httpserver: HTTPServer) -> None:
        there = receiver(httpserver)
        for _ in range(40):
            happened()

        def work() -> None:
            try:
                dispatching.send_due(now=timezone.now())
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        dispatching.send_due(now=timezone.now())

        ids = [got.id for got in there.got]
        assert len(ids) == len(set(ids)) == 40

    def test_a_second_sender_goes_home_while_one_is_at_work(self, httpserver: HTTPServer) -> None:
        receiver(httpserver)
        happened()
        found: list[int] = []

        def work() -> None:
            try:
                found.append(dispatching.send_due(now=timezone.now()))
            finally:
                connection.close()

        with queues.alone("notifications.dispatch"):
            second = threading.Thread(target=work)
            second.start()
            second.join(timeout=10)

        assert (found, only().state) == ([0], DispatchState.WAITING)

    @pytest.mark.parametrize(
        ("point", "came_before"), [("dispatch.claimed", 0), ("dispatch.sent", 1)]
    )
    def test_a_sender_killed_before_it_could_save_sends_again_under_the_same_id(
        self, httpserver: HTTPServer, point: str, came_before: int
    ) -> None:
        there = receiver(httpserver)
        happened()

        dead = subprocess.run(
            [sys.executable, "-c", SENDER],
            env={
                **os.environ,
                "AMENDS_FAILPOINTS": "1",
                "FAILPOINT": point,
                "TEST_DATABASE": connection.settings_dict["NAME"],
            },
            cwd=django_settings.BASE_DIR,
            check=False,
            capture_output=True,
            timeout=60,
        )

        assert dead.returncode == -signal.SIGKILL, dead.stderr
        assert len(there.got) == came_before
        assert (only().state, only().attempts) == (DispatchState.WAITING, 1)
        assert dispatching.send_due(now=timezone.now()) == 0
        assert dispatching.send_due(now=later(seconds=31)) == 1
        assert only().state == DispatchState.DELIVERED
        assert len(there.got) == came_before + 1
        assert {got.id for got in there.got} == {only().message_id}
        assert len({got.body for got in there.got}) == 1


SENDER = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings.test"
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
settings.WEBHOOKS_MAY_BE_LOCAL = True
django.setup()
from django.utils import timezone
from notifications.services import dispatching
dispatching.send_due(now=timezone.now())
"""


def test_the_rival_s_webhooks_defect_seven_is_not_ours(httpserver: HTTPServer) -> None:
    """No secret in a header, an HMAC, an id, a time limit; a 500 is tried again, alone."""
    failing: Receiver = receiver(httpserver, "/failing", 500)
    fine: Receiver = receiver(httpserver, "/fine")
    event = happened()

    dispatching.send_due(now=timezone.now())
    dispatching.send_due(now=later(minutes=1))

    assert [len(failing.got), len(fine.got)] == [2, 1]
    assert failing.got[0].id == failing.got[1].id == fine.got[0].id
    for there in (failing, fine):
        for got in there.got:
            assert there.secret not in str(got.headers)
        there.got[0].verify(there.secret)
    assert Event.objects.filter(name=event.name).count() == 1
    assert dispatching.CALL_SECONDS == 10.0
