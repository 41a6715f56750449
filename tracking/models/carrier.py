"""Carriers, and the merchant's connections to them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Carrier(models.Model):
    """A courier that moves parcels."""

    slug = models.SlugField(_("slug"), unique=True)
    name_en = models.CharField(_("name in English"), max_length=80)
    name_zh = models.CharField(_("name in Chinese"), max_length=80, blank=True)
    timezone = models.CharField(_("home time zone"), max_length=40, default="UTC")
    tracking_url = models.CharField(
        _("its own tracking page"), max_length=200, blank=True, help_text=_("{number} is replaced.")
    )
    country = models.CharField(
        _("home country"),
        max_length=2,
        blank=True,
        default="",
        db_default="",
        help_text=_("Two letters; its public holidays count. Empty: the country of its zone."),
    )
    subdivision = models.CharField(
        _("part of the country"),
        max_length=10,
        blank=True,
        default="",
        db_default="",
        help_text=_("Where it has holidays of its own, such as BY for Bavaria."),
    )
    weekdays = models.CharField(
        _("working weekdays"),
        max_length=7,
        blank=True,
        default="",
        db_default="",
        help_text=_("Monday is 1: 123456 is Monday to Saturday. Empty: as usual in its country."),
    )
    is_postal = models.BooleanField(
        _("a post"),
        null=True,
        blank=True,
        help_text=_("Posts get more time across borders. Unknown: as our list of posts says."),
    )
    pickup_days = models.PositiveSmallIntegerField(
        _("days a parcel waits at a shop"), default=7, db_default=7
    )

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The carrier's name in the reader's language."""
        chinese = (get_language() or "").startswith("zh")
        return self.name_zh if chinese and self.name_zh else self.name_en


class Connection(models.Model):
    """One account with one carrier or aggregator: an adapter, its settings and its secrets."""

    slug = models.SlugField(
        _("slug"), unique=True, help_text=_("The last part of the address the carrier pushes to.")
    )
    label = models.CharField(_("label"), max_length=80)
    adapter = models.CharField(_("adapter"), max_length=40)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    credentials = models.BinaryField(null=True, blank=True, editable=False)
    """What the carrier gave us to ask with, as sealed JSON; None until somebody typed it."""
    trusts_pushes = models.BooleanField(
        _("believe pushes unchecked"),
        default=False,
        db_default=False,
        help_text=_(
            "Only where nobody can be asked: what a push says then counts although its seal"
            " does not cover it."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")

    def __str__(self) -> str:
        return self.label


class ConnectionSecret(models.Model):
    """A webhook secret, encrypted at rest; at most two are live so that a key can be rotated."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="secrets")
    slot = models.PositiveSmallIntegerField(_("slot"), choices=[(1, _("First")), (2, _("Second"))])
    ciphertext = models.BinaryField(editable=False)
    hint = models.CharField(_("ends in"), max_length=8, editable=False)
    not_before = models.DateTimeField(_("valid from"))
    not_after = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("secret")
        verbose_name_plural = _("secrets")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "slot"],
                condition=Q(revoked_at__isnull=True),
                name="connection_has_at_most_two_live_secrets",
            ),
            models.CheckConstraint(
                condition=Q(slot__in=[1, 2]), name="connection_secret_sits_in_slot_one_or_two"
            ),
            models.CheckConstraint(
                condition=Q(not_after__isnull=True) | Q(not_after__gt=F("not_before")),
                name="connection_secret_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.hint}"
