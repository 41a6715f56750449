"""The merchant API: register orders and parcels, and read their journeys."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tracking.api.machines import BearerAuthentication, HasScope, Pace
from tracking.api.parsers import CarefulJSONParser
from tracking.api.problems import Conflict
from tracking.api.serializers import (
    JourneyOut,
    OrderIn,
    OrderOut,
    ParcelIn,
    ParcelOut,
    ProblemOut,
    as_parcel,
)
from tracking.models import Order, OrderLine, Parcel, ParcelLine
from tracking.models.parcel import normalise
from tracking.services import journey_json, orders

REFUSALS = {
    400: OpenApiResponse(ProblemOut, "A field is wrong; each is named. Nothing was stored."),
    401: OpenApiResponse(ProblemOut, "No token, or one that is not valid."),
    403: OpenApiResponse(ProblemOut, "The token lacks the scope."),
    429: OpenApiResponse(ProblemOut, "Too many calls this minute."),
}
MISSING = {404: OpenApiResponse(ProblemOut, "There is no such thing.")}
CONTRADICTION = {409: OpenApiResponse(ProblemOut, "It contradicts what is registered.")}


class MerchantView(APIView):
    """A door for merchants' systems; each method names the scopes that open it."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScope]
    throttle_classes = [Pace]
    parser_classes = [CarefulJSONParser]
    scopes: ClassVar[dict[str, tuple[str, ...]]] = {}

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep what is about people out of every cache on the way."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer


class RegisterOrder(MerchantView):
    """Orders, one at a time."""

    scopes = {"POST": ("orders:write",)}

    @extend_schema(
        operation_id="register_order",
        summary="Register an order",
        description=(
            "Safe to repeat: the same order again answers 200 and changes nothing. An order of the"
            " same number that says something else is refused with 409 and stays as it was."
        ),
        request=OrderIn,
        responses={200: OrderOut, 201: OrderOut, **CONTRADICTION, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Register an order with its lines and parcels."""
        given = OrderIn(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            order, is_new = orders.register(order=given.as_order(), now=timezone.now())
        except orders.OrderConflict as conflict:
            raise Conflict(
                f"Order {conflict.order.number} is registered and differs. Nothing was changed.",
                conflict.differences,
            ) from conflict
        except orders.NumberTaken as refusal:
            raise Conflict("Nothing was stored.", {refusal.field: str(refusal)}) from refusal
        except orders.Refused as refusal:
            raise serializers.ValidationError({refusal.field: [str(refusal)]}) from refusal
        return Response(OrderOut(_whole(order.number)).data, status=201 if is_new else 200)


class ReadOrder(MerchantView):
    """One order."""

    scopes = {"GET": ("orders:read",)}

    @extend_schema(
        operation_id="read_order",
        summary="Read an order",
        responses={200: OrderOut, **MISSING, **REFUSALS},
    )
    def get(self, request: Request, number: str) -> Response:
        """Return the order with its lines and parcels."""
        return Response(OrderOut(_whole(number)).data)


class RegisterParcel(MerchantView):
    """The parcels of one order."""

    scopes = {"POST": ("orders:write", "parcels:write")}

    @extend_schema(
        operation_id="register_parcel",
        summary="Add a parcel to an order",
        description="Safe to repeat. What the carrier has pushed about it before is applied.",
        request=ParcelIn,
        responses={200: ParcelOut, 201: ParcelOut, **MISSING, **CONTRADICTION, **REFUSALS},
    )
    def post(self, request: Request, number: str) -> Response:
        """Register one more parcel."""
        order = get_object_or_404(Order, number=number.replace("\x00", ""))
        given = ParcelIn(data=request.data)
        given.is_valid(raise_exception=True)
        skus = list(order.lines.order_by("position").values_list("sku", flat=True))
        fresh = as_parcel(given.validated_data, skus=skus)
        is_new = not order.parcels.filter(number=normalise(fresh.number)).exists()
        try:
            parcel = orders.add_parcel(order=order, parcel=fresh, now=timezone.now())
        except orders.NumberTaken as refusal:
            raise Conflict("Nothing was stored.", {refusal.field: str(refusal)}) from refusal
        except orders.Refused as refusal:
            raise serializers.ValidationError({refusal.field: [str(refusal)]}) from refusal
        shown = _parcels().get(pk=parcel.pk)
        return Response(ParcelOut(shown).data, status=201 if is_new else 200)


class ReadParcel(MerchantView):
    """One parcel's journey."""

    scopes = {"GET": ("orders:read", "parcels:read")}

    @extend_schema(
        operation_id="read_parcel",
        summary="Read a parcel's journey",
        parameters=[
            OpenApiParameter(
                "connection", str, description="Needed only where two connections use one number."
            )
        ],
        responses={200: JourneyOut, **MISSING, **CONTRADICTION, **REFUSALS},
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """Return the journey, oldest scan first."""
        connection = request.query_params.get("connection", "").replace("\x00", "")
        try:
            body = journey_json.journey(number=normalise(number), connection=connection)
        except journey_json.Ambiguous as refusal:
            raise Conflict(
                "Several connections have a current parcel of this number.",
                {"connection": "Add ?connection= and the slug of the one you mean."},
            ) from refusal
        if body is None:
            raise NotFound("There is no current parcel with this number.")
        return HttpResponse(body, content_type="application/json")


def _parcels() -> QuerySet[Parcel]:
    return (
        Parcel.objects.select_related("carrier", "connection")
        .prefetch_related(Prefetch("lines", ParcelLine.objects.select_related("order_line")))
        .order_by("position")
    )


def _whole(number: str) -> Order:
    """Return the order with all that its answer shows, in four queries whatever its size."""
    orders_shown = Order.objects.prefetch_related(
        Prefetch("lines", OrderLine.objects.order_by("position")), Prefetch("parcels", _parcels())
    )
    return get_object_or_404(orders_shown, number=number.replace("\x00", ""))
