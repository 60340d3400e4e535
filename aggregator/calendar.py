"""What begins or ends at a date: notices, pins, the week, the hour.

Web server and export read no clock: they take the time that is stored for now. The scheduler
advances it whenever one of these changes, and with it the revisions of what depends on it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aggregator.config import Config
from aggregator.model import DAYS, HOURS, NOTICES, PINS, ListScope, Pin
from aggregator.store.base import Store
from aggregator.text.midnight import midnight

__all__ = ["WEEK_DAYS", "advance", "week_start"]

WEEK_DAYS = 7
"""Days, with the current one, whose stories are counted on the page of a list."""


def advance(config: Config, store: Store, now: datetime) -> frozenset[ListScope]:
    """Apply what has begun or ended since the last time; returns what has changed."""
    before, pins = store.calendar.time(), store.calendar.pins()
    after = _state(config, pins, now)
    changed = {
        scope
        for scope, state in after.items()
        if before is None or _state(config, pins, before)[scope] != state
    }
    if changed:
        store.calendar.advance(now, changed)
    return frozenset(changed)


def _state(config: Config, pins: Sequence[Pin], time: datetime) -> dict[ListScope, object]:
    """What is the case at a time, by the scope that changes with it."""
    local = time.astimezone(ZoneInfo(config.site.timezone))
    return {
        NOTICES: [notice for notice in config.site.notices if notice.is_current(time)],
        PINS: [pin for pin in pins if pin.is_current(time)],
        DAYS: local.date(),
        HOURS: time.replace(minute=0, second=0, microsecond=0),
    }


def week_start(time: datetime, timezone: str) -> datetime:
    """The local midnight at which the week that a time ends began."""
    today = time.astimezone(ZoneInfo(timezone)).date()
    return midnight(today - timedelta(days=WEEK_DAYS - 1), timezone)
