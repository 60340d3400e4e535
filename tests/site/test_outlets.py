"""The pages about outlets."""

from tests.harness.newsroom import Newsroom, article


def test_an_outlet_that_never_delivered_is_not_listed(docks: Newsroom) -> None:
    """Its page is there, since its address was published."""
    docks.lists("silent")

    page = docks.get("/sources").text

    assert "/sources/harbor" in page
    assert "/sources/silent" not in page
    assert "Silent" not in docks.get("/about").text + docks.get("/embed").text
    assert "Silent" not in docks.get("/search").text
    assert docks.get("/sources/silent").status_code == 200
    assert "No stories yet" in docks.get("/sources/silent").text


def test_who_an_outlet_is(newsroom: Newsroom) -> None:
    """Its site, licence and feed, and the topics of its stories, most frequent first."""
    newsroom.lists(
        "harbor", license='"CC BY 4.0"', license_url='"https://cc.example/by"',
        public_feed='"https://harbor.example/feed"',
    )  # fmt: skip
    newsroom.lists("plains", feed=f"{newsroom.feed_of('plains')}?token=secret")
    newsroom.has_topic("courts", "verdict")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", *(article(t) for t in ("Strike 1", "Strike 2", "A verdict")))
    newsroom.ingests()

    page = newsroom.get("/sources/harbor").text

    assert '<a href="https://harbor.example/">harbor.example</a>' in page
    assert '<a href="https://cc.example/by" rel="license"><bdi>CC BY 4.0</bdi></a>' in page
    assert '<a href="https://harbor.example/feed">Its own feed</a>' in page
    topics = page[page.index("Its topics") :]
    assert topics.index("/topics/labor") < topics.index("/topics/courts")
    private = newsroom.get("/sources/plains").text
    assert "Its own feed" not in private
    assert "secret" not in private
    assert "Its own feed" not in newsroom.get("/topics/labor").text
    assert "Most from" not in page
