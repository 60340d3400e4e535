"""Time to see what a newsroom needs, and how it grows with its sources and its archive.

    made-up stories and sources, saved in bulk --overview--> the desk's first page, `status`, alerts

A small newsroom and a large one, in one run; the ratio shows what size costs.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.alerts.notifier import AlertNotifier
from aggregator.config import Config, parse_config
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.model import Batch, EntryCounts, FetchRecord, FetchState, Operator, Outcome
from aggregator.site_app import create_wsgi_app
from aggregator.store import Store, open_store
from aggregator.web.desk.access import COOKIE, new_session
from benchmarks.pages import CONFIG, SOURCE, fill

__all__ = ["report"]

SIZES = ((60, 10_000), (2_000, 1_000_000))
"""Sources and stories."""
REPEATS = 11
FAILING_EVERY = 20


def report() -> str:
    """Measure and return the section in Markdown."""
    small, large = (_measure(sources, stories) for sources, stories in SIZES)
    rows = "".join(
        f"| {name} | {small[name]:.0f} ms | {cost:.0f} ms | {cost / small[name]:.1f} |\n"
        for name, cost in large.items()
    )
    heads = " | ".join(f"{sources:,} sources, {stories:,} stories" for sources, stories in SIZES)
    return (
        "## Desk\n\n"
        f"What operators look at, without a cache; the median of {REPEATS}.\n"
        f"One source in {FAILING_EVERY} fails.\n"
        "A command includes the start of Python; `aggregator -V` is that alone.\n\n"
        f"| what | {heads} | ratio |\n|---|---|---|---|\n{rows}"
    )


def _measure(sources: int, stories: int) -> dict[str, float]:
    """Milliseconds that each view takes."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        text = CONFIG + "".join(SOURCE.format(number) for number in range(sources))
        text += '[storage]\ndatabase = "news.db"\n'
        file = Path(folder) / "feeds.toml"
        file.write_text(text)
        config = parse_config(text, file, {})
        with closing(open_store(config.database)) as store:
            store.sources.sync(config.all_sources, now)
            fill(store, stories, now)
            _fetch_all(config, store, now)
            views = {
                "overview at the desk": _page(config, store, "/desk/"),
                "sources at the desk": _page(config, store, "/desk/sources"),
                "topics at the desk": _page(config, store, "/desk/topics"),
                "/healthz": _page(config, store, "/healthz"),
                "check for alerts, every ten seconds": _alerts(config, store, "check"),
                "check for silent rules, every hour": _alerts(config, store, "find_silent_rules"),
            }
            costs = {name: _cost(view) for name, view in views.items()}
        for command in ("status", "-V"):
            costs[f"`aggregator {command}`"] = _cost(_command(file, command))
        return costs


def _cost(view: Callable[[], object]) -> float:
    costs = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        view()
        costs.append(1000 * (time.perf_counter() - began))
    return statistics.median(costs)


def _page(config: Config, store: Store, path: str) -> Callable[[], object]:
    now = datetime.now(UTC)
    store.operators.save(Operator(name="ana", role="owner", created_at=now))
    _, token = new_session(store, "ana", "", "", now)
    client = create_wsgi_app(config, store).test_client()
    client.set_cookie(COOKIE, token, domain="localhost", path="/desk")

    def view() -> None:
        with client.get(path) as response:
            assert response.status_code == 200, (path, response.status_code)

    return view


def _alerts(config: Config, store: Store, method: str) -> Callable[[], object]:
    async def work(now: datetime) -> None:
        async with open_fetcher(FetchSettings(user_agent="benchmark"), {}) as fetcher:
            notifier = AlertNotifier(config=config, store=store, fetcher=fetcher, environment={})
            getattr(notifier, method)(now)

    hours = iter(range(10_000))
    return lambda: asyncio.run(work(datetime.now(UTC) + timedelta(hours=2 * next(hours))))


def _command(file: Path, command: str) -> Callable[[], object]:
    arguments = [sys.executable, "-m", "aggregator", "--config", str(file), command]
    return lambda: subprocess.run(arguments, check=True, capture_output=True)


def _fetch_all(config: Config, store: Store, now: datetime) -> None:
    """Give each source a fetch, and what it brought in the last four weeks is there already."""
    for number, source in enumerate(config.sources):
        is_failing = number % FAILING_EVERY == 0
        state = FetchState(last_success=now - timedelta(hours=1))
        if is_failing:
            state = replace(state, failing_since=now - timedelta(hours=9), failures=9)
        outcome = Outcome.FAILED if is_failing else Outcome.UNCHANGED
        fetch = FetchRecord(fetched_at=now, status=200, outcome=outcome, counts=EntryCounts())
        batch = Batch(
            source=source.id,
            state=state,
            outcome=outcome,
            fetch=fetch,
            error="Down."[: 5 * is_failing],
        )
        store.entries.save(batch, now)
