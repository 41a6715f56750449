"""
Turn an uploaded picture into two plain JPEGs, or refuse it; nothing hostile is decoded in here.

The decoding happens in ``images_worker.py``, a process without secrets, files or network. What
it answers is hostile too: every number is bounded and both JPEGs are read segment by segment
before they are believed.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from portal.lib import likeness

WORKER = Path(__file__).with_name("images_worker.py")
WALL_SECONDS = 15.0
KINDS = {"JPEG": b"JPEG", "PNG": b"PNG ", "WEBP": b"WEBP", "HEIF": b"HEIF"}
LOOK = "LOOK"
LARGE_SIDE, SMALL_SIDE = 2048, 400
ANSWER_BYTES = 24 * 1024 * 1024
MOST_DETAILS = 100
BLURRED_BELOW = 15.0
"""Laplacian variance under which a photo is called a little blurred; it is never refused."""


class Refused(Exception):
    """
    The picture cannot be used.

    ``code`` is ``empty``, ``wrong_kind``, ``too_many_pixels``, ``too_heavy`` or ``unreadable``;
    ``kind`` names what a wrong kind of file really is.
    """

    def __init__(self, code: str, *, kind: str = "", peak_kib: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.kind = kind
        self.peak_kib = peak_kib


class Unclean(Exception):
    """A JPEG of ours holds bytes that are not its picture: a bug, never published."""


class WorkerGone(Exception):
    """The decoder process vanished between two pictures."""


@dataclass(frozen=True)
class Clean:
    """A picture fit to be shown: two JPEGs without metadata, and what we know of it."""

    large: bytes
    small: bytes
    width: int
    height: int
    dhash: int
    blur: float
    signals: dict[str, Any] = field(default_factory=dict)
    peak_kib: int = 0
    seconds: float = 0.0

    @property
    def is_blurred(self) -> bool:
        """Whether a second photo would help."""
        return self.blur < BLURRED_BELOW


@dataclass(frozen=True)
class Look:
    """What a picture is known by: the pHash of all of it, and its details for ``likeness``."""

    phash: int
    details: bytes


def sniff(head: bytes) -> str:
    """
    Name what the first bytes of a file really are; its name and MIME type do not matter.

    JPEG, PNG, WEBP and HEIF are what we take; every other answer is what a refusal calls the
    file: EMPTY, AVIF, GIF, BMP, TIFF, PDF, VIDEO, ZIP, SVG, HTML, TEXT or OTHER.
    """
    if not head:
        return "EMPTY"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _sniff_isobmff(head)
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head[:1024].lower():
        return "SVG"
    if start.startswith((b"<!doctype html", b"<html", b"<script")):
        return "HTML"
    if head.isascii() and b"\x00" not in head:
        return "TEXT"
    return "OTHER"


_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1aE\xdf\xa3", "VIDEO"),
)


def _sniff_isobmff(head: bytes) -> str:
    size = int.from_bytes(head[:4], "big")
    box = head[8 : min(max(size, 16), 256)]
    brands = {box[:4]} | {box[at : at + 4] for at in range(8, len(box) - 3, 4)}
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}:
        return "HEIF"
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & {b"mif1", b"msf1", b"mif2"}:
        return "HEIF"
    return "VIDEO"


class Sandbox:
    """One decoder process and the pipe to it; started when needed, killed when it overruns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, data: bytes, kind: str, *, wall: float = WALL_SECONDS) -> tuple[bytes, int]:
        """
        Return the worker's answer and its peak memory in KiB.

        :raises Refused: if the decoder crashed, ran out of time or out of memory.
        """
        with self._lock:
            for again in (True, False):
                try:
                    return self._ask(data, kind, wall)
                except WorkerGone:
                    self._stop()
                    if not again:
                        raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """End the decoder process."""
        with self._lock:
            self._stop()

    def _ask(self, data: bytes, kind: str, wall: float) -> tuple[bytes, int]:
        process = self._running()
        stdin, stdout = _pipes(process)
        overran = threading.Event()

        def overrun() -> None:
            overran.set()
            _kill(process)

        timer = threading.Timer(wall, overrun)
        timer.daemon = True
        timer.start()
        try:
            try:
                wanted = LOOK.encode() if kind == LOOK else KINDS[kind]
                stdin.write(struct.pack(">4sQ", wanted, len(data)))
                stdin.write(data)
                stdin.flush()
                head = stdout.read(20)
                status, peak, length = struct.unpack(">iQQ", head) if len(head) == 20 else (0, 0, 0)
                body = stdout.read(length) if 0 < length <= ANSWER_BYTES else b""
            except (BrokenPipeError, OSError):
                head, body, status, peak, length = b"", b"", 0, 0, 0
        finally:
            timer.cancel()
        if overran.is_set():
            self._stop()
            raise Refused("too_heavy")
        if len(head) < 20 or len(body) < length:
            raise WorkerGone
        if status:
            raise Refused(_why(status), peak_kib=peak)
        return body, peak

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._owner != os.getpid():
            self._process = None  # a fork copied us: the pipe belongs to our parent
        if self._process is not None and self._process.poll() is not None:
            self._stop()
        if self._process is None:
            keep = {k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"}
            self._process = subprocess.Popen(  # noqa: S603 - our own file, no user input
                [sys.executable, "-I", str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=keep,
                cwd="/",
                start_new_session=True,
            )
            self._owner = os.getpid()
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        _kill(process)
        for pipe in _pipes(process):
            with contextlib.suppress(OSError):
                pipe.close()
        process.wait()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the decoder was started without pipes")
    return process.stdin, process.stdout


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _why(status: int) -> str:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in {
        signal.SIGXCPU,
        signal.SIGKILL,
        signal.SIGALRM,
        signal.SIGXFSZ,
    }:
        return "too_heavy"
    return "unreadable"


_sandbox = Sandbox()
atexit.register(_sandbox.close)


def sanitise(source: Path | bytes, *, sandbox: Sandbox | None = None) -> Clean:
    """
    Return two clean JPEGs of an uploaded picture, upright and without a byte of metadata.

    :raises Refused: with a code if the file is none of ours, broken, or too heavy to open.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    kind = sniff(data[:4096])
    if kind == "EMPTY":
        raise Refused("empty")
    if kind not in KINDS:
        raise Refused("wrong_kind", kind=kind)
    started = time.monotonic()
    answer, peak = (sandbox or _sandbox).ask(data, kind)
    return _believe(answer, peak, time.monotonic() - started)


def look(small: bytes, *, sandbox: Sandbox | None = None) -> Look:
    """
    Return what one of our own small copies is known by.

    :raises Refused: if it cannot be read.
    """
    answer, peak = (sandbox or _sandbox).ask(small, LOOK)
    try:
        facts, details, _nothing = _parts(answer)
        phash = int(facts.get("phash", 0))
    except (ValueError, TypeError, struct.error) as error:
        raise Unclean("the decoder answered nonsense") from error
    if "refused" in facts:
        raise Refused("unreadable", peak_kib=peak)
    size = likeness.DETAIL.size
    is_whole = len(details) % size == 0 and len(details) <= MOST_DETAILS * size
    if not is_whole or not -(1 << 63) <= phash < 1 << 63:
        raise Unclean("the decoder answered out of bounds")
    return Look(phash, details)


def _believe(answer: bytes, peak: int, seconds: float) -> Clean:
    try:
        facts, large, small = _parts(answer)
        refused = str(facts.get("refused", ""))
        result = None if refused else _result(facts, large, small, peak, seconds)
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise Unclean("the decoder answered nonsense") from error
    if result is None:
        known = refused in {"too_many_pixels", "too_heavy", "unreadable"}
        raise Refused(refused if known else "unreadable", peak_kib=peak)
    for picture in (large, small):
        if extra := foreign_segments(picture):
            raise Unclean(f"segments that are not the picture: {', '.join(extra)}")
    return result


def _parts(answer: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    first, second, third = struct.unpack(">III", answer[:12])
    body = answer[12:]
    facts = json.loads(body[:first])
    if len(body) != first + second + third or not isinstance(facts, dict):
        raise ValueError("lengths do not add up")
    return facts, body[first : first + second], body[first + second :]


def _result(facts: dict[str, Any], large: bytes, small: bytes, peak: int, seconds: float) -> Clean:
    width, height, dhash = int(facts["width"]), int(facts["height"]), int(facts["dhash"])
    told = facts["signals"]
    if (
        not 1 <= width <= LARGE_SIDE
        or not 1 <= height <= LARGE_SIDE
        or not -(1 << 63) <= dhash < 1 << 63
        or not isinstance(told, dict)
        or len(json.dumps(told)) > 2000
    ):
        raise ValueError("out of bounds")
    return Clean(large, small, width, height, dhash, float(facts["blur"]), told, peak, seconds)


def foreign_segments(picture: bytes) -> list[str]:
    """
    Return every part of a JPEG file that is neither its pixels nor the tables to decode them.

    An empty list proves the absence of EXIF, XMP, IPTC, ICC, comments and trailing bytes.
    """
    found: list[str] = []
    at = _read_segments(picture, found.append)
    if at is None:
        found.append("no end of image")
    elif at != len(picture):
        found.append(f"{len(picture) - at} bytes after the end")
    return found


def _read_segments(picture: bytes, report: Callable[[str], None]) -> int | None:
    if picture[:2] != b"\xff\xd8":
        report("no start of image")
        return None
    at = 2
    while at + 4 <= len(picture) and picture[at] == 0xFF:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        body = picture[at + 4 : at + 2 + length]
        is_jfif = (
            marker == 0xE0 and body[:5] == b"JFIF\x00" and length == 16 and body[12:] == b"\0\0"
        )
        # SOF0-2, DHT, DQT, DRI and SOS are the picture itself.
        if not is_jfif and marker not in {0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, 0xDA}:
            report(f"FF{marker:02X}")
        at += 2 + length
        if marker != 0xDA:
            continue
        while True:  # inside a scan FF is followed by 00 or a restart marker
            at = picture.find(b"\xff", at)
            if at < 0 or at + 1 >= len(picture):
                return None
            following = picture[at + 1]
            if following == 0xD9:
                return at + 2
            if following != 0x00 and not 0xD0 <= following <= 0xD7:
                break
            at += 2
    return None
