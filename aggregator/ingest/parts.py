"""The parts of a fetched document: one for most, several for a large one.

Entries are recognised before any of them is cleaned, because only all of them together show whether
their ids have changed, and how many are new. For a large document, this is done with the headers
of its entries, chunk by chunk, for as many as memory allows; then the chunks are parsed again for
what is new or changed in them.
"""

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.match.matcher import MatchResult
from aggregator.ingest.parse.chunks import ChunkedDocument
from aggregator.ingest.worker_results import ReadDocument
from aggregator.ingest.workers import Workers
from aggregator.model import (
    MAX_SENTENCE_CHARS,
    Batch,
    Entry,
    EntryCounts,
    Failed,
    FeedMeta,
    KeyedEntry,
    Outcome,
    ParsedEntry,
    Rejected,
    Source,
    SourceReport,
)
from aggregator.text.html import one_line
from aggregator.text.secrets import without_private_parts

__all__ = [
    "LARGE_DOCUMENT_SECONDS", "MAX_MATCHED_ENTRIES", "Part", "Progress",
    "clean_changes", "read_parts", "result_in_chunk",
]  # fmt: skip

MAX_MATCHED_ENTRIES = 4000
"""Entries that are matched together; a document with more is several parts, one after the other.
Real feeds have a tenth as many."""
LARGE_DOCUMENT_SECONDS = 600.0
"""Limit for a document in chunks; 100,000 entries take about one minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Entries that are matched together.

    `chunks` are the chunks that contain them: number, and index of the first entry. If the document
    has several chunks, the entries are headers only. If it was cleaned as it was parsed, they are
    those that are not stored as they are, and `cleaned` is what became of each; `known` are the
    short hashes of the others, `known_count` is how many those are.
    """

    feed_meta: FeedMeta
    keyed: Sequence[KeyedEntry]
    chunks: Sequence[tuple[int, int]] = ((0, 0),)
    is_last: bool = True
    cleaned: Sequence[Entry | Rejected] = ()
    known: Set[int] = frozenset()
    known_count: int = 0

    @classmethod
    def of(cls, document: ReadDocument) -> "Part":
        """The only part of a document that was cleaned as it was parsed."""
        return cls(
            feed_meta=document.feed_meta,
            keyed=document.keyed,
            cleaned=document.cleaned,
            known=document.known,
            known_count=document.known_count,
        )

    def cleaned_for(self, result: MatchResult) -> list[Entry | Rejected]:
        """New and changed entries, cleaned, in this order. Matching may have changed their keys."""
        by_index = {
            item.feed_index: entry for item, entry in zip(self.keyed, self.cleaned, strict=True)
        }
        items = (*result.new, *(item for item, _ in result.changed))
        return [_with_keys(by_index[item.feed_index], item) for item in items]

    @staticmethod
    def count_expected(new: Sequence[KeyedEntry]) -> int:
        """The number of entries that are unlikely to be rejected, as far as headers show."""
        return sum(bool(item.entry.url) and not item.entry.broken for item in new)


def _with_keys(entry: Entry | Rejected, item: KeyedEntry) -> Entry | Rejected:
    if isinstance(entry, Rejected):
        return replace(entry, key=item.keys[0])
    return entry if entry.keys == item.keys else replace(entry, keys=item.keys)


async def read_parts(
    workers: Workers, document: ChunkedDocument, max_entries: int = MAX_MATCHED_ENTRIES
) -> AsyncIterator[Part | Failed]:
    """The parts of a document, parsed: one for a small document, parsed once; several for a large
    one, of headers."""
    if len(document) == 1:
        parsed = await workers.read(document.document)
        yield (
            parsed
            if isinstance(parsed, Failed)
            else Part(feed_meta=parsed.feed_meta, keyed=parsed.keyed)
        )
        return
    meta: FeedMeta | None = None
    entries: list[ParsedEntry] = []
    chunks: list[tuple[int, int]] = []
    first = 0
    for number in range(len(document)):
        headers = await workers.read_headers(document[number])
        if isinstance(headers, Failed):
            yield headers
            return
        meta = meta + headers.feed_meta if meta else headers.feed_meta
        chunks.append((number, first + len(entries)))
        entries += headers.entries
        is_last = number == len(document) - 1
        if is_last or len(entries) >= max_entries:
            keyed = assign_keys(entries, first)
            yield Part(feed_meta=meta, keyed=keyed, chunks=chunks, is_last=is_last)
            meta, first = None, first + len(entries)
            entries, chunks = [], []


def result_in_chunk(result: MatchResult, part: Part, index: int) -> MatchResult:
    """New and changed entries in one chunk of a part; the last one also counts unchanged ones."""
    if len(part.chunks) == 1:
        return result
    is_last = index == len(part.chunks) - 1
    start = part.chunks[index][1]
    stop = float("inf") if is_last else part.chunks[index + 1][1]
    changed = tuple(pair for pair in result.changed if start <= pair[0].feed_index < stop)
    return replace(
        result,
        new=tuple(item for item in result.new if start <= item.feed_index < stop),
        changed=changed,
        unchanged_count=result.unchanged_count if is_last else 0,
        unconfirmed_ids=result.unconfirmed_ids & {entry.entry_id for _, entry in changed},
        reused_ids=result.reused_ids & {entry.entry_id for _, entry in changed},
    )


async def clean_changes(
    workers: Workers,
    document: ChunkedDocument,
    chunk: tuple[int, int],
    result: MatchResult,
    source: Source,
    now: datetime,
    own_sites: Sequence[str],
) -> list[Entry | Rejected] | Failed:
    """The new and changed entries of a chunk, cleaned, in this order."""
    items = [*result.new, *(item for item, _ in result.changed)]
    if not items:
        return []
    if len(document) == 1:
        return await workers.clean(items, source, now, own_sites)
    number, first = chunk
    return await workers.clean_chunk(document[number], first, items, source, now, own_sites)


@dataclass(slots=True, kw_only=True)
class Progress:
    """What has been saved of a document; `matched_ids` are the stored entries that it lists,
    `private_parts` what its name and notes must not show."""

    private_parts: tuple[str, ...] = ()
    needs_approval: bool = False

    counts: EntryCounts = field(default_factory=EntryCounts)
    outcome: Outcome = Outcome.UNCHANGED
    held_count: int = 0
    matched_ids: set[int] = field(default_factory=set)
    feed_meta: FeedMeta | None = None

    def add_part(self, part: Part) -> FeedMeta:
        """Add a part; returns the metadata of all parts so far."""
        known, new = self.feed_meta, part.feed_meta
        new = replace(
            new,
            title=without_private_parts(new.title, self.private_parts),
            problem=without_private_parts(new.problem, self.private_parts),
        )
        self.feed_meta = known + new if known else new
        return self.feed_meta

    def add_batch(self, batch: Batch, *, is_held: bool) -> None:
        """Add a batch that was saved."""
        self.counts += batch.counts
        if batch.outcome is Outcome.CHANGED:
            self.outcome = batch.outcome
        self.held_count += len(batch.new_entry_ids) if is_held else 0
        self.matched_ids |= batch.new_entry_ids

    def report(self, source: str) -> SourceReport:
        """The report on the whole document."""
        note = one_line(self.feed_meta.problem if self.feed_meta else "", MAX_SENTENCE_CHARS)
        if self.held_count and self.needs_approval:
            note = (
                f"{self.held_count} new entries wait for approval; see `aggregator held {source}`."
            )
        elif self.held_count:
            note = (
                f"{self.held_count} new entries came at once and are held; "
                f"`aggregator held {source}` shows them."
            )
        return SourceReport(source=source, outcome=self.outcome, note=note, counts=self.counts)
