"""What is coming in: entries a day, stories by topic, and how soon they are published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aggregator.config import Config
from aggregator.model import ALL, Pulse, topic_scope
from aggregator.store.base import Store

__all__ = ["DAYS_SHOWN", "NewsroomPulse", "newsroom_pulse"]

DAYS_SHOWN = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsroomPulse:
    """Figures of the last 24 hours, and numbers a day of the last four weeks, oldest first, in UTC:
    of new entries in all and by source, and of stories by topic."""

    today: Pulse
    stories: Sequence[int]
    entries: Sequence[int]
    entries_by_source: Mapping[str, Sequence[int]]
    stories_by_topic: Mapping[str, Sequence[int]]


def newsroom_pulse(config: Config, store: Store, now: datetime) -> NewsroomPulse:
    """The pulse of the newsroom at a time."""
    first = now.date() - timedelta(days=DAYS_SHOWN - 1)
    since = now - timedelta(days=DAYS_SHOWN - 1)
    since = since.replace(hour=0, minute=0, second=0, microsecond=0)
    scopes = [ALL, *(topic_scope(topic.id) for topic in config.topics)]
    stories = store.statistics.stories(scopes, since)
    entries = store.statistics.new_entries(first)
    entries_by_source = {source: _by_day(counts, first) for source, counts in entries.items()}
    return NewsroomPulse(
        today=store.statistics.pulse(now - timedelta(days=1), now + timedelta(seconds=1)),
        stories=_by_day(stories[ALL], first),
        entries=[sum(day) for day in zip(*entries_by_source.values(), strict=True)]
        or [0] * DAYS_SHOWN,
        entries_by_source=entries_by_source,
        stories_by_topic={
            topic.id: _by_day(stories[topic_scope(topic.id)], first) for topic in config.topics
        },
    )


def _by_day(counts: Mapping[date, int], first: date) -> list[int]:
    return [counts.get(first + timedelta(days=n), 0) for n in range(DAYS_SHOWN)]
