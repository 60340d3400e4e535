"""Identity keys of the entries in a feed document, strongest first.

An entry has several keys: its id, its id and URL without the host, its canonical URL, its title
with its date. They are assigned for a whole document at once, because a key that is enough for one
entry identifies nothing if two entries of the document share it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from html import unescape

from aggregator.model import (
    MAX_COMPARED_TITLE_CHARS,
    EntryKey,
    EntryKeyKind,
    KeyedEntry,
    ParsedEntry,
)
from aggregator.text.canonical import canonical_url
from aggregator.text.html import strip_tags
from aggregator.text.letters import marks
from aggregator.text.urls import has_article_number, path_without_host, strip_scheme

__all__ = ["assign_keys", "normalise_words", "title_words"]


def assign_keys(entries: Sequence[ParsedEntry], first: int = 0) -> list[KeyedEntry]:
    """Keys for every entry of one document; `first` is the index of the first entry.

    Ids repeated inside the document are distinguished by URL (miniflux#4197, reader#335), and a URL
    or title that several different entries share is not a key.
    """
    ids = Counter(entry.id for entry in entries if entry.id)
    urls = [canonical_url(entry.url) for entry in entries]
    titles = [_title_key(entry) for entry in entries]
    paths = [_paths(entry) for entry in entries]
    labels = [url or entry.id for url, entry in zip(urls, entries, strict=True)]
    url_owners = _count_owners(urls, [_label(entry) for entry in entries])
    title_owners = _count_owners(titles, labels)
    path_owners = Counter(path for own in paths for path in own)
    keyed = []
    for index, entry in enumerate(entries):
        url, title = urls[index], titles[index]
        keys = []
        if entry.id:
            suffix = f" {url or title}" if ids[entry.id] > 1 else ""
            keys.append(EntryKey(EntryKeyKind.ID, f"{strip_scheme(entry.id)}{suffix}"))
        keys += [
            EntryKey(EntryKeyKind.PATH, path) for path in paths[index] if path_owners[path] == 1
        ]
        if url and url_owners[url] == 1:
            keys.append(EntryKey(EntryKeyKind.URL, url))
        elif url and not entry.id:
            keys.append(EntryKey(EntryKeyKind.URL, f"{url} {title}"))
        if title and title_owners[title] == 1:
            keys.append(EntryKey(EntryKeyKind.TITLE, title))
        if not keys:
            keys.append(_fallback_key(entry, first + index))
        keyed.append(
            KeyedEntry(entry=entry, keys=tuple(keys), canonical_url=url, feed_index=first + index)
        )
    return keyed


def _fallback_key(entry: ParsedEntry, feed_index: int) -> EntryKey:
    """The key of an entry that has no other: its content, or its position if it is empty."""
    if entry.title or entry.summary or entry.content or entry.url:
        return EntryKey(EntryKeyKind.HASH, entry.raw_hash)
    return EntryKey(EntryKeyKind.POSITION, str(feed_index))


def _count_owners(values: Sequence[str], labels: Sequence[str]) -> Counter[str]:
    """The number of entries, distinguished by their labels, that share each value."""
    return Counter(value for value, _ in set(zip(values, labels, strict=True)))


def _paths(entry: ParsedEntry) -> tuple[str, ...]:
    """Id and URL without the host: what stays the same when an outlet moves to another one."""
    path = path_without_host(entry.url)
    both = (path_without_host(entry.id), path if has_article_number(path) else "")
    return tuple(dict.fromkeys(path for path in both if path))


def _title_key(entry: ParsedEntry) -> str:
    """Normalised title and exact date, or ""; a title alone is never enough."""
    title = _title_text(entry)
    date = entry.published or entry.updated
    if not title or not date:
        return ""
    return f"{title} @ {date.isoformat() if isinstance(date, datetime) else date.strip()}"


def _label(entry: ParsedEntry) -> str:
    """Title and date, which distinguish entries with one URL: a briefing that appears daily under
    one title and URL has another date each time."""
    return f"{_title_text(entry) or entry.id} {entry.published}"


def _title_text(entry: ParsedEntry) -> str:
    """The normalised title; empty if there is none."""
    return normalise_words(entry.title.value[:MAX_COMPARED_TITLE_CHARS]) if entry.title else ""


def title_words(entry: ParsedEntry) -> str:
    """The normalised words of a title as readers see it, for comparison with a stored one."""
    return normalise_words(strip_tags(unescape(entry.title.value))) if entry.title else ""


def normalise_words(text: str) -> str:
    """The text in lower case, with a space for every run of characters that are not words."""
    return _not_a_word().sub(" ", text.casefold()).strip()


@cache
def _not_a_word() -> re.Pattern[str]:
    return re.compile(rf"[^\w{marks()}]+")
