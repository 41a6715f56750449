"""Let nobody say yes or no to a claim they filed for its shopper."""

# ruff: noqa: E501 - what the database is told is kept word for word

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """Two guards; they look at who is named from now on, not at who was."""

    dependencies = [
        ("claims", "0012_photo_parts"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="approval",
            trigger=pgtrigger.compiler.Trigger(
                name="approval_is_not_by_who_filed_the_claim",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF TG_OP = 'INSERT' OR NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id OR NEW.approver_id IS DISTINCT FROM OLD.approver_id OR NEW.finance_id IS DISTINCT FROM OLD.finance_id THEN \n        IF (NOT EXISTS (SELECT 1 FROM claims_claimtransition t WHERE t.subject_id = NEW.claim_id AND t.verb = 'submit' AND t.role = 'agent' AND t.actor_id IN (NEW.reviewer_id, NEW.approver_id, NEW.finance_id))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_is_not_by_who_filed_the_claim',\n                MESSAGE = 'approval_is_not_by_who_filed_the_claim: who filed a claim for its shopper decides nothing on it';\n        END IF;\n     END IF; RETURN NEW;",
                    hash="3faa34f8515d622743accbc0a1af6ca491b6a57b",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_approval_is_not_by_who_filed_the_claim_c757d",
                    table="claims_approval",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decline",
            trigger=pgtrigger.compiler.Trigger(
                name="decline_is_not_by_who_filed_the_claim",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF TG_OP = 'INSERT' OR NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id OR NEW.approver_id IS DISTINCT FROM OLD.approver_id THEN \n        IF (NOT EXISTS (SELECT 1 FROM claims_claimtransition t WHERE t.subject_id = NEW.claim_id AND t.verb = 'submit' AND t.role = 'agent' AND t.actor_id IN (NEW.reviewer_id, NEW.approver_id))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'decline_is_not_by_who_filed_the_claim',\n                MESSAGE = 'decline_is_not_by_who_filed_the_claim: who filed a claim for its shopper decides nothing on it';\n        END IF;\n     END IF; RETURN NEW;",
                    hash="70c7a283537641949aa3dca220cf637c8e04fb7d",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_decline_is_not_by_who_filed_the_claim_8c3a5",
                    table="claims_decline",
                    when="BEFORE",
                ),
            ),
        ),
    ]
