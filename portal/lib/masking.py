"""Show enough of a fact to recognise it and no more."""

from __future__ import annotations

DOT = "•"


def email(address: str) -> str:
    """Mask an e-mail address: ``w•••@example.org``. The number of dots says nothing."""
    name, _at, place = address.rpartition("@")
    return f"{name[:1]}{DOT * 3}@{place}"


def postcode(code: str) -> str:
    """Mask the last third of a postcode, at least two characters: ``2000**``."""
    code = code.strip()
    hidden = max(2, len(code) // 3)
    return code[:-hidden] + "*" * min(hidden, len(code)) if code else ""


def tail(text: str, *, keep: int = 4) -> str:
    """Mask all but the last characters: ``•••• 0731``. Short texts are masked whole."""
    return f"{DOT * 4} {text[-keep:]}" if len(text) > keep * 2 else DOT * 4
