"""What scripts and people get for an address that does not exist, or a wrong parameter."""

import json

import pytest

from aggregator.model import ALL
from tests.harness.newsroom import Newsroom


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/topics/none.json", "*/*", 404),
        ("/nothing", "application/json", 404),
        ("/nothing", "application/feed+json, text/html;q=0.5", 404),
        ("/topics/labor.json?limit=x", "*/*", 400),
        ("/topics/labor.atom?limit=x", "application/json", 400),
        ("/search?q=%22", "application/json", 400),
    ],
)
def test_a_script_that_asks_for_json(
    labor_newsroom: Newsroom, path: str, accept: str, status: int
) -> None:
    """The error is JSON, and a page of another site may read it."""
    answer = labor_newsroom.get(path, Accept=accept)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(answer.data)["status"] == status
    assert json.loads(answer.data)["error"].endswith(".")


def test_a_script_that_wants_to_write(labor_newsroom: Newsroom) -> None:
    """It is told which methods there are."""
    answer = labor_newsroom.reader.put("/all.json")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(answer.data) == {
        "error": "This address accepts only these methods: GET, HEAD, OPTIONS.",
        "status": 405,
    }


@pytest.mark.parametrize("path", ["/topics/none.atom", "/sources/none.rss", "/all.atom?limit=x"])
def test_a_feed_reader(labor_newsroom: Newsroom, path: str) -> None:
    """A sentence, which a page of another site may read."""
    answer = labor_newsroom.get(path)

    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "accept", ["text/html,application/xml;q=0.9,*/*;q=0.8", "*/*", f"application/json{' ' * 500}"]
)
def test_a_browser(labor_newsroom: Newsroom, accept: str) -> None:
    """A page that leads on."""
    answer = labor_newsroom.get("/nothing", Accept=accept)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<h1>Nothing here</h1>" in answer.data


def test_a_person_who_follows_a_link_to_a_missing_feed(labor_newsroom: Newsroom) -> None:
    """A page, as for any other address."""
    answer = labor_newsroom.get("/topics/none.atom", Sec_Fetch_Dest="document")

    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_story_that_was_taken_down(labor_newsroom: Newsroom) -> None:
    """A script that asks for JSON is told so."""
    (story,) = labor_newsroom.store.lists.latest(ALL, 1)
    labor_newsroom.store.stories.take_down(story.id, "Asked.", labor_newsroom.now)

    answer = labor_newsroom.get(f"/stories/{story.id}", Accept="application/json")

    assert answer.status_code == 410
    assert json.loads(answer.data) == {
        "error": "This story or feed has been removed.",
        "status": 410,
    }
