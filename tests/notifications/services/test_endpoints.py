"""Who hears by webhook is made, switched and removed so that no secret and no message is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications.models import Dispatch, DispatchState, Endpoint, WhyOff
from notifications.services import endpoints
from portal.lib import sealing

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/amends"


def make(url: str = URL, **more: Any) -> tuple[Endpoint, str]:
    return endpoints.make(**{"url": url, "events": ["claim.filed"], "now": timezone.now(), **more})


class TestMake:
    def test_the_secret_is_long_and_kept_sealed_only(self) -> None:
        endpoint, secret = make()

        assert secret.startswith("whsec_")
        assert len(secret) == 6 + 44
        assert secret.encode() not in bytes(endpoint.secret)
        assert sealing.open(endpoint.secret) == secret
        assert make("https://other.example.com/")[1] != secret

    def test_events_are_kept_once_in_the_order_of_the_table(self) -> None:
        endpoint, _secret = make(
            events=["claim.filed", "parcel.status_reached", "claim.filed", "anomaly.opened"]
        )

        assert endpoint.events == ["parcel.status_reached", "anomaly.opened", "claim.filed"]

    @pytest.mark.parametrize("events", [[], ["claim.paid"], ["claim.filed", "*"], ["webhook.test"]])
    def test_an_unknown_event_is_refused_and_nothing_is_kept(self, events: list[str]) -> None:
        with pytest.raises(endpoints.UnknownEvent):
            make(events=events)

        assert not Endpoint.objects.exists()

    @pytest.mark.parametrize(
        "url", ["http://example.com/", "https://127.0.0.1/", "https://a:b@example.com/", "x"]
    )
    def test_an_address_we_never_call_is_refused(self, url: str) -> None:
        with pytest.raises(endpoints.BadAddress):
            make(url)

        assert not Endpoint.objects.exists()

    def test_plain_http_and_this_machine_pass_only_where_the_setting_says_so(
        self, settings: Any
    ) -> None:
        assert settings.WEBHOOKS_MAY_BE_LOCAL is False
        settings.WEBHOOKS_MAY_BE_LOCAL = True

        assert make("http://127.0.0.1:5000/")[0].is_active

    def test_one_address_hears_once_until_it_is_removed(self, now: datetime) -> None:
        first, _secret = make()
        with pytest.raises(endpoints.AddressTaken):
            make()
        endpoints.remove(endpoint=first, now=now)

        make()
        assert Endpoint.objects.count() == 2

    def test_there_is_an_end_to_their_number(self) -> None:
        for number in range(endpoints.MOST):
            make(f"https://hooks.example.com/{number}")
        with pytest.raises(endpoints.TooMany):
            make()


class TestSwitch:
    def test_off_and_on_again_with_a_clean_slate(self, now: datetime) -> None:
        endpoint, _secret = make()
        Endpoint.objects.update(failing_since=now, silences=3, rest_until=now)

        assert endpoints.disable(endpoint=endpoint, reason=WhyOff.STAFF, now=now)
        assert not endpoints.disable(endpoint=endpoint, reason=WhyOff.GONE, now=now)
        assert (endpoint.is_active, endpoint.disabled_reason) == (False, WhyOff.STAFF)
        assert endpoint.disabled_at == now
        assert endpoints.enable(endpoint=endpoint)
        assert not endpoints.enable(endpoint=endpoint)

        assert endpoint.is_active
        assert [endpoint.disabled_at, endpoint.failing_since, endpoint.rest_until] == [None] * 3
        assert (endpoint.silences, endpoint.disabled_reason) == (0, "")

    def test_a_removed_one_never_comes_back_and_its_secrets_are_wiped(self, now: datetime) -> None:
        endpoint, _secret = make()
        endpoints.rotate(endpoint=endpoint, now=now)
        endpoints.send_test(endpoint=endpoint, now=now)

        endpoints.remove(endpoint=endpoint, now=now)

        assert (bytes(endpoint.secret), bytes(endpoint.former_secret)) == (b"", b"")
        assert endpoint.former_until is None
        assert Dispatch.objects.get().state == DispatchState.DEAD
        for refused in (
            lambda: endpoints.enable(endpoint=endpoint),
            lambda: endpoints.rotate(endpoint=endpoint, now=now),
            lambda: endpoints.send_test(endpoint=endpoint, now=now),
        ):
            with pytest.raises(endpoints.SwitchedOff):
                refused()
        assert not Endpoint.objects.get().is_active

    def test_the_database_keeps_none_without_a_secret_or_off_without_a_reason(self) -> None:
        make()
        for changes in ({"secret": b""}, {"is_active": False}, {"disabled_reason": "gone"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Endpoint.objects.update(**changes)


class TestRotate:
    def test_the_old_secret_ends_when_it_was_said_to(self, now: datetime) -> None:
        endpoint, first = make()

        second = endpoints.rotate(endpoint=endpoint, now=now, overlap=timedelta(hours=2))

        ends = now + timedelta(hours=2)
        assert endpoint.former_until == ends
        assert list(endpoints.secrets(endpoint, now=now)) == [second, first]
        almost = ends - timedelta(seconds=1)
        assert list(endpoints.secrets(endpoint, now=almost)) == [second, first]
        assert list(endpoints.secrets(endpoint, now=ends)) == [second]

    def test_no_overlap_outlasts_a_week(self, now: datetime) -> None:
        endpoint, _first = make()

        endpoints.rotate(endpoint=endpoint, now=now, overlap=timedelta(days=400))

        assert endpoint.former_until == now + timedelta(days=7)


class TestSendTest:
    def test_a_test_is_a_message_like_any_other(self, now: datetime) -> None:
        endpoint, _secret = make()

        first = endpoints.send_test(endpoint=endpoint, now=now)
        second = endpoints.send_test(endpoint=endpoint, now=now)

        assert first.message_id != second.message_id
        assert (first.type, first.state, first.due_at) == ("webhook.test", "waiting", now)
