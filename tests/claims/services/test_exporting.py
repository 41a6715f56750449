"""Claims as a file: every cell says what was stored, and none of them is a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from claims.models import Claim
from claims.services import conversation, exporting
from claims.states import ClaimState
from portal.accounts import roles
from portal.accounts.roles import RoleName
from tests.conformance.data import present
from tests.factories.accounts import PersonFactory
from tests.factories.claims import DECIDED, ClaimFactory, agent
from tests.portal.pages.hostile import strings
from tests.typing import Answer

LIST = "/admin/claims/claim/"
HEADER = [
    "ref", "order", "state", "reason", "severity", "claimed_minor", "assessed_minor",
    "approved_minor", "paid_minor", "currency", "submitted_at", "decide_by", "decided_at",
    "resolved_at", "story", "decision_text",
]  # fmt: skip


def parsed(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def stored(cell: str) -> str:
    return cell.removeprefix("'")


def copies(claim: Claim, words: list[str]) -> list[Claim]:
    """Make an ended claim for each of these words."""
    return Claim.objects.bulk_create(
        Claim(
            ref=f"AM-COPY-{number:04}", order=claim.order, parcel=claim.parcel,
            shopper=claim.shopper, currency=claim.currency, reason=claim.reason,
            state=ClaimState.CLOSED, created_at=DECIDED, saved_at=DECIDED, due_at=DECIDED,
            submitted_at=DECIDED + timedelta(seconds=number), story=text, decision_text=text,
        )
        for number, text in enumerate(words)
    )  # fmt: skip


def export(role: RoleName, *claims: Claim, **more: Any) -> Answer:
    browser, person = Client(), PersonFactory.create()
    roles.give(person=person, role=role)
    browser.force_login(person)
    chosen = {"_selected_action": [claim.pk for claim in claims]}
    return browser.post(f"{LIST}?queue=all", {"action": "export_csv"} | chosen | more)


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\N{NO-BREAK SPACE}=1",
        "\N{ZERO WIDTH SPACE}=1", "\N{ZERO WIDTH NO-BREAK SPACE}@x", "\x0b+1",
        "\N{RIGHT-TO-LEFT MARK}-1",
        "\N{FULLWIDTH EQUALS SIGN}1", "\N{IDEOGRAPHIC SPACE}\N{FULLWIDTH PLUS SIGN}1",
        "\N{FULLWIDTH HYPHEN-MINUS}1", "\N{FULLWIDTH COMMERCIAL AT}x", "\N{MINUS SIGN}1",
        "\tplain", "'=1", "'quoted'",
    ],
)  # fmt: skip
def test_what_would_be_a_formula_gets_one_apostrophe(text: str) -> None:
    assert exporting.inert(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", " ", "Two cups = one broken", "The handle is off.", "杯子碎了", "5 - 2", '"=1"']
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert exporting.inert(text) == text


@pytest.mark.django_db
class TestFile:
    def test_says_the_facts_of_each_claim_and_nothing_of_the_desks_own(self) -> None:
        claim = ClaimFactory.create(approved=True)
        conversation.note(claim=claim, author=agent(), body="Between us.", now=DECIDED)
        other = ClaimFactory.create(in_review=True)
        Claim.objects.filter(pk=other.pk).update(
            story="杯子碎了，\r\n“=1”",
            claimed_minor=5,
            assessed_minor=4,
            approved_minor=3,
            executed_minor=2,
        )

        with time_machine.travel(datetime(2026, 3, 2, 16, 30, tzinfo=UTC), tick=False):
            answer = export(RoleName.AUDITOR, claim, other)
            content = answer.getvalue()

        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == (
            'attachment; filename="claims-2026-03-02.csv"'
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        claim.refresh_from_db()
        other.refresh_from_db()
        header, first, second = parsed(content)
        assert header == HEADER
        assert first == [
            claim.ref, claim.order.number, claim.state, "damaged", str(claim.severity),
            "5500", "5500", "5500", "0", claim.currency, *(
                when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""
                for when in (
                    claim.submitted_at, claim.decide_by, claim.decided_at, claim.resolved_at,
                )
            ), "The handle is off.", "We are sorry.",
        ]  # fmt: skip
        assert first[10] == "2026-03-02T12:00:00Z"
        assert second[5:9] == ["5", "4", "3", "2"]
        assert (second[0], second[14]) == (other.ref, "杯子碎了，\r\n“=1”")
        assert b"Between us." not in content

    def test_keeps_every_hostile_text_inert_and_whole(self) -> None:
        present()
        made = copies(ClaimFactory.create(in_review=True), list(strings()))

        content = export(RoleName.DUTY_MANAGER, *made).getvalue()

        rows = parsed(content)[1:]
        assert [row[0] for row in rows] == [claim.ref for claim in made]
        for cells in (14, 15):
            assert [stored(row[cells]) for row in rows] == list(strings())
        starts = [text.strip()[:1] for text in strings()]
        assert sum(start in {*"=+-@"} for start in starts) >= 5
        assert not [row[14] for row in rows if row[14].strip()[:1] in {*"=+-@"}]

    def test_asks_the_database_once_however_many_claims(self) -> None:
        claim = ClaimFactory.create(in_review=True)
        copies(claim, ["The handle is off."] * 30)

        with CaptureQueriesContext(
            connection,
        ) as few:
            assert len(list(exporting.rows(claims=Claim.objects.filter(pk=claim.pk)))) == 1
        with CaptureQueriesContext(connection) as many:
            assert len(list(exporting.rows(claims=Claim.objects.all()))) == 31

        assert len(few) == len(many) == 1

    def test_leaves_drafts_to_their_shoppers(self) -> None:
        draft, sent = ClaimFactory.create(), ClaimFactory.create(in_review=True)

        content = export(RoleName.ADMINISTRATOR, draft, sent).getvalue()

        assert [row[0] for row in parsed(content)[1:]] == [sent.ref]

    @pytest.mark.parametrize("role", [RoleName.AGENT, RoleName.APPROVER, RoleName.FINANCE])
    def test_is_not_for_whoever_decides_or_pays(self, role: RoleName) -> None:
        claim = ClaimFactory.create(in_review=True)

        answer = export(role, claim)

        assert answer.status_code == 403
        assert not answer.streaming
        assert claim.ref not in answer.content.decode()

    def test_is_offered_in_the_list_to_those_who_may(self) -> None:
        ClaimFactory.create(in_review=True)
        for role, is_offered in ((RoleName.AUDITOR, True), (RoleName.AGENT, False)):
            browser, person = Client(), PersonFactory.create()
            roles.give(person=person, role=role)
            browser.force_login(person)
            html = browser.get(LIST).content.decode()
            assert ('value="export_csv"' in html) is is_offered
