"""Which entries are one story, which of them leads it, and what never changes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.ingest.dedupe import ClusterResult, ClusterSettings, cluster
from aggregator.model import Entry, Match, MatchKind, Story, StoryNeighbourhood
from tests.harness.builders import NOW, article, at, entry, prose, source, story

AN_HOUR_AGO = NOW - timedelta(hours=1)
FIRST_NEW_ID = 1001
"""The id of the first entry that is not stored yet."""
OUTLETS = {id_: source(id_) for id_ in ("harbor", "commons", "plains")}


def _cluster(*entries: Entry, stored: Sequence[Story] = (), **keys: Any) -> ClusterResult:
    """Cluster new entries, each compared with every stored one."""
    numbered = [
        e if e.entry_id else replace(e, entry_id=FIRST_NEW_ID + place)
        for place, e in enumerate(entries)
    ]
    ids = [e.entry_id for s in stored for e in s.entries]
    published_ids = frozenset(s.id for s in stored)
    neighbourhood = StoryNeighbourhood(stories=tuple(stored), published_ids=published_ids)
    options = {
        "existing_public_ids": keys.pop("existing_public_ids", frozenset()),
        "is_first_import": keys.pop("is_first_import", False),
        "candidates": {e.entry_id: ids for e in numbered},
    }
    neighbourhood = keys.pop("neighbourhood", neighbourhood)
    settings = ClusterSettings(
        **{"sources": OUTLETS, "authority": "commons.example", "now": NOW, **keys}
    )
    return cluster(numbered, neighbourhood, settings, **options)


def _stored(first_id: int, lead: Entry, *duplicates: Entry, **keys: Any) -> Story:
    """A story that readers saw an hour ago; its entries are numbered from `first_id`."""
    entries = (lead, *duplicates)
    numbered = [replace(e, entry_id=first_id + place) for place, e in enumerate(entries)]
    return story(*numbered, **{"first_seen_at": AN_HOUR_AGO, **keys})


def test_a_new_story_keeps_the_outlets_id() -> None:
    """A new story keeps the outlet's id (RFC 4287 4.2.6) and has a URL of its own."""
    (new,) = _cluster(entry("Cranes", "harbor")).stories

    assert new.public_id == "https://harbor.example/?p=cranes"
    assert len(new.id) == 16
    assert new.listed_at == new.first_seen_at == NOW


def test_a_copy_at_the_same_url_is_a_duplicate() -> None:
    """A copy at the same URL joins the story, and nothing that readers know changes."""
    known = _stored(1, entry("Cranes", "harbor"))
    copy = entry("Cranes!", "commons", canonical_url=known.lead.canonical_url)

    (grown,) = _cluster(copy, stored=[known]).stories

    assert (grown.lead, grown.duplicates) == (known.lead, (replace(copy, entry_id=FIRST_NEW_ID),))
    assert grown.reasons == (f"commons and harbor: same address {copy.canonical_url}",)
    assert (grown.id, grown.public_id, grown.published, grown.updated) == (
        known.id, known.public_id, known.published, known.updated,
    )  # fmt: skip


def test_a_copy_at_another_url_is_a_duplicate() -> None:
    """A copy at another URL is found by its text, and the match is kept with its reason."""
    known = _stored(1, article("Cranes stand still", "harbor", prose(1)))
    copy = article("Why the cranes stand still", "commons", prose(1))

    result = _cluster(copy, stored=[known])

    assert [s.id for s in result.stories] == [known.id]
    (match,) = result.matches
    assert (match.entry_a, match.entry_b, match.kind) == (1, FIRST_NEW_ID, MatchKind.TEXT)
    assert "100% of the shorter text is in the other" in match.reason


def test_a_late_original_takes_the_lead() -> None:
    """The outlet that hosts the article leads it, as an update; ids and dates stay."""
    original = entry("Cranes", "harbor")
    copy = entry("Cranes!", "commons", url=original.url, published=at("2026-10-05 11:00"))
    known = _stored(1, copy)

    (grown,) = _cluster(original, stored=[known]).stories

    assert (grown.lead.title, grown.updated) == ("Cranes", NOW)
    assert [e.title for e in grown.duplicates] == ["Cranes!"]
    assert (grown.id, grown.public_id, grown.published) == (
        known.id, known.public_id, known.published,
    )  # fmt: skip


def test_a_credited_original_takes_the_lead() -> None:
    """The link in "Originally published at" decides if each is on its own outlet's site."""
    text = prose(1)
    original = article("Cranes stand still", "harbor", f"<p>{text}</p>")
    footer = f'<p>Originally published at <a href="{original.url}">Harbor</a>.</p>'
    copy = article("Cranes stand still", "commons", f"<p>{text}</p>{footer}")

    (grown,) = _cluster(original, stored=[_stored(1, copy)]).stories

    assert (grown.lead.source, [e.source for e in grown.duplicates]) == ("harbor", ["commons"])


def test_an_original_named_by_the_feed_takes_the_lead() -> None:
    """A <source> element in RSS or atom:source names the outlet that wrote the article."""
    outlets = {**OUTLETS, "harbor": source("harbor", feed="https://harbor.example/feed")}
    original = article("Cranes stand still", "harbor", prose(1))
    copy = article("Cranes stand still", "commons", prose(1), source_urls=("harbor.example/feed",))

    (grown,) = _cluster(original, stored=[_stored(1, copy)], sources=outlets).stories

    assert grown.lead.source == "harbor"


def test_precedence_decides_in_the_first_run() -> None:
    """Precedence decides the lead in the run that begins a story; afterwards the lead stays."""
    outlets = {**OUTLETS, "commons": source("commons", precedence=5)}
    first = article("Cranes stand still", "harbor", prose(1))
    better = article("Cranes stand still", "commons", prose(1))

    same_run = _cluster(better, stored=[_stored(1, first, first_seen_at=NOW)], sources=outlets)
    later = _cluster(better, stored=[_stored(1, first)], sources=outlets)
    clock = NOW.replace(microsecond=123456)  # the store keeps seconds
    precise = _cluster(
        better, stored=[_stored(1, first, first_seen_at=NOW)], sources=outlets, now=clock
    )

    assert same_run.stories[0].lead.source == "commons"
    assert precise.stories[0].lead.source == "commons"
    assert same_run.stories[0].public_id == first.id
    assert later.stories[0].lead.source == "harbor"


def test_a_copy_on_its_own_site_is_a_duplicate() -> None:
    """The lead stays, even if the known article is not on its outlet's host."""
    first = article("Cranes stand still", "harbor", prose(1), url="https://cdn.example/1")
    copy = article("Cranes stand still", "commons", prose(1))

    (grown,) = _cluster(copy, stored=[_stored(1, first)]).stories

    assert grown.lead.source == "harbor"
    assert grown.updated == first.published


def test_a_rewritten_article_may_leave_its_story() -> None:
    """An entry with nothing left in common leaves the story; one still similar stays."""
    known = _stored(
        1, article("Cranes rest", "harbor", prose(1)), article("X", "commons", prose(1))
    )
    neighbourhood = StoryNeighbourhood(
        stories=(known,),
        matches=(Match(entry_a=1, entry_b=2, kind=MatchKind.TEXT, score=2.0),),
        published_ids=frozenset({known.id}),
    )
    words = prose(1).split()
    half = " ".join(words[: len(words) // 2])
    other = replace(article("Teachers march", "commons", prose(2)), entry_id=2)
    alike = replace(article("Teachers march", "commons", f"{half} {prose(2)}"), entry_id=2)

    apart, together = (
        _cluster(other, neighbourhood=neighbourhood),
        _cluster(alike, neighbourhood=neighbourhood),
    )

    assert apart.dropped_matches == {(1, 2)}
    assert {s.lead.source for s in apart.stories} == {"harbor", "commons"}
    assert together.dropped_matches == frozenset()
    assert [len(s.entries) for s in together.stories] == [2]


def test_a_story_id_is_given_once() -> None:
    """An entry that is split off again and again begins another story each time."""
    entries = [
        replace(entry("Cranes", "harbor"), entry_id=1),
        replace(entry("X", "commons"), entry_id=2),
    ]
    first = _stored(1, *entries)
    neighbourhood = StoryNeighbourhood(
        stories=(first,), matches=(Match(entry_a=1, entry_b=2, kind=MatchKind.SPLIT),)
    )
    (_, split) = sorted(
        _cluster(neighbourhood=neighbourhood).stories, key=lambda s: s.id != first.id
    )
    again = replace(first, id=split.id)

    stories = _cluster(neighbourhood=replace(neighbourhood, stories=(again,))).stories

    assert len({s.id for s in stories}) == 2


def test_entries_of_one_source_stay_apart() -> None:
    """An outlet's entries are separate stories, however similar (NewsBlur#1722)."""
    one, two = (
        entry("One", "harbor", canonical_url="h/1"),
        entry("Two", "harbor", canonical_url="h/1"),
    )

    assert len(_cluster(one, two).stories) == 2
    assert [s.lead.title for s in _cluster(two, stored=[_stored(1, one)]).stories] == ["Two"]


def test_a_copy_joins_the_most_similar_article() -> None:
    """A copy joins the most similar article, not the first one that shares a passage."""
    shared = prose(1, 100)
    half = article("Cranes, in brief", "harbor", f"{shared} {prose(2, 90)}")
    whole = article("Cranes at rest", "harbor", f"{shared} {prose(3, 90)}")
    copy = article("Cranes at rest", "commons", f"{shared} {prose(3, 90)}")

    (grown,) = _cluster(copy, stored=[_stored(1, half), _stored(2, whole)]).stories

    assert grown.lead.title == "Cranes at rest"


def test_an_entry_that_matches_two_stories_merges_them() -> None:
    """The story that was seen first stays, and the other is known as merged into it."""
    words = prose(1, 120).split()
    first = article("Cranes stand still", "harbor", " ".join(words[:40]))
    second = article("Harbor cranes stand still", "plains", " ".join(words[60:]))
    whole = article("The cranes stand still", "commons", " ".join(words))
    apart = _cluster(second, stored=[_stored(1, first)])
    one, two = _stored(1, first), _stored(2, second)

    result = _cluster(whole, stored=[one, two])

    assert apart.matches == ()
    (grown,) = result.stories
    assert grown.id == one.id
    assert {e.source for e in grown.entries} == {"harbor", "plains", "commons"}
    assert result.merged_into == {two.id: one.id}


def test_a_published_story_absorbs_a_held_one() -> None:
    """A held story is merged into the published one, even if it is older."""
    held, seen = (
        _stored(1, entry("A", "harbor")),
        _stored(2, entry("A", "plains", canonical_url="h/1")),
    )
    match = Match(entry_a=1, entry_b=2, kind=MatchKind.MERGED)
    neighbourhood = StoryNeighbourhood(
        stories=(held, seen), matches=(match,), published_ids=frozenset({seen.id})
    )

    result = _cluster(neighbourhood=neighbourhood)

    assert [s.id for s in result.stories] == [seen.id]


def test_the_story_that_was_seen_first_stays() -> None:
    """The story that readers saw first stays, not the one with the lower entry id."""
    late, early = _stored(1, entry("A", "harbor")), _stored(2, entry("A", "plains"))
    early = replace(early, first_seen_at=AN_HOUR_AGO - timedelta(hours=1))
    match = Match(entry_a=1, entry_b=2, kind=MatchKind.MERGED)
    seen = frozenset({late.id, early.id})

    result = _cluster(
        neighbourhood=StoryNeighbourhood(
            stories=(late, early), matches=(match,), published_ids=seen
        )
    )

    assert result.merged_into == {late.id: early.id}


def test_a_copy_of_a_dropped_story_is_its_own_story() -> None:
    """A copy does not bring back a story that an operator has dropped."""
    dropped = _stored(1, article("Cranes stand still", "harbor", prose(1)))
    copy = article("Why the cranes stand still", "commons", prose(1))
    neighbourhood = StoryNeighbourhood(stories=(dropped,), unlisted_ids=frozenset({dropped.id}))

    result = _cluster(copy, stored=[dropped], neighbourhood=neighbourhood)

    assert [(s.lead.source, s.duplicates) for s in result.stories] == [("commons", ())]


def test_a_split_overrides_evidence() -> None:
    """The remaining entry keeps the story, and the other begins one despite the evidence."""
    copy = entry("Cranes", "commons", canonical_url="harbor.example/cranes")
    known = _stored(1, entry("Cranes", "harbor"), copy)
    matches = (
        Match(entry_a=1, entry_b=2, kind=MatchKind.SPLIT),
        Match(entry_a=1, entry_b=2, kind=MatchKind.ADDRESS, score=1.0),
    )

    result = _cluster(
        neighbourhood=StoryNeighbourhood(
            stories=(known,), matches=matches, published_ids=frozenset({known.id})
        )
    )

    kept, split = sorted(result.stories, key=lambda s: s.id != known.id)
    assert (kept.id, kept.duplicates, split.lead.source) == (known.id, (), "commons")
    assert split.public_id not in (known.public_id, "")


def test_a_merged_story_that_is_split_keeps_its_id() -> None:
    """After a split both stories have their ids from before the merge."""
    copy = entry("Cranes", "commons")
    known = _stored(1, entry("Cranes", "harbor"), copy)
    former = _stored(2, copy)
    neighbourhood = StoryNeighbourhood(
        stories=(known,),
        matches=(Match(entry_a=1, entry_b=2, kind=MatchKind.SPLIT),),
        merged_stories=(former,),
        published_ids=frozenset({known.id}),
    )

    result = _cluster(neighbourhood=neighbourhood)

    assert {s.id for s in result.stories} == {known.id, former.id}


@pytest.mark.parametrize(
    ("setting", "link", "count"),
    [
        ("off", "https://harbor.example/cranes-stand-still", 2),
        ("address", "https://harbor.example/cranes-stand-still", 1),
        ("address", "https://commons.example/1", 2),
        ("text", "https://commons.example/1", 1),
    ],
)
def test_dedupe_limits_the_evidence(setting: str, link: str, count: int) -> None:
    """A source's `dedupe` says which evidence may merge its entries."""
    outlets = {**OUTLETS, "commons": source("commons", dedupe=setting)}
    known = _stored(1, article("Cranes stand still", "harbor", prose(1)))
    copy = article("Cranes stand still", "commons", prose(1), url=link)

    result = _cluster(copy, stored=[known], sources=outlets)

    stories = {known.id} | {s.id for s in result.stories}
    assert len(stories) == count


INVALID_IDS = [
    "", "12345", "post 7", "https://x.example", "tag:https://x.org,2013:a", "javascript:x",
    "https://x.org/" + "a" * 600, "https://x.org/ä", 'https://x.org/"', "urn:", "tag:x,20:a",
]  # fmt: skip


@pytest.mark.parametrize("id_", INVALID_IDS)
def test_an_invalid_id_is_replaced(id_: str) -> None:
    """An id that Atom does not allow is replaced by a tag URI of our own (RFC 4151)."""
    (new,) = _cluster(entry("Cranes", "harbor", id=id_)).stories

    assert new.public_id == f"tag:commons.example,2026:story/{new.id}"


@pytest.mark.parametrize("id_", ["https://x.org/?p=1", "tag:x.org,2013-05-07:a", "urn:uuid:1-2"])
def test_a_valid_id_is_kept(id_: str) -> None:
    """An id that Atom allows is published unchanged."""
    assert _cluster(entry("Cranes", "harbor", id=id_)).stories[0].public_id == id_


def test_an_id_is_published_once() -> None:
    """Two outlets that use one id do not share an item in feed readers."""
    one, two = entry("One", "harbor", id="urn:x:1"), entry("Two", "plains", id="urn:x:1")

    first, second = _cluster(one, two).stories
    (late,) = _cluster(one, existing_public_ids={"urn:x:1"}).stories

    assert first.public_id == "urn:x:1"
    assert second.public_id.startswith("tag:commons.example")
    assert late.public_id.startswith("tag:commons.example")


def test_a_first_import_is_listed_by_date() -> None:
    """An archive is listed at its own dates, so that fresh news stays in the feed."""
    old = entry("Old", "harbor", published=NOW - timedelta(days=300))

    assert _cluster(old, is_first_import=True).stories[0].listed_at == NOW - timedelta(days=300)
    assert _cluster(old).stories[0].listed_at == NOW
