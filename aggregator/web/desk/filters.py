"""How the desk's templates write times and texts."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aggregator.text.html import plain_text, truncate
from aggregator.web.desk.page import diff_hash

__all__ = ["template_filters"]

MAX_PLAIN_CHARS_SHOWN = 3_000


def template_filters(timezone: str) -> dict[str, Callable[..., Any]]:
    """The filters, for times in a time zone."""
    zone = ZoneInfo(timezone)

    def short_time(moment: datetime) -> str:
        now, local = datetime.now(UTC).astimezone(zone), moment.astimezone(zone)
        if abs((now - local).total_seconds()) < 86400:
            return f"{local:%a %H:%M}"
        return f"{local:%d %b}" if local.year == now.year else f"{local:%d %b %Y}"

    def long_time(moment: datetime) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"

    return {
        "short_time": short_time,
        "long_time": long_time,
        "age": lambda moment: duration((datetime.now(UTC) - moment).total_seconds()),
        "duration": duration,
        "diff_hash": diff_hash,
        "host": lambda url: (urlsplit(url).hostname or url).removeprefix("www."),
        "plain": lambda html: truncate(plain_text(html), MAX_PLAIN_CHARS_SHOWN),
    }


def duration(seconds: float) -> str:
    """A time in its largest unit: `12 s`, `5 min`, `3 h`, `2 d`."""
    seconds = max(0.0, seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
