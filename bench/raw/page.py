"""The floor of a read: WSGI without Django, one prepared statement, its answer as it comes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

READ = """
SELECT json_build_object(
  'order', o.number, 'status', p.status, 'revision', p.revision, 'city', o.city,
  'carrier', c.name_en, 'number', p.number, 'promised_at', p.promised_at,
  'scans', (SELECT json_agg(json_build_object('at', s.occurred_at, 'local', s.local_time,
      'status', s.status, 'text', s.raw_text, 'place', s.location) ORDER BY s.occurred_at DESC)
    FROM tracking_sighting s WHERE s.parcel_id = p.id AND s.withdrawn_at IS NULL),
  'items', (SELECT json_agg(json_build_object('title', l.title, 'n', i.quantity))
    FROM tracking_parcelline i JOIN tracking_orderline l ON l.id = i.order_line_id
    WHERE i.parcel_id = p.id),
  'others', (SELECT json_agg(json_build_object('token', q.token, 'status', q.status))
    FROM tracking_parcel q WHERE q.order_id = o.id AND q.id <> p.id))::text
FROM tracking_parcel p JOIN tracking_order o ON o.id = p.order_id
JOIN tracking_carrier c ON c.id = p.carrier_id WHERE p.token = %s
"""
_local = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    path = str(environ["PATH_INFO"])
    if not path.startswith("/t/"):
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    line = getattr(_local, "line", None)
    if line is None:
        line = _local.line = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        line.prepare_threshold = 0
    row = line.execute(READ, (path.split("/")[2],)).fetchone()
    body = row[0].encode() if row else b""
    start_response("200 OK" if row else "404 Not Found", [("Content-Length", str(len(body)))])
    return [body]
