"""Entries whose ids, addresses, titles or dates change: which are the same article as before.

Each test is a trap that other programs fell into; its docstring names where.
"""

from datetime import timedelta

import pytest

from aggregator.demo.sample_feeds import Item
from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, archive_articles, many_articles, publish

# ---- ids and addresses -------------------------------------------------------------------


def test_https_at_last(newsroom: Newsroom) -> None:
    """Ids and links that change from http to https are the same articles (feedbin/support#515,
    ForNeVeR/fornever.me#3)."""
    newsroom.lists("harbor")
    old = [article(f"S{n}", link=f"http://h.example/?p={n}") for n in range(5)]
    publish(newsroom, *old)
    ids = newsroom.ids()

    new = [article(f"S{n}", link=f"https://h.example/?p={n}") for n in range(5)]
    assert publish(newsroom, *new)[0] == 0
    assert newsroom.ids() == ids


def test_another_host(harbor: Newsroom) -> None:
    """An outlet that moves to another domain floods nobody (feedkit's alias keys)."""
    ids = harbor.ids()

    assert publish(harbor, *many_articles(10, host="new.example"))[0] == 0
    assert harbor.ids() == ids


def test_everything_has_another_name(harbor: Newsroom) -> None:
    """All ids, links and dates change at once, and the titles tell (reader#322,
    dewp-planet-feed#21, lion-reader#1535)."""
    ids = harbor.ids()
    renamed = "".join(
        f"<item><title>Story {n}</title><guid>x{n}</guid><link>https://n.example/{n}</link></item>"
        for n in range(10)
    )
    harbor.answers("harbor", f"<rss><channel>{renamed}</channel></rss>".encode())

    assert harbor.ingests(later=HOUR).total.new == 0
    assert harbor.ids() == ids


@pytest.mark.parametrize("shift", [timedelta(hours=1), timedelta(seconds=7), timedelta(days=-2)])
def test_everything_has_another_name_and_date(harbor: Newsroom, shift: timedelta) -> None:
    """A move that makes local time out of UTC as well: the texts tell."""
    ids = harbor.ids()
    moved = [
        article(a.title, link=f"https://n.example/{n}", published=a.published + shift)
        for n, a in enumerate(many_articles(10))
    ]

    assert publish(harbor, *moved)[0] == 0
    assert harbor.ids() == ids


def test_bulletins_of_the_hour(newsroom: Newsroom) -> None:
    """New ids, links, dates and texts under the titles of the last hour are news."""
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


def test_one_guid_on_all(newsroom: Newsroom) -> None:
    """None is dropped, in whatever order they come (miniflux#4197, reader#335, reader#340,
    feedbin/support#573)."""
    newsroom.lists("harbor")
    items = [article(f"Item {n}", id_="the-same") for n in range(10)]

    assert publish(newsroom, *items) == (10, 0)
    for shuffled in (items[::-1], items[3:] + items[:3], items[:4]):
        assert publish(newsroom, *shuffled)[0] == 0
    assert sorted(newsroom.titles("/all.atom")) == [f"Item {n}" for n in range(10)]


def test_a_column_is_not_its_old_issue(harbor: Newsroom) -> None:
    """Among new names, one old title is not enough to take an article for an old one."""
    newer = [
        article(f"News {n}", link=f"https://h.example/n{n}", published=harbor.now + HOUR)
        for n in range(9)
    ]
    column = article("Story 3", link="https://h.example/column", published=harbor.now + HOUR)

    assert publish(harbor, column, *newer) == (10, 0)


def test_a_new_episode_at_the_address_of_the_show(newsroom: Newsroom) -> None:
    """One entry at a time, and always the same link: each is an article of its own."""
    newsroom.lists("harbor")
    link = "https://h.example/shows/1234567"
    for number in range(4):
        episode = article(
            f"Episode {number}", link=link, id_=f"e{number}", published=newsroom.now - HOUR / 2
        )
        assert publish(newsroom, episode, later=DAY) == (1, 0)

    assert len(newsroom.titles("/all.atom")) == 4


def test_two_blogs_that_count_high(newsroom: Newsroom) -> None:
    """Nor is ?p=12345, though the first is listed no more."""
    newsroom.lists("harbor")
    for host, title in (("alice", "Cats"), ("bob", "Dogs")):
        link = f"https://{host}.example/?p=12345"
        published = article(title, link=link, id_=link, published=newsroom.now + HOUR / 2)
        assert publish(newsroom, published, later=DAY) == (1, 0)


def test_a_briefing_at_one_address(newsroom: Newsroom) -> None:
    """One title, one address, a new id and date each day: an article each day."""
    newsroom.lists("harbor")
    for day in range(5):
        published = article(
            "Morning briefing",
            link="https://h.example/briefing",
            id_=f"b{day}",
            published=newsroom.now + HOUR / 2,
        )
        assert publish(newsroom, published, later=DAY) == (1, 0)


def test_a_column_twice_a_day(newsroom: Newsroom) -> None:
    """One title and one day without an hour, two ids and links: two articles."""
    newsroom.lists("harbor")
    midnight = newsroom.now.replace(hour=0)
    for number in range(3):
        published = article(
            "Police log", link=f"https://h.example/{number}/log", published=midnight
        )
        assert publish(newsroom, published) == (1, 0)


def test_a_feed_that_is_listed_at_another_address(harbor: Newsroom) -> None:
    """The address changes in feeds.toml because the outlet has moved: nothing is new."""
    ids = harbor.ids()
    harbor.publishes("moved", *many_articles(10, host="new.example"))
    harbor.change("/harbor/feed", "/moved/feed")
    harbor.ingests(later=HOUR)
    assert harbor.ids() == ids

    harbor.publishes("moved", *archive_articles(150))
    harbor.ingests(later=HOUR)
    assert len(harbor.store.stories.held("harbor", 500)) == 150


def test_numbers_that_mean_another_article(harbor: Newsroom) -> None:
    """An outlet that moves to another system may count its articles anew."""
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


def test_two_blogs_in_one_feed(newsroom: Newsroom) -> None:
    """?p=12 of one host is not ?p=12 of another."""
    newsroom.lists("harbor")
    one = article("Cats", link="https://a.example/?p=12", published=newsroom.now - HOUR)
    other = article("Dogs", link="https://b.example/?p=12", published=newsroom.now - 2 * HOUR)

    assert publish(newsroom, one) == (1, 0)
    assert publish(newsroom, other) == (1, 0)


def test_a_token_in_every_link(newsroom: Newsroom) -> None:
    """Links that change with every request and no ids: title and date tell (papr#103), and
    that is no update to a reader."""
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
