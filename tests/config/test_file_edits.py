"""feeds.toml is replaced whole or not at all, and never if it has changed underneath."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from aggregator.config.editor import add_tables, change_section, change_table
from aggregator.config.file_edits import create_file, edit_file, preview_edit
from aggregator.errors import AggregatorError, ConfigError, FileChanged, WriteError
from tests.harness.command_line import HEAD, source_table

TEXT = HEAD + source_table("harbor", "https://harbor.example/feed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.toml"
    path.write_text(TEXT)
    return path


def _named(name: str) -> Callable[[str], str]:
    return lambda text: change_table(text, "source", "harbor", {"name": name})


def test_an_edit_is_saved(file: Path) -> None:
    """The file has the new text and its old permissions, and the folder nothing else."""
    file.chmod(0o640)
    edit = edit_file(file, _named("Harbor"), {})

    assert file.read_text() == edit.after == TEXT.replace('name = "harbor"', 'name = "Harbor"')
    assert edit.diff.splitlines()[-4:-2] == ['-name = "harbor"', '+name = "Harbor"']
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(file.parent.iterdir()) == [file]


def test_a_preview_saves_nothing(file: Path) -> None:
    """What would change can be looked at first."""
    assert "+name" in preview_edit(file, _named("Harbor"), {}).diff
    assert file.read_text() == TEXT


def test_an_edit_that_is_wrong_is_refused(file: Path) -> None:
    """A file with problems is never written."""
    with pytest.raises(ConfigError, match="expected a complete address"):
        edit_file(file, lambda t: change_table(t, "source", "harbor", {"feed": "x"}), {})

    assert file.read_text() == TEXT


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("<<<<<<< HEAD\n" + TEXT, "merge conflict"),
        (TEXT + "[site]\n", r"\[site\] is declared twice"),
        (TEXT.replace('"harbor"', "“harbor”", 1), "typographic quotation marks"),
        (TEXT + "min_interval = 15\n", "expected a time such as"),
        (TEXT + 'name = "again"\n', "name is given twice"),
    ],
    ids=["merge conflict", "table twice", "curly quotes", "no unit", "key twice"],
)
def test_a_broken_file_is_not_edited(file: Path, broken: str, sentence: str) -> None:
    """What is wrong with the file is said, with its line, and it stays as it is."""
    file.write_text(broken)

    with pytest.raises(ConfigError, match=sentence):
        edit_file(file, _named("Harbor"), {})
    assert file.read_text() == broken


def test_an_edit_of_an_older_text_is_refused(file: Path) -> None:
    """The file was edited by hand after the form was opened: neither text is lost."""
    seen = file.read_text()
    file.write_text(by_hand := seen + "# by hand\n")

    with pytest.raises(FileChanged, match="Make your change again"):
        edit_file(file, _named("Harbor"), {}, based_on=seen)
    assert file.read_text() == by_hand


def test_an_edit_by_hand_during_an_edit_is_not_overwritten(file: Path) -> None:
    """Even in the moment between reading and writing."""

    def meanwhile(text: str) -> str:
        file.write_text(text + "# by hand\n")
        return _named("Harbor")(text)

    with pytest.raises(FileChanged):
        edit_file(file, meanwhile, {})
    assert file.read_text() == TEXT + "# by hand\n"


def test_two_operators_who_save_at_once_are_both_heard(file: Path) -> None:
    """Edits are made one after the other, so that none is lost."""

    def add(number: int) -> None:
        values = {"id": f"s{number}", "name": "S", "feed": f"https://s{number}.example/f"}
        values["site"] = values["feed"]
        edit_file(file, lambda text: add_tables(text, "source", [values]), {})

    threads = [threading.Thread(target=add, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(f'id = "s{n}"' in file.read_text() for n in range(12))


def _make_read_only(file: Path) -> None:
    file.chmod(0o444)


def _replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (_make_read_only, r"it is read-only\); it was not changed"),
        (_replace_by_folder, "Is a directory"),
        (Path.unlink, "does not exist any more; put it back"),
    ],
    ids=["read-only", "a folder", "deleted"],
)
def test_a_file_that_cannot_be_written(
    file: Path, happens: Callable[[Path], None], sentence: str
) -> None:
    """One sentence says why, and what to do."""
    happens(file)

    with pytest.raises(WriteError, match=sentence):
        edit_file(file, _named("Harbor"), {})
    assert not file.is_file() or file.read_text() == TEXT


def test_a_link_is_followed(file: Path) -> None:
    """feeds.toml may be a link into a folder under version control."""
    real = file.parent / "repository" / "feeds.toml"
    real.parent.mkdir()
    file.rename(real)
    file.symlink_to(real)

    edit_file(file, _named("Harbor"), {})

    assert file.is_symlink()
    assert "Harbor" in real.read_text()
    assert [each.name for each in real.parent.iterdir()] == ["feeds.toml"]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A feeds.toml on a disk of its own that has no space left."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk can be mounted by root only")
    path = folder / "feeds.toml"
    path.write_text(TEXT)
    with suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 1024)
    yield path
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_leaves_the_old_file(full_disk: Path) -> None:
    """The old file stays whole, and nothing half-written is left."""
    with pytest.raises(WriteError, match=r"No space left on device.*not changed. Free some space"):
        edit_file(full_disk, _named("Harbor"), {})

    assert full_disk.read_text() == TEXT
    assert not list(full_disk.parent.glob(".*"))


def test_a_new_file_never_replaces_one(file: Path) -> None:
    """`init` in a folder with a feeds.toml changes nothing."""
    with pytest.raises(WriteError, match="already exists"):
        create_file(file, "other")
    create_file(new := file.with_name("new.toml"), TEXT)

    assert file.read_text() == new.read_text() == TEXT
    assert len(list(file.parent.iterdir())) == 2


def test_killed_while_saving(file: Path) -> None:
    """Killed a hundred times in the middle of saving, the file is always the old or the new one."""
    rng = random.Random(21)
    texts = {change_section(TEXT, "site", {"title": f"News {n}"}) for n in range(10)} | {TEXT}
    for _ in range(100):
        child = os.fork()
        if not child:
            with suppress(AggregatorError):
                for number in range(10_000):
                    title = {"title": f"News {number % 10}"}
                    edit_file(file, partial(change_section, name="site", values=title), {})
            os._exit(1)
        time.sleep(rng.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)

        assert os.WTERMSIG(status) == signal.SIGKILL
        assert file.read_text() in texts
    assert file.read_text() != TEXT
    edit_file(file, _named("Harbor"), {})
    assert {each.name for each in file.parent.iterdir()} == {"feeds.toml"}
