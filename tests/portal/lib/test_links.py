"""Signed keys: for one purpose, for a while, and never in a log."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
import time_machine

from portal.lib import links

DAY = timedelta(days=1)


class TestRead:
    def test_proves_what_was_signed(self) -> None:
        assert links.read("letter", links.sign("letter", "a:b", 3), DAY) == ("a:b", 3)

    def test_refuses_another_purpose(self) -> None:
        with pytest.raises(links.BadLink):
            links.read("photo", links.sign("letter", "x"), DAY)

    def test_refuses_what_is_old_by_name(self) -> None:
        key = links.sign("letter", "x")

        with time_machine.travel(timedelta(days=2)), pytest.raises(links.ExpiredLink):
            links.read("letter", key, DAY)

    @pytest.mark.parametrize("text", ["", ":", "::", "x", "\x00", "é" * 999, "a:1:b:c"])
    def test_refuses_nonsense(self, text: str) -> None:
        with pytest.raises(links.BadLink):
            links.read("letter", text, DAY)


class TestRedact:
    @pytest.mark.parametrize(
        ("message", "args"),
        [
            ("GET /t/x/?k=SECRET&y=1 HTTP/1.1", ()),
            ("%s %s", ("GET /t/x/?a=1&k=SECRET", 200)),
            ('"%s"', ("GET /t/x/?k=SECRET HTTP/1.1",)),
        ],
    )
    def test_takes_the_key_out_and_leaves_the_rest(
        self, message: str, args: tuple[object, ...]
    ) -> None:
        record = logging.LogRecord("x", logging.INFO, "", 0, message, args, None)

        assert links.Redact().filter(record) is True
        assert "SECRET" not in record.getMessage()
        assert "/t/x/" in record.getMessage()
        assert "k=[key]" in record.getMessage()


class TestWithoutKeys:
    def test_takes_keys_out_of_links_and_of_links_in_links(self) -> None:
        link = links.journey("abc")
        key = link.partition("k=")[2]
        text = f'<a href="{link}">x</a> /language/en/?next=%2Ft%2Fabc%2F%3Fk%3D{key}&x=1'

        shown = links.without_keys(text)

        assert key not in shown
        assert key.partition("%3A")[2] not in shown
        assert shown == (
            f'<a href="{link.partition("k=")[0]}k=[key]">x</a>'
            " /language/en/?next=%2Ft%2Fabc%2F%3Fk%3D[key]&x=1"
        )
