"""The sums agree with numbers that carriers and standards publish."""

from __future__ import annotations

import pytest

from tracking.recognition.checksums import LUHN, MOD7, MOD_37_36, S10, Check, mod10, weighted

PUBLISHED = [
    pytest.param(mod10(evens=1, odds=2), "999AA1012345678", "4", id="UPS's own sample"),
    pytest.param(mod10(evens=3, odds=1), "37610425002123456", "9", id="GS1's SSCC sample"),
    pytest.param(
        mod10(evens=3, odds=1, is_reversed=True), "629104150021", "3", id="GS1's EAN-13 sample"
    ),
    pytest.param(mod10(evens=1, odds=3), "629104150021", "3", id="the same from the left"),
    pytest.param(LUHN, "7992739871", "3", id="Luhn's usual sample"),
    pytest.param(MOD7, "44441375870", "3", id="Yamato"),
    pytest.param(MOD7, "40554842488", "6", id="Japan Post"),
    pytest.param(MOD7, "51254751433", "4", id="Sagawa"),
    pytest.param(S10, "47312482", "9", id="the UPU's sample"),
    pytest.param(S10, "12345678", "5", id="S10, remainder 6"),
    pytest.param(MOD_37_36, "A12425GABC1234002", "M", id="ISO 7064, the GRid sample"),
    pytest.param(
        weighted((3, 1, 7) * 3 + (3, 1), first=11, second=10), "98657878885", "5", id="FedEx"
    ),
]


@pytest.mark.parametrize(("rule", "serial", "check"), PUBLISHED)
def test_only_the_published_check_digit_fits(rule: Check, serial: str, check: str) -> None:
    others = "0123456789" if check.isdigit() else "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    assert [one for one in others if rule.fits(serial, one)] == [check]


@pytest.mark.parametrize(
    ("serial", "check"), [("70000000", "0"), ("01000100", "5"), ("00000000", "5")]
)
def test_s10_has_two_exceptions(serial: str, check: str) -> None:
    assert S10.fits(serial, check)


@pytest.mark.parametrize("rule", [mod10(evens=3, odds=1), LUHN, S10])
def test_one_wrong_digit_never_passes(rule: Check) -> None:
    serial = "47312482"
    (check,) = [one for one in "0123456789" if rule.fits(serial, one)]

    slips = [
        serial[:place] + digit + serial[place + 1 :]
        for place in range(8)
        for digit in "0123456789"
        if digit != serial[place]
    ]
    assert [slip for slip in slips if rule.fits(slip, check)] == []
