"""Run benchmarks, print the results and write them into docs/measurements.md::

    python -m benchmarks [ingest] [polls] [freshness] [latency] [growth] [serve]
    python -m benchmarks large
    python -m benchmarks [growth-large] [memory] [parsers] [stories] [week] [fuzz] [repeats]
                         [topics] [pages] [desk] [digest] [browser]
    PROFILES=FOLDER python -m benchmarks polls
    python -m benchmarks stories --report
    python -m benchmarks stories INPUT.jsonl > predicted.jsonl
    python -m benchmarks topics TRAIN.jsonl TEST.jsonl [--place] > predicted.jsonl
    python -m benchmarks merges FILE
    python -m benchmarks valid FOLDER

With PROFILES, py-spy leaves timelines of our processes in FOLDER (see measuring.py).
Each benchmark writes only its own section of docs/measurements.md.

With a file of rows, `stories` prints {"id", "story"} for each row and writes nothing.
`topics` trains on one file and prints {"id", "topic"} for each row of the other; with --place,
the topic is null unless the story would be placed in it.
`merges` writes the stories of several outlets in the replayed feeds into FILE, for review.
`valid` checks what we publish with the validators in FOLDER (see validity.py).
"""

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    browser,
    desk,
    digest,
    freshness,
    fuzz,
    growth,
    ingest,
    latency,
    memory,
    pages,
    parsers,
    polls,
    repeats,
    serve,
    stories,
    topics,
    week,
)
from benchmarks.merges import write_merges
from benchmarks.validity import check_feeds

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as for operators

DOCUMENT = Path(__file__).parent.parent / "docs" / "measurements.md"

SECTIONS: dict[str, Callable[[], str]] = {
    "ingest": ingest.report,
    "polls": polls.report,
    "freshness": freshness.report,
    "latency": latency.report,
    "growth": growth.report,
    "serve": serve.report,
}
"""Measured in less than 20 minutes, with up to 100,000 stories."""

LARGE_SECTIONS: dict[str, Callable[[], str]] = {
    "growth-large": growth.report_large,
    "memory": memory.report,
    "parsers": parsers.report,
    "stories": stories.report,
    "week": week.report,
    "fuzz": fuzz.report,
    "repeats": repeats.report,
    "topics": topics.report,
    "pages": pages.report,
    "desk": desk.report,
    "digest": digest.report,
    "browser": browser.report,
}
"""Benchmarks that take longer, with up to a million stories."""


def main() -> None:
    """Run the named benchmarks; `large` runs those that take longer, no name all others."""
    match sys.argv[1:]:
        case ["large"]:
            return _measure(list(LARGE_SECTIONS))
        case ["stories", file] if file != "--report":
            return stories.write_predictions(Path(file))
        case ["topics", train, test, *options] if ".jsonl" in train:
            return topics.write_predictions(
                Path(train), Path(test), is_placing="--place" in options
            )
        case ["valid", validators]:
            return check_feeds(Path(validators))
        case ["merges", file]:
            return write_merges(Path(file))
    names = [name for name in sys.argv[1:] if name != "--report"] or list(SECTIONS)
    known = SECTIONS | LARGE_SECTIONS
    if unknown := set(names) - set(known):
        raise SystemExit(f"There is no benchmark {unknown.pop()!r}; there are {', '.join(known)}.")
    _measure(names)


def _measure(names: Sequence[str]) -> None:
    for name in names:
        began = time.perf_counter()
        text = (SECTIONS | LARGE_SECTIONS)[name]()
        print(text)
        print(f"{name} took {time.perf_counter() - began:.0f} s.", file=sys.stderr)
        page = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(_with_section(page, name, text), encoding="utf-8")


def _with_section(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    section = f"{begin}\n{text.strip()}\n\n{end}"
    if begin not in page:
        return f"{page.rstrip()}\n\n{section}"
    return re.sub(f"{begin}.*?{end}", lambda _: section, page, flags=re.DOTALL)


if __name__ == "__main__":
    main()
