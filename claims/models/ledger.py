"""Double-entry books: append-only, and every posting balances or the commit fails."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models import guards
from claims.models.compensation import Compensation
from claims.states import Account


class Posting(models.Model):
    """One business event in the books."""

    key = models.CharField(_("key"), max_length=120, unique=True)
    text = models.CharField(_("what for"), max_length=200)
    compensation = models.ForeignKey(
        Compensation, on_delete=models.PROTECT, related_name="postings"
    )
    posted_at = models.DateTimeField(_("posted"))

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        triggers = [guards.posting_balances(), *guards.append_only("posting")]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One side of a posting in minor units: debits above zero, credits below."""

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="entries")
    account = models.CharField(_("account"), max_length=32, choices=Account)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="entry_moves_something")
        ]
        triggers = [guards.entry_balances(), *guards.append_only("entry")]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_minor} {self.currency}"
