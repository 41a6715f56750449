"""A line between a browser and a server that can be slow and can be cut, as a phone's is."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from urllib.parse import urlsplit

CHUNK = 8 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)
"""Close without a farewell: what the browser sees is a connection reset."""


class Line:
    """Pass everything on to a server at so many bytes a second up, until it is cut."""

    def __init__(self, server_url: str, *, up: int) -> None:
        self.target = (urlsplit(server_url).hostname, urlsplit(server_url).port)
        self.pause = CHUNK / up
        self.is_cut = False
        self._door = socket.create_server(("127.0.0.1", 0))
        self._ends: set[socket.socket] = set()
        self.url = f"http://localhost:{self._door.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.cut()
        self._door.close()

    def cut(self) -> None:
        """Break every connection at once and let no new one through."""
        self.is_cut = True
        for end in list(self._ends):
            self._drop(end)

    def mend(self, *, up: int) -> None:
        """Let connections through again, at another speed; those that knocked before are gone."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(self._door.getsockname(), timeout=5) as last,
        ):
            last.recv(1)  # it is turned away after all that stood in the queue before it
        self.pause, self.is_cut = CHUNK / up, False

    def _listen(self) -> None:
        while True:
            try:
                near, _address = self._door.accept()
            except OSError:
                return
            self._ends.add(near)
            if self.is_cut:
                self._drop(near)
                continue
            far = socket.create_connection(self.target)
            self._ends.add(far)
            for one, other, is_up in ((near, far, True), (far, near, False)):
                threading.Thread(
                    target=self._pass_on, args=(one, other, is_up), daemon=True
                ).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, is_up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(CHUNK):
                if is_up and len(data) > 2_000:
                    time.sleep(self.pause * len(data) / CHUNK)
                other.sendall(data)
        self._drop(one)
        self._drop(other)

    def _drop(self, end: socket.socket) -> None:
        self._ends.discard(end)
        with contextlib.suppress(OSError):
            if self.is_cut:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                end.shutdown(socket.SHUT_RD)  # a thread that listens would hold it open
            else:
                end.shutdown(socket.SHUT_RDWR)
        end.close()
