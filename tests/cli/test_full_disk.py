"""A disk that is full loses and repeats nothing, and is said while it is.

Each scene runs the real command on a small disk of its own, which root may mount.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.demo.press import Press
from aggregator.model import ALL
from aggregator.store import open_store
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

pytestmark = pytest.mark.slow

DISK_KILOBYTES = (*range(100, 1000, 100), *range(1000, 4300, 300))
"""From too small for the database to nearly large enough for all articles."""
ARTICLES = 60


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own, which the test makes larger."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def _resize(disk: Path, kilobytes: int) -> None:
    option = f"remount,size={kilobytes}k"
    subprocess.run(["mount", "-o", option, str(disk)], check=True)


@pytest.mark.parametrize("kilobytes", DISK_KILOBYTES)
def test_a_full_disk_loses_and_repeats_nothing(
    disk: Path, tmp_path: Path, press: Press, kilobytes: int
) -> None:
    """The command says what is wrong; once there is space, every article is there once, with the
    date that its outlet gave."""
    given = [article(f"Strike {n}", f"Words {n} of the strike. " * 700) for n in range(ARTICLES)]
    feeds = [
        press.put(f"/{half}", feed_response(half, *given[start::2]))
        for start, half in enumerate(("harbor", "plains"))
    ]
    tables = source_table("harbor", feeds[0]) + source_table("plains", feeds[1])
    config = tmp_path / "feeds.toml"
    config.write_text(f'{HEAD}[storage]\ndatabase = "disk/news.db"\n{tables}')
    _resize(disk, kilobytes)

    full = run(config, "ingest", "--all")
    during = run(config, "doctor")
    _resize(disk, 50_000)
    again = run(config, "ingest", "--all")

    if full.returncode:
        assert full.returncode == 2
        assert "Traceback" not in full.stderr + during.stderr
        assert "space" in full.stderr  # what to free
    assert again.returncode == 0, again.stderr
    assert run(config, "doctor").returncode == 0
    with closing(open_store(disk / "news.db")) as store:
        stories = store.lists.latest(ALL, 500)
    assert sorted(story.lead.title for story in stories) == sorted(each.title for each in given)
    assert {story.published for story in stories} == {given[0].published}
