"""The store's questions and acts about those who are told of changes; door.py describes each."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from aggregator.model import HubPing, ListChange, Subscriber, SubscriptionRequest
from aggregator.store import rows
from aggregator.store.connection import Connection
from aggregator.store.schema import UNTOLD

__all__ = ["Subscribers"]

OF_ONE_HOST = 4
"""Callbacks of one host in one turn, so that a slow one keeps nobody else waiting for long."""
_IN_TURN = "select *, row_number() over (partition by host order by {2}) as turn from {0} where {1}"


class Subscribers(Connection):
    """Subscribers, what they are owed, and hubs of others."""

    # ---- subscribing

    def intend(self, intent: SubscriptionRequest) -> None:
        with self._writing() as db:
            db.table("intents").insert(rows.intent_row(intent), replace=True)

    def intents(self, limit: int) -> list[SubscriptionRequest]:
        sql = f"""select * from ({_IN_TURN.format("intents", "true", "id")})
                  where turn <= {OF_ONE_HOST} order by id limit ?"""  # noqa: S608 - our own words
        with self._door() as db:
            return [rows.intent_of(row) for row in db.query(sql, [limit])]

    def subscribed_from(self, host: str) -> int:
        sql = """select (select count(*) from intents where host = ?1)
                      + (select count(*) from subscribers where host = ?1)"""
        with self._door() as db:
            return int(db.execute(sql, [host]).fetchone()[0])

    def intended(self) -> tuple[int, int]:
        sql = "select (select count(*) from intents), (select count(*) from subscribers)"
        with self._door() as db:
            waiting, subscribed = db.execute(sql).fetchone()
        return waiting, subscribed

    def is_subscribed(self, callback: str, topic: str) -> bool:
        one = "select 1 from {} where callback = ?1 and topic = ?2"
        either = f"{one.format('subscribers')} union {one.format('intents')}"
        with self._door() as db:
            found = db.execute(f"select exists ({either})", [callback, topic])
            return bool(found.fetchone()[0])

    @contextmanager
    def telling(self, act: str) -> Iterator[None]:
        with self._alone(act, f"Another process does {act} for {self._path}; let it finish."):
            yield

    def forget_intent(self, intent: SubscriptionRequest) -> None:
        with self._writing() as db:
            db.execute("delete from intents where id = ?", [intent.id])

    def subscribe_to_us(self, intent: SubscriptionRequest, subscriber: Subscriber) -> None:
        with self._writing() as db:
            db.execute("delete from intents where id = ?", [intent.id])
            db.execute(
                """insert into subscribers (callback, host, topic, secret, lease_until, etag, due)
                   values (?, ?, ?, ?, ?, ?, ?) on conflict (callback, topic) do update
                   set secret = excluded.secret, lease_until = excluded.lease_until,
                     due = excluded.due, attempts = 0, failing_since = null, error = ''""",
                [
                    subscriber.callback, subscriber.host, subscriber.topic, subscriber.secret,
                    rows.time(subscriber.lease_until), subscriber.etag,
                    rows.time(subscriber.due_at or intent.requested_at),
                ],
            )  # fmt: skip

    def leave_us(self, callback: str, topic: str) -> None:
        with self._writing() as db:
            for table in ("intents", "subscribers"):
                db.execute(
                    f"delete from {table} where callback = ? and topic = ?",  # noqa: S608 - our own names
                    [callback, topic],
                )

    def end_leases(self, now: datetime) -> int:
        with self._door() as db:
            sql = "select count(*) from subscribers where lease_until < ?"
            (ended,) = db.execute(sql, [rows.time(now)]).fetchone()
        if ended:
            with self._writing() as db:
                db.execute("delete from subscribers where lease_until < ?", [rows.time(now)])
        return int(ended)

    # ---- telling

    def subscribers(self, topic: str | None = None) -> list[Subscriber]:
        where, given = ("", []) if topic is None else ("where topic = ?", [topic])
        sql = f"select * from subscribers {where} order by topic, id"  # noqa: S608 - our own words
        with self._door() as db:
            return [rows.subscriber_of(row) for row in db.query(sql, given)]

    def topics_subscribed(self) -> list[str]:
        with self._door() as db:
            found = db.execute("select distinct topic from subscribers order by topic")
            return [topic for (topic,) in found]

    def news(self) -> list[ListChange]:
        sql = f"select scope, number from revisions where {UNTOLD}"  # noqa: S608 - our own words
        with self._door() as db:
            return [ListChange(scope=scope, revision=number) for scope, number in db.execute(sql)]

    def tell(
        self,
        news: Sequence[ListChange],
        owed: Collection[int],
        pings: Sequence[HubPing],
        now: datetime,
    ) -> None:
        with self._writing() as db:
            due = rows.time(now)
            db.conn.executemany(
                "update subscribers set due = coalesce(due, ?) where id = ?",
                [(due, id_) for id_ in owed],
            )
            db.conn.executemany(
                """insert into pings (hub, address, due) values (?, ?, ?)
                   on conflict (hub, address) do update set news = news + 1""",
                [(ping.hub, ping.feed_url, rows.time(ping.due_at)) for ping in pings],
            )
            db.conn.executemany(
                "update revisions set told = ? where scope = ?",
                [(one.revision, one.scope) for one in news],
            )

    def owed(self, now: datetime, limit: int) -> list[Subscriber]:
        due = _IN_TURN.format("subscribers", "due <= ?", "due, id")
        sql = f"""select * from ({due}) where turn <= {OF_ONE_HOST}
                  order by failing_since is not null, due, id limit ?"""  # noqa: S608 - our own words
        with self._door() as db:
            return [rows.subscriber_of(row) for row in db.query(sql, [rows.time(now), limit])]

    def delivered(self, subscriber: Subscriber, etag: str) -> None:
        with self._writing() as db:
            db.execute(
                """update subscribers set etag = ?, due = null, attempts = 0, failing_since = null,
                     error = '' where id = ?""",
                [etag, subscriber.id],
            )

    def undelivered(self, subscriber: Subscriber) -> None:
        with self._writing() as db:
            values = [subscriber.due_at, subscriber.failing_since]
            times = [rows.time(moment) if moment else None for moment in values]
            db.execute(
                """update subscribers set due = ?, failing_since = ?, attempts = ?, error = ?
                   where id = ?""",
                [*times, subscriber.attempts, subscriber.error, subscriber.id],
            )

    def pings(self, now: datetime | None = None) -> list[HubPing]:
        where, given = ("", []) if now is None else ("where due <= ?", [rows.time(now)])
        sql = f"select * from pings {where} order by hub, address"  # noqa: S608 - our own words
        with self._door() as db:
            return [rows.ping_of(row) for row in db.query(sql, given)]

    def pinged(self, pings: Sequence[HubPing]) -> None:
        with self._writing() as db:
            db.conn.executemany(
                "delete from pings where hub = ? and address = ? and news = ?",
                [(ping.hub, ping.feed_url, ping.changes) for ping in pings],
            )

    def unpinged(self, pings: Sequence[HubPing]) -> None:
        with self._writing() as db:
            db.conn.executemany(
                "update pings set due = ?, attempts = ?, error = ? where hub = ? and address = ?",
                [(rows.time(p.due_at), p.attempts, p.error, p.hub, p.feed_url) for p in pings],
            )
