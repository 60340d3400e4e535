"""`ingest`: fetch and keep what is new, once or in a loop."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import structlog

from aggregator.app import (
    fetch_pictures_once,
    ingest_forever,
    open_runtime,
    run_once,
)
from aggregator.cli.common import (
    INGEST_LOCK_SECONDS,
    log_to_stderr,
    open_config,
    select_sources,
)
from aggregator.cli.completion import complete_source
from aggregator.cli.signals import (
    Stopped,
    hangup_reloads,
    signals_held,
    stop_signals,
    unblock_hangup,
)
from aggregator.cli.tables import count_noun
from aggregator.config import Config
from aggregator.config_watch import ConfigWatch
from aggregator.errors import ClockError, MissingExtra
from aggregator.garbage import tune_gc
from aggregator.ingest.learning import has_learning_libraries, learning_topics
from aggregator.ingest.workers import Workers, open_workers
from aggregator.model import RunReport, Source, SourceReport
from aggregator.processes import lower_priority
from aggregator.scheduler import log_source
from aggregator.startup import sync_config
from aggregator.store import Store

__all__ = ["ingest"]

log = structlog.get_logger()
T = TypeVar("T")
NICENESS = 5
"""Niceness of fetching, so that other processes such as the web server go first; see nice(2)."""


@click.command()
@click.option("--all", "everything", is_flag=True, help="Fetch all sources, due or not.")
@click.option(
    "--source",
    "ids",
    multiple=True,
    metavar="ID",
    shell_complete=complete_source,
    help="Fetch only this source; repeat it for several.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run report as JSON.")
@click.option(
    "--no-push", "is_silent", is_flag=True, help="Do not notify hubs; `aggregator publish` will."
)
@click.option(
    "--trust-clock",
    is_flag=True,
    help="Save what is fetched even if the outlets' servers disagree with the clock.",
)
@click.option("--loop", is_flag=True, help="Keep running, and fetch each source when it is due.")
@click.pass_obj
def ingest(
    path: Path,
    everything: bool,
    ids: tuple[str, ...],
    as_json: bool,
    is_silent: bool,
    trust_clock: bool,
    loop: bool,
) -> None:
    """Fetch the sources that are due and keep what is new.

    Each source has a schedule of its own, so running this often costs little. A source that fails
    does not affect the others; `aggregator sources` shows since when it has failed, and why.

    \b
    The report counts entries, and its counts balance:
      received = new + updated + known + rejected
    """
    if loop and (ids or everything or as_json or is_silent or trust_clock):
        raise click.UsageError("--loop cannot be combined with other options")
    log_to_stderr()
    lower_priority(NICENESS)
    with ExitStack() as stack:
        with signals_held():
            workers = stack.enter_context(open_workers(os.cpu_count() or 1))
        config, store = stack.enter_context(open_config(path))
        now = datetime.now(UTC)
        watch = ConfigWatch(config, store)
        watch.check(now)
        config = watch.config
        sync_config(config, store, now)
        selected = select_sources(config, ids)
        tune_gc()
        if loop:
            with suppress(Stopped):
                _run(_ingest_forever(watch, store, workers), watch.reload)
            return

        def choose(now: datetime) -> Sequence[Source]:
            if not (ids or everything):
                return store.sources.due(selected, now)
            # a retired source is only fetched if it is named
            return [s for s in selected if ids or not store.sources.fetch_state(s.id).retired_at]

        try:
            report = _run(_ingest_once(config, store, workers, choose, trust_clock=trust_clock))
        except ClockError:
            from aggregator.notifiers import send_alerts_once

            _run(send_alerts_once(config, store))
            raise
        from aggregator.notifiers import notify_subscribers, send_alerts_once

        if not is_silent:
            _run(notify_subscribers(config, store))
        _run(send_alerts_once(config, store))
        click.echo(json.dumps(_as_json(report), indent=2) if as_json else _as_text(report))
        _run(fetch_pictures_once(config, store, workers))


async def _ingest_once(
    config: Config,
    store: Store,
    workers: Workers,
    choose: Callable[[datetime], Sequence[Source]],
    *,
    trust_clock: bool,
) -> RunReport:
    async with open_runtime(config, store, workers) as runtime:
        with _progress() as (on_start, on_done):

            def chosen(now: datetime) -> Sequence[Source]:
                due = choose(now)
                on_start(len(due))
                return due

            return await run_once(
                runtime, chosen, on_done, INGEST_LOCK_SECONDS, trust_clock=trust_clock
            )


async def _ingest_forever(watch: ConfigWatch, store: Store, workers: Workers) -> None:
    config = watch.config
    log.info("started", sources=len(config.sources), database=str(config.database))
    if learning_topics(config.topics) and not has_learning_libraries():
        log.warning("learning_not_installed", text=str(MissingExtra()))
    await ingest_forever(watch, store, workers)


def _run(work: Coroutine[Any, Any, T], reload: Callable[[], None] | None = None) -> T:
    """Run `work` to its end; raises Stopped if a signal stops it first. Nothing is left
    half-written: a fetch that is running is dropped, a save that has begun is finished. SIGHUP
    calls `reload`, if there is no terminal that it could come from."""

    async def supervised() -> T:
        task = asyncio.ensure_future(work)
        received: list[int] = []

        def stop(number: int) -> None:
            received.append(number)
            task.cancel()

        for number in stop_signals():
            asyncio.get_running_loop().add_signal_handler(number, stop, number)
        if reload is not None and hangup_reloads():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
        unblock_hangup()
        try:
            return await task
        except asyncio.CancelledError as error:
            log.info("stopped")
            raise Stopped(received[0]) from error

    return asyncio.run(supervised())


# ---- reports


MAX_SHOWN_ID_CHARS = 24
"""The bar fits into 80 columns."""


def _source_of(report: SourceReport | None) -> str:
    return report.source[:MAX_SHOWN_ID_CHARS] if report else ""


@contextmanager
def _progress() -> Iterator[tuple[Callable[[int], None], Callable[[SourceReport], None]]]:
    """Callbacks for the number of sources and for each report: they show a progress bar on a
    terminal, and write a log event for each source elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None, log_source
        return
    with click.progressbar(
        length=0,
        label="Fetching",
        show_eta=False,
        show_pos=True,
        width=20,
        item_show_func=_source_of,
        file=sys.stderr,
    ) as bar:

        def start(count: int) -> None:
            bar.length = count

        def advance(report: SourceReport) -> None:
            bar.update(1, report)

        yield start, advance


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
        f"{count_noun(len(report.sources), 'source', 'sources')}: "
        f"{count_noun(total.received, 'entry', 'entries')} received, {total.new:,} new, "
        f"{total.updated:,} updated, {total.known:,} known, {total.rejected:,} rejected."
    ]
    lines += [f"  {failure.source} failed: {failure.error}" for failure in report.failed]
    nothing_due = "Nothing is due; --all fetches all sources that are not retired."
    return "\n".join(lines) if report.sources else nothing_due
