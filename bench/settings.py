"""Amends as it is, but nobody reacts to its events: letters are not what is measured here."""

from portal.settings.base import *  # noqa: F403

ROOT_EVENTCONF = "bench.wiring"
