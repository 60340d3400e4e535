"""The metadata of a feed: how often to poll it, and its hub."""

import pytest

from aggregator.ingest.parse.parser import parse
from aggregator.model import HubLink, ParsedFeed, PollingHints
from tests.harness.builders import fetched

SY = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"

POLLING_HINTS = [
    ("none", "", PollingHints()),
    ("ttl, in minutes", "<ttl>40</ttl>", PollingHints(interval=2400)),
    ("an invalid ttl", "<ttl>soon</ttl>", PollingHints()),
    ("sy:updatePeriod", "<sy:updatePeriod>hourly</sy:updatePeriod>", PollingHints(interval=3600)),
    ("twice a day",
     "<sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
     PollingHints(interval=43200)),
    ("a frequency of zero", "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0"
     "</sy:updateFrequency>", PollingHints(interval=86400)),
    ("the longer of two", "<ttl>90</ttl><sy:updatePeriod>hourly</sy:updatePeriod>",
     PollingHints(interval=5400)),
    ("skipHours and skipDays",
     "<skipHours><hour>0</hour><hour>1</hour><hour>24</hour><hour>x</hour></skipHours>"
     "<skipDays><day>Sunday</day><day>saturday</day><day>Someday</day></skipDays>",
     PollingHints(skip_hours=(0, 1), skip_days=(5, 6))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "hints"), [c[1:] for c in POLLING_HINTS], ids=[c[0] for c in POLLING_HINTS]
)
def test_polling_hints_are_read(given: str, hints: PollingHints) -> None:
    """Hints come from RSS 2.0 and the syndication module of RSS 1.0."""
    read = parse(
        fetched(f"<rss version='2.0' {SY}><channel><title>T</title>{given}</channel></rss>")
    )

    assert isinstance(read, ParsedFeed)
    assert read.polling_hints == hints


ATOM = "http://www.w3.org/2005/Atom"
HUB = HubLink(hub="https://hub.example/", topic="https://outlet.example/f.xml")
HUB_LINKS = [
    ("RSS", f"<rss version='2.0' xmlns:a='{ATOM}'><channel><title>T</title>"
     "<a:link rel='hub' href='https://hub.example/'/><a:link rel='self' href='/f.xml'/>"
     "</channel></rss>", HUB),
    ("Atom", f"<feed xmlns='{ATOM}'><title>T</title><link rel='hub' href='https://hub.example/'/>"
     "<link rel='self' href='https://outlet.example/f.xml'/></feed>", HUB),
    ("JSON Feed", '{"hubs": [{"type": "rssCloud", "url": "x"}, {"type": "WebSub", '
     '"url": "https://hub.example/"}], "feed_url": "/f.xml", "items": []}', HUB),
    ("no hub", f"<feed xmlns='{ATOM}'><title>T</title></feed>", HubLink()),
    ("an invalid hub", f"<feed xmlns='{ATOM}'><title>T</title>"
     "<link rel='hub' href='javascript:x'/></feed>", HubLink()),
    ("invalid JSON values", '{"hubs": [3, {"type": 4}, {"type": "websub", "url": 7}], "items": []}',
     HubLink()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "hub_link"), [c[1:] for c in HUB_LINKS], ids=[c[0] for c in HUB_LINKS]
)
def test_a_hub_link_is_read(body: str, hub_link: HubLink) -> None:
    """The hub and the topic URL are read from every format."""
    read = parse(fetched(body))

    assert isinstance(read, ParsedFeed)
    assert read.hub_link == hub_link
