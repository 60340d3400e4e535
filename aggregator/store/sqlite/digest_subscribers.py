"""Subscribers of the digest."""

import json
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from aggregator.model import DigestPreferences, DigestSubscriber, SubscriberState
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection

__all__ = ["SqliteDigestSubscribers", "preference_values", "subscriber_of"]

KEY_BYTES = 32
SIGN_UPS_KEPT = timedelta(days=1)


class SqliteDigestSubscribers:
    """A DigestSubscriberStore; the methods are described in store/base_digest.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def key(self) -> bytes:
        sql = "select secret from digest_key"
        with self._connection.read() as db:
            row = db.execute(sql).fetchone()
        if row is None:
            with self._connection.write() as db:
                db.execute(
                    "insert into digest_key select ? where not exists (select 1 from digest_key)",
                    [secrets.token_bytes(KEY_BYTES)],
                )
                row = db.execute(sql).fetchone()
        return bytes(row[0])

    def get(self, id_: str) -> DigestSubscriber | None:
        return self._find("id = ?", id_)

    def by_address(self, address: str) -> DigestSubscriber | None:
        return self._find("address_key = ?", address.casefold())

    def _find(self, condition: str, value: str) -> DigestSubscriber | None:
        sql = f"select * from digest_subscribers where {condition}"  # noqa: S608 - one of two constants
        with self._connection.read() as db:
            return next(map(subscriber_of, db.query(sql, [value])), None)

    def all(self) -> Iterator[DigestSubscriber]:
        with self._connection.read() as db:
            rows = list(db.query("select * from digest_subscribers order by address_key"))
        return map(subscriber_of, rows)

    def counts(self) -> dict[SubscriberState, int]:
        sql = "select state, count(*) from digest_subscribers group by state"
        with self._connection.read() as db:
            return {SubscriberState(state): count for state, count in db.execute(sql)}

    def add(self, subscriber: DigestSubscriber) -> bool:
        with self._connection.write() as db:
            key = subscriber.address.casefold()
            sql = "select 1 from digest_subscribers where address_key = ?"
            if db.execute(sql, [key]).fetchone():
                return False
            db.table("digest_subscribers").insert(_subscriber_row(subscriber))
        return True

    def confirm(self, subscriber: DigestSubscriber) -> None:
        row = _subscriber_row(subscriber)
        names = (
            "state", "confirmed_at", "covered_from", "covered_until", "next_at", "last_issue_id",
            "bounce_count", "bounced_at", "reason",
        )  # fmt: skip
        with self._connection.write() as db:
            _update(db, subscriber.id, {name: row[name] for name in names})

    def set_preferences(
        self, id_: str, preferences: DigestPreferences, next_at: datetime | None
    ) -> None:
        values = {**preference_values(preferences), "has_no_topics": False}
        if next_at is not None:
            values["next_at"] = mappers.to_text(next_at)
        with self._connection.write() as db:
            _update(db, id_, values)

    def renew(self, id_: str, preferences: DigestPreferences, now: datetime) -> None:
        values = {**preference_values(preferences), "created_at": mappers.to_text(now)}
        with self._connection.write() as db:
            _update(db, id_, values, "state != 'active'")

    def record_bounce(
        self, id_: str, count: int, reason: str, state: SubscriberState, now: datetime
    ) -> None:
        values = {"bounce_count": count, "reason": reason, "state": state.value}
        with self._connection.write() as db:
            _update(db, id_, {**values, "bounced_at": mappers.to_text(now)})

    def remove(self, id_: str, address_hash: str, now: datetime) -> None:
        with self._connection.write() as db:
            sql = """delete from digest_mails
                     where subscriber_id = ? and state in ('queued', 'failed', 'unknown')"""
            db.execute(sql, [id_])
            if db.execute("delete from digest_subscribers where id = ?", [id_]).rowcount:
                sql = "insert or replace into former_digest_subscribers values (?, ?)"
                db.execute(sql, [address_hash, mappers.to_text(now)])

    def has_left(self, address_hash: str) -> bool:
        sql = "select 1 from former_digest_subscribers where address_hash = ?"
        with self._connection.read() as db:
            return db.execute(sql, [address_hash]).fetchone() is not None

    def readmit(self, address_hash: str) -> None:
        sql = "delete from former_digest_subscribers where address_hash = ?"
        with self._connection.write() as db:
            db.execute(sql, [address_hash])

    def due(self, now: datetime) -> list[DigestSubscriber]:
        sql = """select * from digest_subscribers where state = 'active' and next_at <= ?
                 order by next_at, id"""
        with self._connection.read() as db:
            return [subscriber_of(row) for row in db.query(sql, [mappers.to_text(now)])]

    def oldest_due(self, before: datetime) -> datetime | None:
        sql = """select min(next_at) from digest_subscribers
                 where state = 'active' and next_at < ?"""
        with self._connection.read() as db:
            return mappers.to_time(db.execute(sql, [mappers.to_text(before)]).fetchone()[0])

    def remove_unconfirmed(self, before: datetime) -> int:
        condition, at = "state = 'pending' and created_at < ?", [mappers.to_text(before)]
        with self._connection.read() as db:
            sql = f"select id from digest_subscribers where {condition}"  # noqa: S608 - a constant
            ids = [id_ for (id_,) in db.execute(sql, at)]
        removed = 0
        for id_ in ids:
            with self._connection.write() as db:
                sql = f"delete from digest_subscribers where id = ? and {condition}"  # noqa: S608 - a constant
                mails = "delete from digest_mails where subscriber_id = ? and state = 'queued'"
                db.execute(mails, [id_])
                removed += int(db.execute(sql, [id_, *at]).rowcount)
        return removed

    def record_sign_up(self, client: str, now: datetime) -> None:
        with self._connection.write() as db:
            db.execute("insert into digest_sign_ups values (?, ?)", [client, mappers.to_text(now)])
            sql = "delete from digest_sign_ups where signed_up_at < ?"
            db.execute(sql, [mappers.to_text(now - SIGN_UPS_KEPT)])

    def count_sign_ups(self, since: datetime, client: str | None = None) -> int:
        sql = """select count(*) from digest_sign_ups
                 where signed_up_at >= ?1 and (?2 is null or client = ?2)"""
        with self._connection.read() as db:
            return int(db.execute(sql, [mappers.to_text(since), client]).fetchone()[0])


def _update(db: Database, id_: str, values: dict[str, Any], condition: str = "true") -> None:
    """Set some columns of a subscriber, if there is one that meets a condition."""
    columns = ", ".join(f"{name} = ?" for name in values)
    sql = f"update digest_subscribers set {columns} where id = ? and {condition}"  # noqa: S608 - constants
    db.execute(sql, [*values.values(), id_])


def preference_values(preferences: DigestPreferences) -> dict[str, Any]:
    """The columns of what a subscriber has chosen."""
    topics = preferences.topics
    return {
        "topics": None if topics is None else json.dumps(topics),
        "frequency": preferences.frequency,
        "weekday": preferences.weekday,
        "hour": preferences.hour,
        "timezone": preferences.timezone,
        "language": preferences.language,
    }


def _subscriber_row(subscriber: DigestSubscriber) -> dict[str, Any]:
    return {
        "id": subscriber.id,
        "address": subscriber.address,
        "address_key": subscriber.address.casefold(),
        **preference_values(subscriber.preferences),
        "state": subscriber.state.value,
        "created_at": mappers.to_text(subscriber.created_at),
        "confirmed_at": mappers.to_text_or_none(subscriber.confirmed_at),
        "covered_from": mappers.to_text_or_none(subscriber.covered_from),
        "covered_until": mappers.to_text_or_none(subscriber.covered_until),
        "last_issue_id": subscriber.last_issue,
        "next_at": mappers.to_text_or_none(subscriber.next_at),
        "has_no_topics": subscriber.has_no_topics,
        "bounce_count": subscriber.bounces,
        "bounced_at": mappers.to_text_or_none(subscriber.bounced_at),
        "reason": subscriber.reason,
    }


def subscriber_of(row: dict[str, Any]) -> DigestSubscriber:
    """The subscriber in a row."""
    topics = row["topics"]
    return DigestSubscriber(
        id=row["id"],
        address=row["address"],
        preferences=DigestPreferences(
            topics=None if topics is None else tuple(json.loads(topics)),
            frequency=row["frequency"],
            weekday=row["weekday"],
            hour=row["hour"],
            timezone=row["timezone"],
            language=row["language"],
        ),
        state=SubscriberState(row["state"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        confirmed_at=mappers.to_time(row["confirmed_at"]),
        covered_from=mappers.to_time(row["covered_from"]),
        covered_until=mappers.to_time(row["covered_until"]),
        next_at=mappers.to_time(row["next_at"]),
        last_issue=row["last_issue_id"],
        has_no_topics=bool(row["has_no_topics"]),
        bounces=row["bounce_count"],
        bounced_at=mappers.to_time(row["bounced_at"]),
        reason=row["reason"],
    )
