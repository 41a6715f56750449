"""Depth is measured before anything is parsed, and strings do not count."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.bodies import is_deeper, trouble_in_json

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\a', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=40,
)


def depth(value: object) -> int:
    """Return how deep a value nests, the slow and obvious way."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(tree=TREES, limit=st.integers(0, 6))
def test_agrees_with_the_parsed_value(tree: object, limit: int) -> None:
    assert is_deeper(json.dumps(tree).encode(), limit) == (depth(tree) > limit)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": [1]}', None),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b"[" * 64 + b"]" * 64, None),
        (b"[" * 100_000, "deeper than 64"),
        (b'{"a": "' + b"[" * 1000 + b'"}', None),
        (b'{"a"', "line 1"),
        (b"", "not valid JSON"),
        (b"7", "object or array"),
        (b"[NaN]", "not valid JSON"),
    ],
)
def test_says_what_is_wrong(body: bytes, words: str | None) -> None:
    told = trouble_in_json(body, max_depth=64)

    assert (told is None) if words is None else (told is not None and words in told)
