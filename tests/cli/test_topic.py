"""Commands about topics: what a rule would do, what it does, and what it has learned."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.demo.press import Press
from aggregator.demo.sample_feeds import Item
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

NOW = datetime.now(UTC)
STORY_TITLES = ("Dockers strike", "Strikes spread", "Cranes rest", "Union wins", "Rain falls")


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A feeds.toml with five ingested entries, one of them matched by HEAD's rule, `strike`."""
    _publish(press, *(article(title, text=f"{title}.", published=NOW) for title in STORY_TITLES))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + source_table("harbor", f"{press.url}/harbor"))
    run(file, "ingest")
    return file


def _publish(press: Press, *items: Item) -> None:
    press.put("/harbor", feed_response("harbor", *items))


def _titles(output: str, verb: str) -> list[str]:
    found = re.search(rf"^{verb}: +(\d+)\n((?:  .*\n)*)", output, re.M)
    assert found, output
    lines = found[2].splitlines()
    assert len(lines) == int(found[1])
    return sorted(re.findall(r"harbor: ([\w ]+?)(?:  \(|$)", found[2], re.M))


def test_a_draft_is_previewed(config: Path) -> None:
    """A draft shows what it would add, where it matches, and what it would remove."""
    before = run(config, "topics", "labor").stdout
    output = run(config, "topic", "test", "labor", "--match", "union OR strikes").stdout

    assert "matches: 2 of 5 stories; in the topic now: 1" in output
    assert "outlets: harbor 2" in output
    assert _titles(output, "adds") == ["Strikes spread", "Union wins"]
    assert "(rule found title: union, summary: union)" in output
    assert _titles(output, "removes") == ["Dockers strike"]
    assert run(config, "topics", "labor").stdout == before


def test_a_draft_keeps_what_a_source_places(config: Path) -> None:
    """Stories that the source places stay in the topic, whatever the rule says."""
    text = config.read_text().replace('id = "harbor"\n', 'id = "harbor"\ntopics = ["labor"]\n')
    config.write_text(text)

    output = run(config, "topic", "test", "labor", "--match", "union").stdout

    assert _titles(output, "removes") == []


def test_the_current_rule_changes_nothing(config: Path) -> None:
    """The current rule has nothing to add or remove."""
    output = run(config, "topic", "test", "labor").stdout

    assert "matches: 1 of 5 stories; in the topic now: 1" in output
    assert _titles(output, "adds") == _titles(output, "removes") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("labour",), "did you mean"),
        (("labor", "--match", "a AND (b"), "The rule cannot be parsed: it ends too early"),
        (("labor", "--match", ""), "The draft rule is empty."),
        ((), "Missing argument"),
    ],
)
def test_an_invalid_call_is_explained(config: Path, words: tuple[str, ...], sentence: str) -> None:
    """An invalid call is an error without a traceback."""
    result = run(config, "topic", "test", *words)

    assert result.returncode != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_useless_rule_gets_a_warning(config: Path) -> None:
    """A rule that matches nothing, matches too much or has a boost gets a warning."""
    for draft, warning in (
        ("helicopter", "the rule matches nothing"),
        ("NOT helicopter", "the rule matches more than half of all stories"),
        ("strike^2", "character 1: a boost (^) has no effect"),
    ):
        assert (
            f"warning: {warning}" in run(config, "topic", "test", "labor", "--match", draft).stderr
        )


def _id(output: str, title: str) -> str:
    found = re.search(rf"([0-9a-f]{{16}})  (?:harbor: )?{title}", output)
    assert found, output
    return found[1]


def test_explain_shows_every_clause(config: Path) -> None:
    """Each clause of a draft is shown with its parts, and whether they match."""
    story = _id(run(config, "topics", "labor").stdout, "Dockers strike")
    output = run(config, "topic", "explain", "labor", f"https://x.example/stories/{story}",
                 "--match", "union OR (strike AND NOT dockers)").stdout  # fmt: skip

    assert "now:     rule found title: strike, summary: strike" in output
    assert "rules:   not in the topic" in output
    assert re.search(r"^  no   rule +union$", output, re.M)
    assert re.search(r"^  no   rule +strike AND NOT dockers$", output, re.M)
    assert re.search(r"^  yes +strike   title: strike, summary: strike$", output, re.M)
    assert re.search(r"^  no +NOT dockers$", output, re.M)
    assert re.search(r"^  yes +dockers   title: dockers, summary: dockers$", output, re.M)


def test_explain_as_json(config: Path) -> None:
    """Programs get the placements, the operator's decision, and the clauses with their parts."""
    story = _id(run(config, "topics", "labor").stdout, "Dockers strike")
    run(config, "topic", "remove", "labor", story)
    found = json.loads(run(config, "topic", "explain", "labor", story, "--json").stdout)

    assert (found["id"], found["now"]) == (story, [])
    assert found["rules"] == ["rule found title: strike, summary: strike"]
    assert [each["is_included"] for each in found["decided"]] == [False]
    (clause,) = found["articles"][0]["clauses"]
    assert (clause["text"], clause["hits"][0]) == ("strike", "title: strike")


def test_an_operator_overrides_the_rules(config: Path) -> None:
    """A story is added, removed and reset, and each command shows its placement."""
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


def test_apply_previews_and_writes(config: Path) -> None:
    """A preview changes nothing, and after --write there is nothing left to do."""
    text = config.read_text()
    config.write_text(text.replace('match = "strike"', "match = 'union OR rain'"))
    assert config.read_text() != text
    before = run(config, "topics", "labor").stdout

    preview = run(config, "topic", "apply").stdout
    assert "labor: 1 story now, 2 to add, 1 to remove" in preview
    assert "Nothing was changed" in preview
    assert run(config, "topics", "labor").stdout == before
    written = run(config, "topic", "apply", "labor", "--write").stdout
    assert _titles(written, "adds") == _titles(preview, "adds") == ["Rain falls", "Union wins"]
    assert "labor: 2 stories now, 0 to add, 0 to remove" in run(config, "topic", "apply").stdout


def test_the_report_shows_overlaps_and_gaps(config: Path) -> None:
    """The report counts stories in several topics and in none."""
    output = run(config, "topics", "--report").stdout

    assert re.search(rf"labor +1 +{NOW:%a %H}", output)
    assert "topics that share most of their stories:\n          none" in output
    assert "without any topic: 4 of the newest 5 stories (5 in total)" in output


def test_learning_is_off_by_default(config: Path) -> None:
    """Topics learn only if they are configured to, and not from five stories."""
    assert "No topic learns" in run(config, "topic", "learn").stdout
    assert "does not learn" in run(config, "topic", "suggest", "labor").stderr
    config.write_text(config.read_text().replace('id = "labor"', 'id = "labor"\nlearn = "suggest"'))

    assert "There are too few examples" in run(config, "topic", "learn").stdout
    assert (
        "Nothing is suggested (not trained yet;" in run(config, "topic", "suggest", "labor").stdout
    )


def test_learning_without_its_libraries_is_explained(config: Path, tmp_path: Path) -> None:
    """Without the libraries, the error says what to install, and everything else works."""
    config.write_text(config.read_text().replace('id = "labor"', 'id = "labor"\nlearn = "place"'))
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['sklearn'] = None\n")
    without = {"PYTHONPATH": str(tmp_path)}

    result = run(config, "topic", "learn", **without)
    assert result.returncode == 2
    assert 'pip install ".[learn]"' in result.stderr
    assert "Learning needs scikit-learn" in run(config, "check", **without).stderr
    assert run(config, "ingest", **without).returncode == 0


def test_check_warns_of_useless_rules(config: Path, press: Press) -> None:
    """`check` warns, with the line, of rules that match no stored story or most of them."""
    _publish(press, *(article(f"Day {n} of rain", published=NOW) for n in range(30)))
    assert "matches" not in run(config, "check").stderr  # five stories are too few
    run(config, "ingest", "--all")
    rules = {"none": "helicopter", "most": "rain OR strike", "some": "strike"}
    text = config.read_text()
    for id_, rule in rules.items():
        text += f"[[topic]]\nid = '{id_}'\ntitle = 'T'\nmatch = '{rule}'\n"
    config.write_text(text)
    lines = text.splitlines()

    output = run(config, "check").stderr.splitlines()
    for rule, what in (("helicopter", "none"), ("rain OR strike", "more than half")):
        line = lines.index(f"match = '{rule}'") + 1
        assert (
            f"warning: line {line}: topic.match: character 1: this rule matches {what} of the "
            "newest 35 stories"
        ) in output
    assert len(output) == 2


def test_the_categories_of_a_source_are_listed(config: Path, press: Press) -> None:
    """Categories without a topic come first."""
    _publish(
        press, *(article(f"Cranes {n}", tags=["Ports", "Odd"][: 1 + n // 2]) for n in range(3))
    )
    run(config, "ingest", "--all")
    config.write_text(
        config.read_text().replace(
            'id = "harbor"\n', 'id = "harbor"\ntags = { "ports" = "labor" }\n'
        )
    )

    output = run(config, "sources", "harbor").stdout
    assert re.search(r"1  'Odd' -> no topic\n +3  'Ports' -> labor", output)


def test_search_lists_matching_stories(config: Path) -> None:
    """The newest matching stories are listed once, with the fields that match."""
    output = run(config, "search", 'title:"strikes spread" OR union').stdout

    assert re.search(r"[0-9a-f]{16}  harbor: Union wins  \(title: union, summary: union\)", output)
    assert 'harbor: Strikes spread  (title: "strikes spread")' in output
    assert output.endswith("2 stories. Times are in UTC.\n")
    assert run(config, "search", "helicopter").stdout == "0 stories. Times are in UTC.\n"
    assert run(config, "search", "NOT helicopter", "--limit", "1").stdout.count("harbor") == 1
    assert "The query cannot be parsed: character 1" in run(config, "search", "AND").stderr
    assert "a boost (^) has no effect" in run(config, "search", "rain^2").stderr
    assert run(config, "search", "-strike -strikes").stdout.endswith(
        "3 stories. Times are in UTC.\n"
    )


def test_a_silent_clause_is_reported(tmp_path: Path, press: Press) -> None:
    """A silent clause is reported with its former pace and last date.

    Other clauses are not, nor are operators' placements.
    """
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

    output = run(file, "topics").stdout
    since = f"{days[0]:%Y-%m-%d}"
    assert (
        f"\nlabor: rule walkout used to place 2.0 stories a week, but none since {since}.\n"
        in output
    )
    assert output.count("used to place") == 1

    file.write_text(text.replace("strike OR walkout", "walkout"))
    run(file, "topic", "apply", "--write")
    strike = _id(run(file, "search", "title:year").stdout, "A strike")
    run(file, "topic", "add", "labor", strike)
    output = run(file, "topics").stdout
    before = "2.0 stories a week"
    assert f"labor: it used to get {before}, but has had none since {since}." in output
    assert f"labor: rule walkout used to place {before}, but none since {since}." in output


def test_overlapping_topics_are_reported(config: Path) -> None:
    """The smaller topic is named first, with the percentage that the other one has."""
    text = config.read_text()
    for id_, rule in (("all", "NOT helicopter"), ("most", "strike* OR union OR rain OR cranes")):
        text += f"[[topic]]\nid = '{id_}'\ntitle = 'T'\nmatch = '{rule}'\n"
    config.write_text(text)
    run(config, "topic", "apply", "--write")

    output = run(config, "topics", "--report").stdout
    assert (
        "       5  all and most: 100% of all" in output or "       5  most and all: 100%" in output
    )
    assert "labor and" not in output  # one story is too few
    assert "leave out the ID" in run(config, "topics", "labor", "--report").stderr


@pytest.mark.slow
def test_suggestions_are_listed(config: Path, press: Press) -> None:
    """Suggestions have a reason, and learning again makes a new version."""
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
    output = run(config, "topic", "suggest", "labor").stdout
    assert "harbor: Dockers rest at the northern cranes\n" in output
    assert re.search(r"learned, 0\.\d\d, because: .*cranes.* \(version 1\)", output)
    story = _id(output, "Dockers rest")
    (suggested,) = json.loads(run(config, "topic", "suggest", "labor", "--json").stdout)
    assert (suggested["id"], suggested["source"]) == (story, "harbor")
    assert suggested["reason"] in output
    explained = run(config, "topic", "explain", "labor", story).stdout
    assert re.search(r"^learned: 0\.\d\d, because", explained, re.M)
    assert "version 2 of " in run(config, "topic", "learn", "--again").stdout


@pytest.mark.parametrize("content", [b"", b"This is no database.", b"SQLite format 3\0 torn"])
def test_check_leaves_the_database_unchanged(config: Path, content: bytes) -> None:
    """A broken database stays as it is, and does not make the file wrong."""
    database = config.parent / "aggregator.db"
    for file in config.parent.glob("aggregator.db*"):
        file.unlink()
    database.write_bytes(content)

    result = run(config, "check")
    assert result.returncode == 0
    assert "is valid" in result.stdout
    assert database.read_bytes() == content
    assert [file.name for file in config.parent.glob("aggregator.db*")] == ["aggregator.db"]


def test_the_newest_stories_come_first(tmp_path: Path, press: Press) -> None:
    """Search and drafts order stories by publication date, even if all arrived at once."""
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


def test_a_max_share_that_limits_a_feed_is_reported(config: Path) -> None:
    """`topics` says how many stories max_share leaves in a feed."""
    text = config.read_text().replace('"strike"', "'NOT helicopter'")
    config.write_text(text.replace('id = "labor"', 'id = "labor"\nmax_share = "1 of 3"'))
    run(config, "topic", "apply", "--write")

    assert "labor: with max_share its feed has 1 story, not 5" in run(config, "topics").stdout
