"""What outlets do to their articles over time, and what a reader of ours sees of it.

Each test is a trap that other programs fell into; its docstring names where.
"""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from aggregator.demo.press import CannedResponse
from aggregator.demo.sample_feeds import Item
from aggregator.ingest.parse import chunks
from aggregator.model import Outcome
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _many(count: int, host: str = "outlet.example", **keys: str) -> list[Item]:
    return [
        article(
            f"Story {n}",
            link=f"https://{host}/2026/10/story-{n}",
            id_=f"{keys.get('id_', '')}{n}" if "id_" in keys else "",
            published=Newsroom.NOW - (n + 1) * HOUR,
        )
        for n in range(count)
    ]


def _run(newsroom: Newsroom, *articles: Item, later: timedelta = HOUR) -> tuple[int, int]:
    """The outlet publishes these, and we look: how many are new, how many are updated."""
    newsroom.publishes("harbor", *articles)
    total = newsroom.ingests(later=later).total
    assert total.is_balanced
    return total.new, total.updated


@pytest.fixture(autouse=True, params=[chunks.CHUNK_ENTRIES, 4], ids=["whole", "in slices"])
def slice_entries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scene is played with documents that are read as a whole, and with slices of four
    entries."""
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", request.param)


@pytest.fixture
def harbor(newsroom: Newsroom) -> Newsroom:
    """A newsroom that has read ten articles of an outlet."""
    newsroom.lists("harbor")
    assert _run(newsroom, *_many(10)) == (10, 0)
    return newsroom


# ---- ids and addresses -------------------------------------------------------------------


def test_https_at_last(newsroom: Newsroom) -> None:
    """Ids and links that change from http to https are the same articles (feedbin/support#515,
    ForNeVeR/fornever.me#3)."""
    newsroom.lists("harbor")
    old = [article(f"S{n}", link=f"http://h.example/?p={n}") for n in range(5)]
    _run(newsroom, *old)
    ids = newsroom.ids()

    new = [article(f"S{n}", link=f"https://h.example/?p={n}") for n in range(5)]
    assert _run(newsroom, *new)[0] == 0
    assert newsroom.ids() == ids


def test_another_host(harbor: Newsroom) -> None:
    """An outlet that moves to another domain floods nobody (feedkit's alias keys)."""
    ids = harbor.ids()

    assert _run(harbor, *_many(10, host="new.example"))[0] == 0
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
        for n, a in enumerate(_many(10))
    ]

    assert _run(harbor, *moved)[0] == 0
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
        assert _run(newsroom, *bulletins) == (5, 0)


def test_one_guid_on_all(newsroom: Newsroom) -> None:
    """None is dropped, in whatever order they come (miniflux#4197, reader#335, reader#340,
    feedbin/support#573)."""
    newsroom.lists("harbor")
    items = [article(f"Item {n}", id_="the-same") for n in range(10)]

    assert _run(newsroom, *items) == (10, 0)
    for shuffled in (items[::-1], items[3:] + items[:3], items[:4]):
        assert _run(newsroom, *shuffled)[0] == 0
    assert sorted(newsroom.titles("/all.atom")) == [f"Item {n}" for n in range(10)]


def test_a_column_is_not_its_old_issue(harbor: Newsroom) -> None:
    """Among new names, one old title is not enough to take an article for an old one."""
    newer = [
        article(f"News {n}", link=f"https://h.example/n{n}", published=harbor.now + HOUR)
        for n in range(9)
    ]
    column = article("Story 3", link="https://h.example/column", published=harbor.now + HOUR)

    assert _run(harbor, column, *newer) == (10, 0)


def test_a_new_episode_at_the_address_of_the_show(newsroom: Newsroom) -> None:
    """One entry at a time, and always the same link: each is an article of its own."""
    newsroom.lists("harbor")
    link = "https://h.example/shows/1234567"
    for number in range(4):
        episode = article(
            f"Episode {number}", link=link, id_=f"e{number}", published=newsroom.now - HOUR / 2
        )
        assert _run(newsroom, episode, later=DAY) == (1, 0)

    assert len(newsroom.titles("/all.atom")) == 4


def test_two_blogs_that_count_high(newsroom: Newsroom) -> None:
    """Nor is ?p=12345, though the first is listed no more."""
    newsroom.lists("harbor")
    for host, title in (("alice", "Cats"), ("bob", "Dogs")):
        link = f"https://{host}.example/?p=12345"
        told = article(title, link=link, id_=link, published=newsroom.now + HOUR / 2)
        assert _run(newsroom, told, later=DAY) == (1, 0)


def test_a_briefing_at_one_address(newsroom: Newsroom) -> None:
    """One title, one address, a new id and date each day: an article each day."""
    newsroom.lists("harbor")
    for day in range(5):
        told = article(
            "Morning briefing",
            link="https://h.example/briefing",
            id_=f"b{day}",
            published=newsroom.now + HOUR / 2,
        )
        assert _run(newsroom, told, later=DAY) == (1, 0)


def test_a_column_twice_a_day(newsroom: Newsroom) -> None:
    """One title and one day without an hour, two ids and links: two articles."""
    newsroom.lists("harbor")
    midnight = newsroom.now.replace(hour=0)
    for number in range(3):
        told = article("Police log", link=f"https://h.example/{number}/log", published=midnight)
        assert _run(newsroom, told) == (1, 0)


def test_an_outlet_that_is_silent_longer_than_we_keep(newsroom: Newsroom) -> None:
    """Its rhythm is remembered although its stories are not."""
    newsroom.lists("harbor")
    weekly = [article(f"W {n}", published=newsroom.now - n * 7 * DAY) for n in range(10)]
    _run(newsroom, *weekly)
    later = newsroom.now + 300 * DAY
    newsroom.store.purge(30 * DAY, later)

    assert len(newsroom.store.recent("harbor", 20)) == 10


def test_a_feed_that_is_listed_anew_and_renamed(harbor: Newsroom) -> None:
    """The address changes in feeds.toml because the outlet has moved: no flood."""
    ids = harbor.ids()
    harbor.publishes("moved", *_many(10, host="new.example"))
    harbor._toml = harbor._toml.replace("/harbor/feed", "/moved/feed")
    harbor.ingests(later=HOUR)
    assert harbor.ids() == ids

    harbor.publishes("moved", *_flood(150))
    harbor.ingests(later=HOUR)
    assert len(harbor.store.held("harbor", 500)) == 150


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

    assert _run(newsroom, one) == (1, 0)
    assert _run(newsroom, other) == (1, 0)


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


def test_what_comes_back(harbor: Newsroom) -> None:
    """An article that leaves the feed and returns a year later is no news."""
    assert _run(harbor, article("Other"), later=DAY) == (1, 0)

    assert _run(harbor, *_many(10), later=365 * DAY) == (0, 0)


def test_what_was_taken_out_here_and_is_listed_there(harbor: Newsroom) -> None:
    """Stories that are too old for us do not come again, though the outlet lists them for
    ever, even in new words (tt-rss FAQ, Media Cloud's story_refs)."""
    later = harbor.now + 400 * DAY
    assert harbor.store.purge(365 * DAY, later) == 10
    assert harbor.titles("/all.atom") == []

    revised = [article(f"Story {n}", "Other words.", link=a.link) for n, a in enumerate(_many(10))]
    assert _run(harbor, *revised, later=400 * DAY) == (0, 0)
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
    reasons = {r.title: r.reason for r in newsroom.store.rejected("harbor", 9)}
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
    _run(newsroom, future)

    later = article("Today", published=newsroom.now + HOUR / 2)
    _run(newsroom, later, future)

    assert newsroom.titles("/all.atom") == ["Today", "Tomorrow"]


def test_bumped_at_every_fetch(harbor: Newsroom) -> None:
    """New dates promote nothing and update nothing (python/planet#190, go-neb#84), and cost
    no feed its 304."""
    before, tag = harbor.ids(), harbor.get("/all.atom").headers["ETag"]
    for _ in range(5):
        bumped = [
            article(a.title, link=a.link, published=harbor.now + n * timedelta(minutes=1))
            for n, a in enumerate(_many(10))
        ]
        assert _run(harbor, *bumped) == (0, 0)

    assert harbor.ids() == before
    assert harbor.get("/all.atom").headers["ETag"] == tag


# ---- changes -----------------------------------------------------------------------------


def test_a_text_that_changes_at_every_fetch(newsroom: Newsroom) -> None:
    """After 24 changes it is taken once a day only (reader's HASH_CHANGED_LIMIT)."""
    newsroom.lists("harbor")
    updated = [
        _run(newsroom, article("Weather", f"It is {n} degrees."), later=HOUR)[1] for n in range(72)
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


# ---- floods ------------------------------------------------------------------------------


def _flood(count: int) -> Sequence[Item]:
    return [
        article(
            f"Archive {n}",
            link=f"https://h.example/archive/{n}",
            published=Newsroom.NOW - (n + 5) * DAY,
        )
        for n in range(count)
    ]


def test_a_flood_is_held(harbor: Newsroom) -> None:
    """More new articles than a known outlet can have written wait for the operator (robot
    and planet reports: a migration republishes the archive)."""
    harbor.publishes("harbor", *_flood(150))
    (report,) = harbor.ingests(later=HOUR).sources

    assert report.counts.new == 150
    assert report.note.startswith("150 new entries at once are held; `aggregator held harbor`")
    assert len(harbor.titles("/all.atom")) == 10
    assert {h.source: h.held_stories for h in harbor.store.health()} == {"harbor": 150}
    held = harbor.store.held("harbor", 200)
    assert len(held) == 150
    assert harbor.get(f"/stories/{held[0].id}").status_code == 404

    assert _run(harbor, *_flood(150)) == (0, 0)  # they are known, though not published


def test_a_flood_that_is_let_out(harbor: Newsroom) -> None:
    """It stands at its own dates, below what is new."""
    _run(harbor, *_flood(150))

    assert harbor.store.release("harbor", harbor.now) == 150
    assert len(harbor.store.latest("all", 500)) == 160
    assert harbor.titles("/all.atom")[:10] == [f"Story {n}" for n in range(10)]
    assert harbor.store.counts()["source:harbor"] == 160
    assert harbor.store.examine(harbor.now) == []


def test_a_flood_that_is_dropped(harbor: Newsroom) -> None:
    """It never comes, not even revised."""
    _run(harbor, *_flood(150))
    assert harbor.store.drop("harbor") == 150

    revised = [article(a.title, "Other words.", link=a.link) for a in _flood(150)]
    assert _run(harbor, *revised) == (0, 0)
    assert len(harbor.titles("/all.atom")) == 10
    assert harbor.store.examine(harbor.now) == []


def test_a_held_story_that_another_outlet_tells(harbor: Newsroom) -> None:
    """It is news, whatever happened at the first one."""
    _run(harbor, *_flood(150))
    harbor.lists("copies")
    harbor.publishes("copies", _flood(150)[0])

    harbor.ingests("copies", later=HOUR)

    assert "Archive 0" in harbor.titles("/all.atom")
    assert len(harbor.store.held("harbor", 500)) == 149


def test_a_flood_after_a_flood(harbor: Newsroom) -> None:
    """What is held says nothing of how fast an outlet writes; the next wave is held too."""
    _run(harbor, *_flood(150))
    wave = [
        article(f"Wave {n}", link=f"https://h.example/w{n}", published=harbor.now)
        for n in range(150)
    ]

    _run(harbor, *wave)

    assert len(harbor.store.held("harbor", 500)) == 300
    assert len(harbor.titles("/all.atom")) == 10


def test_a_flood_that_nobody_decides_about(harbor: Newsroom) -> None:
    """What waits longer than stories are kept is taken out as they are, and stays known."""
    _run(harbor, *_flood(150))
    much_later = harbor.now + 365 * DAY
    _run(harbor, article("Late", published=much_later), *_flood(150), later=365 * DAY)

    harbor.store.purge(300 * DAY, harbor.now)

    assert harbor.store.held("harbor", 500) == []
    assert _run(harbor, *_flood(150)) == (0, 0)
    assert harbor.store.examine(harbor.now) == []


def test_a_busy_outlet_after_our_holidays(newsroom: Newsroom) -> None:
    """Two hundred articles in two weeks are no flood for one that writes twenty a day."""
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
    assert newsroom.store.held("wire", 9) == []


def test_a_first_import_is_no_flood(newsroom: Newsroom) -> None:
    """An archive that comes first is what we asked for."""
    newsroom.lists("harbor")

    assert _run(newsroom, *_flood(150)) == (150, 0)
    assert newsroom.store.held("harbor", 9) == []


# ---- servers that lie or move ------------------------------------------------------------


def test_a_server_that_says_nothing_new_for_ever(harbor: Newsroom) -> None:
    """After 12 hours at most the whole feed is asked for, and the news is there (tt-rss, Media
    Cloud)."""
    fresh = [article("Fresh", published=harbor.now + HOUR), *_many(10)]
    harbor.publishes("harbor", *fresh)
    honest = harbor.press._answers["/harbor/feed"]

    def lies(request):  # type: ignore[no-untyped-def]
        asked = "if-none-match" in request.headers
        return CannedResponse(status=304) if asked else honest(request)

    harbor.press.put("/harbor/feed", lies)
    news = [harbor.ingests(later=HOUR).total.new for _ in range(12)]

    assert sum(news) == 1


def test_validators_are_kept_only_after_a_good_parse(harbor: Newsroom) -> None:
    """A web page's ETag would turn into "nothing new" for the feed (robot.villas#132)."""
    before = harbor.store.state("harbor").validators
    page = CannedResponse(body=b"<!doctype html><html>Log in</html>", headers={"ETag": '"page"'})
    harbor.press.put("/harbor/feed", page)
    harbor.ingests(later=HOUR)

    assert harbor.store.state("harbor").validators == before
    assert before.etag


def test_one_request_is_enough(newsroom: Newsroom) -> None:
    """A new source costs its outlet one GET (NetNewsWire#4531: two of them gave a 429)."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("A"))
    newsroom.ingests()

    assert [request.path for request in newsroom.press.requests] == ["/harbor/feed"]


def _moves(newsroom: Newsroom, status: int = 301) -> str:
    newsroom.lists("harbor", feed=f"{newsroom.press.url}/old")
    new = f"{newsroom.press.url}/harbor/feed"
    newsroom.press.put("/old", CannedResponse(status=status, headers={"Location": new}))
    newsroom.publishes("harbor", article("A"))
    return new


def test_a_feed_that_moves_for_good(newsroom: Newsroom) -> None:
    """After three readable feeds over a day the new address is asked (Feedbin; feedbin#100),
    and if it fails, the listed one is asked again (Vienna#1546)."""
    new = _moves(newsroom)
    for _ in range(4):
        newsroom.ingests(later=9 * HOUR)
    newsroom.press.requests.clear()
    newsroom.ingests(later=9 * HOUR)
    assert [request.path for request in newsroom.press.requests] == ["/harbor/feed"]
    assert newsroom.store.state("harbor").redirect.url == new

    newsroom.press.put("/harbor/feed", CannedResponse(status=500))
    newsroom.ingests(later=9 * HOUR)
    newsroom.press.requests.clear()
    newsroom.ingests(later=9 * HOUR)
    assert newsroom.press.requests[0].path == "/old"


def test_a_feed_that_moves_into_our_network(newsroom: Newsroom) -> None:
    """A new address that was believed is checked again at every request (fastladder#575: a
    saved redirect was a way in)."""
    new = _moves(newsroom)
    for _ in range(4):
        newsroom.ingests(later=9 * HOUR)
    assert newsroom.store.state("harbor").redirect.url == new
    newsroom.limits["allow_private"] = ()
    newsroom.press.requests.clear()

    (failure,) = newsroom.ingests(later=9 * HOUR).failed

    assert "stands in a private network and is not asked" in failure.error
    assert newsroom.press.requests == []


def test_a_feed_that_moves_for_now(newsroom: Newsroom) -> None:
    """A temporary redirect is followed and never remembered."""
    _moves(newsroom, status=302)
    for _ in range(6):
        newsroom.ingests(later=9 * HOUR)

    assert newsroom.press.requests[-2].path == "/old"
    assert newsroom.store.state("harbor").redirect.url == ""


def test_a_feed_that_moves_to_a_page(newsroom: Newsroom) -> None:
    """A permanent redirect to a maintenance page is never believed (Vienna#1546)."""
    _moves(newsroom)
    newsroom.answers("harbor", b"<html>Back soon</html>", "text/html")
    for _ in range(6):
        newsroom.ingests(later=9 * HOUR)

    assert newsroom.store.state("harbor").redirect.hits == 0
    assert newsroom.press.requests[-2].path == "/old"


def test_a_feed_that_is_gone(harbor: Newsroom) -> None:
    """410 retires it until the operator asks, or lists another address; its news stays."""
    harbor.press.put("/harbor/feed", CannedResponse(status=410))
    harbor.ingests(later=HOUR)
    assert harbor.store.due(harbor.config.sources, harbor.now + 99 * DAY) == []
    assert {h.outcome for h in harbor.store.health()} == {Outcome.RETIRED}
    assert len(harbor.titles("/all.atom")) == 10

    harbor.publishes("harbor", article("Back"))
    harbor.ingests("harbor", later=HOUR)
    assert harbor.store.state("harbor").retired_at is None
    assert "Back" in harbor.titles("/all.atom")


def test_404_retires_nobody(harbor: Newsroom) -> None:
    """Active feeds do answer 404 and come back to life (Media Cloud)."""
    harbor.press.put("/harbor/feed", CannedResponse(status=404))
    for _ in range(20):
        harbor.ingests(later=DAY)

    (health,) = harbor.store.health()
    assert (health.outcome, health.retired_at) == (Outcome.FAILED, None)
    assert health.failing_since is not None
    assert health.next_fetch is not None
    assert health.next_fetch <= harbor.now + DAY
    assert harbor.store.due(harbor.config.sources, harbor.now + DAY)


def test_another_address_in_feeds_toml(harbor: Newsroom) -> None:
    """It is fetched at once and whole, and what is known is known."""
    harbor.publishes("moved", *_many(11))
    harbor._toml = harbor._toml.replace("/harbor/feed", "/moved/feed")
    harbor.store.sync(harbor.config.all_sources, harbor.now)
    assert harbor.store.due(harbor.config.sources, harbor.now) == list(harbor.config.sources)

    total = harbor.ingests(later=HOUR).total

    assert (total.new, total.known + total.updated) == (1, 10)
    assert "if-none-match" not in harbor.press.requests[-1].headers
