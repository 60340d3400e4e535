"""From the outlet to our feeds: first imports, order, topics, and what stops a run."""

from datetime import timedelta

import pytest

from aggregator.demo.press import CannedResponse
from aggregator.errors import StoreUnavailable
from aggregator.model import (
    EntryKey,
    StoredEntry,
)
from tests.harness.newsroom import Newsroom, article
from tests.harness.stand_in import stand_in

HOUR = timedelta(hours=1)


def test_an_empty_feed_removes_nothing(newsroom: Newsroom) -> None:
    """A feed without entries is valid, and removes no story."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Here"))
    newsroom.ingests()

    newsroom.publishes("harbor")
    report = newsroom.ingests(later=HOUR)

    assert report.failed == ()
    assert newsroom.titles("/all.atom") == ["Here"]


def test_a_first_import_lists_duplicates_by_date(newsroom: Newsroom) -> None:
    """Old duplicates are listed at their own dates, below the outlet's new article."""
    newsroom.lists("harbor")
    newsroom.lists("copies")
    old = [article(f"Old {n}", published=newsroom.now - timedelta(days=300 + n)) for n in range(60)]
    newsroom.publishes("harbor", *old)
    newsroom.ingests("harbor")
    newsroom.publishes("copies", article("Today", published=newsroom.now - HOUR), *old)

    newsroom.ingests("copies", later=HOUR)

    assert newsroom.titles("/sources/copies.atom")[0] == "Today"


def test_an_invalid_etag_does_not_fail_a_source(newsroom: Newsroom) -> None:
    """A feed is read although its ETag is not valid text."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Here"))
    headers = {"ETag": '"\xff\xfe\x01"'}
    document = newsroom.document_of("harbor")
    newsroom.press.put("/harbor/feed", CannedResponse(body=document, headers=headers))

    report = newsroom.ingests()

    assert report.failed == ()
    assert newsroom.titles("/all.atom") == ["Here"]


def test_a_first_import_does_not_flood_the_feed(newsroom: Newsroom) -> None:
    """A new outlet's archive is listed by date, below fresh news (reader's recent_sort)."""
    newsroom.lists("old")
    newsroom.lists("archive")
    newsroom.publishes("old", article("Fresh", published=newsroom.now - HOUR))
    newsroom.ingests("old")
    newsroom.publishes(
        "archive",
        *(article(f"Year {n}", published=newsroom.now - timedelta(days=n)) for n in range(1, 80)),
    )

    newsroom.ingests("archive", later=HOUR)

    assert newsroom.titles("/all.atom")[0] == "Fresh"


def test_a_late_entry_with_an_old_date_is_published(newsroom: Newsroom) -> None:
    """A late entry with an old date is still in the feed (oursqlcommunity-org#107)."""
    recent = [article(f"Recent {n}", published=newsroom.now - n * HOUR) for n in range(60)]
    newsroom.lists("harbor")
    newsroom.publishes("harbor", *recent)
    newsroom.ingests()

    late = article("Late", published=newsroom.now - timedelta(days=200))
    newsroom.publishes("harbor", late, *recent)
    newsroom.ingests(later=HOUR)

    titles = newsroom.titles("/all.atom")
    assert titles[-1] == "Late"
    assert len(titles) == 50


def test_a_redated_article_does_not_move(newsroom: Newsroom) -> None:
    """A new date does not move an article up (python/planet#190)."""
    newsroom.lists("harbor")
    one, two = "https://h.example/1", "https://h.example/2"
    newsroom.publishes("harbor", article("One", link=one, published=newsroom.now - 5 * HOUR),
                       article("Two", link=two, published=newsroom.now - 4 * HOUR))  # fmt: skip
    newsroom.ingests()
    newsroom.publishes("harbor", article("One", "Revised.", link=one, published=newsroom.now),
                       article("Two", link=two, published=newsroom.now - 4 * HOUR))  # fmt: skip
    report = newsroom.ingests(later=HOUR)

    assert report.total.updated == 1
    assert newsroom.titles("/all.atom") == ["Two", "One"]


def test_an_excluded_entry_is_rejected(newsroom: Newsroom) -> None:
    """An excluded entry is rejected at every fetch, and the reason names the rule."""
    newsroom.lists("harbor", exclude='"sport"')
    newsroom.publishes("harbor", article("News"), article("Sport today"))
    report = newsroom.ingests()

    assert (report.total.new, report.total.rejected) == (1, 1)
    newsroom.publishes("harbor", article("More"), article("News"), article("Sport today"))
    again = newsroom.ingests(later=HOUR)

    assert (again.total.new, again.total.known, again.total.rejected) == (1, 1, 1)
    (rejected,) = newsroom.store.sources.rejected("harbor", 5)
    assert rejected.reason == "the source's exclude rule matches (title: sport)"


def test_a_bug_affects_one_source(newsroom: Newsroom) -> None:
    """A bug fails one source and is reported as a bug; the others are read."""
    newsroom.lists("good")
    newsroom.lists("unlucky")
    newsroom.publishes("good", article("Fine"))
    newsroom.publishes("unlucky", article("Boom"))
    stored = newsroom.store.entries

    def buggy(source: str, keys: set[EntryKey]) -> dict[EntryKey, StoredEntry]:
        if source == "unlucky":
            raise KeyError("bug" * 1000)
        return stored.by_keys(source, keys)

    entries = stand_in(stored, by_keys=buggy)
    newsroom.ingest_options["store"] = stand_in(newsroom.store, entries=entries)

    report = newsroom.ingests()

    (failure,) = report.failed
    assert failure.source == "unlucky"
    assert failure.error.startswith("This is a bug in aggregator; please report it (KeyError")
    assert len(newsroom.store.sources.health()[1].error) == 400
    assert newsroom.titles("/all.atom") == ["Fine"]
    # the source is not fetched again at once
    health = {h.source: h for h in newsroom.store.sources.health()}["unlucky"]
    assert failure.error.startswith(health.error.rstrip("…"))
    assert health.next_fetch is not None
    assert newsroom.now + timedelta(minutes=15) <= health.next_fetch


def test_a_store_that_cannot_be_written_stops_the_run(newsroom: Newsroom) -> None:
    """A run stops when the store fails, because what it fetches would be lost."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Fine"))

    def fail(*_: object) -> None:
        raise StoreUnavailable("The disk is full.")

    entries = stand_in(newsroom.store.entries, save=fail)
    newsroom.ingest_options["store"] = stand_in(newsroom.store, entries=entries)

    with pytest.raises(StoreUnavailable):
        newsroom.ingests()


def test_a_story_joins_a_topic_at_its_own_date(newsroom: Newsroom) -> None:
    """A duplicate's text places an old story in a topic, where it is listed by its own date."""
    newsroom.has_topic("labor", "strike")
    newsroom.lists("harbor")
    newsroom.lists("copies")
    newsroom.publishes("harbor", *(
        article(f"Strike {n}", published=newsroom.now - timedelta(hours=n)) for n in range(60)
    ))  # fmt: skip
    newsroom.publishes("copies", article("Long established"))
    newsroom.ingests()
    old = article(
        "Quiet", link="https://harbor.example/q", published=newsroom.now - timedelta(days=9)
    )
    newsroom.publishes("harbor", old)
    newsroom.ingests("harbor", later=HOUR)
    newsroom.publishes("copies", article("The strike of old", link="https://harbor.example/q"))

    newsroom.ingests("copies", later=HOUR)

    assert newsroom.titles("/topics/labor.atom")[-1] == "Quiet"


def test_escape_sequences_are_not_printed(newsroom: Newsroom) -> None:
    """Terminal escape sequences that a server sends are not in the error."""
    newsroom.lists("harbor", feed=f"{newsroom.press.url}/f")
    location = {"Location": "ftp://x/\x1b]0;owned\x07"}
    newsroom.press.put("/f", CannedResponse(status=302, headers=location))

    (failure,) = newsroom.ingests().failed

    assert failure.error.isprintable()
