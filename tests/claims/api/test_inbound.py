"""The door for e-mails lets nothing in without its seal, and never falls over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from claims.models import InboundMail
from portal.lib import standard

pytestmark = pytest.mark.django_db

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1yZWxheQ=="
MAIL = b"From: lin@example.org\r\nTo: x@reply.example\r\n\r\nHello"


@pytest.fixture(autouse=True)
def _on(settings: Any) -> None:
    settings.INBOUND_DOMAIN = "reply.example"
    settings.INBOUND_SECRETS = {"relay": [SECRET]}


def _post(
    body: bytes, *, kind: str = "message/rfc822", secret: str = SECRET, provider: str = "relay"
) -> int:
    seal = standard.seal(body, secret, now=timezone.now(), message_id="msg_1")
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in seal.items()}
    path = f"/hooks/mail/{provider}/"
    return Client().post(path, body, content_type=kind, **headers).status_code  # type: ignore[arg-type]


def test_keeps_a_sealed_mail_as_it_came() -> None:
    assert _post(MAIL) == 202

    row = InboundMail.objects.get()
    assert (bytes(row.raw), row.is_json, row.state) == (MAIL, False, "waiting")


def test_keeps_the_same_mail_once() -> None:
    assert [_post(MAIL), _post(MAIL)] == [202, 202]

    assert InboundMail.objects.count() == 1


def test_keeps_json() -> None:
    assert _post(json.dumps({"from": "lin@example.org"}).encode(), kind="application/json") == 202

    assert InboundMail.objects.get().is_json is True


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"secret": "whsec_b3RoZXI="}, 401),
        ({"provider": "stranger"}, 404),
        ({"kind": "text/html"}, 415),
    ],
)
def test_refuses_and_keeps_nothing(told: dict[str, str], status: int) -> None:
    assert _post(MAIL, **told) == status

    assert not InboundMail.objects.exists()


def test_is_not_there_while_answers_are_off(settings: Any) -> None:
    settings.INBOUND_DOMAIN = ""

    assert _post(MAIL) == 404


def test_refuses_what_is_too_large(settings: Any) -> None:
    settings.INBOUND_MAX_BYTES = len(MAIL) - 1

    assert _post(MAIL) == 413
    assert not InboundMail.objects.exists()


def test_takes_more_than_a_form_may_hold(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert _post(MAIL) == 202
