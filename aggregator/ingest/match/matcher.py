"""Match the entries of a document with stored ones: identity over time.

`match_entries` compares a whole document with the store, because a key that is enough for one entry
may be wrong if two entries of the document share it:

    [KeyedEntry] --match_entries(stored)--> new | changed | unchanged

Each stored entry is claimed by at most one entry of a document, by the strongest key first, so a
feed whose items all link to its front page, or repeat one guid, keeps all of them. When an outlet
renames everything at once, rebind.py finds the stored entries under their new names.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from aggregator.ingest.match.keys import normalise_words, title_words
from aggregator.model import EntryKey, EntryKeyKind, KeyedEntry, ParsedEntry, StoredEntry
from aggregator.text.canonical import canonical_url
from aggregator.text.urls import (
    has_article_number,
    id_pattern,
    is_distinctive_path,
    path_without_host,
)

__all__ = ["MatchResult", "is_published_at", "keys_to_add", "match_entries"]

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
MAX_REVISIONS_UNTHROTTLED = 24
"""Revisions after which an entry is updated once a day at most; some have the weather in their
text (lemon24/reader has the same limit)."""
REVISION_INTERVAL = timedelta(days=1)
REUSE_AFTER = timedelta(days=30)
"""Time after which an outlet may give an id to another article."""
MAX_REUSED_TITLE_OVERLAP = 0.34
"""Fraction of the words of the shorter title that a new article under an old id has, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResult:
    """A document compared with the store.

    `changed` are stored entries whose raw hash differs from last time, each with its new form;
    `new + changed + unchanged_count` is the whole document. `matched_ids` are the stored entries
    that it lists, `renamed_count` is how many of them have another id than before.
    `unconfirmed_ids` are stored entries in `changed` that are the same only if their text is;
    `reused_ids` those that are not if their text has nothing in common with the new one.
    """

    new: tuple[KeyedEntry, ...]
    changed: tuple[tuple[KeyedEntry, StoredEntry], ...]
    unchanged_count: int
    matched_ids: frozenset[int]
    renamed_count: int
    unconfirmed_ids: frozenset[int] = frozenset()
    reused_ids: frozenset[int] = frozenset()


def match_entries(
    keyed: Sequence[KeyedEntry],
    stored: Mapping[EntryKey, StoredEntry],
    now: datetime = _END_OF_TIME,
    matched_before: Set[int] = frozenset(),
    *,
    unchanged_ids: Set[int] = frozenset(),
) -> MatchResult:
    """Decide which entries are new, which have changed, and how many are as they were.

    A date later than `now` is ignored; such an entry is stored with the time it came.
    `matched_before` are stored entries that earlier parts of the document have matched; an entry
    that shares a URL or a title with one of them is a repeat, one that shares only an id is not.

    Entries of the document that are stored as they are, and share no key with others, need not be
    given; `unchanged_ids` are the stored entries that they are.
    """
    claims = _claims(keyed, stored, now, matched_before | unchanged_ids)
    reused = {i for i, entry in claims.items() if _has_reused_id(keyed[i], entry, now)}
    keyed = [_title_first(item) if i in reused else item for i, item in enumerate(keyed)]
    freed = {key for i in reused if not claims[i].is_published for key in keyed[i].keys}
    claims = {i: e for i, e in claims.items() if i not in reused or e.is_published}
    seen = {key for index in claims for key in keyed[index].keys}
    seen |= {
        key
        for key, entry in stored.items()
        if entry.entry_id in matched_before and key.kind is not EntryKeyKind.ID
    }
    rest = _drop_repeats((item for i, item in enumerate(keyed) if i not in claims), seen)
    foreign = stored.keys() - freed
    new = tuple(own for item in rest if (own := _drop_foreign_keys(item, foreign)).keys)
    changed = tuple(
        (keyed[index], entry)
        for index, entry in sorted(claims.items(), key=lambda claim: claim[0])
        if keyed[index].entry.raw_hash != entry.raw_hash and _may_change(entry, now)
    )
    return MatchResult(
        new=new,
        changed=changed,
        unchanged_count=len(keyed) - len(new) - len(changed),
        matched_ids=frozenset(entry.entry_id for entry in claims.values()),
        renamed_count=sum(keyed[index].entry.id != entry.id for index, entry in claims.items()),
        reused_ids=frozenset(claims[index].entry_id for index in reused if index in claims),
    )


def _may_change(stored: StoredEntry, now: datetime) -> bool:
    """False for an entry that changes at every fetch and did so today, and for one whose story was
    taken down: a revision must not bring it back."""
    if stored.revised_at is None or stored.revision_count < MAX_REVISIONS_UNTHROTTLED:
        return stored.is_published
    return stored.is_published and now - stored.revised_at >= REVISION_INTERVAL


def is_published_at(date: datetime | None, entry: ParsedEntry) -> bool:
    """True if an entry has this publication date, to the second."""
    given = entry.published
    return isinstance(given, datetime) and given.replace(microsecond=0) == date


def keys_to_add(item: KeyedEntry, stored: StoredEntry) -> tuple[EntryKey, ...]:
    """Keys to add to a stored entry. Unless the title is new, a title key is not: its date may
    change at every fetch."""
    if title_words(item.entry) != normalise_words(stored.title):
        return item.keys
    return tuple(key for key in item.keys if key.kind is not EntryKeyKind.TITLE)


def _claims(
    keyed: Sequence[KeyedEntry],
    stored: Mapping[EntryKey, StoredEntry],
    now: datetime,
    claimed_before: Set[int],
) -> dict[int, StoredEntry]:
    """The stored entry that each entry is, by index; each is claimed once at most, and none that
    was claimed before."""
    candidates = sorted(
        (strength, index, key)
        for index, item in enumerate(keyed)
        for strength, key in enumerate(item.keys)
        if key in stored
    )
    claims: dict[int, StoredEntry] = {}
    claimed = set(claimed_before)
    for _, index, key in candidates:
        is_free = index not in claims and stored[key].entry_id not in claimed
        if is_free and _is_trusted(key, keyed[index].entry, stored[key], now):
            claims[index] = stored[key]
            claimed.add(stored[key].entry_id)
    return claims


def _is_trusted(key: EntryKey, entry: ParsedEntry, stored: StoredEntry, now: datetime) -> bool:
    """True if nothing contradicts that an entry is the stored one with this key."""
    if key.kind is EntryKeyKind.ID:
        return True
    if key.kind is EntryKeyKind.TITLE:
        return not _is_other_article(entry, stored)
    if has_article_number(key.value) and id_pattern(entry.id) != id_pattern(stored.id):
        return True  # a new id from a new system
    if key.kind is EntryKeyKind.PATH:  # another blog in the same feed has a ?p=12 too
        is_same_title = title_words(entry) == normalise_words(stored.title)
        return is_same_title or is_published_at(stored.published, entry)
    return not _is_replaced(entry, stored, now)


def _is_other_article(entry: ParsedEntry, stored: StoredEntry) -> bool:
    """True if title and day are the same, but id and URL differ and follow the same pattern: a
    column that appears twice a day in a feed whose dates have no time."""
    date = entry.published
    is_day = isinstance(date, datetime) and (date.hour, date.minute, date.second) == (0, 0, 0)
    return (
        is_day
        and _has_other_id(entry, stored)
        and canonical_url(entry.url) != canonical_url(stored.url)
        and id_pattern(entry.url) == id_pattern(stored.url)
    )


def _has_other_id(entry: ParsedEntry, stored: StoredEntry) -> bool:
    """True for another id of the same pattern: that of another article, not another system."""
    differs = bool(entry.id and stored.id and entry.id != stored.id)
    return differs and id_pattern(entry.id) == id_pattern(stored.id)


def _is_replaced(entry: ParsedEntry, stored: StoredEntry, now: datetime) -> bool:
    """True if the URL has another article now: id and date are new, and either the title is, or the
    URL is not distinctive (some outlets publish every day's briefing at one)."""
    return (
        bool(entry.id and stored.id and entry.id != stored.id)
        and isinstance(entry.published, datetime)
        and entry.published <= now
        and not is_published_at(stored.published, entry)
        and (
            normalise_words(stored.title) != title_words(entry)
            or (
                _has_other_id(entry, stored)
                and not is_distinctive_path(path_without_host(entry.url))
            )
        )
    )


def _has_reused_id(item: KeyedEntry, stored: StoredEntry, now: datetime) -> bool:
    """True if an id seems to belong to a new article: its title is another one, and its date is
    much later."""
    entry = item.entry
    date = entry.published
    if not isinstance(date, datetime) or stored.published is None or date > now:
        return False
    if date - stored.published < REUSE_AFTER or not _title_keys(item):
        return False
    both = (set(text.split()) for text in (title_words(entry), normalise_words(stored.title)))
    shorter, longer = sorted(both, key=len)
    common = len(shorter & longer)
    return bool(shorter) and common < MAX_REUSED_TITLE_OVERLAP * len(shorter)


def _title_keys(item: KeyedEntry) -> tuple[EntryKey, ...]:
    return tuple(key for key in item.keys if key.kind is EntryKeyKind.TITLE)


def _title_first(item: KeyedEntry) -> KeyedEntry:
    """The entry with its title as the strongest key: the id of its story must not be derived from
    a key of another one."""
    titles = _title_keys(item)
    return replace(item, keys=(*titles, *(key for key in item.keys if key not in titles)))


def _drop_foreign_keys(item: KeyedEntry, foreign: Set[EntryKey]) -> KeyedEntry:
    """The entry without the keys of stored ones; if it has no other keys, it is a stored one."""
    return replace(item, keys=tuple(key for key in item.keys if key not in foreign))


def _drop_repeats(items: Iterable[KeyedEntry], seen: set[EntryKey]) -> tuple[KeyedEntry, ...]:
    """The entries without those that repeat another one of the document."""
    first = []
    for item in items:
        if seen.isdisjoint(item.keys):
            first.append(item)
        seen.update(item.keys)
    return tuple(first)
