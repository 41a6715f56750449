"""The doctor, in plain words."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from portal.outbox.models import Delivery, DeliveryState, Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _healthy(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.DEMO = True


def see(*words: str) -> tuple[int, dict[str, tuple[bool, str]]]:
    out, code = StringIO(), 0
    try:
        call_command("doctor", "--json", *words, stdout=out)
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    return code, {row["name"]: (row["ok"], row["words"]) for row in json.loads(out.getvalue())}


class TestDoctor:
    def test_finds_nothing_wrong_with_a_healthy_installation(self) -> None:
        code, found = see()

        assert code == 0
        assert all(ok for ok, _ in found.values())
        assert {"database", "clock", "broker", "mail", "var folder", "secret key"} <= set(found)

    def test_names_the_setting_of_a_broker_that_is_away(self, settings: Settings) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"

        code, found = see()

        assert code == 1
        assert found["broker"] == (
            False,
            "does not answer. Work goes on, only slower. Check REDIS_URL.",
        )

    def test_refuses_a_weak_key_without_showing_it(self, settings: Settings) -> None:
        settings.SECRET_KEY = "too-short-a-key"

        code, found = see()

        assert code == 1
        assert found["secret key"][0] is False
        assert "too-short-a-key" not in str(found)

    def test_warns_of_a_sandbox_that_pays_nobody(self, settings: Settings) -> None:
        settings.DEMO = settings.DEBUG = False
        settings.PAYMENT_GATEWAY = "sandbox"

        code, found = see()

        assert code == 1
        assert found["payments"][0] is False

    def test_warns_of_a_role_that_could_drop_its_own_guards(self, settings: Settings) -> None:
        settings.DEMO = settings.DEBUG = False

        code, found = see()

        assert code == 1
        assert found["database role"][0] is False
        assert "is a superuser" in found["database role"][1]
        assert "DATABASE_OWNER_URL" in found["database role"][1]

    def test_says_which_folder_cannot_be_written(self, settings: Settings, tmp_path: Path) -> None:
        settings.MEDIA_ROOT = tmp_path / "file"
        settings.MEDIA_ROOT.write_text("in the way")

        code, found = see()

        assert code == 1
        assert found["photos folder"][0] is False
        assert str(settings.MEDIA_ROOT) in found["photos folder"][1]

    def test_notices_work_that_nobody_does(self, now: datetime) -> None:
        event = Event.objects.create(name="test.happened", recorded_at=now)
        Delivery.objects.create(
            event=event,
            reaction="test.reaction",
            state=DeliveryState.WAITING,
            due_at=datetime.now(tz=now.tzinfo) - timedelta(minutes=10),
        )

        code, found = see()

        assert code == 1
        assert found["deliveries"][1].endswith("Is a worker running?")
