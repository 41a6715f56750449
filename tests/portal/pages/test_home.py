"""Find my parcel: one answer for unknown and wrong, and an end to guessing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.pages import access
from tests.factories.tracking import NOON, OrderFactory, OrderLineFactory, ParcelFactory
from tracking.models import Anomaly, Parcel
from tracking.states import ParcelStatus

pytestmark = pytest.mark.django_db
HOME = "/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def parcel() -> Parcel:
    """Give a parcel of order PH-20418."""
    return ParcelFactory.create(
        order__number="PH-20418",
        order__email="w.lin@example.org",
        order__postcode="SW1A 1AA",
        number="1Z999AA10123456784",
    )


def by_order(client: Client, order: str, email: str, **extra: Any) -> HttpResponse:
    return client.post(HOME, {"by": "order", "order": order, "email": email}, **extra)  # type: ignore[return-value]


def by_number(client: Client, number: str, postcode: str = "", **extra: Any) -> HttpResponse:
    typed = {"by": "number", "number": number, "postcode": postcode}
    return client.post(HOME, typed, **extra)  # type: ignore[return-value]


def body(answer: HttpResponse) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


class TestFindByOrder:
    @pytest.mark.parametrize("order", ["PH-20418", " ph-20418 "])
    def test_opens_the_journey(self, client: Client, parcel: Parcel, order: str) -> None:
        answer = by_order(client, order, "W.Lin@Example.org ")

        assert answer.status_code == 302
        assert answer.headers["Location"] == reverse("track", args=[parcel.token])
        assert b"PH-20418" in client.get(answer.headers["Location"]).content

    def test_shows_the_troubled_parcel_first_and_opens_them_all(
        self, client: Client, parcel: Parcel
    ) -> None:
        lost = ParcelFactory.create(order=parcel.order, status=ParcelStatus.LOST)

        answer = by_order(client, "PH-20418", "w.lin@example.org")

        assert answer.headers["Location"] == reverse("track", args=[lost.token])
        assert b"PH-20418" in client.get(reverse("track", args=[parcel.token])).content

    def test_an_order_still_being_packed_says_so(self, client: Client) -> None:
        order = OrderFactory.create()

        answer = by_order(client, order.number, order.email)

        assert answer.status_code == 200
        assert b"Being packed" in answer.content

    def test_an_order_still_being_packed_says_by_when_it_leaves_and_what_is_in_it(
        self, client: Client
    ) -> None:
        # Placed on Monday at noon; two working days on is Wednesday.
        order = OrderFactory.create(placed_at=NOON)
        OrderLineFactory.create(order=order, title="Celadon teapot", quantity=3)

        page = by_order(client, order.number, order.email).content.decode().replace("\u00a0", " ")

        assert '<h1 id="h">Being packed: leaves by Wed 4 March</h1>' in page
        assert "<title>Being packed: leaves by Wed 4 March - Pine &amp; Harbour</title>" in page
        assert "Leaves by: Wednesday 4 March 2026" in page
        assert "you hear from us on that day and may cancel free" in page
        assert "Celadon teapot" in page
        assert "× 3" in page

    def test_an_order_that_should_have_left_says_what_we_noticed_and_no_past_day(
        self, client: Client
    ) -> None:
        order = OrderFactory.create(placed_at=NOON - timedelta(days=7))
        before = by_order(client, order.number, order.email).content.decode()
        Anomaly.objects.create(
            order=order, kind="not_shipped", severity=3, is_public=True, opened_at=NOON,
            since=order.placed_at, next_at=NOON + timedelta(days=3),
        )  # fmt: skip

        after = by_order(client, order.number, order.email).content.decode()

        for page in (before, after):
            assert '<h1 id="h">Being packed</h1>' in page
            assert "stamp" not in page
        assert "Your order has not left yet" in after
        assert "by Thu 5 Mar" in after

    def test_unknown_and_wrong_are_one_answer_for_the_same_work(
        self, client: Client, parcel: Parcel
    ) -> None:
        seen = []
        for order, email in [("PH-20418", "x.lin@example.org"), ("PH-99999", "x.lin@example.org")]:
            with CaptureQueriesContext(connection) as queries:
                answer = by_order(client, order, email)
            assert answer.status_code == 422
            shapes = [re.sub(r"'[^']*'", "?", query["sql"]) for query in queries]
            seen.append((body(answer).replace(order, "#"), shapes))

        assert seen[0] == seen[1]
        assert access.COOKIE not in client.cookies
        assert "We cannot find that order with that e-mail." in seen[0][0]

    def test_mistakes_come_back_with_what_was_typed(self, client: Client) -> None:
        answer = by_order(client, "", "w.lin")

        page = body(answer)
        assert answer.status_code == 422
        assert "<title>Error: Find my parcel" in page
        assert 'href="#find-order"' in page
        assert 'href="#find-email"' in page
        assert 'value="w.lin"' in page
        assert page.count('aria-invalid="true"') == 2
        assert "Enter an order number that starts with PH" in page

    @pytest.mark.parametrize("order", ["\x00", "'; drop table", "9" * 65, "𝕏"])
    def test_strange_input_is_answered_kindly(self, client: Client, order: str) -> None:
        assert by_order(client, order, "w@example.org").status_code == 422


class TestFindByNumber:
    @pytest.mark.parametrize(
        "number", ["1z999-aa1 0123456784", "１Ｚ９９９ＡＡ１０１２３４５６７８４"]
    )
    def test_a_number_alone_opens_the_status_only(
        self, client: Client, parcel: Parcel, number: str
    ) -> None:
        answer = by_number(client, number)

        assert answer.headers["Location"] == reverse("track", args=[parcel.token])
        assert b"PH-20418" not in client.get(answer.headers["Location"]).content

    def test_with_its_postcode_it_opens_the_journey(self, client: Client, parcel: Parcel) -> None:
        answer = by_number(client, parcel.number, "sw1a1aa")

        assert b"PH-20418" in client.get(answer.headers["Location"]).content

    def test_unknown_and_wrong_postcode_are_one_answer_for_the_same_work(
        self, client: Client, parcel: Parcel
    ) -> None:
        seen = []
        for number in (parcel.number, "1Z999AA10123450002"):
            with CaptureQueriesContext(connection) as queries:
                answer = by_number(client, number, "97201")
            assert answer.status_code == 422
            shapes = [re.sub(r"'[^']*'", "?", query["sql"]) for query in queries]
            seen.append((body(answer).replace(number, "#"), shapes))

        assert seen[0] == seen[1]

    def test_an_empty_postcode_on_file_matches_nothing(self, client: Client) -> None:
        parcel = ParcelFactory.create(order__postcode="")

        assert by_number(client, parcel.number, "-").status_code == 422

    @pytest.mark.parametrize("number", ["", "12", "运单", "9" * 81])
    def test_what_is_no_number_is_told_so(self, client: Client, number: str) -> None:
        answer = by_number(client, number)

        assert answer.status_code == 422
        assert 'href="#find-number"' in body(answer)

    @pytest.mark.parametrize(
        ("number", "sentence", "is_doubtful"),
        [
            ("1Z 999 AA1 0123450002", "Looks like UPS.", False),
            ("1Z999AA10123450003", "Looks like UPS.", True),
            ("12345", "", False),
        ],
    )
    def test_an_unknown_number_is_told_whose_it_looks_like(
        self, client: Client, number: str, sentence: str, is_doubtful: bool
    ) -> None:
        answer = by_number(client, number)

        page = body(answer)
        assert answer.status_code == 422
        assert "We cannot find that tracking number." in page
        assert ("Looks like" in page) == bool(sentence)
        assert sentence in page
        assert ("One digit may be wrong: check the number." in page) == is_doubtful

    def test_a_wrong_check_digit_never_blocks(self, client: Client) -> None:
        parcel = ParcelFactory.create(number="1Z999AA10123450003")

        answer = by_number(client, parcel.number)

        assert answer.headers["Location"] == reverse("track", args=[parcel.token])


class TestHint:
    def hint(self, client: Client, number: str, **extra: Any) -> HttpResponse:
        return client.get(reverse("recognise"), {"number": number}, **extra)  # type: ignore[return-value]

    def test_names_the_carrier_while_the_number_is_typed(self, client: Client) -> None:
        answer = self.hint(client, "１ｚ999aa10123450002")

        assert answer.status_code == 200
        assert body(answer).strip().endswith("Looks like UPS.</p>")
        assert "<html" not in body(answer)
        assert "no-store" in answer.headers["Cache-Control"]

    def test_speaks_chinese(self, client: Client) -> None:
        answer = self.hint(client, "SF1234567890123", headers={"accept-language": "zh-Hans"})

        assert "顺丰速运" in body(answer)

    @pytest.mark.parametrize("number", ["", "12", "运单", "\x00", "<script>", "9" * 5000])
    def test_says_nothing_where_nobody_can_tell(self, client: Client, number: str) -> None:
        answer = self.hint(client, number)

        assert answer.status_code in {200, 400}
        assert "Looks like" not in body(answer)
        assert "<script>" not in body(answer)

    def test_ends_after_a_hundred_and_twenty_in_ten_minutes(self, client: Client) -> None:
        codes = [self.hint(client, "1Z").status_code for _ in range(121)]

        assert codes == [200] * 120 + [429]
        assert self.hint(client, "1Z", REMOTE_ADDR="198.51.100.7").status_code == 200

    def test_the_form_asks_for_it_and_works_without(self, client: Client) -> None:
        page = body(client.get(HOME, {"by": "number"}))  # type: ignore[arg-type]

        assert 'hx-get="/recognise/"' in page
        assert 'id="find-seen" role="status"' in page


class TestLimits:
    def test_five_wrong_tries_at_a_number_from_anywhere_are_the_last(
        self, client: Client, parcel: Parcel
    ) -> None:
        codes = [
            by_order(
                client, "PH-20418", f"guess{n}@example.org", REMOTE_ADDR=f"198.51.100.{n}"
            ).status_code
            for n in range(7)
        ]

        assert codes == [422] * 5 + [429] * 2
        right = by_order(client, "ph-20418", "w.lin@example.org", REMOTE_ADDR="198.51.100.99")
        assert right.status_code == 429

    def test_a_forged_forwarding_header_does_not_help(self, client: Client, parcel: Parcel) -> None:
        codes = {
            by_number(
                client, f"1Z{n:08}", headers={"x-forwarded-for": f"203.0.113.{n}"}
            ).status_code
            for n in range(31)
        }

        assert codes == {422, 429}

    def test_walking_through_numbers_ends_after_thirty(
        self, client: Client, parcel: Parcel
    ) -> None:
        codes = [by_number(client, f"1Z{n:08}").status_code for n in range(32)]

        assert codes == [422] * 30 + [429] * 2
        elsewhere = by_number(client, parcel.number, REMOTE_ADDR="198.51.100.7")
        assert elsewhere.status_code == 302

    def test_finding_it_gives_the_tries_back(self, client: Client, parcel: Parcel) -> None:
        for _ in range(3):
            for _ in range(4):
                by_order(client, "PH-20418", "guess@example.org")
            assert by_order(client, "PH-20418", "w.lin@example.org").status_code == 302

    def test_too_many_says_how_long_to_wait(self, client: Client) -> None:
        for n in range(30):
            by_number(client, f"1Z{n:08}")

        answer = by_number(client, "1Z00000000")

        assert answer.headers["Retry-After"] == "600"
        assert b"Wait 10 minutes" in answer.content
