"""`ingest`: the line in, once or again and again."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import click
import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from aggregator import __version__
from aggregator.cli.shared import chosen, configured, log_to_stderr
from aggregator.config import Config
from aggregator.errors import StoreBusy
from aggregator.ingest.fetch import Limits, open_fetcher
from aggregator.ingest.pipeline import Line, run
from aggregator.ingest.workers import Workers, open_workers
from aggregator.model import RunReport, Source, SourceReport
from aggregator.store import Store

__all__ = ["ingest"]

PATIENCE = 60.0
"""Seconds that a single run waits for another one on the same database."""
LONGEST_NAP = 30.0
"""Seconds that the loop sleeps before it looks again what is due."""

log = structlog.get_logger()
Tell = Callable[[SourceReport], None]


@click.command()
@click.option("--all", "everything", is_flag=True, help="Fetch all sources, due or not.")
@click.option("--source", "ids", multiple=True, metavar="ID", help="Fetch only this source.")
@click.option("--json", "as_json", is_flag=True, help="Print the run report as JSON.")
@click.option("--loop", is_flag=True, help="Go on until stopped, fetching what falls due.")
@click.pass_obj
def ingest(path: Path, everything: bool, ids: tuple[str, ...], as_json: bool, loop: bool) -> None:
    """Fetch the sources that are due and keep what is new.

    A source falls due by its own rhythm, so running this often costs little. A source
    that fails costs only itself; `aggregator sources` says since when and why.

    \b
    The report counts entries, and its books balance:
      received = new + updated + known + rejected
    """
    if loop and (ids or everything or as_json):
        raise click.UsageError("--loop goes with no other option")
    log_to_stderr()
    with open_workers(os.cpu_count() or 1) as workers, configured(path) as (config, store):
        listed = chosen(config, ids)
        store.sync(config.all_sources, datetime.now(UTC))
        if loop:
            _until_stopped(_loop(config, store, workers, listed))
            return
        is_due = (lambda _: listed) if ids or everything else partial(store.due, listed)
        report = _until_stopped(_once(config, store, workers, is_due, _telling, PATIENCE))
    if report is None:
        raise click.exceptions.Exit(130)
    click.echo(json.dumps(_as_json(report), indent=2) if as_json else _as_text(report))


async def _once(
    config: Config,
    store: Store,
    workers: Workers,
    choose: Callable[[datetime], Sequence[Source]],
    telling: Callable[[int], AbstractContextManager[Tell]],
    patience: float,
) -> RunReport:
    """One run. What is due is asked when its turn has come: the run before may have fetched it."""
    async with open_fetcher(_limits(config), os.environ) as fetcher:
        with await _turn(store, patience):
            now = datetime.now(UTC)
            due = choose(now)
            line = Line(
                sources={source.id: source for source in config.all_sources},
                topics=config.topics,
                store=store,
                fetcher=fetcher,
                workers=workers,
                now=now,
                authority=urlsplit(config.site.url).hostname or "localhost",
            )
            with telling(len(due)) as tell:
                return await run(line, due, tell)


async def _turn(store: Store, patience: float) -> ExitStack:
    """Wait until no other ingest is at work; raises StoreBusy after `patience` seconds."""
    deadline = monotonic() + patience
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(store.ingesting())
            except StoreBusy:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
            else:
                return held.pop_all()


async def _loop(config: Config, store: Store, workers: Workers, listed: Sequence[Source]) -> None:
    log.info("started", sources=len(listed), database=str(config.database))
    is_due = partial(store.due, listed)
    while True:
        if is_due(datetime.now(UTC)):
            report = await _once(config, store, workers, is_due, _logging, inf)
            log.info(
                "run",
                sources=len(report.sources),
                failed=len(report.failed),
                **asdict(report.total),
            )
        upcoming = store.next_due(listed)
        wait = (upcoming - datetime.now(UTC)).total_seconds() if upcoming else LONGEST_NAP
        await asyncio.sleep(max(0.2, min(wait, LONGEST_NAP)))


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


def _limits(config: Config) -> Limits:
    contact = config.site.contact or config.site.url
    return Limits(
        user_agent=f"aggregator/{__version__} (+{config.site.url}; {contact})",
        concurrency=config.fetch.concurrency,
        per_host=config.fetch.per_host,
        timeout=config.fetch.timeout_seconds,
        max_bytes=config.fetch.max_bytes,
        max_redirects=config.fetch.max_redirects,
        allow_private=tuple(ip_network(network) for network in config.fetch.allow_private),
    )


# ---- telling -----------------------------------------------------------------------


@contextmanager
def _telling(count: int) -> Iterator[Tell]:
    """A progress bar on a terminal, else a line of log for each source."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _log_source
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


def _logging(_: int) -> AbstractContextManager[Tell]:
    return nullcontext(_log_source)


def _log_source(report: SourceReport) -> None:
    level = log.warning if report.error else log.info
    about = {"error": report.error} if report.error else asdict(report.books)
    note = {"note": report.note} if report.note else {}
    level(
        "fetched",
        source=report.source,
        status=report.status,
        outcome=report.outcome.value,
        ms=round(report.seconds * 1000),
        **about,
        **note,
    )


def _as_json(report: RunReport) -> dict[str, Any]:
    return {
        "started": report.started.isoformat(),
        "total": asdict(report.total),
        "sources": {
            source.source: {
                **asdict(source.books),
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
    return "\n".join(lines) if report.sources else "Nothing is due; --all fetches everything."
