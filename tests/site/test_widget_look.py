"""What a partner may choose for the widget."""

import json
import re
from typing import Any

import pytest

from aggregator.demo.drawings import landscape
from aggregator.demo.press import CannedResponse
from aggregator.model import picture_key
from tests.harness.newsroom import Newsroom, article


def _data(newsroom: Newsroom, query: str) -> dict[str, Any]:
    script = newsroom.get(f"/embed/labor.js?{query}").text
    found = re.search(r"const data = (\{.*?\});\n", script)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_script_has_what_was_chosen(docks: Newsroom) -> None:
    """And nothing of it otherwise."""
    plain = _data(docks, "")
    chosen = _data(docks, "teaser=yes&more=yes&heading=4&accent=%230055FF")

    assert plain["heading"] == "h2"
    assert "more" not in plain["words"] or not plain["words"]["more"]
    assert all("teaser" not in story for story in plain["stories"])
    assert chosen["heading"] == "h4"
    assert chosen["words"]["more"] == "All stories"
    assert {story["teaser"] for story in chosen["stories"]} == {"Something happened."}
    assert "--link: #0055ff;" in chosen["style"]
    assert "0055ff" not in plain["style"]


def test_the_frame_has_what_was_chosen(docks: Newsroom) -> None:
    """Without a script, its colour comes with the stylesheet."""
    page = docks.get("/embed/labor?teaser=yes&more=yes&heading=4&accent=0055ff").text

    assert '<span class="teaser">Something happened.</span>' in page
    assert re.search(r"<h4[^>]*><a", page)
    assert '<a href="https://commons.example/topics/labor">All stories</a>' in page
    assert '<link rel="stylesheet" href="/embed.css?accent=0055ff">' in page
    assert "--link: #0055ff" in docks.get("/embed.css?accent=0055ff").text
    assert "--link: #0055ff" not in docks.get("/embed.css").text
    assert re.search(r"<h1[^>]*><a", docks.get("/embed/labor").text)


@pytest.mark.parametrize("images", ["off", "outlet", "own"])
def test_pictures_are_those_that_outlets_permit(newsroom: Newsroom, images: str) -> None:
    """In the script with whole addresses; the frame has thumbnails alone."""
    newsroom.press.put("/a.jpg", CannedResponse(body=landscape("a")))
    url = f"{newsroom.press.url}/a.jpg"
    newsroom.lists("harbor", images=f'"{images}"')
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", article("A strike", image=url))
    newsroom.ingests()
    newsroom.fetches_pictures()
    (story,) = _data(newsroom, "picture=yes")["stories"]
    frame = newsroom.get("/embed/labor?picture=yes").text
    found = re.findall(r'<img src="([^"]*)"', frame)

    path = f"/pictures/{picture_key(url)}-small.webp"
    expected = {"off": None, "outlet": url, "own": f"https://commons.example{path}"}[images]
    assert story.get("image") == expected
    assert found == {"off": [], "outlet": [], "own": [path]}[images]  # one that fails leaves a box
    assert "img-src 'self'\">" in frame
    assert "image" not in _data(newsroom, "")["stories"][0]
    assert "<img" not in newsroom.get("/embed/labor").text


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("accent=red", "accent"), ("accent=%230055f", "accent"), ("heading=1", "heading"),
        ("heading=x", "heading"), ("teaser=1", "teaser"), ("more=maybe", "more"),
        ("picture=1", "picture"),
    ],
)  # fmt: skip
def test_a_wrong_choice_is_explained(docks: Newsroom, query: str, word: str) -> None:
    """Before anybody puts it on a page."""
    answer = docks.get(f"/embed/labor.js?{query}")

    assert answer.status_code == 400
    assert answer.text.startswith(word)


def test_a_script_with_teasers_is_small(newsroom: Newsroom) -> None:
    """Twenty stories with long teasers."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    long = "Words about the strike in the harbor. " * 20
    newsroom.publishes("harbor", *(article(f"Strike {n} {'x' * 80}", long) for n in range(20)))
    newsroom.ingests()

    script = newsroom.get("/embed/labor.js?limit=20&teaser=yes&more=yes&accent=ff0000").data

    assert len(script) <= 10_000
    assert script.count(b'"teaser"') > 5
