import claims.models.contract
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from claims.contract_defaults import RATES, ROWS, install


def lay_down(apps, schema_editor):
    install(apps)


def take_up(apps, schema_editor):
    """Remove the rows of ``lay_down``; refused by the database once assessments refer to them."""
    with pgtrigger.ignore("claims.CarrierContract:contract_is_never_deleted"):
        for row in ROWS:
            apps.get_model("claims", "CarrierContract").objects.filter(
                code=row.code, valid_from=row.valid_from
            ).delete()
    with pgtrigger.ignore("claims.ExchangeRate:exchange_rate_is_never_rewritten"):
        for base, quote, _rate, on, _source, _mark in RATES:
            apps.get_model("claims", "ExchangeRate").objects.filter(
                base=base, quote=quote, on=on
            ).delete()
    # Check what refers to the rows now: PostgreSQL alters no table while checks are pending.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0004_reasons"),
        ("tracking", "0006_expecting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CarrierContract",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, verbose_name="rule number")),
                ("carrier", models.SlugField(max_length=40, verbose_name="carrier")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("carrier", "Carrier's terms"),
                            ("regime", "Law or convention"),
                            ("programme", "Protection programme"),
                        ],
                        default="carrier",
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("title_en", models.CharField(max_length=120, verbose_name="title in English")),
                ("title_zh", models.CharField(max_length=120, verbose_name="title in Chinese")),
                (
                    "service",
                    models.SlugField(
                        blank=True,
                        help_text="Empty: every service without its own.",
                        max_length=40,
                        verbose_name="service",
                    ),
                ),
                (
                    "origins",
                    models.CharField(
                        blank=True,
                        help_text="Countries such as “US” or “EU GB”; “!US” is anywhere else. Empty: anywhere.",
                        max_length=80,
                        validators=[claims.models.contract.valid_origins],
                        verbose_name="sent from",
                    ),
                ),
                (
                    "lane",
                    models.CharField(
                        choices=[
                            ("any", "Anywhere"),
                            ("domestic", "Within the country"),
                            ("international", "Across a border"),
                        ],
                        default="any",
                        max_length=16,
                        verbose_name="goes",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="shipped from")),
                (
                    "valid_until",
                    models.DateField(blank=True, null=True, verbose_name="shipped before"),
                ),
                (
                    "terms",
                    models.JSONField(
                        validators=[claims.models.contract.valid_terms], verbose_name="terms"
                    ),
                ),
                (
                    "deadlines",
                    models.JSONField(
                        blank=True,
                        default=list,
                        validators=[claims.models.contract.valid_deadlines],
                        verbose_name="deadlines",
                    ),
                ),
                (
                    "fee",
                    models.JSONField(
                        blank=True,
                        null=True,
                        validators=[claims.models.contract.valid_fee],
                        verbose_name="price of insuring",
                    ),
                ),
                (
                    "claimant",
                    models.CharField(
                        choices=[
                            ("sender", "The sender only"),
                            ("either", "Sender or recipient"),
                            ("recipient", "The recipient only"),
                        ],
                        default="sender",
                        max_length=12,
                        verbose_name="who may claim",
                    ),
                ),
                (
                    "documents",
                    models.JSONField(
                        blank=True,
                        default=list,
                        validators=[claims.models.contract.valid_documents],
                        verbose_name="documents",
                    ),
                ),
                (
                    "appeals",
                    models.PositiveSmallIntegerField(default=1, verbose_name="levels of appeal"),
                ),
                ("source", models.CharField(blank=True, max_length=300, verbose_name="source")),
                (
                    "source_mark",
                    models.CharField(
                        choices=[
                            ("official", "Official page"),
                            ("secondary", "Second-hand"),
                            ("dated", "Official, but old"),
                            ("unverified", "Not verified"),
                        ],
                        default="unverified",
                        max_length=12,
                        verbose_name="trust",
                    ),
                ),
                (
                    "is_checked",
                    models.BooleanField(
                        default=False,
                        help_text="Not ticked: figures read somewhere; check them before production.",
                        verbose_name="checked with the carrier",
                    ),
                ),
                ("note_en", models.TextField(blank=True, verbose_name="note in English")),
                ("note_zh", models.TextField(blank=True, verbose_name="note in Chinese")),
            ],
            options={
                "verbose_name": "carrier contract",
                "verbose_name_plural": "carrier contracts",
            },
        ),
        migrations.CreateModel(
            name="Consignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "contract_code",
                    models.SlugField(blank=True, max_length=40, verbose_name="under the terms"),
                ),
                ("service", models.SlugField(blank=True, max_length=40, verbose_name="service")),
                ("origin", models.CharField(blank=True, max_length=2, verbose_name="sent from")),
                (
                    "zone",
                    models.CharField(blank=True, max_length=40, verbose_name="time zone there"),
                ),
                (
                    "grams",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="weight in grams"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Three capital letters, such as USD."
                            )
                        ],
                        verbose_name="currency",
                    ),
                ),
                (
                    "freight_minor",
                    models.BigIntegerField(blank=True, null=True, verbose_name="freight"),
                ),
                (
                    "declared_minor",
                    models.BigIntegerField(blank=True, null=True, verbose_name="declared"),
                ),
                (
                    "insured_minor",
                    models.BigIntegerField(blank=True, null=True, verbose_name="insured"),
                ),
                ("goods", models.JSONField(blank=True, null=True, verbose_name="kinds of goods")),
                (
                    "circumstances",
                    models.JSONField(blank=True, default=list, verbose_name="circumstances"),
                ),
                ("noted_at", models.DateTimeField(verbose_name="noted")),
            ],
            options={
                "verbose_name": "shipment facts",
                "verbose_name_plural": "shipment facts",
            },
        ),
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "base",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Three capital letters, such as USD."
                            )
                        ],
                        verbose_name="one unit of",
                    ),
                ),
                (
                    "quote",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Three capital letters, such as USD."
                            )
                        ],
                        verbose_name="is worth, in",
                    ),
                ),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=10,
                        max_digits=20,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="rate",
                    ),
                ),
                ("on", models.DateField(verbose_name="as of")),
                ("source", models.CharField(blank=True, max_length=300, verbose_name="source")),
                (
                    "source_mark",
                    models.CharField(
                        choices=[
                            ("official", "Official page"),
                            ("secondary", "Second-hand"),
                            ("dated", "Official, but old"),
                            ("unverified", "Not verified"),
                        ],
                        default="unverified",
                        max_length=12,
                        verbose_name="trust",
                    ),
                ),
            ],
            options={
                "verbose_name": "exchange rate",
                "verbose_name_plural": "exchange rates",
            },
        ),
        migrations.AddField(
            model_name="assessment",
            name="caps",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()), default=list, verbose_name="limits"
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="carrier_bp",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="carrier"),
        ),
        migrations.AddField(
            model_name="assessment",
            name="explanation_en",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="numbers in English"
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="explanation_zh",
            field=models.TextField(
                blank=True, db_default="", default="", verbose_name="numbers in Chinese"
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="nobody_bp",
            field=models.PositiveSmallIntegerField(
                db_default=10000, default=10000, verbose_name="nobody"
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="recovery",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                verbose_name="expected of the carrier",
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="recovery_en",
            field=models.TextField(
                db_default="", default="", verbose_name="expectation in English"
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="recovery_high_minor",
            field=models.BigIntegerField(blank=True, null=True, verbose_name="at most"),
        ),
        migrations.AddField(
            model_name="assessment",
            name="recovery_low_minor",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="at least"),
        ),
        migrations.AddField(
            model_name="assessment",
            name="recovery_missing",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                verbose_name="not known",
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="recovery_rules",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                verbose_name="its rules",
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="recovery_zh",
            field=models.TextField(
                db_default="", default="", verbose_name="expectation in Chinese"
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="seller_bp",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="seller"),
        ),
        migrations.AddField(
            model_name="assessment",
            name="shopper_bp",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="shopper"),
        ),
        migrations.AddField(
            model_name="assessment",
            name="split_evidence",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                verbose_name="shown by",
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="split_source",
            field=models.CharField(
                choices=[("policy", "The rule"), ("person", "A person")],
                db_default="policy",
                default="policy",
                max_length=12,
                verbose_name="split by",
            ),
        ),
        migrations.AddField(
            model_name="assessment",
            name="split_text",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="why so"),
        ),
        migrations.AddField(
            model_name="assessment",
            name="supplier_bp",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, verbose_name="supplier"
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="expected_recovery_minor",
            field=models.BigIntegerField(
                db_default=0, default=0, verbose_name="expected of the carrier"
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="recovered_minor",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="recovered"),
        ),
        migrations.AddField(
            model_name="assessment",
            name="contract",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assessments",
                to="claims.carriercontract",
            ),
        ),
        migrations.AddField(
            model_name="consignment",
            name="noted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="consignment",
            name="parcel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tracking.parcel"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expected_recovery_minor__gte", 0), ("recovered_minor__gte", 0)
                ),
                name="claim_recovery_is_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="carriercontract",
            constraint=models.UniqueConstraint(
                fields=("code", "valid_from"), name="contract_once_per_code_and_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="carriercontract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until__isnull", True),
                    ("valid_until__gt", models.F("valid_from")),
                    _connector="OR",
                ),
                name="contract_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="carriercontract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["carrier", "regime", "programme"]),
                    ("lane__in", ["any", "domestic", "international"]),
                ),
                name="contract_kind_and_lane_are_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="carriercontract",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (
                        models.Func(
                            models.Func(
                                django.db.models.functions.text.Concat(
                                    "carrier",
                                    models.Value("/"),
                                    "service",
                                    models.Value("/"),
                                    "origins",
                                    models.Value("/"),
                                    "lane",
                                    output_field=models.TextField(),
                                ),
                                models.Value(0),
                                function="hashtextextended",
                                output_field=models.BigIntegerField(),
                            ),
                            models.Func(
                                django.db.models.functions.text.Concat(
                                    "carrier",
                                    models.Value("/"),
                                    "service",
                                    models.Value("/"),
                                    "origins",
                                    models.Value("/"),
                                    "lane",
                                    output_field=models.TextField(),
                                ),
                                models.Value(0),
                                function="hashtextextended",
                                output_field=models.BigIntegerField(),
                            ),
                            models.Value("[]"),
                            function="int8range",
                            output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                        ),
                        "&&",
                    ),
                    (
                        models.Func(
                            "valid_from",
                            "valid_until",
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="contract_versions_never_overlap",
                violation_error_message="Another version for this carrier, service and way holds on some of these days. End that one first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "nobody_bp",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.Value(10000), "-", models.F("carrier_bp")
                                    ),
                                    "-",
                                    models.F("seller_bp"),
                                ),
                                "-",
                                models.F("supplier_bp"),
                            ),
                            "-",
                            models.F("shopper_bp"),
                        ),
                    )
                ),
                name="assessment_split_sums_to_the_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("split_source", "policy"),
                    models.Q(
                        models.Q(("split_text", ""), _negated=True),
                        models.Q(("split_evidence", []), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="assessment_split_by_a_person_says_why_and_by_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recovery_low_minor__gte", 0),
                    models.Q(
                        ("recovery_high_minor__isnull", True),
                        ("recovery_high_minor__gte", models.F("recovery_low_minor")),
                        _connector="OR",
                    ),
                ),
                name="assessment_expects_no_less_than_nothing",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.UniqueConstraint(
                fields=("base", "quote", "on"), name="exchange_rate_once_per_pair_and_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rate__gt", 0), models.Q(("base", models.F("quote")), _negated=True)
                ),
                name="exchange_rate_is_above_nothing_between_two_currencies",
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("base__regex", "^[A-Z]{3}$"), ("quote__regex", "^[A-Z]{3}$")),
                name="exchange_rate_currencies_are_iso_4217",
            ),
        ),
        migrations.AddIndex(
            model_name="consignment",
            index=models.Index(fields=["parcel", "-noted_at"], name="consignment_newest"),
        ),
        migrations.AddConstraint(
            model_name="consignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("freight_minor__isnull", True), ("freight_minor__gte", 0), _connector="OR"
                    ),
                    models.Q(
                        ("declared_minor__isnull", True),
                        ("declared_minor__gte", 0),
                        _connector="OR",
                    ),
                    models.Q(
                        ("insured_minor__isnull", True), ("insured_minor__gte", 0), _connector="OR"
                    ),
                ),
                name="consignment_sums_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="consignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("grams__isnull", True), ("grams__gte", 1), _connector="OR"),
                name="consignment_weighs_something_if_known",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assessment",
            trigger=pgtrigger.compiler.Trigger(
                name="assessment_lines_add_up",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NEW.amount_minor = (SELECT COALESCE(SUM((line->>'amount_minor')::bigint), 0) FROM jsonb_array_elements(NEW.lines) line) AND NEW.recovery_low_minor = (SELECT COALESCE(SUM((part->>'low_minor')::bigint), 0) FROM jsonb_array_elements(NEW.recovery) part)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'assessment_lines_add_up',\n                MESSAGE = 'assessment_lines_add_up: the lines do not sum to the total';\n        END IF;\n        RETURN NEW;\n    ",
                    hash="ddaf3b1fec39a4952783d10366a225af99b3d496",
                    operation="INSERT",
                    pgid="pgtrigger_assessment_lines_add_up_452cd",
                    table="claims_assessment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="carriercontract",
            trigger=pgtrigger.compiler.Trigger(
                name="contract_in_use_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF ((NEW.code IS NOT DISTINCT FROM OLD.code AND NEW.carrier IS NOT DISTINCT FROM OLD.carrier AND NEW.kind IS NOT DISTINCT FROM OLD.kind AND NEW.service IS NOT DISTINCT FROM OLD.service AND NEW.origins IS NOT DISTINCT FROM OLD.origins AND NEW.lane IS NOT DISTINCT FROM OLD.lane AND NEW.valid_from IS NOT DISTINCT FROM OLD.valid_from AND NEW.terms IS NOT DISTINCT FROM OLD.terms AND NEW.deadlines IS NOT DISTINCT FROM OLD.deadlines AND NEW.fee IS NOT DISTINCT FROM OLD.fee AND NEW.claimant IS NOT DISTINCT FROM OLD.claimant AND NEW.documents IS NOT DISTINCT FROM OLD.documents AND NEW.appeals IS NOT DISTINCT FROM OLD.appeals) OR NOT EXISTS (SELECT 1 FROM claims_assessment a WHERE a.contract_id = OLD.id)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'contract_in_use_is_never_rewritten',\n                MESSAGE = 'contract_in_use_is_never_rewritten: end it and add a new version instead';\n        END IF;\n        RETURN NEW;\n    ",
                    hash="b2fd585a50ec013bf15c398c1ac3688ac1be34c6",
                    operation="UPDATE",
                    pgid="pgtrigger_contract_in_use_is_never_rewritten_8f23a",
                    table="claims_carriercontract",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="carriercontract",
            trigger=pgtrigger.compiler.Trigger(
                name="contract_is_never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="6a04248c22b61ed1f3a882e027770583951688ca",
                    operation="DELETE",
                    pgid="pgtrigger_contract_is_never_deleted_d4040",
                    table="claims_carriercontract",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="carriercontract",
            trigger=pgtrigger.compiler.Trigger(
                name="contract_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'contract_is_never_emptied: these rows are kept for good';",
                    hash="e12e797b5067ee46608eb48fafa5b4bd17052c21",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_contract_is_never_emptied_f3489",
                    table="claims_carriercontract",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exchangerate",
            trigger=pgtrigger.compiler.Trigger(
                name="exchange_rate_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="aa4ccf955525d9fb2d7502763b80add14d05f54c",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_exchange_rate_is_never_rewritten_494ff",
                    table="claims_exchangerate",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exchangerate",
            trigger=pgtrigger.compiler.Trigger(
                name="exchange_rate_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'exchange_rate_is_never_emptied: these rows are kept for good';",
                    hash="5bd68388801bebaac025743e3fbf42413fadc1db",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_exchange_rate_is_never_emptied_2d56e",
                    table="claims_exchangerate",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="consignment",
            trigger=pgtrigger.compiler.Trigger(
                name="consignment_is_never_rewritten",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="de4748ad3ba68dcdcbf06ecc80adbcf9cf04c30c",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_consignment_is_never_rewritten_de1ce",
                    table="claims_consignment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="consignment",
            trigger=pgtrigger.compiler.Trigger(
                name="consignment_is_never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'consignment_is_never_emptied: these rows are kept for good';",
                    hash="8ac99f7a824f700c78f16116423906e8525eab17",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_consignment_is_never_emptied_770b8",
                    table="claims_consignment",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunPython(lay_down, take_up),
    ]
