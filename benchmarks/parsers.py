"""How many documents the fast parser handles, and whether its results equal feedparser's.

Both parsers parse each document of the material and its mutations: bytes are changed, and elements
inserted, repeated, moved, renamed, emptied and given attributes of other documents. Any difference
is a bug in the fast parser.
"""

import csv
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from aggregator.ingest.parse.charset import to_utf8
from aggregator.ingest.parse.fast_names import Declined
from aggregator.ingest.parse.fast_xml import read_fast
from aggregator.ingest.parse.limits import is_json, xml_problem
from aggregator.ingest.parse.parser import parse
from aggregator.ingest.parse.xml import repaired
from aggregator.model import Failed, Fetched, ParsedFeed, Validators
from benchmarks.feeds import KINDS, make_feed
from benchmarks.fuzz import mutate

__all__ = [
    "MATERIAL",
    "Comparison",
    "compare",
    "compare_mutations",
    "documents",
    "mutation",
    "report",
]

MUTATIONS = int(os.environ.get("MUTATIONS", "20000"))
MUTATIONS_PER_TASK = 500
MAX_MUTATED_BYTES = 60_000
SHARED = Path(__file__).parents[2] / "shared" / "data"
OURS = Path(__file__).parents[1] / "tests" / "corpus"
MATERIAL: Mapping[str, str] = {
    "real": "`feeds/real`",
    "news": "of these, news outlets",
    "edge": "`feeds/edge`",
    "replay": "`replay`",
    "corpus": "our own corpus",
    "made": "made-up feeds of the benchmarks",
}
_LEAF = re.compile(
    rb"<([\w:.-]+)(?:\s[^<>]*)?(?:/>|>(?:<!\[CDATA\[[^\]]{0,200}\]\]>|[^<]{0,200})</\1>)"
)
_PARENT = re.compile(rb"<(?:item|entry|channel|feed|rss)(?=[\s>])")
_ENTRY = re.compile(rb"(?=<(?:item|entry)[\s>])")
_AFTER_ENTRIES = re.compile(rb"</(?:item|entry)>(.*)\Z", re.DOTALL)
MAX_SNIPPET_BYTES = 400
_TEXTS = (
    b"", b" ", b"&#x85;", b"&#150;", b"\xc2\x85", b"\xc3\x83\xc2\xa9", b"&lt;p&gt;x&lt;/p&gt;",
    b"a &amp; b", b"&amp;amp;", b"&amp;nbsp;", b"<![CDATA[<b>x</b>]]>", b"http:///x.example//a",
    b"http:////e.example/?a=1&amp;b=2", b"relative/x", b"<!-- c -->x", b"x<!-- c -->y", b"<?p x?>",
    b"Mon, 5 Oct 2026 10:00:00 GMT", b"2026-10-05T10:00:00Z", b"2026-10-05", b"5/10/2026",
    b"Mon, 05 Oct 2026 10:00:60 +0200", b"a@b.example (A B)", b"A &lt;a@b.example&gt;", b"en_US",
    b"\xc2\xa0x\xc2\xa0", b"&#160;", b"&#8203;", b"]]&gt;", b"a,b, c", b"<b>x</b>", b"&#65279;",
    b"\xef\xbb\xbfx", b"2012", b"-1", b"x" * 300,
)  # fmt: skip
_ATTRIBUTES = (
    b'type="html"', b'type="text"', b'type=""', b'type="TEXT/HTML"', b'type="xhtml"',
    b'mode="escaped"', b'mode="base64"', b'xml:lang="de_DE"', b'xml:lang=""', b'lang="fr"',
    b'xml:base="http://b.example/"', b'base="x"', b'isPermaLink="false"', b'ispermalink="true"',
    b'isPermaLink="TRUE"', b'rel="alternate"', b'rel="ENCLOSURE"', b'rel="self"', b'href=""',
    b'href="http://h.example/a"', b'url="http://u.example/a.jpg"', b'url=""', b'uri="x"',
    b'term="t"', b'label="L"', b'domain="d"', b'scheme="s"', b'medium="image"', b'width="300"',
    b'lastmod="2020"', b'rdf:about="x"', b'xmlns:media="http://search.yahoo.com/mrss/"',
    b'xmlns:dc="http://purl.org/dc/elements/1.1/"', b'xmlns:x="urn:x"', b'xmlns="urn:y"',
    b'xmlns=""', b'xmlns="http://www.w3.org/2005/Atom"', b'text="T"', b'xml:space="preserve"',
    b'URL="q"', b'version="0.92"', b'length="12"', b'xmlns:media="http://purl.org/dc/terms/"',
)  # fmt: skip


@dataclass(slots=True)
class Comparison:
    """How documents were read."""

    documents: int = 0
    fast: int = 0
    entries: int = 0
    fast_entries: int = 0
    declined: Counter[str] = field(default_factory=Counter)
    """Reason -> documents that feedparser had to read."""
    differences: list[str] = field(default_factory=list)

    def add(self, body: bytes, name: str) -> None:
        """Compare both parsers on a document."""
        parsed, reason, difference = compare(body)
        count = len(parsed.entries) if isinstance(parsed, ParsedFeed) else 0
        self.documents += 1
        self.entries += count
        if reason:
            self.declined[reason] += 1
        else:
            self.fast += 1
            self.fast_entries += count
        if difference:
            self.differences.append(f"{name}: {difference}")

    def __iadd__(self, other: "Comparison") -> "Comparison":
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


def compare(body: bytes) -> tuple[ParsedFeed | Failed, str, str]:
    """What a document is parsed to, why the fast parser has declined it, and in what feedparser
    differs; both empty if it has not."""
    fetched = Fetched(
        url="https://outlet.example/feed",
        status=200,
        content_type="application/xml",
        body=body,
        validators=Validators(),
    )
    parsed = parse(fetched)
    reason = _decline(fetched)
    if reason:
        return parsed, reason, ""
    return parsed, "", _difference(parsed, parse(fetched, is_fast=False))


def _decline(fetched: Fetched) -> str:
    body = to_utf8(fetched).body
    if is_json(body):
        return "JSON"
    if xml_problem(body):
        return "refused before it is read"
    try:
        read_fast(repaired(body)[0])
    except Declined as declined:
        return str(declined)
    return ""


def _difference(one: ParsedFeed | Failed, two: ParsedFeed | Failed) -> str:
    if one == two:
        return ""
    if isinstance(one, Failed) or isinstance(two, Failed):
        return f"{one} is not {two}"[:MAX_SNIPPET_BYTES]
    pairs: list[tuple[Any, Any]] = [(one, two), *zip(one.entries, two.entries, strict=False)]
    for index, (left, right) in enumerate(pairs):
        for each in fields(left):
            values = getattr(left, each.name), getattr(right, each.name)
            if values[0] != values[1] and each.name != "entries":
                where = f"entry {index}, " if index else ""
                return f"{where}{each.name}: {values[0]!r} is not {values[1]!r}"[:MAX_SNIPPET_BYTES]
    return f"{len(one.entries)} entries are not {len(two.entries)}"


# ---- the material and its mutations


def documents(group: str) -> Iterator[tuple[str, bytes]]:
    """Name and body of each document of a group."""
    if group == "made":
        for kind in KINDS:
            for number in range(20):
                yield f"{kind} {number}", make_feed(number, 10, kind)
        return
    for file in sorted(_files(group)):
        if file.is_file() and ".expected" not in file.name:
            yield file.name, file.read_bytes()


def _files(group: str) -> Iterator[Path]:
    match group:
        case "corpus":
            yield from OURS.iterdir()
        case "replay":
            yield from (SHARED / "replay").glob("*/*.xml")
        case "news":
            with (SHARED / "feeds" / "manifest.csv").open(encoding="utf-8", newline="") as rows:
                for row in csv.DictReader(rows):
                    if row["news_like"] == "1":
                        yield SHARED / "feeds" / row["file"]
        case _:
            yield from (SHARED / "feeds" / group).rglob("*")


@cache
def _seeds() -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
    """All documents, those that are small, and the elements without elements in them."""
    groups = ["real", "edge", "corpus", "made"] if SHARED.is_dir() else ["corpus", "made"]
    bodies = [body for group in groups for _, body in documents(group)]
    bodies += [body for _, body in documents("replay")][::40] if SHARED.is_dir() else []
    leaves = {found[0] for body in bodies for found in _LEAF.finditer(body)}
    snippets = sorted(leaf for leaf in leaves if len(leaf) < MAX_SNIPPET_BYTES)
    small = [body for body in bodies if len(body) < MAX_MUTATED_BYTES // 3]
    return tuple(bodies), tuple(small), tuple(snippets)


def mutation(number: int) -> bytes:
    """A document with a few changes: the same for the same number."""
    rng = random.Random(number)
    bodies, small, snippets = _seeds()
    if number % 4 == 0:
        return mutate(rng, small)
    body = rng.choice(bodies)
    if len(body) > MAX_MUTATED_BYTES:
        body = _shortened(rng, body)
    for _ in range(rng.choice((1, 1, 2, 3))):
        body = _edited(rng, body, snippets)
    return body


def _shortened(rng: random.Random, body: bytes) -> bytes:
    """The document with a few of its entries."""
    head, *entries = _ENTRY.split(body)
    if not entries:
        return head[:MAX_MUTATED_BYTES]
    tail = _AFTER_ENTRIES.search(entries[-1])
    kept = entries[: rng.randint(1, min(4, max(1, len(entries) - 1)))]
    return head + b"".join(kept if len(entries) > 1 else []) + (tail[1] if tail else b"")


def _edited(rng: random.Random, body: bytes, snippets: Sequence[bytes]) -> bytes:
    leaves = list(_LEAF.finditer(body))
    if not leaves:
        return body
    leaf = rng.choice(leaves)
    start, end = leaf.span()
    name_end = start + 1 + len(leaf[1])
    is_empty = leaf[0].endswith(b"/>")
    match rng.randrange(9):
        case 0 | 1:
            return body[:start] + rng.choice(snippets) + body[start:]
        case 2:
            return body[:end] + leaf[0] + body[end:]
        case 3:
            return body[:start] + body[end:]
        case 4:
            (a, b), (c, d) = sorted((leaf.span(), rng.choice(leaves).span()))
            return body if b > c else body[:a] + body[c:d] + body[b:c] + body[a:b] + body[d:]
        case 5:
            return body[:name_end] + b" " + rng.choice(_ATTRIBUTES) + body[name_end:]
        case 6 if not is_empty:
            text, closing = start + leaf[0].index(b">") + 1, end - len(leaf[1]) - 3
            return body[:text] + rng.choice(_TEXTS) + body[closing:]
        case 7 if parents := list(_PARENT.finditer(body)):
            at = rng.choice(parents).end()
            return body[:at] + b" " + rng.choice(_ATTRIBUTES) + body[at:]
        case 8 if not is_empty and (other := _LEAF.match(rng.choice(snippets))):
            inside = body[name_end : end - len(leaf[1]) - 1]
            return body[:start] + b"<" + other[1] + inside + other[1] + b">" + body[end:]
    return body


def compare_mutations(start: int, count: int = MUTATIONS_PER_TASK) -> Comparison:
    """Compare both parsers on mutations, numbered from `start`."""
    comparison = Comparison()
    for number in range(start, start + count):
        comparison.add(mutation(number), f"mutation {number}")
    return comparison


def report() -> str:
    """Compare both parsers on everything, and return the section in Markdown."""
    rows, reasons, differences = [], Counter[str](), 0
    comparisons = {}
    for group, title in MATERIAL.items():
        comparison = comparisons[title] = Comparison()
        for name, body in documents(group):
            comparison.add(body, name)
    mutated = comparisons[f"mutations of all of them ({MUTATIONS:,})"] = Comparison()
    with ProcessPoolExecutor() as pool:
        for part in pool.map(compare_mutations, range(0, MUTATIONS, MUTATIONS_PER_TASK)):
            mutated += part
    for title, comparison in comparisons.items():
        share = comparison.fast_entries / max(1, comparison.entries)
        rows.append(
            f"| {title} | {comparison.documents:,} | {comparison.fast:,} |"
            f" {comparison.entries:,} | {share:.1%} | {len(comparison.differences)} |"
        )
        reasons += comparison.declined
        differences += len(comparison.differences)
    common = "\n".join(f"| {reason} | {count:,} |" for reason, count in reasons.most_common(15))
    table = "\n".join(rows)
    return f"""\
## The fast parser

Each document is parsed twice, by the fast parser and by feedparser, and the parsed feeds are \
compared as wholes: {differences} differences.

| documents | compared | answered fast | entries | of these fast | differences |
|---|---|---|---|---|---|
{table}

Why documents went to feedparser, most frequent first:

| reason | documents |
|---|---|
{common}
"""
