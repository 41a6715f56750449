"""What every channel promises."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """The other side will never take this letter; trying again is useless."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A letter in its reader's language, ready to go."""

    subject: str
    text: str
    html: str
