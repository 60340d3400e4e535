"""What a feed says of itself: how often to come, and where it is pushed."""

import pytest

from aggregator.ingest.parse.parser import parse
from aggregator.model import HubLink, ParsedFeed, PollingHints
from tests.harness.builders import fetched

SY = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"

PACES = [
    ("nothing", "", PollingHints()),
    ("ttl, in minutes", "<ttl>40</ttl>", PollingHints(interval=2400)),
    ("a ttl that is no number", "<ttl>soon</ttl>", PollingHints()),
    ("sy:updatePeriod", "<sy:updatePeriod>hourly</sy:updatePeriod>", PollingHints(interval=3600)),
    ("twice a day",
     "<sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
     PollingHints(interval=43200)),
    ("zero times", "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0"
     "</sy:updateFrequency>", PollingHints(interval=86400)),
    ("both: the longer", "<ttl>90</ttl><sy:updatePeriod>hourly</sy:updatePeriod>",
     PollingHints(interval=5400)),
    ("skipHours and skipDays",
     "<skipHours><hour>0</hour><hour>1</hour><hour>24</hour><hour>x</hour></skipHours>"
     "<skipDays><day>Sunday</day><day>saturday</day><day>Someday</day></skipDays>",
     PollingHints(skip_hours=(0, 1), skip_days=(5, 6))),
]  # fmt: skip


@pytest.mark.parametrize(("given", "pace"), [c[1:] for c in PACES], ids=[c[0] for c in PACES])
def test_pace(given: str, pace: PollingHints) -> None:
    """RSS 2.0 and the syndication module of RSS 1.0."""
    read = parse(
        fetched(f"<rss version='2.0' {SY}><channel><title>T</title>{given}</channel></rss>")
    )

    assert isinstance(read, ParsedFeed)
    assert read.polling_hints == pace


ATOM = "http://www.w3.org/2005/Atom"
HUB = HubLink(hub="https://hub.example/", topic="https://outlet.example/f.xml")
PUSHES = [
    ("RSS", f"<rss version='2.0' xmlns:a='{ATOM}'><channel><title>T</title>"
     "<a:link rel='hub' href='https://hub.example/'/><a:link rel='self' href='/f.xml'/>"
     "</channel></rss>", HUB),
    ("Atom", f"<feed xmlns='{ATOM}'><title>T</title><link rel='hub' href='https://hub.example/'/>"
     "<link rel='self' href='https://outlet.example/f.xml'/></feed>", HUB),
    ("JSON Feed", '{"hubs": [{"type": "rssCloud", "url": "x"}, {"type": "WebSub", '
     '"url": "https://hub.example/"}], "feed_url": "/f.xml", "items": []}', HUB),
    ("no hub", f"<feed xmlns='{ATOM}'><title>T</title></feed>", HubLink()),
    ("a hub that is no address", f"<feed xmlns='{ATOM}'><title>T</title>"
     "<link rel='hub' href='javascript:x'/></feed>", HubLink()),
    ("odd JSON", '{"hubs": [3, {"type": 4}, {"type": "websub", "url": 7}], "items": []}',
     HubLink()),
]  # fmt: skip


@pytest.mark.parametrize(("body", "push"), [c[1:] for c in PUSHES], ids=[c[0] for c in PUSHES])
def test_push(body: str, push: HubLink) -> None:
    """The hub and the topic to name there."""
    read = parse(fetched(body))

    assert isinstance(read, ParsedFeed)
    assert read.hub_link == push
