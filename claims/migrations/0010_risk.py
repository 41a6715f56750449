"""Let claims be rated, automatic approvals be audited, and the desk's own work be watched."""

import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from claims import marks
from claims.risk_defaults import install


def lay_down(apps, schema_editor):
    install(apps)


def mark(apps, schema_editor):
    """Mark everybody who has claimed by the contact details of their orders."""
    Claim = apps.get_model("claims", "Claim")
    Mark = apps.get_model("claims", "Mark")
    Order = apps.get_model("tracking", "Order")
    claimed = Claim.objects.filter(submitted_at__isnull=False).order_by().values("shopper_id")
    rows = Order.objects.filter(shopper_id__in=claimed).select_related("shopper")
    for order in rows.iterator(chunk_size=1000):
        found = (
            ("email", marks.email(order.shopper.email)),
            ("email", marks.email(order.email)),
            ("phone", marks.phone(order.phone)),
            (
                "address",
                marks.address(order.address, postcode=order.postcode, country=order.country),
            ),
            ("payment", marks.payment(order.payment_instrument, name=order.recipient_name)),
        )
        Mark.objects.bulk_create(
            [
                Mark(
                    shopper_id=order.shopper_id,
                    kind=kind,
                    digest=marks.digest(kind, text),
                    seen_at=order.created_at,
                )
                for kind, text in found
                if text
            ],
            ignore_conflicts=True,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0009_conversation"),
        ("tracking", "__first__"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AgentSignal",
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
                            ("pace", "Decides to pay far more often per hour than usual"),
                            ("same_shopper", "Decides to pay the same shopper again and again"),
                            ("own_details", "Decided to pay where their own contact details occur"),
                            ("under_limit", "Decides often just under the limit"),
                            ("night", "Decides to pay at night"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("episode", models.CharField(editable=False, max_length=64)),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("cleared_at", models.DateTimeField(blank=True, null=True, verbose_name="cleared")),
                ("note", models.TextField(blank=True, verbose_name="note")),
            ],
            options={
                "verbose_name": "signal about the desk",
                "verbose_name_plural": "signals about the desk",
                "permissions": [("watch_agents", "Can see signals about the desk's own work")],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AuditSample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("picked_at", models.DateTimeField(verbose_name="picked")),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("agree", "I would have approved it too"),
                            ("disagree", "I would not"),
                        ],
                        max_length=8,
                        verbose_name="verdict",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("too_much", "Too much was paid"),
                            ("needed_evidence", "Evidence should have been asked for"),
                            ("wrong_reason", "Another reason applied"),
                            ("not_ours", "Not ours to pay"),
                            ("looks_made_up", "The report does not hold"),
                            ("other", "Something else"),
                        ],
                        max_length=24,
                        verbose_name="what was wrong",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
                (
                    "judged_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="looked at"),
                ),
            ],
            options={
                "verbose_name": "audited approval",
                "verbose_name_plural": "audited approvals",
                "permissions": [("audit_claim", "Can audit automatic approvals")],
            },
        ),
        migrations.CreateModel(
            name="Forwarder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "country",
                    models.CharField(
                        help_text="Two letters, such as CN.", max_length=2, verbose_name="country"
                    ),
                ),
                ("postcode", models.CharField(blank=True, max_length=16, verbose_name="postcode")),
                (
                    "words",
                    models.CharField(
                        blank=True,
                        help_text="Words that its addresses have in common; capitals do not matter.",
                        max_length=80,
                        verbose_name="in the address",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
            ],
            options={
                "verbose_name": "forwarding address",
                "verbose_name_plural": "forwarding addresses",
            },
        ),
        migrations.CreateModel(
            name="Mark",
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
                            ("email", "mailbox"),
                            ("phone", "phone number"),
                            ("address", "address"),
                            ("payment", "payment"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("seen_at", models.DateTimeField(verbose_name="first seen")),
            ],
            options={
                "verbose_name": "account mark",
                "verbose_name_plural": "account marks",
            },
        ),
        migrations.CreateModel(
            name="RiskPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=20, verbose_name="rule number")),
                ("valid_from", models.DateField(verbose_name="valid from")),
                (
                    "medium_from",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="worth a look from",
                    ),
                ),
                (
                    "high_from",
                    models.PositiveSmallIntegerField(
                        default=70,
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="look closely from",
                    ),
                ),
                (
                    "audit_percent",
                    models.PositiveSmallIntegerField(
                        default=5,
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="automatic approvals audited, in percent",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="why it changed")),
            ],
            options={
                "verbose_name": "risk policy",
                "verbose_name_plural": "risk policies",
            },
        ),
        migrations.CreateModel(
            name="RiskRating",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(default=1, verbose_name="number")),
                ("score", models.PositiveSmallIntegerField(verbose_name="score")),
                (
                    "band",
                    models.CharField(
                        choices=[
                            ("low", "Nothing unusual"),
                            ("medium", "Worth a look"),
                            ("high", "Look closely"),
                        ],
                        max_length=8,
                        verbose_name="band",
                    ),
                ),
                ("signals", models.JSONField(default=list, verbose_name="signals")),
                ("inputs", models.JSONField(default=dict, verbose_name="inputs")),
                ("digest", models.CharField(editable=False, max_length=64)),
                ("made_at", models.DateTimeField(verbose_name="made")),
            ],
            options={
                "verbose_name": "risk rating",
                "verbose_name_plural": "risk ratings",
            },
        ),
        migrations.CreateModel(
            name="RiskRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "signal",
                    models.CharField(
                        choices=[
                            ("no_policy", "No rule to score by"),
                            ("many_claims", "Several claims in a short time"),
                            ("hour_burst", "Several claims within an hour"),
                            ("address_burst", "Several claims from one address"),
                            ("product_burst", "Many claims about one product"),
                            ("claim_share", "Claims for a large share of orders"),
                            ("value_share", "Claims for a large share of the value bought"),
                            ("declined_before", "Earlier claims declined"),
                            ("linked", "Shares contact details with another account that claimed"),
                            ("linked_declined", "A linked account had claims declined"),
                            ("forwarder", "Sent to a forwarding address"),
                            ("photo_rejected", "Photo known from a declined claim"),
                            ("photo_other", "Photo known from another shopper's claim"),
                            ("photo_own", "Photo known from an earlier claim of the same shopper"),
                            ("photo_early", "Photo dated before it can have been taken"),
                            ("photo_edited", "Photo saved by an editing program"),
                            ("lost_delivered", "Reported as not come, recorded as handed over"),
                            ("damaged_early", "Reported damaged before it was delivered"),
                            ("missing_weight", "Weighed the same as packed, reported incomplete"),
                            ("refused_kept", "Recorded as refused, reported as received"),
                            ("high_value", "High value"),
                        ],
                        max_length=24,
                        verbose_name="signal",
                    ),
                ),
                (
                    "points",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="points",
                    ),
                ),
                (
                    "at_least",
                    models.PositiveBigIntegerField(
                        default=1,
                        help_text="A count, a share in percent, or for the value a sum in minor units.",
                        verbose_name="from",
                    ),
                ),
                (
                    "minimum",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="For shares: so many orders are needed before a share means anything.",
                        verbose_name="and not below",
                    ),
                ),
                (
                    "days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="0 where time does not matter.",
                        verbose_name="days looked back",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        blank=True,
                        help_text="For the value only.",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
            ],
            options={
                "verbose_name": "risk rule",
                "verbose_name_plural": "risk rules",
            },
        ),
        migrations.CreateModel(
            name="WatchRule",
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
                            ("pace", "Decides to pay far more often per hour than usual"),
                            ("same_shopper", "Decides to pay the same shopper again and again"),
                            ("own_details", "Decided to pay where their own contact details occur"),
                            ("under_limit", "Decides often just under the limit"),
                            ("night", "Decides to pay at night"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                (
                    "at_least",
                    models.PositiveSmallIntegerField(
                        default=1, help_text="So many decisions to pay.", verbose_name="from"
                    ),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Of the usual hour; of all their decisions; 0 where a share does not matter.",
                        verbose_name="and percent",
                    ),
                ),
                (
                    "days",
                    models.PositiveSmallIntegerField(default=30, verbose_name="days looked back"),
                ),
                (
                    "margin_percent",
                    models.PositiveSmallIntegerField(
                        default=0,
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="just under the limit means within (%)",
                    ),
                ),
                (
                    "from_hour",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(23)],
                        verbose_name="night from",
                    ),
                ),
                (
                    "until_hour",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(23)],
                        verbose_name="night until",
                    ),
                ),
            ],
            options={
                "verbose_name": "rule about the desk",
                "verbose_name_plural": "rules about the desk",
            },
        ),
        migrations.CreateModel(
            name="Weighing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        choices=[("packed", "the packing table"), ("carrier", "the carrier")],
                        max_length=8,
                        verbose_name="weighed by",
                    ),
                ),
                (
                    "grams",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="grams",
                    ),
                ),
                ("told_at", models.DateTimeField(verbose_name="written down")),
            ],
            options={
                "verbose_name": "weighing",
                "verbose_name_plural": "weighings",
            },
        ),
        migrations.AddField(
            model_name="agentsignal",
            name="agent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="agent",
            ),
        ),
        migrations.AddField(
            model_name="agentsignal",
            name="cleared_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="cleared by",
            ),
        ),
        migrations.AddField(
            model_name="auditsample",
            name="claim",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="audit", to="claims.claim"
            ),
        ),
        migrations.AddField(
            model_name="auditsample",
            name="judged_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="looked at by",
            ),
        ),
        migrations.AddConstraint(
            model_name="forwarder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("postcode", ""), _negated=True),
                    models.Q(("words", ""), _negated=True),
                    _connector="OR",
                ),
                name="forwarder_is_recognised_by_something",
            ),
        ),
        migrations.AddField(
            model_name="mark",
            name="shopper",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="riskpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("medium_from__gte", 1),
                    ("high_from__gt", models.F("medium_from")),
                    ("high_from__lte", 100),
                ),
                name="risk_policy_bands_are_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("audit_percent__lte", 100)),
                name="risk_policy_audits_at_most_all",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="riskpolicy",
            trigger=pgtrigger.compiler.Trigger(
                name="risk_policy_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="726ee06ce1f5179ef6ede71f05686410e178185a",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_risk_policy_is_never_rewritten_3db8e",
                    table="claims_riskpolicy",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="riskpolicy",
            trigger=pgtrigger.compiler.Trigger(
                name="risk_policy_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'risk_policy_is_never_emptied: these rows are kept for good';",
                    hash="65f07d37fda6879f929802555a124f617675f8f3",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_risk_policy_is_never_emptied_b97f5",
                    table="claims_riskpolicy",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="riskrating",
            name="claim",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ratings",
                to="claims.claim",
            ),
        ),
        migrations.AddField(
            model_name="riskrating",
            name="policy",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="claims.riskpolicy",
            ),
        ),
        migrations.AddField(
            model_name="auditsample",
            name="rating",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="claims.riskrating",
            ),
        ),
        migrations.AddField(
            model_name="riskrule",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rules",
                to="claims.riskpolicy",
            ),
        ),
        migrations.AddField(
            model_name="watchrule",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="watches",
                to="claims.riskpolicy",
            ),
        ),
        migrations.AddField(
            model_name="weighing",
            name="parcel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tracking.parcel"
            ),
        ),
        migrations.AddField(
            model_name="weighing",
            name="told_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="written down by",
            ),
        ),
        migrations.AddConstraint(
            model_name="agentsignal",
            constraint=models.UniqueConstraint(
                fields=("agent", "kind", "episode"), name="agent_signal_once_per_episode"
            ),
        ),
        migrations.AddConstraint(
            model_name="agentsignal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cleared_at__isnull", True), ("cleared_by__isnull", True)),
                    models.Q(("cleared_at__isnull", False), ("cleared_by__isnull", False)),
                    _connector="OR",
                ),
                name="agent_signal_is_cleared_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="agentsignal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cleared_by__isnull", True),
                    models.Q(("cleared_by", models.F("agent")), _negated=True),
                    _connector="OR",
                ),
                name="agent_signal_is_never_cleared_by_its_agent",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="agentsignal",
            trigger=pgtrigger.compiler.Trigger(
                name="agent_signal_is_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="5d0c7921de5268853832be00e84175062658460c",
                    operation="DELETE",
                    pgid="pgtrigger_agent_signal_is_never_deleted_f91ab",
                    table="claims_agentsignal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="agentsignal",
            trigger=pgtrigger.compiler.Trigger(
                name="agent_signal_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'agent_signal_is_never_emptied: these rows are kept for good';",
                    hash="b5cf37eac4c5453e27cdb7683a4806e08e73155c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_agent_signal_is_never_emptied_ba2ec",
                    table="claims_agentsignal",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="mark",
            index=models.Index(fields=["kind", "digest"], name="mark_by_digest"),
        ),
        migrations.AddConstraint(
            model_name="mark",
            constraint=models.UniqueConstraint(
                fields=("shopper", "kind", "digest"), name="mark_once_per_shopper"
            ),
        ),
        migrations.AddConstraint(
            model_name="riskrating",
            constraint=models.UniqueConstraint(
                fields=("claim", "number"), name="risk_rating_numbers_are_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="riskrating",
            constraint=models.CheckConstraint(
                condition=models.Q(("score__lte", 100)), name="risk_score_is_at_most_100"
            ),
        ),
        migrations.AddConstraint(
            model_name="riskrating",
            constraint=models.CheckConstraint(
                condition=models.Q(("band__in", ["low", "medium", "high"])),
                name="risk_band_is_known",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="riskrating",
            trigger=pgtrigger.compiler.Trigger(
                name="risk_rating_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="8c3139821dda936ba8f6d3c29a88ec2a4b2802fb",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_risk_rating_is_never_rewritten_a6b48",
                    table="claims_riskrating",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="riskrating",
            trigger=pgtrigger.compiler.Trigger(
                name="risk_rating_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'risk_rating_is_never_emptied: these rows are kept for good';",
                    hash="251aa204042bdc0c2b83fee3ccbdd3d473062688",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_risk_rating_is_never_emptied_6eb58",
                    table="claims_riskrating",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="auditsample",
            index=models.Index(
                condition=models.Q(("verdict", "")), fields=["picked_at"], name="audit_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditsample",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("judged_at__isnull", True), ("judged_by__isnull", True), ("verdict", "")
                    ),
                    models.Q(
                        ("verdict__in", ["agree", "disagree"]),
                        ("judged_at__isnull", False),
                        ("judged_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="audit_verdict_has_a_person_and_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="auditsample",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("verdict", "disagree"), _negated=True),
                    models.Q(("code", ""), _negated=True),
                    _connector="OR",
                ),
                name="audit_no_says_why",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditsample",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_sample_is_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="7fc0deb155787cc4c45f6878d829c4bda3885ec5",
                    operation="DELETE",
                    pgid="pgtrigger_audit_sample_is_never_deleted_fe3a3",
                    table="claims_auditsample",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditsample",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_sample_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'audit_sample_is_never_emptied: these rows are kept for good';",
                    hash="2afb20de47db2f308a80e33a812799aeea2ae5a0",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_audit_sample_is_never_emptied_b73f2",
                    table="claims_auditsample",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="riskrule",
            constraint=models.UniqueConstraint(
                fields=("policy", "signal", "days", "currency"),
                name="risk_rule_once_per_signal_days_and_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__lte", 100)), name="risk_rule_is_at_most_100"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="riskrule",
            trigger=pgtrigger.compiler.Trigger(
                name="risk_rule_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="d05f539025c504af4e0999117a943de3841fab5d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_risk_rule_is_never_rewritten_43f1f",
                    table="claims_riskrule",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="riskrule",
            trigger=pgtrigger.compiler.Trigger(
                name="risk_rule_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'risk_rule_is_never_emptied: these rows are kept for good';",
                    hash="b0fb14698656c83f3b02a310b8e1046e45115b27",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_risk_rule_is_never_emptied_7e567",
                    table="claims_riskrule",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="watchrule",
            constraint=models.UniqueConstraint(
                fields=("policy", "kind"), name="watch_rule_once_per_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="watchrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "night"), _negated=True),
                    models.Q(("from_hour__isnull", False), ("until_hour__isnull", False)),
                    _connector="OR",
                ),
                name="watch_rule_of_night_says_its_hours",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="watchrule",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_rule_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="3bcb54a781dd480790c86db3474a4ac8d79b06d6",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_watch_rule_is_never_rewritten_34471",
                    table="claims_watchrule",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="watchrule",
            trigger=pgtrigger.compiler.Trigger(
                name="watch_rule_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'watch_rule_is_never_emptied: these rows are kept for good';",
                    hash="3c367d4b0cf1460c958b0056480dd51329cbf9c7",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_watch_rule_is_never_emptied_8c6e6",
                    table="claims_watchrule",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="weighing",
            constraint=models.CheckConstraint(
                condition=models.Q(("grams__gte", 1)), name="weighing_weighs_something"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="weighing",
            trigger=pgtrigger.compiler.Trigger(
                name="weighing_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="18f464b1f9c7c85076e20b7e9068eb2fd012a4c3",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_weighing_is_never_rewritten_6fd22",
                    table="claims_weighing",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="weighing",
            trigger=pgtrigger.compiler.Trigger(
                name="weighing_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'weighing_is_never_emptied: these rows are kept for good';",
                    hash="80ba6462cfe56253fe7f25f9d09428f001d73562",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_weighing_is_never_emptied_1669c",
                    table="claims_weighing",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunPython(lay_down, migrations.RunPython.noop),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
