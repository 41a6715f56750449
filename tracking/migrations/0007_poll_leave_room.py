"""Leave room on each page, so that taking a poll in hand touches no index."""

from django.db import migrations


class Migration(migrations.Migration):
    """A claim writes a lease and a count, which no index holds; only a new date moves a row."""

    dependencies = [("tracking", "0006_expecting")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE tracking_poll SET (fillfactor = 70)",
            "ALTER TABLE tracking_poll RESET (fillfactor)",
        )
    ]
