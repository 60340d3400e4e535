"""Which entries of a file we have already: identity over time.

`recognise` compares a whole file with what we have, because a key that is enough for one entry
can be wrong when two entries of the file share it:

    [Named] --recognise(known)--> new | changed | known

Each stored entry is claimed by at most one entry of a file, by the strongest key first, so
a feed whose items all link to its front page, or repeat one guid, keeps all of them.
When an outlet renames everything at once, renames.py finds the old entries under new names.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from aggregator.ingest.match.keys import KeyedEntry, normalise_words, title_words
from aggregator.model import ParsedEntry, StoredEntry
from aggregator.text.urls import (
    canonical_url,
    has_article_number,
    id_pattern,
    is_distinctive_path,
    path_without_host,
)

__all__ = ["MatchResult", "is_published_at", "keys_to_add", "match_entries"]

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
MAX_REVISIONS_UNTHROTTLED = 24
"""How often an entry may change before it is looked at once a day only: some show the weather
in their text (the same limit as lemon24/reader's)."""
REVISION_INTERVAL = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResult:
    """What a file holds, compared with what we have.

    `again` are known entries whose text differs from last time; `new + again + known` is
    the whole file. `claimed` are the rows of the stored entries that it lists, `renamed` is
    how many of them have another id than before. `doubtful` are rows of stored entries in
    `again` that must still prove to be the same by their text.
    """

    new: tuple[KeyedEntry, ...]
    changed: tuple[tuple[KeyedEntry, StoredEntry], ...]
    unchanged_count: int
    matched_ids: frozenset[int]
    renamed_count: int
    unconfirmed_ids: frozenset[int] = frozenset()


def match_entries(
    named: Sequence[KeyedEntry],
    known: Mapping[str, StoredEntry],
    now: datetime = _END_OF_TIME,
    taken: Set[int] = frozenset(),
) -> MatchResult:
    """Which entries are new, which have changed, and how many are as they were.

    A date later than `now` says nothing; what is stored of such an entry is when it came.
    `taken` are the rows of stored entries that earlier parts of the file hold; what shares an
    address or a title with them is a repeat, what shares no more than an id is not.
    """
    claims = _claims(named, known, now, taken)
    seen = {key for index in claims for key in named[index].keys}
    seen |= {key for key, match in known.items() if match.entry_id in taken and key[:3] != "id "}
    rest = _drop_repeats((item for i, item in enumerate(named) if i not in claims), seen)
    new = tuple(own for item in rest if (own := _drop_foreign_keys(item, known)).keys)
    again = tuple(
        (named[index], match)
        for index, match in sorted(claims.items(), key=lambda claim: claim[0])
        if named[index].entry.raw_hash != match.raw_hash and _may_change(match, now)
    )
    return MatchResult(
        new=new,
        changed=again,
        unchanged_count=len(named) - len(new) - len(again),
        matched_ids=frozenset(match.entry_id for match in claims.values()),
        renamed_count=sum(named[index].entry.id != match.id for index, match in claims.items()),
    )


def _may_change(known: StoredEntry, now: datetime) -> bool:
    """False for an entry that changes at every fetch and did so today, and for one whose
    story was taken out: it is not to come back with its next comma."""
    if known.revised_at is None or known.revision_count < MAX_REVISIONS_UNTHROTTLED:
        return known.is_published
    return known.is_published and now - known.revised_at >= REVISION_INTERVAL


def is_published_at(when: datetime | None, entry: ParsedEntry) -> bool:
    given = entry.published
    return isinstance(given, datetime) and given.replace(microsecond=0) == when


def keys_to_add(item: KeyedEntry, known: StoredEntry) -> tuple[str, ...]:
    """The keys that a known entry goes by from now on. A date that moves at every fetch makes
    no new key."""
    if title_words(item.entry) != normalise_words(known.title):
        return item.keys
    return tuple(key for key in item.keys if not key.startswith("title "))


def _claims(
    named: Sequence[KeyedEntry], known: Mapping[str, StoredEntry], now: datetime, taken: Set[int]
) -> dict[int, StoredEntry]:
    """Index of an entry -> the stored entry that it is, each claimed once at most."""
    candidates = sorted(
        (strength, index, key)
        for index, item in enumerate(named)
        for strength, key in enumerate(item.keys)
        if key in known
    )
    claims: dict[int, StoredEntry] = {}
    claimed = set(taken)
    for _, index, key in candidates:
        free = index not in claims and known[key].entry_id not in claimed
        if free and _is_trusted(key, named[index].entry, known[key], now):
            claims[index] = known[key]
            claimed.add(known[key].entry_id)
    return claims


def _is_trusted(key: str, entry: ParsedEntry, known: StoredEntry, now: datetime) -> bool:
    """True if nothing speaks against an entry being the one of that key."""
    if key.startswith("id "):
        return True
    if key.startswith("title "):
        return not _is_of_another(entry, known)
    if has_article_number(key) and id_pattern(entry.id) != id_pattern(known.id):
        return True  # another system gave it another id
    if key.startswith("path "):  # another blog in the same feed has a ?p=12 too
        return title_words(entry) == normalise_words(known.title) or is_published_at(
            known.published, entry
        )
    return not _is_replaced(entry, known, now)


def _is_of_another(entry: ParsedEntry, known: StoredEntry) -> bool:
    """True if a title and a day are the same, but id and link are another's of their kind: a
    column that appears twice a day in a feed that gives no hours."""
    when = entry.published
    is_day = isinstance(when, datetime) and (when.hour, when.minute, when.second) == (0, 0, 0)
    return (
        is_day
        and _is_another_id(entry, known)
        and canonical_url(entry.url) != canonical_url(known.url)
        and id_pattern(entry.url) == id_pattern(known.url)
    )


def _is_another_id(entry: ParsedEntry, known: StoredEntry) -> bool:
    """True for another id of the same kind: it means another article, not another system."""
    return bool(entry.id and known.id and entry.id != known.id) and id_pattern(
        entry.id
    ) == id_pattern(known.id)


def _is_replaced(entry: ParsedEntry, known: StoredEntry, now: datetime) -> bool:
    """True if another article stands at the address now: id and date are new, and the title
    is, or the address is that of a page (some outlets print every day's briefing at one)."""
    return (
        bool(entry.id and known.id and entry.id != known.id)
        and isinstance(entry.published, datetime)
        and entry.published <= now
        and not is_published_at(known.published, entry)
        and (
            normalise_words(known.title) != title_words(entry)
            or (
                _is_another_id(entry, known)
                and not is_distinctive_path(path_without_host(entry.url))
            )
        )
    )


def _drop_foreign_keys(item: KeyedEntry, known: Mapping[str, StoredEntry]) -> KeyedEntry:
    """Without keys that belong to another entry; one that has no other is that entry."""
    return replace(item, keys=tuple(key for key in item.keys if key not in known))


def _drop_repeats(items: Iterable[KeyedEntry], seen: set[str]) -> tuple[KeyedEntry, ...]:
    """The same article listed twice in one file is one article."""
    first = []
    for item in items:
        if seen.isdisjoint(item.keys):
            first.append(item)
        seen.update(item.keys)
    return tuple(first)
