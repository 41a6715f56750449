"""What shoppers thought of how their claim was handled."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from claims.models import guards
from claims.models.claim import Claim
from claims.states import ClaimState

RATINGS_MAX = 5
"""How often a mind may be changed."""


class Stars(models.IntegerChoices):
    """How well a claim was handled."""

    VERY_BADLY = 1, pgettext_lazy("handled", "Very badly")
    BADLY = 2, pgettext_lazy("handled", "Badly")
    FAIRLY = 3, pgettext_lazy("handled", "All right")
    WELL = 4, pgettext_lazy("handled", "Well")
    VERY_WELL = 5, pgettext_lazy("handled", "Very well")


class ShopperRating(models.Model):
    """One judgement of a claim's handling; the newest of a claim counts."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="shopper_ratings")
    number = models.PositiveSmallIntegerField(_("number"))
    stars = models.PositiveSmallIntegerField(_("rating"), choices=Stars)
    words = models.TextField(_("in the shopper's words"), blank=True)
    state = models.CharField(_("how it had ended"), max_length=24, choices=ClaimState)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("rating by the shopper")
        verbose_name_plural = _("ratings by shoppers")
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "number"], name="shopper_rating_numbers_are_unique"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1) & Q(number__lte=RATINGS_MAX),
                name="shopper_ratings_are_few",
            ),
            models.CheckConstraint(
                condition=Q(stars__in=Stars.values), name="shopper_rating_is_one_to_five"
            ),
        ]
        indexes = [models.Index(fields=["-made_at"], name="shopper_rating_newest")]
        triggers = guards.append_only("shopper_rating")

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.number}"
