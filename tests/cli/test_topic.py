"""What an operator is told of a rule before it files anything."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.demo.press import Press
from aggregator.demo.sample_feeds import Item
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

NOW = datetime.now(UTC)
TITLES = ("Dockers strike", "Strikes spread", "Cranes rest", "Union wins", "Rain falls")


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """One outlet with five articles, filed by the rule of HEAD's topic, `strike`."""
    _publish(press, *(article(title, text=f"{title}.", published=NOW) for title in TITLES))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + source_table("harbor", f"{press.url}/harbor"))
    run(file, "ingest")
    return file


def _publish(press: Press, *items: Item) -> None:
    press.put("/harbor", feed_response("harbor", *items))


def _titles(shown: str, verb: str) -> list[str]:
    found = re.search(rf"^{verb}: +(\d+)\n((?:  .*\n)*)", shown, re.M)
    assert found, shown
    lines = found[2].splitlines()
    assert len(lines) == int(found[1])
    return sorted(re.findall(r"harbor: ([\w ]+?)(?:  \(|$)", found[2], re.M))


def test_a_draft(config: Path) -> None:
    """What it would add, where it was found, and what it would drop; nothing is changed."""
    before = run(config, "topics", "labor").stdout
    shown = run(config, "topic", "test", "labor", "--match", "union OR strikes").stdout

    assert "matches: 2 of 5 stories; 1 are in the topic now" in shown
    assert "outlets: harbor 2" in shown
    assert _titles(shown, "adds") == ["Strikes spread", "Union wins"]
    assert "(rule found title: union, summary: union)" in shown
    assert _titles(shown, "removes") == ["Dockers strike"]
    assert run(config, "topics", "labor").stdout == before


def test_what_its_outlet_files(config: Path) -> None:
    """It stays in the topic, whatever the rule says."""
    text = config.read_text().replace('id = "harbor"\n', 'id = "harbor"\ntopics = ["labor"]\n')
    config.write_text(text)

    shown = run(config, "topic", "test", "labor", "--match", "union").stdout

    assert _titles(shown, "removes") == []


def test_the_rule_that_stands(config: Path) -> None:
    """It has done what it would do."""
    shown = run(config, "topic", "test", "labor").stdout

    assert "matches: 1 of 5 stories; 1 are in the topic now" in shown
    assert _titles(shown, "adds") == _titles(shown, "removes") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("labour",), "did you mean"),
        (("labor", "--match", "a AND (b"), "the rule cannot be parsed: it ends too early"),
        (("labor", "--match", ""), "the topic 'labor' has no rule; give one with --match"),
        ((), "Missing argument"),
    ],
)
def test_nonsense(config: Path, words: tuple[str, ...], sentence: str) -> None:
    """One sentence, and no traceback."""
    result = run(config, "topic", "test", *words)

    assert result.returncode != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_rule_that_says_nothing(config: Path) -> None:
    """That finds nothing, or more than half of everything, or holds what has no effect."""
    for draft, warning in (
        ("helicopter", "the rule matches nothing"),
        ("NOT helicopter", "the rule matches more than half of everything"),
        ("strike^2", "character 1: a boost (^) has no effect"),
    ):
        assert (
            f"warning: {warning}" in run(config, "topic", "test", "labor", "--match", draft).stderr
        )


def _id(shown: str, title: str) -> str:
    found = re.search(rf"([0-9a-f]{{16}})  (?:harbor: )?{title}", shown)
    assert found, shown
    return found[1]


def test_why_and_why_not(config: Path) -> None:
    """Each clause says yes or no, with its parts, and what a draft would say."""
    story = _id(run(config, "topics", "labor").stdout, "Dockers strike")
    shown = run(config, "topic", "explain", "labor", f"https://x.example/stories/{story}",
                 "--match", "union OR (strike AND NOT dockers)").stdout  # fmt: skip

    assert "now:     rule found title: strike, summary: strike" in shown
    assert "rules:   not in the topic" in shown
    assert re.search(r"^  no   rule +union$", shown, re.M)
    assert re.search(r"^  no   rule +strike AND NOT dockers$", shown, re.M)
    assert re.search(r"^  yes +strike   title: strike, summary: strike$", shown, re.M)
    assert re.search(r"^  no +NOT dockers$", shown, re.M)
    assert re.search(r"^  yes +dockers   title: dockers, summary: dockers$", shown, re.M)


def test_an_operators_word(config: Path) -> None:
    """In, out and back to the rules; each says where the story stands then."""
    everything = run(config, "topic", "test", "labor", "--match", "NOT helicopter").stdout
    rain, strike = (
        _id(everything, "Rain falls"),
        _id(run(config, "topics", "labor").stdout, "Dock"),
    )

    added = run(config, "topic", "add", "labor", rain).stdout
    assert "labor: put in by hand; placed by the operator" in added
    removed = run(config, "topic", "remove", "labor", strike, rain).stdout
    assert removed.count("labor: kept out by hand; not in the topic") == 2
    assert "decided: not in the topic (the operator, " in (
        run(config, "topic", "explain", "labor", strike).stdout
    )
    reset = run(config, "topic", "reset", "labor", strike, rain).stdout
    assert "labor: left to the rules; rule found title: strike" in reset
    assert "labor: left to the rules; not in the topic" in reset


def test_a_rule_is_applied(config: Path) -> None:
    """A preview changes nothing; the second time there is nothing to do."""
    text = config.read_text()
    config.write_text(text.replace('match = "strike"', "match = 'union OR rain'"))
    assert config.read_text() != text
    before = run(config, "topics", "labor").stdout

    preview = run(config, "topic", "apply").stdout
    assert "labor: 1 story now, 2 to add, 1 to remove" in preview
    assert "Nothing is changed" in preview
    assert run(config, "topics", "labor").stdout == before
    written = run(config, "topic", "apply", "labor", "--write").stdout
    assert _titles(written, "adds") == _titles(preview, "adds") == ["Rain falls", "Union wins"]
    assert "labor: 2 stories now, 0 to add, 0 to remove" in run(config, "topic", "apply").stdout


def test_what_topics_share_and_lack(config: Path) -> None:
    """The report says so, and the table when the newest story came."""
    shown = run(config, "topics", "--report").stdout

    assert re.search(rf"labor +1 +{NOW:%Y-%m-%d %H}", shown)
    assert "topics that share most of their stories:\n          none" in shown
    assert "without any topic: 4 of the newest 5 stories (there are 5)" in shown


def test_learning(config: Path) -> None:
    """Nobody learns unless told to, and nothing is learned from five stories."""
    assert "No topic learns" in run(config, "topic", "learn").stdout
    assert "does not learn" in run(config, "topic", "suggest", "labor").stderr
    config.write_text(config.read_text().replace('id = "labor"', 'id = "labor"\nlearn = "suggest"'))

    assert "There are too few examples" in run(config, "topic", "learn").stdout
    assert (
        "Nothing is suggested (not trained yet;" in run(config, "topic", "suggest", "labor").stdout
    )


def test_without_the_libraries(config: Path, tmp_path: Path) -> None:
    """One sentence says what to install; everything else works."""
    config.write_text(config.read_text().replace('id = "labor"', 'id = "labor"\nlearn = "place"'))
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['sklearn'] = None\n")
    without = {"PYTHONPATH": str(tmp_path)}

    result = run(config, "topic", "learn", **without)
    assert result.returncode == 2
    assert 'pip install ".[learn]"' in result.stderr
    assert "Learning needs scikit-learn" in run(config, "check", **without).stderr
    assert run(config, "ingest", **without).returncode == 0


def test_rules_that_say_nothing_are_checked(config: Path, press: Press) -> None:
    """Of what is stored, with the line; and nothing is written to find out."""
    _publish(press, *(article(f"Day {n} of rain", published=NOW) for n in range(30)))
    assert "matches" not in run(config, "check").stderr  # five stories tell nothing
    run(config, "ingest", "--all")
    rules = {"none": "helicopter", "most": "rain OR strike", "some": "strike"}
    text = config.read_text()
    for id_, rule in rules.items():
        text += f"[[topic]]\nid = '{id_}'\ntitle = 'T'\nmatch = '{rule}'\n"
    config.write_text(text)
    lines = text.splitlines()

    shown = run(config, "check").stderr.splitlines()
    for rule, what in (("helicopter", "none"), ("rain OR strike", "more than half")):
        line = lines.index(f"match = '{rule}'") + 1
        assert (
            f"warning: line {line}: topic.match: character 1: this rule matches {what} of the "
            "newest 35 stories"
        ) in shown
    assert len(shown) == 2


def test_an_outlets_categories(config: Path, press: Press) -> None:
    """Those that no topic is named for come first."""
    _publish(
        press, *(article(f"Cranes {n}", tags=["Ports", "Odd"][: 1 + n // 2]) for n in range(3))
    )
    run(config, "ingest", "--all")
    config.write_text(
        config.read_text().replace(
            'id = "harbor"\n', 'id = "harbor"\ntags = { "ports" = "labor" }\n'
        )
    )

    shown = run(config, "sources", "harbor").stdout
    assert re.search(r"1  'Odd' -> no topic\n +3  'Ports' -> labor", shown)


def test_search(config: Path) -> None:
    """The newest stories that a query finds, each once, and where."""
    shown = run(config, "search", 'title:"strikes spread" OR union').stdout

    assert re.search(r"[0-9a-f]{16}  harbor: Union wins  \(title: union, summary: union\)", shown)
    assert 'harbor: Strikes spread  (title: "strikes spread")' in shown
    assert shown.endswith("2 stories\n")
    assert run(config, "search", "helicopter").stdout == "0 stories\n"
    assert run(config, "search", "NOT helicopter", "--limit", "1").stdout.count("harbor") == 1
    assert "the query cannot be parsed: character 1" in run(config, "search", "AND").stderr
    assert "a boost (^) has no effect" in run(config, "search", "rain^2").stderr
    assert run(config, "search", "-strike -strikes").stdout.endswith("3 stories\n")


def test_a_rule_that_fell_silent(tmp_path: Path, press: Press) -> None:
    """It is said which clause, how much it used to place, and since when; the others are not
    named, nor is what an operator has put in."""
    days = [NOW - timedelta(days=35 + 3.5 * n) for n in range(12)]
    fresh = [NOW - timedelta(days=n, hours=2) for n in range(20)]
    _publish(
        press,
        *(article(f"Walkout {n}", published=day) for n, day in enumerate(days)),
        *(article(f"A strike in year {n}", published=day) for n, day in enumerate(fresh)),
    )
    file = tmp_path / "feeds.toml"
    text = HEAD.replace('"strike"', '"strike OR walkout"') + source_table(
        "harbor", f"{press.url}/harbor"
    )
    file.write_text(text)
    run(file, "ingest")

    shown = run(file, "topics").stdout
    since = f"{days[0]:%Y-%m-%d}"
    assert f"\nlabor: rule walkout used to place 2.0 a week, none since {since}.\n" in shown
    assert shown.count("used to place") == 1

    file.write_text(text.replace("strike OR walkout", "walkout"))
    run(file, "topic", "apply", "--write")
    strike = _id(run(file, "search", "title:year").stdout, "A strike")
    run(file, "topic", "add", "labor", strike)
    shown = run(file, "topics").stdout
    for part in ("everything", "rule walkout"):
        assert f"labor: {part} used to place 2.0 a week, none since {since}." in shown


def test_topics_that_share_their_stories(config: Path) -> None:
    """The smaller one is named first, with the part of it that the other has."""
    text = config.read_text()
    for id_, rule in (("all", "NOT helicopter"), ("most", "strike* OR union OR rain OR cranes")):
        text += f"[[topic]]\nid = '{id_}'\ntitle = 'T'\nmatch = '{rule}'\n"
    config.write_text(text)
    run(config, "topic", "apply", "--write")

    shown = run(config, "topics", "--report").stdout
    assert "       5  all and most: 100% of all" in shown or "       5  most and all: 100%" in shown
    assert "labor and" not in shown  # one story tells nothing
    assert "leave the ID out" in run(config, "topics", "labor", "--report").stderr


@pytest.mark.slow
def test_what_is_suggested(config: Path, press: Press) -> None:
    """The likest first, with why; learning again makes a new version."""
    shops = [article(f"A strike of dockers at the northern cranes, day {n}", published=NOW)
             for n in range(40)]  # fmt: skip
    rest = [article(f"{word} in year {n}", published=NOW)
            for n in range(30) for word in ("Orchards", "Ferries", "Opera", "Tides")]  # fmt: skip
    odd = article("Dockers rest at the northern cranes", published=NOW)
    text = config.read_text().replace('id = "labor"', 'id = "labor"\nlearn = "suggest"')
    config.write_text(text.replace('id = "harbor"', 'id = "harbor"\nmax_new = 1000'))
    _publish(press, *shops, *rest)
    run(config, "ingest", "--all")
    assert "version 1 of " in run(config, "topic", "learn").stdout
    _publish(press, odd)
    run(config, "ingest", "--all")

    assert "1 story suggested" in run(config, "topic", "learn").stdout
    shown = run(config, "topic", "suggest", "labor").stdout
    assert "harbor: Dockers rest at the northern cranes\n" in shown
    assert re.search(r"learned, 0\.\d\d, because: .*cranes.* \(version 1\)", shown)
    story = _id(shown, "Dockers rest")
    explained = run(config, "topic", "explain", "labor", story).stdout
    assert re.search(r"^learned: 0\.\d\d, because", explained, re.M)
    assert "version 2 of " in run(config, "topic", "learn", "--again").stdout


@pytest.mark.parametrize("content", [b"", b"This is no database.", b"SQLite format 3\0 torn"])
def test_a_check_changes_nothing(config: Path, content: bytes) -> None:
    """Whatever lies where the database should, it stays as it is, and the file is still right."""
    database = config.parent / "aggregator.db"
    for file in config.parent.glob("aggregator.db*"):
        file.unlink()
    database.write_bytes(content)

    result = run(config, "check")
    assert result.returncode == 0
    assert "is right" in result.stdout
    assert database.read_bytes() == content
    assert [file.name for file in config.parent.glob("aggregator.db*")] == ["aggregator.db"]


def test_the_newest_come_first(tmp_path: Path, press: Press) -> None:
    """By when they were published, though an archive comes in one file; so too for a draft."""
    days = [3, 1, 4, 15, 9, 2, 6, 5, 35, 8, 97, 93]
    _publish(press, *(article(f"Strike {n}", published=NOW - timedelta(days=n)) for n in days))
    file = tmp_path / "feeds.toml"
    file.write_text(
        HEAD.replace('"strike"', '"rain"') + source_table("harbor", f"{press.url}/harbor")
    )
    run(file, "ingest")

    found = re.findall(r"Strike (\d+)", run(file, "search", "strike", "--limit", "5").stdout)
    assert found == ["1", "2", "3", "4", "5"]
    draft = run(file, "topic", "test", "labor", "--match", "strike").stdout
    assert re.findall(r"Strike (\d+)", draft) == [str(n) for n in sorted(days)[:10]]


def test_shares_that_starve_a_topic(config: Path) -> None:
    """It is said how many stories its feed has."""
    text = config.read_text().replace('"strike"', "'NOT helicopter'")
    config.write_text(text.replace('id = "labor"', 'id = "labor"\nmax_share = "1 of 3"'))
    run(config, "topic", "apply", "--write")

    assert "labor: with max_share its feed has 1 story, not 5" in run(config, "topics").stdout
