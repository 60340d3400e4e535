"""More new entries at once than an outlet can have written."""

from datetime import timedelta

from aggregator.model import ALL, source_scope
from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, archive_articles, publish


def test_a_burst_is_held(harbor: Newsroom) -> None:
    """More new articles than a known outlet can have written wait for the operator (robot
    and planet reports: a migration republishes the archive)."""
    harbor.publishes("harbor", *archive_articles(150))
    (report,) = harbor.ingests(later=HOUR).sources

    assert report.counts.new == 150
    assert report.note.startswith("150 new entries at once are held; `aggregator held harbor`")
    assert len(harbor.titles("/all.atom")) == 10
    assert {h.source: h.held_stories for h in harbor.store.sources.health()} == {"harbor": 150}
    held = harbor.store.stories.held("harbor", 200)
    assert len(held) == 150
    assert harbor.get(f"/stories/{held[0].id}").status_code == 404

    assert publish(harbor, *archive_articles(150)) == (0, 0)  # they are known, though not published


def test_a_burst_that_is_released(harbor: Newsroom) -> None:
    """It stands at its own dates, below what is new."""
    publish(harbor, *archive_articles(150))

    assert harbor.store.stories.release("harbor", harbor.now) == 150
    assert len(harbor.store.lists.latest(ALL, 500)) == 160
    assert harbor.titles("/all.atom")[:10] == [f"Story {n}" for n in range(10)]
    assert harbor.store.lists.counts()[source_scope("harbor")] == 160
    assert harbor.store.maintenance.check(harbor.now) == []


def test_a_burst_that_is_dropped(harbor: Newsroom) -> None:
    """It never comes, not even revised."""
    publish(harbor, *archive_articles(150))
    assert harbor.store.stories.drop("harbor") == 150

    revised = [article(a.title, "Other words.", link=a.link) for a in archive_articles(150)]
    assert publish(harbor, *revised) == (0, 0)
    assert len(harbor.titles("/all.atom")) == 10
    assert harbor.store.maintenance.check(harbor.now) == []


def test_a_held_story_that_another_outlet_has(harbor: Newsroom) -> None:
    """It is published, whatever happened at the first outlet."""
    publish(harbor, *archive_articles(150))
    harbor.lists("copies")
    harbor.publishes("copies", archive_articles(150)[0])

    harbor.ingests("copies", later=HOUR)

    assert "Archive 0" in harbor.titles("/all.atom")
    assert len(harbor.store.stories.held("harbor", 500)) == 149


def test_a_burst_after_a_burst(harbor: Newsroom) -> None:
    """What is held says nothing of how fast an outlet writes; the next wave is held too."""
    publish(harbor, *archive_articles(150))
    wave = [
        article(f"Wave {n}", link=f"https://h.example/w{n}", published=harbor.now)
        for n in range(150)
    ]

    publish(harbor, *wave)

    assert len(harbor.store.stories.held("harbor", 500)) == 300
    assert len(harbor.titles("/all.atom")) == 10


def test_a_burst_that_nobody_decides_about(harbor: Newsroom) -> None:
    """What waits longer than stories are kept is taken out as they are, and stays known."""
    publish(harbor, *archive_articles(150))
    much_later = harbor.now + 365 * DAY
    publish(harbor, article("Late", published=much_later), *archive_articles(150), later=365 * DAY)

    harbor.store.stories.purge(300 * DAY, harbor.now)

    assert harbor.store.stories.held("harbor", 500) == []
    assert publish(harbor, *archive_articles(150)) == (0, 0)
    assert harbor.store.maintenance.check(harbor.now) == []


def test_a_busy_outlet_after_our_holidays(newsroom: Newsroom) -> None:
    """Two hundred articles in two weeks are no burst for one that writes twenty a day."""
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
    """An archive that comes first is what we asked for."""
    newsroom.lists("harbor")

    assert publish(newsroom, *archive_articles(150)) == (150, 0)
    assert newsroom.store.stories.held("harbor", 9) == []
