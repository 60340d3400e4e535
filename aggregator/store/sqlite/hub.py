"""Subscribers of our own hub, and pings due to external hubs."""

from collections.abc import Collection, Sequence
from datetime import datetime

from aggregator.model import (
    FailureKind,
    HubPing,
    ListChange,
    Subscriber,
    SubscriptionRequest,
    is_custom_feed,
)
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection

__all__ = ["SqliteHub"]

CALLBACKS_PER_HOST = 4
"""Callbacks of one host at a time, so that a slow host does not delay the others."""
_NUMBERED_BY_HOST = f"""
    select *, row_number() over (partition by client order by {{order}}) as number_of_client from
      (select *, row_number() over (partition by host order by {{order}}) as number_in_host
       from {{table}} where {{condition}})
    where number_in_host <= {CALLBACKS_PER_HOST}"""  # noqa: S608 - a constant
"""A few rows of each host, numbered for each client."""


class SqliteHub:
    """A HubStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # ---- subscribing

    def add_request(self, request: SubscriptionRequest) -> None:
        row = {
            "mode": request.mode,
            "callback": request.callback,
            "host": request.host,
            "topic": request.topic,
            "secret": request.secret,
            "lease_seconds": request.lease_seconds,
            "requested_at": mappers.to_text(request.requested_at),
            "client": request.client,
            "feed_url": request.feed_url,
        }
        with self._connection.write() as db:
            db.table("subscription_requests").insert(row, replace=True)

    def pending_requests(self, limit: int) -> list[SubscriptionRequest]:
        table = "subscription_requests"
        numbered = _NUMBERED_BY_HOST.format(order="id", table=table, condition="true")
        sql = f"{numbered} order by number_of_client, id limit ?"
        with self._connection.read() as db:
            return [_request_of(row) for row in db.query(sql, [limit])]

    def count_requests(self) -> tuple[int, int]:
        sql = """select (select count(*) from subscription_requests),
                        (select count(*) from subscribers)"""
        with self._connection.read() as db:
            pending, subscribed = db.execute(sql).fetchone()
        return pending, subscribed

    def count_from_host(self, host: str) -> int:
        sql = """select (select count(*) from subscription_requests where host = ?1)
                      + (select count(*) from subscribers where host = ?1)"""
        with self._connection.read() as db:
            return int(db.execute(sql, [host]).fetchone()[0])

    def count_from_client(self, client: str) -> tuple[int, int]:
        sql = """select (select count(*) from subscription_requests where client = ?1),
                        (select count(*) from subscribers where client = ?1)"""
        with self._connection.read() as db:
            pending, subscribed = db.execute(sql, [client]).fetchone()
        return pending, subscribed

    def custom_feeds(self) -> list[str]:
        sql = """select feed_url from subscribers union select feed_url from subscription_requests
                 where mode = 'subscribe'"""
        with self._connection.read() as db:
            return [url for (url,) in db.execute(sql) if is_custom_feed(url)]

    def is_subscribed(self, callback: str, topic: str) -> bool:
        sql = """select exists (
                   select 1 from subscribers where callback = ?1 and topic = ?2
                   union
                   select 1 from subscription_requests where callback = ?1 and topic = ?2)"""
        with self._connection.read() as db:
            return bool(db.execute(sql, [callback, topic]).fetchone()[0])

    def delete_request(self, request: SubscriptionRequest) -> None:
        with self._connection.write() as db:
            db.execute("delete from subscription_requests where id = ?", [request.id])

    def add_subscriber(self, request: SubscriptionRequest, subscriber: Subscriber) -> None:
        due_at = subscriber.due_at or request.requested_at
        with self._connection.write() as db:
            db.execute("delete from subscription_requests where id = ?", [request.id])
            db.execute(
                """insert into subscribers
                     (callback, host, topic, secret, lease_until, etag, due_at, client, feed_url)
                   values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (callback, topic) do update
                   set secret = excluded.secret, lease_until = excluded.lease_until,
                     due_at = excluded.due_at, attempts = 0, failing_since = null,
                     failure_kind = '', error = ''""",
                [
                    subscriber.callback, subscriber.host, subscriber.topic, subscriber.secret,
                    mappers.to_text(subscriber.lease_until), subscriber.etag,
                    mappers.to_text(due_at), request.client, request.feed_url or request.topic,
                ],
            )  # fmt: skip

    def remove_subscriber(self, callback: str, topic: str) -> None:
        with self._connection.write() as db:
            for table in ("subscription_requests", "subscribers"):
                db.execute(
                    f"delete from {table} where callback = ? and topic = ?",  # noqa: S608 - constants
                    [callback, topic],
                )

    def end_leases(self, now: datetime) -> int:
        moment = mappers.to_text(now)
        with self._connection.read() as db:
            sql = "select count(*) from subscribers where lease_until < ?"
            (ended,) = db.execute(sql, [moment]).fetchone()
        if ended:
            with self._connection.write() as db:
                db.execute("delete from subscribers where lease_until < ?", [moment])
        return int(ended)

    def subscribers(self) -> list[Subscriber]:
        with self._connection.read() as db:
            rows = db.query("select * from subscribers order by topic, id")
            return [_subscriber_of(row) for row in rows]

    # ---- notifying

    def unannounced_changes(self) -> list[ListChange]:
        sql = """select list_kind, list_name, number from revisions
                 where page = 0 and list_kind in ('all', 'topic', 'source')
                   and number != announced"""
        with self._connection.read() as db:
            return [
                ListChange(scope=mappers.scope_of(kind, name), revision=number)
                for kind, name, number in db.execute(sql)
            ]

    def enqueue_notifications(
        self,
        changes: Sequence[ListChange],
        subscribers: Collection[int],
        pings: Sequence[HubPing],
        now: datetime,
    ) -> None:
        due_at = mappers.to_text(now)
        with self._connection.write() as db:
            db.conn.executemany(
                """update subscribers set due_at = coalesce(due_at, ?), changes = changes + 1
                   where id = ?""",
                [(due_at, id_) for id_ in subscribers],
            )
            db.conn.executemany(
                """insert into hub_pings (hub, feed_url, due_at) values (?, ?, ?)
                   on conflict (hub, feed_url) do update set changes = changes + 1""",
                [(ping.hub, ping.feed_url, mappers.to_text(ping.due_at)) for ping in pings],
            )
            db.conn.executemany(
                """update revisions set announced = ?
                   where list_kind = ? and list_name = ? and page = 0""",
                [(c.revision, c.scope.kind.value, c.scope.name) for c in changes],
            )

    def due_deliveries(self, now: datetime, limit: int) -> list[Subscriber]:
        numbered = _NUMBERED_BY_HOST.format(
            order="failing_since is not null, due_at, id",
            table="subscribers",
            condition="due_at <= ?",
        )
        sql = f"""{numbered} order by failing_since is not null, number_of_client, due_at, id
                  limit ?"""
        with self._connection.read() as db:
            rows = db.query(sql, [mappers.to_text(now), limit])
            return [_subscriber_of(row) for row in rows]

    def mark_delivered(self, subscriber: Subscriber, etag: str) -> None:
        with self._connection.write() as db:
            db.execute(
                """update subscribers
                   set etag = ?, due_at = case when changes = ? then null else due_at end,
                     attempts = 0, failing_since = null, failure_kind = '', error = ''
                   where id = ?""",
                [etag, subscriber.changes, subscriber.id],
            )

    def mark_failed(self, subscriber: Subscriber) -> None:
        with self._connection.write() as db:
            db.execute(
                """update subscribers set due_at = ?, failing_since = ?, attempts = ?,
                     failure_kind = ?, error = ? where id = ?""",
                [
                    mappers.to_text_or_none(subscriber.due_at),
                    mappers.to_text_or_none(subscriber.failing_since),
                    subscriber.attempts,
                    subscriber.failure_kind or "",
                    subscriber.error,
                    subscriber.id,
                ],
            )

    def pings(self, now: datetime | None = None) -> list[HubPing]:
        where, values = ("", []) if now is None else ("where due_at <= ?", [mappers.to_text(now)])
        sql = f"select * from hub_pings {where} order by hub, feed_url"  # noqa: S608 - constants
        with self._connection.read() as db:
            return [_ping_of(row) for row in db.query(sql, values)]

    def mark_pinged(self, pings: Sequence[HubPing]) -> None:
        with self._connection.write() as db:
            db.conn.executemany(
                "delete from hub_pings where hub = ? and feed_url = ? and changes = ?",
                [(ping.hub, ping.feed_url, ping.changes) for ping in pings],
            )

    def mark_ping_failed(self, pings: Sequence[HubPing]) -> None:
        with self._connection.write() as db:
            db.conn.executemany(
                """update hub_pings set due_at = ?, attempts = ?, failure_kind = ?, error = ?
                   where hub = ? and feed_url = ?""",
                [
                    (
                        mappers.to_text(p.due_at), p.attempts, p.failure_kind or "", p.error,
                        p.hub, p.feed_url,
                    )
                    for p in pings
                ],
            )  # fmt: skip

    def count_failing(self) -> dict[FailureKind, int]:
        sql = """select failure_kind, count(*) from (
                   select failure_kind from subscribers where failing_since is not null
                   union all select failure_kind from hub_pings where attempts > 0)
                 where failure_kind != '' group by failure_kind"""
        with self._connection.read() as db:
            return {FailureKind(kind): count for kind, count in db.execute(sql)}


def _request_of(row: mappers.Row) -> SubscriptionRequest:
    return SubscriptionRequest(
        id=row["id"],
        mode=row["mode"],
        callback=row["callback"],
        host=row["host"],
        topic=row["topic"],
        secret=row["secret"],
        lease_seconds=row["lease_seconds"],
        requested_at=datetime.fromisoformat(row["requested_at"]),
        client=row["client"],
        feed_url=row["feed_url"],
    )


def _subscriber_of(row: mappers.Row) -> Subscriber:
    return Subscriber(
        id=row["id"],
        callback=row["callback"],
        host=row["host"],
        topic=row["topic"],
        secret=row["secret"],
        lease_until=datetime.fromisoformat(row["lease_until"]),
        etag=row["etag"],
        due_at=mappers.to_time(row["due_at"]),
        attempts=row["attempts"],
        failing_since=mappers.to_time(row["failing_since"]),
        failure_kind=mappers.failure_kind_of(row),
        error=row["error"],
        feed_url=row["feed_url"] or row["topic"],
        changes=row["changes"],
    )


def _ping_of(row: mappers.Row) -> HubPing:
    return HubPing(
        hub=row["hub"],
        feed_url=row["feed_url"],
        due_at=datetime.fromisoformat(row["due_at"]),
        changes=row["changes"],
        attempts=row["attempts"],
        failure_kind=mappers.failure_kind_of(row),
        error=row["error"],
    )
