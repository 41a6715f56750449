"""Who reacts to what: the whole nervous system on one screen."""

from __future__ import annotations

import claims.reactions
import notifications.reactions
import tracking.events as parcel
import tracking.reactions
from claims import events as claim
from portal.outbox.routes import Routes

ROUTES: Routes = {
    parcel.ParcelReached: (notifications.reactions.tell, notifications.reactions.forward),
    parcel.AnomalyFound: (
        claims.reactions.open_for_loss,
        notifications.reactions.tell,
        notifications.reactions.forward,
    ),
    parcel.AnomalyEscalated: (notifications.reactions.tell, notifications.reactions.forward),
    parcel.AnomalyCleared: (
        claims.reactions.let_go,
        claims.reactions.tell_of_a_find,
        notifications.reactions.tell,
        notifications.reactions.forward,
    ),
    parcel.InquiryDue: (),
    parcel.CodeMapped: (tracking.reactions.read_again,),
    parcel.DisruptionChanged: (tracking.reactions.follow_disruption,),
    claim.ClaimPrepared: (notifications.reactions.tell,),
    claim.ClaimFiled: (
        claims.reactions.screen,
        claims.reactions.rate_around,
        notifications.reactions.tell,
        notifications.reactions.forward,
    ),
    claim.EvidenceReceived: (claims.reactions.clean_photo,),
    claim.MailArrived: (claims.reactions.read_mail,),
    claim.EvidenceAsked: (notifications.reactions.tell,),
    claim.MessageSent: (notifications.reactions.tell,),
    claim.OfferMade: (notifications.reactions.tell,),
    claim.ClaimApproved: (
        claims.reactions.pay,
        claims.reactions.pick_for_audit,
        notifications.reactions.tell,
        notifications.reactions.forward,
    ),
    claim.CompensationRetried: (claims.reactions.pay,),
    claim.ReminderDue: (notifications.reactions.tell,),
    claim.ClaimsEscalated: (notifications.reactions.tell,),
    claim.StoodIn: (notifications.reactions.tell,),
    claim.ClaimRejected: (notifications.reactions.tell, notifications.reactions.forward),
    claim.CompensationSettled: (notifications.reactions.tell, notifications.reactions.forward),
    claim.CompensationFailed: (notifications.reactions.tell,),
}
