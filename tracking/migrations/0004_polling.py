"""Filled by its part of the work."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tracking", "0003_reading_anew")]

    operations = []
