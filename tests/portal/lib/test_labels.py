"""A coloured word on a page of its own is a word, not a pair in brackets."""

from __future__ import annotations

from typing import cast

from django.contrib import admin
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from portal.lib.labels import Label


def test_a_label_is_read_as_its_words_escaped() -> None:
    label = cast("SafeString", Label("dead", "Given <up>"))

    assert conditional_escape(label) == "Given &lt;up&gt;"


def test_a_label_is_still_the_pair_that_a_list_paints() -> None:
    assert tuple(Label("dead", "Given up")) == ("dead", "Given up")


def test_no_page_of_the_desk_prints_a_pair() -> None:
    told = set()
    for page in admin.site._registry.values():
        shown = {*(page.fields or ()), *page.readonly_fields}
        for _title, options in page.fieldsets or ():
            shown |= set(options["fields"])
        for name in (one for one in shown if isinstance(one, str)):
            shows = getattr(type(page), name, None)
            if shows is not None and isinstance(getattr(shows, "label", None), dict):
                told.add((type(page).__name__, name, shows.__annotations__["return"]))

    assert len(told) >= 11
    assert {annotation for _page, _name, annotation in told} == {"Label"}
