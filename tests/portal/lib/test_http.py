"""Our client gives up in time, follows nobody, and reads no more than it must."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

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


@pytest.fixture
def bomb() -> Iterator[str]:
    """Give the address of fifty million zeros, packed into fifty thousand bytes."""
    packed = gzip.compress(bytes(50_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            line, _address = listener.accept()
            with line:
                line.recv(4096)
                line.sendall(head.encode() + packed)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    listener.close()
    thread.join(5)


MEET_A_BOMB = """
import sys, tracemalloc
from portal.lib import http

with http.client() as client:
    tracemalloc.start()
    try:
        http.exchange(
            client, method="GET", url=sys.argv[1], headers={}, body=b"", seconds=5,
            max_bytes=100_000,
        )
    except http.TooLarge:
        print(tracemalloc.get_traced_memory()[1])
"""
"""For a process of its own: other tests' servers allocate in ours, and would be measured too."""


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


def exchange(
    client: httpx2.Client, url: str, *, max_bytes: int = 1000, seconds: float = 5
) -> http.Reply:
    return http.exchange(
        client, method="GET", url=url, headers={"X-Key": "k"}, body=b"", max_bytes=max_bytes,
        seconds=seconds,
    )  # fmt: skip


class TestExchange:
    def test_returns_status_headers_and_the_body_unpacked(self, httpserver: HTTPServer) -> None:
        httpserver.expect_request("/", headers={"X-Key": "k"}).respond_with_data(
            gzip.compress(b"hello"), status=418, headers={"Content-Encoding": "gzip", "X-A": "b"}
        )

        with http.client() as client:
            reply = exchange(client, httpserver.url_for("/"))

        assert (reply.status, reply.body, reply.headers["x-a"]) == (418, b"hello", "b")

    def test_a_packed_bomb_is_left_early(self, bomb: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", MEET_A_BOMB, bomb], capture_output=True, text=True, check=True
        )

        assert 0 < int(done.stdout) < 5_000_000

    @pytest.mark.parametrize(
        ("body", "packing"),
        [
            pytest.param(b"plain", "gzip", id="not packed at all"),
            pytest.param(gzip.compress(b"hello" * 99)[:-12], "gzip", id="cut short"),
            pytest.param(b"x", "br", id="packed as we never asked"),
        ],
    )
    def test_what_cannot_be_unpacked_is_garbled(
        self, httpserver: HTTPServer, body: bytes, packing: str
    ) -> None:
        httpserver.expect_request("/").respond_with_data(
            body, headers={"Content-Encoding": packing}
        )

        with http.client() as client, pytest.raises(http.Garbled):
            exchange(client, httpserver.url_for("/"))

    def test_a_dripping_answer_is_left(self, httpserver: HTTPServer) -> None:
        def drip(_request: Request) -> Response:
            def parts() -> Iterator[bytes]:
                for _ in range(50):
                    time.sleep(0.1)
                    yield b"x" * 10

            return Response(parts())

        httpserver.expect_request("/").respond_with_handler(drip)
        begun = time.monotonic()

        with http.client() as client, pytest.raises(http.TooSlow):
            exchange(client, httpserver.url_for("/"), seconds=0.3)

        assert time.monotonic() - begun < 3
