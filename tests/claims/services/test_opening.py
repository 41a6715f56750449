"""Claims that begin with a trouble we saw ourselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from claims import reactions
from claims.models import Claim
from claims.services import claims, opening
from claims.services.refusals import NotNow, NotYours
from claims.states import Channel, ClaimReason, ClaimState
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox.models import Event
from tests.factories.claims import delivered_parcel
from tests.factories.tracking import NOON, OrderFactory, OrderLineFactory, ParcelFactory
from tracking.models import Anomaly, Parcel, ParcelLine

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def silent(**facts: Any) -> Parcel:
    """Make a parcel that has not been heard of for nine days, with two mugs in it."""
    known = {"status": "in_transit", "last_scan_at": NOON - 9 * DAY, "promised_at": NOON - 5 * DAY}
    parcel = ParcelFactory.create(
        order=OrderFactory.create(captured_minor=20_000, placed_at=NOON - 20 * DAY),
        **known | facts,
    )
    line = OrderLineFactory.create(order=parcel.order, quantity=2)
    ParcelLine.objects.create(parcel=parcel, order_line=line, quantity=2)
    return parcel


def lost(parcel: Parcel, kind: str = "suspected_lost", **facts: Any) -> Anomaly:
    return Anomaly.objects.create(parcel=parcel, kind=kind, opened_at=NOON - DAY, **facts)


def opened(parcel: Parcel) -> Claim:
    claim = opening.open_for_loss(anomaly_id=lost(parcel).pk, now=NOON)
    assert claim is not None
    return claim


class TestSuggest:
    @pytest.mark.parametrize(
        ("kind", "facts", "reason", "chosen"),
        [
            ("suspected_lost", {}, ClaimReason.LOST, {0: 2}),
            ("past_eta", {}, ClaimReason.DELAYED, {0: 2}),
            ("damaged", {"status": "delivered", "delivered_at": NOON - DAY},
             ClaimReason.DAMAGED, {}),
            ("delivered_disputed", {"status": "delivered", "delivered_at": NOON - 4 * DAY},
             ClaimReason.DELIVERED_NOT_RECEIVED, {0: 2}),
            ("returned", {"status": "returned", "status_at": NOON - DAY},
             ClaimReason.RETURNED_TO_SENDER, {0: 2}),
            ("refused", {"status": "returning", "status_at": NOON - DAY, "reason": "refused"},
             ClaimReason.REFUSED, {0: 2}),
        ],
    )  # fmt: skip
    def test_reads_a_reason_from_a_trouble(
        self, kind: str, facts: dict[str, Any], reason: ClaimReason, chosen: dict[int, int]
    ) -> None:
        parcel = silent(**facts)
        anomaly = lost(parcel, kind)
        (line,) = parcel.lines.all()

        found = opening.suggest(parcel=parcel, now=NOON)

        assert found is not None
        assert (found.reason, found.anomaly) == (reason, anomaly)
        assert dict(found.quantities) == ({line.order_line_id: 2} if chosen else {})
        assert found.why.startswith("We noticed it ourselves: ")

    def test_takes_the_surest_of_several(self) -> None:
        parcel = silent()
        lost(parcel, "past_eta")
        lost(parcel, "suspected_lost")

        found = opening.suggest(parcel=parcel, now=NOON)

        assert found is not None
        assert found.reason == ClaimReason.LOST

    def test_says_nothing_about_what_is_over_or_may_not_be_reported(self) -> None:
        parcel = silent(last_scan_at=NOON - DAY, promised_at=None)
        lost(parcel, "stalled")
        lost(parcel, "past_eta", cleared_at=NOON)

        assert opening.suggest(parcel=parcel, now=NOON) is None

    def test_of_an_order_that_was_never_sent(self) -> None:
        order = OrderFactory.create()
        line = OrderLineFactory.create(order=order, quantity=3)
        anomaly = Anomaly.objects.create(order=order, kind="out_of_stock", opened_at=NOON - DAY)

        draft = opening.begin(order=order, shopper=order.shopper, language="en", now=NOON)

        assert (draft.reason, draft.anomaly, draft.parcel) == ("not_shipped", anomaly, None)
        assert list(draft.lines.values_list("order_line", "quantity")) == [(line.pk, 3)]


class TestBegin:
    def test_fills_a_new_draft_in_and_leaves_an_old_one_alone(self) -> None:
        parcel = silent()
        whose: dict[str, Any] = {
            "parcel": parcel,
            "shopper": parcel.order.shopper,
            "language": "en",
            "now": NOON,
        }
        mine = claims.begin(**whose)
        claims.tell(claim=mine, reason="delayed", now=NOON)
        lost(parcel)

        assert opening.begin(**whose).reason == "delayed"
        claims.withdraw(claim=mine, actor=mine.shopper, now=NOON)
        fresh = opening.begin(**whose)

        assert (fresh.reason, fresh.channel, fresh.state) == ("lost", "web", ClaimState.DRAFT)
        assert [line.quantity for line in fresh.lines.all()] == [2]


class TestOpenForLoss:
    def test_prepares_everything_and_asks_for_one_press(self) -> None:
        parcel = silent()

        claim = opened(parcel)

        assert (claim.state, claim.channel, claim.reason, claim.wish) == (
            ClaimState.DRAFT, Channel.SYSTEM, "lost", "refund",
        )  # fmt: skip
        assert claims.missing(claim=claim) == []
        told = Event.objects.get(name="claims.claim_prepared").payload
        assert (told["to"], told["number"], told["items"]) == (
            claim.shopper_id, parcel.number, ["Enamel mug × 2"],
        )  # fmt: skip
        assert (told["amount_minor"], told["currency"]) == (10_500, "USD")
        # Until the end of the 30th day after it was taken for lost, where it was going.
        assert claim.due_at == datetime(2026, 4, 1, 7, tzinfo=UTC)
        assert told["until"] == claim.due_at.isoformat()

    def test_once_an_episode_however_often_it_is_told(self) -> None:
        parcel = silent()
        anomaly = lost(parcel)
        first = opening.open_for_loss(anomaly_id=anomaly.pk, now=NOON)
        assert first is not None
        claims.withdraw(claim=first, actor=first.shopper, now=NOON)

        assert opening.open_for_loss(anomaly_id=anomaly.pk, now=NOON) is None

        assert Event.objects.filter(name="claims.claim_prepared").count() == 1
        anomaly.cleared_at = NOON
        anomaly.save()
        assert opening.open_for_loss(anomaly_id=lost(parcel).pk, now=NOON) is not None

    @pytest.mark.parametrize("kind", ["stalled", "past_eta", "refused"])
    def test_not_for_another_trouble(self, kind: str) -> None:
        assert opening.open_for_loss(anomaly_id=lost(silent(), kind).pk, now=NOON) is None

    def test_not_beside_the_shoppers_own_draft_or_claim(self) -> None:
        parcel = silent()
        mine = claims.begin(parcel=parcel, shopper=parcel.order.shopper, language="en", now=NOON)

        assert opening.open_for_loss(anomaly_id=lost(parcel).pk, now=NOON) is None
        mine.refresh_from_db()
        assert (mine.channel, mine.reason) == ("web", "")

    def test_not_for_what_was_delivered_or_lies_too_far_back(self) -> None:
        delivered = delivered_parcel()
        old = silent(last_scan_at=NOON - 99 * DAY)
        anomaly = lost(old)
        Anomaly.objects.filter(pk=anomaly.pk).update(opened_at=NOON - 60 * DAY)

        assert opening.open_for_loss(anomaly_id=lost(delivered).pk, now=NOON) is None
        assert opening.open_for_loss(anomaly_id=anomaly.pk, now=NOON) is None
        assert not Claim.objects.exists()


class TestConfirm:
    def test_one_press_sends_it_and_a_second_changes_nothing(self) -> None:
        claim, key = opened(silent()), uuid4()

        for _press in range(2):
            opening.confirm(claim=claim, actor=claim.shopper, key=key, now=NOON)

        assert (claim.state, claim.claimed_minor) == (ClaimState.SUBMITTED, 10_500)
        assert claim.transitions.count() == 1
        assert Event.objects.filter(name="claims.claim_filed").count() == 1

    def test_is_for_its_shopper_only(self) -> None:
        claim = opened(silent())

        with pytest.raises(NotYours):
            opening.confirm(
                claim=claim, actor=User.objects.create_user("x@example.org"), key=uuid4(), now=NOON
            )

        claim.refresh_from_db()
        assert claim.state == ClaimState.DRAFT

    def test_is_for_claims_that_we_opened(self) -> None:
        parcel = silent()
        mine = claims.begin(parcel=parcel, shopper=parcel.order.shopper, language="en", now=NOON)

        with pytest.raises(NotNow):
            opening.confirm(claim=mine, actor=mine.shopper, key=uuid4(), now=NOON)

    def test_comes_too_late_once_the_parcel_is_found(self) -> None:
        claim = opened(silent())
        Anomaly.objects.update(cleared_at=NOON)
        opening.let_go(anomaly_id=claim.anomaly_id or 0, now=NOON)

        with pytest.raises(NotNow):
            opening.confirm(claim=claim, actor=claim.shopper, key=uuid4(), now=NOON)


class TestLetGo:
    def test_takes_an_unsent_one_back_without_a_word(self) -> None:
        claim = opened(silent())
        Anomaly.objects.update(cleared_at=NOON)

        opening.let_go(anomaly_id=claim.anomaly_id or 0, now=NOON)

        claim.refresh_from_db()
        assert claim.state == ClaimState.WITHDRAWN
        step = claim.transitions.get()
        assert (step.role, step.reason_code, step.visible_to_shopper) == (
            Role.SYSTEM, "parcel_found", False,
        )  # fmt: skip
        assert list(Event.objects.values_list("name", flat=True)) == ["claims.claim_prepared"]

    def test_leaves_a_sent_one_to_the_desk(self) -> None:
        claim = opened(silent())
        opening.confirm(claim=claim, actor=claim.shopper, key=uuid4(), now=NOON)
        Anomaly.objects.update(cleared_at=NOON)

        assert opening.let_go(anomaly_id=claim.anomaly_id or 0, now=NOON) is None
        claim.refresh_from_db()
        assert claim.state == ClaimState.SUBMITTED

    def test_leaves_what_the_shopper_made_of_it(self) -> None:
        claim = opened(silent())
        claims.tell(claim=claim, reason="delayed", now=NOON)
        Anomaly.objects.update(cleared_at=NOON)

        assert opening.let_go(anomaly_id=claim.anomaly_id or 0, now=NOON) is None
        claim.refresh_from_db()
        assert (claim.state, claim.reason) == (ClaimState.DRAFT, "delayed")

    def test_waits_while_another_trouble_says_it_is_lost(self) -> None:
        parcel = silent()
        claim = opened(parcel)
        Anomaly.objects.update(cleared_at=NOON)
        lost(parcel, "lost")

        assert opening.let_go(anomaly_id=claim.anomaly_id or 0, now=NOON) is None


class TestReactions:
    def event(self, anomaly: Anomaly, **facts: Any) -> Event:
        known = {"anomaly_id": anomaly.pk, "parcel_id": anomaly.parcel_id, "kind": anomaly.kind}
        return Event(name="x", payload=known | facts)

    def test_open_and_let_go_however_often_they_run(self, time_machine: Any) -> None:
        time_machine.move_to(NOON)
        anomaly = lost(silent())
        for _time in range(2):
            reactions.open_for_loss(self.event(anomaly))
        assert Claim.objects.get().state == ClaimState.DRAFT
        Anomaly.objects.update(cleared_at=NOON)

        reactions.let_go(self.event(anomaly, cleared_by="hand"))
        assert Claim.objects.get().state == ClaimState.DRAFT
        for _time in range(2):
            reactions.let_go(self.event(anomaly, cleared_by="news"))

        assert Claim.objects.get().state == ClaimState.WITHDRAWN

    def test_order_troubles_open_nothing(self) -> None:
        order = OrderFactory.create()
        anomaly = Anomaly.objects.create(order=order, kind="not_shipped", opened_at=NOON)

        reactions.open_for_loss(self.event(anomaly, parcel_id=0))

        assert not Claim.objects.exists()
