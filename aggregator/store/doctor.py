"""Is the database whole? Each check counts what is wrong, and some know how to mend it.

    check (SQL that finds) --> Finding --repair (SQL that mends)

Nothing here is needed as long as only this program writes: every save is one transaction.
It is for the day after a broken disk, a hand that edited, or a clock that was wrong.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import CLOCK_SLACK, STORIES, Issue
from aggregator.store.listing import bump
from aggregator.store.rows import prints_of, time
from aggregator.store.schema import BOOKS, fresh_schema

__all__ = ["examine", "repair", "rewind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """`find` counts what is wrong; `mend` are the statements that put it right, if any do."""

    name: str
    what: str
    find: str
    mend: tuple[str, ...] = ()


_NO_STORY = "story not in (select row from stories)"
_NO_ENTRY = "merged is null and row not in (select story from entries)"
_GONE = "not in (select id from entries)"
_FORGET = tuple(
    f"delete from {table} where {column} in (select row from stories where {_NO_ENTRY})"  # noqa: S608 - our own words
    for table, column in (
        ("listings", "story"),
        ("suggestions", "story"),
        ("hidden", "story"),
        ("stories", "row"),
    )
)
_PUBLISHED = "story in (select story from listings where scope = 'all')"
_NO_WHY = "scope = 'held hidden all' and story not in (select story from hidden)"
_SUM = " + ".join(f"sum_{name}" for name in BOOKS if name != "received")
_STORED = "(select count(*) from entries where source = sources.id)"


def _no_time(column: str) -> str:
    """True in SQL for a value that is no time as we write it."""
    return f"({column} is not null and {column} not glob '{_A_TIME}')"


_A_TIME = "[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]+00:00"
_AS_TIME = "strftime('%Y-%m-%dT%H:%M:%S+00:00', {})"
_OPTIONAL_TIMES = {
    "sources": (
        "next_fetch", "failing_since", "last_fetch", "last_success", "last_full", "moved_since",
        "retired",
    ),
    "entries": ("revised",),
    "subscriptions": ("lease_until",),
    "subscribers": ("due", "failing_since"),
}  # fmt: skip
_TIMES = {
    "stories": ("published", "updated", "arrived", "begun"),
    "listings": ("arrived", "published"),
    "printed": ("seen",),
    "entries": ("published", "updated"),
    "revisions": ("changed",),
    "holds": ("until",),
    "said": ("at",),
    "models": ("made",),
    "hidden": ("at",),
    "intents": ("asked",),
    "subscribers": ("lease_until",),
    "pings": ("due",),
}
_LISTS = {
    "entries": ("tags", "enclosures", "originals"),
    "stories": ("why",),
    "sources": ("topics",),
}
_TEXTS = {
    "entries": ("title", "summary", "content", "author", "link", "image", "language"),
    "stories": ("id", "public_id"),
    "sources": ("name", "feed", "site", "license"),
}


def _of_values() -> Iterator[_Check]:
    """What a hand that edits gets wrong: times, lists and texts in another form than ours."""
    for tables, mended in (
        (_OPTIONAL_TIMES, _AS_TIME),
        (_TIMES, f"coalesce({_AS_TIME}, :now)"),
    ):
        for table, columns in tables.items():
            for column in columns:
                yield _value_check(table, column, _no_time(column), mended.format(column), "a time")
    for table, columns in _LISTS.items():
        for column in columns:
            wrong = f"case when json_valid({column}) then json_type({column}) != 'array' else 1 end"
            yield _value_check(table, column, wrong, "'[]'", "a list")
    for table, columns in _TEXTS.items():
        for column in columns:
            wrong = f"typeof({column}) != 'text'"
            yield _value_check(table, column, wrong, f"as_text({column})", "a text")
    pace = "json_array_length(pace) is not 4"
    pace = f"case when pace = '' then 0 when json_valid(pace) then {pace} else 1 end"
    yield _value_check("sources", "pace", pace, "''", "a pace")


def _value_check(table: str, column: str, wrong: str, mended: str, what: str) -> _Check:
    return _Check(
        name="values",
        what=f"{table} whose {column} is not {what} as this program writes it",
        find=f"select count(*) from {table} where {wrong}",  # noqa: S608 - our own names
        mend=(f"update {table} set {column} = {mended} where {wrong}",),  # noqa: S608
    )


_CHECKS = (
    *_of_values(),
    _Check(
        name="orphans",
        what="outlets that are gone, but whose entries are here",
        find="""select count(distinct source) from entries
                where source not in (select id from sources)""",
        mend=(
            """insert into sources (id, name, feed, site, show, license, precedence)
               select distinct source, source, '', '', 'title', '', 0 from entries
               where source not in (select id from sources)""",
        ),
    ),
    _Check(
        name="orphans",
        what="entries without a story (they are forgotten, and come again if still listed)",
        find=f"select count(*) from entries where {_NO_STORY}",  # noqa: S608 - our own words, here and below
        mend=(
            f"delete from keys where entry in (select id from entries where {_NO_STORY})",  # noqa: S608
            *(
                f"delete from {table} where {column} in (select id from entries where {_NO_STORY})"  # noqa: S608
                for table, column in (
                    ("prints", "entry"),
                    ("printed", "entry"),
                    ("bonds", "a"),
                    ("bonds", "b"),
                    ("said", "entry"),
                )
            ),
            f"delete from entries where {_NO_STORY}",  # noqa: S608
        ),
    ),
    _Check(
        name="orphans",
        what="stories without an entry",
        find=f"select count(*) from stories where {_NO_ENTRY}",  # noqa: S608
        mend=(*_FORGET,),
    ),
    _Check(
        name="orphans",
        what="stories led by an entry of another story",
        find="""select count(*) from stories where merged is null
                and lead not in (select id from entries where story = row)""",
        mend=(
            """update stories set lead = (select min(id) from entries where story = row)
               where merged is null
               and lead not in (select id from entries where story = row)""",
        ),
    ),
    _Check(
        name="orphans",
        what="stories that stand for another one which is not here, or is none itself",
        find="""select count(*) from stories where merged is not null
                and merged not in (select row from stories where merged is null)""",
        mend=(
            """update stories set merged = null where merged is not null
               and merged not in (select row from stories where merged is null)""",
            *_FORGET,
        ),
    ),
    _Check(
        name="orphans",
        what="stories that are listed though they turned out to be another one",
        find="""select count(distinct story) from listings
                where story in (select row from stories where merged is not null)""",
        mend=(
            """delete from listings
               where story in (select row from stories where merged is not null)""",
        ),
    ),
    _Check(
        name="orphans",
        what="bonds, prints and operators' words without an entry",
        find=f"""select (select count(*) from bonds where a {_GONE} or b {_GONE})
                      + (select count(*) from said where entry {_GONE})
                      + (select count(*) from prints where entry {_GONE})
                      + (select count(*) from printed where entry {_GONE})""",  # noqa: S608
        mend=(
            f"delete from bonds where a {_GONE} or b {_GONE}",  # noqa: S608
            f"delete from prints where entry {_GONE}",  # noqa: S608
            f"delete from printed where entry {_GONE}",  # noqa: S608
            f"delete from said where entry {_GONE}",  # noqa: S608
        ),
    ),
    _Check(
        name="words",
        what="entries that would not be found by their words",
        find="select count(*) from entries where id not in (select id from words_docsize)",
        mend=("insert into words(words) values ('rebuild')",),
    ),
    _Check(
        name="prints",
        what="entries whose copies would not be found (their prints are lost)",
        find="""select count(*) from printed
                where prints != x'' and entry not in (select entry from prints)""",
        mend=(
            """insert or ignore into prints select value, entry from
                 (select entry, as_prints(prints) as listed from printed
                  where entry not in (select entry from prints)), json_each(listed)""",
        ),
    ),
    _Check(
        name="orphans",
        what="keys without an entry",
        find="select count(*) from keys where entry not in (select id from entries)",
        mend=("delete from keys where entry not in (select id from entries)",),
    ),
    _Check(
        name="orphans",
        what="entries without a key (their outlet's next copy would be a second one)",
        find="select count(*) from entries where id not in (select entry from keys)",
    ),
    _Check(
        name="orphans",
        what="listings without a story",
        find=f"select count(*) from listings where {_NO_STORY}",  # noqa: S608
        mend=(f"delete from listings where {_NO_STORY}",),  # noqa: S608
    ),
    _Check(
        name="listings",
        what="stories that stand in a topic or source, but not in the list of all",
        find="""select count(distinct story) from listings where scope not glob 'held *'
                and story not in (select story from listings where scope = 'all')""",
        mend=(
            """insert into listings (story, scope, arrived, published, why, placed_by)
               select story, 'all', max(arrived), max(published), '', ''
               from listings where scope not glob 'held *'
               and story not in (select story from listings where scope = 'all')
               group by story""",
        ),
    ),
    _Check(
        name="listings",
        what="stories that are missing from the list of an outlet that tells them",
        find="""select count(*) from entries where story in
                  (select story from listings where scope = 'all')
                and not exists (select 1 from listings where listings.story = entries.story
                                and scope = 'source:' || entries.source)""",
        mend=(
            """insert or ignore into listings
                 (story, scope, arrived, published, why, placed_by)
               select entries.story, 'source:' || source, arrived, listings.published, '', ''
               from entries join listings on listings.story = entries.story and scope = 'all'""",
        ),
    ),
    _Check(
        name="listings",
        what="stories that were taken down, but are listed",
        find=f"select count(*) from hidden where {_PUBLISHED}",  # noqa: S608
        mend=(
            f"""update listings set scope = 'held hidden ' || scope
                where scope not glob 'held *' and story in
                  (select story from hidden where {_PUBLISHED})""",  # noqa: S608
        ),
    ),
    _Check(
        name="listings",
        what="stories that were taken down, and nobody knows why",
        find=f"select count(*) from listings where {_NO_WHY}",  # noqa: S608
        mend=(
            f"""insert into hidden (story, why, at) select story, '', max(arrived) from listings
                where {_NO_WHY} group by story""",  # noqa: S608
        ),
    ),
    _Check(
        name="listings",
        what="lists without a revision",
        find="""select count(distinct scope) from listings where scope not glob 'held *'
                and scope not in (select scope from revisions)""",
        mend=(
            """insert into revisions (scope, number, changed)
               select scope, 1, max(arrived) from listings
               where scope not in (select scope from revisions) group by scope""",
        ),
    ),
    _Check(
        name="books",
        what="sources whose books do not balance (received = new + updated + known + rejected)",
        find=f"select count(*) from sources where sum_received != {_SUM}",  # noqa: S608
        mend=(f"update sources set sum_received = {_SUM}",),  # noqa: S608
    ),
    _Check(
        name="books",
        what="sources that have more or fewer entries than their books say",
        find=f"select count(*) from sources where sum_new != {_STORED}",  # noqa: S608
        mend=(
            f"update sources set sum_received = sum_received - sum_new + {_STORED}",  # noqa: S608
            f"update sources set sum_new = {_STORED}",  # noqa: S608
        ),
    ),
)


def examine(db: Database, now: datetime) -> Iterator[Issue]:
    """Everything that is wrong with the database, the worst first."""
    damage = list(_integrity(db))
    yield from damage
    if not all(finding.can_repair for finding in damage):
        return  # what else is asked of a torn file may not be answered
    yield from _schema(db)
    if {"entries", "stories", "keys", "listings", "sources", "revisions"} <= set(db.table_names()):
        for check in _CHECKS:
            if count := _count(db, check.find):
                yield Issue(
                    check=check.name,
                    description=f"{count} {check.what}",
                    can_repair=bool(check.mend),
                )
        yield from _clock(db, now)


def repair(db: Database, now: datetime) -> None:
    """Mend what can be mended, in a transaction of the caller's."""
    db.conn.create_function("as_text", 1, _as_text, deterministic=True)
    db.conn.create_function("as_prints", 1, _as_prints, deterministic=True)
    existing = {name for _, name, _ in _tables_and_indexes(db)}
    for kind, name, sql in fresh_schema():
        if kind == "index" and name not in existing:
            db.execute(sql)
    if any(True for _ in _integrity(db)):
        db.execute("reindex")
    for check in _CHECKS:
        if _count(db, check.find):
            for statement in check.mend:
                db.execute(statement, {"now": time(now)})
    rewind(db, now)
    db.execute("update revisions set number = number + 1")  # whoever keeps a page makes it anew
    bump(db, [STORIES], now)


def _as_text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _as_prints(blob: bytes) -> str:
    return json.dumps(prints_of(blob))


def rewind(db: Database, now: datetime) -> None:
    """Bring every time that lies in the future back to the present.

    A clock that was wrong for an hour must not decide for years what is newest and when a
    source is due. What readers were told of a feed's last change stays: they must not take
    the next one for older.
    """
    moment = time(now)
    db.execute("update sources set next_fetch = null where last_fetch > ?", [moment])
    db.execute(
        "update subscriptions set asked = ?, lease_until = null where asked > ?", [moment, moment]
    )
    for table, columns in _STAMPS.items():
        for column in columns:
            db.execute(
                f"update {table} set {column} = ? where {column} > ?",  # noqa: S608 - our own names
                [moment, moment],
            )
    for table in ("subscribers", "pings"):  # what is owed is owed now
        db.execute(f"update {table} set due = ? where due > ?", [moment, moment])  # noqa: S608
    db.execute(
        "delete from holds where until > strftime('%Y-%m-%dT%H:%M:%S', ?, '+1 day')", [moment]
    )


_STAMPS = {
    "sources": ("last_fetch", "last_success", "last_full", "failing_since", "moved_since"),
    "stories": ("published", "updated", "arrived", "begun"),
    "printed": ("seen",),
    "listings": ("published", "arrived"),
    "entries": ("published", "updated", "revised"),
    "said": ("at",),
    "models": ("made",),
    "hidden": ("at",),
    "intents": ("asked",),
    "subscribers": ("failing_since",),
}
"""Table -> its columns that tell when something has happened."""


def _integrity(db: Database) -> Iterator[Issue]:
    try:
        found = [row[0] for row in db.execute("pragma integrity_check(20)").fetchall()]
    except sqlite3.DatabaseError as error:  # so torn that not even this can be answered
        found = [str(error)]
    if found != ["ok"]:
        is_index = all("index" in complaint for complaint in found)
        yield Issue(
            check="integrity",
            description=f"SQLite finds the file damaged: {'; '.join(found)[:300]}",
            can_repair=is_index,
        )


def _schema(db: Database) -> Iterator[Issue]:
    existing = {(kind, name): sql for kind, name, sql in _tables_and_indexes(db)}
    for kind, name, sql in fresh_schema():
        if (kind, name) not in existing:
            can_mend = kind == "index"
            yield Issue(
                check="schema", description=f"the {kind} {name} is missing", can_repair=can_mend
            )
        elif kind == "table" and _columns(existing[kind, name]) != _columns(sql):
            yield Issue(
                check="schema", description=f"the table {name} has other columns", can_repair=False
            )


def _tables_and_indexes(db: Database) -> list[tuple[str, str, str]]:
    sql = "select type, name, sql from sqlite_master where sql is not null"
    return [(kind, name, sql) for kind, name, sql in db.execute(sql).fetchall()]


def _columns(sql: str) -> str:
    return " ".join(sql.lower().split())


def _clock(db: Database, now: datetime) -> Iterator[Issue]:
    now += CLOCK_SLACK  # a fetch that is under way, and a clock that is being set right
    for table, columns in _STAMPS.items():
        where = " or ".join(f"{column} > :now" for column in columns)
        sql = f"select count(*) from {table} where {where}"  # noqa: S608 - our own names
        if count := db.execute(sql, {"now": time(now)}).fetchone()[0]:
            yield Issue(
                check="clock",
                description=f"{count} {table} with a time in the future",
                can_repair=True,
            )


def _count(db: Database, sql: str) -> int:
    found: int = db.execute(sql).fetchone()[0]
    return found
