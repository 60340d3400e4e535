"""The ingest loop: what is due is fetched, what hubs deliver is taken in at once.

Side by side go runs over the sources that are due, deliveries, the subscriptions to hubs that
announce themselves, and our own hub. A store that cannot be used for a while (a
full disk, another program's lock) is waited for; nothing is half saved meanwhile.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

import structlog

from aggregator.app import Runtime, acquire_ingest_lock, log_source
from aggregator.errors import MissingExtra, StoreBusy, StoreError, StoreTooNew
from aggregator.ingest.learners import has_learning_libraries, is_training_due, learning_topics
from aggregator.ingest.pipeline import deliver, run, the_time
from aggregator.model import Delivery, Source, SourceReport
from aggregator.notifier import HubTask, hub_tasks, open_notifier
from aggregator.websub.hub import HubNotifier
from aggregator.websub.subscriber import due_subscriptions, is_reachable_site, request_form

__all__ = ["run_forever"]

MAX_SLEEP_SECONDS = 30.0
"""Seconds between two looks at what is due, at most."""
BUSY_POLL_SECONDS = 0.5
"""Seconds between two looks while something is under way."""
DELIVERY_POLL_SECONDS = 0.25
"""Seconds between two looks at what hubs have delivered."""
LEARNING_POLL_SECONDS, IDLE_LEARNING_SECONDS = 60.0, 3600.0
"""Seconds between two looks at what topics may learn or judge, and if that came to nothing."""
NOTIFY_POLL_SECONDS = 0.5
"""Seconds between two looks at what others are to be told."""
SUBSCRIBE_POLL_SECONDS = 5.0
"""Seconds between two looks at what hubs announce."""

log = structlog.get_logger()


async def run_forever(room: Runtime, listed: Sequence[Source]) -> None:
    """Go on until cancelled."""
    log.info("started", sources=len(listed), database=str(room.config.database))
    desk = IngestLock(room)
    steps = [lambda: _fetch_due(desk, listed), lambda: _process_deliveries(desk)]
    if learning_topics(room.config.topics):
        if has_learning_libraries():
            steps.append(lambda: _learn(desk))
        else:
            log.warning("learning", text=str(MissingExtra()))
    if is_reachable_site(room.site_url, room.fetcher.settings.allow_private):
        steps.append(lambda: _subscribe(desk, listed))
    async with open_notifier(room.config, room.store) as teller:
        if teller is not None:
            steps += [partial(_act, teller, act) for act in hub_tasks(teller)]
        tasks = [asyncio.create_task(_repeat(step)) for step in steps]
        try:
            await asyncio.gather(*tasks, desk.broken)
        finally:
            under_way = (*tasks, *desk.runs)
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)  # each lets go of what it has


class IngestLock:
    """One ingest on one database: whoever works here first takes the turn for all."""

    def __init__(self, room: Runtime) -> None:
        self.room = room
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.under_way: set[str] = set()
        self.runs: set[asyncio.Task[None]] = set()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._at_work = 0
        self._held = ExitStack()
        self._door = asyncio.Lock()

    def ended(self, run_: asyncio.Task[None]) -> None:
        """Let the loop hear of a run that ended with an error nobody foresaw."""
        self.runs.discard(run_)
        error = None if run_.cancelled() else run_.exception()
        if error is not None and not self.broken.done():
            self.broken.set_exception(error)

    async def __aenter__(self) -> None:
        async with self._door:
            if not self._at_work:
                self._held = await acquire_ingest_lock(self.room.store, patience=float("inf"))
            self._at_work += 1

    async def __aexit__(self, *_: object) -> None:
        self._at_work -= 1
        if not self._at_work:
            self._held.close()


async def _repeat(step: Callable[[], Awaitable[float]]) -> None:
    """Do a step, sleep as long as it says, and so on."""
    while True:
        try:
            nap = await step()
        except StoreTooNew:
            raise
        except StoreError as error:
            log.error("store", error=str(error))
            nap = MAX_SLEEP_SECONDS
        await asyncio.sleep(nap)


async def _fetch_due(desk: IngestLock, listed: Sequence[Source]) -> float:
    """Begin to fetch what is due now, beside what is still under way; a slow host keeps only
    itself. Gives the seconds until it is worth to look again."""
    store = desk.room.store
    due = store.due(listed, the_time(store, datetime.now(UTC)))
    if fresh := [source for source in due if source.id not in desk.under_way]:
        desk.under_way |= {source.id for source in fresh}
        desk.runs.add(run_ := asyncio.create_task(_fetch(desk, fresh)))
        run_.add_done_callback(desk.ended)
        return BUSY_POLL_SECONDS
    upcoming = store.next_due([s for s in listed if s.id not in desk.under_way])
    wait = (upcoming - datetime.now(UTC)).total_seconds() if upcoming else MAX_SLEEP_SECONDS
    return max(
        BUSY_POLL_SECONDS, min(wait, BUSY_POLL_SECONDS if desk.under_way else MAX_SLEEP_SECONDS)
    )


async def _fetch(desk: IngestLock, sources: Sequence[Source]) -> None:
    """One run. A source that another ingest has fetched meanwhile is not fetched again.

    A source is under way until it is done, not until the run is: the next run may have it
    by then.
    """
    store = desk.room.store
    left = {source.id for source in sources}

    def done(report: SourceReport) -> None:
        left.discard(report.source)
        desk.under_way.discard(report.source)
        log_source(report)

    try:
        async with desk:
            now = the_time(store, datetime.now(UTC))
            due = store.due(sources, now)
            report = await run(desk.room.line(now, desk.locks), due, done)
            desk.room.housekeeping(now)
    except StoreTooNew:
        raise
    except StoreError as error:
        log.error("store", error=str(error))
        await asyncio.sleep(MAX_SLEEP_SECONDS)
    else:
        failed = len(report.failed)
        log.info("run", sources=len(report.sources), failed=failed, **asdict(report.total))
    finally:
        desk.under_way -= left


async def _process_deliveries(desk: IngestLock) -> float:
    """Take in what hubs have delivered; a delivery is forgotten when it is saved."""
    room = desk.room
    listed = {source.id: source for source in room.config.sources}

    async def one(delivery: Delivery) -> None:
        if source := listed.get(delivery.source):
            line = room.line(the_time(room.store, datetime.now(UTC)), desk.locks)
            log_source(await deliver(line, source, delivery))
        room.store.taken_in(delivery.id)

    if waiting := room.store.deliveries(limit=4):
        async with desk:
            ended = await asyncio.gather(*map(one, waiting), return_exceptions=True)
        for error in ended:  # raised when all have ended, so that none works without a turn
            if error is not None:
                raise error
        return 0.0
    return DELIVERY_POLL_SECONDS


async def _learn(desk: IngestLock) -> float:
    """Learn and judge, in a process of its own: it takes memory, and the line never waits."""
    room = desk.room
    due = is_training_due(room.store, room.config.topics, datetime.now(UTC))
    if not (due or room.store.is_news()):
        return LEARNING_POLL_SECONDS
    command = (sys.executable, "-m", "aggregator", "--config", str(room.config.path))
    process = await asyncio.create_subprocess_exec(
        *command, "topic", "learn", stdout=PIPE, stderr=STDOUT, env=_of_store(room)
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    level = log.warning if process.returncode else log.info
    level("learned", text=said.decode().strip().replace("\n", " "))
    return (
        IDLE_LEARNING_SECONDS
        if is_training_due(room.store, room.config.topics, datetime.now(UTC))
        else LEARNING_POLL_SECONDS
    )


def _of_store(room: Runtime) -> dict[str, str]:
    """The environment, with the database that is in use."""
    return {**os.environ, "AGGREGATOR_DATABASE": str(room.config.database)}


async def _act(teller: HubNotifier, act: HubTask) -> float:
    """Verify who subscribes to our feeds, or tell of what has changed."""
    try:
        with teller.store.telling(act.__name__):
            return 0.0 if await act(teller, datetime.now(UTC)) else NOTIFY_POLL_SECONDS
    except StoreBusy:  # another process does it
        return SUBSCRIBE_POLL_SECONDS


async def _subscribe(desk: IngestLock, listed: Sequence[Source]) -> float:
    """Ask the hubs that sources announce, and ask them again before a lease ends."""
    store, fetcher = desk.room.store, desk.room.fetcher
    now = datetime.now(UTC)
    for subscription in due_subscriptions(listed, store.announced(), store.subscriptions(), now):
        store.subscribe(subscription)
        error = await fetcher.post(subscription.hub, request_form(subscription, desk.room.site_url))
        if error:
            store.unanswered(subscription.token, error)
        log.info("subscribed", source=subscription.source, hub=subscription.hub, error=error)
    return SUBSCRIBE_POLL_SECONDS
