"""By what copies are found, what binds them, and stories that turned out to be one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import Match
from aggregator.store import rows
from aggregator.store.listing import hide, unlist

__all__ = [
    "absorb", "bind", "change_prints", "forget_prints", "forget_words", "put_prints", "put_words",
    "unbind",
]  # fmt: skip

_BY_HAND = "('split', 'merged')"


def put_prints(db: Database, prints: Sequence[tuple[int, Sequence[int]]], now: datetime) -> None:
    """Make entries findable by their prints; `prints` are pairs of an entry's row and those."""
    seen = rows.time(now)
    db.conn.executemany(
        "insert into printed values (?, ?, ?)",
        [(entry, seen, rows.prints_blob(own)) for entry, own in prints if own],
    )
    pairs = sorted((number, entry) for entry, own in prints for number in own)  # in tree order
    db.conn.executemany("insert or ignore into prints values (?, ?)", pairs)


def change_prints(db: Database, entry: int, prints: Sequence[int]) -> None:
    """The entry reads differently now. One that is too old to be found stays so."""
    found = db.execute("select prints from printed where entry = ?", [entry]).fetchone()
    if found is None or found[0] == (blob := rows.prints_blob(prints)):
        return
    _forget(db, [(entry, found[0])])
    db.conn.executemany(
        "insert or ignore into prints values (?, ?)", [(number, entry) for number in prints]
    )
    db.execute("update printed set prints = ? where entry = ?", [blob, entry])


def put_words(db: Database, entries: Iterable[int]) -> None:
    """Make new entries findable by their words."""
    sql = "insert into words(rowid, folded) select * from entry_words where id = ?"
    db.conn.executemany(sql, [(entry,) for entry in entries])


def forget_words(db: Database, entry: int) -> None:
    """Before an entry changes."""
    db.execute(
        """insert into words(words, rowid, folded)
           select 'delete', id, folded from entry_words where id = ?""",
        [entry],
    )


def forget_prints(db: Database, before: datetime, limit: int) -> int:
    """Entries that came before that are found no longer, but those that were taken down: their
    copies are to stay down too. Gives how many were forgotten."""
    sql = """select entry, prints from printed where seen < ? and entry not in
               (select entries.id from entries join hidden on hidden.story = entries.story)
             order by seen limit ?"""
    old = db.execute(sql, [rows.time(before), limit]).fetchall()
    _forget(db, old)
    db.conn.executemany("delete from printed where entry = ?", [(entry,) for entry, _ in old])
    return len(old)


def _forget(db: Database, printed: Sequence[tuple[int, bytes]]) -> None:
    db.conn.executemany(
        "delete from prints where print = ? and entry = ?",
        [(number, entry) for entry, blob in printed for number in rows.prints_of(blob)],
    )


def unbind(db: Database, lost: Iterable[tuple[int, int]]) -> None:
    """Forget evidence between entries; an operator's word stays."""
    sql = f"delete from bonds where a = ? and b = ? and kind not in {_BY_HAND}"  # noqa: S608 - our own words
    db.conn.executemany(sql, list(lost))


def bind(db: Database, bonds: Sequence[Match], rows_of: Mapping[int, int]) -> None:
    """Keep what binds entries. Evidence never takes the place of an operator's word."""
    db.conn.executemany(
        f"""insert into bonds values (?, ?, ?, ?, ?) on conflict (a, b) do update
            set kind = excluded.kind, score = excluded.score, why = excluded.why
            where excluded.kind in {_BY_HAND} or bonds.kind not in {_BY_HAND}""",  # noqa: S608 - our own words
        [rows.bond_row(bond, rows_of) for bond in bonds],
    )


def _bequeath(db: Database, gone: int, heir: int) -> None:
    """What was learned of a story holds for the one that it turned out to be, unless an operator
    has said otherwise of that."""
    db.execute(
        """insert or ignore into listings (story, scope, arrived, published, why, placed_by)
             select own.story, theirs.scope, own.arrived, own.published, theirs.why,
                    theirs.placed_by
             from listings as theirs join listings as own on own.story = ?1 and own.scope = 'all'
             where theirs.story = ?2 and theirs.scope glob 'topic:*' and theirs.placed_by = ?3
               and not exists (select 1 from said join entries on entries.id = said.entry
                               where entries.story = ?1 and 'topic:' || topic = theirs.scope)""",
        [heir, gone, rows.LEARNED_TEXT],
    )


def absorb(db: Database, gone: str, into: str, touched: set[str]) -> None:
    """One story turned out to be another, whose entries it has already. Its ids are kept, so
    that they go on leading somewhere and are never given again."""
    (row,) = db.execute("select row from stories where id = ?", [gone]).fetchone()
    (heir,) = db.execute("select row from stories where id = ?", [into]).fetchone()
    _bequeath(db, row, heir)
    found = db.execute("select why, at from hidden where story = ?", [row]).fetchone()
    if found:  # what was taken down does not come back as part of something else
        touched |= hide(db, heir, found[0], datetime.fromisoformat(found[1]), of=gone)
    unlist(db, row, touched)
    db.execute("update stories set merged = ? where row = ? or merged = ?", [heir, row, row])
