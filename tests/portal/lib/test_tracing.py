"""Requests and tasks have an id that all they write down carries."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.celery import app
from portal.lib import tracing
from portal.pages.traced import Traced


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "spaces in it", "a\nb-c-d-e-f-g", "é" * 10, "-leading-dash"]
)
def test_what_is_unfit_is_replaced(given: str) -> None:
    name = tracing.accept(given)

    assert name != given
    assert len(name) == 32


def test_what_is_fit_is_taken() -> None:
    assert tracing.accept("Root=1-67891233.abcdef") != "Root=1-67891233.abcdef"
    assert tracing.accept("1-67891233.abcdef") == "1-67891233.abcdef"


def answer(settings: Any, given: str, *, behind_proxy: bool) -> tuple[str, str]:
    settings.IS_BEHIND_PROXY = behind_proxy
    seen = []

    def view(_request: Any) -> HttpResponse:
        seen.append(tracing.current())
        return HttpResponse()

    request = RequestFactory().get("/", headers={"x-request-id": given})
    response = Traced(view)(request)
    return seen[0], response.headers["X-Request-ID"]


def test_a_request_keeps_the_proxy_s_id_and_tells_it(settings: Any) -> None:
    given = "7f3c2a10-proxy-id"

    assert answer(settings, given, behind_proxy=True) == (given, given)
    assert tracing.current() == ""


def test_without_a_proxy_nobody_names_our_requests(settings: Any) -> None:
    inside, told = answer(settings, "7f3c2a10-forged-id", behind_proxy=False)

    assert inside == told
    assert inside != "7f3c2a10-forged-id"


def test_a_task_carries_its_own_id() -> None:
    seen = []

    @app.task(name="tests.remember_the_id")
    def remember() -> None:
        seen.append(tracing.current())

    result = remember.apply()

    assert seen == [result.id]
    assert tracing.current() == ""
