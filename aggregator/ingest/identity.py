"""What an article is known by: addresses and keys that outlive small changes.

An outlet's entry has several keys, strongest first: its id, its id without the host, its
address, its title with its date. `recognise` compares a whole file with what we have,
because a key that is enough for one entry can be wrong when two entries of the file share it:

    ParsedEntry... --name--> keys --recognise(known)--> new | changed | known

Each stored entry is claimed by at most one entry of a file, by the strongest key first, so
a feed whose items all link to its front page, or repeat one guid, keeps all of them.
When an outlet renames everything at once, renames.py finds the old entries under new names.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from html import unescape

from aggregator.ingest.addresses import (
    address_of,
    is_numbered,
    is_telling,
    kind_of,
    path_of,
    without_scheme,
)
from aggregator.model import Known, ParsedEntry

__all__ = [
    "Named",
    "Recognised",
    "is_of",
    "keys_to_remember",
    "name",
    "recognise",
    "story_id",
    "title_words",
    "without_tags",
    "words",
]

_TAG = re.compile(r"<[^<>]*>")
_NEVER = datetime.max.replace(tzinfo=UTC)
_NOT_A_WORD = re.compile(r"\W+")
REVISIONS = 24
"""How often an entry may change before it is looked at once a day only: some show the weather
in their text (the same limit as lemon24/reader's)."""
REVISED_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An entry as given and the keys it goes by, strongest first; `position` from 0."""

    entry: ParsedEntry
    keys: tuple[str, ...]
    address: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a file holds, compared with what we have.

    `again` are known entries whose text differs from last time; `new + again + known` is
    the whole file. `claimed` are the rows of the stored entries that it lists, `renamed` is
    how many of them have another id than before. `doubtful` are rows of stored entries in
    `again` that must still prove to be the same by their text.
    """

    new: tuple[Named, ...]
    again: tuple[tuple[Named, Known], ...]
    known: int
    claimed: frozenset[int]
    renamed: int
    doubtful: frozenset[int] = frozenset()


def name(entries: Sequence[ParsedEntry]) -> list[Named]:
    """Give every entry of one file its keys.

    Ids repeated inside the file are told apart by address (miniflux#4197, reader#335), and
    an address or title that several different entries share is no key at all.
    """
    ids = Counter(entry.id for entry in entries if entry.id)
    addresses = [address_of(entry.link) for entry in entries]
    titles = [_title_key(entry) for entry in entries]
    paths = [_paths(entry) for entry in entries]
    labels = [address or entry.id for address, entry in zip(addresses, entries, strict=True)]
    owners_of_address = _owners(addresses, [_telling(entry) for entry in entries])
    owners_of_title = _owners(titles, labels)
    owners_of_path = Counter(path for own in paths for path in own)
    named = []
    for position, entry in enumerate(entries):
        address, title = addresses[position], titles[position]
        keys = []
        if entry.id:
            suffix = f" {address or title}" if ids[entry.id] > 1 else ""
            keys.append(f"id {without_scheme(entry.id)}{suffix}")
        keys += [f"path {path}" for path in paths[position] if owners_of_path[path] == 1]
        if address and owners_of_address[address] == 1:
            keys.append(f"address {address}")
        elif address and not entry.id:
            keys.append(f"address {address} {title}")
        if title and owners_of_title[title] == 1:
            keys.append(f"title {title}")
        is_something = entry.title or entry.summary or entry.content or entry.link
        keys = keys or [f"text {entry.digest}" if is_something else f"nothing {position}"]
        named.append(Named(entry=entry, keys=tuple(keys), address=address, position=position))
    return named


def recognise(
    named: Sequence[Named], known: Mapping[str, Known], now: datetime = _NEVER
) -> Recognised:
    """Which entries are new, which have changed, and how many are as they were.

    A date later than `now` says nothing; what is stored of such an entry is when it came.
    """
    claims = _claims(named, known, now)
    seen = {key for position in claims for key in named[position].keys}
    rest = _without_repeats((item for item in named if item.position not in claims), seen)
    new = tuple(own for item in rest if (own := _with_own_keys(item, known)).keys)
    again = tuple(
        (named[position], match)
        for position, match in sorted(claims.items(), key=lambda claim: claim[0])
        if named[position].entry.digest != match.digest and _may_change(match, now)
    )
    return Recognised(
        new=new,
        again=again,
        known=len(named) - len(new) - len(again),
        claimed=frozenset(match.entry for match in claims.values()),
        renamed=sum(named[position].entry.id != match.id for position, match in claims.items()),
    )


def _may_change(known: Known, now: datetime) -> bool:
    """False for an entry that changes at every fetch and did so today, and for one whose
    story was taken out: it is not to come back with its next comma."""
    if known.revised is None or known.revisions < REVISIONS:
        return known.is_published
    return known.is_published and now - known.revised >= REVISED_AGAIN


def is_of(when: datetime | None, entry: ParsedEntry) -> bool:
    given = entry.published
    return isinstance(given, datetime) and given.replace(microsecond=0) == when


def keys_to_remember(item: Named, known: Known) -> tuple[str, ...]:
    """The keys that a known entry goes by from now on. A date that moves at every fetch makes
    no new key."""
    if title_words(item.entry) != words(known.title):
        return item.keys
    return tuple(key for key in item.keys if not key.startswith("title "))


def _claims(named: Sequence[Named], known: Mapping[str, Known], now: datetime) -> dict[int, Known]:
    """Position in the file -> the stored entry that it is, each claimed once at most."""
    candidates = sorted(
        (strength, item.position, key)
        for item in named
        for strength, key in enumerate(item.keys)
        if key in known
    )
    claims: dict[int, Known] = {}
    taken: set[int] = set()
    for _, position, key in candidates:
        free = position not in claims and known[key].entry not in taken
        if free and _is_trusted(key, named[position].entry, known[key], now):
            claims[position] = known[key]
            taken.add(known[key].entry)
    return claims


def _is_trusted(key: str, entry: ParsedEntry, known: Known, now: datetime) -> bool:
    """True if nothing speaks against an entry being the one of that key."""
    if key.startswith("id "):
        return True
    if key.startswith("title "):
        return not _is_of_another(entry, known)
    if is_numbered(key) and kind_of(entry.id) != kind_of(known.id):
        return True  # another system gave it another id
    if key.startswith("path "):  # another blog in the same feed has a ?p=12 too
        return title_words(entry) == words(known.title) or is_of(known.published, entry)
    return not _replaced(entry, known, now)


def _is_of_another(entry: ParsedEntry, known: Known) -> bool:
    """True if a title and a day are the same, but id and link are another's of their kind: a
    column that appears twice a day in a feed that gives no hours."""
    when = entry.published
    is_day = isinstance(when, datetime) and (when.hour, when.minute, when.second) == (0, 0, 0)
    return (
        is_day
        and _is_another_id(entry, known)
        and address_of(entry.link) != address_of(known.link)
        and kind_of(entry.link) == kind_of(known.link)
    )


def _is_another_id(entry: ParsedEntry, known: Known) -> bool:
    """True for another id of the same kind: it means another article, not another system."""
    return bool(entry.id and known.id and entry.id != known.id) and kind_of(entry.id) == kind_of(
        known.id
    )


def _replaced(entry: ParsedEntry, known: Known, now: datetime) -> bool:
    """True if another article stands at the address now: id and date are new, and the title
    is, or the address is that of a page (some outlets print every day's briefing at one)."""
    return (
        bool(entry.id and known.id and entry.id != known.id)
        and isinstance(entry.published, datetime)
        and entry.published <= now
        and not is_of(known.published, entry)
        and (
            words(known.title) != title_words(entry)
            or (_is_another_id(entry, known) and not is_telling(path_of(entry.link)))
        )
    )


def _paths(entry: ParsedEntry) -> tuple[str, ...]:
    """What id and link still have in common with themselves on another host."""
    link = path_of(entry.link)
    both = (path_of(entry.id), link if is_numbered(link) else "")
    return tuple(dict.fromkeys(path for path in both if path))


def _with_own_keys(item: Named, known: Mapping[str, Known]) -> Named:
    """Without keys that belong to another entry; one that has no other is that entry."""
    return replace(item, keys=tuple(key for key in item.keys if key not in known))


def _without_repeats(items: Iterable[Named], seen: set[str]) -> tuple[Named, ...]:
    """The same article listed twice in one file is one article."""
    first = []
    for item in items:
        if seen.isdisjoint(item.keys):
            first.append(item)
        seen.update(item.keys)
    return tuple(first)


def story_id(source: str, keys: Sequence[str]) -> str:
    """16 letters and digits for a story's address, the same each time it is computed.

    It comes from the outlet and its strongest key, so an article that was deleted here and
    returns gets its old address.
    """
    digest = blake2b(f"{source}\n{keys[0]}".encode("utf-8", "surrogatepass"), digest_size=8)
    return digest.hexdigest()


def _owners(values: Sequence[str], labels: Sequence[str]) -> Counter[str]:
    """How many entries, told apart by their labels, share a value."""
    return Counter(value for value, _ in set(zip(values, labels, strict=True)))


def _title_key(entry: ParsedEntry) -> str:
    """Normalised title and exact date; a title alone is never enough."""
    title = _plain(entry)
    when = entry.published or entry.updated
    if not title or not when:
        return ""
    return f"{title} @ {when.isoformat() if isinstance(when, datetime) else when.strip()}"


def _telling(entry: ParsedEntry) -> str:
    """What tells two entries at one address apart: a briefing that appears daily under one
    title and address has another date."""
    return f"{_plain(entry) or entry.id} {entry.published}"


def _plain(entry: ParsedEntry) -> str:
    return words(entry.title.value) if entry.title else ""


def without_tags(html: str) -> str:
    """HTML without its tags, good enough to compare words by."""
    return _TAG.sub(" ", html)


def title_words(entry: ParsedEntry) -> str:
    """The words of a title as a reader sees it, to be compared with one that is stored."""
    return words(without_tags(unescape(entry.title.value))) if entry.title else ""


def words(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()
