"""Every hostile text in what the desk keeps, signs, files and notes, and in what comes by mail."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from claims import canned, mail
from claims.models import (
    Assessment,
    CannedReply,
    Claim,
    Compensation,
    FilingOverride,
    InboundMail,
    Message,
    Reopening,
    Statement,
)
from claims.services import (
    claims,
    clocks,
    compensations,
    decisions,
    filing,
    inbound,
    reopening,
    reply_lines,
    waiting,
)
from portal.accounts.models import User
from tests.conformance.data import present
from tests.factories.claims import (
    DECIDED,
    ClaimFactory,
    agent,
    approver,
    clerk,
    delivered_parcel,
    fill,
)
from tests.factories.tracking import NOON
from tests.portal.pages.hostile import FENCE, bones, bundles, even, shows, strings
from tests.portal.pages.wrongs import answers, parcel_for

pytestmark = pytest.mark.django_db
LATER = DECIDED + timedelta(hours=1)
PLAIN = "The handle is off."
BRACED = re.compile(r"[{}]")


@pytest.fixture(autouse=True)
def _data(settings: Any) -> object:
    present()
    settings.DEMO = True  # the desk comes in without a second factor
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def desk() -> Client:
    """Give the browser of somebody who may do everything."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("desk@example.org", "x"))
    return browser


def page(browser: Client, name: str, *args: Any, **query: Any) -> str:
    answer = browser.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def frame(html: str) -> set[str]:
    """Return the kinds of elements of a page, without its way to the claim that is next."""
    return set(bones(html)) - {"a class href rel"}


def workspace(browser: Client, claim: Claim, **query: Any) -> str:
    return page(browser, "admin:claims_claim_change", claim.ref, **query)


class TestCannedReplies:
    def test_keep_the_words_as_they_are(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        add, plain = reverse("admin:claims_cannedreply_add"), {"position": 0, "is_active": "on"}
        texts = [BRACED.sub("", text) for text in bundles(at_most=3_900)]
        assert (
            desk.post(
                add, plain | {"title": "Plain", "body_en": PLAIN, "body_zh": PLAIN}
            ).status_code
            == 302
        )
        reply = CannedReply.objects.get(title="Plain")
        usual = page(desk, "admin:claims_cannedreply_change", reply.pk)
        laid = workspace(desk, claim, canned=reply.pk)

        for number, text in enumerate(texts):
            row = plain | {"title": f"Hostile {number}", "body_en": text, "body_zh": text}
            assert desk.post(add, row).status_code == 302

            reply = CannedReply.objects.get(title=f"Hostile {number}")
            assert (reply.body_en, reply.body_zh) == (text, text)
            html = page(desk, "admin:claims_cannedreply_change", reply.pk)
            assert bones(html) == bones(usual)
            assert shows(html, text)
            html = workspace(desk, claim, canned=reply.pk)
            assert frame(html) == frame(laid)
            assert shows(html, text)

    def test_refuse_a_place_that_no_claim_has_by_its_name(self, desk: Client) -> None:
        braced = [text for text in strings() if BRACED.search(text)]
        assert len(braced) == 3
        for text in braced:
            assert canned.troubles(text), text

        row = {"title": "Hostile", "body_en": PLAIN, "position": 0}
        answer = desk.post(
            reverse("admin:claims_cannedreply_add"), row | {"body_zh": "\n".join(braced)}
        )

        html = answer.content.decode()
        assert answer.status_code == 200
        named = re.findall(r"\{([^{}\n]{0,60})\}", "\n".join(braced))
        assert named
        assert shows(html, "\n".join(f"“{{{name}}}” is no fact of a claim." for name in named))
        assert shows(html, "\n".join(braced))
        assert not CannedReply.objects.filter(title="Hostile").exists()

    def test_keep_every_title(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        plain = workspace(desk, claim)
        titles = list(dict.fromkeys(text[:80] for text in strings() if text.strip()))
        for title in titles:
            CannedReply(title=title, body_en="x", body_zh="x").clean_fields()
        CannedReply.objects.bulk_create(
            CannedReply(title=title, body_en="x", body_zh="x") for title in titles
        )

        html = workspace(desk, claim)
        listed = page(desk, "admin:claims_cannedreply_changelist")
        first = CannedReply.objects.order_by("position", "title")[:100]

        assert set(CannedReply.objects.filter(body_en="x").values_list("title", flat=True)) == set(
            titles
        )
        assert frame(html) == frame(plain)
        assert shows(html, "\n".join(titles))
        assert shows(listed, "\n".join(row.title for row in first))
        assert not [
            bone for bone in bones(listed) if bone.startswith(("iframe", "video", "marquee"))
        ]


class TestWhatIsSignedAndFiled:
    def test_a_name_is_shown_to_both_as_it_was_signed(self, desk: Client) -> None:
        parcel = parcel_for("delivered_not_received", NOON)
        claim = fill(ClaimFactory.create(parcel=parcel), reason="delivered_not_received")
        claims.tell(claim=claim, answers=answers(claim.reason), now=NOON)
        claims.sign(claim=claim, kind="statement", name="Lin", actor=claim.shopper, now=NOON)
        shopper = Client()
        shopper.force_login(claim.shopper)
        names = [name for name in bundles(at_most=118) if len(name) <= 120]
        plain = page(shopper, "wizard", claim.ref, "photos")

        for number, name in enumerate(names):
            row = claims.sign(
                claim=claim, kind="statement", name=name, actor=claim.shopper, now=NOON
            )
            assert Statement.objects.get(pk=row.pk).name == name
            if number % 10 == 0:
                html = page(shopper, "wizard", claim.ref, "photos")
                assert bones(html) == bones(plain)
                assert shows(html, name)

        sent = ClaimFactory.create(in_review=True)
        Statement.objects.bulk_create(
            Statement(
                claim=sent, kind=f"kind-{number}", text=name, language="en", name=name,
                signed_by=sent.shopper, signed_at=NOON,
            )
            for number, name in enumerate(names)
        )  # fmt: skip
        html = workspace(desk, sent)
        assert frame(html) == frame(workspace(desk, ClaimFactory.create(in_review=True)))
        assert shows(html, "\n".join(names))

    def test_why_a_window_was_set_aside(self, desk: Client) -> None:
        text = "\n".join(strings())
        pages = []
        for note in (PLAIN, FENCE + text + FENCE):
            parcel = delivered_parcel()
            (line,) = claims.claimable(parcel=parcel)
            claim = filing.file(
                parcel=parcel, agent=clerk("file_claim", "override_window"), channel="phone",
                reason="wrong_item", quantities={line.order_line.pk: 1}, story=PLAIN,
                wish="refund", code="hindered", note=note, key=uuid4(),
                now=NOON + timedelta(days=20),
            )  # fmt: skip
            assert FilingOverride.objects.get(claim=claim).note == note
            row = FilingOverride.objects.get(claim=claim)
            pages.append(
                (
                    workspace(desk, claim),
                    page(desk, "admin:claims_filingoverride_change", row.pk),
                    page(desk, "admin:claims_filingoverride_changelist"),
                )
            )

        for plain, hostile in zip(*pages, strict=True):
            assert frame(hostile) == frame(plain)
        for html in pages[1][:2]:
            assert shows(html, text)


class TestNotesOfSteps:
    def test_every_sentence_of_the_desk_is_shown_as_text(self, desk: Client) -> None:
        text, told = FENCE + "\n".join(strings()) + FENCE, next(bundles(at_most=4_000))
        pages = self._walk(desk, text, told)

        usual = self._walk(desk, PLAIN, PLAIN)
        assert [frame(html) for html in pages.values()] == [frame(html) for html in usual.values()]
        assert shows(pages.pop("told"), told)
        assert [name for name, html in pages.items() if not shows(html, text)] == []

    @staticmethod
    def _walk(desk: Client, words: str, told: str) -> dict[str, str]:
        """Take claims through the steps that carry words; return the pages that show them."""
        person, at = agent(), LATER
        traced, lowered, returned, reopened = (
            ClaimFactory.create(in_review=True),
            ClaimFactory.create(in_review=True),
            ClaimFactory.create(in_review=True),
            paid(ClaimFactory.create(approved=True)),
        )
        waiting.trace(claim=traced, agent=person, note=words, now=at)
        waiting.hear_back(claim=traced, agent=person, note=words, now=at)
        clocks.set_severity(
            claim=traced, agent=person, severity=2, why="other", note=words[:600], now=at
        )
        waiting.request_back(claim=returned, agent=person, text=told, now=at)
        shopper = Client()
        shopper.force_login(returned.shopper)
        mine = page(shopper, "claim", returned.ref)
        assert returned.messages.get().body == told
        waiting.receive_back(claim=returned, agent=person, note=words, now=at)
        reopening.ask(claim=reopened, agent=person, fact="new_evidence", note=words, now=at)
        line = lowered.lines.get()
        assessment = decisions.assess(
            claim=lowered, agent=person, amounts={line.order_line_id: line.price_minor // 2},
            note=words, now=at,
        )  # fmt: skip
        decisions.propose(claim=lowered, assessment=assessment, agent=person, text=words, now=at)

        for claim, verbs in (
            (traced, {"trace", "hear_back"}),
            (returned, {"receive_back"}),
        ):
            steps = claim.transitions.filter(verb__in=verbs)
            assert {(step.verb, step.note) for step in steps} == {(verb, words) for verb in verbs}
        assert Reopening.objects.get(claim=reopened).note == words
        lowered.refresh_from_db()
        assert lowered.decision_text == words
        assert Assessment.objects.get(pk=assessment.pk).inputs["note"] == words
        browser = Client()
        browser.force_login(lowered.shopper)
        return {
            "traced": workspace(desk, traced),
            "returned": workspace(desk, returned),
            "reopened": workspace(desk, reopened),
            "lowered": workspace(desk, lowered),
            "told": mine,
            "offered": page(browser, "claim", lowered.ref),
        }

    def test_so_is_why_a_proposal_went_back(self, desk: Client) -> None:
        text = FENCE + "\n".join(strings()) + FENCE
        pages = []
        for words in (PLAIN, text):
            claim = ClaimFactory.create(pending_approval=True)
            decisions.send_back(claim=claim, approver=approver(), note=words, now=LATER)
            assert claim.transitions.latest("pk").note == words
            pages.append(workspace(desk, claim))

        assert frame(pages[1]) == frame(pages[0])
        assert shows(pages[1], text)


class TestMail:
    @pytest.fixture(autouse=True)
    def _on(self, settings: Any) -> None:
        settings.INBOUND_DOMAIN = "reply.example"

    def test_body_subject_and_name_come_in_as_text(self, desk: Client) -> None:
        claim = ClaimFactory.create(in_review=True)
        to, sender = reply_lines.address_of(claim), claim.shopper.email
        subjects = [" ".join(one.split()) for one in bundles(at_most=280)]
        subjects = [one for one in subjects if len(one) <= 300]
        bodies = list(bundles(at_most=9_000))
        assert len(subjects) > len(bodies)

        def take(number: int, subject: str, body: str) -> InboundMail:
            now = LATER + timedelta(hours=number)
            raw = (
                f"From: {sealed(subject)} <{sender}>\r\nTo: {to}\r\nSubject: {sealed(subject)}\r\n"
                f"Message-ID: <{number}@example.org>\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n"
            ).encode() + base64.encodebytes(body.encode())
            row = inbound.accept(provider="relay", body=raw, is_json=False, now=now)
            return inbound.handle(mail_id=row.pk, now=now)

        plain = take(0, PLAIN, PLAIN)
        usual = workspace(desk, claim), page(desk, "admin:claims_inboundmail_change", plain.pk)
        for number, subject in enumerate(subjects, start=1):
            body = bodies[number] if number < len(bodies) else PLAIN
            row = take(number, subject, body)
            assert (row.state, row.sender, row.subject) == ("threaded", sender, subject)
            message = Message.objects.get(mail=row)
            whole = f"{message.body}\n{message.quoted}".strip()
            assert even(whole) == even(mail.tidy(body))

        html = workspace(desk, claim)
        assert frame(html) <= frame(usual[0]) | {"details", "summary", "details class"}
        for body in bodies[1:]:
            assert shows(html, mail.tidy(body))
        listed = page(desk, "admin:claims_inboundmail_changelist", queue="all", all="")
        assert shows(listed, "\n".join(subjects[-30:]))
        shown = page(desk, "admin:claims_inboundmail_change", InboundMail.objects.latest("pk").pk)
        assert bones(shown) == bones(usual[1])


def paid(claim: Claim) -> Claim:
    """Let the money of an approved claim arrive."""
    payment = Compensation.objects.get(claim=claim)
    compensations._intend(payment.pk, now=DECIDED)
    compensations.settle(compensation_id=payment.pk, provider_ref="re_1", now=DECIDED)
    claim.refresh_from_db()
    return claim


def sealed(text: str) -> str:
    """Return a text as a word of a header, as mail programs write it."""
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
