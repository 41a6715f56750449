"""Rows of the first release say the same in the new words, and go back if they must."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython

from claims.models import Claim, EvidenceAsk, ReasonPolicy
from tests.factories.claims import ClaimFactory

pytestmark = pytest.mark.django_db

REASONS = import_module("claims.migrations.0004_reasons")
SHIPPED = import_module("claims.migrations.0002_default_policies")


@pytest.fixture(scope="module")
def before() -> Any:
    """Return the models as they were when old rows are translated: both kinds of columns."""
    state = MigrationLoader(None).project_state([("claims", "0003_internal_remarks")])
    for operation in REASONS.Migration.operations:
        if isinstance(operation, RunPython):
            break
        operation.state_forwards("claims", state)
    return state.apps


def lay_down(before: Any, **changed: Any) -> None:
    """Put the rows of the first release in place, some of them changed by a merchant."""
    EvidenceAsk.objects.all().delete()
    ReasonPolicy.objects.all().delete()
    SHIPPED.lay_down(before, None)
    rows = before.get_model("claims", "ReasonPolicy").objects
    for reason, columns in changed.items():
        rows.filter(reason=reason).update(**columns)


def translate(before: Any, function: str = "translate") -> None:
    with connection.schema_editor(atomic=False) as editor:
        getattr(REASONS, function)(before, editor)


def said(reason: str) -> tuple[Any, ...]:
    row = ReasonPolicy.objects.get(reason=reason)
    return (
        row.earliest_anchor, row.earliest_amount, row.latest_anchor, row.latest_amount,
        row.long_stop_amount, row.takes_late,
    )  # fmt: skip


def test_what_a_merchant_set_is_kept_to_the_day(before: Any) -> None:
    lay_down(
        before,
        damaged={"window_days": 45},
        wrong_item={"window_days": 21, "text_en": "Ours."},
        lost={"wait_days": 10, "window_days": 20},
    )

    translate(before)

    assert said("damaged") == ("delivered", 0, "delivered", 45, None, False)
    assert said("wrong_item") == ("delivered", 0, "delivered", 21, None, False)
    assert said("lost") == ("last_scan", 10, "last_scan", 30, None, False)
    lost = ReasonPolicy.objects.get(reason="lost")
    assert (lost.sooner_anchor, lost.sooner_amount, lost.sooner_unit) == ("promised", 48, "hours")
    assert (lost.resolutions, lost.liable) == (["refund", "other"], "carrier")
    assert ReasonPolicy.objects.get(reason="wrong_item").text_en == "Ours."
    assert ReasonPolicy.objects.count() == 9


def test_shipped_rows_that_nobody_used_give_way_to_the_new_ones(before: Any) -> None:
    lay_down(before)

    translate(before)

    assert said("damaged") == ("delivered", 0, "delivered", 7, 30, True)
    assert said("lost") == ("last_scan", 7, "last_scan", 30, 12, False)
    assert EvidenceAsk.objects.filter(policy__reason="damaged").count() == 5


def test_a_shipped_row_that_a_claim_points_at_stays(before: Any) -> None:
    lay_down(before)
    claim = ClaimFactory.create()
    row = ReasonPolicy.objects.get(reason="damaged")
    Claim.objects.filter(pk=claim.pk).update(policy=row)

    translate(before)

    assert ReasonPolicy.objects.get(reason="damaged").pk == row.pk
    assert said("damaged") == ("delivered", 0, "delivered", 30, None, False)
    assert EvidenceAsk.objects.filter(policy=row).count() == 4


def test_going_back_says_what_the_old_words_can_say(before: Any) -> None:
    lay_down(before, lost={"wait_days": 10, "window_days": 20})
    translate(before)

    translate(before, "translate_back")

    rows = before.get_model("claims", "ReasonPolicy").objects.order_by("reason")
    assert list(rows.values_list("reason", "window_days", "wait_days")) == [
        ("damaged", 30, 0), ("lost", 20, 10), ("wrong_item", 15, 0),
    ]  # fmt: skip
