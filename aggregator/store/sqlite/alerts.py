"""Alerts, their messages, and silent rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aggregator.model import Alert, AlertMessage, SilentRule
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection

__all__ = ["SqliteAlerts"]

ALERTS_KEPT = 5_000


class SqliteAlerts:
    """An AlertStore; the methods are described in store/base_alerts.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> list[Alert]:
        sql = "select * from alerts where resolved_at is null order by id"
        with self._connection.read() as db:
            return [_alert_of(row) for row in db.query(sql)]

    def latest(self, limit: int) -> list[Alert]:
        with self._connection.read() as db:
            sql = "select * from alerts order by id desc limit ?"
            return [_alert_of(row) for row in db.query(sql, [limit])]

    def save(
        self,
        alerts: Sequence[Alert],
        messages: Sequence[AlertMessage],
        done: Mapping[str, datetime] | None = None,
    ) -> None:
        if not (alerts or messages or done):
            return
        with self._connection.write() as db:
            for alert in alerts:
                db.table("alerts").insert(_alert_row(alert), pk="id", replace=True)
            for message in messages:
                db.table("alert_messages").insert(_message_row(message))
            for task, now in (done or {}).items():
                db.execute(_RECORD_DONE, [task, mappers.to_text(now)])
            db.execute(
                """delete from alerts where resolved_at is not null
                     and id <= (select max(id) from alerts) - ?""",
                [ALERTS_KEPT],
            )

    def messages(self) -> list[AlertMessage]:
        with self._connection.read() as db:
            rows = db.query("select * from alert_messages order by id")
            return [_message_of(row) for row in rows]

    def retry(self, message: int, error: str, due_at: datetime) -> None:
        sql = """update alert_messages set attempts = attempts + 1, error = ?, due_at = ?
                 where id = ?"""
        with self._connection.write() as db:
            db.execute(sql, [error, mappers.to_text(due_at), message])

    def remove(self, message: int) -> None:
        with self._connection.write() as db:
            db.execute("delete from alert_messages where id = ?", [message])

    def silent_rules(self) -> list[SilentRule]:
        with self._connection.read() as db:
            rows = db.query("select * from silent_rules order by since, topic_id, reason")
            return [
                SilentRule(
                    topic=row["topic_id"],
                    reason=row["reason"],
                    source=row["source_id"],
                    per_week=row["per_week"],
                    since=datetime.fromisoformat(row["since"]),
                )
                for row in rows
            ]

    def save_silent_rules(self, rules: Sequence[SilentRule]) -> None:
        rows = [(r.topic, r.reason, r.source, r.per_week, mappers.to_text(r.since)) for r in rules]
        with self._connection.write() as db:
            db.execute("delete from silent_rules")
            db.conn.executemany("insert or replace into silent_rules values (?, ?, ?, ?, ?)", rows)

    def last_done(self, task: str) -> datetime | None:
        with self._connection.read() as db:
            row = db.execute("select done_at from alert_tasks where name = ?", [task]).fetchone()
        return mappers.to_time(row[0]) if row else None

    def record_done(self, task: str, now: datetime) -> None:
        with self._connection.write() as db:
            db.execute(_RECORD_DONE, [task, mappers.to_text(now)])


_RECORD_DONE = "insert or replace into alert_tasks values (?, ?)"


def _alert_row(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id or None,
        "kind": alert.kind,
        "subject": alert.subject,
        "sentence": alert.sentence,
        "since": mappers.to_text_or_none(alert.since),
        "started_at": mappers.to_text(alert.started_at),
        "seen_at": mappers.to_text(alert.seen_at),
        "resolved_at": mappers.to_text_or_none(alert.resolved_at),
    }


def _alert_of(row: dict[str, Any]) -> Alert:
    return Alert(
        **{name: row[name] for name in ("id", "kind", "subject", "sentence")},
        since=mappers.to_time(row["since"]),
        started_at=datetime.fromisoformat(row["started_at"]),
        seen_at=datetime.fromisoformat(row["seen_at"]),
        resolved_at=mappers.to_time(row["resolved_at"]),
    )


def _message_row(message: AlertMessage) -> dict[str, Any]:
    names = ("channel", "recipient", "subject", "body", "attempts", "error")
    return {
        **{name: getattr(message, name) for name in names},
        "created_at": mappers.to_text(message.created_at),
        "due_at": mappers.to_text(message.due_at),
    }


def _message_of(row: dict[str, Any]) -> AlertMessage:
    names = ("id", "channel", "recipient", "subject", "body", "attempts", "error")
    return AlertMessage(
        **{name: row[name] for name in names},
        created_at=datetime.fromisoformat(row["created_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
    )
