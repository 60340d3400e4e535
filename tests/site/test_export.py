"""The static export writes what has changed and nothing else, in one process or several."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import WriteError
from aggregator.model import ALL
from aggregator.site import export, export_files
from aggregator.site.export import ExportReport, export_site
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
SURFER = "A shark killed a surfer in Santa Cruz."


@pytest.fixture
def surf(newsroom: Newsroom) -> Newsroom:
    """A newsroom with a few stories of two outlets, two of which report one event."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.publishes("harbor", article("Surfer killed in shark attack", SURFER), article("Rain"))
    newsroom.publishes("plains", article("Snow", "Long. " * 300))
    newsroom.ingests()
    return newsroom


def _files(folder: Path) -> dict[str, bytes]:
    """All files but the manifest, whose order is that of the work."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != export.MANIFEST
    }


def _times(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in _files(folder)}


def test_processes_write_the_same_bytes(
    surf: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And report how far they are."""
    progress: list[tuple[int, int]] = []
    alone = export_site(surf.site, tmp_path / "alone")
    monkeypatch.setattr(export, "FEW_DOCUMENTS", 1)
    monkeypatch.setattr(export, "BATCH_DOCUMENTS", 7)
    together = export_site(
        surf.site, tmp_path / "together", 2, lambda done, total: progress.append((done, total))
    )

    assert together == alone
    assert _files(tmp_path / "together") == _files(tmp_path / "alone")
    total = progress[-1][1]
    assert progress == [(done, total) for done in range(1, total + 1)]
    assert export_site(surf.site, tmp_path / "together", 2) == ExportReport(
        written=0, unchanged=alone.written, removed=0
    )


def test_only_what_has_changed_is_written(surf: Newsroom, tmp_path: Path) -> None:
    """A new story changes lists, and the page of the story that it is related to; no other page."""
    export_site(surf.site, tmp_path / "out")
    before = _times(tmp_path / "out")
    surf.publishes("plains", article("Shark kills surfer", SURFER))
    surf.ingests(later=HOUR)

    export_site(surf.site, tmp_path / "out")

    now = _times(tmp_path / "out")
    changed = {name for name in before if before[name] != now[name]}
    titles = {story.id: story.title for story in surf.store.lists.latest(ALL, 9)}
    pages = {titles[name.split("/")[1]] for name in changed if name.startswith("stories/")}
    assert pages == {"Surfer killed in shark attack"}
    assert {"all.atom", "sources/plains.rss", "index.html"} <= changed
    assert not any(name.startswith("sources/harbor") for name in changed)


@pytest.mark.parametrize(
    "harm",
    [Path.unlink, lambda file: file.write_bytes(b"x"), lambda file: os.truncate(file, 99)],
    ids=["removed", "replaced", "truncated"],
)
def test_files_that_somebody_has_changed_are_written_again(
    surf: Newsroom, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    """Although nothing is new; and what a killed run left unfinished is removed."""
    export_site(surf.site, tmp_path / "out")
    whole = _files(tmp_path / "out")
    for name in ("all.atom", "all.atom.gz", "index.html"):
        harm(tmp_path / "out" / name)
    (tmp_path / "out" / "stories" / f"{export_files.UNFINISHED}77-1").touch()

    assert export_site(surf.site, tmp_path / "out").written == 3
    assert _files(tmp_path / "out") == whole
    (tmp_path / "out" / f"{export_files.UNFINISHED}77-1").touch()
    assert export_site(surf.site, tmp_path / "out").written == 0
    assert _files(tmp_path / "out") == whole


def test_what_a_killed_run_has_written_is_known(
    surf: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was written before the program was killed goes with its story."""
    out, write = tmp_path / "out", export_files.write_documents

    def killed(*arguments: Any) -> list[export_files.WrittenDocument]:
        write(*arguments)
        os._exit(9)

    monkeypatch.setattr(export, "write_documents", killed)
    story = surf.store.lists.latest(ALL, 1)[0].id
    monkeypatch.setattr(type(surf.site), "paths", lambda _: iter([f"/stories/{story}"]))
    site = surf.site
    if (child := os.fork()) == 0:
        export_site(site, out)
    os.waitpid(child, 0)
    monkeypatch.undo()
    assert (out / "stories" / story / "index.html").is_file()
    surf.store.stories.take_down(story, "asked", surf.now)

    export_site(surf.site, out)

    assert not (out / "stories" / story).exists()


def test_folders_of_others_are_left_alone(surf: Newsroom, tmp_path: Path) -> None:
    """Links are followed to what is ours, and a folder of root does not matter."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    whole = export_site(surf.site, out)
    (out / "stories").rename(elsewhere)
    (out / "stories").symlink_to(elsewhere)
    (out / "lost+found").mkdir(mode=0)

    again = export_site(surf.site, out)
    assert (again.written, again.unchanged) == (0, whole.written)


def test_a_process_that_dies_costs_only_time(
    surf: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run says so; the next one writes what is missing."""
    monkeypatch.setattr(export, "FEW_DOCUMENTS", 1)
    monkeypatch.setattr(export, "BATCH_DOCUMENTS", 1)
    monkeypatch.setattr(export_files, "_write_batch", _die)
    with pytest.raises(WriteError, match="worker process died"):
        export_site(surf.site, tmp_path / "out", 2)
    monkeypatch.undo()

    report = export_site(surf.site, tmp_path / "out", 2)
    export_site(surf.site, tmp_path / "whole")

    assert report.written > 0
    assert _files(tmp_path / "out") == _files(tmp_path / "whole")


def _die(_paths: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_full_disk_in_a_process_is_said(
    surf: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is in one process."""
    export_site(surf.site, tmp_path / "out")
    monkeypatch.setattr(export, "FEW_DOCUMENTS", 1)
    (tmp_path / "out" / "all.atom").unlink()
    (tmp_path / "out" / "all.atom").mkdir()

    with pytest.raises(WriteError, match=r"Cannot write .*all\.atom \(Is a directory\)"):
        export_site(surf.site, tmp_path / "out", 2)
