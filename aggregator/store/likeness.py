"""What could be the same article, what is bound to it, and what reports the same event."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import TypeVar

from sqlite_utils import Database

from aggregator.model import ALL, Match, Story, StoryNeighbourhood
from aggregator.store import rows
from aggregator.store.reading import many, many_rows, stories
from aggregator.text.tokens import content_words, folded_words, is_indexed

__all__ = ["kin", "newest_bonds", "outlets", "related", "sharing", "standing", "told_in"]

_Key = TypeVar("_Key", int, str)

MOST_KIN = 500
"""Entries that are looked at together; a story has seldom more than five."""
MOST_STANDING = 40
"""Entries at one address."""
MOST_NEAR = 10_000
"""Entries that came before, and after, among which related stories are looked for at most."""
MOST_ALIKE = 50
MOST_WORDS = 30
"""Of a headline and its teaser, by which reports of one event are found."""
EVENT = timedelta(days=3)
"""How long an event is news."""
LIKE = 0.35
"""Part of a story's words, by their rarity, that reports of one event share."""


def standing(db: Database, addresses: Collection[str]) -> dict[str, list[int]]:
    """The rows of the entries at these canonical addresses, by address; of many the last."""
    sql = f"""select value, entries.id from json_each(?) join entries on entries.id in
                (select id from entries where address = value and address != ''
                 order by id desc limit {MOST_STANDING})"""  # noqa: S608 - our own number
    return _grouped(db.execute(sql, [json.dumps(sorted(addresses))]))


def sharing(db: Database, prints: Collection[int]) -> dict[int, list[int]]:
    """The rows of the entries that have these prints, by print."""
    return _grouped(many(db, "select print, entry from prints where print in ({many})", prints))


def _grouped(pairs: Iterable[tuple[_Key, int]]) -> dict[_Key, list[int]]:
    grouped: dict[_Key, list[int]] = {}
    for key, row in pairs:
        grouped.setdefault(key, []).append(row)
    return grouped


def outlets(db: Database, entries: Collection[int]) -> dict[int, str]:
    """The id of the source of each entry row."""
    return dict(many(db, "select id, source from entries where id in ({many})", entries))


def kin(db: Database, entries: Collection[int]) -> StoryNeighbourhood:
    """The stories of these entry rows, and all that bonds connect with them, whole."""
    members: dict[int, int] = {}
    bonds: dict[tuple[int, int], Match] = {}
    near = set(entries)
    most = MOST_KIN + len(near)
    while near and len(members) < most:
        sql = """select id, story from entries
                 where story in (select story from entries where id in ({many}))"""
        whole = dict(many(db, sql, near))
        members |= whole
        for end in ("a", "b"):
            sql = f"select * from bonds where {end} in ({{many}})"  # noqa: S608 - our own words
            for row in many_rows(db, sql, whole):
                bonds[row["a"], row["b"]] = rows.bond_of(row)
        near = {row for pair in bonds for row in pair} - set(members)
    told = stories(db, members.values())
    sql = """select story, scope from listings
             where scope in ('all', 'held all', 'held hidden all') and story in ({many})"""
    listed = dict(many(db, sql, told))
    return StoryNeighbourhood(
        stories=tuple(told[row] for row in sorted(told)),
        matches=tuple(bonds.values()),
        merged_stories=_former(db, told),
        published_ids=frozenset(told[row].id for row, scope in listed.items() if scope == ALL),
        unlisted_ids=frozenset(story.id for row, story in told.items() if row not in listed),
    )


def _former(db: Database, told: Mapping[int, Story]) -> tuple[Story, ...]:
    """The stories that turned out to be one of these."""
    by_row = {entry.entry_id: entry for story in told.values() for entry in story.entries}
    found = many_rows(db, "select * from stories where merged in ({many})", told)
    return tuple(rows.former_of(r, by_row[r["lead"]]) for r in found if r["lead"] in by_row)


def newest_bonds(db: Database, limit: int) -> list[Match]:
    """What binds the entries that came last, but for those that were told apart."""
    sql = "select * from bonds where kind != 'split' order by b desc limit ?"
    return [rows.bond_of(row) for row in db.query(sql, [limit])]


def told_in(db: Database, entries: Collection[int]) -> dict[int, Story]:
    """The story of each entry row."""
    told = dict(many(db, "select id, story from entries where id in ({many})", entries))
    whole = stories(db, told.values())
    return {entry: whole[story] for entry, story in told.items() if story in whole}


def related(db: Database, story: Story, limit: int) -> list[Story]:
    """Other stories that seem to report the same event, the likest first."""
    lead = story.lead
    words = _event_words(lead.title, lead.summary)
    if lead.entry_id <= 0 or not words:
        return []
    match = " OR ".join(f'"{word}"' for word in words)
    sql = """select entries.id, story, rank from
                (select rowid, rank from words where words match ? and rowid between ? and ?
                 order by rank limit ?)
              join entries on entries.id = rowid
              where entries.id = ? or (published between ? and ? and exists
                (select 1 from listings where listings.story = entries.story
                 and scope = 'all'))"""
    days = (rows.time(story.published - EVENT), rows.time(story.published + EVENT))
    near = (*_arrived_near(db, story), MOST_ALIKE, lead.entry_id)
    found = list(db.query(sql, [match, *near, *days]))
    own = next((row["rank"] for row in found if row["id"] == lead.entry_id), None)
    found.sort(key=lambda row: row["rank"])
    alike = [row["story"] for row in found if own and row["rank"] / own >= LIKE]
    told = stories(db, alike)
    ordered = [told[row] for row in dict.fromkeys(alike) if row in told]
    return [other for other in ordered if other.id != story.id][:limit]


def _event_words(title: str, summary: str) -> list[str]:
    """The words to look for, each once."""
    words = content_words(folded_words(f"{title} {summary}".replace("_", " ")))
    return list(dict.fromkeys(word for word in words if is_indexed(word)))[:MOST_WORDS]


def _arrived_near(db: Database, story: Story) -> tuple[int, int]:
    """The first and the last row of an entry that came while the event was news."""
    times = [
        rows.time(time)
        for time in (story.listed_at - EVENT, story.listed_at, story.listed_at + EVENT)
    ]
    listed = "select story from listings where scope = 'all' and arrived between"
    sql = f"""select min(story), max(story) from
                (select * from ({listed} ?1 and ?2 order by arrived desc limit ?4)
                 union all
                 select * from ({listed} ?2 and ?3 order by arrived limit ?4))"""  # noqa: S608 - our own words
    first, last = db.execute(sql, [*times, MOST_NEAR]).fetchone()
    sql = "select min(id), max(id) from entries where story in (?, ?)"
    low, high = db.execute(sql, [first, last]).fetchone()
    row = story.lead.entry_id
    return max(min(low or row, row), row - MOST_NEAR), min(max(high or row, row), row + MOST_NEAR)
