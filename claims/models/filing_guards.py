"""Whose yes the database does not believe because they told the shopper's story themselves."""

# ruff: noqa: S608 - every word of this SQL is ours; nothing of it comes from outside

from __future__ import annotations

import pgtrigger

from claims.models.guards import refuse


def not_by_who_filed_it(noun: str, *people: str) -> pgtrigger.Trigger:
    """Return a guard: nobody named in these columns filed the claim for its shopper."""
    name = f"{noun}_is_not_by_who_filed_the_claim"
    is_new = " OR ".join(f"NEW.{one} IS DISTINCT FROM OLD.{one}" for one in people)
    named = ", ".join(f"NEW.{one}" for one in people)
    check = refuse(
        name,
        "NOT EXISTS (SELECT 1 FROM claims_claimtransition t WHERE t.subject_id = NEW.claim_id"
        f" AND t.verb = 'submit' AND t.role = 'agent' AND t.actor_id IN ({named}))",
        "who filed a claim for its shopper decides nothing on it",
    )
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"IF TG_OP = 'INSERT' OR {is_new} THEN {check} END IF; RETURN NEW;",
    )
