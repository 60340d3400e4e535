"""Moving what belongs to a former topic id to the new one, inside the caller's transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import topic_scope
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.archives import newest_page
from aggregator.store.sqlite.listings import increment_revisions
from aggregator.store.sqlite.older_pages import closed_count
from aggregator.store.sqlite.queries import query_in

__all__ = ["is_rename_due", "rename_topics"]


def is_rename_due(db: Database, former: Mapping[str, str]) -> bool:
    """True if there is something under one of the former ids."""
    sql = """select 1 from revisions
             where list_kind = 'topic' and page = 0 and list_name in ({values})"""
    return any(True for _ in query_in(db, sql, former))


def rename_topics(db: Database, former: Mapping[str, str], now: datetime) -> None:
    """Move stories, archives and operators' decisions; `former` is old -> new id. What is under
    both ids stays as it is under the new one."""
    for old, new in former.items():
        _keep_original_id(db, old, new)
        counts = {
            "page": [newest_page(db, topic_scope(topic)) for topic in (old, new)],
            "older_page": [closed_count(db, topic_scope(topic)) for topic in (old, new)],
        }
        _move_lists(db, old, new, [column for column, (_, of_new) in counts.items() if of_new])
        for column, (of_old, of_new) in counts.items():
            sql = f"""update revisions set {column}_count = ?
                      where list_kind = 'topic' and list_name = ? and page = 0"""  # noqa: S608 - constants
            db.execute(sql, [of_new or of_old, new])
        for table in ("topic_overrides", "topic_suggestions", "pins"):
            db.execute(f"update or ignore {table} set topic = ? where topic = ?", [new, old])  # noqa: S608 - constants
            db.execute(f"delete from {table} where topic = ?", [old])  # noqa: S608 - constants
    for topic in former.values():
        sql = "select page from revisions where list_kind = 'topic' and list_name = ?"
        pages_of_topic = db.execute(sql, [topic]).fetchall()
        scopes = [mappers.scope_of("topic", topic, page) for (page,) in pages_of_topic]
        increment_revisions(db, scopes, now)


def _keep_original_id(db: Database, old: str, new: str) -> None:
    """A topic keeps the first of its ids in its feeds, unless the new one was published already:
    then it only takes in another topic."""
    sql = """select list_name from revisions
             where list_kind = 'topic' and page = 0 and list_name in (?, ?)"""
    published = [name for (name,) in db.execute(sql, [old, new])]
    if published == [old]:
        sql = "select original_id from topic_original_ids where topic = ?"
        found = db.execute(sql, [old]).fetchone()
        row = [new, found[0] if found else old]
        db.execute("insert or replace into topic_original_ids values (?, ?)", row)


def _move_lists(db: Database, old: str, new: str, occupied: Iterable[str]) -> None:
    """Move the lists of a topic. Its archive documents and pages keep their numbers if the new
    topic has none; if those are `occupied`, its stories wait for the next one."""
    released = "".join(f", {column} = null" for column in occupied)
    for table, change in (("listings", released), ("revisions", "")):
        where = "where list_kind = 'topic' and list_name = ?"
        db.execute(f"update or ignore {table} set list_name = ?{change} {where}", [new, old])  # noqa: S608 - constants
        db.execute(f"delete from {table} {where}", [old])  # noqa: S608 - constants
