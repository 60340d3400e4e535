"""Sources as they are on the web right now: what each answers, and what an operator could do."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.fetch.response import FetchResult
from aggregator.ingest.pipeline import private_parts_of
from aggregator.ingest.workers import Workers
from aggregator.model import (
    Backoff,
    Failed,
    FeedMeta,
    Fetched,
    Source,
    Unchanged,
    Validators,
)
from aggregator.overview.source_states import shown_url
from aggregator.text.secrets import without_private_parts

__all__ = ["SourceProbe", "probe_sources"]

OLD_ENTRIES = timedelta(days=60)
CERTIFICATE_WARNING = timedelta(days=14)
SLOW_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProbe:
    """What a source answers: `seconds` is the time to the whole response, `redirected_to` is the
    target of a permanent redirect, `error` and `advice` are sentences or empty."""

    source: str
    status: int = 0
    format: str = ""
    entries: int = 0
    newest: datetime | None = None
    oldest: datetime | None = None
    redirected_to: str = ""
    certificate_expires_at: datetime | None = None
    seconds: float = 0.0
    bytes: int = 0
    error: str = ""
    advice: tuple[str, ...] = ()


async def probe_sources(
    fetcher: Fetcher,
    workers: Workers,
    sources: Sequence[Source],
    now: datetime,
    on_done: Callable[[SourceProbe], None] = lambda _: None,
) -> list[SourceProbe]:
    """Fetch every source once, under the rules of fetching, and save nothing."""

    async def one(source: Source) -> SourceProbe:
        began = perf_counter()
        async with fetcher.fetch(source, Validators(), source.feed, now) as result:
            seconds = perf_counter() - began
            probe = _without_private_address(
                await _probe(workers, source, result, seconds, now), source
            )
        on_done(probe)
        return probe

    return list(await asyncio.gather(*map(one, sources)))


def _without_private_address(probe: SourceProbe, source: Source) -> SourceProbe:
    """The probe without the private address of its feed, which a server may repeat."""
    private = private_parts_of(source)
    advice = tuple(without_private_parts(sentence, private) for sentence in probe.advice)
    return replace(probe, error=without_private_parts(probe.error, private), advice=advice)


async def _probe(
    workers: Workers, source: Source, result: FetchResult, seconds: float, now: datetime
) -> SourceProbe:
    match result:
        case Failed():
            return SourceProbe(
                source=source.id, status=result.status, seconds=seconds, error=result.error
            )
        case Backoff():
            error = f"{result.domain} has asked not to be fetched until {result.until:%H:%M} UTC."
            return SourceProbe(source=source.id, seconds=seconds, error=error)
    assert not isinstance(result, Unchanged), "there were no validators"
    parsed = await workers.read(result)
    if isinstance(parsed, Failed):
        error = parsed.error
        if parsed.announced and not source.private_feed:
            error += f" It announces {parsed.announced[0].url}."
        return SourceProbe(
            source=source.id, status=result.status, seconds=seconds, bytes=len(result.body),
            error=error,
        )  # fmt: skip
    meta = parsed.feed_meta
    return SourceProbe(
        source=source.id,
        status=result.status,
        format=meta.format,
        entries=len(parsed.keyed),
        newest=meta.newest,
        oldest=meta.oldest,
        redirected_to=shown_url(result.redirected_to, source),
        certificate_expires_at=result.certificate_expires_at,
        seconds=seconds,
        bytes=len(result.body),
        advice=tuple(_advice(source, result, meta, len(parsed.keyed), seconds, now)),
    )


def _advice(
    source: Source, result: Fetched, meta: FeedMeta, entries: int, seconds: float, now: datetime
) -> Iterator[str]:
    if result.redirected_to and not source.private_feed:
        yield (
            f"It has moved permanently; run `aggregator set {source.id} feed "
            f"{result.redirected_to}`."
        )
    if meta.problem:
        yield meta.problem
    if not entries:
        yield "It has no entries; ask the outlet, or look for another feed of its site."
    elif meta.newest is None:
        yield "Its entries have no dates, so each gets the time at which it is first seen."
    elif now - meta.newest > OLD_ENTRIES:
        yield f"Its newest entry is from {meta.newest:%Y-%m-%d}; the outlet may have another feed."
    ends = result.certificate_expires_at
    if ends and ends - now < CERTIFICATE_WARNING:
        yield f"The certificate of its server expires on {ends:%Y-%m-%d}; tell the outlet."
    if seconds > SLOW_SECONDS:
        yield f"It took {seconds:.0f} seconds."
