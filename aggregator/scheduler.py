"""The daemon loop: due sources, deliveries of hubs, subscriptions, learning, notifications, alerts.

All of these run side by side. While the store cannot be used (a full disk, another program's
lock), the loop waits; nothing is half saved meanwhile.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, TypeAlias

import structlog

from aggregator.errors import ClockError, StoreBusy, StoreError, StoreTooNew, StoreTooOld
from aggregator.ingest.clock import (
    ClockCheck,
    ClockWatch,
    clear_clock_errors,
    monotonic_now,
    recorded_clock_error,
)
from aggregator.ingest.context import IngestContext
from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.ingest_lock import IngestLock
from aggregator.ingest.learning import is_training_due, learning_topics
from aggregator.ingest.runs import deliver, run
from aggregator.model import Delivery, Source, SourceReport, Topic
from aggregator.store.base import LockName, Store
from aggregator.websub.subscriber import due_subscriptions, is_reachable_site, request_form

__all__ = ["HubTask", "Scheduler", "log_source", "run_forever"]

HubTask: TypeAlias = Callable[[Callable[[], datetime]], Awaitable[object]]
"""Part of the hub's work, called with a clock."""

MAX_SLEEP_SECONDS = 30.0
"""Longest polling interval for due sources, and the pause after an error of the store."""
BUSY_POLL_SECONDS = 0.5
"""Polling interval while a fetch is running."""
DELIVERY_POLL_SECONDS = 0.03
"""Polling interval for deliveries of hubs."""
STOP_GRACE_SECONDS = 1.0
"""How long what is in progress may take when feeds.toml has changed."""
MAX_CONCURRENT_DELIVERIES = 4
CALENDAR_POLL_SECONDS = 1.0
"""Polling interval for what begins or ends at a time."""
PICTURE_POLL_SECONDS = 2.0
"""Polling interval for pictures that are due."""
LEARNING_POLL_SECONDS = 60.0
"""Polling interval for what topics may learn or score."""
IDLE_LEARNING_SECONDS = 3600.0
"""Pause after a learning run that produced no model."""
NOTIFY_POLL_SECONDS = 0.5
"""Polling interval for notifications that are due."""
ALERT_POLL_SECONDS = 10.0
"""How often it is looked whether something needs operators."""
DIGEST_POLL_SECONDS = 2.0
"""Polling interval for digests and for mails to people who sign up, and wait for them."""
CATCH_UP_SECONDS = 300.0
"""After so long, the state of the sources is that of now, also if some were not fetched yet."""
SUBSCRIBE_POLL_SECONDS = 5.0
"""Polling interval for hubs that sources announce."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """Dependencies and settings of the daemon loop.

    `context` makes the ingest context of a time, `housekeeping` does what is due after a run,
    `advance_calendar` applies what begins or ends at a time, `hub_tasks` are the hub's,
    `fetch_pictures` fetches due pictures and returns how many, `learn` trains and scores topics in
    a process of its own and returns its exit code and output, `send_alerts` tells operators what
    needs them, `send_digest` composes and sends what is due until an event is set. Those that are
    None have nothing to do.
    """

    store: Store
    fetcher: Fetcher
    sources: Sequence[Source]
    topics: Sequence[Topic]
    site_url: str
    context: Callable[[datetime, defaultdict[str, asyncio.Lock]], IngestContext]
    housekeeping: Callable[[datetime], None]
    advance_calendar: Callable[[datetime], object]
    fetch_pictures: Callable[[datetime], Awaitable[int]] | None
    learn: Callable[[], Awaitable[tuple[int, str]]] | None
    hub_tasks: Mapping[LockName, HubTask]
    send_alerts: Callable[[datetime], Awaitable[None]]
    send_digest: Callable[[asyncio.Event], Awaitable[object]] | None = None
    max_sleep_seconds: float = MAX_SLEEP_SECONDS


async def run_forever(scheduler: Scheduler, stop: asyncio.Event | None = None) -> None:
    """Run until cancelled, or until `stop` is set: then what is in progress has a second to end,
    and a fetch that does not is dropped and begun again by the next loop."""
    stop = stop or asyncio.Event()
    state = _State(scheduler, stop)
    always = (_fetch_due, _process_deliveries, _advance_calendar, _send_alerts)
    tasks = [partial(task, state) for task in always]
    if work := scheduler.fetch_pictures:
        tasks.append(partial(_fetch_pictures, state, work))
    if send := scheduler.send_digest:
        tasks.append(partial(_send_digest, state, send))
    if scheduler.learn and learning_topics(scheduler.topics):
        tasks.append(partial(_learn, state))
    if is_reachable_site(scheduler.site_url, scheduler.fetcher.settings.allow_private):
        tasks.append(partial(_subscribe, state))
    tasks += [partial(_notify, state, *named) for named in scheduler.hub_tasks.items()]
    repeated = (_repeat(task, scheduler.max_sleep_seconds, stop) for task in tasks)
    running = list(map(asyncio.create_task, repeated))
    stopping = asyncio.create_task(stop.wait())
    try:
        ends: tuple[asyncio.Future[Any], ...] = (*running, state.failed, stopping)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await asyncio.wait((*running, *state.runs), timeout=STOP_GRACE_SECONDS)
        for end in ends:
            if end.done():
                end.result()  # raises what a task has raised
    except StoreError:
        raise
    except Exception as error:  # ends the program; /healthz counts it
        with suppress(StoreError):  # the bug itself is what must be seen
            scheduler.store.maintenance.record_bug("run", repr(error), datetime.now(UTC))
        raise
    finally:
        unfinished = (stopping, *running, *state.runs)
        for each in unfinished:
            each.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)


def log_source(report: SourceReport) -> None:
    """One log event for a source."""
    level = log.warning if report.error else log.info
    details = {"error": report.error} if report.error else asdict(report.counts)
    kind = {"failure_kind": report.failure_kind.value} if report.failure_kind else {}
    note = {"note": report.note} if report.note else {}
    level(
        "fetched",
        source=report.source,
        status=report.status,
        outcome=report.outcome.value,
        ms=round(report.seconds * 1000),
        **kind,
        **details,
        **note,
    )


class _State:
    """State that the loop's tasks share. `failed` ends the loop if a run ends with a bug."""

    def __init__(self, scheduler: Scheduler, stop: asyncio.Event) -> None:
        self.scheduler = scheduler
        self.stop = stop
        self.store = scheduler.store
        self.lock = IngestLock(scheduler.store)
        self.in_progress: set[str] = set()
        self.runs: set[asyncio.Task[None]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._source_locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        last_fetch = self.store.maintenance.last_fetch() if scheduler.sources else None
        self.clock = ClockWatch(last_fetch, datetime.now(UTC))
        self.has_caught_up = False
        self._started = monotonic()

    def knows_sources(self) -> bool:
        """True if the state of the sources is that of now, not of before a stop."""
        return self.has_caught_up or monotonic() - self._started > CATCH_UP_SECONDS

    def context(self, now: datetime) -> IngestContext:
        """The ingest context at a time."""
        return self.scheduler.context(now, self._source_locks)

    def now(self) -> datetime:
        """The current time as runs see it, which never goes back. Raises ClockError."""
        return monotonic_now(self.store, datetime.now(UTC))

    def start_run(self, sources: Sequence[Source]) -> None:
        """Fetch these sources while earlier runs go on."""
        self.in_progress |= {source.id for source in sources}
        run_ = asyncio.create_task(_fetch(self, sources))
        self.runs.add(run_)
        run_.add_done_callback(self._on_run_done)

    def _on_run_done(self, run_: asyncio.Task[None]) -> None:
        self.runs.discard(run_)
        error = None if run_.cancelled() else run_.exception()
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)


async def _repeat(
    task: Callable[[], Awaitable[float]], max_sleep_seconds: float, stop: asyncio.Event
) -> None:
    """Repeat a task until `stop` is set, and sleep in between for the seconds that it returns."""
    while not stop.is_set():
        try:
            seconds = await task()
        except (StoreTooNew, StoreTooOld):
            raise
        except ClockError as error:
            log.error("clock_wrong", error=str(error))
            seconds = max_sleep_seconds
        except StoreError as error:
            log.error("store_unavailable", error=str(error))
            seconds = max_sleep_seconds
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


# ---- tasks: each returns the seconds to sleep before it is worth repeating


async def _fetch_due(state: _State) -> float:
    """Start fetching what is due now; a slow host keeps only itself waiting."""
    sources, longest = state.scheduler.sources, state.scheduler.max_sleep_seconds
    with recorded_clock_error(state.store, datetime.now(UTC)):
        due = state.store.sources.due(sources, state.now())
    if fresh := [source for source in due if source.id not in state.in_progress]:
        state.start_run(fresh)
        return BUSY_POLL_SECONDS
    state.store.maintenance.clear_incident(ClockError.kind)  # state.now() would have raised it
    state.has_caught_up |= not state.in_progress
    idle = [source for source in sources if source.id not in state.in_progress]
    upcoming = state.store.sources.next_due(idle)
    seconds = (upcoming - datetime.now(UTC)).total_seconds() if upcoming else longest
    longest = BUSY_POLL_SECONDS if state.in_progress else longest
    await _sleep_until_requested(state, max(BUSY_POLL_SECONDS, min(seconds, longest)))
    return 0.0


async def _sleep_until_requested(state: _State, seconds: float) -> None:
    """Sleep, but no longer than until an operator asks for a fetch, or the loop must stop."""
    deadline = monotonic() + seconds
    while (left := deadline - monotonic()) > 0 and not state.stop.is_set():
        if state.store.sources.take_fetch_requests():
            return
        await asyncio.sleep(min(left, BUSY_POLL_SECONDS))


async def _fetch(state: _State, sources: Sequence[Source]) -> None:
    """One run. A source that another process has fetched meanwhile is not fetched again.

    A source is in progress until it is done, not until the run is: the next run may have it by
    then.
    """
    left = {source.id for source in sources}

    def on_done(report: SourceReport) -> None:
        left.discard(report.source)
        state.in_progress.discard(report.source)
        log_source(report)

    try:
        async with state.lock:
            now = state.now()
            check = ClockCheck.begin(state.store, state.scheduler.fetcher.server_clocks, now)
            context = replace(state.context(now), clock_check=check)
            due = state.store.sources.due(sources, now)
            with recorded_clock_error(state.store, now):
                report = await run(context, due, on_done)
            clear_clock_errors(state.store)
            if check.has_witness:
                state.clock.confirm(datetime.now(UTC))
                state.scheduler.housekeeping(now)
            else:  # offline: what failed was not saved, and is due again
                await asyncio.sleep(state.scheduler.max_sleep_seconds)
    except (StoreTooNew, StoreTooOld):
        raise
    except ClockError as error:
        log.error("clock_wrong", error=str(error))
        await asyncio.sleep(state.scheduler.max_sleep_seconds)
    except StoreError as error:
        log.error("store_unavailable", error=str(error))
        await asyncio.sleep(state.scheduler.max_sleep_seconds)
    else:
        failed = len(report.failed)
        log.info("run", sources=len(report.sources), failed=failed, **asdict(report.total))
    finally:
        state.in_progress -= left


async def _process_deliveries(state: _State) -> float:
    """Ingest what hubs have delivered; a delivery is deleted when it is saved. Deliveries wait
    while the clock may be wrong."""
    if not state.clock.is_trusted(datetime.now(UTC)):
        return SUBSCRIBE_POLL_SECONDS
    subscriptions = state.store.subscriptions
    listed = {source.id: source for source in state.scheduler.sources}

    async def one(delivery: Delivery) -> None:
        if source := listed.get(delivery.source):
            context = state.context(state.now())
            log_source(await deliver(context, source, delivery))
        subscriptions.delete_delivery(delivery.id)

    queued = subscriptions.queued_deliveries(MAX_CONCURRENT_DELIVERIES)
    if not queued:
        return DELIVERY_POLL_SECONDS
    async with state.lock:
        results = await asyncio.gather(*map(one, queued), return_exceptions=True)
    for result in results:  # raised when all have ended, so that none works without the lock
        if result is not None:
            raise result
    return 0.0


async def _advance_calendar(state: _State) -> float:
    """Apply what begins or ends now, such as a notice; not while the clock may be wrong."""
    now = datetime.now(UTC)
    if state.clock.is_trusted(now):
        state.scheduler.advance_calendar(now)
    return CALENDAR_POLL_SECONDS


async def _fetch_pictures(
    state: _State, fetch_pictures: Callable[[datetime], Awaitable[int]]
) -> float:
    """Fetch pictures of stories that are due; not while the clock may be wrong."""
    is_done = not state.clock.is_trusted(now := datetime.now(UTC)) or not await fetch_pictures(now)
    return PICTURE_POLL_SECONDS if is_done else 0.0


async def _learn(state: _State) -> float:
    """Train and score topics, in a process of its own: it takes memory, and the pipeline never
    waits."""
    store, topics = state.store, state.scheduler.topics
    is_due = is_training_due(store, topics, datetime.now(UTC))
    if not (is_due or store.learning.has_unscored()) or state.scheduler.learn is None:
        return LEARNING_POLL_SECONDS
    exit_code, output = await state.scheduler.learn()
    (log.warning if exit_code else log.info)("learned", text=" ".join(output.split()))
    is_due = is_training_due(store, topics, datetime.now(UTC))
    return IDLE_LEARNING_SECONDS if is_due else LEARNING_POLL_SECONDS


async def _notify(state: _State, name: LockName, task: HubTask) -> float:
    """Verify subscribers, notify them or ping hubs; not while the clock may be wrong, since leases
    end by it."""

    def trusted_now() -> datetime:
        now = datetime.now(UTC)
        if not state.clock.is_trusted(now):
            raise ClockError("The clock was set while the hub was at work.")
        return now

    try:
        trusted_now()
        with state.store.maintenance.lock(name):
            await task(trusted_now)
        return NOTIFY_POLL_SECONDS
    except ClockError:  # a run confirms the clock, or says what is wrong with it
        return SUBSCRIBE_POLL_SECONDS
    except StoreBusy:  # another process is doing it
        return SUBSCRIBE_POLL_SECONDS


async def _send_alerts(state: _State) -> float:
    """Tell operators what needs them, and what no longer does."""
    is_known = state.clock.is_trusted(now := datetime.now(UTC)) and state.knows_sources()
    if is_known or state.store.maintenance.incidents():
        with suppress(StoreBusy), state.store.maintenance.lock("alerts"):
            await state.scheduler.send_alerts(now)
    return ALERT_POLL_SECONDS


async def _send_digest(state: _State, send: Callable[[asyncio.Event], Awaitable[object]]) -> float:
    """Compose and send digests, one mail after the other; not while the clock may be wrong."""
    if state.clock.is_trusted(datetime.now(UTC)):
        with suppress(StoreBusy), state.store.maintenance.lock("digest"):
            await send(state.stop)
    return DIGEST_POLL_SECONDS


async def _subscribe(state: _State) -> float:
    """Subscribe to the hubs that sources announce, and renew before a lease expires."""
    scheduler, subscriptions = state.scheduler, state.store.subscriptions
    links, current = subscriptions.hub_links(), subscriptions.all()
    for subscription in due_subscriptions(scheduler.sources, links, current, datetime.now(UTC)):
        subscriptions.add(subscription)
        form = request_form(subscription, scheduler.site_url)
        source = next(each for each in scheduler.sources if each.id == subscription.source)
        error = (await scheduler.fetcher.post(subscription.hub, form, source)).error
        if error:
            subscriptions.record_error(subscription.token, error)
        log.info("subscribed", source=subscription.source, hub=subscription.hub, error=error)
    return SUBSCRIBE_POLL_SECONDS
