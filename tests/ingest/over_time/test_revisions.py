"""Entries that are redated, revised, removed or come back: what our readers see.

The docstrings name programs in which a case went wrong.
"""

from dataclasses import replace
from datetime import timedelta

from aggregator.model import ALL
from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, many_articles, publish


def test_publishing_dates_outlive_stories(newsroom: Newsroom) -> None:
    """An outlet's pace is remembered after its stories have been purged."""
    newsroom.lists("harbor")
    weekly = [article(f"W {n}", published=newsroom.now - n * 7 * DAY) for n in range(10)]
    publish(newsroom, *weekly)
    later = newsroom.now + 300 * DAY
    newsroom.store.stories.purge(30 * DAY, later)

    assert len(newsroom.store.sources.recent_dates("harbor", 20)) == 10


def test_an_entry_that_comes_back_is_not_new(harbor: Newsroom) -> None:
    """An entry that leaves the feed and returns a year later is not new."""
    assert publish(harbor, article("Other"), later=DAY) == (1, 0)

    assert publish(harbor, *many_articles(10), later=365 * DAY) == (0, 0)


def test_a_purged_story_does_not_come_back(harbor: Newsroom) -> None:
    """Purged stories stay away while the outlet still lists them, even revised.

    (tt-rss FAQ, Media Cloud's story_refs)
    """
    later = harbor.now + 400 * DAY
    assert harbor.store.stories.purge(365 * DAY, later) == 10
    assert harbor.titles("/all.atom") == []

    revised = [
        article(f"Story {n}", "Other words.", link=a.link) for n, a in enumerate(many_articles(10))
    ]
    assert publish(harbor, *revised, later=400 * DAY) == (0, 0)
    assert harbor.titles("/all.atom") == []
    assert harbor.get("/stories/" + "0" * 16).status_code == 404


def test_our_own_stories_are_rejected(newsroom: Newsroom) -> None:
    """Stories of ours that a partner republishes are rejected.

    (tt-rss Generated-Feeds, Media Cloud's sub-sources)
    """
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
    assert set(reasons.values()) == {"it is one of our own stories, republished by this outlet"}


def test_stories_of_our_former_address_are_ours(newsroom: Newsroom) -> None:
    """Partners list them for as long as they like after the site has moved."""
    newsroom.lists("harbor")
    newsroom.store.lists.remember_site("https://commons.example", newsroom.now)
    newsroom.change("https://commons.example", "https://new.example")
    item = (
        "<item><title>A</title><guid>tag:commons.example,2026:story/0123456789abcdef</guid>"
        "<link>https://commons.example/stories/0123456789abcdef</link></item>"
    )
    newsroom.answers("harbor", f"<rss><channel>{item}</channel></rss>".encode())
    newsroom.ingests()

    assert newsroom.titles("/all.atom") == []


# ---- dates -------------------------------------------------------------------------------


def test_an_undated_entry_keeps_its_arrival_date(newsroom: Newsroom) -> None:
    """The date of an undated entry is that of its first arrival (python/planet#151)."""
    newsroom.lists("harbor")
    body = b"<rss><channel><item><title>A</title><link>https://h.example/a</link></item></channel></rss>"
    newsroom.answers("harbor", body)
    newsroom.ingests()
    first = newsroom.read("/all.atom").entries[0].published

    newsroom.answers("harbor", body.replace(b"<rss>", b"<rss >"))
    newsroom.ingests(later=9 * HOUR)

    assert newsroom.read("/all.atom").entries[0].published == first == "2026-10-05T12:00:00+00:00"


def test_a_future_date_does_not_stay_on_top(newsroom: Newsroom) -> None:
    """Entries with a future date are in order of arrival (NetNewsWire#5217, Venus future_dates)."""
    newsroom.lists("harbor")
    future = article("Tomorrow", published=newsroom.now + 300 * DAY)
    publish(newsroom, future)

    later = article("Today", published=newsroom.now + HOUR / 2)
    publish(newsroom, later, future)

    assert newsroom.titles("/all.atom") == ["Today", "Tomorrow"]


def test_bumped_dates_change_nothing(harbor: Newsroom) -> None:
    """New dates at every fetch change neither order nor ETag (python/planet#190, go-neb#84)."""
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


def test_a_text_that_always_changes_is_updated_daily(newsroom: Newsroom) -> None:
    """After 24 changes a text is updated only once a day (reader's HASH_CHANGED_LIMIT)."""
    newsroom.lists("harbor")
    updated = [
        publish(newsroom, article("Weather", f"It is {n} degrees."), later=HOUR)[1]
        for n in range(72)
    ]

    assert updated[0] == 0
    assert all(updated[1:25])
    assert sum(updated[25:]) == 1


def test_a_moved_image_is_not_an_update(newsroom: Newsroom) -> None:
    """An image is published from its new URL, without an update for readers."""
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


def test_many_updates_at_once_are_minutes_apart(newsroom: Newsroom) -> None:
    """Updates of one document keep its order, and none is dated more than five minutes back."""
    newsroom.lists("harbor")
    articles = many_articles(400)
    publish(newsroom, *articles)
    revised = [replace(each, paragraphs=("It has changed.",)) for each in articles]

    assert publish(newsroom, *revised) == (0, 400)

    story_of = {s.lead.title: s for s in newsroom.store.lists.latest(ALL, 400)}
    updates = [story_of[each.title].updated for each in articles]
    assert updates == sorted(updates, reverse=True)
    assert newsroom.now - updates[10] == timedelta(seconds=10)
    assert newsroom.now - updates[-1] == timedelta(minutes=5)
