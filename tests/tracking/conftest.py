"""What tests of tracking share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tracking.api import webhooks
from tracking.services import keys


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Forget what the door holds for a second, as if the process had just started."""
    keys.forget()
    webhooks.forget()
    yield
    keys.forget()
    webhooks.forget()
