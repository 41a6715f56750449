"""Let rules approve within budgets, sums count together, and every no be a row."""

from __future__ import annotations

import datetime
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from claims import approving_defaults
from claims.defaults import DOUBLE_TIMES, FIRST_DAY


ORDER_KEEPS_ITS_PAYMENT = """
CREATE FUNCTION claims_order_keeps_its_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payment_reference, NEW.payment_instrument, NEW.currency)
        IS DISTINCT FROM (OLD.payment_reference, OLD.payment_instrument, OLD.currency)
        AND EXISTS (
            SELECT 1 FROM claims_approval a JOIN claims_claim c ON c.id = a.claim_id
            WHERE c.order_id = NEW.id AND a.voided_at IS NULL AND a.spent_at IS NULL
        )
    THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            CONSTRAINT = 'order_keeps_its_payment_while_an_approval_lives',
            MESSAGE = 'order_keeps_its_payment_while_an_approval_lives:'
                ' void the approval first, then change where the money goes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_keeps_its_payment_while_an_approval_lives
    BEFORE UPDATE ON tracking_order
    FOR EACH ROW EXECUTE FUNCTION claims_order_keeps_its_payment();
"""
DROP_ORDER_KEEPS_ITS_PAYMENT = """
DROP TRIGGER order_keeps_its_payment_while_an_approval_lives ON tracking_order;
DROP FUNCTION claims_order_keeps_its_payment();
"""
# It stands here and not at a model: orders know nothing of claims.


def _count(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let approvals that stand count themselves; let the first limits say what two may approve."""
    approvals = apps.get_model("claims", "Approval")
    approvals.objects.update(counted_minor=models.F("amount_minor"))
    # Limits are only ever added; these are the ones that nobody but us laid down.
    schema_editor.execute("ALTER TABLE claims_approvallimit DISABLE TRIGGER USER")
    limits = apps.get_model("claims", "ApprovalLimit")
    limits.objects.filter(valid_from=FIRST_DAY).update(
        double_minor=models.F("single_minor") * DOUBLE_TIMES
    )
    schema_editor.execute("ALTER TABLE claims_approvallimit ENABLE TRIGGER USER")


def _seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Lay down the first rule, budgets and switch; say no by row for what was declined before."""
    approving_defaults.install(apps)


class Migration(migrations.Migration):
    """Approve by rule within budgets, count sums together, and keep every no as a row."""


    dependencies = [
        ('claims', '0005_contracts'),
        ('tracking', '0006_expecting'),
    ]

    operations = [
        migrations.CreateModel(
            name='AutoApprovalRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20, verbose_name='rule number')),
                ('text_en', models.TextField(verbose_name='what the shopper reads, in English')),
                ('text_zh', models.TextField(verbose_name='what the shopper reads, in Chinese')),
                ('valid_from', models.DateField(verbose_name='valid from')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='valid until')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('max_minor', models.BigIntegerField(verbose_name='approves up to (minor units)')),
                ('confirm_minor', models.BigIntegerField(blank=True, help_text='Above its own maximum, up to here, one person confirms with one click.', null=True, verbose_name='proposes up to (minor units)')),
                ('reasons', models.JSONField(default=list, verbose_name='for the reasons')),
                ('risk_below', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='risk score below')),
                ('first_in_days', models.PositiveSmallIntegerField(default=90, help_text='0 asks for no such thing.', verbose_name='first claim within days')),
                ('needs_evidence', models.BooleanField(default=True, verbose_name='every photo is there')),
                ('needs_clear_tracking', models.BooleanField(default=True, verbose_name='the scans fit the report')),
                ('countries', models.JSONField(blank=True, default=list, verbose_name='only these countries')),
                ('carriers', models.JSONField(blank=True, default=list, verbose_name='only these carriers')),
                ('made_at', models.DateTimeField(editable=False, verbose_name='made')),
                ('agreed_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='agreed')),
            ],
            options={
                'verbose_name': 'automatic approval rule',
                'verbose_name_plural': 'automatic approval rules',
                'permissions': [('agree_autoapprovalrule', 'Can agree to a rule somebody else made')],
            },
        ),
        migrations.CreateModel(
            name='AutoBudget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('amount_minor', models.BigIntegerField(verbose_name='budget (minor units)')),
                ('valid_from', models.DateField(verbose_name='valid from')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='why')),
                ('made_at', models.DateTimeField(editable=False, verbose_name='made')),
            ],
            options={
                'verbose_name': 'automatic budget',
                'verbose_name_plural': 'automatic budgets',
            },
        ),
        migrations.CreateModel(
            name='AutoSwitch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_on', models.BooleanField(default=True, verbose_name='on')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='why')),
                ('changed_at', models.DateTimeField(verbose_name='since')),
            ],
            options={
                'verbose_name': 'switch for automatic approvals',
                'verbose_name_plural': 'switch for automatic approvals',
                'permissions': [('stop_autoapproval', 'Can stop automatic approvals'), ('start_autoapproval', 'Can start automatic approvals again')],
            },
        ),
        migrations.CreateModel(
            name='AutoSwitchMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_on', models.BooleanField(verbose_name='on')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='why')),
                ('changed_at', models.DateTimeField(verbose_name='when')),
            ],
            options={
                'verbose_name': 'throw of the switch',
                'verbose_name_plural': 'throws of the switch',
            },
        ),
        migrations.CreateModel(
            name='BudgetCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('day', models.DateField(blank=True, null=True, verbose_name='day')),
                ('limit_minor', models.BigIntegerField(verbose_name='budget')),
                ('spent_minor', models.BigIntegerField(default=0, verbose_name='spent')),
                ('approvals', models.PositiveIntegerField(default=0, verbose_name='approvals')),
            ],
            options={
                'verbose_name': 'spent budget',
                'verbose_name_plural': 'spent budgets',
            },
        ),
        migrations.CreateModel(
            name='CounterOffer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('wish', models.CharField(choices=[('refund', 'Money back'), ('partial_refund', 'Keep it, part of the money back'), ('fee_refund', 'The delivery fee back'), ('replacement', 'A new one'), ('credit', 'Store credit'), ('other', 'Something else')], max_length=16, verbose_name='wish')),
                ('amount_minor', models.BigIntegerField(blank=True, null=True, verbose_name='sum')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('text', models.TextField(verbose_name="in the shopper's words")),
                ('made_at', models.DateTimeField(verbose_name='made')),
            ],
            options={
                'verbose_name': 'counter-offer',
                'verbose_name_plural': 'counter-offers',
            },
        ),
        migrations.CreateModel(
            name='Decline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(choices=[('too_late', 'Reported too late'), ('not_as_claimed', 'What we see does not match the report'), ('no_evidence', 'Nothing to go by'), ('worn', 'Wear or use after delivery'), ('delivered', 'Proof of delivery'), ('put_right', 'Already put right'), ('not_covered', 'Not covered by our rules'), ('other', 'Another reason'), ('not_your_order', 'The order belongs to another person')], max_length=24, verbose_name='reason')),
                ('text', models.TextField(verbose_name='words to the shopper')),
                ('looked_at', models.JSONField(default=list, verbose_name='looked at')),
                ('value_minor', models.BigIntegerField(verbose_name='value')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('limit_minor', models.BigIntegerField(blank=True, null=True, verbose_name="one person's limit")),
                ('reviewed_at', models.DateTimeField(verbose_name='proposed')),
                ('approved_at', models.DateTimeField(blank=True, null=True, verbose_name='declined')),
                ('voided_at', models.DateTimeField(blank=True, null=True, verbose_name='voided')),
                ('void_reason', models.CharField(blank=True, choices=[('assessed_anew', 'The claim was reckoned anew'), ('sent_back', 'The second person sent it back'), ('declined', 'The claim was declined instead'), ('countered', 'The shopper asked for something else'), ('appealed', 'The shopper asked for another look'), ('withdrawn', 'The shopper took the claim back'), ('expired', 'The shopper did not answer in time'), ('reopened', 'The claim was opened again'), ('changed', 'Something it was bound to changed')], default='', max_length=16, verbose_name='why it is void')),
                ('appeal_until', models.DateTimeField(blank=True, null=True, verbose_name='second look until')),
                ('level', models.PositiveSmallIntegerField(default=0, verbose_name='second looks before')),
            ],
            options={
                'verbose_name': 'refusal',
                'verbose_name_plural': 'refusals',
            },
        ),
        migrations.CreateModel(
            name='Reopening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fact', models.CharField(choices=[('parcel_found', 'The parcel was found'), ('refund_bounced', 'The refund bounced'), ('replacement_damaged', 'The replacement arrived damaged'), ('new_evidence', 'New evidence came in'), ('our_mistake', 'We made a mistake')], max_length=24, verbose_name='new fact')),
                ('note', models.TextField(verbose_name='note')),
                ('paid_minor', models.BigIntegerField(verbose_name='paid by then')),
                ('asked_at', models.DateTimeField(verbose_name='asked')),
                ('opened_at', models.DateTimeField(blank=True, null=True, verbose_name='opened')),
                ('refused_at', models.DateTimeField(blank=True, null=True, verbose_name='refused')),
            ],
            options={
                'verbose_name': 'reopening',
                'verbose_name_plural': 'reopenings',
            },
        ),
        migrations.AlterModelOptions(
            name='claim',
            options={'permissions': [('decide_claim', 'Can ask, offer, approve and reject'), ('second_claim', 'Can give the second yes above the limit'), ('finance_claim', "Can give finance's yes above two people's limit"), ('file_claim', 'Can file a claim for a shopper'), ('override_window', 'Can file a claim outside its window')], 'verbose_name': 'claim', 'verbose_name_plural': 'claims'},
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='approval',
            name='approval_uses_the_limit_in_force',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='approval',
            name='approval_is_never_altered',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='approval',
            name='approval_only_goes_forward',
        ),
        migrations.RemoveConstraint(
            model_name='approval',
            name='approval_above_the_limit_needs_a_second_person',
        ),
        migrations.RemoveConstraint(
            model_name='approval',
            name='approval_needs_four_eyes_not_two_twice',
        ),
        migrations.RemoveConstraint(
            model_name='approval',
            name='approval_is_never_by_the_claimant',
        ),
        migrations.AddField(
            model_name='approval',
            name='counted_minor',
            field=models.BigIntegerField(db_default=0, default=0, verbose_name='sum that counts'),
        ),
        migrations.AddField(
            model_name='approval',
            name='double_minor',
            field=models.BigIntegerField(blank=True, null=True, verbose_name="two people's limit"),
        ),
        migrations.AddField(
            model_name='approval',
            name='finance',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name="finance's yes"),
        ),
        migrations.AddField(
            model_name='approval',
            name='rule_minor',
            field=models.BigIntegerField(blank=True, null=True, verbose_name="the rule's maximum"),
        ),
        migrations.AddField(
            model_name='approval',
            name='void_reason',
            field=models.CharField(blank=True, choices=[('assessed_anew', 'The claim was reckoned anew'), ('sent_back', 'The second person sent it back'), ('declined', 'The claim was declined instead'), ('countered', 'The shopper asked for something else'), ('appealed', 'The shopper asked for another look'), ('withdrawn', 'The shopper took the claim back'), ('expired', 'The shopper did not answer in time'), ('reopened', 'The claim was opened again'), ('changed', 'Something it was bound to changed')], db_default='', default='', max_length=16, verbose_name='why it is void'),
        ),
        migrations.AddField(
            model_name='approvallimit',
            name='double_minor',
            field=models.BigIntegerField(blank=True, help_text='Above it finance has to agree too. Empty: two people are enough.', null=True, verbose_name='two people may approve up to (minor units)'),
        ),
        migrations.AlterField(
            model_name='approval',
            name='reviewer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='first yes'),
        ),
        migrations.RunPython(_count, migrations.RunPython.noop),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_is_still_bound_when_given', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.approved_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.approved_at IS NULL) THEN\n        IF (NEW.assessment_id = (SELECT a.id FROM claims_assessment a WHERE a.claim_id = NEW.claim_id ORDER BY a.number DESC LIMIT 1) AND NEW.voided_at IS NULL AND EXISTS (SELECT 1 FROM claims_claim c JOIN tracking_order o ON o.id = c.order_id WHERE c.id = NEW.claim_id AND o.payment_reference = NEW.payee AND o.payment_instrument = NEW.instrument)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_is_still_bound_when_given',\n                MESSAGE = 'approval_is_still_bound_when_given: assessment and payee must still be those that were proposed';\n        END IF;\n    END IF;RETURN NEW;", hash='e85e8724855d25f4766c1278ea4de72e8ca24a62', operation='INSERT OR UPDATE', pgid='pgtrigger_approval_is_still_bound_when_given_31dcf', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_uses_the_limit_in_force', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (EXISTS (SELECT 1 FROM claims_approvallimit l WHERE l.id = NEW.limit_id AND l.currency = NEW.currency AND l.single_minor = NEW.limit_minor AND l.double_minor IS NOT DISTINCT FROM NEW.double_minor AND l.valid_from <= (NEW.reviewed_at AT TIME ZONE 'UTC')::date AND NOT EXISTS (SELECT 1 FROM claims_approvallimit n WHERE n.currency = l.currency AND n.valid_from > l.valid_from AND n.valid_from <= (NEW.reviewed_at AT TIME ZONE 'UTC')::date))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_uses_the_limit_in_force',\n                MESSAGE = 'approval_uses_the_limit_in_force: the limit must be the one in force for the currency on that day';\n        END IF;\n    RETURN NEW;", hash='9f4e1d36e76d841c20fa52773817b841a40aa3b9', operation='INSERT', pgid='pgtrigger_approval_uses_the_limit_in_force_c79a0', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_sums_up_what_was_approved_before', sql=pgtrigger.compiler.UpsertTriggerSql(func="PERFORM 1 FROM accounts_user WHERE id = NEW.claimant_id FOR NO KEY UPDATE;PERFORM 1 FROM tracking_order o JOIN claims_claim c ON c.order_id = o.id WHERE c.id = NEW.claim_id FOR NO KEY UPDATE OF o;\n        IF (NEW.counted_minor >= NEW.amount_minor + GREATEST((SELECT COALESCE(SUM(p.amount_minor), 0) FROM claims_approval p JOIN claims_claim c ON c.id = p.claim_id WHERE p.currency = NEW.currency AND p.voided_at IS NULL AND c.order_id = (SELECT order_id FROM claims_claim WHERE id = NEW.claim_id)), (SELECT COALESCE(SUM(p.amount_minor), 0) FROM claims_approval p WHERE p.claimant_id = NEW.claimant_id AND p.currency = NEW.currency AND p.voided_at IS NULL AND p.reviewed_at > NEW.reviewed_at - interval '24 hours'))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_sums_up_what_was_approved_before',\n                MESSAGE = 'approval_sums_up_what_was_approved_before: what the order, and the shopper within 24 hours, was approved counts together';\n        END IF;\n    RETURN NEW;", hash='a1ac7b603c3fecb49aaeede27a99951e2a47dddc', operation='INSERT', pgid='pgtrigger_approval_sums_up_what_was_approved_before_2eefa', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_is_by_staff', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TG_OP = 'INSERT' OR NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id OR NEW.approver_id IS DISTINCT FROM OLD.approver_id OR NEW.finance_id IS DISTINCT FROM OLD.finance_id THEN \n        IF (NOT EXISTS (SELECT 1 FROM unnest(ARRAY[NEW.reviewer_id, NEW.approver_id, NEW.finance_id]) AS person(id) LEFT JOIN accounts_user u ON u.id = person.id WHERE person.id IS NOT NULL AND person.id <> NEW.claimant_id AND (u.is_staff AND u.is_active) IS NOT TRUE)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_is_by_staff',\n                MESSAGE = 'approval_is_by_staff: only active staff say yes or no';\n        END IF;\n     END IF;RETURN NEW;", hash='4037ad87388609994275a180c91407c2efd80d05', operation='INSERT OR UPDATE', pgid='pgtrigger_approval_is_by_staff_f41ce', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_after_an_appeal_is_by_others', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TG_OP = 'INSERT' OR NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id OR NEW.approver_id IS DISTINCT FROM OLD.approver_id OR NEW.finance_id IS DISTINCT FROM OLD.finance_id THEN \n        IF (NOT EXISTS (SELECT 1 FROM claims_claimtransition t WHERE t.subject_id = NEW.claim_id AND t.verb IN ('propose', 'propose_no', 'second', 'approve', 'offer', 'reject') AND t.actor_id IN (NEW.reviewer_id, NEW.approver_id, NEW.finance_id) AND t.id < (SELECT max(a.id) FROM claims_claimtransition a WHERE a.subject_id = NEW.claim_id AND a.verb = 'appeal'))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_after_an_appeal_is_by_others',\n                MESSAGE = 'approval_after_an_appeal_is_by_others: nobody who decided before an appeal decides again';\n        END IF;\n     END IF;RETURN NEW;", hash='031e27cae97dad7aacb80384182c56d31d259a39', operation='INSERT OR UPDATE', pgid='pgtrigger_approval_after_an_appeal_is_by_others_ab3d5', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_has_finance_in_its_place', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.finance_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.finance_id IS DISTINCT FROM OLD.finance_id) THEN\n        IF (EXISTS (SELECT 1 FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id WHERE t.app_label = 'claims' AND p.codename = 'finance_claim' AND (EXISTS (SELECT 1 FROM accounts_user_user_permissions h WHERE h.permission_id = p.id AND h.user_id = NEW.finance_id) OR EXISTS (SELECT 1 FROM accounts_user_groups g JOIN auth_group_permissions h ON h.group_id = g.group_id WHERE h.permission_id = p.id AND g.user_id = NEW.finance_id)))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_has_finance_in_its_place',\n                MESSAGE = 'approval_has_finance_in_its_place: this yes comes from somebody who holds the permission of finance';\n        END IF;\n    END IF;RETURN NEW;", hash='9d8ecb81139aac58a7a9f263ce17d330f2d97cbc', operation='INSERT OR UPDATE', pgid='pgtrigger_approval_has_finance_in_its_place_7d664', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_by_rule_fits_its_rule', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.rule_id IS NOT NULL THEN\n        IF (EXISTS (SELECT 1 FROM claims_autoapprovalrule r JOIN claims_claim c ON c.id = NEW.claim_id WHERE r.id = NEW.rule_id AND r.currency = NEW.currency AND r.max_minor = NEW.rule_minor AND r.reasons @> to_jsonb(c.reason::text) AND r.valid_from <= (NEW.reviewed_at AT TIME ZONE 'UTC')::date AND (r.valid_until IS NULL OR r.valid_until > (NEW.reviewed_at AT TIME ZONE 'UTC')::date) AND (r.made_by_id IS NULL OR r.agreed_at IS NOT NULL) AND NEW.counted_minor <= CASE WHEN NEW.approved_at IS NULL THEN COALESCE(r.confirm_minor, 0) ELSE r.max_minor END)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_rule_fits_its_rule',\n                MESSAGE = 'approval_by_rule_fits_its_rule: the rule in force must cover reason, currency and sum of the claim';\n        END IF;\n    IF NEW.approved_at IS NOT NULL THEN PERFORM 1 FROM claims_autoswitch WHERE id = 1 AND is_on FOR SHARE;\n        IF (FOUND) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_rule_needs_the_switch_on',\n                MESSAGE = 'approval_by_rule_needs_the_switch_on: automatic approvals are off';\n        END IF;\n    UPDATE claims_budgetcounter SET spent_minor = spent_minor + NEW.amount_minor, approvals = approvals + 1 WHERE currency = NEW.currency AND  day = (NEW.reviewed_at AT TIME ZONE 'UTC')::date AND disruption_id IS NULL;\n        IF (FOUND) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_rule_has_a_budget',\n                MESSAGE = 'approval_by_rule_has_a_budget: the day has no budget';\n        END IF;\n    IF EXISTS (SELECT 1 FROM claims_autoapprovalrule r WHERE r.id = NEW.rule_id AND r.disruption_id IS NOT NULL) THEN UPDATE claims_budgetcounter SET spent_minor = spent_minor + NEW.amount_minor, approvals = approvals + 1 WHERE currency = NEW.currency AND  day IS NULL AND disruption_id = (SELECT r.disruption_id FROM claims_autoapprovalrule r WHERE r.id = NEW.rule_id);\n        IF (FOUND) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_rule_has_a_budget',\n                MESSAGE = 'approval_by_rule_has_a_budget: the disruption has no budget';\n        END IF;\n    END IF; END IF; END IF;RETURN NEW;", hash='fae5e0a332e74d7ca3a9a61469942cbaadc45602', operation='INSERT', pgid='pgtrigger_approval_by_rule_fits_its_rule_cbb1b', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_is_never_altered', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id AND NEW.assessment_id IS NOT DISTINCT FROM OLD.assessment_id AND NEW.amount_minor IS NOT DISTINCT FROM OLD.amount_minor AND NEW.currency IS NOT DISTINCT FROM OLD.currency AND NEW.instrument IS NOT DISTINCT FROM OLD.instrument AND NEW.payee IS NOT DISTINCT FROM OLD.payee AND NEW.digest IS NOT DISTINCT FROM OLD.digest AND NEW.limit_id IS NOT DISTINCT FROM OLD.limit_id AND NEW.limit_minor IS NOT DISTINCT FROM OLD.limit_minor AND NEW.double_minor IS NOT DISTINCT FROM OLD.double_minor AND NEW.counted_minor IS NOT DISTINCT FROM OLD.counted_minor AND NEW.claimant_id IS NOT DISTINCT FROM OLD.claimant_id AND NEW.reviewer_id IS NOT DISTINCT FROM OLD.reviewer_id AND NEW.reviewed_at IS NOT DISTINCT FROM OLD.reviewed_at AND NEW.rule_id IS NOT DISTINCT FROM OLD.rule_id AND NEW.rule_minor IS NOT DISTINCT FROM OLD.rule_minor) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_is_never_altered',\n                MESSAGE = 'approval_is_never_altered: these columns are written once';\n        END IF;\n    RETURN NEW;", hash='1630e3073a2652f0912c848d5db0de865bd5687a', operation='UPDATE', pgid='pgtrigger_approval_is_never_altered_0d116', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='approval_only_goes_forward', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF ((OLD.approved_at IS NULL OR NEW.approved_at = OLD.approved_at) AND (OLD.approver_id IS NULL OR NEW.approver_id = OLD.approver_id) AND (OLD.finance_id IS NULL OR NEW.finance_id = OLD.finance_id) AND (OLD.approved_at IS NULL OR (NEW.approver_id IS NOT DISTINCT FROM OLD.approver_id AND NEW.finance_id IS NOT DISTINCT FROM OLD.finance_id)) AND (OLD.voided_at IS NULL OR (NEW.voided_at = OLD.voided_at AND NEW.void_reason = OLD.void_reason AND NEW.approved_at IS NOT DISTINCT FROM OLD.approved_at)) AND (OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL OR NOT EXISTS (SELECT 1 FROM claims_compensation m WHERE m.approval_id = NEW.id)) AND (NEW.rule_id IS NULL OR OLD.approved_at IS NOT NULL OR NEW.approved_at IS NULL OR NEW.approver_id IS NOT NULL)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_only_goes_forward',\n                MESSAGE = 'approval_only_goes_forward: a yes is neither taken back nor moved to another person, nor void once used';\n        END IF;\n    RETURN NEW;", hash='55ac6131ca86d1ca5ba48beba1a0991196436bdf', operation='UPDATE', pgid='pgtrigger_approval_only_goes_forward_6836d', table='claims_approval', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='claim',
            trigger=pgtrigger.compiler.Trigger(name='claim_is_declined_by_a_decision', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.state = 'rejected' AND OLD.state <> 'rejected' THEN\n        IF (EXISTS (SELECT 1 FROM claims_decline d WHERE d.claim_id = NEW.id AND d.approved_at IS NOT NULL AND d.voided_at IS NULL)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_is_declined_by_a_decision',\n                MESSAGE = 'claim_is_declined_by_a_decision: a refusal that stands must be behind it';\n        END IF;\n    END IF;RETURN NEW;", hash='a7b5e598bb6efae0971ada7083ba0429c665ea01', operation='UPDATE', pgid='pgtrigger_claim_is_declined_by_a_decision_e5716', table='claims_claim', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='compensation',
            trigger=pgtrigger.compiler.Trigger(name='compensation_moves_by_its_table', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.state <> OLD.state THEN\n        IF ((OLD.state, NEW.state) IN (('failed', 'planned'), ('pending', 'failed'), ('pending', 'succeeded'), ('planned', 'sending'), ('reversed', 'planned'), ('sending', 'failed'), ('sending', 'pending'), ('sending', 'succeeded'), ('sending', 'unknown'), ('succeeded', 'reversed'), ('unknown', 'failed'), ('unknown', 'pending'), ('unknown', 'sending'), ('unknown', 'succeeded'))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'compensation_moves_by_its_table',\n                MESSAGE = 'compensation_moves_by_its_table: there is no such step';\n        END IF;\n    END IF;RETURN NEW;", hash='aea310227cdad48e4825c5996dd2aef6b1946e73', operation='UPDATE', pgid='pgtrigger_compensation_moves_by_its_table_15c10', table='claims_compensation', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='approvallimit',
            constraint=models.CheckConstraint(condition=models.Q(('double_minor__isnull', True), ('double_minor__gte', models.F('single_minor')), _connector='OR'), name='approval_limit_of_two_is_above_that_of_one'),
        ),
        migrations.AddField(
            model_name='autoapprovalrule',
            name='agreed_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='agreed by'),
        ),
        migrations.AddField(
            model_name='autoapprovalrule',
            name='disruption',
            field=models.ForeignKey(blank=True, help_text="Such a rule spends from the disruption's own budget too.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tracking.disruptionwindow', verbose_name='only parcels of this disruption'),
        ),
        migrations.AddField(
            model_name='autoapprovalrule',
            name='made_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by'),
        ),
        migrations.AddField(
            model_name='approval',
            name='rule',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='claims.autoapprovalrule', verbose_name='rule'),
        ),
        migrations.AddIndex(
            model_name='approval',
            index=models.Index(fields=['claimant', '-reviewed_at'], name='approval_by_claimant'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('reviewer__isnull', True), ('rule__isnull', True), _connector='XOR'), name='approval_is_by_a_person_or_by_a_rule'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('approved_at__isnull', True), ('rule__isnull', False), ('counted_minor__lte', models.F('limit_minor')), ('approver__isnull', False), _connector='OR'), name='approval_above_the_limit_needs_a_second_person'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('approved_at__isnull', True), ('double_minor__isnull', True), ('counted_minor__lte', models.F('double_minor')), models.Q(('approver__isnull', False), ('finance__isnull', False)), _connector='OR'), name='approval_above_two_peoples_limit_needs_finance'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('rule__isnull', True), models.Q(('rule_minor__isnull', False), ('counted_minor__lte', models.F('limit_minor')), models.Q(('approved_at__isnull', True), ('counted_minor__lte', models.F('rule_minor')), ('approver__isnull', False), _connector='OR')), _connector='OR'), name='approval_by_rule_stays_within_its_maximum'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('approver__isnull', True), ('reviewer__isnull', True), models.Q(('approver', models.F('reviewer')), _negated=True), _connector='OR'), models.Q(('finance__isnull', True), ('reviewer__isnull', True), models.Q(('finance', models.F('reviewer')), _negated=True), _connector='OR'), models.Q(('finance__isnull', True), ('approver__isnull', True), models.Q(('finance', models.F('approver')), _negated=True), _connector='OR')), name='approval_needs_four_eyes_not_two_twice'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reviewer__isnull', True), models.Q(('reviewer', models.F('claimant')), _negated=True), _connector='OR'), models.Q(('approver__isnull', True), models.Q(('approver', models.F('claimant')), _negated=True), _connector='OR'), models.Q(('finance__isnull', True), models.Q(('finance', models.F('claimant')), _negated=True), _connector='OR')), name='approval_is_never_by_the_claimant'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('counted_minor__gte', models.F('amount_minor'))), name='approval_counts_itself'),
        ),
        migrations.AddField(
            model_name='autobudget',
            name='disruption',
            field=models.ForeignKey(blank=True, help_text='Empty: the budget of every day. Otherwise: in all for this disruption.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tracking.disruptionwindow', verbose_name='disruption'),
        ),
        migrations.AddField(
            model_name='autobudget',
            name='made_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by'),
        ),
        migrations.AddField(
            model_name='autoswitch',
            name='changed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='autoswitchmove',
            name='changed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='budgetcounter',
            name='disruption',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tracking.disruptionwindow', verbose_name='disruption'),
        ),
        migrations.AddField(
            model_name='counteroffer',
            name='approval',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='counters', to='claims.approval', verbose_name='the offer'),
        ),
        migrations.AddField(
            model_name='counteroffer',
            name='claim',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='counters', to='claims.claim'),
        ),
        migrations.AddField(
            model_name='decline',
            name='approver',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='second no'),
        ),
        migrations.AddField(
            model_name='decline',
            name='claim',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='declines', to='claims.claim'),
        ),
        migrations.AddField(
            model_name='decline',
            name='claimant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decline',
            name='limit',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='claims.approvallimit'),
        ),
        migrations.AddField(
            model_name='decline',
            name='reviewer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='first no'),
        ),
        migrations.AddField(
            model_name='reopening',
            name='agreed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='agreed by'),
        ),
        migrations.AddField(
            model_name='reopening',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by'),
        ),
        migrations.AddField(
            model_name='reopening',
            name='claim',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reopenings', to='claims.claim'),
        ),
        migrations.AddField(
            model_name='reopening',
            name='claimant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='autoapprovalrule',
            constraint=models.UniqueConstraint(fields=('code', 'currency', 'valid_from'), name='auto_rule_once_per_code_currency_and_day'),
        ),
        migrations.AddConstraint(
            model_name='autoapprovalrule',
            constraint=models.CheckConstraint(condition=models.Q(('max_minor__gt', 0)), name='auto_rule_pays_something'),
        ),
        migrations.AddConstraint(
            model_name='autoapprovalrule',
            constraint=models.CheckConstraint(condition=models.Q(('confirm_minor__isnull', True), ('confirm_minor__gt', models.F('max_minor')), _connector='OR'), name='auto_rule_proposes_more_than_it_approves'),
        ),
        migrations.AddConstraint(
            model_name='autoapprovalrule',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until__isnull', True), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='auto_rule_does_not_end_before_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='autoapprovalrule',
            constraint=models.CheckConstraint(condition=models.Q(('risk_below__gte', 1), ('risk_below__lte', 100)), name='auto_rule_score_is_between_1_and_100'),
        ),
        migrations.AddConstraint(
            model_name='autoapprovalrule',
            constraint=models.CheckConstraint(condition=models.Q(('made_by__isnull', False), ('valid_from', datetime.date(2020, 1, 1)), _connector='OR'), name='auto_rule_says_who_made_it'),
        ),
        migrations.AddConstraint(
            model_name='autoapprovalrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agreed_at__isnull', True), ('agreed_by__isnull', True)), models.Q(('agreed_at__isnull', False), ('agreed_by__isnull', False), models.Q(('agreed_by', models.F('made_by')), _negated=True)), _connector='OR'), name='auto_rule_is_agreed_by_another_person'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapprovalrule',
            trigger=pgtrigger.compiler.Trigger(name='auto_rule_is_never_altered', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (NEW.code IS NOT DISTINCT FROM OLD.code AND NEW.text_en IS NOT DISTINCT FROM OLD.text_en AND NEW.text_zh IS NOT DISTINCT FROM OLD.text_zh AND NEW.valid_from IS NOT DISTINCT FROM OLD.valid_from AND NEW.currency IS NOT DISTINCT FROM OLD.currency AND NEW.max_minor IS NOT DISTINCT FROM OLD.max_minor AND NEW.confirm_minor IS NOT DISTINCT FROM OLD.confirm_minor AND NEW.reasons IS NOT DISTINCT FROM OLD.reasons AND NEW.risk_below IS NOT DISTINCT FROM OLD.risk_below AND NEW.first_in_days IS NOT DISTINCT FROM OLD.first_in_days AND NEW.needs_evidence IS NOT DISTINCT FROM OLD.needs_evidence AND NEW.needs_clear_tracking IS NOT DISTINCT FROM OLD.needs_clear_tracking AND NEW.countries IS NOT DISTINCT FROM OLD.countries AND NEW.carriers IS NOT DISTINCT FROM OLD.carriers AND NEW.disruption_id IS NOT DISTINCT FROM OLD.disruption_id AND NEW.made_by_id IS NOT DISTINCT FROM OLD.made_by_id AND NEW.made_at IS NOT DISTINCT FROM OLD.made_at) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'auto_rule_is_never_altered',\n                MESSAGE = 'auto_rule_is_never_altered: these columns are written once';\n        END IF;\n    RETURN NEW;", hash='76d55cd8ccf5d361ddc38430b197d701e3de640d', operation='UPDATE', pgid='pgtrigger_auto_rule_is_never_altered_fda82', table='claims_autoapprovalrule', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapprovalrule',
            trigger=pgtrigger.compiler.Trigger(name='auto_rule_only_ends', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF ((OLD.agreed_at IS NULL OR (NEW.agreed_at = OLD.agreed_at AND NEW.agreed_by_id = OLD.agreed_by_id)) AND (OLD.valid_until IS NULL OR (NEW.valid_until IS NOT NULL AND NEW.valid_until <= OLD.valid_until))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'auto_rule_only_ends',\n                MESSAGE = 'auto_rule_only_ends: a rule may end earlier, never later, and its agreement stays';\n        END IF;\n    RETURN NEW;", hash='93e9c1d5373a3c016a450a98541efc42e042fd88', operation='UPDATE', pgid='pgtrigger_auto_rule_only_ends_d5b72', table='claims_autoapprovalrule', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapprovalrule',
            trigger=pgtrigger.compiler.Trigger(name='auto_rule_is_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='93f799e1e0dd66e26e6c6c3a0911ed76978ac053', operation='DELETE', pgid='pgtrigger_auto_rule_is_never_deleted_6de6d', table='claims_autoapprovalrule', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoapprovalrule',
            trigger=pgtrigger.compiler.Trigger(name='auto_rule_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'auto_rule_is_never_emptied: these rows are kept for good';", hash='9c7984263962cc0ef9d1afe4dd9af80870655200', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_auto_rule_is_never_emptied_ddde1', table='claims_autoapprovalrule', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='autobudget',
            index=models.Index(fields=['currency', '-valid_from'], name='auto_budget_newest'),
        ),
        migrations.AddConstraint(
            model_name='autobudget',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0)), name='auto_budget_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='autobudget',
            constraint=models.CheckConstraint(condition=models.Q(('made_by__isnull', False), ('valid_from', datetime.date(2020, 1, 1)), _connector='OR'), name='auto_budget_says_who_made_it'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autobudget',
            trigger=pgtrigger.compiler.Trigger(name='auto_budget_only_moves_forward', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (NOT EXISTS (SELECT 1 FROM claims_autobudget b WHERE b.currency = NEW.currency AND b.disruption_id IS NOT DISTINCT FROM NEW.disruption_id AND b.valid_from > NEW.valid_from)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'auto_budget_only_moves_forward',\n                MESSAGE = 'auto_budget_only_moves_forward: a budget does not begin before those that stand';\n        END IF;\n    RETURN NEW;", hash='756176ce79da3d23f77d27621c79015dc9e8503c', operation='INSERT', pgid='pgtrigger_auto_budget_only_moves_forward_71563', table='claims_autobudget', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autobudget',
            trigger=pgtrigger.compiler.Trigger(name='auto_budget_is_never_rewritten', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bf45ce9484e837979ccef7b2839518eaf17b5301', operation='UPDATE OR DELETE', pgid='pgtrigger_auto_budget_is_never_rewritten_f8898', table='claims_autobudget', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autobudget',
            trigger=pgtrigger.compiler.Trigger(name='auto_budget_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'auto_budget_is_never_emptied: these rows are kept for good';", hash='c1217d27c45ef6738310407c5ca816dd875a8500', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_auto_budget_is_never_emptied_54448', table='claims_autobudget', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='autoswitch',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='auto_switch_is_the_only_one'),
        ),
        migrations.AddConstraint(
            model_name='autoswitch',
            constraint=models.CheckConstraint(condition=models.Q(('changed_by__isnull', True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='auto_switch_is_thrown_with_a_reason'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoswitch',
            trigger=pgtrigger.compiler.Trigger(name='auto_switch_remembers', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO claims_autoswitchmove (is_on, reason, changed_by_id, changed_at) VALUES (NEW.is_on, NEW.reason, NEW.changed_by_id, NEW.changed_at); RETURN NULL;', hash='91a4ab0f7f1a34e3b66630ad5307f2e765c22b34', operation='INSERT OR UPDATE', pgid='pgtrigger_auto_switch_remembers_f2271', table='claims_autoswitch', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoswitch',
            trigger=pgtrigger.compiler.Trigger(name='auto_switch_is_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='f48b509c5ddb647e12728cdcf7059409af7774b6', operation='DELETE', pgid='pgtrigger_auto_switch_is_never_deleted_4cbc1', table='claims_autoswitch', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoswitch',
            trigger=pgtrigger.compiler.Trigger(name='auto_switch_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'auto_switch_is_never_emptied: these rows are kept for good';", hash='27c62ea2eb17184ca90bb8f566888c2620de010c', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_auto_switch_is_never_emptied_b28e6', table='claims_autoswitch', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoswitchmove',
            trigger=pgtrigger.compiler.Trigger(name='auto_switch_move_is_never_rewritten', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c019b7bec12336208a4e70f84aa95e0d09913cae', operation='UPDATE OR DELETE', pgid='pgtrigger_auto_switch_move_is_never_rewritten_a3297', table='claims_autoswitchmove', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='autoswitchmove',
            trigger=pgtrigger.compiler.Trigger(name='auto_switch_move_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'auto_switch_move_is_never_emptied: these rows are kept for good';", hash='72bd632eded5a2cf869090e879d68b562b4786c7', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_auto_switch_move_is_never_emptied_3cefc', table='claims_autoswitchmove', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='budgetcounter',
            constraint=models.UniqueConstraint(fields=('currency', 'disruption', 'day'), name='budget_counter_once_per_day_or_disruption', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='budgetcounter',
            constraint=models.CheckConstraint(condition=models.Q(('spent_minor__lte', models.F('limit_minor'))), name='budget_is_never_overspent'),
        ),
        migrations.AddConstraint(
            model_name='budgetcounter',
            constraint=models.CheckConstraint(condition=models.Q(('spent_minor__gte', 0)), name='budget_spent_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='budgetcounter',
            constraint=models.CheckConstraint(condition=models.Q(('day__isnull', True), ('disruption__isnull', True), _connector='XOR'), name='budget_counter_is_of_a_day_or_a_disruption'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='budgetcounter',
            trigger=pgtrigger.compiler.Trigger(name='budget_counter_keeps_to_its_budget', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TG_OP = 'INSERT' OR NEW.limit_minor <> OLD.limit_minor THEN\n        IF (NEW.limit_minor = GREATEST(NEW.spent_minor, (SELECT b.amount_minor FROM claims_autobudget b WHERE b.currency = NEW.currency AND b.disruption_id IS NOT DISTINCT FROM NEW.disruption_id AND (NEW.day IS NULL OR b.valid_from <= NEW.day) ORDER BY b.valid_from DESC, b.id DESC LIMIT 1))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_counter_keeps_to_its_budget',\n                MESSAGE = 'budget_counter_keeps_to_its_budget: the limit must be the budget in force';\n        END IF;\n    END IF;IF TG_OP = 'INSERT' THEN\n        IF (NEW.spent_minor = 0 AND NEW.approvals = 0) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_counter_never_goes_back',\n                MESSAGE = 'budget_counter_never_goes_back: it begins at nothing';\n        END IF;\n    END IF;RETURN NEW;", hash='4996fa878e7a5b834f38367345cf6406c6270100', operation='INSERT OR UPDATE', pgid='pgtrigger_budget_counter_keeps_to_its_budget_b2b9b', table='claims_budgetcounter', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='budgetcounter',
            trigger=pgtrigger.compiler.Trigger(name='budget_counter_never_goes_back', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (NEW.spent_minor >= OLD.spent_minor AND NEW.approvals >= OLD.approvals AND NEW.currency = OLD.currency AND NEW.day IS NOT DISTINCT FROM OLD.day AND NEW.disruption_id IS NOT DISTINCT FROM OLD.disruption_id) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'budget_counter_never_goes_back',\n                MESSAGE = 'budget_counter_never_goes_back: what was spent stays spent';\n        END IF;\n    RETURN NEW;", hash='f86358f509014d42d5dbff6f8ae3ca8d659f9503', operation='UPDATE', pgid='pgtrigger_budget_counter_never_goes_back_969dd', table='claims_budgetcounter', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='budgetcounter',
            trigger=pgtrigger.compiler.Trigger(name='budget_counter_is_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='f83db67a9b1adaf7c82d43cff05d8910ff46c412', operation='DELETE', pgid='pgtrigger_budget_counter_is_never_deleted_675fa', table='claims_budgetcounter', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='budgetcounter',
            trigger=pgtrigger.compiler.Trigger(name='budget_counter_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'budget_counter_is_never_emptied: these rows are kept for good';", hash='c0867738bf9d700aab0a97a29fbb9462674434ae', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_budget_counter_is_never_emptied_19d6d', table='claims_budgetcounter', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='counteroffer',
            constraint=models.UniqueConstraint(fields=('claim', 'number'), name='counter_offer_numbers_are_unique'),
        ),
        migrations.AddConstraint(
            model_name='counteroffer',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', 3)), name='counter_offers_are_few'),
        ),
        migrations.AddConstraint(
            model_name='counteroffer',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__isnull', True), ('amount_minor__gt', 0), _connector='OR'), name='counter_offer_asks_for_something'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='counteroffer',
            trigger=pgtrigger.compiler.Trigger(name='counter_offer_is_never_rewritten', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2e964d7e099750cd6e4d78fc2bf02207e5e74eda', operation='UPDATE OR DELETE', pgid='pgtrigger_counter_offer_is_never_rewritten_99a6c', table='claims_counteroffer', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='counteroffer',
            trigger=pgtrigger.compiler.Trigger(name='counter_offer_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'counter_offer_is_never_emptied: these rows are kept for good';", hash='b126e2b5b47c6917828f4d1e678d45176e579d4a', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_counter_offer_is_never_emptied_5c5b7', table='claims_counteroffer', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.CheckConstraint(condition=models.Q(('reviewer__isnull', False), ('code__in', ('not_your_order',)), _connector='OR'), name='decline_by_the_house_is_for_a_hard_fact'),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.CheckConstraint(condition=models.Q(('reviewer__isnull', True), models.Q(('limit__isnull', False), ('limit_minor__isnull', False)), _connector='OR'), name='decline_by_a_person_names_the_limit'),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.CheckConstraint(condition=models.Q(('approved_at__isnull', True), ('reviewer__isnull', True), ('value_minor__lte', models.F('limit_minor')), ('approver__isnull', False), _connector='OR'), name='decline_above_the_limit_needs_a_second_person'),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.CheckConstraint(condition=models.Q(('approver__isnull', True), ('reviewer__isnull', True), models.Q(('approver', models.F('reviewer')), _negated=True), _connector='OR'), name='decline_needs_four_eyes_not_two_twice'),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reviewer__isnull', True), models.Q(('reviewer', models.F('claimant')), _negated=True), _connector='OR'), models.Q(('approver__isnull', True), models.Q(('approver', models.F('claimant')), _negated=True), _connector='OR')), name='decline_is_never_by_the_claimant'),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('text', ''), _negated=True), ('code__in', ['too_late', 'not_as_claimed', 'no_evidence', 'worn', 'delivered', 'put_right', 'not_covered', 'other', 'not_your_order'])), name='decline_has_a_reason_and_words'),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.CheckConstraint(condition=models.Q(('approved_at__isnull', True), ('appeal_until__isnull', False), _connector='OR'), name='decline_says_until_when_to_appeal'),
        ),
        migrations.AddConstraint(
            model_name='decline',
            constraint=models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('claim',), name='decline_one_live_per_claim'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_is_bound_to_its_claim', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (EXISTS (SELECT 1 FROM claims_claim c WHERE c.id = NEW.claim_id AND c.shopper_id = NEW.claimant_id AND c.currency = NEW.currency AND NEW.value_minor >= c.claimed_minor)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'decline_is_bound_to_its_claim',\n                MESSAGE = 'decline_is_bound_to_its_claim: value, currency and claimant must be those of the claim';\n        END IF;\n    RETURN NEW;", hash='46c6570522fda90ff88af00fb608d2558c4af363', operation='INSERT', pgid='pgtrigger_decline_is_bound_to_its_claim_c5f35', table='claims_decline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_uses_the_limit_in_force', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.reviewer_id IS NOT NULL THEN\n        IF (EXISTS (SELECT 1 FROM claims_approvallimit l WHERE l.id = NEW.limit_id AND l.currency = NEW.currency AND l.single_minor = NEW.limit_minor AND l.valid_from <= (NEW.reviewed_at AT TIME ZONE 'UTC')::date AND NOT EXISTS (SELECT 1 FROM claims_approvallimit n WHERE n.currency = l.currency AND n.valid_from > l.valid_from AND n.valid_from <= (NEW.reviewed_at AT TIME ZONE 'UTC')::date))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'decline_uses_the_limit_in_force',\n                MESSAGE = 'decline_uses_the_limit_in_force: the limit must be the one in force for the currency on that day';\n        END IF;\n    END IF;RETURN NEW;", hash='922cb7cb8c4e5097fe0024e4e12682bc5f052da8', operation='INSERT', pgid='pgtrigger_decline_uses_the_limit_in_force_4f656', table='claims_decline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_is_by_staff', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TG_OP = 'INSERT' OR NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id OR NEW.approver_id IS DISTINCT FROM OLD.approver_id THEN \n        IF (NOT EXISTS (SELECT 1 FROM unnest(ARRAY[NEW.reviewer_id, NEW.approver_id]) AS person(id) LEFT JOIN accounts_user u ON u.id = person.id WHERE person.id IS NOT NULL AND person.id <> NEW.claimant_id AND (u.is_staff AND u.is_active) IS NOT TRUE)) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'decline_is_by_staff',\n                MESSAGE = 'decline_is_by_staff: only active staff say yes or no';\n        END IF;\n     END IF;RETURN NEW;", hash='d92ae49577db8f35ef846f51975b407a37c75b9a', operation='INSERT OR UPDATE', pgid='pgtrigger_decline_is_by_staff_0bfa3', table='claims_decline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_after_an_appeal_is_by_others', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TG_OP = 'INSERT' OR NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id OR NEW.approver_id IS DISTINCT FROM OLD.approver_id THEN \n        IF (NOT EXISTS (SELECT 1 FROM claims_claimtransition t WHERE t.subject_id = NEW.claim_id AND t.verb IN ('propose', 'propose_no', 'second', 'approve', 'offer', 'reject') AND t.actor_id IN (NEW.reviewer_id, NEW.approver_id) AND t.id < (SELECT max(a.id) FROM claims_claimtransition a WHERE a.subject_id = NEW.claim_id AND a.verb = 'appeal'))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'decline_after_an_appeal_is_by_others',\n                MESSAGE = 'decline_after_an_appeal_is_by_others: nobody who decided before an appeal decides again';\n        END IF;\n     END IF;RETURN NEW;", hash='9313f7eb06647875f2b7d3fd9765de14b4e9fde6', operation='INSERT OR UPDATE', pgid='pgtrigger_decline_after_an_appeal_is_by_others_ae21b', table='claims_decline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_is_never_altered', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id AND NEW.code IS NOT DISTINCT FROM OLD.code AND NEW.text IS NOT DISTINCT FROM OLD.text AND NEW.looked_at IS NOT DISTINCT FROM OLD.looked_at AND NEW.value_minor IS NOT DISTINCT FROM OLD.value_minor AND NEW.currency IS NOT DISTINCT FROM OLD.currency AND NEW.limit_id IS NOT DISTINCT FROM OLD.limit_id AND NEW.limit_minor IS NOT DISTINCT FROM OLD.limit_minor AND NEW.claimant_id IS NOT DISTINCT FROM OLD.claimant_id AND NEW.reviewer_id IS NOT DISTINCT FROM OLD.reviewer_id AND NEW.reviewed_at IS NOT DISTINCT FROM OLD.reviewed_at) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'decline_is_never_altered',\n                MESSAGE = 'decline_is_never_altered: these columns are written once';\n        END IF;\n    RETURN NEW;", hash='9deccd047530f8d02069f7fb0df3674d4e49d25e', operation='UPDATE', pgid='pgtrigger_decline_is_never_altered_7182c', table='claims_decline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_only_goes_forward', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF ((OLD.approved_at IS NULL OR (NEW.approved_at = OLD.approved_at AND NEW.approver_id IS NOT DISTINCT FROM OLD.approver_id)) AND (OLD.approver_id IS NULL OR NEW.approver_id = OLD.approver_id) AND (OLD.voided_at IS NULL OR (NEW.voided_at = OLD.voided_at AND NEW.approved_at IS NOT DISTINCT FROM OLD.approved_at))) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'decline_only_goes_forward',\n                MESSAGE = 'decline_only_goes_forward: a no is neither taken back nor moved to another person';\n        END IF;\n    RETURN NEW;", hash='0f672ba96ffd20fe34e2f169768266e44fb0f7b7', operation='UPDATE', pgid='pgtrigger_decline_only_goes_forward_651da', table='claims_decline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_is_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='9c9c2261f3c70722beaf1ee81b015a5618a24a7b', operation='DELETE', pgid='pgtrigger_decline_is_never_deleted_c00c9', table='claims_decline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='decline',
            trigger=pgtrigger.compiler.Trigger(name='decline_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'decline_is_never_emptied: these rows are kept for good';", hash='e57899506b8f03cdb925c16889080bcf1c54697e', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_decline_is_never_emptied_0398f', table='claims_decline', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.CheckConstraint(condition=models.Q(('opened_at__isnull', True), ('paid_minor__lte', 0), ('agreed_by__isnull', False), _connector='OR'), name='reopening_of_a_paid_claim_needs_a_second_person'),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asked_by', models.F('claimant')), _negated=True), models.Q(('agreed_by__isnull', True), models.Q(models.Q(('agreed_by', models.F('asked_by')), _negated=True), models.Q(('agreed_by', models.F('claimant')), _negated=True)), _connector='OR')), name='reopening_needs_four_eyes_not_two_twice'),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.CheckConstraint(condition=models.Q(('opened_at__isnull', True), ('refused_at__isnull', True), _connector='OR'), name='reopening_is_opened_or_refused'),
        ),
        migrations.AddConstraint(
            model_name='reopening',
            constraint=models.UniqueConstraint(condition=models.Q(('opened_at__isnull', True), ('refused_at__isnull', True)), fields=('claim',), name='reopening_one_waiting_per_claim'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reopening',
            trigger=pgtrigger.compiler.Trigger(name='reopening_is_never_altered', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF (NEW.claim_id IS NOT DISTINCT FROM OLD.claim_id AND NEW.fact IS NOT DISTINCT FROM OLD.fact AND NEW.note IS NOT DISTINCT FROM OLD.note AND NEW.paid_minor IS NOT DISTINCT FROM OLD.paid_minor AND NEW.claimant_id IS NOT DISTINCT FROM OLD.claimant_id AND NEW.asked_by_id IS NOT DISTINCT FROM OLD.asked_by_id AND NEW.asked_at IS NOT DISTINCT FROM OLD.asked_at) IS NOT TRUE THEN\n            RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'reopening_is_never_altered',\n                MESSAGE = 'reopening_is_never_altered: these columns are written once';\n        END IF;\n    RETURN NEW;", hash='36c3c0b46a1978f83ee30679bb2fa9358aad2cb3', operation='UPDATE', pgid='pgtrigger_reopening_is_never_altered_cdad6', table='claims_reopening', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reopening',
            trigger=pgtrigger.compiler.Trigger(name='reopening_is_never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='7653874828e9445b0336a5f890248901969ff5d3', operation='DELETE', pgid='pgtrigger_reopening_is_never_deleted_a3645', table='claims_reopening', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='reopening',
            trigger=pgtrigger.compiler.Trigger(name='reopening_is_never_emptied', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'reopening_is_never_emptied: these rows are kept for good';", hash='cdc70973409a7aa787a9d18f23ceb667226c6008', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_reopening_is_never_emptied_3d41e', table='claims_reopening', when='BEFORE')),
        ),
        migrations.RunSQL(ORDER_KEEPS_ITS_PAYMENT, DROP_ORDER_KEEPS_ITS_PAYMENT),
        migrations.RunPython(_seed, migrations.RunPython.noop),
    ]
