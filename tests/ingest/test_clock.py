"""A run saves nothing while the outlets say that our clock is wrong."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import time_machine
from yarl import URL

from aggregator.errors import ClockError
from aggregator.ingest.clock import ClockCheck, ClockWatch
from aggregator.ingest.fetch.server_clocks import ServerClocks, _steady_seconds

HOUR = timedelta(hours=1)


def _servers(*hours: float, **headers: str) -> ServerClocks:
    """Servers whose clocks are ahead of ours by so many hours."""
    servers = ServerClocks()
    for number, ahead in enumerate(hours):
        date = format_datetime(datetime.now(UTC) + ahead * HOUR, usegmt=True)
        servers.add(URL(f"https://outlet{number}.example/feed"), {"Date": date, **headers})
    return servers


def _confirm(servers: ServerClocks, pause: timedelta | None, expected: int = 1) -> None:
    """Confirm the clock after a pause since the last fetch; None if there was none."""
    now = datetime.now(UTC)
    last = None if pause is None else now - pause
    check = ClockCheck(servers=servers, last_fetch=last, now=now, expected=expected)
    asyncio.run(check.confirm())


def _stops(servers: ServerClocks, pause: timedelta | None) -> bool:
    """True if a run is stopped."""
    try:
        _confirm(servers, pause)
    except ClockError:
        return True
    return False


@pytest.mark.parametrize(
    ("hours", "pause"),
    [
        ((), HOUR), ((), 400 * 24 * HOUR), ((), None),
        ((0.5, -0.5), HOUR), ((-20, -20), HOUR), ((0, 0, 9000), HOUR), ((-9000, 0), None),
        ((9000,), HOUR), ((0,), None), ((0,), 400 * 24 * HOUR),
    ],
    ids=[
        "no answer", "no answer after a year", "no answer, first run",
        "half an hour off", "old answers of caches", "one of three", "one of two",
        "one alone", "one agrees, first run", "one agrees after a year",
    ],
)  # fmt: skip
def test_a_clock_is_believed(hours: tuple[float, ...], pause: timedelta | None) -> None:
    """A single server may be wrong, and caches repeat old dates."""
    assert not _stops(_servers(*hours), pause)


@pytest.mark.parametrize(
    ("hours", "pause"),
    [
        ((8760, 8760), HOUR), ((-8760, -8760, 0), HOUR), ((2, 2), None), ((9000,), None),
        ((-8760,), 400 * 24 * HOUR),
    ],
    ids=[
        "a year behind", "a year ahead", "first run", "one alone, first run",
        "after a pause of a year",
    ],
)  # fmt: skip
def test_a_wrong_clock_stops_the_run(hours: tuple[float, ...], pause: timedelta | None) -> None:
    """The sentence has both times."""
    moment = datetime.now(UTC) + hours[0] * HOUR

    with pytest.raises(ClockError, match="Set the clock") as error:
        _confirm(_servers(*hours), pause)

    assert f"{moment:%Y-%m-%d %H:}" in str(error.value)


def test_the_age_of_a_cached_answer_counts() -> None:
    """Date and Age together are the time (RFC 9111)."""
    (offset,) = _servers(-48, Age=str(48 * 3600)).offsets()

    assert abs(offset) < 2


@pytest.mark.parametrize("headers", [{}, {"Date": "soon"}, {"Date": "Mon, 99 Foo 2026"}])
def test_a_server_without_a_date_is_no_witness(headers: dict[str, str]) -> None:
    """Its answer is not counted."""
    servers = ServerClocks()
    servers.add(URL("https://a.example/"), headers)

    assert servers.offsets() == []


@pytest.mark.parametrize("age", ["", "-5", "9" * 40, "soon", "٣"])
def test_an_age_that_is_no_number_is_ignored(age: str) -> None:
    """Whatever a server sends, the date alone counts."""
    assert abs(_servers(0, Age=age).offsets()[0]) < 2


def test_hosts_of_one_outlet_count_once() -> None:
    """An outlet cannot outvote others with its subdomains; ports of an address are servers."""
    date = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
    servers = ServerClocks()
    for url in ("https://a.x.example/", "https://b.x.example/", "http://10.0.0.1:80/1",
                "http://10.0.0.1:81/"):  # fmt: skip
        servers.add(URL(url), date)

    assert len(servers.offsets()) == 3


def test_the_last_answers_count() -> None:
    """A thousand outlets cost no more than a hundred."""
    servers = _servers(*[5.0] * 100, *[0.0] * 100)

    offsets = servers.offsets()
    assert len(offsets) == 100
    assert max(map(abs, offsets)) < 2


def test_the_first_run_waits_for_a_few_answers() -> None:
    """The first answer alone decides nothing while others are on their way."""
    servers, now = _servers(9000), datetime.now(UTC)
    check = ClockCheck(servers=servers, last_fetch=None, now=now, expected=3)

    async def answers() -> None:
        first = asyncio.create_task(check.confirm())
        await asyncio.sleep(0.1)
        assert not first.done()
        date = format_datetime(now, usegmt=True)
        for name in ("b", "c"):
            servers.add(URL(f"https://{name}.example/"), {"Date": date})
        await first

    started = time.monotonic()
    asyncio.run(answers())

    assert time.monotonic() - started < 2


def test_a_clock_that_is_set_is_not_trusted_until_a_run_has_confirmed_it() -> None:
    """An hour more or less is no change."""
    now = datetime.now(UTC)
    watch = ClockWatch(now - HOUR, now)

    assert watch.is_trusted(now + HOUR / 2)
    assert not watch.is_trusted(now + 3 * HOUR)
    assert not watch.is_trusted(now)
    watch.confirm(now)
    assert watch.is_trusted(now)


@pytest.mark.parametrize("hours", [-3, 30])
def test_a_clock_is_not_trusted_at_the_start_after_a_jump(hours: int) -> None:
    """Neither if it is behind the last fetch, nor if that is more than a day ago."""
    now = datetime.now(UTC)

    assert not ClockWatch(now - hours * HOUR, now).is_trusted(now)


def test_evidence_holds_when_our_clock_is_set() -> None:
    """What a server said before the clock was set tells by how much it was."""
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        servers = _servers(0)
        traveller.shift(24 * HOUR)
        (offset,) = servers.offsets()

    assert abs(offset + 24 * 3600) < 2


def test_old_evidence_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server said an hour ago says nothing about a clock that has run since."""
    servers = _servers(9000, 9000)
    later = _steady_seconds() + 3601
    monkeypatch.setattr("aggregator.ingest.fetch.server_clocks._steady_seconds", lambda: later)

    assert servers.offsets() == []


def test_the_first_run_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer keeps the others waiting for a few seconds."""
    monkeypatch.setattr("aggregator.ingest.clock.MAX_WAIT_SECONDS", 0.3)
    started = time.monotonic()

    _confirm(_servers(0), None, expected=5)

    assert 0.25 < time.monotonic() - started < 3
