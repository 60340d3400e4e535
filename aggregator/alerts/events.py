"""What has started and what is resolved, since operators were alerted last."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args

from aggregator.model import Alert, AlertKind, FailureKind
from aggregator.overview.health_reasons import Reason

__all__ = ["AlertChanges", "alert_changes", "to_alerts"]

RESOLVED_AFTER = timedelta(minutes=5)
"""How long a reason must have been gone for its alert to be resolved; one that comes and goes is
one alert."""
SEEN_PRECISION = timedelta(minutes=1)
"""How exactly it is kept when an alert was last seen: not every check is a write."""
_FAILURES = frozenset(FailureKind)
_KINDS: frozenset[str] = frozenset(get_args(AlertKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanges:
    """What a check has found: alerts that have started, that go on and must be stored, that are
    resolved."""

    started: tuple[Alert, ...] = ()
    lasting: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()


def to_alerts(
    reasons: Sequence[Reason], ignored: Collection[AlertKind], failing_after: int, now: datetime
) -> Iterator[Alert]:
    """What operators are alerted of, among what needs attention; a source only after it has failed
    for `failing_after` seconds. What waits for approval is everyday work."""
    for reason in reasons:
        kind = _kind(reason)
        is_young = reason.since and now - reason.since < timedelta(seconds=failing_after)
        if kind is None or kind in ignored or (kind == "failing" and is_young):
            continue
        yield Alert(
            kind=kind,
            subject=reason.subject or reason.source or "",
            sentence=reason.sentence,
            since=reason.since,
            started_at=now,
            seen_at=now,
        )


def _kind(reason: Reason) -> AlertKind | None:
    if reason.source and reason.kind in _FAILURES:
        return "failing"
    kind = "clock" if reason.kind.startswith("clock") else reason.kind
    return kind if kind in _KINDS else None  # type: ignore[return-value]  # it is one of them


def alert_changes(current: Sequence[Alert], found: Sequence[Alert], now: datetime) -> AlertChanges:
    """Compare the current alerts with those that a check has found."""
    known = {(alert.kind, alert.subject): alert for alert in current}
    seen = {(alert.kind, alert.subject): alert for alert in reversed(found)}
    started = tuple(alert for key, alert in seen.items() if key not in known)
    lasting = [
        replace(known[key], sentence=alert.sentence, since=alert.since, seen_at=now)
        for key, alert in seen.items()
        if key in known and _must_store(known[key], alert, now)
    ]
    resolved = tuple(
        replace(alert, resolved_at=now)
        for key, alert in known.items()
        if key not in seen and (alert.seen_at > now or now - alert.seen_at >= RESOLVED_AFTER)
    )
    return AlertChanges(started=tuple(reversed(started)), lasting=tuple(lasting), resolved=resolved)


def _must_store(known: Alert, found: Alert, now: datetime) -> bool:
    is_same = (known.sentence, known.since) == (found.sentence, found.since)
    return not is_same or now - known.seen_at >= SEEN_PRECISION
