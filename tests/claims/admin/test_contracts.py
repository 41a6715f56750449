"""Carriers' terms at the desk: read in words, tried out, changed only by those who may."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from claims.admin import queue, workspace
from claims.admin.contracts import TryForm
from claims.models import Assessment, CarrierContract, Claim, Consignment, ExchangeRate
from claims.services import decisions
from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from tests.factories.claims import DECIDED, ClaimFactory, agent, delivered_parcel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings) -> None:
    settings.DEMO = True


def browser(role: RoleName) -> Client:
    """Return a browser in which somebody of this role is signed in."""
    roles.settle(app_label="claims")
    person = User.objects.create_user(f"{role}@example.org", name="Staff")
    roles.give(person=person, role=role)
    client = Client()
    client.force_login(person)
    return client


def terms(code: str, on: date = date(2026, 1, 5)) -> CarrierContract:
    return CarrierContract.objects.in_force(on=on).get(code=code)


class TestReading:
    def test_the_list_finds_a_carrier_and_says_its_rule(self) -> None:
        desk = browser(RoleName.AGENT)

        text = desk.get("/admin/claims/carriercontract/", {"q": "royalmail"}).content.decode()

        assert "Up to £50.00." in text
        assert "Up to £150.00." in text
        assert "UPS, United States" not in text

    def test_an_agent_reads_words_never_json(self) -> None:
        desk = browser(RoleName.AGENT)
        row = terms("fedex-us")

        text = desk.get(
            reverse("admin:claims_carriercontract_change", args=[row.pk])
        ).content.decode()

        assert "the highest of these: up to $100.00; up to what was declared" in text
        assert "Jewellery, watches, precious stones: up to $1,000.00." in text
        assert "File the claim: within 9 months after the ship date (Lost)" in text
        assert "max_of" not in text
        assert "&quot;kind&quot;" not in text

    @pytest.mark.parametrize("row", ["carriercontract", "exchangerate", "consignment"])
    def test_an_agent_changes_nothing(self, row: str) -> None:
        desk = browser(RoleName.AGENT)

        assert desk.get(reverse(f"admin:claims_{row}_changelist")).status_code == 200
        assert desk.get(reverse(f"admin:claims_{row}_add")).status_code == 403

    def test_a_row_opens_in_chinese(self) -> None:
        desk = browser(RoleName.AUDITOR)
        address = reverse("admin:claims_carriercontract_change", args=[terms("sf").pk])

        text = desk.get(address, headers={"accept-language": "zh-hans"}).content.decode()

        assert "顺丰速运" in text


def filled(row: CarrierContract, **changed: Any) -> dict[str, Any]:
    """Return what the form of a row posts."""
    posted = {
        "code": row.code, "title_en": row.title_en, "title_zh": row.title_zh, "kind": row.kind,
        "carrier": row.carrier, "service": row.service, "origins": row.origins, "lane": row.lane,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else "",
        "terms": json.dumps(row.terms), "deadlines": json.dumps(row.deadlines),
        "fee": json.dumps(row.fee) if row.fee else "", "documents": json.dumps(row.documents),
        "claimant": row.claimant, "appeals": row.appeals, "source": row.source,
        "source_mark": row.source_mark, "note_en": row.note_en, "note_zh": row.note_zh,
    }  # fmt: skip
    return posted | changed


class TestWriting:
    def test_a_version_that_overlaps_is_refused_with_a_sentence(self) -> None:
        boss = browser(RoleName.ADMINISTRATOR)
        row = terms("evri")

        answer = boss.post(
            reverse("admin:claims_carriercontract_add"),
            filled(row, code="evri-new", valid_from="2025-01-01"),
        )

        assert "End that one first." in answer.content.decode()
        assert not CarrierContract.objects.filter(code="evri-new").exists()

    def test_a_next_version_holds_from_its_day(self) -> None:
        boss = browser(RoleName.ADMINISTRATOR)
        row = terms("evri")
        boss.post(
            reverse("admin:claims_carriercontract_change", args=[row.pk]),
            filled(row, valid_until="2026-06-01"),
        )
        rule = {"rule": {"kind": "flat", "amount": "25", "currency": "GBP"}}

        answer = boss.post(
            reverse("admin:claims_carriercontract_add"),
            filled(row, valid_from="2026-06-01", valid_until="", terms=json.dumps(rule)),
        )

        assert answer.status_code == 302
        assert terms("evri", date(2026, 5, 31)).terms == row.terms
        assert terms("evri", date(2026, 6, 1)).terms == rule

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("terms", '{"rule": {"kind": "flatt"}}', "is no kind of rule"),
            ("terms", "{", "valid JSON"),
            ("deadlines", '[{"step": "dance"}]', "is one of"),
            ("documents", '["selfie"]', "is no document we know"),
            ("fee", '{"permille": "8"}', "It says either"),
            ("origins", "Mars", "is no country"),
        ],
    )
    def test_what_cannot_be_meant_is_refused_with_a_sentence(
        self, field: str, value: str, sentence: str
    ) -> None:
        boss = browser(RoleName.ADMINISTRATOR)
        row = terms("evri")

        answer = boss.post(
            reverse("admin:claims_carriercontract_change", args=[row.pk]),
            filled(row, **{field: value}),
        )

        assert sentence in answer.content.decode()
        row.refresh_from_db()
        assert row.terms["rule"]["kind"] == "flat"

    def test_terms_that_an_assessment_rests_on_are_read_only(self) -> None:
        boss = browser(RoleName.ADMINISTRATOR)
        claim = ClaimFactory.create(in_review=True)
        kept = decisions.assess(claim=claim, agent=agent(), now=DECIDED)
        row = kept.contract
        assert row is not None

        boss.post(
            reverse("admin:claims_carriercontract_change", args=[row.pk]),
            filled(row, terms=json.dumps({"rule": {"kind": "none"}}), is_checked="on"),
        )

        row.refresh_from_db()
        assert row.terms["rule"]["kind"] == "max_of"
        assert row.is_checked

    def test_a_rate_is_added_and_never_changed(self) -> None:
        boss = browser(RoleName.ADMINISTRATOR)
        rate = {
            "base": "EUR", "quote": "USD", "rate": "1.08", "on": "2026-01-02",
            "source_mark": "official",
        }  # fmt: skip

        assert boss.post(reverse("admin:claims_exchangerate_add"), rate).status_code == 302
        row = ExchangeRate.objects.get(base="EUR")
        assert row.source_mark == "official"
        change = reverse("admin:claims_exchangerate_change", args=[row.pk])
        assert boss.post(change, rate | {"rate": "2"}).status_code == 403


def reckoned(code: str, **typed: Any) -> dict[str, Any]:
    """Fill the calculator in and return its answer."""
    facts = {"event": "lost", "currency": "USD", "loss": "250", "parcels": 1}
    form = TryForm({**facts, "shipped": "2026-01-05", **typed}, contract=terms(code))
    assert form.is_valid(), form.errors
    return form.reckon()


class TestTryIt:
    def test_answers_with_sentences_and_rules(self) -> None:
        found = reckoned("ups-us", declared="0")

        assert found["total"] == "Expected from the carrier: $100.00."
        assert "No value was declared." in found["steps"]
        assert "ups-us@2023-01-01#rule.max_of" in found["rules"]

    def test_takes_the_version_of_the_ship_date(self) -> None:
        old = reckoned("royalmail-account", currency="GBP", loss="60", shipped="2023-05-01")
        new = reckoned("royalmail-account", currency="GBP", loss="60", shipped="2024-05-01")

        assert old["total"] == "Expected from the carrier: £50.00."
        assert new["total"] == "Expected from the carrier: £60.00."

    def test_says_what_is_missing(self) -> None:
        found = reckoned("ups-us")

        assert found["missing"] == ["We do not know what value was declared."]
        assert not found["is_known"]

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("loss", "ten", "is no sum in USD"),
            ("loss", "1.234", "is no sum in USD"),
            ("loss", "1e999999", "is no sum in USD"),
            ("weight", "-1", "Write the weight in kilograms"),
            ("shipped", "1999-01-01", "No version of these terms holds on that day."),
            ("currency", "dollars", "valid value"),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, field: str, value: str, sentence: str) -> None:
        facts = {"event": "lost", "currency": "USD", "loss": "1", "parcels": 1}
        form = TryForm({**facts, "shipped": "2026-01-05", field: value}, contract=terms("ups-us"))

        assert not form.is_valid()
        assert sentence in str(form.errors) or "at most" in str(form.errors)

    def test_page_answers_an_agent_and_keeps_nothing(self) -> None:
        desk = browser(RoleName.AGENT)
        address = reverse("admin:claims_carriercontract_try_it", args=[terms("air-montreal").pk])
        query: dict[str, Any] = {
            "event": "lost", "currency": "USD", "loss": "500", "weight": "2.4", "parcels": 1,
            "shipped": "2024-12-28",
        }  # fmt: skip

        empty = desk.get(address)
        text = desk.get(address, query).content.decode()

        assert empty.status_code == 200
        assert "Expected from the carrier: $81.74." in text
        assert "air-montreal@2024-12-28#rule.per_kg" in text
        assert not Consignment.objects.exists()

    def test_page_is_for_those_who_may_read_terms(self, client: Client) -> None:
        person = User.objects.create_user("x@example.org", is_staff=True)
        person.user_permissions.set(Permission.objects.filter(codename="view_claim"))
        client.force_login(person)
        address = reverse("admin:claims_carriercontract_try_it", args=[terms("ups-us").pk])

        assert client.get(address).status_code == 403


class TestCarrierSide:
    """Who answers and what the carrier should pay, in the claim's workspace."""

    @pytest.fixture
    def desk(self, client: Client) -> Client:
        client.force_login(agent("agent@example.org"))
        return client

    def page(self, desk: Client, claim: Claim) -> str:
        return desk.get(queue.href(claim)).content.decode()

    def press(self, desk: Client, claim: Claim, action: str, **typed: Any) -> Any:
        claim.refresh_from_db()
        return desk.post(
            queue.href(claim), {"action": action, "stamp": workspace.stamp(claim)} | typed
        )

    def test_tells_what_is_expected_and_what_is_missing(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True, parcel=delivered_parcel(price_minor=25_000))

        text = self.page(desk, claim)

        assert "Who answers for it" in text
        assert "At least this, at most $250.00." in text
        assert "We do not know what value was declared." in text
        assert "ups-us@2023-01-01#rule.max_of" in text
        assert "&quot;kind&quot;" not in text

    def test_a_noted_shipment_is_reckoned_with_at_once(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True, parcel=delivered_parcel(price_minor=25_000))

        answer = self.press(
            desk, claim, "shipment",
            **{"weight": "2,4", "ship_declared": "0", "goods-ordinary": "1"},
        )  # fmt: skip

        assert answer.status_code == 302
        noted = Consignment.objects.get(parcel=claim.parcel)
        assert (noted.grams, noted.declared_minor, noted.insured_minor) == (2_400, 0, None)
        assert noted.goods == ["ordinary"]
        assert "We do not know what value was declared." not in self.page(desk, claim)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("weight", "heavy"), ("weight", "0"), ("ship_insured", "-1"), ("ship_origin", "Mars")],
    )
    def test_a_shipment_that_cannot_be_meant_is_refused_and_kept_as_typed(
        self, desk: Client, field: str, value: str
    ) -> None:
        claim = ClaimFactory.create(in_review=True)

        answer = self.press(desk, claim, "shipment", **{field: value})

        assert answer.status_code == 422
        assert f'value="{value}"' in answer.content.decode()
        assert not Consignment.objects.exists()

    def test_a_split_goes_into_the_decision_with_its_words_and_evidence(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)

        answer = self.press(
            desk, claim, "propose",
            **{
                "sum": 5_500, "text": "We agree.", "split-carrier": "75", "split-seller": "25",
                "split_text": "The inner box was thin.", "shown-photos": "1",
            },
        )  # fmt: skip

        assert answer.status_code == 302
        kept = Assessment.objects.get(claim=claim)
        assert (kept.carrier_bp, kept.seller_bp, kept.nobody_bp) == (7_500, 2_500, 0)
        assert kept.split_text == "The inner box was thin."
        assert kept.split_evidence == ["photos"]

    @pytest.mark.parametrize(
        "typed",
        [
            {"split-carrier": "75", "split_text": "So.", "shown-photos": "1"},
            {"split-carrier": "75", "split-seller": "25", "split_text": "", "shown-photos": "1"},
            {"split-carrier": "75", "split-seller": "25", "split_text": "So."},
            {"split-carrier": "many", "split-seller": "25", "split_text": "So."},
        ],
    )
    def test_a_split_without_sum_words_or_evidence_is_refused(
        self, desk: Client, typed: dict[str, str]
    ) -> None:
        claim = ClaimFactory.create(in_review=True)

        answer = self.press(desk, claim, "propose", sum=5_500, text="We agree.", **typed)

        assert answer.status_code == 422
        assert not Assessment.objects.exists()

    def test_a_share_of_a_line_with_its_reason_goes_into_the_decision(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        key = claim.lines.get().order_line_id

        answer = self.press(
            desk, claim, "propose",
            **{
                "sum": 3_500, "text": "We agree.", "note": "It can still be used.",
                f"amount-{key}": "60 %", f"code-{key}": "usable",
            },
        )  # fmt: skip

        assert answer.status_code == 302
        line = Assessment.objects.get(claim=claim).lines[0]
        assert (line["amount_minor"], line["share_bp"], line["code"]) == (3_000, 6_000, "usable")

    def test_reckonings_stand_side_by_side(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        for _time in range(2):
            decisions.assess(claim=claim, agent=agent(), now=DECIDED)

        text = self.page(desk, claim)

        assert "Earlier reckonings, side by side" in text
        assert "No. 1" in text
        assert "No. 2" in text
