"""What topics have yielded, share and lack: for operators."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import ALL, topic_scope
from aggregator.query import EntryView
from aggregator.store import rows
from aggregator.store.reading import glimpses, many

__all__ = ["SampledStory", "categories", "newest", "outlets", "shared", "topics"]


def topics(db: Database, since: datetime) -> Iterator[tuple[int, str, Sequence[str], datetime]]:
    """Each story in a topic that arrived since then, by its row: topic, by what, when."""
    sql = """select story, scope, placed_by, arrived from listings
             where scope glob 'topic:*' and arrived > ?"""
    for story, scope, by, arrived in db.execute(sql, [rows.time(since)]):
        yield story, scope.removeprefix("topic:"), rows.by_of(by), datetime.fromisoformat(arrived)


def outlets(db: Database, since: datetime) -> Iterator[tuple[str, datetime]]:
    """Each story that some topic has and that arrived since then: whose it is, when."""
    sql = """select scope, arrived from listings as l
             where scope glob 'source:*' and arrived > ?
               and exists (select 1 from listings as t
                           where t.story = l.story and t.scope glob 'topic:*')"""
    for scope, arrived in db.execute(sql, [rows.time(since)]):
        yield scope.removeprefix("source:"), datetime.fromisoformat(arrived)


def shared(db: Database) -> list[tuple[str, str, int]]:
    """Pairs of topics and how many stories both have, most first."""
    sql = """select substr(a.scope, 7), substr(b.scope, 7), count(*) as number
             from listings as a join listings as b on a.story = b.story and a.scope < b.scope
             where a.scope glob 'topic:*' and b.scope glob 'topic:*'
             group by 1, 2 order by number desc"""
    return db.execute(sql).fetchall()


@dataclass(frozen=True, slots=True)
class SampledStory:
    """A published story as rules see it; `lead` is one of its tellings."""

    lead: EntryView
    entries: Sequence[EntryView]
    has_topic: bool


def newest(
    db: Database, limit: int, topics: Sequence[str], *, with_content: bool
) -> Iterator[SampledStory]:
    """The newest published stories, and whether each has one of these topics."""
    sql = "select story from listings where scope = ? order by arrived desc limit ?"
    wanted = [story for (story,) in db.execute(sql, [ALL, limit])]
    leads = dict(many(db, "select row, lead from stories where row in ({many})", wanted))
    sql = "select story, scope from listings where story in ({many}) and scope glob 'topic:*'"
    scopes = {topic_scope(topic) for topic in topics}
    filed = {story for story, scope in many(db, sql, wanted) if scope in scopes}
    for told in glimpses(db, wanted, with_content=with_content):
        story = told[0].story_number
        lead = next((one for one in told if one.entry_id == leads.get(story)), told[0])
        yield SampledStory(lead, told, story in filed)


def categories(db: Database, source: str, limit: int) -> list[tuple[str, int]]:
    """The categories that an outlet gave its newest articles, the most frequent first."""
    sql = """select value, count(*) as number
             from (select tags from entries where source = ? order by published desc limit ?),
                  json_each(tags)
             group by value order by number desc, value"""
    return db.execute(sql, [source, limit]).fetchall()
