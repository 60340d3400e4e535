"""What begins or ends at a date: web server and export show the same, and read no clock."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.calendar import advance
from aggregator.model import topic_scope
from aggregator.site.export import export_site
from tests.harness.newsroom import Newsroom, article
from tests.site.conftest import HOUR

LABOR = topic_scope("labor")
MINUTE = timedelta(minutes=1)
NOTICE = """
[[notice]]
title = "Keep <b>us</b> alive"
text = "Readers pay for it."
link = "https://commons.example/give"
button = "Support us"
from = 2026-10-07
until = 2026-10-08
[[notice]]
title = "Dockers meet"
topics = ["labor"]
"""


@pytest.fixture
def madrid(docks: Newsroom) -> Newsroom:
    """A newsroom in another time zone than UTC, with notices."""
    docks.change("[site]", '[site]\ntimezone = "Europe/Madrid"')
    docks.change("[fetch]", f"{NOTICE}[fetch]")
    return docks


def _time_is(newsroom: Newsroom, text: str) -> None:
    """Let the scheduler do what is due at a local time in Madrid (UTC+2 in October)."""
    now = datetime.fromisoformat(f"{text}+02:00").astimezone(UTC)
    advance(newsroom.config, newsroom.store, now)


def _same(newsroom: Newsroom, folder: Path) -> None:
    """The export is what the server sends, for every page."""
    export_site(newsroom.site, folder)
    for path in ("/", "/all", "/topics/labor", "/topics/courts", "/sources/harbor"):
        assert (folder / path[1:] / "index.html").read_bytes() == newsroom.get(path).data


def test_a_notice_begins_and_ends_at_midnight(madrid: Newsroom, tmp_path: Path) -> None:
    """In the time zone of the site, on every page, with its words as text."""
    folder = tmp_path / "public"
    (story, *_) = madrid.store.stories.ids()
    paths = ["/", "/all", "/topics/labor", "/sources/harbor", f"/stories/{story}"]
    seen = []
    for moment in (
        "2026-10-06T23:59:59", "2026-10-07T00:00:00", "2026-10-08T23:59:59", "2026-10-09T00:00:00",
    ):  # fmt: skip
        _time_is(madrid, moment)
        pages = [madrid.get(path).text for path in paths]
        assert len({page.count("Keep &lt;b&gt;us&lt;/b&gt; alive") for page in pages}) == 1
        seen.append(pages[0].count("Keep &lt;b&gt;us&lt;/b&gt; alive"))
        _same(madrid, folder)

    assert seen == [0, 1, 1, 0]


def test_a_notice_may_belong_to_topics(madrid: Newsroom) -> None:
    """It is on their pages and on those of their stories, once."""
    _time_is(madrid, "2026-10-05T12:00:00")
    stories = madrid.store.lists.latest(LABOR, 1)

    assert madrid.get("/topics/labor").text.count("Dockers meet") == 1
    assert madrid.get(f"/stories/{stories[0].id}").text.count("Dockers meet") == 1
    for path in ("/", "/all", "/topics/courts", "/sources/harbor"):
        assert "Dockers meet" not in madrid.get(path).text


def test_nothing_changes_between_dates(madrid: Newsroom) -> None:
    """Not even a revision, so caches stay valid; feeds never depend on the date."""
    _time_is(madrid, "2026-10-07T08:00:00")
    page, feed = madrid.get("/topics/labor"), madrid.get("/topics/labor.atom")
    before = madrid.store.lists.revision(LABOR)

    _time_is(madrid, "2026-10-07T08:59:59")
    assert madrid.get("/topics/labor").headers["ETag"] == page.headers["ETag"]
    _time_is(madrid, "2026-10-09T08:59:59")
    assert madrid.get("/topics/labor").headers["ETag"] != page.headers["ETag"]
    assert madrid.get("/topics/labor.atom").headers["ETag"] == feed.headers["ETag"]
    last_modified = madrid.get("/topics/labor.atom").headers["Last-Modified"]
    assert last_modified == feed.headers["Last-Modified"]
    assert madrid.store.lists.revision(LABOR) == before


def test_the_week_moves_at_midnight(madrid: Newsroom, tmp_path: Path) -> None:
    """The stories of today and of the six days before."""
    folder = tmp_path / "public"
    _time_is(madrid, "2026-10-05T12:00:00")
    assert "4 stories in the last seven days, from 2 outlets" in madrid.get("/all").text
    assert "1 story in the last seven days" in madrid.get("/sources/plains").text
    _same(madrid, folder)

    _time_is(madrid, "2026-10-11T23:59:00")
    assert "4 stories in the last seven days" in madrid.get("/all").text
    _time_is(madrid, "2026-10-12T00:00:00")
    assert "in the last seven days" not in madrid.get("/all").text
    _same(madrid, folder)


def test_a_pin_ends_at_midnight(madrid: Newsroom, tmp_path: Path) -> None:
    """The lead of the home page, and the story at the top of a topic."""
    folder = tmp_path / "public"
    _time_is(madrid, "2026-10-05T12:00:00")
    stories = {s.lead.title: s.id for s in madrid.store.lists.latest(LABOR, 9)}
    pinned = stories["Verdict on a strike"]
    until = datetime(2026, 10, 6, 22, 0, tzinfo=UTC)
    for topic in ("", "labor"):
        madrid.store.calendar.pin(pinned, topic, until, madrid.now)
    for moment, is_pinned in (
        ("2026-10-05T12:00:01", True), ("2026-10-06T23:59:59", True), ("2026-10-07T00:00:00", False)
    ):  # fmt: skip
        _time_is(madrid, moment)
        topic_page, home = madrid.get("/topics/labor").text, madrid.get("/").text
        assert [page.count(f'href="/stories/{pinned}') for page in (topic_page, home)] == [1, 1]
        assert ('class="pinned"' in topic_page) == is_pinned
        assert _first_story(topic_page).endswith(pinned) == is_pinned
        assert _first_story(home).endswith(pinned) == is_pinned
        _same(madrid, folder)


def test_the_lead_of_feeds_toml(madrid: Newsroom) -> None:
    """By its address; one that is pinned goes before it, and an unknown one is ignored."""
    _time_is(madrid, "2026-10-05T12:00:00")
    stories = {s.lead.title: s.id for s in madrid.store.lists.latest(LABOR, 9)}
    lead, pinned = stories["Verdict on a strike"], stories["Huelga: strike"]
    madrid.change("[site]", f'[site]\nlead = "https://commons.example/stories/{lead}"')

    assert _first_story(madrid.get("/").text).endswith(lead)
    madrid.store.calendar.pin(pinned, "", None, madrid.now)
    assert _first_story(madrid.get("/").text).endswith(pinned)
    madrid.store.calendar.unpin(pinned, madrid.now)
    madrid.change(lead, "0" * 16)
    assert madrid.get("/").status_code == 200


def test_a_clock_that_goes_back_is_followed(madrid: Newsroom) -> None:
    """What had ended is shown again."""
    _time_is(madrid, "2027-10-09T00:00:00")
    assert "Keep &lt;b&gt;us" not in madrid.get("/").text

    _time_is(madrid, "2026-10-07T12:00:00")

    assert "Keep &lt;b&gt;us" in madrid.get("/").text


def test_a_day_without_an_hour(docks: Newsroom) -> None:
    """Midnight may not exist where clocks change at midnight; the next moment counts."""
    docks.change("[site]", '[site]\ntimezone = "America/Santiago"')
    docks.change("[fetch]", '[[notice]]\ntitle = "Spring"\nfrom = 2026-09-06\n[fetch]')
    begins = datetime(2026, 9, 6, 4, 0, tzinfo=UTC)  # 00:00 does not exist, 01:00 UTC-3 does
    shown = []
    for moment in (begins - MINUTE, begins, begins + HOUR):
        advance(docks.config, docks.store, moment)
        shown.append("Spring" in docks.get("/").text)

    assert shown == [False, True, True]


def _first_story(page: str) -> str:
    """The link of the first headline."""
    return page.partition("<h2")[2].partition('href="')[2].partition('"')[0]


def test_each_story_stands_once_on_the_home_page(newsroom: Newsroom) -> None:
    """Though it is in several topics."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.has_topic("ships", "ship OR strike")
    newsroom.publishes(
        "harbor", *(article(f"Strike {n}", published=newsroom.now - n * HOUR) for n in range(30))
    )
    newsroom.ingests()

    page = newsroom.get("/").text

    links = [part.partition('"')[0] for part in page.split('href="/stories/')[1:]]
    assert len(links) == len(set(links)) == 1 + 2 + 3 + 3 + 3
