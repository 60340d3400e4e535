"""How well topics learn, how fast rules are, and how long a rule takes on an archive."""

import contextlib
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from aggregator.ingest.categorize.learned import Example, Prediction, TopicModel, train
from aggregator.ingest.categorize.rules import TopicRules, categorize
from aggregator.ingest.relearn import training_set
from aggregator.model import (
    Batch,
    Entry,
    EntryKey,
    EntryKeyKind,
    EntryView,
    FetchState,
    Outcome,
    SafeHtml,
    Source,
    Story,
    StoryChange,
    Topic,
    TrainingExample,
)
from aggregator.store import open_store

__all__ = ["report", "write_predictions"]

SETS = Path(__file__).parent.parent.parent / "shared" / "data" / "topics"
NAMES = ("bbc", "ag_news", "huffpost", "allsides")
GOALS = {"bbc": 0.94, "ag_news": 0.885, "huffpost": 0.70, "allsides": 0.67}
SIZES = (10, 30, 100, 300)
STORY_COUNT, BATCH_SIZE, OUTLETS = 1_000_000, 500, 10
ARCHIVE_RULES = {
    "20 words and phrases": (
        "fentanyl OR overdose OR cartel OR narcotics OR opioid OR marijuana OR cannabis OR cocaine "
        'OR heroin OR "drug war" OR "drug policy" OR "mass incarceration" OR "harm reduction" OR '
        "decriminali* OR methadone OR naloxone OR dea OR title:smuggling OR traffickers OR narco*"
    ),
    "names that are in every tenth headline": "trump OR obama OR clinton",
    "what a rule does not want": "NOT trump",
    "whole texts": "content:helicopter",
}
"""Rules; the last two can only be matched by reading every story."""
CONFIG = """
[site]
title = "T"
url = "https://t.example"
[[topic]]
id = "tried"
title = "Tried"
match = '{rule}'
"""
NOW = datetime(2026, 11, 1, tzinfo=UTC)

_Row = dict[str, Any]


def _read(file: Path) -> list[_Row]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _text(row: _Row) -> tuple[str, str]:
    return row["title"], row.get("summary") or ""


def _model(rows: Sequence[_Row]) -> TopicModel:
    """Train the production learner on rows."""
    examples = [Example(_text(row), frozenset([row["topic"]])) for row in rows]
    trained = train(examples, sorted({row["topic"] for row in rows}))
    if trained is None:
        raise SystemExit("There are too few examples to train on.")
    return trained.model


def _predictions(model: TopicModel, rows: Sequence[_Row]) -> list[list[Prediction]]:
    return model.predict([_text(row) for row in rows])


def _likeliest(predictions: Iterable[Prediction]) -> str | None:
    best = max(predictions, key=lambda prediction: prediction.probability, default=None)
    return best.topic if best else None


def write_predictions(train_file: Path, test_file: Path, *, is_placing: bool) -> None:
    """Train on one file and print {"id", "topic"} for each row of the other.

    The topic is the likeliest one; if `is_placing`, the likeliest that is certain, or null.
    """
    model, rows = _model(_read(train_file)), _read(test_file)
    for row, predictions in zip(rows, _predictions(model, rows), strict=True):
        certain = [p for p in predictions if p.is_certain] if is_placing else predictions
        print(json.dumps({"id": row["id"], "topic": _likeliest(certain)}))


# ---- how well topics learn -------------------------------------------------------------


def _split(rows: Sequence[_Row], share: float) -> tuple[list[_Row], list[_Row]]:
    """Split the rows into training and test rows, always in the same way."""
    shuffled = list(rows)
    random.Random(2026).shuffle(shuffled)
    count = round(len(rows) * share)
    return shuffled[:count], shuffled[count:]


def _accuracy(model: TopicModel, rows: Sequence[_Row]) -> float:
    found = map(_likeliest, _predictions(model, rows))
    right = [bool(topic == row["topic"]) for topic, row in zip(found, rows, strict=True)]
    return sum(right) / len(rows)


def _plain_accuracy(training: Sequence[_Row], test: Sequence[_Row]) -> float:
    """Return the accuracy of a plain classifier: TF-IDF with a linear support vector machine."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    matrix = words.fit_transform([" ".join(_text(row)) for row in training])
    classifier = LinearSVC().fit(matrix, [row["topic"] for row in training])
    found = classifier.predict(words.transform([" ".join(_text(row)) for row in test]))
    return float(sum(found == [row["topic"] for row in test]) / len(test))


def _placement_scores(model: TopicModel, rows: Sequence[_Row]) -> tuple[float, float]:
    """Return precision and coverage of the placements that are certain."""
    found = [
        _likeliest([prediction for prediction in predictions if prediction.is_certain])
        for predictions in _predictions(model, rows)
    ]
    placed = [(topic, row["topic"]) for topic, row in zip(found, rows, strict=True) if topic]
    return sum(topic == label for topic, label in placed) / len(placed), len(placed) / len(rows)


def _learning_table() -> str:
    lines = [
        "| set | topics | goal | trained on | accuracy | of a plain classifier "
        "| precision of `place` | its coverage | seconds to train |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in NAMES:
        rows = _read(SETS / f"{name}.jsonl")
        for share, words in ((0.5, "half"), (0.9, "nine tenths")):
            training, test = _split(rows, share)
            began = time.perf_counter()
            model = _model(training)
            seconds = time.perf_counter() - began
            precision, coverage = _placement_scores(model, test)
            lines.append(
                f"| {name} | {len(model.topics)} | {GOALS[name]:.3f} | {words} ({len(training)}) "
                f"| {_accuracy(model, test):.4f} | {_plain_accuracy(training, test):.4f} "
                f"| {precision:.4f} | {coverage:.4f} "
                f"| {seconds:.1f} |"
            )
    return "\n".join(lines)


def _newsroom_table() -> str:
    """Train each topic separately, as a newsroom does, and score on the other half.

    Some stories are known to belong to the topic; nothing is known of the others.
    """
    lines = ["| set | placed | of stories of topics | precision | found |", "|---|---|---|---|---|"]
    for name in NAMES:
        training, test = _split(_read(SETS / f"{name}.jsonl"), 0.5)
        right = placed = 0
        for topic in sorted({row["topic"] for row in training}):
            examples = training_set(_training_examples(training, topic))
            trained = train(list(examples.values()), [topic])
            predictions = _predictions(trained.model, test) if trained else []
            certain = [
                row["topic"] == topic
                for (prediction,), row in zip(predictions, test)  # noqa: B905 - none without a model
                if prediction.is_certain
            ]
            placed += len(certain)
            right += sum(certain)
        lines.append(
            f"| {name} | {placed} | {len(test)} | {right / placed:.4f} | {right / len(test):.4f} |"
        )
    return "\n".join(lines)


def _training_examples(rows: Sequence[_Row], topic: str) -> list[TrainingExample]:
    return [
        TrainingExample(
            story_number=number,
            lead_entry_id=number,
            title=_text(row)[0],
            summary=_text(row)[1],
            topics=frozenset([topic] if row["topic"] == topic else []),
            is_labelled=row["topic"] == topic,
        )
        for number, row in enumerate(rows)
    ]


def _learning_curve() -> str:
    lines = [f"| set | {' | '.join(map(str, SIZES))} |", "|---|" + "---|" * len(SIZES)]
    for name in NAMES:
        training, test = _split(_read(SETS / f"{name}.jsonl"), 0.5)
        by_topic: dict[str, list[_Row]] = defaultdict(list)
        for row in training:
            by_topic[row["topic"]].append(row)
        cells = []
        for count in SIZES:
            some = [row for rows in by_topic.values() for row in rows[:count]]
            cells.append(f"{_accuracy(_model(some), test):.3f} ({len(some)})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


# ---- how fast rules are ----------------------------------------------------------------


def _headlines() -> list[_Row]:
    return [row for name in ("huffpost", "allsides") for row in _read(SETS / f"{name}.jsonl")]


def _rules(count: int, rows: Sequence[_Row]) -> list[Topic]:
    """Make topics of 20 clauses each, from the words of the headlines."""
    rng = random.Random(7)
    every = (word for row in rows for word in " ".join(_text(row)).lower().split())
    words = sorted({word for word in every if word.isalpha() and len(word) > 3})

    def clause() -> str:
        one, other = rng.choice(words), rng.choice(words)
        kinds = (one, one, one, f'"{one} {other}"', f"{one[:5]}*", f"({one} AND {other})",
                 f"title:{one}")  # fmt: skip
        return rng.choice(kinds)

    return [
        Topic(id=f"t{n}", title="T", match=" OR ".join(clause() for _ in range(20)))
        for n in range(count)
    ]


def _view(row: _Row) -> EntryView:
    title, summary = _text(row)
    return EntryView(
        entry_id=0, source="harbor", source_name="Harbor", title=title, summary=summary,
        content="", tags=("News",), author="", language="en",
    )  # fmt: skip


def _rules_table() -> str:
    rows = _headlines()
    head = "| topics of 20 clauses | entries per second | placements per entry |"
    lines = [head, "|---|---|---|"]
    for count in (10, 1_000):
        topic_rules = TopicRules(_rules(count, rows))
        views = [_view(row) for row in rows]
        began = time.perf_counter()
        placed = sum(len(categorize([view], topic_rules, {})) for view in views)
        rate = len(rows) / (time.perf_counter() - began)
        lines.append(f"| {count:,} | {rate:,.0f} | {placed / len(rows):.2f} |")
    return "\n".join(lines)


# ---- rules on an archive ---------------------------------------------------------------


def _archive_table() -> str:
    """Test and apply rules on a million stories with the commands that operators use."""
    lines = [
        "| rule | matches | `topic test` | `topic apply` | `topic apply --write` "
        "| largest process |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "feeds.toml"
        config.write_text(CONFIG.format(rule="helicopter"), encoding="utf-8")
        _fill_archive(Path(folder) / "aggregator.db")
        for name, rule in ARCHIVE_RULES.items():
            config.write_text(CONFIG.format(rule=rule), encoding="utf-8")
            runs = [
                _run(config, *command)
                for command in (("test", "tried"), ("apply",), ("apply", "--write"))
            ]
            found = re.search(r"matches: +(\d+)", runs[0].output)
            times = " | ".join(f"{run.seconds:.1f} s" for run in runs)
            largest = max(run.megabytes for run in runs)
            count = int(found[1]) if found else 0
            lines.append(f"| {name} | {count:,} | {times} | {largest:.0f} MB |")
    return "\n".join(lines)


class _Run(NamedTuple):
    output: str
    seconds: float
    megabytes: float


LAUNCH = """\
import resource, subprocess, sys
done = subprocess.run([sys.executable, *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
raise SystemExit(done.returncode)
"""
"""Runs a command and prints its peak memory in KB, which is at least that of its parent."""


def _run(config: Path, *words: str) -> _Run:
    command = ["-m", "aggregator", "--config", str(config), "topic", *words]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", LAUNCH, *command], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds = time.perf_counter() - began
    return _Run(done.stdout, seconds, int(done.stdout.split()[-1]) / 1024)


def _fill_archive(database: Path) -> None:
    """Store a million stories of ten outlets, a minute apart, with real headlines and teasers."""
    rows = _headlines()
    rng = random.Random(3)
    with contextlib.closing(open_store(database)) as store:
        store.sources.sync([_outlet(n) for n in range(OUTLETS)], NOW)
        for start in range(0, STORY_COUNT, BATCH_SIZE):
            changes = [
                _new_story(number, rng.choice(rows)) for number in range(start, start + BATCH_SIZE)
            ]
            batch = Batch(
                source=f"o{start // BATCH_SIZE % OUTLETS}",
                state=FetchState(last_success=NOW),
                outcome=Outcome.CHANGED,
                new=tuple(changes),
                new_entry_ids=frozenset(change.story.lead.entry_id for change in changes),
            )
            store.entries.save(batch, NOW)


def _outlet(number: int) -> Source:
    site = f"https://o{number}.example/"
    return Source(id=f"o{number}", name=f"Outlet {number}", feed=f"{site}feed", site=site)


def _new_story(number: int, row: _Row) -> StoryChange:
    title, summary = _text(row)
    published = NOW - timedelta(minutes=STORY_COUNT - number)
    link = f"https://o.example/{number}"
    entry = Entry(
        source=f"o{number // BATCH_SIZE % OUTLETS}", keys=(EntryKey(EntryKeyKind.ID, str(number)),),
        id=link, url=link, canonical_url=link, title=title, summary=summary,
        content=SafeHtml(f"<p>{summary}</p>"), author="", published=published, updated=published,
        tags=(), language="en", image="", enclosures=(), raw_hash=link, content_hash=link,
        feed_index=0, entry_id=number + 1,
    )  # fmt: skip
    story = Story(
        id=f"{number:016x}", public_id=link, lead=entry, published=published, updated=published,
        listed_at=published, first_seen_at=published,
    )  # fmt: skip
    return StoryChange(story=story, listed_at=published)


def report() -> str:
    """Measure and return the section in Markdown."""
    return f"""\
## Topics

Trained on one part of each open set of `../shared/data/topics` and scored on the rest, by a \
fixed split; title and summary only.
The plain classifier is TF-IDF of words and pairs of words with a linear support vector machine, \
on the same rows.
Trained on all of an open set and scored on the half that is set aside, it reaches 0.930, 0.876, \
0.671 and 0.658, and the goals are above that.

{_learning_table()}

What `place` does in a newsroom, where each topic is trained by itself, and nothing is known of \
the stories outside it:

{_newsroom_table()}

Accuracy by number of examples per topic (and in total), on the half that was not used for \
training:

{_learning_curve()}

Rules on real headlines and teasers, on one core:

{_rules_table()}

Rules on {STORY_COUNT:,} stored stories, by the commands that operators use:

{_archive_table()}
"""
