"""The commands `story`, `merge` and `split`."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.demo.press import Press, open_press
from aggregator.demo.sample_feeds import Item
from tests.harness.builders import prose
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

NOW = datetime.now(UTC).replace(microsecond=0)


def _publish(press: Press, outlet: str, *items: Item) -> None:
    press.put(f"/{outlet}", feed_response(outlet, *items))


def _article(title: str, outlet: str, text: str) -> Item:
    link = f"https://{outlet}.example/{title.lower().replace(' ', '-')}"
    return article(title, text=text, link=link, published=NOW)


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """Harbor and Commons have published one article, and Plains another one."""
    return _ingested_config(tmp_path, press)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The setup of `config`, shared by all tests that change nothing."""
    with open_press() as press:
        yield _ingested_config(tmp_path_factory.mktemp("untouched"), press)


def _ingested_config(folder: Path, press: Press) -> Path:
    file = folder / "feeds.toml"
    outlets = ("harbor", "commons", "plains")
    file.write_text(HEAD + "".join(source_table(id_, f"{press.url}/{id_}") for id_ in outlets))
    _publish(press, "harbor", _article("Cranes stand still", "harbor", prose(1)))
    _publish(press, "commons", _article("Why cranes stand still", "commons", prose(1)))
    _publish(press, "plains", _article("Teachers march", "plains", prose(2)))
    run(file, "ingest", "--source", "harbor")
    run(file, "ingest")
    return file


def _stories(config: Path) -> dict[str, str]:
    """Title of the lead -> story id, of all published stories."""
    folder = config.parent / "public"
    run(config, "publish", str(folder))
    found = {}
    for page in folder.glob("stories/*/index.html"):
        text = page.read_text()
        if title := re.search("<h1[^>]*>(.+)</h1>", text):
            found[title[1]] = page.parent.name
    return found


def _number(config: Path, id_: str, outlet: str) -> str:
    """The number of an outlet's entry in a story."""
    shown = run(config, "story", id_).stdout
    found = re.search(rf"^ *(\d+)  {outlet}", shown, re.M)
    assert found, shown
    return found[1]


def test_story_shows_entries_and_matches(untouched: Path) -> None:
    """`story` shows lead, duplicates and the score of their match, by id or URL."""
    stories = _stories(untouched)
    shown = run(untouched, "story", stories["Cranes stand still"]).stdout

    assert set(stories) == {"Cranes stand still", "Teachers march"}
    assert re.search(r"harbor +\S+ \S+  lead", shown)
    url = f"https://t.example/stories/{stories['Cranes stand still']}"
    assert run(untouched, "story", url).stdout == shown
    assert "https://commons.example/why-cranes-stand-still" in shown
    assert re.search(r"text 2\.\d\d: 100% of the shorter text", shown)


def test_split_and_merge_hold(config: Path, press: Press) -> None:
    """Either decision holds when entries are revised, and the other one reverses it."""
    cranes = _stories(config)["Cranes stand still"]
    copy = _number(config, cranes, "commons")

    assert f"{cranes}: articles of harbor\n" in run(config, "split", copy).stdout
    _publish(press, "commons", _article("Why cranes stand still", "commons", f"{prose(1)} More."))
    run(config, "ingest", "--all")
    apart = _stories(config)
    assert apart["Cranes stand still"] == cranes
    assert "separated by the operator" in run(config, "story", cranes).stdout
    merged = run(config, "merge", apart["Why cranes stand still"], cranes).stdout
    assert f"{apart['Why cranes stand still']}: now redirects to {cranes}" in merged
    assert "Why cranes stand still" not in _stories(config)
    again = run(config, "story", apart["Why cranes stand still"]).stdout
    assert f"story:      {cranes} (was {apart['Why cranes stand still']})" in again
    assert "no problems found" in run(config, "doctor").stdout


def test_unrelated_stories_can_be_merged(config: Path) -> None:
    """The older story stays; after a split both have their former ids."""
    before = _stories(config)
    run(config, "merge", before["Teachers march"], before["Cranes stand still"])
    merged = _stories(config)
    run(config, "ingest", "--all")
    number = _number(config, before["Cranes stand still"], "plains")
    run(config, "split", number)

    assert set(merged) == {"Cranes stand still", "This story has moved"}
    assert merged["Cranes stand still"] == before["Cranes stand still"]
    assert _stories(config) == before
    assert "no problems found" in run(config, "doctor").stdout


@pytest.mark.slow
def test_stories_that_share_an_outlet_can_be_merged(config: Path, press: Press) -> None:
    """An operator may merge two entries of one outlet, which evidence never does."""
    _publish(
        press, "commons", _article("Why cranes stand still", "commons", prose(1)),
        _article("Why teachers march", "commons", prose(2)),
    )  # fmt: skip
    run(config, "ingest", "--all")
    stories = _stories(config)
    run(config, "merge", stories["Cranes stand still"], stories["Teachers march"])
    run(config, "ingest", "--all")

    shown = run(config, "story", stories["Teachers march"]).stdout
    assert shown.count("https://commons.example/") == 2
    assert "https://plains.example/teachers-march" in shown
    assert "Teachers march" not in _stories(config)


@pytest.mark.slow
def test_a_split_keeps_other_merges(config: Path, press: Press) -> None:
    """Stories that were merged through a third one stay merged when that is split off."""
    for outlet, seed in (("commons", 7), ("plains", 8)):
        title = f"Another matter of {outlet}"
        _publish(press, outlet, _article(title, outlet, prose(seed)))
    run(config, "ingest", "--all")
    stories = _stories(config)
    cranes = stories["Cranes stand still"]
    for outlet in ("commons", "plains"):
        run(config, "merge", cranes, stories[f"Another matter of {outlet}"])
    run(config, "split", _number(config, cranes, "harbor"))
    left = run(config, "story", stories["Another matter of plains"]).stdout

    assert "https://commons.example/another-matter-of-commons" in left
    assert "https://plains.example/another-matter-of-plains" in left
    assert "https://harbor.example" not in left


def test_a_removed_source_keeps_its_lead(config: Path, press: Press) -> None:
    """An article of a source that is no longer listed leads copies by other outlets."""
    text = config.read_text()
    config.write_text(text.replace(source_table("harbor", f"{press.url}/harbor"), ""))
    _publish(press, "plains", _article("No crane moves", "plains", prose(1)))
    run(config, "ingest", "--all")

    assert "Cranes stand still" in _stories(config)
    shown = run(config, "story", _stories(config)["Cranes stand still"]).stdout
    assert "https://plains.example/no-crane-moves" in shown


INVALID_CALLS = [
    (("story", "0000000000000000"), "There is no story '0000000000000000'"),
    (("story", "x'; drop table stories"), "There is no story"),
    (("merge", "0000000000000000", "1"), "There is no story"),
    (("split", "4711"), "There is no article '4711'"),
    (("split", "one"), "'one' is not an article number"),
    (("split", "-1"), "No such option"),
    (("story", "one", "two"), "unexpected extra argument"),
    (("split", "9" * 30), "is not an article number"),
]


@pytest.mark.parametrize(
    ("words", "error"), INVALID_CALLS, ids=[" ".join(w) for w, _ in INVALID_CALLS]
)
def test_an_invalid_call_is_explained(untouched: Path, words: tuple[str, ...], error: str) -> None:
    """An invalid call is an error without a traceback."""
    result = run(untouched, *words)

    assert result.returncode == 2
    assert error in result.stderr
    assert "Traceback" not in result.stderr


def test_a_needless_merge_or_split_is_explained(untouched: Path) -> None:
    """The error says that there is nothing to merge or split."""
    stories = _stories(untouched)
    cranes, alone = stories["Cranes stand still"], stories["Teachers march"]

    assert "are already one story" in run(untouched, "merge", cranes, cranes).stderr
    number = _number(untouched, alone, "plains")
    assert "is the only one in its story" in run(untouched, "split", number).stderr


def test_story_lists_the_weakest_matches_first(config: Path, press: Press) -> None:
    """Stories with duplicates are listed, the weakest evidence first."""
    words = prose(3).split()
    _publish(press, "plains", _article("Standing cranes", "plains", " ".join(words[:90])))
    run(config, "ingest", "--source", "plains")
    half = " ".join([*words[:60], *prose(4).split()[:30]])
    _publish(press, "commons", _article("Standing cranes today", "commons", half))
    run(config, "ingest", "--source", "commons")

    listed = run(config, "story").stdout

    assert re.findall(r"^\w{16}  (\w+) (\d\.\d\d)$", listed, re.M)
    scores = [float(score) for score in re.findall(r"text (\d\.\d\d)", listed)]
    assert len(scores) == 2
    assert scores == sorted(scores)
    assert listed.index("Standing cranes today") < listed.index("Why cranes stand still")
