"""``replay_envelopes`` opens again what is named, and says so when nothing is."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories.tracking import ConnectionFactory, EnvelopeFactory
from tracking.models import Envelope
from tracking.states import EnvelopeState

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command("replay_envelopes", *words, stdout=out)
    return out.getvalue()


def waiting() -> set[int]:
    return set(Envelope.objects.filter(state="waiting").values_list("pk", flat=True))


def test_by_id() -> None:
    dead, other = EnvelopeFactory.create_batch(2, state=EnvelopeState.DEAD, attempts=5)

    assert run(str(dead.pk)) == "1 put back in the queue.\n"
    assert waiting() == {dead.pk}
    other.refresh_from_db()
    assert other.attempts == 5


def test_by_state_and_connection_as_json() -> None:
    door = ConnectionFactory.create(slug="ups-main")
    wanted = EnvelopeFactory.create(state=EnvelopeState.QUARANTINED, connection=door)
    EnvelopeFactory.create(state=EnvelopeState.QUARANTINED)
    EnvelopeFactory.create(state=EnvelopeState.APPLIED, connection=door)

    told = run("--state", "quarantined", "--connection", "ups-main", "--json")

    assert json.loads(told) == {"replayed": 1}
    assert waiting() == {wanted.pk}


@pytest.mark.parametrize(
    ("words", "told"), [((), "Name envelope ids"), (("999999",), "There is no envelope 999999")]
)
def test_nothing_to_do_is_an_error(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*words)
