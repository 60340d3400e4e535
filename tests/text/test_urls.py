"""URLs of pages and feeds of our own site."""

import pytest

from aggregator.render.formats import FORMATS
from aggregator.text.urls import is_own_story

SITE = "https://commons.example"


@pytest.mark.parametrize("extension", [*FORMATS, "headlines"])
@pytest.mark.parametrize("path", ["/all", "/topics/labor", "/topics/labor+courts", "/sources/h"])
def test_our_own_feeds_are_recognised(path: str, extension: str) -> None:
    """All formats are recognised, so that our own stories are not ingested."""
    assert is_own_story("", [f"{SITE}{path}.{extension}"], SITE)
    assert is_own_story("", [f"{SITE}{path}?limit=5"], SITE)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/all.atom",
        f"{SITE}/blog/all.atom",
        f"{SITE}/allegations.html",
        f"{SITE}/stories/a-story-of-a-blog-on-the-same-host",
    ],
)
def test_pages_of_others_are_not_ours(url: str) -> None:
    """Other sites' pages, and other pages on our host, are not ours."""
    assert not is_own_story("", [url], SITE)
