"""The versions of feeds.toml."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aggregator.model import ConfigProblem, ConfigVersion
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection

__all__ = ["SqliteConfig"]

VERSIONS_KEPT = 200


class SqliteConfig:
    """A ConfigStore; the methods are described in store/base_config.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> ConfigVersion | None:
        return next(iter(self.versions(1)), None)

    def number(self) -> int:
        with self._connection.read() as db:
            sql = "select coalesce(max(number), 0) from config_versions"
            return int(db.execute(sql).fetchone()[0])

    def version(self, number: int) -> ConfigVersion | None:
        sql = "select * from config_versions where number = ?"
        with self._connection.read() as db:
            return next(map(_version_of, db.query(sql, [number])), None)

    def versions(self, limit: int) -> list[ConfigVersion]:
        with self._connection.read() as db:
            sql = "select * from config_versions order by number desc limit ?"
            return [_version_of(row) for row in db.query(sql, [limit])]

    def accept(self, text: str, now: datetime, accepted_by: str = "") -> ConfigVersion:
        before, problem = self.current(), self.problem()
        if before is not None and before.text == text and problem is None:
            return before
        with self._connection.write() as db:
            db.execute("update config_state set issues = '[]', problem_since = null")
            sql = "select * from config_versions order by number desc limit 1"
            row = next(iter(db.query(sql)), None)
            if row is None or row["text"] != text:  # another process may have been quicker
                row = {
                    "number": row["number"] + 1 if row else 1,
                    "text": text,
                    "accepted_at": mappers.to_text(now),
                    "accepted_by": accepted_by,
                }
                db.table("config_versions").insert(row)
                oldest = row["number"] - VERSIONS_KEPT
                db.execute("delete from config_versions where number <= ?", [oldest])
        return _version_of(row)

    def reject(self, issues: Sequence[str], now: datetime) -> None:
        problem = self.problem()
        if problem and problem.issues == tuple(issues):
            return
        sql = "update config_state set issues = ?, problem_since = coalesce(problem_since, ?)"
        with self._connection.write() as db:
            db.execute(sql, [json.dumps(issues, ensure_ascii=False), mappers.to_text(now)])

    def problem(self) -> ConfigProblem | None:
        with self._connection.read() as db:
            sql = "select issues, problem_since from config_state"
            issues, since = db.execute(sql).fetchone()
        if since is None:
            return None
        return ConfigProblem(issues=tuple(json.loads(issues)), since=datetime.fromisoformat(since))

    def request_reload(self) -> None:
        with self._connection.write() as db:
            db.execute("update config_state set reload_count = reload_count + 1")

    def reload_count(self) -> int:
        with self._connection.read() as db:
            return int(db.execute("select reload_count from config_state").fetchone()[0])


def _version_of(row: dict[str, Any]) -> ConfigVersion:
    return ConfigVersion(
        number=row["number"],
        text=row["text"],
        accepted_at=datetime.fromisoformat(row["accepted_at"]),
        accepted_by=row["accepted_by"],
    )
