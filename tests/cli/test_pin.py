"""The commands `pin`, `unpin` and `pinned`."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.demo.press import Press
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

NOW = datetime.now(UTC).replace(microsecond=0)
TOMORROW = f"{NOW + timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A newsroom with three stories, one of them in the topic."""
    titles = ("Strike ends", "Verdict falls", "Ferry sails")
    items = [
        article(title, link=f"https://harbor.example/{n}", published=NOW - timedelta(hours=n))
        for n, title in enumerate(titles)
    ]
    press.put("/harbor", feed_response("harbor", *items))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + source_table("harbor", f"{press.url}/harbor"))
    run(file, "ingest")
    return file


def _id(config: Path, word: str) -> str:
    """The id of a story."""
    found = re.search(r"\b[0-9a-f]{16}\b", run(config, "search", word).stdout)
    assert found is not None
    return found[0]


def test_a_lead_and_a_pinned_story(config: Path) -> None:
    """Both are listed, published, and gone when they are unpinned."""
    verdict, strike = _id(config, "verdict"), _id(config, "strike")
    assert run(config, "pinned").stdout == "No story is pinned.\n"

    done = run(config, "pin", f"https://t.example/stories/{verdict}", "--until", TOMORROW)
    assert done.stdout == (
        f"{verdict}: the lead of the home page until the end of {TOMORROW}: Verdict falls\n"
    )
    assert run(config, "pin", strike, "--topic", "labor").returncode == 0
    listed = run(config, "pinned").stdout
    assert re.search(rf"{verdict} +\(home page\) .*Verdict falls", listed)
    assert TOMORROW in listed
    assert re.search(rf"{strike} +labor .*Strike ends", listed)
    run(config, "publish", str(config.parent / "public"))
    home = (config.parent / "public/index.html").read_text()
    assert f'<h2><a href="/stories/{verdict}">' in home

    assert run(config, "unpin", verdict).stdout == f"{verdict}: no longer pinned\n"
    assert run(config, "unpin", verdict).returncode == 2
    assert verdict not in run(config, "pinned").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("0" * 16,), "There is no story"),
        (("nonsense",), "There is no story"),
        (("VERDICT", "--topic", "labor"), "is not in the topic 'labor'"),
        (("VERDICT", "--topic", "labour"), "did you mean 'labor'"),
        (("VERDICT", "--until", "2020-01-01"), "is in the past"),
        (("VERDICT", "--until", "tomorrow"), "does not match the format"),
    ],
)
def test_what_cannot_be_pinned(config: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """One sentence says why."""
    verdict = _id(config, "verdict")
    done = run(config, "pin", *(verdict if each == "VERDICT" else each for each in arguments))

    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert run(config, "pinned").stdout == "No story is pinned.\n"


def test_an_unknown_lead_is_a_warning(config: Path) -> None:
    """The home page chooses its own; what is no id at all is an error."""
    text = config.read_text()
    config.write_text(text.replace("[site]", f'[site]\nlead = "{"0" * 16}"'))
    done = run(config, "check")
    assert done.returncode == 0
    assert "site.lead: there is no published story '0000000000000000'" in done.stderr

    config.write_text(text.replace("[site]", '[site]\nlead = "the strike"'))
    done = run(config, "check")
    assert done.returncode == 1
    assert "expected the id of a story" in done.stderr
