"""Training examples, models and suggestions."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import (
    ALL,
    ListScope,
    ModelInfo,
    Predictions,
    Suggestion,
    TrainingExample,
    hash_values,
    topic_scope,
)
from aggregator.store.sqlite import mappers, placements
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.queries import (
    listed_numbers,
    query_in,
    query_in_rows,
    scope_values,
)

__all__ = ["SqliteLearning"]

MODELS_KEPT = 3
MAX_EXAMPLES = 10_000
"""Newest published stories among which examples are looked for, whatever their topics."""
MAX_EXAMPLES_PER_TOPIC = 1_000
"""Newest stories of each topic that learns, however long ago."""
_PUBLISHED = "list_kind = 'all' and list_name = '' and visibility = 'published'"
_UNSCORED = f"""listings where {_PUBLISHED} and story_number >
                  (select coalesce(max(scored_up_to), 0) from topic_models
                   where version = (select max(version) from topic_models))"""  # noqa: S608 - constants


class SqliteLearning:
    """A LearningStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def training_examples(self, topics: Sequence[str]) -> list[TrainingExample]:
        sql = """select distinct story_number from topic_overrides
                   join entries on entries.id = topic_overrides.entry_id
                 where topic in ({values})"""
        with self._connection.read() as db:
            numbers = _newest_numbers(db, ALL, MAX_EXAMPLES)
            for topic in topics:
                numbers |= _newest_numbers(db, topic_scope(topic), MAX_EXAMPLES_PER_TOPIC)
            decided = {number for (number,) in query_in(db, sql, topics)}
            return _examples(db, numbers | decided, decided)

    def newest(self, limit: int) -> list[TrainingExample]:
        sql = f"""select story_number from listings where {_PUBLISHED}
                  order by story_number desc limit ?"""  # noqa: S608 - a constant
        with self._connection.read() as db:
            return _examples(db, {number for (number,) in db.execute(sql, [limit])})

    def unscored(self, limit: int) -> list[TrainingExample]:
        sql = f"select story_number from {_UNSCORED} order by story_number limit ?"  # noqa: S608 - a constant
        with self._connection.read() as db:
            return _examples(db, {number for (number,) in db.execute(sql, [limit])})

    def has_unscored(self) -> bool:
        sql = f"select exists (select 1 from {_UNSCORED}) from topic_models"  # noqa: S608 - a constant
        with self._connection.read() as db:
            found = db.execute(sql).fetchone()
        return bool(found and found[0])

    def overrides_hash(self, topics: Sequence[str]) -> str:
        sql = """select topic, entry_id, is_included, decided_at from topic_overrides
                 where topic in ({values}) order by topic, entry_id"""
        with self._connection.read() as db:
            return hash_values(*(value for row in query_in(db, sql, topics) for value in row))

    def model_info(self) -> ModelInfo:
        sql = """select version, trained_at, training_hash, scored_up_to from topic_models
                 order by version desc limit 1"""
        with self._connection.read() as db:
            found = db.execute(sql).fetchone()
        if found is None:
            return ModelInfo()
        version, trained_at, training_hash, scored_up_to = found
        return ModelInfo(
            version=version,
            trained_at=datetime.fromisoformat(trained_at),
            training_hash=training_hash,
            scored_up_to=scored_up_to,
        )

    def model(self, version: int) -> bytes:
        sql = "select model from topic_models where version = ?"
        with self._connection.read() as db:
            (model,) = db.execute(sql, [version]).fetchone()
        stored: bytes = model
        return stored

    def save_model(
        self, model: bytes, training_hash: str, predictions: Predictions, now: datetime
    ) -> None:
        row = {
            "trained_at": mappers.to_text(now),
            "training_hash": training_hash,
            "scored_up_to": predictions.scored_up_to,
            "model": model,
        }
        with self._connection.read() as db:
            placements.stage(db, predictions.placements)
        with self._connection.write() as db:
            db.table("topic_models").insert(row)
            db.execute(
                """delete from topic_models
                   where version <= (select max(version) from topic_models) - ?""",
                [MODELS_KEPT],
            )
            db.execute("delete from topic_suggestions")
            _save_suggestions(db, predictions.suggestions)
            placements.move_staged(db, (), now)

    def save_predictions(self, version: int, predictions: Predictions, now: datetime) -> None:
        sql = "update topic_models set scored_up_to = max(scored_up_to, ?) where version = ?"
        with self._connection.read() as db:
            placements.stage(db, predictions.placements)
        with self._connection.write() as db:
            db.execute(sql, [predictions.scored_up_to, version])
            _save_suggestions(db, predictions.suggestions)
            placements.move_staged(db, (), now)

    def suggestions(self, topic: str, limit: int) -> list[Suggestion]:
        listed = """select 1 from listings
                    where listings.story_number = topic_suggestions.story_number
                      and visibility = 'published'"""
        sql = f"""select story_number, lead_entry_id, probability, topic_suggestions.reason
                  from topic_suggestions join stories on number = story_number
                  where topic = ?1 and exists ({listed} and list_kind = 'all')
                    and not exists ({listed} and list_kind = 'topic' and list_name = ?1)
                    and not exists (select 1 from topic_overrides
                      join entries on entries.id = topic_overrides.entry_id
                      where entries.story_number = topic_suggestions.story_number
                        and topic_overrides.topic = ?1)
                  order by probability desc, story_number desc limit ?2"""  # noqa: S608 - a constant
        with self._connection.read() as db:
            found = db.execute(sql, [topic, limit]).fetchall()
        return [
            Suggestion(
                story_number=number,
                lead_entry_id=lead_entry_id,
                topic=topic,
                probability=probability,
                reason=reason,
            )
            for number, lead_entry_id, probability, reason in found
        ]


def _newest_numbers(db: Database, scope: ListScope, limit: int) -> set[int]:
    sql = """select story_number from listings
             where list_kind = ? and list_name = ? and visibility = ?
             order by listed_at desc limit ?"""
    return {number for (number,) in db.execute(sql, [*scope_values(scope), limit])}


def _save_suggestions(db: Database, suggestions: Sequence[Suggestion]) -> None:
    db.conn.executemany(
        "insert or replace into topic_suggestions values (?, ?, ?, ?)",
        [(each.topic, each.story_number, each.probability, each.reason) for each in suggestions],
    )


def _examples(
    db: Database, numbers: set[int], decided: Set[int] = frozenset()
) -> list[TrainingExample]:
    certain: dict[int, set[str]] = defaultdict(set)
    learned: dict[int, set[str]] = defaultdict(set)
    sql = """select story_number, list_name, placed_by from listings
             where story_number in ({values}) and list_kind = 'topic'
               and visibility = 'published'"""
    for number, topic, placed_by in query_in(db, sql, numbers):
        topics = learned if placed_by == mappers.LEARNED_TEXT else certain
        topics[number].add(topic)
    sql = """select stories.number, lead_entry_id, title, summary from stories
             join entries on entries.id = lead_entry_id
             where stories.number in ({values}) order by stories.number"""
    return [
        TrainingExample(
            story_number=(number := row["number"]),
            lead_entry_id=row["lead_entry_id"],
            title=row["title"],
            summary=row["summary"],
            topics=frozenset(certain[number]),
            is_labelled=bool(certain[number]) or number in decided,
            learned_topics=frozenset(learned[number]),
        )
        for row in query_in_rows(db, sql, listed_numbers(db, numbers, ALL))
    ]
