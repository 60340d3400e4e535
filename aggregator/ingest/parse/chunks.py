"""Split a large document into chunks: its head, some of its entries, its tail.

    Fetched --split_into_chunks--> ChunkedDocument, one chunk for all but the largest feeds

A parser's objects take ten times the size of a document, or a thousand times if it is crafted for
that; those of a chunk are freed before the next one is parsed. Nothing is parsed here: entries are
found in the bytes, by their start tags.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from aggregator.ingest.parse.charset import detect_encoding, to_utf8, wide_encoding
from aggregator.ingest.parse.limits import is_json, xml_problem
from aggregator.model import Failed, FailureKind, Fetched, ParsedEntry

__all__ = ["CHUNK_ENTRIES", "Chunk", "ChunkedDocument", "split_into_chunks"]

MAX_ENTRIES = 100_000
"""Entries of a document."""
MAX_ENTRY_BYTES = 2_000_000
"""Bytes of an entry; pictures embedded in its text may take that much."""
MAX_OVERHEAD_BYTES = 250_000
"""Bytes of a document that belong to no entry; they are repeated in each chunk."""
MAX_TOTAL_OVERHEAD_BYTES = 20_000_000
"""Bytes of overhead in all chunks together."""
MAX_WIDE_BYTES = 4_000_000
"""Bytes of a document in UTF-16 or UTF-32, which is held in memory twice."""
CHUNK_BYTES = 700_000
CHUNK_ENTRIES = 500
"""A chunk has no more than either, unless it is a single entry."""

DATE_SAMPLES = 2_000
"""Dates of a document by which those of its chunks are read."""

_NOT_LIKE_ASCII = ("utf-16", "utf-32", "iso-2022")
"""Beginnings of the names of encodings in which a byte `<` may be something else."""

_Span: TypeAlias = tuple[int, int]
"""Where an entry begins, and where the next one or the rest of the document does."""

_OPENING = re.compile(
    rb"<((?:[\w.-]+:)?(?:item|entry))[\s/>]|(<!\[CDATA\[|<!--|<!ENTITY|<\?)", re.IGNORECASE
)
_CLOSING = {b"<![CDATA[": b"]]>", b"<!--": b"-->", b"<!ENTITY": b">", b"<?": b"?>"}
_DATE = re.compile(
    rb"<(?:pubDate|(?:\w{1,20}:)?(?:date|published|updated|created|modified))>\s{0,20}"
    rb"([^<]{6,60}?)\s{0,20}</",
    re.IGNORECASE,
)
_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_JSON = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"(\s*:)?|\\?\Z)|[][{},]', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some entries of a document, as a document of their own.

    `oversized_entry` stands for an entry that is too large to be parsed; the document lacks it.
    """

    document: Fetched
    oversized_entry: ParsedEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkedDocument:
    """A sequence of the chunks of a document, each made on access.

    `spans` are where each begins and ends, `counts` how many entries it has.
    """

    document: Fetched
    spans: tuple[_Span, ...] = ()
    counts: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.spans) or 1

    def __getitem__(self, index: int) -> Chunk:
        if not self.spans:
            return Chunk(document=self.document)
        body = self.document.body
        start, end = self.spans[index]
        head, tail = body[: self.spans[0][0]], body[self.spans[-1][1] :]
        entries, oversized = body[start:end], None
        if len(entries) > MAX_ENTRY_BYTES:
            entries, oversized = b"", _oversized_entry(entries)
        document = replace(self.document, body=head + entries + tail)
        return Chunk(document=document, oversized_entry=oversized)


def split_into_chunks(
    fetched: Fetched, chunk_entries: int = CHUNK_ENTRIES
) -> ChunkedDocument | Failed:
    """Split a document into as few chunks as its size allows, or refuse it."""
    if len(fetched.body) > MAX_WIDE_BYTES and wide_encoding(fetched.body):
        return _too_large(fetched, f"{MAX_WIDE_BYTES:,} bytes of UTF-16 or UTF-32")
    fetched = detect_encoding(fetched)
    if fetched.encoding.startswith(_NOT_LIKE_ASCII):
        fetched = to_utf8(fetched)
    body = fetched.body
    grouped = _group_spans(_json_spans(body) if is_json(body) else _xml_spans(body), chunk_entries)
    if grouped is None:
        return _too_large(fetched, f"{MAX_ENTRIES:,} entries")
    spans, counts = grouped
    overhead = len(body) - (spans[-1][1] - spans[0][0] if spans else 0)
    if not spans and overhead > MAX_OVERHEAD_BYTES:
        beginning = body[:MAX_OVERHEAD_BYTES]
        if not is_json(body) and xml_problem(beginning):  # the parser will say what is wrong
            return ChunkedDocument(document=replace(fetched, body=beginning))
    if overhead > MAX_OVERHEAD_BYTES:
        return _too_large(fetched, f"{MAX_OVERHEAD_BYTES:,} bytes outside its entries")
    if overhead * len(spans) > MAX_TOTAL_OVERHEAD_BYTES:
        limit = MAX_TOTAL_OVERHEAD_BYTES // len(spans)
        what = f"{limit:,} bytes outside its entries, the limit for a feed with that many entries"
        return _too_large(fetched, what)
    if len(spans) == 1 and spans[0][1] - spans[0][0] <= MAX_ENTRY_BYTES:
        return ChunkedDocument(document=fetched)
    samples = (found[1].decode(errors="replace") for found in _DATE.finditer(body))
    fetched = replace(fetched, date_samples=tuple(islice(samples, DATE_SAMPLES)))
    return ChunkedDocument(document=fetched, spans=spans, counts=counts)


def _too_large(fetched: Fetched, limit: str) -> Failed:
    error = f"The feed is not read: it has more than {limit}."
    return Failed(kind=FailureKind.TOO_LARGE, error=error, status=fetched.status)


def _group_spans(
    entry_spans: Iterable[_Span], chunk_entries: int
) -> tuple[tuple[_Span, ...], tuple[int, ...]] | None:
    """The spans of chunks, and how many entries each has; None if there are too many entries."""
    spans: list[_Span] = []
    counts: list[int] = []
    for total, (start, end) in enumerate(entry_spans, start=1):
        if total > MAX_ENTRIES:
            return None
        if spans and end - spans[-1][0] <= CHUNK_BYTES and counts[-1] < chunk_entries:
            spans[-1] = spans[-1][0], end
            counts[-1] += 1
        else:
            spans.append((start, end))
            counts.append(1)
    return tuple(spans), tuple(counts)


def _oversized_entry(entry: bytes) -> ParsedEntry:
    digest = hashlib.blake2b(entry, digest_size=8).hexdigest()
    return ParsedEntry(id=f"broken {digest}", broken=f"it has more than {MAX_ENTRY_BYTES:,} bytes")


def _xml_spans(body: bytes) -> Iterator[_Span]:
    """The spans of all entries outside CDATA, comments and processing instructions.

    Entries are elements with the name of the first <item> or <entry>. What follows the end of the
    last one belongs to the document; if it has no end, the document was cut off.
    """
    start, entry_name = -1, b""
    for position, name in _start_tags(body):
        entry_name = entry_name or name
        if name == entry_name:
            if start >= 0:
                yield start, position
            start = position
    if start >= 0:
        end = max((found.end() for found in _END.finditer(body, start)), default=len(body))
        yield start, end


def _start_tags(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Position and name of all <item> and <entry> start tags outside CDATA and the like."""
    unclosed: set[bytes] = set()
    position = 0
    while opening := _OPENING.search(body, position):
        position = opening.end()
        if opening[1]:
            yield opening.start(), opening[1]
        elif opening[2] not in unclosed:
            closing = _CLOSING[opening[2].upper()]
            end = body.find(closing, position)
            if end < 0:
                unclosed.add(opening[2])
            else:
                position = end + len(closing)


def _json_spans(body: bytes) -> Iterator[_Span]:
    """The spans of all values in the list `items`."""
    depth, is_items, start = 0, False, 0
    for token in _JSON.finditer(body):
        match token[0][:1]:
            case b'"':
                if depth == 1 and token[1]:
                    is_items = token[0].startswith(b'"items"')
            case b"{" | b"[":
                depth += 1
                if depth == 2:
                    start = token.end()
            case b",":
                if depth == 2 and is_items:
                    yield start, token.start()
                    start = token.end()
            case _:
                if depth == 2 and is_items and body[start : token.start()].strip():
                    yield start, token.start()
                depth -= 1
