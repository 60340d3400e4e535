"""A document that is parsed in chunks gives the same result as one parsed whole."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.demo.sample_feeds import FORMATS, Item
from aggregator.errors import StoreUnavailable
from aggregator.ingest.parse.channel import feed_meta
from aggregator.ingest.parse.chunks import CHUNK_ENTRIES, ChunkedDocument, split_into_chunks
from aggregator.ingest.parse.parser import parse
from aggregator.model import Batch, Failed, FeedMeta, Fetched, FetchState, ParsedEntry, ParsedFeed
from tests.harness.builders import fetched
from tests.harness.builders import parsed_entry as entry
from tests.harness.newsroom import Newsroom, article
from tests.harness.stand_in import stand_in

HOUR = timedelta(hours=1)


@pytest.fixture
def pairs(newsroom: Newsroom) -> Newsroom:
    """A newsroom that parses documents in chunks of two entries."""
    newsroom.ingest_options["chunk_entries"] = 2
    return newsroom


def _chunks(document: Fetched) -> list[Fetched]:
    """The document in chunks of two entries."""
    found = split_into_chunks(document, chunk_entries=2)
    assert isinstance(found, ChunkedDocument)
    return [found[number].document for number in range(len(found))]


def _entries(document: Fetched) -> list[ParsedEntry]:
    parsed = parse(document)
    assert isinstance(parsed, ParsedFeed), parsed
    return list(parsed.entries)


def _titles(document: Fetched) -> list[list[str]]:
    """The titles in each chunk."""
    return [[e.title.value if e.title else "" for e in _entries(p)] for p in _chunks(document)]


def _render(form: str, *articles: Item) -> Fetched:
    content_type, encoding, render = FORMATS[form]
    text = render("Harbor", "https://harbor.example/", articles)
    return fetched(text.encode(encoding, "xmlcharrefreplace"), content_type)


@pytest.mark.parametrize("form", FORMATS)
def test_chunks_of_every_format_have_all_entries(form: str) -> None:
    """The chunks have the entries of the document in order; a small document is one chunk."""
    document = _render(form, *(article(f"Story {n}") for n in range(5)))

    assert [len(part) for part in _titles(document)] == [2, 2, 1]
    assert [e for part in _chunks(document) for e in _entries(part)] == _entries(document)
    assert len(_chunks(_render(form, article("One"), article("Two")))) == 1


def test_tags_in_text_do_not_begin_an_entry() -> None:
    """Tags in the CDATA and the comments of an article about feeds do not begin an entry."""
    text = "<![CDATA[Write <item><title>x</title></item> or <entry>.]]>"
    items = "".join(
        f"<!-- <item> --><item><title>S{n}</title><description>{text}</description></item>"
        for n in range(3)
    )
    whole = f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"

    assert _titles(fetched(whole)) == [["S0", "S1"], ["S2"]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig"])
def test_chunks_of_every_encoding_have_all_entries(encoding: str) -> None:
    """Tags are found in multibyte encodings too."""
    name_ = encoding.removesuffix("-le").removesuffix("-sig")
    items = "".join(f"<item><title>Überfall {n}</title></item>" for n in range(3))
    whole = f"<?xml version='1.0' encoding='{name_}'?><rss><channel>{items}</channel></rss>"

    titles = _titles(fetched(whole.encode(encoding)))

    assert titles == [["Überfall 0", "Überfall 1"], ["Überfall 2"]]


def test_every_chunk_has_the_channel() -> None:
    """Every chunk has the namespaces, entities and hints before and after the entries."""
    items = "".join(f"<item><x:creator>&me;</x:creator><title>S{n}</title></item>" for n in "123")
    whole = (
        "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY me 'Ann'>]>"
        "<rss version='2.0' xmlns:x='http://purl.org/dc/elements/1.1/'><channel>"
        f"{items}<ttl>90</ttl></channel></rss>"
    )

    for part in _chunks(fetched(whole)):
        parsed = parse(part)
        assert isinstance(parsed, ParsedFeed)
        assert (parsed.polling_hints.interval, parsed.problem) == (90 * 60, "")
        assert {e.author for e in parsed.entries} == {"Ann"}


def test_a_truncated_document_breaks_its_last_entry() -> None:
    """Only the last entry of a truncated document is broken."""
    whole = "<rss><channel>" + "".join(f"<item><title>S{n}</title></item>" for n in range(4))
    cut = fetched(f"{whole}<item><title>S4</title><descr")

    broken = [[bool(e.broken) for e in _entries(part)] for part in _chunks(cut)]

    assert broken == [[False, False], [False, False], [True]]


def test_json_is_split_into_items() -> None:
    """Brackets in strings and other lists are not items; nothing of broken JSON is parsed."""
    items = ",".join(f'{{"id": "{n}", "title": "[{{\\"S{n}\\\\", "tags": ["a"]}}' for n in range(3))
    whole = f'{{"authors": [{{"name": "A"}}], "items": [{items}, 7], "hubs": [{{"a": {{}}}}]}}'

    assert _titles(fetched(whole)) == [['[{"S0\\', '[{"S1\\'], ['[{"S2\\', ""]]
    assert all(isinstance(parse(p), Failed) for p in _chunks(fetched(whole[:-30])))


def test_an_entry_that_is_too_large_is_rejected_alone() -> None:
    """Only the entry of more than 2 MB is rejected."""
    huge = f"<item><title>Huge</title><description>{'x' * 5_000_000}</description></item>"
    whole = f"<rss version='2.0'><channel><item><title>S</title></item>{huge}</channel></rss>"
    found = split_into_chunks(fetched(whole))
    assert isinstance(found, ChunkedDocument)

    first, second = found[0], found[1]
    assert len(found) == 2

    assert [e.title.value for e in _entries(first.document) if e.title] == ["S"]
    assert second.oversized_entry is not None
    assert second.oversized_entry.broken == "it has more than 2,000,000 bytes"
    assert len(second.document.body) < 100


@pytest.mark.parametrize(
    "unit", [b"<item ", b"<![CDATA[", b"<!--", b"<?", b"<!ENTITY ", b'{"items":["\\', b'\\"']
)
def test_15_mb_of_noise_is_scanned_at_once(unit: bytes) -> None:
    """No regular expression backtracks in noise: that would take years, not a second."""
    start = b"{" if unit[:1] in b"{\\" else b""
    found = split_into_chunks(fetched(start + unit * (15_000_000 // len(unit))))

    assert isinstance(found, Failed | ChunkedDocument)


@given(st.lists(st.booleans(), max_size=6), st.integers(0, 6))
def test_feed_metadata_adds_up(dated: list[bool], cut: int) -> None:
    """The metadata of all chunks adds up to that of the document."""
    entries = tuple(
        replace(entry(f"S{n}"), published=Newsroom.NOW - n * HOUR if is_dated else "soon")
        for n, is_dated in enumerate(dated)
    )

    def of(part: tuple[ParsedEntry, ...]) -> FeedMeta:
        return feed_meta(ParsedFeed(entries=part))

    assert of(entries[:cut]) + of(entries[cut:]) == of(entries)


# ---- from the outlet to the reader -----------------------------------------------------


def test_entries_with_one_id_are_kept_across_chunks(pairs: Newsroom) -> None:
    """Entries that share an id are distinguished, even in different chunks."""
    pairs.lists("harbor")
    pairs.publishes("harbor", *(article(f"Story {n}", id_="same") for n in range(5)))

    first = pairs.ingests()
    pairs.publishes("harbor", *(article(f"Story {n}", id_="same") for n in range(6)))
    second = pairs.ingests(later=HOUR)

    assert (first.total.new, second.total.new, second.total.updated) == (5, 1, 0)
    assert len(set(pairs.titles("/all.atom"))) == 6


def test_an_entry_in_two_chunks_is_one_entry(pairs: Newsroom) -> None:
    """An entry that is listed in two chunks is one entry, now and at the next fetch."""
    pairs.lists("harbor")
    listed = [article(title) for title in ("A", "B", "C", "A")]
    pairs.publishes("harbor", *listed)

    first = pairs.ingests().total
    pairs.publishes("harbor", article("D"), *listed)
    second = pairs.ingests(later=HOUR).total

    assert (first.new, first.known) == (3, 1)
    assert (second.new, second.updated, second.known) == (1, 0, 4)


def test_a_broken_chunk_fails_the_document(pairs: Newsroom) -> None:
    """Nothing of a document is published if one of its chunks cannot be parsed."""
    pairs.lists("harbor")
    items = ",".join(
        f'{{"id": "{n}", "title": "S", "url": "https://h.example/{n}"}}' for n in "123"
    )
    pairs.answers("harbor", f'{{"items": [{items}, {{"id": nothing}}]}}'.encode())

    (report,) = pairs.ingests().sources

    assert report.error.startswith("The JSON Feed cannot be read")
    assert pairs.titles("/all.atom") == []


def test_the_next_run_completes_an_interrupted_one(pairs: Newsroom) -> None:
    """Stored chunks are known to the next run, which stores the rest of the document.

    The fetch state is saved only at the end.
    """
    pairs.lists("harbor")
    pairs.publishes("harbor", *(article(f"Story {n}") for n in range(7)))
    saved: list[Batch] = []

    def fail_at_the_third(batch: Batch, now: datetime) -> None:
        saved.append(batch)
        if len(saved) == 3:
            raise StoreUnavailable("The disk is full.")
        pairs.store.entries.save(batch, now)

    entries = stand_in(pairs.store.entries, save=fail_at_the_third)
    pairs.ingest_options["store"] = stand_in(pairs.store, entries=entries)
    with pytest.raises(StoreUnavailable):
        pairs.ingests()
    del pairs.ingest_options["store"]
    assert len(pairs.titles("/all.atom")) == 4
    assert pairs.store.sources.fetch_state("harbor") == FetchState()

    total = pairs.ingests(later=HOUR).total

    assert (total.new, total.updated, total.known) == (3, 0, 4)
    assert sorted(pairs.titles("/all.atom")) == [f"Story {n}" for n in range(7)]
    assert pairs.store.maintenance.check(pairs.now) == []


def _item(title: str, id_: str, link: str = "", day: int = 5, text: str = "Something.") -> str:
    date = f"<pubDate>{day:02} Oct 2026 10:00:00 GMT</pubDate>" if day else ""
    link = link or f"https://h.example/news/{id_}"
    return (
        f"<item><title>{title}</title><guid isPermaLink='false'>{id_}</guid><link>{link}</link>"
        f"{date}<description>{text}</description></item>"
    )


_FEW = [_item(f"Story {n}", f"s{n}") for n in range(3)]
_OLD = [_item(f"Report {n}", f"a{n}", f"https://old.example/?p={n}") for n in range(6)]
_RENAMED = [_item(f"Report {n}", f"urn:x:{n}", f"https://new.example/s{n}", 4) for n in range(6)]
_FRESH = [_item(f"Fresh {n}", f"urn:f:{n}", f"https://new.example/f{n}") for n in range(3)]
_LIVE = "https://h.example/live-blog-from-the-court"
_BRIEFING = _item("Daily briefing", "urn:x:b", "https://new.example/b", 5, "Of today.")
SUCCESSIVE_DOCUMENTS: list[tuple[str, list[str], list[str]]] = [
    ("all renamed, new entries first", _OLD, [*_FRESH, *_RENAMED]),
    (
        "a title that another entry has in a later chunk",
        _OLD,
        [*_RENAMED[:2], _item("Report 5", "urn:y", "https://new.example/y", 4), *_RENAMED[2:]],
    ),
    (
        "a title that a later chunk lists under its old id",
        [*_OLD, _item("Daily briefing", "b", "https://old.example/?p=b", 4)],
        [_BRIEFING, *_RENAMED, _item("Daily briefing", "b", "https://old.example/?p=b", 4)],
    ),
    (
        "a URL that passes to another entry",
        [_item("Live", "1", _LIVE, 0), *_FEW],
        [_item("New", "4", _LIVE, 0, "x"), *_FEW, _item("Live", "1", _LIVE + "-of-monday", 0)],
    ),
    ("a burst that is listed twice", _FEW, [_item(f"N {n}", f"n{n}") for n in range(6)] * 2),
    (
        "a burst of rejected entries",
        _FEW,
        [*(_item(f"N {n}", f"n{n}") for n in range(4)), *(["<item><guid>x</guid></item>"] * 6)],
    ),
    (
        "repeated entries, one of them edited",
        [*_FEW, *_FEW],
        [_item("Story 0", "s0", text="x"), *_FEW],
    ),
    (
        "a rejected entry that is listed twice",
        _FEW,
        [*_FEW, *(["<item><guid>x</guid></item>"] * 4)],
    ),
]


@pytest.mark.parametrize(
    ("first", "second"),
    [c[1:] for c in SUCCESSIVE_DOCUMENTS],
    ids=[c[0] for c in SUCCESSIVE_DOCUMENTS],
)
def test_chunks_change_nothing(newsroom: Newsroom, first: list[str], second: list[str]) -> None:
    """A document is published and counted in the same way whole and in chunks."""
    seen: dict[str, list[object]] = {"whole": [], "chunked": []}
    for outlet, entries in (("whole", CHUNK_ENTRIES), ("chunked", 2)):
        newsroom.ingest_options["chunk_entries"] = entries
        newsroom.lists(outlet, max_new="8")
        for number, items in enumerate((first, second)):
            body = f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>"
            newsroom.answers(outlet, body.replace(".example", f".{outlet}.example").encode())
            (report,) = newsroom.ingests(outlet, later=number * HOUR).sources
            seen[outlet] += [report.counts, report.note.replace(outlet, "")]
        published = newsroom.read(f"/sources/{outlet}.atom").entries
        seen[outlet].append(sorted((item.title, item.summary) for item in published))

    assert seen["chunked"] == seen["whole"]


def test_hints_before_a_huge_entry_are_read() -> None:
    """The hints are read even if the first entry is too large."""
    huge = f"<item><description>{'x' * 2_100_000}</description></item>"
    whole = f"<rss version='2.0'><channel><ttl>90</ttl>{huge}{''.join(_FEW)}</channel></rss>"
    found = split_into_chunks(fetched(whole))
    assert isinstance(found, ChunkedDocument)

    parsed = parse(found[0].document)

    assert isinstance(parsed, ParsedFeed)
    assert parsed.polling_hints.interval == 90 * 60


def test_a_document_beyond_the_match_limit_is_split(pairs: Newsroom) -> None:
    """Entries are known to the later parts of a document that is matched in several."""
    pairs.ingest_options["max_matched_entries"] = 4
    pairs.lists("harbor")
    listed = [article(f"Story {n}", id_="same" if n % 5 == 0 else "") for n in range(11)]
    pairs.publishes("harbor", *listed, listed[2])

    first = pairs.ingests().total
    pairs.publishes("harbor", article("Story 11"), *listed)
    second = pairs.ingests(later=HOUR).total

    assert (first.new, first.known) == (11, 1)
    assert (second.new, second.updated, second.known) == (1, 0, 11)
