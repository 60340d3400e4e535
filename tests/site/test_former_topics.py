"""Topics that were renamed, that have ended, or that never were."""

from tests.harness.newsroom import Newsroom


def test_a_topic_by_its_former_name(docks: Newsroom) -> None:
    """Every address of it leads to the new one, and its stories are there; who reads it goes on
    under the same feed id, so that nothing is told twice."""
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


def test_a_browser_opens_a_feed_by_its_former_name(docks: Newsroom) -> None:
    """It is led to the feed, not to the page: a cache may hand that on to readers."""
    docks.change('id = "labor"', 'id = "work"\nwas = ["labor"]')
    docks.store.topics.rename(docks.config.topics, docks.now)
    answer = docks.get("/topics/labor.rss", Sec_Fetch_Dest="document")

    assert (answer.status_code, answer.headers["Location"]) == (301, "/topics/work.rss")
    assert answer.headers["Vary"] == "Sec-Fetch-Dest"


def test_a_topic_of_the_past(docks: Newsroom) -> None:
    """It is gone, which tells readers to stop asking."""
    docks.change('[[topic]]\nid = "courts"\ntitle = "Courts"\nmatch = \'verdict\'\n', "")

    for path in ("/topics/courts", "/topics/courts.rss", "/embed/courts.js"):
        answer = docks.get(path)
        assert answer.status_code == 410
        assert "This topic has ended" in answer.text


def test_an_unknown_topic(docks: Newsroom) -> None:
    """The page says which topic may have been meant."""
    answer = docks.get("/topics/labour.atom")

    assert answer.status_code == 404
    assert '<a href="/topics/labor">Labor</a>' in answer.text
