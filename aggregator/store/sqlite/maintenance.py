"""Locks, runs, backups and checks."""

import json
import os
import sqlite3
from contextlib import AbstractContextManager, closing, suppress
from datetime import datetime
from pathlib import Path
from typing import get_args

from aggregator.errors import StoreUnavailable, WriteError
from aggregator.model import Incident, Issue, RunReport
from aggregator.store.base import LockName
from aggregator.store.sqlite import check, clock, fingerprints, mappers
from aggregator.store.sqlite.connection import Connection, advice_for
from aggregator.store.sqlite.migrations import add_functions

__all__ = ["SqliteMaintenance"]

RUNS_KEPT = 1000
_LOCK_MESSAGES: dict[LockName, str] = {
    "ingest": "Another ingest is running on {path}; wait for it or stop it.",
    "learn": "Another process is training topics on {path}; wait until it has finished.",
    "verify": "Another process is verifying subscribers of {path}; wait until it has finished.",
    "notify": "Another process is notifying subscribers of {path}; wait until it has finished.",
    "ping": "Another process is pinging the hubs of {path}; wait until it has finished.",
    "alerts": "Another process is sending alerts of {path}; wait until it has finished.",
    "digest": "Another process is sending the digest of {path}; wait until it has finished.",
    "pictures": "Another process is fetching pictures for {path}; wait until it has finished.",
}


class SqliteMaintenance:
    """A MaintenanceStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection, runs_kept: int = RUNS_KEPT) -> None:
        self._connection = connection
        self._runs_kept = runs_kept

    def lock(self, name: LockName) -> AbstractContextManager[None]:
        message = _LOCK_MESSAGES[name].format(path=self._connection.path)
        return self._connection.lock(name, message)

    def record_run(self, report: RunReport) -> None:
        total = report.total
        row = {
            "started_at": mappers.to_text(report.started),
            "report": json.dumps(
                {
                    "received": total.received,
                    "new": total.new,
                    "updated": total.updated,
                    "known": total.known,
                    "rejected": total.rejected,
                    "sources": len(report.sources),
                    "seconds": round(report.seconds, 3),
                    "failed": {failure.source: failure.error for failure in report.failed},
                }
            ),
        }
        with self._connection.write() as db:
            db.table("runs").insert(row)
            sql = "delete from runs where id <= (select max(id) from runs) - ?"
            db.execute(sql, [self._runs_kept])

    def record_bug(self, task: str, error: str, now: datetime) -> None:
        with self._connection.write() as db:
            db.execute(
                "insert or replace into bugs values (?, ?, ?)", [task, error, mappers.to_text(now)]
            )

    def count_bugs(self, since: datetime) -> int:
        sql = "select count(*) from bugs where happened_at >= ?"
        with self._connection.read() as db:
            return int(db.execute(sql, [mappers.to_text(since)]).fetchone()[0])

    def record_incident(self, kind: str, sentence: str, now: datetime) -> None:
        with self._connection.write() as db:
            db.execute(
                """insert into incidents values (?, ?, ?)
                   on conflict (kind) do update set sentence = excluded.sentence""",
                [kind, sentence, mappers.to_text(now)],
            )

    def clear_incident(self, kind: str) -> None:
        if any(incident.kind == kind for incident in self.incidents()):
            with self._connection.write() as db:
                db.execute("delete from incidents where kind = ?", [kind])

    def incidents(self) -> list[Incident]:
        with self._connection.read() as db:
            sql = "select kind, sentence, since from incidents order by kind"
            rows = db.execute(sql).fetchall()
        return [
            Incident(kind=kind, sentence=sentence, since=datetime.fromisoformat(since))
            for kind, sentence, since in rows
        ]

    def last_fetch(self) -> datetime | None:
        with self._connection.read() as db:
            (found,) = db.execute("select max(last_fetch) from sources").fetchone()
        return mappers.to_time(found)

    def correct_future_times(self, now: datetime) -> None:
        with self._connection.write() as db:
            clock.correct_future_times(db, now)

    def undo_correction(self, now: datetime) -> int:
        with self._connection.write() as db:
            return clock.undo_correction(db, now)

    def forget_fingerprints(self, before: datetime, limit: int) -> int:
        with self._connection.write() as db:
            return fingerprints.forget_fingerprints(db, before, limit)

    def backup(self, file: Path) -> None:
        self._check_target(file)
        part = file.with_name(f".{file.name}.part")
        try:
            part.unlink(missing_ok=True)  # of a backup that was killed
            with (
                closing(add_functions(sqlite3.connect(part))) as copy,
                self._connection.read() as db,
            ):
                db.conn.backup(copy)
                (verdict,) = copy.execute("pragma quick_check(1)").fetchone()
            if verdict != "ok":
                raise StoreUnavailable(f"the database is damaged: {' '.join(verdict.split())}")
            part.chmod(self._connection.path.stat().st_mode)  # it holds the same secrets
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(file)
        except (OSError, sqlite3.Error, StoreUnavailable) as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            if isinstance(error, sqlite3.Error) and not advice_for(error):
                raise
            reason = error.__cause__ or error
            raise WriteError(
                f"The backup {file} cannot be written ({reason}); the file that was there is "
                "unchanged."
            ) from error

    def _check_target(self, file: Path) -> None:
        """Raises WriteError for a file that a backup must not replace."""
        path = self._connection.path
        own = [path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))]
        own += [self._connection.lock_file(name) for name in get_args(LockName)]
        if file.resolve() in [each.resolve() for each in own]:
            raise WriteError(f"{file} is the database itself; choose another file.")
        if file.exists() and not _is_database(file):
            raise WriteError(f"{file} exists and is not a backup; choose another file.")

    def check(self, now: datetime) -> list[Issue]:
        with self._connection.read() as db:
            return list(check.find_issues(db, now))

    def repair(self, now: datetime) -> None:
        with self._connection.write() as db:
            check.repair(db, now)


def _is_database(file: Path) -> bool:
    """True for an SQLite file, and for one that is still empty."""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(16) in (b"", b"SQLite format 3\0")
