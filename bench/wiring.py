"""Events are recorded and go to nobody."""

from __future__ import annotations

import tracking.events as parcel
from portal.outbox.routes import Routes

ROUTES: Routes = {parcel.ParcelReached: (), parcel.AnomalyFound: ()}
