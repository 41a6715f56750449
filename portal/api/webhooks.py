"""Subscriptions: a merchant's system says where it wants to hear what happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import announcements
from notifications.models import Dispatch, DispatchState, Endpoint, WhyOff
from notifications.services import endpoints
from portal.accounts.models import ApiToken
from tracking.api.fields import Rows, Strict, Text, Whole
from tracking.api.problems import Conflict
from tracking.api.views import CONTRADICTION, MISSING, REFUSALS, MerchantView

RECENT = 20
"""So many of the last messages are shown with a webhook."""


class WebhookIn(Strict):
    """Where to send, and which events."""

    url = Text(
        max_length=500,
        help_text="An https address on the public internet, on port 443 or 8443.",
    )
    events = Rows(
        child=serializers.ChoiceField(list(announcements.BY_TYPE)),
        min_length=1,
        max_length=50,
        help_text="The token must be able to read what they tell of: parcels:read or orders:read"
        " for parcel.* and anomaly.*, claims:read for claim.*.",
    )
    description = Text(max_length=120, required=False, default="", allow_blank=True)


class RotateIn(Strict):
    """How long the old secret stays good."""

    overlap_hours = Whole(
        min_value=0,
        max_value=168,
        default=24,
        help_text="Until then each message is signed with both secrets. 0 drops the old one at"
        " once, as after a leak.",
    )


class WebhookOut(serializers.Serializer[Any]):
    """A webhook as it stands."""

    id = serializers.CharField(source="ref")
    url = serializers.CharField()
    description = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(list(announcements.BY_TYPE)))
    is_active = serializers.BooleanField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_reason = serializers.ChoiceField(WhyOff.choices, allow_blank=True)
    failing_since = serializers.DateTimeField(allow_null=True)
    former_secret_until = serializers.DateTimeField(source="former_until", allow_null=True)
    created_at = serializers.DateTimeField()


class WebhookMadeOut(WebhookOut):
    """A webhook with its secret, which is shown this once."""

    secret = serializers.SerializerMethodField()

    def get_secret(self, _endpoint: Endpoint) -> str:
        """Return the secret that the view was just given."""
        return str(self.context["secret"])


class MessageOut(serializers.Serializer[Any]):
    """One message on its way to a webhook."""

    id = serializers.CharField(source="message_id")
    type = serializers.CharField()
    state = serializers.ChoiceField(DispatchState.choices)
    attempts = serializers.IntegerField()
    last_status = serializers.IntegerField(source="status", allow_null=True)
    last_error = serializers.CharField(source="error", allow_blank=True)
    due_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField(source="written_at")
    delivered_at = serializers.DateTimeField(allow_null=True)


class WebhookWithMessagesOut(WebhookOut):
    """A webhook and its last messages, the newest first."""

    messages = serializers.SerializerMethodField()

    @extend_schema_field(MessageOut(many=True))
    def get_messages(self, endpoint: Endpoint) -> Any:
        """Return the last messages without what they said."""
        rows = Dispatch.objects.filter(endpoint=endpoint).defer("body")
        return MessageOut(rows.order_by("-written_at", "-pk")[:RECENT], many=True).data


class WebhooksOut(serializers.Serializer[Any]):
    """All webhooks."""

    webhooks = WebhookOut(many=True)


class OnItsWayOut(serializers.Serializer[Any]):
    """The id of the message that is on its way."""

    id = serializers.CharField(source="message_id")


class Webhooks(MerchantView):
    """All of them."""

    scopes = {"GET": ("webhooks:read", "webhooks:write"), "POST": ("webhooks:write",)}

    @extend_schema(
        operation_id="list_webhooks",
        summary="List the webhooks",
        responses={200: WebhooksOut, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        """Return every webhook that was not removed."""
        rows = _kept().order_by("created_at", "pk")
        return Response(WebhooksOut({"webhooks": rows}).data)

    @extend_schema(
        operation_id="make_webhook",
        summary="Make a webhook",
        description=(
            "From now on each of the events is posted to the address, sealed after Standard"
            " Webhooks (standardwebhooks.com). The answer holds the secret to verify the seal"
            " with; it is shown this once. See docs/webhooks.md for the messages and retries."
        ),
        request=WebhookIn,
        responses={201: WebhookMadeOut, **CONTRADICTION, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        """Make a webhook and show its secret once."""
        given = WebhookIn(data=request.data)
        given.is_valid(raise_exception=True)
        token = _token(request)
        _may_hear(token, given.validated_data["events"])
        try:
            endpoint, secret = endpoints.make(
                **given.validated_data, now=timezone.now(), created_with=token
            )
        except endpoints.BadAddress as refusal:
            raise serializers.ValidationError({"url": [str(refusal)]}) from refusal
        except endpoints.UnknownEvent as refusal:
            raise serializers.ValidationError({"events": [str(refusal)]}) from refusal
        except endpoints.AddressTaken as refusal:
            raise Conflict("Nothing was stored.", {"url": str(refusal)}) from refusal
        except endpoints.TooMany as refusal:
            raise Conflict(str(refusal), {}) from refusal
        made = WebhookMadeOut(endpoint, context={"secret": secret})
        return Response(made.data, status=201)


class Webhook(MerchantView):
    """One of them."""

    scopes = {"GET": ("webhooks:read", "webhooks:write"), "DELETE": ("webhooks:write",)}

    @extend_schema(
        operation_id="read_webhook",
        summary="Read a webhook and its last messages",
        responses={200: WebhookWithMessagesOut, **MISSING, **REFUSALS},
    )
    def get(self, request: Request, endpoint: str) -> Response:
        """Return the webhook; its secret is not shown again."""
        return Response(WebhookWithMessagesOut(_find(endpoint)).data)

    @extend_schema(
        operation_id="remove_webhook",
        summary="Remove a webhook",
        description="Nothing more is sent to it, and its secret is wiped.",
        responses={204: OpenApiResponse(description="It is gone."), **MISSING, **REFUSALS},
    )
    def delete(self, request: Request, endpoint: str) -> Response:
        """Remove the webhook for good."""
        endpoints.remove(endpoint=_find(endpoint), now=timezone.now())
        return Response(status=204)


class RotateWebhook(MerchantView):
    """A new secret."""

    scopes = {"POST": ("webhooks:write",)}

    @extend_schema(
        operation_id="rotate_webhook_secret",
        summary="Give a webhook a new secret",
        description=(
            "The answer shows the new secret once. Until `former_secret_until` every message"
            " carries a signature with either secret, so nothing is lost while you change over."
        ),
        request=RotateIn,
        responses={200: WebhookMadeOut, **MISSING, **REFUSALS},
    )
    def post(self, request: Request, endpoint: str) -> Response:
        """Make a new secret and keep the old one good for a while."""
        given = RotateIn(data=request.data or {})
        given.is_valid(raise_exception=True)
        row = _find(endpoint)
        overlap = timedelta(hours=given.validated_data["overlap_hours"])
        secret = endpoints.rotate(endpoint=row, now=timezone.now(), overlap=overlap)
        return Response(WebhookMadeOut(row, context={"secret": secret}).data)


class TryWebhook(MerchantView):
    """A message that means nothing."""

    scopes = {"POST": ("webhooks:write",)}

    @extend_schema(
        operation_id="test_webhook",
        summary="Send a test message",
        description=(
            "Sends `webhook.test` by the same way as any other message. Read the webhook to see"
            " what became of it."
        ),
        request=None,
        responses={202: OnItsWayOut, **MISSING, **CONTRADICTION, **REFUSALS},
    )
    def post(self, request: Request, endpoint: str) -> Response:
        """Put a test message on its way."""
        try:
            sent = endpoints.send_test(endpoint=_find(endpoint), now=timezone.now())
        except endpoints.SwitchedOff as refusal:
            raise Conflict(str(refusal), {}) from refusal
        return Response(OnItsWayOut(sent).data, status=202)


def _kept() -> QuerySet[Endpoint]:
    return Endpoint.objects.exclude(disabled_reason=WhyOff.REMOVED)


def _find(ref: str) -> Endpoint:
    found = _kept().filter(ref=ref.replace("\x00", "")).first()
    if found is None:
        raise Http404
    return found


def _token(request: Request) -> ApiToken:
    token = request.auth
    if not isinstance(token, ApiToken):
        raise PermissionDenied
    return token


def _may_hear(token: ApiToken, events: list[str]) -> None:
    """Refuse to tell by webhook what the token could not read by asking."""
    for event in events:
        wanted = announcements.BY_TYPE[event].scopes
        if not set(wanted) & set(token.scopes):
            raise PermissionDenied(
                f"To hear of {event}, this token needs the scope {' or '.join(wanted)} too."
            )
