"""Documents that no outlet meant to write: the edge corpus, mutated, through parse and clean.

Every input must give a ParsedFeed or a Failed, whose entries become an Entry or a Rejected;
nothing may crash or take long, and safe HTML must be what nh3 itself would leave alone.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aggregator.ingest.clean.cleaner import clean, sanitize
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.parse.parser import parse
from aggregator.model import Entry, Failed, Fetched, Source, Validators

__all__ = ["fuzz", "report", "seeds"]

INPUTS = int(os.environ.get("INPUTS", "200000"))
BATCH = 500
SLOW = 5.0
"""Seconds; no document of this size may take as long."""
SHARED = Path(__file__).parents[2] / "shared" / "data" / "feeds"
NOW = datetime(2026, 10, 5, tzinfo=UTC)
SOURCE = Source(id="fuzz", name="Fuzz", feed="https://f.example/feed", site="https://f.example/")

_PIECES = (
    b"<![CDATA[", b"]]>", b"<!--", b"-->", b"&#0;", b"&#xD83C;", b"&#x1F389;", b"&amp;", b"&nbsp;",
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<script>", b"</script>", b"<svg>",
    b"<math><mtext>", b"<style>", b"<template>", b"<noscript>", b"<plaintext>", b"<textarea>",
    b"<a href='javascript:x'>", b"<img src=x onerror=y>", b"&lt;script&gt;", b"&lt;b",
    b"<?xml version='1.0' encoding='utf-16'?>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;",
    b"<item>", b"</item>", b"<entry>", b"<title type='xhtml'>", b"xml:base='//x'", b"\xf0\x9f",
    b"9999-12-31T23:59:59-05:00", b"0000", b"-1", b"{", b"}", b"[", b'"', b"\\ud800", b"null",
)  # fmt: skip


def seeds() -> list[bytes]:
    """The edge corpus, and ours."""
    ours = Path(__file__).parents[1] / "tests" / "corpus"
    files = [*(SHARED / "edge").rglob("*"), *ours.iterdir()]
    found = [f.read_bytes() for f in sorted(files) if f.is_file() and ".expected" not in f.name]
    return [body for body in found if len(body) < 20_000]


def fuzz(start: int, given: Sequence[bytes], count: int = BATCH) -> Counter[str]:
    """So many inputs from a number on; gives what came of them. Raises AssertionError with
    the input's number for what must not be."""
    found: Counter[str] = Counter()
    for number in range(start, start + count):
        body = _mutated(random.Random(number), given)
        began = time.perf_counter()
        try:
            found += _line(body)
        except Exception as error:
            raise AssertionError(f"input {number}: {type(error).__name__}: {error}") from error
        assert time.perf_counter() - began < SLOW, f"input {number} is slow"
    return found


def _line(body: bytes) -> Counter[str]:
    kind = "application/feed+json" if body[:1] == b"{" else "application/xml"
    fetched = Fetched(
        url=SOURCE.feed, status=200, content_type=kind, body=body, validators=Validators()
    )
    parsed = parse(fetched)
    if isinstance(parsed, Failed):
        return Counter(failed=1)
    found: Counter[str] = Counter(read=1)
    for item in assign_keys(parsed.entries):
        entry = clean(item, SOURCE, NOW)
        found["entries" if isinstance(entry, Entry) else "rejected"] += 1
        if isinstance(entry, Entry):
            _check(entry)
    return found


def _check(entry: Entry) -> None:
    again = sanitize(entry.content, entry.url)
    assert again == entry.content, f"cleaning again changes {entry.content!r} to {again!r}"
    assert entry.title, "no title"
    assert entry.url.startswith(("http://", "https://")), entry.url
    assert entry.published <= NOW
    for text in (entry.title, entry.summary, entry.content, entry.author):
        text.encode()  # no half of a surrogate pair


def _mutated(chance: random.Random, given: Sequence[bytes]) -> bytes:
    """A seed with a few accidents."""
    body = bytearray(chance.choice(given))
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(body) + 1)
        end = min(len(body), place + chance.choice((1, 2, 8, 40, 300)))
        match chance.randrange(7):
            case 0:
                del body[place:end]
            case 1:
                body[place:place] = chance.choice(_PIECES)
            case 2:
                body[place:place] = body[place:end] * chance.randint(1, 20)
            case 3:
                body[place:end] = bytes(chance.randrange(256) for _ in range(end - place))
            case 4:
                other = chance.choice(given)
                body[place:place] = other[: chance.randrange(len(other) + 1)]
            case 5:
                body = body[:place]
            case _:
                body[place:end] = chance.choice(_PIECES)
    return bytes(body[:60_000])


def report() -> str:
    """A section of Markdown; with INPUTS=n, over so many inputs."""
    given = seeds()
    began = time.perf_counter()
    found: Counter[str] = Counter()
    with ProcessPoolExecutor() as pool:
        for part in pool.map(partial(fuzz, given=given), range(0, INPUTS, BATCH)):
            found += part
    took = time.perf_counter() - began
    return f"""\
## Fuzzing

{INPUTS:,} mutations of {len(given):,} seeds (the edge corpus of `shared/data` and our own) \
through parse and clean: {found["read"]:,} were read, {found["failed"]:,} refused in a sentence; \
{found["entries"]:,} entries were cleaned, {found["rejected"]:,} rejected with a reason. No \
crash, nothing over {SLOW:g} seconds, no safe HTML that cleaning again would change \
({INPUTS / took:,.0f} inputs/s).
"""
