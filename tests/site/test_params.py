"""What is requested of a list: joined topics, parameters, search."""

from datetime import timedelta

import pytest

from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)

BOTH = ["Strike ends", "Huelga: strike", "Verdict falls", "Verdict on a strike"]


def test_joined_topics(docks: Newsroom) -> None:
    """One feed of several topics, in whatever order they are named, with one address."""
    for path in ("/topics/labor+courts.atom", "/topics/courts+labor.atom"):
        assert sorted(docks.titles(path)) == sorted(BOTH)
    feed = docks.read("/topics/labor+courts.atom").feed
    assert feed.title == "Courts + Labor"
    assert feed.id == "https://commons.example/topics/courts+labor.atom"
    assert docks.get("/topics/labor+courts").status_code == 200
    assert docks.get("/topics/labor+nope.atom").status_code == 404


def test_a_joined_feed_changes_with_each_topic(docks: Newsroom) -> None:
    """News in one of them is news."""
    etag = docks.get("/topics/courts+labor.atom").headers["ETag"]
    docks.publishes("harbor", article("Another verdict"))
    docks.ingests(later=HOUR)

    assert "Another verdict" in docks.titles("/topics/courts+labor.atom")
    assert docks.get("/topics/courts+labor.atom", If_None_Match=etag).status_code == 200


CASES = [
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


@pytest.mark.parametrize(("path", "titles"), CASES, ids=[row[0] for row in CASES])
def test_what_is_asked_for(docks: Newsroom, path: str, titles: list[str]) -> None:
    """It is what is answered, and the feed says by which address."""
    answer = docks.get(path)

    assert answer.status_code == 200
    if ".json" in path:
        assert [item["title"] for item in answer.get_json(force=True)["items"]] == titles
    else:
        assert sorted(docks.titles(path)) == sorted(titles)


def test_one_order_of_parameters(docks: Newsroom) -> None:
    """However it is asked, it is the same feed under the same address, and made once."""
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


ODD = [
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


@pytest.mark.parametrize(("path", "status"), ODD, ids=[row[0][:30] for row in ODD])
def test_odd_letters_in_an_address(docks: Newsroom, path: str, status: int) -> None:
    """Whatever is asked is answered, and what is answered is well-formed."""
    answer = docks.get(path)

    assert answer.status_code == status
    if status == 200 and ".atom" in path:
        docks.read(path)


WRONG = [
    ("/all.atom?limit=0", "limit must be a number of stories, 1 to 200."),
    ("/all.atom?limit=201", "limit must be"),
    ("/all.atom?limit=-1", "limit must be"),
    ("/all.atom?limit=%C2%B2", "limit must be"),
    ("/all?limit=ten", "limit must be"),
    ("/all.atom?limit=" + "9" * 5000, "limit must be"),
    ("/all.atom?lang=english%20please", "lang must be a language tag"),
    ("/all.atom?without=nobody", "there is no 'nobody', and /sources lists them."),
    ("/search.atom?q=%22open", "The query (q) cannot be parsed"),
    ("/search.atom", "q must say what to search for"),
    ("/search?q=a:b:c", "The query (q) cannot be parsed"),
    ("/search.atom?q=" + "x" * 1001, "q must have at most 1,000 characters."),
    ("/embed/labor?theme=pink", "theme must be light, dark or auto."),
    ("/embed/labor.js?limit=21", "limit must be a number of stories, 1 to 20."),
    ("/all.atom?" + "&".join(f"a{n}=1" for n in range(99)), "too many parameters"),
]


@pytest.mark.parametrize(("path", "sentence"), WRONG, ids=[row[0][:40] for row in WRONG])
def test_what_cannot_be_meant(docks: Newsroom, path: str, sentence: str) -> None:
    """400 with a sentence that says what can be."""
    answer = docks.get(path)

    assert answer.status_code == 400
    assert sentence in answer.text


def test_a_search_that_cannot_be_read(docks: Newsroom) -> None:
    """A person sees the form again, with what was typed and what is wrong with it."""
    answer = docks.get("/search?q=%22open+%3Cb%3E")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "The query (q) cannot be parsed" in answer.text
    assert 'value="&#34;open &lt;b&gt;"' in answer.text
