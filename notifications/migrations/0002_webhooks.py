"""Webhooks: where the merchant's systems hear what happens."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import notifications.models.endpoint


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('notifications', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(default=notifications.models.endpoint.new_ref, editable=False, max_length=40, unique=True, verbose_name='id')),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('description', models.CharField(blank=True, max_length=120, verbose_name='description')),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), default=list, size=None, verbose_name='events')),
                ('secret', models.BinaryField()),
                ('former_secret', models.BinaryField(default=b'')),
                ('former_until', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='old secret good until')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('disabled_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='switched off')),
                ('disabled_reason', models.CharField(blank=True, choices=[('staff', 'Switched off by hand'), ('gone', 'Its server answered 410 Gone'), ('failing', 'It failed for five days'), ('removed', 'Removed')], editable=False, max_length=10, verbose_name='why switched off')),
                ('failing_since', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='failing since')),
                ('silences', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('rest_until', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='left alone until')),
                ('created_at', models.DateTimeField(editable=False, verbose_name='made')),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('created_with', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.apitoken', verbose_name='made with token')),
            ],
            options={
                'verbose_name': 'webhook',
                'verbose_name_plural': 'webhooks',
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('disabled_reason', 'removed'), _negated=True), fields=('url',), name='endpoint_one_per_address'),
                    models.CheckConstraint(condition=models.Q(('disabled_reason', 'removed'), models.Q(('secret', b''), _negated=True), _connector='OR'), name='endpoint_has_a_secret'),
                    models.CheckConstraint(condition=models.Q(models.Q(('disabled_reason', ''), ('is_active', True)), models.Q(('is_active', False), models.Q(('disabled_reason', ''), _negated=True)), _connector='OR'), name='endpoint_off_for_a_reason'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Dispatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.CharField(max_length=40, verbose_name='message id')),
                ('type', models.CharField(max_length=40, verbose_name='event')),
                ('body', models.TextField(verbose_name='message')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('dead', 'Given up')], default='waiting', max_length=10, verbose_name='state')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('due_at', models.DateTimeField(verbose_name='due')),
                ('leased_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='last status')),
                ('error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
                ('written_at', models.DateTimeField(verbose_name='written')),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dispatches', to='notifications.endpoint', verbose_name='webhook')),
            ],
            options={
                'verbose_name': 'webhook message',
                'verbose_name_plural': 'webhook messages',
                'permissions': [('replay_dispatch', 'Can send dead webhook messages again')],
                'constraints': [
                    models.UniqueConstraint(fields=('endpoint', 'message_id'), name='dispatch_once_per_event_and_endpoint'),
                ],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='dispatch_waiting_by_due'),
                    models.Index(condition=models.Q(('state', 'dead')), fields=['-due_at'], name='dispatch_dead_by_due'),
                    models.Index(fields=['-written_at'], name='dispatch_by_written'),
                ],
            },
        ),
    ]
