"""The staff's front page and sidebar: what needs somebody now, and the way to every room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from claims.admin import queue, standing, words
from claims.models import Claim, Compensation
from claims.states import WITH_STAFF, ClaimState, CompensationState
from notifications.models import Endpoint, WhyOff
from portal.lib.money import Money
from portal.outbox.models import Delivery, DeliveryState
from tracking.models import Anomaly, Envelope
from tracking.states import EnvelopeState

SHORT = 6
MOST = 1000
"""Counts stop here; nobody acts differently on more."""


@dataclass(frozen=True)
class Tile:
    """One number that matters, and where to act on it."""

    label: str
    count: int
    href: str
    tone: str = "calm"

    @property
    def number(self) -> str:
        """The number as shown; beyond a thousand it is only "more"."""
        return f"{MOST}+" if self.count > MOST else str(self.count)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what this member of staff may see and should act on."""
    user, now = request.user, timezone.now()
    tiles: list[Tile] = []
    if user.has_perm("claims.view_claim"):
        tiles += _claims(now)
        context["due_soonest"] = _rows(queue.waiting())
        context["second_waits"] = _rows(queue.waiting((ClaimState.PENDING_APPROVAL,)))
        mine = queue.waiting((*WITH_STAFF, ClaimState.NEEDS_INFO)).filter(assignee=user.pk)
        context["mine"] = _rows(mine)
    if user.has_perm("claims.view_compensation"):
        tiles += _payments()
    if user.has_perm("outbox.view_delivery"):
        dead = _capped(Delivery.objects.filter(state=DeliveryState.DEAD))
        tiles.append(_tile(_("Dead letters"), dead, "outbox_delivery", "state__exact=dead"))
    if user.has_perm("tracking.view_anomaly"):
        tiles += _troubles(user.pk)
    if user.has_perm("notifications.view_endpoint"):
        off = _capped(Endpoint.objects.filter(disabled_reason__in=[WhyOff.GONE, WhyOff.FAILING]))
        if off:
            query = "is_active__exact=0"
            tiles.append(_tile(_("Webhooks switched off"), off, "notifications_endpoint", query))
    if user.has_perm("tracking.view_envelope"):
        trouble = (EnvelopeState.QUARANTINED, EnvelopeState.DEAD)
        waits = _capped(Envelope.objects.filter(state__in=trouble))
        tiles.append(
            _tile(_("Envelopes in trouble"), waits, "tracking_envelope", "state__exact=dead")
        )
    context["tiles"] = tiles
    context["title"] = _("Today")
    return context


def _claims(now: Any) -> list[Tile]:
    tonight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    found = Claim.objects.filter(state__in=(*WITH_STAFF, ClaimState.PENDING_APPROVAL)).aggregate(
        late=Count("pk", filter=Q(due_at__lte=now)),
        today=Count("pk", filter=Q(due_at__gt=now, due_at__lt=tonight + timedelta(days=1))),
        second=Count("pk", filter=Q(state=ClaimState.PENDING_APPROVAL)),
    )
    return [
        _tile(_("Overdue"), found["late"], "claims_claim", "due=late", tone="bad"),
        _tile(_("Due today"), found["today"], "claims_claim", "due=today", tone="warn"),
        _tile(_("Waiting for a second person"), found["second"], "claims_claim", "queue=second"),
        _tile(
            _("Somebody was told"),
            _capped(Claim.objects.open().filter(standing.escalated())),
            "claims_claim",
            "queue=open&clock=escalated",
            tone="bad",
        ),
    ]


def _payments() -> list[Tile]:
    rows = Compensation.objects.all()
    failed = (CompensationState.FAILED, CompensationState.REVERSED)
    return [
        _tile(
            _("Payments that failed"),
            _capped(rows.filter(state__in=failed)),
            "claims_compensation",
            "state__exact=failed",
            tone="bad",
        ),
        _tile(
            _("Payments with an unknown outcome"),
            _capped(rows.filter(state=CompensationState.UNKNOWN)),
            "claims_compensation",
            "state__exact=unknown",
        ),
    ]


def _troubles(person_id: int | None) -> list[Tile]:
    open_ = Anomaly.objects.filter(cleared_at__isnull=True)
    severe = _capped(open_.filter(severity__lte=2, assignee=None))
    mine = _capped(open_.filter(assignee=person_id))
    return [
        _tile(_("Severe trouble nobody has"), severe, "tracking_anomaly", "queue=nobody"),
        _tile(_("Trouble in my hands"), mine, "tracking_anomaly", "queue=mine"),
    ]


def _capped(rows: QuerySet[Any]) -> int:
    return rows.order_by()[: MOST + 1].count()


def _tile(label: str, count: int, model: str, query: str, *, tone: str = "warn") -> Tile:
    address = _address(f"admin:{model}_changelist")
    href = f"{address}?{query}" if address else ""
    return Tile(label, count, href, tone if count else "calm")


def _rows(claims: QuerySet[Claim]) -> list[dict[str, Any]]:
    now = timezone.now()
    language = get_language() or "en"
    return [
        {
            "ref": claim.ref,
            "href": queue.href(claim),
            "title": queue.title(claim),
            "sum": Money(claim.claimed_minor, claim.currency).say(language),
            "due": words.due(claim.due_at, now=now),
        }
        for claim in claims.prefetch_related("lines__order_line")[:SHORT]
    ]


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar: only rooms that exist and this member of staff may enter."""
    groups = (
        (
            _("Claims"),
            (
                (_("Queue"), "inbox", "claims.claim", ""),
                (_("Second person"), "group", "claims.claim", "?queue=second"),
                (_("Approvals"), "verified", "claims.approval", "?standing=waiting"),
                (_("Stand-ins"), "emergency", "claims.standin", ""),
                (_("Refusals"), "block", "claims.decline", ""),
                (_("Payments"), "payments", "claims.compensation", ""),
                (_("Books"), "account_balance", "claims.posting", ""),
                (_("Photos"), "photo_library", "claims.evidence", ""),
                (_("Ratings"), "reviews", "claims.shopperrating", ""),
                (_("Escalations"), "campaign", "claims.escalation", ""),
                (_("Pace of the desk"), "speed", "claims.pacereport", ""),
            ),
        ),
        (
            _("Parcels"),
            (
                (_("Orders"), "shopping_bag", "tracking.order", ""),
                (_("Parcels"), "package_2", "tracking.parcel", ""),
                (_("Anomalies"), "warning", "tracking.anomaly", ""),
                (_("Disruptions"), "thunderstorm", "tracking.disruptionwindow", ""),
                (_("Expectations"), "event_upcoming", "tracking.etarevision", ""),
                (_("Transit times"), "timelapse", "tracking.transitstat", ""),
                (_("Carriers"), "local_shipping", "tracking.carrier", ""),
                (_("Connections"), "hub", "tracking.connection", ""),
                (_("Questions to carriers"), "sync", "tracking.poll", "?standing=failing"),
                (_("Subscriptions"), "notifications_active", "tracking.subscription", ""),
                (_("Envelopes"), "mark_email_unread", "tracking.envelope", ""),
                (_("Nobody's"), "unknown_document", "tracking.envelope", "?state=quarantined"),
                (_("Unknown codes"), "help", "tracking.carriercode", "?mapped=no"),
            ),
        ),
        (
            _("Letters"),
            (
                (_("Letters"), "mail", "notifications.letter", ""),
                (_("Channels"), "campaign", "notifications.preference", ""),
                (_("Webhooks"), "webhook", "notifications.endpoint", ""),
                (_("Webhook messages"), "outgoing_mail", "notifications.dispatch", ""),
            ),
        ),
        (
            _("Rules"),
            (
                (_("Policies"), "gavel", "claims.reasonpolicy", ""),
                (_("Set-aside windows"), "event_busy", "claims.filingoverride", ""),
                (_("Thresholds"), "timer", "tracking.threshold", ""),
                (_("Approval limits"), "speed", "claims.approvallimit", ""),
                (_("Service levels"), "schedule", "claims.servicelevel", ""),
                (_("Severity limits"), "priority_high", "claims.severitylimit", ""),
                (_("Automatic approvals"), "power_settings_new", "claims.autoswitch", ""),
                (_("Automatic rules"), "rule", "claims.autoapprovalrule", ""),
                (_("Automatic budgets"), "account_balance_wallet", "claims.autobudget", ""),
                (_("Carrier contracts"), "contract", "claims.carriercontract", ""),
                (_("Exchange rates"), "currency_exchange", "claims.exchangerate", ""),
            ),
        ),
        (
            _("House"),
            (
                (_("Events"), "bolt", "outbox.event", ""),
                (_("Deliveries"), "outbox", "outbox.delivery", ""),
                (_("People"), "person", "accounts.user", ""),
                (_("API tokens"), "key", "accounts.apitoken", ""),
            ),
        ),
    )
    shown = [
        {"title": title, "separator": bool(index), "items": list(_items(request, items))}
        for index, (title, items) in enumerate(groups)
    ]
    return [group for group in shown if group["items"]]


def _items(
    request: HttpRequest, items: Iterable[tuple[str, str, str, str]]
) -> Iterable[dict[str, Any]]:
    known = {
        f"{model._meta.app_label}.{model._meta.model_name}": model_admin  # noqa: SLF001
        for model, model_admin in admin.site._registry.items()  # noqa: SLF001
    }
    here = request.get_full_path()
    for title, icon, label, query in items:
        model_admin = known.get(label)
        if model_admin is None or not model_admin.has_view_permission(request):
            continue
        app, _dot, model = label.partition(".")
        address = _address(f"admin:{app}_{model}_changelist")
        link = f"{address}{query}"
        is_here = (
            here.startswith(link)
            if query
            else request.path.startswith(address) and "queue=second" not in here
        )
        yield {"title": title, "icon": icon, "link": link, "active": is_here}


def name(request: HttpRequest) -> str:
    """Return the merchant's name in the reader's language."""
    chinese = (get_language() or "").startswith("zh")
    return str(settings.BRAND["name_zh" if chinese else "name"])


def place(request: HttpRequest) -> str:
    """Return what the admin is called."""
    return pgettext("place", "Claims desk")


def icon(request: HttpRequest) -> str:
    """Return the address of the mark that browsers show beside the title."""
    return static("portal/mark.svg")


def stylesheet(request: HttpRequest) -> str:
    """Return the address of our additions to the theme."""
    return static("portal/desk-home.css")
