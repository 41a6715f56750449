"""Claims as a file for a spreadsheet: plain facts and the words said to each other, no more."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain

from django.db.models import QuerySet

from claims.models import Claim

HEADER = (
    "ref", "order", "state", "reason", "severity", "claimed_minor", "assessed_minor",
    "approved_minor", "paid_minor", "currency", "submitted_at", "decide_by", "decided_at",
    "resolved_at", "story", "decision_text",
)  # fmt: skip
"""The columns. Sums are in minor units, times are UTC; internal notes and risk are in none."""

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it spreadsheets read Chinese as Latin-1."""

_AT_ONCE = 500
_FIELDS = (
    "ref", "order__number", "state", "reason", "severity", "claimed_minor", "assessed_minor",
    "approved_minor", "executed_minor", "currency", "submitted_at", "decide_by", "decided_at",
    "resolved_at", "story", "decision_text",
)  # fmt: skip
_FORMULA = frozenset("=+-@\N{MINUS SIGN}")


def rows(*, claims: QuerySet[Claim]) -> Iterator[list[str]]:
    """Yield the cells of each claim, oldest first, without holding them all; always one query."""
    plain = claims.order_by("submitted_at", "pk").values_list(*_FIELDS)
    for values in plain.iterator(chunk_size=_AT_ONCE):
        yield [_cell(value) for value in values]


def lines(*, claims: QuerySet[Claim]) -> Iterator[str]:
    """Yield the file line by line: a byte order mark with the header, then a line a claim."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    told = chain([list(HEADER)], rows(claims=claims))
    for number, cells in enumerate(told):
        line: str = writer.writerow(cells)
        yield line if number else BOM + line


def inert(text: str) -> str:
    """
    Return a text as a cell that no spreadsheet takes for a formula.

    What would be one gets an apostrophe in front, and so does what begins with an apostrophe
    itself: a cell that begins with one has exactly one too many.
    """
    if text[:1] in {"'", "\t", "\r", "\n"}:
        return f"'{text}"
    # Signs that are not seen, and wide forms of a sign, are stripped or narrowed on import.
    seen = next((sign for sign in text if unicodedata.category(sign)[0] not in "ZC"), "")
    narrow = unicodedata.normalize("NFKC", seen)
    return f"'{text}" if narrow[:1] in _FORMULA and narrow else text


def _cell(value: str | int | datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return inert(value)


class _Echo:
    """A file that hands each line back, so that it may be sent at once."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line
