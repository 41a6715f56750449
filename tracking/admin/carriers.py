"""Carriers, and the connections through which their news comes."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from portal.lib import sealing
from tracking import calendars
from tracking.carriers import homes, registry
from tracking.models import Carrier, Connection, ConnectionSecret
from tracking.models.polling import BreakerState, SubscriptionState
from tracking.services import breakers, credentials, keys, standing


class CarrierForm(forms.ModelForm):
    """A carrier whose time zone exists."""

    def clean_timezone(self) -> str:
        """Refuse a zone that no clock knows."""
        zone = str(self.cleaned_data["timezone"]).strip()
        if zone not in available_timezones():
            raise forms.ValidationError(
                _("There is no such time zone. Write one like Europe/Berlin or Asia/Shanghai.")
            )
        return zone

    def clean_country(self) -> str:
        """Write a country in capitals."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Write two letters, such as DE."))
        return country

    def clean_weekdays(self) -> str:
        """Take days of the week only, each once."""
        days = "".join(sorted(set(str(self.cleaned_data["weekdays"]).strip())))
        if days.strip("1234567"):
            raise forms.ValidationError(_("Write digits from 1, Monday, to 7, Sunday."))
        return days

    def clean(self) -> dict[str, Any]:
        """Refuse a part of a country whose holidays nobody knows."""
        given = super().clean() or {}
        part = str(given.get("subdivision") or "").strip()
        country = given.get("country") or homes.country(str(given.get("timezone", "")))
        if part and calendars.known(country, part)[1] != part:
            self.add_error("subdivision", _("No holidays are known for this part of the country."))
        return given


@admin.register(Carrier)
class CarrierAdmin(ModelAdmin):
    """Couriers by name and home."""

    form = CarrierForm
    list_display = ["slug", "name_en", "name_zh", "timezone", "country", "weekdays", "is_postal"]
    list_filter = ["is_postal", "country"]
    search_fields = ["slug", "name_en", "name_zh"]
    ordering = ["slug"]

    def get_readonly_fields(self, request: HttpRequest, obj: Carrier | None = None) -> list[str]:
        """Keep the slug of a carrier for good: adapters and merchants know it by that."""
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Carrier | None = None) -> bool:
        """Refuse; parcels remember their carrier."""
        return False


class ConnectionForm(forms.ModelForm):
    """A connection with one of the adapters we have."""

    adapter = forms.ChoiceField(
        label=_("adapter"),
        choices=lambda: [(slug, slug) for slug in registry.slugs()],
        widget=UnfoldAdminSelectWidget,
    )

    def clean_settings(self) -> dict[str, Any]:
        """Take an object only."""
        given = self.cleaned_data["settings"] or {}
        if not isinstance(given, dict):
            raise forms.ValidationError(_("Write a JSON object, such as {}."))
        return given


@admin.register(Connection)
class ConnectionAdmin(ModelAdmin):
    """Accounts with carriers: where they push to, and the secrets that seal it."""

    form = ConnectionForm
    list_display = ["slug", "label", "adapter", "is_active", "live_secrets", "shown_breaker"]
    list_filter = ["adapter", "is_active", "breaker__state"]
    list_select_related = ["breaker"]
    search_fields = ["slug", "label"]
    ordering = ["slug"]
    readonly_fields = ["address"]
    actions_detail = ["health_page", "credentials_page", "secrets_page"]

    def get_fields(self, request: HttpRequest, obj: Connection | None = None) -> list[str]:
        """Show the address once there is one."""
        fields = ["slug", "label", "adapter", "settings", "trusts_pushes", "is_active"]
        return [*fields[:3], "address", *fields[3:]] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> list[str]:
        """Keep slug and adapter for good: the carrier pushes there in that format."""
        return ["address", "slug", "adapter"] if obj else ["address"]

    def has_delete_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        """Refuse; make it inactive instead."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        """Bring the secrets along for the list."""
        return super().get_queryset(request).prefetch_related("secrets")

    @display(description=_("live secrets"))
    def live_secrets(self, obj: Connection) -> int:
        """Count the secrets that open the door."""
        return sum(secret.revoked_at is None for secret in obj.secrets.all())

    @display(
        description=_("asking"),
        label={"closed": "success", "open": "danger", "half_open": "warning"},
    )
    def shown_breaker(self, obj: Connection) -> tuple[str, str]:
        """Show whether the carrier is asked at present."""
        breaker = getattr(obj, "breaker", None)
        if breaker is None:
            return BreakerState.CLOSED, "–"
        return breaker.state, breaker.get_state_display()

    @action(description=_("Health"), url_path="health", permissions=["view"])
    def health_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show how the connection stands, and let a person have it asked again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        connection = Connection.objects.filter(pk=object_id).first()
        if connection is None:
            raise Http404
        now = timezone.now()
        if request.method == "POST":
            if not self.has_keys_permission(request):
                raise PermissionDenied
            person: Any = request.user
            breakers.reset(connection=connection, user=person, now=now)
            self.message_user(
                request, _("The carrier is asked again from now on."), messages.SUCCESS
            )
            return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("How %(label)s stands") % {"label": connection.label},
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            "connection": connection,
            "health": standing.health(connection=connection, now=now),
            "states": dict(SubscriptionState.choices),
            "may_reset": self.has_keys_permission(request),
        }
        return TemplateResponse(request, "admin/tracking/connection/health.html", context)

    @action(description=_("Credentials"), url_path="credentials", permissions=["keys"])
    def credentials_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Take what the carrier gave the merchant to ask with; it is never shown again."""
        if not self.has_keys_permission(request):
            raise PermissionDenied
        connection = Connection.objects.filter(pk=object_id).first()
        if connection is None or connection.adapter not in registry.ADAPTERS:
            raise Http404
        adapter = registry.get(connection.adapter)
        names = adapter.capabilities.credentials
        if request.method == "POST":
            typed = {name: request.POST.get(f"credential-{name}", "") for name in names}
            credentials.keep(connection=connection, values=typed)
            self.message_user(request, _("Kept and sealed."), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        try:
            missing, is_readable = set(credentials.missing(connection, adapter)), True
        except sealing.Unreadable:
            missing, is_readable = set(names), False
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Credentials of %(label)s") % {"label": connection.label},
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            "connection": connection,
            "rows": [(name, name not in missing) for name in names],
            "options": adapter.capabilities.options,
            "is_readable": is_readable,
        }
        response = TemplateResponse(request, "admin/tracking/connection/credentials.html", context)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    @display(description=_("address for the carrier"))
    def address(self, obj: Connection) -> SafeString:
        """Show where the carrier pushes to, ready to copy."""
        return format_html(
            '<input class="border rounded-default px-3 py-2 w-full font-mono" value="{}" readonly'
            ' aria-label="{}">',
            settings.SITE_URL + reverse("carrier-hook", args=[obj.slug]),
            gettext("Address for the carrier"),
        )

    def has_keys_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Test whether this person may handle secrets."""
        return request.user.has_perm("tracking.change_connection")

    @action(description=_("Secrets"), url_path="secrets", permissions=["keys"])
    def secrets_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Add a secret, typed or invented, and show an invented one once; revoke one."""
        if not self.has_keys_permission(request):
            raise PermissionDenied
        connection = Connection.objects.filter(pk=object_id).first()
        if connection is None:
            raise Http404
        if request.method == "POST":
            return self._press(request, connection)
        return self._secrets(request, connection)

    def _press(self, request: HttpRequest, connection: Connection) -> HttpResponse:
        if "revoke" in request.POST:
            secret = connection.secrets.filter(pk=_number(request.POST["revoke"])).first()
            if secret is None:
                raise Http404
            keys.revoke(secret=secret, now=timezone.now())
            self.message_user(
                request,
                _("The secret ending in %(hint)s opens nothing any more.")
                % {"hint": secret.hint or "…"},
                messages.SUCCESS,
            )
            return HttpResponseRedirect(request.path)
        typed = request.POST.get("secret", "").strip()
        plain = typed or keys.invent()
        try:
            keys.add(connection=connection, secret=plain, now=timezone.now())
        except keys.NoFreeSlot:
            self.message_user(
                request, _("Two secrets are live already. Revoke one first."), messages.ERROR
            )
            return self._secrets(request, connection)
        if typed:
            self.message_user(request, _("The secret is kept and works now."), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        return self._secrets(request, connection, plain=plain)

    def _secrets(
        self, request: HttpRequest, connection: Connection, *, plain: str = ""
    ) -> HttpResponse:
        live = list(
            ConnectionSecret.objects.filter(
                connection=connection, revoked_at__isnull=True
            ).order_by("slot")
        )
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Secrets of %(label)s") % {"label": connection.label},
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            "connection": connection,
            "live": live,
            "has_room": len(live) < 2,
            "plain": plain,
        }
        response = TemplateResponse(request, "admin/tracking/connection/secrets.html", context)
        response.headers["Cache-Control"] = "no-store, private"
        return response


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
