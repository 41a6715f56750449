"""Let a payment move only with its step and its posting, and an attempt end once."""

# ruff: noqa: E501 - what the database is told is kept word for word

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """Three more guards; they look at what changes from now on, not at what is there."""

    dependencies = [
        ("claims", "0010_risk"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="attempt",
            trigger=pgtrigger.compiler.Trigger(
                name="attempt_ends_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF OLD.finished_at IS NOT NULL THEN\n        IF (NEW.finished_at = OLD.finished_at AND NEW.outcome = OLD.outcome AND NEW.provider_ref = OLD.provider_ref AND NEW.error = OLD.error) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_ends_once',\n                MESSAGE = 'attempt_ends_once: what it came to is written once';\n        END IF;\n    END IF; RETURN NEW;",
                    hash="11d04583a5b31bc7c2972f1845e615a1a2c78e86",
                    operation="UPDATE",
                    pgid="pgtrigger_attempt_ends_once_bb49f",
                    table="claims_attempt",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="compensation",
            trigger=pgtrigger.compiler.Trigger(
                name="compensation_leaves_its_trace",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="IF NEW.state <> OLD.state OR NEW.version <> OLD.version THEN\n        IF (EXISTS (SELECT 1 FROM claims_compensation m WHERE m.id = NEW.id AND m.version = 1 + (SELECT COUNT(*) FROM claims_compensationtransition t WHERE t.subject_id = m.id) AND m.state = (SELECT t.target FROM claims_compensationtransition t WHERE t.subject_id = m.id ORDER BY t.id DESC LIMIT 1) AND CASE WHEN m.state = 'succeeded' THEN -m.amount_minor ELSE 0 END = (SELECT COALESCE(SUM(e.amount_minor), 0) FROM claims_entry e JOIN claims_posting p ON p.id = e.posting_id WHERE p.compensation_id = m.id AND e.account = 'psp_clearing'))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'compensation_leaves_its_trace',\n                MESSAGE = 'compensation_leaves_its_trace: a step and a posting must stand behind its state';\n        END IF;\n    END IF; RETURN NULL;",
                    hash="e9ccc99fbd69ac8c2b8cefe3d0286689e0a94a71",
                    operation="UPDATE",
                    pgid="pgtrigger_compensation_leaves_its_trace_c1baf",
                    table="claims_compensation",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="paymentbalance",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_balance_stays_with_its_order",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NEW.order_id IS NOT DISTINCT FROM OLD.order_id AND NEW.currency IS NOT DISTINCT FROM OLD.currency) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_balance_stays_with_its_order',\n                MESSAGE = 'payment_balance_stays_with_its_order: these columns are written once';\n        END IF;\n    RETURN NEW;",
                    hash="fff60e0aa1718751b9e3b20157d3da96aef1926b",
                    operation="UPDATE",
                    pgid="pgtrigger_payment_balance_stays_with_its_order_ec908",
                    table="claims_paymentbalance",
                    when="BEFORE",
                ),
            ),
        ),
    ]
