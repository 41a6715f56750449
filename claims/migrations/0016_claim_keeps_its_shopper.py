"""Keep a sent claim its shopper's, whoever writes."""

# ruff: noqa: E501 - what the database is told is kept word for word

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """One guard; it looks at what changes from now on."""

    dependencies = [
        ("claims", "0015_stand_ins"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="claim",
            trigger=pgtrigger.compiler.Trigger(
                name="claim_keeps_its_shopper",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF OLD.submitted_at IS NOT NULL THEN\n        IF (NEW.shopper_id = OLD.shopper_id AND NEW.order_id = OLD.order_id AND NEW.currency = OLD.currency AND NEW.submitted_at IS NOT NULL) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_keeps_its_shopper',\n                MESSAGE = 'claim_keeps_its_shopper: whose a sent claim is never changes';\n        END IF;\n    END IF;RETURN NEW;",
                    hash="3b48df4480f6890207253938cf0818d188686493",
                    operation="UPDATE",
                    pgid="pgtrigger_claim_keeps_its_shopper_e77aa",
                    table="claims_claim",
                    when="BEFORE",
                ),
            ),
        ),
    ]
