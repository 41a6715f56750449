"""A parcel's journey as JSON, put together by PostgreSQL in one statement."""

from __future__ import annotations

from portal.lib import sql

_JOURNEY = """
SELECT json_build_object(
  'number', p.number, 'order', o.number, 'carrier', c.slug, 'connection', coalesce(n.slug, ''),
  'status', p.status, 'reason', p.reason, 'party', p.party, 'handed', p.handed, 'leg', p.leg,
  'is_disputed', p.is_disputed, 'hinted', p.hinted, 'status_at', p.status_at,
  'delivered_at', p.delivered_at,
  'last_scan_at', p.last_scan_at, 'shipped_at', p.shipped_at, 'promised_at', p.promised_at,
  'expected', json_build_object('begins', p.eta_from, 'ends', p.eta_to),
  'estimate', json_build_object('begins', p.own_eta_from, 'ends', p.own_eta_to,
    'likely', p.own_eta_likely, 'confidence', p.own_eta_confidence), 'revision', p.revision,
  'further_numbers', coalesce((
    SELECT json_agg(json_build_object('carrier', k.slug, 'number', f.number) ORDER BY f.id)
    FROM tracking_parcelnumber f JOIN tracking_carrier k ON k.id = f.carrier_id
    WHERE f.parcel_id = p.id), '[]'::json),
  'anomalies', coalesce((
    SELECT json_agg(json_build_object(
      'kind', a.kind, 'party', a.party, 'severity', a.severity, 'opened_at', a.opened_at,
      'next_at', a.next_at, 'lost_at', a.lost_at
    ) ORDER BY a.opened_at, a.id)
    FROM tracking_anomaly a WHERE a.parcel_id = p.id AND a.cleared_at IS NULL), '[]'::json),
  'events', coalesce((
    SELECT json_agg(json_build_object(
      'occurred_at', s.occurred_at, 'local_time', s.local_time, 'status', s.status,
      'reason', s.reason, 'raw_code', s.raw_code, 'raw_text', s.raw_text,
      'location', s.location, 'country', s.country, 'leg', s.leg,
      'is_known', s.is_known, 'is_hint', s.is_hint
    ) ORDER BY s.occurred_at, s.local_time, s.sequence, s.id)
    FROM tracking_sighting s WHERE s.parcel_id = p.id AND s.withdrawn_at IS NULL), '[]'::json)
)::text
FROM tracking_parcel p
JOIN tracking_order o ON o.id = p.order_id
JOIN tracking_carrier c ON c.id = p.carrier_id
LEFT JOIN tracking_connection n ON n.id = p.connection_id
WHERE p.number = %s AND p.is_current AND (%s = '' OR n.slug = %s)
ORDER BY p.id LIMIT 2
"""


class Ambiguous(Exception):
    """Several connections have a current parcel of this number."""


def journey(*, number: str, connection: str = "") -> bytes | None:
    """
    Return the journey of the current parcel with this normalised number, or None.

    :raises Ambiguous: if several connections use the number and none was named.
    """
    found = sql.rows(_JOURNEY, (number, connection, connection))
    if len(found) > 1:
        raise Ambiguous(number)
    return found[0][0].encode() if found else None
