"""The tables of feeds.toml: every key with its type, default and description.

These classes check the file, and `aggregator schema` prints them as a JSON Schema; value_types.py
says what a single key may have.
"""

from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal

from pydantic import Field

from aggregator.config.mail_schema import AlertsTable, DigestTable, MailTable, Table
from aggregator.config.value_types import (
    Colour,
    Contact,
    CounterUrl,
    CreditLine,
    Duration,
    DurationOrZero,
    EnvironmentVariable,
    HeaderName,
    Id,
    Language,
    ListenHost,
    MaxShare,
    Network,
    OneLine,
    Port,
    PrivateNetwork,
    Rule,
    SiteUrl,
    StoryReference,
    Text,
    TimeZone,
    Url,
    is_network,
    to_seconds,
)
from aggregator.model import Dedupe, Font, Images, Learn, Show
from aggregator.text.languages import main_language


class SiteTable(Table):
    """The site: its name, address and language."""

    title: Text = Field(description="Name of the site, on every page and in every feed.")
    url: SiteUrl = Field(description="Public address of the site; all links start with it.")
    language: Language = Field("en", description="Language of the site's words and dates.")
    timezone: TimeZone = Field("UTC", description="Time zone of the site's days and times.")
    contact: Contact | None = Field(
        None, description="Email address or page for outlets; sent in the User-Agent."
    )
    description: OneLine = Field("", description="One sentence about the site.")
    logo: Text | None = Field(
        None, description="Picture instead of the name in the head of pages: a path."
    )
    accent: Colour | None = Field(None, description="Colour of links and buttons.")
    font: Font = Field("newsreader", description="Typeface of pages.")
    per_page: int = Field(15, ge=5, le=100, description="Stories on a page for people.")
    notice: OneLine = Field("", description="A line at the foot of every page.")
    lead: StoryReference | None = Field(
        None, description="Story that leads the home page: its id or address."
    )


class DefaultsTable(Table):
    """Defaults for every source that does not set these keys itself."""

    show: Show = Field("excerpt", description="How much of each article is republished.")
    images: Images = Field(
        "off",
        description="Which pictures pages show: none, the outlet's, or our thumbnails.",
    )
    license: OneLine = Field("", description="Licence of the articles, as text or as an address.")
    license_url: Url | None = Field(
        None, description="Address of the licence, if `license` is text."
    )
    language: Language | None = Field(None, description="Language of feeds that declare none.")
    precedence: int = Field(
        0,
        ge=-1000,
        le=1000,
        description="The highest is fetched first, and leads a story of unclear origin.",
    )
    min_interval: Duration = Field("15m", description="Never fetch more often than this.")
    max_interval: Duration = Field("1d", description="Never fetch less often than this.")
    max_new: int = Field(
        100, ge=1, description="If more new articles than this arrive at once, they are held."
    )
    dedupe: Dedupe = Field(
        "text",
        description="How duplicates at other outlets are found: never, by address, or by text too.",
    )


class SourceTable(Table):
    """A partner outlet."""

    id: Id = Field(description="Part of public addresses; `was` keeps a former id.")
    name: Text = Field(description="Name of the outlet, as credited.")
    feed: Url = Field(description="Address of its RSS, Atom, RDF or JSON feed.")
    site: Url = Field(description="Address of its front page, for the credit link.")
    show: Show | None = Field(None, description="How much of each article is republished.")
    images: Images | None = Field(
        None,
        description="Which pictures pages show: none, the outlet's, or our thumbnails.",
    )
    license: OneLine | None = Field(None, description="Licence of its articles.")
    license_url: Url | None = Field(None, description="Address of that licence.")
    uncut: bool = Field(
        False, description="true: its texts are published whole or not at all, never as an excerpt."
    )
    counter: CounterUrl | None = Field(
        None, description="Address of a counter pixel to include in its full texts."
    )
    topics: list[Id] = Field([], description="Topics of all its articles.")
    tags: dict[str, Id] = Field({}, description="Categories of its feed -> topics.")
    include: Rule | None = Field(None, description="Keep only articles that match this rule.")
    exclude: Rule | None = Field(None, description="Leave out articles that match this rule.")
    language: Language | None = Field(None, description="Language of the feed if it declares none.")
    was: list[Id] = Field([], description="Former ids; their addresses redirect here.")
    precedence: int | None = Field(
        None,
        ge=-1000,
        le=1000,
        description="The highest is fetched first, and leads a story of unclear origin.",
    )
    enabled: bool = Field(
        True, description="false: keep its articles, but fetch it only with --source."
    )
    approve: bool = Field(
        False, description="true: hold its new articles until an operator approves them."
    )
    public_feed: Url | None = Field(
        None, description="Feed address to publish instead of `feed`, if that is private."
    )
    headers: dict[HeaderName, EnvironmentVariable] = Field(
        {}, description="Request header -> environment variable with its value."
    )
    basic_auth: EnvironmentVariable | None = Field(
        None, description="Environment variable with user:password."
    )
    min_interval: Duration | None = Field(None, description="Never fetch more often than this.")
    max_interval: Duration | None = Field(None, description="Never fetch less often than this.")
    max_new: int | None = Field(
        None, ge=1, description="If more new articles than this arrive at once, they are held."
    )
    dedupe: Dedupe | None = Field(
        None,
        description="How duplicates at other outlets are found: never, by address, or by text too.",
    )


class TopicTable(Table):
    """A topic."""

    id: Id = Field(description="Part of public addresses; `was` keeps a former id.")
    title: Text = Field(description="Name of the topic.")
    description: OneLine = Field("", description="One sentence about the topic.")
    match: Rule | None = Field(None, description="Rule that places an article in this topic.")
    stem: bool = Field(
        False, description="true: `match` ignores word endings, in the topic's language."
    )
    language: Language | None = Field(None, description="Language of the topic's feed.")
    was: list[Id] = Field([], description="Former ids; their addresses redirect here.")
    max_share: MaxShare | None = Field(
        None, description='Limit per outlet: "2 of 10" is at most 2 among any 10 stories in a row.'
    )
    learn: Learn = Field(
        "off", description="What happens to stories similar to those of the topic."
    )

    def stem_language(self, site: SiteTable) -> str:
        """The language whose stems the words of `match` are compared by; empty if they are not."""
        return main_language(self.language or site.language) if self.stem else ""


class NoticeTable(Table):
    """A box on the pages that asks something of readers."""

    title: Text = Field(description="Headline of the box.")
    text: OneLine = Field("", description="One or two sentences; markup is shown as it is.")
    link: Url | None = Field(None, description="Address that the button leads to.")
    button: OneLine = Field("", description="Words on the button.")
    from_: date | None = Field(
        None, alias="from", description="First day on which it is shown, in the site's time zone."
    )
    until: date | None = Field(None, description="Last day on which it is shown.")
    topics: list[Id] = Field([], description="Show it on the pages of these topics only.")


class FetchTable(Table):
    """How feeds are fetched."""

    allow_private: list[PrivateNetwork] = Field(
        [], description="Private networks, and names of hosts in them, that sources may be on."
    )
    concurrency: int = Field(20, ge=1, le=200, description="Concurrent requests.")
    per_host: int = Field(2, ge=1, le=20, description="Concurrent connections to one host.")
    spacing: DurationOrZero = Field("1s", description="Time between two requests to one host.")
    timeout: Duration = Field("30s", description="Longest time for a whole request.")
    connect_timeout: Duration = Field("10s", description="Longest time to connect.")
    read_timeout: Duration = Field("20s", description="Longest time to wait for more data.")
    max_bytes: int = Field(
        15_000_000, ge=1_000, le=1_000_000_000, description="Largest feed in bytes, decompressed."
    )
    max_redirects: int = Field(5, ge=0, le=20, description="Redirects to follow.")
    ports: list[Port] = Field([80, 443], description="Ports that may be connected to.")

    @property
    def private_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `allow_private`."""
        return tuple(ip_network(each) for each in self.allow_private if is_network(each))

    @property
    def private_hosts(self) -> frozenset[str]:
        """The names of hosts in `allow_private`."""
        return frozenset(each for each in self.allow_private if not is_network(each))


class StorageTable(Table):
    """Where articles are stored, and for how long."""

    database: Text = Field(
        "aggregator.db", description="SQLite file, relative to the folder of feeds.toml."
    )
    keep: Duration | None = Field(
        None, description="Stories older than this are deleted; without it, none are."
    )
    pictures_mb: int = Field(
        500, ge=1, le=1_000_000, description="Size limit for all thumbnails together, in megabytes."
    )


class StoriesTable(Table):
    """How articles become stories."""

    window: Duration = Field(
        "14d", description="Texts of articles published further apart than this are not compared."
    )


class PublishTable(Table):
    """How stories are published."""

    limit: int = Field(50, ge=1, le=1000, description="Stories in a feed.")
    host: ListenHost = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8080, ge=1, le=65535, description="Port that the web server listens on.")
    max_age: Duration = Field("5m", description="How long feed readers and caches may keep a feed.")
    credit_line: CreditLine = Field(
        "", description="A line after every text in a feed; {outlet} becomes a link."
    )
    search: bool = Field(
        True, description="false: no links to the search page, which a static export lacks."
    )
    hub: Literal["self"] | None = Field(
        None, description='"self": run a WebSub hub that notifies the subscribers of our feeds.'
    )
    signature: Literal["sha1", "sha256", "sha384", "sha512"] = Field(
        "sha256", description="How our own hub signs its deliveries."
    )
    hubs: list[Url] = Field([], description="External hubs to notify of every change.")
    trusted_proxies: list[Network] = Field(
        [], description="Networks of the proxies whose X-Forwarded-For names the client."
    )

    stale_after: Duration = Field(
        "36h",
        description="/healthz says `down` if nothing has been fetched successfully for this long.",
    )

    @property
    def stale_after_seconds(self) -> int:
        """`stale_after` in seconds."""
        return to_seconds(self.stale_after)

    @property
    def max_age_seconds(self) -> int:
        """`max_age` in seconds."""
        return to_seconds(self.max_age)


class DeskTable(Table):
    """How operators get into the desk without logging in."""

    user_header: HeaderName | None = Field(
        None,
        description="Header in which a trusted proxy names the operator to let in.",
    )


class FeedsFile(Table):
    """The whole of feeds.toml."""

    site: SiteTable
    defaults: DefaultsTable = DefaultsTable()
    source: list[SourceTable] = Field([])
    topic: list[TopicTable] = Field([])
    notice: list[NoticeTable] = Field([])
    fetch: FetchTable = FetchTable()
    storage: StorageTable = StorageTable()
    stories: StoriesTable = StoriesTable()
    publish: PublishTable = PublishTable()
    mail: MailTable | None = None
    digest: DigestTable | None = None
    alerts: AlertsTable = AlertsTable()
    desk: DeskTable = DeskTable()
