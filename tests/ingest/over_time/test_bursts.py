"""More new entries at once than an outlet can have written."""

from datetime import timedelta

from aggregator.model import ALL, source_scope
from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, archive_articles, publish


def test_a_burst_is_held(harbor: Newsroom) -> None:
    """More new entries than an outlet can have written are held for the operator.

    In robot and planet reports, a migration republishes the archive.
    """
    harbor.publishes("harbor", *archive_articles(150))
    (report,) = harbor.ingests(later=HOUR).sources

    assert report.counts.new == 150
    assert report.note.startswith(
        "150 new entries came at once and are held; `aggregator held harbor`"
    )
    assert len(harbor.titles("/all.atom")) == 10
    assert {h.source: h.held_stories for h in harbor.store.sources.health()} == {"harbor": 150}
    held = harbor.store.stories.held("harbor", 200)
    assert len(held) == 150
    assert harbor.get(f"/stories/{held[0].id}").status_code == 404

    assert publish(harbor, *archive_articles(150)) == (0, 0)  # they are known, though not published


def test_a_released_burst_is_listed_by_date(harbor: Newsroom) -> None:
    """Released stories are listed at their own dates, below newer ones."""
    publish(harbor, *archive_articles(150))

    assert harbor.store.stories.release("harbor", harbor.now) == 150
    assert len(harbor.store.lists.latest(ALL, 500)) == 160
    assert harbor.titles("/all.atom")[:10] == [f"Story {n}" for n in range(10)]
    assert harbor.store.lists.counts()[source_scope("harbor")] == 160
    assert harbor.store.maintenance.check(harbor.now) == []


def test_a_dropped_burst_stays_unpublished(harbor: Newsroom) -> None:
    """Dropped entries are not published, even if they are revised."""
    publish(harbor, *archive_articles(150))
    assert harbor.store.stories.drop("harbor") == 150

    revised = [article(a.title, "Other words.", link=a.link) for a in archive_articles(150)]
    assert publish(harbor, *revised) == (0, 0)
    assert len(harbor.titles("/all.atom")) == 10
    assert harbor.store.maintenance.check(harbor.now) == []


def test_a_held_story_of_another_outlet_is_published(harbor: Newsroom) -> None:
    """A held story is published once another outlet has it."""
    publish(harbor, *archive_articles(150))
    harbor.lists("copies")
    harbor.publishes("copies", archive_articles(150)[0])

    harbor.ingests("copies", later=HOUR)

    assert "Archive 0" in harbor.titles("/all.atom")
    assert len(harbor.store.stories.held("harbor", 500)) == 149


def test_a_second_burst_is_held_too(harbor: Newsroom) -> None:
    """Held entries do not count for an outlet's pace, so the next burst is held too."""
    publish(harbor, *archive_articles(150))
    wave = [
        article(f"Wave {n}", link=f"https://h.example/w{n}", published=harbor.now)
        for n in range(150)
    ]

    publish(harbor, *wave)

    assert len(harbor.store.stories.held("harbor", 500)) == 300
    assert len(harbor.titles("/all.atom")) == 10


def test_an_undecided_burst_is_purged(harbor: Newsroom) -> None:
    """Held stories are purged like published ones, and stay known."""
    publish(harbor, *archive_articles(150))
    much_later = harbor.now + 365 * DAY
    publish(harbor, article("Late", published=much_later), *archive_articles(150), later=365 * DAY)

    harbor.store.stories.purge(300 * DAY, harbor.now)

    assert harbor.store.stories.held("harbor", 500) == []
    assert publish(harbor, *archive_articles(150)) == (0, 0)
    assert harbor.store.maintenance.check(harbor.now) == []


def test_many_entries_after_a_long_pause_are_not_a_burst(newsroom: Newsroom) -> None:
    """An outlet that writes twenty entries a day may have 200 after two weeks."""
    newsroom.lists("wire")
    newsroom.publishes(
        "wire",
        *(
            article(f"Old {n}", published=newsroom.now - n * timedelta(hours=1.2))
            for n in range(40)
        ),
    )
    newsroom.ingests()
    later = newsroom.now + 14 * DAY
    newsroom.publishes(
        "wire",
        *(article(f"New {n}", published=later - n * timedelta(hours=1.2)) for n in range(200)),
    )

    assert newsroom.ingests(later=14 * DAY).sources[0].note == ""
    assert newsroom.store.stories.held("wire", 9) == []


def test_a_first_import_is_not_a_burst(newsroom: Newsroom) -> None:
    """The archive that a new source begins with is not held."""
    newsroom.lists("harbor")

    assert publish(newsroom, *archive_articles(150)) == (150, 0)
    assert newsroom.store.stories.held("harbor", 9) == []
