"""Fuzzing: mutations of the edge corpus, through parse and clean.

Every input must give a ParsedFeed or a Failed, and every parsed entry an Entry or a Rejected.
Nothing may crash or take long, and cleaned HTML must not change when it is cleaned again.
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

from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.clean.sanitizer import sanitize
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.parse.parser import parse
from aggregator.model import Entry, Failed, Fetched, Source, Validators

__all__ = ["fuzz", "mutate", "report", "seeds"]

INPUTS = int(os.environ.get("INPUTS", "200000"))
INPUTS_PER_TASK = 500
MAX_SECONDS = 5.0
"""Longest time that an input may take."""
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
    """Return the documents of the edge corpus and of our own corpus."""
    ours = Path(__file__).parents[1] / "tests" / "corpus"
    files = [*(SHARED / "edge").rglob("*"), *ours.iterdir()]
    bodies = [f.read_bytes() for f in sorted(files) if f.is_file() and ".expected" not in f.name]
    return [body for body in bodies if len(body) < 20_000]


def fuzz(start: int, corpus: Sequence[bytes], count: int = INPUTS_PER_TASK) -> Counter[str]:
    """Run `count` inputs, numbered from `start`, and count the results.

    Raises AssertionError with the number of an input that crashes, is slow or is not safe.
    """
    counts: Counter[str] = Counter()
    for number in range(start, start + count):
        body = mutate(random.Random(number), corpus)
        began = time.perf_counter()
        try:
            counts += _parse_and_clean(body)
        except Exception as error:
            raise AssertionError(f"input {number}: {type(error).__name__}: {error}") from error
        assert time.perf_counter() - began < MAX_SECONDS, f"input {number} is slow"
    return counts


def _parse_and_clean(body: bytes) -> Counter[str]:
    kind = "application/feed+json" if body[:1] == b"{" else "application/xml"
    fetched = Fetched(
        url=SOURCE.feed, status=200, content_type=kind, body=body, validators=Validators()
    )
    parsed = parse(fetched)
    if isinstance(parsed, Failed):
        return Counter(failed=1)
    counts: Counter[str] = Counter(read=1)
    for keyed in assign_keys(parsed.entries):
        entry = clean(keyed, SOURCE, NOW)
        counts["entries" if isinstance(entry, Entry) else "rejected"] += 1
        if isinstance(entry, Entry):
            _check(entry)
    return counts


def _check(entry: Entry) -> None:
    again = sanitize(entry.content, entry.url)
    assert again == entry.content, f"cleaning again changes {entry.content!r} to {again!r}"
    assert entry.title, "no title"
    assert entry.url.startswith(("http://", "https://")), entry.url
    assert entry.published <= NOW
    for text in (entry.title, entry.summary, entry.content, entry.author):
        text.encode()  # raises if there is a lone surrogate


def mutate(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Return one of the seeds with a few random changes."""
    body = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 6)):
        begin = rng.randrange(len(body) + 1)
        end = min(len(body), begin + rng.choice((1, 2, 8, 40, 300)))
        match rng.randrange(7):
            case 0:
                del body[begin:end]
            case 1:
                body[begin:begin] = rng.choice(_PIECES)
            case 2:
                body[begin:begin] = body[begin:end] * rng.randint(1, 20)
            case 3:
                body[begin:end] = bytes(rng.randrange(256) for _ in range(end - begin))
            case 4:
                other = rng.choice(corpus)
                body[begin:begin] = other[: rng.randrange(len(other) + 1)]
            case 5:
                body = body[:begin]
            case _:
                body[begin:end] = rng.choice(_PIECES)
    return bytes(body[:60_000])


def report() -> str:
    """Fuzz with INPUTS inputs (an environment variable) and return the section in Markdown."""
    corpus = seeds()
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor() as pool:
        for part in pool.map(partial(fuzz, corpus=corpus), range(0, INPUTS, INPUTS_PER_TASK)):
            counts += part
    took = time.perf_counter() - began
    return f"""\
## Fuzzing

{INPUTS:,} mutations of {len(corpus):,} seeds (the edge corpus of `shared/data` and our own) \
through parse and clean: {counts["read"]:,} were parsed, {counts["failed"]:,} refused with a \
sentence; {counts["entries"]:,} entries were cleaned, {counts["rejected"]:,} rejected with a reason.
There was no crash, nothing took more than {MAX_SECONDS:g} seconds, and no cleaned HTML changed \
when it was cleaned again ({INPUTS / took:,.0f} inputs/s).
"""
