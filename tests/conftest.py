"""What all tests share: a clock, a Redis of one's own, tables that can be emptied, a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import hypothesis
import pytest
from django.conf import settings as live
from django.db import connection
from django.db.backends.postgresql.creation import DatabaseCreation
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker, Settings
from redis import Redis

from tests import template
from tests.browser.chromium import FLAGS, WHY_NOT, find_chromium

LONGEST = (
    "tests/portal/ops/test_launcher.py",
    "tests/portal/ops/test_story.py",
    "tests/tracking/test_fleet.py",
    "tests/claims/services/test_machine.py",
)
"""Tests that take ten seconds and more each."""
IN_CI = bool(os.environ.get("CI"))

hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, max_examples=100
)
hypothesis.settings.register_profile("here", deadline=None, max_examples=50)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


def pytest_configure(config: pytest.Config) -> None:
    """Give each xdist worker a Redis database and a prefix of its own, before anybody connects."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    address = urlsplit(live.REDIS_URL)
    if worker != "gw0":
        with Redis.from_url(live.REDIS_URL) as redis:
            databases = int(redis.config_get("databases")["databases"])
        base = int(address.path.strip("/") or 0)
        number = (base + 8 * int(worker.removeprefix("gw"))) % databases
        address = address._replace(path=f"/{number}")
    url = urlunsplit(address)
    os.environ["REDIS_URL"] = live.REDIS_URL = live.CELERY_BROKER_URL = url
    live.CACHES["default"]["LOCATION"] = url
    live.CACHES["default"]["KEY_PREFIX"] = f"test-{worker}"
    prefix = os.environ["AMENDS_BROKER_PREFIX"] = f"test-{worker}:"
    live.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = prefix


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Begin with the longest, so that no worker waits for another's at the end.

    What needs Chromium is skipped where there is none, and says so; never in CI.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    if IN_CI or find_chromium():
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=WHY_NOT))


@pytest.fixture
def now() -> datetime:
    """Give a fixed moment, for services that take one: a Tuesday noon without a clock change."""
    return datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_limits(settings: Settings) -> None:
    """Keep the rate limits of one test from the next."""
    settings.LIMITS_PREFIX = f"test:{uuid4()}"


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """Forget the language of a test's last page: the next test begins without one."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep photos and mail of tests out of the checkout; the folder is made when first used."""
    settings.MEDIA_ROOT = tmp_path_factory.getbasetemp() / f"media-{uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Run every test as the portal's own role; its owner makes the database and drops it."""
    options = connection.settings_dict["OPTIONS"]
    as_owner = options["options"]
    with django_db_blocker.unblock():
        template.remember(connection)
        connection.close()
    options["options"] = f"{as_owner} -c role={live.DATABASE_ROLE['USER']}"
    yield
    with django_db_blocker.unblock():
        connection.close()
    options["options"] = as_owner


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Copy each worker's database from one that is migrated already."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = template.ready(connection)


@pytest.fixture
def owner(db: None) -> None:
    """Be the owner of the tables for the rest of the test: its guards hold the owner too."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE none")  # undone with the test's transaction


@pytest.fixture(scope="session", autouse=True)
def _tables_are_put_back() -> Iterator[None]:
    """After a test with real transactions, leave the rows that migrations lay down and no other."""

    def put_back(_case: TransactionTestCase) -> None:
        template.put_back(connection)

    with patch.object(TransactionTestCase, "_fixture_teardown", put_back):
        yield


@pytest.fixture(scope="session", autouse=True)
def _databases_can_be_dropped() -> Iterator[None]:
    """
    Drop the test database though somebody is still connected.

    Threads of a live server keep their connections until they die, and are daemons.
    """

    def drop(self: DatabaseCreation, name: str, _verbosity: int) -> None:
        with self._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f"DROP DATABASE {connection.ops.quote_name(name)} WITH (FORCE)")

    with patch.object(DatabaseCreation, "_destroy_test_db", drop):
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give the machine's Chromium; each test opens contexts of its own and closes them."""
    chromium = find_chromium()
    if chromium is None:
        pytest.fail(WHY_NOT)
    # playwright runs its loop in this thread, and Django would refuse to query beside one
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield chrome
        chrome.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
