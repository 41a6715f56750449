"""
Canonical forms of contact details, so that one mailbox written three ways is one mailbox.

Only digests are kept. Equal digests link two accounts; that two people share a home is normal, and
the rules weigh it so.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

DOTLESS = frozenset({"gmail.com", "googlemail.com"})
"""Mail houses that ignore dots before the at sign."""
PHONE_TAIL = 9
"""Digits compared from the end: with and without country code and leading zero they agree."""
PHONE_LEAST = 7

_SHORT = {
    "street": "st", "road": "rd", "avenue": "ave", "lane": "ln", "drive": "dr",
    "boulevard": "blvd", "apartment": "apt", "flat": "apt", "unit": "apt", "floor": "fl",
    "building": "bldg", "north": "n", "south": "s", "east": "e", "west": "w",
    "strasse": "str", "straße": "str",
}  # fmt: skip


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def email(address: str) -> str:
    """Return a mailbox without its tag, and without dots where they mean nothing."""
    local, at, domain = _plain(address).rpartition("@")
    local = local.partition("+")[0]
    if not at or not local or not domain:
        return ""
    if domain in DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if local else ""


def phone(number: str) -> str:
    """Return the digits that stay whether or not the country is dialled; empty for a stand-in."""
    digits = re.sub(r"\D", "", _plain(number)).lstrip("0")
    tail = digits[-PHONE_TAIL:]
    # 0000000, 1111111 and 123456789 are typed to get past a form and link strangers.
    if len(tail) < PHONE_LEAST or len(set(tail)) < 3 or tail in "01234567890123456789":
        return ""
    return tail


def address(lines: str, *, postcode: str, country: str) -> str:
    """Return an address without punctuation, with the usual words cut short."""
    words = re.findall(r"[^\W_]+", _plain(lines))
    if not words:
        return ""
    place = "".join(re.findall(r"[^\W_]+", _plain(postcode)))
    return "|".join((_plain(country), place, "".join(_SHORT.get(word, word) for word in words)))


def payment(instrument: str, *, name: str) -> str:
    """
    Return what a card and the name it ships to have in common.

    The last four digits alone are shared by one stranger in ten thousand, so the name goes with
    them; an instrument without digits says nothing.
    """
    card = "".join(re.findall(r"[^\W_]+", _plain(instrument)))
    who = "".join(sorted(re.findall(r"[^\W_]+", _plain(name))))
    if len(re.findall(r"\d", card)) < 4 or not who:
        return ""
    return f"{card}|{who}"


def digest(kind: str, canonical: str) -> str:
    """Return what is kept of a canonical form; the same text of another kind differs."""
    return hashlib.sha256(f"{kind}\x1f{canonical}".encode()).hexdigest()
