"""`set`, `remove` and `rename` change feeds.toml and nothing else in it."""

import tomllib
from pathlib import Path

import pytest

from aggregator.demo.press import Press
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A feeds.toml with two sources and comments."""
    file = tmp_path / "feeds.toml"
    first = source_table("harbor", "https://harbor.example/feed")
    second = source_table("plains", "https://plains.example/feed")
    file.write_text(f"# ours\n{HEAD}\n# friends\n{first}\n# others\n{second}")
    return file


def _source(config: Path, index: int = 0) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads(config.read_text())["source"][index]
    return found


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        (["feed", "https://harbor.example/new"], "feed", "https://harbor.example/new"),
        (["name", "true"], "name", "true"),
        (["name", "Harbor & Sons"], "name", "Harbor & Sons"),
        (["enabled", "false"], "enabled", False),
        (["max_new", "7"], "max_new", 7),
        (["topics", '["labor"]'], "topics", ["labor"]),
        (["include", 'strike OR "picket line"'], "include", 'strike OR "picket line"'),
        (["min_interval", "1h"], "min_interval", "1h"),
        (["show", '"full"'], "show", "full"),
    ],
)
def test_a_key_is_set(config: Path, arguments: list[str], key: str, value: object) -> None:
    """Text is text, everything else is as TOML writes it."""
    result = run(config, "set", "harbor", *arguments)

    assert result.returncode == 0, result.stderr
    assert _source(config)[key] == value
    assert f"+{key} = " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["harbour", "name", "x"], "There is no source 'harbour' in feeds.toml; did you mean"),
        (["harbor", "feet", "x"], "source.feet: there is no such key; did you mean 'feed'?"),
        (["harbor", "feed", "x"], "source.feed: found 'x', expected a complete address"),
        (["harbor", "enabled", "no"], "source.enabled: found 'no', expected true or false"),
        (["harbor", "name"], "give a VALUE, or --unset"),
        (["harbor", "name", "--unset"], "source.name: is missing"),
        (["harbor", "id", "plains"], "'plains' is already used on line"),
    ],
)
def test_wrong_values(config: Path, arguments: list[str], sentence: str) -> None:
    """One sentence says what is wrong, and the file stays."""
    before = config.read_text()
    result = run(config, "set", *arguments)

    assert result.returncode in (1, 2)
    assert sentence in result.stderr
    assert config.read_text() == before


def test_a_key_is_unset(config: Path) -> None:
    """Its default applies again, and the file is as before."""
    before = config.read_text()
    run(config, "set", "harbor", "enabled", "false")
    result = run(config, "set", "harbor", "enabled", "--unset")

    assert result.returncode == 0, result.stderr
    assert config.read_text() == before
    assert "nothing to change" in run(config, "set", "harbor", "enabled", "--unset").stdout


def test_a_source_is_removed(config: Path) -> None:
    """Its table and its comment go, and what is removed is shown."""
    shown = run(config, "remove", "harbor", "--dry-run").stdout
    assert "-# friends" in shown
    assert "Nothing was written" in shown

    assert run(config, "remove", "harbor").returncode == 0
    assert "harbor" not in config.read_text()
    assert "# others" in config.read_text()


def test_a_renamed_source_keeps_its_history(config: Path, press: Press) -> None:
    """Its articles are not fetched as new ones."""
    feed = press.put("/f", feed_response("harbor", article("One"), article("Two")))
    run(config, "set", "harbor", "feed", feed)
    run(config, "ingest", "--source", "harbor")

    assert run(config, "rename", "harbor", "port").returncode == 0
    assert _source(config)["was"] == ["harbor"]
    report = run(config, "ingest", "--source", "port").stdout
    assert "0 new" in report
    assert "entries:       2" in run(config, "sources", "port").stdout


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("harbor", "plains", "The id 'plains' is taken."),
        ("nobody", "x", "There is no source or topic 'nobody'"),
        ("harbor", "Not An Id", "expected an id of lowercase letters"),
    ],
)
def test_wrong_renames(config: Path, old: str, new: str, sentence: str) -> None:
    """Nothing is renamed."""
    before = config.read_text()
    result = run(config, "rename", old, new)

    assert sentence in result.stderr
    assert config.read_text() == before


def test_a_topic_is_renamed_wherever_it_is_named(config: Path) -> None:
    """Sources that name it are changed too."""
    run(config, "set", "harbor", "topics", '["labor"]')

    assert run(config, "rename", "labor", "work").returncode == 0
    tables = tomllib.loads(config.read_text())
    assert (tables["topic"][0]["id"], tables["topic"][0]["was"]) == ("work", ["labor"])
    assert tables["source"][0]["topics"] == ["work"]
