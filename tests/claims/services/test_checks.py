"""Nine reasons: what may be reported when, what each wants to see, and what else is possible."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from claims.models import Claim, ClaimUnit, EvidenceAsk, ReasonPolicy, Statement
from claims.services import checks, claims, policies
from claims.services.refusals import NotYours
from claims.services.steps import UnitsTaken
from claims.states import ClaimReason, ClaimState, UnitAbout, Wish
from portal.accounts.models import User
from tests.factories.claims import (
    ClaimFactory,
    EvidenceFactory,
    delivered_parcel,
    fill,
    policy,
)
from tests.factories.tracking import (
    NOON,
    OrderFactory,
    OrderLineFactory,
    ParcelFactory,
    SightingFactory,
)
from tracking.models import Order, Parcel, ParcelLine, ParcelMilestone, Threshold

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def packed(*, quantity: int = 2, line: dict[str, Any] | None = None, **facts: Any) -> Parcel:
    """Make a parcel as facts say, with so many of one thing in it."""
    parcel = ParcelFactory.create(**facts)
    sold = OrderLineFactory.create(order=parcel.order, quantity=quantity, **(line or {}))
    ParcelLine.objects.create(parcel=parcel, order_line=sold, quantity=quantity)
    return parcel


def begin(parcel: Parcel | None = None, order: Order | None = None) -> Claim:
    whose = parcel.order if parcel else order
    assert whose is not None
    return claims.begin(parcel=parcel, order=order, shopper=whose.shopper, language="en", now=NOON)


def option(reason: str, *, now: datetime = NOON, **about: Any) -> checks.ReasonOption:
    (found,) = [one for one in checks.options(now=now, **about) if one.reason == reason]
    return found


class TestOptions:
    def test_a_parcel_delivered_yesterday(self) -> None:
        found = {one.reason: one for one in checks.options(parcel=delivered_parcel(), now=NOON)}

        assert {reason: (one.is_open, one.why) for reason, one in found.items()} == {
            "damaged": (True, ""),
            "lost": (False, "The carrier says it was delivered."),
            "delivered_not_received": (False, "You can report this from Tue 3 Mar."),
            "wrong_item": (True, ""),
            "missing_item": (True, ""),
            "delayed": (False, "It came by the day we promised, or within a day of it."),
            "refused": (False, "The carrier has not told us that it was refused."),
            "returned_to_sender": (
                False, "The carrier has not told us that it is on its way back."
            ),
            "not_shipped": (False, "It has been sent: the carrier has scanned it."),
        }  # fmt: skip

    def test_days_are_those_of_the_place_it_goes_to(self) -> None:
        at = datetime(2026, 3, 1, 3, tzinfo=UTC)
        known: dict[str, Any] = {"status": "delivered", "status_at": at, "delivered_at": at}
        portland = packed(**known)
        shanghai = packed(
            order=OrderFactory.create(country="CN", city="上海", postcode="200000"), **known
        )

        assert option("wrong_item", parcel=portland).last_day == date(2026, 3, 15)
        assert option("wrong_item", parcel=portland).closes_at == datetime(
            2026, 3, 16, 7, tzinfo=UTC
        )
        assert option("wrong_item", parcel=shanghai).last_day == date(2026, 3, 16)
        assert option("wrong_item", parcel=shanghai).closes_at == datetime(
            2026, 3, 16, 16, tzinfo=UTC
        )

    def test_days_are_those_of_the_policy_where_it_names_a_zone(self) -> None:
        parcel = delivered_parcel()
        ReasonPolicy.objects.filter(reason="wrong_item").update(zone="Asia/Tokyo")

        assert option("wrong_item", parcel=parcel).closes_at == datetime(
            2026, 3, 16, 15, tzinfo=UTC
        )

    def test_a_parcel_from_abroad_is_waited_for_longer(self, settings: Any) -> None:
        settings.HOME_COUNTRY = "CN"
        scan: dict[str, Any] = {"status": "in_transit", "last_scan_at": NOON, "promised_at": None}

        assert option("lost", parcel=packed(**scan)).why == "You can report this from Sun 22 Mar."
        settings.HOME_COUNTRY = "US"
        assert option("lost", parcel=packed(**scan)).why == "You can report this from Mon 9 Mar."

    def test_an_hour_is_named_where_it_counts(self) -> None:
        parcel = packed(status="in_transit", last_scan_at=NOON, promised_at=NOON)

        # 48 hours after the promise, at four in the morning in Portland.
        assert option("lost", parcel=parcel).why == "You can report this from Wed 4 Mar, 04:00."
        with translation.override("zh-hans"):
            assert "3 月 4 日周三" in option("lost", parcel=parcel).why

    def test_only_sealed_scans_open_the_way_for_a_refusal(self) -> None:
        parcel = packed(status="returning", status_at=NOON - 2 * DAY, last_scan_at=NOON)
        hint = SightingFactory.create(parcel=parcel, reason="refused", is_hint=True)

        assert not option("refused", parcel=parcel).is_open
        type(hint).objects.filter(pk=hint.pk).update(is_hint=False)
        found = option("refused", parcel=parcel)
        assert (found.is_open, found.opens_at) == (True, hint.occurred_at)

    def test_the_first_scan_on_the_way_back_opens_a_return(self) -> None:
        parcel = packed(status="returned", status_at=NOON, last_scan_at=NOON)
        ParcelMilestone.objects.create(
            parcel=parcel, leg=1, status="returning", reached_at=NOON - 9 * DAY, noticed_at=NOON
        )

        assert option("returned_to_sender", parcel=parcel).opens_at == NOON - 9 * DAY
        assert option("lost", parcel=parcel).why == "It is not lost: it is on its way back to us."

    def test_a_label_without_a_scan_is_not_sent(self) -> None:
        Threshold.objects.filter(kind="not_shipped").delete()
        Threshold.objects.create(
            kind="not_shipped", level=1, anchor="placed", amount=2, unit="business_days"
        )
        parcel = packed(status="info_received", last_scan_at=NOON - DAY, status_at=NOON - DAY)

        # Placed Wed 25 Feb at noon: two working days later is Fri 27 Feb.
        assert option("not_shipped", parcel=parcel).opens_at == datetime(
            2026, 2, 27, 12, tzinfo=UTC
        )
        assert option("not_shipped", parcel=parcel, now=NOON + 400 * DAY).is_open

    def test_of_an_order_that_has_no_parcel_there_is_one_reason(self) -> None:
        order = OrderFactory.create()
        OrderLineFactory.create(order=order, quantity=3)

        assert [one.reason for one in checks.options(order=order, now=NOON)] == ["not_shipped"]

    def test_a_day_counts_from_midnight_where_the_merchant_is(self, settings: Any) -> None:
        ReasonPolicy.objects.create(
            reason="damaged", code="5.2", valid_from="2026-03-03", text_en="x", text_zh="x"
        )
        late = datetime(2026, 3, 2, 20, tzinfo=UTC)

        assert policies.policy_for(reason="damaged", now=late).code == "4.2"
        settings.TIME_ZONE = "Asia/Shanghai"
        assert policies.policy_for(reason="damaged", now=late).code == "5.2"


class TestAlternatives:
    def test_too_early_says_when_and_what_to_do_until_then(self) -> None:
        parcel = delivered_parcel()

        found = option("delivered_not_received", parcel=parcel)

        assert [(one.kind, one.text) for one in found.alternatives] == [
            ("wait", "Come back on Tue 3 Mar: nothing is lost by waiting until then."),
            ("carrier", f"Ask UPS about parcel {parcel.number}."),
        ]

    def test_what_is_no_loss_may_be_something_else(self) -> None:
        parcel = delivered_parcel()

        found = option("lost", parcel=parcel, now=NOON + 3 * DAY)

        assert [(one.kind, one.reason) for one in found.alternatives] == [
            ("reason", ClaimReason.DELIVERED_NOT_RECEIVED), ("carrier", None), ("contact", None),
        ]  # fmt: skip
        assert found.alternatives[0].text == (
            "Report it as “It says delivered, but I do not have it” instead."
        )

    def test_too_late_says_why_by_which_rule_and_names_a_claim_to_appeal(self) -> None:
        claim = ClaimFactory.create(rejected=True)
        assert claim.decided_at is not None
        late = claim.decided_at + 29 * DAY
        Claim.objects.filter(pk=claim.pk).update(appeal_until=late + DAY)

        found = option("wrong_item", parcel=claim.parcel, now=late)

        assert found.why == (
            "This could be reported until Mon 16 Mar: 15 days after delivery, says rule 4.3."
        )
        assert [(one.kind, one.ref) for one in found.alternatives] == [
            ("reason", ""), ("appeal", claim.ref), ("contact", ""),
        ]  # fmt: skip

    def test_are_in_chinese_for_who_reads_chinese(self) -> None:
        parcel = delivered_parcel()

        with translation.override("zh-hans"):
            found = option("wrong_item", parcel=parcel, now=NOON + 40 * DAY)

        assert "3 月 16 日" in found.why

    def test_a_late_report_of_damage_is_taken_and_marked(self) -> None:
        claim = ClaimFactory.create(filled=True)
        late = NOON + 20 * DAY

        found = option("damaged", parcel=claim.parcel, now=late)
        claims.submit(claim=claim, key=uuid4(), now=late)

        assert (found.is_open, found.is_late) == (True, True)
        assert found.why == (
            "This should have been reported by Sun 8 Mar. We still take it until Tue 31 Mar; a"
            " person then looks at why it took longer."
        )
        claim.refresh_from_db()
        assert (claim.state, claim.is_late) == (ClaimState.SUBMITTED, True)


WANTED = {
    "damaged": ["item", "box", "padding", "label", "serial?"],
    "lost": [],
    "delivered_not_received": ["statement", "place?"],
    "wrong_item": ["item", "label", "slip"],
    "missing_item": ["contents", "box", "seal", "scale?"],
    "delayed": ["need?"],
    "refused": [],
    "returned_to_sender": ["address?"],
    "not_shipped": [],
}


class TestChecklist:
    @pytest.mark.parametrize("reason", ClaimReason.values)
    def test_asks_for_what_the_reason_needs(self, reason: str) -> None:
        claim = ClaimFactory.create()

        fill(claim, reason=reason)

        assert [
            item.ask.kind + ("?" if item.ask.is_optional else "")
            for item in checks.checklist(claim=claim)
        ] == WANTED[reason]

    def test_asks_for_the_box_where_it_was_refused_for_damage(self) -> None:
        claim = fill(ClaimFactory.create(), reason="refused")

        claims.tell(claim=claim, answers={"why": "damaged"}, now=NOON)

        assert [item.ask.kind for item in checks.checklist(claim=claim)] == ["box"]

    def test_asks_for_a_police_report_above_a_worth(self) -> None:
        below = ClaimFactory.create(parcel=delivered_parcel(price_minor=20_000))
        above = ClaimFactory.create(parcel=delivered_parcel(price_minor=20_001))

        for claim in (below, above):
            fill(claim, reason="delivered_not_received")

        assert [item.ask.kind for item in checks.checklist(claim=below)] == ["statement", "place"]
        assert [item.ask.kind for item in checks.checklist(claim=above)] == [
            "statement", "place", "police",
        ]  # fmt: skip

    def test_a_currency_the_rule_does_not_name_is_above_nothing(self) -> None:
        ask = EvidenceAsk(minimum=1, above={"USD": 100})

        assert not checks.asked(ask, answers={}, currency="XAF", worth_minor=10**9)
        assert checks.asked(ask, answers={}, currency="USD", worth_minor=101)
        assert not checks.asked(ask, answers={}, currency="USD", worth_minor=100)


class TestMissing:
    def filled(self) -> Claim:
        claim = fill(ClaimFactory.create(), reason="delivered_not_received")
        claims.tell(claim=claim, answers={"asked": "yes"}, now=NOON)
        return claim

    def test_a_parcel_that_is_marked_delivered_needs_a_look_around_and_a_name(self) -> None:
        claim = fill(ClaimFactory.create(), reason="delivered_not_received")
        look = "Ask your neighbours and look into parcel lockers first, then say so here."
        sign = "Sign with your name: Your statement."

        assert checks.missing(claim=claim) == [look, sign]
        claims.tell(claim=claim, answers={"asked": "no"}, now=NOON)
        assert checks.missing(claim=claim) == [look, sign]
        claims.tell(claim=claim, answers={"asked": "none"}, now=NOON)
        assert checks.missing(claim=claim) == [sign]

        claims.sign(claim=claim, kind="statement", name=" Ada L. ", actor=claim.shopper, now=NOON)

        assert checks.missing(claim=claim) == []
        (item, _place) = checks.checklist(claim=claim)
        assert item.statement is not None
        assert (item.is_met, item.statement.name) == (True, "Ada L.")
        assert item.statement.text == (
            "I do not have this parcel and nobody I asked has it. This statement is true."
        )

    def test_the_words_why_a_photo_is_missing_are_no_signature(self) -> None:
        claim = self.filled()

        claims.tell(claim=claim, without_box="I cannot sign.", now=NOON)

        assert checks.missing(claim=claim) == ["Sign with your name: Your statement."]

    def test_another_reason_voids_what_was_signed(self) -> None:
        claim = self.filled()
        claims.sign(claim=claim, kind="statement", name="Ada", actor=claim.shopper, now=NOON)

        claims.tell(claim=claim, reason="missing_item", now=NOON)

        assert not Statement.objects.exists()

    @pytest.mark.parametrize(
        ("kind", "name", "refusal"),
        [
            ("statement", " a ", claims.NoName),
            ("statement", "x" * 121, claims.NoName),
            ("place", "Ada", claims.UnknownItem),
        ],
    )
    def test_only_a_name_under_a_statement_is_taken(
        self, kind: str, name: str, refusal: type[Exception]
    ) -> None:
        claim = self.filled()

        with pytest.raises(refusal):
            claims.sign(claim=claim, kind=kind, name=name, actor=claim.shopper, now=NOON)

        assert not Statement.objects.exists()

    def test_a_refusal_needs_its_cause(self) -> None:
        claim = fill(ClaimFactory.create(), reason="refused")

        assert checks.missing(claim=claim) == ["Say why you refused it."]


class TestWishes:
    @pytest.mark.parametrize(
        ("reason", "expected"),
        [
            ("damaged", ["refund", "partial_refund", "replacement", "other"]),
            ("lost", ["refund", "replacement", "other"]),
            ("delayed", ["fee_refund", "credit", "other"]),
            ("not_shipped", ["refund", "credit", "other"]),
        ],
    )
    def test_are_those_of_the_policy_the_usual_first(
        self, reason: str, expected: list[str]
    ) -> None:
        claim = ClaimFactory.create()
        claims.tell(claim=claim, reason=reason, now=NOON)

        found = checks.wishes(claim=claim, now=NOON)

        assert [one.wish for one in found] == expected
        assert [one.is_usual for one in found] == [True, *[False] * (len(expected) - 1)]

    def test_say_honestly_what_cannot_be_carried_out_yet(self) -> None:
        claim = ClaimFactory.create()
        claims.tell(claim=claim, reason="lost", now=NOON)

        notes = {one.wish: one.note for one in checks.wishes(claim=claim, now=NOON)}

        assert notes[Wish.REFUND] == ""
        assert notes[Wish.REPLACEMENT].startswith("We note the wish. Today we can only send money")

    def test_what_the_policy_does_not_offer_is_refused(self) -> None:
        claim = ClaimFactory.create(filled=True)

        with pytest.raises(claims.UnknownWish):
            claims.wish(claim=claim, wish=Wish.CREDIT, now=NOON)
        assert claim.wish == Wish.REFUND

        claims.tell(claim=claim, reason="delayed", now=NOON)
        claim.refresh_from_db()
        assert claim.wish == ""


class TestEveryReasonIsSent:
    """From a draft to the desk, once for each reason, on a parcel of two in the order."""

    def parcel_for(self, reason: str) -> Parcel:
        order = OrderFactory.create()
        delivered = {"status": "delivered", "status_at": NOON - 3 * DAY}
        known: dict[str, dict[str, Any]] = {
            "lost": {"status": "in_transit", "last_scan_at": NOON - 8 * DAY},
            "delayed": {"status": "in_transit", "promised_at": NOON - 3 * DAY,
                        "last_scan_at": NOON - DAY},
            "refused": {"status": "returning", "status_at": NOON - DAY, "reason": "refused"},
            "returned_to_sender": {"status": "returning", "status_at": NOON - DAY},
            "not_shipped": {"status": "registered", "shipped_at": None},
        }  # fmt: skip
        packed(order=order, status="in_transit", last_scan_at=NOON)
        return packed(
            order=order,
            **known.get(reason, {**delivered, "delivered_at": NOON - 3 * DAY}),
        )

    @pytest.mark.parametrize("reason", ClaimReason.values)
    def test_and_freezes_its_policy(self, reason: str) -> None:
        Threshold.objects.get_or_create(
            kind="not_shipped", level=1, anchor="placed", lane="", carrier=None,
            defaults={"amount": 2, "unit": "business_days"},
        )  # fmt: skip
        parcel = self.parcel_for(reason)
        claim = begin(parcel)
        (line,) = claims.claimable(parcel=parcel)
        claims.choose(claim=claim, quantities={line.order_line.pk: 1}, now=NOON)
        claims.tell(
            claim=claim, reason=reason, answers={"asked": "yes", "why": "changed"}, now=NOON
        )
        claims.wish(claim=claim, wish=checks.wishes(claim=claim, now=NOON)[0].wish, now=NOON)
        for item in checks.checklist(claim=claim):
            if item.is_signed:
                claims.sign(
                    claim=claim, kind=item.ask.kind, name="Ada", actor=claim.shopper, now=NOON
                )
            for _number in range(0 if item.is_signed else item.ask.minimum):
                EvidenceFactory.create(claim=claim, kind=item.ask.kind)

        claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert claim.state == ClaimState.SUBMITTED
        assert claim.policy == policy(reason)
        assert ClaimUnit.objects.get(claim=claim).about == (
            UnitAbout.DELAY if reason == "delayed" else UnitAbout.THING
        )

    def test_a_changed_rule_asks_before_it_is_sent_not_after(self) -> None:
        claim = ClaimFactory.create(filled=True)
        claims.tell(claim=claim, without_box="", now=NOON)
        new = ReasonPolicy.objects.create(
            reason="damaged", code="9.9", valid_from="2026-03-02", text_en="x", text_zh="x"
        )
        EvidenceAsk.objects.create(
            policy=new, kind="video", title_en="A look", title_zh="一看", hint_en="x", hint_zh="x"
        )

        with pytest.raises(claims.Incomplete) as refusal:
            claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert refusal.value.facts["missing"] == ["Add a photo: A look. Or tell us why you cannot."]
        claim.refresh_from_db()
        assert (claim.state, claim.policy) == (ClaimState.DRAFT, policy("damaged"))


class TestWithoutAParcel:
    def order(self) -> Order:
        Threshold.objects.get_or_create(
            kind="not_shipped", level=1, anchor="placed", lane="", carrier=None,
            defaults={"amount": 2, "unit": "business_days"},
        )  # fmt: skip
        order = OrderFactory.create()
        OrderLineFactory.create(order=order, quantity=3)
        return order

    def test_what_was_never_packed_may_be_claimed(self) -> None:
        order = self.order()
        parcel = ParcelFactory.create(order=order, delivered=True)
        ParcelLine.objects.create(parcel=parcel, order_line=order.lines.get(), quantity=2)

        (line,) = claims.claimable(parcel=None, order=order)

        assert (line.quantity, line.numbers) == (1, (3,))

    def test_a_report_is_sent_once_and_holds_its_units(self) -> None:
        order = self.order()
        claim = begin(order=order)
        assert begin(order=order).pk == claim.pk
        with pytest.raises(claims.UnknownReason):
            claims.tell(claim=claim, reason="damaged", now=NOON)
        claims.tell(claim=claim, reason="not_shipped", answers={"still": "no"}, now=NOON)
        claims.choose(claim=claim, quantities={order.lines.get().pk: 3}, now=NOON)
        claims.wish(claim=claim, wish="refund", now=NOON)

        claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert (claim.state, claim.claimed_minor) == (ClaimState.SUBMITTED, 10_500)
        assert [line.free for line in claims.claimable(parcel=None, order=order)] == [0]

    def test_it_is_too_late_to_cancel_once_it_is_packed_and_claimed_elsewhere(self) -> None:
        order = self.order()
        claim = begin(order=order)
        claims.tell(claim=claim, reason="not_shipped", now=NOON)
        claims.choose(claim=claim, quantities={order.lines.get().pk: 3}, now=NOON)
        claims.wish(claim=claim, wish="refund", now=NOON)
        parcel = ParcelFactory.create(order=order)
        ParcelLine.objects.create(parcel=parcel, order_line=order.lines.get(), quantity=2)

        with pytest.raises(UnitsTaken):
            claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert not ClaimUnit.objects.exists()

    def test_a_stranger_begins_nothing(self) -> None:
        with pytest.raises(NotYours):
            claims.begin(
                order=self.order(), shopper=User.objects.create_user("x@example.org"),
                language="en", now=NOON,
            )  # fmt: skip


class TestADelayAndThenMore:
    def test_leaves_the_thing_itself_to_be_claimed(self) -> None:
        parcel = delivered_parcel()
        Parcel.objects.filter(pk=parcel.pk).update(promised_at=NOON - 9 * DAY)
        parcel.refresh_from_db()
        late = begin(parcel)
        (line,) = claims.claimable(parcel=parcel)
        claims.tell(claim=late, reason="delayed", now=NOON)
        claims.choose(claim=late, quantities={line.order_line.pk: 1}, now=NOON)
        claims.wish(claim=late, wish="fee_refund", now=NOON)
        claims.submit(claim=late, key=uuid4(), now=NOON)

        broken = fill(begin(parcel))
        claims.submit(claim=broken, key=uuid4(), now=NOON)

        assert broken.state == ClaimState.SUBMITTED
        again = begin(parcel)
        claims.tell(claim=again, reason="delayed", now=NOON)
        with pytest.raises(claims.NothingFree):
            claims.choose(claim=again, quantities={line.order_line.pk: 1}, now=NOON)


class TestARuleInUse:
    def test_is_frozen_whoever_writes(self) -> None:
        ClaimFactory.create(submitted=True)
        used = policy("damaged")
        rows = ReasonPolicy.objects.filter(pk=used.pk)
        asks = EvidenceAsk.objects.filter(policy=used)
        for guard, change in (
            ("reason_policy", lambda: rows.update(latest_amount=1)),
            ("reason_policy", lambda: rows.update(text_en="No.")),
            ("reason_policy", lambda: rows.update(resolutions=["other"])),
            ("evidence_ask", lambda: asks.update(minimum=9)),
            ("evidence_ask", asks.delete),
            ("evidence_ask", lambda: asks.create(policy=used, kind="more")),
        ):
            with (
                pytest.raises(IntegrityError, match=f"{guard}_is_frozen_once_used"),
                transaction.atomic(),
            ):
                change()

        assert rows.update(valid_until="2026-04-01") == 1

    def test_is_free_to_change_before(self) -> None:
        ClaimFactory.create(filled=True)

        assert ReasonPolicy.objects.filter(reason="damaged").update(latest_amount=1) == 1
