"""A claim as its shopper sees it: where it is, what is asked of them, and the money."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from claims.models import Claim, Decline, Message
from claims.questions import told
from claims.services import claims, conversation, decisions, evidence
from claims.services.refusals import Refusal
from claims.states import ClaimReason, ClaimState, Wish
from portal.accounts import limits
from portal.accounts.models import User
from portal.lib.moves import Role
from portal.pages import claim_counter, claim_rating, wizard_photos
from portal.pages.claim_faces import Case, face, instrument_in_words, language
from portal.pages.claim_guard import for_its_shopper, items_in_words
from portal.pages.claim_next import choices, refusal, turn
from portal.pages.claim_parts import explained, history, money_lines, offer_lines, stations
from portal.pages.forms import AppealForm, MessageForm, Problem, posted
from portal.pages.wizard_begin import way_back
from portal.pages.wizard_steps import Ask

GRANTED = {
    ClaimState.OFFERED,
    ClaimState.APPROVED,
    ClaimState.COMPENSATING,
    ClaimState.COMPENSATION_FAILED,
    ClaimState.RESOLVED,
    ClaimState.CLOSED,
}
"""States in which the shopper may read the sum; waiting for a second yes is not one."""
PHOTOS_AT_ONCE = 10
MESSAGES_PER_HOUR = 30
POLL_UNTIL = {ClaimState.CLOSED, ClaimState.WITHDRAWN}
"""States in which nothing moves by itself any more."""


# --- Reading -----------------------------------------------------------------------------------


def _case(claim: Claim) -> Case:
    """Read what the head of the page needs."""
    approvals = list(claim.approvals.select_related("assessment", "compensation").order_by("-pk"))
    granted = next((row for row in approvals if row.voided_at is None), None)
    if claim.state not in GRANTED:
        granted = None
    return Case(
        claim=claim,
        approval=granted,
        assessment=granted.assessment if granted else None,
        compensations=[row.compensation for row in approvals if hasattr(row, "compensation")],
        requests=list(claim.requests.filter(answered_at__isnull=True).order_by("due_at"))
        if claim.state == ClaimState.NEEDS_INFO
        else [],
        steps=list(claim.transitions.filter(visible_to_shopper=True).order_by("-pk")),
        decline=_decline(claim),
        now=timezone.now(),
    )


def _decline(claim: Claim) -> Decline | None:
    """Return the no that stands, once it is said."""
    said = claim.declines.filter(voided_at=None, approved_at__isnull=False)
    return said.order_by("-pk").first() if claim.decision_code else None


def _live(case: Case) -> dict[str, Any]:
    """Return what the part that refreshes itself shows."""
    claim = case.claim
    offered = claims.available_actions(claim=claim, role=Role.SHOPPER, now=case.now)
    context: dict[str, Any] = {
        "claim": claim,
        "case": case,
        "face": face(case),
        "stations": stations(case),
        "actions": {action.verb for action in offered},
        "turn": turn(case),
        "choices": choices(claim, offered),
        "items": items_in_words(claim.things()),
        "money": money_lines(case.compensations),
        "has_photo_request": any(row.kind != "other" for row in case.requests),
        "requests": case.requests,
        "is_final": claim.state in POLL_UNTIL,
    }
    if case.assessment is not None:
        zh = language().startswith("zh")
        context |= {
            "lines": offer_lines(case.assessment),
            "sum": case.sum,
            "instrument": instrument_in_words(claim.order.payment_instrument),
            "rule": case.assessment.rule,
            "why": case.assessment.text_zh if zh else case.assessment.text_en,
            "by_person": case.approval is None or case.approval.reviewer_id is not None,
            "explained": explained(case.assessment),
        }
    if case.decline is not None:
        context |= {"decline": case.decline, **refusal(case)}
    return context


def _etag(case: Case, news: int) -> str:
    """Name this state of the live part, so that a poll without news costs no rendering."""
    facts = [
        language(),
        case.claim.version,
        case.claim.saved_at,
        news,
        timezone.localtime(case.now).date(),
        [(row.pk, row.state, row.version) for row in case.compensations],
        [(row.pk, row.due_at) for row in case.requests],
        case.approval.pk if case.approval else None,
    ]
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:24]}"'


def _newest(claim: Claim, after: int) -> int:
    """Count the desk's messages that came after the newest one shown."""
    return Message.objects.filter(claim=claim, pk__gt=after).exclude(role=Role.SHOPPER).count()


def _show(
    request: HttpRequest, claim: Claim, *, form: MessageForm | None = None, status: int = 200
) -> HttpResponse:
    """Render the whole page."""
    case = _case(claim)
    letters = conversation.letters(claim=claim)
    if letters:
        # Looking is reading; the desk sees until when.
        shopper = cast("User", request.user)
        conversation.read(
            claim=claim, reader=shopper, role=Role.SHOPPER, now=timezone.now(), seen=letters
        )
    form = form or MessageForm(initial={"send_key": uuid.uuid4()})
    context = _live(case)
    context |= {
        "etag": _etag(case, 0),
        "newest": max((row.pk for row in letters), default=0),
        "letters": letters,
        "new_letters": [
            row.pk for row in letters if row.role != Role.SHOPPER and row.read_at is None
        ],
        "rating": claim_rating.panel(claim),
        "may_add_photos": claim.state in evidence.OPEN_FOR_PHOTOS,
        "form": form,
        "problems": form.problems() if form.is_bound else [],
        "photos": _photos(claim),
        "facts": _told_us(claim, context["items"]),
        "history": history(case.steps),
    }
    return render(request, "pages/claim.html", context, status=status)


def _photos(claim: Claim) -> list[dict[str, Any]]:
    """Return the shopper's photos as the strip wants them."""
    rows = []
    for photo in evidence.photos(claim=claim):
        row = {"alt": photo.name, "caption": ""}
        if photo.state == "clean":
            row["href"] = reverse("photo", args=[photo.token, "large"])
            row["thumb"] = reverse("photo", args=[photo.token, "small"])
        elif photo.state == "refused":
            row["caption"] = f"{photo.name}: {evidence.sentence(photo)}"
        else:
            row["caption"] = _("Being prepared")
        rows.append(row)
    return rows


def _told_us(claim: Claim, items: str) -> list[tuple[Any, Any]]:
    """Return what the shopper told us."""
    rows: list[tuple[Any, Any]] = [
        (_("Order"), "" if claim.parcel else claim.order.number),
        (_("Parcel"), claim.parcel.number if claim.parcel else ""),
        (_("Items"), items),
        (_("What happened"), ClaimReason(claim.reason).label if claim.reason else ""),
        *told(claim.reason, claim.answers),
        (_("In your words"), claim.story),
        (_("Why a photo is missing"), claim.without_box),
        (_("You asked for"), Wish(claim.wish).label if claim.wish else ""),
    ]
    return [(name, text) for name, text in rows if text]


# --- The page and its refresh ------------------------------------------------------------------


@require_GET
@for_its_shopper
def claim_page(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Show the claim."""
    if claim.state == ClaimState.DRAFT:
        return redirect("wizard-tasks", claim.ref)
    return _show(request, claim)


@require_GET
@for_its_shopper
def live(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Return the part that may have changed, or 304; the browser asks every 30 seconds."""
    if claim.state == ClaimState.DRAFT:
        return redirect("wizard-tasks", claim.ref)
    seen = request.GET.get("seen", "")
    news = _newest(claim, int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 18 else 0)
    case = _case(claim)
    tag = _etag(case, news)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    context = _live(case) | {"news": news, "is_refresh": True}
    response = render(request, "pages/claim_refresh.html", context)
    response.headers["ETag"] = tag
    return response


# --- Acting ------------------------------------------------------------------------------------


@require_POST
@for_its_shopper
def write(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Send words to the desk; the same send key twice is one message."""
    if claim.state == ClaimState.DRAFT:
        return redirect("wizard-tasks", claim.ref)
    form = MessageForm(request.POST, request.FILES)
    if form.is_valid() and not limits.spend(
        f"messages {request.user.pk}", limit=MESSAGES_PER_HOUR, seconds=3600, now=timezone.now()
    ):
        form.add_error("body", _("You have written a lot just now. Send this in an hour."))
    if len(request.FILES.getlist("photos")) > PHOTOS_AT_ONCE:
        form.add_error(
            "photos",
            _("At most %(most)s photos fit one message. Send the others with another one.")
            % {"most": PHOTOS_AT_ONCE},
        )
    if form.is_valid():
        try:
            conversation.write(
                claim=claim,
                author=cast("User", request.user),
                role=Role.SHOPPER,
                body=form.cleaned_data["body"],
                send_key=form.cleaned_data["send_key"],
                photos=request.FILES.getlist("photos"),
                now=timezone.now(),
            )
        except conversation.PhotosRefused as refusal:
            form.add_error("photos", str(refusal))
        except Refusal as refusal:
            form.add_error("body", str(refusal))
        else:
            messages.success(request, _("Your message is with us."))
            return redirect(f"{reverse('claim', args=[claim.ref])}#messages")
    return _show(request, claim, form=form, status=422)


@require_POST
@for_its_shopper
def accept(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Say yes to the offer; a second yes is the same yes."""
    if claim.state in {
        ClaimState.APPROVED,
        ClaimState.COMPENSATING,
        ClaimState.RESOLVED,
    }:
        messages.info(request, _("You have said yes already. Nothing happens twice."))
        return redirect("claim", claim.ref)
    try:
        decisions.accept_offer(
            claim=claim,
            shopper=cast("User", request.user),
            offer=request.POST.get("offer", ""),
            now=timezone.now(),
        )
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("Thank you. The money is on its way."))
    return redirect("claim", claim.ref)


@require_http_methods(["GET", "POST"])
@for_its_shopper
def appeal(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Ask for another look by a different person."""
    form = AppealForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            decisions.appeal(
                claim=claim,
                shopper=cast("User", request.user),
                text=form.cleaned_data["text"],
                now=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error("text", str(refusal))
        else:
            messages.success(request, _("We take a second look."))
            return redirect("claim", claim.ref)
    elif request.method == "GET" and not _may(claim, "appeal"):
        messages.info(request, _("Another look is not possible now."))
        return redirect("claim", claim.ref)
    problems = form.problems() if form.is_bound else []
    context = {"claim": claim, "form": form, "problems": problems}
    return render(request, "pages/claim_appeal.html", context, status=422 if problems else 200)


@require_http_methods(["GET", "POST"])
@for_its_shopper
def withdraw(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Take the claim back, after asking once."""
    is_draft = claim.state == ClaimState.DRAFT
    if request.method == "POST":
        if claim.state != ClaimState.WITHDRAWN:
            try:
                claims.withdraw(claim=claim, actor=cast("User", request.user), now=timezone.now())
            except Refusal as refusal:
                messages.warning(request, str(refusal))
                return redirect("claim", claim.ref)
        if is_draft:
            messages.success(request, _("The draft is gone."))
            return redirect(way_back(claim.parcel)[0])
        return redirect("claim", claim.ref)
    if not _may(claim, "withdraw"):
        messages.info(request, _("This claim cannot be withdrawn any more."))
        return redirect("claim", claim.ref)
    return render(request, "pages/claim_withdraw.html", {"claim": claim, "is_draft": is_draft})


@require_POST
@for_its_shopper
def reopen(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Let a resting claim go on."""
    try:
        claims.reopen(claim=claim, actor=cast("User", request.user), now=timezone.now())
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("Your claim is open again. A person carries on with it."))
    return redirect("claim", claim.ref)


@require_http_methods(["GET", "POST"])
@for_its_shopper
def answer(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Send what the desk asked for: photos, words, or both."""
    wanted = list(claim.requests.filter(answered_at__isnull=True).order_by("due_at"))
    if claim.state != ClaimState.NEEDS_INFO or not wanted:
        return _too_late_to_answer(request, claim)
    form = MessageForm(posted(request), initial={"send_key": uuid.uuid4()})
    form.fields["body"].required = False
    refused: dict[str, list[wizard_photos.Refused]] = {}
    problems: list[Problem] = []
    if request.method == "POST":
        press = request.POST.get("do", "continue")
        if press.startswith("remove-"):
            wizard_photos.remove(request, claim=claim, token=press.removeprefix("remove-"))
        for row in wanted:
            refused |= wizard_photos.add(
                request, claim=claim, slot=f"request-{row.pk}", kind=row.kind, demand=row
            )
        problems = form.problems() + wizard_photos.problems(refused)
        if not problems and press == "continue":
            problems = _answer(request, claim, form)
            if not problems:
                messages.success(request, _("Thank you. We go on with your claim."))
                return redirect("claim", claim.ref)
        elif not problems:
            return redirect("claim-answer", claim.ref)
    photos = list(evidence.photos(claim=claim).filter(request__in=wanted))
    asks = [
        Ask(
            kind=row.kind,
            slot=f"request-{row.pk}",
            request=row.pk,
            title=row.text,
            hint="",
            sketch="slip" if row.kind == "other" else row.kind,
            minimum=0 if row.kind == "other" else row.wants,
            photos=[photo for photo in photos if photo.request_id == row.pk],
        )
        for row in wanted
    ]
    context = {
        "claim": claim,
        "asks": asks,
        "wanted": wanted,
        "due": wanted[0].due_at,
        "is_late": timezone.now() > wanted[0].due_at,
        "form": form,
        "problems": problems,
        "refused": refused,
        **wizard_photos.context(claim),
    }
    return render(request, "pages/claim_answer.html", context, status=422 if problems else 200)


def _too_late_to_answer(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Lead back to the claim; words that were typed meanwhile wait there to be sent."""
    form = MessageForm(posted(request))
    is_empty = not form.is_valid() or not form.cleaned_data["body"].strip()
    if is_empty or claim.state == ClaimState.DRAFT or _is_with_us(claim, form):
        return redirect("claim", claim.ref)
    words = _("We do not wait for this any more. What you wrote stands here: send it if you like.")
    form.add_error("body", words)
    return _show(request, claim, form=form, status=422)


def _is_with_us(claim: Claim, form: MessageForm) -> bool:
    """Test whether these words have come already, by the same press."""
    return Message.objects.filter(claim=claim, send_key=form.cleaned_data["send_key"]).exists()


def _answer(request: HttpRequest, claim: Claim, form: MessageForm) -> list[Problem]:
    """Pass words and photos on to the desk; return what is in the way."""
    now = timezone.now()
    shopper = cast("User", request.user)
    body = form.cleaned_data["body"].strip()
    has_photo = (
        evidence.photos(claim=claim)
        .filter(request__answered_at__isnull=True, request__isnull=False)
        .exclude(state="refused")
    )
    if not body and not has_photo.exists():
        return [Problem("id_body", _("Add a photo, or tell us in words why there is none"))]
    try:
        if body:
            conversation.write(
                claim=claim,
                author=shopper,
                role=Role.SHOPPER,
                body=body,
                send_key=form.cleaned_data["send_key"],
                now=now,
            )
        conversation.answer(claim=claim, shopper=shopper, now=now)
    except Refusal as refusal:
        return [Problem("id_body", str(refusal))]
    return []


def _may(claim: Claim, verb: str) -> bool:
    """Test whether the shopper may take this step now."""
    rows = claims.available_actions(claim=claim, role=Role.SHOPPER, now=timezone.now())
    return any(row.verb == verb for row in rows)


urlpatterns = [
    *claim_counter.urlpatterns,
    *claim_rating.urlpatterns,
    path("claims/<str:ref>/", claim_page, name="claim"),
    path("claims/<str:ref>/live/", live, name="claim-live"),
    path("claims/<str:ref>/messages/", write, name="claim-write"),
    path("claims/<str:ref>/accept/", accept, name="claim-accept"),
    path("claims/<str:ref>/another-look/", appeal, name="claim-appeal"),
    path("claims/<str:ref>/withdraw/", withdraw, name="claim-withdraw"),
    path("claims/<str:ref>/reopen/", reopen, name="claim-reopen"),
    path("claims/<str:ref>/answer/", answer, name="claim-answer"),
]
