"""What is alerted of, once when it begins and once when it is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.alerts.events import AlertChanges, alert_changes, to_alerts
from aggregator.model import Alert
from aggregator.overview.health_reasons import Reason
from tests.harness.builders import NOW

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SIX_HOURS = 6 * 3600


def _alert(kind: str = "failing", subject: str = "harbor") -> Alert:
    return Alert(kind=kind, subject=subject, sentence="503.", started_at=NOW, seen_at=NOW)  # type: ignore[arg-type]  # a kind


def _kinds(*reasons: Reason, ignored: tuple[str, ...] = ()) -> list[str]:
    found = to_alerts(reasons, ignored, SIX_HOURS, NOW)  # type: ignore[arg-type]  # kinds
    return [alert.kind for alert in found]


@pytest.mark.parametrize(
    ("hours", "expected"), [(5.9, []), (6, ["failing"]), (48, ["failing"])], ids=str
)
def test_a_source_that_fails_is_reported_after_a_while(hours: float, expected: list[str]) -> None:
    """A short outage is nobody's business at night."""
    since = NOW - timedelta(hours=hours)
    assert _kinds(Reason(kind="dns", source="harbor", sentence=".", since=since)) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("quiet", ["quiet"]), ("held", ["held"]), ("disk", ["disk"]), ("stale", ["stale"]),
        ("config", ["config"]), ("clock_disputed", ["clock"]), ("clock", ["clock"]),
        ("silent_rule", ["silent_rule"]), ("undelivered", ["undelivered"]), ("bug", ["bug"]),
        ("approval", []),
    ],
)  # fmt: skip
def test_kinds(kind: str, expected: list[str]) -> None:
    """What waits for approval is everyday work; ignored kinds are left out."""
    reason = Reason(kind=kind, sentence="Something.", since=NOW)
    assert _kinds(reason) == expected
    assert _kinds(reason, ignored=tuple(expected)) == []


def _step(current: list[Alert], found: list[Alert], minutes: float) -> AlertChanges:
    now = NOW + minutes * MINUTE
    found = [replace(alert, started_at=now, seen_at=now) for alert in found]
    return alert_changes(current, found, now)


def test_an_alert_begins_once() -> None:
    """It goes on while it is seen; that is stored each minute, or if the sentence changes."""
    started = _step([], [_alert()], 0).started
    assert started == (_alert(),)
    assert _step([*started], [_alert()], 0.5) == AlertChanges()
    (seen,) = _step([*started], [_alert()], 2).lasting
    assert seen == replace(started[0], seen_at=NOW + 2 * MINUTE)
    (changed,) = _step([*started], [replace(_alert(), sentence="DNS.")], 0.5).lasting
    assert changed.sentence == "DNS."


def test_an_alert_is_over_when_it_has_been_gone_for_five_minutes() -> None:
    """One that comes and goes is one alert."""
    assert _step([_alert()], [], 4.9) == AlertChanges()
    (resolved,) = _step([_alert()], [], 5).resolved
    assert resolved.resolved_at == NOW + 5 * MINUTE


def test_sources_and_subjects_are_told_apart() -> None:
    """Two sources are two alerts; two reasons of one kind without a subject are one."""
    changes = _step(
        [_alert()], [_alert(), _alert(subject="plains"), _alert("bug", ""), _alert("bug", "")], 0
    )
    assert [(alert.kind, alert.subject) for alert in changes.started] == [
        ("failing", "plains"),
        ("bug", ""),
    ]
