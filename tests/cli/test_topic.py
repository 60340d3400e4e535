"""What an operator is told of a rule before it files anything."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.demo.formats import FORMATS
from aggregator.demo.press import Answer, Press
from tests.cli.test_cli import HEAD, _run, _source
from tests.partners import article

NOW = datetime.now(UTC)
TITLES = ("Dockers strike", "Strikes spread", "Cranes rest", "Union wins", "Rain falls")


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """One outlet with five articles, filed by the rule of HEAD's topic, `strike`."""
    content_type, _, render = FORMATS["rss20"]
    items = [article(title, text=f"{title}.", published=NOW) for title in TITLES]
    body = render("Harbor", "https://harbor.example/", items).encode()
    press.put("/harbor", Answer(body=body, headers={"Content-Type": content_type}))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + _source("harbor", f"{press.url}/harbor"))
    _run(file, "ingest")
    return file


def _titles(shown: str, verb: str) -> list[str]:
    found = re.search(rf"^{verb}: +(\d+)\n((?:  .*\n)*)", shown, re.M)
    assert found, shown
    lines = found[2].splitlines()
    assert len(lines) == int(found[1])
    return sorted(re.findall(r"harbor: ([\w ]+?)(?:  \(|$)", found[2], re.M))


def test_a_draft(config: Path) -> None:
    """What it would add, where it was found, and what it would drop; nothing is changed."""
    before = _run(config, "topics", "labor").stdout
    shown = _run(config, "topic", "test", "labor", "--match", "union OR strikes").stdout

    assert "finds:   2 of 5 stories; 1 stand in the topic now" in shown
    assert "outlets: harbor 2" in shown
    assert _titles(shown, "adds") == ["Strikes spread", "Union wins"]
    assert "(rule found title: union, summary: union)" in shown
    assert _titles(shown, "drops") == ["Dockers strike"]
    assert _run(config, "topics", "labor").stdout == before


def test_what_its_outlet_files(config: Path) -> None:
    """It stays in the topic, whatever the rule says."""
    text = config.read_text().replace('id = "harbor"\n', 'id = "harbor"\ntopics = ["labor"]\n')
    config.write_text(text)

    shown = _run(config, "topic", "test", "labor", "--match", "union").stdout

    assert _titles(shown, "drops") == []


def test_the_rule_that_stands(config: Path) -> None:
    """It has done what it would do."""
    shown = _run(config, "topic", "test", "labor").stdout

    assert "finds:   1 of 5 stories; 1 stand in the topic now" in shown
    assert _titles(shown, "adds") == _titles(shown, "drops") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("labour",), "did you mean"),
        (("labor", "--match", "a AND (b"), "the rule cannot be read: it ends too early"),
        (("labor", "--match", ""), "the topic 'labor' has no rule; give one with --match"),
        ((), "Missing argument"),
    ],
)
def test_nonsense(config: Path, words: tuple[str, ...], sentence: str) -> None:
    """One sentence, and no traceback."""
    result = _run(config, "topic", "test", *words)

    assert result.returncode != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_rule_that_says_nothing(config: Path) -> None:
    """That finds nothing, or more than half of everything, or holds what has no effect."""
    for draft, warning in (
        ("helicopter", "the rule finds nothing"),
        ("NOT helicopter", "the rule finds more than half of everything"),
        ("strike^2", "character 1: a boost (^) has no effect"),
    ):
        assert (
            f"warning: {warning}" in _run(config, "topic", "test", "labor", "--match", draft).stderr
        )
