"""The report wizard, page by page, without JavaScript."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from PIL import Image

from claims.models import Claim, Evidence
from claims.services import claims
from claims.states import ClaimReason, ClaimState, Wish
from notifications.models import Letter
from portal.accounts.models import User
from tests.factories.claims import ClaimFactory, delivered_parcel, fill
from tests.factories.tracking import NOON, OrderLineFactory, ParcelFactory
from tests.portal.pages.wrongs import WRONGS, answers, order_of, parcel_for, picture, wanted, way_in
from tracking.models import Anomaly, Parcel, ParcelLine

pytestmark = pytest.mark.django_db
DAMAGED = {"box": "yes", "hazard": "no", "story": "Two cups are cracked."}


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _private_files(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def parcel() -> Parcel:
    return delivered_parcel(quantity=2, price_minor=2_400)


@pytest.fixture
def shopper(parcel: Parcel, client: Client) -> User:
    client.force_login(parcel.order.shopper)
    return parcel.order.shopper


def begin_url(parcel: Parcel) -> str:
    return f"{reverse('claim-new')}?parcel={parcel.token}"


def page(claim: Claim, step: str) -> str:
    return reverse("wizard", args=[claim.ref, step])


def jpeg(name: str = "cup.jpg", colour: str = "teal") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def begin(client: Client, parcel: Parcel, quantity: int = 2) -> Claim:
    line = parcel.lines.get().order_line
    answer = client.post(
        begin_url(parcel), {f"line_{line.pk}": "on", f"many_{line.pk}": str(quantity)}
    )
    claim = Claim.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == page(claim, "what")
    return claim


class TestNew:
    def test_shows_the_items_and_keeps_nothing_before_an_answer(self, client, shopper, parcel):
        answer = client.get(begin_url(parcel))

        assert answer.status_code == 200
        assert "2 in the parcel, $24.00 each" in answer.content.decode()
        assert not Claim.objects.exists()

    def test_answers_an_empty_choice_with_422_and_a_link_to_the_first_item(
        self, client, shopper, parcel
    ):
        answer = client.post(begin_url(parcel), {})

        line = parcel.lines.get().order_line
        text = answer.content.decode()
        assert answer.status_code == 422
        assert f'<a href="#id_line_{line.pk}">Choose at least one item</a>' in text
        assert "<title>Error:" in text
        assert not Claim.objects.exists()

    def test_returning_resumes_the_draft(self, client, shopper, parcel):
        claim = begin(client, parcel)

        answer = client.get(begin_url(parcel))

        assert answer.status_code == 302
        assert answer["Location"] == reverse("wizard-tasks", args=[claim.ref])
        assert Claim.objects.count() == 1

    def test_shows_items_of_other_parcels_without_letting_them_be_ticked(
        self, client, shopper, parcel
    ):
        other = ParcelFactory.create(order=parcel.order)
        teapot = OrderLineFactory.create(order=parcel.order, title="Celadon teapot", quantity=1)
        ParcelLine.objects.create(parcel=other, order_line=teapot, quantity=1)

        text = client.get(begin_url(parcel)).content.decode()

        assert "Celadon teapot" in text
        assert f"line_{teapot.pk}" not in text

    def test_shows_claimed_items_without_letting_them_be_ticked(self, client, shopper, parcel):
        claims.submit(claim=fill(ClaimFactory.create(parcel=parcel)), key=uuid4(), now=NOON)

        claim = Claim.objects.get()
        text = client.get(begin_url(parcel)).content.decode()

        assert "Everything in this parcel is already in a claim of yours." in text
        assert reverse("claim", args=[claim.ref]) in text

    def test_says_when_a_parcel_under_way_can_be_reported(self, client):
        parcel = ParcelFactory.create(
            status="in_transit", last_scan_at=NOON - timedelta(days=1), promised_at=None
        )
        line = OrderLineFactory.create(order=parcel.order)
        ParcelLine.objects.create(parcel=parcel, order_line=line, quantity=1)
        client.force_login(parcel.order.shopper)

        text = client.get(begin_url(parcel)).content.decode()

        assert "You can report this from Sun 8 Mar." in text
        assert "You can report this once the parcel has been delivered." in text

    def test_sends_a_stranger_to_the_code_and_shows_only_a_masked_address(self, client, parcel):
        answer = client.get(begin_url(parcel))

        text = answer.content.decode()
        assert answer.status_code == 200
        assert "•••@" in text
        assert parcel.order.email not in text
        assert parcel.lines.get().order_line.title not in text

    def test_sends_somebody_else_a_code_to_the_address_on_file_only(self, client, parcel):
        client.force_login(User.objects.create_user("someone@example.net"))
        told = client.get(begin_url(parcel)).content.decode()

        answer = client.post(begin_url(parcel), {})

        assert "This order belongs to another e-mail" in told
        assert answer["Location"].startswith(reverse("account_confirm_login_code"))
        assert "_auth_user_id" not in client.session
        assert Letter.objects.get().recipient == parcel.order.shopper
        assert not Claim.objects.exists()

    def test_does_not_know_a_made_up_token(self, client):
        assert client.get(f"{reverse('claim-new')}?parcel=nothing").status_code == 404


class TestStep:
    def test_walks_a_damaged_parcel_to_the_receipt(self, client, shopper, parcel):
        claim = begin(client, parcel)
        steps = [
            ("what", {"reason": "damaged"}, "more"),
            ("more", DAMAGED, "photos"),
            (
                "photos",
                {
                    "do": "continue",
                    "photo_item": jpeg(),
                    "photo_box": [jpeg("front.jpg", "navy"), jpeg("back.jpg", "olive")],
                    "photo_padding": jpeg("inside.jpg", "tan"),
                    "photo_label": jpeg("label.jpg", "white"),
                },
                "wish",
            ),
            ("wish", {"wish": "refund"}, "check"),
        ]
        for step, data, following in steps:
            answer = client.post(page(claim, step), data)
            assert (step, answer.status_code) == (step, 302)
            assert answer["Location"] == page(claim, following)

        text = client.get(page(claim, "check")).content.decode()
        answer = client.post(page(claim, "check"), {"key": str(uuid4()), "true": "on"})

        assert "Two cups are cracked." in text
        assert answer["Location"] == page(claim, "sent")
        claim.refresh_from_db()
        assert claim.state == ClaimState.SUBMITTED
        assert claim.reason == ClaimReason.DAMAGED
        assert claim.wish == Wish.REFUND
        assert claim.answers == {"box": "yes", "hazard": "no"}
        assert Evidence.objects.filter(claim=claim).count() == 5
        receipt = client.get(page(claim, "sent")).content.decode()
        assert "We have your report" in receipt
        assert "Keep the box" in receipt

    def test_a_lost_parcel_needs_no_photos(self, client):
        parcel = delivered_parcel()
        Parcel.objects.filter(pk=parcel.pk).update(
            status="lost", delivered_at=None, status_at=NOON - timedelta(days=1)
        )
        parcel.refresh_from_db()
        client.force_login(parcel.order.shopper)
        claim = begin(client, parcel, 1)

        client.post(page(claim, "what"), {"reason": "lost"})
        answer = client.post(page(claim, "more"), {"asked": "yes", "address": "yes"})

        assert answer["Location"] == page(claim, "wish")
        assert client.get(page(claim, "photos"))["Location"] == page(claim, "wish")
        client.post(page(claim, "wish"), {"wish": "refund"})
        assert "step 5 of 5" in client.get(page(claim, "check")).content.decode()
        client.post(page(claim, "check"), {"key": str(uuid4()), "true": "on"})
        claim.refresh_from_db()
        assert claim.state == ClaimState.SUBMITTED

    def test_hot_or_leaking_goods_need_no_photos(self, client, shopper, parcel):
        claim = begin(client, parcel)
        client.post(page(claim, "what"), {"reason": "damaged"})
        client.post(page(claim, "more"), DAMAGED | {"hazard": "leaking"})

        answer = client.post(page(claim, "photos"), {"do": "continue"})

        assert answer["Location"] == page(claim, "wish")

    def test_a_later_step_waits_for_the_earlier_ones(self, client, shopper, parcel):
        claim = begin(client, parcel)

        assert client.get(page(claim, "check"))["Location"] == page(claim, "what")

    def test_a_shut_reason_is_shown_with_its_date_and_refused(self, client, shopper, parcel):
        claim = begin(client, parcel)

        shown = client.get(page(claim, "what")).content.decode()
        answer = client.post(page(claim, "what"), {"reason": "lost"})

        assert "The carrier says it was delivered." in shown
        assert answer.status_code == 422
        claim.refresh_from_db()
        assert claim.reason == ""

    def test_keeps_words_that_are_too_long_and_says_by_how_much(self, client, shopper, parcel):
        claim = begin(client, parcel)
        client.post(page(claim, "what"), {"reason": "damaged"})

        answer = client.post(page(claim, "more"), DAMAGED | {"story": "x" * 612})

        text = answer.content.decode()
        assert answer.status_code == 422
        assert '<a href="#id_story">Shorten your words by 12 characters</a>' in text
        assert "x" * 612 in text

    def test_says_when_the_draft_was_saved(self, client, shopper, parcel):
        claim = begin(client, parcel)

        assert "Draft saved 12:00" in client.get(page(claim, "what")).content.decode()

    def test_changing_one_answer_comes_straight_back_to_the_check_page(
        self, client, shopper, parcel
    ):
        claim = fill(ClaimFactory.create(parcel=parcel))
        claims.tell(claim=claim, answers={"box": "yes", "hazard": "no"}, now=NOON)

        check = client.get(page(claim, "check")).content.decode()
        answer = client.post(f"{page(claim, 'wish')}?then=check", {"wish": "other"})

        assert f'href="{page(claim, "wish")}?then=check"' in check
        assert answer["Location"] == page(claim, "check")

    def test_sending_without_the_declaration_keeps_the_key_and_answers_422(
        self, client, shopper, parcel
    ):
        claim = ready(parcel)
        key = str(uuid4())

        answer = client.post(page(claim, "check"), {"key": key})

        assert answer.status_code == 422
        assert key in answer.content.decode()
        claim.refresh_from_db()
        assert claim.state == ClaimState.DRAFT

    def test_two_presses_are_one_claim(self, client, shopper, parcel):
        claim = ready(parcel)
        data = {"key": str(uuid4()), "true": "on"}

        answers = [client.post(page(claim, "check"), data) for _press in range(2)]

        assert [answer["Location"] for answer in answers] == [page(claim, "sent")] * 2
        claim.refresh_from_db()
        assert claim.transitions.filter(verb="submit").count() == 1

    def test_going_back_after_sending_leads_to_the_claim(self, client, shopper, parcel):
        claim = ready(parcel)
        claims.submit(claim=claim, key=uuid4(), now=NOON)

        assert client.get(page(claim, "wish"))["Location"] == reverse("claim", args=[claim.ref])
        assert client.get(page(claim, "check"))["Location"] == page(claim, "sent")

    def test_an_answer_that_lost_a_race_changes_nothing_and_says_so(self, client, shopper, parcel):
        claim = ready(parcel)

        def overtaken(execute, sql, params, many, context):
            if "FOR UPDATE" in sql:
                Claim.objects.filter(pk=claim.pk).update(state=ClaimState.WITHDRAWN)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(overtaken):
            answer = client.post(page(claim, "wish"), {"wish": "other"}, follow=True)

        assert answer.redirect_chain[0] == (reverse("claim", args=[claim.ref]), 302)
        assert "Nothing was changed." in answer.content.decode()
        claim.refresh_from_db()
        assert claim.wish == Wish.REFUND

    def test_somebody_else_gets_403_and_no_word_of_it(self, client, parcel):
        claim = ready(parcel)
        client.force_login(User.objects.create_user("someone@example.net"))

        answer = client.get(page(claim, "items"))

        assert answer.status_code == 403
        assert "This claim belongs to another e-mail" in answer.content.decode()
        assert parcel.lines.get().order_line.title not in answer.content.decode()

    def test_a_stranger_signs_in_first(self, client, parcel):
        claim = ready(parcel)

        answer = client.get(page(claim, "items"))

        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))

    def test_pages_stay_out_of_caches_and_search_engines(self, client, shopper, parcel):
        answer = client.get(page(ready(parcel), "items"))

        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]


class TestPhotos:
    def test_adds_photos_without_scripts_and_stays_on_the_page(self, client, shopper, parcel):
        claim = at_photos(parcel)

        answer = client.post(page(claim, "photos"), {"do": "add", "photo_item": jpeg()})

        assert answer["Location"] == page(claim, "photos")
        assert "cup.jpg" in client.get(page(claim, "photos")).content.decode()

    def test_the_same_form_twice_keeps_one_photo(self, client, shopper, parcel):
        claim = at_photos(parcel)

        for _press in range(2):
            client.post(page(claim, "photos"), {"do": "add", "photo_item": jpeg()})

        assert Evidence.objects.count() == 1

    def test_keeps_the_good_files_and_names_the_bad_ones(self, client, shopper, parcel):
        claim = at_photos(parcel)
        pdf = SimpleUploadedFile("receipt.pdf", b"%PDF-1.7 \n" + b"x" * 64)

        answer = client.post(page(claim, "photos"), {"do": "add", "photo_item": [jpeg(), pdf]})

        text = answer.content.decode()
        assert answer.status_code == 422
        assert '<a href="#photo_item">receipt.pdf: This is a PDF.' in text
        assert list(Evidence.objects.values_list("name", flat=True)) == ["cup.jpg"]

    def test_says_which_photos_are_missing(self, client, shopper, parcel):
        claim = at_photos(parcel)

        answer = client.post(page(claim, "photos"), {"do": "continue", "photo_box": jpeg()})

        text = answer.content.decode()
        assert answer.status_code == 422
        assert "Add one more photo: The whole box" in text
        assert "Add one more photo: What broke" in text

    def test_a_missing_box_never_blocks(self, client, shopper, parcel):
        claim = at_photos(parcel)

        answer = client.post(
            page(claim, "photos"), {"do": "continue", "without_box": "Thrown away."}
        )

        assert answer["Location"] == page(claim, "wish")
        claim.refresh_from_db()
        assert claim.without_box == "Thrown away."

    def test_takes_a_photo_back(self, client, shopper, parcel):
        claim = at_photos(parcel)
        client.post(page(claim, "photos"), {"do": "add", "photo_item": jpeg()})
        photo = Evidence.objects.get()

        client.post(page(claim, "photos"), {"do": f"remove-{photo.token}"})

        photo.refresh_from_db()
        assert photo.removed_at == NOON

    def test_costs_a_bounded_number_of_queries(
        self, client, shopper, parcel, django_assert_max_num_queries
    ):
        claim = at_photos(parcel)
        for colour in ("red", "green", "blue"):
            client.post(page(claim, "photos"), {"do": "add", "photo_item": jpeg(colour=colour)})

        with django_assert_max_num_queries(10):
            client.get(page(claim, "photos"))


def at_photos(parcel: Parcel) -> Claim:
    claim = fill(ClaimFactory.create(parcel=parcel))
    return claims.tell(
        claim=claim, answers={"box": "yes", "hazard": "no"}, without_box="", now=NOON
    )


def ready(parcel: Parcel) -> Claim:
    claim = fill(ClaimFactory.create(parcel=parcel))
    return claims.tell(claim=claim, answers={"box": "yes", "hazard": "no"}, now=NOON)


# --- All nine reasons, without a line of JavaScript -----------------------------------------------


@pytest.mark.parametrize("reason", WRONGS)
def test_each_reason_is_filed_without_scripts(client: Client, reason: str) -> None:
    wrong = WRONGS[reason](NOON)
    order = order_of(wrong)
    client.force_login(order.shopper)
    way = f"{reverse('claim-new')}?{way_in(wrong)}&about={reason}"
    line = order.lines.get()

    first = client.get(way)
    begun = client.post(way, {f"line_{line.pk}": "on", f"many_{line.pk}": "2"})
    claim = Claim.objects.get()
    what = client.get(page(claim, "what")).content.decode()

    assert first.status_code == 200
    assert begun["Location"] == page(claim, "what")
    assert f'value="{reason}" id="id_reason_{reason}" checked' in what
    client.post(page(claim, "what"), {"reason": reason})
    client.post(page(claim, "more"), answers(reason) | {"story": "It is a pity."})
    claim.refresh_from_db()
    photos, statements = wanted(claim)
    sent = client.post(
        page(claim, "photos"),
        {
            "do": "continue",
            **{f"sign_{kind}": "Lin Wei" for kind in statements},
            **{
                f"photo_{kind}": [
                    SimpleUploadedFile(f"{kind}-{n}.jpg", picture(7 * n + place), "image/jpeg")
                    for n in range(many)
                ]
                for place, (kind, many) in enumerate(photos.items())
            },
        },
    )
    assert sent["Location"] == page(claim, "wish")
    wish = claims.wishes(claim=claim, now=NOON)[0].wish
    client.post(page(claim, "wish"), {"wish": wish})
    check = client.get(page(claim, "check")).content.decode()
    done = client.post(page(claim, "check"), {"key": str(uuid4()), "true": "on"})

    assert "It is a pity." in check
    assert done["Location"] == page(claim, "sent")
    claim.refresh_from_db()
    assert (claim.state, claim.reason, claim.wish) == (ClaimState.SUBMITTED, reason, wish)
    assert claim.answers == answers(reason)
    assert Evidence.objects.filter(claim=claim).count() == sum(photos.values())
    receipt = client.get(page(claim, "sent")).content.decode()
    assert claim.ref in receipt
    assert ("Keep the box" in receipt) == (reason in {"damaged", "wrong_item", "missing_item"})


class TestWhatWeNoticed:
    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            ("suspected_lost", "lost"),
            ("past_eta", "delayed"),
            ("refused", "refused"),
        ],
    )
    def test_is_filled_in_beforehand(self, client, kind, reason):
        parcel = parcel_for(reason, NOON)
        Anomaly.objects.create(parcel=parcel, kind=kind, opened_at=NOON)
        client.force_login(parcel.order.shopper)

        text = client.get(begin_url(parcel)).content.decode()
        claim = begin(client, parcel)

        assert text.count(" checked") == 1
        assert claim.reason == reason
        assert (
            f'id="id_reason_{reason}" checked' in client.get(page(claim, "what")).content.decode()
        )

    def test_is_not_filled_in_where_it_cannot_be_reported(self, client, shopper, parcel):
        Anomaly.objects.create(parcel=parcel, kind="suspected_lost", opened_at=NOON)

        assert begin(client, parcel).reason == ""


class TestOfAnOrderThatNothingCameOf:
    def test_tells_a_stranger_nothing(self, client):
        order = order_of(WRONGS["not_shipped"](NOON))
        ways = [f"{reverse('claim-new')}?order={number}" for number in (order.number, "PH-0")]

        strangers = [client.get(way) for way in ways]
        client.force_login(User.objects.create_user("someone@example.net"))
        others = [client.get(way).status_code for way in ways]

        assert all(answer["Location"].startswith(reverse("account_login")) for answer in strangers)
        assert others == [404, 404]

    def test_leads_back_to_the_orders(self, client):
        order = order_of(WRONGS["not_shipped"](NOON))
        client.force_login(order.shopper)

        text = client.get(f"{reverse('claim-new')}?order={order.number}").content.decode()

        assert f'href="{reverse("account")}">Back to my orders' in text


class TestSigning:
    @pytest.fixture
    def draft(self, client: Client) -> Claim:
        parcel = parcel_for("delivered_not_received", NOON)
        client.force_login(parcel.order.shopper)
        claim = fill(ClaimFactory.create(parcel=parcel), reason="delivered_not_received")
        return claims.tell(claim=claim, answers=answers(claim.reason), now=NOON)

    def test_a_statement_waits_for_a_name_and_no_excuse_stands_in_for_it(self, client, draft):
        answer = client.post(
            page(draft, "photos"),
            {"do": "continue", "without_box": "No box.", "sign_statement": " "},
        )

        text = answer.content.decode()
        assert answer.status_code == 422
        assert '<a href="#id_sign_statement">Sign with your name: Your statement.</a>' in text
        assert not draft.statements.exists()

    def test_a_name_that_is_none_is_sent_back_and_stays_in_its_field(self, client, draft):
        answer = client.post(page(draft, "photos"), {"do": "continue", "sign_statement": "X"})

        text = answer.content.decode()
        assert answer.status_code == 422
        assert text.count("Sign with your full name.") == 2
        assert 'value="X"' in text

    def test_a_name_is_kept_with_the_words_that_were_read(self, client, draft):
        client.post(page(draft, "photos"), {"do": "add", "sign_statement": "Lin Wei"})

        statement = draft.statements.get()
        text = client.get(page(draft, "photos")).content.decode()
        assert statement.name == "Lin Wei"
        assert statement.text in text
        assert "Signed by Lin Wei on Mon 2 Mar." in text

    def test_what_has_to_be_done_first_is_said_and_the_answer_is_kept(self, client, draft):
        told = answers(draft.reason) | {"asked": "no", "story": "I go round tonight."}

        answer = client.post(page(draft, "more"), told)

        text = answer.content.decode()
        assert answer.status_code == 422
        assert text.count("Ask your neighbours and look into parcel lockers first") == 2
        draft.refresh_from_db()
        assert draft.answers["asked"] == "no"
        assert draft.story == "I go round tonight."
        assert client.get(page(draft, "check"))["Location"] == page(draft, "more")
