"""What tests of tracking's services share: a carrier that answers and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from tests.tracking.courier import Courier, Desk, connect, desk, known
from tracking.models import Connection
from tracking.services import budgets


@pytest.fixture
def redis_is_there() -> Iterator[None]:
    """Forget that Redis was away in the test before, and leave nothing like it to the next."""
    budgets._away_until = 0.0
    yield
    budgets._away_until = 0.0


@pytest.fixture
def counter(httpserver: HTTPServer) -> Desk:
    """Give a carrier that answers."""
    return desk(httpserver)


@pytest.fixture
def courier() -> Iterator[Courier]:
    """Give an adapter that takes thirty numbers a call."""
    adapter = Courier("courier", batch_max=30)
    with known(adapter):
        yield adapter


@pytest.fixture
def line(courier: Courier, counter: Desk, settings: Settings) -> Connection:
    """Give a connection that asks the counter."""
    return connect(courier, counter.host, settings)
