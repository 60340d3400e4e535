"""Rules, sources and categories that used to place stories and no longer do."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from aggregator.config import Config
from aggregator.ingest.categorize.monitoring import (
    active_reasons,
    dates_by_reason,
    find_silence,
)
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.model import PlacementReason, ReasonKind, SilentRule
from aggregator.store.base import Store

__all__ = [
    "EVERYTHING", "PlacementDates", "describe_silence", "find_silent_rules", "placement_dates",
]  # fmt: skip

EVERYTHING = "everything"
"""The reason of a topic that is silent as a whole."""

SILENCE_LOOKBACK = timedelta(days=730)
"""Silence is not reported if it has lasted longer than this."""
PlacementDates: TypeAlias = Mapping[tuple[str, PlacementReason | None], Sequence[datetime]]
"""Topic and reason -> dates of the stories that it placed; None is for all reasons."""


def placement_dates(store: Store, now: datetime) -> PlacementDates:
    """When each reason has placed stories. It reads every placement of two years."""
    return dates_by_reason(store.topics.placement_dates(_now(store, now) - SILENCE_LOOKBACK))


def find_silent_rules(
    config: Config, store: Store, dates: PlacementDates, now: datetime
) -> list[SilentRule]:
    """What has fallen silent, by topic in the order of feeds.toml."""
    now = _now(store, now)
    return [*_silent_reasons(config, dates, now), *_silent_sources(config, store, now)]


def describe_silence(rule: SilentRule) -> str:
    """A sentence without the topic."""
    before, since = f"{rule.per_week:.1f} stories a week", f"{rule.since:%Y-%m-%d}"
    if rule.reason == EVERYTHING:
        return f"it used to get {before}, but has had none since {since}."
    return f"{rule.reason} used to place {before}, but none since {since}."


def _now(store: Store, now: datetime) -> datetime:
    """The time of the last fetch: if nothing was fetched, silence says nothing about rules."""
    return min(now, store.maintenance.last_fetch() or now)


def _silent_reasons(config: Config, dates: PlacementDates, now: datetime) -> Iterator[SilentRule]:
    reasons: list[tuple[str, PlacementReason | None]] = [(t.id, None) for t in config.topics]
    reasons += active_reasons(TopicRules(config.topics), config.sources)
    for topic, reason in reasons:
        if silence := find_silence(dates.get((topic, reason), ()), now):
            name = str(reason or EVERYTHING)
            yield SilentRule(
                topic=topic,
                reason=name,
                source=_source_of(reason),
                per_week=silence.per_week,
                since=silence.since,
            )


def _source_of(reason: PlacementReason | None) -> str:
    """The source of which a reason is."""
    if reason is None:
        return ""
    return reason.value if reason.kind is ReasonKind.SOURCE else reason.source


def _silent_sources(config: Config, store: Store, now: datetime) -> Iterator[SilentRule]:
    dates: dict[str, list[datetime]] = defaultdict(list)
    for source, listed_at in store.topics.source_dates(now - SILENCE_LOOKBACK):
        dates[source].append(listed_at)
    for listed in config.sources:
        if silence := find_silence(dates[listed.id], now):
            yield SilentRule(
                topic="",
                reason=f"source {listed.id}",
                source=listed.id,
                per_week=silence.per_week,
                since=silence.since,
            )
