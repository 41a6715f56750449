"""What is unusual in the desk's own work: pure rules over decisions to pay."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from statistics import mean
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

LISTED = 20
"""References kept as evidence."""


class AgentSignalKind(models.TextChoices):
    """What is unusual; each has a plain explanation as often as not."""

    PACE = "pace", _("Decides to pay far more often per hour than usual")
    SAME_SHOPPER = "same_shopper", _("Decides to pay the same shopper again and again")
    OWN_DETAILS = "own_details", _("Decided to pay where their own contact details occur")
    UNDER_LIMIT = "under_limit", _("Decides often just under the limit")
    NIGHT = "night", _("Decides to pay at night")


@dataclass(frozen=True)
class Act:
    """One decision of an agent to pay."""

    agent_id: int
    at: datetime
    ref: str
    shopper_id: int
    amount_minor: int = 0
    limit_minor: int = 0
    """The limit for one person then; 0 where none was asked."""


@dataclass(frozen=True)
class Watch:
    """One rule of the policy."""

    kind: str
    at_least: int = 1
    percent: int = 0
    days: int = 30
    margin_percent: int = 0
    from_hour: int | None = None
    until_hour: int | None = None


@dataclass(frozen=True)
class Found:
    """Something unusual, what it is about, and what it rests on."""

    agent_id: int
    kind: str
    episode: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def find(
    *,
    watches: Iterable[Watch],
    acts: Sequence[Act],
    links: Iterable[tuple[int, str, str]],
    now: datetime,
    zone: tzinfo,
) -> list[Found]:
    """
    Return what is unusual in these acts; ``links`` are (agent, claim, kind of shared detail).

    Hours and months are those of ``zone``, the desk's own.
    """
    found: list[Found] = []
    links = list(links)
    for watch in watches:
        recent = [act for act in acts if now - timedelta(days=watch.days) < act.at <= now]
        if watch.kind == AgentSignalKind.OWN_DETAILS:
            found += _own_details(watch, recent, links)
        elif (rule := _RULES.get(watch.kind)) is not None:
            by_agent = defaultdict(list)
            for act in recent:
                by_agent[act.agent_id].append(act)
            for agent_id, own in sorted(by_agent.items()):
                found += rule(watch, agent_id, own, zone)
    return found


def _pace(watch: Watch, agent_id: int, acts: Sequence[Act], zone: tzinfo) -> list[Found]:
    """An hour stands out against the agent's other hours, of which a handful must be known."""
    hours = Counter(act.at.astimezone(zone).strftime("%Y-%m-%dT%H") for act in acts)
    found = []
    for hour, count in sorted(hours.items()):
        others = [other for key, other in hours.items() if key != hour]
        usual = mean(others) if len(others) >= 5 else 0
        if count >= watch.at_least and count * 100 >= usual * watch.percent:
            found.append(
                Found(
                    agent_id, AgentSignalKind.PACE, hour,
                    {"hour": hour, "count": count, "usual": round(usual, 1)},
                )
            )  # fmt: skip
    return found


def _same_shopper(watch: Watch, agent_id: int, acts: Sequence[Act], zone: tzinfo) -> list[Found]:
    refs = defaultdict(set)
    last: dict[int, datetime] = {}
    for act in acts:
        refs[act.shopper_id].add(act.ref)
        last[act.shopper_id] = max(act.at, last.get(act.shopper_id, act.at))
    return [
        Found(
            agent_id,
            AgentSignalKind.SAME_SHOPPER,
            f"{shopper_id}:{last[shopper_id].astimezone(zone):%Y-%m}",
            {"claims": sorted(known)[:LISTED], "count": len(known), "days": watch.days},
        )
        for shopper_id, known in sorted(refs.items())
        if len(known) >= max(watch.at_least, 2)
    ]


def _own_details(
    watch: Watch, acts: Sequence[Act], links: Iterable[tuple[int, str, str]]
) -> list[Found]:
    acted = {(act.agent_id, act.ref) for act in acts}
    kinds = defaultdict(set)
    for agent_id, ref, kind in links:
        if (agent_id, ref) in acted:
            kinds[agent_id, ref].add(kind)
    return [
        Found(
            agent_id, AgentSignalKind.OWN_DETAILS, ref, {"claims": [ref], "shared": sorted(known)}
        )
        for (agent_id, ref), known in sorted(kinds.items())
        if len(known) >= max(watch.at_least, 1)
    ]


def _under_limit(watch: Watch, agent_id: int, acts: Sequence[Act], zone: tzinfo) -> list[Found]:
    limited = [act for act in acts if act.limit_minor > 0]
    close = [
        act
        for act in limited
        if act.limit_minor * (100 - watch.margin_percent) <= act.amount_minor * 100
        and act.amount_minor <= act.limit_minor
    ]
    if len(close) < max(watch.at_least, 1) or len(close) * 100 < len(limited) * watch.percent:
        return []
    month = max(act.at for act in close).astimezone(zone).strftime("%Y-%m")
    return [
        Found(
            agent_id, AgentSignalKind.UNDER_LIMIT, month,
            {"claims": sorted({act.ref for act in close})[:LISTED], "count": len(close),
             "of": len(limited), "days": watch.days},
        )
    ]  # fmt: skip


def _night(watch: Watch, agent_id: int, acts: Sequence[Act], zone: tzinfo) -> list[Found]:
    if watch.from_hour is None or watch.until_hour is None:
        return []
    late = [act for act in acts if _within(act.at.astimezone(zone).hour, watch)]
    if len(late) < max(watch.at_least, 1):
        return []
    week = max(act.at for act in late).astimezone(zone).strftime("%G-W%V")
    return [
        Found(
            agent_id, AgentSignalKind.NIGHT, week,
            {"claims": sorted({act.ref for act in late})[:LISTED], "count": len(late),
             "from": watch.from_hour, "until": watch.until_hour, "days": watch.days},
        )
    ]  # fmt: skip


def _within(hour: int, watch: Watch) -> bool:
    begin, end = watch.from_hour or 0, watch.until_hour or 0
    return begin <= hour < end if begin < end else hour >= begin or hour < end


_RULES: Mapping[str, Callable[[Watch, int, Sequence[Act], tzinfo], list[Found]]] = {
    AgentSignalKind.PACE: _pace,
    AgentSignalKind.SAME_SHOPPER: _same_shopper,
    AgentSignalKind.UNDER_LIMIT: _under_limit,
    AgentSignalKind.NIGHT: _night,
}
