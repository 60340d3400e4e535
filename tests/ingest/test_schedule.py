"""When a source is fetched again."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aggregator.ingest.schedule import (
    count_redirect,
    feed_url_to_fetch,
    is_full_fetch_due,
    is_redirect_confirmed,
    next_fetch,
    next_fetch_after_backoff,
    polling_interval,
    quiet_since,
)
from aggregator.model import Failed, FailureKind, FetchState, PermanentRedirect, PollingHints
from tests.harness.builders import NOW, at, source

SOURCE = source(min_interval=900, max_interval=86400)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CONNECTION_FAILED = Failed(kind=FailureKind.CONNECT, error="x")


def _dates_every(gap: timedelta, silent: timedelta = timedelta()) -> list[datetime]:
    return [NOW - silent - gap * n for n in range(20)]


def _wait(state: FetchState = FetchState(), now: datetime = NOW, **hints: object) -> float:  # noqa: B008 - frozen
    return (next_fetch(SOURCE, state, now, **hints) - now).total_seconds()  # type: ignore[arg-type]


# ---- the interval ----------------------------------------------------------------------


def test_the_interval_follows_the_publishing_rate() -> None:
    """A source's own pace decides, within its minimum and maximum interval."""
    assert polling_interval(_dates_every(timedelta(minutes=6)), SOURCE, NOW) == 900
    assert 2400 < polling_interval(_dates_every(2 * HOUR), SOURCE, NOW) < 3600
    assert 6 * 3600 < polling_interval(_dates_every(30 * DAY), SOURCE, NOW) <= 86400


def test_the_interval_without_dates_is_half_an_hour() -> None:
    """Fewer than two dates say nothing about a source's pace."""
    assert polling_interval([], SOURCE, NOW) == polling_interval([NOW], SOURCE, NOW) == 1800


def test_a_silent_source_is_polled_less() -> None:
    """A source that publishes nothing at night is polled less often then."""
    awake, asleep = _dates_every(HOUR / 2), _dates_every(HOUR / 2, silent=9 * HOUR)

    assert polling_interval(asleep, SOURCE, NOW) > polling_interval(awake, SOURCE, NOW)


def test_a_source_is_quiet_after_an_unusual_silence() -> None:
    """Only an unusually long silence makes a source quiet (NetNewsWire#1107, FreshRSS#3750)."""
    assert quiet_since(_dates_every(HOUR), NOW) is None
    assert quiet_since(_dates_every(HOUR, silent=3 * DAY), NOW) == NOW - 3 * DAY
    assert quiet_since(_dates_every(30 * DAY, silent=45 * DAY), NOW) is None
    assert quiet_since(_dates_every(30 * DAY, silent=130 * DAY), NOW) == NOW - 130 * DAY
    assert quiet_since([], NOW) is None


# ---- after a successful fetch ----------------------------------------------------------


def test_a_successful_fetch_waits_one_interval() -> None:
    """The next fetch comes after the interval or slightly later, never sooner."""
    assert 7200 <= _wait(FetchState(interval=7200)) <= 7920


def test_fetches_of_many_sources_are_spread() -> None:
    """Sources that were fetched together are not all fetched together again."""
    for interval in (3600, 86400):
        state = FetchState(interval=interval)
        times = {next_fetch(source(f"s{n}"), state, NOW) for n in range(1000)}

        assert len(times) > 300
        assert max(times) - min(times) > timedelta(minutes=5)
        assert max(times) <= NOW + DAY
    held = {next_fetch_after_backoff(source(f"s{n}"), NOW + HOUR, NOW) for n in range(1000)}
    assert len(held) > 300
    assert min(held) > NOW + HOUR


INTERVAL_HINTS = [
    ("Cache-Control or Expires", {}, {"fresh_seconds": 7200}, 7200),
    ("ttl or sy:updatePeriod", {"polling_hints": PollingHints(interval=10800)}, {}, 10800),
    (
        "less than the interval",
        {"polling_hints": PollingHints(interval=60)},
        {"fresh_seconds": 60},
        1800,
    ),
]


@pytest.mark.parametrize(
    ("state", "hints", "shortest"),
    [c[1:] for c in INTERVAL_HINTS],
    ids=[c[0] for c in INTERVAL_HINTS],
)
def test_hints_lengthen_the_interval(
    state: dict[str, PollingHints], hints: dict[str, int], shortest: int
) -> None:
    """An outlet that asks to be polled less often is polled less often."""
    wait = _wait(FetchState(interval=1800, **state), **hints)  # type: ignore[arg-type]

    assert shortest <= wait <= shortest * 1.1


def test_an_excessive_max_age_is_capped() -> None:
    """A max-age of a year is capped at the operator's maximum interval."""
    assert 0.9 * 86400 <= _wait(FetchState(interval=1800), fresh_seconds=365 * 86400) <= 86400


def test_skip_hours_and_skip_days_are_respected() -> None:
    """RSS skipHours and skipDays are in UTC; a feed that skips more than three days is polled
    anyway."""
    monday_noon = at("2026-10-05 12:00")
    night = PollingHints(skip_hours=(12, 13, 14))
    after = next_fetch(SOURCE, FetchState(interval=900, polling_hints=night), monday_noon)
    assert after.hour == 15

    mondays = FetchState(interval=900, polling_hints=PollingHints(skip_days=(0,)))
    assert next_fetch(SOURCE, mondays, monday_noon).weekday() == 1

    saturday = at("2026-10-10 01:00")
    weekend = FetchState(interval=900, polling_hints=PollingHints(skip_days=(5, 6)))
    assert next_fetch(SOURCE, weekend, saturday).weekday() == 0

    for hints in (
        PollingHints(skip_hours=tuple(range(24))),
        PollingHints(skip_days=tuple(range(7))),
        PollingHints(skip_days=(0, 1, 2, 3)),  # more than three days to come
    ):
        state = FetchState(interval=900, polling_hints=hints)
        assert next_fetch(SOURCE, state, monday_noon) - monday_noon < timedelta(minutes=17)


def test_a_pushed_source_is_polled_rarely() -> None:
    """While its hub delivers, a source is polled only as a safety net."""
    assert _wait(FetchState(interval=3600), is_pushed=True) >= 4 * 3600


def test_a_full_fetch_is_due_regularly() -> None:
    """A full fetch is due after 12 hours, or sooner if the feed covers only a few hours.

    (tt-rss, Media Cloud)
    """

    def full(hours: float, covered_seconds: int = 0) -> bool:
        state = FetchState(
            last_full_fetch=NOW - hours * HOUR,
            polling_hints=PollingHints(covered_seconds=covered_seconds),
        )
        return is_full_fetch_due(state, NOW)

    assert not full(11.9)
    assert full(12)
    assert full(3, covered_seconds=6 * 3600)
    assert not full(2.9, covered_seconds=6 * 3600)
    assert not full(0.9, covered_seconds=1800)
    assert is_full_fetch_due(FetchState(), NOW)
    assert full(-5)  # the clock was set back


def test_a_feed_that_covers_little_is_polled_in_time() -> None:
    """Neither hints nor failures delay a fetch so long that entries would be missed."""
    wire = PollingHints(interval=36000, covered_seconds=6 * 3600)

    assert 3 * 3600 <= _wait(FetchState(interval=900, polling_hints=wire)) <= 3.3 * 3600
    down = FetchState(interval=900, polling_hints=wire, failures=20)
    assert _wait(down, failed=CONNECTION_FAILED) <= 6 * 3600


# ---- after a failure -------------------------------------------------------------------


def test_failures_double_the_wait() -> None:
    """The wait doubles, up to a day, and differs between sources."""
    waits = [_wait(FetchState(failures=n), failed=CONNECTION_FAILED) for n in (1, 2, 3, 8, 1000)]

    for wait, full in zip(waits[:3], [900, 1800, 3600], strict=True):
        assert full <= wait <= 1.1 * full
    assert all(0.9 * 86400 <= wait <= 86400 for wait in waits[3:])
    others = {
        next_fetch(source(f"s{n}"), FetchState(failures=4), NOW, failed=CONNECTION_FAILED)
        for n in range(50)
    }
    assert len(others) > 40


def test_retry_after_is_respected() -> None:
    """A server that asks for more time with Retry-After gets it."""
    failed = replace(CONNECTION_FAILED, retry_after=7200)

    assert _wait(FetchState(failures=1), failed=failed) == 7200


# ---- feeds that move -------------------------------------------------------------------


def test_a_lasting_redirect_is_confirmed() -> None:
    """A permanent redirect is confirmed by three fetches over a day (Feedbin, Vienna#1546)."""
    listed, there = source(feed="https://old.example/f"), "https://new.example/f"
    move = PermanentRedirect()
    for hours in (0, 1, 2):
        move = count_redirect(move, there, NOW + hours * HOUR)
        assert not is_redirect_confirmed(move, NOW + hours * HOUR)

    later = NOW + 25 * HOUR
    assert is_redirect_confirmed(move, later)
    assert feed_url_to_fetch(listed, FetchState(redirect=move), later) == there
    assert feed_url_to_fetch(listed, FetchState(redirect=move), NOW) == listed.feed
    assert count_redirect(move, "https://elsewhere.example/f", later).hits == 1
    assert count_redirect(move, "", later) == PermanentRedirect()


def test_a_source_with_a_secret_does_not_move() -> None:
    """A login is meant for the listed host, so its source does not follow a redirect for good."""
    listed = source(basic_auth="LOGIN")
    move = PermanentRedirect(url="https://new.example/f", since=NOW - 9 * DAY, hits=9)

    assert feed_url_to_fetch(listed, FetchState(redirect=move), NOW) == listed.feed
