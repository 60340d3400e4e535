"""The tables of feeds.toml: every key once, with its kind, its default and its meaning.

These classes check the file, and `aggregator schema` prints them for editors.
"""

import re
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aggregator import query
from aggregator.errors import QueryError

# ---- checked kinds of values -------------------------------------------------------


_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f<>\"{}|\\^`\s]")


def _is_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value) or len(value) > 60:
        raise ValueError("an id of at most 60 small letters, digits and single hyphens")
    return value


def _is_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        hostname, _ = parts.hostname, parts.port
    except ValueError:
        hostname = None
    is_web = hostname and parts.scheme in ("http", "https") and is_host(hostname)
    if not is_web or _NOT_IN_ADDRESS.search(value):
        raise ValueError("a complete address that begins with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("an address without a login; basic_auth names a variable for that")
    return value


def is_host(name: str) -> bool:
    """True for an IP address, or a name that can be looked up."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_listening(value: str) -> str:
    if not value.strip() or not value.isprintable() or not is_host(value):
        raise ValueError('an address to listen on such as "127.0.0.1" or "::"')
    return value


def _is_site(value: str) -> str:
    if "?" in value or "#" in value or "//" in value.partition("://")[2]:
        raise ValueError("an address that ends with a host or a folder, without ?, # and //")
    return _is_address(value)


def _is_rule(value: str) -> str:
    try:
        query.parse(value)
    except QueryError as error:
        raise ValueError(f"a rule in the query language ({error})") from error
    return value


def _is_share(value: str) -> str:
    found = re.fullmatch(r"([1-9][0-9]?) of ([1-9][0-9]?)", value)
    if not found or int(found[1]) >= int(found[2]):
        raise ValueError('a share such as "2 of 10"')
    return value


def _is_language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError('a language tag such as "en" or "pt-BR"')
    return value


def main_language(tag: str) -> str:
    """`"pt-BR"` is `"pt"`."""
    return tag.partition("-")[0].lower()


def _is_variable(value: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        raise ValueError("the NAME of an environment variable in capitals, never the secret itself")
    return value


def _is_header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("the name of a request header")
    return value


def _is_network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError('a network such as "127.0.0.0/8" or "fd00::/8"') from error
    return value


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def is_duration(value: str) -> str:
    """The same text if it is a time such as "15m"; raises ValueError."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}[smhd]", value):
        raise ValueError('a time such as "90s", "15m", "2h" or "1d"')
    return value


def seconds(duration: str) -> int:
    """`"15m"` is 900."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def _is_contact(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+|https?://\S+", value):
        raise ValueError("a mail address or a page where outlets reach you")
    return value


def _is_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("words in one line, without control characters")
    return value


def _is_counter(value: str) -> str:
    if not set(re.findall(r"\{(.*?)\}", value)) <= {"link", "id"}:
        raise ValueError('an address in which only "{link}" and "{id}" stand for something')
    _is_address(re.sub(r"[{}]", "", value))
    return value


CREDITED = ("outlet", "author", "license")
"""What a credit line may name."""


def _is_credit_line(value: str) -> str:
    names = re.findall(r"\{(.*?)\}", value)
    if value and ("outlet" not in names or not set(names) <= set(CREDITED)):
        raise ValueError('words that name "{outlet}", and may name "{author}" and "{license}"')
    return _is_line(value)


def _is_text(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("at least one word, in one line, without control characters")
    return value


Id = Annotated[str, AfterValidator(_is_id)]
Address = Annotated[str, AfterValidator(_is_address)]
SiteAddress = Annotated[str, AfterValidator(_is_site)]
Rule = Annotated[str, AfterValidator(_is_rule)]
Language = Annotated[str, AfterValidator(_is_language)]
Variable = Annotated[str, AfterValidator(_is_variable)]
Header = Annotated[str, AfterValidator(_is_header)]
NetworkText = Annotated[str, AfterValidator(_is_network)]
Counter = Annotated[str, AfterValidator(_is_counter)]
CreditLine = Annotated[str, AfterValidator(_is_credit_line)]
Duration = Annotated[str, AfterValidator(is_duration)]
ShareText = Annotated[str, AfterValidator(_is_share)]
Pause = Annotated[str, AfterValidator(lambda value: value if value == "0s" else is_duration(value))]
Contact = Annotated[str, AfterValidator(_is_contact)]
Line = Annotated[str, AfterValidator(_is_line)]
Text = Annotated[str, AfterValidator(_is_text)]
Listening = Annotated[str, AfterValidator(_is_listening)]
Port = Annotated[int, Field(ge=1, le=65535)]
ShowText = Literal["title", "excerpt", "full"]
DedupeText = Literal["off", "address", "text"]
LearnText = Literal["off", "suggest", "place"]


# ---- the tables of feeds.toml ------------------------------------------------------


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SiteTable(_Table):
    """Who publishes."""

    title: Text = Field(description="Name of the site, in every page and feed.")
    url: SiteAddress = Field(description="Public address of the site; all links begin with it.")
    language: Language = Field("en", description="Language of the site's own words.")
    contact: Contact | None = Field(
        None, description="Mail address or page for outlets; sent in the User-Agent."
    )
    description: Line = Field("", description="One sentence about the site.")
    notice: Line = Field("", description="A line at the foot of every page.")


class DefaultsTable(_Table):
    """What every source inherits unless it says otherwise."""

    show: ShowText = Field("excerpt", description="How much of each article is republished.")
    license: Line = Field("", description="Licence of the articles, in words or as an address.")
    license_url: Address | None = Field(
        None, description="Address of the licence, if `license` is words."
    )
    language: Language | None = Field(None, description="Language where a feed declares none.")
    precedence: int = Field(
        0,
        ge=-1000,
        le=1000,
        description="The higher is fetched first, and leads a story if nothing tells who wrote it.",
    )
    min_interval: Duration = Field("15m", description="Never fetch more often than this.")
    max_interval: Duration = Field("1d", description="Never fetch less often than this.")
    max_new: int = Field(
        100, ge=1, description="More new articles at once than this wait for the operator."
    )
    dedupe: DedupeText = Field(
        "text", description="By what articles become one story with those of other outlets."
    )


class SourceTable(_Table):
    """A partner outlet."""

    id: Id = Field(description="Stands in public addresses; never change it.")
    name: Text = Field(description="Name of the outlet, as credited.")
    feed: Address = Field(description="Address of its RSS, Atom, RDF or JSON feed.")
    site: Address = Field(description="Address of its front page, for the credit link.")
    show: ShowText | None = Field(None, description="How much of each article is republished.")
    license: Line | None = Field(None, description="Licence of its articles.")
    license_url: Address | None = Field(None, description="Address of that licence.")
    uncut: bool = Field(
        False, description="true: its texts are shown whole or not at all, never as an excerpt."
    )
    counter: Counter | None = Field(
        None, description="Address of a counter pixel that must stand in its full texts."
    )
    topics: list[Id] = Field([], description="Topics that every one of its articles gets.")
    tags: dict[str, Id] = Field({}, description="Its own category -> our topic.")
    include: Rule | None = Field(None, description="Keep only articles that match this rule.")
    exclude: Rule | None = Field(None, description="Leave out articles that match this rule.")
    language: Language | None = Field(None, description="Language where the feed declares none.")
    precedence: int | None = Field(
        None,
        ge=-1000,
        le=1000,
        description="The higher is fetched first, and leads a story if nothing tells who wrote it.",
    )
    enabled: bool = Field(True, description="false: keep its news, fetch it only with --source.")
    public_feed: Address | None = Field(
        None, description="Feed address to publish instead of `feed`, if that is private."
    )
    headers: dict[Header, Variable] = Field(
        {}, description="Request header -> environment variable that holds its value."
    )
    basic_auth: Variable | None = Field(
        None, description="Environment variable that holds user:password."
    )
    min_interval: Duration | None = Field(None, description="Never fetch more often than this.")
    max_interval: Duration | None = Field(None, description="Never fetch less often than this.")
    max_new: int | None = Field(
        None, ge=1, description="More new articles at once than this wait for the operator."
    )
    dedupe: DedupeText | None = Field(
        None, description="By what its articles become one story with those of other outlets."
    )


class TopicTable(_Table):
    """A topic."""

    id: Id = Field(description="Stands in public addresses; never change it.")
    title: Text = Field(description="Name of the topic.")
    description: Line = Field("", description="One sentence about the topic.")
    match: Rule | None = Field(None, description="Rule that files an article here.")
    stem: bool = Field(
        False, description="true: forms of one word are one in `match`, in the topic's language."
    )
    language: Language | None = Field(None, description="Language of the topic's feed.")
    was: list[Id] = Field([], description="Ids that it had before; their addresses lead here.")
    max_share: ShareText | None = Field(
        None, description="At most so many stories of one outlet among any so many in a row."
    )
    learn: LearnText = Field(
        "off", description="What becomes of stories that look like those of the topic."
    )


class FetchTable(_Table):
    """How feeds are fetched."""

    allow_private: list[NetworkText] = Field(
        [], description="Private networks that may be asked all the same."
    )
    concurrency: int = Field(20, ge=1, le=200, description="Requests at the same time.")
    per_host: int = Field(2, ge=1, le=20, description="Connections to one host.")
    spacing: Pause = Field("1s", description="Time between two requests to one host.")
    timeout: Duration = Field("30s", description="Longest time for one request in all.")
    connect_timeout: Duration = Field("10s", description="Longest time for a connection.")
    read_timeout: Duration = Field("20s", description="Longest silence of a server.")
    max_bytes: int = Field(
        15_000_000, ge=1_000, le=1_000_000_000, description="Largest feed, decompressed."
    )
    max_redirects: int = Field(5, ge=0, le=20, description="Redirects followed.")
    ports: list[Port] = Field([80, 443], description="Ports that may be asked.")


class StorageTable(_Table):
    """Where news is kept."""

    database: Text = Field(
        "aggregator.db", description="SQLite file, seen from the folder of feeds.toml."
    )
    keep: Duration | None = Field(
        None, description="Stories older than this are taken out; without it, none is."
    )


class StoriesTable(_Table):
    """What makes one story of several articles."""

    window: Duration = Field(
        "14d", description="Articles published further apart are not compared by their words."
    )


class PublishTable(_Table):
    """How news is published."""

    limit: int = Field(50, ge=1, le=1000, description="Stories in a feed or on a page.")
    host: Listening = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8080, ge=1, le=65535, description="Port that the web server listens on.")
    max_age: Duration = Field("5m", description="How long readers and caches may keep a feed.")
    credit_line: CreditLine = Field(
        "", description="A line at the end of every text in a feed; {outlet} becomes a link."
    )
    search: bool = Field(
        True, description="false: pages do not lead to the search, which a static export lacks."
    )
    hub: Literal["self"] | None = Field(
        None, description='"self": we tell subscribers of our feeds ourselves (WebSub).'
    )
    signature: Literal["sha1", "sha256", "sha384", "sha512"] = Field(
        "sha256", description="How our own hub signs what it delivers."
    )
    hubs: list[Address] = Field([], description="Hubs of others that are told of every change.")

    @property
    def max_age_seconds(self) -> int:
        """`max_age` in seconds."""
        return seconds(self.max_age)


class FeedsFile(_Table):
    """The whole of feeds.toml."""

    site: SiteTable
    defaults: DefaultsTable = DefaultsTable()
    source: list[SourceTable] = []
    topic: list[TopicTable] = []
    fetch: FetchTable = FetchTable()
    storage: StorageTable = StorageTable()
    stories: StoriesTable = StoriesTable()
    publish: PublishTable = PublishTable()
