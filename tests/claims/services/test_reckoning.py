"""What an assessment says: the same looked at and kept, who answers, and what the carrier pays."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.forms.models import model_to_dict
from hypothesis import given
from hypothesis import strategies as st

from claims import rules
from claims.models import Assessment, Claim, ClaimUnit, ExchangeRate, PaymentBalance
from claims.rules import PARTIES, WHOLE, Share, Split
from claims.services import contracts, decisions, reckoning
from claims.services.reckoning import (
    Reckoning,
    SplitNeedsEvidence,
    UnknownLoweredCode,
    WrongAmount,
    WrongSplit,
)
from claims.states import ClaimReason, ClaimState, Wish
from tests.factories.claims import DECIDED, ClaimFactory, EvidenceFactory, agent, delivered_parcel
from tracking.models import Parcel
from tracking.states import Party

pytestmark = pytest.mark.django_db


def review(**facts: Any) -> Claim:
    """Make a claim under review: one mug at 50.00 and 5.00 of delivery fee, all damaged."""
    return ClaimFactory.create(in_review=True, **facts)


def about(claim: Claim, reason: str, **order: Any) -> Claim:
    """Let the claim be for another reason, under the rule of that reason."""
    from claims.services import policies

    policy = policies.policy_for(reason=reason, now=DECIDED)
    Claim.objects.filter(pk=claim.pk).update(reason=reason, policy=policy, **order)
    claim.refresh_from_db()
    return claim


def note(claim: Claim, **facts: Any) -> None:
    assert claim.parcel is not None
    contracts.note(parcel=claim.parcel, person=None, now=DECIDED, **facts)


def blame(claim: Claim, *, text: str = "The box was fine.", **parts: int) -> Split:
    photo = EvidenceFactory.create(claim=claim, clean=True)
    return reckoning.split_of(
        claim=claim, parts=parts, text=text, evidence=[f"photo:{photo.token}", "tracking"]
    )


def said(result: Reckoning | Assessment) -> dict[str, Any]:
    """Return everything that a reckoning and the assessment kept of it have in common."""
    split = (
        {party: result.split.of(party) for party in PARTIES}
        if isinstance(result, Reckoning)
        else result.split
    )
    names = (
        "lines", "amount_minor", "currency", "rule", "text_en", "text_zh", "inputs", "caps",
        "explanation_en", "explanation_zh", "recovery", "recovery_low_minor",
        "recovery_high_minor", "recovery_rules", "recovery_missing", "recovery_en", "recovery_zh",
        "digest", "contract",
    )  # fmt: skip
    return {name: getattr(result, name) for name in names} | {"split": split}


class TestSimulate:
    def test_equals_execute_to_the_last_word(self) -> None:
        claim = review()
        note(claim, grams=2_400, declared_minor=4_000, freight_minor=800, goods=["ordinary"])
        key = claim.lines.get().order_line_id
        typed: dict[str, Any] = {
            "amounts": {key: Share(6_000), rules.FEE_KEY: 200},
            "codes": {key: "usable"},
            "note": "It can still be used.",
            "split": blame(claim, carrier=7_500, seller=2_500),
            "now": DECIDED,
        }

        shown = reckoning.preview(claim=claim, **typed)
        kept = decisions.assess(claim=claim, agent=agent(), **typed)
        kept.refresh_from_db()

        assert said(kept) == said(shown)
        assert shown.amount_minor == 3_200
        assert Assessment.objects.count() == 1

    def test_keeps_nothing(self) -> None:
        claim = review()
        before = model_to_dict(claim)

        reckoning.preview(claim=claim, now=DECIDED)

        claim.refresh_from_db()
        assert model_to_dict(claim) == before
        assert not Assessment.objects.exists()

    def test_the_seal_covers_everything_that_is_said(self) -> None:
        claim = review()
        key = claim.lines.get().order_line_id
        lower: dict[str, Any] = {"amounts": {key: 3_000}, "note": "So.", "now": DECIDED}
        seals = [
            reckoning.preview(claim=claim, now=DECIDED).digest,
            reckoning.preview(claim=claim, **lower).digest,
            reckoning.preview(claim=claim, codes={key: "repair"}, **lower).digest,
            reckoning.preview(claim=claim, now=DECIDED, split=blame(claim, carrier=WHOLE)).digest,
            reckoning.preview(
                claim=claim, now=DECIDED, split=blame(claim, text="Other words.", carrier=WHOLE)
            ).digest,
        ]
        note(claim, declared_minor=4_000)
        seals.append(reckoning.preview(claim=claim, now=DECIDED).digest)

        assert len(set(seals)) == len(seals)
        assert seals[-1] == reckoning.preview(claim=claim, now=DECIDED).digest

    def test_anew_makes_a_new_row_and_leaves_the_old(self) -> None:
        claim, desk = review(), agent()
        first = decisions.assess(claim=claim, agent=desk, now=DECIDED)
        before = said(first)
        note(claim, declared_minor=0)

        second = decisions.assess(claim=claim, agent=desk, now=DECIDED)

        first.refresh_from_db()
        assert (first.number, second.number) == (1, 2)
        assert said(first) == before
        assert (first.recovery_high_minor, second.recovery_high_minor) == (5_000, 5_000)
        with pytest.raises(ProgrammingError), transaction.atomic():
            Assessment.objects.filter(pk=first.pk).update(carrier_bp=0, nobody_bp=WHOLE)


class TestLines:
    @pytest.mark.parametrize(
        ("share", "minor"), [(6_000, 3_000), (3_333, 1_667), (0, 0), (1, 1), (9_999, 5_000)]
    )
    def test_a_share_is_rounded_by_half_units_up(self, share: int, minor: int) -> None:
        assert Share(share).of(5_000) == minor

    def test_a_share_of_a_line_is_kept_with_its_reason(self) -> None:
        claim = review()
        key = claim.lines.get().order_line_id

        found = reckoning.preview(
            claim=claim, now=DECIDED, amounts={key: Share(6_000)}, codes={key: "usable"},
            note="It can still be used.",
        )  # fmt: skip

        line = found.lines[0]
        assert (line["amount_minor"], line["share_bp"], line["code"]) == (3_000, 6_000, "usable")
        assert "Enamel mug × 1: $30.00 of $50.00 (60 %). It can still be used." in (
            found.explanation_en
        )
        assert "（60%）" in found.explanation_zh

    @pytest.mark.parametrize("share", [-1, 10_001])
    def test_a_share_beyond_the_line_is_refused(self, share: int) -> None:
        claim = review()
        key = claim.lines.get().order_line_id

        with pytest.raises(WrongAmount):
            reckoning.preview(claim=claim, now=DECIDED, amounts={key: Share(share)}, note="So.")

    def test_an_unknown_reason_is_refused(self) -> None:
        claim = review()
        key = claim.lines.get().order_line_id

        with pytest.raises(UnknownLoweredCode):
            reckoning.preview(
                claim=claim, now=DECIDED, amounts={key: 1}, codes={key: "mood"}, note="So."
            )

    def test_every_number_has_its_sentence_in_both_languages(self) -> None:
        found = reckoning.preview(claim=review(), now=DECIDED)

        assert found.explanation_en.splitlines() == [
            "Enamel mug × 1: $50.00, what you paid.",
            "Delivery fee: $5.00, what you paid.",
            "Together: $55.00.",
        ]
        assert found.explanation_zh.splitlines() == [
            "Enamel mug × 1：US$50.00，即您支付的金额。",
            "运费：US$5.00，即您支付的金额。",
            "合计US$55.00。",
        ]
        assert found.caps[0]["limit_minor"] == 5_500

    def test_a_share_of_the_fee_and_a_fee_left_out_say_so_in_both_languages(self) -> None:
        shared = reckoning.preview(claim=review(parcel=delivered_parcel(parcels=2)), now=DECIDED)
        part = review(parcel=delivered_parcel(quantity=2))
        part.lines.update(quantity=1)
        left_out = reckoning.preview(claim=Claim.objects.get(pk=part.pk), now=DECIDED)

        assert [
            text.splitlines()[1] for text in (shared.explanation_en, shared.explanation_zh)
        ] == [
            "Delivery fee: $2.50, this parcel's share of the $5.00 you paid.",
            "运费：US$2.50，您所付US$5.00中本包裹的份额。",
        ]
        assert left_out.amount_minor == 5_000
        assert [
            text.splitlines()[1] for text in (left_out.explanation_en, left_out.explanation_zh)
        ] == [
            "Delivery fee: not counted, not all of the parcel is claimed.",
            "运费：不退，因为未对整个包裹申请理赔。",
        ]

    def test_the_shopper_reads_nothing_of_the_carriers_part(self) -> None:
        found = reckoning.preview(claim=review(), now=DECIDED)

        assert "UPS" not in found.explanation_en + found.text_en
        assert "carrier" not in found.explanation_en

    @given(
        items=st.lists(
            st.tuples(st.integers(1, 9), st.integers(0, 10**9), st.integers(0, WHOLE)),
            min_size=1, max_size=5,
        ),
        left=st.integers(0, 10**10),
        already=st.integers(0, 10**9),
    )  # fmt: skip
    def test_sum_to_the_total_and_never_above_line_or_payment(
        self, items: list[tuple[int, int, int]], left: int, already: int
    ) -> None:
        claimed = [
            rules.Claimed(key=key, title="x", quantity=quantity, each_minor=each)
            for key, (quantity, each, _bp) in enumerate(items, start=1)
        ]
        amounts = {key: Share(bp) for key, (_q, _e, bp) in enumerate(items, start=1)}

        lines = rules.reckon(
            claimed=claimed, fee_minor=0, already_minor=already, left_minor=left, amounts=amounts,
            note="less",
        )  # fmt: skip

        assert 0 <= sum(line.amount_minor for line in lines) <= left
        assert all(line.amount_minor <= line.full_minor for line in lines if line.key > 0)


class TestWhatIsClaimed:
    def test_lateness_brings_the_delivery_fee_only(self) -> None:
        claim = about(review(), ClaimReason.DELAYED, wish=Wish.FEE_REFUND)

        found = reckoning.preview(claim=claim, now=DECIDED)

        assert [line["key"] for line in found.lines] == [rules.FEE_KEY]
        assert found.amount_minor == 500

    def test_each_wish_has_its_own_sum(self) -> None:
        claim = review()

        whole = reckoning.preview(claim=claim, now=DECIDED, wish=Wish.REFUND).amount_minor
        fee = reckoning.preview(claim=claim, now=DECIDED, wish=Wish.FEE_REFUND).amount_minor

        assert (whole, fee) == (5_500, 500)

    def test_what_was_never_sent_has_no_carrier(self) -> None:
        claim = about(review(), ClaimReason.NOT_SHIPPED, parcel=None)

        found = reckoning.preview(claim=claim, now=DECIDED)

        assert (found.recovery_low_minor, found.recovery_high_minor) == (0, 0)
        assert found.split.of("carrier") == 0
        assert found.amount_minor >= 5_000


class TestGivenBackElsewhere:
    """One order, two parcels, 5.00 of delivery fee: what one claim gives no other gives again."""

    def late(self, **facts: Any) -> Claim:
        """Make a claim for the lateness of one of two parcels; its half of the fee is 2.50."""
        claim = review(parcel=delivered_parcel(parcels=2))
        # Lateness leaves the things themselves free for another claim.
        ClaimUnit.objects.filter(claim=claim).update(about="delay")
        return about(claim, ClaimReason.DELAYED, wish=Wish.FEE_REFUND, **facts)

    def pay(self, claim: Claim) -> None:
        desk = agent()
        row = decisions.assess(claim=claim, agent=desk, now=DECIDED)
        decisions.propose(claim=claim, assessment=row, agent=desk, text="Yes.", now=DECIDED)
        assert claim.state == ClaimState.APPROVED

    def gone(self, parcel: Parcel | None) -> Claim:
        claim = about(review(parcel=parcel), ClaimReason.LOST)
        assert claim.wish == Wish.REFUND
        return claim

    def test_the_fee_given_for_lateness_is_not_given_again_for_the_loss(self) -> None:
        late = self.late()
        self.pay(late)
        gone = self.gone(late.parcel)

        found = reckoning.preview(claim=gone, now=DECIDED)

        assert [(line["key"] > 0, line["amount_minor"]) for line in found.lines] == [
            (True, 5_000), (False, 0),
        ]  # fmt: skip
        assert found.amount_minor == 5_000
        assert found.explanation_en.splitlines()[1] == (
            "Delivery fee: $0.00 of $2.50. Given back in another claim."
        )
        assert found.explanation_zh.splitlines()[1] == (
            "运费：US$2.50中的US$0.00。已在另一理赔单中退还。"
        )
        self.pay(gone)
        assert PaymentBalance.objects.get(order=late.order_id).reserved_minor == 5_250

    def test_the_other_parcels_share_is_still_there(self) -> None:
        late = self.late()
        self.pay(late)
        assert late.parcel is not None
        other = Parcel.objects.filter(order=late.order_id).exclude(pk=late.parcel.pk).get()

        assert reckoning.preview(claim=self.gone(other), now=DECIDED).amount_minor == 5_250

    def test_nor_the_other_way_round(self) -> None:
        late = self.late()
        self.pay(self.gone(late.parcel))

        assert reckoning.preview(claim=late, now=DECIDED).amount_minor == 0

    def test_an_offer_that_waits_counts_and_a_void_one_does_not(self) -> None:
        late = self.late()
        gone = self.gone(late.parcel)
        Claim.objects.filter(pk=late.pk).update(wish=Wish.OTHER)  # money is not what they wished
        late.refresh_from_db()
        desk = agent()
        row = decisions.assess(claim=late, agent=desk, now=DECIDED)
        decisions.propose(claim=late, assessment=row, agent=desk, text="This.", now=DECIDED)
        assert late.state == ClaimState.OFFERED

        assert reckoning.preview(claim=gone, now=DECIDED).amount_minor == 5_000
        decisions.appeal(claim=late, shopper=late.shopper, text="More.", now=DECIDED)
        assert reckoning.preview(claim=gone, now=DECIDED).amount_minor == 5_250

    def test_what_was_reckoned_before_the_other_was_granted_is_refused(self) -> None:
        late = self.late()
        gone = self.gone(late.parcel)
        desk = agent()
        row = decisions.assess(claim=gone, agent=desk, now=DECIDED)
        self.pay(late)

        with pytest.raises(decisions.ChangedSince):
            decisions.propose(claim=gone, assessment=row, agent=desk, text="Yes.", now=DECIDED)

        gone.refresh_from_db()
        assert gone.state == ClaimState.UNDER_REVIEW
        assert PaymentBalance.objects.get(order=late.order_id).reserved_minor == 250

    @given(given=st.integers(0, 8_000), part=st.integers(0, WHOLE))
    def test_a_line_gives_what_others_leave_of_it_and_no_more(self, given: int, part: int) -> None:
        lines = rules.reckon(
            claimed=[rules.Claimed(key=1, title="x", quantity=1, each_minor=5_000)],
            fee_minor=0, already_minor=0, left_minor=10_000, amounts={1: Share(part)},
            note="less", most={1: 5_000 - given},
        )  # fmt: skip

        assert sum(line.amount_minor for line in lines) == Share(part).of(max(0, 5_000 - given))


class TestBlame:
    @pytest.mark.parametrize(
        ("reason", "party", "expected"),
        [
            (ClaimReason.DAMAGED, "", "carrier"),
            (ClaimReason.LOST, "", "carrier"),
            (ClaimReason.WRONG_ITEM, "", "seller"),
            (ClaimReason.RETURNED_TO_SENDER, Party.RECIPIENT, "shopper"),
            (ClaimReason.RETURNED_TO_SENDER, Party.CARRIER, "carrier"),
            (ClaimReason.REFUSED, Party.MERCHANT, "seller"),
            (ClaimReason.DELAYED, Party.FORCE_MAJEURE, "nobody"),
            (ClaimReason.DAMAGED, Party.RECIPIENT, "carrier"),
        ],
    )
    def test_falls_by_facts_and_else_by_the_rule(
        self, reason: str, party: str, expected: str
    ) -> None:
        claim = about(review(), reason)
        assert claim.parcel is not None
        Parcel.objects.filter(pk=claim.parcel.pk).update(party=party)
        claim = Claim.objects.get(pk=claim.pk)

        found = reckoning.preview(claim=claim, now=DECIDED)

        assert {party: found.split.of(party) for party in PARTIES} == (
            dict.fromkeys(PARTIES, 0) | {expected: WHOLE}
        )
        assert found.split.text_en
        assert found.split.text_zh

    def test_for_weak_packing_is_ours_and_nothing_is_expected(self) -> None:
        claim = review()
        note(claim, circumstances=["bad_packing"], declared_minor=10_000)

        found = reckoning.preview(claim=claim, now=DECIDED)

        assert found.split.of("seller") == WHOLE
        assert (found.recovery_low_minor, found.recovery_high_minor) == (0, 0)

    def test_shared_by_a_person_halves_what_is_expected(self) -> None:
        claim = review()
        note(claim, declared_minor=10_000, goods=["ordinary"])

        whole = reckoning.preview(claim=claim, now=DECIDED)
        half = reckoning.preview(
            claim=claim, now=DECIDED, split=blame(claim, carrier=5_000, seller=5_000)
        )

        assert (whole.recovery_low_minor, half.recovery_low_minor) == (5_000, 2_500)
        assert half.amount_minor == whole.amount_minor

    @pytest.mark.parametrize(
        "parts",
        [
            {"carrier": 9_999}, {"carrier": 10_001}, {"carrier": 11_000, "seller": -1_000},
            {"carrier": 5_000, "weather": 5_000}, {},
        ],
    )  # fmt: skip
    def test_that_does_not_come_to_the_whole_is_refused(self, parts: dict[str, Any]) -> None:
        with pytest.raises(WrongSplit):
            blame(review(), **parts)

    def test_needs_words_and_evidence_of_this_very_claim(self) -> None:
        claim, other = review(), review()
        foreign = EvidenceFactory.create(claim=other, clean=True)
        for text, evidence in (
            ("", ["tracking"]),
            ("  ", ["tracking"]),
            ("So.", []),
            ("So.", ["a feeling"]),
            ("So.", [f"photo:{foreign.token}"]),
        ):
            with pytest.raises(SplitNeedsEvidence):
                reckoning.split_of(
                    claim=claim, parts={"seller": WHOLE}, text=text, evidence=evidence
                )

    @given(
        amount=st.integers(0, 10**12),
        cuts=st.lists(st.integers(0, WHOLE), min_size=4, max_size=4),
    )
    def test_shares_sum_to_the_sum(self, amount: int, cuts: list[int]) -> None:
        edges = [0, *sorted(cuts), WHOLE]
        parts = [after - before for before, after in pairwise(edges)]
        kept = Assessment(amount_minor=amount, currency="JPY")
        for party, part in zip(PARTIES, parts, strict=True):
            setattr(kept, f"{party}_bp", part)

        assert sum(kept.split.values()) == WHOLE
        assert sum(share.minor for share in kept.shares.values()) == amount


class TestExpected:
    def test_of_the_carrier_is_kept_with_rules_and_apart_from_what_is_paid(self) -> None:
        claim = review(parcel=delivered_parcel(price_minor=25_000))
        note(claim, declared_minor=0)

        kept = decisions.assess(claim=claim, agent=agent(), now=DECIDED)

        assert kept.contract is not None
        assert kept.contract.version == "ups-us@2023-01-01"
        assert (kept.recovery_low_minor, kept.recovery_high_minor) == (10_000, 10_000)
        assert "ups-us@2023-01-01#rule.max_of.1.flat" in kept.recovery_rules
        assert kept.inputs["carrier"]["shipped_on"] == "2026-02-26"
        claim.refresh_from_db()
        assert (
            claim.claimed_minor, claim.assessed_minor, claim.approved_minor, claim.executed_minor,
            claim.expected_recovery_minor, claim.recovered_minor,
        ) == (25_500, 25_500, 0, 0, 10_000, 0)  # fmt: skip

    def test_that_cannot_be_told_is_a_range_with_what_is_missing(self) -> None:
        claim = review(parcel=delivered_parcel(price_minor=25_000))

        kept = decisions.assess(claim=claim, agent=agent(), now=DECIDED)

        assert (kept.recovery_low_minor, kept.recovery_high_minor) == (10_000, 25_000)
        assert kept.recovery_missing == ["declared"]
        assert "at least $100.00, at most $250.00" in kept.recovery_en

    def test_stays_as_it_was_when_rates_and_terms_change(self) -> None:
        claim = review(parcel=delivered_parcel(price_minor=25_000))
        note(claim, contract_code="air-montreal", grams=2_400)
        kept = decisions.assess(claim=claim, agent=agent(), now=DECIDED)
        ExchangeRate.objects.create(base="XDR", quote="USD", rate=2, on="2026-01-01")

        kept.refresh_from_db()

        assert kept.recovery_low_minor == 8_174
        assert kept.inputs["carrier"]["rates"]["XDR"] == ["1.31", "2024-11-01"]
        assert "That rate is 482 days older than the shipment" in kept.recovery_en

    def test_is_by_cost_where_carriers_pay_cost(self) -> None:
        claim = review()
        note(claim, contract_code="dhl-parcel-uk")

        found = reckoning.preview(claim=claim, now=DECIDED)

        assert (found.recovery_low_minor, found.recovery_high_minor) == (2_000, 2_000)

    def test_is_not_asked_for_while_the_shopper_writes(self) -> None:
        draft = ClaimFactory.create(filled=True)

        found = reckoning.preview(claim=draft, now=DECIDED)

        assert draft.state == ClaimState.DRAFT
        assert found.contract is None
        assert found.amount_minor == 5_500


class TestDatabase:
    def forged(self, kept: Assessment, **changed: Any) -> None:
        """Copy a kept row with something changed, as an intruder would."""
        row = Assessment.objects.get(pk=kept.pk)
        row.pk, row.number = None, 99
        for name, value in changed.items():
            setattr(row, name, value)
        with transaction.atomic():
            row.save(force_insert=True)

    @pytest.mark.parametrize(
        ("changed", "guard"),
        [
            ({"carrier_bp": 9_999}, "assessment_split_sums_to_the_whole"),
            ({"carrier_bp": 9_000, "seller_bp": 2_000}, "assessment_split_sums_to_the_whole"),
            ({"split_source": "person"}, "assessment_split_by_a_person_says_why_and_by_what"),
            (
                {"split_source": "person", "split_text": "So."},
                "assessment_split_by_a_person_says_why_and_by_what",
            ),
            ({"amount_minor": 5_501}, "assessment_lines_add_up"),
            ({"lines": []}, "assessment_lines_add_up"),
            ({"recovery_low_minor": 1}, "assessment_lines_add_up"),
            ({"recovery_high_minor": 0}, "assessment_expects_no_less_than_nothing"),
        ],
    )
    def test_refuses_what_does_not_add_up(self, changed: dict[str, Any], guard: str) -> None:
        kept = decisions.assess(claim=review(), agent=agent(), now=DECIDED)

        with pytest.raises(IntegrityError, match=guard):
            self.forged(kept, **changed)

        assert Assessment.objects.count() == 1

    def test_refuses_to_rewrite_by_sql(self) -> None:
        kept = decisions.assess(claim=review(), agent=agent(), now=DECIDED)

        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as sql:
            sql.execute(
                "UPDATE claims_assessment SET recovery_low_minor = 0 WHERE id = %s", [kept.pk]
            )
