from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.accounts import tokens
from portal.accounts.models import ApiToken

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def issue(**changes: object) -> tuple[ApiToken, str]:
    wanted: dict[str, object] = {"name": "shop", "scopes": ["orders:write"], "now": NOW}
    return tokens.issue(**{**wanted, **changes})  # type: ignore[arg-type]


class TestIssue:
    def test_keeps_only_a_hash(self) -> None:
        token, plain = issue()

        assert plain.startswith("amd_")
        assert len(plain) == 47
        row = ApiToken.objects.values().get(pk=token.pk)
        assert not any(plain in str(value) for value in row.values())
        assert row["prefix"] == plain[:12]

    def test_two_keys_never_look_alike(self) -> None:
        assert issue()[1] != issue()[1]

    @pytest.mark.parametrize("scopes", [[], ["everything"], ["orders:write", "*"]])
    def test_refuses_a_scope_it_cannot_read_and_makes_nothing(self, scopes: list[str]) -> None:
        with pytest.raises(tokens.BadScope):
            issue(scopes=scopes)

        assert not ApiToken.objects.exists()

    def test_refuses_a_key_dead_at_birth(self) -> None:
        with pytest.raises(ValueError, match="choose a later date"):
            issue(expires_at=NOW)


class TestVerify:
    def test_finds_the_live_key_and_notes_its_use_once_a_minute(self) -> None:
        token, plain = issue()

        assert tokens.verify(plain, now=NOW) == token
        assert tokens.verify(plain, now=NOW + timedelta(seconds=30)) == token

        token.refresh_from_db()
        assert token.last_used_at == NOW

    @pytest.mark.parametrize("change", ["x", "", "é"])
    def test_refuses_anything_else(self, change: str) -> None:
        _token, plain = issue()

        assert tokens.verify(plain[:-1] + change, now=NOW) is None

    def test_the_hash_itself_opens_nothing(self) -> None:
        token, _plain = issue()

        assert tokens.verify(token.digest, now=NOW) is None
        assert tokens.verify("amd_" + token.digest, now=NOW) is None

    def test_an_expired_key_opens_nothing(self) -> None:
        _token, plain = issue(expires_at=NOW + timedelta(hours=1))

        assert tokens.verify(plain, now=NOW + timedelta(minutes=59)) is not None
        assert tokens.verify(plain, now=NOW + timedelta(hours=1)) is None


class TestRevoke:
    def test_closes_the_key_at_once_and_keeps_the_first_moment(self) -> None:
        token, plain = issue()

        tokens.revoke(token=token, now=NOW)
        tokens.revoke(token=token, now=NOW + timedelta(days=1))

        assert tokens.verify(plain, now=NOW) is None
        assert token.revoked_at == NOW
