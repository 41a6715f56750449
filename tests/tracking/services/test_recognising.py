"""Connections and corrections move the guesses; without a database the forms alone speak."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from tests.factories.tracking import NOON, CarrierFactory, ConnectionFactory, ParcelFactory
from tracking.models import Recognition
from tracking.recognition import Candidate, Verdict, sure
from tracking.services import quarantine, recognising

BOTH = "287809468872"
"""Satisfies FedEx's check digit and Purolator's."""
ZTO_LIKE = "73120123456789"


def names(number: str, **how: Any) -> list[str]:
    return [one.carrier for one in recognising.recognise(number=number, **how)]


@pytest.mark.django_db
class TestReach:
    def test_a_carriers_own_adapter_reaches_that_carrier(self) -> None:
        ConnectionFactory.create(adapter="ups")

        assert recognising.reach() == recognising.Reach(frozenset({"ups"}), is_any=False)

    @pytest.mark.parametrize("adapter", ["kuaidi100", "generic", "simulator"])
    def test_an_aggregator_reaches_everybody(self, adapter: str) -> None:
        ConnectionFactory.create(adapter="ups")
        ConnectionFactory.create(adapter=adapter)

        assert recognising.reach() == recognising.Reach(frozenset({"ups"}), is_any=True)

    def test_no_connection_rules_nobody_out(self) -> None:
        ConnectionFactory.create(adapter="ups", is_active=False)

        assert recognising.reach() == recognising.Reach(frozenset(), is_any=True)

    def test_one_connection_can_be_asked_about(self) -> None:
        ConnectionFactory.create(adapter="ups", slug="ups-main")
        ConnectionFactory.create(adapter="kuaidi100", slug="k100")

        assert recognising.reach(connections=["ups-main"]).is_any is False


@pytest.mark.django_db
class TestRecognise:
    def test_without_connections_it_says_what_the_forms_say(self) -> None:
        assert names(BOTH)[:2] == ["fedex", "purolator"]

    def test_a_connections_carrier_is_preferred(self) -> None:
        before = recognising.recognise(number="1555555555")
        ConnectionFactory.create(adapter="dhl")

        after = recognising.recognise(number="1555555555")

        def confidence(found: list[Candidate]) -> float:
            return next(one.confidence for one in found if one.carrier == "dhl")

        assert confidence(after) > 5 * confidence(before)

    def test_asked_to_it_leaves_out_whom_no_connection_reaches(self) -> None:
        ConnectionFactory.create(adapter="ups")

        assert names(BOTH, is_contracted_only=True) == []
        assert names("1Z999AA10123456784", is_contracted_only=True) == ["ups"]

    def test_an_aggregator_leaves_nobody_out(self) -> None:
        ConnectionFactory.create(adapter="kuaidi100")

        assert "fedex" in names(BOTH, is_contracted_only=True)

    def test_named_carriers_and_contracts_both_restrict(self) -> None:
        ConnectionFactory.create(adapter="ups")

        assert names(BOTH, carriers=["fedex"], is_contracted_only=True) == []
        assert names(BOTH, carriers=["fedex"]) == ["fedex"]


@pytest.mark.django_db
class TestCorrect:
    def test_raises_the_carrier_for_all_numbers_of_the_series(self) -> None:
        sto = CarrierFactory.create(slug="sto")
        assert "sto" not in names(ZTO_LIKE)

        for _ in range(12):
            recognising.correct(number=ZTO_LIKE, carrier=sto, now=NOON)

        first = recognising.recognise(number="7319-9999-9999-99")[0]
        assert first == Candidate(
            carrier="sto", format="learnt", confidence=0.923, checksum=Verdict.NONE
        )
        assert sure(recognising.recognise(number="73199999999999")) == first
        assert names("73299999999999")[0] == "zto"

    def test_counts_what_is_said_again_and_remembers_when(self) -> None:
        sto = CarrierFactory.create(slug="sto")

        recognising.correct(number=ZTO_LIKE, carrier=sto, now=NOON)
        later = NOON + timedelta(days=1)
        row = recognising.correct(number=" 7312 0123 4567 89", carrier=sto, now=later)

        assert row == Recognition.objects.get()
        assert (row.shape, row.count, row.last_at) == ("14:731:D14", 2, later)

    def test_contradictions_share_the_trust(self) -> None:
        for slug in ("sto", "gofo"):
            recognising.correct(
                number="55120123456789", carrier=CarrierFactory.create(slug=slug), now=NOON
            )

        found = {
            one.carrier: one.confidence for one in recognising.recognise(number="55120123456789")
        }
        assert (found["sto"], found["gofo"]) == (0.333, 0.333)

    def test_a_carrier_put_right_on_a_parcel_is_learnt(self) -> None:
        parcel = ParcelFactory.create(number=ZTO_LIKE)
        sto = CarrierFactory.create(slug="sto")

        quarantine.change_carrier(parcel=parcel, carrier=sto, now=NOON)

        assert Recognition.objects.get().carrier == sto
        assert names("73199999999999")[0] == "sto"

    def test_what_is_no_number_teaches_nothing(self) -> None:
        sto = CarrierFactory.create(slug="sto")

        assert recognising.correct(number="运单号", carrier=sto, now=NOON) is None
        assert not Recognition.objects.exists()


def run(*words: str, **options: Any) -> list[list[dict[str, Any]]]:
    out = io.StringIO()
    call_command("recognise", *words, stdout=out, **options)
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


class TestCommandWithoutDatabase:
    """No mark for the database: any query raises, as it does where there is none."""

    @pytest.fixture(autouse=True)
    def _away(self, django_db_blocker: Any) -> Any:
        """Point at a database that nobody serves."""
        alias = connections["default"]
        before = alias.settings_dict["HOST"], alias.settings_dict["PORT"]
        with django_db_blocker.unblock():
            alias.close()
            alias.settings_dict |= {"HOST": "127.0.0.1", "PORT": "1"}
            yield
            alias.close()
            alias.settings_dict |= {"HOST": before[0], "PORT": before[1]}

    def test_prints_a_line_a_number_best_first(self) -> None:
        lines = run("1z 999 aa1 0123456784", BOTH, "运单号")

        assert lines[0] == [
            {"carrier": "ups", "format": "ups", "confidence": 0.99, "checksum": "valid"}
        ]
        assert [one["carrier"] for one in lines[1][:2]] == ["fedex", "purolator"]
        assert lines[2] == []

    def test_restricts_to_the_carriers_named(self) -> None:
        assert [
            [one["carrier"] for one in line] for line in run(BOTH, carriers="UPS, purolator")
        ] == [["purolator"]]
        (canada,) = run("7052427316723263", carriers="canada_post")
        assert [one["carrier"] for one in canada] == ["canadapost"]

    def test_refuses_a_carrier_nobody_knows(self) -> None:
        with pytest.raises(CommandError, match="no carrier pigeon"):
            run(BOTH, carriers="ups,pigeon")


@pytest.mark.django_db
class TestCommandWithDatabase:
    def test_knows_the_connections_and_the_corrections(self) -> None:
        ConnectionFactory.create(adapter="ups")
        recognising.correct(number=ZTO_LIKE, carrier=CarrierFactory.create(slug="sto"), now=NOON)

        (learnt,) = run(ZTO_LIKE)
        (contracted,) = run(BOTH, contracted=True)

        assert learnt[0] == {
            "carrier": "sto", "format": "learnt", "confidence": 0.5, "checksum": "none",
        }  # fmt: skip
        assert learnt[1]["carrier"] == "zto"
        assert contracted == []
