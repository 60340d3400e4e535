"""A topic has another id now: what stands under the old one moves."""

from collections.abc import Mapping
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import held_scope, hidden_scope, topic_scope
from aggregator.store.archives import newest_page
from aggregator.store.listing import bump
from aggregator.store.reading import many

__all__ = ["is_due", "rename"]


def is_due(db: Database, former: Mapping[str, str]) -> bool:
    """True if something stands under one of the former ids."""
    scopes = [topic_scope(was) for was in former]
    return any(True for _ in many(db, "select 1 from revisions where scope in ({many})", scopes))


def rename(db: Database, former: Mapping[str, str], now: datetime) -> None:
    """Move the stories, their archive and what operators have said; `former` is old -> new id.

    What stands under both ids stays as it stands under the new one.
    """
    for was, now_is in former.items():
        _name(db, was, now_is)
        old, new = topic_scope(was), topic_scope(now_is)
        pages = {scope: newest_page(db, scope) for scope in (old, new)}
        for kept in (_plainly, held_scope, hidden_scope):
            _move_list(db, kept(old), kept(new), has_archive=pages[new] > 0)
        if not pages[new]:
            sql = "update revisions set pages = ? where scope = ?"
            db.execute(sql, [pages[old], new])
        for table in ("said", "suggestions"):
            db.execute(f"update or ignore {table} set topic = ? where topic = ?", [now_is, was])  # noqa: S608 - our own names
            db.execute(f"delete from {table} where topic = ?", [was])  # noqa: S608
    for topic in former.values():
        of_topic = [topic_scope(topic), f"{topic_scope(topic)} #*"]
        sql = "select scope from revisions where scope = ? or scope glob ?"
        bump(db, [scope for (scope,) in db.execute(sql, of_topic).fetchall()], now)


def _plainly(scope: str) -> str:
    return scope


def _name(db: Database, was: str, now_is: str) -> None:
    """The topic goes on under the first of its names, unless it was published already: then it
    only takes in another one."""
    sql = "select scope from revisions where scope in (?, ?)"
    published = [scope for (scope,) in db.execute(sql, [topic_scope(was), topic_scope(now_is)])]
    if published == [topic_scope(was)]:
        found = db.execute("select first from topic_names where topic = ?", [was]).fetchone()
        row = [now_is, found[0] if found else was]
        db.execute("insert or replace into topic_names values (?, ?)", row)


def _move_list(db: Database, was: str, now_is: str, *, has_archive: bool) -> None:
    """An archive keeps its numbers if the new list has none; else its stories wait for another."""
    page = "null" if has_archive else "page"
    db.execute(
        f"update or ignore listings set scope = ?, page = {page} where scope = ?",  # noqa: S608
        [now_is, was],
    )
    db.execute("delete from listings where scope = ?", [was])
    whole = "where scope = ? or scope glob ?"
    db.execute(
        f"update or ignore revisions set scope = ? || substr(scope, ?) {whole}",  # noqa: S608
        [now_is, len(was) + 1, was, f"{was} #*"],
    )
    db.execute(f"delete from revisions {whole}", [was, f"{was} #*"])  # noqa: S608
