"""Let messages carry photos and come by e-mail; keep e-mails as they came, and canned replies."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from claims.canned_defaults import install


def lay_down(apps, schema_editor):
    install(apps)


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0008_evidence"),
        ("tracking", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CannedReply",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=80, unique=True, verbose_name="title")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("damaged", "Arrived broken or marked"),
                            ("lost", "It has not come"),
                            ("delivered_not_received", "It says delivered, but I do not have it"),
                            ("wrong_item", "Not what was ordered"),
                            ("missing_item", "Something is missing from the box"),
                            ("delayed", "It came late"),
                            ("refused", "I refused it"),
                            ("returned_to_sender", "It went back to the sender"),
                            ("not_shipped", "It was never sent"),
                        ],
                        help_text="Empty means every reason.",
                        max_length=24,
                        verbose_name="for claims that say",
                    ),
                ),
                ("body_en", models.TextField(max_length=4000, verbose_name="words in English")),
                ("body_zh", models.TextField(max_length=4000, verbose_name="words in Chinese")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="place")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
            ],
            options={
                "verbose_name": "canned reply",
                "verbose_name_plural": "canned replies",
            },
        ),
        migrations.CreateModel(
            name="InboundMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.SlugField(max_length=40, verbose_name="provider")),
                ("raw", models.BinaryField()),
                ("is_json", models.BooleanField(default=False, verbose_name="sent as JSON")),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("bytes", models.PositiveIntegerField(verbose_name="size in bytes")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("threaded", "In the conversation"),
                            ("quarantined", "Waits for a person"),
                            ("ignored", "Left out"),
                            ("discarded", "Put away by hand"),
                        ],
                        default="waiting",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("machine", "A machine sent it"),
                            ("bounce", "One of our letters came back"),
                            ("duplicate", "It had come before"),
                            ("no_address", "It was not sent to a reply address"),
                            ("bad_address", "The reply address is not one of ours"),
                            ("revoked", "The reply address has been withdrawn"),
                            ("other_sender", "Somebody else sent it than the shopper"),
                            ("not_authentic", "Its sender could not be proved"),
                            ("unreadable", "It could not be read"),
                            ("empty", "There was nothing in it"),
                            ("too_many", "Too many came for one claim"),
                        ],
                        max_length=16,
                        verbose_name="why",
                    ),
                ),
                (
                    "header_id",
                    models.CharField(blank=True, max_length=250, verbose_name="message id"),
                ),
                ("sender", models.CharField(blank=True, max_length=320, verbose_name="from")),
                ("recipient", models.CharField(blank=True, max_length=320, verbose_name="to")),
                ("subject", models.CharField(blank=True, max_length=300, verbose_name="subject")),
                ("left_out", models.JSONField(default=list, verbose_name="attachments left out")),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("handled_at", models.DateTimeField(blank=True, null=True, verbose_name="handled")),
            ],
            options={
                "verbose_name": "incoming e-mail",
                "verbose_name_plural": "incoming e-mails",
                "permissions": [("handle_mail", "Can place or put away incoming e-mails")],
            },
        ),
        migrations.CreateModel(
            name="MessagePhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
            ],
            options={
                "verbose_name": "photo in a message",
                "verbose_name_plural": "photos in messages",
            },
        ),
        migrations.CreateModel(
            name="ReadMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("read_until", models.DateTimeField(verbose_name="has read until")),
                ("read_at", models.DateTimeField(verbose_name="looked")),
            ],
            options={
                "verbose_name": "read mark",
                "verbose_name_plural": "read marks",
            },
        ),
        migrations.CreateModel(
            name="ReplyLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(default=1, verbose_name="version")),
                ("changed_at", models.DateTimeField(verbose_name="changed")),
            ],
            options={
                "verbose_name": "reply address",
                "verbose_name_plural": "reply addresses",
            },
        ),
        migrations.AddField(
            model_name="message",
            name="quoted",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="quoted below"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="via",
            field=models.CharField(
                choices=[("page", "On the page"), ("mail", "By e-mail")],
                db_default="page",
                default="page",
                max_length=8,
                verbose_name="came",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="body",
            field=models.TextField(blank=True, verbose_name="words"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)),
                fields=["claim", "role"],
                name="message_unread",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="message",
            trigger=pgtrigger.compiler.Trigger(
                name="message_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id AND NEW.author_id IS NOT DISTINCT FROM OLD.author_id AND NEW.role IS NOT DISTINCT FROM OLD.role AND NEW.body IS NOT DISTINCT FROM OLD.body AND NEW.quoted IS NOT DISTINCT FROM OLD.quoted AND NEW.via IS NOT DISTINCT FROM OLD.via AND NEW.send_key IS NOT DISTINCT FROM OLD.send_key AND NEW.sent_at IS NOT DISTINCT FROM OLD.sent_at) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'message_is_never_rewritten',\n                MESSAGE = 'message_is_never_rewritten: these columns are written once';\n        END IF;\n    RETURN NEW;",
                    hash="d1d8413b85184270d15c005444f780fee936b111",
                    operation="UPDATE",
                    pgid="pgtrigger_message_is_never_rewritten_d956c",
                    table="claims_message",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="message",
            trigger=pgtrigger.compiler.Trigger(
                name="message_is_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="695c9415900ccf1098bbd02b936bffcbdf014d29",
                    operation="DELETE",
                    pgid="pgtrigger_message_is_never_deleted_d7d53",
                    table="claims_message",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="message",
            trigger=pgtrigger.compiler.Trigger(
                name="message_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'message_is_never_emptied: these rows are kept for good';",
                    hash="c497877420c85186eb54ab766d9908c92cad3ae0",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_message_is_never_emptied_67304",
                    table="claims_message",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="inboundmail",
            name="claim",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mails",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="inboundmail",
            name="handled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="handled by",
            ),
        ),
        migrations.AddField(
            model_name="inboundmail",
            name="message",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mail",
                to="claims.message",
            ),
        ),
        migrations.AddField(
            model_name="messagephoto",
            name="evidence",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="letter",
                to="claims.evidence",
            ),
        ),
        migrations.AddField(
            model_name="messagephoto",
            name="message",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="photos",
                to="claims.message",
            ),
        ),
        migrations.AddField(
            model_name="readmark",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="read_marks",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="readmark",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="replyline",
            name="claim",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reply_line",
                to="claims.claim",
            ),
        ),
        migrations.AddIndex(
            model_name="inboundmail",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["received_at"],
                name="inbound_mail_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboundmail",
            constraint=models.UniqueConstraint(
                fields=("provider", "digest"), name="inbound_mail_kept_once_per_provider"
            ),
        ),
        migrations.AddConstraint(
            model_name="inboundmail",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state", "threaded"), models.Q(("header_id", ""), _negated=True)
                ),
                fields=("claim", "header_id"),
                name="inbound_mail_threaded_once_per_message_id",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboundmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "threaded"), _negated=True),
                    models.Q(
                        ("claim__isnull", False),
                        ("handled_at__isnull", False),
                        ("message__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="inbound_mail_threaded_has_its_message",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboundmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["quarantined", "ignored"]), _negated=True),
                    models.Q(("why", ""), _negated=True),
                    _connector="OR",
                ),
                name="inbound_mail_left_out_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboundmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("handled_at__isnull", True),
                    ("handled_at__gte", models.F("received_at")),
                    _connector="OR",
                ),
                name="inbound_mail_is_handled_after_it_came",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="inboundmail",
            trigger=pgtrigger.compiler.Trigger(
                name="inbound_mail_is_kept_as_it_came",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NEW.raw IS NOT DISTINCT FROM OLD.raw AND NEW.digest IS NOT DISTINCT FROM OLD.digest AND NEW.provider IS NOT DISTINCT FROM OLD.provider) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'inbound_mail_is_kept_as_it_came',\n                MESSAGE = 'inbound_mail_is_kept_as_it_came: these columns are written once';\n        END IF;\n    RETURN NEW;",
                    hash="c7bdc4224ab938e4920058612b1db46cd5a7364c",
                    operation="UPDATE",
                    pgid="pgtrigger_inbound_mail_is_kept_as_it_came_54e95",
                    table="claims_inboundmail",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="inboundmail",
            trigger=pgtrigger.compiler.Trigger(
                name="inbound_mail_is_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="0d25e4d72d929babc270e023853e1006a9b513b3",
                    operation="DELETE",
                    pgid="pgtrigger_inbound_mail_is_never_deleted_4dd6a",
                    table="claims_inboundmail",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="inboundmail",
            trigger=pgtrigger.compiler.Trigger(
                name="inbound_mail_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'inbound_mail_is_never_emptied: these rows are kept for good';",
                    hash="76c84ba57aa6a71ed73e66e88c5b79d8bd41fd6f",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_inbound_mail_is_never_emptied_2cb01",
                    table="claims_inboundmail",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="readmark",
            constraint=models.UniqueConstraint(
                fields=("claim", "person"), name="read_mark_once_per_claim_and_person"
            ),
        ),
        migrations.RunPython(lay_down, migrations.RunPython.noop),
    ]
