"""Large feeds wait on disk, one after the other, and the small ones pass them."""

from datetime import timedelta

import pytest

from aggregator.ingest.spool import SPOOLED_BYTES, spool
from aggregator.model import ALL, Fetched, Validators
from tests.harness.newsroom import Newsroom, article


def _document(size: int) -> Fetched:
    body = b"x" * size
    return Fetched(
        url="https://a.example/", status=200, content_type="", body=body, validators=Validators()
    )


def test_a_spooled_document_is_the_same() -> None:
    """A small one is not spooled."""
    large = _document(SPOOLED_BYTES)

    spooled = spool(large)

    assert spooled is not None
    assert spooled.load() == large
    assert spool(_document(SPOOLED_BYTES - 1)) is None


def test_a_full_disk_keeps_a_document_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read at once, as a small one."""

    def fails() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", fails)

    assert spool(_document(SPOOLED_BYTES)) is None


def test_a_document_that_takes_too_long_is_given_up(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails with a sentence, and the next fetch reads all of it."""
    newsroom.ingest_options["chunk_entries"] = 5
    newsroom.lists("harbor")
    newsroom.publishes("harbor", *(article(f"Strike {n}") for n in range(50)))
    with monkeypatch.context() as changed:
        changed.setattr("aggregator.ingest.pipeline.LARGE_DOCUMENT_SECONDS", 0.001)
        (failed,) = newsroom.ingests().failed

    assert failed.error == "Reading the feed took longer than 0.001 seconds."
    newsroom.ingests(later=timedelta(hours=1))
    assert newsroom.store.lists.counts()[ALL] == 50


def test_small_feeds_do_not_wait_for_large_ones(newsroom: Newsroom) -> None:
    """Though there are more large feeds than feeds may be fetched at a time."""
    newsroom.limits = {**newsroom.limits, "concurrency": 2}
    large = [article(f"Strike {n}", "Long words. " * 300) for n in range(700)]
    for number in range(4):
        newsroom.lists(f"large{number}", precedence="9")
        newsroom.publishes(f"large{number}", *large)
    for number in range(3):
        newsroom.lists(f"small{number}")
        newsroom.publishes(f"small{number}", article(f"Small {number}"))

    report = newsroom.ingests()

    seconds = {each.source: each.seconds for each in report.sources}
    small = max(seconds[f"small{number}"] for number in range(3))
    assert small < min(seconds[f"large{number}"] for number in (1, 2, 3))
    assert newsroom.store.lists.counts()[ALL] > 700
    assert newsroom.ingests(later=timedelta(hours=1)).total.new == 0
