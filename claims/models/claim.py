"""A claim: what went wrong with which units, and every step it took."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models import approval_guards, guards
from claims.models.policy import ReasonPolicy
from claims.sla import IN_OUR_HANDS, SEVERITIES, TIMED, WAITING
from claims.states import (
    CLAIM_MOVES,
    DEAD,
    OPEN,
    Channel,
    ClaimReason,
    ClaimState,
    UnitAbout,
    Wish,
)
from portal.lib.moves import Movable, Moves, Transition

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_ref() -> str:
    """Return a reference that reads well aloud: AM-7K2P-94QX, without 0, 1, I, L or O."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"AM-{code[:4]}-{code[4:]}"


class ClaimQuerySet(models.QuerySet["Claim"]):
    """Questions about claims, chainable in any order."""

    def open(self) -> ClaimQuerySet:
        """Claims in which somebody still has something to do."""
        return self.filter(state__in=OPEN)

    def of(self, user_id: int) -> ClaimQuerySet:
        """Claims this shopper may see."""
        return self.filter(shopper_id=user_id)


class Claim(Movable):
    """One shopper's claim about one parcel. Four amounts are kept apart, never overwritten."""

    MOVES: ClassVar[Moves] = CLAIM_MOVES

    ref = models.CharField(_("reference"), max_length=16, unique=True, default=new_ref)
    order = models.ForeignKey("tracking.Order", on_delete=models.PROTECT, related_name="+")
    parcel = models.ForeignKey(
        "tracking.Parcel", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    """None only for what was never sent: then it is about the order's things in no parcel."""
    shopper = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("shopper"),
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    reason = models.CharField(_("reason"), max_length=24, choices=ClaimReason, blank=True)
    policy = models.ForeignKey(
        ReasonPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=24, choices=ClaimState, default=ClaimState.DRAFT
    )
    wish = models.CharField(_("wish"), max_length=16, choices=Wish, blank=True)
    story = models.TextField(_("in the shopper's words"), blank=True)
    answers = models.JSONField(_("answers"), default=dict, blank=True)
    without_box = models.CharField(_("why a photo is missing"), max_length=600, blank=True)
    severity = models.PositiveSmallIntegerField(_("severity"), default=3)

    # How it began: who told us, and the trouble that we had seen by ourselves.
    channel = models.CharField(
        _("came by"), max_length=8, choices=Channel, default=Channel.WEB, db_default=Channel.WEB
    )
    anomaly = models.ForeignKey(
        "tracking.Anomaly",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("began with"),
    )
    is_late = models.BooleanField(_("reported late"), default=False, db_default=False)
    """Sent after the usual end but before the hard stop: a person looks at it."""

    currency = models.CharField(_("currency"), max_length=3)
    claimed_minor = models.BigIntegerField(_("claimed"), default=0)
    assessed_minor = models.BigIntegerField(_("assessed"), default=0)
    approved_minor = models.BigIntegerField(_("approved"), default=0)
    executed_minor = models.BigIntegerField(_("paid"), default=0)
    expected_recovery_minor = models.BigIntegerField(
        _("expected of the carrier"), default=0, db_default=0
    )
    """What the carrier's terms let us count on, by the newest assessment; the least it can be."""
    recovered_minor = models.BigIntegerField(_("recovered"), default=0, db_default=0)
    """What the carrier has paid us back."""

    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handled by"),
    )
    submit_key = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    created_at = models.DateTimeField(_("begun"))
    saved_at = models.DateTimeField(_("draft saved"))
    submitted_at = models.DateTimeField(_("sent"), null=True, blank=True)
    due_at = models.DateTimeField(_("next step due"))
    """When whoever holds the claim now must have acted; after the end, when it closes."""
    decide_by = models.DateTimeField(_("we decide by"), null=True, blank=True)
    answer_by = models.DateTimeField(_("shopper answers by"), null=True, blank=True)
    legal_due_at = models.DateTimeField(_("law's last day"), null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    """Since when the clock of ``decide_by`` stands still, waiting for somebody else."""
    appeal_until = models.DateTimeField(_("second look until"), null=True, blank=True)
    appeals = models.PositiveSmallIntegerField(_("second looks"), default=0)
    reminders = models.PositiveSmallIntegerField(_("reminders sent"), default=0)

    # Faces of the claim's clocks and waits; claims.services.steps writes them with every step.
    reply_by = models.DateTimeField(_("first reply by"), null=True, blank=True)
    replied_at = models.DateTimeField(_("first reply"), null=True, blank=True)
    pay_by = models.DateTimeField(_("money sent by"), null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When the shopper is next reminded of what we wait for, or the wait ends."""

    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("put right"), null=True, blank=True)
    decision_code = models.CharField(_("decision code"), max_length=40, blank=True)
    decision_text = models.TextField(_("words to the shopper"), blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        permissions = [
            ("decide_claim", _("Can ask, offer, approve and reject")),
            ("second_claim", _("Can give the second yes above the limit")),
            ("finance_claim", _("Can give finance's yes above two people's limit")),
            ("file_claim", _("Can file a claim for a shopper")),
            ("override_window", _("Can file a claim outside its window")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ClaimState.values), name="claim_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(claimed_minor__gte=0)
                & Q(assessed_minor__gte=0)
                & Q(approved_minor__gte=0)
                & Q(executed_minor__gte=0),
                name="claim_sums_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(expected_recovery_minor__gte=0) & Q(recovered_minor__gte=0),
                name="claim_recovery_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn", "expired", "closed"])
                | (Q(submitted_at__isnull=False) & ~Q(reason="")),
                name="claim_once_sent_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=IN_OUR_HANDS) | Q(decide_by__isnull=False),
                name="claim_in_our_hands_says_by_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=WAITING) | Q(answer_by__isnull=False),
                name="claim_that_waits_for_its_shopper_says_until_when",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=SEVERITIES), name="claim_severity_is_known"
            ),
            models.UniqueConstraint(
                fields=["parcel", "shopper"],
                condition=Q(state=ClaimState.DRAFT),
                name="claim_one_draft_per_parcel_and_shopper",
            ),
            models.UniqueConstraint(
                fields=["order", "shopper"],
                condition=Q(state=ClaimState.DRAFT, parcel__isnull=True),
                name="claim_one_draft_per_order_without_a_parcel",
            ),
            models.CheckConstraint(
                condition=Q(parcel__isnull=False) | Q(reason__in=["", ClaimReason.NOT_SHIPPED]),
                name="claim_without_a_parcel_is_about_what_was_never_sent",
            ),
            models.UniqueConstraint(
                fields=["anomaly"],
                condition=Q(channel=Channel.SYSTEM),
                name="claim_we_open_once_per_episode",
            ),
        ]
        indexes = [
            models.Index(
                fields=["decide_by"], condition=~Q(state__in=(*DEAD, "resolved")), name="claim_due"
            ),
            models.Index(
                fields=["due_at"], condition=~Q(state="closed"), name="claim_next_step_due"
            ),
            models.Index(fields=["shopper", "-created_at"], name="claim_by_shopper"),
            models.Index(
                fields=["due_at"], condition=Q(state__in=TIMED), name="claim_that_time_moves"
            ),
            models.Index(
                fields=["remind_at"], condition=Q(state__in=WAITING), name="claim_to_remind"
            ),
        ]
        triggers = [
            approval_guards.claim_is_declined_by_a_decision(),
            approval_guards.claim_keeps_its_shopper(),
        ]

    def __str__(self) -> str:
        return self.ref

    def things(self) -> list[ClaimLine]:
        """
        Return its lines with their order lines, in the order's own order.

        They are read once and remembered until the row is read or locked anew.
        """
        if "lines" not in getattr(self, "_prefetched_objects_cache", {}):
            rows = ClaimLine.objects.select_related("order_line")
            models.prefetch_related_objects([self], models.Prefetch("lines", rows))
        return sorted(
            self.lines.all(), key=lambda line: (line.order_line.position, line.order_line_id)
        )


class ClaimLine(models.Model):
    """So many of an order line, claimed together."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="lines")
    order_line = models.ForeignKey("tracking.OrderLine", on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    price_minor = models.BigIntegerField(_("price each"))

    class Meta:
        verbose_name = _("claimed item")
        verbose_name_plural = _("claimed items")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "order_line"], name="claim_line_once_per_order_line"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="claim_line_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} × {self.quantity}"


class ClaimUnit(models.Model):
    """One single thing under claim; while live, no other claim may hold it."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="units")
    order_line = models.ForeignKey("tracking.OrderLine", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    is_live = models.BooleanField(default=True)
    about = models.CharField(
        _("about"),
        max_length=8,
        choices=UnitAbout,
        default=UnitAbout.THING,
        db_default=UnitAbout.THING,
    )
    """A thing may be late and then broken: the delay is claimed beside it, once as well."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_line", "number", "about"],
                condition=Q(is_live=True),
                name="claim_one_live_per_unit",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="claim_unit_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} no. {self.number}"


class ClaimTransition(Transition):
    """One step of a claim: the audit row."""

    subject = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="transitions")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        triggers = guards.append_only("claim_step")
