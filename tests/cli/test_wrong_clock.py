"""A wrong clock never changes a date that an outlet gave, and nothing is lost or repeated.

Each scene runs the real commands under `faketime`, with outlets whose clocks are right.
"""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.demo.press import Press, open_press
from aggregator.demo.sample_feeds import Item
from aggregator.model import ALL
from aggregator.store import open_store
from tests.harness.command_line import HEAD, argv, feed_response, run, source_table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed"),
]

OUTLETS = ("harbor", "plains", "valley")
HOURS = 60
START = datetime.now(UTC).replace(microsecond=0)


def _article(outlet: str, number: int) -> Item:
    """One an hour, the first of them sixty hours ago, the last a minute ago."""
    link = f"https://{outlet}.example/{number}"
    return Item(
        id=link,
        link=link,
        title=f"{outlet.title()} {number}",
        paragraphs=(f"What happened at {outlet} in hour {number}. " * 30,),
        tags=(),
        published=START - timedelta(hours=HOURS - number, minutes=1),
    )


def _publish(presses: list[Press], numbers: range) -> list[str]:
    """Publish these articles, newest first, each outlet on a server of its own; returns the URLs of
    the feeds."""
    return [
        press.put("/feed", feed_response(outlet, *(_article(outlet, n) for n in reversed(numbers))))
        for outlet, press in zip(OUTLETS, presses, strict=False)
    ]


@pytest.fixture
def presses() -> Iterator[list[Press]]:
    """A server for each outlet."""
    with ExitStack() as stack:
        yield [stack.enter_context(open_press()) for _ in OUTLETS]


def _newsroom(folder: Path, presses: list[Press], numbers: range) -> Path:
    """The feeds.toml of a newsroom whose outlets have published these articles."""
    urls = _publish(presses, numbers)
    tables = "".join(map(source_table, OUTLETS[: len(urls)], urls))
    file = folder / "feeds.toml"
    file.write_text(f'{HEAD}[storage]\nkeep = "30d"\n{tables}')
    return file


@pytest.fixture
def config(tmp_path: Path, presses: list[Press]) -> Path:
    """A newsroom that has fetched its outlets once, half an hour ago by a right clock."""
    file = _newsroom(tmp_path, presses, range(HOURS - 20))
    _ingest(file, "-30m")
    return file


def _under(offset: str, config: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["faketime", "-m", "-f", offset, *argv(config, *command)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _ingest(config: Path, offset: str) -> subprocess.CompletedProcess[str]:
    return _under(offset, config, "ingest", "--all")


def _dates(config: Path) -> dict[str, datetime]:
    """Title and date of each published story."""
    with closing(open_store(config.with_name("aggregator.db"))) as store:
        stories = store.lists.latest(ALL, 500)
    assert len({story.id for story in stories}) == len(stories)
    return {story.lead.title: story.published for story in stories}


def _right_dates(numbers: range) -> dict[str, datetime]:
    articles = [_article(outlet, number) for outlet in OUTLETS for number in numbers]
    return {article.title: article.published for article in articles}


OFFSETS = (
    "-10m", "-20m", "-45m", "-2h", "-5h", "-12h", "-20h", "-26h", "-3d", "-40d", "-400d", "-4000d",
    "+10m", "+50m", "+3h", "+20h", "+2d", "+20d", "+400d", "+4000d",
)  # fmt: skip


@pytest.mark.parametrize("offset", OFFSETS)
def test_the_archive_survives_a_wrong_clock(
    config: Path, presses: list[Press], offset: str
) -> None:
    """Whatever a run by a wrong clock does, after one by a right clock every story is there once,
    with the date that its outlet gave."""
    _publish(presses, range(HOURS))

    wrong = _ingest(config, offset)
    during = _dates(config)
    right = run(config, "ingest", "--all")
    if "aggregator doctor --repair" in right.stderr:
        assert run(config, "doctor", "--repair").returncode == 0
        right = run(config, "ingest", "--all")

    assert right.returncode == 0, right.stderr
    assert during.items() <= _right_dates(range(HOURS)).items()
    assert _dates(config) == _right_dates(range(HOURS))
    assert run(config, "doctor").returncode == 0
    if wrong.returncode:
        assert wrong.returncode == 2
        assert "The clock says" in wrong.stderr
        assert during == _right_dates(range(HOURS - 20))


@pytest.mark.parametrize("offset", ["-400d", "-3d", "-26h", "+2d", "+400d"])
def test_a_run_by_a_wrong_clock_stops_and_says_so(config: Path, offset: str) -> None:
    """The command fails with both times, and nothing is saved."""
    with closing(sqlite3.connect(config.with_name("aggregator.db"))) as db:
        before = db.execute("select * from sources order by id").fetchall()

    result = _ingest(config, offset)

    assert result.returncode == 2
    assert "The clock says" in result.stderr
    with closing(sqlite3.connect(config.with_name("aggregator.db"))) as db:
        assert db.execute("select * from sources order by id").fetchall() == before


def test_a_repair_by_a_wrong_clock_is_undone(config: Path) -> None:
    """`doctor` warns of the clock; what --repair then does, --undo-times puts back."""
    before = _dates(config)
    warning = _under("-400d", config, "doctor")
    repaired = _under("-400d", config, "doctor", "--repair")
    undone = run(config, "doctor", "--undo-times")

    assert warning.returncode == 1
    assert "if the clock is wrong, set it instead of repairing" in warning.stdout
    assert repaired.returncode == 0
    assert "Times put back: " in undone.stdout
    assert _dates(config) == before
    assert run(config, "ingest").returncode == 0


def test_a_single_outlet_is_asked_too(tmp_path: Path, presses: list[Press]) -> None:
    """Its dates are kept in the first run of a machine whose clock is behind; an operator who
    vouches for the clock is believed."""
    file = _newsroom(tmp_path, presses[:1], range(HOURS))
    wrong = _ingest(file, "-400d")
    right = run(file, "ingest")
    trusted = _under("+20d", file, "ingest", "--all", "--trust-clock")

    assert wrong.returncode == 2
    assert "if the clock is correct, run `aggregator ingest --trust-clock`." in wrong.stderr
    assert right.returncode == 0
    dates = {title: date for title, date in _right_dates(range(HOURS)).items() if "Harbor" in title}
    assert _dates(file) == dates
    assert trusted.returncode == 0
    assert run(file, "ingest", "--all").returncode == 2


def test_the_first_run_of_all_asks_the_outlets(tmp_path: Path, presses: list[Press]) -> None:
    """A machine that starts with a clock years behind imports nothing by it."""
    config = _newsroom(tmp_path, presses, range(HOURS))

    result = _ingest(config, "-4000d")

    assert result.returncode == 2
    assert "according to the outlets' servers it is" in result.stderr
    assert run(config, "ingest").returncode == 0
    assert _dates(config) == _right_dates(range(HOURS))
