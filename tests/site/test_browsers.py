"""Browsers get a page that explains a feed, and CORS headers for other sites."""

from tests.harness.newsroom import Newsroom


def test_a_browser_gets_a_page_for_a_feed(docks: Newsroom) -> None:
    """Only navigation gets the page; readers, scripts and caches get the feed."""
    for end in ("atom", "rss", "json"):
        path = f"/topics/labor.{end}"
        feed = docks.get(path)
        page = docks.get(path, Sec_Fetch_Dest="document")
        again = docks.get(path, Sec_Fetch_Dest="document")  # from the cache

        for answer in (page, again):
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert "This address is a feed" in answer.text
            assert f'value="https://commons.example{path}"' in answer.text
            assert "Strike ends" in answer.text
        for dest in ("empty", "script", ""):
            assert docks.get(path, Sec_Fetch_Dest=dest).data == feed.data
        assert feed.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"


def test_a_preflight_allows_conditional_requests(docks: Newsroom) -> None:
    """A page of another site may send If-None-Match (CORS)."""
    answer = docks.reader.options("/all.json")

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]
