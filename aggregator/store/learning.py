"""What topics learn from, what they have learned, and what that suggests."""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import ALL, ModelInfo, Suggestion, TrainingExample, hash_values, topic_scope
from aggregator.store import rows
from aggregator.store.reading import listed, many, many_rows
from aggregator.store.rows import LEARNED_TEXT

__all__ = [
    "is_news", "judged", "keep", "learned", "model", "newest", "suggest", "suggestions", "taught",
    "unjudged", "words_said",
]  # fmt: skip

MODELS_KEPT = 3
NEWEST = 10_000
"""Published stories among which examples are looked for, whatever their topics."""
OF_TOPIC = 1_000
"""Of each topic that learns, however long ago."""


def taught(db: Database, topics: Sequence[str]) -> list[TrainingExample]:
    """The stories that topics learn from, the oldest first: the newest of all, the newest of each
    of these topics, and all of which an operator has said something about them."""
    newest = "select story from listings where scope = ? order by arrived desc limit ?"
    wanted = {story for (story,) in db.execute(newest, [ALL, NEWEST])}
    for topic in topics:
        wanted |= {story for (story,) in db.execute(newest, [topic_scope(topic), OF_TOPIC])}
    said = """select distinct story from said join entries on entries.id = said.entry
              where topic in ({many})"""
    spoken_of = {story for (story,) in many(db, said, topics)}
    return _taught(db, wanted | spoken_of, spoken_of)


def newest(db: Database, limit: int) -> list[TrainingExample]:
    """The newest published stories, the oldest first."""
    sql = "select story from listings where scope = ? order by story desc limit ?"
    return _taught(db, {story for (story,) in db.execute(sql, [ALL, limit])})


def unjudged(db: Database, limit: int) -> list[TrainingExample]:
    """The oldest published stories that the newest model has not judged."""
    sql = f"select story from {_UNJUDGED} order by story limit ?"  # noqa: S608 - our own words
    return _taught(db, {story for (story,) in db.execute(sql, [limit])})


_UNJUDGED = """listings where scope = 'all' and story >
                 (select coalesce(max(judged), 0) from models
                  where version = (select max(version) from models))"""


def is_news(db: Database) -> bool:
    """True if stories have come that the newest model has not judged."""
    sql = f"select exists (select 1 from {_UNJUDGED}) from models"  # noqa: S608 - our own words
    found = db.execute(sql).fetchone()
    return bool(found and found[0])


def _taught(
    db: Database, stories: set[int], spoken_of: Set[int] = frozenset()
) -> list[TrainingExample]:
    certain: dict[int, set[str]] = defaultdict(set)
    learned: dict[int, set[str]] = defaultdict(set)
    sql = """select story, scope, placed_by from listings
             where story in ({many}) and scope glob 'topic:*'"""
    for story, scope, by in many(db, sql, stories):
        found = learned if by == LEARNED_TEXT else certain
        found[story].add(scope.removeprefix("topic:"))
    texts = """select row, lead, title, summary from stories join entries on entries.id = lead
               where row in ({many}) order by row"""
    return [
        TrainingExample(
            story_number=row["row"],
            lead_entry_id=row["lead"],
            title=row["title"],
            summary=row["summary"],
            topics=frozenset(certain[row["row"]]),
            is_labelled=bool(certain[row["row"]]) or row["row"] in spoken_of,
            learned_topics=frozenset(learned[row["row"]]),
        )
        for row in many_rows(db, texts, listed(db, stories, ALL))
    ]


def words_said(db: Database, topics: Sequence[str]) -> str:
    """A digest of all that operators have said of these topics."""
    sql = "select topic, entry, is_in, at from said where topic in ({many}) order by topic, entry"
    return hash_values(*(value for word in many(db, sql, topics) for value in word))


def learned(db: Database) -> ModelInfo:
    """What the newest model is of; version 0 if there is none."""
    sql = "select version, made, of, judged from models order by version desc limit 1"
    found = next(db.query(sql), None)
    return rows.learned_of(found) if found else ModelInfo()


def model(db: Database, version: int) -> bytes:
    """The model of a version that is kept."""
    (found,) = db.execute("select model from models where version = ?", [version]).fetchone()
    kept: bytes = found
    return kept


def keep(db: Database, model: bytes, of: str, up_to: int, now: datetime) -> None:
    """A new version, which has judged all up to a row. What older ones suggested is gone."""
    db.table("models").insert({"made": rows.time(now), "of": of, "judged": up_to, "model": model})
    db.execute(
        "delete from models where version <= (select max(version) from models) - ?", [MODELS_KEPT]
    )
    db.execute("delete from suggestions")


def judged(db: Database, version: int, up_to: int) -> None:
    """A version has judged all stories up to a row."""
    db.execute("update models set judged = max(judged, ?) where version = ?", [up_to, version])


def suggest(db: Database, found: Iterable[Suggestion]) -> None:
    """Keep what the newest version suggests."""
    db.conn.executemany(
        "insert or replace into suggestions values (?, ?, ?, ?)",
        [(one.topic, one.story_number, one.probability, one.reason) for one in found],
    )


def suggestions(db: Database, topic: str, limit: int) -> list[Suggestion]:
    """What looks most like a topic's stories and does not stand in it, nor was taken out."""
    sql = """select topic, story, lead, probability, suggestions.why
             from suggestions join stories on row = story where topic = ?1
               and exists (select 1 from listings as l
                           where l.story = suggestions.story and scope = 'all')
               and not exists (select 1 from listings as l
                               where l.story = suggestions.story and scope = ?2)
               and not exists (select 1 from said join entries on entries.id = said.entry
                               where entries.story = suggestions.story and said.topic = ?1)
             order by probability desc, story desc limit ?3"""
    return [
        Suggestion(
            story_number=row["story"],
            lead_entry_id=row["lead"],
            topic=row["topic"],
            probability=row["probability"],
            reason=row["why"],
        )
        for row in db.query(sql, [topic, topic_scope(topic), limit])
    ]
