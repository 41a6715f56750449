"""Keep how long parcels took, who expected which when, and what we expect ourselves."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

STAGES = [('placed', 'Ordered'), ('shipped', 'Shipped'), ('moving', 'With the carrier'), ('customs', 'At customs'), ('handed_over', 'With another carrier'), ('near', "In the recipient's town"), ('out', 'Out for delivery'), ('attempted', 'Delivery attempted')]
LEVELS = [('areas', 'Carrier, area to area'), ('regions', 'Carrier, region to region'), ('destination', 'Carrier, country to region'), ('countries', 'Carrier, country to country'), ('carrier', 'Carrier'), ('all', 'All parcels')]
CONFIDENCES = [('high', 'High'), ('medium', 'Medium'), ('low', 'Low')]

# What was delivered before is learnt from too.
BEFORE = """
INSERT INTO tracking_finishedjourney (parcel_id, starts, arrived_at, is_learnt)
SELECT p.id,
       jsonb_strip_nulls(jsonb_build_object(
           'placed', o.placed_at,
           'shipped', p.shipped_at,
           'moving', min(m.reached_at) FILTER (
               WHERE m.status IN ('picked_up', 'in_transit', 'handed_over', 'customs')),
           'customs', min(m.reached_at) FILTER (WHERE m.status = 'customs'),
           'handed_over', min(m.reached_at) FILTER (WHERE m.status = 'handed_over'),
           'out', min(m.reached_at) FILTER (WHERE m.status = 'out_for_delivery'),
           'attempted', min(m.reached_at) FILTER (WHERE m.status = 'attempt_failed'))),
       least(p.delivered_at, min(m.reached_at) FILTER (WHERE m.status = 'available_for_pickup')),
       false
  FROM tracking_parcel p
  JOIN tracking_order o ON o.id = p.order_id
  JOIN tracking_connection k ON k.id = p.connection_id
  LEFT JOIN tracking_parcelmilestone m ON m.parcel_id = p.id
 WHERE p.status = 'delivered' AND p.delivered_at IS NOT NULL AND NOT p.is_disputed
   AND k.adapter <> 'simulator'
 GROUP BY p.id, o.placed_at
"""


class Migration(migrations.Migration):

    dependencies = [('tracking', '0005_watching')]

    operations = [
        migrations.CreateModel(
            name='TransitStat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(choices=STAGES, max_length=12, verbose_name='from')),
                ('level', models.CharField(choices=LEVELS, max_length=12, verbose_name='group')),
                ('key', models.CharField(blank=True, max_length=120, verbose_name='which')),
                ('histogram', models.JSONField(default=dict, verbose_name='histogram')),
                ('count', models.PositiveIntegerField(default=0, verbose_name='parcels learnt from')),
                ('updated_at', models.DateTimeField(verbose_name='last learnt')),
            ],
            options={
                'verbose_name': 'transit time',
                'verbose_name_plural': 'transit times',
                'constraints': [models.UniqueConstraint(fields=('stage', 'level', 'key'), name='transit_stat_once_per_stage_and_group')],
            },
        ),
        migrations.CreateModel(
            name='FinishedJourney',
            fields=[
                ('parcel', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='tracking.parcel')),
                ('starts', models.JSONField(verbose_name='stages')),
                ('arrived_at', models.DateTimeField(verbose_name='arrived')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='judged')),
                ('is_learnt', models.BooleanField(default=False, verbose_name='learnt from')),
            ],
            options={
                'verbose_name': 'finished journey',
                'verbose_name_plural': 'finished journeys',
                'constraints': [models.CheckConstraint(condition=models.Q(('is_learnt', False), ('settled_at__isnull', False), _connector='OR'), name='finished_journey_is_judged_before_learnt_from')],
                'indexes': [models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['arrived_at'], name='finished_journey_waiting')],
            },
        ),
        migrations.CreateModel(
            name='EtaRevision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('promised', "Merchant's promise"), ('carrier', 'Carrier'), ('own', 'Learnt from earlier parcels')], max_length=12, verbose_name='who expects')),
                ('eta_from', models.DateTimeField(verbose_name='from')),
                ('eta_to', models.DateTimeField(verbose_name='until')),
                ('likely', models.DateTimeField(blank=True, null=True, verbose_name='most likely')),
                ('confidence', models.CharField(blank=True, choices=CONFIDENCES, default='', max_length=8, verbose_name='confidence')),
                ('stage', models.CharField(blank=True, choices=STAGES, default='', max_length=12, verbose_name='seen from')),
                ('level', models.CharField(blank=True, choices=LEVELS, default='', max_length=12, verbose_name='group')),
                ('key', models.CharField(blank=True, default='', max_length=120, verbose_name='which')),
                ('weight', models.FloatField(default=0, verbose_name='parcels it rests on')),
                ('seen_at', models.DateTimeField(verbose_name='since')),
                ('parcel', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='eta_revisions', to='tracking.parcel')),
            ],
            options={
                'verbose_name': 'expectation',
                'verbose_name_plural': 'expectations',
                'constraints': [models.CheckConstraint(condition=models.Q(('eta_to__gte', models.F('eta_from'))), name='eta_revision_ends_after_it_begins')],
                'indexes': [models.Index(fields=['parcel', 'source', '-id'], name='eta_revision_newest')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='etarevision',
            trigger=pgtrigger.compiler.Trigger(name='eta_revision_is_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='dbd52755b4bc1932e95737fe34255bd01ca2b7f6', operation='UPDATE OR DELETE', pgid='pgtrigger_eta_revision_is_append_only_5e1b1', table='tracking_etarevision', when='BEFORE')),
        ),
        migrations.AddField(
            model_name='parcel',
            name='own_eta_from',
            field=models.DateTimeField(blank=True, null=True, verbose_name='we expect it from'),
        ),
        migrations.AddField(
            model_name='parcel',
            name='own_eta_to',
            field=models.DateTimeField(blank=True, null=True, verbose_name='we expect it until'),
        ),
        migrations.AddField(
            model_name='parcel',
            name='own_eta_likely',
            field=models.DateTimeField(blank=True, null=True, verbose_name='most likely'),
        ),
        migrations.AddField(
            model_name='parcel',
            name='own_eta_confidence',
            field=models.CharField(blank=True, choices=CONFIDENCES, db_default='', default='', max_length=8, verbose_name='confidence'),
        ),
        migrations.AddField(
            model_name='parcel',
            name='own_eta_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='we expect it so since'),
        ),
        migrations.AddIndex(
            model_name='parcel',
            index=models.Index(condition=models.Q(('own_eta_to__isnull', False)), fields=['own_eta_to'], name='parcel_with_our_expectation'),
        ),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
    ]
