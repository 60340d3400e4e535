"""Every field of an entry has a limit, and one that is too long costs no other."""

from dataclasses import fields
from typing import Any

import pytest

from aggregator.ingest.parse.field_limits import FIELD_LIMITS, with_limits
from aggregator.model import ALL, Enclosure, HubLink, ParsedEntry, ParsedFeed, Text
from tests.harness.newsroom import Newsroom, article

UNLIMITED = {
    "summary": "cleaning publishes 420 characters of it",
    "content": "cleaning drops a text of more than 300,000 characters",
    "published": "a date of more than 100 characters is not read",
    "updated": "a date of more than 100 characters is not read",
    "broken": "it is our own sentence",
    "is_image_small": "it is our own finding",
    "known_hash": "it is our own number",
}


def test_every_field_has_a_limit() -> None:
    """A new field needs a row, or a reason why it needs none."""
    names = {each.name for each in fields(ParsedEntry)}

    assert FIELD_LIMITS.keys() | UNLIMITED.keys() == names
    assert all(limit.reason for limit in FIELD_LIMITS.values())


def _value(name: str, text: str) -> Any:
    """A value of this field with this text."""
    if name in ("tags", "source_feeds", "source_urls"):
        return (text, "short")
    if name == "enclosures":
        return (Enclosure(url=text), Enclosure(url="short"))
    return Text(value=text) if name == "title" else text


def _length(value: Any) -> int:
    if isinstance(value, tuple):
        return max(map(_length, value), default=0)
    return len(getattr(value, "url", None) or getattr(value, "value", None) or value)


@pytest.mark.parametrize("name", FIELD_LIMITS)
def test_a_field_that_is_too_long_is_shortened(name: str) -> None:
    """Its other values, other fields and other entries stay as they are."""
    limit = FIELD_LIMITS[name]
    fine = ParsedEntry(**{name: _value(name, "x" * limit.chars)})
    long = ParsedEntry(**{"author": "Ana", name: _value(name, "x" * 300_000)})

    first, second = with_limits(ParsedFeed(entries=(fine, long))).entries

    assert first == fine
    assert _length(getattr(second, name)) <= limit.chars
    if limit.count > 1:
        assert getattr(second, name)[-1] == _value(name, "short")[-1]
    if name != "author":
        assert second.author == "Ana"


def test_a_field_has_a_limited_number_of_values() -> None:
    """More are left out."""
    tags = tuple(map(str, range(5000)))
    (entry,) = with_limits(ParsedFeed(entries=(ParsedEntry(tags=tags),))).entries

    assert entry.tags == tags[: FIELD_LIMITS["tags"].count]


def test_a_long_id_still_identifies() -> None:
    """Two ids that differ at their end stay different, and the same ones the same."""
    ids = [f"{'x' * 5000}{end}" for end in "aab"]
    one, same, other = with_limits(
        ParsedFeed(entries=tuple(ParsedEntry(id=id_) for id_ in ids))
    ).entries

    assert one.id == same.id != other.id


def test_a_long_hub_is_no_hub() -> None:
    """Its URL is not stored."""
    feed = ParsedFeed(hub_link=HubLink(hub="https://h.example/" + "x" * 9000, topic="t"))

    assert with_limits(feed).hub_link == HubLink()


def test_absurd_fields_cost_their_entry_only(newsroom: Newsroom) -> None:
    """A link of 250 KB is no link; a language tag of 27 KB is none."""
    newsroom.lists("harbor")
    newsroom.publishes(
        "harbor",
        article("Long link", link="https://harbor.example/" + "a" * 250_000, id_="1"),
        article("Fine", id_="2"),
    )
    document = newsroom.document_of("harbor").replace(
        b"<channel>", b"<channel><language>" + b"en-" + b"abcdefgh-" * 3000 + b"us</language>"
    )
    newsroom.answers("harbor", document)

    (report,) = newsroom.ingests().sources

    assert (report.counts.new, report.counts.rejected) == (1, 1)
    (story,) = newsroom.store.lists.latest(ALL, 9)
    assert story.lead.title == "Fine"
    (rejected,) = newsroom.store.sources.rejected("harbor", 9)
    assert rejected.reason == "it has no link to an article"
