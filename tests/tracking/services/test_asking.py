"""A call is made when it was paid for, or paid for again."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from tests.factories.tracking import NOON
from tests.tracking.courier import Courier, TokenCourier, connect, desk, event, known, parcel
from tracking.carriers.base import Quota
from tracking.models import Budget, Poll
from tracking.services import polling

pytestmark = pytest.mark.django_db


class Stuttering:
    """A clock on which whatever is done takes long, so many times; then it goes as usual."""

    def __init__(self, times: int) -> None:
        self._left, self._lost, self._zero = times, 0.0, time.monotonic()

    def __call__(self) -> datetime:
        if self._left:
            self._left -= 1
            self._lost += 0.6
        return NOON + timedelta(seconds=self._lost + time.monotonic() - self._zero)


@pytest.mark.parametrize("kind", [Courier, TokenCourier])
def test_a_grant_that_took_long_to_get_is_not_used(
    kind: type[Courier], httpserver: HTTPServer, settings: Settings
) -> None:
    counter = desk(httpserver)
    adapter = kind("courier", quotas=(Quota(1000, 3600),))
    with known(adapter):
        one = parcel(connect(adapter, counter.host, settings))
        counter.events[one.number] = [event("in_transit", NOON - timedelta(hours=5))]

        done = polling.poll(clock=Stuttering(6), seconds=30)

    has_token = kind is TokenCourier
    assert [numbers for _at, numbers in counter.calls] == [[one.number]]
    assert done.calls == 1 + has_token
    poll = Poll.objects.get()
    assert (poll.outcome, poll.asked_that_day, poll.leased_until) == ("news", 1, None)
    # What was paid for in vain stays paid
    (paid_until,) = Budget.objects.get().spent_until
    a_call = (3600 + 1) / (1000 - 120 + 1)
    assert round((paid_until - NOON).total_seconds() / a_call) > done.calls
