"""Servers that lie, move or go, and what becomes of their feeds."""

from aggregator.demo.press import CannedResponse, Request
from aggregator.model import Outcome
from tests.harness.newsroom import Newsroom, article
from tests.harness.over_time import DAY, HOUR, many_articles

# ---- servers that lie or move ------------------------------------------------------------


def test_a_server_that_says_nothing_new_for_ever(harbor: Newsroom) -> None:
    """After 12 hours at most the whole feed is asked for, and the news is there (tt-rss, Media
    Cloud)."""
    fresh = [article("Fresh", published=harbor.now + HOUR), *many_articles(10)]
    harbor.publishes("harbor", *fresh)
    document = harbor.document_of("harbor")

    def lies(request: Request) -> CannedResponse:
        is_conditional = "if-none-match" in request.headers
        return CannedResponse(status=304) if is_conditional else CannedResponse(body=document)

    harbor.press.put("/harbor/feed", lies)
    new = [harbor.ingests(later=HOUR).total.new for _ in range(12)]

    assert sum(new) == 1


def test_validators_are_kept_only_after_a_good_parse(harbor: Newsroom) -> None:
    """A web page's ETag would turn into "nothing new" for the feed (robot.villas#132)."""
    before = harbor.store.sources.fetch_state("harbor").validators
    page = CannedResponse(body=b"<!doctype html><html>Log in</html>", headers={"ETag": '"page"'})
    harbor.press.put("/harbor/feed", page)
    harbor.ingests(later=HOUR)

    assert harbor.store.sources.fetch_state("harbor").validators == before
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
    assert newsroom.store.sources.fetch_state("harbor").redirect.url == new

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
    assert newsroom.store.sources.fetch_state("harbor").redirect.url == new
    newsroom.limits["allow_private"] = ()
    newsroom.press.requests.clear()

    (failure,) = newsroom.ingests(later=9 * HOUR).failed

    assert "is on a private network, so it is not fetched" in failure.error
    assert newsroom.press.requests == []


def test_a_feed_that_moves_for_now(newsroom: Newsroom) -> None:
    """A temporary redirect is followed and never remembered."""
    _moves(newsroom, status=302)
    for _ in range(6):
        newsroom.ingests(later=9 * HOUR)

    assert newsroom.press.requests[-2].path == "/old"
    assert newsroom.store.sources.fetch_state("harbor").redirect.url == ""


def test_a_feed_that_moves_to_a_page(newsroom: Newsroom) -> None:
    """A permanent redirect to a maintenance page is never believed (Vienna#1546)."""
    _moves(newsroom)
    newsroom.answers("harbor", b"<html>Back soon</html>", "text/html")
    for _ in range(6):
        newsroom.ingests(later=9 * HOUR)

    assert newsroom.store.sources.fetch_state("harbor").redirect.hits == 0
    assert newsroom.press.requests[-2].path == "/old"


def test_a_feed_that_is_gone(harbor: Newsroom) -> None:
    """410 retires it until the operator asks, or lists another address; its news stays."""
    harbor.press.put("/harbor/feed", CannedResponse(status=410))
    harbor.ingests(later=HOUR)
    assert harbor.store.sources.due(harbor.config.sources, harbor.now + 99 * DAY) == []
    assert {h.outcome for h in harbor.store.sources.health()} == {Outcome.RETIRED}
    assert len(harbor.titles("/all.atom")) == 10

    harbor.publishes("harbor", article("Back"))
    harbor.ingests("harbor", later=HOUR)
    assert harbor.store.sources.fetch_state("harbor").retired_at is None
    assert "Back" in harbor.titles("/all.atom")


def test_404_retires_nobody(harbor: Newsroom) -> None:
    """Active feeds do answer 404 and come back to life (Media Cloud)."""
    harbor.press.put("/harbor/feed", CannedResponse(status=404))
    for _ in range(20):
        harbor.ingests(later=DAY)

    (health,) = harbor.store.sources.health()
    assert (health.outcome, health.retired_at) == (Outcome.FAILED, None)
    assert health.failing_since is not None
    assert health.next_fetch is not None
    assert health.next_fetch <= harbor.now + DAY
    assert harbor.store.sources.due(harbor.config.sources, harbor.now + DAY)


def test_another_address_in_feeds_toml(harbor: Newsroom) -> None:
    """It is fetched at once and whole, and what is known is known."""
    harbor.publishes("moved", *many_articles(11))
    harbor.change("/harbor/feed", "/moved/feed")
    harbor.store.sources.sync(harbor.config.all_sources, harbor.now)
    assert harbor.store.sources.due(harbor.config.sources, harbor.now) == list(
        harbor.config.sources
    )

    total = harbor.ingests(later=HOUR).total

    assert (total.new, total.known + total.updated) == (1, 10)
    assert "if-none-match" not in harbor.press.requests[-1].headers
