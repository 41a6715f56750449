"""Receive a push the plain way: serializer, get_or_create, save, delay; each event by itself."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.naive.tasks import announce
from portal.lib import sealing
from tracking.carriers import standard
from tracking.models import Connection, Parcel, ParcelMilestone, Sighting
from tracking.scans import Scan
from tracking.states import ParcelStatus


class EventSerializer(serializers.Serializer[Any]):
    """One event of the generic format."""

    id = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=ParcelStatus.choices)
    text = serializers.CharField(required=False, default="")
    location = serializers.CharField(required=False, default="")


class ParcelSerializer(serializers.Serializer[Any]):
    """One parcel of the generic format."""

    number = serializers.CharField()
    events = EventSerializer(many=True)


class PushSerializer(serializers.Serializer[Any]):
    """One body of the generic format."""

    parcels = ParcelSerializer(many=True)


class Hook(APIView):
    """The naive door."""

    def post(self, request: Request, slug: str) -> Response:
        """Check the seal, store each event, save the parcel, send a task."""
        connection = get_object_or_404(Connection, slug=slug, is_active=True)
        body = request._request.body  # noqa: SLF001 - the seal is over the raw bytes
        secrets = [
            sealing.open(row.ciphertext)
            for row in connection.secrets.filter(revoked_at__isnull=True)
        ]
        headers = {name.lower(): value for name, value in request.headers.items()}
        if standard.verify(body, headers, secrets, now=timezone.now()):
            return Response({"detail": "bad seal"}, status=401)
        push = PushSerializer(data=request.data)
        push.is_valid(raise_exception=True)
        for row in push.validated_data["parcels"]:
            with transaction.atomic():
                self.apply(connection, row)
        return Response({}, status=202)

    def apply(self, connection: Connection, row: dict[str, Any]) -> None:
        """Store what is new of one parcel."""
        parcel = (
            Parcel.objects.select_for_update(of=("self",))
            .select_related("carrier")
            .get(connection=connection, number=row["number"], is_current=True)
        )
        fresh = False
        for event in row["events"]:
            scan = Scan(event_id=event["id"])
            _sighting, is_new = Sighting.objects.get_or_create(
                parcel=parcel,
                fingerprint=scan.fingerprint(carrier=parcel.carrier.slug, number=parcel.number),
                defaults={
                    "occurred_at": event["occurred_at"],
                    "local_time": event["occurred_at"].strftime("%Y-%m-%dT%H:%M:%S"),
                    "offset_source": "offset",
                    "status": event["status"],
                    "raw_code": event["status"],
                    "raw_text": event["text"],
                    "location": event["location"],
                    "event_id": event["id"],
                    "received_at": timezone.now(),
                },
            )
            if not is_new:
                continue
            fresh = True
            _milestone, is_first = ParcelMilestone.objects.get_or_create(
                parcel=parcel,
                leg=1,
                status=event["status"],
                defaults={"reached_at": event["occurred_at"], "noticed_at": timezone.now()},
            )
            if is_first:
                told = (parcel.pk, event["status"], event["occurred_at"].isoformat())
                transaction.on_commit(lambda told=told: announce.delay(*told))  # type: ignore[misc]
        if fresh:
            newest = parcel.sightings.exclude(status="").order_by("-occurred_at").first()
            if newest is not None:
                parcel.status = newest.status
                parcel.status_at = parcel.last_scan_at = newest.occurred_at
                if newest.status == ParcelStatus.DELIVERED:
                    parcel.delivered_at = newest.occurred_at
                parcel.revision += 1
                parcel.save()
