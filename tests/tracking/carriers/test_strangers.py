"""A body that came to the wrong adapter: it may be refused, and tells of no event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tracking.carriers.fixtures import HOME
from tracking.carriers.registry import ADAPTERS, ALIASES

if TYPE_CHECKING:
    from pathlib import Path

BODIES = sorted(path for path in HOME.glob("*/*") if path.is_file())
OWN_FORMAT = {"generic", "simulator"}
"""Two names of one format."""


def home(path: Path) -> str:
    return ALIASES.get(path.parent.name, path.parent.name)


@pytest.mark.parametrize("slug", sorted(ADAPTERS))
def test_a_body_of_another_invents_nothing(slug: str) -> None:
    adapter = ADAPTERS[slug]
    invented = {
        path.relative_to(HOME).as_posix()
        for path in BODIES
        if home(path) != slug and not {home(path), slug} <= OWN_FORMAT
        for read in (adapter.parse, adapter.parse_push)
        if any(parcel.scans for parcel in read(path.read_bytes()).parcels)
    }

    assert len(BODIES) > 100
    assert not invented


@pytest.mark.parametrize("slug", ["kuaidi100", "ship24"])
@pytest.mark.parametrize("data", [b"{}", b'{"id": "1"}', b'[{"id": "1"}]'])
def test_data_of_another_is_no_answer(slug: str, data: bytes) -> None:
    reading = ADAPTERS[slug].parse(b'{"meta": {"code": 200}, "data": ' + data + b"}")

    assert reading.parcels == ()
    assert reading.errors
