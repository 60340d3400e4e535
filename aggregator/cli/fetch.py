"""`fetch`: one source now, and what each step makes of it."""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from aggregator.app import ingest_context, ingest_once
from aggregator.cli.common import log_to_stderr, open_config, select_sources
from aggregator.cli.completion import complete_source
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, format_time, print_json, zone_note
from aggregator.config import Config
from aggregator.errors import CommandError
from aggregator.fetching import open_polite_fetcher
from aggregator.ingest.context import IngestContext, Job
from aggregator.ingest.dry_run import DryRun, dry_run, raw_and_clean
from aggregator.ingest.pipeline import private_parts_of
from aggregator.ingest.schedule import feed_url_to_fetch
from aggregator.ingest.workers import open_workers
from aggregator.model import (
    Backoff,
    Entry,
    Failed,
    Fetched,
    ParsedEntry,
    Rejected,
    Source,
    Unchanged,
    Validators,
)
from aggregator.overview.source_states import shown_url
from aggregator.store import Store
from aggregator.text.html import truncate
from aggregator.text.secrets import without_private_parts

__all__ = ["fetch"]

MAX_SHOWN = 10
MAX_TITLE_CHARS = 70


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_source)
@click.option("--explain", is_flag=True, help="Show what each step makes of it, and save nothing.")
@json_option
@click.pass_obj
def fetch(path: Path, id_: str, explain: bool, as_json: bool) -> None:
    """Fetch one source now, or explain each step without saving.

    With --explain, it is fetched as if for the first time and goes through every step - fetch,
    parse, match, clean, dedupe, categorize - and each says what it made of it; nothing is saved.
    With --explain --json, it prints the first entries as the outlet gave them and as they are
    published; with --json alone, the counts.
    """
    log_to_stderr()
    with open_config(path) as (config, store):
        (source,) = select_sources(config, [id_])
        if explain:
            asyncio.run(_explain(config, store, source, as_json=as_json))
            return
        report = ingest_once(config, store, [id_])
    (only,) = report.sources
    if as_json and not only.error:
        print_json({"source": id_, "counts": only.counts, "note": only.note})
        return
    if only.error:
        raise CommandError(f"{id_} failed: {only.error}")
    counts = only.counts
    click.echo(
        f"{id_}: {count_noun(counts.received, 'entry', 'entries')} received, {counts.new:,} new, "
        f"{counts.updated:,} updated, {counts.known:,} known, {counts.rejected:,} rejected."
        + (f"\n{only.note}" if only.note else "")
    )


async def _explain(config: Config, store: Store, source: Source, *, as_json: bool) -> None:
    now = datetime.now(UTC)
    state = store.sources.fetch_state(source.id)
    url = feed_url_to_fetch(source, state, now)
    with open_workers(1) as workers:
        async with open_polite_fetcher(config, store, os.environ, now) as fetcher:
            began = perf_counter()
            async with fetcher.fetch(source, Validators(), url, now) as result:
                seconds = perf_counter() - began
                if not as_json:
                    _show_fetch(source, url, result, seconds)
                if not isinstance(result, Fetched):
                    if as_json:
                        raise CommandError(f"{source.id} was not fetched: {_why_not(result)}.")
                    return
                context = ingest_context(config, store, fetcher, workers, now)
                job = Job(source, state, result)
                if as_json:
                    await _print_entries(context, job, seconds)
                    return
                run = await dry_run(context, job)
    if isinstance(run, Failed):
        click.echo(f"parse       failed: {_public(run.error, source)}")
        return
    _show_steps(run)


def _show_fetch(
    source: Source, url: str, result: Fetched | Unchanged | Failed | Backoff, seconds: float
) -> None:
    click.echo(f"fetch       {shown_url(url, source)}")
    match result:
        case Failed():
            _detail(f"failed: {_why_not(result)}")
        case Backoff():
            _detail(f"not fetched: {_why_not(result)}")
        case Fetched():
            _detail(
                f"{result.status}, {len(result.body):,} bytes of "
                f"{_public(result.content_type, source) or 'no content type'} in {seconds:.1f} s"
            )
            if result.redirected_to:
                _detail(f"moved permanently to {shown_url(result.redirected_to, source)}")
            validators = [
                name
                for name, value in (
                    ("ETag", result.validators.etag),
                    ("Last-Modified", result.validators.last_modified),
                )
                if value
            ]
            _detail(
                f"validators: {' and '.join(validators) or 'none, so it is sent whole each time'}"
            )


def _why_not(result: Unchanged | Failed | Backoff) -> str:
    match result:
        case Failed():
            return result.error.rstrip(".")
        case Backoff():
            return f"{result.domain} asks for a pause until {result.until:%H:%M} UTC"
        case _:
            return "its server says that nothing has changed"


async def _print_entries(context: IngestContext, job: Job, seconds: float) -> None:
    """The first entries as they were given and as they are published, as JSON."""
    pairs = await raw_and_clean(context, job, MAX_SHOWN)
    if isinstance(pairs, Failed):
        error = _public(pairs.error, job.source)
        raise CommandError(f"{job.source.id} cannot be read: {error}")
    private = private_parts_of(job.source)
    print_json(
        {
            "source": job.source.id,
            "status": job.document.status,
            "bytes": len(job.document.body),
            "content_type": _public(job.document.content_type, job.source),
            "seconds": round(seconds, 3),
            "entries": [
                {"given": _given(raw, private), "published": _published(entry)}
                for raw, entry in pairs
            ],
        }
    )


def _public(text: str, source: Source) -> str:
    """What a server has said, without the private address of its feed."""
    return without_private_parts(text, private_parts_of(source))


def _given(entry: ParsedEntry, private: Sequence[str]) -> dict[str, Any]:
    """An entry as the outlet gave it, but for the private address of its feed."""
    given = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title and entry.title.value,
        "summary": entry.summary and entry.summary.value,
        "author": entry.author,
        "date": str(entry.published or entry.updated or ""),
        "tags": ", ".join(entry.tags),
        "content": entry.content and entry.content.value,
    }
    return {name: without_private_parts(text or "", private) for name, text in given.items()}


def _published(entry: Entry | Rejected) -> dict[str, Any]:
    if isinstance(entry, Rejected):
        return {"rejected": entry.reason}
    return {
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "author": entry.author,
        "date": entry.published,
        "tags": ", ".join(entry.tags),
        "language": entry.language,
        "content": entry.content,
    }


def _show_steps(run: DryRun) -> None:
    meta, step = run.meta, run.step
    counts = step.changes.counts
    span = f", {format_time(meta.oldest)} to {format_time(meta.newest)}" if meta.newest else ""
    name = f" ({meta.title})" if meta.title else ""
    click.echo(f"parse       {meta.format or 'a feed'}{name}: {counts.received:,} entries{span}")
    if meta.problem:
        _detail(meta.problem)
    known = counts.received - len(step.match.new)
    click.echo(f"match       {len(step.match.new):,} new, {known:,} known")
    _detail(f"{len(step.match.changed):,} of the known ones differ from what is stored")
    click.echo(f"clean       {len(step.changes.new):,} good, {counts.rejected:,} rejected")
    for rejected in step.changes.rejected[:MAX_SHOWN]:
        _detail(f"rejected {_title(rejected.title)}: {rejected.reason}")
    for entry in step.changes.new[:MAX_SHOWN]:
        _detail(_describe(entry))
    _show_stories(run)
    click.echo(
        f"save        would be {counts.new:,} new, {counts.updated:,} updated, {counts.known:,} "
        f"known, {counts.rejected:,} rejected"
        + ("; held, because so many came at once" if step.is_held else "")
    )
    _detail("nothing was saved")
    click.echo(zone_note())


def _show_stories(run: DryRun) -> None:
    step = run.step
    new = {entry.entry_id for entry in step.changes.new}
    shared = [c for c in step.batch.new if len({e.source for e in c.story.entries}) > 1]
    click.echo(
        f"dedupe      {len(step.batch.new):,} stories, {len(shared):,} with other outlets' articles"
    )
    for change in shared[:MAX_SHOWN]:
        own = next((e for e in change.story.entries if e.entry_id in new), change.story.lead)
        others = sorted({e.source for e in change.story.entries} - {own.source})
        _detail(
            f"{_title(own.title)}: also at {', '.join(others)}; {change.story.lead.source} leads"
        )
        for match in step.batch.matches:
            if own.entry_id in (match.entry_a, match.entry_b):
                _detail(f"  {match.kind}: {match.reason}")
    placed = [(c, p) for c in step.batch.new for p in c.placements]
    topics = Counter(placement.topic for _, placement in placed)
    summary = ", ".join(f"{topic} {number}" for topic, number in topics.most_common())
    click.echo(f"categorize  {summary or 'none is in a topic'}")
    for change, placement in placed[:MAX_SHOWN]:
        _detail(f"{placement.topic}: {_title(change.story.lead.title)} ({placement.reason})")


def _describe(entry: Entry) -> str:
    text = f"{len(entry.content):,} characters of text" if entry.content else "no text"
    picture = ", a picture" if entry.image else ""
    dated = format_time(entry.published) if entry.is_dated else "no date"
    return f"{_title(entry.title)}: {dated}, {entry.language or 'no language'}, {text}{picture}"


def _title(title: str) -> str:
    return repr(truncate(title, MAX_TITLE_CHARS))


def _detail(text: str) -> None:
    click.echo(f"{'':12}{text}")
