"""What scripts and people try first: directories of topics and outlets, and usual addresses."""

import json
from pathlib import Path

import pytest

from aggregator.site.export import export_site
from tests.harness.newsroom import Newsroom, article


def test_the_topics_for_scripts(docks: Newsroom) -> None:
    """Each with its page and its feeds, which exist; pages of other sites may read it."""
    answer = docks.get("/topics.json")

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    document = json.loads(answer.data)
    assert document["url"] == "https://commons.example/"
    (labor,) = (topic for topic in document["topics"] if topic["id"] == "labor")
    assert labor["title"] == "Labor"
    for url in (labor["url"], *labor["feeds"].values()):
        assert docks.get(url.removeprefix("https://commons.example")).status_code == 200


def test_the_outlets_for_scripts(newsroom: Newsroom) -> None:
    """A private feed is not among them."""
    newsroom.lists("harbor", license='"CC BY 4.0"')
    newsroom.lists("plains", feed="https://plains.example/feed?token=secret")
    newsroom.ingests()

    answer = newsroom.get("/sources.json")
    rows = {row["id"]: row for row in json.loads(answer.data)["sources"]}

    assert rows["harbor"]["own_feed"] == newsroom.feed_of("harbor")
    assert rows["harbor"]["license"] == "CC BY 4.0"
    assert rows["plains"]["own_feed"] is None
    assert b"secret" not in answer.data


@pytest.mark.parametrize("path", ["/topics.json", "/sources.json"])
def test_a_browser_gets_the_directory_itself(docks: Newsroom, path: str) -> None:
    """It is no feed, so there is no page that explains it."""
    answer = docks.get(path, Sec_Fetch_Dest="document")

    assert (answer.status_code, answer.mimetype) == (200, "application/json")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/feed", "/all.rss"),
        ("/feed/", "/feed"),
        ("/rss", "/all.rss"),
        ("/atom", "/all.atom"),
        ("/topics", "/"),
    ],
)
def test_a_usual_address_leads_somewhere(docks: Newsroom, path: str, target: str) -> None:
    """For good, so that clients remember it."""
    answer = docks.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (301, target)


def test_how_to_subscribe(docks: Newsroom) -> None:
    """Every feed of every topic, all of them in one file, and links for readers on the web."""
    page = docks.get("/subscribe").text

    for path in ("/all", "/topics/labor", "/topics/courts"):
        for extension in ("rss", "atom", "json"):
            assert f'href="{path}.{extension}"' in page
    assert 'href="/topics.opml"' in page
    assert "subscription/feed%2Fhttps%3A%2F%2Fcommons.example%2Fall.atom" in page


def test_about_the_site(newsroom: Newsroom) -> None:
    """Partners with their licences, the contact, and what to do about a story."""
    newsroom.lists("harbor", license='"CC BY 4.0"', license_url='"https://cc.example/by"')
    newsroom.publishes("harbor", article("Strike"))
    newsroom.ingests()

    page = newsroom.get("/about").text

    assert 'href="https://cc.example/by" rel="license">CC BY 4.0</a>' in page
    assert "taken down" in page


def test_the_icon_where_browsers_look_for_it(docks: Newsroom) -> None:
    """The same as the one that pages name."""
    answer = docks.get("/favicon.ico")

    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.data == docks.get("/favicon.svg").data


def test_they_are_exported(docks: Newsroom, tmp_path: Path) -> None:
    """As files, and as pages that lead on."""
    export_site(docks.site, tmp_path / "out")

    assert json.loads((tmp_path / "out/topics.json").read_text())["topics"]
    assert "url=/all.rss" in (tmp_path / "out/feed/index.html").read_text()
