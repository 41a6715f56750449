"""The admin's theme says nothing in English on a Chinese desk."""

from __future__ import annotations

import re
from pathlib import Path

import unfold
from django.utils import translation

NOT_OURS = ("auth/user/", "unfold_crispy/", "dataset_", "command_", "login.html")
"""Screens that the desk does not have: passwords, crispy forms, datasets, the command palette."""
SAID = re.compile(r"""\{%\s*trans(?:late)?\s+(["'])(.+?)\1""")


def test_every_word_of_its_templates_has_its_chinese() -> None:
    root = Path(unfold.__file__).parent / "templates"
    found = {
        words
        for path in root.rglob("*.html")
        if not any(part in str(path.relative_to(root)) for part in NOT_OURS)
        for _quote, words in SAID.findall(path.read_text())
    }
    assert len(found) > 50

    with translation.override("zh-hans"):
        assert [words for words in sorted(found) if translation.gettext(words) == words] == []
