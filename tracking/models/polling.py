"""
What asking carriers keeps: whom to ask when, within which budget, and how the lines stand.

A poll is a narrow row of its own, so that a million of them are claimed and put off without
touching a parcel.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tracking.cadence import Urgency
from tracking.models.carrier import Connection
from tracking.models.envelope import Envelope
from tracking.models.parcel import Parcel


class PollOutcome(models.TextChoices):
    """What the last question about one number brought."""

    NEWS = "news", _("News")
    UNCHANGED = "unchanged", _("Nothing new")
    NOT_FOUND = "not_found", _("Not found")
    INVALID_NUMBER = "invalid_number", _("Number refused")
    AUTH = "auth", _("Not let in")
    RATE_LIMITED = "rate_limited", _("Too fast")
    QUOTA_EXHAUSTED = "quota_exhausted", _("Quota used up")
    TRANSIENT = "transient", _("Failed for now")
    SCHEMA_DRIFT = "schema_drift", _("Unreadable answer")


class Poll(models.Model):
    """One number of one parcel, to be asked about at one connection."""

    parcel = models.ForeignKey(
        Parcel, on_delete=models.CASCADE, related_name="polls", db_index=False
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.CharField(_("tracking number"), max_length=64)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    """None: not asked any more."""
    urgency = models.PositiveSmallIntegerField(
        _("urgency"), choices=[(one.value, one.name.lower()) for one in Urgency],
        default=Urgency.REST.value,
    )  # fmt: skip
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    empties = models.PositiveSmallIntegerField(_("answers without news"), default=0)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    day = models.DateField(null=True, blank=True, editable=False)
    asked_that_day = models.PositiveSmallIntegerField(_("asked that day"), default=0)
    polled_at = models.DateTimeField(_("last asked"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=PollOutcome, blank=True)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    latency_ms = models.PositiveIntegerField(_("took (ms)"), null=True, blank=True)
    error = models.CharField(_("trouble"), max_length=200, blank=True)
    answer = models.BinaryField(max_length=16, default=b"", editable=False)
    """A digest of what the last answer said of this number, so that repeats cost nothing."""
    is_abroad = models.BooleanField(default=False, editable=False)
    """Scans in two countries were seen."""
    zone_minutes = models.SmallIntegerField(null=True, blank=True, editable=False)
    """How far the clock at the newest scan's place is ahead of UTC, where scans tell."""

    class Meta:
        verbose_name = _("poll")
        verbose_name_plural = _("polls")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "connection", "number"],
                name="poll_once_per_parcel_connection_and_number",
            ),
            models.CheckConstraint(
                condition=Q(urgency__lte=Urgency.REST.value), name="poll_urgency_is_a_known_class"
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "urgency", "due_at"],
                condition=Q(due_at__isnull=False),
                name="poll_due",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class PollHour(models.Model):
    """What one connection was asked in one hour and how it answered; for the dashboard."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="hours", db_index=False
    )
    hour = models.DateTimeField(_("hour"))
    calls = models.PositiveIntegerField(_("calls"), default=0)
    numbers = models.PositiveIntegerField(_("numbers asked"), default=0)
    news = models.PositiveIntegerField(_("news"), default=0)
    unchanged = models.PositiveIntegerField(_("nothing new"), default=0)
    not_found = models.PositiveIntegerField(_("not found"), default=0)
    slowed = models.PositiveIntegerField(_("told to slow down"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    latency_ms = models.PositiveBigIntegerField(default=0, editable=False)
    """The sum over all calls."""
    slowest_ms = models.PositiveIntegerField(_("slowest (ms)"), default=0)
    late_1m = models.PositiveIntegerField(default=0, editable=False)
    """Numbers asked within a minute after they were due; the next ones within longer, not both."""
    late_5m = models.PositiveIntegerField(default=0, editable=False)
    late_15m = models.PositiveIntegerField(default=0, editable=False)
    late_1h = models.PositiveIntegerField(default=0, editable=False)
    late_6h = models.PositiveIntegerField(default=0, editable=False)
    late_1d = models.PositiveIntegerField(default=0, editable=False)
    late_more = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("hour of asking")
        verbose_name_plural = _("hours of asking")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "hour"], name="poll_hour_once_per_connection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.hour:%Y-%m-%d %H:00}"


class Budget(models.Model):
    """
    How much of one connection's quota is spent, one leaky bucket a window.

    ``spent_until`` is all a bucket is: the moment at which everything asked so far will have been
    paid for. Redis holds the same and decides; but a call is made only after it is written here
    under the ``generation`` that Redis counted in. So what Redis forgets is known here, and what
    it hands out after we stopped believing it is never used.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="budget", verbose_name=_("connection")
    )
    seconds = ArrayField(models.PositiveIntegerField(), verbose_name=_("windows (s)"))
    limits = ArrayField(models.PositiveIntegerField(), verbose_name=_("calls a window"))
    spent_until = ArrayField(models.DateTimeField(), verbose_name=_("paid until"))
    generation = models.PositiveIntegerField(default=1, editable=False)
    here_until = models.DateTimeField(null=True, blank=True, editable=False)
    """Redis is away, so until then this row decides alone."""

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.CheckConstraint(
                condition=Q(seconds__len=F("limits__len")) & Q(seconds__len=F("spent_until__len")),
                name="budget_windows_are_whole",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}"


class BreakerState(models.TextChoices):
    """Whether a connection is asked at all."""

    CLOSED = "closed", _("Asking")
    OPEN = "open", _("Not asking")
    HALF_OPEN = "half_open", _("Trying once")


class Breaker(models.Model):
    """Whether one connection is asked: not while it fails, not while it told us to wait."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="breaker", verbose_name=_("connection")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=BreakerState, default=BreakerState.CLOSED
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    kind = models.CharField(_("kind of trouble"), max_length=16, choices=PollOutcome, blank=True)
    error = models.TextField(_("trouble"), blank=True)
    error_at = models.DateTimeField(_("last trouble"), null=True, blank=True)
    opened_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    probes = models.PositiveIntegerField(_("tries since"), default=0)
    probe_at = models.DateTimeField(_("next try"), null=True, blank=True)
    blocked_until = models.DateTimeField(_("told to wait until"), null=True, blank=True)
    blocked_why = models.CharField(_("told to wait because"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("breaker")
        verbose_name_plural = _("breakers")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="closed") | Q(probe_at__isnull=False),
                name="breaker_open_has_a_next_try",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id}: {self.state}"


class BreakerMove(models.Model):
    """One change of a breaker: when, from what to what, and why or by whom."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="breaker_moves"
    )
    origin = models.CharField(_("from"), max_length=10, choices=BreakerState)
    target = models.CharField(_("to"), max_length=10, choices=BreakerState)
    why = models.TextField(_("why"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("by"),
    )
    moved_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("breaker change")
        verbose_name_plural = _("breaker changes")

    def __str__(self) -> str:
        return f"{self.origin} to {self.target}"


class ConnectionToken(models.Model):
    """A carrier's token, encrypted at rest; one worker at a time fetches the next."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="token")
    ciphertext = models.BinaryField(default=b"", editable=False)
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")

    def __str__(self) -> str:
        return f"{self.connection_id}"


class SubscriptionState(models.TextChoices):
    """How far asking for pushes about one number has come."""

    WANTED = "wanted", _("To be asked for")
    LIVE = "live", _("Live")
    DEAD = "dead", _("Dead")
    """The carrier does not take it: the parcel is asked about as if there were no pushes."""
    ENDED = "ended", _("Ended")


class Subscription(models.Model):
    """One number of one parcel whose pushes must be asked for, and asked for again in time."""

    parcel = models.ForeignKey(
        Parcel, on_delete=models.CASCADE, related_name="subscriptions", db_index=False
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.CharField(_("tracking number"), max_length=64)
    state = models.CharField(
        _("state"), max_length=8, choices=SubscriptionState, default=SubscriptionState.WANTED
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    subscribed_at = models.DateTimeField(_("subscribed"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    month = models.DateField(null=True, blank=True, editable=False)
    asked_that_month = models.PositiveSmallIntegerField(_("asked that month"), default=0)
    error = models.CharField(_("trouble"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "connection", "number"],
                name="subscription_once_per_parcel_connection_and_number",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True)
                | Q(subscribed_at__isnull=True)
                | Q(expires_at__gt=F("subscribed_at")),
                name="subscription_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "due_at"],
                condition=Q(due_at__isnull=False),
                name="subscription_due",
            )
        ]

    def __str__(self) -> str:
        return self.number


class ProofState(models.TextChoices):
    """How far a proof of delivery has come."""

    WAITING = "waiting", _("Waiting")
    KEPT = "kept", _("Kept")
    NONE = "none", _("The carrier has none")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Could not be fetched")


class ProofOfDelivery(models.Model):
    """
    A photo, signature or document that shows a delivery: fetched once, hashed, kept privately.

    Only the cleaned copy of a picture is ever shown. A row of kind ``ask`` is not a proof yet but
    the question for one, where the carrier must be asked.
    """

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="proofs")
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    envelope = models.ForeignKey(
        Envelope, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    """The message that named it; bytes that came inside are read from there."""
    address = models.BinaryField(default=b"", editable=False)
    """Where to fetch it, sealed: such addresses open the picture to whoever holds them."""
    number = models.CharField(_("tracking number"), max_length=64, blank=True)
    kind = models.CharField(
        _("shows"),
        max_length=10,
        choices=[
            ("photo", _("Photo")),
            ("signature", _("Signature")),
            ("document", _("Document")),
            ("ask", _("To be asked for")),
        ],
    )
    source = models.BinaryField(max_length=32, editable=False)
    """A digest of its address, as far as that stays the same, or of its bytes."""
    state = models.CharField(
        _("state"), max_length=8, choices=ProofState, default=ProofState.WAITING
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("trouble"), max_length=200, blank=True)
    fetched_at = models.DateTimeField(_("fetched"), null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    bytes = models.PositiveBigIntegerField(_("size in bytes"), null=True, blank=True)
    original = models.CharField(max_length=200, blank=True, editable=False)
    large = models.CharField(max_length=200, blank=True, editable=False)
    small = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("proof of delivery")
        verbose_name_plural = _("proofs of delivery")
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "source"], name="proof_once_per_parcel_and_source"
            ),
            models.CheckConstraint(
                condition=~Q(state="kept") | (~Q(sha256="") & ~Q(original="")),
                name="proof_kept_has_its_original_and_hash",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="proof_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.parcel_id}"
