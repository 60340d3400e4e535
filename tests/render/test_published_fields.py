"""A published field that is missing somewhere fails here, with the name of the place.

Every field of an entry and a story has a decision below: it is published in every place, or has a
reason why not. A field that is added to the model needs a decision too, and so does a format that
is added to FORMATS.

    content hash        a change of it is an update to readers
    revision            a change of it is saved, and published at the next request
    store               it is read back as it was saved
    each format         it is in the feeds of lists
    list page           it is on the page of a list
    story page          it is on the page of the story
    export              it is in the static export
    rules, search       topic rules and searches see it

A field is also emptied when its story is older than [storage] keep, or has a reason why not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from aggregator.ingest.changeset import compare
from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.match.matcher import MatchResult
from aggregator.model import (
    Batch,
    Enclosure,
    Entry,
    FetchState,
    Outcome,
    ParsedEntry,
    Placement,
    PlacementReason,
    ReasonKind,
    SafeHtml,
    StoredEntry,
    Story,
    StoryChange,
)
from aggregator.query import parse, view_of_entry
from aggregator.render.formats import FORMATS
from aggregator.site.export import export_site
from tests.harness.builders import NOW, at, entry, html, keyed, parsed_entry, plain, source, story
from tests.harness.newsroom import Newsroom

INGEST = ("content hash", "revision", "store")
QUERIES = ("rules", "search")
PAGES = ("list page", "story page")
OUTPUT = (*(each.name for each in FORMATS.values()), *PAGES, "export")
ENTRY_PLACES = (*INGEST, *OUTPUT, *QUERIES)
STORY_PLACES = ("store", *OUTPUT)

DATE = at("2026-03-04 05:06")
LATER = at("2026-04-05 06:07")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The decision about a field.

    `value` is distinctive, and published if one of the `markers` is in the output. `other` is the
    value after a change, `query` finds the value in rules and searches. `missing` maps places where
    the field is not published to the reason.
    """

    value: object = None
    other: object = None
    markers: tuple[str, ...] = ()
    query: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)


def internal(reason: str, *, value: object = None, is_stored: bool = True) -> Decision:
    """A field that readers do not see, with the reason."""
    places = dict.fromkeys(ENTRY_PLACES, reason)
    if is_stored:
        del places["store"]
    return Decision(value=value, missing=places)


def not_in(*places: str, reason: str) -> dict[str, str]:
    """These places, with the same reason."""
    return dict.fromkeys(places, reason)


NO_UPDATE = not_in("content hash", reason="readers are told of new words only")
NOT_SEARCHED = not_in(*QUERIES, reason="nobody writes rules about it")
FEEDS = tuple(each.name for each in FORMATS.values())
NOT_ON_PAGES = not_in(*PAGES, reason="whoever wants it reads it at the outlet")
CREDIT_ONLY = "Atom's source element alone has a time of the entry"

ENTRY: dict[str, Decision] = {
    "title": Decision(value="Zqtitle", other="Another", markers=("Zqtitle",), query="Zqtitle"),
    "summary": Decision(
        value="Zqsummary.", other="Another.", markers=("Zqsummary",), query="Zqsummary"
    ),
    "content": Decision(
        value=SafeHtml("<p>Zqcontent</p>"),
        other=SafeHtml("<p>Another</p>"), markers=("Zqcontent",), query="content:Zqcontent",
        missing=not_in("list page", reason="a list shows teasers"),
    ),
    "author": Decision(
        value="Zqauthor", other="Another", markers=("Zqauthor",), query="author:Zqauthor",
        missing=NO_UPDATE,
    ),
    "tags": Decision(
        value=("Zqtag",), other=("Another",), markers=("Zqtag",), query="tag:Zqtag",
        missing={**NO_UPDATE, **not_in(*PAGES, reason="pages have our topics instead")},
    ),
    "language": Decision(
        value="eu", query="lang:eu",
        markers=("<dc:language>eu<", 'xml:lang="eu"', '"language": "eu"', 'lang="eu"'),
        missing={
            **NO_UPDATE, **not_in("revision", reason="the words change with it, and are saved then")
        },
    ),
    "url": Decision(
        value="https://zqurl.example/a", other="https://zqurl.example/b",
        markers=("https://zqurl.example/a",), missing={**NO_UPDATE, **NOT_SEARCHED},
    ),
    "image": Decision(
        value="https://zqimage.example/p.jpg", other="https://zqimage.example/q.jpg",
        markers=("https://zqimage.example/p.jpg",), missing={**NO_UPDATE, **NOT_SEARCHED},
    ),
    "image_alt": Decision(
        value="Zqpictured", other="Another", markers=("Zqpictured",),
        missing={**NO_UPDATE, **NOT_SEARCHED, **not_in(*FEEDS, reason="feeds have pictures alone")},
    ),
    "enclosures": Decision(
        value=(Enclosure(url="https://zqfile.example/a.mp3", type="audio/mpeg", length=12345),),
        other=(), markers=("https://zqfile.example/a.mp3",),
        missing={**NO_UPDATE, **NOT_SEARCHED, **NOT_ON_PAGES},
    ),
    "updated": Decision(
        value=LATER, markers=("2026-04-05T06:07:00",),
        missing={
            **NO_UPDATE, **NOT_SEARCHED,
            **not_in("revision", reason="a date that moves is nothing"),
            **not_in("RSS", "JSON Feed", *PAGES, reason=CREDIT_ONLY),
        },
    ),
    "source": Decision(
        value="harbor", markers=("Zqoutlet",), query="source:Zqoutlet",
        missing=not_in("content hash", "revision", reason="no entry moves to another source"),
    ),
    "id": internal("readers see the story's public id, which is chosen once", value="tag:h,2026:1"),
    "published": internal("readers see the story's date, which is chosen once", value=DATE),
    "keys": internal("an entry is recognised by them", is_stored=False),
    "canonical_url": internal("entries are compared by it", value="zqurl.example/a"),
    "raw_hash": internal("tells whether the document has changed", value="r"),
    "content_hash": internal("is the hash itself", value="c"),
    "feed_index": internal("orders stories of one date", value=7),
    "source_urls": internal("copies are found by it", value=("origin.example/a",)),
    "is_dated": internal("tells how to read `published`", value=False),
    "fingerprints": internal("near-duplicates are found by them", is_stored=False),
    **dict.fromkeys(("words", "event_words"), internal("an index gets them", is_stored=False)),
    "entry_id": internal("the store's own number", value=1),
}  # fmt: skip

OWN_WORDS = {"own_headline": "Zqheadline", "editor_note": "Zqnote"}
NOT_FOR_PAGES = not_in(*PAGES, reason="it is for programs")
STORY: dict[str, Decision] = {
    "id": Decision(
        value="0123456789abcdef", markers=("/stories/0123456789abcdef",),
        missing=not_in(*FEEDS, reason="feeds have the public id"),
    ),
    "public_id": Decision(
        value="tag:zqpublic,2026:1", markers=("tag:zqpublic,2026:1",), missing=NOT_FOR_PAGES
    ),
    "published": Decision(
        value=DATE, markers=("2026-03-04T05:06:00", "04 Mar 2026 05:06:00")
    ),
    "updated": Decision(
        value=at("2026-05-06 07:08"), markers=("2026-05-06T07:08:00",),
        missing={"list page": "it is for programs", "RSS": "an item has no such element"},
    ),
    "duplicates": Decision(markers=("https://zqcopy.example/a",)),
    "topics": Decision(
        value=("zqtopic",), markers=("<category>Zqtopic Title", 'term="Zqtopic Title"',
                                     '"Zqtopic Title"', ">Zqtopic Title</a> because it is from"),
        missing=not_in("list page", reason="a list is about a topic already"),
    ),
    "reasons": Decision(
        value=("Zqreason",), markers=("Zqreason",),
        missing=not_in(*OUTPUT, reason="evidence is for operators; readers see the other outlets"),
    ),
    "lead": Decision(markers=("Zqtitle",)),
    "listed_at": internal("decides what is in the window of a feed", value=at("2026-06-07 08:09")),
    "first_seen_at": internal("decides which of two stories stays", value=at("2026-07-08 09:10")),
    **{name: Decision(value=mark, markers=(mark,)) for name, mark in OWN_WORDS.items()},
    "is_complete": internal("says how it was loaded; the feed says so", is_stored=False),
}  # fmt: skip


# ---- the model and the tables


@pytest.mark.parametrize(
    ("model", "decisions", "places"),
    [(Entry, ENTRY, ENTRY_PLACES), (Story, STORY, STORY_PLACES)],
    ids=["entry", "story"],
)
def test_every_field_has_a_decision(
    model: type, decisions: dict[str, Decision], places: tuple[str, ...]
) -> None:
    """A new field of the model needs a row here that says where it is published."""
    undecided = {each.name for each in fields(model)} - decisions.keys()

    assert not undecided, f"decide for {sorted(undecided)}: {', '.join(places)}"
    assert decisions.keys() == {each.name for each in fields(model)}


def _expected_in(decisions: dict[str, Decision], place: str) -> list[str]:
    """The fields that must be in a place."""
    return [name for name, decision in decisions.items() if place not in decision.missing]


# ---- one story with a distinctive value in every field


COPY = entry(
    "Zqcopy", "copies", url="https://zqcopy.example/a",
    summary="", content=SafeHtml(""), entry_id=2,
)  # fmt: skip


def _story() -> Story:
    values = {name: each.value for name, each in ENTRY.items() if each.value is not None}
    lead = replace(entry("A", "harbor"), **values)  # type: ignore[arg-type]
    values = {name: each.value for name, each in STORY.items() if each.value is not None}
    return replace(story(lead, COPY), **values)  # type: ignore[arg-type]


@pytest.fixture
def published(newsroom: Newsroom) -> Newsroom:
    """A newsroom that publishes the story of _story."""
    newsroom.lists("harbor", show='"full"', images='"outlet"', topics='["zqtopic"]')
    newsroom.change('name = "Harbor"', 'name = "Zqoutlet"')
    newsroom.lists("copies")
    newsroom.has_topic("zqtopic")
    newsroom.change('title = "Zqtopic"', 'title = "Zqtopic Title"')
    newsroom.store.sources.sync(newsroom.config.all_sources, NOW)
    by_source = PlacementReason(ReasonKind.SOURCE, "harbor")
    placement = Placement(topic="zqtopic", reason="source harbor", placed_by=(by_source,))
    found = _story()
    change = StoryChange(story=found, listed_at=found.listed_at, placements=(placement,))
    batch = Batch(
        source="harbor",
        state=FetchState(),
        outcome=Outcome.CHANGED,
        new=(change,),
        new_entry_ids=frozenset({1, 2}),
    )
    newsroom.store.entries.save(batch, NOW)
    return newsroom


def _output(newsroom: Newsroom, place: str, folder: Path) -> str:
    """The output of a place, for an outlet with full texts and for one with excerpts."""
    formats = {each.name: f"/all.{each.extension}" for each in FORMATS.values()}
    paths = {**formats, "list page": "/all", "story page": "/stories/0123456789abcdef"}
    bodies = []
    for show in ("full", "excerpt"):
        newsroom.change('show = "full"', f'show = "{show}"')
        if place == "export":
            export_site(newsroom.site, folder / show)
            files = [*folder.rglob("*.html"), *(f for e in FORMATS for f in folder.rglob(f"*.{e}"))]
            bodies += [file.read_text(encoding="utf-8") for file in files]
        else:
            bodies.append(newsroom.get(paths[place]).text)
    return "\n".join(bodies)


@pytest.mark.parametrize("place", OUTPUT)
def test_each_place_shows_exactly_its_fields(
    published: Newsroom, place: str, tmp_path: Path
) -> None:
    """A field that is not meant for a place is not in its output."""
    output = _output(published, place, tmp_path)

    wrong = {
        f"{model}.{name}": "missing" if place not in decision.missing else "there"
        for model, decisions in (("Entry", ENTRY), ("Story", STORY))
        for name, decision in decisions.items()
        if any(marker in output for marker in decision.markers) == (place in decision.missing)
    }
    assert wrong == {}, f"{place}: {wrong}"


def test_stored_fields_are_read_as_saved(published: Newsroom) -> None:
    """The store's mappers lose no field."""
    saved, found = _story(), published.store.stories.get("0123456789abcdef")

    assert found
    for name in _expected_in(ENTRY, "store"):
        assert getattr(found.lead, name) == getattr(saved.lead, name), f"Entry.{name} in the store"
    for name in _expected_in(STORY, "store"):
        if name not in ("lead", "duplicates"):  # their fields are compared above
            assert getattr(found, name) == getattr(saved, name), f"Story.{name} in the store"
    assert [each.url for each in found.duplicates] == [COPY.url]


def test_rules_and_searches_see_the_same_fields(published: Newsroom) -> None:
    """Topic rules and searches see the same of an entry."""
    lead, outlet = _story().lead, published.config.all_sources[0]
    ((found, _),) = published.store.entries.search(parse("source:harbor").root)
    view = view_of_entry(lead, outlet)

    for each in fields(view):
        if each.name not in ("story_number", "published"):  # only stored entries have it
            assert getattr(found, each.name) == getattr(view, each.name), each.name
    for place in QUERIES:
        assert {n for n, each in ENTRY.items() if each.query} == set(_expected_in(ENTRY, place))
    for name in _expected_in(ENTRY, "rules"):
        query = parse(ENTRY[name].query)
        assert query.match_entry(view), f"Entry.{name} in rules"
        assert published.store.lists.search(query.root, 9).stories, f"Entry.{name} in search"


# ---- changes of a field


PARSED = parsed_entry(
    "Zqtitle", id="1", content=html("<p>Zqcontent</p>"), summary=plain("Zqsummary.")
)
CHANGES: dict[str, Callable[[], ParsedEntry]] = {
    "title": partial(replace, PARSED, title=plain("Another")),
    "summary": partial(replace, PARSED, summary=plain("Another.")),
    "content": partial(replace, PARSED, content=html("<p>Another</p>")),
    "author": partial(replace, PARSED, author="Another"),
    "tags": partial(replace, PARSED, tags=("Another",)),
    "language": partial(replace, PARSED, language="eu"),
    "url": partial(replace, PARSED, url="https://zqurl.example/b"),
    "image": partial(replace, PARSED, image="https://zqimage.example/q.jpg"),
    "image_alt": partial(replace, PARSED, image="https://a.example/p.jpg", image_alt="Another"),
    "enclosures": partial(
        replace, PARSED, enclosures=(Enclosure(url="https://zqfile.example/b.mp3"),)
    ),
    "updated": partial(replace, PARSED, updated=at("2026-10-05 11:00")),
    "published": partial(replace, PARSED, published=DATE),
    "id": partial(replace, PARSED, id="2"),
}  # fmt: skip
"""A change of each field that outlets provide."""


@pytest.mark.parametrize("name", CHANGES)
def test_only_changes_that_readers_see_are_updates(name: str) -> None:
    """The content hash changes with the words that readers see, and with nothing else."""
    full = source(show="full")
    before, after = clean(keyed(PARSED), full, NOW), clean(keyed(CHANGES[name]()), full, NOW)

    assert isinstance(before, Entry)
    assert isinstance(after, Entry)
    assert getattr(before, name) != getattr(after, name)
    is_update = before.content_hash != after.content_hash
    assert is_update == (name in _expected_in(ENTRY, "content hash")), f"Entry.{name}: {is_update}"


def test_every_updating_field_has_a_change() -> None:
    """Every field in the content hash has a change above."""
    assert set(_expected_in(ENTRY, "content hash")) <= CHANGES.keys()


@pytest.mark.parametrize("name", _expected_in(ENTRY, "revision"))
def test_a_changed_field_is_a_revision(name: str) -> None:
    """A revision is saved even if it is not an update for readers."""
    stored = _story().lead
    known = StoredEntry(entry_id=1, raw_hash="r", content_hash=stored.content_hash)
    item = keyed(PARSED)
    result = MatchResult(
        new=(), changed=((item, known),), unchanged_count=0, matched_ids=frozenset({1}),
        renamed_count=0,
    )  # fmt: skip
    other = replace(stored, **{name: ENTRY[name].other})  # type: ignore[arg-type]

    assert compare(result, [stored], {1: stored}).revised == ()
    assert [entry for _, entry in compare(result, [other], {1: stored}).revised] == [other], (
        f"Entry.{name}: its change is not a revision"
    )


KEPT_AFTER_PURGE = {  # fields by which an old entry is recognised, credited and dated
    "entry_id", "source", "id", "url", "title", "language", "published", "updated", "raw_hash",
    "content_hash", "feed_index", "is_dated",
}  # fmt: skip


def test_every_other_field_is_emptied_when_a_story_is_purged(published: Newsroom) -> None:
    """Nothing of an old text stays in the database but what recognises the entry."""
    published.store.stories.purge(timedelta(days=1), NOW + timedelta(days=3650))

    purged = published.store.entries.stories({1})[1]
    left = {each.name for each in fields(Entry) if getattr(purged.lead, each.name)}
    assert left <= KEPT_AFTER_PURGE
    assert (purged.own_headline, purged.editor_note) == ("", "")
