import datetime
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models
from django.db.models import F

from claims import clock_defaults


def say_by_when(apps, schema_editor):
    """Let claims that are under way say by when, as the new checks ask."""
    claim = apps.get_model("claims", "Claim").objects
    hands = ("submitted", "screening", "under_review", "pending_approval", "appealed")
    claim.filter(state__in=hands, decide_by=None).update(decide_by=F("due_at"))
    waits = ("needs_info", "awaiting_return", "offered")
    claim.filter(state__in=waits, answer_by=None).update(answer_by=F("due_at"))
    paying = ("approved", "compensating", "compensation_failed")
    claim.filter(state__in=paying).update(pay_by=F("due_at"))


def lay_down(apps, schema_editor):
    """Lay down the service levels, and give claims under way the clocks that their dates tell."""
    clock_defaults.install(apps)
    level = apps.get_model("claims", "ServiceLevel").objects.get(severity=3)
    clocks = apps.get_model("claims", "ClaimClock")
    paused = ("needs_info", "awaiting_carrier", "awaiting_return")
    deciding = ("submitted", "screening", "under_review", "pending_approval", "appealed", *paused)
    paying = ("approved", "compensating", "compensation_failed")
    rows = []
    for claim in (
        apps.get_model("claims", "Claim")
        .objects.filter(state__in=(*deciding, *paying), submitted_at__isnull=False)
        .iterator()
    ):
        dates = (
            {"pay": (claim.decided_at or claim.due_at, claim.pay_by)}
            if claim.state in paying
            else {
                "decide": (claim.submitted_at, claim.decide_by),
                "legal": (claim.submitted_at, claim.legal_due_at),
            }
        )
        for kind, (start, due) in dates.items():
            if start is None or due is None:
                continue
            due = max(due, start)
            stands = claim.paused_at or claim.due_at if claim.state in paused else None
            is_held = kind == "decide" and stands is not None
            lead = start + (due - start) * 0.75
            rows.append(
                clocks(
                    claim=claim,
                    kind=kind,
                    level=level,
                    days={"decide": level.decide_days, "pay": level.pay_days, "legal": 7}[kind],
                    started_at=start,
                    due_at=due,
                    lead_at=lead,
                    manager_at=due,
                    alarm_at=None if is_held else lead,
                    paused_at=stands if is_held else None,
                )
            )
    clocks.objects.bulk_create(rows, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0006_decisions"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClaimClock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("reply", "First reply"),
                            ("decide", "Decision"),
                            ("pay", "Money sent"),
                            ("legal", "By law"),
                        ],
                        max_length=8,
                        verbose_name="what",
                    ),
                ),
                ("round", models.PositiveSmallIntegerField(default=1, verbose_name="round")),
                ("days", models.PositiveSmallIntegerField(default=0, verbose_name="days")),
                ("hours", models.PositiveSmallIntegerField(default=0, verbose_name="hours")),
                ("started_at", models.DateTimeField(verbose_name="begun")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                (
                    "lead_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="team lead hears"),
                ),
                (
                    "manager_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="duty manager hears"),
                ),
                ("alarm_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "paused_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="stands still since"),
                ),
                ("stopped_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "is_void",
                    models.BooleanField(default=False, verbose_name="nobody waits any more"),
                ),
                (
                    "likely_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="probably decided"),
                ),
                (
                    "ahead",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="claims before it"
                    ),
                ),
            ],
            options={
                "verbose_name": "clock",
                "verbose_name_plural": "clocks",
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[("lead", "Team lead"), ("manager", "Duty manager")],
                        max_length=8,
                        verbose_name="who",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("raised_at", models.DateTimeField(verbose_name="raised")),
                ("told_at", models.DateTimeField(blank=True, null=True, verbose_name="written to")),
            ],
            options={
                "verbose_name": "escalation",
                "verbose_name_plural": "escalations",
            },
        ),
        migrations.CreateModel(
            name="PaceReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("made_at", models.DateTimeField(verbose_name="made")),
                ("since", models.DateTimeField(verbose_name="measured since")),
                ("decided", models.PositiveIntegerField(verbose_name="decided")),
                (
                    "hours",
                    models.FloatField(
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="working hours",
                    ),
                ),
                ("waiting", models.PositiveIntegerField(verbose_name="waiting")),
                ("missing", models.PositiveIntegerField(verbose_name="will probably be late")),
            ],
            options={
                "verbose_name": "pace of the desk",
                "verbose_name_plural": "pace of the desk",
            },
        ),
        migrations.CreateModel(
            name="ServiceLevel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "severity",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "S1"), (2, "S2"), (3, "S3"), (4, "S4")],
                        verbose_name="severity",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="valid from")),
                (
                    "is_around_the_clock",
                    models.BooleanField(default=False, verbose_name="every hour counts"),
                ),
                (
                    "reply_hours",
                    models.PositiveSmallIntegerField(default=0, verbose_name="first reply, hours"),
                ),
                (
                    "reply_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Neither days nor hours: the letter that says “received” is the reply.",
                        verbose_name="first reply, days",
                    ),
                ),
                (
                    "decide_hours",
                    models.PositiveSmallIntegerField(default=0, verbose_name="decision, hours"),
                ),
                (
                    "decide_days",
                    models.PositiveSmallIntegerField(default=0, verbose_name="decision, days"),
                ),
                (
                    "pay_hours",
                    models.PositiveSmallIntegerField(default=0, verbose_name="money sent, hours"),
                ),
                (
                    "pay_days",
                    models.PositiveSmallIntegerField(default=0, verbose_name="money sent, days"),
                ),
                (
                    "lead_percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="So much of the time used up; empty: never.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="team lead hears at (%)",
                    ),
                ),
                (
                    "manager_percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="So much of the time used up; empty: never.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="duty manager hears at (%)",
                    ),
                ),
                ("zone", models.CharField(blank=True, max_length=40, verbose_name="time zone")),
                (
                    "country",
                    models.CharField(
                        blank=True, max_length=2, verbose_name="country of public holidays"
                    ),
                ),
                (
                    "subdivision",
                    models.CharField(blank=True, max_length=10, verbose_name="part of the country"),
                ),
                (
                    "weekdays",
                    models.CharField(
                        blank=True,
                        help_text="Monday is 1; empty: as usual there.",
                        max_length=7,
                        verbose_name="working days",
                    ),
                ),
                ("opens", models.TimeField(default=datetime.time(9, 0), verbose_name="opens")),
                ("closes", models.TimeField(default=datetime.time(18, 0), verbose_name="closes")),
            ],
            options={
                "verbose_name": "service level",
                "verbose_name_plural": "service levels",
            },
        ),
        migrations.CreateModel(
            name="SeverityChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "origin",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "S1"), (2, "S2"), (3, "S3"), (4, "S4")],
                        null=True,
                        verbose_name="before",
                    ),
                ),
                (
                    "target",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "S1"), (2, "S2"), (3, "S3"), (4, "S4")],
                        verbose_name="severity",
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("hazard", "Somebody could be hurt"),
                            ("medicine", "Medicine or medical goods"),
                            ("press", "Press or a regulator asks"),
                            ("value", "High value"),
                            ("perishable", "Perishable goods"),
                            ("repeated", "It went wrong before"),
                            ("appealed", "A second look was asked for"),
                            ("delay", "Only late"),
                            ("small", "Small sum"),
                            ("usual", "Nothing out of the usual"),
                            ("mistaken", "Was set wrongly"),
                            ("other", "Another reason"),
                        ],
                        max_length=12,
                        verbose_name="why",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=600, verbose_name="note")),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("changed_at", models.DateTimeField(verbose_name="changed")),
            ],
            options={
                "verbose_name": "change of severity",
                "verbose_name_plural": "changes of severity",
            },
        ),
        migrations.CreateModel(
            name="SeverityLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                ("most_minor", models.BigIntegerField(verbose_name="S1 above (minor units)")),
                ("much_minor", models.BigIntegerField(verbose_name="S2 above (minor units)")),
                ("little_minor", models.BigIntegerField(verbose_name="S4 below (minor units)")),
            ],
            options={
                "verbose_name": "severity limit",
                "verbose_name_plural": "severity limits",
            },
        ),
        migrations.AddField(
            model_name="claim",
            name="pay_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="money sent by"),
        ),
        migrations.AddField(
            model_name="claim",
            name="remind_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="claim",
            name="replied_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="first reply"),
        ),
        migrations.AddField(
            model_name="claim",
            name="reply_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="first reply by"),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            "draft",
                            "submitted",
                            "screening",
                            "awaiting_carrier",
                            "resolved",
                            "rejected",
                            "withdrawn",
                            "expired",
                        ),
                    )
                ),
                fields=["due_at"],
                name="claim_that_time_moves",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("state__in", ("needs_info", "awaiting_return", "offered"))),
                fields=["remind_at"],
                name="claim_to_remind",
            ),
        ),
        migrations.AddField(
            model_name="claimclock",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="clocks",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="escalation",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="escalations",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="escalation",
            name="clock",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="escalations",
                to="claims.claimclock",
            ),
        ),
        migrations.AddIndex(
            model_name="pacereport",
            index=models.Index(fields=["-made_at"], name="pace_report_latest"),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.UniqueConstraint(
                fields=("severity", "valid_from"), name="service_level_once_per_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", (1, 2, 3, 4))),
                name="service_level_severity_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decide_hours__gt", 0), ("decide_days__gt", 0), _connector="OR"),
                    models.Q(("pay_hours__gt", 0), ("pay_days__gt", 0), _connector="OR"),
                ),
                name="service_level_promises_decision_and_money",
            ),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("closes__gt", models.F("opens"))),
                name="service_level_closes_after_it_opens",
            ),
        ),
        migrations.AddConstraint(
            model_name="servicelevel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("lead_percent__isnull", True), ("lead_percent__lte", 100), _connector="OR"
                    ),
                    models.Q(
                        ("manager_percent__isnull", True),
                        ("manager_percent__lte", 100),
                        _connector="OR",
                    ),
                ),
                name="service_level_escalates_before_it_is_late",
            ),
        ),
        migrations.AddField(
            model_name="claimclock",
            name="level",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="claims.servicelevel",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="servicelevel",
            trigger=pgtrigger.compiler.Trigger(
                name="service_level_only_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NOT EXISTS (SELECT 1 FROM claims_servicelevel l WHERE l.severity = NEW.severity AND l.valid_from >= NEW.valid_from)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'service_level_only_moves_forward',\n                MESSAGE = 'service_level_only_moves_forward: a row begins after those before it';\n        END IF;\n    RETURN NEW;",
                    hash="a965f612ad89657645d6fcd12c8e51271ddb6a03",
                    operation="INSERT",
                    pgid="pgtrigger_service_level_only_moves_forward_19ce4",
                    table="claims_servicelevel",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="servicelevel",
            trigger=pgtrigger.compiler.Trigger(
                name="service_level_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="cd020edd953fa3e5e6f9a1ed851c00341ba7f509",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_service_level_is_never_rewritten_b3d74",
                    table="claims_servicelevel",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="servicelevel",
            trigger=pgtrigger.compiler.Trigger(
                name="service_level_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'service_level_is_never_emptied: these rows are kept for good';",
                    hash="28f26e7b0ffa6fb279d9864e56914e6c306ff86c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_service_level_is_never_emptied_0e29b",
                    table="claims_servicelevel",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="severitychange",
            name="actor",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="severitychange",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="severities",
                to="claims.claim",
            ),
        ),
        migrations.AddConstraint(
            model_name="severitylimit",
            constraint=models.UniqueConstraint(
                fields=("currency", "valid_from"), name="severity_limit_once_per_currency_and_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="severitylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("little_minor__gte", 0),
                    ("much_minor__gte", models.F("little_minor")),
                    ("most_minor__gte", models.F("much_minor")),
                ),
                name="severity_limits_are_in_order",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="severitylimit",
            trigger=pgtrigger.compiler.Trigger(
                name="severity_limit_only_moves_forward",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NOT EXISTS (SELECT 1 FROM claims_severitylimit l WHERE l.currency = NEW.currency AND l.valid_from >= NEW.valid_from)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'severity_limit_only_moves_forward',\n                MESSAGE = 'severity_limit_only_moves_forward: a row begins after those before it';\n        END IF;\n    RETURN NEW;",
                    hash="a3982d8b165dd8bb7ceed14468aebefb9e3140aa",
                    operation="INSERT",
                    pgid="pgtrigger_severity_limit_only_moves_forward_0b378",
                    table="claims_severitylimit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="severitylimit",
            trigger=pgtrigger.compiler.Trigger(
                name="severity_limit_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="f6642fd13e626418da8f830bd71212f4667f74cc",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_severity_limit_is_never_rewritten_02ba6",
                    table="claims_severitylimit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="severitylimit",
            trigger=pgtrigger.compiler.Trigger(
                name="severity_limit_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'severity_limit_is_never_emptied: these rows are kept for good';",
                    hash="a855606e6a6e74cc68c0b4ccc8e4767b539c08f3",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_severity_limit_is_never_emptied_b074e",
                    table="claims_severitylimit",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                condition=models.Q(("told_at__isnull", True)),
                fields=["raised_at"],
                name="escalation_untold",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.UniqueConstraint(
                fields=("clock", "step"), name="escalation_once_per_step"
            ),
        ),
        migrations.AddConstraint(
            model_name="escalation",
            constraint=models.CheckConstraint(
                condition=models.Q(("step__in", ["lead", "manager"])),
                name="escalation_step_is_known",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="escalation",
            trigger=pgtrigger.compiler.Trigger(
                name="escalation_is_never_altered",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NEW.clock_id IS NOT DISTINCT FROM OLD.clock_id AND NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id AND NEW.step IS NOT DISTINCT FROM OLD.step AND NEW.due_at IS NOT DISTINCT FROM OLD.due_at AND NEW.raised_at IS NOT DISTINCT FROM OLD.raised_at) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'escalation_is_never_altered',\n                MESSAGE = 'escalation_is_never_altered: these columns are written once';\n        END IF;\n    RETURN NEW;",
                    hash="8cee1ccd4df990e4636384faf4dbbfd8ac4f2a30",
                    operation="UPDATE",
                    pgid="pgtrigger_escalation_is_never_altered_b00fb",
                    table="claims_escalation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="escalation",
            trigger=pgtrigger.compiler.Trigger(
                name="escalation_is_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="187502795981707653d1d29b19ca9676e23f4523",
                    operation="DELETE",
                    pgid="pgtrigger_escalation_is_never_deleted_3997a",
                    table="claims_escalation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="escalation",
            trigger=pgtrigger.compiler.Trigger(
                name="escalation_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'escalation_is_never_emptied: these rows are kept for good';",
                    hash="0d11e9143fc2ec172d67817e7b851b4909560449",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_escalation_is_never_emptied_fa3c3",
                    table="claims_escalation",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="claimclock",
            index=models.Index(
                condition=models.Q(("alarm_at__isnull", False)),
                fields=["alarm_at"],
                name="claim_clock_alarm",
            ),
        ),
        migrations.AddIndex(
            model_name="claimclock",
            index=models.Index(
                condition=models.Q(("is_void", False), ("stopped_at__isnull", False)),
                fields=["kind", "stopped_at"],
                name="claim_clock_done",
            ),
        ),
        migrations.AddIndex(
            model_name="claimclock",
            index=models.Index(
                condition=models.Q(("stopped_at__isnull", True)),
                fields=["kind", "due_at"],
                name="claim_clock_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimclock",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["reply", "decide", "pay", "legal"])),
                name="claim_clock_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimclock",
            constraint=models.UniqueConstraint(
                fields=("claim", "kind", "round"), name="claim_clock_once_per_round"
            ),
        ),
        migrations.AddConstraint(
            model_name="claimclock",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stopped_at__isnull", True)),
                fields=("claim", "kind"),
                name="claim_clock_one_of_a_kind_runs",
            ),
        ),
        migrations.AddConstraint(
            model_name="claimclock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stopped_at__isnull", True),
                    models.Q(
                        ("stopped_at__gte", models.F("started_at")), ("alarm_at__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="claim_clock_ends_after_it_begins_and_then_is_silent",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="claimclock",
            trigger=pgtrigger.compiler.Trigger(
                name="claim_clock_is_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="22373db3a85f03b9297188739968df1333cdf693",
                    operation="DELETE",
                    pgid="pgtrigger_claim_clock_is_never_deleted_23128",
                    table="claims_claimclock",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="claimclock",
            trigger=pgtrigger.compiler.Trigger(
                name="claim_clock_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'claim_clock_is_never_emptied: these rows are kept for good';",
                    hash="74fffaeb4c1f447259e02a38d95285b45fc5cbac",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_claim_clock_is_never_emptied_06faf",
                    table="claims_claimclock",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="severitychange",
            constraint=models.CheckConstraint(
                condition=models.Q(("target__in", (1, 2, 3, 4))), name="severity_change_is_known"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="severitychange",
            trigger=pgtrigger.compiler.Trigger(
                name="severity_change_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="69c0f4ce5aead3ec0a5e7d9d52324782984715b8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_severity_change_is_never_rewritten_f1c57",
                    table="claims_severitychange",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="severitychange",
            trigger=pgtrigger.compiler.Trigger(
                name="severity_change_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'severity_change_is_never_emptied: these rows are kept for good';",
                    hash="76a8c9ae4fc1f02ce552534b4cff688a531d808b",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_severity_change_is_never_emptied_f89b4",
                    table="claims_severitychange",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunPython(say_by_when, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "state__in",
                            (
                                "submitted",
                                "screening",
                                "under_review",
                                "pending_approval",
                                "appealed",
                            ),
                        ),
                        _negated=True,
                    ),
                    ("decide_by__isnull", False),
                    _connector="OR",
                ),
                name="claim_in_our_hands_says_by_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ("needs_info", "awaiting_return", "offered")), _negated=True
                    ),
                    ("answer_by__isnull", False),
                    _connector="OR",
                ),
                name="claim_that_waits_for_its_shopper_says_until_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", (1, 2, 3, 4))), name="claim_severity_is_known"
            ),
        ),
        migrations.RunPython(lay_down, migrations.RunPython.noop, elidable=True),
    ]
