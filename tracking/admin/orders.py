"""Orders as the merchant's systems registered them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from portal.lib.money import Money
from tracking.admin.reading import ReadOnly
from tracking.models import Order, OrderLine, Parcel


def say(minor: int | None, currency: str) -> str:
    """Return a sum in the reader's language, a dash for none."""
    return "–" if minor is None else Money(minor, currency).say(get_language() or "en")


class LineInline(ReadOnly, TabularInline):
    """The products of an order, with price and cost each."""

    model = OrderLine
    fields = ["sku", "title", "variant", "quantity", "price", "cost"]
    readonly_fields = fields
    ordering = ["position"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        """Bring the order along for its currency."""
        return super().get_queryset(request).select_related("order")

    @display(description=_("price each"))
    def price(self, obj: OrderLine) -> str:
        """Show what the shopper paid."""
        return say(obj.price_minor, obj.order.currency)

    @display(description=_("cost each"))
    def cost(self, obj: OrderLine) -> str:
        """Show what it cost us."""
        return say(obj.cost_minor, obj.order.currency)


class ParcelInline(ReadOnly, TabularInline):
    """The parcels of an order; the number leads to the journey."""

    model = Parcel
    fields = ["link", "carrier", "status", "status_at", "delivered_at", "is_disputed"]
    readonly_fields = fields
    ordering = ["position"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Parcel]:
        """Bring the carrier along for its name."""
        return super().get_queryset(request).select_related("carrier")

    @display(description=_("tracking number"))
    def link(self, obj: Parcel) -> SafeString:
        """Lead to the parcel."""
        address = reverse("admin:tracking_parcel_change", args=[obj.pk])
        return format_html('<a class="underline" href="{}">{}</a>', address, obj.number)


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    """Orders, newest first; the merchant's system is the one that changes them."""

    list_display = ["number", "email", "recipient_name", "paid", "parcel_count", "placed_at"]
    list_filter = ["currency", "language", "placed_at"]
    search_fields = ["number", "email", "payment_reference", "parcels__number"]
    search_help_text = _("Order number, e-mail, payment reference or tracking number.")
    ordering = ["-placed_at", "-pk"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["number", "placed_at", "created_at"]}),
        (
            _("Shopper"),
            {
                "fields": [
                    "shopper", "email", "language", "recipient_name", "phone", "address",
                    "postcode", "city", "country",
                ]
            },
        ),
        (
            _("Money"),
            {"fields": ["paid", "shipping", "payment_instrument", "payment_reference"]},
        ),
    ]  # fmt: skip
    readonly_fields = ["paid", "shipping", "created_at"]
    inlines = [LineInline, ParcelInline]
    change_form_before_template = "admin/claims/filingoverride/way.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        """Count the parcels in the same query."""
        orders: QuerySet[Order] = super().get_queryset(request)
        return orders.annotate(parcel_total=Count("parcels", distinct=True))

    @display(description=_("paid"), ordering="captured_minor")
    def paid(self, obj: Order) -> str:
        """Show what was captured."""
        return say(obj.captured_minor, obj.currency)

    @display(description=_("delivery fee"))
    def shipping(self, obj: Order) -> str:
        """Show the delivery fee."""
        return say(obj.shipping_minor, obj.currency)

    @display(description=_("parcels"), ordering="parcel_total")
    def parcel_count(self, obj: Order) -> int:
        """Show how many parcels there are."""
        return int(getattr(obj, "parcel_total", 0))
