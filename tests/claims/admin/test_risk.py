"""Staff see why a claim waits; what watches the desk is not for the desk."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from claims import risk_words
from claims.models import AgentSignal, AuditSample, Claim, RiskPolicy, WatchRule, Weighing
from claims.services import risking
from portal.accounts import roles
from portal.accounts.models import User
from portal.accounts.roles import RoleName
from tests.factories.claims import REVIEWED, ClaimFactory, EvidenceFactory, agent, delivered_parcel
from tests.factories.tracking import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


def _client(role: RoleName) -> Client:
    person = User.objects.create_user(f"{role}@example.org", name=role, is_staff=True)
    roles.settle(app_label="claims")
    roles.give(person=person, role=role)
    client = Client()
    client.force_login(person)
    return client


def _page(client: Client, name: str, *args: Any) -> Any:
    return client.get(reverse(f"admin:{name}", args=args), headers={"accept-language": "en"})


@pytest.fixture
def twins() -> tuple[Claim, Claim]:
    """Give two claims of two shoppers with one photo, the second rated."""
    first, second = ClaimFactory.create(in_review=True), ClaimFactory.create(in_review=True)
    for claim in (first, second):
        EvidenceFactory.create(claim=claim, sha256="d" * 64, clean=True)
    risking.rate(claim=second, now=REVIEWED)
    return first, second


class TestWorkspace:
    def test_says_why_with_links_and_no_blame(self, twins: tuple[Claim, Claim]) -> None:
        first, second = twins

        page = _page(_client(RoleName.AGENT), "claims_claim_change", second.ref).content.decode()

        assert "What was noticed" in page
        assert "Two people in one home may have taken it." in page
        assert reverse("admin:claims_claim_change", args=[first.ref]) in page
        assert "fraud" not in page.lower()

    def test_shows_a_signal_that_counts_claims_and_names_none(
        self, twins: tuple[Claim, Claim]
    ) -> None:
        _first, second = twins
        row = risking.latest(claim=second)
        assert row is not None
        facts = {"claims": 6, "orders": 7, "days": 90, "percent": 85}
        row.pk, row.number = None, row.number + 1
        row.signals = [{"code": "claim_share", "points": 20, "facts": facts}]
        row.save(force_insert=True)

        answer = _page(_client(RoleName.AGENT), "claims_claim_change", second.ref)

        assert answer.status_code == 200
        assert "6" in (sentence := risk_words.sentence("claim_share", facts))
        assert sentence in answer.content.decode()

    def test_leads_to_linked_accounts(self, twins: tuple[Claim, Claim]) -> None:
        first, second = twins
        client = _client(RoleName.AGENT)

        page = _page(client, "claims_linked_accounts", second.ref).content.decode()

        assert first.ref in page
        assert first.shopper.email not in page
        assert _page(client, "claims_linked_accounts", "AM-0000-0000").status_code == 404


class TestPolicy:
    def test_begins_a_new_policy_with_the_rows_of_the_old(self) -> None:
        ClaimFactory.create()
        client = _client(RoleName.ADMINISTRATOR)
        url = reverse("admin:claims_riskpolicy_add")
        form = client.get(url).context["adminform"].form
        data: dict[str, Any] = {"code": "K-2", "note": ""}
        data |= {name: form.initial[name] for name in ("medium_from", "high_from", "audit_percent")}
        data["valid_from"] = "2026-03-03"
        for inline in client.get(url).context["inline_admin_formsets"]:
            formset = inline.formset
            data |= {f"{formset.prefix}-{key}": value
                     for key, value in formset.management_form.initial.items()}  # fmt: skip
            for one in formset.forms:
                data |= {
                    f"{one.prefix}-{name}": "" if (value := one[name].value()) is None else value
                    for name in one.fields
                    if name not in {"id", "policy", "DELETE"}
                }
        old = RiskPolicy.objects.get()

        response = client.post(url, data)

        assert response.status_code == 302, response.context["errors"]
        new = RiskPolicy.objects.get(code="K-2")
        assert new.rules.count() == old.rules.count() > 20
        assert new.watches.count() == old.watches.count() == 5

    @pytest.mark.parametrize(
        ("role", "status"), [(RoleName.AGENT, 403), (RoleName.DUTY_MANAGER, 403)]
    )
    def test_is_changed_by_administrators_only(self, role: RoleName, status: int) -> None:
        ClaimFactory.create()

        assert _page(_client(role), "claims_riskpolicy_add").status_code == status

    def test_does_not_tell_the_desk_how_it_is_watched(self) -> None:
        ClaimFactory.create()
        policy = RiskPolicy.objects.get()
        assert WatchRule.objects.filter(policy=policy).exists()

        seen = {
            role: "watches-TOTAL_FORMS"
            in _page(_client(role), "claims_riskpolicy_change", policy.pk).content.decode()
            for role in (RoleName.AGENT, RoleName.AUDITOR)
        }

        assert seen == {RoleName.AGENT: False, RoleName.AUDITOR: True}


class TestAudit:
    @pytest.fixture
    def sample(self) -> AuditSample:
        return AuditSample.objects.create(
            claim=ClaimFactory.create(in_review=True), picked_at=REVIEWED
        )

    def test_keeps_a_verdict_and_moves_nothing(self, sample: AuditSample) -> None:
        client = _client(RoleName.AUDITOR)
        url = reverse("admin:claims_auditsample_look", args=[sample.pk])
        state = sample.claim.state
        assert client.get(url).status_code == 200

        refused = client.post(url, {"verdict": "disagree", "code": ""})
        kept = client.post(url, {"verdict": "disagree", "code": "too_much", "note": "Half"})

        sample.refresh_from_db()
        sample.claim.refresh_from_db()
        assert (refused.status_code, kept.status_code) == (422, 302)
        assert (sample.verdict, sample.code, sample.note) == ("disagree", "too_much", "Half")
        assert sample.claim.state == state

    def test_counts_the_verdicts_above_the_queue(self, sample: AuditSample) -> None:
        page = _page(_client(RoleName.AUDITOR), "claims_auditsample_changelist").content.decode()

        assert sample.claim.ref in page

    def test_is_not_for_agents(self, sample: AuditSample) -> None:
        client = _client(RoleName.AGENT)

        assert _page(client, "claims_auditsample_look", sample.pk).status_code == 403


class TestAgentSignal:
    @pytest.fixture
    def signal(self) -> AgentSignal:
        return AgentSignal.objects.create(
            agent=agent(), kind="night", episode="2026-W09", evidence={"count": 5}, opened_at=NOON
        )

    @pytest.mark.parametrize(
        ("role", "status"),
        [
            (RoleName.AGENT, 403),
            (RoleName.APPROVER, 403),
            (RoleName.DUTY_MANAGER, 200),
            (RoleName.AUDITOR, 200),
            (RoleName.ADMINISTRATOR, 200),
        ],
    )
    def test_is_for_those_who_watch(self, signal: AgentSignal, role: RoleName, status: int) -> None:
        client = _client(role)

        assert _page(client, "claims_agentsignal_changelist").status_code == status
        assert _page(client, "claims_agentsignal_change", signal.pk).status_code == status

    def test_is_cleared_with_a_note(self, signal: AgentSignal) -> None:
        client = _client(RoleName.DUTY_MANAGER)
        url = reverse("admin:claims_agentsignal_clear", args=[signal.pk])

        assert client.get(url).status_code == 200
        assert client.post(url, {"note": " "}).status_code == 422
        assert client.post(url, {"note": "Night shift that week."}).status_code == 302

        signal.refresh_from_db()
        assert signal.cleared_at is not None
        assert signal.note == "Night shift that week."

    def test_is_hidden_from_whom_it_is_about(self, signal: AgentSignal) -> None:
        signal.agent.user_permissions.add(Permission.objects.get(codename="watch_agents"))
        client = Client()
        client.force_login(User.objects.get(pk=signal.agent.pk))

        listed = _page(client, "claims_agentsignal_changelist")
        assert listed.status_code == 200
        assert "2026-W09" not in listed.content.decode()
        assert _page(client, "claims_agentsignal_clear", signal.pk).status_code in {403, 404}


class TestWeighing:
    def test_is_written_down_once_and_rates_again(self) -> None:
        delivered = delivered_parcel()
        claim = ClaimFactory.create(in_review=True, parcel=delivered)
        Claim.objects.filter(pk=claim.pk).update(reason="missing_item")
        Weighing.objects.create(parcel=delivered, by="packed", grams=900, told_at=NOON)

        response = _client(RoleName.AGENT).post(
            reverse("admin:claims_weighing_add"),
            {"parcel": claim.parcel_id, "by": "carrier", "grams": 905},
        )

        assert response.status_code == 302
        rating = risking.latest(claim=claim)
        assert rating is not None
        assert "missing_weight" in [one["code"] for one in rating.signals]
