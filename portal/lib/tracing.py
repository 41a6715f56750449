"""The id of the request or task that is at work, so that all it does can be found together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

_AT_WORK: ContextVar[str] = ContextVar("at_work", default="")
_GOOD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def current() -> str:
    """Return the id of what is at work here, empty outside requests and tasks."""
    return _AT_WORK.get()


def accept(given: str) -> str:
    """Return an id that somebody else gave if it is fit to be kept, otherwise one of our own."""
    return given if _GOOD.fullmatch(given) else uuid4().hex


@contextmanager
def at_work(name: str) -> Iterator[str]:
    """Let everything within carry this id."""
    token = _AT_WORK.set(name)
    try:
        yield name
    finally:
        _AT_WORK.reset(token)


def begin(name: str) -> None:
    """Let everything from now on carry this id, where beginning and end are told separately."""
    _AT_WORK.set(name)
