"""How sentences of letters are put together."""

from __future__ import annotations

import pytest

from notifications.wording.base import together


@pytest.mark.parametrize(
    ("sentences", "paragraph"),
    [
        (("It left.", "We write again."), "It left. We write again."),
        (("款项已汇出。", "我们会再写信。"), "款项已汇出。我们会再写信。"),
        (("It left.", "", None), "It left."),
        ((), ""),
    ],
)
def test_chinese_sentences_stand_side_by_side(
    sentences: tuple[object, ...], paragraph: str
) -> None:
    assert together(*sentences) == paragraph
