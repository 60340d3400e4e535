"""The store in one SQLite file: fetching, recognising, saving, publishing, keeping it well."""

import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database

from aggregator.errors import StoreUnavailable, WriteError
from aggregator.model import (
    RECENT_ENTRIES,
    Backoff,
    Batch,
    Delivery,
    FetchState,
    HubLink,
    Issue,
    Match,
    Rejected,
    RunReport,
    Source,
    SourceHealth,
    StoredEntry,
    Story,
    StoryNeighbourhood,
    Subscription,
    held_scope,
    source_scope,
)
from aggregator.store import (
    copies,
    doctor,
    likeness,
    listing,
    rows,
    saving,
)
from aggregator.store.hub import Subscribers
from aggregator.store.publishing import Publishing
from aggregator.store.reading import many, many_rows
from aggregator.store.schema import is_current, migrate, with_functions
from aggregator.store.topics import Topics

__all__ = ["SqliteStore", "open_store", "reading"]

RUNS_KEPT = 1000
MISSED = 3
"""How often news may come by polling alone before a hub counts as silent."""
_NEVER = "never"
_KNOWN = """entry, digest, face, given_id, link, title, entries.published, revisions, revised,
            exists (select 1 from listings where listings.story = entries.story) as is_published"""


def open_store(path: Path) -> "SqliteStore":
    """Open the database, made or brought up to date as needed.

    Raises StoreUnavailable or StoreTooNew.
    """
    if not path.parent.is_dir():
        raise StoreUnavailable(
            f"The database folder {path.parent} does not exist; make it, or set [storage] "
            "database or AGGREGATOR_DATABASE to a place that does."
        )
    store = SqliteStore(path)
    try:
        with store._door() as db:
            migrate(db, str(path))
    except BaseException:
        store.close()
        raise
    return store


@contextmanager
def reading(path: Path) -> Iterator["SqliteStore | None"]:
    """The database as it is, to be read only: None if there is none yet, or if this version would
    have to change it. Raises StoreUnavailable."""
    if not path.exists():
        yield None
        return
    store = SqliteStore(path, is_reading=True)
    try:
        with store._door() as db:
            current = is_current(db)
        yield store if current else None
    finally:
        store.close()


class SqliteStore(Topics, Publishing, Subscribers):
    """A Store (see door.py, where each method is described) in one SQLite file."""

    # ---- fetching

    def sync(self, sources: Sequence[Source], now: datetime) -> None:
        with self._writing() as db:
            saving.sync(db, sources, now)

    def due(self, sources: Sequence[Source], now: datetime) -> list[Source]:
        with self._door() as db:
            waiting = _waiting(db)
        moment = rows.time(now)
        late = [s for s in sources if waiting.get(s.id, "") <= moment or _is_lost(s, waiting, now)]
        return sorted(late, key=lambda source: waiting.get(source.id, ""))

    def next_due(self, sources: Sequence[Source]) -> datetime | None:
        with self._door() as db:
            waiting = _waiting(db)
        times = [waiting.get(source.id, "") for source in sources]
        return rows.moment(min((t for t in times if t != _NEVER), default=""))

    def state(self, source: str) -> FetchState:
        with self._door() as db:
            found = next(db.query("select * from sources where id = ?", [source]), None)
        return rows.state_of(found) if found else FetchState()

    def recent(self, source: str, limit: int) -> list[datetime]:
        sql = """select published from entries where source = ? and not exists
                   (select 1 from listings where listings.story = entries.story
                    and scope = 'held all')
                 order by published desc limit ?"""
        with self._door() as db:
            found = db.execute(sql, [source, limit]).fetchall()
        return [datetime.fromisoformat(published) for (published,) in found]

    def holds(self, now: datetime) -> dict[str, Backoff]:
        with self._door() as db:
            found = db.execute("select * from holds where until > ?", [rows.time(now)]).fetchall()
        return {
            domain: Backoff(domain=domain, until=datetime.fromisoformat(until))
            for domain, until in found
        }

    # ---- recognising

    def known(self, source: str, keys: Collection[str]) -> dict[str, StoredEntry]:
        sql = f"""select key, {_KNOWN} from keys join entries on entries.id = entry
                  where keys.source = ? and key in ({{many}})"""  # noqa: S608 - our own words
        with self._door() as db:
            return {row["key"]: rows.known_of(row) for row in many_rows(db, sql, keys, source)}

    def latest_known(self, source: str, limit: int) -> list[StoredEntry]:
        sql = f"""select entries.id as entry, {_KNOWN.removeprefix("entry, ")} from entries
                  where source = ? order by entries.id desc limit ?"""  # noqa: S608 - our own words
        with self._door() as db:
            return [rows.known_of(row) for row in db.query(sql, [source, limit])]

    def standing(self, addresses: Collection[str]) -> dict[str, list[int]]:
        with self._door() as db:
            return likeness.standing(db, addresses)

    def sharing(self, prints: Collection[int]) -> dict[int, list[int]]:
        with self._door() as db:
            return likeness.sharing(db, prints)

    def outlets(self, entries: Collection[int]) -> dict[int, str]:
        with self._door() as db:
            return likeness.outlets(db, entries)

    def kin(self, entries: Collection[int]) -> StoryNeighbourhood:
        with self._door() as db:
            return likeness.kin(db, entries)

    def newest_bonds(self, limit: int) -> list[Match]:
        with self._door() as db:
            return likeness.newest_bonds(db, limit)

    def told_in(self, entries: Collection[int]) -> dict[int, Story]:
        with self._door() as db:
            return likeness.told_in(db, entries)

    def taken(self, public_ids: Collection[str]) -> set[str]:
        sql = "select public_id from stories where public_id in ({many})"
        with self._door() as db:
            return {public_id for (public_id,) in many(db, sql, public_ids)}

    # ---- saving

    def save(self, batch: Batch, now: datetime) -> None:
        with self._writing() as db:
            saving.save(db, batch, now)

    def forget_prints(self, before: datetime, limit: int) -> int:
        with self._writing() as db:
            return copies.forget_prints(db, before, limit)

    def purge(self, keep: timedelta, now: datetime) -> int:
        with self._writing() as db:
            return listing.purge(db, keep, now)

    def record(self, report: RunReport) -> None:
        with self._writing() as db:
            db.table("runs").insert(rows.report_row(report))
            db.execute("delete from runs where id <= (select max(id) from runs) - ?", [RUNS_KEPT])

    @contextmanager
    def ingesting(self) -> Iterator[None]:
        why = f"Another ingest is at work on {self._path}; wait for it or stop it."
        with self._alone("lock", why):
            yield

    def release(self, source: str, now: datetime) -> int:
        with self._writing() as db:
            return listing.release(db, source, now)

    def drop(self, source: str) -> int:
        with self._writing() as db:
            return listing.drop(db, source)

    # ---- being told

    def is_pushed(self, source: str, now: datetime) -> bool:
        sql = "select 1 from subscriptions where source = ? and lease_until > ? and missed < ?"
        with self._door() as db:
            found = db.execute(sql, [source, rows.time(now), MISSED]).fetchone()
        return found is not None

    def announced(self) -> dict[str, HubLink]:
        with self._door() as db:
            found = db.execute("select id, hub, hub_topic from sources where hub != ''").fetchall()
        return {id_: HubLink(hub=hub, topic=topic) for id_, hub, topic in found}

    def subscriptions(self) -> list[Subscription]:
        with self._door() as db:
            return [rows.subscription_of(r) for r in db.query("select * from subscriptions")]

    def subscription(self, token: str) -> Subscription | None:
        with self._door() as db:
            found = next(db.query("select * from subscriptions where token = ?", [token]), None)
        return rows.subscription_of(found) if found else None

    def subscribe(self, subscription: Subscription) -> None:
        with self._writing() as db:
            row = rows.subscription_row(subscription)
            db.table("subscriptions").upsert(row, pk="source")

    def confirm(self, token: str, until: datetime) -> None:
        sql = "update subscriptions set lease_until = ?, missed = 0, error = '' where token = ?"
        with self._writing() as db:
            db.execute(sql, [rows.time(until), token])

    def deny(self, token: str, error: str) -> None:
        sql = "update subscriptions set lease_until = null, error = ? where token = ?"
        with self._writing() as db:
            db.execute(sql, [error, token])

    def unanswered(self, token: str, error: str) -> None:
        with self._writing() as db:
            db.execute("update subscriptions set error = ? where token = ?", [error, token])

    def unsubscribe(self, source: str) -> None:
        with self._writing() as db:
            db.execute("delete from subscriptions where source = ?", [source])

    def missed(self, source: str) -> None:
        with self._writing() as db:
            db.execute("update subscriptions set missed = missed + 1 where source = ?", [source])

    def receive(self, source: str, content_type: str, body: bytes, now: datetime) -> None:
        row = {
            "source": source,
            "content_type": content_type,
            "body": body,
            "received": rows.time(now),
        }
        with self._writing() as db:
            db.table("deliveries").insert(row)
            db.execute("update subscriptions set missed = 0 where source = ?", [source])

    def waiting(self, source: str) -> tuple[int, int]:
        sql = "select count(*), coalesce(sum(length(body)), 0) from deliveries where source = ?"
        with self._door() as db:
            count, size = db.execute(sql, [source]).fetchone()
        return count, size

    def deliveries(self, limit: int) -> list[Delivery]:
        sql = "select id, source, content_type, body from deliveries order by id limit ?"
        with self._door() as db:
            return [Delivery(**row) for row in db.query(sql, [limit])]

    def taken_in(self, delivery: int) -> None:
        with self._writing() as db:
            db.execute("delete from deliveries where id = ?", [delivery])

    # ---- operators

    def health(self) -> list[SourceHealth]:
        sql = """select sources.*,
                   (select count(*) from entries where source = sources.id) as entries,
                   (select count(*) from rejections where source = sources.id) as rejected,
                   (select count(*) from listings
                    where scope = 'held source:' || sources.id) as held,
                   (select lease_until from subscriptions where source = sources.id)
                     as lease_until,
                   (select error from subscriptions where source = sources.id) as push_error
                 from sources order by sources.id"""
        with self._door() as db:
            found = list(db.query(sql))
        return [rows.health_of(row, self.recent(row["id"], RECENT_ENTRIES)) for row in found]

    def held(self, source: str, limit: int) -> list[Story]:
        return self.latest(held_scope(source_scope(source)), limit)

    def rejected(self, source: str, limit: int) -> list[Rejected]:
        sql = """select key, title, reason from rejections where source = ?
                 order by last_seen desc, key limit ?"""
        with self._door() as db:
            return [Rejected(**row) for row in db.query(sql, [source, limit])]

    def counts(self) -> dict[str, int]:
        with self._door() as db:
            sql = """select scope, count(*) from listings
                     where scope not glob 'held *' group by scope"""
            return dict(db.execute(sql).fetchall())

    def last_stamp(self) -> datetime | None:
        with self._door() as db:
            (found,) = db.execute("select max(last_fetch) from sources").fetchone()
        return rows.moment(found)

    def rewind(self, now: datetime) -> None:
        with self._writing() as db:
            doctor.rewind(db, now)

    def backup(self, file: Path) -> None:
        own = [
            self._path.with_name(self._path.name + end)
            for end in ("", "-wal", "-shm", ".lock", ".learn", ".verify", ".tell", ".ping")
        ]
        if file.resolve() in [path.resolve() for path in own]:
            raise WriteError(f"{file} is the database itself; choose another file.")
        if file.exists() and not _is_database(file):
            raise WriteError(f"{file} is something else than a backup; choose another file.")
        part = file.with_name(f".{file.name}.part")
        try:
            part.unlink(missing_ok=True)  # of a backup that was killed
            with closing(with_functions(sqlite3.connect(part))) as copy, self._door() as db:
                db.conn.backup(copy)
                (verdict,) = copy.execute("pragma quick_check(1)").fetchone()
            if verdict != "ok":
                raise StoreUnavailable(f"the database is damaged: {' '.join(verdict.split())}")
            part.chmod(self._path.stat().st_mode)  # it holds the same secrets
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(file)
        except (OSError, sqlite3.Error, StoreUnavailable) as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            reason = error.__cause__ or error
            raise WriteError(
                f"The backup {file} cannot be written ({reason}); what stood there is untouched."
            ) from error

    def examine(self, now: datetime) -> list[Issue]:
        with self._door() as db:
            return list(doctor.examine(db, now))

    def repair(self, now: datetime) -> None:
        with self._writing() as db:
            doctor.repair(db, now)


def _waiting(db: Database) -> dict[str, str]:
    """When each source falls due, as text; empty at once, and after all dates if retired."""
    sql = (
        "select id, case when retired is null then coalesce(next_fetch, '') else ? end from sources"
    )
    return dict(db.execute(sql, [_NEVER]).fetchall())


def _is_database(file: Path) -> bool:
    """True for an SQLite file, and for one that is still empty."""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(16) in (b"", b"SQLite format 3\0")


def _is_lost(source: Source, waiting: Mapping[str, str], now: datetime) -> bool:
    """True if a source is due at a time that nothing can have meant."""
    latest = now + 2 * timedelta(seconds=max(source.max_interval, 24 * 60 * 60))
    return rows.time(latest) < waiting.get(source.id, "") != _NEVER
