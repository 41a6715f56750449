"""Wake a worker without ever depending on it: rows are the queue, a nudge is only a hint."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import current_app

log = logging.getLogger(__name__)

_QUIET_SECONDS = 0.25
_last: dict[str, float] = {}


def nudge(task: str, **kwargs: Any) -> None:
    """
    Ask a worker to run ``task`` soon; one call in a quarter second per process goes out.

    The message is held back for that quarter second, so it also covers every row that was
    committed while further nudges were being swallowed. A broker that is down or slow costs at
    most its socket timeout and is then left alone for five seconds: the beat sweep finds the
    rows anyway.
    """
    moment = time.monotonic()
    if moment < _last.get(task, 0.0):
        return
    _last[task] = moment + _QUIET_SECONDS
    try:
        current_app.send_task(
            task, kwargs=kwargs, countdown=_QUIET_SECONDS, ignore_result=True, retry=False
        )
    except Exception:  # whatever the broker raises, the row is already safe
        _last[task] = moment + 5.0
        log.warning("nudge of %s failed; the sweep will find the work", task, exc_info=True)


def nudge_outbox() -> None:
    """Ask a worker to deliver recorded events."""
    nudge("portal.outbox.tasks.deliver")
