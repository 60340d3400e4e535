"""The schema, as numbered SQL files that are applied in order and never change once committed.

`NNNN_what_it_does.sql` holds statements that end with `;` at the end of a line. The first line of
a file is a comment that says what it does. tests/store/sqlite/test_migrations.py keeps a checksum
of each. What SQL cannot do, or not in one transaction, is a function in `_STEPS`, which is applied
after the file whose name it begins with.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import resources

from sqlite_utils import Database, Migrations

from aggregator.errors import StoreTooNew, StoreTooOld, StoreUnavailable
from aggregator.store.sqlite.contents import is_readable_text
from aggregator.store.sqlite.migrations.refresh import Progress, refresh_entries
from aggregator.store.sqlite.migrations.texts import move_contents
from aggregator.store.sqlite.related import relate_stored
from aggregator.text.tokens import index_text

__all__ = [
    "add_functions", "fresh_schema", "is_current", "migrate", "migration_files",
    "refuse_other_programs",
]  # fmt: skip

_DEVELOPMENT_MIGRATION = "first_tables"
"""The migration that every database of a development version before 0.2.0 has."""


_STEPS: dict[str, Callable[[Database, Progress | None], None]] = {
    "0010_words_of_entries": refresh_entries,
    "0026_related_stories_of_recent_ones": lambda db, _progress: relate_stored(db),
    "0027_contents_of_entries": move_contents,
}


def migration_files() -> Iterator[tuple[str, str]]:
    """Name and text of each migration, in order."""
    folder = resources.files(__name__)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            yield file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")


def _statements(script: str) -> Iterator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def _names() -> set[str]:
    return {name for name, _ in migration_files()} | set(_STEPS)


def _migrations(progress: Progress | None) -> Migrations:
    migrations = Migrations("aggregator")

    def runner(script: str) -> Callable[[Database], None]:
        def run(db: Database) -> None:
            for statement in _statements(script):
                db.execute(statement)

        return run

    def with_progress(
        step: Callable[[Database, Progress | None], None],
    ) -> Callable[[Database], None]:
        def run(db: Database) -> None:
            step(db, progress)

        return run

    for name, script in migration_files():
        migrations(name=name)(runner(script))
        for step, function in _STEPS.items():
            if step.startswith(name):
                migrations(name=step, transactional=False)(with_progress(function))
    return migrations


_APPLIED = Migrations("aggregator")
"""Reads which migrations a database has."""


def add_functions(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, with the SQL functions that the search index and checks use."""
    connection.create_function("index_text", 1, index_text, deterministic=True)
    connection.create_function("is_readable_text", 1, is_readable_text, deterministic=True)
    return connection


def fresh_schema() -> list[tuple[str, str, str]]:
    """Kind, name and SQL of every table and index of an empty database."""
    with closing(Database(add_functions(sqlite3.connect(":memory:")))) as db:
        migrate(db, "")
        sql = "select type, name, sql from sqlite_master where sql is not null order by name"
        found = db.execute(sql).fetchall()
    return [(kind, name, text) for kind, name, text in found if not name.startswith("_sqlite")]


def is_current(db: Database) -> bool:
    """True if the schema is that of this version. Reads only."""
    return _names() == {migration.name for migration in _APPLIED.applied(db)}


def refuse_other_programs(db: Database, path: str) -> None:
    """Raise StoreTooOld, StoreTooNew or StoreUnavailable if this version cannot use the database.
    Reads only."""
    applied = {migration.name for migration in _APPLIED.applied(db)}
    if _DEVELOPMENT_MIGRATION in applied:
        raise StoreTooOld(
            f"The database {path} was written by a development version of aggregator before "
            "0.2.0, which this version cannot read; keep the file, and start a new one by setting "
            "[storage] database or AGGREGATOR_DATABASE to another path."
        )
    if unknown := applied - _names():
        raise StoreTooNew(
            f"The database {path} was written by a later version of aggregator "
            f"(it has {', '.join(sorted(unknown))}); install that version, or use another file."
        )
    foreign = set(db.table_names()) - {"_sqlite_migrations"}
    if not applied and foreign:
        tables = ", ".join(sorted(re.sub(r"[^\w]", "?", name) for name in foreign)[:3])
        raise StoreUnavailable(
            f"The database {path} belongs to another program (it has the tables {tables}); "
            "use another file."
        )


def migrate(db: Database, path: str, progress: Progress | None = None) -> None:
    """Bring the database up to this version; if that is stopped, the next call resumes it.

    Raises StoreTooOld, StoreTooNew or StoreUnavailable.
    """
    refuse_other_programs(db, path)
    db.execute("pragma journal_mode = wal")  # readers never wait for the writer; stays in the file
    migrations = _migrations(progress)
    if migrations.pending(db):
        migrations.apply(db)
