"""Notifiers of subscribers, hubs and operators, composed from a Config."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from aggregator.alerts.notifier import AlertNotifier
from aggregator.config import Config
from aggregator.errors import StoreBusy
from aggregator.fetching import webhook_settings
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.overview.pulse import update_pulses
from aggregator.scheduler import HubTask
from aggregator.store.base import LockName, Store

__all__ = [
    "has_hub", "notify_subscribers", "open_alert_notifier", "open_hub_tasks", "send_alerts",
    "send_alerts_once",
]  # fmt: skip


@asynccontextmanager
async def open_alert_notifier(config: Config, store: Store) -> AsyncIterator[AlertNotifier]:
    """A notifier of operators with connections of its own."""
    names = (config.alerts.webhook or "", config.alerts.ping or "")
    settings = webhook_settings(config, [os.environ.get(name, "") for name in names])
    async with open_fetcher(settings, os.environ) as fetcher:
        yield AlertNotifier(config=config, store=store, fetcher=fetcher, environment=os.environ)


async def send_alerts_once(config: Config, store: Store) -> None:
    """Tell operators once what needs them, unless another process is doing it."""
    async with open_alert_notifier(config, store) as notifier:
        with suppress(StoreBusy), store.maintenance.lock("alerts"):
            await send_alerts(notifier, datetime.now(UTC))


async def send_alerts(notifier: AlertNotifier, now: datetime) -> None:
    """Tell operators what needs them at a time."""
    await asyncio.to_thread(notifier.find_silent_rules, now)
    await asyncio.to_thread(notifier.check, now)
    await notifier.deliver(now)
    await notifier.ping(now)
    await asyncio.to_thread(update_pulses, notifier.store, now)


async def notify_subscribers(config: Config, store: Store) -> None:
    """Notify subscribers and hubs once of everything that is due."""
    if has_hub(config):
        from aggregator.hub_notifiers import open_hub_notifier
        from aggregator.websub.hub import notify_once

        async with open_hub_notifier(config, store) as notifier:
            await notify_once(notifier)


@asynccontextmanager
async def open_hub_tasks(config: Config, store: Store) -> AsyncIterator[Mapping[LockName, HubTask]]:
    """Recurring tasks of the hub, by the lock each needs; none if there is no hub."""
    if not has_hub(config):
        yield {}
        return
    from aggregator.hub_notifiers import open_hub_notifier
    from aggregator.websub.hub import hub_tasks

    async with open_hub_notifier(config, store) as notifier:
        yield {name: partial(task, notifier) for name, task in hub_tasks(notifier).items()}


def has_hub(config: Config) -> bool:
    """True if changes are announced to a hub, ours or another."""
    return bool(config.publish.hub or config.publish.hubs)
