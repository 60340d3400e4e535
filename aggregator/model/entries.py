"""Articles: as an outlet gave them, and clean."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NewType

from aggregator.model.digests import hash_values
from aggregator.model.fetching import HubLink, PollingHints

__all__ = [
    "MAX_COMPARED_TITLE_CHARS",
    "Enclosure",
    "Entry",
    "FeedMeta",
    "ParsedEntry",
    "ParsedFeed",
    "Rejected",
    "SafeHtml",
    "StoredEntry",
    "Text",
]  # fmt: skip

MAX_COMPARED_TITLE_CHARS = 1000
"""Characters of a title by which an entry is recognised."""

SafeHtml = NewType("SafeHtml", str)
"""HTML that ingest/clean.py has sanitized; nothing else may make one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text construct as given: plain text or HTML, with the base of its links."""

    value: str
    is_html: bool = True
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an article; `length` in bytes, 0 if unknown."""

    url: str
    type: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """An entry as the outlet gave it. Its addresses are absolute, its HTML is not safe.

    Dates are datetimes where the parser understood them, else the text as given.
    `broken` says why the entry cannot be trusted (it was cut off, say); `origins` are the ids
    and addresses of the feeds that it says it comes from (atom:source, RSS source), `originals`
    the addresses of the article that it says it is a copy of (rel=canonical).
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
    enclosures: tuple[Enclosure, ...] = ()
    source_feeds: tuple[str, ...] = ()
    source_urls: tuple[str, ...] = ()
    broken: str = ""
    hash_of_whole: str = ""
    """The digest of the entry that this is an outline of; empty if it is one itself."""

    @property
    def headers(self) -> "ParsedEntry":
        """What is needed to recognise the entry, without its texts."""
        has_text = self.summary or self.content
        return ParsedEntry(
            id=self.id,
            url=self.url,
            title=self.title
            and replace(self.title, value=self.title.value[:MAX_COMPARED_TITLE_CHARS]),
            summary=Text(value="") if has_text else None,
            published=self.published,
            updated=self.updated,
            broken=self.broken,
            hash_of_whole=self.raw_hash,
        )

    @property
    def raw_hash(self) -> str:
        """The same for the same entry as given; it costs no cleaning to compare."""
        if self.hash_of_whole:
            return self.hash_of_whole
        texts = (text and text.value for text in (self.title, self.summary, self.content))
        given = (
            self.id, self.url, *texts, self.author,
            self.published, self.updated, self.tags, self.image, self.enclosures,
        )  # fmt: skip
        return hash_values(*given)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed as given. `problem` is set when it was not well-formed but readable."""

    entries: tuple[ParsedEntry, ...] = ()
    problem: str = ""
    polling_hints: PollingHints = PollingHints()
    hub_link: HubLink = HubLink()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMeta:
    """What a feed says as a whole, whatever it lists.

    `is_broken` is true if an entry could not be read. `oldest` and `newest` are dates of its
    entries, None if the dates do not tell. Overviews of slices add up to that of the whole.
    """

    problem: str = ""
    polling_hints: PollingHints = PollingHints()
    hub_link: HubLink = HubLink()
    is_broken: bool = False
    oldest: datetime | None = None
    newest: datetime | None = None

    def __add__(self, other: "FeedMeta") -> "FeedMeta":
        dates = [
            date
            for date in (self.oldest, self.newest, other.oldest, other.newest)
            if date is not None
        ]
        return FeedMeta(
            problem=self.problem or other.problem,
            polling_hints=self.polling_hints
            if self.polling_hints != PollingHints()
            else other.polling_hints,
            hub_link=self.hub_link if self.hub_link != HubLink() else other.hub_link,
            is_broken=self.is_broken or other.is_broken,
            oldest=min(dates, default=None),
            newest=max(dates, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One outlet's telling of an article, clean and complete.

    `title`, `summary` and `author` are plain text, `content` is safe HTML, `published` is
    never in the future. `address` names the article across outlets: two entries with the
    same address are the same article. `originals` are canonical addresses that it says it comes
    from, of another article or of another outlet's feed; by its `prints` its copies are found.
    """

    source: str
    keys: tuple[str, ...]
    """What the outlet's own copies of this entry are known by, strongest first."""
    id: str
    """The id as the outlet gave it; empty if it gave none."""
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
    """The same for the same entry as given; see ParsedEntry."""
    content_hash: str
    """The same as long as a reader of ours reads the same."""
    feed_index: int
    """Its place in the outlet's file, from 0; it orders entries of one date."""
    source_urls: tuple[str, ...] = ()
    is_dated: bool = True
    """False if the outlet gave no date, and `published` is when it was first seen."""
    fingerprints: tuple[int, ...] = ()
    """Not read back from the store, which only looks for them."""
    entry_id: int = field(default=0, compare=False)
    """Its number in the store; below 0, the place in a batch of one that is not stored yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An entry that we cannot or must not publish, and why, for the operator."""

    key: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """What the store remembers of an entry to recognise it by; `entry` is its row.

    `revisions` is how often it has changed here, `revised` when last. `is_published` is
    false if its story was taken out, by the operator or by age; it is not to return.
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
