"""The merchant's systems read claims, and file those a shopper told them of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from claims.models import Claim, InternalNote
from claims.services import conversation
from claims.states import ClaimState
from tests.factories.claims import ClaimFactory, agent, delivered_parcel
from tests.factories.tracking import NOON
from tests.tracking.api.test_merchant import call
from tracking.models import Parcel

pytestmark = pytest.mark.django_db

PATH = "/api/v1/claims/"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def get(path: str, scopes: tuple[str, ...] = ("claims:read",)) -> Any:
    return call("GET", path, scopes=scopes)


class TestList:
    def test_shows_what_was_sent_the_newest_first_and_pages(self) -> None:
        made = [ClaimFactory.create(in_review=True) for _ in range(3)]
        ClaimFactory.create(filled=True)

        newest = made[2]
        assert newest.parcel is not None

        first = get(f"{PATH}?limit=2").json()
        rest = get(f"{PATH}?limit=2&before={first['next']}").json()

        assert [row["ref"] for row in first["claims"]] == [made[2].ref, made[1].ref]
        assert [row["ref"] for row in rest["claims"]] == [made[0].ref]
        assert rest["next"] is None
        assert first["claims"][0] == {
            "ref": made[2].ref,
            "order": made[2].order.number,
            "parcel": newest.parcel.number,
            "reason": "damaged",
            "wish": "refund",
            "severity": 3,
            "state": "under_review",
            "public_status": {"key": "checking", "label": "Being checked"},
            "waits_for": "agent",
            "due_at": "2026-03-05T12:00:00Z",
            "currency": "USD",
            "amounts": {
                "claimed_minor": 5500,
                "assessed_minor": 0,
                "approved_minor": 0,
                "executed_minor": 0,
            },
            "submitted_at": "2026-03-02T12:00:00Z",
            "decided_at": None,
            "resolved_at": None,
        }

    def test_keeps_to_an_order_and_to_states(self) -> None:
        reviewed, offered = (
            ClaimFactory.create(in_review=True),
            ClaimFactory.create(offered=True),
        )

        by_order = get(f"{PATH}?order={reviewed.order.number}").json()["claims"]
        by_state = get(f"{PATH}?state=offered&state=rejected").json()["claims"]

        assert [row["ref"] for row in by_order] == [reviewed.ref]
        assert [row["ref"] for row in by_state] == [offered.ref]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("state=draft", "state"),
            ("state=nonsense", "state"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=many", "limit"),
            ("before=AM-0000-0000", "before"),
        ],
    )
    def test_names_what_is_wrong_with_a_question(self, query: str, field: str) -> None:
        answer = get(f"{PATH}?{query}")

        assert answer.status_code == 400
        assert [row["field"] for row in answer.json()["errors"]] == [field]

    def test_asks_for_the_scope(self) -> None:
        assert get(PATH, scopes=("orders:read",)).status_code == 403
        assert call("POST", PATH, {}, scopes=("claims:read",)).status_code == 403


class TestRead:
    def test_tells_promises_steps_and_what_each_party_may_do(self) -> None:
        claim = ClaimFactory.create(offered=True)

        told = get(f"{PATH}{claim.ref}/").json()

        line = claim.order.lines.get()
        assert told["items"] == [
            {"line": line.position, "sku": line.sku, "quantity": 1, "price_minor": 5000}
        ]
        assert [(row["kind"], row["due_at"]) for row in told["promises"]] == [
            ("reply", "2026-03-03T12:00:00Z"),
            ("decide", "2026-03-05T12:00:00Z"),
            ("legal", "2026-03-09T12:00:00Z"),
        ]
        assert told["promises"][1]["calendar"] == "Monday to Friday, 09:00 to 18:00 (UTC)"
        assert told["promises"][1]["met_at"] == "2026-03-02T14:00:00Z"
        assert [row["verb"] for row in told["steps"]] == ["submit", "offer"]
        shopper, system = told["parties"]
        assert shopper["party"] == "shopper"
        assert shopper["actions"][0] == {
            "verb": "accept",
            "label": "Accept the offer",
            "due_at": "2026-03-09T14:00:00Z",
            "is_mandatory": True,
            "needs": [],
        }
        assert [row["verb"] for row in shopper["actions"]] == [
            "accept", "counter", "appeal", "withdraw"
        ]  # fmt: skip
        assert (system["party"], [row["verb"] for row in system["actions"]]) == (
            "system", ["expire"]
        )  # fmt: skip
        assert told["assessment"]["number"] == 1
        assert told["assessment"]["amount_minor"] == told["amounts"]["assessed_minor"]

    def test_never_tells_what_people_wrote_or_who_they_are(self) -> None:
        claim = ClaimFactory.create(offered=True)
        desk = agent("secret-agent@example.org")
        conversation.note(claim=claim, author=desk, body="He always lies.", now=NOON)
        conversation.write(
            claim=claim, author=desk, role="agent", body="Dear customer", send_key=uuid4(), now=NOON
        )
        Claim.objects.filter(pk=claim.pk).update(story="My grandmother's cup")

        text = get(f"{PATH}{claim.ref}/").content.decode()

        assert InternalNote.objects.filter(claim=claim).exists()
        for secret in ("lies", "Dear customer", "grandmother", "secret-agent", claim.shopper.email):
            assert secret not in text
        assert claim.decision_text not in text
        assert "It can still be used." not in text

    @pytest.mark.parametrize("ref", ["AM-NONE-NONE", "x%00y", "draft"])
    def test_knows_no_other(self, ref: str) -> None:
        draft = ClaimFactory.create(filled=True)

        answer = get(f"{PATH}{draft.ref if ref == 'draft' else ref}/")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith(
            "application/problem+json" if "%" not in ref else ""
        )


def told_claim(of: Parcel, **changes: Any) -> dict[str, Any]:
    line = of.order.lines.get()
    return {
        "key": str(uuid4()),
        "order": of.order.number,
        "parcel": of.number,
        "channel": "phone",
        "reason": "damaged",
        "lines": [{"sku": line.sku, "quantity": 1}],
        "story": "The handle is off.",
        "wish": "refund",
    } | changes


def post(body: Any) -> Any:
    return call("POST", PATH, body, scopes=("claims:write",))


class TestFile:
    def test_new_is_201_and_again_is_200(self) -> None:
        parcel = delivered_parcel(quantity=2)
        body = told_claim(parcel)

        first, again = post(body), post(body)

        assert [first.status_code, again.status_code] == [201, 200], first.content
        assert first.json()["ref"] == again.json()["ref"]
        claim = Claim.objects.get()
        assert (claim.state, claim.channel, claim.claimed_minor) == ("submitted", "phone", 5000)
        step = claim.transitions.get()
        assert (step.role, step.actor, step.diff["sender"]) == ("system", None, "shop")
        assert step.request_id == first.headers["X-Request-ID"]

    def test_outside_the_window_is_409_and_leaves_nothing(self) -> None:
        parcel = delivered_parcel()
        with time_machine.travel(NOON + timedelta(days=900), tick=False):
            answer = post(told_claim(parcel))

        assert answer.status_code == 409
        assert [row["field"] for row in answer.json()["errors"]] == ["reason"]
        assert not Claim.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"order": "PH-0"}, "order"),
            ({"parcel": "NOPE"}, "parcel"),
            ({"reason": "mood"}, "reason"),
            ({"wish": "the moon"}, "wish"),
            ({"channel": "web"}, "channel"),
            ({"lines": []}, "lines"),
            ({"lines": [{"sku": "NOPE", "quantity": 1}]}, "lines[0].sku"),
            ({"lines": [{"line": 9, "quantity": 1}]}, "lines[0].line"),
            ({"lines": [{"line": 1, "quantity": 9}]}, "lines"),
            ({"key": "17"}, "key"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, changes: dict[str, Any], field: str) -> None:
        parcel = delivered_parcel()

        answer = post(told_claim(parcel, **changes))

        assert answer.status_code == 400, answer.content
        assert [row["field"] for row in answer.json()["errors"]] == [field]
        assert not Claim.objects.filter(state=ClaimState.SUBMITTED).exists()

    def test_one_thing_is_claimed_once(self) -> None:
        parcel = delivered_parcel()
        assert post(told_claim(parcel)).status_code == 201

        answer = post(told_claim(parcel))

        assert answer.status_code in {400, 409}
        assert Claim.objects.filter(submitted_at__isnull=False).count() == 1

    def test_a_key_of_another_order_is_refused(self) -> None:
        one, other = delivered_parcel(), delivered_parcel()
        body = told_claim(one)
        post(body)

        answer = post(told_claim(other, key=body["key"]))

        assert answer.status_code == 409
        assert [row["field"] for row in answer.json()["errors"]] == ["key"]
