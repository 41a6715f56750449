from __future__ import annotations

import re
from html import unescape

import pytest
from django.test.utils import override_settings

from notifications.catalogue import CATALOGUE
from notifications.models import Letter
from notifications.services.rendering import lay_out, preview
from tests.notifications.facts import CLAIM, FACTS, PARCEL

BOTH = [(name, language) for name in CATALOGUE for language in ("en", "zh-hans")]
# What may stay in Latin letters in a Chinese letter: names, numbers, addresses and our facts.
KEPT = re.compile(
    r"https?://\S+|AM-\S+|PH-\S+|1Z\w+|UPS|Celadon cup|Tea tray|card ending|bank-\d+|UTC|US\$|"
    r"View in English|Your photos are clear.*|The first photo hides.*|Can you take one.*|"
    r"Thank you\.|The photos are clear\.|I am sorry\.|The report came.*"
)


@pytest.mark.parametrize(("name", "language"), BOTH)
class TestLayOut:
    def test_the_subject_is_a_fact_in_under_sixty_characters(
        self, name: str, language: str
    ) -> None:
        subject = lay_out(name=name, facts=FACTS[name], language=language).subject

        assert 0 < len(subject) < 60
        assert "…" not in subject
        assert re.search(r"\d", subject)

    def test_both_bodies_are_whole(self, name: str, language: str) -> None:
        rendered = lay_out(name=name, facts=FACTS[name], language=language)

        for body in (rendered.text, rendered.html):
            assert "%(" not in body
            assert "{{" not in body
            assert "None" not in body
        assert (
            len(re.findall(r"<a\s", rendered.html)) == 3
        )  # the button, the settings, the other language
        assert "<img" not in rendered.html
        # Nothing is fetched from anywhere: no pixel, no font
        assert "<link" not in rendered.html
        assert "url(" not in rendered.html
        assert "@import" not in rendered.html
        assert "<script" not in rendered.html

    def test_text_and_html_say_the_same(self, name: str, language: str) -> None:
        rendered = lay_out(name=name, facts=FACTS[name], language=language)

        seen = unescape(re.sub(r"<[^>]+>", " ", rendered.html.split("<body", 1)[1]))
        words = set(re.findall(r"\w{4,}", seen))
        missing = {
            word
            for word in re.findall(r"\w{4,}", re.sub(r"https?://\S+", "", rendered.text))
            if word not in words
        }
        assert missing == set()


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_chinese_letter_holds_no_english(name: str) -> None:
    with override_settings():
        rendered = lay_out(name=name, facts=FACTS[name], language="zh-hans")

    for part in (rendered.subject, rendered.text):
        left = KEPT.sub("", part)
        assert re.findall(r"[A-Za-z]{2,}", left) == []
    assert 'lang="zh-Hans"' in rendered.html


@pytest.mark.parametrize(
    "status", ["exception", "attempt_failed", "returning", "returned", "lost", "destroyed"]
)
@pytest.mark.parametrize("reason", ["", "damaged", "weather", "not_home", "other"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_trouble_reads_well(status: str, reason: str, language: str) -> None:
    facts = {**PARCEL, "status": status, "reason": reason, "order": "PH-2026-0000010482"}

    rendered = lay_out(name="trouble", facts=facts, language=language)

    assert len(rendered.subject) < 60
    assert "…" not in rendered.subject
    assert "%(" not in rendered.text


class TestFacts:
    def test_names_cannot_smuggle_in_a_header_or_markup(self) -> None:
        facts = {
            **CLAIM,
            "order": "PH-1\r\nBcc: all@example.org",
            "items": ["<script>alert(1)</script>\x0b\x00"],
            "request_id": 1,
            "question": "a\x08b </mj-text> & <b>",
            "due_at": "2026-09-28T17:00:00+00:00",
        }

        rendered = lay_out(name="question", facts=facts, language="en")

        assert "\n" not in rendered.subject
        assert "\r" not in rendered.text
        assert "<script" not in rendered.html
        assert "&lt;/mj-text&gt; &amp; &lt;b&gt;" in rendered.html
        assert "\x0b" not in rendered.html

    def test_a_letter_with_a_hole_is_never_made(self) -> None:
        facts = {key: value for key, value in FACTS["offer"].items() if key != "amount_minor"}

        with pytest.raises(KeyError, match="amount_minor"):
            lay_out(name="offer", facts=facts, language="en")

    @override_settings(TIME_ZONE="Asia/Shanghai")
    def test_times_are_the_shops_and_say_so(self) -> None:
        text = lay_out(name="claim_received", facts=FACTS["claim_received"], language="en").text

        assert "We decide by Wed 23 Sep, 01:00 CST" in text

    def test_the_money_says_where_it_goes_and_when_the_bank_shows_it(self) -> None:
        text = lay_out(name="paid", facts=FACTS["paid"], language="en").text

        assert "Total to your card ending 4417: $54.50" in text
        assert "Bank reference: bank-000017" in text
        # Monday 21 September and five working days
        assert "by Mon 28 Sep" in text

    def test_we_never_ask_for_bank_data_by_link(self) -> None:
        for name in CATALOGUE:
            text = lay_out(name=name, facts=FACTS[name], language="en").text
            assert "We never ask for a card number, a bank account or a password" in text


class TestPreview:
    def test_gives_staff_no_key_to_the_readers_page(self) -> None:
        letter = Letter(name="out_for_delivery", facts=FACTS["out_for_delivery"], language="en")

        shown = preview(letter)

        assert "k=[key]" in shown.text
        for body in (shown.text, shown.html):
            assert not re.search(r"k(=|%3D)(?!\[key\])", body)
