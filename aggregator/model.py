"""Every noun of the house, in Atom's words. Standard library only.

Two stages of an article have two types: `ParsedEntry` as an outlet gave it, nearly
everything optional, and `Entry` after cleaning, everything required.
All datetimes are aware and UTC.
"""

import enum
import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, NewType

TITLE_COMPARED = 1000
"""Characters of a title by which an entry is recognised."""

SafeHtml = NewType("SafeHtml", str)
"""HTML that ingest/clean.py has sanitized; nothing else may make one."""

Show = Literal["title", "excerpt", "full"]
"""How much of an article an outlet lets us republish."""

Dedupe = Literal["off", "address", "text"]
"""By what an outlet's entries may become one story with those of others: by nothing, by what
links say, or by their words as well."""


Learn = Literal["off", "suggest", "place"]
"""What becomes of stories that look like those of a topic."""

# ---- what an operator lists ------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Who publishes. `url` is the public address that all links begin with, no slash at its end."""

    title: str
    url: str
    language: str = "en"
    contact: str = ""
    description: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A partner outlet's feed as listed in feeds.toml."""

    id: str
    name: str
    feed: str
    site: str
    show: Show = "excerpt"
    license: str = ""
    topics: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    include: str = ""
    exclude: str = ""
    language: str = ""
    precedence: int = 0
    public_feed: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request header -> the *name* of the environment variable that holds its value."""
    basic_auth: str = ""
    """The name of the environment variable that holds `user:password`."""
    min_interval: int = 15 * 60
    """Seconds."""
    max_interval: int = 24 * 60 * 60
    """Seconds."""
    max_new: int = 100
    """New entries in one fetch beyond which they are held for the operator."""
    dedupe: Dedupe = "text"

    @property
    def published_feed(self) -> str:
        """The feed address that may be shown to the world, never a private one."""
        return self.public_feed or (self.site if self.is_private else self.feed)

    @property
    def is_private(self) -> bool:
        """True if fetching the feed takes a secret (FreshRSS GHSA-rpmm: leaked feed URLs)."""
        return bool(self.headers or self.basic_auth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """At most so many stories of one outlet among any so many that follow each other."""

    most: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as listed in feeds.toml; `match` is a rule in the query language."""

    id: str
    title: str
    description: str = ""
    match: str = ""
    language: str = ""
    stem: str = ""
    """The language by whose stems the words of `match` are compared; empty if as they are."""
    learn: Learn = "off"
    share: Share | None = None


# ---- fetching --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request conditional, byte for byte as the server gave it."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a feed wants to be fetched, as far as it says, and how often it must be.

    `every` is in seconds; hours are 0 to 23 and days 0 (Monday) to 6, both in UTC. `covers`
    is how many seconds of news the file held last; 0 if it is not known.
    """

    every: int = 0
    covers: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Where a feed can be subscribed to: its hub, and the topic to name there (WebSub 4)."""

    hub: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body arrived whole. `url` is the address after redirects.

    `fresh` is for how many seconds the server calls it fresh; `moved_to` is where it says
    that the feed has gone for good, empty if it does not.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    validators: Validators
    fresh: int = 0
    moved_to: str = ""
    push: Push = Push()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Nothing new: a 304, or the same bytes as last time (status 200)."""

    status: int
    validators: Validators
    fresh: int = 0
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A source could not be fetched or read; `error` is a sentence for the operator."""

    error: str
    status: int = 0
    retry_after: int = 0
    """Seconds that the server asked us to stay away; 0 if it did not say."""
    hold: "Hold | None" = None
    """What that means for the other sources of the server."""
    books: "Books" = field(default_factory=lambda: Books())
    """Of what was stored of a large feed before it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A registrable domain, or one address, that has asked to be left alone `until` then."""

    domain: str
    until: datetime


# ---- entries ---------------------------------------------------------------------


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
    link: str = ""
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
    origins: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    broken: str = ""
    outline_of: str = ""
    """The digest of the entry that this is an outline of; empty if it is one itself."""

    @property
    def outline(self) -> "ParsedEntry":
        """What is needed to recognise the entry, without its texts."""
        has_text = self.summary or self.content
        return ParsedEntry(
            id=self.id,
            link=self.link,
            title=self.title and replace(self.title, value=self.title.value[:TITLE_COMPARED]),
            summary=Text(value="") if has_text else None,
            published=self.published,
            updated=self.updated,
            broken=self.broken,
            outline_of=self.digest,
        )

    @property
    def digest(self) -> str:
        """The same for the same entry as given; it costs no cleaning to compare."""
        if self.outline_of:
            return self.outline_of
        texts = (text and text.value for text in (self.title, self.summary, self.content))
        given = (
            self.id, self.link, *texts, self.author,
            self.published, self.updated, self.tags, self.image, self.enclosures,
        )  # fmt: skip
        return digest_of(*given)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed as given. `problem` is set when it was not well-formed but readable."""

    entries: tuple[ParsedEntry, ...] = ()
    problem: str = ""
    pace: Pace = Pace()
    push: Push = Push()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a feed says as a whole, whatever it lists.

    `is_broken` is true if an entry could not be read. `oldest` and `newest` are dates of its
    entries, None if the dates do not tell. Overviews of slices add up to that of the whole.
    """

    problem: str = ""
    pace: Pace = Pace()
    push: Push = Push()
    is_broken: bool = False
    oldest: datetime | None = None
    newest: datetime | None = None

    def __add__(self, other: "Overview") -> "Overview":
        dates = [
            date
            for date in (self.oldest, self.newest, other.oldest, other.newest)
            if date is not None
        ]
        return Overview(
            problem=self.problem or other.problem,
            pace=self.pace if self.pace != Pace() else other.pace,
            push=self.push if self.push != Push() else other.push,
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
    link: str
    address: str
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
    digest: str
    """The same for the same entry as given; see ParsedEntry."""
    face: str
    """The same as long as a reader of ours reads the same."""
    position: int
    """Its place in the outlet's file, from 0; it orders entries of one date."""
    originals: tuple[str, ...] = ()
    is_dated: bool = True
    """False if the outlet gave no date, and `published` is when it was first seen."""
    prints: tuple[int, ...] = ()
    """Not read back from the store, which only looks for them."""
    row: int = field(default=0, compare=False)
    """Its number in the store; below 0, the place in a batch of one that is not stored yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An entry that we cannot or must not publish, and why, for the operator."""

    key: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store remembers of an entry to recognise it by; `entry` is its row.

    `revisions` is how often it has changed here, `revised` when last. `is_published` is
    false if its story was taken out, by the operator or by age; it is not to return.
    """

    entry: int
    digest: str
    face: str
    id: str = ""
    link: str = ""
    title: str = ""
    published: datetime | None = None
    revisions: int = 0
    revised: datetime | None = None
    is_published: bool = True


# ---- stories ---------------------------------------------------------------------


class Kind(enum.StrEnum):
    """What binds two entries, or keeps them apart, strongest first."""

    SPLIT = "split"
    """An operator has told them apart."""
    MERGED = "merged"
    """An operator has put them together."""
    ADDRESS = "address"
    ATTRIBUTION = "attribution"
    TEXT = "text"
    TITLE = "title"


BY_HAND = frozenset({Kind.SPLIT, Kind.MERGED})
"""What an operator says; no evidence takes its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """Evidence that two entries of two outlets are one article, or an operator's word on it.

    `a` and `b` are their rows, the smaller first. Of bonds of one kind, the one with the higher
    `score` is stronger; `why` is a phrase for the operator.
    """

    a: int
    b: int
    kind: Kind
    score: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One or more entries that are the same article, published once.

    `id` and `public_id` are chosen once and never change; `lead` is sticky.
    `published` orders stories, `arrived` decides which are in the window of a feed, so
    that an old-dated newcomer is still seen (oursqlcommunity-org/planet#107). `begun` is the
    time of the run that told it first.
    """

    id: str
    public_id: str
    lead: Entry
    others: tuple[Entry, ...] = ()
    published: datetime
    updated: datetime
    arrived: datetime
    begun: datetime
    why: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All tellings, the lead first."""
        return (self.lead, *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Stored stories that may have to do with each other: all that bonds connect, whole, in the
    order in which they were begun.

    `former` are stories that turned out to be one of them, each with the entry that led it;
    `published` are the ids of those that readers see, `gone` of those that stand in no list,
    because an operator dropped them or they grew old.
    """

    stories: tuple[Story, ...] = ()
    bonds: tuple[Bond, ...] = ()
    former: tuple[Story, ...] = ()
    published: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A story stands in a topic, and why.

    `why` is a sentence for people, `by` names what places it there: the clauses of the topic's
    rule, the outlet, its category, the operator.
    """

    topic: str
    why: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refiling:
    """A stored story, by its row, comes into a topic, or out of it if there is no `placement`.

    In the topic's list it stands at the place that it has in all others, or where it would if it
    had `arrived` then.
    """

    story: int
    topic: str
    placement: Placement | None
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An operator has said `at` a time that the article of an entry, by its row, belongs into a
    topic, or not, or that the rules may decide (None)."""

    entry: int
    topic: str
    is_in: bool | None
    at: datetime


LEARNED = ("learned",)
"""By what a story was placed that looks like those of a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A stored story, by its row and its lead's, and the topics that it certainly belongs to: an
    operator, a rule, its outlet or its category says so. `is_sure` is false if nothing was ever
    said of it: a rule may have missed it. `learned` are the topics where it was only placed by
    what had been learned."""

    story: int
    lead: int
    title: str
    summary: str
    topics: frozenset[str]
    is_sure: bool
    learned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A stored story, by its row and its lead's, looks like those of a topic; `probability` is
    0 to 1."""

    story: int
    lead: int
    topic: str
    probability: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a model says of stored stories, of all up to a row."""

    up_to: int = 0
    suggested: tuple[Suggestion, ...] = ()
    filed: tuple[Refiling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned last: its version, `made` when and `of` what (a digest of settings and of
    operators' words); `judged` is the row of the last story that it has seen."""

    version: int = 0
    made: datetime | None = None
    of: str = ""
    judged: int = 0


REFILED = "refiled"
"""What has a revision of its own: how often stored stories were filed anew."""

ALL = "all"
"""The scope of everything we publish. A scope names a list of stories."""


def topic_scope(topic: str) -> str:
    """The scope of one topic's stories."""
    return f"topic:{topic}"


def source_scope(source: str) -> str:
    """The scope of the stories that one outlet tells."""
    return f"source:{source}"


def held_scope(scope: str) -> str:
    """Where stories wait that would stand in a scope, if the operator lets them."""
    return f"held {scope}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFeed:
    """What one public feed tells, whatever its format.

    `path` is its public path without ending, such as `/topics/drug-war`, `query` what is asked
    of it, such as `?lang=es`;
    `sources` credits every outlet that occurs in `stories`, `topics` names their topics.
    """

    path: str
    query: str = ""
    title: str
    description: str
    language: str
    updated: datetime
    stories: tuple[Story, ...]
    sources: Mapping[str, Source]
    topics: Mapping[str, str]


# ---- what one fetch changes ---------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A story and where it belongs.

    `arrived` is when it arrives in lists that it did not stand in before. `joins` is true if
    the story is stored already and is told by other entries now; `row` is that of an entry in it
    that reads differently now. `is_held` keeps a new story back until the operator lets it out.
    `absorbed` are the ids of stories that turned out to be this one, `barred` the topics that an
    operator keeps it out of.
    """

    story: Story
    arrived: datetime
    placements: tuple[Placement, ...] = ()
    joins: bool = False
    row: int = 0
    is_held: bool = False
    absorbed: tuple[str, ...] = ()
    barred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything that one fetch of one source changes; saved whole or not at all.

    The batches of a large document are saved one by one, and `state` is None but in the last.
    `new` are stories that are new or told by other entries than before; `revised` are stories
    in which this source's entry reads differently now; `alike` are known entries that only
    their digest tells from last time; `keys` are the names, old and new, of known entries.
    The ends of `bonds` below 0 are entries of `new`; what bound the pairs of `lost` does no more.
    """

    source: str
    state: "FetchState | None"
    outcome: "Outcome"
    error: str = ""
    new: tuple[Filed, ...] = ()
    revised: tuple[Filed, ...] = ()
    bonds: tuple[Bond, ...] = ()
    lost: Set[tuple[int, int]] = frozenset()
    alike: tuple[tuple[int, str], ...] = ()
    keys: tuple[tuple[int, tuple[str, ...]], ...] = ()
    rejected: tuple[Rejected, ...] = ()
    books: "Books" = field(default_factory=lambda: Books())
    hold: Hold | None = None


# ---- the state of a source, and reports -------------------------------------------


class Outcome(enum.StrEnum):
    """How the last attempt at a source ended."""

    NEVER = "never fetched"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    WAITING = "waiting"
    """The server has asked us to stay away for a while."""
    RETIRED = "retired"
    """The outlet has removed the feed for good; only an operator asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where a server says that a feed has gone for good, since when, and how often it did.

    Nothing but a readable feed at the new address counts.
    """

    to: str = ""
    since: datetime | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """What the store remembers of fetching one source: for the machine."""

    validators: Validators = Validators()
    next_fetch: datetime | None = None
    interval: int = 0
    """Seconds between fetches that its own rhythm suggests; 0 if not yet known."""
    failures: int = 0
    """In a row."""
    failing_since: datetime | None = None
    last_success: datetime | None = None
    last_full: datetime | None = None
    """When a whole feed came last; a server may say "nothing new" and lie."""
    pace: Pace = Pace()
    move: Move = Move()
    push: Push = Push()
    retired: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a hub is asked to deliver for a source (WebSub).

    `token` is the end of the address that it calls, `secret` signs what it delivers.
    `lease_until` is None until the hub has asked back.
    """

    source: str
    hub: str
    topic: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    asked: datetime
    lease_until: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a hub has delivered and nobody has taken in yet; `id` is its row."""

    id: int
    source: str
    content_type: str
    body: bytes


RECENT = 20
"""The last articles of a source, from whose dates its rhythm is read."""
CLOCK_SLACK = timedelta(hours=1)
"""By how much a clock may go back without more ado, as clocks do that are set right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How a source is doing: for the operator.

    `recent` are the dates of its last articles, newest first; `held` counts the stories that
    wait for the operator.
    """

    source: str
    outcome: Outcome = Outcome.NEVER
    error: str = ""
    failing_since: datetime | None = None
    last_fetch: datetime | None = None
    last_success: datetime | None = None
    next_fetch: datetime | None = None
    entries: int = 0
    rejected: int = 0
    recent: tuple[datetime, ...] = ()
    retired: datetime | None = None
    move: Move = Move()
    held: int = 0
    pushed_until: datetime | None = None
    """The end of the lease under which its hub delivers."""
    push_error: str = ""
    """Why its hub does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The count of entries; `received == new + updated + known + rejected` always."""

    received: int = 0
    new: int = 0
    updated: int = 0
    known: int = 0
    rejected: int = 0

    @property
    def balanced(self) -> bool:
        """True if every entry received is accounted for exactly once."""
        return self.received == self.new + self.updated + self.known + self.rejected

    def __add__(self, other: "Books") -> "Books":
        return Books(
            received=self.received + other.received,
            new=self.new + other.new,
            updated=self.updated + other.updated,
            known=self.known + other.known,
            rejected=self.rejected + other.rejected,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one run did with one source; `seconds` is wall time, `error` a sentence or empty."""

    source: str
    status: int = 0
    outcome: Outcome = Outcome.NEVER
    error: str = ""
    note: str = ""
    seconds: float = 0.0
    books: Books = Books()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one run did."""

    started: datetime
    sources: tuple[SourceReport, ...] = ()

    @property
    def total(self) -> Books:
        """The books of all sources together."""
        return sum((report.books for report in self.sources), Books())

    @property
    def failed(self) -> tuple[SourceReport, ...]:
        """The sources that could not be read."""
        bad = (Outcome.FAILED, Outcome.RETIRED)
        return tuple(report for report in self.sources if report.outcome in bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong with the database. `check` is what was looked at, `what` a phrase."""

    check: str
    what: str
    can_mend: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """How often a feed has changed, and when last."""

    number: int
    changed: datetime


def digest_of(*values: object) -> str:
    """24 characters that stand for these values."""
    text = "\x1f".join([v if isinstance(v, str) else repr(v) for v in values])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
