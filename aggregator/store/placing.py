"""Stored stories in topics: where they stand, and what moves them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlite_utils import Database

from aggregator.model import ALL, REFILED, Placement, PlacementChange, TopicOverride, held_scope
from aggregator.query import EntryView, Node, terms
from aggregator.store import rows
from aggregator.store.listing import HELD, bump, topic_lists
from aggregator.store.reading import MANY, glimpses, listed, many, many_rows
from aggregator.store.search import may_match

__all__ = ["StoryPlacements", "put_aside", "refile", "said", "standing_of", "standings"]


@dataclass(frozen=True, slots=True)
class StoryPlacements:
    """A stored story as filing sees it, and where it stands of the topics that were asked for."""

    story_number: int
    entries: Sequence[EntryView]
    placements: Sequence[Placement]
    overrides: Sequence[TopicOverride]
    is_held: bool


def standings(
    db: Database, topics: Sequence[str], clauses: Sequence[Node], sources: Collection[str]
) -> Iterator[StoryPlacements]:
    """The stories that stand in these topics or may belong there: one of the clauses may match
    them, one of these outlets tells them, or an operator has said so. The oldest come first."""
    needs_content = any("content" in term.fields for root in clauses for term in terms(root))
    wanted = _candidates(db, topics, clauses, sources)
    for start in range(0, len(wanted), MANY):
        some = wanted[start : start + MANY]
        yield from _standing(db, topics, some, needs_content)


def standing_of(db: Database, topics: Sequence[str], entry: int) -> StoryPlacements | None:
    """The story of an entry row."""
    found = db.execute("select story from entries where id = ?", [entry]).fetchall()
    return next(_standing(db, topics, [story for (story,) in found], True), None)


def _candidates(
    db: Database, topics: Sequence[str], clauses: Sequence[Node], sources: Collection[str]
) -> list[int]:
    matching = may_match(db, clauses)
    if matching is None:
        return listed(db, None, ALL, held_scope(ALL))
    told = many(db, "select distinct story from entries where source in ({many})", sources)
    heard = many(
        db,
        """select story from said join entries on entries.id = said.entry
           where topic in ({many})""",
        topics,
    )
    scopes = [scope for topic in topics for scope in topic_lists(topic)]
    now = many(db, "select story from listings where scope in ({many})", scopes)
    wanted = matching.union(*([story for (story,) in some] for some in (told, heard, now)))
    return listed(db, wanted, ALL, held_scope(ALL))


def _standing(
    db: Database, topics: Sequence[str], stories: Sequence[int], with_content: bool
) -> Iterator[StoryPlacements]:
    placed: dict[int, list[Placement]] = defaultdict(list)
    held: set[int] = set()
    scopes = {scope: topic for topic in topics for scope in topic_lists(topic)}
    sql = "select story, scope, why, placed_by from listings where story in ({many})"
    for story, scope, why, by in many(db, sql, stories):
        if scope in scopes:
            placement = Placement(topic=scopes[scope], reason=why, placed_by=rows.by_of(by))
            placed[story].append(placement)
        if scope.startswith(HELD):
            held.add(story)
    words = _said(db, topics, stories)
    for told in glimpses(db, stories, with_content=with_content):
        story = told[0].story_number
        yield StoryPlacements(story, told, placed[story], words.get(story, ()), story in held)


def _said(
    db: Database, topics: Sequence[str], stories: Sequence[int]
) -> dict[int, list[TopicOverride]]:
    sql = """select said.*, story from entries join said on said.entry = entries.id
             where story in ({many}) order by story"""
    found = groupby(many_rows(db, sql, stories), key=lambda row: row["story"])
    return {
        story: [rows.said_of(row) for row in own if row["topic"] in topics] for story, own in found
    }


def said(db: Database, entries: Collection[int]) -> list[TopicOverride]:
    """What operators have said of the topics of these entry rows."""
    found = many_rows(db, "select * from said where entry in ({many})", entries)
    return [rows.said_of(row) for row in found]


def put_aside(db: Database, refilings: Iterable[PlacementChange]) -> None:
    """Keep what is to be refiled in a table of this connection's own, for there may be a million:
    meanwhile nothing is locked."""
    db.execute(
        """create temp table if not exists refiled (
             story integer, topic text, held text, why text, placed_by text, arrived text
           )"""
    )
    db.execute("delete from refiled")
    db.conn.executemany("insert into refiled values (?, ?, ?, ?, ?, ?)", map(_row, refilings))


def _row(refiling: PlacementChange) -> tuple[int, str, str, str | None, str, str | None]:
    placement = refiling.placement
    return (
        refiling.story_number,
        *topic_lists(refiling.topic),
        placement.reason if placement else None,
        rows.by_text(placement.placed_by) if placement else "",
        rows.time(refiling.listed_at) if refiling.listed_at else None,
    )


def refile(db: Database, said: Sequence[TopicOverride], now: datetime) -> None:
    """Bring the stories that were put aside into topics and out of them; in all other lists
    nothing moves. Keep what an operator `said` with it."""
    for word in said:
        if word.is_included is None:
            sql = "delete from said where entry = ? and topic = ?"
            db.execute(sql, [word.entry_id, word.topic])
        else:
            row = [word.entry_id, word.topic, word.is_included, rows.time(word.decided_at)]
            db.execute("insert or replace into said values (?, ?, ?, ?)", row)
    touched = """select distinct scope from listings where story in (select story from refiled)
                 and scope not glob 'held *' union select distinct topic from refiled
                 union select distinct scope || ' #' || page from listings
                 where story in (select story from refiled) and page is not null
                 union select 'story #' || id from stories
                 where row in (select story from refiled)"""
    scopes = [scope for (scope,) in db.execute(touched)]
    others = "select exists (select 1 from refiled where placed_by != ?)"
    if said or db.execute(others, [rows.LEARNED_TEXT]).fetchone()[0]:
        scopes.append(REFILED)  # what is learned from is another now
    for column in ("topic", "held"):
        db.execute(
            f"""delete from listings where (story, scope) in
                  (select story, {column} from refiled where why is null)"""  # noqa: S608 - our own words
        )
    # In every list a story stands by the same time of arrival. What was learned is decided beside
    # all others: what they have said or filed meanwhile stays.
    db.execute(
        """insert into listings (story, scope, arrived, published, why, placed_by)
             select story, case scope when 'all' then topic else held end,
                    coalesce(refiled.arrived, listings.arrived), published,
                    refiled.why, refiled.placed_by
             from refiled join listings using (story)
             where scope in ('all', 'held all') and refiled.why is not null
               and not (refiled.placed_by = ?1 and exists
                 (select 1 from said join entries on entries.id = said.entry
                  where entries.story = refiled.story and 'topic:' || said.topic = refiled.topic))
           on conflict (story, scope)
           do update set why = excluded.why, placed_by = excluded.placed_by
           where excluded.placed_by != ?1""",
        [rows.LEARNED_TEXT],
    )
    db.execute("delete from refiled")
    bump(db, scopes, now)
