"""Completion by TAB, in the shells themselves, by the lines that docs/operating.md has."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SHELLS = ("bash", "zsh", "fish")

CONFIG = """
[site]
title = "Commons"
url = "https://commons.example"

[[source]]
id = "harbor-dispatch"
name = "Harbor Dispatch"
feed = "https://harbor.example/feed"

[[source]]
id = "heron"
name = "Heron"
feed = "https://heron.example/feed"

[[topic]]
id = "labor"
title = "Labor"
match = "strike"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with feeds.toml, and the program in `bin`."""
    (tmp_path / "feeds.toml").write_text(CONFIG)
    program = tmp_path / "bin" / "aggregator"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom aggregator.cli import main\n"
        'sys.argv[0] = "aggregator"\nmain()\n'
    )
    program.chmod(0o755)
    return tmp_path


def _offered(folder: Path, *words: str) -> list[str]:
    """What bash offers after TAB at the end of a command line."""
    line = " ".join(f"'{word}'" for word in ("aggregator", *words))
    script = (
        f"{_documented('bash')}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}\n"
        '_aggregator_completion aggregator\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder, capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def _documented(shell: str) -> str:
    text = (ROOT / "docs" / "operating.md").read_text()
    found = re.search(rf"\| {shell} \| `([^`]+)` \|", text)
    assert found is not None
    return found[1].replace("\\|", "|")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sta",), ["status"]),
        (("se",), ["set", "serve", "search"]),
        (("source", ""), ["harbor-dispatch", "heron"]),
        (("remove", "heron", "h"), ["harbor-dispatch"]),
        (("set", "heron", "lang"), ["language"]),
        (("rename", ""), ["harbor-dispatch", "heron", "labor"]),
        (("topic", "test", "l"), ["labor"]),
        (("pin", "--topic", ""), ["labor"]),
        (("source", "x"), []),
        (("--config", "nothing.toml", "source", ""), []),
    ],
)
def test_bash_offers(folder: Path, words: tuple[str, ...], offered: list[str]) -> None:
    """Commands, ids of sources and topics, and keys."""
    assert sorted(_offered(folder, *words)) == sorted(offered)


@pytest.mark.parametrize("text", ["[[source", "source = 1", "[[source]]\nname = 1", "\udcff"])
def test_a_broken_file_offers_nothing(folder: Path, text: str) -> None:
    """And prints nothing into the command line."""
    (folder / "feeds.toml").write_bytes(text.encode(errors="surrogateescape"))

    assert _offered(folder, "source", "") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_takes_its_line(folder: Path, shell: str) -> None:
    """The documented line defines the completion, without a complaint."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    prepared = "autoload -Uz compinit && compinit -u -D\n" if shell == "zsh" else ""
    done = subprocess.run(
        [shell, "-c", f"{prepared}{_documented(shell)}"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "HOME": str(folder), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
