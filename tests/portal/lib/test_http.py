"""Our client gives up in time, follows nobody, and reads no more than it must."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import httpx2
import pytest
from pytest_httpserver import HTTPServer

from portal.lib import http


@pytest.fixture
def silent() -> Iterator[int]:
    """A server that takes connections and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    held = []

    def hold() -> None:
        try:
            while True:
                held.append(listener.accept()[0])
        except OSError:
            return

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for line in held:
        line.close()


def test_a_silent_server_costs_no_more_than_the_deadline(silent: int) -> None:
    begun = time.monotonic()

    with http.client(timeout=0.3) as client, pytest.raises(httpx2.ReadTimeout):
        client.get(f"http://127.0.0.1:{silent}/")

    assert time.monotonic() - begun < 5


def test_the_deadlines_are_set_by_default() -> None:
    with http.client() as client:
        assert client.timeout == httpx2.Timeout(10.0, connect=3.05)


def test_a_redirect_is_an_answer_and_not_an_order(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(
        "", status=302, headers={"Location": "http://169.254.169.254/"}
    )

    with http.client() as client:
        response = client.get(httpserver.url_for("/"))

    assert response.status_code == 302


def test_an_endless_answer_is_left_early(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b"x" * 300_000)

    with http.client() as client:
        with client.stream("GET", httpserver.url_for("/")) as response:
            assert len(http.read(response, max_bytes=300_000)) == 300_000
        with (
            client.stream("GET", httpserver.url_for("/")) as response,
            pytest.raises(http.TooLarge, match="100000 bytes"),
        ):
            http.read(response, max_bytes=100_000)
