"""A large document is read in slices: its head, some of its entries, its tail.

    Fetched --sliced--> Sliced, one Slice for all but the largest feeds

The objects that a parser makes of a document take ten times its size, or a thousand times if
it is made for that; those of a slice are gone before the next one is read. Nothing is read
here: entries are found in the bytes, by where they begin.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from aggregator.ingest.bounds import encoding_of_wide, narrow
from aggregator.model import Failed, Fetched, ParsedEntry

__all__ = ["Slice", "Sliced", "sliced"]

MAX_ENTRIES = 100_000
MAX_ENTRY = 2_000_000
"""Bytes; pictures that stand in the text itself may take that much."""
MAX_OUTSIDE = 1_000_000
"""Bytes of a document that belong to no entry."""
MAX_WIDE = 4_000_000
"""Bytes of a document in wide letters; all others have so many as [fetch] max_bytes allows."""
SLICE_BYTES = 1_000_000
SLICE_ENTRIES = 500

_Span: TypeAlias = tuple[int, int]
"""Where an entry begins, and where the next one does or what follows the last."""

_ENTRY = re.compile(
    rb"(<(?:\w+:)?(?:item|entry)[\s/>])"
    rb"|<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_END = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>|<(?:\w+:)?(?:item|entry)\s*/>", re.IGNORECASE)
_JSON = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"(\s*:)?|\\?\Z)|[][{},]', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Some entries of a document, as a document; `first` is the number of the first, from 0.

    `broken` stands for an entry that is too large to be read, and then alone in its slice.
    """

    document: Fetched
    first: int = 0
    broken: ParsedEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliced:
    """A document as its slices, which are made when they are asked for. `spans` and `counts`
    say where each begins and ends and how many entries it has; `tail` is where the last ends."""

    document: Fetched
    spans: tuple[_Span, ...] = ()
    counts: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.spans) or 1

    def __iter__(self) -> Iterator[Slice]:
        body = self.document.body
        if not self.spans:
            yield Slice(document=self.document)
            return
        head, tail = body[: self.spans[0][0]], body[self.spans[-1][1] :]
        first = 0
        for (start, end), count in zip(self.spans, self.counts, strict=True):
            broken = _too_large(body[start:end]) if end - start > MAX_ENTRY else None
            whole = head + (b"" if broken else body[start:end]) + tail
            yield Slice(document=replace(self.document, body=whole), first=first, broken=broken)
            first += count


def sliced(fetched: Fetched) -> Sliced | Failed:
    """The document in as few slices as its size allows. A `Failed` says why it is not read."""
    if len(fetched.body) > MAX_WIDE and encoding_of_wide(fetched.body):
        error = f"The feed is not read: it has more than {MAX_WIDE:,} bytes of UTF-16 or UTF-32."
        return Failed(error=error, status=fetched.status)
    fetched = narrow(fetched)
    body = fetched.body
    is_json = body[:100].lstrip(b"\xef\xbb\xbf\t\r\n ").startswith(b"{")
    spans: list[_Span] = []
    counts: list[int] = []
    found = _json_spans(body) if is_json else _xml_spans(body)
    for total, (start, end) in enumerate(found, start=1):
        if total > MAX_ENTRIES:
            error = f"The feed is not read: it has more than {MAX_ENTRIES:,} entries."
            return Failed(error=error, status=fetched.status)
        if spans and end - spans[-1][0] <= SLICE_BYTES and counts[-1] < SLICE_ENTRIES:
            spans[-1] = spans[-1][0], end
            counts[-1] += 1
        else:
            spans.append((start, end))
            counts.append(1)
    inside = spans[-1][1] - spans[0][0] if spans else 0
    if len(body) - inside > MAX_OUTSIDE:
        if spans or is_json:
            error = (
                f"The feed is not read: it has more than {MAX_OUTSIDE:,} bytes beside its entries."
            )
            return Failed(error=error, status=fetched.status)
        return Sliced(document=replace(fetched, body=body[:MAX_OUTSIDE]))
    if len(spans) == 1 and inside <= MAX_ENTRY:
        return Sliced(document=fetched)
    return Sliced(document=fetched, spans=tuple(spans), counts=tuple(counts))


def _too_large(entry: bytes) -> ParsedEntry:
    digest = hashlib.blake2b(entry, digest_size=8).hexdigest()
    return ParsedEntry(id=f"broken {digest}", broken=f"it has more than {MAX_ENTRY:,} bytes")


def _xml_spans(body: bytes) -> Iterator[_Span]:
    """Of all elements called item or entry that stand in no text, comment or instruction.

    What follows the last one's end belongs to the document; if it does not end, it was cut off.
    """
    start = -1
    for found in _ENTRY.finditer(body):
        if found[1]:
            if start >= 0:
                yield start, found.start()
            start = found.start()
    if start >= 0:
        end = max((found.end() for found in _END.finditer(body, start)), default=len(body))
        yield start, end


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
