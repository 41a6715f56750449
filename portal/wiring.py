"""Who reacts to what: the whole nervous system on one screen."""

from __future__ import annotations

import claims.reactions
import notifications.reactions
import tracking.events as parcel
import tracking.reactions
from claims import events as claim
from portal.outbox.routes import Routes

ROUTES: Routes = {
    parcel.ParcelReached: (notifications.reactions.tell,),
    parcel.AnomalyFound: (notifications.reactions.tell,),
    parcel.AnomalyEscalated: (notifications.reactions.tell,),
    parcel.AnomalyCleared: (notifications.reactions.tell,),
    parcel.InquiryDue: (),
    parcel.CodeMapped: (tracking.reactions.read_again,),
    claim.ClaimFiled: (claims.reactions.screen, notifications.reactions.tell),
    claim.EvidenceReceived: (claims.reactions.clean_photo,),
    claim.EvidenceAsked: (notifications.reactions.tell,),
    claim.MessageSent: (notifications.reactions.tell,),
    claim.OfferMade: (notifications.reactions.tell,),
    claim.ClaimApproved: (claims.reactions.pay, notifications.reactions.tell),
    claim.CompensationRetried: (claims.reactions.pay,),
    claim.ReminderDue: (notifications.reactions.tell,),
    claim.ClaimRejected: (notifications.reactions.tell,),
    claim.CompensationSettled: (notifications.reactions.tell,),
    claim.CompensationFailed: (notifications.reactions.tell,),
}
