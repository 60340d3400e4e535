"""What a browser gets: a page that explains the feed, and leave to read it from another site."""

from tests.harness.newsroom import Newsroom


def test_a_browser_opens_a_feed(docks: Newsroom) -> None:
    """A person who clicks a feed's address gets a page that explains it, and nobody else does: no
    reader, no fetching script, no cache."""
    for end in ("atom", "rss", "json"):
        path = f"/topics/labor.{end}"
        feed = docks.get(path)
        page = docks.get(path, Sec_Fetch_Dest="document")
        again = docks.get(path, Sec_Fetch_Dest="document")  # as it was kept

        for answer in (page, again):
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert "This address is a feed" in answer.text
            assert f'value="https://commons.example{path}"' in answer.text
            assert "Strike ends" in answer.text
        for dest in ("empty", "script", ""):
            assert docks.get(path, Sec_Fetch_Dest=dest).data == feed.data
        assert feed.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest"


def test_a_page_of_another_site_asks_if_a_feed_has_changed(docks: Newsroom) -> None:
    """The browser asks first whether it may (CORS)."""
    answer = docks.reader.options("/all.json")

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]
