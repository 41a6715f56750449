"""What the stories share: a real bank, a clock they may move, fresh processes, an open desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from tests.claims.conftest import _bank_process, bank
from tests.factories.accounts import PersonFactory
from tests.factories.tracking import NOON, SECRET, ConnectionFactory
from tracking.api import webhooks
from tracking.services import keys

__all__ = ["_bank_process", "bank"]


@pytest.fixture(autouse=True)
def _fresh(settings: Any, transactional_db: None) -> Iterator[None]:
    """Begin with empty caches and an open desk; leave nothing to the next."""
    settings.DEMO = True  # lets staff in without a second factor
    for forget in (cache.clear, keys.forget, webhooks.forget):
        forget()
    yield
    for forget in (cache.clear, keys.forget, webhooks.forget):
        forget()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Give a clock that begins at ``NOON``, goes on ticking and can be moved."""
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture
def doors(clock: time_machine.Traveller) -> None:
    """Open a connection for UPS and one for Kuaidi100, each with its secret."""
    # Nobody answers questions here, so that what UPS pushes has to be believed.
    ConnectionFactory.create(slug="ups-main", adapter="ups", trusts_pushes=True, secret=SECRET)
    ConnectionFactory.create(slug="kuaidi", adapter="kuaidi100", secret=SECRET)
    PersonFactory.create(email="first@example.org")
