"""The staff's front page and sidebar show what this person may see, and little else."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from tests.factories.claims import ClaimFactory, agent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings) -> None:
    settings.DEMO = True


class TestDashboard:
    def test_counts_what_needs_somebody(
        self, client: Client, django_assert_max_num_queries
    ) -> None:
        late = ClaimFactory.create(in_review=True)
        waits = ClaimFactory.create(pending_approval=True)
        client.force_login(agent())

        with django_assert_max_num_queries(20):
            text = client.get("/admin/").content.decode()

        assert late.ref in text
        assert waits.ref in text
        assert "Overdue" in text
        assert "Dead letters" not in text

    def test_shows_the_house_to_who_keeps_it(self, client: Client) -> None:
        client.force_login(User.objects.create_superuser("boss@example.org"))

        text = client.get("/admin/").content.decode()

        assert "Dead letters" in text
        assert "Envelopes in trouble" in text
        assert "Approval limits" in text

    def test_leads_nobody_where_they_may_not_go(self, client: Client) -> None:
        client.force_login(User.objects.create_user("new@example.org", is_staff=True))

        text = client.get("/admin/").content.decode()

        assert "/admin/claims/" not in text
        assert "Overdue" not in text
