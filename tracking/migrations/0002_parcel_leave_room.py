"""Leave room on each page, so that a parcel's many updates touch no index."""

from django.db import migrations


class Migration(migrations.Migration):
    """A parcel is updated with every scan, and none of its indexes holds what a scan changes."""

    dependencies = [("tracking", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE tracking_parcel SET (fillfactor = 70)",
            "ALTER TABLE tracking_parcel RESET (fillfactor)",
        )
    ]
