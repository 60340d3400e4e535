"""The state of each source in a word, since when, and what there is to say about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from aggregator.config import Config
from aggregator.ingest.schedule import is_redirect_confirmed, quiet_since
from aggregator.model import Outcome, Source, SourceHealth
from aggregator.store.base import Store
from aggregator.text.canonical import canonical_url
from aggregator.text.secrets import has_secret, host_only

__all__ = [
    "SourceState", "StateName", "same_feed_as", "shown_url", "source_health", "source_states",
]  # fmt: skip

StateName: TypeAlias = Literal[
    "failed", "retired", "held", "quiet", "waiting", "ok", "paused", "never fetched"
]
_URGENCY: Sequence[StateName] = (
    "failed", "retired", "held", "quiet", "waiting", "never fetched", "ok", "paused",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A source, its state and since when; `remarks` are sentences about it."""

    source: Source
    health: SourceHealth
    name: StateName
    since: datetime | None
    remarks: tuple[str, ...]

    @property
    def urgency(self) -> tuple[int, str]:
        """A key for sorting: what is broken comes first."""
        return _URGENCY.index(self.name), self.source.id


def source_health(config: Config, store: Store) -> dict[str, SourceHealth]:
    """The health of every source of feeds.toml, by id."""
    health = {source.id: SourceHealth(source=source.id) for source in config.all_sources}
    return health | {each.source: each for each in store.sources.health() if each.source in health}


def source_states(
    config: Config, health: Mapping[str, SourceHealth], now: datetime
) -> list[SourceState]:
    """The states of all sources of feeds.toml, what is broken first."""
    enabled = {source.id for source in config.sources}
    states = []
    for source in config.all_sources:
        each = health[source.id]
        name, since = ("paused", None) if source.id not in enabled else _state(each, now)
        remarks = tuple(_remarks(each, source, config.sources, now))
        states.append(
            SourceState(source=source, health=each, name=name, since=since, remarks=remarks)
        )
    return sorted(states, key=lambda state: state.urgency)


def _state(health: SourceHealth, now: datetime) -> tuple[StateName, datetime | None]:
    if health.retired_at:
        return "retired", health.retired_at
    if health.failing_since:
        return "failed", health.failing_since
    if health.held_stories:
        return "held", None
    if health.outcome is Outcome.WAITING:
        return "waiting", None
    if health.outcome is Outcome.NEVER:
        return "never fetched", None
    if since := quiet_since(health.recent_dates, now):
        return "quiet", since
    return "ok", None


def _remarks(
    health: SourceHealth, source: Source, enabled: Sequence[Source], now: datetime
) -> list[str]:
    remarks = [health.error] if health.error else []
    if health.note:
        remarks.append(f"{health.note} (since {_time(health.noted_since)})")
    if health.held_stories:
        is_one = health.held_stories == 1
        them = "it" if is_one else "them"
        why = f"until you approve {them}" if source.approve else "because too many came at once"
        remarks.append(
            f"{health.held_stories:,} {'story is' if is_one else 'stories are'} held, {why}; "
            f"`aggregator held {health.source}` shows them."
        )
    redirect = health.redirect
    if redirect.url:
        is_confirmed = is_redirect_confirmed(redirect, now)
        state = "which is fetched now" if is_confirmed else "which is not confirmed yet"
        target, times = shown_url(redirect.url, source), "time" if redirect.hits == 1 else "times"
        remarks.append(
            f"Its server says that the feed has moved to {target}, {state} (seen {redirect.hits:,} "
            f"{times} since {_time(redirect.since)}); see `aggregator moved`."
        )
    remarks += [
        f"It redirects to the feed of {id_}; remove one of the two sources."
        for id_ in same_feed_as(health, enabled)
    ]
    return remarks


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def same_feed_as(health: SourceHealth, sources: Sequence[Source]) -> list[str]:
    """The ids of the sources to whose feed another one has moved."""
    if not health.redirect.url:
        return []
    target = canonical_url(health.redirect.url)
    return [
        source.id
        for source in sources
        if source.id != health.source and canonical_url(source.feed) == target
    ]


def shown_url(url: str, source: Source | None = None) -> str:
    """The URL of a feed as operators see it: of a private one, its host only."""
    is_private = has_secret(url) or (source is not None and bool(source.private_feed))
    return host_only(url) if url and is_private else url
