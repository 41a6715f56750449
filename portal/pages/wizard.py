"""Report a problem: one question a page, six pages, every answer kept as a draft."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from claims.models import Claim
from claims.questions import QUESTIONS, STORY_MAX, is_hazard, told
from claims.services import claims, clocks
from claims.services.refusals import Refusal
from claims.states import ClaimReason, ClaimState, Wish
from portal.lib import masking
from portal.pages import wizard_begin, wizard_opened, wizard_photos, wizard_resume
from portal.pages.claim_faces import language, make_stamp
from portal.pages.claim_guard import for_its_reporter, is_its_shopper, items_in_words
from portal.pages.forms import (
    ItemsForm,
    MoreForm,
    PageForm,
    PhotosForm,
    Problem,
    SendForm,
    WhatForm,
    WishForm,
    posted,
)
from portal.pages.wizard_reasons import AT_HAND, PHOTO_HEADINGS, answer, shut
from portal.pages.wizard_steps import BACK, DRAFT_DAYS, STEPS, Report

Step = Callable[[HttpRequest, Report], HttpResponse]


# --- The pages ---------------------------------------------------------------------------------


@require_GET
@for_its_reporter
def tasks(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Show what is done and what is left of a draft."""
    if claim.state != ClaimState.DRAFT:
        return redirect("claim", claim.ref)
    if wizard_opened.is_waiting(claim) and "all" not in request.GET:
        return wizard_opened.page(request, claim)
    report = Report(claim, language=language())
    context = {
        "claim": claim,
        "report": report,
        "rows": report.rows(),
        "onward": report.url(report.first_open),
        "facts": _facts(report),
        "days": DRAFT_DAYS,
        "is_shopper": is_its_shopper(request, claim),
    }
    if context["is_shopper"]:
        context["square"] = wizard_resume.square(claim)
        context["address"] = masking.email(claim.shopper.email)
    return render(request, "pages/wizard_tasks.html", context)


@require_http_methods(["GET", "POST"])
@for_its_reporter
def step(request: HttpRequest, claim: Claim, name: str) -> HttpResponse:
    """Show or answer one page of the report."""
    if name == "sent" and claim.submitted_at:
        return _receipt(request, claim)
    if name not in PAGES:
        raise Http404
    if claim.state != ClaimState.DRAFT:
        # A second press, a second tab or Back after sending: the report is there, say so.
        sent = claim.submitted_at is not None and name == "check"
        return redirect("wizard", claim.ref, "sent") if sent else redirect("claim", claim.ref)
    try:
        if name == "check" and request.method == "POST":
            return _send(request, claim)
        report = Report(claim, language=language())
        if not report.may_open(name):
            return redirect(report.url(report.first_open))
        return PAGES[name](request, report)
    except Refusal as refusal:  # the draft was sent, withdrawn or laid to rest in another tab
        messages.warning(request, str(refusal))
        return redirect("claim", claim.ref)


def _onward(request: HttpRequest, report: Report, name: str) -> HttpResponseRedirect:
    """Go on, or back to the check page if the shopper came from there to change one answer."""
    fresh = Report(report.claim, language=language())
    return HttpResponseRedirect(fresh.after(name, back_to_check=request.GET.get("then") == "check"))


def _page(
    request: HttpRequest,
    report: Report,
    name: str,
    form: PageForm,
    *,
    problems: list[Problem] | None = None,
    **context: Any,
) -> HttpResponse:
    """Render one page; mistakes answer 422 and lose nothing typed."""
    names = report.names
    before = report.before(name)
    if request.GET.get("then") == "check":
        before = "check"
    found = problems if problems is not None else (form.problems() if form.is_bound else [])
    context |= {
        "claim": report.claim,
        "report": report,
        "step": name,
        "number": names.index(name) + 1,
        "total": len(names),
        "title": STEPS[name],
        "form": form,
        "problems": found,
        "facts": _facts(report),
        "back": report.url(before) if before else reverse("wizard-tasks", args=[report.claim.ref]),
        "back_label": _("Back to check and send") if before == "check" else BACK.get(before or ""),
        "days": DRAFT_DAYS,
    }
    template = f"pages/wizard_{name}.html"
    return render(request, template, context, status=422 if found else 200)


def _facts(report: Report) -> list[tuple[Any, Any]]:
    """Return the report so far, for the margin."""
    claim = report.claim
    facts: list[tuple[Any, Any]] = [wizard_begin.which(claim.order, claim.parcel)]
    if report.lines:
        facts.append((_("Items"), items_in_words(report.lines)))
    if claim.reason:
        facts.append((_("What happened"), ClaimReason(claim.reason).label))
    if claim.wish:
        facts.append((_("You ask for"), Wish(claim.wish).label))
    return facts


def _items(request: HttpRequest, report: Report) -> HttpResponse:
    claim = report.claim
    chosen = {line.order_line_id: line.quantity for line in report.lines}
    initial: dict[str, Any] = {f"line_{pk}": True for pk in chosen}
    initial |= {f"many_{pk}": quantity for pk, quantity in chosen.items()}
    form = ItemsForm(
        posted(request),
        initial=initial,
        lines=wizard_begin.lines_of(claim),
    )
    if request.method == "POST" and form.is_valid() and wizard_begin.keep_choice(claim, form):
        return _onward(request, report, "items")
    return _page(
        request,
        report,
        "items",
        form,
        elsewhere=wizard_begin.elsewhere(claim.order, claim.parcel),
        currency=claim.currency,
    )


def _what(request: HttpRequest, report: Report) -> HttpResponse:
    claim = report.claim
    options = claims.options(parcel=claim.parcel, order=claim.order, now=timezone.now())
    form = WhatForm(
        posted(request),
        initial={"reason": claim.reason},
        reasons=[option.reason for option in options if option.is_open],
    )
    if request.method == "POST" and form.is_valid():
        claims.tell(claim=claim, reason=form.cleaned_data["reason"], now=timezone.now())
        return _onward(request, report, "what")
    return _page(
        request,
        report,
        "what",
        form,
        open=[answer(option) for option in options if option.is_open],
        shut=shut(options),
    )


def _more(request: HttpRequest, report: Report) -> HttpResponse:
    claim = report.claim
    questions = QUESTIONS.get(claim.reason, ())
    form = MoreForm(
        posted(request), initial={**claim.answers, "story": claim.story}, questions=questions
    )
    if request.method == "POST" and form.is_valid():
        claims.tell(
            claim=claim,
            answers=form.answers,
            story=form.cleaned_data["story"],
            now=timezone.now(),
        )
        if not form.first_do:
            return _onward(request, report, "more")
    first_do = {problem.field: problem.text for problem in form.first_do}
    asked = [(question, form[question.key], first_do.get(question.key)) for question in questions]
    return _page(
        request,
        report,
        "more",
        form,
        problems=form.problems() + form.first_do if form.is_bound else None,
        asked=asked,
        most=STORY_MAX,
    )


def _photos(request: HttpRequest, report: Report) -> HttpResponse:
    claim = report.claim
    form = PhotosForm(posted(request), initial={"without_box": claim.without_box})
    refused: dict[str, list[wizard_photos.Refused]] = {}
    problems: list[Problem] = []
    if request.method == "POST":
        press = request.POST.get("do", "continue")
        if press.startswith("remove-"):
            wizard_photos.remove(request, claim=claim, token=press.removeprefix("remove-"))
        for ask in report.asks:
            refused |= wizard_photos.add(request, claim=claim, slot=ask.slot, kind=ask.kind)
        if form.is_valid() and form.cleaned_data["without_box"] != claim.without_box:
            words = form.cleaned_data["without_box"]
            claims.tell(claim=claim, without_box=words, now=timezone.now())
        problems = form.problems() + wizard_photos.problems(refused)
        problems += wizard_photos.sign(form.data, claim=claim, report=report)
        report = Report(claim, language=language())
        must = press == "continue"
        if must:
            problems += wizard_photos.lacking(report)
            known = {problem.anchor for problem in problems}
            problems += [row for row in wizard_photos.unsigned(report) if row.anchor not in known]
        if not problems:
            return _onward(request, report, "photos") if must else redirect(request.get_full_path())
    return _page(
        request,
        report,
        "photos",
        form,
        problems=problems,
        refused=refused,
        to_sign=wizard_photos.to_sign(form.data, report=report, problems=problems),
        heading=PHOTO_HEADINGS.get(claim.reason),
        is_hazard=is_hazard(claim.answers),
        **wizard_photos.context(claim),
    )


def _wish(request: HttpRequest, report: Report) -> HttpResponse:
    claim = report.claim
    wishes = claims.wishes(claim=claim, now=timezone.now())
    form = WishForm(
        posted(request), initial={"wish": claim.wish}, wishes=[row.wish for row in wishes]
    )
    if request.method == "POST" and form.is_valid():
        claims.wish(claim=claim, wish=form.cleaned_data["wish"], now=timezone.now())
        return _onward(request, report, "wish")
    within = clocks.pays_within(severity=claim.severity, now=timezone.now())
    return _page(request, report, "wish", form, wishes=wishes, within=within)


def _check(request: HttpRequest, report: Report) -> HttpResponse:
    form = SendForm(None, initial={"key": uuid.uuid4()})
    return _page(request, report, "check", form, answers=_answers(report))


def _send(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Send the report; its answers are read again only where something is in the way."""
    form = SendForm(posted(request))
    problems: list[Problem] | None = None
    if form.is_valid():
        try:
            claims.submit(claim=claim, key=form.cleaned_data["key"], now=timezone.now())
        except claims.Incomplete as refusal:
            problems = [Problem("main", words) for words in refusal.facts["missing"]]
        except Refusal as refusal:
            problems = [Problem("main", str(refusal))]
        else:
            return redirect("wizard", claim.ref, "sent")
    report = Report(claim, language=language())
    if not report.may_open("check"):
        return redirect(report.url(report.first_open))
    return _page(request, report, "check", form, problems=problems, answers=_answers(report))


def _answers(report: Report) -> list[dict[str, Any]]:
    """Return every answer with the page that changes it."""
    claim = report.claim
    rows: list[dict[str, Any]] = [
        {"title": _("Items"), "text": items_in_words(report.lines), "step": "items"},
        {"title": _("What happened"), "text": ClaimReason(claim.reason).label, "step": "what"},
    ]
    rows += [
        {"title": title, "text": text, "step": "more"}
        for title, text in told(claim.reason, claim.answers)
    ]
    rows.append({"title": _("In your words"), "text": claim.story, "step": "more"})
    if report.asks:
        photos = [photo for ask in report.asks for photo in ask.photos if photo.state != "refused"]
        rows.append(
            {"title": _("Photos"), "photos": photos, "text": claim.without_box, "step": "photos"}
        )
    rows.append({"title": _("You ask for"), "text": Wish(claim.wish).label, "step": "wish"})
    for row in rows:
        row["url"] = f"{report.url(row['step'])}?then=check"
    return rows


def _receipt(request: HttpRequest, claim: Claim) -> HttpResponse:
    """Say that we have it, and by when we decide."""
    context = {
        "claim": claim,
        "stamp": make_stamp(
            claim.decide_by,
            kicker=_("We decide by"),
            sentence=_("We decide by %(day)s."),
            tone="info",
        ),
        "address": masking.email(claim.shopper.email),
        "items": items_in_words(claim.lines.select_related("order_line").order_by("pk")),
        "keeps_box": claim.reason in AT_HAND,
        "within": clocks.pays_within(severity=claim.severity, now=timezone.now()),
    }
    return render(request, "pages/wizard_sent.html", context)


PAGES: dict[str, Step] = {
    "items": _items,
    "what": _what,
    "more": _more,
    "photos": _photos,
    "wish": _wish,
    "check": _check,
}

urlpatterns = [
    path("claims/new/", wizard_begin.new, name="claim-new"),
    path("claims/<str:ref>/report/", tasks, name="wizard-tasks"),
    *wizard_resume.urlpatterns,
    *wizard_opened.urlpatterns,
    path("claims/<str:ref>/report/<slug:name>/", step, name="wizard"),
]
