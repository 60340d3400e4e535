"""Builders of values for tests; a test specifies only the fields that it is about."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.dedupe.fingerprints import fingerprints_of
from aggregator.ingest.match.keys import assign_keys
from aggregator.model import (
    Entry,
    EntryKey,
    EntryKeyKind,
    Feed,
    KeyedEntry,
    ParsedEntry,
    SafeHtml,
    Site,
    Source,
    Story,
    Text,
    Topic,
    Validators,
    hash_values,
)
from aggregator.model import Fetched as FetchedBody
from aggregator.text.canonical import canonical_url

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)

SITE = Site(title="The Commons", url="https://commons.example", description="News.")


def at(text: str) -> datetime:
    """Parse a time in UTC, as in `at("2026-10-05 12:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def source(id_: str = "outlet", **keys: Any) -> Source:
    """A source."""
    given = {
        "name": id_.title(),
        "feed": f"https://{id_}.example/feed",
        "site": f"https://{id_}.example/",
    }
    return Source(id=id_, **{**given, **keys})


def topic(id_: str = "drug-war", match: str = "", **keys: Any) -> Topic:
    """A topic."""
    title = id_.replace("-", " ").title()
    return Topic(id=id_, match=match, **{"title": title, "language": "en", **keys})


def html(value: str, base: str = "https://outlet.example/feed") -> Text:
    """An HTML text."""
    return Text(value=value, base=base)


def plain(value: str) -> Text:
    """A plain text."""
    return Text(value=value, is_html=False)


def parsed_entry(title: str = "A title", **keys: Any) -> ParsedEntry:
    """An entry as an outlet gave it, with its own link."""
    slug = title.lower().replace(" ", "-")
    defaults: dict[str, Any] = {
        "title": plain(title) if title else None,
        "url": f"https://outlet.example/{slug}",
        "id": f"id-{slug}",
        "published": at("2026-10-05 10:00"),
    }
    return ParsedEntry(**{**defaults, **keys})


def keyed(entry: ParsedEntry) -> KeyedEntry:
    """The only entry of a feed, with its keys."""
    return assign_keys([entry])[0]


def entry(title: str = "A title", source: str = "outlet", **keys: Any) -> Entry:
    """A clean entry."""
    slug = title.lower().replace(" ", "-")
    link = keys.get("url", f"https://{source}.example/{slug}")
    defaults: dict[str, Any] = {
        "source": source,
        "keys": (
            EntryKey(EntryKeyKind.ID, f"{source} {slug}"),
            EntryKey(EntryKeyKind.URL, canonical_url(link)),
        ),
        "id": f"https://{source}.example/?p={slug}",
        "url": link,
        "canonical_url": canonical_url(link),
        "title": title,
        "summary": f"{title} in short.",
        "content": SafeHtml(f"<p>{title} in full.</p>"),
        "author": "",
        "published": at("2026-10-05 10:00"),
        "updated": at("2026-10-05 10:00"),
        "tags": (),
        "language": "en",
        "image": "",
        "enclosures": (),
        "raw_hash": hash_values(title, keys),
        "feed_index": 0,
    }
    merged = {**defaults, **keys}
    merged.setdefault(
        "content_hash", hash_values(merged["title"], merged["summary"], merged["content"])
    )
    return Entry(**merged)


WORDS = """
harbor crane strike council vote river bridge teacher budget winter market farmer valley court
judge letter doctor nurse clinic prison guard border camp village miner union contract factory
engine train station tunnel island storm flood dam levee power grid water pipe school child
""".split()  # noqa: SIM905 - a list of this length reads better as text


def prose(seed: int, words: int = 120) -> str:
    """A text of so many words, in sentences; each seed gives a different one."""
    random_ = random.Random(seed)
    chosen = [random_.choice(WORDS) for _ in range(words)]
    starts = range(0, words, 12)
    return " ".join(f"{' '.join(chosen[start : start + 12]).capitalize()}." for start in starts)


def article(title: str, source: str, text: str = "", **keys: Any) -> Entry:
    """An entry with a text, cleaned: with teaser and fingerprints."""
    slug = title.lower().replace(" ", "-")
    given = ParsedEntry(
        id=f"https://{source}.example/?p={slug}",
        url=keys.pop("url", f"https://{source}.example/{slug}"),
        title=plain(title),
        content=html(text) if text else None,
        published=keys.pop("published", at("2026-10-05 10:00")),
    )
    cleaned = clean(keyed(given), Source(id=source, name=source, feed="", site=""), NOW)
    assert isinstance(cleaned, Entry)
    return replace(cleaned, fingerprints=fingerprints_of(cleaned), **keys)


def story(lead: Entry, *others: Entry, **keys: Any) -> Story:
    """A story of these entries."""
    defaults: dict[str, Any] = {
        "id": hash_values(lead.source, lead.title)[:16],
        "public_id": lead.id,
        "lead": lead,
        "duplicates": others,
        "published": lead.published,
        "updated": lead.updated,
        "listed_at": lead.published,
        "first_seen_at": lead.published,
    }
    return Story(**{**defaults, **keys})


def feed(*stories: Story, sources: tuple[Source, ...] = (), **keys: Any) -> Feed:
    """A feed of these stories; sources that are not given are made up."""
    used = {e.source for s in stories for e in s.entries}
    listed = {s.id: s for s in sources}
    defaults: dict[str, Any] = {
        "path": "/topics/drug-war",
        "title": "Drug War",
        "description": "All of it.",
        "language": "en",
        "updated": max((s.updated for s in stories), default=NOW),
        "stories": stories,
        "sources": {id_: listed.get(id_) or source(id_) for id_ in used},
        "topics": {"drug-war": "Drug War"},
    }
    return Feed(**{**defaults, **keys})


def fetched(body: str | bytes, content_type: str = "application/xml") -> FetchedBody:
    """A response with this body from https://outlet.example/feed."""
    return FetchedBody(
        url="https://outlet.example/feed",
        status=200,
        content_type=content_type,
        body=body.encode() if isinstance(body, str) else body,
        validators=Validators(),
    )
