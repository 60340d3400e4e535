"""`ingest`: the line in, once or again and again."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from aggregator.app import acquire_ingest_lock, log_source, open_runtime
from aggregator.cli.common import INGEST_LOCK_SECONDS, log_to_stderr, open_config, select_sources
from aggregator.config import Config
from aggregator.ingest.pipeline import run, the_time
from aggregator.ingest.workers import Workers, open_workers
from aggregator.model import RunReport, Source, SourceReport
from aggregator.notifier import notify_once
from aggregator.scheduler import run_forever as go_on
from aggregator.store import Store

__all__ = ["ingest"]

log = structlog.get_logger()
Tell = Callable[[SourceReport], None]


@click.command()
@click.option("--all", "everything", is_flag=True, help="Fetch all sources, due or not.")
@click.option("--source", "ids", multiple=True, metavar="ID", help="Fetch only this source.")
@click.option("--json", "as_json", is_flag=True, help="Print the run report as JSON.")
@click.option(
    "--no-push", "is_silent", is_flag=True, help="Leave it to `aggregator publish` to tell hubs."
)
@click.option("--loop", is_flag=True, help="Go on until stopped, fetching what falls due.")
@click.pass_obj
def ingest(
    path: Path,
    everything: bool,
    ids: tuple[str, ...],
    as_json: bool,
    is_silent: bool,
    loop: bool,
) -> None:
    """Fetch the sources that are due and keep what is new.

    A source falls due by its own rhythm, so running this often costs little. A source
    that fails costs only itself; `aggregator sources` says since when and why.

    \b
    The report counts entries, and its books balance:
      received = new + updated + known + rejected
    """
    if loop and (ids or everything or as_json or is_silent):
        raise click.UsageError("--loop goes with no other option")
    log_to_stderr()
    with open_workers(os.cpu_count() or 1) as workers, open_config(path) as (config, store):
        listed = select_sources(config, ids)
        store.sync(config.all_sources, datetime.now(UTC))
        store.rename_topics(config.topics, datetime.now(UTC))
        if loop:
            _until_stopped(_looping(config, store, workers, listed))
            return
        # a retired source is asked only by its name
        asked = [s for s in listed if ids or not store.state(s.id).retired_at]
        is_due = (lambda _: asked) if ids or everything else partial(store.due, listed)
        report = _until_stopped(_once(config, store, workers, is_due))
        if report is not None and not is_silent:
            _until_stopped(notify_once(config, store))
    if report is None:
        raise click.exceptions.Exit(130)
    click.echo(json.dumps(_as_json(report), indent=2) if as_json else _as_text(report))


async def _once(
    config: Config,
    store: Store,
    workers: Workers,
    choose: Callable[[datetime], Sequence[Source]],
) -> RunReport:
    """One run. What is due is asked when its turn has come: the run before may have fetched it."""
    async with open_runtime(config, store, workers) as room:
        with await acquire_ingest_lock(store, INGEST_LOCK_SECONDS):
            now = the_time(store, datetime.now(UTC))
            due = choose(now)
            with _telling(len(due)) as tell:
                report = await run(room.line(now), due, tell)
            room.housekeeping(now)
        return report


async def _looping(
    config: Config, store: Store, workers: Workers, listed: Sequence[Source]
) -> None:
    async with open_runtime(config, store, workers) as room:
        await go_on(room, listed)


def _until_stopped(work: Any) -> Any:
    """Run until done, or until SIGINT or SIGTERM; then give None. Nothing is left half-written:
    a fetch that is under way is dropped, a save that has begun is finished."""

    async def supervised() -> Any:
        task = asyncio.ensure_future(work)
        for signal_ in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            log.info("stopped")
            return None

    return asyncio.run(supervised())


# ---- telling -----------------------------------------------------------------------


@contextmanager
def _telling(count: int) -> Iterator[Tell]:
    """A progress bar on a terminal, else a line of log for each source."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield log_source
        return
    columns = (
        TextColumn("Fetching"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=count)
        yield lambda report: progress.update(bar, advance=1, description=report.source)


def _as_json(report: RunReport) -> dict[str, Any]:
    return {
        "started": report.started.isoformat(),
        "total": asdict(report.total),
        "sources": {
            source.source: {
                **asdict(source.counts),
                "outcome": source.outcome.value,
                "status": source.status,
                "error": source.error or None,
                "note": source.note or None,
                "seconds": round(source.seconds, 3),
            }
            for source in report.sources
        },
    }


def _as_text(report: RunReport) -> str:
    total = report.total
    lines = [
        f"{len(report.sources)} sources: {total.received} entries received, {total.new} new, "
        f"{total.updated} updated, {total.known} known, {total.rejected} rejected."
    ]
    lines += [f"  {failure.source} failed: {failure.error}" for failure in report.failed]
    nothing = "Nothing is due; --all fetches everything but what has retired."
    return "\n".join(lines) if report.sources else nothing
