"""Stories that report the same event, found by rare words that they share."""

from datetime import timedelta

from sqlite_utils import Database

from aggregator.model import Story
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.queries import is_indexed, load_stories
from aggregator.text.tokens import content_words, folded_words

__all__ = ["EVENT_DAYS", "related_stories"]

EVENT_DAYS = 3
"""How long an event is news."""
EVENT_DURATION = timedelta(days=EVENT_DAYS)
MAX_ENTRY_DISTANCE = 10_000
"""Entries stored before, and after, among which related stories are looked for."""
MAX_CANDIDATES = 50
MAX_QUERY_WORDS = 30
"""Words of a title and summary that reports of one event are found by."""
MIN_SIMILARITY = 0.35
"""Fraction of a story's words, weighted by rarity, that reports of one event share."""
_ALL_PUBLISHED = "list_kind = 'all' and list_name = '' and visibility = 'published'"


def related_stories(db: Database, story: Story, limit: int) -> list[Story]:
    """Other published stories that seem to report the same event, most similar first."""
    lead = story.lead
    words = _event_words(lead.title, lead.summary)
    if not lead.entry_id or not words:
        return []
    expression = " OR ".join(f'"{word}"' for word in words)
    sql = f"""select entries.id, story_number, rank from
                (select rowid, rank from entry_search
                 where entry_search match ? and rowid between ? and ?
                 order by rank limit ?)
              join entries on entries.id = rowid
              where entries.id = ? or (published between ? and ? and exists
                (select 1 from listings where listings.story_number = entries.story_number
                 and {_ALL_PUBLISHED}))"""  # noqa: S608 - a constant
    days = (
        mappers.to_text(story.published - EVENT_DURATION),
        mappers.to_text(story.published + EVENT_DURATION),
    )
    nearby = (*_ids_listed_nearby(db, story), MAX_CANDIDATES, lead.entry_id)
    found = list(db.query(sql, [expression, *nearby, *days]))
    own = next((row["rank"] for row in found if row["id"] == lead.entry_id), None)
    found.sort(key=lambda row: row["rank"])
    similar = [row["story_number"] for row in found if own and row["rank"] / own >= MIN_SIMILARITY]
    stories = load_stories(db, similar)
    ordered = [stories[number] for number in dict.fromkeys(similar) if number in stories]
    return [other for other in ordered if other.id != story.id][:limit]


def _event_words(title: str, summary: str) -> list[str]:
    """The words to look for, each once."""
    words = content_words(folded_words(f"{title} {summary}".replace("_", " ")))
    return list(dict.fromkeys(word for word in words if is_indexed(word)))[:MAX_QUERY_WORDS]


def _ids_listed_nearby(db: Database, story: Story) -> tuple[int, int]:
    """Smallest and largest id of an entry that came while the event was news."""
    times = [
        mappers.to_text(time)
        for time in (
            story.listed_at - EVENT_DURATION,
            story.listed_at,
            story.listed_at + EVENT_DURATION,
        )
    ]
    listed = f"select story_number from listings where {_ALL_PUBLISHED} and listed_at between"  # noqa: S608 - constants
    sql = f"""select min(story_number), max(story_number) from
                (select * from ({listed} ?1 and ?2 order by listed_at desc limit ?4)
                 union all
                 select * from ({listed} ?2 and ?3 order by listed_at limit ?4))"""  # noqa: S608 - constants
    first, last = db.execute(sql, [*times, MAX_ENTRY_DISTANCE]).fetchone()
    sql = "select min(id), max(id) from entries where story_number in (?, ?)"
    low, high = db.execute(sql, [first, last]).fetchone()
    own = story.lead.entry_id
    return (
        max(min(low or own, own), own - MAX_ENTRY_DISTANCE),
        min(max(high or own, own), own + MAX_ENTRY_DISTANCE),
    )
