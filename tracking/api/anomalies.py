"""Trouble with an order: the merchant's systems report it, read it and say when it is over."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from tracking.api.fields import Moment, Rows, Strict, Text
from tracking.api.problems import Conflict
from tracking.api.serializers import InsideIn, ProblemOut, line_of
from tracking.api.views import CONTRADICTION, MISSING, REFUSALS, MerchantView
from tracking.models import Anomaly, ClearedBy, Order
from tracking.services import reporting
from tracking.states import ON_ORDERS, AnomalyKind, Lane, Party

REPORTED = [(kind.value, kind.label) for kind in AnomalyKind if kind in ON_ORDERS]
MOST = 200


class AnomalyIn(Strict):
    """Trouble that your systems noticed before any carrier could."""

    kind = serializers.ChoiceField(
        choices=REPORTED,
        error_messages={
            "invalid_choice": "Report out_of_stock, wrong_item or not_shipped; the rest we notice."
        },
    )
    lines = Rows(
        child=InsideIn(),
        max_length=500,
        required=False,
        default=list,
        help_text="Which lines, and how many of each; left out, the whole order.",
    )
    note = Text(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="For your staff. The shopper never reads it.",
    )
    expected_at = Moment(
        required=False,
        allow_null=True,
        default=None,
        help_text="When you expect it to be put right; the shopper is told this day.",
    )
    reference = Text(
        max_length=64,
        required=False,
        allow_blank=True,
        default="",
        help_text="Your own name for this report. Sent again it is the same report, even when"
        " the trouble is over.",
    )

    def as_report(self, *, skus: list[str]) -> reporting.Report:
        """Return the valid data as the service takes it."""
        data = self.validated_data
        return reporting.Report(
            kind=data["kind"],
            lines=tuple(
                (
                    part["line"]
                    if "line" in part
                    else line_of(part["sku"], skus, at=f"lines[{place}].sku"),
                    part["quantity"],
                )
                for place, part in enumerate(data["lines"])
            ),
            note=data["note"],
            expected_at=data["expected_at"],
            reference=data["reference"],
        )


class ClearIn(Strict):
    """Why it is over."""

    note = Text(max_length=500, required=False, allow_blank=True, default="")


class AnomalyOut(serializers.Serializer[Anomaly]):
    """One episode of trouble, with an order or with one of its parcels."""

    kind = serializers.ChoiceField(choices=AnomalyKind.choices)
    parcel = serializers.CharField(
        source="parcel.number", default="", help_text="Empty where it is about the order."
    )
    reference = serializers.SerializerMethodField(help_text="As you sent it.")
    party = serializers.ChoiceField(choices=Party.choices)
    lane = serializers.ChoiceField(choices=Lane.choices, allow_blank=True)
    severity = serializers.IntegerField(help_text="1 is worst, 4 mildest.")
    level = serializers.IntegerField()
    since = serializers.DateTimeField(allow_null=True, help_text="What it is counted from.")
    opened_at = serializers.DateTimeField()
    escalated_at = serializers.DateTimeField(allow_null=True)
    next_at = serializers.DateTimeField(allow_null=True, help_text="When it comes further.")
    cleared_at = serializers.DateTimeField(allow_null=True)
    cleared_by = serializers.ChoiceField(choices=ClearedBy.choices, allow_blank=True)

    def get_reference(self, anomaly: Anomaly) -> str:
        """Return the merchant's name for it."""
        return anomaly.episode if anomaly.order_id else ""


class OrderAnomalies(MerchantView):
    """The troubles of one order."""

    scopes = {
        "GET": ("orders:read", "anomalies:read"),
        "POST": ("orders:write", "anomalies:write"),
    }

    @extend_schema(
        operation_id="list_anomalies",
        summary="List the troubles of an order",
        description="Its own and those of its parcels, open and over, the newest first.",
        responses={200: AnomalyOut(many=True), **MISSING, **REFUSALS},
    )
    def get(self, request: Request, number: str) -> Response:
        """Return every episode."""
        order = _order(number)
        rows: Any = (
            Anomaly.objects.filter(Q(order=order) | Q(parcel__order=order))
            .select_related("parcel")
            .order_by("-opened_at", "-pk")[:MOST]
        )
        return Response(AnomalyOut(rows, many=True).data)

    @extend_schema(
        operation_id="report_anomaly",
        summary="Report trouble with an order",
        description=(
            "Safe to repeat: the same report again answers 200 and changes nothing. While trouble"
            " of this kind is open, a report that says something else is refused with 409: say"
            " that the first is over, then report anew, and the shopper is told the new date."
        ),
        request=AnomalyIn,
        responses={200: AnomalyOut, 201: AnomalyOut, **MISSING, **CONTRADICTION, **REFUSALS},
    )
    def post(self, request: Request, number: str) -> Response:
        """Report one trouble."""
        order = _order(number)
        given = AnomalyIn(data=request.data)
        given.is_valid(raise_exception=True)
        skus = list(order.lines.order_by("position").values_list("sku", flat=True))
        try:
            anomaly, is_new = reporting.report(
                order=order, report=given.as_report(skus=skus), now=timezone.now()
            )
        except reporting.ReportConflict as conflict:
            raise Conflict(
                f"Trouble of the kind {conflict.anomaly.kind} is known and differs. Nothing was"
                " changed.",
                conflict.differences,
            ) from conflict
        except reporting.NoSuchLine as refusal:
            raise serializers.ValidationError({f"lines[{refusal.place}]": [str(refusal)]}) from (
                refusal
            )
        return Response(AnomalyOut(anomaly).data, status=201 if is_new else 200)


class ClearAnomaly(MerchantView):
    """The end of one trouble."""

    scopes = {"POST": ("orders:write", "anomalies:write")}

    @extend_schema(
        operation_id="clear_anomaly",
        summary="Say that a trouble is over",
        description="Safe to repeat: what is over already stays as it is.",
        request=ClearIn,
        responses={
            200: AnomalyOut,
            404: OpenApiResponse(ProblemOut, "There is no such order, or never was such trouble."),
            **REFUSALS,
        },
    )
    def post(self, request: Request, number: str, kind: str) -> Response:
        """End the trouble of this kind."""
        order = _order(number)
        given = ClearIn(data=request.data or {})
        given.is_valid(raise_exception=True)
        if kind not in ON_ORDERS:
            raise NotFound("Only out_of_stock, wrong_item and not_shipped are yours to clear.")
        note: Any = given.validated_data["note"]
        try:
            anomaly = reporting.withdraw(order=order, kind=kind, note=note, now=timezone.now())
        except reporting.NothingKnown as refusal:
            raise NotFound(f"This order never had trouble of the kind {kind}.") from refusal
        return Response(AnomalyOut(anomaly).data)


def _order(number: str) -> Order:
    return get_object_or_404(Order, number=number.replace("\x00", ""))
