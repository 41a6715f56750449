from __future__ import annotations

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0007_clocks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OriginalOpening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.TextField(verbose_name="reason")),
                ("is_sound", models.BooleanField(verbose_name="as it came")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
            ],
            options={
                "verbose_name": "opening of an original",
                "verbose_name_plural": "openings of originals",
            },
        ),
        migrations.CreateModel(
            name="PhotoDetails",
            fields=[
                (
                    "evidence",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="details",
                        serialize=False,
                        to="claims.evidence",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("packed", models.BinaryField()),
            ],
            options={
                "verbose_name": "details of a photo",
                "verbose_name_plural": "details of photos",
            },
        ),
        migrations.CreateModel(
            name="PhotoHash",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bits", models.BigIntegerField()),
                ("band1", models.SmallIntegerField()),
                ("band2", models.SmallIntegerField()),
                ("band3", models.SmallIntegerField()),
                ("band4", models.SmallIntegerField()),
            ],
            options={
                "verbose_name": "hash of a photo",
                "verbose_name_plural": "hashes of photos",
            },
        ),
        migrations.RemoveIndex(
            model_name="evidence",
            name="evidence_by_dhash",
        ),
        migrations.AddField(
            model_name="evidence",
            name="phash",
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="evidencerequest",
            name="code",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=8,
                verbose_name="number on the note",
            ),
        ),
        migrations.AddField(
            model_name="evidencerequest",
            name="wants",
            field=models.PositiveSmallIntegerField(
                db_default=1,
                default=1,
                help_text="How many would answer it.",
                verbose_name="photos wanted",
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(fields=["uploaded_by", "received_at"], name="evidence_by_sender"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidence",
            trigger=pgtrigger.compiler.Trigger(
                name="original_is_sealed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id AND NEW.bytes IS NOT DISTINCT FROM OLD.bytes AND NEW.received_at IS NOT DISTINCT FROM OLD.received_at AND NEW.uploaded_by_id IS NOT DISTINCT FROM OLD.uploaded_by_id AND (NEW.original = OLD.original OR NEW.original = '') AND (NEW.sha256 = OLD.sha256 OR NEW.sha256 = '')) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'original_is_sealed',\n                MESSAGE = 'original_is_sealed: an original is kept as it came';\n        END IF;\n    RETURN NEW;",
                    hash="28b77fa02479a3ddba1f000849fc32c7375db9d7",
                    operation="UPDATE",
                    pgid="pgtrigger_original_is_sealed_168f7",
                    table="claims_evidence",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="evidencerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("wants__gte", 1), ("wants__lte", 6)),
                name="request_wants_one_to_six_photos",
            ),
        ),
        migrations.AddField(
            model_name="originalopening",
            name="evidence",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="openings",
                to="claims.evidence",
            ),
        ),
        migrations.AddField(
            model_name="originalopening",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="photohash",
            name="evidence",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="claims.evidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="originalopening",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="opening_says_why"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="originalopening",
            trigger=pgtrigger.compiler.Trigger(
                name="original_opening_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="b6bf5c0f9dc6ec315ca50a62e723daec3955cb02",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_original_opening_is_never_rewritten_6bbe1",
                    table="claims_originalopening",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="originalopening",
            trigger=pgtrigger.compiler.Trigger(
                name="original_opening_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'original_opening_is_never_emptied: these rows are kept for good';",
                    hash="7fcae68732fd9fd2165b4cef9b0d5a86bb2c7f7d",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_original_opening_is_never_emptied_92c85",
                    table="claims_originalopening",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="photohash",
            index=models.Index(fields=["evidence"], name="photohash_by_evidence"),
        ),
        migrations.AddIndex(
            model_name="photohash",
            index=models.Index(
                fields=["band1"], include=("bits", "evidence"), name="photohash_by_band1"
            ),
        ),
        migrations.AddIndex(
            model_name="photohash",
            index=models.Index(
                fields=["band2"], include=("bits", "evidence"), name="photohash_by_band2"
            ),
        ),
        migrations.AddIndex(
            model_name="photohash",
            index=models.Index(
                fields=["band3"], include=("bits", "evidence"), name="photohash_by_band3"
            ),
        ),
        migrations.AddIndex(
            model_name="photohash",
            index=models.Index(
                fields=["band4"], include=("bits", "evidence"), name="photohash_by_band4"
            ),
        ),
    ]
