from importlib import import_module

import claims.models.policy
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from claims.defaults import FIRST_DAY, install

WAS = import_module("claims.migrations.0002_default_policies")


def translate(apps, schema_editor):
    """Say in the new words what each old row said, then lay down the reasons that are new."""
    policies = apps.get_model("claims", "ReasonPolicy")
    for policy in policies.objects.all():
        if policy.reason == "lost":
            # It opened after so many silent days, or 48 hours past the promise, and closed so
            # many days after that.
            policy.earliest_anchor = policy.latest_anchor = "last_scan"
            policy.earliest_amount = policy.wait_days
            policy.sooner_anchor, policy.sooner_amount = "promised", 48
            policy.latest_amount = policy.wait_days + policy.window_days
        else:
            policy.latest_amount = policy.window_days
        policy.resolutions = ["refund", "other"]
        policy.liable = "seller" if policy.reason == "wrong_item" else "carrier"
        policy.save()
    renew(apps)
    install(apps)
    flush(schema_editor)


def renew(apps):
    """Drop shipped rows that nobody has changed or decided by, so that new ones take their place."""
    policies = apps.get_model("claims", "ReasonPolicy")
    for rule in WAS.RULES:
        same = dict(rule)
        for policy in policies.objects.filter(valid_from=FIRST_DAY, valid_until=None, **same):
            is_used = any(
                apps.get_model("claims", model).objects.filter(policy=policy).exists()
                for model in ("Claim", "Assessment")
            )
            asks = apps.get_model("claims", "EvidenceAsk").objects.filter(policy=policy)
            shipped = sorted(ask[1] for ask in WAS.ASKS if ask[0] == policy.reason)
            if not is_used and sorted(asks.values_list("kind", flat=True)) == shipped:
                asks.delete()
                policy.delete()


def translate_back(apps, schema_editor):
    """
    Say in the old words what they can say: days from delivery, or silent days.

    Reasons that the old ones do not know go, unless a claim was sent for one: then the database
    refuses, and nothing is lost.
    """
    policies = apps.get_model("claims", "ReasonPolicy")
    known = {rule["reason"] for rule in WAS.RULES}
    gone = policies.objects.exclude(reason__in=known)
    apps.get_model("claims", "EvidenceAsk").objects.filter(policy__in=gone).delete()
    gone.delete()
    for policy in policies.objects.all():
        if policy.reason == "lost":
            policy.wait_days = policy.earliest_amount
            policy.window_days = max(policy.latest_amount - policy.earliest_amount, 0)
        else:
            policy.wait_days = 0
            policy.window_days = (
                policy.long_stop_amount
                if policy.takes_late and policy.long_stop_unit == "days"
                else policy.latest_amount
            )
        policy.save()
    flush(schema_editor)


def flush(schema_editor):
    """Let deferred checks run now, so that the tables may be altered in the same transaction."""
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0003_internal_remarks"),
        ("tracking", "0006_expecting"),
    ]

    operations = [
        migrations.CreateModel(
            name="FilingOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("web", "Website"),
                            ("phone", "Phone"),
                            ("mail", "Mail"),
                            ("chat", "Chat"),
                            ("desk", "At the desk"),
                            ("system", "Opened by us"),
                        ],
                        max_length=8,
                        verbose_name="came by",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("our_mistake", "We were at fault for the delay"),
                            ("carrier_said", "The carrier says so already"),
                            ("carrier_late", "The carrier's news came late or was wrong"),
                            ("hindered", "The shopper could not report it sooner"),
                            ("told_before", "Reported in time, by another way"),
                            ("goodwill", "Goodwill"),
                            ("other", "Another reason"),
                        ],
                        max_length=24,
                        verbose_name="why",
                    ),
                ),
                ("note", models.TextField(verbose_name="in the agent's words")),
                (
                    "opens_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="would open"),
                ),
                (
                    "closes_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="would close"),
                ),
                ("made_at", models.DateTimeField(verbose_name="filed")),
            ],
            options={
                "verbose_name": "window set aside",
                "verbose_name_plural": "windows set aside",
            },
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.SlugField(max_length=24, verbose_name="kind")),
                ("text", models.TextField(verbose_name="statement")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("name", models.CharField(max_length=120, verbose_name="signed by")),
                ("signed_at", models.DateTimeField(verbose_name="signed")),
            ],
            options={
                "verbose_name": "signed statement",
                "verbose_name_plural": "signed statements",
            },
        ),
        migrations.AlterModelOptions(
            name="claim",
            options={
                "permissions": [
                    ("decide_claim", "Can ask, offer, approve and reject"),
                    ("second_claim", "Can give the second yes above the limit"),
                    ("file_claim", "Can file a claim for a shopper"),
                    ("override_window", "Can file a claim outside its window"),
                ],
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
            },
        ),
        migrations.RemoveConstraint(
            model_name="claimunit",
            name="claim_one_live_per_unit",
        ),
        migrations.AddField(
            model_name="claim",
            name="anomaly",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tracking.anomaly",
                verbose_name="began with",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="channel",
            field=models.CharField(
                choices=[
                    ("web", "Website"),
                    ("phone", "Phone"),
                    ("mail", "Mail"),
                    ("chat", "Chat"),
                    ("desk", "At the desk"),
                    ("system", "Opened by us"),
                ],
                db_default="web",
                default="web",
                max_length=8,
                verbose_name="came by",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="is_late",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="reported late"
            ),
        ),
        migrations.AddField(
            model_name="claimunit",
            name="about",
            field=models.CharField(
                choices=[("thing", "The thing"), ("delay", "The delay")],
                db_default="thing",
                default="thing",
                max_length=8,
                verbose_name="about",
            ),
        ),
        migrations.AddField(
            model_name="evidenceask",
            name="above",
            field=models.JSONField(
                blank=True,
                help_text="Such as “USD 100, CNY 700”; empty means whatever it is worth.",
                null=True,
                verbose_name="only above",
            ),
        ),
        migrations.AddField(
            model_name="evidenceask",
            name="medium",
            field=models.CharField(
                choices=[("photo", "Photo"), ("statement", "Signed statement")],
                db_default="photo",
                default="photo",
                max_length=12,
                verbose_name="given as",
            ),
        ),
        migrations.AddField(
            model_name="evidenceask",
            name="only_if",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="An answer, such as “why=damaged”; empty means always.",
                max_length=64,
                verbose_name="only if",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="country",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Two letters; empty means where the parcel goes.",
                max_length=2,
                verbose_name="holidays of",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="earliest_abroad",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="For parcels that cross a border; empty means the same.",
                null=True,
                verbose_name="opens after, from abroad",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="earliest_amount",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, verbose_name="opens after"
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="earliest_anchor",
            field=models.CharField(
                choices=[
                    ("delivered", "delivery"),
                    ("promised", "the promised day"),
                    ("placed", "the order"),
                    ("ship_by", "the day it should have been sent"),
                    ("shipped", "sending"),
                    ("mailed", "the carrier's first scan"),
                    ("last_scan", "the last scan"),
                    ("refused", "the refusal"),
                    ("returned", "the scan on its way back"),
                    ("taken_for_lost", "the day it is taken for lost"),
                    ("opened", "the first day it can be reported"),
                    ("never", "no day: it stays open"),
                ],
                db_default="delivered",
                default="delivered",
                max_length=16,
                verbose_name="opens counted from",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="earliest_unit",
            field=models.CharField(
                choices=[
                    ("hours", "hours"),
                    ("days", "calendar days"),
                    ("working_days", "working days"),
                    ("months", "months"),
                ],
                db_default="days",
                default="days",
                max_length=12,
                verbose_name="counted in",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="latest_abroad",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="For parcels that cross a border; empty means the same.",
                null=True,
                verbose_name="closes after, from abroad",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="latest_amount",
            field=models.PositiveSmallIntegerField(
                db_default=30, default=30, verbose_name="closes after"
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="latest_anchor",
            field=models.CharField(
                choices=[
                    ("delivered", "delivery"),
                    ("promised", "the promised day"),
                    ("placed", "the order"),
                    ("ship_by", "the day it should have been sent"),
                    ("shipped", "sending"),
                    ("mailed", "the carrier's first scan"),
                    ("last_scan", "the last scan"),
                    ("refused", "the refusal"),
                    ("returned", "the scan on its way back"),
                    ("taken_for_lost", "the day it is taken for lost"),
                    ("opened", "the first day it can be reported"),
                    ("never", "no day: it stays open"),
                ],
                db_default="delivered",
                default="delivered",
                max_length=16,
                verbose_name="closes counted from",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="latest_unit",
            field=models.CharField(
                choices=[
                    ("hours", "hours"),
                    ("days", "calendar days"),
                    ("working_days", "working days"),
                    ("months", "months"),
                ],
                db_default="days",
                default="days",
                max_length=12,
                verbose_name="closes counted in",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="liable",
            field=models.CharField(
                choices=[
                    ("carrier", "Carrier"),
                    ("seller", "Seller"),
                    ("supplier", "Supplier"),
                    ("shopper", "Shopper"),
                    ("nobody", "Nobody"),
                ],
                db_default="carrier",
                default="carrier",
                max_length=10,
                verbose_name="liable until found otherwise",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="long_stop_amount",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Counted from the same fact; after it not even the desk files one.",
                null=True,
                verbose_name="hard stop after",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="long_stop_unit",
            field=models.CharField(
                choices=[
                    ("hours", "hours"),
                    ("days", "calendar days"),
                    ("working_days", "working days"),
                    ("months", "months"),
                ],
                db_default="days",
                default="days",
                max_length=12,
                verbose_name="hard stop counted in",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="resolutions",
            field=models.JSONField(
                db_default=models.Value(["refund"], models.JSONField()),
                default=claims.models.policy.just_refund,
                verbose_name="puts right by",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="return_above",
            field=models.JSONField(
                blank=True,
                help_text="Such as “USD 100, CNY 700”; empty means never.",
                null=True,
                verbose_name="wanted back above",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="sooner_amount",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, verbose_name="or after"
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="sooner_anchor",
            field=models.CharField(
                blank=True,
                choices=[
                    ("delivered", "delivery"),
                    ("promised", "the promised day"),
                    ("placed", "the order"),
                    ("ship_by", "the day it should have been sent"),
                    ("shipped", "sending"),
                    ("mailed", "the carrier's first scan"),
                    ("last_scan", "the last scan"),
                    ("refused", "the refusal"),
                    ("returned", "the scan on its way back"),
                    ("taken_for_lost", "the day it is taken for lost"),
                    ("opened", "the first day it can be reported"),
                    ("never", "no day: it stays open"),
                ],
                db_default="",
                default="",
                help_text="A second way to open; whichever comes first counts.",
                max_length=16,
                verbose_name="or sooner, counted from",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="sooner_unit",
            field=models.CharField(
                choices=[
                    ("hours", "hours"),
                    ("days", "calendar days"),
                    ("working_days", "working days"),
                    ("months", "months"),
                ],
                db_default="hours",
                default="hours",
                max_length=12,
                verbose_name="or counted in",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="takes_late",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Shoppers may still report between the end and the hard stop; a person looks.",
                verbose_name="takes late reports",
            ),
        ),
        migrations.AddField(
            model_name="reasonpolicy",
            name="zone",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="A time zone such as Asia/Shanghai; empty means where the parcel goes.",
                max_length=40,
                verbose_name="days of",
            ),
        ),
        migrations.AlterField(
            model_name="claim",
            name="parcel",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tracking.parcel",
            ),
        ),
        migrations.AlterField(
            model_name="claim",
            name="reason",
            field=models.CharField(
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
                max_length=24,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="claim",
            name="wish",
            field=models.CharField(
                blank=True,
                choices=[
                    ("refund", "Money back"),
                    ("partial_refund", "Keep it, part of the money back"),
                    ("fee_refund", "The delivery fee back"),
                    ("replacement", "A new one"),
                    ("credit", "Store credit"),
                    ("other", "Something else"),
                ],
                max_length=16,
                verbose_name="wish",
            ),
        ),
        migrations.AlterField(
            model_name="evidenceask",
            name="minimum",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text="How many; 0 means that it is welcome, not needed.",
                verbose_name="needed",
            ),
        ),
        migrations.AlterField(
            model_name="reasonpolicy",
            name="reason",
            field=models.CharField(
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
                max_length=24,
                verbose_name="reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("parcel__isnull", True), ("state", "draft")),
                fields=("order", "shopper"),
                name="claim_one_draft_per_order_without_a_parcel",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parcel__isnull", False), ("reason__in", ["", "not_shipped"]), _connector="OR"
                ),
                name="claim_without_a_parcel_is_about_what_was_never_sent",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("channel", "system")),
                fields=("anomaly",),
                name="claim_we_open_once_per_episode",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimunit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_live", True)),
                fields=("order_line", "number", "about"),
                name="claim_one_live_per_unit",
            ),
        ),
        migrations.AddField(
            model_name="filingoverride",
            name="agent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="filed by",
            ),
        ),
        migrations.AddField(
            model_name="filingoverride",
            name="claim",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="filing_override",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="statement",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="statement",
            name="signed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="entered by",
            ),
        ),
        migrations.AddConstraint(
            model_name="filingoverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("code", ""), _negated=True), models.Q(("note", ""), _negated=True)
                ),
                name="filing_override_says_why",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="filingoverride",
            trigger=pgtrigger.compiler.Trigger(
                name="filing_override_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="154d8a022536a3e9343cbf7a5701c412f0fde421",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_filing_override_is_never_rewritten_ca72e",
                    table="claims_filingoverride",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="filingoverride",
            trigger=pgtrigger.compiler.Trigger(
                name="filing_override_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'filing_override_is_never_emptied: these rows are kept for good';",
                    hash="c3d3d5a6a9554423a34643d7a61404d26b00f29c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_filing_override_is_never_emptied_5d63c",
                    table="claims_filingoverride",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(
                fields=("claim", "kind"), name="statement_once_per_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), _negated=True), models.Q(("text", ""), _negated=True)
                ),
                name="statement_has_words_and_a_name",
            ),
        ),
        # The two columns below are read no more; they stay for one release, so that processes of
        # the former one go on working while this one is rolled out.
        migrations.AlterField(
            model_name="reasonpolicy",
            name="window_days",
            field=models.PositiveSmallIntegerField(default=30, db_default=30),
        ),
        migrations.AlterField(
            model_name="reasonpolicy",
            name="wait_days",
            field=models.PositiveSmallIntegerField(default=0, db_default=0),
        ),
        migrations.RunPython(translate, translate_back),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(model_name="reasonpolicy", name="window_days"),
                migrations.RemoveField(model_name="reasonpolicy", name="wait_days"),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidenceask",
            trigger=pgtrigger.compiler.Trigger(
                name="evidence_ask_is_frozen_once_used",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE policy bigint;",
                    func="IF TG_OP = 'DELETE' THEN policy := OLD.policy_id; ELSE policy := NEW.policy_id; END IF;\n        IF (NOT EXISTS (SELECT 1 FROM claims_claim c WHERE c.policy_id = policy AND c.submitted_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM claims_assessment a WHERE a.policy_id = policy)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_ask_is_frozen_once_used',\n                MESSAGE = 'evidence_ask_is_frozen_once_used: add a row with a later date to its rule';\n        END IF;\n    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;",
                    hash="0b5df368179088ea51404bb38921843f644a4f24",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_evidence_ask_is_frozen_once_used_33e2d",
                    table="claims_evidenceask",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reasonpolicy",
            trigger=pgtrigger.compiler.Trigger(
                name="reason_policy_is_frozen_once_used",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF ((to_jsonb(NEW) - 'valid_until' = to_jsonb(OLD) - 'valid_until') OR (NOT EXISTS (SELECT 1 FROM claims_claim c WHERE c.policy_id = OLD.id AND c.submitted_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM claims_assessment a WHERE a.policy_id = OLD.id))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'reason_policy_is_frozen_once_used',\n                MESSAGE = 'reason_policy_is_frozen_once_used: add a row with a later date';\n        END IF;\n    RETURN NEW;",
                    hash="336837f81b1807c5fa6825aac6552c1239fa486a",
                    operation="UPDATE",
                    pgid="pgtrigger_reason_policy_is_frozen_once_used_14cc9",
                    table="claims_reasonpolicy",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="reasonpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("takes_late", False), ("long_stop_amount__isnull", False), _connector="OR"
                ),
                name="reason_policy_takes_late_reports_until_a_hard_stop",
            ),
        ),
        migrations.AddConstraint(
            model_name="reasonpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("earliest_anchor__in", ["opened", "never"]), _negated=True),
                    models.Q(("sooner_anchor__in", ["opened", "never"]), _negated=True),
                ),
                name="reason_policy_opens_with_something_that_happens",
            ),
        ),
    ]
