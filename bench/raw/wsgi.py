"""A door without Django: check the seal, one prepared INSERT, 202."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.world import CONNECTION, SECRET

KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
INSERT = (
    "INSERT INTO tracking_envelope (connection_id, digest, source, body, headers, received_at,"
    " state, attempts, error, numbers) SELECT id, %s, 'push', %s, '{}', %s, 'waiting', 0, '', '{}'"
    f" FROM tracking_connection WHERE slug = '{CONNECTION}'"
    " ON CONFLICT (connection_id, digest) DO NOTHING"
)
_local = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    if environ["REQUEST_METHOD"] != "POST":
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    signed = f"{environ['HTTP_WEBHOOK_ID']}.{environ['HTTP_WEBHOOK_TIMESTAMP']}.".encode() + body
    made = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest())
    if not hmac.compare_digest(b"v1," + made, environ["HTTP_WEBHOOK_SIGNATURE"].encode()):
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return [b""]
    line = getattr(_local, "line", None)
    if line is None:
        line = _local.line = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        line.prepare_threshold = 0
    line.execute(INSERT, (hashlib.sha256(body).digest(), body, datetime.now(UTC)))
    start_response("202 Accepted", [("Content-Length", "2")])
    return [b"{}"]
