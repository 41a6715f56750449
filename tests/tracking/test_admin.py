"""The desk sees every fact, changes none, and may open envelopes again."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts import roles
from portal.accounts.models import User
from portal.outbox.models import Event
from tests.factories.tracking import (
    NOON,
    CarrierFactory,
    ConnectionFactory,
    EnvelopeFactory,
    OrderFactory,
    OrderLineFactory,
    ParcelFactory,
    ParcelLineFactory,
    SightingFactory,
)
from tests.tracking import pushes
from tracking.admin.reading import readable
from tracking.models import CarrierCode, Connection, ConnectionSecret, Envelope, Parcel
from tracking.services import keys
from tracking.states import EnvelopeState

pytestmark = pytest.mark.django_db

MODELS = ("order", "parcel", "carrier", "connection", "envelope", "anomaly", "carriercode")


@pytest.fixture
def desk(settings: Any) -> Client:
    settings.DEMO = True  # lets staff in without a second factor
    return staff(roles.RoleName.ADMINISTRATOR)


def staff(role: roles.RoleName) -> Client:
    person = User.objects.create_user(f"{role}@example.org", is_staff=True)
    roles.give(person=person, role=role)
    assert Group.objects.filter(user=person).exists()
    client = Client()
    client.force_login(person)
    return client


def story(parcels: int = 1) -> Parcel:
    order = OrderFactory.create()
    made = []
    for _ in range(parcels):
        line = OrderLineFactory.create(order=order)
        parcel = ParcelFactory.create(order=order, shipped_at=None)
        ParcelLineFactory.create(parcel=parcel, order_line=line)
        damaged = pushes.event("exception", at=NOON, reason="damaged", text="<b>Crushed</b>")
        odd = pushes.event("frobnicated", at=NOON - timedelta(hours=1), code="QX7")
        pushes.put(parcel.connection, pushes.body(parcel.number, [odd, damaged]))
        made.append(parcel)
    pushes.drain()
    for parcel in made:
        SightingFactory.create(parcel=parcel, withdrawn_at=NOON)
    return made[0]


def queries(desk: Client, model: str) -> int:
    """Return how many questions a list asks, once it has been visited before."""
    address = reverse(f"admin:tracking_{model}_changelist")
    desk.get(address)
    with CaptureQueriesContext(connection) as asked:
        desk.get(address)
    return len(asked)


class TestPages:
    @pytest.mark.parametrize("model", MODELS)
    def test_every_list_and_every_row_opens(self, desk: Client, model: str) -> None:
        parcel = story()
        EnvelopeFactory.create(body=b"\xff\x00<script>", state=EnvelopeState.DEAD)
        from django.apps import apps

        listed = desk.get(reverse(f"admin:tracking_{model}_changelist"), {"q": parcel.number})
        rows = [
            desk.get(reverse(f"admin:tracking_{model}_change", args=[pk]))
            for pk in apps.get_model("tracking", model).objects.values_list("pk", flat=True)
        ]

        assert listed.status_code == 200
        assert {row.status_code for row in rows} == {200}
        assert b"<script>\\x00" not in b"".join(row.content for row in rows)

    def test_a_list_costs_the_same_queries_for_one_row_and_for_four(self, desk: Client) -> None:
        story()
        one = {model: queries(desk, model) for model in MODELS}
        for _ in range(3):
            story()
            CarrierFactory.create(slug=f"carrier{Parcel.objects.count()}")

        many = {model: queries(desk, model) for model in MODELS}

        assert {name: many[name] for name in MODELS if many[name] > one[name] + 1} == {}

    def test_a_parcel_shows_its_journey_escaped(self, desk: Client) -> None:
        parcel = story()

        page = desk.get(reverse("admin:tracking_parcel_change", args=[parcel.pk]))

        text = page.content.decode()
        assert "&lt;b&gt;Crushed&lt;/b&gt;" in text
        assert "<b>Crushed" not in text
        assert "line-through" in text

    @pytest.mark.parametrize("model", ["order", "parcel", "envelope", "anomaly"])
    def test_facts_can_be_neither_added_nor_changed_nor_deleted(
        self, desk: Client, model: str
    ) -> None:
        parcel = story()
        pk = {"order": parcel.order_id, "parcel": parcel.pk}.get(model) or Envelope.objects.get().pk

        add = desk.get(reverse(f"admin:tracking_{model}_add"))
        delete = desk.post(reverse(f"admin:tracking_{model}_delete", args=[pk]), {"post": "yes"})
        change = desk.post(reverse(f"admin:tracking_{model}_change", args=[pk]), {"number": "X"})

        assert [add.status_code, change.status_code] == [403, 403]
        assert delete.status_code in {403, 302, 404}
        assert Parcel.objects.filter(pk=parcel.pk, number=parcel.number).exists()

    def test_an_agent_reads_and_may_not_replay(self, settings: Any) -> None:
        settings.DEMO = True
        story()
        agent = staff(roles.RoleName.AGENT)
        envelope = Envelope.objects.get()

        page = agent.get(reverse("admin:tracking_envelope_changelist"))
        agent.post(
            reverse("admin:tracking_envelope_changelist"),
            {"action": "replay", "_selected_action": [envelope.pk]},
        )

        assert page.status_code == 200
        envelope.refresh_from_db()
        assert envelope.state == EnvelopeState.APPLIED


class TestReplay:
    def test_the_chosen_envelopes_wait_again(self, desk: Client) -> None:
        dead = EnvelopeFactory.create(state=EnvelopeState.DEAD, attempts=5, error="a bug")

        response = desk.post(
            reverse("admin:tracking_envelope_changelist"),
            {"action": "replay", "_selected_action": [dead.pk]},
        )

        assert response.status_code == 302
        dead.refresh_from_db()
        assert (dead.state, dead.attempts, dead.error) == (EnvelopeState.WAITING, 0, "")

    def test_an_unknown_number_finds_its_envelope(self, desk: Client) -> None:
        EnvelopeFactory.create(state="quarantined", numbers=["1ZABC"], error="nobody's")
        EnvelopeFactory.create(state="quarantined", numbers=["1ZDEF"], error="nobody else's")

        page = desk.get(reverse("admin:tracking_envelope_changelist"), {"q": "1z-abc"})

        assert [row.numbers for row in page.context["cl"].queryset] == [["1ZABC"]]


class TestSecrets:
    @pytest.fixture
    def connection(self) -> Connection:
        return ConnectionFactory.create()

    def address(self, connection: Connection) -> str:
        return reverse("admin:tracking_connection_secrets_page", args=[connection.pk])

    def live(self, connection: Connection) -> list[str]:
        keys.forget()
        return keys.live(connection_id=connection.pk, now=NOON + timedelta(days=36500))

    def test_an_invented_secret_is_shown_once(self, desk: Client, connection: Connection) -> None:
        shown = desk.post(self.address(connection), {"secret": ""})

        (secret,) = self.live(connection)
        assert secret.startswith("whsec_")
        assert secret in shown.content.decode()
        assert "no-store" in shown["Cache-Control"]
        assert secret not in desk.get(self.address(connection)).content.decode()

    def test_a_typed_secret_is_kept_and_never_shown(
        self, desk: Client, connection: Connection
    ) -> None:
        shown = desk.post(
            self.address(connection), {"secret": " the carrier's own secret "}, follow=True
        )

        assert self.live(connection) == ["the carrier's own secret"]
        assert "carrier&#x27;s own" not in shown.content.decode()
        assert b"the carrier's own secret" not in bytes(ConnectionSecret.objects.get().ciphertext)

    def test_a_third_is_refused_until_one_is_revoked(
        self, desk: Client, connection: Connection
    ) -> None:
        for text in ("first secret", "second secret"):
            desk.post(self.address(connection), {"secret": text})

        desk.post(self.address(connection), {"secret": "third secret"})
        assert self.live(connection) == ["first secret", "second secret"]

        first = ConnectionSecret.objects.get(slot=1)
        desk.post(self.address(connection), {"revoke": first.pk})
        desk.post(self.address(connection), {"secret": "third secret"})
        assert self.live(connection) == ["third secret", "second secret"]

    def test_an_auditor_may_not_touch_them(self, settings: Any, connection: Connection) -> None:
        settings.DEMO = True
        auditor = staff(roles.RoleName.AUDITOR)

        response = auditor.post(self.address(connection), {"secret": "mine"})

        assert response.status_code in {302, 403}
        assert self.live(connection) == []


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        (b"param=%7B%22a%22%3A1%7D&sign=X", 'param =\n{\n  "a": 1\n}\nsign =\nX'),
        (b"\xff\x00", "\\xff\\x00"),
        (b"<xml a='1'/>", "<xml a='1'/>"),
        (b"[" * 1000, "[" * 1000),
        (b"", ""),
    ],
    ids=["json", "form", "bytes", "xml", "deep", "empty"],
)
def test_any_body_becomes_readable(body: bytes, shown: str) -> None:
    assert readable(body) == shown


def test_a_longer_body_is_cut() -> None:
    assert readable(b"x" * 100_010).endswith("… 10 more")


class TestCodes:
    def put_unknown(self) -> Parcel:
        parcel = ParcelFactory.create(shipped_at=None)
        event = pushes.event("frobnicated", at=NOON, code="QX7")
        pushes.put(parcel.connection, pushes.body(parcel.number, [event]))
        pushes.drain()
        return parcel

    def test_a_code_is_explained_in_its_form(self, desk: Client) -> None:
        self.put_unknown()
        code = CarrierCode.objects.get()
        address = reverse("admin:tracking_carriercode_change", args=[code.pk])

        answer = desk.post(address, {"status": "customs", "reason": "", "party": "", "handed": ""})

        code.refresh_from_db()
        assert answer.status_code == 302
        assert (code.status, code.mapped_by is not None) == ("customs", True)
        assert Event.objects.filter(name="tracking.code_mapped").count() == 1

    def test_a_reason_alone_is_refused_and_keeps_what_was_chosen(self, desk: Client) -> None:
        self.put_unknown()
        code = CarrierCode.objects.get()
        address = reverse("admin:tracking_carriercode_change", args=[code.pk])

        answer = desk.post(address, {"status": "", "reason": "damaged", "party": "", "handed": ""})

        code.refresh_from_db()
        assert answer.status_code == 200
        assert "Choose a status first" in answer.content.decode()
        assert '<option value="damaged" selected>' in answer.content.decode()
        assert code.mapped_at is None

    def test_an_agent_reads_codes_and_explains_none(self, desk: Client) -> None:
        self.put_unknown()
        code = CarrierCode.objects.get()
        address = reverse("admin:tracking_carriercode_change", args=[code.pk])

        answer = staff(roles.RoleName.AGENT).post(address, {"status": "customs"})

        code.refresh_from_db()
        assert answer.status_code == 403
        assert code.mapped_at is None


class TestResolve:
    def put_aside(self) -> tuple[Parcel, Envelope]:
        parcel = ParcelFactory.create(shipped_at=None)
        text = pushes.body("OTHER12345", pushes.journey(steps=("picked_up",)))
        envelope = pushes.put(parcel.connection, text)
        pushes.drain()
        return parcel, envelope

    def test_a_number_finds_its_parcel(self, desk: Client) -> None:
        parcel, envelope = self.put_aside()
        address = reverse("admin:tracking_envelope_resolve_page", args=[envelope.pk])

        page = desk.get(address, {"q": parcel.order.number})
        answer = desk.post(address, {"number": "OTHER12345", "parcel": parcel.pk})
        pushes.drain()

        parcel.refresh_from_db()
        assert parcel.number in page.content.decode()
        assert answer.status_code == 302
        assert parcel.status == "picked_up"

    def test_nothing_chosen_changes_nothing(self, desk: Client) -> None:
        _parcel, envelope = self.put_aside()
        address = reverse("admin:tracking_envelope_resolve_page", args=[envelope.pk])

        answer = desk.post(address, {"number": "OTHER12345", "parcel": "x"}, follow=True)

        assert "Choose the parcel" in answer.content.decode()
        envelope.refresh_from_db()
        assert envelope.state == EnvelopeState.QUARANTINED

    def test_a_message_says_its_state_in_words(self, desk: Client) -> None:
        envelope = pushes.put(ParcelFactory.create().connection, b'{"parcels":')
        pushes.drain()

        page = desk.get(reverse("admin:tracking_envelope_change", args=[envelope.pk]))

        told = html.unescape(page.content.decode())
        assert "Given up" in told
        assert "('dead'" not in told

    def test_what_is_not_ours_is_put_aside(self, desk: Client) -> None:
        _parcel, envelope = self.put_aside()
        address = reverse("admin:tracking_envelope_resolve_page", args=[envelope.pk])

        desk.post(address, {"dismiss": "1", "note": "<b>theirs</b>"})

        envelope.refresh_from_db()
        assert envelope.state == EnvelopeState.DISMISSED
        assert "<b>theirs</b>" in envelope.error

    def test_an_agent_may_not(self, desk: Client) -> None:
        parcel, envelope = self.put_aside()
        address = reverse("admin:tracking_envelope_resolve_page", args=[envelope.pk])

        answer = staff(roles.RoleName.AGENT).post(
            address, {"number": "OTHER12345", "parcel": parcel.pk}
        )

        assert answer.status_code == 403
        envelope.refresh_from_db()
        assert envelope.state == EnvelopeState.QUARANTINED


class TestCarrier:
    def test_a_parcel_gets_its_right_carrier(self, desk: Client) -> None:
        parcel = ParcelFactory.create(shipped_at=None)
        CarrierFactory.create(slug="fedex")
        address = reverse("admin:tracking_parcel_carrier_page", args=[parcel.pk])

        page = desk.get(address)
        answer = desk.post(address, {"carrier": "fedex"})

        parcel.refresh_from_db()
        assert page.status_code == 200
        assert answer.status_code == 302
        assert parcel.carrier.slug == "fedex"
