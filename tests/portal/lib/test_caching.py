"""A cache that is away is a miss, at once, and never an error."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from portal.lib import caching
from portal.lib.caching import JsonSerializer, PatientRedisCache, Shelf


@pytest.fixture
def away() -> Iterator[PatientRedisCache]:
    """Give a cache whose Redis does not answer: nobody listens on the discard port."""
    caching._away_until.clear()
    yield PatientRedisCache("redis://127.0.0.1:9/0", {})
    caching._away_until.clear()


class TestAway:
    def test_every_question_has_an_answer(self, away: PatientRedisCache) -> None:
        away.set("k", 1)
        away.delete_many(["k"])
        assert away.get("k") is None
        assert away.get("k", "default") == "default"
        assert away.add("k", 1) is False
        assert away.touch("k") is False
        assert away.delete("k") is False
        assert away.has_key("k") is False
        assert ("k" in away) is False
        assert away.get_many(["k"]) == {}
        assert away.set_many({"k": 1}) == ["k"]
        assert away.clear() is False
        assert away.get_or_set("k", 7) == 7
        with pytest.raises(ValueError, match="not found"):
            away.incr("k")

    def test_is_said_once_and_then_left_alone(
        self, away: PatientRedisCache, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING):
            began = time.monotonic()
            for _ in range(500):
                away.get("k")

        assert len(caplog.records) == 1
        assert time.monotonic() - began < 1

    def test_is_asked_again_after_a_pause(
        self,
        away: PatientRedisCache,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(caching, "PAUSE_SECONDS", 0.05)
        away.get("k")
        time.sleep(0.06)
        away.get("k")

        assert len(caplog.records) == 2


class TestJson:
    def test_keeps_plain_values_and_reads_no_code(self) -> None:
        keep = JsonSerializer()

        assert keep.loads(keep.dumps({"a": [1, "二", None]})) == {"a": [1, "二", None]}
        with pytest.raises(ValueError, match="UTF-8"):
            keep.loads(b"\x80\x04\x95pickled")


class TestShelf:
    def test_keeps_what_was_asked_for_last(self) -> None:
        shelf = Shelf(2)
        shelf.set("a", b"1")
        shelf.set("b", b"2")
        assert shelf.get("a") == b"1"

        shelf.set("c", b"3")

        assert [shelf.get(name) for name in "abc"] == [b"1", None, b"3"]
