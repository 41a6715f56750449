"""What the database keeps of contracts and assessments, whoever writes."""

from __future__ import annotations

import pgtrigger

PARTIES = ("carrier", "seller", "supplier", "shopper", "nobody")


def _refusing(name: str, unless: str, message: str) -> str:
    return f"""
        IF ({unless}) IS NOT TRUE THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{name}',
                MESSAGE = '{name}: {message}';
        END IF;
        RETURN NEW;
    """


def contract_in_use_stays() -> pgtrigger.Trigger:
    """Return a guard: what an assessment rests on may end, but says what it said."""
    name = "contract_in_use_is_never_rewritten"
    columns = (
        "code", "carrier", "kind", "service", "origins", "lane", "valid_from", "terms", "deadlines",
        "fee", "claimant", "documents", "appeals",
    )  # fmt: skip
    same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in columns)
    unused = "NOT EXISTS (SELECT 1 FROM claims_assessment a WHERE a.contract_id = OLD.id)"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=_refusing(name, f"({same}) OR {unused}", "end it and add a new version instead"),
    )


def assessment_adds_up() -> pgtrigger.Trigger:
    """Return a guard: an assessment's lines sum to what it says, and so do its recovery's parts."""
    name = "assessment_lines_add_up"
    lines = (
        "NEW.amount_minor = (SELECT COALESCE(SUM((line->>'amount_minor')::bigint), 0)"
        " FROM jsonb_array_elements(NEW.lines) line)"
    )
    parts = (
        "NEW.recovery_low_minor = (SELECT COALESCE(SUM((part->>'low_minor')::bigint), 0)"
        " FROM jsonb_array_elements(NEW.recovery) part)"
    )
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=_refusing(name, f"{lines} AND {parts}", "the lines do not sum to the total"),
    )
