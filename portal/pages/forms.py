"""Plain forms of the claim pages: they read and check words, services do the rest."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from claims.questions import STORY_MAX, Question
from claims.services.claims import ClaimableLine

MESSAGE_MAX = 4000


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, however little, or None if nothing was asked for."""
    return request.POST if request.method == "POST" else None


@dataclass(frozen=True)
class Problem:
    """One thing to fix, and the id of the control that fixes it."""

    anchor: str
    text: str
    field: str = ""


def without_nul(data: QueryDict | None) -> tuple[QueryDict | None, frozenset[str]]:
    """Return what was sent without the one sign no row can hold, and the fields that had it."""
    if data is None or "\x00" not in "".join(text for key in data for text in data.getlist(key)):
        return data, frozenset()
    fit = data.copy()
    had = frozenset(key for key in data if any("\x00" in text for text in data.getlist(key)))
    for key in had:
        fit.setlist(key, [text.replace("\x00", "") for text in data.getlist(key)])
    return fit, had


class PageForm(forms.Form):
    """
    A form whose mistakes can be listed with a link to each control.

    A sign that cannot be kept is taken out and said so; the words around it stay in the field.
    """

    def __init__(self, data: QueryDict | None = None, *args: Any, **kwargs: Any) -> None:
        fit, self.had_nul = without_nul(data)
        super().__init__(fit, *args, **kwargs)

    def full_clean(self) -> None:
        """Check the fields, and ask the sender to look over what we had to change."""
        super().full_clean()
        for name in self.had_nul & set(self.fields) - set(self.errors):
            self.add_error(
                name, _("One sign could not be kept; it is taken out. Look it over and send again.")
            )

    def problems(self) -> list[Problem]:
        """Return every mistake with the control to go to, in the page's order."""
        return [
            Problem(self.anchor(name), str(text))
            for name in (NON_FIELD_ERRORS, *self.fields)
            for text in self.errors.get(name, [])
        ]

    def anchor(self, name: str) -> str:
        """Return the id of the control a mistake in ``name`` points to."""
        return f"id_{name}"


@dataclass(frozen=True)
class ItemRow:
    """One product on the items page; ``why_not`` says why it cannot be ticked."""

    line: Any
    quantity: int
    why_not: str = ""
    check: Any = None
    many: Any = None


class ItemsForm(PageForm):
    """Which items have a problem, and how many of each."""

    def __init__(self, *args: Any, lines: Sequence[ClaimableLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for row in lines:
            if row.free < 1:
                continue
            pk = row.order_line.pk
            self.fields[f"line_{pk}"] = forms.BooleanField(required=False)
            self.fields[f"many_{pk}"] = forms.TypedChoiceField(
                coerce=int,
                required=False,
                choices=[(n, str(n)) for n in range(1, row.free + 1)],
                error_messages={"invalid_choice": _("Choose how many from the list")},
            )

    def clean(self) -> dict[str, Any]:
        """Insist on at least one item."""
        data = super().clean() or {}
        if not self.quantities and not self.errors:
            raise forms.ValidationError(_("Choose at least one item"))
        return data

    @property
    def quantities(self) -> dict[int, int]:
        """Return how many of each ticked order line, by its key."""
        data = self.cleaned_data
        return {
            row.order_line.pk: data.get(f"many_{row.order_line.pk}") or row.free
            for row in self.lines
            if data.get(f"line_{row.order_line.pk}")
        }

    def anchor(self, name: str) -> str:
        """Send the general mistake to the first item that can be ticked."""
        if name != NON_FIELD_ERRORS:
            return super().anchor(name)
        return next((f"id_{field}" for field in self.fields), "main")

    def rows(self) -> Iterator[ItemRow]:
        """Return the parcel's items, each with its controls if it can be claimed."""
        for row in self.lines:
            pk = row.order_line.pk
            if row.free < 1:
                why = _("All of these are already in a claim of yours.")
                yield ItemRow(row.order_line, row.quantity, why)
                continue
            many = self[f"many_{pk}"] if row.free > 1 else None
            yield ItemRow(row.order_line, row.quantity, check=self[f"line_{pk}"], many=many)


class WhatForm(PageForm):
    """What happened, in the shopper's words."""

    reason = forms.ChoiceField(
        error_messages={
            "required": gettext_lazy("Choose what happened"),
            "invalid_choice": gettext_lazy("Choose one of the answers below"),
        }
    )

    def __init__(self, *args: Any, reasons: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons = list(reasons)
        self.fields["reason"].choices = [(value, value) for value in reasons]  # type: ignore[attr-defined]

    def anchor(self, name: str) -> str:
        """Send mistakes to the first answer."""
        return f"id_reason_{self.reasons[0]}" if self.reasons else "main"


class MoreForm(PageForm):
    """At most two questions, and room for a few words."""

    story = forms.CharField(required=False, strip=True)

    def __init__(self, *args: Any, questions: Sequence[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        story = self.fields.pop("story")
        for question in questions:
            self.fields[question.key] = forms.ChoiceField(
                choices=question.choices,
                error_messages={
                    "required": _("Choose an answer: %(question)s") % {"question": question.label},
                    "invalid_choice": _("Choose one of the answers below"),
                },
            )
        self.fields["story"] = story

    def clean_story(self) -> str:
        """Keep the words to a length people read."""
        story = str(self.cleaned_data["story"]).replace("\r\n", "\n")
        if len(story) > STORY_MAX:
            over = len(story) - STORY_MAX
            raise forms.ValidationError(
                ngettext(
                    "Shorten your words by %(over)s character",
                    "Shorten your words by %(over)s characters",
                    over,
                )
                % {"over": over}
            )
        return story

    @property
    def first_do(self) -> list[Problem]:
        """Return what policy wants done before we look: the answer is kept, the way on waits."""
        data = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return [
            Problem(self.anchor(question.key), str(question.must), field=question.key)
            for question in self.questions
            if question.must and data.get(question.key) in question.blocks
        ]

    @property
    def answers(self) -> dict[str, str]:
        """Return the answers by question."""
        return {question.key: self.cleaned_data[question.key] for question in self.questions}

    def anchor(self, name: str) -> str:
        """Send a mistake to the first answer of its question."""
        for question in self.questions:
            if question.key == name:
                return f"id_{name}_{question.choices[0][0]}"
        return super().anchor(name)


class PhotosForm(PageForm):
    """Why a photo is missing, if one is."""

    without_box = forms.CharField(
        required=False,
        max_length=STORY_MAX,
        error_messages={"max_length": gettext_lazy("Keep this to 600 characters")},
    )


class WishForm(PageForm):
    """What would put it right."""

    wish = forms.ChoiceField(
        error_messages={
            "required": gettext_lazy("Choose what would put it right"),
            "invalid_choice": gettext_lazy("Choose one of the answers below"),
        }
    )

    def __init__(self, *args: Any, wishes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wishes = list(wishes)
        self.fields["wish"].choices = [(value, value) for value in wishes]  # type: ignore[attr-defined]

    def anchor(self, name: str) -> str:
        """Send mistakes to the first answer."""
        return f"id_wish_{self.wishes[0]}" if self.wishes else "main"


class SendForm(PageForm):
    """The last yes. The key makes a second press the same claim."""

    key = forms.UUIDField(required=False)
    true = forms.BooleanField(
        error_messages={"required": gettext_lazy("Confirm that what you tell us is true")}
    )

    def clean_key(self) -> uuid.UUID:
        """Use the page's key, or a fresh one if the page lost it."""
        return self.cleaned_data["key"] or uuid.uuid4()


class MessageForm(PageForm):
    """Words to the desk, or photos, or both."""

    send_key = forms.UUIDField(required=False)
    photos = forms.FileField(required=False, allow_empty_file=True, max_length=400)
    body = forms.CharField(
        max_length=MESSAGE_MAX,
        error_messages={
            "required": gettext_lazy("Write a few words first"),
            "max_length": gettext_lazy("Keep your message to 4,000 characters"),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for words only where no photo speaks."""
        super().__init__(*args, **kwargs)
        if self.files:
            self.fields["body"].required = False

    def clean_send_key(self) -> uuid.UUID:
        """Use the page's key, or a fresh one if the page lost it."""
        return self.cleaned_data["send_key"] or uuid.uuid4()


class AppealForm(PageForm):
    """Why somebody else should look again."""

    text = forms.CharField(
        max_length=MESSAGE_MAX,
        error_messages={
            "required": gettext_lazy("Tell us what we should look at again"),
            "max_length": gettext_lazy("Keep your reason to 4,000 characters"),
        },
    )
