"""Entries that change their ids, URLs, titles or dates: which are recognised, which are new.

The docstrings name programs in which a case went wrong.
"""

from datetime import timedelta

import pytest

from aggregator.demo.sample_feeds import Item
from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, archive_articles, many_articles, publish

# ---- ids and URLs ------------------------------------------------------------------------


def test_https_brings_nothing_new(newsroom: Newsroom) -> None:
    """Ids and links that change from http to https are the same entries.

    (feedbin/support#515, ForNeVeR/fornever.me#3)
    """
    newsroom.lists("harbor")
    old = [article(f"S{n}", link=f"http://h.example/?p={n}") for n in range(5)]
    publish(newsroom, *old)
    ids = newsroom.ids()

    new = [article(f"S{n}", link=f"https://h.example/?p={n}") for n in range(5)]
    assert publish(newsroom, *new)[0] == 0
    assert newsroom.ids() == ids


def test_a_new_domain_brings_nothing_new(harbor: Newsroom) -> None:
    """An outlet that moves to another domain has no new entries (feedkit's alias keys)."""
    ids = harbor.ids()

    assert publish(harbor, *many_articles(10, host="new.example"))[0] == 0
    assert harbor.ids() == ids


def _renamed(count: int) -> bytes:
    """The feed of an outlet that has changed all ids, links and dates."""
    items = "".join(
        f"<item><title>Story {n}</title><guid>x{n}</guid><link>https://n.example/{n}</link></item>"
        for n in range(count)
    )
    return f"<rss><channel>{items}</channel></rss>".encode()


def test_new_ids_and_links_are_recognised_by_title(harbor: Newsroom) -> None:
    """Titles identify entries if all ids, links and dates change at once.

    (reader#322, dewp-planet-feed#21, lion-reader#1535)
    """
    ids = harbor.ids()
    harbor.answers("harbor", _renamed(10))

    assert harbor.ingests(later=HOUR).total.new == 0
    assert harbor.ids() == ids


@pytest.mark.parametrize("shift", [timedelta(hours=1), timedelta(seconds=7), timedelta(days=-2)])
def test_new_links_and_shifted_dates_are_recognised(harbor: Newsroom, shift: timedelta) -> None:
    """Texts identify entries if all links change and all dates shift, as with a wrong time zone."""
    ids = harbor.ids()
    moved = [
        article(a.title, link=f"https://n.example/{n}", published=a.published + shift)
        for n, a in enumerate(many_articles(10))
    ]

    assert publish(harbor, *moved)[0] == 0
    assert harbor.ids() == ids


def test_hourly_bulletins_are_new(newsroom: Newsroom) -> None:
    """New ids, links, dates and texts under the titles of the last hour are new entries."""
    newsroom.lists("harbor")
    for hour in range(4):
        bulletins = [
            article(
                title,
                f"{title} of the hour {hour}.",
                link=f"https://h.example/{title}/{hour}",
                id_=f"{title}{hour}",
                published=newsroom.now + HOUR / 2,
            )
            for title in ("News", "Sport", "Weather", "Traffic", "Culture")
        ]
        assert publish(newsroom, *bulletins) == (5, 0)


def test_entries_with_one_guid_are_kept(newsroom: Newsroom) -> None:
    """No entry is dropped if all share one guid, in any order.

    (miniflux#4197, reader#335, reader#340, feedbin/support#573)
    """
    newsroom.lists("harbor")
    items = [article(f"Item {n}", id_="the-same") for n in range(10)]

    assert publish(newsroom, *items) == (10, 0)
    for shuffled in (items[::-1], items[3:] + items[:3], items[:4]):
        assert publish(newsroom, *shuffled)[0] == 0
    assert sorted(newsroom.titles("/all.atom")) == [f"Item {n}" for n in range(10)]


def test_one_old_title_does_not_identify_an_entry(harbor: Newsroom) -> None:
    """An entry among new ones is new, even under the title of an old one."""
    newer = [
        article(f"News {n}", link=f"https://h.example/n{n}", published=harbor.now + HOUR)
        for n in range(9)
    ]
    column = article("Story 3", link="https://h.example/column", published=harbor.now + HOUR)

    assert publish(harbor, column, *newer) == (10, 0)


def test_episodes_with_one_link_are_new(newsroom: Newsroom) -> None:
    """Entries that appear one at a time with the same link are separate entries."""
    newsroom.lists("harbor")
    link = "https://h.example/shows/1234567"
    for number in range(4):
        episode = article(
            f"Episode {number}", link=link, id_=f"e{number}", published=newsroom.now - HOUR / 2
        )
        assert publish(newsroom, episode, later=DAY) == (1, 0)

    assert len(newsroom.titles("/all.atom")) == 4


def test_one_post_number_on_two_hosts_is_two_entries(newsroom: Newsroom) -> None:
    """A post number on two hosts is two entries, even if only one is listed at a time."""
    newsroom.lists("harbor")
    for host, title in (("alice", "Cats"), ("bob", "Dogs")):
        link = f"https://{host}.example/?p=12345"
        published = article(title, link=link, id_=link, published=newsroom.now + HOUR / 2)
        assert publish(newsroom, published, later=DAY) == (1, 0)


def test_a_daily_briefing_at_one_url_is_new(newsroom: Newsroom) -> None:
    """One title and URL with a new id and date each day is a new entry each day."""
    newsroom.lists("harbor")
    for day in range(5):
        published = article(
            "Morning briefing",
            link="https://h.example/briefing",
            id_=f"b{day}",
            published=newsroom.now + HOUR / 2,
        )
        assert publish(newsroom, published, later=DAY) == (1, 0)


def test_one_title_and_day_with_two_links_is_two_entries(newsroom: Newsroom) -> None:
    """Other links under one title and one date without a time are separate entries."""
    newsroom.lists("harbor")
    midnight = newsroom.now.replace(hour=0)
    for number in range(3):
        published = article(
            "Police log", link=f"https://h.example/{number}/log", published=midnight
        )
        assert publish(newsroom, published) == (1, 0)


def test_a_new_feed_url_brings_nothing_new(harbor: Newsroom) -> None:
    """Entries stay known if the feed's URL in feeds.toml changes, and a burst is still held."""
    ids = harbor.ids()
    harbor.publishes("moved", *many_articles(10, host="new.example"))
    harbor.change("/harbor/feed", "/moved/feed")
    harbor.ingests(later=HOUR)
    assert harbor.ids() == ids

    harbor.publishes("moved", *archive_articles(150))
    harbor.ingests(later=HOUR)
    assert len(harbor.store.stories.held("harbor", 500)) == 150


def test_renumbered_entries_are_new(harbor: Newsroom) -> None:
    """An outlet that changes its system may use its old numbers for other articles."""
    renumbered = "".join(
        f"<item><title>Quite another {n}</title><link>https://n.example/?p={n}</link></item>"
        for n in range(10)
    )
    harbor.publishes(
        "harbor", *(article(f"S {n}", link=f"https://h.example/?p={n}") for n in range(10))
    )
    harbor.ingests(later=HOUR)
    harbor.answers("harbor", f"<rss><channel>{renumbered}</channel></rss>".encode())

    assert harbor.ingests(later=HOUR).total.new == 10


def test_one_post_number_in_two_blogs_is_two_entries(newsroom: Newsroom) -> None:
    """A post number on two hosts in one feed is two entries."""
    newsroom.lists("harbor")
    one = article("Cats", link="https://a.example/?p=12", published=newsroom.now - HOUR)
    other = article("Dogs", link="https://b.example/?p=12", published=newsroom.now - 2 * HOUR)

    assert publish(newsroom, one) == (1, 0)
    assert publish(newsroom, other) == (1, 0)


def test_a_token_in_every_link_brings_nothing_new(newsroom: Newsroom) -> None:
    """Title and date identify entries with changing links, and readers see no update (papr#103)."""
    newsroom.lists("harbor")

    def feed(token: str) -> list[Item]:
        return [article(f"S{n}", link=f"https://h.example/?s={token}{n}") for n in range(3)]

    for token in "abcdefgh":
        titles = [item.title for item in feed(token)]
        items = "".join(
            f"<item><title>{i.title}</title><link>{i.link}</link>"
            "<pubDate>Mon, 05 Oct 2026 09:00:00 GMT</pubDate></item>"
            for i in feed(token)
        )
        newsroom.answers("harbor", f"<rss><channel>{items}</channel></rss>".encode())
        newsroom.ingests(later=HOUR)
    entries = newsroom.read("/all.atom").entries

    assert sorted(newsroom.titles("/all.atom")) == titles
    assert {e.updated for e in entries} == {"2026-10-05T09:00:00+00:00"}
    assert all("s=h" in e.link for e in entries)


def test_old_names_are_looked_for_among_the_latest(
    harbor: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in an archive of decades, at every fetch."""
    monkeypatch.setattr("aggregator.ingest.pipeline.MAX_MIGRATED_ENTRIES", 4)
    harbor.answers("harbor", _renamed(10))

    assert harbor.ingests(later=HOUR).total.new == 10
