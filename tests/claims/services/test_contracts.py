"""Which terms hold for a parcel, and what they let us expect."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError

from claims import contract_rules
from claims.contract_defaults import ROWS
from claims.models import CarrierContract, Claim, Consignment, ExchangeRate
from claims.services import contracts, decisions
from claims.services.contracts import BadConsignment, Loss
from claims.services.refusals import NotAllowed
from portal.accounts.models import User
from tests.factories.claims import DECIDED, ClaimFactory, agent
from tests.factories.tracking import CarrierFactory, OrderFactory, ParcelFactory
from tracking.calendars import calendar
from tracking.models import Parcel, ParcelMilestone

pytestmark = pytest.mark.django_db

LONDON = "Europe/London"


def parcel(
    carrier: str, shipped_at: datetime | None, *, zone: str, country: str = "GB", **facts: Any
) -> Parcel:
    """Make a parcel of a carrier at home in a zone, on its way to a country."""
    return ParcelFactory.create(
        carrier=CarrierFactory.create(slug=carrier, timezone=zone),
        order=OrderFactory.create(country=country, currency=facts.pop("currency", "GBP")),
        shipped_at=shipped_at,
        **facts,
    )


def noted(parcel: Parcel, **facts: Any) -> Consignment:
    return contracts.note(parcel=parcel, person=None, now=DECIDED, **facts)


def version(parcel: Parcel, consignment: Consignment | None = None) -> str:
    standing = contracts.choose(parcel=parcel, consignment=consignment)
    return standing.contract.version if standing.contract else standing.lacks


class TestChoose:
    @pytest.mark.parametrize(
        ("shipped_at", "expected"),
        [
            (datetime(2023, 12, 31, 23, 59, tzinfo=UTC), "royalmail-account@2020-01-01"),
            (datetime(2024, 1, 1, 0, 0, tzinfo=UTC), "royalmail-account@2024-01-01"),
        ],
    )
    def test_takes_the_version_of_the_ship_date(self, shipped_at: datetime, expected: str) -> None:
        assert version(parcel("royalmail", shipped_at, zone=LONDON)) == expected

    @pytest.mark.parametrize(
        ("zone", "day"),
        [("Asia/Shanghai", date(2024, 12, 28)), ("America/New_York", date(2024, 12, 27))],
    )
    def test_counts_the_day_where_the_parcel_was_sent_from(self, zone: str, day: date) -> None:
        sent = parcel("fedex", datetime(2024, 12, 27, 18, 0, tzinfo=UTC), zone=zone)

        assert contracts.choose(parcel=sent).shipped_on == day

    def test_a_known_origin_goes_before_the_carriers_home(self) -> None:
        sent = parcel("fedex", datetime(2024, 12, 27, 23, 30, tzinfo=UTC), zone="America/Chicago")

        assert version(sent, noted(sent, origin="FR")) == "fedex-eu@2024-12-28"
        assert version(sent, noted(sent, origin="GB")) == "fedex-eu@2020-01-01"

    @pytest.mark.parametrize(
        ("country", "service", "expected"),
        [
            ("US", "", "ups-us@2023-01-01"),
            ("DE", "", "contract"),
        ],
    )
    def test_goes_by_the_way_of_the_parcel(self, country: str, service: str, expected: str) -> None:
        sent = parcel("ups", DECIDED, zone="America/New_York", country=country)

        assert version(sent, noted(sent, service=service)) == expected

    def test_an_exclusion_is_anywhere_else(self) -> None:
        sent = parcel("ups", DECIDED, zone="America/New_York", country="US")

        assert version(sent, noted(sent, origin="DE")) == "ups-international@2020-01-01"

    def test_a_service_of_its_own_goes_before_the_usual_terms(self) -> None:
        sent = parcel("royalmail", DECIDED, zone=LONDON)

        assert version(sent, noted(sent, service="untracked")) == "royalmail-untracked@2020-01-01"
        assert version(sent, noted(sent, service="unheard-of")) == "royalmail-account@2024-01-01"

    def test_terms_chosen_by_a_person_need_no_connection(self) -> None:
        sent = parcel("evri", DECIDED, zone=LONDON)

        assert version(sent, noted(sent, contract_code="route")) == "route@2020-01-01"

    def test_an_unknown_carrier_or_ship_date_is_not_guessed(self) -> None:
        unknown = parcel("gls", DECIDED, zone=LONDON)
        undated = parcel("royalmail", None, zone=LONDON)

        assert version(unknown) == "contract"
        assert version(undated) == "shipped"

    def test_the_first_scan_stands_in_for_the_ship_date(self) -> None:
        sent = parcel("royalmail", None, zone=LONDON)
        for status, day in (("in_transit", 3), ("picked_up", 2), ("info_received", 1)):
            ParcelMilestone.objects.create(
                parcel=sent, leg=1, status=status, reached_at=datetime(2023, 5, day, tzinfo=UTC),
                noticed_at=DECIDED,
            )  # fmt: skip

        assert contracts.choose(parcel=sent).shipped_on == date(2023, 5, 2)

    def test_of_two_that_fit_equally_well_none_is_guessed(self) -> None:
        sent = parcel("dpd_uk", DECIDED, zone=LONDON)
        row = CarrierContract.objects.get(code="dpd-uk")
        row.pk, row.code, row.origins = None, "dpd-uk-too", "GB IE"
        row.save()

        assert version(sent) == "service"

    def test_an_unknown_destination_leaves_the_way_open(self) -> None:
        sent = parcel("chinapost", DECIDED, zone="Asia/Shanghai", country="")

        assert version(sent) == "service"


class TestVersions:
    def test_never_overlap(self) -> None:
        row = CarrierContract.objects.get(code="evri")
        row.pk, row.code, row.valid_from = None, "evri-too", date(2030, 1, 1)

        with (
            pytest.raises(IntegrityError, match="contract_versions_never_overlap"),
            transaction.atomic(),
        ):
            row.save()

    def test_follow_each_other_without_a_gap(self) -> None:
        row = CarrierContract.objects.get(code="evri")
        row.valid_until = date(2030, 1, 1)
        row.save()
        row.pk, row.valid_from, row.valid_until = None, date(2030, 1, 1), None

        row.save()

        days = CarrierContract.objects.filter(code="evri").values_list("valid_from", flat=True)
        assert sorted(days) == [date(2020, 1, 1), date(2030, 1, 1)]

    def test_that_an_assessment_rests_on_are_never_rewritten(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        kept = decisions.assess(claim=claim, agent=agent(), now=DECIDED)
        assert kept.contract is not None
        rows = CarrierContract.objects.filter(pk=kept.contract.pk)

        with (
            pytest.raises(IntegrityError, match="contract_in_use_is_never_rewritten"),
            transaction.atomic(),
        ):
            rows.update(terms={"rule": {"kind": "none"}})
        rows.update(valid_until=date(2030, 1, 1), is_checked=True)

    @pytest.mark.usefixtures("owner")
    def test_are_never_deleted(self) -> None:
        with pytest.raises(ProgrammingError, match="Cannot delete rows"), transaction.atomic():
            CarrierContract.objects.filter(code="evri").delete()

    def test_are_all_laid_down_and_marked_to_be_checked(self) -> None:
        kept = set(CarrierContract.objects.values_list("code", "valid_from"))

        assert kept == {(row.code, row.valid_from) for row in ROWS}
        assert not CarrierContract.objects.filter(is_checked=True).exists()
        contracts.install_defaults()
        assert CarrierContract.objects.count() == len(ROWS)

    def test_of_carriers_without_a_connection_can_be_chosen(self) -> None:
        slugs = {slug for slug, _en, _zh in contracts.carriers()}

        assert {row.carrier for row in ROWS} <= slugs
        assert {"gls", "yto"} <= slugs


class TestRates:
    def make(self, base: str, quote: str, rate: str, on: date) -> None:
        ExchangeRate.objects.create(base=base, quote=quote, rate=Decimal(rate), on=on)

    def test_take_the_newest_as_of_the_day(self) -> None:
        self.make("XDR", "USD", "1.34", date(2025, 3, 1))
        self.make("XDR", "USD", "1.40", date(2025, 6, 1))

        found = contracts.rates(into="USD", on=date(2025, 5, 31))["XDR"]

        assert (found.value, found.on, found.days_old) == (Decimal("1.34"), date(2025, 3, 1), 91)

    def test_work_both_ways_and_over_a_third(self) -> None:
        self.make("EUR", "USD", "1.25", date(2025, 3, 1))

        found = contracts.rates(into="EUR", on=date(2025, 3, 1))

        assert found["USD"].value == Decimal("0.8")
        assert found["XDR"].value == Decimal("1.048")
        assert found["XDR"].on == date(2024, 11, 1)

    def test_that_come_later_are_not_known_yet(self) -> None:
        assert contracts.rates(into="USD", on=date(2024, 10, 31)) == {}

    @pytest.mark.usefixtures("owner")
    def test_are_never_rewritten(self) -> None:
        with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
            ExchangeRate.objects.update(rate=2)


def expect(parcel: Parcel, minor: int, **known: Any) -> contracts.Expectation:
    facts: dict[str, Any] = {"reason": "lost", "carrier_bp": 10_000} | known
    return contracts.expect(
        parcel=parcel,
        consignment=contracts.consignment_of(parcel),
        loss=Loss(currency=parcel.order.currency, loss_minor=minor, cost_minor=minor // 2),
        now=DECIDED,
        **facts,
    )


class TestExpect:
    def test_proves_effective_dating(self) -> None:
        old = parcel("royalmail", datetime(2023, 5, 1, tzinfo=UTC), zone=LONDON)
        new = parcel("royalmail", datetime(2024, 5, 1, tzinfo=UTC), zone=LONDON)

        assert expect(old, 6_000).answer.low == 5_000
        assert expect(new, 6_000).answer.low == 6_000
        assert expect(old, 6_000).rules == ["royalmail-account@2020-01-01#rule.flat"]

    def test_counts_only_the_carriers_share_of_the_loss(self) -> None:
        sent = parcel("royalmail", datetime(2023, 5, 1, tzinfo=UTC), zone=LONDON)

        assert expect(sent, 8_000, carrier_bp=5_000).answer.low == 4_000
        assert expect(sent, 20_000, carrier_bp=5_000).answer.low == 5_000
        assert expect(sent, 8_000, carrier_bp=0).answer.high == 0

    @pytest.mark.parametrize("reason", ["wrong_item", "not_shipped", "refused"])
    def test_nothing_is_expected_for_what_did_not_happen_on_the_way(self, reason: str) -> None:
        sent = parcel("royalmail", DECIDED, zone=LONDON)

        found = expect(sent, 6_000, reason=reason)

        assert (found.answer.low, found.answer.high) == (0, 0)
        assert "not for what was packed" in found.text("en")

    def test_says_that_terms_are_unchecked_and_where_it_was_taken_to_come_from(self) -> None:
        sent = parcel("royalmail", DECIDED, zone=LONDON)

        told = expect(sent, 6_000).text("en")

        assert "These terms have not been checked with the carrier yet." in told
        assert "It is taken to have been sent from GB, where the carrier is at home." in told
        noted(sent, origin="GB")
        assert "It is taken" not in expect(sent, 6_000).text("en")

    def test_without_terms_tells_that_nothing_can_be_told(self) -> None:
        found = expect(parcel("gls", DECIDED, zone=LONDON), 6_000)

        assert (found.answer.low, found.answer.high) == (0, None)
        assert found.answer.missing == ("contract",)
        assert "条款" in found.text("zh")


class TestNote:
    def test_the_newest_counts_and_none_is_overwritten(self) -> None:
        sent = parcel("royalmail", DECIDED, zone=LONDON)
        noted(sent, grams=900)
        noted(sent, grams=2_400)

        found = contracts.consignment_of(sent)

        assert found is not None
        assert found.grams == 2_400
        assert Consignment.objects.count() == 2
        with pytest.raises(ProgrammingError), transaction.atomic():
            Consignment.objects.update(grams=1)

    @pytest.mark.parametrize(
        "facts",
        [
            {"grams": 0}, {"grams": -1}, {"insured_minor": -1}, {"freight_minor": 10**15},
            {"origin": "GBR"}, {"origin": "G1"}, {"zone": "Moon/Base"}, {"goods": ["gold"]},
            {"circumstances": ["luck"]}, {"contract_code": "nobody"},
        ],
    )  # fmt: skip
    def test_refuses_what_cannot_be_meant(self, facts: dict[str, Any]) -> None:
        sent = parcel("royalmail", DECIDED, zone=LONDON)

        with pytest.raises(BadConsignment):
            noted(sent, **facts)

        assert not Consignment.objects.exists()

    def test_refuses_who_may_not_decide(self) -> None:
        sent = parcel("royalmail", DECIDED, zone=LONDON)
        nobody = User.objects.create_user("nobody@example.org", is_staff=True)

        with pytest.raises(NotAllowed):
            contracts.note(parcel=sent, person=nobody, now=DECIDED, grams=1)

        assert not Consignment.objects.exists()


# --- Deadlines ----------------------------------------------------------

NOON = datetime(2026, 1, 30, 12, tzinfo=UTC)
HERE = calendar(zone="UTC", country="US")


def due(code: str, step: str, event: str, *, zone: str = "UTC", **anchors: Any) -> Any:
    """Return (opens, closes) of one deadline of published terms."""
    (row,) = {row.code: row for row in ROWS if row.code == code}.values()
    found = [
        line
        for line in contract_rules.deadlines(
            row.deadlines, event=event, anchors=anchors, zone=zone, working=HERE
        )
        if line.step == step
    ]
    return [(line.opens_at, line.closes_at) for line in found]


def day(year: int, month: int, number: int) -> datetime:
    """Return the beginning of a day."""
    return datetime(year, month, number, tzinfo=UTC)


DEADLINES: list[tuple[str, str, str, str, datetime | None, datetime | None]] = [
    # A step may be taken until its last day is over: closes is the beginning of the next.
    ("ups-us", "notice", "damaged", "delivery", None, day(2026, 4, 1)),
    ("ups-us", "notice", "lost", "scheduled", None, day(2026, 4, 1)),
    ("ups-us", "file", "damaged", "delivery", None, day(2026, 10, 31)),
    ("ups-us", "file", "delayed", "scheduled", None, day(2026, 2, 15)),
    ("ups-international", "file", "damaged", "delivery", None, day(2026, 2, 14)),
    ("ups-international", "file", "delayed", "delivery", None, day(2026, 2, 21)),
    ("ups-international", "file", "lost", "scheduled", None, day(2026, 7, 31)),
    ("fedex-us", "file", "damaged", "delivery", None, day(2026, 4, 1)),
    ("fedex-us", "file", "lost", "ship", None, day(2026, 10, 31)),
    ("fedex-eu", "file", "missing", "delivery", None, day(2026, 2, 21)),
    ("fedex-eu", "file", "lost", "ship", None, day(2026, 10, 31)),
    ("usps-us", "file", "damaged", "mailing", None, day(2026, 4, 1)),
    ("usps-us", "file", "lost", "mailing", day(2026, 2, 14), day(2026, 4, 1)),
    ("usps-us-express", "file", "lost", "mailing", day(2026, 2, 6), day(2026, 4, 1)),
    ("usps-us", "appeal", "lost", "decision", None, day(2026, 3, 2)),
    ("usps-us", "second_appeal", "lost", "decision", None, day(2026, 3, 2)),
    ("royalmail-account", "file", "lost", "mailing", None, day(2026, 4, 21)),
    ("dhl-parcel-uk", "file", "damaged", "ship", None, day(2026, 2, 14)),
    ("dhl-parcel-uk", "file", "missing", "ship", None, day(2026, 2, 28)),
    ("dhl-express", "file", "lost", "ship", None, day(2026, 3, 2)),
    ("dpd-uk", "file", "lost", "ship", None, day(2026, 2, 14)),
    ("canadapost", "file", "damaged", "mailing", None, day(2026, 5, 1)),
    ("chinapost", "inquiry", "lost", "mailing", None, day(2027, 1, 31)),
    ("chinapost-abroad", "inquiry", "lost", "mailing", None, day(2026, 7, 30)),
    ("chinapost", "answer", "lost", "filing", None, day(2026, 3, 2)),
    ("chinapost-abroad", "answer", "lost", "filing", None, day(2026, 4, 1)),
    ("cn-express", "answer", "lost", "filing", None, day(2026, 2, 7)),
    ("route", "file", "lost", "last_scan", day(2026, 2, 6), day(2026, 3, 2)),
    ("route-abroad", "file", "lost", "last_scan", day(2026, 2, 19), day(2026, 3, 2)),
    ("route", "file", "damaged", "delivery", None, day(2026, 3, 2)),
    ("loop-seel-abroad", "file", "lost", "ship", day(2026, 3, 31), None),
    ("amazon-a-to-z", "file", "lost", "scheduled", None, day(2026, 5, 1)),
    ("amazon-a-to-z", "answer", "lost", "filing", None, NOON + timedelta(hours=72)),
]


class TestDeadlines:
    @pytest.mark.parametrize(
        ("code", "step", "event", "anchor", "opens", "closes"),
        DEADLINES,
        ids=[f"{code}-{step}-{event}" for code, step, event, *_rest in DEADLINES],
    )
    def test_published_terms_want_it_by(
        self,
        code: str,
        step: str,
        event: str,
        anchor: str,
        opens: datetime | None,
        closes: datetime | None,
    ) -> None:
        anchors: dict[str, Any] = {anchor: NOON}

        assert (opens, closes) in due(code, step, event, **anchors)

    def test_without_their_anchor_are_not_told(self) -> None:
        assert due("ups-us", "notice", "damaged", scheduled=NOON) == [(None, None)]

    def test_count_working_days_around_weekends_and_holidays(self) -> None:
        # From Friday 30 January: 19 in February without Presidents' Day, 11 in March, to the 16th.
        assert due("canadapost", "file", "delayed", mailing=NOON) == [(None, day(2026, 3, 17))]

    def test_end_with_the_day_where_the_parcel_was_sent_from(self) -> None:
        ((_opens, closes),) = due(
            "royalmail-account", "file", "lost", zone="America/New_York",
            mailing=datetime(2026, 1, 31, 3, tzinfo=UTC),
        )  # fmt: skip

        # It was still the 30th there, and clocks go forward on 8 March.
        assert closes.astimezone(UTC) == datetime(2026, 4, 21, 4, tzinfo=UTC)

    def test_of_months_end_with_a_shorter_month(self) -> None:
        ((_opens, closes),) = due(
            "fedex-us", "file", "lost", ship=datetime(2025, 5, 31, tzinfo=UTC)
        )

        assert closes == day(2026, 3, 1)

    def test_of_a_year_from_a_leap_day_end_on_the_28th(self) -> None:
        ((_opens, closes),) = due(
            "chinapost", "inquiry", "lost", mailing=datetime(2028, 2, 29, tzinfo=UTC)
        )

        assert closes == day(2029, 3, 1)


def test_a_claim_keeps_what_was_recovered_apart() -> None:
    claim = ClaimFactory.create(in_review=True)

    with (
        pytest.raises(IntegrityError, match="claim_recovery_is_not_negative"),
        transaction.atomic(),
    ):
        Claim.objects.filter(pk=claim.pk).update(recovered_minor=-1)
