"""What the entries of a file go by: their keys, strongest first.

An outlet's entry has several keys: its id, its id and link without the host, its address, its
title with its date. They are given for a whole file at once, because a key that is enough for
one entry is none when two entries of the file share it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from html import unescape

from aggregator.model import MAX_COMPARED_TITLE_CHARS, ParsedEntry
from aggregator.text.urls import canonical_url, has_article_number, path_without_host, strip_scheme

__all__ = [
    "KeyedEntry",
    "assign_keys",
    "derive_story_id",
    "normalise_words",
    "strip_tags",
    "title_words",
]

_TAG = re.compile(r"<[^<>]*>")
_NOT_A_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedEntry:
    """An entry as given and the keys it goes by, strongest first; `position` from 0."""

    entry: ParsedEntry
    keys: tuple[str, ...]
    canonical_url: str
    feed_index: int


def assign_keys(entries: Sequence[ParsedEntry], first: int = 0) -> list[KeyedEntry]:
    """Give every entry of one file its keys; `first` is the number of the first entry.

    Ids repeated inside the file are told apart by address (miniflux#4197, reader#335), and
    an address or title that several different entries share is no key at all.
    """
    ids = Counter(entry.id for entry in entries if entry.id)
    addresses = [canonical_url(entry.url) for entry in entries]
    titles = [_title_key(entry) for entry in entries]
    paths = [_paths(entry) for entry in entries]
    labels = [address or entry.id for address, entry in zip(addresses, entries, strict=True)]
    owners_of_address = _owners(addresses, [_label(entry) for entry in entries])
    owners_of_title = _owners(titles, labels)
    owners_of_path = Counter(path for own in paths for path in own)
    named = []
    for place, entry in enumerate(entries):
        address, title = addresses[place], titles[place]
        keys = []
        if entry.id:
            suffix = f" {address or title}" if ids[entry.id] > 1 else ""
            keys.append(f"id {strip_scheme(entry.id)}{suffix}")
        keys += [f"path {path}" for path in paths[place] if owners_of_path[path] == 1]
        if address and owners_of_address[address] == 1:
            keys.append(f"address {address}")
        elif address and not entry.id:
            keys.append(f"address {address} {title}")
        if title and owners_of_title[title] == 1:
            keys.append(f"title {title}")
        is_something = entry.title or entry.summary or entry.content or entry.url
        keys = keys or [f"text {entry.raw_hash}" if is_something else f"nothing {first + place}"]
        named.append(
            KeyedEntry(
                entry=entry, keys=tuple(keys), canonical_url=address, feed_index=first + place
            )
        )
    return named


def _owners(values: Sequence[str], labels: Sequence[str]) -> Counter[str]:
    """How many entries, told apart by their labels, share a value."""
    return Counter(value for value, _ in set(zip(values, labels, strict=True)))


def _paths(entry: ParsedEntry) -> tuple[str, ...]:
    """What id and link still have in common with themselves on another host."""
    link = path_without_host(entry.url)
    both = (path_without_host(entry.id), link if has_article_number(link) else "")
    return tuple(dict.fromkeys(path for path in both if path))


def derive_story_id(source: str, keys: Sequence[str]) -> str:
    """16 letters and digits for a story's address, the same each time it is computed.

    It comes from the outlet and its strongest key, so an article that was deleted here and
    returns gets its old address.
    """
    digest = blake2b(f"{source}\n{keys[0]}".encode("utf-8", "surrogatepass"), digest_size=8)
    return digest.hexdigest()


def _title_key(entry: ParsedEntry) -> str:
    """Normalised title and exact date; a title alone is never enough."""
    title = _title_text(entry)
    when = entry.published or entry.updated
    if not title or not when:
        return ""
    return f"{title} @ {when.isoformat() if isinstance(when, datetime) else when.strip()}"


def _label(entry: ParsedEntry) -> str:
    """What tells two entries at one address apart: a briefing that appears daily under one
    title and address has another date."""
    return f"{_title_text(entry) or entry.id} {entry.published}"


def _title_text(entry: ParsedEntry) -> str:
    return normalise_words(entry.title.value[:MAX_COMPARED_TITLE_CHARS]) if entry.title else ""


def strip_tags(html: str) -> str:
    """HTML without its tags, good enough to compare words by."""
    return _TAG.sub(" ", html)


def title_words(entry: ParsedEntry) -> str:
    """The words of a title as a reader sees it, to be compared with one that is stored."""
    return normalise_words(strip_tags(unescape(entry.title.value))) if entry.title else ""


def normalise_words(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()
