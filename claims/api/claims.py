"""Claims for the merchant's own systems: read them, and file one that a shopper told you of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.urls import URLPattern, path
from django.utils import timezone, translation
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from claims import rules
from claims.models import Assessment, Claim, ClaimLine, ClaimTransition
from claims.services import actions, clocks, filing_by_machine
from claims.services.claims import Incomplete, WindowShut
from claims.services.filing import BY_HAND
from claims.services.filing_by_machine import AnotherClaim
from claims.services.refusals import Refusal
from claims.services.steps import UnitsTaken
from claims.sla import SEVERITIES, ClockKind
from claims.states import OPEN, ClaimReason, ClaimState, DeclineCode, Wish
from portal.accounts.models import ApiToken
from portal.lib.moves import Role
from tracking.api.fields import Rows, Strict, Text
from tracking.api.problems import Conflict
from tracking.api.serializers import InsideIn, line_of
from tracking.api.views import CONTRADICTION, MISSING, REFUSALS, MerchantView
from tracking.models import Order, Parcel
from tracking.models.parcel import normalise

PAGE, MOST = 50, 200
STATES = [state.value for state in ClaimState if state != ClaimState.DRAFT]
"""Drafts are the shopper's own and no business of any system."""
STATE_CHOICES = [(state, state) for state in STATES]


# --- What is told ----------------------------------------------------------


class PublicStatusOut(serializers.Serializer[Any]):
    """What the shopper reads of a state."""

    key = serializers.CharField()
    label = serializers.CharField(help_text="In English.")  # type: ignore[assignment]


class ItemOut(serializers.Serializer[ClaimLine]):
    """So many of one thing."""

    line = serializers.IntegerField(source="order_line.position")
    sku = serializers.CharField(source="order_line.sku")
    quantity = serializers.IntegerField()
    price_minor = serializers.IntegerField(help_text="Paid for each.")


class AmountsOut(serializers.Serializer[Claim]):
    """Amounts in minor units, each kept apart and never overwritten by the next."""

    claimed_minor = serializers.IntegerField()
    assessed_minor = serializers.IntegerField()
    approved_minor = serializers.IntegerField()
    executed_minor = serializers.IntegerField(help_text="Proved to have left us.")


class PromiseOut(serializers.Serializer[Any]):
    """One promise of ours."""

    kind = serializers.ChoiceField(choices=ClockKind.choices)
    due_at = serializers.DateTimeField()
    calendar = serializers.CharField(help_text="Which days and hours were counted.")
    is_paused = serializers.BooleanField(help_text="It stands still while we wait for somebody.")
    met_at = serializers.DateTimeField(allow_null=True)


class StepOut(serializers.Serializer[ClaimTransition]):
    """One step the claim took; who took it is told as a role, never as a name."""

    verb = serializers.CharField()
    origin = serializers.ChoiceField(choices=ClaimState.choices)
    target = serializers.ChoiceField(choices=ClaimState.choices)
    role = serializers.ChoiceField(choices=Role.choices)
    reason_code = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(
        allow_blank=True, help_text="Steps of one request or task share it."
    )
    occurred_at = serializers.DateTimeField()


class ActionOut(serializers.Serializer[Any]):
    """Something a party may do now."""

    verb = serializers.CharField()
    label = serializers.CharField(help_text="In English.")  # type: ignore[assignment]
    due_at = serializers.DateTimeField(allow_null=True)
    is_mandatory = serializers.BooleanField(
        help_text="The claim stands still until this party does one of its mandatory actions."
    )
    needs = serializers.ListField(
        child=serializers.CharField(), help_text="What has to be given with it."
    )


class PartyOut(serializers.Serializer[Any]):
    """What one party may do now."""

    party = serializers.ChoiceField(choices=Role.choices)
    actions = ActionOut(many=True)


class AssessmentLineOut(serializers.Serializer[Any]):
    """One line of an assessment."""

    title = serializers.CharField(allow_blank=True)
    quantity = serializers.IntegerField()
    each_minor = serializers.IntegerField()
    amount_minor = serializers.IntegerField()


class AssessmentOut(serializers.Serializer[Assessment]):
    """What the claim was last found to be worth, and by which rule."""

    number = serializers.IntegerField()
    amount_minor = serializers.IntegerField()
    rule = serializers.CharField()
    text_en = serializers.CharField()
    text_zh = serializers.CharField()
    made_at = serializers.DateTimeField()
    lines = AssessmentLineOut(many=True)


class ClaimOut(serializers.Serializer[Claim]):
    """One claim in short."""

    ref = serializers.CharField()
    order = serializers.CharField(source="order.number")
    parcel = serializers.SerializerMethodField(help_text="Empty where nothing was ever sent.")
    reason = serializers.ChoiceField(choices=ClaimReason.choices)
    wish = serializers.ChoiceField(choices=Wish.choices, allow_blank=True)
    severity = serializers.ChoiceField(choices=[(number, f"S{number}") for number in SEVERITIES])
    state = serializers.ChoiceField(choices=STATE_CHOICES)
    public_status = serializers.SerializerMethodField()
    waits_for = serializers.SerializerMethodField()
    due_at = serializers.SerializerMethodField()
    currency = serializers.CharField()
    amounts = AmountsOut(source="*")
    submitted_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)

    def get_parcel(self, claim: Claim) -> str:
        """Return the tracking number."""
        return claim.parcel.number if claim.parcel is not None else ""

    @extend_schema_field(PublicStatusOut)
    def get_public_status(self, claim: Claim) -> dict[str, str]:
        """Return what the shopper reads."""
        status = rules.public_status(claim.state)
        return {"key": status.key, "label": str(status.label)}

    @extend_schema_field(serializers.ChoiceField(choices=Role.choices, allow_null=True))
    def get_waits_for(self, claim: Claim) -> str | None:
        """Return whose turn it is; nobody's once it has ended."""
        owner = rules.owner(claim.state)
        return owner.value if owner else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_due_at(self, claim: Claim) -> str | None:
        """Return when whoever it waits for must have acted; nothing once it has ended."""
        if claim.state not in OPEN:
            return None
        return serializers.DateTimeField().to_representation(claim.due_at)


class WholeClaimOut(ClaimOut):
    """One claim with all that may be told of it. What people wrote is not."""

    channel = serializers.CharField(help_text="How it came to us.")
    items = ItemOut(source="lines", many=True)
    legal_due_at = serializers.DateTimeField(allow_null=True)
    appeal_until = serializers.DateTimeField(allow_null=True)
    decision_code = serializers.ChoiceField(choices=DeclineCode.choices, allow_blank=True)
    promises = serializers.SerializerMethodField()
    assessment = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField(help_text="Those the shopper may see, oldest first.")
    parties = serializers.SerializerMethodField(
        help_text="What each party may do now. What is listed is refused only for what is given"
        " with it, or because somebody else was faster."
    )

    @extend_schema_field(PromiseOut(many=True))
    def get_promises(self, claim: Claim) -> Any:
        """Return the promises of the latest round."""
        return PromiseOut(clocks.told(claim=claim), many=True).data

    @extend_schema_field(AssessmentOut(allow_null=True))
    def get_assessment(self, claim: Claim) -> Any:
        """Return the newest assessment, or nothing."""
        newest = claim.assessments.order_by("-number").first()
        return AssessmentOut(newest).data if newest is not None else None

    @extend_schema_field(StepOut(many=True))
    def get_steps(self, claim: Claim) -> Any:
        """Return the visible steps, oldest first."""
        rows: Any = claim.transitions.filter(visible_to_shopper=True).order_by("pk")
        return StepOut(rows, many=True).data

    @extend_schema_field(PartyOut(many=True))
    def get_parties(self, claim: Claim) -> Any:
        """Return what each party may do now, those who may do nothing left out."""
        now = self.context["now"]
        found = [
            {
                "party": role.value,
                "actions": actions.available_actions(claim=claim, role=role, now=now),
            }
            for role in Role
        ]
        return PartyOut([row for row in found if row["actions"]], many=True).data


class ClaimsOut(serializers.Serializer[Any]):
    """Some claims, the newest first."""

    claims = ClaimOut(many=True)
    next = serializers.CharField(
        allow_null=True, help_text="Ask again with ?before= this for older ones; null at the end."
    )


# --- What is taken ----------------------------------------------------------


class ClaimIn(Strict):
    """A claim as a shopper told you of it."""

    key = serializers.UUIDField(
        help_text="Your own UUID for this claim. Sent again it is the same claim."
    )
    order = Text(max_length=64, help_text="The order's number.")
    parcel = Text(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="The tracking number; left out only where nothing was ever sent.",
    )
    channel = serializers.ChoiceField(
        choices=[(channel.value, channel.label) for channel in BY_HAND],
        help_text="How the shopper told you.",
    )
    reason = serializers.ChoiceField(choices=ClaimReason.choices)
    lines = Rows(child=InsideIn(), min_length=1, max_length=500)
    answers = serializers.DictField(
        child=Text(max_length=40),
        required=False,
        default=dict,
        help_text="Answers to the reason's questions, by key; unknown ones are left out.",
    )
    story = Text(
        max_length=600,
        required=False,
        allow_blank=True,
        default="",
        help_text="The shopper's own words.",
    )
    wish = serializers.ChoiceField(choices=Wish.choices)


# --- The doors ----------------------------------------------------------


class Claims(MerchantView):
    """All of them."""

    scopes = {"GET": ("claims:read", "claims:write"), "POST": ("claims:write",)}

    @extend_schema(
        operation_id="list_claims",
        summary="List claims",
        description="The newest first. Drafts are not among them.",
        parameters=[
            OpenApiParameter("order", str, description="Only those about this order."),
            OpenApiParameter(
                "state", str, many=True, enum=STATES, description="Only those in these states."
            ),
            OpenApiParameter("before", str, description="The ref to go on after, from `next`."),
            OpenApiParameter("limit", int, description=f"At most {MOST}; {PAGE} if left out."),
        ],
        responses={200: ClaimsOut, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """Return one page of claims."""
        limit = _limit(request)
        rows = _asked_for(request)[: limit + 1]
        shown = list(rows)
        following = shown[limit - 1].ref if len(shown) > limit else None
        with translation.override("en"):
            body = ClaimsOut({"claims": shown[:limit], "next": following}).data
        return Response(body)

    @extend_schema(
        operation_id="file_claim",
        summary="File a claim for a shopper",
        description=(
            "Safe to repeat with the same key. The same windows hold as for shoppers: outside them"
            " it is refused with 409 and says why. Photos may follow; what is missing is noted for"
            " the desk. The shopper gets the same letter as for a claim of their own."
        ),
        request=ClaimIn,
        responses={200: WholeClaimOut, 201: WholeClaimOut, **CONTRADICTION, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """File one claim."""
        given = ClaimIn(data=request.data)
        given.is_valid(raise_exception=True)
        with translation.override("en"):
            claim, is_new = _file(given.validated_data, sender=_sender(request))
            body = _whole(claim.ref)
        return Response(body, status=201 if is_new else 200)


class OneClaim(MerchantView):
    """One of them."""

    scopes = {"GET": ("claims:read", "claims:write")}

    @extend_schema(
        operation_id="read_claim",
        summary="Read a claim",
        description="State, amounts, promises, visible steps, and what each party may do now.",
        responses={200: WholeClaimOut, **MISSING, **REFUSALS},
    )
    def get(self, request: Request, ref: str) -> Response:
        """Return the claim."""
        with translation.override("en"):
            return Response(_whole(ref))


def _whole(ref: str) -> Any:
    lines = Prefetch(
        "lines",
        ClaimLine.objects.select_related("order_line").order_by("order_line__position", "pk"),
    )
    claims = _sent().prefetch_related(lines).select_related("policy")
    claim = claims.filter(ref=ref.replace("\x00", "")).first()
    if claim is None:
        raise Http404
    return WholeClaimOut(claim, context={"now": timezone.now()}).data


def _sent() -> QuerySet[Claim]:
    """Return claims that were sent: a draft, or one given up as a draft, is told to nobody."""
    return Claim.objects.filter(submitted_at__isnull=False).select_related("order", "parcel")


def _asked_for(request: Request) -> QuerySet[Claim]:
    claims = _sent().order_by("-pk")
    if number := request.query_params.get("order", ""):
        claims = claims.filter(order__number=number.replace("\x00", ""))
    states = request.query_params.getlist("state")
    unknown = sorted({state[:40] for state in states} - set(STATES))
    if unknown:
        raise serializers.ValidationError(
            {"state": [f"There is no such state: {', '.join(unknown[:5])}."]}
        )
    if states:
        claims = claims.filter(state__in=states)
    if before := request.query_params.get("before", ""):
        last = _sent().filter(ref=before.replace("\x00", "")).values_list("pk", flat=True).first()
        if last is None:
            raise serializers.ValidationError({"before": ["There is no such claim."]})
        claims = claims.filter(pk__lt=last)
    return claims


def _limit(request: Request) -> int:
    value = request.query_params.get("limit", "") or str(PAGE)
    if not (value.isascii() and value.isdigit() and len(value) < 5 and 1 <= int(value) <= MOST):
        raise serializers.ValidationError({"limit": [f"Send a whole number from 1 to {MOST}."]})
    return int(value)


def _sender(request: Request) -> str:
    return request.auth.name if isinstance(request.auth, ApiToken) else ""


def _file(data: dict[str, Any], *, sender: str) -> tuple[Claim, bool]:
    order = Order.objects.filter(number=data["order"]).select_related("shopper").first()
    if order is None:
        raise serializers.ValidationError({"order": ["There is no such order."]})
    parcel = _parcel(order, data["parcel"])
    lines = list(order.lines.order_by("position"))
    skus = [line.sku for line in lines]
    quantities: dict[int, int] = {}
    for place, part in enumerate(data["lines"]):
        number = (
            part["line"] if "line" in part else line_of(part["sku"], skus, at=f"lines[{place}].sku")
        )
        if number > len(lines):
            raise serializers.ValidationError(
                {f"lines[{place}].line": ["The order has no such line."]}
            )
        key = lines[number - 1].pk
        quantities[key] = quantities.get(key, 0) + part["quantity"]
    try:
        return filing_by_machine.file(
            parcel=parcel, order=order, sender=sender, channel=data["channel"],
            reason=data["reason"], quantities=quantities, answers=data["answers"],
            story=data["story"], wish=data["wish"], key=data["key"], now=timezone.now(),
        )  # fmt: skip
    except (WindowShut, UnitsTaken, AnotherClaim) as refusal:
        raise Conflict(f"{refusal} Nothing was stored.", {_field(refusal): str(refusal)}) from (
            refusal
        )
    except Incomplete as refusal:
        missing: Sequence[str] = refusal.facts["missing"]
        raise serializers.ValidationError({"body": list(missing)}) from refusal
    except Refusal as refusal:
        raise serializers.ValidationError({_field(refusal): [str(refusal)]}) from refusal


def _field(refusal: Refusal) -> str:
    return {
        "window_shut": "reason", "units_taken": "lines", "nothing_free": "lines",
        "unknown_item": "lines", "another_claim": "key", "unknown_wish": "wish",
        "unknown_reason": "reason", "no_policy": "reason", "story_too_long": "story",
    }.get(refusal.code, "body")  # fmt: skip


def _parcel(order: Order, number: str) -> Parcel | None:
    if not number:
        return None
    wanted = normalise(number)
    parcels = order.parcels.filter(number=wanted).select_related("order__shopper")
    parcel = parcels.order_by("-pk").first()
    if parcel is None:
        raise serializers.ValidationError({"parcel": ["The order has no such parcel."]})
    return parcel


urlpatterns: list[URLPattern] = [
    path("api/v1/claims/", Claims.as_view(), name="api-claims"),
    path("api/v1/claims/<str:ref>/", OneClaim.as_view(), name="api-claim"),
]
