"""The wizard's pages in order: which apply to a draft, which are done, where to go next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from claims.models import Claim, ClaimLine, Evidence, Statement
from claims.questions import QUESTIONS, is_hazard
from claims.services import claims, evidence

STEPS: Mapping[str, str | Promise] = {
    "items": _("Which items?"),
    "what": _("What happened?"),
    "more": _("A little more"),
    "photos": _("Photos"),
    "wish": _("What would put it right?"),
    "check": _("Check and send"),
}

BACK: Mapping[str, str | Promise] = {
    "items": _("Back to which items"),
    "what": _("Back to what happened"),
    "more": _("Back to a little more"),
    "photos": _("Back to photos"),
    "wish": _("Back to what would put it right"),
}

DRAFT_DAYS = 14


@dataclass(frozen=True)
class Shot:
    """A photo that has come, and what to say of it."""

    photo: Evidence
    words: str


@dataclass(frozen=True)
class Ask:
    """Photos asked for, by policy or by a person, with what has come so far."""

    slot: str
    """Names the ask on its page; for policy's asks the kind itself."""
    kind: str
    title: str
    hint: str
    sketch: str
    minimum: int
    photos: list[Evidence]
    request: int | None = None
    is_signed: bool = False
    """Something to put a name to, not a photo."""
    statement: Statement | None = None

    @property
    def shots(self) -> list[Shot]:
        """Return each photo with its words."""
        return [Shot(photo, evidence.sentence(photo)) for photo in self.photos]

    @property
    def good(self) -> int:
        """How many photos count."""
        return sum(photo.state != "refused" for photo in self.photos)

    @property
    def missing(self) -> int:
        """How many more are needed."""
        if self.is_signed:
            return 0 if self.statement or not self.minimum else 1
        return max(0, self.minimum - self.good)

    @property
    def pill(self) -> str:
        """Which word stands beside the title."""
        if self.is_signed and self.statement:
            return "done"
        if self.good and not self.missing:
            return "done"
        if any(photo.state == "refused" for photo in self.photos):
            return "another"
        if self.good:
            return "one" if self.missing == 1 else "some"
        return "none" if self.minimum or self.request else "optional"


@dataclass(frozen=True)
class StepRow:
    """One line of the task list."""

    name: str
    title: str | Promise
    url: str
    is_done: bool


class Report:
    """A draft as the wizard sees it. Reads once, then answers from memory."""

    def __init__(self, claim: Claim, *, language: str) -> None:
        self.claim = claim
        self.lines: list[ClaimLine] = claim.things()
        zh = language.startswith("zh")
        signed_zh = claim.language.startswith("zh")  # it is kept in the language of the claim
        photos = list(evidence.photos(claim=claim))
        self.asks = [
            Ask(
                slot=item.ask.kind,
                kind=item.ask.kind,
                title=item.ask.title_zh if zh else item.ask.title_en,
                hint=_hint(item, zh=signed_zh if item.is_signed else zh),
                sketch=item.ask.sketch,
                minimum=0 if is_hazard(claim.answers) else item.ask.minimum,
                photos=[photo for photo in photos if photo.kind == item.ask.kind],
                is_signed=item.is_signed,
                statement=item.statement,
            )
            for item in claims.checklist(claim=claim, photos=photos)
        ]

    @property
    def names(self) -> list[str]:
        """Return the steps this report has: a lost parcel has nothing to photograph."""
        if self.claim.reason and not self.asks:
            return [name for name in STEPS if name != "photos"]
        return list(STEPS)

    def is_done(self, name: str) -> bool:
        """Test whether a step has what it needs."""
        claim = self.claim
        match name:
            case "items":
                return bool(self.lines)
            case "what":
                return bool(claim.reason)
            case "more":
                questions = QUESTIONS.get(claim.reason, ())
                return bool(claim.reason) and all(
                    claim.answers.get(q.key, "") not in {"", *q.blocks} for q in questions
                )
            case "photos":
                return bool(claim.reason) and not self.photos_missing and not self.unsigned
            case "wish":
                return bool(claim.wish)
        return False

    @property
    def photos_missing(self) -> list[Ask]:
        """Return the asks that still need a photo, unless the shopper said why there is none."""
        if self.claim.without_box.strip():
            return []
        return [ask for ask in self.asks if ask.missing and not ask.is_signed]

    @property
    def to_show(self) -> list[Ask]:
        """Return what is shown by photos."""
        return [ask for ask in self.asks if not ask.is_signed]

    @property
    def must_show(self) -> bool:
        """Whether a photo is needed, so that somebody may have to say why there is none."""
        return any(ask.minimum for ask in self.to_show) or bool(self.claim.without_box)

    @property
    def unsigned(self) -> list[Ask]:
        """Return what still needs the shopper's name; no excuse stands in for that."""
        return [ask for ask in self.asks if ask.missing and ask.is_signed]

    @property
    def first_open(self) -> str:
        """Return the first step with something left to do; the last one sends."""
        return next((name for name in self.names if not self.is_done(name)), "check")

    def may_open(self, name: str) -> bool:
        """Test whether every step before this one is done."""
        names = self.names
        return name in names and names.index(name) <= names.index(self.first_open)

    def url(self, name: str) -> str:
        """Return the address of a step."""
        return reverse("wizard", args=[self.claim.ref, name])

    def after(self, name: str, *, back_to_check: bool) -> str:
        """Return where Continue leads: on, or straight back to the check page if all is done."""
        if back_to_check:
            return self.url(self.first_open)
        names = self.names
        return self.url(names[names.index(name) + 1])

    def before(self, name: str) -> str | None:
        """Return the step before this one."""
        place = self.names.index(name)
        return self.names[place - 1] if place else None

    def rows(self) -> list[StepRow]:
        """Return the task list."""
        return [
            StepRow(name, STEPS[name], self.url(name), self.is_done(name)) for name in self.names
        ]


def _hint(item: claims.CheckItem, *, zh: bool) -> str:
    return item.ask.hint_zh if zh else item.ask.hint_en
