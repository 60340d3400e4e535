"""Placements of stored stories in topics: reading them, and moving stories between topics."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from sqlite_utils import Database

from aggregator.model import (
    ALL,
    RECATEGORIZED,
    ListScope,
    Node,
    Placement,
    PlacementChange,
    StoryPlacements,
    TopicOverride,
    Visibility,
    topic_scope,
)
from aggregator.query import terms
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.listings import increment_revisions
from aggregator.store.sqlite.queries import (
    MAX_VALUES,
    entry_views,
    listed_numbers,
    query_in,
    query_in_rows,
)
from aggregator.store.sqlite.search import stories_that_may_match

__all__ = ["candidates", "move_staged", "placements_of", "stage"]


def candidates(
    db: Database,
    topics: Sequence[str],
    clauses: Sequence[Node],
    sources: Collection[str],
    newest: int | None,
) -> Iterator[StoryPlacements]:
    """Stories that are in these topics or may belong there, oldest first; of many, the newest."""
    with_content = any("content" in term.fields for root in clauses for term in terms(root))
    numbers = _candidate_numbers(db, topics, clauses, sources)
    numbers = numbers if newest is None else numbers[-newest:]
    for start in range(0, len(numbers), MAX_VALUES):
        some = numbers[start : start + MAX_VALUES]
        yield from placements_of(db, topics, some, with_content=with_content)


def _candidate_numbers(
    db: Database, topics: Sequence[str], clauses: Sequence[Node], sources: Collection[str]
) -> list[int]:
    matching = stories_that_may_match(db, clauses)
    if matching is None:
        return listed_numbers(db, None, ALL, ALL.held)
    queries = (
        ("select distinct story_number from entries where source_id in ({values})", sources),
        (
            """select story_number from topic_overrides
               join entries on entries.id = topic_overrides.entry_id where topic in ({values})""",
            topics,
        ),
        (
            """select story_number from listings
               where list_kind = 'topic' and list_name in ({values})""",
            topics,
        ),
    )
    for sql, values in queries:
        matching |= {number for (number,) in query_in(db, sql, values)}
    return listed_numbers(db, matching, ALL, ALL.held)


def placements_of(
    db: Database, topics: Sequence[str], numbers: Sequence[int], *, with_content: bool = True
) -> Iterator[StoryPlacements]:
    """These stories as categorisation sees them, and their placements in these topics."""
    placements: dict[int, list[Placement]] = defaultdict(list)
    held: set[int] = set()
    sql = """select story_number, list_kind, list_name, visibility, reason, placed_by
             from listings where story_number in ({values})"""
    for number, kind, name, visibility, reason, placed_by in query_in(db, sql, numbers):
        if visibility != Visibility.PUBLISHED:
            held.add(number)
        if kind == "topic" and name in topics and visibility != Visibility.TAKEN_DOWN:
            reasons = mappers.placed_by_from_text(placed_by)
            placement = Placement(topic=name, reason=reason, placed_by=reasons)
            placements[number].append(placement)
    overrides = _overrides(db, topics, numbers)
    for entries in entry_views(db, numbers, with_content=with_content):
        number = entries[0].story_number
        yield StoryPlacements(
            number, entries, placements[number], overrides.get(number, ()), number in held
        )


def _overrides(
    db: Database, topics: Sequence[str], numbers: Sequence[int]
) -> dict[int, list[TopicOverride]]:
    sql = """select topic_overrides.*, story_number from entries
               join topic_overrides on topic_overrides.entry_id = entries.id
             where story_number in ({values}) order by story_number"""
    rows = query_in_rows(db, sql, numbers)
    by_story = groupby(rows, key=lambda row: row["story_number"])
    return {
        number: [mappers.override_of(row) for row in own if row["topic"] in topics]
        for number, own in by_story
    }


def stage(db: Database, changes: Iterable[PlacementChange]) -> None:
    """Write changes into a temporary table, since there may be a million: nothing is locked
    meanwhile."""
    db.execute(
        """create temp table if not exists staged_changes (
             story_number integer, topic text, reason text, placed_by text, listed_at text
           )"""
    )
    db.execute("delete from staged_changes")
    db.conn.executemany(
        "insert into staged_changes values (?, ?, ?, ?, ?)",
        (
            (
                change.story_number,
                change.topic,
                change.placement.reason if change.placement else None,
                mappers.placed_by_to_text(change.placement.placed_by) if change.placement else "",
                mappers.to_text_or_none(change.listed_at),
            )
            for change in changes
        ),
    )


def move_staged(db: Database, overrides: Sequence[TopicOverride], now: datetime) -> None:
    """Move the staged stories into topics and out of them; nothing moves in other lists. Save the
    operator's decisions with it."""
    for override in overrides:
        _save_override(db, override)
    scopes = _scopes_of_staged(db)
    is_relevant = "select exists (select 1 from staged_changes where placed_by != ?)"
    if overrides or db.execute(is_relevant, [mappers.LEARNED_TEXT]).fetchone()[0]:
        scopes.add(RECATEGORIZED)  # there are other examples to learn from now
    db.execute(
        """delete from listings where list_kind = 'topic' and visibility != 'taken_down'
             and (story_number, list_name) in
               (select story_number, topic from staged_changes where reason is null)"""
    )
    # A story has the same date in every list. A model's placements are decided outside the
    # pipeline: what operators or rules have done meanwhile stays.
    db.execute(
        """insert into listings (story_number, list_kind, list_name, visibility, listed_at,
                                 published, reason, placed_by)
             select story_number, 'topic', topic, visibility,
                    coalesce(staged.listed_at, listings.listed_at), published,
                    staged.reason, staged.placed_by
             from staged_changes as staged join listings using (story_number)
             where list_kind = 'all' and visibility in ('published', 'held')
               and staged.reason is not null
               and not (staged.placed_by = ?1 and exists
                 (select 1 from topic_overrides
                  join entries on entries.id = topic_overrides.entry_id
                  where entries.story_number = staged.story_number
                    and topic_overrides.topic = staged.topic))
           on conflict (story_number, list_kind, list_name)
           do update set reason = excluded.reason, placed_by = excluded.placed_by
           where excluded.placed_by != ?1""",
        [mappers.LEARNED_TEXT],
    )
    db.execute("delete from staged_changes")
    increment_revisions(db, scopes, now)


def _save_override(db: Database, override: TopicOverride) -> None:
    if override.is_included is None:
        sql = "delete from topic_overrides where entry_id = ? and topic = ?"
        db.execute(sql, [override.entry_id, override.topic])
    else:
        decided_at = mappers.to_text(override.decided_at)
        row = [override.entry_id, override.topic, override.is_included, decided_at]
        db.execute("insert or replace into topic_overrides values (?, ?, ?, ?)", row)


def _scopes_of_staged(db: Database) -> set[ListScope]:
    """Everything whose content the staged changes may change."""
    staged = "story_number in (select story_number from staged_changes)"
    sql = f"""select list_kind, list_name, 0 from listings
                where {staged} and visibility = 'published'
              union select list_kind, list_name, page from listings
                where {staged} and page is not null
              union select list_kind, list_name, -older_page from listings
                where {staged} and older_page is not null
              union select 'story', id, 0 from stories
                where number in (select story_number from staged_changes)"""  # noqa: S608 - a constant
    scopes = {mappers.scope_of(kind, name, page) for kind, name, page in db.execute(sql)}
    topics = db.execute("select distinct topic from staged_changes")
    return scopes | {topic_scope(topic) for (topic,) in topics}
