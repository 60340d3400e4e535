"""What search finds is what a topic's rule matches."""

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import Entry
from aggregator.query import Hits, RuleSet, fields_of_entry, parse
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, source
from tests.harness.saving import change_of, revise, save, save_story
from tests.harness.shared_data import TOPICS

SOURCES = [source("harbor"), source("plains")]
COUNT = int(os.environ.get("SEARCHED", "1000"))
"""Real entries that are searched, with a tenth as many queries."""


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory, backend: Callable[[Path], Store]
) -> Iterator[tuple[Store, list[tuple[int, Entry]]]]:
    """Headlines and teasers of news, with tags, authors and languages; entries with their ids."""
    random_ = random.Random(5)
    with (TOPICS / "allsides.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][:COUNT]
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
    """Whatever the query, the same entries, and found at the same places."""
    store, entries = real
    sources = {each.id: each for each in SOURCES}
    random_ = random.Random(6)
    words = [word for _, each in entries for word in each.title.split() if word.isalnum()]
    queries = [
        parse(_query(random_, words, 3), random_.choice(("", "", "en", "es")))
        for _ in range(COUNT // 10)
    ]
    rules = RuleSet([query.root for query in queries])
    by_rule: list[dict[int, Hits]] = [{} for _ in queries]
    for id_, each in entries:
        for number, hits in rules.match(fields_of_entry(each, sources[each.source])).items():
            by_rule[number][id_] = hits

    for query, matched in zip(queries, by_rule, strict=True):
        found = {view.entry_id: hits for view, hits in store.entries.search(query.root)}
        assert found == matched, query.text
    assert sum(map(bool, by_rule)) > COUNT // 30


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


ODD = ["foo_bar", "naïve", "ﬁnance", "ǅungla", "٢٠٢٦", "x²", "𐐷𐐷", "C++", "東京都", "ꬰꬱ", "ᲐᲑ", "ẞ"]


@pytest.mark.parametrize("word", ODD)
def test_odd_words(store: Store, word: str) -> None:
    """In any script, with any mark: what a rule finds, search finds."""
    odd = save_story(store, entry(f"About {word} today", "harbor")).lead
    save_story(store, entry("Nothing", "plains"))
    for rule in (word, f'"{word}"', f'"about {word}"', f"{word}*", f"title:{word}"):
        for language in ("", "en", "tr"):
            query = parse(rule.replace("+", ""), language)
            expected = [odd] * (query.match(fields_of_entry(odd, SOURCES[0])) is not None)
            found = [view.entry_id for view, _ in store.entries.search(query.root)]
            assert found == [each.entry_id for each in expected], rule
            listed = store.lists.search(query.root, 9)
            assert [each.lead for each in listed] == expected, rule


def test_a_revised_entry_is_found_by_its_new_words(store: Store) -> None:
    """And no longer by the old ones."""
    stored = save_story(store, entry("Mayor wins", "harbor"))
    revise(store, stored, title="Mayor resigns", summary="")

    def found(word: str) -> int:
        return len(list(store.entries.search(parse(word).root)))

    assert (found("wins"), found("resigns"), found("mayor")) == (0, 1, 1)


def test_the_text_of_a_purged_story(store: Store) -> None:
    """It is not found."""
    save_story(store, entry("Cranes", "harbor"))
    store.stories.purge(timedelta(days=1), NOW + timedelta(days=9))

    assert list(store.entries.search(parse("cranes").root)) == []
