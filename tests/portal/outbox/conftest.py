from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from portal.outbox import routes
from tests.portal.outbox import wired


@pytest.fixture(autouse=True)
def wiring(settings: Settings) -> Iterator[None]:
    settings.ROOT_EVENTCONF = wired.__name__
    routes.table.cache_clear()
    routes.reactions.cache_clear()
    wired.forget()
    yield
    routes.table.cache_clear()
    routes.reactions.cache_clear()
