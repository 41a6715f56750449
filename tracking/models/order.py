"""What was sold, to whom, and what it cost both of us."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OrderQuerySet(models.QuerySet["Order"]):
    """Questions about orders."""

    def of(self, user_id: int) -> OrderQuerySet:
        """Orders whose contact on file is this person."""
        return self.filter(shopper_id=user_id)

    def matching(self, *, number: str, email: str) -> OrderQuerySet:
        """Orders that carry both this number and this e-mail, whatever the case."""
        return self.filter(number__iexact=number.strip(), email__iexact=email.strip())


def _payment_is_written_once() -> pgtrigger.Trigger:
    """Return the guard of where money goes back to and how much; erasure may blank the words."""
    name = "order_payment_is_written_once"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"""
            IF (NEW.currency = OLD.currency AND NEW.captured_minor = OLD.captured_minor
                AND NEW.payment_reference IN (OLD.payment_reference, '')
                AND NEW.payment_instrument IN (OLD.payment_instrument, '')) IS NOT TRUE
            THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{name}',
                    MESSAGE = '{name}: money goes back the way it came';
            END IF;
            RETURN NEW;
        """,
    )


class Order(models.Model):
    """An order as the merchant's system registered it. Money is in minor units."""

    number = models.CharField(_("order number"), max_length=64, unique=True)
    email = models.EmailField(_("e-mail on file"), db_index=True)
    shopper = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("shopper"),
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    recipient_name = models.CharField(_("recipient"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    address = models.TextField(_("address"), blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    shipping_minor = models.BigIntegerField(_("delivery fee"), default=0)
    captured_minor = models.BigIntegerField(_("paid"), default=0)
    payment_reference = models.CharField(_("payment reference"), max_length=120, blank=True)
    payment_instrument = models.CharField(
        _("paid with"), max_length=80, blank=True, help_text=_("Such as “card ending 4417”.")
    )
    placed_at = models.DateTimeField(_("placed"))
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(shipping_minor__gte=0) & Q(captured_minor__gte=0),
                name="order_sums_are_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="order_currency_is_iso_4217"
            ),
        ]
        triggers = [_payment_is_written_once()]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product in an order, with what the shopper paid and what it cost us, each."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(_("SKU"), max_length=64)
    title = models.CharField(_("product"), max_length=200)
    variant = models.CharField(_("variant"), max_length=200, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), validators=[MinValueValidator(1)])
    price_minor = models.BigIntegerField(_("price each"))
    cost_minor = models.BigIntegerField(_("cost each"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_once_per_place"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1) & Q(price_minor__gte=0),
                name="order_line_has_something_at_a_price",
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__isnull=True) | Q(cost_minor__gte=0),
                name="order_line_cost_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} × {self.quantity}"
