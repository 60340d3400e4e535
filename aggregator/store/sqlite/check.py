"""Check the database. Each check counts what is wrong, and most can repair it.

    check (SQL that finds) --> Issue --repair (SQL that repairs)

Every save is one transaction, so nothing here is needed as long as only this program writes. It is
for the day after a broken disk, an edit by hand, or a wrong clock.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from aggregator.errors import ClockError
from aggregator.model import Issue
from aggregator.store.sqlite.clock import clock_issues, correct_future_times
from aggregator.store.sqlite.connection import advice_for
from aggregator.store.sqlite.migrations import fresh_schema
from aggregator.store.sqlite.save import COUNTS

__all__ = ["find_issues", "repair"]

MAX_COMPLAINT_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """`find` counts what is wrong; `repair` are the statements that put it right."""

    name: str
    description: str
    find: str
    repair: tuple[str, ...]


_HAS_NO_ENTRY = "merged_into is null and number not in (select story_number from entries)"
_FOREIGN_LEAD = """merged_into is null
    and lead_entry_id not in (select id from entries where story_number = number)"""
_PUBLISHED = """story_number in (select story_number from listings
    where list_kind = 'all' and visibility = 'published')"""
_NOT_IN_ALL = """visibility != 'taken_down' and list_kind != 'all'
    and story_number not in (select story_number from listings where list_kind = 'all')"""
_MISSING_SOURCE_LIST = """entries join listings as own
    on own.story_number = entries.story_number and own.list_kind = 'all'
    where not exists (select 1 from listings where listings.story_number = entries.story_number
                      and list_kind = 'source' and list_name = source_id)"""
_WITHOUT_REVISION = """listings where visibility = 'published' and not exists
    (select 1 from revisions where revisions.list_kind = listings.list_kind
     and revisions.list_name = listings.list_name and page = 0)"""
_UNREADABLE = "not is_readable_text(compressed)"
_SUM_OF_COUNTS = " + ".join(f"{name}_count" for name in COUNTS if name != "received")
_STORED = "(select count(*) from entries where source_id = sources.id)"

_CHECKS = (
    _Check(
        name="stories",
        description="stories without an entry",
        find=f"select count(*) from stories where {_HAS_NO_ENTRY}",  # noqa: S608 - constants, here and below
        repair=tuple(
            f"""delete from {table} where {column} in
                (select number from stories where {_HAS_NO_ENTRY})"""  # noqa: S608
            for table, column in (
                ("listings", "story_number"), ("topic_suggestions", "story_number"),
                ("pins", "story_number"),
                ("takedowns", "story_number"), ("stories", "number"),
            )
        ),
    ),
    _Check(
        name="stories",
        description="stories whose lead is an entry of another story",
        find=f"select count(*) from stories where {_FOREIGN_LEAD}",  # noqa: S608
        repair=(
            f"""update stories set lead_entry_id =
                  (select min(id) from entries where story_number = number)
                where {_FOREIGN_LEAD}""",  # noqa: S608
        ),
    ),
    _Check(
        name="search",
        description="entries that are missing from the search index",
        find="""select count(*) from entries
                where id not in (select id from entry_search_docsize)""",
        repair=("insert into entry_search(entry_search) values ('rebuild')",),
    ),
    _Check(
        name="texts",
        description="articles whose text is damaged, and is removed",
        find=f"select count(*) from contents where {_UNREADABLE}",  # noqa: S608
        repair=(f"delete from contents where {_UNREADABLE}",),  # noqa: S608
    ),
    _Check(
        name="lists",
        description="stories that are in a topic or source, but not in the list of all",
        find=f"select count(distinct story_number) from listings where {_NOT_IN_ALL}",  # noqa: S608
        repair=(
            f"""insert into listings (story_number, list_kind, list_name, visibility, listed_at,
                                      published, reason, placed_by)
                select story_number, 'all', '', visibility, max(listed_at), max(published), '', ''
                from listings where {_NOT_IN_ALL} group by story_number""",  # noqa: S608
        ),
    ),
    _Check(
        name="lists",
        description="stories that are missing from the list of one of their sources",
        find=f"select count(*) from {_MISSING_SOURCE_LIST}",  # noqa: S608
        repair=(
            f"""insert or ignore into listings (story_number, list_kind, list_name, visibility,
                                                listed_at, published, reason, placed_by)
                select entries.story_number, 'source', source_id, visibility, listed_at,
                       own.published, '', '' from {_MISSING_SOURCE_LIST}""",  # noqa: S608
        ),
    ),
    _Check(
        name="lists",
        description="stories that were taken down, but are listed",
        find=f"select count(*) from takedowns where {_PUBLISHED}",  # noqa: S608
        repair=(
            """update listings set visibility = 'taken_down'
               where story_number in (select story_number from takedowns)""",
        ),
    ),
    _Check(
        name="lists",
        description="lists without a revision",
        find=f"""select count(*) from
                 (select distinct list_kind, list_name from {_WITHOUT_REVISION})""",  # noqa: S608
        repair=(
            f"""insert into revisions (list_kind, list_name, page, number, changed_at)
                select list_kind, list_name, 0, 1, max(listed_at) from {_WITHOUT_REVISION}
                group by list_kind, list_name""",  # noqa: S608
        ),
    ),
    _Check(
        name="counts",
        description="sources whose counts do not balance "
        "(received = new + updated + known + rejected)",
        find=f"select count(*) from sources where received_count != {_SUM_OF_COUNTS}",  # noqa: S608
        repair=(f"update sources set received_count = {_SUM_OF_COUNTS}",),  # noqa: S608
    ),
    _Check(
        name="counts",
        description="sources with more or fewer entries than were counted",
        find=f"select count(*) from sources where new_count != {_STORED}",  # noqa: S608
        repair=(
            f"""update sources set received_count = received_count - new_count + {_STORED},
                                   new_count = {_STORED}""",  # noqa: S608
        ),
    ),
)  # fmt: skip


def find_issues(db: Database, now: datetime) -> Iterator[Issue]:
    """Everything that is wrong with the database, the worst first."""
    damage = list(_damage(db))
    yield from damage
    if not all(issue.can_repair for issue in damage):
        return  # a damaged file may not answer anything else
    schema = list(_schema_issues(db))
    yield from schema
    if not all(issue.can_repair for issue in schema):
        return
    if count := sum(_count(db, sql) for sql in _dangling(db, "select count(*)").values()):
        yield Issue(
            check="references",
            description=f"{count} rows that refer to something missing",
            can_repair=True,
        )
    for check in _CHECKS:
        if count := _count(db, check.find):
            description = f"{count} {check.description}"
            yield Issue(check=check.name, description=description, can_repair=True)
    yield from clock_issues(db, now)


def repair(db: Database, now: datetime) -> None:
    """Repair what can be repaired, inside the caller's transaction."""
    db.execute("pragma defer_foreign_keys = on")
    existing = {name for _, name, _ in _tables_and_indexes(db)}
    for kind, name, sql in fresh_schema():
        if kind == "index" and name not in existing:
            db.execute(sql)
    if any(True for _ in _damage(db)):
        db.execute("reindex")
    db.execute(
        """insert into sources (id, name, feed, site, show)
           select distinct source_id, source_id, '', '', 'title' from entries
           where source_id not in (select id from sources)"""
    )
    while dangling := {t: sql for t, sql in _dangling(db, "delete").items() if _has(db, sql)}:
        for sql in dangling.values():
            db.execute(sql)
    for check in _CHECKS:
        if _count(db, check.find):
            for statement in check.repair:
                db.execute(statement)
    db.execute("delete from incidents where kind = ?", [ClockError.kind])  # repairing confirms it
    correct_future_times(db, now)  # and every cached document is rendered again


def _dangling(db: Database, verb: str) -> dict[str, str]:
    """For each table with foreign keys, SQL about its rows that refer to something missing."""
    found = {}
    for kind, table, _ in fresh_schema():
        if kind != "table":
            continue
        keys = db.execute(f"pragma foreign_key_list({table})").fetchall()
        broken = [
            f"({column} is not null and {column} not in (select {target} from {parent}))"  # noqa: S608 - names of the schema
            for _, _, parent, column, target, *_ in keys
        ]
        if broken:
            found[table] = f"{verb} from {table} where {' or '.join(broken)}"
    return found


def _has(db: Database, delete: str) -> bool:
    return _count(db, delete.replace("delete", "select count(*)", 1)) > 0


def _damage(db: Database) -> Iterator[Issue]:
    try:
        found = [complaint for (complaint,) in db.execute("pragma integrity_check(20)").fetchall()]
    except sqlite3.DatabaseError as error:  # so damaged that even this check fails
        if not advice_for(error):
            raise
        found = [str(error)]
    if found != ["ok"]:
        complaints = "; ".join(found)[:MAX_COMPLAINT_CHARS]
        yield Issue(
            check="integrity",
            description=f"SQLite reports damage: {complaints}",
            can_repair=all("index" in complaint for complaint in found),
        )


def _schema_issues(db: Database) -> Iterator[Issue]:
    existing = {(kind, name): sql for kind, name, sql in _tables_and_indexes(db)}
    for kind, name, sql in fresh_schema():
        if (kind, name) not in existing:
            yield Issue(
                check="schema",
                description=f"the {kind} {name} is missing",
                can_repair=kind == "index",
            )
        elif kind == "table" and _normalised(existing[kind, name]) != _normalised(sql):
            description = f"the table {name} has unexpected columns"
            yield Issue(check="schema", description=description, can_repair=False)


def _tables_and_indexes(db: Database) -> list[tuple[str, str, str]]:
    sql = "select type, name, sql from sqlite_master where sql is not null"
    return [(kind, name, sql) for kind, name, sql in db.execute(sql).fetchall()]


def _normalised(sql: str) -> str:
    return " ".join(sql.lower().split())


def _count(db: Database, sql: str) -> int:
    found: int = db.execute(sql).fetchone()[0]
    return found
