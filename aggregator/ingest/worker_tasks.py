"""What worker processes do: parse a document, find new and changed entries, clean those.

    Fetched --read_and_clean--> ReadDocument: what is not known, cleaned
                                None: it is large, and is read in chunks

An entry is sent to another process once, cleaned; raw texts never leave the worker.
"""

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime

from aggregator.images.thumbnails import NotAPicture, make_thumbnails
from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.dedupe.fingerprints import fingerprints_of
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.parse.channel import feed_meta
from aggregator.ingest.parse.chunks import Chunk, split_into_chunks
from aggregator.ingest.parse.parser import parse
from aggregator.ingest.worker_results import (
    CleanStep,
    EntryHeaders,
    ParsedDocument,
    ReadDocument,
)
from aggregator.model import (
    BUG_REASON,
    Entry,
    EntryKey,
    Failed,
    FailureKind,
    FeedMeta,
    Fetched,
    KeyedEntry,
    ParsedEntry,
    ParsedFeed,
    Rejected,
    Source,
    ThumbnailFiles,
    short_hash,
)
from aggregator.text.event_words import event_words
from aggregator.text.tokens import index_text, search_text

__all__ = [
    "clean_chunk", "clean_entries", "clean_unknown", "read", "read_and_clean", "read_headers",
    "thumbnails_of",
]  # fmt: skip

MAX_ERROR_CHARS = 200


def read(fetched: Fetched) -> ParsedDocument | Failed:
    """Parse a feed and assign keys to its entries."""
    parsed = parse(fetched)
    if isinstance(parsed, Failed):
        return parsed
    return ParsedDocument(feed_meta=feed_meta(parsed), keyed=tuple(assign_keys(parsed.entries)))


def read_and_clean(
    document: Fetched,
    known: Set[int],
    chunk_entries: int,
    step: CleanStep,
    source: Source,
    now: datetime,
    own_sites: Sequence[str],
) -> ReadDocument | Failed | None:
    """Parse a feed and clean what is not stored of it as it is: the entries whose short hash is not
    in `known`. None if it has more than one chunk."""
    chunked = split_into_chunks(document, chunk_entries)
    if isinstance(chunked, Failed):
        return chunked
    if len(chunked) > 1:
        return None
    parsed = parse(chunked.document)
    if isinstance(parsed, Failed):
        return parsed
    return clean_unknown(feed_meta(parsed), parsed.entries, known, step, source, now, own_sites)


def clean_unknown(
    meta: FeedMeta,
    entries: Sequence[ParsedEntry],
    known: Set[int],
    step: CleanStep,
    source: Source,
    now: datetime,
    own_sites: Sequence[str],
) -> ReadDocument:
    """Clean the entries of a parsed feed that are not stored as they are, or share a key with one
    that is not: of those, matching decides which is the stored one."""
    keyed = assign_keys(entries)
    hashes = [short_hash(item.entry.raw_hash) for item in keyed]
    unknown = {i for i, number in enumerate(hashes) if number not in known}
    disputed: set[EntryKey] = set()
    for _ in keyed:
        disputed.update(key for i in unknown for key in keyed[i].keys)
        rivals = {
            i
            for i, item in enumerate(keyed)
            if i not in unknown and not disputed.isdisjoint(item.keys)
        }
        if not rivals:
            break
        unknown |= rivals
    new = [keyed[i] for i in sorted(unknown)]
    return ReadDocument(
        feed_meta=meta,
        keyed=tuple(replace(item, entry=item.entry.headers) for item in new),
        cleaned=tuple(step(new, source, now, own_sites)),
        known=frozenset(number for i, number in enumerate(hashes) if i not in unknown),
        known_count=len(keyed) - len(new),
    )


def read_headers(chunk: Chunk) -> EntryHeaders | Failed:
    """Parse a chunk of a feed for what must be known of many entries before one is cleaned."""
    parsed = _parse_chunk(chunk)
    if isinstance(parsed, Failed):
        return parsed
    entries = tuple(entry.headers for entry in parsed.entries)
    return EntryHeaders(feed_meta=feed_meta(parsed), entries=entries)


def clean_entries(
    items: Sequence[KeyedEntry], source: Source, now: datetime, own_sites: Sequence[str]
) -> list[Entry | Rejected]:
    """Clean entries, in order, and compute fingerprints and words of those that are good. A bug in
    cleaning one entry costs only that entry."""
    return [_clean_entry(item, source, now, own_sites) for item in items]


def _clean_entry(
    item: KeyedEntry, source: Source, now: datetime, own_sites: Sequence[str]
) -> Entry | Rejected:
    try:
        entry = clean(item, source, now, own_sites)
        if isinstance(entry, Rejected):
            return entry
        text = search_text(entry.title, entry.summary, entry.tags, entry.author)
        return replace(
            entry,
            fingerprints=fingerprints_of(entry),
            words=index_text(text),
            event_words=event_words(entry.title, entry.summary),
        )
    except MemoryError:
        raise  # the limit of the worker
    except Exception as error:  # reported as a bug, with the entry that shows it
        reason = f"{BUG_REASON} ({type(error).__name__}: {str(error)[:MAX_ERROR_CHARS]})"
        title = f"entry {item.feed_index + 1}"
        return Rejected(key=item.keys[0], title=title, reason=reason)


def clean_chunk(
    chunk: Chunk,
    first: int,
    items: Sequence[KeyedEntry],
    source: Source,
    now: datetime,
    own_sites: Sequence[str],
) -> list[Entry | Rejected] | Failed:
    """Clean entries of a chunk whose first entry has the index `first`, by their headers."""
    parsed = _parse_chunk(chunk)
    if isinstance(parsed, Failed):
        return parsed
    whole = [replace(item, entry=parsed.entries[item.feed_index - first]) for item in items]
    return clean_entries(whole, source, now, own_sites)


def _parse_chunk(chunk: Chunk) -> ParsedFeed | Failed:
    parsed = parse(chunk.document)
    if chunk.oversized_entry and isinstance(parsed, ParsedFeed):
        return replace(parsed, entries=(chunk.oversized_entry,))
    return parsed


def thumbnails_of(picture: bytes) -> ThumbnailFiles | Failed:
    """The thumbnails of a picture that we serve."""
    try:
        return make_thumbnails(picture)
    except NotAPicture as error:
        return Failed(kind=FailureKind.MALFORMED, error=str(error))
