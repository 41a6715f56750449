"""Brand, language, standing pages, and pages for when things fail."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from pytest_django import Settings

from portal.pages import access, brand, errors


class TestBrand:
    def test_stylesheet_holds_the_brands_numbers(self, client: Client) -> None:
        answer = client.get(brand.address())

        assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
        assert answer.content == (
            b":root { --brand-hue: 262; --brand-chroma: 0.13; --brand-round: 1; }\n"
        )
        assert "immutable" in answer.headers["Cache-Control"]

    def test_a_new_brand_has_a_new_address(self, settings: Settings) -> None:
        before = brand.address()
        settings.BRAND = {**settings.BRAND, "hue": "140"}

        assert brand.address() != before

    def test_an_old_address_is_not_kept(self, client: Client) -> None:
        answer = client.get("/brand.css?v=old")

        assert answer.headers["Cache-Control"] == "no-cache"

    def test_an_unchanged_one_is_answered_304(self, client: Client) -> None:
        etag = client.get("/brand.css").headers["ETag"]

        assert client.get("/brand.css", headers={"if-none-match": etag}).status_code == 304

    def test_nothing_but_font_names_reaches_the_stylesheet(self, settings: Settings) -> None:
        settings.BRAND = {**settings.BRAND, "display": "x; } body { display: none", "hue": "9e9"}

        assert brand.stylesheet() == (
            ":root { --brand-hue: 360; --brand-chroma: 0.13; --brand-round: 1; }\n"
        )

    @pytest.mark.parametrize(
        ("key", "value", "ids"),
        [
            ("hue", "361", ["portal.E001"]),
            ("hue", "blue", ["portal.E001"]),
            ("hue", "nan", ["portal.E001"]),
            ("chroma", ".2", ["portal.E001"]),
            ("round", "-1", ["portal.E001"]),
            ("hue", "30", ["portal.W001"]),
            ("hue", "200", []),
            ("display", "Georgia; }", ["portal.E010"]),
        ],
    )
    def test_check_names_the_setting(
        self, settings: Settings, key: str, value: str, ids: list[str]
    ) -> None:
        settings.BRAND = {**settings.BRAND, key: value}

        assert [one.id for one in brand.check_brand()] == ids


class TestLanguage:
    def test_is_remembered_and_the_visitor_stays(self, client: Client) -> None:
        answer = client.get("/language/zh-hans/?next=/help/")

        assert answer.headers["Location"] == "/help/"
        assert b'<html lang="zh-Hans">' in client.get("/help/").content

    @pytest.mark.parametrize(
        "back", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x", ""]
    )
    def test_never_leads_away(self, client: Client, back: str) -> None:
        answer = client.get("/language/en/", {"next": back})

        assert answer.headers["Location"] == "/"

    @pytest.mark.django_db
    def test_an_unknown_one_is_not_here(self, client: Client) -> None:
        assert client.get("/language/fr/").status_code == 404


class TestStanding:
    @pytest.mark.parametrize("path", ["/", "/help/", "/how-claims-are-decided/", "/privacy/"])
    def test_needs_no_database_and_no_inline_code(self, client: Client, path: str) -> None:
        with_nothing = client.get(path)  # any query fails: the test has no database

        page = with_nothing.content.decode()
        assert with_nothing.status_code == 200
        assert "style=" not in page
        assert "<style" not in page
        assert page.count("<script") == page.count("<script src=")
        assert page.count("<h1") == 1
        assert "'unsafe" not in with_nothing.headers["Content-Security-Policy"]

    def test_robots_are_kept_out_of_peoples_pages(self, client: Client) -> None:
        assert b"Disallow: /t/" in client.get("/robots.txt").content


class TestErrors:
    def test_not_found_leads_home(self, client: Client) -> None:
        answer = client.get("/nowhere/")

        assert answer.status_code == 404
        assert b"This page is not here" in answer.content
        assert b'href="/"' in answer.content

    def test_forged_form_is_refused_kindly(self) -> None:
        answer = Client(enforce_csrf_checks=True).post("/", {"order": "x"})

        assert answer.status_code == 403
        assert b"This form was open too long" in answer.content

    def test_a_failure_is_told_in_both_languages_with_a_reference(self) -> None:
        answer = errors.server_error(RequestFactory().get("/"))

        page = answer.content.decode()
        assert answer.status_code == 500
        assert "Nothing is lost" in page
        assert "操作未成功" in page

    def test_an_absent_database_answers_503(self) -> None:
        def away() -> None:
            raise OperationalError

        try:
            away()
        except OperationalError:
            answer = errors.server_error(RequestFactory().get("/"))

        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "20"
        assert "包裹照常运输" in answer.content.decode()

    def test_a_crowd_is_asked_to_wait(self) -> None:
        request = RequestFactory().get("/")

        answer = errors.too_many(request)

        assert answer.status_code == 429
        assert b'data-again="20"' in answer.content


class TestClientAddress:
    def test_believes_the_last_hop_of_our_proxy_only(self, settings: Settings) -> None:
        request = RequestFactory().get(
            "/", REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": "1.2.3.4, 5.6.7.8"}
        )

        assert access.client_address(request) == "10.0.0.1"
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        assert access.client_address(request) == "5.6.7.8"

    def test_counts_a_network_of_ipv6_as_one(self) -> None:
        request = RequestFactory().get("/", REMOTE_ADDR="2001:db8:1:2:3:4:5:6")

        assert access.client_address(request) == "2001:db8:1:2::/64"

    def test_takes_an_ipv4_address_in_ipv6_clothes_for_what_it_is(self) -> None:
        request = RequestFactory().get("/", REMOTE_ADDR="::ffff:203.0.113.9")

        assert access.client_address(request) == "203.0.113.9"
