"""What is coming in: entries a day, stories by topic, how many outlets share them, and how soon
they are published.

Days are in UTC, and lists of days are of the last four weeks, oldest first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from aggregator.config import Config
from aggregator.model import ALL, Pulse, topic_scope
from aggregator.store.base import Store

__all__ = [
    "DAYS_SHOWN", "NewsroomPulse", "entries_by_source", "newsroom_pulse", "stories_by_topic",
    "update_pulses",
]  # fmt: skip

DAYS_SHOWN = 28
UPDATE_SPACING = timedelta(hours=1)
UNFINISHED_DAYS = 3
"""The newest days, whose figures still change: outlets republish a story days later."""
LIVE_DAYS = 2
"""Days whose figures are counted for each view."""
NO_STORIES = Pulse(stories=0, shared=0, without_topic=0, median_delay=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsroomPulse:
    """Figures of the last 24 hours, and by day: of new entries, of stories, and of stories by
    topic. `days` has the other figures of each day; those of former days are an hour old at most.
    """

    today: Pulse
    stories: Sequence[int]
    entries: Sequence[int]
    stories_by_topic: Mapping[str, Sequence[int]]
    days: Sequence[Pulse]

    @property
    def shared_by_day(self) -> list[float]:
        """The share of each day's stories that several outlets published, from 0 to 1."""
        return [day.shared / day.stories if day.stories else 0.0 for day in self.days]

    @property
    def shared(self) -> float:
        """The share of all stories of these days that several outlets published, from 0 to 1."""
        stories = sum(day.stories for day in self.days)
        return sum(day.shared for day in self.days) / stories if stories else 0.0

    @property
    def delay_by_day(self) -> list[float]:
        """The median time from an outlet's publication to ours, in seconds; 0 if there is none."""
        return [day.median_delay or 0.0 for day in self.days]

    @property
    def delay(self) -> float | None:
        """The median of these days; None if no story had a time."""
        delays = [day.median_delay for day in self.days if day.median_delay is not None]
        return median(delays) if delays else None


def newsroom_pulse(config: Config, store: Store, now: datetime) -> NewsroomPulse:
    """The pulse of the newsroom at a time."""
    stories = store.statistics.stories([ALL], _start(_first(now)))[ALL]
    kept = store.statistics.pulses(_first(now))
    newest = {day: _pulse_of(store, day) for day in _days(now)[-LIVE_DAYS:]}
    return NewsroomPulse(
        today=store.statistics.pulse(now - timedelta(days=1), now + timedelta(seconds=1)),
        stories=_by_day(stories, now),
        entries=_by_day(store.statistics.new_entries(_first(now)), now),
        stories_by_topic=stories_by_topic(config, store, now),
        days=[newest.get(day) or kept.get(day, NO_STORIES) for day in _days(now)],
    )


def stories_by_topic(config: Config, store: Store, now: datetime) -> dict[str, list[int]]:
    """Stories of each topic by day, by its id."""
    scopes = {topic.id: topic_scope(topic.id) for topic in config.topics}
    found = store.statistics.stories(list(scopes.values()), _start(_first(now)))
    return {id_: _by_day(found[scope], now) for id_, scope in scopes.items()}


def entries_by_source(store: Store, now: datetime) -> dict[str, list[int]]:
    """New entries of each source by day, by its id; sources without any are left out."""
    found = store.statistics.new_entries_by_source(_first(now))
    return {source: _by_day(counts, now) for source, counts in found.items()}


def update_pulses(store: Store, now: datetime) -> None:
    """Update the figures of the newest days, and of days that have none, once an hour. It
    blocks for as long as that takes, which is seconds in a large archive the first time."""
    last = store.alerts.last_done("pulses")
    if last is not None and last <= now < last + UPDATE_SPACING:
        return
    if store.maintenance.incidents():  # while the clock is wrong, so are days
        return
    kept, days = store.statistics.pulses(_first(now)), _days(now)
    for day in (*(day for day in days[:-UNFINISHED_DAYS] if day not in kept),
                *days[-UNFINISHED_DAYS:]):  # fmt: skip
        store.statistics.save_pulse(day, _pulse_of(store, day))
    store.alerts.record_done("pulses", now)


def _pulse_of(store: Store, day: date) -> Pulse:
    return store.statistics.pulse(_start(day), _start(day + timedelta(days=1)))


def _first(now: datetime) -> date:
    return _days(now)[0]


def _days(now: datetime) -> list[date]:
    today = now.astimezone(UTC).date()
    return [today - timedelta(days=n) for n in reversed(range(DAYS_SHOWN))]


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _by_day(counts: Mapping[date, int], now: datetime) -> list[int]:
    return [counts.get(day, 0) for day in _days(now)]
