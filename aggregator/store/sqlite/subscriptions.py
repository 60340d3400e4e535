"""Our subscriptions to hubs, and what they deliver."""

from datetime import datetime

from aggregator.model import Delivery, HubLink, Subscription
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection

__all__ = ["SqliteSubscriptions"]

MAX_MISSED_PUSHES = 3
"""Entries found by polling alone before a hub counts as silent."""


class SqliteSubscriptions:
    """A SubscriptionStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hub_links(self) -> dict[str, HubLink]:
        sql = "select id, hub, hub_topic from sources where hub != ''"
        with self._connection.read() as db:
            found = db.execute(sql).fetchall()
        return {source: HubLink(hub=hub, topic=topic) for source, hub, topic in found}

    def all(self) -> list[Subscription]:
        with self._connection.read() as db:
            return [_subscription_of(row) for row in db.query("select * from subscriptions")]

    def by_token(self, token: str) -> Subscription | None:
        with self._connection.read() as db:
            row = next(db.query("select * from subscriptions where token = ?", [token]), None)
        return _subscription_of(row) if row else None

    def add(self, subscription: Subscription) -> None:
        row = {
            "source_id": subscription.source,
            "hub": subscription.hub,
            "topic": subscription.topic,
            "token": subscription.token,
            "secret": subscription.secret,
            "requested_at": mappers.to_text(subscription.requested_at),
            "lease_until": mappers.to_text_or_none(subscription.lease_until),
            "error": subscription.error,
        }
        with self._connection.write() as db:
            db.table("subscriptions").upsert(row, pk="source_id")

    def confirm(self, token: str, until: datetime) -> None:
        sql = "update subscriptions set lease_until = ?, missed = 0, error = '' where token = ?"
        with self._connection.write() as db:
            db.execute(sql, [mappers.to_text(until), token])

    def deny(self, token: str, error: str) -> None:
        sql = "update subscriptions set lease_until = null, error = ? where token = ?"
        with self._connection.write() as db:
            db.execute(sql, [error, token])

    def record_error(self, token: str, error: str) -> None:
        with self._connection.write() as db:
            db.execute("update subscriptions set error = ? where token = ?", [error, token])

    def remove(self, source: str) -> None:
        with self._connection.write() as db:
            db.execute("delete from subscriptions where source_id = ?", [source])

    def has_active_lease(self, source: str, now: datetime) -> bool:
        sql = """select exists (select 1 from subscriptions
                 where source_id = ? and lease_until > ? and missed < ?)"""
        with self._connection.read() as db:
            found = db.execute(sql, [source, mappers.to_text(now), MAX_MISSED_PUSHES])
            return bool(found.fetchone()[0])

    def count_missed_push(self, source: str) -> None:
        with self._connection.write() as db:
            db.execute("update subscriptions set missed = missed + 1 where source_id = ?", [source])

    def enqueue_delivery(self, source: str, content_type: str, body: bytes, now: datetime) -> None:
        row = {
            "source_id": source,
            "content_type": content_type,
            "body": body,
            "received_at": mappers.to_text(now),
        }
        with self._connection.write() as db:
            db.table("deliveries").insert(row)
            db.execute("update subscriptions set missed = 0 where source_id = ?", [source])

    def queue_size(self, source: str) -> tuple[int, int]:
        sql = "select count(*), coalesce(sum(length(body)), 0) from deliveries where source_id = ?"
        with self._connection.read() as db:
            count, size = db.execute(sql, [source]).fetchone()
        return count, size

    def queued_deliveries(self, limit: int) -> list[Delivery]:
        sql = "select id, source_id, content_type, body from deliveries order by id limit ?"
        with self._connection.read() as db:
            found = db.execute(sql, [limit]).fetchall()
        return [
            Delivery(id=id_, source=source, content_type=content_type, body=body)
            for id_, source, content_type, body in found
        ]

    def delete_delivery(self, delivery: int) -> None:
        with self._connection.write() as db:
            db.execute("delete from deliveries where id = ?", [delivery])


def _subscription_of(row: mappers.Row) -> Subscription:
    return Subscription(
        source=row["source_id"],
        hub=row["hub"],
        topic=row["topic"],
        token=row["token"],
        secret=row["secret"],
        requested_at=datetime.fromisoformat(row["requested_at"]),
        lease_until=mappers.to_time(row["lease_until"]),
        error=row["error"],
    )
