"""Whose yes the database believes: approvals, refusals, and what a rule may spend."""

# ruff: noqa: S608 - every word of this SQL is ours; nothing of it comes from outside

from __future__ import annotations

from collections.abc import Iterable

import pgtrigger

from claims.models.guards import frozen, kept, refuse
from portal.lib.moves import Moves

DECIDING = "('propose', 'propose_no', 'second', 'approve', 'offer', 'reject')"
"""The steps after which somebody has decided; see ``decisions.DECIDING``."""


def _before(
    name: str, operation: pgtrigger.Operation | pgtrigger.Operations, *bodies: str
) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name, when=pgtrigger.Before, operation=operation, func="".join(bodies) + "RETURN NEW;"
    )


def _day(moment: str) -> str:
    return f"({moment} AT TIME ZONE 'UTC')::date"


def _limit_in_force(name: str, *, has_double: bool = True) -> str:
    day = _day("NEW.reviewed_at")
    double = " AND l.double_minor IS NOT DISTINCT FROM NEW.double_minor" if has_double else ""
    return refuse(
        name,
        "EXISTS (SELECT 1 FROM claims_approvallimit l WHERE l.id = NEW.limit_id"
        " AND l.currency = NEW.currency AND l.single_minor = NEW.limit_minor"
        f"{double}"
        f" AND l.valid_from <= {day} AND NOT EXISTS ("
        "SELECT 1 FROM claims_approvallimit n WHERE n.currency = l.currency"
        f" AND n.valid_from > l.valid_from AND n.valid_from <= {day}))",
        "the limit must be the one in force for the currency on that day",
    )


def _when_somebody_new(columns: Iterable[str], body: str) -> str:
    """Return PL/pgSQL that looks at people only when one is named who was not there before."""
    changed = " OR ".join(f"NEW.{one} IS DISTINCT FROM OLD.{one}" for one in columns)
    return f"IF TG_OP = 'INSERT' OR {changed} THEN {body} END IF;"


def _by_staff(name: str, columns: Iterable[str]) -> str:
    people = ", ".join(f"NEW.{column}" for column in columns)
    body = refuse(
        name,
        "NOT EXISTS (SELECT 1 FROM unnest(ARRAY["
        + people
        + "]) AS person(id) LEFT JOIN accounts_user u ON u.id = person.id"
        " WHERE person.id IS NOT NULL AND person.id <> NEW.claimant_id"
        " AND (u.is_staff AND u.is_active) IS NOT TRUE)",
        "only active staff say yes or no",
    )
    return _when_somebody_new(columns, body)


def _fresh_eyes(name: str, columns: Iterable[str]) -> str:
    people = ", ".join(f"NEW.{column}" for column in columns)
    body = refuse(
        name,
        "NOT EXISTS (SELECT 1 FROM claims_claimtransition t WHERE t.subject_id = NEW.claim_id"
        f" AND t.verb IN {DECIDING} AND t.actor_id IN ({people})"
        " AND t.id < (SELECT max(a.id) FROM claims_claimtransition a"
        " WHERE a.subject_id = NEW.claim_id AND a.verb = 'appeal'))",
        "nobody who decided before an appeal decides again",
    )
    return _when_somebody_new(columns, body)


def approval_is_bound() -> list[pgtrigger.Trigger]:
    """
    Return the guards of an approval.

    Its sum is the newest assessment's, its payee the order's own payment, its claimant the
    shopper, its limits those in force that day, its digest covers them all, and it counts what
    was approved before. One by rule fits its rule, the switch is on, and the budget is spent.
    """
    bound, given = "approval_is_bound_to_its_claim", "approval_is_still_bound_when_given"
    limit, steps = "approval_uses_the_limit_in_force", "approval_only_goes_forward"
    counts, staff = "approval_sums_up_what_was_approved_before", "approval_is_by_staff"
    others, finance = "approval_after_an_appeal_is_by_others", "approval_has_finance_in_its_place"
    by_rule = "approval_by_rule_fits_its_rule"
    people = ("reviewer_id", "approver_id", "finance_id")
    newest = (
        "NEW.assessment_id = (SELECT a.id FROM claims_assessment a"
        " WHERE a.claim_id = NEW.claim_id ORDER BY a.number DESC LIMIT 1)"
    )
    return [
        _before(
            bound,
            pgtrigger.Insert,
            refuse(
                bound,
                "EXISTS (SELECT 1 FROM claims_claim c"
                " JOIN claims_assessment a ON a.claim_id = c.id"
                " JOIN tracking_order o ON o.id = c.order_id"
                " WHERE c.id = NEW.claim_id AND a.id = NEW.assessment_id"
                " AND c.shopper_id = NEW.claimant_id"
                " AND a.amount_minor = NEW.amount_minor AND a.currency = NEW.currency"
                " AND c.currency = NEW.currency"
                " AND o.payment_reference = NEW.payee"
                " AND o.payment_instrument = NEW.instrument"
                " AND NEW.digest = encode(sha256(convert_to(concat_ws(chr(31), a.id, a.digest,"
                " NEW.amount_minor, NEW.currency, NEW.instrument, NEW.payee), 'UTF8')), 'hex'))",
                "sum, currency, payee, claimant and digest must be those of claim and assessment",
            ),
        ),
        _before(
            given,
            pgtrigger.Insert | pgtrigger.Update,
            "IF NEW.approved_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.approved_at IS NULL) THEN"
            + refuse(
                given,
                f"{newest} AND NEW.voided_at IS NULL AND EXISTS (SELECT 1 FROM claims_claim c"
                " JOIN tracking_order o ON o.id = c.order_id WHERE c.id = NEW.claim_id"
                " AND o.payment_reference = NEW.payee AND o.payment_instrument = NEW.instrument)",
                "assessment and payee must still be those that were proposed",
            )
            + "END IF;",
        ),
        _before(limit, pgtrigger.Insert, _limit_in_force(limit)),
        _before(
            counts,
            pgtrigger.Insert,
            # One after the other for one shopper and one order, or two at once would not see
            # each other's sums. The service takes the same locks in the same order.
            "PERFORM 1 FROM accounts_user WHERE id = NEW.claimant_id FOR NO KEY UPDATE;"
            "PERFORM 1 FROM tracking_order o JOIN claims_claim c ON c.order_id = o.id"
            " WHERE c.id = NEW.claim_id FOR NO KEY UPDATE OF o;",
            refuse(
                counts,
                "NEW.counted_minor >= NEW.amount_minor + GREATEST("
                "(SELECT COALESCE(SUM(p.amount_minor), 0) FROM claims_approval p"
                " JOIN claims_claim c ON c.id = p.claim_id WHERE p.currency = NEW.currency"
                " AND p.voided_at IS NULL AND c.order_id ="
                " (SELECT order_id FROM claims_claim WHERE id = NEW.claim_id)),"
                " (SELECT COALESCE(SUM(p.amount_minor), 0) FROM claims_approval p"
                " WHERE p.claimant_id = NEW.claimant_id AND p.currency = NEW.currency"
                " AND p.voided_at IS NULL"
                " AND p.reviewed_at > NEW.reviewed_at - interval '24 hours'))",
                "what the order, and the shopper within 24 hours, was approved counts together",
            ),
        ),
        _before(staff, pgtrigger.Insert | pgtrigger.Update, _by_staff(staff, people)),
        _before(others, pgtrigger.Insert | pgtrigger.Update, _fresh_eyes(others, people)),
        _before(
            finance,
            pgtrigger.Insert | pgtrigger.Update,
            "IF NEW.finance_id IS NOT NULL"
            " AND (TG_OP = 'INSERT' OR NEW.finance_id IS DISTINCT FROM OLD.finance_id) THEN",
            refuse(
                finance,
                "EXISTS (SELECT 1 FROM auth_permission p"
                " JOIN django_content_type t ON t.id = p.content_type_id"
                " WHERE t.app_label = 'claims' AND p.codename = 'finance_claim' AND ("
                "EXISTS (SELECT 1 FROM accounts_user_user_permissions h"
                " WHERE h.permission_id = p.id AND h.user_id = NEW.finance_id)"
                " OR EXISTS (SELECT 1 FROM accounts_user_groups g JOIN auth_group_permissions h"
                " ON h.group_id = g.group_id"
                " WHERE h.permission_id = p.id AND g.user_id = NEW.finance_id)))",
                "this yes comes from somebody who holds the permission of finance",
            ),
            "END IF;",
        ),
        _before(by_rule, pgtrigger.Insert, _fits_rule(by_rule)),
        frozen(
            "approval_is_never_altered",
            "claim_id",
            "assessment_id",
            "amount_minor",
            "currency",
            "instrument",
            "payee",
            "digest",
            "limit_id",
            "limit_minor",
            "double_minor",
            "counted_minor",
            "claimant_id",
            "reviewer_id",
            "reviewed_at",
            "rule_id",
            "rule_minor",
        ),
        _before(
            steps,
            pgtrigger.Update,
            refuse(
                steps,
                "(OLD.approved_at IS NULL OR NEW.approved_at = OLD.approved_at)"
                " AND (OLD.approver_id IS NULL OR NEW.approver_id = OLD.approver_id)"
                " AND (OLD.finance_id IS NULL OR NEW.finance_id = OLD.finance_id)"
                " AND (OLD.approved_at IS NULL OR (NEW.approver_id IS NOT DISTINCT FROM"
                " OLD.approver_id AND NEW.finance_id IS NOT DISTINCT FROM OLD.finance_id))"
                " AND (OLD.voided_at IS NULL OR (NEW.voided_at = OLD.voided_at"
                " AND NEW.void_reason = OLD.void_reason"
                " AND NEW.approved_at IS NOT DISTINCT FROM OLD.approved_at))"
                " AND (OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL OR NOT EXISTS ("
                "SELECT 1 FROM claims_compensation m WHERE m.approval_id = NEW.id))"
                # What a rule proposed is approved by a person; by itself it approves at once.
                " AND (NEW.rule_id IS NULL OR OLD.approved_at IS NOT NULL"
                " OR NEW.approved_at IS NULL OR NEW.approver_id IS NOT NULL)",
                "a yes is neither taken back nor moved to another person, nor void once used",
            ),
        ),
        *kept("approval"),
    ]


def _fits_rule(name: str) -> str:
    """Return PL/pgSQL: the rule covers the claim, the switch is on, the budgets are charged."""
    day = _day("NEW.reviewed_at")
    charge = (
        "UPDATE claims_budgetcounter SET spent_minor = spent_minor + NEW.amount_minor,"
        " approvals = approvals + 1 WHERE currency = NEW.currency AND "
    )
    return (
        "IF NEW.rule_id IS NOT NULL THEN"
        + refuse(
            name,
            "EXISTS (SELECT 1 FROM claims_autoapprovalrule r"
            " JOIN claims_claim c ON c.id = NEW.claim_id WHERE r.id = NEW.rule_id"
            " AND r.currency = NEW.currency AND r.max_minor = NEW.rule_minor"
            " AND r.reasons @> to_jsonb(c.reason::text)"
            f" AND r.valid_from <= {day} AND (r.valid_until IS NULL OR r.valid_until > {day})"
            " AND (r.made_by_id IS NULL OR r.agreed_at IS NOT NULL)"
            " AND NEW.counted_minor <= CASE WHEN NEW.approved_at IS NULL"
            " THEN COALESCE(r.confirm_minor, 0) ELSE r.max_minor END)",
            "the rule in force must cover reason, currency and sum of the claim",
        )
        + "IF NEW.approved_at IS NOT NULL THEN"
        # A shared lock: who throws the switch waits for approvals under way, and none follows.
        " PERFORM 1 FROM claims_autoswitch WHERE id = 1 AND is_on FOR SHARE;"
        + refuse("approval_by_rule_needs_the_switch_on", "FOUND", "automatic approvals are off")
        + f"{charge} day = {day} AND disruption_id IS NULL;"
        + refuse("approval_by_rule_has_a_budget", "FOUND", "the day has no budget")
        + "IF EXISTS (SELECT 1 FROM claims_autoapprovalrule r WHERE r.id = NEW.rule_id"
        " AND r.disruption_id IS NOT NULL) THEN " + f"{charge} day IS NULL AND disruption_id ="
        " (SELECT r.disruption_id FROM claims_autoapprovalrule r WHERE r.id = NEW.rule_id);"
        + refuse("approval_by_rule_has_a_budget", "FOUND", "the disruption has no budget")
        + "END IF; END IF; END IF;"
    )


def decline_is_bound() -> list[pgtrigger.Trigger]:
    """Return the guards of a refusal: its value is the claim's, and a yes to it only goes on."""
    bound, limit, steps = (
        "decline_is_bound_to_its_claim",
        "decline_uses_the_limit_in_force",
        "decline_only_goes_forward",
    )
    staff, others = "decline_is_by_staff", "decline_after_an_appeal_is_by_others"
    people = ("reviewer_id", "approver_id")
    return [
        _before(
            bound,
            pgtrigger.Insert,
            refuse(
                bound,
                "EXISTS (SELECT 1 FROM claims_claim c WHERE c.id = NEW.claim_id"
                " AND c.shopper_id = NEW.claimant_id AND c.currency = NEW.currency"
                " AND NEW.value_minor >= c.claimed_minor)",
                "value, currency and claimant must be those of the claim",
            ),
        ),
        _before(
            limit,
            pgtrigger.Insert,
            "IF NEW.reviewer_id IS NOT NULL THEN",
            _limit_in_force(limit, has_double=False),
            "END IF;",
        ),
        _before(staff, pgtrigger.Insert | pgtrigger.Update, _by_staff(staff, people)),
        _before(others, pgtrigger.Insert | pgtrigger.Update, _fresh_eyes(others, people)),
        frozen(
            "decline_is_never_altered",
            "claim_id",
            "code",
            "text",
            "looked_at",
            "value_minor",
            "currency",
            "limit_id",
            "limit_minor",
            "claimant_id",
            "reviewer_id",
            "reviewed_at",
        ),
        _before(
            steps,
            pgtrigger.Update,
            refuse(
                steps,
                "(OLD.approved_at IS NULL OR (NEW.approved_at = OLD.approved_at"
                " AND NEW.approver_id IS NOT DISTINCT FROM OLD.approver_id))"
                " AND (OLD.approver_id IS NULL OR NEW.approver_id = OLD.approver_id)"
                " AND (OLD.voided_at IS NULL OR (NEW.voided_at = OLD.voided_at"
                " AND NEW.approved_at IS NOT DISTINCT FROM OLD.approved_at))",
                "a no is neither taken back nor moved to another person",
            ),
        ),
        *kept("decline"),
    ]


def stand_in_is_looked_at() -> list[pgtrigger.Trigger]:
    """Return the guards of a stand-in: it is the yes it says, and others judge it, once."""
    bound, others = "stand_in_gave_the_second_yes", "stand_in_is_looked_at_by_others"
    once = "stand_in_is_judged_once"
    return [
        _before(
            bound,
            pgtrigger.Insert,
            refuse(
                bound,
                "EXISTS (SELECT 1 FROM claims_approval a WHERE a.id = NEW.approval_id"
                " AND a.approver_id = NEW.person_id AND a.approved_at = NEW.made_at"
                " AND a.finance_id IS NULL AND a.voided_at IS NULL)",
                "it is the last yes of an approval that two people are enough for",
            ),
        ),
        _before(
            others,
            pgtrigger.Insert | pgtrigger.Update,
            refuse(
                others,
                "NEW.judged_by_id IS NULL OR EXISTS (SELECT 1 FROM claims_approval a"
                " JOIN accounts_user u ON u.id = NEW.judged_by_id AND u.is_staff AND u.is_active"
                " WHERE a.id = NEW.approval_id AND NEW.judged_by_id <> a.claimant_id"
                " AND NEW.judged_by_id <> a.approver_id"
                " AND NEW.judged_by_id IS DISTINCT FROM a.reviewer_id)",
                "neither of the two, nor the claimant, judges it",
            ),
        ),
        _before(
            once,
            pgtrigger.Update,
            refuse(
                once,
                "OLD.verdict = '' OR (NEW.verdict = OLD.verdict AND NEW.note = OLD.note"
                " AND NEW.judged_by_id = OLD.judged_by_id AND NEW.judged_at = OLD.judged_at)",
                "a verdict stands",
            ),
        ),
        frozen(
            "stand_in_is_never_altered", "approval_id", "person_id", "why", "made_at", "review_by"
        ),
        *kept("stand_in"),
    ]


def claim_is_declined_by_a_decision() -> pgtrigger.Trigger:
    """Return the guard of a claim: it is declined only by a refusal that enough people gave."""
    name = "claim_is_declined_by_a_decision"
    return _before(
        name,
        pgtrigger.Update,
        "IF NEW.state = 'rejected' AND OLD.state <> 'rejected' THEN",
        refuse(
            name,
            "EXISTS (SELECT 1 FROM claims_decline d WHERE d.claim_id = NEW.id"
            " AND d.approved_at IS NOT NULL AND d.voided_at IS NULL)",
            "a refusal that stands must be behind it",
        ),
        "END IF;",
    )


def claim_keeps_its_shopper() -> pgtrigger.Trigger:
    """
    Return the guard of a claim once it was sent: whose it is, of which order, in which money.

    Or its shopper could hand it to somebody for the moment in which they approve it themselves.
    """
    name = "claim_keeps_its_shopper"
    return _before(
        name,
        pgtrigger.Update,
        "IF OLD.submitted_at IS NOT NULL THEN",
        refuse(
            name,
            "NEW.shopper_id = OLD.shopper_id AND NEW.order_id = OLD.order_id"
            " AND NEW.currency = OLD.currency AND NEW.submitted_at IS NOT NULL",
            "whose a sent claim is never changes",
        ),
        "END IF;",
    )


def walks(noun: str, moves: Moves) -> pgtrigger.Trigger:
    """Return a guard under which a state changes only as the table of moves allows."""
    name = f"{noun}_moves_by_its_table"
    pairs = sorted({(origin, step.target) for step in moves.values() for origin in step.origin})
    allowed = ", ".join(f"('{origin}', '{target}')" for origin, target in pairs)
    return _before(
        name,
        pgtrigger.Update,
        "IF NEW.state <> OLD.state THEN",
        refuse(name, f"(OLD.state, NEW.state) IN ({allowed})", "there is no such step"),
        "END IF;",
    )


def auto_rule_is_fixed() -> list[pgtrigger.Trigger]:
    """Return the guards of a rule: it changes in nothing, is agreed to once, and ends earlier."""
    name = "auto_rule_only_ends"
    return [
        frozen(
            "auto_rule_is_never_altered",
            "code",
            "text_en",
            "text_zh",
            "valid_from",
            "currency",
            "max_minor",
            "confirm_minor",
            "reasons",
            "risk_below",
            "first_in_days",
            "needs_evidence",
            "needs_clear_tracking",
            "countries",
            "carriers",
            "disruption_id",
            "made_by_id",
            "made_at",
        ),
        _before(
            name,
            pgtrigger.Update,
            refuse(
                name,
                "(OLD.agreed_at IS NULL OR (NEW.agreed_at = OLD.agreed_at"
                " AND NEW.agreed_by_id = OLD.agreed_by_id)) AND (OLD.valid_until IS NULL"
                " OR (NEW.valid_until IS NOT NULL AND NEW.valid_until <= OLD.valid_until))",
                "a rule may end earlier, never later, and its agreement stays",
            ),
        ),
        *kept("auto_rule"),
    ]


def budgets_move_forward() -> pgtrigger.Trigger:
    """Return a guard against back-dating a budget."""
    name = "auto_budget_only_moves_forward"
    return _before(
        name,
        pgtrigger.Insert,
        refuse(
            name,
            "NOT EXISTS (SELECT 1 FROM claims_autobudget b WHERE b.currency = NEW.currency"
            " AND b.disruption_id IS NOT DISTINCT FROM NEW.disruption_id"
            " AND b.valid_from > NEW.valid_from)",
            "a budget does not begin before those that stand",
        ),
    )


def counter_keeps_to_its_budget() -> list[pgtrigger.Trigger]:
    """Return the guards of a counter: its limit is the budget's, and it never counts backwards."""
    keeps, forward = "budget_counter_keeps_to_its_budget", "budget_counter_never_goes_back"
    return [
        _before(
            keeps,
            pgtrigger.Insert | pgtrigger.Update,
            "IF TG_OP = 'INSERT' OR NEW.limit_minor <> OLD.limit_minor THEN",
            refuse(
                keeps,
                "NEW.limit_minor = GREATEST(NEW.spent_minor, (SELECT b.amount_minor"
                " FROM claims_autobudget b WHERE b.currency = NEW.currency"
                " AND b.disruption_id IS NOT DISTINCT FROM NEW.disruption_id"
                " AND (NEW.day IS NULL OR b.valid_from <= NEW.day)"
                " ORDER BY b.valid_from DESC, b.id DESC LIMIT 1))",
                "the limit must be the budget in force",
            ),
            "END IF;",
            "IF TG_OP = 'INSERT' THEN",
            refuse(forward, "NEW.spent_minor = 0 AND NEW.approvals = 0", "it begins at nothing"),
            "END IF;",
        ),
        _before(
            forward,
            pgtrigger.Update,
            refuse(
                forward,
                "NEW.spent_minor >= OLD.spent_minor AND NEW.approvals >= OLD.approvals"
                " AND NEW.currency = OLD.currency AND NEW.day IS NOT DISTINCT FROM OLD.day"
                " AND NEW.disruption_id IS NOT DISTINCT FROM OLD.disruption_id",
                "what was spent stays spent",
            ),
        ),
        *kept("budget_counter"),
    ]


def switch_remembers() -> list[pgtrigger.Trigger]:
    """Return the guards of the switch: every throw is written down, and it is never taken away."""
    return [
        pgtrigger.Trigger(
            name="auto_switch_remembers",
            when=pgtrigger.After,
            operation=pgtrigger.Insert | pgtrigger.Update,
            func="INSERT INTO claims_autoswitchmove (is_on, reason, changed_by_id, changed_at)"
            " VALUES (NEW.is_on, NEW.reason, NEW.changed_by_id, NEW.changed_at); RETURN NULL;",
        ),
        *kept("auto_switch"),
    ]
