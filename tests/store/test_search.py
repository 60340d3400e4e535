"""What is found by words in the store is what a topic's rule would match."""

import contextlib
import json
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aggregator.ingest.documents import fields_of_entry
from aggregator.model import Batch, Entry, FetchState, Outcome, StoryChange
from aggregator.query import Hits, RuleSet, parse
from aggregator.store import Store, open_store
from tests.harness.builders import NOW, entry, source, story
from tests.harness.shared_data import TOPICS

OUTLETS = [source("harbor"), source("plains")]
COUNT = int(os.environ.get("SEARCHED", "1000"))
"""Real entries that are searched, with a tenth as many queries."""


def _stored(folder: Path, entries: Sequence[Entry]) -> Store:
    store = open_store(folder / "news.db")
    store.sync(OUTLETS, NOW)
    for told in entries:
        filed = StoryChange(story=story(told), placements=(), listed_at=NOW)
        store.save(
            Batch(source=told.source, state=FetchState(), outcome=Outcome.CHANGED, new=(filed,)),
            NOW,
        )
    return store


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, list[Entry]]]:
    """Headlines and teasers of news, with tags, authors and languages."""
    drawn = random.Random(5)
    with (TOPICS / "allsides.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][:COUNT]
    entries = [
        entry(
            f"{row['title']} {number}",
            drawn.choice(("harbor", "plains")),
            summary=row["summary"],
            tags=(row["topic"].replace("_", " "),),
            author=drawn.choice(("Ada Løvén", "Bo Ruíz", "")),
            language=drawn.choice(("en", "es-MX", "")),
            content=f"<p>{drawn.choice(rows)['summary']}</p>",
        )
        for number, row in enumerate(rows)
    ]
    with contextlib.closing(_stored(tmp_path_factory.mktemp("real"), entries)) as store:
        yield store, entries


@pytest.mark.slow
def test_search_and_rules_agree(real: tuple[Store, list[Entry]]) -> None:
    """Whatever is asked, the same entries, and found at the same places."""
    store, entries = real
    outlets = {outlet.id: outlet for outlet in OUTLETS}
    drawn = random.Random(6)
    words = [word for told in entries for word in told.title.split() if word.isalnum()]
    queries = [
        parse(_query(drawn, words, 3), drawn.choice(("", "", "en", "es")))
        for _ in range(COUNT // 10)
    ]
    rules = RuleSet([query.root for query in queries])
    by_rule: list[dict[int, Hits]] = [{} for _ in queries]
    for row, told in enumerate(entries, start=1):
        for number, hits in rules.match(fields_of_entry(told, outlets[told.source])).items():
            by_rule[number][row] = hits

    for query, matched in zip(queries, by_rule, strict=True):
        assert {g.entry_id: hits for g, hits in store.search(query)} == matched, query.text
    assert sum(map(bool, by_rule)) > COUNT // 30


def _query(drawn: random.Random, words: Sequence[str], depth: int) -> str:
    word = drawn.choice(words)
    if depth and drawn.random() < 0.7:
        parts = [_query(drawn, words, depth - 1) for _ in range(drawn.randint(2, 3))]
        operator = drawn.choice((" AND ", " OR ", " OR ", " "))
        return f"({operator.join(parts)})"
    return drawn.choice(
        (
            word,
            f"NOT {word}",
            f"{word[:3]}*",
            f'"{word} {drawn.choice(words)}"~6',
            f"title:{word}",
            f"content:{word}",
            f"tag:{word}",
            "author:(ada OR ruiz)",
            "source:harbor",
            "lang:es",
            f'"{word} {drawn.choice(words)}"',
        )
    )


ODD = ["foo_bar", "naïve", "ﬁnance", "ǅungla", "٢٠٢٦", "x²", "𐐷𐐷", "C++", "東京都", "ꬰꬱ", "ᲐᲑ", "ẞ"]


@pytest.mark.parametrize("word", ODD)
def test_odd_words(tmp_path: Path, word: str) -> None:
    """In any script, with any mark: what a rule finds, search finds."""
    told = entry(f"About {word} today", "harbor")
    with contextlib.closing(_stored(tmp_path, [told, entry("Nothing", "plains")])) as store:
        for rule in (word, f'"{word}"', f'"about {word}"', f"{word}*", f"title:{word}"):
            for language in ("", "en", "tr"):
                query = parse(rule.replace("+", ""), language)
                matched = query.match(fields_of_entry(told, OUTLETS[0])) is not None
                assert [found.entry_id for found, _ in store.search(query)] == [1] * matched, rule
