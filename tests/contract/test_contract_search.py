"""A search finds what a topic's rule matches."""

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import Entry, topic_scope
from aggregator.query import Hits, RuleSet, fields_of_entry, parse
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, source
from tests.harness.saving import change_of, publish, revise, save, save_story, titles
from tests.harness.scripts import RULES
from tests.harness.shared_data import TOPICS

SOURCES = [source("harbor"), source("plains")]
ENTRY_COUNT = int(os.environ.get("SEARCHED", "1000"))
"""Number of real entries to search; a tenth as many queries are made."""


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory, backend: Callable[[Path], Store]
) -> Iterator[tuple[Store, list[tuple[int, Entry]]]]:
    """A store of real headlines and teasers, and its entries by id."""
    random_ = random.Random(5)
    with (TOPICS / "allsides.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][:ENTRY_COUNT]
    entries = [
        entry(
            f"{row['title']} {number}",
            random_.choice(("harbor", "plains")),
            summary=row["summary"],
            tags=(row["topic"].replace("_", " "),),
            author=random_.choice(("Ada Løvén", "Bo Ruíz", "")),
            language=random_.choice(("en", "es-MX", "")),
            content=f"<p>{random_.choice(rows)['summary']}</p>",
        )
        for number, row in enumerate(rows)
    ]
    with closing(backend(tmp_path_factory.mktemp("real"))) as store:
        store.sources.sync(SOURCES, NOW)
        saved = [save(store, change_of(each), source=each.source)[0] for each in entries]
        ids = [change.story.lead.entry_id for change in saved]
        yield store, list(zip(ids, entries, strict=True))


@pytest.mark.slow
def test_search_and_rules_agree(real: tuple[Store, list[tuple[int, Entry]]]) -> None:
    """A search finds the same entries as a rule, in the same fields."""
    store, entries = real
    sources = {each.id: each for each in SOURCES}
    random_ = random.Random(6)
    words = [word for _, each in entries for word in each.title.split() if word.isalnum()]
    queries = [
        parse(_query(random_, words, 3), random_.choice(("", "", "en", "es")))
        for _ in range(ENTRY_COUNT // 10)
    ]
    rules = RuleSet([query.root for query in queries])
    by_rule: list[dict[int, Hits]] = [{} for _ in queries]
    for id_, each in entries:
        for number, hits in rules.match(fields_of_entry(each, sources[each.source])).items():
            by_rule[number][id_] = hits

    for query, matched in zip(queries, by_rule, strict=True):
        found = {view.entry_id: hits for view, hits in store.entries.search(query.root)}
        assert found == matched, query.text
    assert sum(map(bool, by_rule)) > ENTRY_COUNT // 30


def test_search_and_rules_agree_in_every_script(store: Store) -> None:
    """A search finds what a rule matches, in every language, with stems and exactly."""
    store.sources.sync(SOURCES, NOW)
    titles = {title for _, matching, others in RULES.values() for title in (*matching, *others)}
    entries = [entry(title, "harbor", summary=f"{title}.") for title in sorted(titles)]
    for each in entries:
        save(store, change_of(each), source="harbor")
    queries = [
        parse(text, language)
        for rule, _, _ in RULES.values()
        for text in (rule, *(f"{word}*" for word in rule.split()), f'"={rule}"', f'"{rule}"~3')
        for language in ("", "tr", "ru", "hi", "ar", "el")
        if text.count("OR") < 1 or text == rule
    ]
    found = 0

    for query in queries:
        matched = {each.title for each in entries if query.match(fields_of_entry(each, SOURCES[0]))}
        searched = {view.title for view, _ in store.entries.search(query.root)}
        assert searched == matched, query
        found += len(matched)
    assert found > 300


def _query(random_: random.Random, words: Sequence[str], depth: int) -> str:
    word = random_.choice(words)
    if depth and random_.random() < 0.7:
        parts = [_query(random_, words, depth - 1) for _ in range(random_.randint(2, 3))]
        operator = random_.choice((" AND ", " OR ", " OR ", " "))
        return f"({operator.join(parts)})"
    return random_.choice(
        (
            word,
            f"NOT {word}",
            f"{word[:3]}*",
            f'"{word} {random_.choice(words)}"~6',
            f"title:{word}",
            f"content:{word}",
            f"tag:{word}",
            "author:(ada OR ruiz)",
            "source:harbor",
            "lang:es",
            f'"{word} {random_.choice(words)}"',
        )
    )


UNUSUAL_WORDS = [
    "foo_bar",
    "naïve",
    "ﬁnance",
    "ǅungla",
    "٢٠٢٦",
    "x²",
    "𐐷𐐷",
    "C++",
    "東京都",
    "ꬰꬱ",
    "ᲐᲑ",
    "ẞ",
]


@pytest.mark.parametrize("word", UNUSUAL_WORDS)
def test_search_and_rules_agree_on_unusual_words(store: Store, word: str) -> None:
    """Scripts, marks and symbols make no difference between rules and searches."""
    odd = save_story(store, entry(f"About {word} today", "harbor")).lead
    save_story(store, entry("Nothing", "plains"))
    for rule in (word, f'"{word}"', f'"about {word}"', f"{word}*", f"title:{word}"):
        for language in ("", "en", "tr"):
            query = parse(rule.replace("+", ""), language)
            expected = [odd] * (query.match(fields_of_entry(odd, SOURCES[0])) is not None)
            found = [view.entry_id for view, _ in store.entries.search(query.root)]
            assert found == [each.entry_id for each in expected], rule
            listed = store.lists.search(query.root, 9).stories
            assert [each.lead for each in listed] == expected, rule


def test_a_revised_entry_is_found_by_its_new_words(store: Store) -> None:
    """A revised entry is not found by its old words."""
    stored = save_story(store, entry("Mayor wins", "harbor"))
    revise(store, stored, title="Mayor resigns", summary="")

    def found(word: str) -> int:
        return len(list(store.entries.search(parse(word).root)))

    assert (found("wins"), found("resigns"), found("mayor")) == (0, 1, 1)


def test_a_purged_story_is_not_found(store: Store) -> None:
    """The text of a purged story is not searched."""
    save_story(store, entry("Cranes", "harbor"))
    store.stories.purge(timedelta(days=1), NOW + timedelta(days=9))

    assert list(store.entries.search(parse("cranes").root)) == []


def test_words_that_are_similar(store: Store) -> None:
    """Of words that no entry has, and of the frequent ones rather than the rare."""
    for number, title in enumerate(("Police strike", "Police verdict", "Policy", "Polite police")):
        publish(store, title, minute=number)

    assert store.lists.similar_words({"polcie", "police", "verdcit", "zzzzzz", "pol", ""}) == {
        "polcie": "police",
        "verdcit": "verdict",
    }


def test_a_search_within_lists_and_days(store: Store) -> None:
    """Stories that are in all the lists, and were published in that time."""
    for number in range(4):
        publish(store, f"Strike {number}", "labor" if number % 2 else "courts", minute=number)
    root = parse("strike").root
    within = [topic_scope("labor")]

    assert titles(store.lists.search(root, 9, within=within).stories) == ["Strike 3", "Strike 1"]
    first = store.lists.search(root, 9, published_before=NOW + timedelta(minutes=2)).stories
    assert titles(first) == ["Strike 1", "Strike 0"]
    last = store.lists.search(
        root, 9, published_from=NOW + timedelta(minutes=2), within=within
    ).stories
    assert titles(last) == ["Strike 3"]


def test_results_go_on_where_they_ended(store: Store) -> None:
    """Each once, also if several were listed at one time, with and without words."""
    for number in range(7):
        publish(store, f"Strike {number}", minute=number // 2)
    publish(store, "Verdict", minute=9)
    for query in ("strike", "NOT verdict"):
        found: list[str] = []
        before = ""
        while True:
            part = store.lists.search(parse(query).root, 3, before=before)
            found += titles(part.stories)
            before = part.next_before
            if not before:
                break
        assert sorted(found) == [f"Strike {number}" for number in range(7)]


def test_results_since_a_time(store: Store) -> None:
    """Of those listed after it."""
    for number in range(4):
        publish(store, f"Strike {number}", minute=number)
    since = NOW + timedelta(minutes=1)
    part = store.lists.search(parse("strike").root, 9, since=since)

    assert titles(part.stories) == ["Strike 3", "Strike 2"]
    assert part.next_before == ""
