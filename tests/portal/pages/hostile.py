"""Texts that break careless pages, in bundles that fit a field, and how to see that none did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

from tests.conformance.data import DATA

FENCE = "|"
"""Stands around each bundle, so that fields which trim their ends trim nothing of it."""


@cache
def strings() -> tuple[str, ...]:
    """Return every hostile text there is."""
    return tuple(json.loads((DATA / "bad_inputs/blns_even.json").read_bytes()))


def bundles(*, at_most: int) -> Iterator[str]:
    """Yield all texts, one a line, in as few bundles as fit; each text is in exactly one."""
    bundle: list[str] = []
    length = 2
    for text in strings():
        if bundle and length + len(text) + 1 > at_most:
            yield FENCE + "\n".join(bundle) + FENCE
            bundle, length = [], 2
        bundle.append(text)
        length += len(text) + 1
    yield FENCE + "\n".join(bundle) + FENCE


class _Reader(HTMLParser):
    """Read a page as a browser does: its elements with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bones: list[str] = []
        self.text: list[str] = []
        self.values: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.values += [value or "" for _name, value in attrs]
        if tag == "br":
            self.text.append("\n")
            return
        if tag not in {"p", "time"}:  # text is laid out in lines and paragraphs
            self.bones.append(" ".join([tag, *sorted(name for name, _value in attrs)]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def bones(html: str) -> list[str]:
    """Return a page's elements with the names of their attributes: what a text must not change."""
    reader = _Reader()
    reader.feed(html)
    return reader.bones


def shows(html: str, bundle: str) -> bool:
    """Test whether a page shows every line of a bundle as the very same text."""
    reader = _Reader()
    reader.feed(html)
    seen = even("".join(reader.text) + " " + " ".join(reader.values))
    return all(even(line) in seen for line in bundle.splitlines() if line.strip())


def says(text: str, bundle: str) -> bool:
    """Test whether a plain text, such as a letter's, says every line of a bundle."""
    seen = even(text)
    return all(even(line) in seen for line in bundle.splitlines() if line.strip())


def even(text: str) -> str:
    """Return a text with every stretch of white space as one space."""
    return re.sub(r"\s+", " ", text).strip()
