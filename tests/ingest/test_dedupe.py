"""Which entries are one story."""

from datetime import timedelta

import pytest

from aggregator.ingest.dedupe import dedupe
from aggregator.model import Entry, Story
from tests.builders import NOW, at, entry, source, story


def _dedupe(
    *entries: Entry, standing: dict[str, Story] | None = None, **keys: object
) -> list[Story]:
    given = {
        "sources": {},
        "authority": "commons.example",
        "now": NOW,
        "is_first_import": False,
        **keys,
    }
    return dedupe(entries, standing or {}, **given)  # type: ignore[arg-type]


def test_a_new_story() -> None:
    """It keeps the outlet's id (RFC 4287 4.2.6) and has an address of its own."""
    (told,) = _dedupe(entry("Cranes", "harbor"))

    assert told.public_id == "https://harbor.example/?p=cranes"
    assert len(told.id) == 16
    assert told.arrived == NOW


def test_a_copy() -> None:
    """The same address at another outlet is the same story; the lead stays."""
    lead = entry("Cranes", "harbor")
    copy = entry("Cranes!", "commons", address=lead.address)

    (grown,) = _dedupe(copy, standing={lead.address: story(lead)})

    assert (grown.lead, grown.others) == (lead, (copy,))
    assert grown.why == (f"commons: same address {lead.address}",)


def test_the_original_after_a_copy() -> None:
    """The outlet on whose site the article stands takes the lead; nothing else moves."""
    outlets = {id_: source(id_) for id_ in ("harbor", "commons")}
    original = entry("Cranes", "harbor")
    copy = entry("Cranes!", "commons", link=original.link, published=at("2026-10-05 11:00"))
    standing = story(copy)

    (grown,) = _dedupe(original, standing={copy.address: standing}, sources=outlets)

    assert (grown.lead, grown.others, grown.updated) == (original, (copy,), NOW)
    assert (grown.id, grown.public_id, grown.published) == (
        standing.id, standing.public_id, standing.published,
    )  # fmt: skip
    other_way = _dedupe(copy, standing={copy.address: story(original)}, sources=outlets)
    assert other_way[0].lead == original


def test_two_entries_of_one_source() -> None:
    """What an outlet tells apart stays apart."""
    one, two = entry("One", "harbor", address="h/1"), entry("Two", "harbor", address="h/1")

    assert len(_dedupe(one, two)) == 2
    assert len(_dedupe(two, standing={"h/1": story(one)})) == 1
    assert _dedupe(two, standing={"h/1": story(one)})[0].lead == two


def test_one_title_is_not_one_story() -> None:
    """Title alone is never enough."""
    assert (
        len(_dedupe(entry("Morning briefing", "harbor"), entry("Morning briefing", "plains"))) == 2
    )


BAD_IDS = [
    "", "12345", "post 7", "https://x.example", "tag:https://x.org,2013:a", "javascript:x",
    "https://x.org/" + "a" * 600, "https://x.org/ä", 'https://x.org/"', "urn:", "tag:x,20:a",
]  # fmt: skip


@pytest.mark.parametrize("id_", BAD_IDS)
def test_an_id_that_atom_cannot_carry(id_: str) -> None:
    """Then one is minted under our own name, once (RFC 4151)."""
    (told,) = _dedupe(entry("Cranes", "harbor", id=id_))

    assert told.public_id == f"tag:commons.example,2026:story/{told.id}"


@pytest.mark.parametrize("id_", ["https://x.org/?p=1", "tag:x.org,2013-05-07:a", "urn:uuid:1-2"])
def test_an_id_that_atom_can_carry(id_: str) -> None:
    """It is published as it is."""
    assert _dedupe(entry("Cranes", "harbor", id=id_))[0].public_id == id_


def test_an_id_that_another_story_has() -> None:
    """Two outlets that use one id do not get one item in the readers."""
    one, two = entry("One", "harbor", id="urn:x:1"), entry("Two", "plains", id="urn:x:1")

    first, second = _dedupe(one, two)
    (late,) = _dedupe(one, taken={"urn:x:1"})

    assert first.public_id == "urn:x:1"
    assert second.public_id.startswith("tag:commons.example")
    assert late.public_id.startswith("tag:commons.example")


def test_the_first_import_of_an_archive() -> None:
    """Its stories arrive at their own dates, so they do not push fresh news out of the feed."""
    old = entry("Old", "harbor", published=NOW - timedelta(days=300))

    assert _dedupe(old, is_first_import=True)[0].arrived == NOW - timedelta(days=300)
    assert _dedupe(old)[0].arrived == NOW
