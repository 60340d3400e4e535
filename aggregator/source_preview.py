"""A new source before it is added: its entries, what topics make of them, and who else has them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.app import ingest_context
from aggregator.config import Config
from aggregator.ingest.context import Job
from aggregator.ingest.discovery import FoundFeed
from aggregator.ingest.dry_run import dry_run
from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.workers import Workers
from aggregator.model import Entry, Failed, FetchState, Source
from aggregator.store.base import Store

__all__ = ["SourcePreview", "preview_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePreview:
    """What the pipeline makes of the feed of a new source.

    `topics` counts stories by topic; `duplicates` counts, by source id, stories that a listed
    outlet has too, and `led_by_others` those in which that outlet leads, since it wrote them.
    `note` says what is wrong with the feed, though it can be read.
    """

    entries: Sequence[Entry]
    rejected: Sequence[str]
    topics: Counter[str]
    reasons: dict[str, str]
    """A topic -> why one of the stories is in it."""
    duplicates: Counter[str]
    led_by_others: Counter[str]
    note: str


async def preview_source(
    config: Config,
    store: Store,
    fetcher: Fetcher,
    workers: Workers,
    source: Source,
    found: FoundFeed,
    now: datetime,
) -> SourcePreview | Failed:
    """Process a feed as that of a source which `config` lists, and save nothing."""
    context = ingest_context(config, store, fetcher, workers, now)
    job = Job(source, FetchState(), found.document)
    result = await dry_run(context, job)
    if isinstance(result, Failed):
        return result
    preview = SourcePreview(
        entries=sorted(result.step.changes.new, key=lambda entry: entry.published, reverse=True),
        rejected=[f"{each.title}: {each.reason}" for each in result.step.changes.rejected],
        topics=Counter(),
        reasons={},
        duplicates=Counter(),
        led_by_others=Counter(),
        note=result.meta.problem,
    )
    new = {entry.entry_id for entry in preview.entries}
    for change in result.step.batch.new:
        own = [entry for entry in change.story.entries if entry.entry_id in new]
        if not own:
            continue
        for placement in change.placements:
            preview.topics[placement.topic] += 1
            preview.reasons.setdefault(placement.topic, placement.reason)
        others = {entry.source for entry in change.story.entries} - {source.id}
        preview.duplicates.update(others)
        if change.story.lead.source in others:
            preview.led_by_others[change.story.lead.source] += 1
    return preview
