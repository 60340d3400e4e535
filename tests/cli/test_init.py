"""`init`: the feeds.toml of a new newsroom."""

import tomllib
from pathlib import Path

import pytest

from tests.harness.command_line import run, run_on_terminal


def test_four_questions_make_a_newsroom(tmp_path: Path) -> None:
    """On a terminal, what is not given is asked for; a wrong answer is explained, and asked for
    again."""
    file = tmp_path / "news" / "feeds.toml"
    answers = ["Harbor News", "harbor.example", "https://harbor.example", "", "desk@harbor.example"]
    shown = run_on_terminal(None, "init", str(file.parent), answers=answers)

    assert "expected a complete address that starts with http:// or https://" in shown
    assert f"Wrote {file}." in shown
    assert tomllib.loads(file.read_text())["site"] == {
        "title": "Harbor News",
        "url": "https://harbor.example",
        "language": "en",
        "contact": "desk@harbor.example",
    }
    assert run(file, "check").stdout == f"{file} is valid: 0 sources, 0 topics.\n"


def test_options_make_a_newsroom_without_a_terminal(tmp_path: Path) -> None:
    """A script gives a name; everything else has a default."""
    file = tmp_path / "feeds.toml"
    result = run(file, "init", "--title", "Ñews “&” <b>")

    assert result.returncode == 0, result.stderr
    assert tomllib.loads(file.read_text())["site"]["title"] == "Ñews “&” <b>"
    assert file.read_text().count("#") > 10


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "give --title"),
        (["--title", " "], "--title: found ' '"),
        (["--title", "T", "--url", "x"], "--url: found 'x', expected a complete address"),
        (["--title", "T", "--language", "english"], "--language: found 'english', expected"),
        (["--title", "T", "--contact", "me"], "--contact: found 'me', expected an email"),
        (["--sample", "--title", "T"], "--sample cannot be combined"),
    ],
    ids=["no name", "blank name", "no address", "no language tag", "no contact", "sample and name"],
)
def test_wrong_options(tmp_path: Path, options: list[str], sentence: str) -> None:
    """Nothing is written, and one sentence says what is wrong."""
    result = run(tmp_path / "feeds.toml", "init", *options)

    assert result.returncode == 2
    assert sentence in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_sample_newsroom(tmp_path: Path) -> None:
    """The sample stands in a folder of its own, which no update of the program touches."""
    file = tmp_path / "feeds.toml"
    run(file, "init", "--sample")

    assert "22 sources, 11 topics" in run(file, "check").stdout


def test_an_existing_file_stays(tmp_path: Path) -> None:
    """`init` never changes a feeds.toml."""
    file = tmp_path / "feeds.toml"
    file.write_text("mine")

    result = run(file, "init", "--title", "T")

    assert "already exists; it was not changed" in result.stderr
    assert file.read_text() == "mine"
