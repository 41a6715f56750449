"""Every field that could hold personal data has been thought about."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from portal.accounts.models import User
from portal.ops.personal import PERSONAL, PLAIN

OURS = {"accounts", "outbox", "tracking", "claims", "notifications"}
SUSPECT = (models.CharField, models.TextField, models.JSONField, models.BinaryField, ArrayField)


def suspects() -> Iterator[tuple[str, str]]:
    for model in apps.get_models():
        if model._meta.app_label not in OURS:
            continue
        for field in model._meta.concrete_fields:
            about_a_person = isinstance(field, models.ForeignKey) and field.related_model is User
            free_text = isinstance(field, SUSPECT) and not field.choices
            if about_a_person or free_text:
                yield model._meta.label_lower, field.name


def declared() -> set[tuple[str, str]]:
    return {
        (label, name)
        for table in (PERSONAL, PLAIN)
        for label, names in table.items()
        for name in names
    }


def test_every_suspect_field_is_declared() -> None:
    assert sorted(set(suspects()) - declared()) == []


def test_every_declaration_names_a_living_field() -> None:
    living = {
        (model._meta.label_lower, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
    }

    assert sorted(declared() - living) == []


def test_no_field_is_both() -> None:
    both = {
        (label, name)
        for label, names in PERSONAL.items()
        for name in names
        if name in PLAIN.get(label, ())
    }

    assert both == set()
