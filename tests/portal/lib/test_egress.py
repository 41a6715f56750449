"""What we send to strangers goes to the public internet, in time, or nowhere."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from portal.lib import egress

CLOSED = [
    "0.0.0.1", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254",
    "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.170.2", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "192.168.255.255", "192.175.48.1", "192.31.196.1", "192.52.193.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "100.100.100.200",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::",
    "2620:4f:8000::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1", "ff0e::1", "4000::1",
    "", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3", "1.2.3.4.5", "::1 ", "[::1]",
]  # fmt: skip
OPEN = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1",
    "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.1",
    "192.0.1.1", "192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1",
    "223.255.255.255", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001::1",
    "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_leads_inwards_is_closed(address: str) -> None:
    assert not egress.is_open(address)


@pytest.mark.parametrize("address", OPEN)
def test_an_address_of_the_public_internet_is_open(address: str) -> None:
    assert egress.is_open(address)


def test_only_loopback_opens_where_local_is_allowed() -> None:
    allowed = [each for each in CLOSED if egress.is_open(each, may_be_local=True)]

    assert allowed == ["127.0.0.1", "127.255.255.254", "::1"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "//example.com/", "example.com", "",
        "https://", "https:///x", "https://user@example.com/", "https://a:b@example.com/",
        "https://example.com/#x", "https://example.com:80/", "https://example.com:22/",
        "https://example.com:0/", "https://example.com:65536/", "https://example.com:x/",
        "https://example.com/a b", "https://exa mple.com/", "https://example.com\\@10.0.0.1/",
        "https://exa\nmple.com/", "https://example.com/\r\nX: y", "https://exämple.com/",
        "https://example.com/ü", "https://-a.example/", "https://a..b/", "https://a%2eb/",
        "https://127.0.0.1/", "https://10.0.0.1:8443/x", "https://[::1]/", "https://127.1/",
        "https://2130706433/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25lo]/",
        "https://169.254.169.254/latest/meta-data/", "https://[64:ff9b::7f00:1]/", "https://0/",
    ],
)  # fmt: skip
def test_an_address_we_never_call_is_refused_as_it_is_written(url: str) -> None:
    with pytest.raises(egress.Refused):
        egress.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com", "https://example.com/", "https://hooks.example.com:8443/a?b=c&d=%20",
        "https://EXAMPLE.com:443/", "https://8.8.8.8/x", "https://[2606:4700::1111]/", "https://a_b.example/",
    ],
)  # fmt: skip
def test_an_ordinary_address_passes(url: str) -> None:
    egress.check(url)


class Ear:
    """A listener that counts who connects and says what it is told to."""

    def __init__(self) -> None:
        self.heard = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])


@contextmanager
def ear(speak: Callable[[socket.socket], None] = lambda _line: None) -> Iterator[Ear]:
    listening = Ear()
    lines: list[socket.socket] = []

    def attend() -> None:
        with suppress(OSError):
            while True:
                line = listening.socket.accept()[0]
                lines.append(line)
                listening.heard += 1
                threading.Thread(target=talk, args=[line], daemon=True).start()

    def talk(line: socket.socket) -> None:
        with suppress(OSError):
            speak(line)

    thread = threading.Thread(target=attend, daemon=True)
    thread.start()
    try:
        yield listening
    finally:
        listening.socket.shutdown(socket.SHUT_RDWR)
        listening.socket.close()
        thread.join()
        for line in lines:
            line.close()


def send(url: str, *, seconds: float = 2.0, **more: Any) -> egress.Answer:
    return egress.post(
        url, headers={"X-Mine": "yes"}, body=b"{}", seconds=seconds, max_bytes=65_536, **more
    )


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Answer for names as told, one answer a question, the last for ever; literals as always."""
    told: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in told:
            return real(host, port, *args, **kwargs)
        answers = told[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [real(address, port, *args, **kwargs)[0] for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return told


class TestNoSocketIsOpened:
    """Each case would reach a listener on this machine if the guard let it; it counts."""

    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "localhost",
         "[::ffff:127.0.0.1]", "[::]", "127.0.0.1."],
    )  # fmt: skip
    def test_to_a_spelling_of_this_machine(
        self, host: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with ear() as listening:
            monkeypatch.setattr(egress, "PORTS", (listening.port,))
            with pytest.raises((egress.Refused, egress.Unanswered)):
                send(f"https://{host}:{listening.port}/")

            time.sleep(0.05)
            assert listening.heard == 0

    @pytest.mark.parametrize(
        "answers",
        [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"]],
    )
    def test_to_a_name_that_leads_here_even_among_others(
        self, answers: list[str], names: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names["hooks.example.org"] = [answers]
        with ear() as listening:
            monkeypatch.setattr(egress, "PORTS", (listening.port,))
            with pytest.raises(egress.Refused, match="not public"):
                send(f"https://hooks.example.org:{listening.port}/")

            time.sleep(0.05)
            assert listening.heard == 0

    def test_to_a_name_that_changes_its_mind_once_it_was_judged(
        self, names: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names["hooks.example.org"] = [["203.0.114.1"], ["127.0.0.1"]]
        with ear() as listening:
            monkeypatch.setattr(egress, "PORTS", (listening.port,))
            with pytest.raises(egress.Unanswered):
                send(f"https://hooks.example.org:{listening.port}/", seconds=0.5)

            time.sleep(0.05)
            assert listening.heard == 0
        # Only one answer was used up: nobody asked a second time.
        assert names["hooks.example.org"] == [["127.0.0.1"]]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_to_where_a_redirect_points(self, httpserver: HTTPServer, status: int) -> None:
        with ear() as listening:
            httpserver.expect_request("/").respond_with_data(
                "", status=status, headers={"Location": f"http://127.0.0.1:{listening.port}/"}
            )

            answer = send(httpserver.url_for("/"), may_be_local=True)

            time.sleep(0.05)
            assert (answer.status, listening.heard) == (status, 0)

    def test_to_a_proxy_that_the_environment_names(
        self, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        httpserver.expect_request("/").respond_with_data("")
        with ear() as listening:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{listening.port}")

            assert send(httpserver.url_for("/"), may_be_local=True).status == 200
            assert listening.heard == 0

    def test_once_the_time_went_by_while_the_name_was_looked_up(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = socket.getaddrinfo

        def slowly(*args: Any, **kwargs: Any) -> Any:
            time.sleep(0.3)
            return real("127.0.0.1", *args[1:], **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        with ear() as listening:
            with pytest.raises(egress.Unanswered):
                send(f"http://slow.example:{listening.port}/", seconds=0.2, may_be_local=True)

            time.sleep(0.05)
            assert listening.heard == 0


class TestPost:
    def test_sends_the_bytes_and_the_headers_and_keeps_status_and_headers(
        self, httpserver: HTTPServer
    ) -> None:
        seen: list[tuple[Any, ...]] = []

        def answer(request: Request) -> Response:
            seen.append((request.data, request.headers["X-Mine"], request.host, request.full_path))
            return Response("thanks", status=202, headers={"Retry-After": "7"})

        httpserver.expect_request("/in").respond_with_handler(answer)

        got = send(httpserver.url_for("/in?key=1"), may_be_local=True)

        assert (got.status, got.headers["retry-after"]) == (202, "7")
        assert seen == [(b"{}", "yes", f"localhost:{httpserver.port}", "/in?key=1")]

    def test_a_silent_server_costs_no_more_than_the_time_given(self) -> None:
        with ear() as listening:
            begun = time.monotonic()
            with pytest.raises(egress.Unanswered, match=r"within 0\.4 s"):
                send(f"http://127.0.0.1:{listening.port}/", seconds=0.4, may_be_local=True)

        assert 0.35 < time.monotonic() - begun < 1.5

    def test_a_drip_of_headers_gains_nothing(self) -> None:
        def drip(line: socket.socket) -> None:
            line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            for _ in range(100):
                time.sleep(0.1)
                line.sendall(b"x")

        with ear(drip) as listening:
            begun = time.monotonic()
            with pytest.raises(egress.Unanswered):
                send(f"http://127.0.0.1:{listening.port}/", seconds=0.5, may_be_local=True)

        assert time.monotonic() - begun < 1.5

    def test_a_status_counts_even_if_the_rest_of_the_answer_never_ends(self) -> None:
        def flood(line: socket.socket) -> None:
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")
            while True:
                line.sendall(b"x" * 65_536)

        with ear(flood) as listening:
            begun = time.monotonic()
            answer = send(f"http://127.0.0.1:{listening.port}/", seconds=5, may_be_local=True)

        assert answer.status == 200
        assert time.monotonic() - begun < 2

    @pytest.mark.parametrize("words", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 2"])
    def test_what_is_not_http_is_no_answer(self, words: bytes) -> None:
        def mumble(line: socket.socket) -> None:
            line.sendall(words)
            line.shutdown(socket.SHUT_RDWR)

        with ear(mumble) as listening, pytest.raises(egress.Unanswered):
            send(f"http://127.0.0.1:{listening.port}/", may_be_local=True)

    def test_a_port_where_nobody_listens_is_no_answer(self) -> None:
        with pytest.raises(egress.Unanswered):
            send("http://127.0.0.1:1/", may_be_local=True)


class TestCertificates:
    """The socket goes to an address; the certificate must be for the name."""

    @pytest.mark.parametrize("name", ["hooks.example.org", "other.example.org"])
    def test_the_name_and_not_the_address_is_checked(
        self, name: str, names: Any, tmp_path: Path
    ) -> None:
        names[name] = [["127.0.0.1"]]
        serving, trusting = certificate("hooks.example.org", tmp_path)
        with HTTPServer("127.0.0.1", 0, ssl_context=serving) as server:
            server.expect_request("/").respond_with_handler(lambda r: Response(r.host))
            url = f"https://{name}:{server.port}/"
            if name == "hooks.example.org":
                assert send(url, may_be_local=True, trust=trusting).status == 200
                return
            with pytest.raises(egress.Unanswered, match="CERTIFICATE_VERIFY_FAILED"):
                send(url, may_be_local=True, trust=trusting)

    def test_a_stranger_s_authority_is_not_trusted(self, names: Any, tmp_path: Path) -> None:
        names["hooks.example.org"] = [["127.0.0.1"]]
        serving, _trusting = certificate("hooks.example.org", tmp_path)
        with (
            HTTPServer("127.0.0.1", 0, ssl_context=serving) as server,
            pytest.raises(egress.Unanswered, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            send(f"https://hooks.example.org:{server.port}/", may_be_local=True)


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate for ``name``, and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "server.pem"
    path.write_bytes(secret + pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    trusting = ssl.create_default_context(cadata=pem.decode())
    return serving, trusting
