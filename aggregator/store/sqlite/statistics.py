"""Figures for operators: fetches, runs, entries and stories by day."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from aggregator.model import (
    Batch,
    EntryCounts,
    FetchRecord,
    ListScope,
    Outcome,
    Pulse,
    RunRecord,
)
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.rows import insert_rows

__all__ = ["SqliteStatistics", "add_statistics"]

FETCHES_KEPT = 50
"""Of each source."""
DAYS_KEPT = timedelta(days=60)


class SqliteStatistics:
    """A StatisticsStore; the methods are described in store/base_statistics.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fetches(self, source: str, limit: int) -> list[FetchRecord]:
        sql = "select * from fetches where source_id = ? order by id desc limit ?"
        with self._connection.read() as db:
            return [_fetch_of(row) for row in db.query(sql, [source, limit])]

    def runs(self, limit: int) -> list[RunRecord]:
        sql = "select started_at, report from runs order by id desc limit ?"
        with self._connection.read() as db:
            rows = db.execute(sql, [limit]).fetchall()
        return [_run_of(datetime.fromisoformat(at), json.loads(report)) for at, report in rows]

    def new_entries(self, since: date) -> Mapping[date, int]:
        sql = "select day, sum(new_count) from source_days where day >= ? group by day"
        with self._connection.read() as db:
            rows = db.execute(sql, [since.isoformat()])
            return {date.fromisoformat(day): count for day, count in rows}

    def new_entries_by_source(self, since: date) -> Mapping[str, Mapping[date, int]]:
        found: dict[str, dict[date, int]] = {}
        sql = "select source_id, day, new_count from source_days where day >= ?"
        with self._connection.read() as db:
            for source, day, count in db.execute(sql, [since.isoformat()]):
                found.setdefault(source, {})[date.fromisoformat(day)] = count
        return found

    def stories(
        self, scopes: Sequence[ListScope], since: datetime
    ) -> Mapping[ListScope, Mapping[date, int]]:
        sql = """select substr(listed_at, 1, 10) as day, count(*) from listings
                 where list_kind = ? and list_name = ? and visibility = 'published'
                   and listed_at >= ? group by day"""
        found = {}
        with self._connection.read() as db:
            for scope in scopes:
                rows = db.execute(sql, [scope.kind.value, scope.name, mappers.to_text(since)])
                found[scope] = {date.fromisoformat(day): count for day, count in rows}
        return found

    def entry_counts(self) -> EntryCounts:
        names = ("received", "new", "updated", "known", "rejected")
        sums = ", ".join(f"coalesce(sum({name}_count), 0)" for name in names)
        with self._connection.read() as db:
            row = db.execute(f"select {sums} from sources").fetchone()  # noqa: S608 - constants
        return EntryCounts(**dict(zip(names, row, strict=True)))

    def pulse(self, since: datetime, until: datetime) -> Pulse:
        times = [mappers.to_text(since), mappers.to_text(until)]
        with self._connection.read() as db:
            rows = db.execute(_PULSE, times).fetchall()
        delays = sorted(delay for delay, _, _ in rows if delay is not None)
        return Pulse(
            stories=len(rows),
            shared=sum(outlets > 1 for _, outlets, _ in rows),
            without_topic=sum(not topics for _, _, topics in rows),
            median_delay=delays[len(delays) // 2] if delays else None,
        )

    def save_pulse(self, day: date, pulse: Pulse) -> None:
        row = {
            "day": day.isoformat(),
            "story_count": pulse.stories,
            "shared_count": pulse.shared,
            "without_topic_count": pulse.without_topic,
            "median_delay": pulse.median_delay,
        }
        with self._connection.write() as db:
            db.table("story_days").upsert(row, pk="day")

    def pulses(self, since: date) -> Mapping[date, Pulse]:
        sql = "select * from story_days where day >= ?"
        with self._connection.read() as db:
            rows = list(db.query(sql, [since.isoformat()]))
        return {
            date.fromisoformat(row["day"]): Pulse(
                stories=row["story_count"],
                shared=row["shared_count"],
                without_topic=row["without_topic_count"],
                median_delay=row["median_delay"],
            )
            for row in rows
        }


_PULSE = """
select case when lead.is_dated and listings.listed_at > listings.published
            then 86400.0 * (julianday(listings.listed_at) - julianday(listings.published)) end,
       (select count(distinct source_id) from entries
        where entries.story_number = listings.story_number),
       exists (select 1 from listings as topic
               where topic.story_number = listings.story_number and topic.list_kind = 'topic')
from listings
join stories on stories.number = listings.story_number
join entries as lead on lead.id = stories.lead_entry_id
where listings.list_kind = 'all' and listings.list_name = ''
  and listings.visibility = 'published' and listings.listed_at >= ? and listings.listed_at < ?
"""


def add_statistics(db: Database, batch: Batch, now: datetime) -> None:
    """Keep what a fetch was like, and count its new entries by day."""
    if batch.new_entry_ids:
        oldest = (now.date() - DAYS_KEPT).isoformat()
        sql = """insert into source_days values (?, ?, ?)
                 on conflict do update set new_count = new_count + excluded.new_count"""
        counts = _by_day(batch, now)
        db.conn.executemany(
            sql, [(batch.source, day, n) for day, n in counts.items() if day >= oldest]
        )
        sql = "delete from source_days where source_id = ? and day < ?"
        db.execute(sql, [batch.source, oldest])
    if batch.fetch is not None:
        insert_rows(db, "fetches", [_fetch_row(batch.source, batch.fetch)])
        sql = """delete from fetches where source_id = :source and id <=
                   (select id from fetches where source_id = :source
                    order by id desc limit 1 offset :kept)"""
        db.execute(sql, {"source": batch.source, "kept": FETCHES_KEPT})


def _by_day(batch: Batch, now: datetime) -> Counter[str]:
    """The new entries of a batch by the day on which they were published, or seen if that is in the
    future."""
    return Counter(
        min(entry.published, now).date().isoformat()
        for change in batch.new
        for entry in change.story.entries
        if entry.entry_id in batch.new_entry_ids
    )


def _fetch_row(source: str, fetch: FetchRecord) -> dict[str, Any]:
    counts = fetch.counts
    return {
        "source_id": source,
        "fetched_at": mappers.to_text(fetch.fetched_at),
        "status": fetch.status,
        "outcome": fetch.outcome.value,
        "failure_kind": fetch.failure_kind or "",
        "message": fetch.message,
        "seconds": round(fetch.seconds, 3),
        "received_count": counts.received,
        "new_count": counts.new,
        "updated_count": counts.updated,
        "known_count": counts.known,
        "rejected_count": counts.rejected,
    }


def _fetch_of(row: dict[str, Any]) -> FetchRecord:
    return FetchRecord(
        fetched_at=datetime.fromisoformat(row["fetched_at"]),
        status=row["status"],
        outcome=Outcome(row["outcome"]),
        failure_kind=mappers.failure_kind_of(row),
        message=row["message"],
        seconds=row["seconds"],
        counts=EntryCounts(
            received=row["received_count"],
            new=row["new_count"],
            updated=row["updated_count"],
            known=row["known_count"],
            rejected=row["rejected_count"],
        ),
    )


def _run_of(started_at: datetime, report: dict[str, Any]) -> RunRecord:
    """A run; those of earlier versions have neither a duration nor a number of sources."""
    names = ("received", "new", "updated", "known", "rejected")
    return RunRecord(
        started_at=started_at,
        seconds=report.get("seconds", 0.0),
        sources=report.get("sources", 0),
        counts=EntryCounts(**{name: report[name] for name in names}),
        failed=report["failed"],
    )
