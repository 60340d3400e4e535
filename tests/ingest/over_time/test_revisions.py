"""Entries that are redated, revised, removed or come back: what a reader of ours sees of it.

Each test is a trap that other programs fell into; its docstring names where.
"""

from datetime import timedelta

from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, many_articles, publish


def test_an_outlet_that_is_silent_longer_than_we_keep(newsroom: Newsroom) -> None:
    """Its rhythm is remembered although its stories are not."""
    newsroom.lists("harbor")
    weekly = [article(f"W {n}", published=newsroom.now - n * 7 * DAY) for n in range(10)]
    publish(newsroom, *weekly)
    later = newsroom.now + 300 * DAY
    newsroom.store.stories.purge(30 * DAY, later)

    assert len(newsroom.store.sources.recent_dates("harbor", 20)) == 10


def test_what_comes_back(harbor: Newsroom) -> None:
    """An article that leaves the feed and returns a year later is no news."""
    assert publish(harbor, article("Other"), later=DAY) == (1, 0)

    assert publish(harbor, *many_articles(10), later=365 * DAY) == (0, 0)


def test_what_was_taken_out_here_and_is_listed_there(harbor: Newsroom) -> None:
    """Stories that are too old for us do not come again, though the outlet lists them for
    ever, even in new words (tt-rss FAQ, Media Cloud's story_refs)."""
    later = harbor.now + 400 * DAY
    assert harbor.store.stories.purge(365 * DAY, later) == 10
    assert harbor.titles("/all.atom") == []

    revised = [
        article(f"Story {n}", "Other words.", link=a.link) for n, a in enumerate(many_articles(10))
    ]
    assert publish(harbor, *revised, later=400 * DAY) == (0, 0)
    assert harbor.titles("/all.atom") == []
    assert harbor.get("/stories/" + "0" * 16).status_code == 404


def test_our_own_story_through_a_partner(newsroom: Newsroom) -> None:
    """What a partner republishes from our own feeds is recognised and skipped (tt-rss
    Generated-Feeds, Media Cloud's sub-sources)."""
    newsroom.lists("harbor")
    ours = "https://commons.example"
    items = (
        f"<item><title>A</title><link>https://p.example/a</link><source url='{ours}/topics/x.rss'/>"
        "</item>"
        f"<item><title>B</title><link>{ours}/stories/0123456789abcdef</link></item>"
        "<item><title>C</title><link>https://p.example/c</link>"
        "<guid>tag:commons.example,2026:story/0123456789abcdef</guid></item>"
        f"<item><title>D</title><link>{ours}/blog/our-own-blog</link></item>"
        "<item><title>E</title><link>https://p.example/e</link><guid>/topics/economy</guid></item>"
        f"<item><title>F</title><link>https://www.commons.example/stories/0123456789abcdef/?utm_source=p"
        "#x</link></item>"
    )
    newsroom.answers("harbor", f"<rss><channel>{items}</channel></rss>".encode())
    newsroom.ingests()

    assert newsroom.titles("/all.atom") == ["D", "E"]
    reasons = {r.title: r.reason for r in newsroom.store.sources.rejected("harbor", 9)}
    assert set(reasons) == {"A", "B", "C", "F"}
    assert set(reasons.values()) == {"it is a story of our own that comes back through this outlet"}


# ---- dates -------------------------------------------------------------------------------


def test_undated(newsroom: Newsroom) -> None:
    """An article without a date has that of its arrival, once (python/planet#151)."""
    newsroom.lists("harbor")
    body = b"<rss><channel><item><title>A</title><link>https://h.example/a</link></item></channel></rss>"
    newsroom.answers("harbor", body)
    newsroom.ingests()
    first = newsroom.read("/all.atom").entries[0].published

    newsroom.answers("harbor", body.replace(b"<rss>", b"<rss >"))
    newsroom.ingests(later=9 * HOUR)

    assert newsroom.read("/all.atom").entries[0].published == first == "2026-10-05T12:00:00+00:00"


def test_a_date_in_the_future(newsroom: Newsroom) -> None:
    """It pins no article to the top (NetNewsWire#5217, Venus future_dates): the order is that
    of arrival."""
    newsroom.lists("harbor")
    future = article("Tomorrow", published=newsroom.now + 300 * DAY)
    publish(newsroom, future)

    later = article("Today", published=newsroom.now + HOUR / 2)
    publish(newsroom, later, future)

    assert newsroom.titles("/all.atom") == ["Today", "Tomorrow"]


def test_bumped_at_every_fetch(harbor: Newsroom) -> None:
    """New dates promote nothing and update nothing (python/planet#190, go-neb#84), and cost
    no feed its 304."""
    before, tag = harbor.ids(), harbor.get("/all.atom").headers["ETag"]
    for _ in range(5):
        bumped = [
            article(a.title, link=a.link, published=harbor.now + n * timedelta(minutes=1))
            for n, a in enumerate(many_articles(10))
        ]
        assert publish(harbor, *bumped) == (0, 0)

    assert harbor.ids() == before
    assert harbor.get("/all.atom").headers["ETag"] == tag


# ---- changes -----------------------------------------------------------------------------


def test_a_text_that_changes_at_every_fetch(newsroom: Newsroom) -> None:
    """After 24 changes it is taken once a day only (reader's HASH_CHANGED_LIMIT)."""
    newsroom.lists("harbor")
    updated = [
        publish(newsroom, article("Weather", f"It is {n} degrees."), later=HOUR)[1]
        for n in range(72)
    ]

    assert updated[0] == 0
    assert all(updated[1:25])
    assert sum(updated[25:]) == 1


def test_a_picture_that_moves(newsroom: Newsroom) -> None:
    """It is published from its new address, and that is no update to a reader."""
    newsroom.lists("harbor")
    item = (
        "<item><title>A</title><link>https://h.example/a</link><description>Text. &lt;img "
        "src='https://{}/p.jpg'&gt;</description>"
        "<pubDate>Mon, 05 Oct 2026 09:00:00 GMT</pubDate></item>"
    )
    for host in ("old.example", "new.example"):
        newsroom.answers("harbor", f"<rss><channel>{item.format(host)}</channel></rss>".encode())
        newsroom.ingests(later=HOUR)

    (entry,) = newsroom.read("/all.atom").entries
    assert entry.updated == "2026-10-05T09:00:00+00:00"
    assert b"new.example/p.jpg" in newsroom.get("/all.json").data
