"""Requests for lists: joined topics, parameters, search."""

from datetime import timedelta

import pytest

from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)

JOINED_TITLES = ["Strike ends", "Huelga: strike", "Verdict falls", "Verdict on a strike"]


def test_joined_topics_have_one_feed(docks: Newsroom) -> None:
    """The order of topics in the URL makes no difference."""
    for path in ("/topics/labor+courts.atom", "/topics/courts+labor.atom"):
        assert sorted(docks.titles(path)) == sorted(JOINED_TITLES)
    feed = docks.read("/topics/labor+courts.atom").feed
    assert feed.title == "Courts + Labor"
    assert feed.id == "https://commons.example/topics/courts+labor.atom"
    assert docks.get("/topics/labor+courts").status_code == 200
    assert docks.get("/topics/labor+nope.atom").status_code == 404


def test_a_joined_feed_changes_with_each_topic(docks: Newsroom) -> None:
    """A new story in one of the topics changes the feed."""
    etag = docks.get("/topics/courts+labor.atom").headers["ETag"]
    docks.publishes("harbor", article("Another verdict"))
    docks.ingests(later=HOUR)

    assert "Another verdict" in docks.titles("/topics/courts+labor.atom")
    assert docks.get("/topics/courts+labor.atom", If_None_Match=etag).status_code == 200


SELECTIONS = [
    ("/topics/labor.atom?limit=1", ["Strike ends"]),
    ("/topics/labor.json?limit=1", ["Strike ends"]),
    ("/all.atom?without=plains", ["Strike ends", "Verdict falls", "Verdict on a strike"]),
    ("/all.atom?without=plains,harbor", []),
    ("/all.atom?without=plains&without=harbor", []),
    ("/all.atom?lang=es", ["Huelga: strike"]),
    ("/all.atom?lang=ES&limit=9", ["Huelga: strike"]),
    ("/sources/harbor.rss?limit=2", ["Strike ends", "Verdict falls"]),
    ("/topics/courts+labor.atom?without=harbor", ["Huelga: strike"]),
    ("/search.atom?q=strike", ["Strike ends", "Huelga: strike", "Verdict on a strike"]),
    ("/search.json?q=strike&limit=1&without=plains", ["Strike ends"]),
    ("/search.rss?q=title:verdict+AND+NOT+strike", ["Verdict falls"]),
    ("/search.atom?q=nothing", []),
    ("/all.atom?limit=1&utm_source=x&constructor=y", ["Strike ends"]),
]


@pytest.mark.parametrize(("path", "titles"), SELECTIONS, ids=[row[0] for row in SELECTIONS])
def test_parameters_select_stories(docks: Newsroom, path: str, titles: list[str]) -> None:
    """The feed contains exactly the stories that were requested."""
    answer = docks.get(path)

    assert answer.status_code == 200
    if ".json" in path:
        assert [item["title"] for item in answer.get_json(force=True)["items"]] == titles
    else:
        assert sorted(docks.titles(path)) == sorted(titles)


def test_the_order_of_parameters_makes_no_difference(docks: Newsroom) -> None:
    """All forms of a request give the same feed, with the same URL and ETag."""
    paths = [
        "/all.atom?limit=3&lang=en&without=plains",
        "/all.atom?without=plains&lang=en&limit=3",
        "/all.atom?without=plains&lang=EN&limit=3&utm=1",
    ]
    answers = [docks.get(path) for path in paths]

    assert len({answer.headers["ETag"] for answer in answers}) == 1
    own = "https://commons.example/all.atom?lang=en&limit=3&without=plains"
    assert {answer.headers["Content-Location"] for answer in answers} == {own}
    assert docks.read(paths[1]).feed.id == own


UNUSUAL = [
    ("/search.atom?q=a%01b%00", 200),
    ("/search.rss?q=%EF%BF%BF+a", 200),
    ("/search.json?q=%01", 400),
    ("/search?q=%00", 200),
    ("/all/?%ff=%fe", 301),
    ("/search.rss/?q=x", 301),
    ("/all.atom?lang=%00", 400),
    ("/all.atom?without=%0d%0aX:1", 400),
    ("/topics/%ff.atom", 404),
    ("/all.atom?" + "x" * 9000, 400),
]


@pytest.mark.parametrize(("path", "status"), UNUSUAL, ids=[row[0][:30] for row in UNUSUAL])
def test_unusual_characters_in_a_url_are_handled(docks: Newsroom, path: str, status: int) -> None:
    """Every request gets a response, and every feed is well-formed."""
    answer = docks.get(path)

    assert answer.status_code == status
    if status == 200 and ".atom" in path:
        docks.read(path)


INVALID = [
    ("/all.atom?limit=0", "limit must be a number of stories, 1 to 200."),
    ("/all.atom?limit=201", "limit must be"),
    ("/all.atom?limit=-1", "limit must be"),
    ("/all.atom?limit=%C2%B2", "limit must be"),
    ("/all?limit=ten", "limit must be"),
    ("/all.atom?limit=" + "9" * 5000, "limit must be"),
    ("/all.atom?lang=english%20please", "lang must be a language tag"),
    ("/all.atom?without=nobody", "there is no 'nobody', and /sources lists them."),
    ("/all.atom?without=" + "x" * 900, f"there is no {'x' * 60!r}, and"),
    ("/all.atom?without=" + ",".join(map(str, range(21))), "without must name at most 20 outlets."),
    ("/all.atom?" + "x" * 9000, "A query string must have at most 8000 characters."),
    ("/search.atom?q=%22open", "The query (q) cannot be parsed"),
    ("/search.atom", "q must say what to search for"),
    ("/search?q=a:b:c", "The query (q) cannot be parsed"),
    ("/search.atom?q=" + "x" * 1001, "q must have at most 1000 characters."),
    ("/embed/labor?theme=pink", "theme must be light, dark or auto."),
    ("/embed/labor.js?limit=21", "limit must be a number of stories, 1 to 20."),
    ("/all.atom?" + "&".join(f"a{n}=1" for n in range(99)), "too many parameters"),
]


@pytest.mark.parametrize(("path", "sentence"), INVALID, ids=[row[0][:40] for row in INVALID])
def test_an_invalid_parameter_is_refused(docks: Newsroom, path: str, sentence: str) -> None:
    """The response is 400 with a sentence that says what is valid."""
    answer = docks.get(path)

    assert answer.status_code == 400
    assert sentence in answer.text


def test_an_invalid_search_shows_the_form_again(docks: Newsroom) -> None:
    """The page shows the query and what is wrong with it."""
    answer = docks.get("/search?q=%22open+%3Cb%3E")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "The query (q) cannot be parsed" in answer.text
    assert 'value="&#34;open &lt;b&gt;"' in answer.text
