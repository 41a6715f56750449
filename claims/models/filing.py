"""What is kept of a filing besides the claim: what was signed, and who set the window aside."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models import guards
from claims.models.claim import Claim
from claims.states import Channel, OverrideCode


class Statement(models.Model):
    """Words a shopper put their name to, frozen as they read them."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="statements")
    kind = models.SlugField(_("kind"), max_length=24)
    text = models.TextField(_("statement"))
    language = models.CharField(_("language"), max_length=10)
    name = models.CharField(_("signed by"), max_length=120)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("entered by"),
    )
    signed_at = models.DateTimeField(_("signed"))

    class Meta:
        verbose_name = _("signed statement")
        verbose_name_plural = _("signed statements")
        constraints = [
            models.UniqueConstraint(fields=["claim", "kind"], name="statement_once_per_kind"),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(text=""), name="statement_has_words_and_a_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id} {self.kind}"


class FilingOverride(models.Model):
    """That an agent filed a claim outside its window: who, why, and what the window said."""

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, related_name="filing_override")
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("filed by"),
    )
    channel = models.CharField(_("came by"), max_length=8, choices=Channel)
    code = models.CharField(_("why"), max_length=24, choices=OverrideCode)
    note = models.TextField(_("in the agent's words"))
    opens_at = models.DateTimeField(_("would open"), null=True, blank=True)
    closes_at = models.DateTimeField(_("would close"), null=True, blank=True)
    made_at = models.DateTimeField(_("filed"))

    class Meta:
        verbose_name = _("window set aside")
        verbose_name_plural = _("windows set aside")
        constraints = [
            models.CheckConstraint(
                condition=~Q(code="") & ~Q(note=""), name="filing_override_says_why"
            ),
        ]
        triggers = guards.append_only("filing_override")

    def __str__(self) -> str:
        return f"{self.claim_id} {self.code}"
