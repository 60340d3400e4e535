"""The tables of feeds.toml: every key with its type, default and description.

These classes check the file, and `aggregator schema` prints them as a JSON Schema. The message of a
ValueError completes the sentence "found X, expected …".
"""

import re
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aggregator import query
from aggregator.errors import QueryError
from aggregator.model import Dedupe, Learn, Show

# ---- checks of single values -------------------------------------------------------


_NOT_IN_URL = re.compile(r"[\x00-\x20\x7f-\x9f<>\"{}|\\^`\s]")


def _check_id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value) or len(value) > 60:
        raise ValueError("an id of lowercase letters, digits and single hyphens, 60 at most")
    return value


def _check_url(value: str) -> str:
    complete = "a complete address that starts with http:// or https://"
    if _NOT_IN_URL.search(value):
        raise ValueError(f"{complete}, without spaces, quotes or control characters")
    try:
        parts = urlsplit(value)
        hostname = parts.hostname
    except ValueError:
        hostname = None
    if not hostname or parts.scheme not in ("http", "https") or not is_host(hostname):
        raise ValueError(complete)
    try:
        _ = parts.port  # raises ValueError
    except ValueError as error:
        raise ValueError("an address whose port is a number from 0 to 65535") from error
    if parts.username or parts.password:
        raise ValueError(
            "an address without a login; put that into the variable that basic_auth names"
        )
    return value


def is_host(name: str) -> bool:
    """True for an IP address or a valid host name."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _check_listen_host(value: str) -> str:
    if not value.strip() or not value.isprintable() or not is_host(value):
        raise ValueError('an address to listen on such as "127.0.0.1" or "::"')
    return value


def _check_site_url(value: str) -> str:
    if "?" in value or "#" in value or "//" in value.partition("://")[2]:
        raise ValueError("an address that ends with a host or a folder, without ?, # or //")
    return _check_url(value)


def _check_rule(value: str) -> str:
    try:
        query.parse(value)
    except QueryError as error:
        raise ValueError(f"a rule in the query language ({error})") from error
    return value


def _check_share(value: str) -> str:
    found = re.fullmatch(r"([1-9][0-9]?) of ([1-9][0-9]?)", value)
    if not found or int(found[1]) >= int(found[2]):
        raise ValueError('a share such as "2 of 10"')
    return value


def _check_language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError('a language tag such as "en" or "pt-BR"')
    return value


def main_language(tag: str) -> str:
    """The language without its region: `"pt-BR"` is `"pt"`."""
    return tag.partition("-")[0].lower()


def _check_variable(value: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        raise ValueError(
            "the NAME of an environment variable, in capitals; never the secret itself"
        )
    return value


def _check_header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("the name of a request header")
    return value


def _check_network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError as error:
        raise ValueError('a network such as "127.0.0.0/8" or "fd00::/8"') from error
    return value


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def check_duration(value: str) -> str:
    """Return a duration such as "15m" unchanged. Raises ValueError for anything else."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}[smhd]", value):
        raise ValueError('a time such as "90s", "15m", "2h" or "1d"')
    return value


def _check_duration_or_zero(value: str) -> str:
    return value if value == "0s" else check_duration(value)


def to_seconds(duration: str) -> int:
    """A duration in seconds: `"15m"` is 900."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def _check_contact(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+|https?://\S+", value):
        raise ValueError("an email address, or the address of a page where outlets can reach you")
    return value


def _check_one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a single line without control characters")
    return value


def _check_counter(value: str) -> str:
    if not set(re.findall(r"\{(.*?)\}", value)) <= {"link", "id"}:
        raise ValueError('an address with no placeholders but "{link}" and "{id}"')
    _check_url(re.sub(r"[{}]", "", value))
    return value


CREDIT_LINE_NAMES = ("outlet", "author", "license")
"""Placeholders that a credit line may contain."""


def _check_credit_line(value: str) -> str:
    names = re.findall(r"\{(.*?)\}", value)
    if value and ("outlet" not in names or not set(names) <= set(CREDIT_LINE_NAMES)):
        raise ValueError(
            'a line that contains "{outlet}", and may contain "{author}" and "{license}"'
        )
    return _check_one_line(value)


def _check_text(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("a single line with at least one word, without control characters")
    return value


Id = Annotated[str, AfterValidator(_check_id)]
Url = Annotated[str, AfterValidator(_check_url)]
SiteUrl = Annotated[str, AfterValidator(_check_site_url)]
Rule = Annotated[str, AfterValidator(_check_rule)]
Language = Annotated[str, AfterValidator(_check_language)]
EnvironmentVariable = Annotated[str, AfterValidator(_check_variable)]
HeaderName = Annotated[str, AfterValidator(_check_header_name)]
Network = Annotated[str, AfterValidator(_check_network)]
CounterUrl = Annotated[str, AfterValidator(_check_counter)]
CreditLine = Annotated[str, AfterValidator(_check_credit_line)]
Duration = Annotated[str, AfterValidator(check_duration)]
MaxShare = Annotated[str, AfterValidator(_check_share)]
DurationOrZero = Annotated[str, AfterValidator(_check_duration_or_zero)]
Contact = Annotated[str, AfterValidator(_check_contact)]
OneLine = Annotated[str, AfterValidator(_check_one_line)]
Text = Annotated[str, AfterValidator(_check_text)]
ListenHost = Annotated[str, AfterValidator(_check_listen_host)]
Port = Annotated[int, Field(ge=1, le=65535)]


# ---- the tables of feeds.toml ------------------------------------------------------


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SiteTable(_Table):
    """The site: its name, address and language."""

    title: Text = Field(description="Name of the site, in every page and feed.")
    url: SiteUrl = Field(description="Public address of the site; all links start with it.")
    language: Language = Field("en", description="Language of the site's own texts.")
    contact: Contact | None = Field(
        None, description="Email address or page for outlets; sent in the User-Agent."
    )
    description: OneLine = Field("", description="One sentence about the site.")
    notice: OneLine = Field("", description="A line at the foot of every page.")


class DefaultsTable(_Table):
    """Defaults for every source that does not set these keys itself."""

    show: Show = Field("excerpt", description="How much of each article is republished.")
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


class SourceTable(_Table):
    """A partner outlet."""

    id: Id = Field(description="Part of public addresses; never change it.")
    name: Text = Field(description="Name of the outlet, as credited.")
    feed: Url = Field(description="Address of its RSS, Atom, RDF or JSON feed.")
    site: Url = Field(description="Address of its front page, for the credit link.")
    show: Show | None = Field(None, description="How much of each article is republished.")
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
    precedence: int | None = Field(
        None,
        ge=-1000,
        le=1000,
        description="The highest is fetched first, and leads a story of unclear origin.",
    )
    enabled: bool = Field(
        True, description="false: keep its articles, but fetch it only with --source."
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


class TopicTable(_Table):
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


class FetchTable(_Table):
    """How feeds are fetched."""

    allow_private: list[Network] = Field(
        [], description="Private networks that may be fetched from."
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


class StorageTable(_Table):
    """Where articles are stored, and for how long."""

    database: Text = Field(
        "aggregator.db", description="SQLite file, relative to the folder of feeds.toml."
    )
    keep: Duration | None = Field(
        None, description="Stories older than this are deleted; without it, none are."
    )


class StoriesTable(_Table):
    """How articles become stories."""

    window: Duration = Field(
        "14d", description="Texts of articles published further apart than this are not compared."
    )


class PublishTable(_Table):
    """How stories are published."""

    limit: int = Field(50, ge=1, le=1000, description="Stories in a feed or on a page.")
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

    @property
    def max_age_seconds(self) -> int:
        """`max_age` in seconds."""
        return to_seconds(self.max_age)


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
