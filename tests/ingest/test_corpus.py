"""Every quirk in tests/corpus: what is odd in the feed, and how it is handled."""

import json
from pathlib import Path
from typing import Any

import pytest

from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.match.matcher import match_entries
from aggregator.ingest.parse.parser import parse
from aggregator.ingest.worker_tasks import clean_entries
from aggregator.model import Entry, ParsedFeed, Rejected
from tests.harness.builders import NOW, fetched, source

CORPUS = Path(__file__).parent.parent / "corpus"
CASES = sorted(CORPUS.glob("*.expected.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.partition(".")[0])
def test_a_quirk_is_handled(case: Path) -> None:
    """Entries, rejections and repeats are as the .expected.json file next to the feed says."""
    expected = json.loads(case.read_text(encoding="utf-8"))
    (file,) = (p for p in CORPUS.glob(f"{case.name.partition('.')[0]}.*") if p != case)

    parsed = parse(fetched(file.read_bytes(), "application/xml"))
    assert isinstance(parsed, ParsedFeed), parsed
    found = match_entries(assign_keys(parsed.entries), {})
    cleaned = clean_entries(found.new, source(), NOW, "")

    entries = [entry for entry in cleaned if isinstance(entry, Entry)]
    rejected = [entry.reason for entry in cleaned if isinstance(entry, Rejected)]
    actual = [
        {field: _plain(getattr(entry, field)) for field in wanted}
        for entry, wanted in zip(entries, expected["entries"], strict=True)
    ]
    assert actual == expected["entries"], expected["odd"]
    assert rejected == expected.get("rejected", [])
    assert found.unchanged_count == expected.get("repeats", 0)


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
