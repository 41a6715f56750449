"""What the database promises about rules: whoever decided by one can read it as it was."""

# ruff: noqa: S608 - every word of this SQL is ours; nothing of it comes from outside

from __future__ import annotations

import pgtrigger

from claims.models.guards import refuse

_FREE = {"valid_until"}
"""What may still be said of a rule in use: until when it holds."""


def _unused(policy: str) -> str:
    return (
        f"NOT EXISTS (SELECT 1 FROM claims_claim c"
        f" WHERE c.policy_id = {policy} AND c.submitted_at IS NOT NULL)"
        f" AND NOT EXISTS (SELECT 1 FROM claims_assessment a WHERE a.policy_id = {policy})"
    )


def policy_is_frozen_once_used() -> pgtrigger.Trigger:
    """Return the guard that keeps a rule as it was from the first claim that was sent under it."""
    name = "reason_policy_is_frozen_once_used"
    same = " AND ".join(
        f"to_jsonb(NEW) - '{column}' = to_jsonb(OLD) - '{column}'" for column in sorted(_FREE)
    )
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=refuse(name, f"({same}) OR ({_unused('OLD.id')})", "add a row with a later date")
        + "RETURN NEW;",
    )


def ask_is_frozen_once_used() -> pgtrigger.Trigger:
    """Return the same guard for what a rule asks to see."""
    name = "evidence_ask_is_frozen_once_used"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("policy", "bigint")],
        func=(
            "IF TG_OP = 'DELETE' THEN policy := OLD.policy_id;"
            " ELSE policy := NEW.policy_id; END IF;"
            + refuse(name, _unused("policy"), "add a row with a later date to its rule")
            + "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )
