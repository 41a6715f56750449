"""What a desk shows as a coloured word in a list, and as a plain one on a page of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString


class Label(NamedTuple):
    """
    A value that picks a colour, and the words shown on it.

    Unfold paints such a pair in a list but prints it as it stands on a page, brackets and all;
    there the words alone are asked for.
    """

    value: Any
    words: Any

    def __html__(self) -> SafeString:
        """Return the words, escaped."""
        return escape(self.words)
