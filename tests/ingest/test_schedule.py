"""When a source is asked again."""

from datetime import timedelta

from aggregator.ingest.schedule import next_fetch, rhythm
from aggregator.model import Failed, FetchState
from tests.builders import NOW, given, source

SOURCE = source(min_interval=900, max_interval=86400)


def _every(hours: float) -> list:  # type: ignore[type-arg]
    return [given(published=NOW - timedelta(hours=hours * n)) for n in range(10)]


def test_a_busy_wire_and_a_monthly() -> None:
    """A source's own rhythm decides, within its bounds."""
    assert rhythm(_every(0.1), SOURCE) == 900
    assert rhythm(_every(4), SOURCE) == 2 * 3600
    assert rhythm(_every(24 * 30), SOURCE) == 86400


def test_no_rhythm() -> None:
    """Without dates nobody knows."""
    assert rhythm([], SOURCE) == 1800
    assert rhythm([given(published=None)] * 3, SOURCE) == 1800


def test_a_good_fetch() -> None:
    """The next one comes after the rhythm."""
    assert next_fetch(SOURCE, FetchState(interval=7200), None, NOW) == NOW + timedelta(hours=2)


def test_failures() -> None:
    """The wait doubles, to a day at most, and never ends."""
    waits = [
        next_fetch(SOURCE, FetchState(failures=n), Failed(error="x"), NOW) - NOW
        for n in (1, 2, 3, 8, 1000)
    ]

    assert [wait.total_seconds() for wait in waits] == [900, 1800, 3600, 86400, 86400]


def test_retry_after() -> None:
    """A server that asks for more time gets it."""
    failed = Failed(error="x", retry_after=7200)

    assert next_fetch(SOURCE, FetchState(failures=1), failed, NOW) == NOW + timedelta(hours=2)
