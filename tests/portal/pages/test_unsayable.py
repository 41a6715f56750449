"""What no row can hold is refused, not broken on."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from portal.pages.unsayable import Unsayable
from tests.factories.claims import ClaimFactory, agent
from tests.factories.tracking import ConnectionFactory

pytestmark = pytest.mark.django_db


class TestAddress:
    @pytest.mark.parametrize(
        "path", ["/photos/%00/large/", "/claims/a%00/", "/t/%00/", "/admin/claims/claim/%00/"]
    )
    def test_with_a_nul_is_not_found(self, client: Client, path: str) -> None:
        assert client.get(path).status_code == 404

    def test_of_no_connection_is_not_found_by_a_carrier_either(self, client: Client) -> None:
        ConnectionFactory.create(slug="ups")

        answer = client.post("/hooks/carriers/u%00ps/", b"{}", content_type="application/json")

        assert answer.status_code == 404

    def test_that_a_filter_cannot_hold_is_refused(self, client: Client, settings) -> None:
        settings.DEMO = True
        client.force_login(agent())

        assert client.get("/admin/claims/claim/?state__exact=%00").status_code == 400


class TestForm:
    def test_with_a_nul_is_refused_and_keeps_nothing(self, client: Client) -> None:
        claim = ClaimFactory.create(needs_info=True)
        client.force_login(claim.shopper)

        answer = client.post(
            f"/claims/{claim.ref}/answer/",
            {"body": "x", "send_key": uuid4(), "do": "remove-\x00"},
        )

        assert answer.status_code == 400
        assert not claim.messages.exists()


class TestOtherFaults:
    def test_are_left_to_others(self, rf: RequestFactory) -> None:
        gate = Unsayable(lambda _request: pytest.fail("not asked"))

        assert gate.process_exception(rf.get("/"), ValueError("ours")) is None

    def test_a_value_too_large_for_its_column_is_refused(self, rf: RequestFactory) -> None:
        gate = Unsayable(lambda _request: pytest.fail("not asked"))
        with pytest.raises(Exception) as caught, connection.cursor() as cursor:  # noqa: PT011
            cursor.execute("select 1::smallint / 1 * 99999::int::smallint")

        answer = gate.process_exception(rf.get("/"), caught.value)

        assert answer is not None
        assert answer.status_code == 400
