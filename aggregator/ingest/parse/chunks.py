"""A large document is read in slices: its head, some of its entries, its tail.

    Fetched --sliced--> Sliced, one slice for all but the largest feeds

The objects that a parser makes of a document take ten times its size, or a thousand times if
it is made for that; those of a slice are gone before the next one is read. Nothing is read
here: entries are found in the bytes, by where they begin.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from aggregator.ingest.parse.limits import is_json, to_utf8, wide_encoding, xml_problem
from aggregator.model import Failed, Fetched, ParsedEntry

__all__ = ["Chunk", "ChunkedDocument", "split_into_chunks"]

MAX_ENTRIES = 100_000
"""Of a document."""
MAX_ENTRY_BYTES = 2_000_000
"""Bytes; pictures that stand in the text itself may take that much."""
MAX_OVERHEAD_BYTES = 250_000
"""Bytes of a document that belong to no entry; each slice has them."""
MAX_TOTAL_OVERHEAD_BYTES = 20_000_000
"""Bytes that all slices together may have of what belongs to no entry."""
MAX_WIDE_BYTES = 4_000_000
"""Bytes of a document in UTF-16 or UTF-32, which must be held twice."""
CHUNK_BYTES = 700_000
CHUNK_ENTRIES = 500
"""A slice has no more than either, unless it is one entry."""

_Span: TypeAlias = tuple[int, int]
"""Where an entry begins, and where the next one does or what follows the last."""

_OPENING = re.compile(
    rb"<((?:[\w.-]+:)?(?:item|entry))[\s/>]|(<!\[CDATA\[|<!--|<!ENTITY|<\?)", re.IGNORECASE
)
_CLOSING = {b"<![CDATA[": b"]]>", b"<!--": b"-->", b"<!ENTITY": b">", b"<?": b"?>"}
_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_JSON = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"(\s*:)?|\\?\Z)|[][{},]', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some entries of a document, as a document.

    `broken` stands for an entry that is too large to be read; the document is then without it.
    """

    document: Fetched
    oversized_entry: ParsedEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkedDocument:
    """A document as its slices, which are made when they are asked for. `spans` and `counts`
    say where each begins and ends and how many entries it has; `tail` is where the last ends."""

    document: Fetched
    spans: tuple[_Span, ...] = ()
    counts: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.spans) or 1

    def __getitem__(self, number: int) -> Chunk:
        if not self.spans:
            return Chunk(document=self.document)
        body = self.document.body
        start, end = self.spans[number]
        head, tail = body[: self.spans[0][0]], body[self.spans[-1][1] :]
        broken = _oversized_entry(body[start:end]) if end - start > MAX_ENTRY_BYTES else None
        whole = head + (b"" if broken else body[start:end]) + tail
        return Chunk(document=replace(self.document, body=whole), oversized_entry=broken)


def split_into_chunks(fetched: Fetched) -> ChunkedDocument | Failed:
    """The document in as few slices as its size allows. A `Failed` says why it is not read."""
    if len(fetched.body) > MAX_WIDE_BYTES and wide_encoding(fetched.body):
        return _too_much(fetched, f"{MAX_WIDE_BYTES:,} bytes of UTF-16 or UTF-32")
    fetched = to_utf8(fetched)
    body = fetched.body
    grouped = _group_spans(_json_spans(body) if is_json(body) else _xml_spans(body))
    if grouped is None:
        return _too_much(fetched, f"{MAX_ENTRIES:,} entries")
    spans, counts = grouped
    outside = len(body) - (spans[-1][1] - spans[0][0] if spans else 0)
    if not spans and outside > MAX_OVERHEAD_BYTES:
        beginning = body[:MAX_OVERHEAD_BYTES]
        if not is_json(body) and xml_problem(beginning):
            return ChunkedDocument(
                document=replace(fetched, body=beginning)
            )  # which says what is wrong
    if outside > MAX_OVERHEAD_BYTES or outside * len(spans) > MAX_TOTAL_OVERHEAD_BYTES:
        return _too_much(fetched, f"{MAX_OVERHEAD_BYTES:,} bytes beside its entries")
    if len(spans) == 1 and spans[0][1] - spans[0][0] <= MAX_ENTRY_BYTES:
        return ChunkedDocument(document=fetched)
    return ChunkedDocument(document=fetched, spans=spans, counts=counts)


def _too_much(fetched: Fetched, much: str) -> Failed:
    return Failed(error=f"The feed is not read: it has more than {much}.", status=fetched.status)


def _group_spans(found: Iterable[_Span]) -> tuple[tuple[_Span, ...], tuple[int, ...]] | None:
    """The spans of slices, and how many entries each has; None if there are too many."""
    spans: list[_Span] = []
    counts: list[int] = []
    for total, (start, end) in enumerate(found, start=1):
        if total > MAX_ENTRIES:
            return None
        if spans and end - spans[-1][0] <= CHUNK_BYTES and counts[-1] < CHUNK_ENTRIES:
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
    """Of all elements that are called as the first item or entry is, and stand in no text,
    comment or instruction.

    What follows the last one's end belongs to the document; if it does not end, it was cut off.
    """
    start, name = -1, b""
    for at, found in _entries(body):
        name = name or found
        if found == name:
            if start >= 0:
                yield start, at
            start = at
    if start >= 0:
        end = max((found.end() for found in _END.finditer(body, start)), default=len(body))
        yield start, end


def _entries(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Where elements called item or entry begin, and how they are called."""
    never_end: set[bytes] = set()
    at = 0
    while opening := _OPENING.search(body, at):
        at = opening.end()
        if opening[1]:
            yield opening.start(), opening[1]
        elif opening[2] not in never_end:
            closing = _CLOSING[opening[2].upper()]
            end = body.find(closing, at)
            if end < 0:
                never_end.add(opening[2])
            else:
                at = end + len(closing)


def _json_spans(body: bytes) -> Iterator[_Span]:
    """Of all values in the list `items`."""
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
