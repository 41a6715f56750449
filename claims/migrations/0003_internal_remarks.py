"""Let the house itself remark something to the desk."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """An author may be missing; a key then says what is remarked, once."""

    dependencies = [
        ("claims", "0002_default_policies"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="internalnote",
            name="key",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=60
            ),
        ),
        migrations.AlterField(
            model_name="internalnote",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="internalnote",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key", ""), _negated=True),
                fields=("claim", "key"),
                name="internal_remark_once_per_claim_and_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="internalnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("author__isnull", False), models.Q(("key", ""), _negated=True), _connector="OR"
                ),
                name="internal_note_has_an_author_or_a_key",
            ),
        ),
    ]
