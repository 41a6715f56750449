"""Who a visitor is, for counting tries."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from portal.pages import access, signin_common


class TestClientAddress:
    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::6", "2001:db8:1:2::/64"),
            ("2001:db8::6", "2001:db8::/64"),
            ("2001:db8::1:2:3:4", "2001:db8::/64"),
            ("", ""),
        ],
    )
    def test_counts_a_home_as_one(self, rf: RequestFactory, address: str, counted: str) -> None:
        assert access.client_address(rf.get("/", REMOTE_ADDR=address)) == counted

    def test_believes_no_header_of_a_stranger(self, rf: RequestFactory, settings) -> None:
        settings.SECURE_PROXY_SSL_HEADER = None
        request = rf.get("/", REMOTE_ADDR="192.0.2.7", headers={"x-forwarded-for": "203.0.113.9"})

        assert access.client_address(request) == "192.0.2.7"
        assert signin_common.ip(request) == "192.0.2.7"

    def test_believes_the_last_hop_behind_our_proxy_when_signing_in_too(
        self, rf: RequestFactory, settings
    ) -> None:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        forwarded = {"x-forwarded-for": "198.51.100.1, 203.0.113.9"}
        request = rf.get("/", REMOTE_ADDR="127.0.0.1", headers=forwarded)

        assert access.client_address(request) == "203.0.113.9"
        assert signin_common.ip(request) == "203.0.113.9"
