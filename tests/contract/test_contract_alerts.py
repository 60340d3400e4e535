"""Alerts, their messages, and silent rules."""

from dataclasses import replace
from datetime import timedelta

from aggregator.model import Alert, AlertMessage, SilentRule
from aggregator.store.base import Store
from tests.harness.builders import NOW

HOUR = timedelta(hours=1)


def _alert(subject: str = "harbor") -> Alert:
    return Alert(kind="failing", subject=subject, sentence="503.", started_at=NOW, seen_at=NOW)


def _message(recipient: str = "a@b.example") -> AlertMessage:
    return AlertMessage(
        channel="mail", recipient=recipient, subject="S", body="B", created_at=NOW, due_at=NOW
    )


def test_alerts_are_current_until_they_are_over(store: Store) -> None:
    """They get an id when they are stored, and are replaced by it."""
    store.alerts.save([_alert("harbor"), _alert("plains")], [])
    harbor, plains = store.alerts.current()
    store.alerts.save([replace(harbor, resolved_at=NOW + HOUR, since=NOW - HOUR)], [])

    assert store.alerts.current() == [plains]
    assert store.alerts.latest(1) == [plains]
    over = store.alerts.latest(9)[1]
    assert (over.id, over.resolved_at, over.since) == (harbor.id, NOW + HOUR, NOW - HOUR)


def test_an_alert_that_was_over_can_begin_again(store: Store) -> None:
    """As another one."""
    store.alerts.save([_alert()], [])
    store.alerts.save([replace(store.alerts.current()[0], resolved_at=NOW)], [])
    store.alerts.save([_alert()], [])

    assert len(store.alerts.current()) == 1
    assert len(store.alerts.latest(9)) == 2


def test_messages_wait_until_they_are_delivered(store: Store) -> None:
    """Oldest first, with the error of the last attempt."""
    store.alerts.save([_alert()], [_message("a@b.example"), _message("c@b.example")])
    first, second = store.alerts.messages()
    store.alerts.retry(first.id, "Refused.", NOW + HOUR)
    store.alerts.remove(second.id)

    (left,) = store.alerts.messages()
    assert left == replace(first, attempts=1, error="Refused.", due_at=NOW + HOUR)


def test_silent_rules_are_replaced(store: Store) -> None:
    """Those that have been silent for longest come first."""
    young = SilentRule(topic="labor", reason="rule strike", per_week=2.5, since=NOW)
    old = replace(young, topic="", reason="source harbor", source="harbor", since=NOW - HOUR)
    store.alerts.save_silent_rules([young, old])
    assert store.alerts.silent_rules() == [old, young]
    store.alerts.save_silent_rules([young])
    assert store.alerts.silent_rules() == [young]


def test_when_a_task_was_done(store: Store) -> None:
    """By itself, or together with the messages that it has made."""
    assert store.alerts.last_done("ping") is None
    store.alerts.record_done("ping", NOW)
    store.alerts.save([], [_message()], {"weekly_summary": NOW + HOUR, "ping": NOW + HOUR})

    assert store.alerts.last_done("ping") == NOW + HOUR
    assert store.alerts.last_done("weekly_summary") == NOW + HOUR
