"""Rules at the desk: read as a sentence, added for a day to come, never rewritten."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from claims.admin.policies import SumsField
from claims.models import EvidenceAsk, ReasonPolicy
from claims.services import policies
from portal.accounts import roles
from portal.accounts.models import User
from tests.factories.claims import policy
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db

ADD = "admin:claims_reasonpolicy_add"
NONE = "after that by nobody."


@pytest.fixture(autouse=True)
def _at_noon(settings: Any, time_machine: Any) -> None:
    settings.DEMO = True
    time_machine.move_to(NOON)


@pytest.fixture
def keeper(client: Client) -> Client:
    """Sign an administrator in, who keeps the rules."""
    person = User.objects.create_user("keeper@example.org")
    roles.give(person=person, role=roles.RoleName.ADMINISTRATOR)
    client.force_login(User.objects.get(pk=person.pk))
    return client


def posted(rule: ReasonPolicy, **changed: Any) -> dict[str, Any]:
    """Return a rule as its form posts it, with what it asks to see."""
    data: dict[str, Any] = {
        field.name: "" if getattr(rule, field.name) is None else getattr(rule, field.name)
        for field in ReasonPolicy._meta.concrete_fields
        if field.name not in {"id", "valid_until", "takes_late", "refunds_delivery_fee"}
    }
    data |= {
        "valid_from": "2026-04-01", "valid_until": "", "usual": rule.resolutions[0],
        "resolutions": rule.resolutions[1:], "return_above": "",
    }  # fmt: skip
    data |= {name: "on" for name in ("takes_late", "refunds_delivery_fee") if getattr(rule, name)}
    asks = list(rule.asks.order_by("position"))
    data |= {"asks-TOTAL_FORMS": len(asks), "asks-INITIAL_FORMS": 0}
    for number, ask in enumerate(asks):
        for name in (
            "position", "kind", "medium", "minimum", "title_en", "title_zh", "hint_en", "hint_zh",
            "sketch", "only_if",
        ):  # fmt: skip
            data[f"asks-{number}-{name}"] = getattr(ask, name)
        data[f"asks-{number}-above"] = ""
    return data | changed


class TestList:
    def test_says_each_window_in_a_sentence(self, keeper: Client) -> None:
        page = keeper.get(reverse("admin:claims_reasonpolicy_changelist")).content.decode()

        lost = "the sooner of 7 days after the last scan (from abroad 20 days) and 48 hours after"
        for sentence in (
            f"from delivery until 7 days after delivery, late until 30 days after delivery; {NONE}",
            f"from {lost} the promised day until 30 days after the last scan (from abroad 60 days)",
            "; the desk may file one until 12 months after the last scan.",
            "from the day it should have been sent, for as long as that lasts.",
            "from 2 days after delivery (from abroad 5 days) until 30 days after delivery; after",
        ):
            assert sentence in page

    @pytest.mark.parametrize(
        ("standing", "codes"), [("now", {"5.2"}), ("later", {"6.2"}), ("over", {"4.2"})]
    )
    def test_tells_what_holds_from_what_is_over(
        self, keeper: Client, standing: str, codes: set[str]
    ) -> None:
        for code, begins in (("5.2", date(2026, 3, 1)), ("6.2", date(2026, 4, 1))):
            ReasonPolicy.objects.create(
                reason="damaged", code=code, valid_from=begins, text_en="x", text_zh="x"
            )

        answer = keeper.get(
            reverse("admin:claims_reasonpolicy_changelist"),
            {"standing": standing, "reason": "damaged"},
        )

        assert {row.code for row in answer.context["cl"].result_list} == codes


class TestAdd:
    def test_begins_with_what_the_rule_before_says(self, keeper: Client) -> None:
        rule = policy("damaged")

        page = keeper.get(f"{reverse(ADD)}?from={rule.pk}")

        form = page.context["adminform"].form
        assert form.initial["latest_amount"] == 7
        assert form.initial["usual"] == "refund"
        assert "valid_from" not in form.initial
        (asks,) = page.context["inline_admin_formsets"]
        assert [one.initial.get("kind") for one in asks.formset.extra_forms] == [
            "item", "box", "padding", "label", "serial",
        ]  # fmt: skip

    def test_makes_a_row_of_its_own_with_all_that_it_asks_for(self, keeper: Client) -> None:
        rule = policy("damaged")

        answer = keeper.post(
            f"{reverse(ADD)}?from={rule.pk}",
            posted(rule, code="5.2", latest_amount=14, return_above="usd 150.5, JPY 20000"),
        )

        assert answer.status_code == 302, answer.context["errors"]
        new = ReasonPolicy.objects.get(code="5.2")
        assert (new.valid_from, new.latest_amount) == (date(2026, 4, 1), 14)
        assert new.resolutions == ["refund", "partial_refund", "replacement", "other"]
        assert new.return_above == {"USD": 15_050, "JPY": 20_000}
        assert list(new.asks.order_by("position").values_list("kind", flat=True)) == [
            "item", "box", "padding", "label", "serial",
        ]  # fmt: skip
        assert policies.policy_for(reason="damaged", now=NOON) == rule

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"valid_from": "2026-03-01"}, "valid_from"),
            ({"zone": "Asia/Nowhere"}, "zone"),
            ({"country": "ZZ"}, "country"),
            ({"takes_late": "on", "long_stop_amount": ""}, "long_stop_amount"),
            ({"long_stop_amount": 3}, "long_stop_amount"),
            ({"earliest_amount": 9}, "latest_amount"),
            ({"earliest_anchor": "never"}, "earliest_anchor"),
            ({"latest_amount": 30_000, "long_stop_amount": 30_001}, "latest_amount"),
            ({"return_above": "100 dollars"}, "return_above"),
            ({"asks-0-only_if": "why=bored"}, "asks"),
        ],
    )
    def test_refuses_a_rule_that_makes_no_sense(
        self, keeper: Client, changed: dict[str, Any], field: str
    ) -> None:
        rule = policy("damaged")

        answer = keeper.post(reverse(ADD), posted(rule, code="5.2", **changed))

        assert answer.status_code == 200
        if field != "asks":
            assert field in answer.context["adminform"].form.errors
        assert not ReasonPolicy.objects.filter(code="5.2").exists()


class TestARuleInForce:
    def test_may_be_ended_and_nothing_else(self, keeper: Client) -> None:
        rule = policy("damaged")
        address = reverse("admin:claims_reasonpolicy_change", args=[rule.pk])

        page = keeper.get(address)
        assert list(page.context["adminform"].form.fields) == ["valid_until"]
        assert "Change it from a later day" in page.content.decode()
        answer = keeper.post(
            address, posted(rule, latest_amount=1, valid_until="2026-05-01", text_en="No.")
        )

        assert answer.status_code == 302
        rule.refresh_from_db()
        assert (rule.valid_until, rule.latest_amount) == (date(2026, 5, 1), 7)
        assert rule.text_en != "No."
        assert EvidenceAsk.objects.filter(policy=rule).count() == 5

    def test_does_not_end_before_today(self, keeper: Client) -> None:
        rule = policy("damaged")

        answer = keeper.post(
            reverse("admin:claims_reasonpolicy_change", args=[rule.pk]),
            {"valid_until": "2026-03-01", "asks-TOTAL_FORMS": 0, "asks-INITIAL_FORMS": 0},
        )

        assert "valid_until" in answer.context["adminform"].form.errors

    def test_one_to_come_may_still_be_changed(self, keeper: Client) -> None:
        ahead = ReasonPolicy.objects.create(
            reason="lost", code="5.1", valid_from=date(2026, 4, 1), text_en="x", text_zh="x"
        )

        answer = keeper.post(
            reverse("admin:claims_reasonpolicy_change", args=[ahead.pk]),
            posted(ahead, latest_amount=44),
        )

        assert answer.status_code == 302, answer.context["errors"]
        ahead.refresh_from_db()
        assert ahead.latest_amount == 44


@pytest.mark.parametrize("role", [roles.RoleName.AGENT, roles.RoleName.AUDITOR])
def test_others_read_rules_and_do_not_write_them(client: Client, role: roles.RoleName) -> None:
    person = User.objects.create_user("reader@example.org")
    roles.give(person=person, role=role)
    client.force_login(User.objects.get(pk=person.pk))
    rule = policy("damaged")

    assert client.get(reverse("admin:claims_reasonpolicy_changelist")).status_code == 200
    assert client.get(reverse(ADD)).status_code == 403
    assert client.post(reverse(ADD), posted(rule, code="5.2")).status_code == 403
    assert not ReasonPolicy.objects.filter(code="5.2").exists()


class TestSums:
    @pytest.mark.parametrize(
        ("line", "sums"),
        [
            ("", None),
            ("USD 100", {"USD": 10_000}),
            (" usd100.50 ;JPY 5,KWD 1.5 ", {"USD": 10_050, "JPY": 5, "KWD": 1_500}),
            ("CNY 7，USD 1", {"CNY": 700, "USD": 100}),
        ],
    )
    def test_are_read_in_minor_units_and_written_back(
        self, line: str, sums: dict[str, int] | None
    ) -> None:
        field = SumsField(required=False)

        assert field.clean(line) == sums
        assert field.clean(field.prepare_value(sums) or "") == sums

    @pytest.mark.parametrize(
        "line", ["100", "USD", "USD -1", "USD 1.001", "JPY 1.5", "QQQ 1", "USD 1, usd 2", "$5",
                 "USD 99999999999999", "USD ١"]
    )  # fmt: skip
    def test_that_are_none_are_refused(self, line: str) -> None:
        with pytest.raises(ValidationError):
            SumsField(required=False).clean(line)
