"""
Every page asks the database exactly as often as ``query_counts.json`` says.

One query more fails, and so does one less, so that the ratchet only turns one way. After a wanted
change run these tests once with ``UPDATE_QUERY_COUNTS=1`` and read the difference. A page with
sizes is measured with few and with many rows and must ask the same number of queries for both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.tracking import NOON, SECRET
from tests.house.measured import PAGES, Visit
from tracking.api import webhooks
from tracking.services import keys

FILE = Path(__file__).with_name("query_counts.json")
IS_UPDATE = bool(os.environ.get("UPDATE_QUERY_COUNTS"))


@pytest.fixture
def settled(db: None, settings: Any) -> Iterator[None]:
    """Start each page from the same point: a fixed clock, empty caches."""
    settings.DEMO = True
    settings.SANDBOX_BANK_SECRET = SECRET
    cache.clear()
    keys.forget()
    webhooks.forget()
    with time_machine.travel(NOON, tick=False):
        yield
    cache.clear()
    keys.forget()
    webhooks.forget()


@pytest.fixture(scope="module")
def counts() -> Iterator[dict[str, int]]:
    """Give the allowed counts; while updating, give none and write what was measured."""
    if not IS_UPDATE:
        yield json.loads(FILE.read_text())
        return
    measured: dict[str, int] = {}
    yield measured
    FILE.write_text(json.dumps(dict(sorted(measured.items())), indent=2) + "\n")


def queries_of(visit: Visit, *, status: int) -> list[str]:
    """Return the queries of one visit, in order."""
    ContentType.objects.clear_cache()
    with CaptureQueriesContext(connection) as seen:
        answer = visit()
    assert answer.status_code == status, answer.content[:500]
    return [query["sql"] for query in seen.captured_queries]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(name, size, id=f"{name} x{size}" if len(sizes) > 1 else name)
        for name, (_make, sizes, _status) in PAGES.items()
        for size in sizes
    ],
)
def test_asks_exactly_as_often_as_it_may(name: str, size: int, counts: dict[str, int]) -> None:
    make, _sizes, status = PAGES[name]
    asked = queries_of(make(size), status=status)
    if IS_UPDATE:
        counts.setdefault(name, len(asked))
    if name not in counts:
        pytest.fail(
            f"“{name}” asks {len(asked)} queries and has no number in {FILE.name}; run with"
            " UPDATE_QUERY_COUNTS=1"
        )
    allowed = counts[name]
    if len(asked) > allowed:
        listed = "\n".join(f"{n:3} {sql[:300]}" for n, sql in enumerate(asked, 1))
        pytest.fail(
            f"“{name}” with {size} rows asks {len(asked)} queries; it may ask {allowed}. Take the"
            f" new ones away, or raise the number in {FILE.name} and say why.\n{listed}"
        )
    if len(asked) < allowed:
        pytest.fail(
            f"“{name}” with {size} rows asks only {len(asked)} queries instead of {allowed}. Well"
            f" done: lower the ratchet in {FILE.name} (UPDATE_QUERY_COUNTS=1)."
        )


@pytest.mark.skipif(IS_UPDATE, reason="the file is being written")
def test_no_number_is_left_over_from_a_page_that_is_gone(counts: dict[str, int]) -> None:
    assert set(counts) - set(PAGES) == set()
