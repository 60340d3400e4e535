"""Moving what belongs to the former id of a topic or source to the new one, inside the caller's
transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

from aggregator.model import ALL_STORY_PAGES
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.archives import newest_page
from aggregator.store.sqlite.listings import increment_all_revisions, increment_revisions
from aggregator.store.sqlite.older_pages import closed_count
from aggregator.store.sqlite.queries import query_in

__all__ = ["original_ids", "rename_sources", "rename_topics", "renames_due"]

_COUNTS = tuple(f"{kind}_count" for kind in ("received", "new", "updated", "known", "rejected"))


def renames_due(
    db: Database, kind: Literal["topic", "source"], former: Mapping[str, str]
) -> dict[str, str]:
    """Those of the renames, old -> new id, for which there is something under the old id."""
    tables = {
        "topic": "select list_name from revisions where list_kind = 'topic' and page = 0"
        " and list_name in ({values})",
        "source": "select id from sources where id in ({values})",
    }
    found = {id_ for (id_,) in query_in(db, tables[kind], former)}
    return {old: new for old, new in former.items() if old in found}


def original_ids(db: Database, kind: Literal["topic", "source"]) -> dict[str, str]:
    """The id under which each renamed list of a kind was first published."""
    sql = "select list_name, original_id from original_ids where list_kind = ?"
    return dict(db.execute(sql, [kind]).fetchall())


def rename_topics(db: Database, former: Mapping[str, str], now: datetime) -> None:
    """Move stories, archives and operators' decisions; `former` is old -> new id. What is under
    both ids stays as it is under the new one."""
    for old, new in former.items():
        _rename_list(db, "topic", old, new)
        for table in ("topic_overrides", "topic_suggestions", "pins"):
            _move(db, table, "topic", old, new)
    _increment(db, "topic", former.values(), now)


def rename_sources(db: Database, former: Mapping[str, str], now: datetime) -> None:
    """Move entries, fetch state, archives and subscriptions; `former` is old -> new id. If there is
    something under both ids, the fetch state and keys of the new one stay."""
    for old, new in former.items():
        _copy_source(db, old, new)
        _rename_list(db, "source", old, new)
        for table in (
            "entries",
            "entry_keys",
            "rejections",
            "subscriptions",
            "deliveries",
            "fetches",
            "fetch_requests",
            "source_days",
        ):
            _move(db, table, "source_id", old, new)
        _rename_in_reasons(db, old, new)
        db.execute("delete from sources where id = ?", [old])
    _increment(db, "source", former.values(), now)
    increment_all_revisions(db, now)  # every story names its source, with a link
    increment_revisions(db, [ALL_STORY_PAGES], now)


def _copy_source(db: Database, old: str, new: str) -> None:
    """The source under its new id, to which entries will refer; if it is there, it gets the counts
    of the old one."""
    row: dict[str, Any] = next(iter(db.query("select * from sources where id = ?", [old])))
    if db.execute("select 1 from sources where id = ?", [new]).fetchone() is None:
        db.table("sources").insert({**row, "id": new})
        return
    added = ", ".join(f"{column} = {column} + :{column}" for column in _COUNTS)
    values = {column: row[column] for column in _COUNTS}
    db.execute(f"update sources set {added} where id = :id", {**values, "id": new})  # noqa: S608 - constants


def _rename_in_reasons(db: Database, old: str, new: str) -> None:
    """Name the source by its new id in the reasons of placements."""
    sql = "select distinct placed_by from listings where placed_by like ?"
    for (text,) in db.execute(sql, [f'%"{old}"%']).fetchall():
        reasons = [
            reason._replace(
                value=new if reason.kind == "source" and reason.value == old else reason.value,
                source=new if reason.source == old else reason.source,
            )
            for reason in mappers.placed_by_from_text(text)
        ]
        changed = mappers.placed_by_to_text(reasons)
        db.execute("update listings set placed_by = ? where placed_by = ?", [changed, text])


def _rename_list(db: Database, kind: str, old: str, new: str) -> None:
    """Move the lists of one kind, and their archive documents and pages."""
    _keep_original_id(db, kind, old, new)
    scopes = [mappers.scope_of(kind, name, 0) for name in (old, new)]
    counts = {
        "page": [newest_page(db, scope) for scope in scopes],
        "older_page": [closed_count(db, scope) for scope in scopes],
    }
    _move_lists(db, kind, old, new, [column for column, (_, of_new) in counts.items() if of_new])
    for column, (of_old, of_new) in counts.items():
        sql = f"""update revisions set {column}_count = ?
                  where list_kind = ? and list_name = ? and page = 0"""  # noqa: S608 - constants
        db.execute(sql, [of_new or of_old, kind, new])


def _move(db: Database, table: str, column: str, old: str, new: str) -> None:
    """Give the rows of a table the new id, and delete those that are there under both."""
    db.execute(f"update or ignore {table} set {column} = ? where {column} = ?", [new, old])  # noqa: S608 - constants
    db.execute(f"delete from {table} where {column} = ?", [old])  # noqa: S608 - constants


def _increment(db: Database, kind: str, names: Iterable[str], now: datetime) -> None:
    """Count a change of these lists and all their documents."""
    for name in names:
        sql = "select page from revisions where list_kind = ? and list_name = ?"
        pages = db.execute(sql, [kind, name]).fetchall()
        scopes = [mappers.scope_of(kind, name, page) for (page,) in pages]
        increment_revisions(db, scopes, now)


def _keep_original_id(db: Database, kind: str, old: str, new: str) -> None:
    """A list keeps the first of its ids in its feeds, unless the new one was published already:
    then it only takes in another list."""
    sql = """select list_name from revisions
             where list_kind = ? and page = 0 and list_name in (?, ?)"""
    published = [name for (name,) in db.execute(sql, [kind, old, new])]
    if published == [old]:
        sql = "select original_id from original_ids where list_kind = ? and list_name = ?"
        found = db.execute(sql, [kind, old]).fetchone()
        row = [kind, new, found[0] if found else old]
        db.execute("insert or replace into original_ids values (?, ?, ?)", row)


def _move_lists(db: Database, kind: str, old: str, new: str, occupied: Iterable[str]) -> None:
    """Move the rows of a list. Its archive documents and pages keep their numbers if the new
    list has none; if those are `occupied`, its stories wait for the next one."""
    released = "".join(f", {column} = null" for column in occupied)
    for table, change in (("listings", released), ("revisions", "")):
        where = "where list_kind = ? and list_name = ?"
        db.execute(f"update or ignore {table} set list_name = ?{change} {where}", [new, kind, old])  # noqa: S608 - constants
        db.execute(f"delete from {table} {where}", [kind, old])  # noqa: S608 - constants
