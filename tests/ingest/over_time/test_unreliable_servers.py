"""Servers that lie, move or disappear, and what happens to their feeds."""

from aggregator.demo.press import CannedResponse, Request
from aggregator.model import Outcome
from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, many_articles

# ---- servers that lie or move ------------------------------------------------------------


def test_a_false_304_delays_news_12_hours_at_most(harbor: Newsroom) -> None:
    """The whole feed is requested at least every 12 hours (tt-rss, Media Cloud)."""
    fresh = [article("Fresh", published=harbor.now + HOUR), *many_articles(10)]
    harbor.publishes("harbor", *fresh)
    document = harbor.document_of("harbor")

    def lies(request: Request) -> CannedResponse:
        is_conditional = "if-none-match" in request.headers
        return CannedResponse(status=304) if is_conditional else CannedResponse(body=document)

    harbor.press.put("/harbor/feed", lies)
    new = [harbor.ingests(later=HOUR).total.new for _ in range(12)]

    assert sum(new) == 1


def test_validators_of_a_web_page_are_not_kept(harbor: Newsroom) -> None:
    """The ETag of a web page would make the feed look unchanged (robot.villas#132)."""
    before = harbor.store.sources.fetch_state("harbor").validators
    page = CannedResponse(body=b"<!doctype html><html>Log in</html>", headers={"ETag": '"page"'})
    harbor.press.put("/harbor/feed", page)
    harbor.ingests(later=HOUR)

    assert harbor.store.sources.fetch_state("harbor").validators == before
    assert before.etag


def test_a_new_source_needs_one_request(newsroom: Newsroom) -> None:
    """A new source costs its outlet one GET (NetNewsWire#4531: two of them caused a 429)."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("A"))
    newsroom.ingests()

    assert [request.path for request in newsroom.press.requests] == ["/harbor/feed"]


def _publish_with_redirect(newsroom: Newsroom, status: int = 301) -> str:
    """Publish a feed behind a redirect from the listed URL; returns the new URL."""
    newsroom.lists("harbor", feed=f"{newsroom.press.url}/old")
    new = f"{newsroom.press.url}/harbor/feed"
    newsroom.press.put("/old", CannedResponse(status=status, headers={"Location": new}))
    newsroom.publishes("harbor", article("A"))
    return new


def test_a_lasting_redirect_is_followed_until_it_fails(newsroom: Newsroom) -> None:
    """After three successful fetches over a day, the new URL is fetched (Feedbin; feedbin#100).

    If it fails, the listed URL is fetched again (Vienna#1546).
    """
    new = _publish_with_redirect(newsroom)
    for _ in range(4):
        newsroom.ingests(later=9 * HOUR)
    newsroom.press.requests.clear()
    newsroom.ingests(later=9 * HOUR)
    assert [request.path for request in newsroom.press.requests] == ["/harbor/feed"]
    assert newsroom.store.sources.fetch_state("harbor").redirect.url == new

    newsroom.press.put("/harbor/feed", CannedResponse(status=500))
    newsroom.ingests(later=9 * HOUR)
    newsroom.press.requests.clear()
    newsroom.ingests(later=9 * HOUR)
    assert newsroom.press.requests[0].path == "/old"


def test_a_stored_redirect_is_checked_again(newsroom: Newsroom) -> None:
    """A stored redirect to a private address is refused (fastladder#575)."""
    new = _publish_with_redirect(newsroom)
    for _ in range(4):
        newsroom.ingests(later=9 * HOUR)
    assert newsroom.store.sources.fetch_state("harbor").redirect.url == new
    newsroom.limits["allow_private"] = ()
    newsroom.press.requests.clear()

    (failure,) = newsroom.ingests(later=9 * HOUR).failed

    assert "is on a private network, so it is not fetched" in failure.error
    assert newsroom.press.requests == []


def test_a_temporary_redirect_is_not_stored(newsroom: Newsroom) -> None:
    """A temporary redirect is followed and never stored."""
    _publish_with_redirect(newsroom, status=302)
    for _ in range(6):
        newsroom.ingests(later=9 * HOUR)

    assert newsroom.press.requests[-2].path == "/old"
    assert newsroom.store.sources.fetch_state("harbor").redirect.url == ""


def test_a_redirect_to_a_web_page_is_not_stored(newsroom: Newsroom) -> None:
    """A permanent redirect to a maintenance page is never confirmed (Vienna#1546)."""
    _publish_with_redirect(newsroom)
    newsroom.answers("harbor", b"<html>Back soon</html>", "text/html")
    for _ in range(6):
        newsroom.ingests(later=9 * HOUR)

    assert newsroom.store.sources.fetch_state("harbor").redirect.hits == 0
    assert newsroom.press.requests[-2].path == "/old"


def test_410_retires_a_source(harbor: Newsroom) -> None:
    """A retired source keeps its stories, and is fetched only if the operator names it."""
    harbor.press.put("/harbor/feed", CannedResponse(status=410))
    harbor.ingests(later=HOUR)
    assert harbor.store.sources.due(harbor.config.sources, harbor.now + 99 * DAY) == []
    assert {h.outcome for h in harbor.store.sources.health()} == {Outcome.RETIRED}
    assert len(harbor.titles("/all.atom")) == 10

    harbor.publishes("harbor", article("Back"))
    harbor.ingests("harbor", later=HOUR)
    assert harbor.store.sources.fetch_state("harbor").retired_at is None
    assert "Back" in harbor.titles("/all.atom")


def test_404_does_not_retire_a_source(harbor: Newsroom) -> None:
    """A source that answers 404 is still polled, because active feeds recover (Media Cloud)."""
    harbor.press.put("/harbor/feed", CannedResponse(status=404))
    for _ in range(20):
        harbor.ingests(later=DAY)

    (health,) = harbor.store.sources.health()
    assert (health.outcome, health.retired_at) == (Outcome.FAILED, None)
    assert health.failing_since is not None
    assert health.next_fetch is not None
    assert health.next_fetch <= harbor.now + DAY
    assert harbor.store.sources.due(harbor.config.sources, harbor.now + DAY)


def test_a_new_feed_url_is_fetched_at_once(harbor: Newsroom) -> None:
    """A new URL in feeds.toml is fetched at once and in full, and entries stay known."""
    harbor.publishes("moved", *many_articles(11))
    harbor.change("/harbor/feed", "/moved/feed")
    harbor.store.sources.sync(harbor.config.all_sources, harbor.now)
    assert harbor.store.sources.due(harbor.config.sources, harbor.now) == list(
        harbor.config.sources
    )

    total = harbor.ingests(later=HOUR).total

    assert (total.new, total.known + total.updated) == (1, 10)
    assert "if-none-match" not in harbor.press.requests[-1].headers
