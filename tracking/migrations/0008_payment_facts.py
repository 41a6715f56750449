"""Keep where an order was paid from, and how much."""

# ruff: noqa: E501 - what the database is told is kept word for word

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """One more guard; it looks at what changes from now on, not at what is there."""

    dependencies = [
        ("tracking", "0007_poll_leave_room"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="order",
            trigger=pgtrigger.compiler.Trigger(
                name="order_payment_is_written_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF (NEW.currency = OLD.currency AND NEW.captured_minor = OLD.captured_minor\n                AND NEW.payment_reference IN (OLD.payment_reference, '')\n                AND NEW.payment_instrument IN (OLD.payment_instrument, '')) IS NOT TRUE\n            THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'order_payment_is_written_once',\n                    MESSAGE = 'order_payment_is_written_once: money goes back the way it came';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="1582aacce26427e0963b464ac68c71fab07f2af1",
                    operation="UPDATE",
                    pgid="pgtrigger_order_payment_is_written_once_39d0a",
                    table="tracking_order",
                    when="BEFORE",
                ),
            ),
        ),
    ]
