"""Movements of money to the shopper, one key per attempt, never more than was paid."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.models import approval_guards, guards
from claims.models.claim import Claim
from claims.models.decision import Approval
from claims.states import (
    COMPENSATION_MOVES,
    CompensationKind,
    CompensationState,
)
from portal.lib.moves import Movable, Moves, Transition


class PaymentBalance(models.Model):
    """What is left to give back of one order's payment; locked before every change."""

    order = models.OneToOneField("tracking.Order", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(_("currency"), max_length=3)
    captured_minor = models.BigIntegerField(_("paid by the shopper"))
    reserved_minor = models.BigIntegerField(_("on its way back"), default=0)
    refunded_minor = models.BigIntegerField(_("given back"), default=0)

    class Meta:
        verbose_name = _("payment balance")
        verbose_name_plural = _("payment balances")
        constraints = [
            models.CheckConstraint(
                condition=Q(captured_minor__gte=F("reserved_minor") + F("refunded_minor")),
                name="payment_is_never_over_refunded",
            ),
            models.CheckConstraint(
                condition=Q(reserved_minor__gte=0) & Q(refunded_minor__gte=0),
                name="payment_sums_are_not_negative",
            ),
        ]
        triggers = [
            guards.captured_is_what_was_paid(),
            guards.frozen("payment_balance_stays_with_its_order", "order_id", "currency"),
            *guards.kept("payment_balance"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.refunded_minor}/{self.captured_minor} {self.currency}"


class CompensationQuerySet(models.QuerySet["Compensation"]):
    """Questions about compensations."""

    def unsettled(self) -> CompensationQuerySet:
        """Compensations whose outcome is still open."""
        return self.filter(
            state__in=[
                CompensationState.PLANNED,
                CompensationState.SENDING,
                CompensationState.UNKNOWN,
                CompensationState.PENDING,
            ]
        )


class Compensation(Movable):
    """The intent to pay, kept before any network call."""

    MOVES: ClassVar[Moves] = COMPENSATION_MOVES

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="compensations")
    approval = models.OneToOneField(Approval, on_delete=models.PROTECT, related_name="compensation")
    balance = models.ForeignKey(
        PaymentBalance, on_delete=models.PROTECT, related_name="compensations"
    )
    reference = models.UUIDField(_("our reference"), unique=True)
    kind = models.CharField(
        _("kind"), max_length=16, choices=CompensationKind, default=CompensationKind.REFUND
    )
    gateway = models.CharField(_("gateway"), max_length=24)
    state = models.CharField(
        _("state"), max_length=12, choices=CompensationState, default=CompensationState.PLANNED
    )
    amount_minor = models.BigIntegerField(_("sum"))
    currency = models.CharField(_("currency"), max_length=3)
    instrument = models.CharField(_("paid to"), max_length=80)
    payee = models.CharField(_("payment reference"), max_length=120)
    provider_ref = models.CharField(_("bank reference"), max_length=120, blank=True)
    looks = models.PositiveSmallIntegerField(_("looks"), default=0)
    next_look_at = models.DateTimeField(_("next look"), null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    planned_at = models.DateTimeField(_("planned"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    is_drill = models.BooleanField(default=False, editable=False)

    objects = CompensationQuerySet.as_manager()

    class Meta:
        verbose_name = _("compensation")
        verbose_name_plural = _("compensations")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="compensation_pays_something"
            ),
            models.CheckConstraint(
                condition=Q(is_drill=False), name="compensation_is_never_a_drill"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_look_at"],
                condition=Q(state__in=["planned", "sending", "unknown", "pending"]),
                name="compensation_to_look_at",
            )
        ]
        triggers = [
            *guards.compensation_is_approved(),
            approval_guards.walks("compensation", COMPENSATION_MOVES),
            guards.compensation_leaves_its_trace(),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount_minor} {self.currency}"


class CompensationTransition(Transition):
    """One step of a compensation: the audit row."""

    subject = models.ForeignKey(Compensation, on_delete=models.PROTECT, related_name="transitions")

    class Meta:
        verbose_name = _("payment step")
        verbose_name_plural = _("payment steps")
        triggers = guards.append_only("payment_step")


class Attempt(models.Model):
    """One try at the provider under one idempotency key, written before the call."""

    compensation = models.ForeignKey(
        Compensation, on_delete=models.PROTECT, related_name="attempts"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    key = models.UUIDField(_("idempotency key"), unique=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, blank=True)
    provider_ref = models.CharField(_("bank reference"), max_length=120, blank=True)
    error = models.TextField(_("trouble"), blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [
            models.UniqueConstraint(
                fields=["compensation", "number"], name="attempt_once_per_number"
            ),
            models.UniqueConstraint(
                fields=["compensation"],
                condition=Q(finished_at__isnull=True),
                name="attempt_one_open_per_compensation",
            ),
        ]
        triggers = [
            guards.frozen(
                "attempt_keeps_its_key", "compensation_id", "number", "key", "started_at"
            ),
            guards.attempt_ends_once(),
            *guards.kept("attempt"),
        ]

    def __str__(self) -> str:
        return f"{self.compensation_id}/{self.number}"


class GatewayNotice(models.Model):
    """A payment provider's webhook as it came: a hint to look, never the truth itself."""

    gateway = models.CharField(_("gateway"), max_length=24)
    event_id = models.CharField(_("event"), max_length=120)
    reference = models.CharField(_("our reference"), max_length=64)
    body = models.BinaryField(editable=False)
    received_at = models.DateTimeField(_("received"))
    due_at = models.DateTimeField(_("next look"))
    looks = models.PositiveSmallIntegerField(_("looks"), default=0)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)
    error = models.TextField(_("trouble"), blank=True)

    class Meta:
        verbose_name = _("payment notice")
        verbose_name_plural = _("payment notices")
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "event_id"], name="payment_notice_once_per_event"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(handled_at__isnull=True),
                name="payment_notice_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event_id}"
