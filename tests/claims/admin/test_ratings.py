"""The desk reads what shoppers thought, beside the claim and in a list; it changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from claims.admin import queue
from claims.services import rating
from portal.accounts.roles import RoleName
from tests.claims.admin.test_approving import as_, role
from tests.factories.claims import DECIDED, ClaimFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


def test_a_rating_is_read_at_its_claim_and_found_by_its_words() -> None:
    claim = ClaimFactory.create(rejected=True)
    row = rating.rate(
        claim=claim, shopper=claim.shopper, stars=2, words="Thorough <i>but</i> slow.", now=DECIDED
    )
    desk = as_(role(RoleName.AGENT))
    listed = reverse("admin:claims_shopperrating_changelist")

    for address in (queue.href(claim), reverse("admin:claims_shopperrating_change", args=[row.pk])):
        page = desk.get(address).content.decode()
        assert "Thorough &lt;i&gt;but&lt;/i&gt; slow." in page
        assert "Badly" in page
    assert claim.ref in desk.get(listed, {"q": "thorough"}).content.decode()
    assert claim.ref not in desk.get(listed, {"q": "splendid"}).content.decode()
    assert desk.get(reverse("admin:claims_shopperrating_add")).status_code == 403
