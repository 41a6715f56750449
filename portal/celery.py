"""The Celery app: wake-ups and the clock."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_postrun, task_prerun

from portal.lib import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")
app = Celery("amends")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_prerun.connect
def _begin(task_id: str = "", **_: Any) -> None:
    """Let all that a task does carry its id."""
    tracing.begin(task_id)


@task_postrun.connect
def _end(**_: Any) -> None:
    tracing.begin("")
