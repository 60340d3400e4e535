"""What a script of a partner relies on: each story once, what was removed, errors that it can
read."""

import json
from pathlib import Path
from typing import Any

import pytest

from aggregator.model import ALL, topic_scope
from aggregator.site.export import export_site
from tests.harness.newsroom import Newsroom, article
from tests.site.conftest import HOUR

SITE = "https://commons.example"


@pytest.fixture
def busy_newsroom(newsroom: Newsroom) -> Newsroom:
    """Forty stories of two outlets, an hour apart, in two languages."""
    newsroom.lists("harbor")
    newsroom.lists("plains", language='"es"')
    newsroom.has_topic("labor", "strike")
    newsroom.publishes_at_most(7)
    for number in range(20):
        for outlet in ("harbor", "plains"):
            one = article(
                f"Strike {outlet} {number}", link=f"https://{outlet}.example/{number}",
                published=newsroom.now,
            )  # fmt: skip
            newsroom.publishes(outlet, one)
        newsroom.ingests(later=3 * HOUR)
    return newsroom


def _json(newsroom: Newsroom, path: str) -> dict[str, Any]:
    answer = newsroom.get(path)
    assert answer.status_code == 200, (path, answer.text)
    document: dict[str, Any] = json.loads(answer.data)
    return document


def _all_titles(newsroom: Newsroom, path: str) -> list[str]:
    """The titles of all documents that lead on from this one."""
    found: list[str] = []
    while path:
        document = _json(newsroom, path)
        assert document["feed_url"] == f"{SITE}{path}"
        found += [item["title"] for item in document["items"]]
        path = document.get("next_url", "").removeprefix(SITE)
        assert len(found) < 200
    return found


@pytest.mark.parametrize(
    ("path", "outlets"),
    [
        ("/topics/labor.json", ("harbor", "plains")),
        ("/all.json?limit=3", ("harbor", "plains")),
        ("/all.json?without=harbor", ("plains",)),
        ("/topics/labor.json?lang=es&limit=2", ("plains",)),
        ("/sources/harbor.json", ("harbor",)),
    ],
)
def test_following_documents_give_each_story_once(
    busy_newsroom: Newsroom, path: str, outlets: tuple[str, ...]
) -> None:
    """Whatever the parameters, and though stories arrive meanwhile."""
    busy_newsroom.archives(5)
    wanted = {f"Strike {outlet} {number}" for outlet in outlets for number in range(20)}

    found = _all_titles(busy_newsroom, path)

    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_stories_since_a_time(busy_newsroom: Newsroom) -> None:
    """A script that asks daily gets what is new; times have several forms."""
    newest = busy_newsroom.store.lists.latest(ALL, 1)[0]
    since = (newest.listed_at - 4 * HOUR).isoformat()

    found = _all_titles(busy_newsroom, f"/all.json?since={since.replace('+00:00', 'Z')}")

    assert set(found) == {f"Strike {o} {n}" for o in ("harbor", "plains") for n in (18, 19)}
    assert len(_json(busy_newsroom, f"/all.json?since={since.replace('+', '%2B')}")["items"]) == 4
    assert len(_json(busy_newsroom, f"/all.json?since={since}")["items"]) == 4


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("before=x", "before"),
        ("before=" + "0" * 15, "before"),
        ("before=" + "0" * 16, "before"),
        ("limit=0000000000999", "limit"),
        ("limit=000000001" + "9" * 4400, "limit"),
        ("since=yesterday", "since"),
        ("since=2026-10-05T12:00:00", "since"),
        ("since=2026-10-05", "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
        ("limit=0", "limit"),
    ],
)
def test_a_wrong_value_is_explained(docks: Newsroom, query: str, word: str) -> None:
    """As JSON that a page of another site can read."""
    answer = docks.get(f"/all.json?{query}")

    assert answer.status_code == 400
    assert json.loads(answer.data)["error"].startswith(word)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    missing = docks.get("/topics/nowhere.json")
    assert (missing.status_code, json.loads(missing.data)["status"]) == (404, 404)
    assert missing.headers["Access-Control-Allow-Origin"] == "*"


def test_unknown_parameters_are_named(docks: Newsroom) -> None:
    """In JSON only; the rest of the document is the same, and the next request gets its own."""
    plain = docks.get("/all.json?limit=2")
    odd = docks.get("/all.json?limit=2&pageSize=10&utm_source=x")

    document = json.loads(odd.data)
    assert document.pop("_unknown_parameters") == ["pageSize", "utm_source"]
    assert document == json.loads(plain.data)
    assert odd.headers["ETag"] != plain.headers["ETag"]
    assert docks.get("/all.json?limit=2").data == plain.data
    assert b"_unknown" in docks.get("/all.json?limit=2&pageSize=10&utm_source=x").data
    assert b"pageSize" not in docks.get("/all.rss?pageSize=10").data
    assert json.loads(docks.get("/topics.json?x=1").data)["_unknown_parameters"] == ["x"]
    hostile = docks.get(f"/all.json?{'&'.join(f'{n}%22%0a{{=1' for n in range(30))}").data
    assert len(json.loads(hostile)["_unknown_parameters"]) == 10


def test_what_was_taken_down(docks: Newsroom, tmp_path: Path) -> None:
    """In a list of its own, and in the feeds that it was in."""
    assert _json(docks, "/removed.json")["removed"] == []
    story = docks.store.lists.latest(topic_scope("labor"), 1)[0]
    docks.store.stories.take_down(story.id, "asked", docks.now)

    document = _json(docks, "/removed.json")
    (removed,) = document["removed"]
    assert removed == {"id": story.public_id, "removed_at": "2026-10-05T12:00:00Z"}
    assert "next_url" not in document
    assert _json(docks, "/topics/labor.json")["_removed"] == [removed]
    assert "_removed" not in _json(docks, "/topics/courts.json")
    assert _json(docks, "/removed.json?since=2026-10-05T11:59:59Z")["removed"] == [removed]
    assert _json(docks, "/removed.json?since=2026-10-05T12:00:00Z")["removed"] == []
    assert docks.get("/removed.json").headers["Access-Control-Allow-Origin"] == "*"
    export_site(docks.site, tmp_path / "public")
    assert (tmp_path / "public/removed.json").read_bytes() == docks.get("/removed.json").data


def test_many_that_were_taken_down(docks: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is in one document, also those of one moment."""
    monkeypatch.setattr("aggregator.site.file_builders.MAX_REMOVED", 2)
    for number, id_ in enumerate(docks.store.stories.ids()):
        docks.store.stories.take_down(id_, "asked", docks.now + (number // 2) * HOUR)
    found, path = [], "/removed.json"
    while path:
        document = _json(docks, path)
        found += [each["id"] for each in document["removed"]]
        path = document.get("next_url", "").removeprefix(SITE)

    assert len(found) == len(set(found)) == 4


def test_a_static_export_leads_to_the_archive(busy_newsroom: Newsroom) -> None:
    """Since a file server knows no parameters."""
    busy_newsroom.change("[publish]", "[publish]\nsearch = false")
    busy_newsroom.archives(5)

    document = _json(busy_newsroom, "/all.json")

    assert document["next_url"] == f"{SITE}/all/archive/8.json"


def test_a_page_with_parameters_leads_on(busy_newsroom: Newsroom) -> None:
    """From part to part."""
    page = busy_newsroom.get("/all?lang=es").text
    start = page.index('<a href="/all?lang=es&amp;before=')
    link = page[start:].split('"')[1].replace("&amp;", "&")

    older = busy_newsroom.get(link).text

    assert "Strike plains 19" in page
    assert "Strike plains 12" in older
    assert "Strike plains 19" not in older
