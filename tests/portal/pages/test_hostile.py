"""Every hostile text in every field: kept as it was, shown as text, and never as anything else."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from claims.models import Claim, InternalNote, Message
from claims.questions import STORY_MAX
from claims.services import claims, conversation, decisions
from claims.states import ClaimState
from notifications.models import Letter
from notifications.services.rendering import lay_out, render
from notifications.wording.base import clean
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.outbox import delivering
from tests.conformance.data import present
from tests.factories.claims import DECIDED, ClaimFactory, agent, delivered_parcel, fill
from tests.factories.tracking import NOON, OrderLineFactory
from tests.notifications.facts import FACTS
from tests.portal.pages.hostile import bones, bundles, says, shows, strings
from tracking.models import Order, OrderLine, ParcelLine

pytestmark = pytest.mark.django_db
LATER = DECIDED + timedelta(hours=1)
PLAIN = "The handle is off."
ANSWERS = {"box": "yes", "hazard": "no"}


@pytest.fixture(autouse=True)
def _data() -> object:
    present()
    with time_machine.travel(LATER, tick=False):
        yield


def signed_in(client: Client, claim: Claim) -> Claim:
    client.force_login(claim.shopper)
    return claim


def page(client: Client, name: str, *args: str) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200, answer
    return answer.content.decode()


def desk() -> Client:
    """Return the browser of an agent."""
    browser = Client()
    person = User.objects.create_superuser("desk@example.org", "x")
    browser.force_login(person)
    return browser


def workspace(browser: Client, claim: Claim) -> str:
    answer = browser.get(reverse("admin:claims_claim_change", args=[claim.ref]), follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_is_whole() -> None:
    assert len(strings()) == 258
    assert sum(bundle.count("\n") + 1 for bundle in bundles(at_most=STORY_MAX)) >= 258


@pytest.mark.parametrize("field", ["story", "without_box"])
def test_in_the_report(client: Client, settings, field: str) -> None:
    settings.DEMO = True  # the desk comes in without a second factor
    draft = signed_in(client, fill(ClaimFactory.create()))
    claims.tell(claim=draft, answers=ANSWERS, story=PLAIN, without_box=PLAIN, now=NOON)
    step = "more" if field == "story" else "photos"
    way = reverse("wizard", args=[draft.ref, step])
    plain_form, plain_check = (
        page(client, "wizard", draft.ref, step),
        page(client, "wizard", draft.ref, "check"),
    )

    for bundle in bundles(at_most=STORY_MAX):
        answer = client.post(way, ANSWERS | {field: bundle, "do": "continue"})

        assert answer.status_code == 302
        draft.refresh_from_db()
        assert getattr(draft, field) == bundle.replace("\r\n", "\n")
        for plain, name in ((plain_form, step), (plain_check, "check")):
            html = page(client, "wizard", draft.ref, name)
            assert bones(html) == bones(plain), bundle
            assert shows(html, bundle), bundle

    claims.submit(claim=draft, key=uuid4(), now=LATER)
    claims.screen(claim=draft, now=LATER)
    assert shows(page(client, "claim", draft.ref), bundle)
    assert shows(workspace(desk(), draft), bundle)


def test_in_an_answer_that_is_none_of_ours(client: Client) -> None:
    draft = signed_in(client, fill(ClaimFactory.create()))
    way = reverse("wizard", args=[draft.ref, "more"])

    for bundle in bundles(at_most=4_000):
        answer = client.post(way, {"box": bundle, "hazard": "no", "story": PLAIN})

        assert answer.status_code == 422
        draft.refresh_from_db()
        assert draft.answers == {}


def test_in_messages_both_ways_notes_and_letters(settings) -> None:
    settings.DEMO = True
    claim = ClaimFactory.create(in_review=True)
    shopper, person, browser = signed_client(claim), agent(), desk()
    texts = list(bundles(at_most=4_000))
    pages: list[tuple[str, str]] = []

    for said in ([PLAIN] * len(texts), texts):
        for text in said:
            shopper.post(
                reverse("claim-write", args=[claim.ref]), {"body": text, "send_key": str(uuid4())}
            )
            conversation.write(
                claim=claim, author=person, role=Role.AGENT, body=text, send_key=uuid4(), now=LATER
            )
            conversation.note(claim=claim, author=person, body=text, now=LATER)
        pages.append((page(shopper, "claim", claim.ref), workspace(browser, claim)))
    while delivering.deliver_due(now=LATER):
        pass

    both = [PLAIN] * len(texts) + texts
    mine = Message.objects.filter(claim=claim, role=Role.SHOPPER).order_by("pk")
    assert [row.body for row in mine] == [text.replace("\r\n", "\n") for text in both]
    assert [row.body for row in InternalNote.objects.order_by("pk")] == both
    for plain, hostile in zip(*pages, strict=True):
        assert set(bones(hostile)) == set(bones(plain))
        assert all(shows(hostile, text) for text in texts)
    letters = [render(row) for row in Letter.objects.filter(name="message").order_by("pk")]
    assert len(letters) == len(both)
    for letter in letters:
        assert set(bones(letter.html)) == set(bones(letters[0].html))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("message", "body"),
        ("question", "question"),
        ("offer", "text"),
        ("declined", "text"),
    ],
)
def test_in_letters_as_html_and_as_text(name: str, field: str) -> None:
    plain = lay_out(name=name, facts={**FACTS[name], field: PLAIN}, language="en")

    for bundle in bundles(at_most=900):
        letter = lay_out(name=name, facts={**FACTS[name], field: bundle}, language="en")

        assert set(bones(letter.html)) == set(bones(plain.html)), bundle
        assert shows(letter.html, clean(bundle)), bundle
        assert says(letter.text, clean(bundle)), bundle
        assert "\n" not in letter.subject


def test_in_what_the_desk_decides_and_asks(client: Client) -> None:
    text = "\n".join(strings())[:4_000]
    asked, refused = ClaimFactory.create(in_review=True), ClaimFactory.create(in_review=True)
    conversation.ask(claim=asked, agent=agent(), text=text, now=LATER)
    decisions.reject(claim=refused, agent=agent(), code="worn", text=text, now=LATER)
    plain_asked, plain_refused = (
        ClaimFactory.create(needs_info=True),
        ClaimFactory.create(rejected=True),
    )

    for name, one, plain in (
        ("claim", asked, plain_asked),
        ("claim-answer", asked, plain_asked),
        ("claim", refused, plain_refused),
    ):
        shown = page(signed_client(one), name, one.ref)
        assert bones(shown) == bones(page(signed_client(plain), name, plain.ref)), name
        assert shows(shown, text), name


def signed_client(claim: Claim) -> Client:
    browser = Client()
    browser.force_login(claim.shopper)
    return browser


def test_in_another_look_and_a_counter_offer(client: Client) -> None:
    text = next(bundles(at_most=4_000))
    looked, countered = (signed_in(client, ClaimFactory.create(offered=True)) for _ in range(2))

    signed_client(looked).post(reverse("claim-appeal", args=[looked.ref]), {"text": text})
    signed_client(countered).post(
        reverse("claim-counter", args=[countered.ref]), {"wish": "replacement", "text": text}
    )

    for claim, state in ((looked, ClaimState.APPEALED), (countered, ClaimState.UNDER_REVIEW)):
        claim.refresh_from_db()
        assert claim.state == state
        assert claim.messages.get().body == text.replace("\r\n", "\n")
        assert shows(page(signed_client(claim), "claim", claim.ref), text)


def test_in_what_the_shopper_thought_of_it(client: Client) -> None:
    claim = ClaimFactory.create(rejected=True)
    texts = list(bundles(at_most=2_000))[:2]
    plain = ClaimFactory.create(rejected=True)
    signed_client(plain).post(
        reverse("claim-rating", args=[plain.ref]), {"words": PLAIN, "stars": "1"}
    )

    for text in texts:
        answer = signed_client(claim).post(
            reverse("claim-rating", args=[claim.ref]), {"words": text, "stars": "1"}
        )
        assert answer.status_code == 302
        shown = page(signed_client(claim), "claim", claim.ref)
        assert shows(shown, text.strip())
        assert set(bones(shown)) == set(bones(page(signed_client(plain), "claim", plain.ref)))
    kept = claim.shopper_ratings.order_by("number").values_list("words", flat=True)
    assert list(kept) == [text.strip().replace("\r\n", "\n") for text in texts]


def test_in_the_names_of_things_people_and_places(client: Client) -> None:
    titles = [title[:200] for title in bundles(at_most=200)]
    claim = ClaimFactory.create(parcel=delivered_parcel(captured_minor=100_000_000))
    assert claim.parcel is not None
    for title in titles:
        line = OrderLineFactory.create(order=claim.order, title=title, variant=title, quantity=1)
        ParcelLine.objects.create(parcel=claim.parcel, order_line=line, quantity=1)
    Order.objects.filter(pk=claim.order_id).update(
        recipient_name=titles[0][:120], address="\n".join(strings()), city=titles[1][:80]
    )
    claim.order.refresh_from_db()
    fill(claim)
    claims.tell(claim=claim, answers=ANSWERS, now=NOON)
    plain = fill(ClaimFactory.create())
    browser = signed_client(claim)

    items = page(browser, "wizard", claim.ref, "items")
    check = page(browser, "wizard", claim.ref, "check")

    assert OrderLine.objects.filter(order=claim.order, title__in=titles).count() == len(titles)
    for title in titles:
        assert shows(items, title)
        assert shows(check, title)
    known = set(bones(page(signed_client(plain), "wizard", plain.ref, "items")))
    assert set(bones(items)) <= known | {"div class", "select class id name", "option value"}


@pytest.mark.parametrize(
    ("name", "field", "data"),
    [
        ("claim-write", "body", {"send_key": "6f5902ac-2f3b-4a5a-9a59-4b5a5a5a5a5a"}),
        ("claim-appeal", "text", {}),
        ("claim-counter", "text", {"wish": "refund"}),
    ],
)
def test_a_sign_that_no_row_can_hold_is_taken_out_and_the_words_stay(
    client: Client, name: str, field: str, data: dict[str, str]
) -> None:
    claim = signed_in(client, ClaimFactory.create(offered=True))
    way = reverse(name, args=[claim.ref])

    answer = client.post(way, data | {field: "The lid\x00 broke"})

    html = answer.content.decode()
    assert answer.status_code == 422
    assert "One sign could not be kept" in html
    assert ">The lid broke</textarea>" in html
    assert not Message.objects.exists()
    claim.refresh_from_db()
    assert claim.state == ClaimState.OFFERED
    assert client.post(way, data | {field: "The lid broke"}).status_code == 302


@pytest.mark.parametrize("raw", [b"a%ED%A0%80b", b"a%ED%BF%BFb", b"a%FF%FEb", b"a%C0%80b"])
def test_half_a_sign_is_no_reason_to_break(client: Client, raw: bytes) -> None:
    claim = signed_in(client, ClaimFactory.create(offered=True))
    key = b"&send_key=6f5902ac-2f3b-4a5a-9a59-4b5a5a5a5a5a"

    answer = client.generic(
        "POST",
        reverse("claim-write", args=[claim.ref]),
        b"body=" + raw + key,
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 302
    body = Message.objects.get().body
    assert (body[0], body[-1]) == ("a", "b")
    assert set(body[1:-1]) == {"\N{REPLACEMENT CHARACTER}"}


def test_a_nul_in_a_report_is_taken_out_and_the_words_stay(client: Client) -> None:
    draft = signed_in(client, fill(ClaimFactory.create()))
    way = reverse("wizard", args=[draft.ref, "more"])

    answer = client.post(way, ANSWERS | {"story": "Two cups\x00 are cracked."})

    assert answer.status_code == 422
    assert ">Two cups are cracked.</textarea>" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.story == PLAIN
