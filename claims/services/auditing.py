"""Look at some automatic approvals afterwards: picked by a keyed draw, judged by a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from claims.models import AuditSample, Claim, ClaimTransition, RiskRating
from claims.models.risk import AuditCode, Verdict
from claims.services import risking, steps
from claims.services.refusals import NoWords, Refusal
from claims.states import ClaimState
from portal.accounts.models import User

DRAWS = 10_000
NOTE_MAX = 4000


class UnknownVerdict(Refusal):
    """Neither yes nor no, or a no without its code."""

    code = "unknown_verdict"
    sentence = _("Say whether you agree, and if not, choose what was wrong.")


class AlreadyJudged(Refusal):
    """Somebody else has looked at it already."""

    code = "already_judged"
    sentence = _("Somebody else has looked at this one already. Their answer stands.")


def is_drawn(ref: str, *, percent: int) -> bool:
    """
    Test whether the claim of this reference is audited: the same answer every time.

    The draw is keyed with the house's secret, so that nobody outside can tell which references
    are looked at, nor ask for another until one is not.
    """
    draw = int.from_bytes(salted_hmac("claims.audit", ref, algorithm="sha256").digest()[:8])
    return draw % DRAWS < percent * DRAWS // 100


@transaction.atomic
def pick(*, claim: Claim, now: datetime) -> AuditSample | None:
    """Put an automatic approval into the audit queue if it is drawn; doing it twice is once."""
    last = (
        ClaimTransition.objects.filter(subject=claim, target=ClaimState.APPROVED)
        .order_by("-occurred_at", "-pk")
        .first()
    )
    if last is None or last.verb != "auto_approve":
        return None
    policy = risking.policy_for(now=last.occurred_at)
    if policy is None or not is_drawn(claim.ref, percent=policy.audit_percent):
        return None
    sample, _is_new = AuditSample.objects.get_or_create(
        claim=claim, defaults={"rating": risking.latest(claim=claim), "picked_at": now}
    )
    return sample


@transaction.atomic
def judge(
    *, sample: AuditSample, auditor: User, verdict: str, code: str = "", note: str = "",
    now: datetime,
) -> AuditSample:  # fmt: skip
    """
    Say whether the automatic approval was right; nothing about the claim or its money moves.

    :raises NotAllowed: if the person may not audit.
    :raises OwnClaim: if it is their own claim.
    :raises UnknownVerdict: if the answer is neither yes nor a no with its code.
    :raises NoWords: if "something else" was wrong and nothing says what.
    :raises AlreadyJudged: if somebody has answered before.
    """
    steps.require(auditor, "claims.audit_claim", sample.claim)
    is_no = verdict == Verdict.DISAGREE
    if verdict not in Verdict.values or (is_no and code not in AuditCode.values):
        raise UnknownVerdict
    note = note.strip()[:NOTE_MAX]
    if is_no and code == AuditCode.OTHER and not note:
        raise NoWords
    judged = AuditSample.objects.filter(pk=sample.pk, verdict="").update(
        verdict=verdict, code=code if is_no else "", note=note, judged_by=auditor, judged_at=now
    )
    sample.refresh_from_db()
    if not judged:
        raise AlreadyJudged
    return sample


@dataclass(frozen=True)
class Results:
    """How the audits of a time went."""

    picked: int
    waiting: int
    agreed: int
    disagreed: int
    codes: dict[str, int]

    @property
    def disagreed_percent(self) -> int | None:
        """Return the share of a no among those judged, or None before the first."""
        judged = self.agreed + self.disagreed
        return round(self.disagreed * 100 / judged) if judged else None


def results(*, now: datetime, days: int = 90) -> Results:
    """Count the audits of so many days."""
    since = now - timedelta(days=days)
    rows = (
        AuditSample.objects.filter(picked_at__gt=since, picked_at__lte=now)
        .values_list("verdict", "code")
        .annotate(count=Count("pk"))
    )
    told = [(verdict, code, count) for verdict, code, count in rows]
    return Results(
        picked=sum(count for _verdict, _code, count in told),
        waiting=sum(count for verdict, _code, count in told if not verdict),
        agreed=sum(count for verdict, _code, count in told if verdict == Verdict.AGREE),
        disagreed=sum(count for verdict, _code, count in told if verdict == Verdict.DISAGREE),
        codes={code: count for _verdict, code, count in told if code},
    )


@dataclass(frozen=True)
class Outcome:
    """How claims on which a signal spoke ended: what a policy is tuned by."""

    code: str
    rated: int
    paid: int
    declined: int
    faulted: int
    """Automatic approvals among them that an auditor disagreed with."""


def outcomes(*, now: datetime, days: int = 90) -> list[Outcome]:
    """Set each signal beside how the claims it spoke on ended, the commonest first."""
    since = now - timedelta(days=days)
    newest = (
        RiskRating.objects.filter(made_at__gt=since, made_at__lte=now)
        .order_by("claim_id", "-number")
        .distinct("claim_id")
        .values_list("claim_id", "signals", "claim__state", "claim__executed_minor",
                     "claim__audit__verdict")
    )  # fmt: skip
    counts: dict[str, list[int]] = {}
    for _claim, signals, state, executed, verdict in newest:
        for signal in signals:
            row = counts.setdefault(signal["code"], [0, 0, 0, 0])
            row[0] += 1
            row[1] += executed > 0
            row[2] += state == ClaimState.REJECTED
            row[3] += verdict == Verdict.DISAGREE
    return sorted(
        (Outcome(code, *row) for code, row in counts.items()),
        key=lambda one: (-one.rated, one.code),
    )
