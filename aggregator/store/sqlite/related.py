"""Stories that report the same event, found as they are saved, by rare words that they share.

    save --relate--> story_event_words: recent story -> its words
                     event_words: word -> recent stories that have it, unless it is common
                     related_stories: story -> others, both ways

So a story page needs one lookup, and changes only if one of the stories that it shows does.
"""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from itertools import chain

from sqlite_utils import Database

from aggregator.model import ListScope, Story, story_scope
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.queries import load_stories, query_in
from aggregator.text.event_words import event_words

__all__ = [
    "count_words", "forget_event_words", "forget_related", "forget_stories", "pages_that_show",
    "relate", "relate_stored", "related_stories",
]  # fmt: skip

EVENT_DAYS = timedelta(days=3)
"""How long an event is news."""
RECENT_STORIES = 10_000
"""How many of the last saved stories a new one is compared with."""
COUNTED_STORIES = 2_500
"""How many new stories are saved before the common words are determined again."""
MIN_STORIES = 200
"""Number of stories assumed for rarity if there are fewer."""
COMMON_WORD_STORIES = 60
"""A word that so many recent stories have says nothing about an event."""
MIN_SHARED_WORDS = 3
MIN_SIMILARITY = 0.28
"""Fraction of a story's words, weighted by rarity, that reports of one event share."""
MAX_RELATED = 10
"""Stories that a new one is related to."""
_PUBLISHED = "list_kind = 'all' and list_name = '' and visibility = 'published'"
_TARGET = "coalesce(other.merged_into, other.number)"


def relate(db: Database, stories: Sequence[tuple[int, Story]], touched: set[ListScope]) -> None:
    """Relate stories, given with their numbers, to recent ones by the words of their leads. The
    pages of those are touched."""
    all_words: list[tuple[int, str]] = []
    for number, story in stories:
        lead = story.lead
        words = lead.event_words or event_words(lead.title, lead.summary)
        all_words.append((number, json.dumps(words)))
        candidates, rare = _similar(db, number, words)
        days = [mappers.to_text(story.published + days) for days in (-EVENT_DAYS, EVENT_DAYS)]
        sql = f"""select other.number, target.number, target.id from stories as other
                    join stories as target on target.number = {_TARGET}
                  where other.published between ? and ? and other.number in ({{values}})"""  # noqa: S608 - a constant
        rows: list[tuple[int, int, float]] = []
        found = {n: (target, id_) for n, target, id_ in query_in(db, sql, candidates, *days)}
        for other, similarity in candidates.items():
            target, id_ = found.get(other, (number, ""))
            if target != number and len(rows) < 2 * MAX_RELATED:
                rows += [(number, other, similarity), (other, number, similarity)]
                touched.add(story_scope(id_))
        db.conn.executemany("insert or replace into related_stories values (?, ?, ?)", rows)
        db.conn.executemany(
            "insert or ignore into event_words values (?, ?)", [(word, number) for word in rare]
        )
    db.conn.executemany("insert or replace into story_event_words values (?, ?)", all_words)


def _similar(
    db: Database, number: int, words: Sequence[int]
) -> tuple[dict[int, float], Sequence[int]]:
    """Recent stories that share enough of these words, most similar first; and those of the words
    that are not common."""
    sql = """select value, json_group_array(story_number) filter (where story_number is not null)
             from json_each(?)
               left join event_words on word = value and story_number > ?
             where value not in (select word from common_event_words) group by value"""
    found = db.execute(sql, [json.dumps(words), number - RECENT_STORIES])
    holders: dict[int, list[int]] = {word: json.loads(others) for word, others in found}
    shared = Counter(chain.from_iterable(holders.values()))
    shared.pop(number, None)
    count = max(min(number, RECENT_STORIES), MIN_STORIES)
    rarity = {word: math.log(1 + count / (1 + len(some))) for word, some in holders.items()}
    common_rarity = math.log(1 + count / (1 + COMMON_WORD_STORIES))
    all_rarity = sum(rarity.values()) + common_rarity * (len(words) - len(holders))
    similar: dict[int, float] = {}
    for other, many in shared.items():
        if many >= MIN_SHARED_WORDS:
            similarity = sum(rarity[w] for w, some in holders.items() if other in some) / all_rarity
            if similarity >= MIN_SIMILARITY:
                similar[other] = similarity
    common = [(word,) for word, others in holders.items() if len(others) >= COMMON_WORD_STORIES]
    db.conn.executemany("insert into common_event_words values (?)", common)
    return dict(sorted(similar.items(), key=lambda item: (-item[1], -item[0]))), list(holders)


def count_words(db: Database, numbers: Sequence[int]) -> None:
    """Called after new stories with these numbers were added. After each `COUNTED_STORIES`, forget
    the words of older ones, and determine again which words are common."""
    if not numbers or max(numbers) // COUNTED_STORIES == (min(numbers) - 1) // COUNTED_STORIES:
        return
    sql = "delete from story_event_words where story_number <= ?"
    db.execute(sql, [max(numbers) - RECENT_STORIES])
    db.execute("delete from common_event_words")
    db.execute("delete from event_words")
    db.execute(
        """insert into common_event_words
             select value from story_event_words, json_each(words)
             group by value having count(distinct story_number) >= ?""",
        [COMMON_WORD_STORIES],
    )
    db.execute(
        """insert or ignore into event_words
             select value, story_number from story_event_words, json_each(words)
             where value not in (select word from common_event_words) order by value"""
    )


def relate_stored(db: Database) -> None:
    """Relate the recent stories of a database that did not relate them as they were saved."""
    sql = "select number from stories where merged_into is null order by number desc limit ?"
    with db.atomic():
        numbers = sorted(number for (number,) in db.execute(sql, [RECENT_STORIES]))
        for start in range(0, len(numbers), COUNTED_STORIES):
            some = numbers[start : start + COUNTED_STORIES]
            stories = load_stories(db, some, with_content=False)
            relate(db, sorted(stories.items()), set())
            count_words(db, some)


def pages_that_show(db: Database, number: int) -> set[ListScope]:
    """The pages of the stories that a story is related to."""
    sql = f"""select target.id from related_stories
                join stories as other on other.number = other_number
                join stories as target on target.number = {_TARGET}
              where story_number in
                (select number from stories where number = ?1 or merged_into = ?1)"""  # noqa: S608 - a constant
    return {story_scope(id_) for (id_,) in db.execute(sql, [number])}


def related_stories(db: Database, id_: str, limit: int) -> list[Story]:
    """Other published stories that seem to report the same event, most similar first."""
    sql = f"""select {_TARGET} as target from stories as own
                join related_stories on story_number in
                  (select number from stories where number = own.number
                   union all select number from stories where merged_into = own.number)
                join stories as other on other.number = other_number
              where own.id = ? and target != own.number and exists
                (select 1 from listings where listings.story_number = target and {_PUBLISHED})
              group by target order by max(similarity) desc, target desc limit ?"""  # noqa: S608 - constants
    numbers = [number for (number,) in db.execute(sql, [id_, limit])]
    stories = load_stories(db, numbers, with_content=False)
    return [stories[number] for number in numbers if number in stories]


def forget_event_words(db: Database, numbers: Collection[int]) -> None:
    """Forget the words by which stories are found, before their leads change."""
    sql = """select value, story_number from story_event_words, json_each(words)
             where story_number in ({values})"""
    found = list(query_in(db, sql, numbers))
    db.conn.executemany("delete from event_words where word = ? and story_number = ?", found)
    db.conn.executemany(
        "delete from story_event_words where story_number = ?", [(number,) for number in numbers]
    )


def forget_stories(db: Database, numbers: Collection[int]) -> None:
    """Forget stories that are no longer published."""
    forget_event_words(db, numbers)
    forget_related(db, numbers)


def forget_related(db: Database, numbers: Iterable[int]) -> None:
    """Forget what these stories are related to."""
    pairs = [(number,) for number in numbers]
    sql = """delete from related_stories where story_number = ?2 and other_number = ?1"""
    for (number,) in pairs:
        others = db.execute(
            "select other_number from related_stories where story_number = ?", [number]
        ).fetchall()
        db.conn.executemany(sql, [(number, other) for (other,) in others])
    db.conn.executemany("delete from related_stories where story_number = ?", pairs)
