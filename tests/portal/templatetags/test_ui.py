"""What templates say, and the parts made of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils.translation import override

AT = datetime(2026, 9, 14, 18, 0, tzinfo=UTC)
PARTS = sorted((Path(settings.BASE_DIR) / "templates" / "components").glob("*.html"))


def said(template: str, language: str = "en", **facts: object) -> str:
    with override(language):
        return Template("{% load ui %}" + template).render(Context(facts))


class NameForm(forms.Form):
    """One field with a hint."""

    name = forms.CharField(help_text="As on the card.")

    def clean(self) -> None:
        if self.data.get("name") == "nobody":
            raise forms.ValidationError("Nobody is not a name")


class TestFilters:
    def test_money_is_written_as_the_language_does(self) -> None:
        assert said("{{ m|money:'USD' }}", m=5450) == "$54.50"
        assert said("{{ m|money:'CNY' }}", "zh-hans", m=35800) == "¥358.00"
        assert said("{{ m|money:'JPY' }}", m=1200) == "¥1,200"

    def test_days_name_the_weekday(self) -> None:
        assert said("{{ at|day }}, {{ at|when }}", at=AT) == "Mon 14 Sep, Mon 14 Sep, 18:00"
        assert said("{{ at|when }}", "zh-hans", at=AT) == "9 月 14 日周一 18:00"
        assert said("{{ at|day }}{{ at|when }}{% time at %}", at=None) == ""

    def test_time_carries_its_offset(self) -> None:
        assert said("{% time at 'day' %}", at=AT) == (
            '<time datetime="2026-09-14T18:00+00:00">Mon 14 Sep</time>'
        )

    def test_masks(self) -> None:
        assert said("{{ a|mask_email }} {{ p|mask_postcode }}", a="wei@x.org", p="200020") == (
            "w•••@x.org 2000**"
        )

    def test_a_misspelt_icon_fails_loudly(self) -> None:
        assert 'class="ico spin"' in said("{% icon 'refresh' 'spin' %}")
        with pytest.raises(KeyError):
            said("{% icon 'chekc' %}")


class TestField:
    def test_ties_hint_and_error_to_the_control(self) -> None:
        page = render_to_string("components/field.html", {"field": NameForm({"name": ""})["name"]})

        assert 'aria-describedby="id_name-hint id_name-error"' in page
        assert 'aria-invalid="true"' in page
        assert 'id="id_name-hint"' in page
        assert 'id="id_name-error"' in page
        assert 'class="input"' in page

    def test_summary_links_each_mistake_to_its_control(self) -> None:
        form = NameForm({"name": "nobody"})

        page = said("{% include 'components/errors.html' with problems=form|problems %}", form=form)

        assert '<a href="#id_name">Nobody is not a name</a>' in page
        assert "One thing to fix" in page

    def test_summary_is_nothing_while_all_is_well(self) -> None:
        form = NameForm({"name": "Wei"})

        page = said("{% include 'components/errors.html' with problems=form|problems %}", form=form)

        assert page.strip() == ""


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stem)
def test_every_part_says_its_arguments_first(part: Path) -> None:
    first = part.read_text().splitlines()[0]

    assert re.match(rf"^\{{# {part.stem}: .+ #\}}$", first)
