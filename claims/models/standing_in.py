"""Breaking the glass: who gave a second yes in place of those whose post it is, and who looked."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models import approval_guards
from claims.models.decision import Approval
from claims.models.risk import Verdict


class StandIn(models.Model):
    """One second yes by somebody who stood in because nobody of the post could be reached."""

    approval = models.OneToOneField(
        Approval, on_delete=models.PROTECT, related_name="stand_in", verbose_name=_("approval")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("stood in"),
    )
    why = models.TextField(_("why nobody else could be asked"))
    made_at = models.DateTimeField(_("said yes"))
    review_by = models.DateTimeField(_("to be looked at by"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict, blank=True)
    note = models.TextField(_("note"), blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looked at by"),
    )
    judged_at = models.DateTimeField(_("looked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("stand-in")
        verbose_name_plural = _("stand-ins")
        permissions = [("break_glass", _("Can stand in for a second person in an emergency"))]
        constraints = [
            models.CheckConstraint(condition=~Q(why=""), name="stand_in_says_why"),
            models.CheckConstraint(
                condition=Q(verdict="", judged_at__isnull=True, judged_by__isnull=True)
                | (
                    Q(verdict__in=Verdict.values)
                    & Q(judged_at__isnull=False, judged_by__isnull=False)
                ),
                name="stand_in_verdict_has_a_person_and_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.DISAGREE) | ~Q(note=""), name="stand_in_no_says_why"
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(verdict=""), name="stand_in_one_of_a_person_waits"
            ),
        ]
        indexes = [
            models.Index(fields=["review_by"], condition=Q(verdict=""), name="stand_in_waiting")
        ]
        triggers = approval_guards.stand_in_is_looked_at()

    def __str__(self) -> str:
        return str(self.approval_id)
