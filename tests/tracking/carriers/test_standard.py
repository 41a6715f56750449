from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.carriers import generic, simulator, standard

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"parcels": []}'


def sealed(**changes: str) -> dict[str, str]:
    headers = generic.seal(BODY, SECRET, now=NOW, message_id="msg_1")
    return {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}


class TestVerify:
    def test_opens_what_it_seals(self) -> None:
        assert generic.verify(BODY, sealed(), [SECRET], now=NOW) is None
        assert simulator.verify(BODY, sealed(), [SECRET], now=NOW) is None

    def test_agrees_with_the_library_of_the_standard(self) -> None:
        from standardwebhooks import Webhook

        headers = sealed()
        stamp = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)

        assert Webhook(SECRET).sign("msg_1", stamp, BODY.decode()) == headers["webhook-signature"]

    def test_either_of_two_live_secrets_will_do(self) -> None:
        assert generic.verify(BODY, sealed(), [standard.new_secret(), SECRET], now=NOW) is None

    def test_one_of_several_signatures_will_do(self) -> None:
        good = sealed()["webhook-signature"]
        many = f"v1,AAAA v1a,{good[3:]} v2,x {good} rubbish"

        assert generic.verify(BODY, sealed(webhook_signature=many), [SECRET], now=NOW) is None

    def test_the_prefix_is_optional(self) -> None:
        assert generic.verify(BODY, sealed(), [SECRET.removeprefix("whsec_")], now=NOW) is None

    def test_a_passphrase_works_too(self) -> None:
        headers = generic.seal(BODY, "not base64 at all!", now=NOW)

        assert generic.verify(BODY, headers, ["not base64 at all!"], now=NOW) is None
        assert generic.verify(BODY, headers, [SECRET], now=NOW)

    @pytest.mark.parametrize("brand", ["webhook", "svix"])
    def test_reads_both_brands(self, brand: str) -> None:
        headers = {name.replace("webhook", brand): value for name, value in sealed().items()}

        assert generic.verify(BODY, headers, [SECRET], now=NOW) is None

    @pytest.mark.parametrize(("seconds", "is_good"), [
        (-301, False), (-300, True), (0, True), (300, True), (301, False),
    ])  # fmt: skip
    def test_tolerates_five_minutes_both_ways(self, seconds: int, is_good: bool) -> None:
        reason = generic.verify(BODY, sealed(), [SECRET], now=NOW + timedelta(seconds=seconds))

        assert (reason is None) is is_good

    @pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], [" "]])
    def test_without_a_secret_nothing_is_believed(self, secrets: list[str]) -> None:
        headers = standard.seal(BODY, "", now=NOW, message_id="msg_1")

        assert generic.verify(BODY, headers, secrets, now=NOW) == (
            "no secret is set for this connection"
        )

    @pytest.mark.parametrize("changes", [
        {"webhook_id": "msg_2"},
        {"webhook_id": ""},
        {"webhook_timestamp": "1772452801"},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "now"},
        {"webhook_timestamp": "１７７２４５２８００"},
        {"webhook_timestamp": "9" * 5000},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "1772452800.5"},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1"},
        {"webhook_signature": ","},
        {"webhook_signature": "v1,é\udcff"},
        {"webhook_signature": "v2,AAAA"},
    ])  # fmt: skip
    def test_refuses_a_changed_header(self, changes: dict[str, str]) -> None:
        assert generic.verify(BODY, sealed(**changes), [SECRET], now=NOW)

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_refuses_a_missing_header(self, name: str) -> None:
        headers = {key: value for key, value in sealed().items() if key != name}

        assert generic.verify(BODY, headers, [SECRET], now=NOW) == "a webhook header is missing"

    def test_refuses_each_flipped_bit_of_body_and_signature(self) -> None:
        for place in range(len(BODY) * 8):
            changed = bytearray(BODY)
            changed[place // 8] ^= 1 << place % 8
            assert generic.verify(bytes(changed), sealed(), [SECRET], now=NOW)
        signature = sealed()["webhook-signature"]
        for place in range(3, len(signature)):
            other = signature[:place] + chr(ord(signature[place]) ^ 1) + signature[place + 1 :]
            headers = sealed(webhook_signature=other)
            assert generic.verify(BODY, headers, [SECRET], now=NOW), place

    @given(st.text(), st.text(), st.text(), st.text(), st.binary())
    def test_never_raises(self, id_: str, stamp: str, mark: str, secret: str, body: bytes) -> None:
        headers = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": mark}

        assert isinstance(generic.verify(body, headers, [secret], now=NOW), str)


class TestNewSecret:
    def test_is_long_and_new_each_time(self) -> None:
        first, second = standard.new_secret(), standard.new_secret()

        assert first != second
        assert first.startswith("whsec_")
        assert len(standard.key(first)) == 32


def test_answers_202() -> None:
    assert generic.acknowledge(True).status == 202
    assert generic.acknowledge(False).status == 401
