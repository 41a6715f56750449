"""What somebody may do who has the portal's database password: nothing that a guard forbids."""

# ruff: noqa: S608 - these tests write SQL as an intruder would

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pgtrigger
import psycopg
import pytest
from django.apps import apps
from django.conf import settings as live
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, ProgrammingError, connection, transaction
from pytest_django import DjangoDbBlocker, Settings

from claims.models import Approval
from portal.ops import roles, roles_check
from tests.factories.claims import DECIDED, ClaimFactory, approver, tighten

pytestmark = pytest.mark.django_db

CLOSED = [
    (table, word)
    for table, allowed in sorted(roles.rights().items())
    for word in roles.ALL
    if word not in allowed
]
"""Every table and what the models' guards refuse for each of its rows."""
GUARDS = sorted(
    (trigger.get_pgid(model), model._meta.db_table)
    for model in apps.get_models()
    for trigger in getattr(model._meta, "triggers", ())
)
"""Every guard in the database, and its table."""
TABLES = sorted({table for _guard, table in GUARDS})

NEVER = (
    "SET session_replication_role = replica",
    "SET SESSION AUTHORIZATION {owner}",
    "SET ROLE {owner}",
    "ALTER ROLE {me} SUPERUSER",
    "ALTER ROLE {me} CREATEROLE",
    "ALTER ROLE {me} SET session_replication_role = replica",
    "GRANT {owner} TO {me}",
    "CREATE ROLE another",
    "CREATE DATABASE another",
    "ALTER DATABASE {database} SET session_replication_role = replica",
    "ALTER SYSTEM SET session_replication_role = replica",
    "CREATE SCHEMA another",
    "CREATE TABLE another (id int)",
    "CREATE TEMPORARY TABLE claims_approval (id int)",
    "CREATE VIEW another AS SELECT 1",
    "CREATE FUNCTION another() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION citext",
    "CREATE EVENT TRIGGER another ON ddl_command_end EXECUTE FUNCTION pg_catalog.now()",
    "DROP SCHEMA public CASCADE",
    "ALTER SCHEMA public OWNER TO {me}",
    "DROP FUNCTION public._pgtrigger_should_ignore CASCADE",
    """CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name)
        RETURNS boolean LANGUAGE sql AS 'SELECT true'""",
    "UPDATE pg_catalog.pg_trigger SET tgenabled = 'D'",
    "UPDATE pg_catalog.pg_authid SET rolsuper = true",
    "DELETE FROM pg_catalog.pg_trigger",
    "COPY claims_entry FROM PROGRAM 'true'",
    "SELECT setval('claims_entry_id_seq', 1)",
    "DELETE FROM django_migrations",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('claims', '9999', now())",
    "REASSIGN OWNED BY {owner} TO {me}",
)
OF_A_TABLE = (
    "ALTER TABLE {table} DISABLE TRIGGER USER",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} ENABLE REPLICA TRIGGER {guard}",
    "ALTER TABLE {table} OWNER TO {me}",
    "ALTER TABLE {table} ADD COLUMN another int",
    "ALTER TABLE {table} RENAME TO another",
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} DROP CONSTRAINT {table}_pkey CASCADE",
    "DROP TABLE {table} CASCADE",
    "TRUNCATE {table} CASCADE",
    "CREATE TRIGGER another BEFORE UPDATE ON {table} EXECUTE FUNCTION {guard}()",
    "CREATE RULE another AS ON DELETE TO {table} DO INSTEAD NOTHING",
    "CREATE INDEX another ON {table} (id)",
)
OF_A_GUARD = (
    "ALTER TABLE {table} DISABLE TRIGGER {guard}",
    "DROP TRIGGER {guard} ON {table}",
    "ALTER TRIGGER {guard} ON {table} RENAME TO another",
    "DROP FUNCTION {guard}() CASCADE",
    "ALTER FUNCTION {guard}() RENAME TO another",
    """CREATE OR REPLACE FUNCTION {guard}() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN RETURN NEW; END'""",
)


@pytest.fixture(scope="module")
def intruder(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[psycopg.Connection[Any]]:
    """Sign in by the portal's own name and password, without Django in between."""
    place = connection.settings_dict
    line = psycopg.connect(
        host=place["HOST"],
        port=place["PORT"] or None,
        dbname=place["NAME"],
        user=live.DATABASE_ROLE["USER"],
        password=live.DATABASE_ROLE["PASSWORD"],
        options="-c lock_timeout=5s",
        autocommit=True,
    )
    yield line
    line.close()


def stands() -> list[tuple[Any, ...]]:
    """Return everything that holds the guards up: they themselves, their words, and all rights."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname::text, tgenabled::text, p.proname::text, md5(p.prosrc)"
            " FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " UNION ALL SELECT relname::text, relkind::text, relowner::regrole::text, relacl::text"
            " FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT rolname::text, rolsuper::text, rolcreaterole::text, '' FROM pg_roles"
            " ORDER BY 1, 2, 3, 4"
        )
        return list(cursor.fetchall())


def gets_away_with(line: psycopg.Connection[Any], statements: list[str]) -> list[str]:
    """Try each statement and return those that the database did not refuse for want of a right."""
    passed = []
    for statement in statements:
        try:
            line.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            continue
        except psycopg.Error as trouble:
            passed.append(f"{statement}: {trouble}")
        else:
            passed.append(statement)
    return passed


def filled(forms: tuple[str, ...], **names: str) -> list[str]:
    place = connection.settings_dict
    names |= {
        "me": live.DATABASE_ROLE["USER"],
        "owner": place["USER"],
        "database": connection.ops.quote_name(place["NAME"]),
    }
    return [form.format(**names) for form in forms]


class TestTheIntruder:
    def test_makes_nothing_and_becomes_nobody(self, intruder: psycopg.Connection[Any]) -> None:
        before = stands()

        assert gets_away_with(intruder, filled(NEVER)) == []

        assert stands() == before

    @pytest.mark.parametrize("table", TABLES)
    def test_neither_empties_nor_changes_a_guarded_table(
        self, intruder: psycopg.Connection[Any], table: str
    ) -> None:
        before = stands()
        guards = [guard for guard, of in GUARDS if of == table]
        tries = filled(OF_A_TABLE, table=table, guard=guards[0])
        for guard in guards:
            tries += filled(OF_A_GUARD, table=table, guard=guard)

        assert gets_away_with(intruder, tries) == []
        intruder.execute(*filled(("GRANT ALL ON {table} TO {me}",), table=table))  # a warning only

        assert stands() == before

    @pytest.mark.parametrize(("table", "word"), CLOSED)
    def test_never_rewrites_what_is_only_ever_added(
        self, intruder: psycopg.Connection[Any], table: str, word: str
    ) -> None:
        form = {
            "UPDATE": "UPDATE {} SET id = id",
            "DELETE": "DELETE FROM {}",
            "INSERT": "INSERT INTO {} DEFAULT VALUES",
        }[word]

        assert gets_away_with(intruder, [form.format(table)]) == []

    def test_reads_and_adds_where_the_portal_must(self, intruder: psycopg.Connection[Any]) -> None:
        with intruder.transaction(force_rollback=True):
            intruder.execute(
                "INSERT INTO outbox_event (name, payload, recorded_at) VALUES ('x', '{}', now())"
            )
            found = intruder.execute("SELECT name FROM outbox_event").fetchall()

        assert found == [("x",)]


class TestGuards:
    """What holds row by row, whatever a session sets."""

    def test_nothing_a_session_sets_puts_a_guard_to_sleep(self) -> None:
        claim = ClaimFactory.create(approved=True)
        names = ",".join(guard for guard, _table in GUARDS)

        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{names}}}"])
            with (
                pytest.raises(IntegrityError, match="approval_is_never_altered"),
                transaction.atomic(),
            ):
                cursor.execute("UPDATE claims_approval SET amount_minor = 1")

        assert Approval.objects.get(claim=claim).amount_minor == 5_500

    def test_every_one_is_there_and_awake(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgname::text, tgrelid::regclass::text FROM pg_trigger"
                " WHERE tgname LIKE 'pgtrigger%' AND tgenabled = 'O' ORDER BY 1, 2"
            )

            assert cursor.fetchall() == GUARDS

    @pytest.mark.usefixtures("owner")
    def test_a_migration_may_still_step_past_them(self) -> None:
        ClaimFactory.create(approved=True)

        with pgtrigger.ignore("claims.Approval:approval_is_never_altered"):
            changed = Approval.objects.update(instrument="a card")

        assert changed == 1
        with pytest.raises(IntegrityError, match="approval_is_never_altered"):
            Approval.objects.update(instrument="another card")

    @pytest.mark.parametrize(
        "change",
        [
            "approved_at = now()",
            "approved_at = now(), approver_id = reviewer_id",
            "approved_at = now(), approver_id = claimant_id",
            "approved_at = now(), counted_minor = 1",
            "approved_at = now(), limit_minor = 99999999",
        ],
    )
    def test_one_person_alone_approves_nothing(self, change: str) -> None:
        tighten("USD", 1_000)
        claim = ClaimFactory.create(pending_approval=True)

        with (
            pytest.raises(IntegrityError, match="approval_"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE claims_approval SET {change} WHERE claim_id = {claim.pk}")

        row = Approval.objects.get(claim=claim)
        assert (row.approved_at, row.approver_id) == (None, None)

    def test_a_second_person_does(self) -> None:
        tighten("USD", 1_000)
        claim = ClaimFactory.create(pending_approval=True)

        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE claims_approval SET approved_at = %s, approver_id = %s WHERE claim_id = %s",
                [DECIDED, approver().pk, claim.pk],
            )

        assert Approval.objects.get(claim=claim).approved_at == DECIDED


class TestSettling:
    def test_the_whole_suite_runs_as_the_portals_role(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")

            assert cursor.fetchone() == (live.DATABASE_ROLE["USER"],)

    def test_books_steps_and_decisions_are_only_added_to(self) -> None:
        allowed = roles.rights()

        for name in (
            "claims_claimtransition", "claims_compensationtransition", "claims_posting",
            "claims_entry", "claims_assessment", "claims_counteroffer", "claims_approvallimit",
            "claims_autobudget", "claims_autoswitchmove", "claims_filingoverride",
            "claims_originalopening", "claims_severitychange", "claims_riskrating",
        ):  # fmt: skip
            assert allowed[name] == ("SELECT", "INSERT"), name
        for name in ("claims_approval", "claims_decline", "claims_compensation", "claims_attempt"):
            assert allowed[name] == ("SELECT", "INSERT", "UPDATE"), name
        assert allowed["django_migrations"] == ("SELECT",)

    @pytest.mark.usefixtures("owner")
    def test_again_changes_nothing(self) -> None:
        before = stands()

        roles.settle()

        assert stands() == before

    @pytest.mark.usefixtures("owner")
    def test_takes_back_what_somebody_gave(self) -> None:
        before = stands()
        with connection.cursor() as cursor:
            cursor.execute(
                f"GRANT UPDATE ON claims_entry TO {live.DATABASE_ROLE['USER']};"
                "GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TRUNCATE ON claims_entry TO PUBLIC"
            )

        roles.settle()

        assert stands() == before

    @pytest.mark.usefixtures("owner")
    def test_a_table_that_a_migration_took_back_is_passed_over(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE claims_shopperrating")
        before = stands()

        roles.settle()

        assert "claims_shopperrating" in roles.rights()
        assert stands() == before

    @pytest.mark.usefixtures("owner")
    def test_a_table_that_is_nobodys_model_is_closed(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE another (id int)")
            roles.settle()
            cursor.execute(f"SET LOCAL ROLE {live.DATABASE_ROLE['USER']}")

            with pytest.raises(ProgrammingError, match="permission denied"):
                cursor.execute("SELECT * FROM another")

    @pytest.mark.usefixtures("owner")
    def test_one_role_for_both_is_refused_if_two_are_meant(self, settings: Settings) -> None:
        settings.DATABASE_ROLE = {"USER": connection.settings_dict["USER"], "PASSWORD": ""}

        with pytest.raises(ImproperlyConfigured, match="DATABASE_OWNER_URL"):
            roles.settle()

    @pytest.mark.usefixtures("owner")
    def test_one_role_for_both_is_left_as_it_is_if_one_is_meant(self, settings: Settings) -> None:
        settings.DATABASE_ROLE = {}
        before = stands()

        roles.settle()

        assert stands() == before


class TestMigrate:
    def test_makes_the_portals_role_where_there_is_none(self) -> None:
        name, place = f"amends_{uuid4().hex[:8]}", connection.settings_dict
        where = f"{quote(place['HOST'], safe='')}:{place['PORT']}/{place['NAME']}".replace(
            ":/", "/"
        )
        word = f":{quote(place['PASSWORD'])}" if place["PASSWORD"] else ""
        env = {
            "DJANGO_SETTINGS_MODULE": "portal.settings.base",
            "DATABASE_OWNER_URL": f"postgres://{quote(place['USER'])}{word}@{where}",
            "DATABASE_URL": f"postgres://{name}:pass%20word@{where}",
        }
        with psycopg.connect(env["DATABASE_OWNER_URL"], autocommit=True) as line:
            try:
                done = subprocess.run(
                    [sys.executable, "manage.py", "migrate", "-v", "0"],
                    env=os.environ | env,
                    cwd=live.BASE_DIR,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, done.stderr
                made = line.execute(
                    "SELECT rolcanlogin, rolinherit, rolpassword ~ '^SCRAM-SHA-256' FROM pg_authid"
                    " WHERE rolname = %s",
                    [name],
                ).fetchone()
                assert made == (True, False, True)
                with psycopg.connect(env["DATABASE_URL"]) as newcomer:
                    assert newcomer.execute(roles.POWERS).fetchone() == (name, [])
                    assert newcomer.execute("SELECT count(*) FROM claims_claim").fetchone()
            finally:
                line.execute(f"DROP OWNED BY {name}")
                line.execute(f"DROP ROLE {name}")


class TestCheck:
    def test_warns_of_a_role_that_could_drop_the_guards(self) -> None:
        found = checks.run_checks(
            tags=["database"], include_deployment_checks=True, databases=["default"]
        )

        assert [each.id for each in found] == ["portal.W020"]
        assert "is a superuser" in found[0].msg
        assert "DATABASE_OWNER_URL" in (found[0].hint or "")

    def test_says_nothing_before_going_live(self) -> None:
        assert checks.run_checks(tags=["database"], databases=["default"]) == []


class TestPowers:
    @pytest.fixture
    def signed_in(self, settings: Settings) -> Iterator[None]:
        """Let Django sign in by the portal's own name and password."""
        place = connection.settings_dict
        settings.DATABASE_OWNER = {key: place[key] for key in roles.CONNECTION} | live.DATABASE_ROLE
        with roles.owner():
            yield

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.usefixtures("signed_in")
    def test_the_portals_role_has_none_too_many(self) -> None:
        assert roles.powers() == (live.DATABASE_ROLE["USER"], [])
        assert roles_check.check_role(databases=["default"]) == []

    @pytest.mark.parametrize(
        ("given", "found"),
        [
            ("GRANT UPDATE ON claims_entry TO {me}", "has UPDATE on claims_entry"),
            ("GRANT TRIGGER ON claims_entry TO PUBLIC", "has TRIGGER on claims_entry"),
            ("GRANT CREATE ON SCHEMA public TO {me}", "may make tables"),
            ("GRANT CREATE ON DATABASE {database} TO {me}", "may make schemas"),
            ("GRANT TEMPORARY ON DATABASE {database} TO PUBLIC", "may hide tables behind"),
            ("ALTER TABLE notifications_watch OWNER TO {me}", "owns tables"),
        ],
    )
    def test_each_one_too_many_is_found(self, given: str, found: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE none")
            cursor.execute(*filled((given,)))
            cursor.execute(f"SET LOCAL SESSION AUTHORIZATION {live.DATABASE_ROLE['USER']}")

        _name, powers = roles.powers()

        assert len(powers) == 1
        assert powers[0].startswith(found)
