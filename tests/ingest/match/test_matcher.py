"""How entries are recognised: canonical URLs and keys, and what they match."""

from datetime import datetime

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st

from aggregator.ingest.dedupe.stories import derive_story_id
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.match.matcher import MatchResult, match_entries
from aggregator.model import EntryKey, ParsedEntry, StoredEntry
from aggregator.text.canonical import TRACKING_PARAMETERS, canonical_url
from tests.harness.builders import at, entry, parsed_entry, plain

EQUAL_URLS = [
    ("the scheme", "http://x.org/a", "https://x.org/a"),
    ("www", "https://www.x.org/a", "https://x.org/a"),
    ("capitals in the host", "https://X.Org/a", "https://x.org/a"),
    ("a trailing slash", "https://x.org/a/", "https://x.org/a"),
    ("campaign parameters", "https://x.org/a?utm_source=rss&utm_medium=feed", "https://x.org/a"),
    ("click ids", "https://x.org/a?fbclid=1&gclid=2", "https://x.org/a"),
    ("newsletter ids", "https://x.org/a?mc_cid=1&mc_eid=2", "https://x.org/a"),
    ("the order of parameters", "https://x.org/?b=2&a=1", "https://x.org/?a=1&b=2"),
    ("a link to the comments", "https://x.org/a#comments", "https://x.org/a"),
    ("the standard port", "https://x.org:443/a", "https://x.org/a"),
    ("an escaped character", "https://x.org/%7ea", "https://x.org/~a"),
]
DIFFERENT_URLS = [
    ("the path", "https://x.org/a", "https://x.org/b"),
    ("the host", "https://x.org/a", "https://y.org/a"),
    ("an article number", "https://x.org/?p=1", "https://x.org/?p=2"),
    ("a source parameter", "https://x.org/a?source=1", "https://x.org/a?source=2"),
    ("a fragment", "https://x.org/2026#n1", "https://x.org/2026#n2"),
    ("the port", "http://127.0.0.1:8001/a", "http://127.0.0.1:8002/a"),
]


@pytest.mark.parametrize(
    ("one", "other"), [c[1:] for c in EQUAL_URLS], ids=[c[0] for c in EQUAL_URLS]
)
def test_equal_urls_have_one_canonical_url(one: str, other: str) -> None:
    """A difference that does not identify an article is removed."""
    assert canonical_url(one) == canonical_url(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [c[1:] for c in DIFFERENT_URLS], ids=[c[0] for c in DIFFERENT_URLS]
)
def test_different_urls_stay_different(one: str, other: str) -> None:
    """A difference that may identify an article is kept."""
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize("parameter", TRACKING_PARAMETERS)
def test_a_tracking_parameter_is_dropped(parameter: str) -> None:
    """Each tracking parameter is dropped, even without the others.

    A comma missing in Media Cloud's list joins two names into one that nobody uses.
    """
    assert canonical_url(f"https://x.org/a?{parameter}=1") == "x.org/a"


@pytest.mark.parametrize("parameter", ["source", "ref", "sid", "cid", "id", "p", "sort"])
def test_an_identifying_parameter_is_kept(parameter: str) -> None:
    """A parameter that may identify an article is kept, unlike some in Media Cloud's list."""
    assert canonical_url(f"https://x.org/a?{parameter}=1") != canonical_url(
        f"https://x.org/a?{parameter}=2"
    )


@pytest.mark.parametrize("link", ["", "https://x.org", "https://x.org/", "mailto:a@b", "http://["])
def test_a_front_page_has_no_canonical_url(link: str) -> None:
    """A front page or an invalid URL does not identify an article."""
    assert canonical_url(link) == ""


@cases(st.text(max_size=80))
def test_any_text_may_be_a_link(text: str) -> None:
    """Any text that an outlet writes as a link has a canonical URL or none."""
    assert isinstance(canonical_url(f"https://x.org/{text}"), str)
    assert isinstance(canonical_url(text), str)


# ---- recognising -------------------------------------------------------------------


def _stored_keys(*entries: ParsedEntry) -> dict[EntryKey, StoredEntry]:
    """The stored entries, as if these had been fetched in one document."""
    keyed = match_entries(assign_keys(entries), {}).new
    return {
        key: StoredEntry(
            entry_id=entry_id,
            raw_hash=item.entry.raw_hash,
            content_hash="",
            id=item.entry.id,
            title=item.entry.title.value if item.entry.title else "",
            published=item.entry.published if isinstance(item.entry.published, datetime) else None,
        )
        for entry_id, item in enumerate(keyed, start=1)
        for key in item.keys
    }


def _counts(found: MatchResult) -> tuple[int, int, int]:
    return len(found.new), len(found.changed), found.unchanged_count


A = parsed_entry("Cranes stop")
B = parsed_entry("Weather")

MATCH_CASES = [
    ("the same document again", [A, B], [A, B], (0, 0, 2)),
    ("one more", [A], [B, A], (1, 0, 1)),
    ("another title under one id", [A], [parsed_entry("Cranes go", id=A.id)], (0, 1, 0)),
    ("another id at one URL", [A], [parsed_entry("Cranes stop", id="new")], (0, 1, 0)),
    ("http becomes https in the id (feedbin/support#515)",
     [parsed_entry("x", id="http://o.example/1", url="http://o.example/1")],
     [parsed_entry("x", id="https://o.example/1", url="https://o.example/1")], (0, 1, 0)),
    ("all ids and links change at once (reader#322)",
     [A, B],
     [parsed_entry("Cranes stop", id="n1", url="https://n.example/1"),
      parsed_entry("Weather", id="n2", url="https://n.example/2")], (0, 2, 0)),
    ("no ids, a token in every link (l0ng-ai/papr#103)",
     [parsed_entry("Cranes", id="", url="https://o.example/?t=1")],
     [parsed_entry("Cranes", id="", url="https://o.example/?t=2")], (0, 1, 0)),
    ("one title every day is many articles",
     [parsed_entry("Morning briefing", id="1", url="https://o.example/1")],
     [parsed_entry("Morning briefing", id="2", url="https://o.example/2",
            published=at("2026-10-06 10:00"))], (1, 0, 0)),
    ("a daily article at one URL, two days in one document",
     [],
     [parsed_entry("Briefing", id="1", url="https://o.example/b"),
      parsed_entry("Briefing", id="2", url="https://o.example/b",
            published=at("2026-10-06 10:00"))], (2, 0, 0)),
    ("a daily article at one URL, one day in each document",
     [parsed_entry("Tuesday", id="1", url="https://o.example/b")],
     [parsed_entry("Wednesday", id="2", url="https://o.example/b",
            published=at("2026-10-06 10:00"))], (1, 0, 0)),
    ("one guid on all items (miniflux#4197)",
     [],
     [parsed_entry("One", id="same"), parsed_entry("Two", id="same"),
      parsed_entry("Three", id="same")], (3, 0, 0)),
    ("one guid on all items, again, in another order (reader#340)",
     [parsed_entry("One", id="same"), parsed_entry("Two", id="same")],
     [parsed_entry("Two", id="same"), parsed_entry("One", id="same")], (0, 0, 2)),
    ("one guid on all items, one item left",
     [parsed_entry("One", id="same"), parsed_entry("Two", id="same")],
     [parsed_entry("Two", id="same")], (0, 0, 1)),
    ("all items link to the front page",
     [parsed_entry("One", url="https://o.example/"), parsed_entry("Two", url="https://o.example/")],
     [parsed_entry("Three", url="https://o.example/"), parsed_entry("Two", url="https://o.example/")],
     (1, 0, 1)),
    ("the same item twice in one document", [], [A, A], (1, 0, 1)),
    ("the same item twice, and known", [A], [A, A], (0, 0, 2)),
    ("neither id nor link nor date",
     [parsed_entry("Note", id="", url="", published=None)],
     [parsed_entry("Note", id="", url="", published=None)], (0, 0, 1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "counts"), [c[1:] for c in MATCH_CASES], ids=[c[0] for c in MATCH_CASES]
)
def test_entries_are_recognised(
    before: list[ParsedEntry], now: list[ParsedEntry], counts: tuple[int, int, int]
) -> None:
    """Entries are new, changed or known, whatever the outlet does with its ids."""
    found = match_entries(assign_keys(now), _stored_keys(*before))

    assert _counts(found) == counts
    assert sum(counts) == len(now)


_entries = st.builds(
    parsed_entry,
    title=st.sampled_from(["", "One", "Two", "Three"]),
    id=st.sampled_from(["", "1", "2", "http://o.example/1", "https://o.example/1"]),
    url=st.sampled_from(["", "https://o.example/", "https://o.example/1", "https://o.example/2"]),
    published=st.sampled_from([None, at("2026-10-05 10:00"), at("2026-10-06 10:00"), "nonsense"]),
)


@cases(st.lists(_entries, max_size=6))
def test_a_document_read_twice_brings_nothing_new(entries: list[ParsedEntry]) -> None:
    """A document has no new entries the second time, however they repeat each other."""
    again = match_entries(assign_keys(entries), _stored_keys(*entries))

    assert (len(again.new), len(again.changed)) == (0, 0)


@cases(st.lists(_entries, max_size=6), st.lists(_entries, max_size=6))
def test_every_entry_is_counted_once(before: list[ParsedEntry], now: list[ParsedEntry]) -> None:
    """Every entry is counted once, and no two new ones get the same story id."""
    found = match_entries(assign_keys(now), _stored_keys(*before))

    ids = [derive_story_id(entry(keys=item.keys)) for item in found.new]
    assert sum(_counts(found)) == len(now)
    assert len(ids) == len(set(ids))


def test_a_long_title_is_compared_by_its_beginning() -> None:
    """Headers of a large document take little memory; the hash tells the whole titles apart."""
    one, other = (parsed_entry("x" * 1000 + end) for end in "ab")

    assert one.headers.title == other.headers.title == plain("x" * 1000)
    assert one.headers.raw_hash == one.raw_hash != other.raw_hash
