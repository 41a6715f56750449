"""
Nobody reaches what is somebody else's, by any address.

The matrix is made from the tree of addresses itself: every named route that takes an object, times
everybody who might come, times GET and POST. A route that is added joins by itself; if it takes an
argument that is not known here, the test fails until it says what stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.apps import apps
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from claims.admin import queue, workspace
from claims.admin.actions import BUTTONS, VIEW
from claims.models import Claim, Evidence
from claims.services import conversation
from portal.accounts import roles, tokens
from portal.accounts.models import User
from portal.audiences import Audience, audience
from portal.pages.access import Level
from tests.factories.accounts import PersonFactory
from tests.factories.claims import ClaimFactory, EvidenceFactory
from tests.factories.tracking import NOON, ConnectionFactory
from tests.portal.pages.opening import open_up
from tests.typing import Answer
from tracking.models import Order, Parcel, ProofOfDelivery

pytestmark = pytest.mark.django_db

NOTE = "Between us: this shopper claims often."
SECRETS = ("owner@example.org", "88 Huaihai Road", "Lin Wei", "Celadon teapot", "J. Reed")
"""What only the owner, and staff who may, ever read about the order."""

STANDING = {"slug", "gateway", "provider", "code", "name"}
"""Arguments that name no object of a person: a connection, a provider, a language, a step."""


def routes() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every route outside the admin with the arguments it takes."""

    def walk(
        patterns: list[URLPattern | URLResolver], taken: tuple[str, ...]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        for entry in patterns:
            if isinstance(entry, URLResolver) and entry.namespace:
                continue
            mine = taken + tuple(entry.pattern.converters)
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, mine)
            elif entry.name:
                yield entry.name, mine

    yield from walk(get_resolver().url_patterns, ())


OBJECTS = sorted(
    (name, taken)
    for name, taken in set(routes())
    if set(taken) - STANDING and not name.startswith(("dev-", "mfa_"))
)
MACHINES = [(name, taken) for name, taken in OBJECTS if name.startswith("api-")]
CLAIMS = [
    (name, taken)
    for name, taken in OBJECTS
    if (name, taken) not in MACHINES and ("ref" in taken or name == "photo")
]
PARCELS = [(name, taken) for name, taken in OBJECTS if name.startswith(("track", "keep"))]
LINKS = {"wizard-carry-on"}
"""Doors that open to a signed link alone; without one they say that it has expired, to anybody."""


@pytest.fixture(autouse=True)
def _clock(settings: Any) -> Iterator[None]:
    settings.DEMO = True  # lets staff in without a second factor
    cache.clear()
    with time_machine.travel(NOON, tick=True):
        yield
    cache.clear()


@pytest.fixture
def claim() -> Claim:
    """Give a claim with a question, a photo, a message and a note, of an order with secrets."""
    claim: Claim = ClaimFactory.create(needs_info=True)
    Order.objects.filter(pk=claim.order_id).update(
        email="owner@example.org", recipient_name="Lin Wei", address="88 Huaihai Road"
    )
    claim.order.lines.update(title="Celadon teapot")
    User.objects.filter(pk=claim.shopper_id).update(email="owner@example.org")
    photo = EvidenceFactory.create(claim=claim, clean=True)
    for name in (photo.large, photo.small):
        default_storage.save(name, ContentFile(b"\xff\xd8 a picture"))
    assert claim.parcel is not None
    Parcel.objects.filter(pk=claim.parcel.pk).update(signed_by="J. Reed")
    ProofOfDelivery.objects.create(
        parcel=claim.parcel, connection=ConnectionFactory.create(), kind="photo", state="kept",
        sha256="0" * 64, original=photo.large, large=photo.large, small=photo.small,
    )  # fmt: skip
    conversation.note(claim=claim, author=staff_person(roles.RoleName.AGENT), body=NOTE, now=NOON)
    claim.refresh_from_db()
    return claim


def staff_person(role: roles.RoleName) -> User:
    person, is_new = User.objects.get_or_create(
        email=f"{role}@example.org", defaults={"is_staff": True}
    )
    if is_new:
        roles.give(person=person, role=role)
    return person


def browser_of(person: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def machine(*scopes: str) -> Client:
    _token, plain = tokens.issue(name="shop", scopes=scopes, now=timezone.now())
    return Client(headers={"authorization": f"Bearer {plain}"})


METHODS = ("GET", "POST")
WHO: dict[str, Callable[[], Client]] = {
    "anonymous": Client,
    "another shopper": lambda: browser_of(PersonFactory.create()),
    "agent": lambda: browser_of(staff_person(roles.RoleName.AGENT)),
    "auditor": lambda: browser_of(staff_person(roles.RoleName.AUDITOR)),
    "administrator": lambda: browser_of(staff_person(roles.RoleName.ADMINISTRATOR)),
    "a machine": lambda: machine(*tokens.SCOPES),
}


def address(name: str, taken: tuple[str, ...], claim: Claim) -> str:
    """Return the route's address for this claim, its photo, its parcel and its order."""
    assert claim.parcel is not None
    photo = Evidence.objects.get(claim=claim)
    about_parcel = name.startswith(("track", "keep"))
    stands_for = {
        "ref": claim.ref,
        "token": claim.parcel.token if about_parcel else photo.token,
        "endpoint": "we_0123456789",
        "pk": ProofOfDelivery.objects.get(parcel=claim.parcel_id).pk,
        "size": "large",
        "name": "check",
        "kind": "out_of_stock",
        "number": claim.parcel.number if name == "api-parcel" else claim.order.number,
    }
    unknown = set(taken) - set(stands_for)
    assert not unknown, f"say in tests/house/test_access.py what stands for {unknown} in “{name}”"
    return reverse(name, kwargs={key: stands_for[key] for key in taken})


WATCHED = (
    "claims.claim", "claims.claimline", "claims.claimunit", "claims.evidence", "claims.message",
    "claims.internalnote", "claims.evidencerequest", "claims.approval", "claims.compensation",
    "tracking.order", "tracking.parcel", "tracking.parcelline", "tracking.anomaly",
    "notifications.watch",
)  # fmt: skip


def everything() -> dict[str, str]:
    """Return every row that a stranger must not change, by table, in one question."""
    tables = [apps.get_model(label)._meta.db_table for label in WATCHED]
    each = (
        f"SELECT '{table}', coalesce(json_agg(row ORDER BY id)::text, '') FROM {table} AS row"  # noqa: S608 - names of ours
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each))
        return dict(cursor.fetchall())


FORM = {
    "body": "Let me in", "text": "Again", "send_key": str(uuid4()), "do": "continue", "true": "on",
    "answer": "yes", "reason": "damaged", "wish": "refund", "kind": "item", "upload_key": "x",
}  # fmt: skip


def visit(client: Client, method: str, where: str) -> Answer:
    return client.get(where) if method == "GET" else client.post(where, FORM)


def is_shut(answer: Answer) -> bool:
    """Test for a refusal, or for being sent to sign in."""
    to_sign_in = answer.status_code == 302 and answer["Location"].startswith(
        (reverse("account_login"), reverse("staff_login"))
    )
    return to_sign_in or answer.status_code in {401, 403, 404, 405}


def put_away(answer: Any) -> None:
    """Close the file behind a picture; closing the answer itself would close the database too."""
    if answer.streaming:
        for close in answer._resource_closers:
            close()


def test_the_matrix_covers_every_route_that_takes_an_object() -> None:
    found = {name for name, _taken in CLAIMS + PARCELS + MACHINES}

    assert {name for name, _taken in OBJECTS} == found
    assert {"claim", "claim-accept", "photo", "photo-remove", "wizard", "track"} <= found
    shopper = {name for name, _taken in OBJECTS if audience(name) is Audience.SHOPPER}
    assert shopper == {name for name, _taken in CLAIMS} - LINKS


@contextmanager
def undone(settings: Any) -> Iterator[None]:
    """Let what one visitor does be gone before the next: rows, cache and limits."""
    cache.clear()
    settings.LIMITS_PREFIX = f"test:{uuid4()}"
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(("name", "taken"), CLAIMS, ids=[name for name, _taken in CLAIMS])
def test_a_claim_is_shut_to_everybody_but_its_shopper(
    claim: Claim, name: str, taken: tuple[str, ...], settings: Any, subtests: pytest.Subtests
) -> None:
    where = address(name, taken, claim)
    before = everything()
    for who, method in product(WHO, METHODS):
        with subtests.test(who=who, method=method), undone(settings):
            answer = visit(WHO[who](), method, where)

            put_away(answer)
            staff_look = (
                name == "photo" and method == "GET" and who in {"agent", "auditor", "administrator"}
            )
            is_gone = name in LINKS and answer.status_code == 410
            assert (is_shut(answer) or is_gone) is not staff_look, answer.status_code
            assert everything() == before
            if not staff_look:
                text = answer.content.decode()
                assert [secret for secret in (*SECRETS, NOTE) if secret in text] == []


def test_its_own_shopper_never_reads_a_note_and_is_never_refused(
    claim: Claim, settings: Any, subtests: pytest.Subtests
) -> None:
    for name, taken in CLAIMS:
        with subtests.test(name=name), undone(settings):
            answer = browser_of(claim.shopper).get(address(name, taken, claim), follow=True)

            assert answer.status_code in ({410} if name in LINKS else {200, 405})
            assert NOTE.encode() not in answer.getvalue()
            put_away(answer)


def test_a_made_up_object_looks_like_one_of_somebody_else(claim: Claim) -> None:
    stranger = browser_of(PersonFactory.create())
    for name in ("photo-status", "photo"):
        (taken,) = (taken for known, taken in CLAIMS if known == name)
        real = address(name, taken, claim)
        fake = real.replace(Evidence.objects.get().token, "0" * 32)
        assert stranger.get(real).status_code == stranger.get(fake).status_code == 404


@pytest.mark.parametrize(("name", "taken"), PARCELS, ids=[name for name, _taken in PARCELS])
def test_a_parcels_address_alone_tells_no_secret_and_changes_nothing(
    claim: Claim, name: str, taken: tuple[str, ...], settings: Any, subtests: pytest.Subtests
) -> None:
    where = address(name, taken, claim)
    other = ClaimFactory.create().parcel
    assert other is not None
    before = everything()

    def holder_of_another_cookie() -> Client:
        client = Client()
        open_up(client, other, Level.PERSON)
        return client

    visitors = {**WHO, "somebody with another parcel's cookie": holder_of_another_cookie}
    for who, method in product(visitors, METHODS):
        with subtests.test(who=who, method=method), undone(settings):
            answer = visit(visitors[who](), method, where)

            # A picture has no page of its own to say no on: without its key it is not there.
            assert answer.status_code in {200, 302, 405, 422, *([404] if "picture" in name else [])}
            text = answer.content.decode()
            hidden = (*SECRETS, NOTE, claim.order.number, claim.ref)
            assert [secret for secret in hidden if secret in text] == []
            assert everything() == before


@pytest.mark.parametrize(("name", "taken"), MACHINES, ids=[name for name, _taken in MACHINES])
def test_the_api_opens_to_no_session_and_to_no_wrong_scope(
    claim: Claim, name: str, taken: tuple[str, ...], settings: Any, subtests: pytest.Subtests
) -> None:
    where = address(name, taken, claim)
    visitors: dict[str, Callable[[], Client]] = {
        "anonymous": Client,
        "the owner": lambda: browser_of(claim.shopper),
        "agent": lambda: browser_of(staff_person(roles.RoleName.AGENT)),
        "claims:read": lambda: machine("claims:read"),
        "a made-up token": lambda: Client(headers={"authorization": "Bearer amd_" + "x" * 43}),
    }
    before = everything()
    for who, method in product(visitors, METHODS):
        with subtests.test(who=who, method=method), undone(settings):
            answer = visit(visitors[who](), method, where)

            text = answer.content.decode()
            if who == "claims:read" and (name, method) == ("api-claim", "GET"):
                assert answer.status_code == 200
            else:
                assert answer.status_code in ({403, 405} if who == "claims:read" else {401, 405})
                assert claim.order.number not in text
            assert NOTE not in text
            assert everything() == before


def press(person: User, claim: Claim, action: str) -> Answer:
    """Press a button of the workspace with everything typed that any button asks for."""
    typed = {
        "action": action, "stamp": workspace.stamp(claim), "sum": "5500", "text": "We agree.",
        "note_body": "Noted", "message": "Hello", "ask_text": "More?", "reject_text": "No.",
        "code": "worn", "back_note": "Look again", "trace_note": "Asked",
        "heard_note": "Heard", "return_text": "Send it", "received_note": "Came",
    }  # fmt: skip
    return browser_of(person).post(queue.href(claim), typed)


class TestDesk:
    @pytest.mark.parametrize("role", [roles.RoleName.AUDITOR, roles.RoleName.ADMINISTRATOR])
    def test_who_may_only_look_presses_nothing(
        self, role: roles.RoleName, settings: Any, subtests: pytest.Subtests
    ) -> None:
        claim = ClaimFactory.create(in_review=True)
        person = staff_person(role)
        before = everything()
        for action in [name for name, button in BUTTONS.items() if button.permission != VIEW]:
            with subtests.test(action=action), undone(settings):
                assert press(person, claim, action).status_code == 403
                assert everything() == before

    @pytest.mark.parametrize("action", ["second", "send_back"])
    def test_an_agent_gives_no_second_yes(self, action: str) -> None:
        claim = ClaimFactory.create(pending_approval=True)
        before = everything()

        assert press(staff_person(roles.RoleName.AGENT), claim, action).status_code == 403
        assert everything() == before

    @pytest.mark.parametrize("who", ["a shopper", "staff without a role"])
    def test_a_shopper_and_staff_without_a_role_do_not_even_get_in(
        self, who: str, settings: Any, subtests: pytest.Subtests
    ) -> None:
        claim = ClaimFactory.create(in_review=True)
        person = claim.shopper if who == "a shopper" else PersonFactory.create(is_staff=True)
        before = everything()
        for action in BUTTONS:
            with subtests.test(action=action), undone(settings):
                assert press(person, claim, action).status_code == 403
                assert everything() == before

    def test_a_made_up_button_is_refused(self) -> None:
        claim = ClaimFactory.create(in_review=True)

        assert press(staff_person(roles.RoleName.APPROVER), claim, "pay_me").status_code == 403

    @pytest.mark.parametrize("kind", ["changelist", "add"])
    def test_staff_without_a_role_see_no_list_and_no_form(self, kind: str) -> None:
        names = sorted(name for name in admin_names() if name.endswith(f"_{kind}"))
        client = browser_of(PersonFactory.create(is_staff=True))
        answers = {name: client.get(reverse(f"admin:{name}")).status_code for name in names}

        assert len(answers) > 20
        # 404 where nobody at all may add: the form does not exist.
        assert {name: code for name, code in answers.items() if code not in {403, 404}} == {}


def admin_names() -> set[str]:
    """Return the name of every route of the admin."""
    (site,) = (
        entry
        for entry in get_resolver().url_patterns
        if isinstance(entry, URLResolver) and entry.namespace == "admin"
    )

    def walk(patterns: list[Any]) -> Iterator[str]:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns)
            elif entry.name:
                yield entry.name

    return set(walk(site.url_patterns))
