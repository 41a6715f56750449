"""The books beside the desk can be read, and only a failed payment can be sent again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from claims.models import Approval, Compensation, ReasonPolicy
from portal.accounts.models import User
from tests.factories.claims import ClaimFactory, EvidenceFactory, _staff
from tests.tampering import tampering

pytestmark = pytest.mark.django_db

READ = (
    "claim", "approval", "compensation", "posting", "evidence", "reasonpolicy", "approvallimit",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _demo(settings) -> None:
    settings.DEMO = True


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss@example.org"))
    return client


@pytest.mark.parametrize("model", READ)
def test_lists_and_opens(boss: Client, model: str) -> None:
    claim = ClaimFactory.create(approved=True)
    EvidenceFactory.create(claim=claim, clean=True)

    listed = boss.get(reverse(f"admin:claims_{model}_changelist"))

    assert listed.status_code == 200
    if model not in {"claim", "posting"}:
        from django.apps import apps

        row = apps.get_model("claims", model).objects.first()
        opened = boss.get(reverse(f"admin:claims_{model}_change", args=[row.pk]))
        assert opened.status_code == 200


@pytest.mark.parametrize("model", ["claim", "approval", "compensation", "posting", "evidence"])
def test_facts_cannot_be_added_changed_or_deleted(boss: Client, model: str) -> None:
    claim = ClaimFactory.create(approved=True)
    pk = {
        "claim": claim.pk,
        "approval": Approval.objects.get().pk,
        "compensation": Compensation.objects.get().pk,
    }.get(model, 1)

    assert boss.get(reverse(f"admin:claims_{model}_add")).status_code in {403, 404}
    assert boss.post(reverse(f"admin:claims_{model}_delete", args=[pk])).status_code in {
        302,
        403,
        404,
    }
    assert Compensation.objects.filter(claim=claim).exists()


def test_rules_are_never_deleted(boss: Client) -> None:
    ClaimFactory.create()
    rule = ReasonPolicy.objects.first()
    assert rule is not None

    answer = boss.post(reverse("admin:claims_reasonpolicy_delete", args=[rule.pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert ReasonPolicy.objects.filter(pk=rule.pk).exists()


class TestRetry:
    def test_is_offered_only_for_a_payment_that_failed(self, boss: Client) -> None:
        ClaimFactory.create(approved=True)
        payment = Compensation.objects.get()
        address = reverse("admin:claims_compensation_change", args=[payment.pk])
        button = reverse("admin:claims_compensation_retry", args=[payment.pk])

        assert button not in boss.get(address).content.decode()

        with tampering():
            Compensation.objects.filter(pk=payment.pk).update(state="failed")
        assert button in boss.get(address).content.decode()

    def test_is_forbidden_to_readers(self, client: Client) -> None:
        ClaimFactory.create(approved=True)
        payment = Compensation.objects.get()
        with tampering():
            Compensation.objects.filter(pk=payment.pk).update(state="failed")
        client.force_login(_staff("view_compensation", "view_claim"))

        answer = client.post(reverse("admin:claims_compensation_retry", args=[payment.pk]))

        assert answer.status_code == 403
        payment.refresh_from_db()
        assert payment.state == "failed"
