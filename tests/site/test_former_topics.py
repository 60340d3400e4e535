"""Topics that were renamed, have ended, or never existed."""

from tests.harness.newsroom import Newsroom


def test_a_former_topic_id_redirects(docks: Newsroom) -> None:
    """Every URL of the topic redirects, and feed and entry ids stay the same."""
    before = docks.read("/topics/labor.atom")
    docks.change('id = "labor"', 'id = "work"\nwas = ["labor"]')
    docks.store.topics.rename(docks.config.topics, docks.now)

    for end in ("", ".atom", ".rss", ".json", ".atom?limit=1"):
        answer = docks.get(f"/topics/labor{end}")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"/topics/work{end}")
    joined = docks.get("/topics/courts+labor.atom")
    assert joined.headers["Location"] == "/topics/courts+work.atom"
    assert docks.get("/embed/labor.js").headers["Location"] == "/embed/work.js"
    after = docks.read("/topics/work.atom")
    assert after.feed.id == before.feed.id
    assert [item.id for item in after.entries] == [item.id for item in before.entries]


def test_a_browser_is_redirected_to_the_feed(docks: Newsroom) -> None:
    """The redirect leads to the feed, not to its page, since caches may store it."""
    docks.change('id = "labor"', 'id = "work"\nwas = ["labor"]')
    docks.store.topics.rename(docks.config.topics, docks.now)
    answer = docks.get("/topics/labor.rss", Sec_Fetch_Dest="document")

    assert (answer.status_code, answer.headers["Location"]) == (301, "/topics/work.rss")
    assert answer.headers["Vary"] == "Sec-Fetch-Dest"


def test_an_ended_topic_is_gone(docks: Newsroom) -> None:
    """410 tells readers to stop polling."""
    docks.change('[[topic]]\nid = "courts"\ntitle = "Courts"\nmatch = \'verdict\'\n', "")

    for path in ("/topics/courts", "/topics/courts.rss", "/embed/courts.js"):
        answer = docks.get(path)
        assert answer.status_code == 410
        assert "This topic has ended" in answer.text


def test_an_unknown_topic_suggests_a_similar_one(docks: Newsroom) -> None:
    """The page links to the topic that may be meant."""
    answer = docks.get("/topics/labour")

    assert answer.status_code == 404
    assert '<a href="/topics/labor">Labor</a>' in answer.text
