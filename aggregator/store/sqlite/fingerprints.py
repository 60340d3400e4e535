"""Fingerprints, matches and the search index: written inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import MANUAL, Match
from aggregator.store.sqlite import mappers

__all__ = [
    "add_fingerprints", "add_matches", "add_to_search", "drop_matches", "forget_fingerprints",
    "remove_from_search", "replace_fingerprints",
]  # fmt: skip

_MANUAL = "('{}')".format("', '".join(sorted(MANUAL)))


def add_fingerprints(
    db: Database, fingerprints: Sequence[tuple[int, Sequence[int]]], now: datetime
) -> None:
    """Make entries findable by their fingerprints, which are given with their ids."""
    first_seen_at = mappers.to_text(now)
    db.conn.executemany(
        "insert into entry_fingerprints values (?, ?, ?)",
        [
            (entry, first_seen_at, mappers.fingerprints_to_blob(own))
            for entry, own in fingerprints
            if own
        ],
    )
    pairs = sorted((number, entry) for entry, own in fingerprints for number in own)  # tree order
    db.conn.executemany("insert or ignore into fingerprints values (?, ?)", pairs)


def replace_fingerprints(db: Database, entry: int, fingerprints: Sequence[int]) -> None:
    """Replace the fingerprints of a revised entry; if they were forgotten, it gets none."""
    sql = "select fingerprints from entry_fingerprints where entry_id = ?"
    found = db.execute(sql, [entry]).fetchone()
    if found is None or found[0] == (blob := mappers.fingerprints_to_blob(fingerprints)):
        return
    _delete(db, [(entry, found[0])])
    db.conn.executemany(
        "insert or ignore into fingerprints values (?, ?)",
        [(number, entry) for number in fingerprints],
    )
    sql = "update entry_fingerprints set fingerprints = ? where entry_id = ?"
    db.execute(sql, [blob, entry])


def forget_fingerprints(db: Database, before: datetime, limit: int) -> int:
    """Drop the fingerprints of entries first seen before then, at most `limit` entries; returns how
    many. Those of stories that were taken down stay: copies must stay down too."""
    sql = """select entry_id, fingerprints from entry_fingerprints
             where first_seen_at < ? and entry_id not in
               (select entries.id from takedowns cross join entries using (story_number))
             order by first_seen_at limit ?"""
    old = db.execute(sql, [mappers.to_text(before), limit]).fetchall()
    _delete(db, old)
    db.conn.executemany(
        "delete from entry_fingerprints where entry_id = ?", [(entry,) for entry, _ in old]
    )
    return len(old)


def _delete(db: Database, stored: Sequence[tuple[int, bytes]]) -> None:
    db.conn.executemany(
        "delete from fingerprints where fingerprint = ? and entry_id = ?",
        [
            (number, entry)
            for entry, blob in stored
            for number in mappers.fingerprints_from_blob(blob)
        ],
    )


def add_to_search(db: Database, entries: Sequence[tuple[int, str]]) -> None:
    """Make new entries findable by their words, which are given with their ids, unless empty."""
    db.conn.executemany(
        "insert into entry_search(rowid, words) values (?, ?)",
        [(entry, words) for entry, words in entries if words],
    )
    db.conn.executemany(
        "insert into entry_search(rowid, words) select * from entry_words where id = ?",
        [(entry,) for entry, words in entries if not words],
    )


def remove_from_search(db: Database, entry: int) -> None:
    """Take an entry out of the index, before it changes."""
    db.execute(
        """insert into entry_search(entry_search, rowid, words)
           select 'delete', id, words from entry_words where id = ?""",
        [entry],
    )


def drop_matches(db: Database, dropped: Iterable[tuple[int, int]]) -> None:
    """Forget evidence between entries; an operator's decision stays."""
    sql = f"delete from matches where entry_a = ? and entry_b = ? and kind not in {_MANUAL}"  # noqa: S608 - constants
    db.conn.executemany(sql, list(dropped))


def add_matches(db: Database, matches: Sequence[Match]) -> None:
    """Keep evidence between entries. It never replaces an operator's decision."""
    db.conn.executemany(
        f"""insert into matches values (?, ?, ?, ?, ?) on conflict (entry_a, entry_b) do update
            set kind = excluded.kind, score = excluded.score, reason = excluded.reason
            where excluded.kind in {_MANUAL} or matches.kind not in {_MANUAL}""",  # noqa: S608 - constants
        [mappers.match_row(match) for match in matches],
    )
