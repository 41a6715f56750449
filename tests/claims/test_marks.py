"""One mailbox written three ways is one mailbox; a stand-in links nobody."""

from __future__ import annotations

import pytest

from claims import marks


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("Li.Na+shop@GMail.com", "lina@gmail.com"),
        ("lina@googlemail.com", "lina@gmail.com"),
        ("li.na+x+y@example.org", "li.na@example.org"),
        ("ｌｉｎａ@example.org", "lina@example.org"),
        ("nobody", ""),
        ("+tag@example.org", ""),
        ("", ""),
    ],
)
def test_mailbox_is_the_same_however_it_is_tagged(address: str, same: str) -> None:
    assert marks.email(address) == same


@pytest.mark.parametrize(
    "number", ["+86 138-1234-5678", "0086 13812345678", "138 1234 5678", "(0)13812345678"]
)
def test_phone_is_the_same_with_and_without_its_country(number: str) -> None:
    assert marks.phone(number) == "812345678"


@pytest.mark.parametrize("number", ["", "000000000", "1111111111", "123456789", "12345", "n/a"])
def test_phone_that_only_fills_the_field_links_nobody(number: str) -> None:
    assert marks.phone(number) == ""


def test_address_is_the_same_however_it_is_cut_short() -> None:
    one = marks.address("12 North Street,\nApartment 4", postcode="ab1 2cd", country="gb")
    two = marks.address("12 N. St. Apt 4", postcode="AB12CD", country="GB")

    assert one == two == "gb|ab12cd|12nstapt4"


def test_address_differs_by_its_number_and_its_country() -> None:
    here = marks.address("杭州市文三路 90 号", postcode="310012", country="CN")

    assert here != marks.address("杭州市文三路 91 号", postcode="310012", country="CN")
    assert here != marks.address("杭州市文三路 90 号", postcode="310012", country="TW")
    assert marks.address("", postcode="310012", country="CN") == ""


@pytest.mark.parametrize(
    ("instrument", "name", "same"),
    [
        ("card ending 4417", "Na Li", "cardending4417|lina"),
        ("Card ending 4417", "LI NA", "cardending4417|lina"),
        ("card ending 4417", "", ""),
        ("PayPal", "Na Li", ""),
        ("", "Na Li", ""),
    ],
)
def test_card_links_only_with_its_name(instrument: str, name: str, same: str) -> None:
    assert marks.payment(instrument, name=name) == same


def test_digest_tells_kinds_apart() -> None:
    assert marks.digest("phone", "1") != marks.digest("email", "1")
    assert len(marks.digest("phone", "1")) == 64
