"""Promises the database keeps by itself, whoever writes: service, admin, shell or SQL."""

# ruff: noqa: S608 - every word of this SQL is ours; nothing of it comes from outside

from __future__ import annotations

import pgtrigger


def refuse(name: str, unless: str, message: str) -> str:
    """Return PL/pgSQL that refuses the row unless a condition holds; an unknown one does not."""
    return f"""
        IF ({unless}) IS NOT TRUE THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{name}',
                MESSAGE = '{name}: {message}';
        END IF;
    """


def frozen(name: str, *columns: str) -> pgtrigger.Trigger:
    """Return a guard that refuses every change of these columns."""
    same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in columns)
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=refuse(name, same, "these columns are written once") + "RETURN NEW;",
    )


def original_is_sealed() -> pgtrigger.Trigger:
    """Return the guard of a photo as it came: erasure may blank where it lies, nobody swaps it."""
    name = "original_is_sealed"
    same = " AND ".join(
        [
            *(
                f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}"
                for column in ("claim_id", "bytes", "received_at", "uploaded_by_id")
            ),
            *(
                f"(NEW.{column} = OLD.{column} OR NEW.{column} = '')"
                for column in ("original", "sha256")
            ),
        ]
    )
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=refuse(name, same, "an original is kept as it came") + "RETURN NEW;",
    )


def _never_emptied(noun: str) -> pgtrigger.Trigger:
    name = f"{noun}_is_never_emptied"
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION '{name}: these rows are kept for good';",
    )


def kept(noun: str) -> list[pgtrigger.Trigger]:
    """Return guards that refuse to delete rows, one by one or all at once."""
    return [
        pgtrigger.Protect(name=f"{noun}_is_never_deleted", operation=pgtrigger.Delete),
        _never_emptied(noun),
    ]


def append_only(noun: str) -> list[pgtrigger.Trigger]:
    """Return guards under which rows may only be added."""
    return [
        pgtrigger.Protect(
            name=f"{noun}_is_never_rewritten", operation=pgtrigger.Update | pgtrigger.Delete
        ),
        _never_emptied(noun),
    ]


def limits_move_forward() -> pgtrigger.Trigger:
    """Return a guard against back-dating: a new limit begins after every older one."""
    name = "approval_limit_only_moves_forward"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=refuse(
            name,
            "NOT EXISTS (SELECT 1 FROM claims_approvallimit l"
            " WHERE l.currency = NEW.currency AND l.valid_from >= NEW.valid_from)",
            "a limit begins after those before it",
        )
        + "RETURN NEW;",
    )


def rows_move_forward(noun: str, table: str, column: str) -> pgtrigger.Trigger:
    """Return the same guard for dated rows of any table, those with one value of a column."""
    name = f"{noun}_only_moves_forward"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=refuse(
            name,
            f"NOT EXISTS (SELECT 1 FROM {table} l"
            f" WHERE l.{column} = NEW.{column} AND l.valid_from >= NEW.valid_from)",
            "a row begins after those before it",
        )
        + "RETURN NEW;",
    )


def compensation_is_approved() -> list[pgtrigger.Trigger]:
    """Return the guards of a compensation: approved, unaltered, and never more than was paid."""
    approved, total = "compensation_needs_a_live_approval", "compensations_never_exceed_the_payment"
    return [
        pgtrigger.Trigger(
            name=approved,
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            func=refuse(
                approved,
                "EXISTS (SELECT 1 FROM claims_approval p"
                " JOIN claims_claim c ON c.id = p.claim_id"
                " JOIN claims_paymentbalance b ON b.order_id = c.order_id"
                " WHERE p.id = NEW.approval_id AND p.claim_id = NEW.claim_id"
                " AND b.id = NEW.balance_id AND b.currency = NEW.currency"
                " AND p.approved_at IS NOT NULL AND p.voided_at IS NULL"
                " AND p.amount_minor = NEW.amount_minor AND p.currency = NEW.currency"
                " AND p.payee = NEW.payee AND p.instrument = NEW.instrument)",
                "an approved, live approval of the same claim, sum and payee must stand behind it",
            )
            + "RETURN NEW;",
        ),
        pgtrigger.Trigger(
            name=total,
            when=pgtrigger.Before,
            operation=pgtrigger.Insert | pgtrigger.Update,
            func="""
            IF NEW.state NOT IN ('failed', 'reversed') THEN
                PERFORM 1 FROM claims_paymentbalance WHERE id = NEW.balance_id FOR UPDATE;
            """
            + refuse(
                total,
                "NEW.amount_minor + (SELECT COALESCE(SUM(m.amount_minor), 0)"
                " FROM claims_compensation m WHERE m.balance_id = NEW.balance_id"
                " AND m.id <> NEW.id AND m.state NOT IN ('failed', 'reversed'))"
                " <= (SELECT captured_minor FROM claims_paymentbalance WHERE id = NEW.balance_id)",
                "the order was not paid that much",
            )
            + "END IF; RETURN NEW;",
        ),
        frozen(
            "compensation_is_never_altered",
            "claim_id",
            "approval_id",
            "balance_id",
            "reference",
            "kind",
            "gateway",
            "amount_minor",
            "currency",
            "instrument",
            "payee",
            "planned_at",
        ),
        *kept("compensation"),
    ]


def compensation_leaves_its_trace() -> pgtrigger.Trigger:
    """
    Return the guard at commit: steps and books tell of a payment what its state says.

    What was paid is sent again only if the provider gave it back, and then both say so for good.
    """
    name = "compensation_leaves_its_trace"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        timing=pgtrigger.Deferred,
        func="IF NEW.state <> OLD.state OR NEW.version <> OLD.version THEN"
        + refuse(
            name,
            "EXISTS (SELECT 1 FROM claims_compensation m WHERE m.id = NEW.id"
            " AND m.version = 1 + (SELECT COUNT(*) FROM claims_compensationtransition t"
            " WHERE t.subject_id = m.id)"
            " AND m.state = (SELECT t.target FROM claims_compensationtransition t"
            " WHERE t.subject_id = m.id ORDER BY t.id DESC LIMIT 1)"
            " AND CASE WHEN m.state = 'succeeded' THEN -m.amount_minor ELSE 0 END ="
            " (SELECT COALESCE(SUM(e.amount_minor), 0) FROM claims_entry e"
            " JOIN claims_posting p ON p.id = e.posting_id"
            " WHERE p.compensation_id = m.id AND e.account = 'psp_clearing'))",
            "a step and a posting must stand behind its state",
        )
        + "END IF; RETURN NULL;",
    )


def attempt_ends_once() -> pgtrigger.Trigger:
    """Return a guard that keeps what an attempt at the provider came to."""
    name = "attempt_ends_once"
    same = " AND ".join(
        f"NEW.{column} = OLD.{column}"
        for column in ("finished_at", "outcome", "provider_ref", "error")
    )
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func="IF OLD.finished_at IS NOT NULL THEN"
        + refuse(name, same, "what it came to is written once")
        + "END IF; RETURN NEW;",
    )


def captured_is_what_was_paid() -> pgtrigger.Trigger:
    """Return a guard that keeps the balance's captured sum to what its order says was paid."""
    name = "payment_balance_tells_what_was_paid"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=refuse(
            name,
            "EXISTS (SELECT 1 FROM tracking_order o WHERE o.id = NEW.order_id"
            " AND o.currency = NEW.currency AND NEW.captured_minor <= o.captured_minor)",
            "no more was captured than the order says",
        )
        + "RETURN NEW;",
    )


def posting_balances() -> pgtrigger.Trigger:
    """Return the guard at commit: a posting has entries, and they sum to zero per currency."""
    name = "posting_balances_at_commit"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        func=refuse(
            name,
            "EXISTS (SELECT 1 FROM claims_entry e WHERE e.posting_id = NEW.id)"
            " AND NOT EXISTS (SELECT 1 FROM claims_entry e WHERE e.posting_id = NEW.id"
            " GROUP BY e.currency HAVING SUM(e.amount_minor) <> 0)",
            "debits and credits differ",
        )
        + "RETURN NULL;",
    )


def entry_balances() -> pgtrigger.Trigger:
    """Return the same guard for an entry that joins a posting later."""
    name = "entry_leaves_its_posting_balanced"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        timing=pgtrigger.Deferred,
        func=refuse(
            name,
            "NOT EXISTS (SELECT 1 FROM claims_entry e WHERE e.posting_id = NEW.posting_id"
            " GROUP BY e.currency HAVING SUM(e.amount_minor) <> 0)",
            "debits and credits differ",
        )
        + "RETURN NULL;",
    )
