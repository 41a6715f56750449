import pgtrigger
from django.db import migrations

from claims.defaults import FIRST_DAY, LIMITS, install


def lay_down(apps, schema_editor):
    install(apps)


def take_up(apps, schema_editor):
    """Remove the rows of ``lay_down``; refused by the database once claims refer to them."""
    apps.get_model("claims", "EvidenceAsk").objects.filter(policy__valid_from=FIRST_DAY).delete()
    apps.get_model("claims", "ReasonPolicy").objects.filter(valid_from=FIRST_DAY).delete()
    # Limits are append-only for everybody else.
    with pgtrigger.ignore("claims.ApprovalLimit:approval_limit_is_never_rewritten"):
        apps.get_model("claims", "ApprovalLimit").objects.filter(
            valid_from=FIRST_DAY, currency__in=LIMITS
        ).delete()


class Migration(migrations.Migration):
    dependencies = [("claims", "0001_initial")]
    operations = [migrations.RunPython(lay_down, take_up)]
