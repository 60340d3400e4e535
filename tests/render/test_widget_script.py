"""The widget's script, as a partner's page loads it."""

import json
import re
from typing import Any

from aggregator.model import Feed
from aggregator.render.interface import Interface
from aggregator.render.widget import widget_script
from tests.harness.builders import SITE, entry, feed, source, story


def _data(feed_: Feed) -> tuple[int, dict[str, Any]]:
    """Bytes of the script, and what it shows."""
    script = widget_script(feed_, SITE, "", Interface("en")).decode("ascii")
    found = re.search(r'\{"title":.*?\]\}', script)
    assert found is not None
    data: dict[str, Any] = json.loads(found[0])
    return len(script), data


def test_a_long_headline_is_cut() -> None:
    """It would fill the frame alone."""
    outlets = (source("harbor"),)
    _, data = _data(feed(story(entry("Cranes " * 50, "harbor")), sources=outlets))

    (headline,) = data["stories"]
    assert len(headline["title"]) <= 160
    assert headline["title"].startswith("Cranes Cranes")
    assert headline["title"].endswith("…")


def test_a_script_has_as_many_headlines_as_fit() -> None:
    """Long addresses do not make it larger than ten kilobytes."""
    stories = [
        story(entry(f"Cranes {n}", "harbor", url=f"https://harbor.example/{n}/{'x' * 900}"))
        for n in range(20)
    ]
    size, data = _data(feed(*stories, sources=(source("harbor"),)))

    assert size <= 10_000
    assert 3 <= len(data["stories"]) < 10
