"""Every address declares who may use it, and keeps its word to strangers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from portal.audiences import ROUTES, Audience, audience

Patterns = list["URLPattern | URLResolver"]


def names(patterns: Patterns, namespace: str = "") -> Iterator[str]:
    """Yield the full name of every route; a nameless one yields its pattern."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = ":".join(filter(None, [namespace, entry.namespace or ""]))
            yield from names(entry.url_patterns, inner)
        else:
            name = entry.name or f"<nameless {entry.pattern}>"
            yield f"{namespace}:{name}" if namespace else name


def test_every_route_is_declared() -> None:
    undeclared = sorted({n for n in names(get_resolver().url_patterns) if audience(n) is None})

    assert undeclared == []


def test_no_declaration_outlives_its_route() -> None:
    living = set(names(get_resolver().url_patterns))
    spaces = {f"{name.split(':')[0]}:*" for name in living if ":" in name}
    developer = {name for name, who in ROUTES.items() if who is Audience.DEVELOPER}

    assert sorted(set(ROUTES) - living - spaces - developer) == []


def paths(patterns: Patterns, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, a path that matches it) for every route with ordinary converters."""
    samples = {"str": "x", "slug": "x", "int": "1", "uuid": str(uuid.UUID(int=1)), "path": "x"}
    for entry in patterns:
        part = str(entry.pattern)
        if any(mark in part for mark in "(^$?"):
            continue
        while "<" in part:
            start, end = part.index("<"), part.index(">")
            kind = part[start + 1 : end].split(":")[0] if ":" in part[start:end] else "str"
            part = part[:start] + samples.get(kind, "x") + part[end + 1 :]
        if isinstance(entry, URLResolver):
            inner = ":".join(filter(None, [namespace, entry.namespace or ""]))
            yield from paths(entry.url_patterns, prefix + part, inner)
        elif entry.name:
            yield f"{namespace}:{entry.name}" if namespace else entry.name, prefix + part


GUARDED = sorted(
    {
        (name, f"/{path}")
        for name, path in paths(get_resolver().url_patterns)
        if audience(name) in {Audience.SHOPPER, Audience.STAFF, Audience.MACHINE, Audience.SEALED}
        and name != "admin:login"
    }
)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_get_nothing(method: str) -> None:
    let_in = []
    for name, path in GUARDED:
        response = getattr(Client(), method)(path)
        where = response.get("Location", "")
        is_sent_on = response.status_code in {301, 302}
        if response.status_code not in {301, 302, 401, 403, 404, 405}:
            let_in.append((name, path, response.status_code))
        elif is_sent_on and not ("/account/" in where or "login" in where):
            let_in.append((name, path, where))

    assert len(GUARDED) > 100
    assert let_in == []
