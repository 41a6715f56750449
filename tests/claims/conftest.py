"""What tests about claims share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.claims.banking import SECRET, BankProcess


@pytest.fixture(scope="session")
def _bank_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankProcess]:
    bank = BankProcess(tmp_path_factory.mktemp("bank") / "ledger.sqlite3").start()
    yield bank
    bank.stop()


@pytest.fixture
def bank(_bank_process: BankProcess, settings: object) -> BankProcess:
    """Give a real bank in its own process; our settings point at it."""
    settings.SANDBOX_BANK_URL = _bank_process.url  # type: ignore[attr-defined]
    settings.SANDBOX_BANK_SECRET = SECRET  # type: ignore[attr-defined]
    return _bank_process
