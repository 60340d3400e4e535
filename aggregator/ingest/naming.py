"""What the entries of a file go by: their keys, strongest first.

An outlet's entry has several keys: its id, its id and link without the host, its address, its
title with its date. A key that is enough for one entry is none when two entries of the file
share it, so the names of a whole file, however it is sliced, are counted first:

    [ParsedEntry] --names_of--> Names, of each slice --shared_in--> Shared
    [ParsedEntry] + Shared --name--> [Named]
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from html import unescape
from itertools import pairwise
from typing import TypeAlias

from aggregator.ingest.addresses import address_of, is_numbered, path_of, without_scheme
from aggregator.model import ParsedEntry

__all__ = [
    "Named",
    "Names",
    "Shared",
    "name",
    "names_of",
    "shared_in",
    "story_id",
    "title_words",
    "without_tags",
    "words",
]

Names: TypeAlias = Mapping[str, bytes]
"""The names that occur in a file, by kind: for each time the digest of the name, and that of
what tells two entries of one name apart. 16 bytes a name, since a file may have 100,000."""
Shared: TypeAlias = Set[bytes]
"""Digests of the names that several entries of a file have."""

_TAG = re.compile(r"<[^<>]*>")
_NOT_A_WORD = re.compile(r"\W+")
_DIGEST = 8
"""Bytes. Among 100,000 names, two are alike by one chance in four billion, and are then taken
for shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An entry as given and the keys it goes by, strongest first; `position` from 0."""

    entry: ParsedEntry
    keys: tuple[str, ...]
    address: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Called:
    """What an entry could go by."""

    entry: ParsedEntry
    position: int
    address: str
    title: str
    paths: tuple[str, ...]


def names_of(entries: Sequence[ParsedEntry], first: int = 0) -> Names:
    """The names in a file, or in the slice of one that begins with entry number `first`."""
    return _names(_called(entries, first))


def shared_in(slices: Iterable[Names]) -> Shared:
    """Which names several entries of the whole file have."""
    by_kind: dict[str, list[bytes]] = {}
    for names in slices:
        for kind, digests in names.items():
            by_kind.setdefault(kind, []).append(digests)
    return frozenset(name for kind in by_kind for name in _repeated(b"".join(by_kind[kind])))


def name(
    entries: Sequence[ParsedEntry], shared: Shared | None = None, first: int = 0
) -> list[Named]:
    """Give every entry of a file its keys, or of the slice of one whose names are `shared`.

    Ids repeated inside the file are told apart by address (miniflux#4197, reader#335), and
    an address or title that several different entries share is no key at all.
    """
    called = _called(entries, first)
    if shared is None:
        shared = shared_in([_names(called)])
    return [_name(own, shared) for own in called]


def _name(own: _Called, shared: Shared) -> Named:
    entry, address, title = own.entry, own.address, own.title
    keys = []
    if entry.id:
        suffix = f" {address or title}" if _digest("id", entry.id) in shared else ""
        keys.append(f"id {without_scheme(entry.id)}{suffix}")
    keys += [f"path {path}" for path in own.paths if _digest("path", path) not in shared]
    if address and _digest("address", address) not in shared:
        keys.append(f"address {address}")
    elif address and not entry.id:
        keys.append(f"address {address} {title}")
    if title and _digest("title", title) not in shared:
        keys.append(f"title {title}")
    is_something = entry.title or entry.summary or entry.content or entry.link
    keys = keys or [f"text {entry.digest}" if is_something else f"nothing {own.position}"]
    return Named(entry=entry, keys=tuple(keys), address=address, position=own.position)


def _called(entries: Sequence[ParsedEntry], first: int) -> list[_Called]:
    return [
        _Called(
            entry=entry,
            position=position,
            address=address_of(entry.link),
            title=_title_key(entry),
            paths=_paths(entry),
        )
        for position, entry in enumerate(entries, start=first)
    ]


def _names(called: Sequence[_Called]) -> Names:
    found: dict[str, list[bytes]] = {}
    for own in called:
        for kind, name_, label in _labelled(own):
            found.setdefault(kind, []).append(_digest(kind, name_) + _digest("label", label))
    return {kind: b"".join(digests) for kind, digests in found.items()}


def _labelled(own: _Called) -> Iterator[tuple[str, str, str]]:
    """Each name with what tells two entries of that name apart.

    The same address with the same title, or the same title at the same address, is the same
    article listed twice.
    """
    if own.entry.id:
        yield "id", own.entry.id, str(own.position)
    for path in own.paths:
        yield "path", path, str(own.position)
    if own.address:
        yield "address", own.address, _telling(own.entry)
    if own.title:
        yield "title", own.title, own.address or own.entry.id


def _repeated(digests: bytes) -> Iterator[bytes]:
    step = 2 * _DIGEST
    pairs = sorted(digests[start : start + step] for start in range(0, len(digests), step))
    for one, other in pairwise(pairs):
        if one[:_DIGEST] == other[:_DIGEST] and one != other:
            yield one[:_DIGEST]


def _digest(kind: str, text: str) -> bytes:
    whole = f"{kind} {text}".encode("utf-8", "surrogatepass")
    return blake2b(whole, digest_size=_DIGEST).digest()


def _paths(entry: ParsedEntry) -> tuple[str, ...]:
    """What id and link still have in common with themselves on another host."""
    link = path_of(entry.link)
    both = (path_of(entry.id), link if is_numbered(link) else "")
    return tuple(dict.fromkeys(path for path in both if path))


def story_id(source: str, keys: Sequence[str]) -> str:
    """16 letters and digits for a story's address, the same each time it is computed.

    It comes from the outlet and its strongest key, so an article that was deleted here and
    returns gets its old address.
    """
    digest = blake2b(f"{source}\n{keys[0]}".encode("utf-8", "surrogatepass"), digest_size=8)
    return digest.hexdigest()


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
