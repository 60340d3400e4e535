"""`diff`: the effect of an edited feeds.toml, before it is saved or takes effect."""

from pathlib import Path

import pytest

from aggregator.demo.press import Press
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A newsroom with three stories, one of them in its topic."""
    articles = [article("Dockers strike"), article("Teachers walk out"), article("Rain")]
    feed = press.put("/harbor", feed_response("harbor", *articles))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + source_table("harbor", feed))
    assert run(file, "ingest").returncode == 0
    return file


def test_the_effect_of_an_edit(config: Path) -> None:
    """Sources, keys, and stories that a changed rule would add or remove, with the reason."""
    text = config.read_text().replace('match = "strike"', "match = '\"walk out\"'")
    text = text.replace('title = "T"', 'title = "U"') + 'show = "full"\n'
    config.write_text(text + source_table("plains", "https://plains.example/feed"))
    result = run(config, "diff")

    assert result.stdout.splitlines()[:4] == [
        "source 'harbor': show", "source 'plains' added", "topic 'labor': match", "[site] title",
    ]  # fmt: skip
    assert "labor: 1 story now, 1 to add, 1 to remove" in result.stdout
    assert "harbor: Teachers walk out" in result.stdout
    assert "harbor: Dockers strike" in result.stdout


def test_another_file(config: Path) -> None:
    """A draft need not be at the place of the file in force; a renamed source is named so."""
    draft = config.with_name("draft.toml")
    draft.write_text(config.read_text().replace('id = "harbor"', 'id = "port"\nwas = ["harbor"]'))

    assert run(config, "diff", str(draft)).stdout == "source 'harbor' is called 'port' now\n"
    assert run(config, "diff").stdout == "No setting differs.\n"


def test_a_paused_source_and_a_comment(config: Path) -> None:
    """A source that is no longer fetched is named as such."""
    config.write_text(config.read_text() + "enabled = false  # until May\n")

    assert run(config, "diff").stdout == "source 'harbor': paused\n"


def test_what_cannot_be_compared(config: Path, tmp_path: Path) -> None:
    """A draft with problems, and a newsroom that never ran."""
    draft = config.with_name("draft.toml")
    draft.write_text("[site]\n")
    assert "site.title: is missing" in run(config, "diff", str(draft)).stderr
    (folder := tmp_path / "new").mkdir()
    new = folder / "feeds.toml"
    new.write_text(HEAD)

    result = run(new, "diff")
    assert result.returncode == 2
    assert "No version of feeds.toml is in force yet" in result.stderr
