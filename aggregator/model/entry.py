"""Entries: as an outlet gave them, as stored, and clean."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NewType

from aggregator.model.fetch import HubLink, PollingHints
from aggregator.model.hashing import hash_values
from aggregator.model.keys import EntryKey

__all__ = [
    "BUG_REASON", "MAX_COMPARED_TITLE_CHARS", "Enclosure", "Entry", "EntryView", "FeedMeta",
    "KeyedEntry", "ParsedEntry", "ParsedFeed", "Rejected", "SafeHtml", "StoredEntry", "Text",
]  # fmt: skip

MAX_COMPARED_TITLE_CHARS = 1000
"""Characters of a title that entries are recognised by."""

SafeHtml = NewType("SafeHtml", str)
"""HTML that has been sanitized; only ingest/clean may make one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text construct as given: plain text or HTML, with the base URL of its links."""

    value: str
    is_html: bool = True
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file attached to an entry; `length` in bytes, 0 if unknown."""

    url: str
    type: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """An entry as the outlet gave it. Its URLs are absolute, its HTML is not safe.

    Dates are datetimes where the parser understood them, else the text as given. `broken` says why
    the entry cannot be trusted (it was cut off, say). `source_feeds` are ids and URLs of the feeds
    that it says it comes from (atom:source, RSS source); `source_urls` are URLs of the article
    that it says it is a copy of (rel=canonical).
    """

    id: str = ""
    url: str = ""
    title: Text | None = None
    summary: Text | None = None
    content: Text | None = None
    author: str = ""
    published: datetime | str | None = None
    updated: datetime | str | None = None
    tags: tuple[str, ...] = ()
    language: str = ""
    image: str = ""
    is_image_small: bool = False
    """True if the image is a thumbnail, so a picture in the text is better."""
    image_alt: str = ""
    """Alt text of the image, as given."""
    enclosures: tuple[Enclosure, ...] = ()
    source_feeds: tuple[str, ...] = ()
    source_urls: tuple[str, ...] = ()
    broken: str = ""
    known_hash: str = field(default="", compare=False)
    """`raw_hash`, if it was computed before; that of the whole entry if these are its headers."""

    @property
    def headers(self) -> "ParsedEntry":
        """What is needed to recognise the entry, without its text."""
        has_text, title = self.summary or self.content, self.title
        if title and len(title.value) > MAX_COMPARED_TITLE_CHARS:
            title = replace(title, value=title.value[:MAX_COMPARED_TITLE_CHARS])
        return ParsedEntry(
            id=self.id,
            url=self.url,
            title=title,
            summary=Text(value="") if has_text else None,
            published=self.published,
            updated=self.updated,
            broken=self.broken,
            known_hash=self.raw_hash,
        )

    @property
    def raw_hash(self) -> str:
        """Hash of the entry as given, by which a change is detected without cleaning."""
        if self.known_hash:
            return self.known_hash
        texts = (text and text.value for text in (self.title, self.summary, self.content))
        given = (
            self.id, self.url, *texts, self.author,
            self.published, self.updated, self.tags, self.image, self.enclosures,
            *([self.image_alt] if self.image_alt else []),
        )  # fmt: skip
        found = hash_values(*given)
        object.__setattr__(self, "known_hash", found)  # asked for by several steps
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed as given. `problem` is set if it was not well-formed, but readable; `site` is the
    address of the page that it belongs to."""

    entries: tuple[ParsedEntry, ...] = ()
    format: str = ""
    """Such as "RSS 2.0"; empty if it is not known."""
    title: str = ""
    site: str = ""
    language: str = ""
    problem: str = ""
    polling_hints: PollingHints = field(default_factory=PollingHints)
    hub_link: HubLink = field(default_factory=HubLink)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMeta:
    """What a feed says as a whole, apart from its entries.

    `is_broken` is true if an entry could not be read. `oldest` and `newest` are dates of entries,
    None if unknown. The metadata of chunks add up to that of the whole document.
    """

    format: str = ""
    title: str = ""
    site: str = ""
    language: str = ""
    problem: str = ""
    polling_hints: PollingHints = field(default_factory=PollingHints)
    hub_link: HubLink = field(default_factory=HubLink)
    is_broken: bool = False
    oldest: datetime | None = None
    newest: datetime | None = None

    def __add__(self, other: "FeedMeta") -> "FeedMeta":
        dates = [
            date
            for date in (self.oldest, self.newest, other.oldest, other.newest)
            if date is not None
        ]
        hints = self.polling_hints
        return FeedMeta(
            format=self.format or other.format,
            title=self.title or other.title,
            site=self.site or other.site,
            language=self.language or other.language,
            problem=self.problem or other.problem,
            polling_hints=hints if hints != PollingHints() else other.polling_hints,
            hub_link=self.hub_link if self.hub_link != HubLink() else other.hub_link,
            is_broken=self.is_broken or other.is_broken,
            oldest=min(dates, default=None),
            newest=max(dates, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedEntry:
    """An entry as given with its identity keys, strongest first; `feed_index` counts from 0."""

    entry: ParsedEntry
    keys: tuple[EntryKey, ...]
    canonical_url: str
    feed_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article of one source, clean and complete.

    `title`, `summary` and `author` are plain text, `content` is safe HTML, `published` is never in
    the future. Entries with the same `canonical_url` are the same article, across outlets too.
    `source_urls` are canonical URLs that it says it was taken from, of an article or of a feed.
    """

    source: str
    keys: tuple[EntryKey, ...]
    """Identity keys within its source, strongest first. Not read back from the store."""
    id: str
    """The id that the outlet gave it; empty if it gave none."""
    url: str
    canonical_url: str
    title: str
    summary: str
    content: SafeHtml
    author: str
    published: datetime
    updated: datetime
    tags: tuple[str, ...]
    language: str
    image: str
    enclosures: tuple[Enclosure, ...]
    raw_hash: str
    """Hash of the entry as given; see ParsedEntry."""
    content_hash: str
    """Hash of what our readers see of it."""
    feed_index: int
    """Its place in the outlet's document, from 0; it orders entries of one date."""
    source_urls: tuple[str, ...] = ()
    image_alt: str = ""
    """Alt text of the image, plain; empty if there is none."""
    is_dated: bool = True
    """False if the outlet gave no date, and `published` is when the entry was first seen."""
    fingerprints: tuple[int, ...] = ()
    """Numbers that near-duplicates share. Not read back from the store."""
    words: str = field(default="", compare=False)
    """Its words for the search index; empty if the store must compute them. Not read back."""
    event_words: tuple[int, ...] = field(default=(), compare=False)
    """Hashes of the words that say most about its event; empty if the store must compute them."""
    entry_id: int = field(default=0, compare=False)
    """Its number in the store, always positive; 0 if the store has not numbered it yet."""


BUG_REASON = "this is a bug in aggregator; please report it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An entry that cannot or must not be published, and why, for the operator."""

    key: EntryKey
    title: str
    reason: str

    @property
    def is_bug(self) -> bool:
        """True if this program could not clean it, though it should have."""
        return self.reason.startswith(BUG_REASON)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """What the store remembers of an entry to recognise it by.

    `is_published` is false if its story was taken out, by the operator or by age; it is not to
    return.
    """

    entry_id: int
    raw_hash: str
    content_hash: str
    id: str = ""
    url: str = ""
    title: str = ""
    published: datetime | None = None
    revision_count: int = 0
    revised_at: datetime | None = None
    is_published: bool = True


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EntryView:
    """The part of an entry that rules and searches see; `content` is HTML.

    `source_name` is empty for an outlet that is not listed. `published` is UTC text that sorts;
    `story_number` and `published` are empty for an entry that is not stored.
    """

    entry_id: int
    source: str
    source_name: str
    title: str
    summary: str
    content: str
    tags: tuple[str, ...]
    author: str
    language: str
    story_number: int = 0
    published: str = ""
