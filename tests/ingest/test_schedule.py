"""When a source is asked again."""

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
DOWN = Failed(kind=FailureKind.CONNECT, error="x")


def _every(gap: timedelta, silent: timedelta = timedelta()) -> list[datetime]:
    return [NOW - silent - gap * n for n in range(20)]


def _wait(state: FetchState = FetchState(), now: datetime = NOW, **hints: object) -> float:  # noqa: B008 - frozen
    return (next_fetch(SOURCE, state, now, **hints) - now).total_seconds()  # type: ignore[arg-type]


# ---- rhythm ----------------------------------------------------------------------------


def test_a_busy_wire_and_a_monthly() -> None:
    """A source's own rhythm decides, within its bounds: from minutes to a day."""
    assert polling_interval(_every(timedelta(minutes=6)), SOURCE, NOW) == 900
    assert 2400 < polling_interval(_every(2 * HOUR), SOURCE, NOW) < 3600
    assert 6 * 3600 < polling_interval(_every(30 * DAY), SOURCE, NOW) <= 86400


def test_no_rhythm() -> None:
    """Without dates nobody knows."""
    assert polling_interval([], SOURCE, NOW) == polling_interval([NOW], SOURCE, NOW) == 1800


def test_a_wire_that_sleeps() -> None:
    """At night it is asked less, and in the morning more again."""
    awake, asleep = _every(HOUR / 2), _every(HOUR / 2, silent=9 * HOUR)

    assert polling_interval(asleep, SOURCE, NOW) > polling_interval(awake, SOURCE, NOW)


def test_quiet_is_not_broken() -> None:
    """Silent for far longer than ever before is quiet (NetNewsWire#1107, FreshRSS#3750); a
    monthly between two issues is not."""
    assert quiet_since(_every(HOUR), NOW) is None
    assert quiet_since(_every(HOUR, silent=3 * DAY), NOW) == NOW - 3 * DAY
    assert quiet_since(_every(30 * DAY, silent=45 * DAY), NOW) is None
    assert quiet_since(_every(30 * DAY, silent=130 * DAY), NOW) == NOW - 130 * DAY
    assert quiet_since([], NOW) is None


# ---- after a good fetch ----------------------------------------------------------------


def test_a_good_fetch() -> None:
    """The next one comes after the rhythm, stretched a little, never sooner."""
    assert 7200 <= _wait(FetchState(interval=7200)) <= 7920


def test_not_all_together() -> None:
    """A thousand sources of one rhythm that were fetched together are not fetched together
    again."""
    for interval in (3600, 86400):
        state = FetchState(interval=interval)
        times = {next_fetch(source(f"s{n}"), state, NOW) for n in range(1000)}

        assert len(times) > 300
        assert max(times) - min(times) > timedelta(minutes=5)
        assert max(times) <= NOW + DAY
    held = {next_fetch_after_backoff(source(f"s{n}"), NOW + HOUR, NOW) for n in range(1000)}
    assert len(held) > 300
    assert min(held) > NOW + HOUR


WISHES = [
    ("Cache-Control or Expires", {}, {"fresh_seconds": 7200}, 7200),
    ("ttl or sy:updatePeriod", {"polling_hints": PollingHints(interval=10800)}, {}, 10800),
    (
        "less than the rhythm",
        {"polling_hints": PollingHints(interval=60)},
        {"fresh_seconds": 60},
        1800,
    ),
]


@pytest.mark.parametrize(
    ("state", "hints", "least"), [c[1:] for c in WISHES], ids=[c[0] for c in WISHES]
)
def test_a_wish(state: dict[str, PollingHints], hints: dict[str, int], least: int) -> None:
    """An outlet that wants to be asked less is asked less."""
    wait = _wait(FetchState(interval=1800, **state), **hints)  # type: ignore[arg-type]

    assert least <= wait <= least * 1.1


def test_a_wish_without_end() -> None:
    """A year of max-age ends the feed for nobody: the operator's longest interval counts."""
    assert 0.9 * 86400 <= _wait(FetchState(interval=1800), fresh_seconds=365 * 86400) <= 86400


def test_hours_and_days_to_skip() -> None:
    """RSS skipHours and skipDays, in UTC; a feed that skips all of them is asked all the same."""
    monday_noon = at("2026-10-05 12:00")
    night = PollingHints(skip_hours=(12, 13, 14))
    after = next_fetch(SOURCE, FetchState(interval=900, polling_hints=night), monday_noon)
    assert after.hour == 15

    mondays = FetchState(interval=900, polling_hints=PollingHints(skip_days=(0,)))
    assert next_fetch(SOURCE, mondays, monday_noon).weekday() == 1

    saturday = at("2026-10-10 01:00")
    weekend = FetchState(interval=900, polling_hints=PollingHints(skip_days=(5, 6)))
    assert next_fetch(SOURCE, weekend, saturday).weekday() == 0

    always = FetchState(interval=900, polling_hints=PollingHints(skip_hours=tuple(range(24))))
    assert next_fetch(SOURCE, always, monday_noon) - monday_noon < timedelta(minutes=17)


def test_a_source_that_is_pushed() -> None:
    """While its hub delivers, it is polled as a safety net only."""
    assert _wait(FetchState(interval=3600), is_pushed=True) >= 4 * 3600


def test_a_server_that_lies() -> None:
    """The whole feed is asked for every 12 hours (tt-rss, Media Cloud); sooner, if its file
    holds the news of a few hours only."""

    def full(hours: float, covers: int = 0) -> bool:
        state = FetchState(
            last_full_fetch=NOW - hours * HOUR, polling_hints=PollingHints(covered_seconds=covers)
        )
        return is_full_fetch_due(state, NOW)

    assert not full(11.9)
    assert full(12)
    assert full(3, covers=6 * 3600)
    assert not full(2.9, covers=6 * 3600)
    assert not full(0.9, covers=1800)
    assert is_full_fetch_due(FetchState(), NOW)
    assert full(-5)  # the clock has gone back


def test_a_file_that_holds_little() -> None:
    """A wish for peace that would cost news is granted in half of what the file covers."""
    wire = PollingHints(interval=36000, covered_seconds=6 * 3600)

    assert 3 * 3600 <= _wait(FetchState(interval=900, polling_hints=wire)) <= 3.3 * 3600
    down = FetchState(interval=900, polling_hints=wire, failures=20)
    assert _wait(down, failed=DOWN) <= 6 * 3600


# ---- after a failure -------------------------------------------------------------------


def test_failures() -> None:
    """The wait doubles, to a day at most, never ends, and is not the same for all."""
    waits = [_wait(FetchState(failures=n), failed=DOWN) for n in (1, 2, 3, 8, 1000)]

    for wait, full in zip(waits[:3], [900, 1800, 3600], strict=True):
        assert full <= wait <= 1.1 * full
    assert all(0.9 * 86400 <= wait <= 86400 for wait in waits[3:])
    others = {
        next_fetch(source(f"s{n}"), FetchState(failures=4), NOW, failed=DOWN) for n in range(50)
    }
    assert len(others) > 40


def test_retry_after() -> None:
    """A server that asks for more time gets it."""
    failed = replace(DOWN, retry_after=7200)

    assert _wait(FetchState(failures=1), failed=failed) == 7200


# ---- feeds that move -------------------------------------------------------------------


def test_a_move_is_believed_when_it_lasts() -> None:
    """A permanent redirect counts after three readable feeds over a day (Feedbin, Vienna#1546)."""
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
    """Its login is meant for the host that is listed."""
    listed = source(basic_auth="LOGIN")
    move = PermanentRedirect(url="https://new.example/f", since=NOW - 9 * DAY, hits=9)

    assert feed_url_to_fetch(listed, FetchState(redirect=move), NOW) == listed.feed
