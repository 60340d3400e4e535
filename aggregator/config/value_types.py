"""The values of feeds.toml: what a single key may have.

The message of a ValueError completes the sentence "found X, expected …".
"""

import re
from email.headerregistry import HeaderRegistry
from ipaddress import ip_network
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from aggregator import query
from aggregator.errors import QueryError
from aggregator.text.urls import web_url

__all__ = [
    "A_DURATION",
    "CREDIT_LINE_NAMES",
    "Colour",
    "Contact",
    "CounterUrl",
    "CreditLine",
    "DkimSelector",
    "Duration",
    "DurationOrZero",
    "EnvironmentVariable",
    "HeaderName",
    "Id",
    "Language",
    "ListenHost",
    "MailAddress",
    "MaxShare",
    "Network",
    "OneLine",
    "Port",
    "PrivateNetwork",
    "Rule",
    "SiteUrl",
    "StoryReference",
    "Text",
    "TimeZone",
    "Url",
    "check_duration",
    "id_of_story",
    "is_duration_type",
    "is_network",
    "to_seconds",
]  # fmt: skip

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


def _check_time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError('a time zone such as "Europe/Madrid" or "UTC"')
    return value


def _check_story(value: str) -> str:
    if not re.fullmatch(r"([^?#]+/stories/)?[0-9a-f]{16}/?", value):
        raise ValueError("the id of a story, or the address of its page, .../stories/<id>")
    return value


def id_of_story(value: str) -> str:
    """The id of a story, given as such or as the address of its page."""
    return value.rstrip("/").rpartition("/")[2]


def _check_colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError('a colour such as "#9c2a10"')
    return value.lower()


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
    if not is_network(value):
        raise ValueError('a network such as "127.0.0.0/8" or "fd00::/8"')
    return value


def is_network(value: str) -> bool:
    """True for a network in CIDR notation, or an address."""
    try:
        ip_network(value)
    except ValueError:
        return False
    return True


def _check_private_network(value: str) -> str:
    is_name = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+", value)
    if not is_name and not is_network(value):
        raise ValueError('a network such as "10.0.0.0/8", or a host such as "feeds.example.org"')
    return value


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


A_DURATION = 'a time such as "90s", "15m", "2h" or "1d"'


def is_duration_type(annotation: object) -> bool:
    """True for the type of a key whose value is a duration, or None."""
    validators = (check_duration, _check_duration_or_zero)
    parts = get_args(annotation)
    return any(
        getattr(part, "func", None) in validators or is_duration_type(part) for part in parts
    )


def check_duration(value: str) -> str:
    """Return a duration such as "15m" unchanged. Raises ValueError for anything else."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}[smhd]", value):
        raise ValueError(A_DURATION)
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


def _check_mail_address(value: str) -> str:
    found = re.fullmatch(r"(?:[^<>@,;\"]+ <)?([!-;=?A-~]+)@([^<>@\s]+?)(>)?", value)
    if not found or (">" in value) != ("<" in value) or not is_mail_host(found[2]):
        raise ValueError('an address such as "desk@example.org" or "Desk <desk@example.org>"')
    header: Any = HeaderRegistry()("To", value)
    if [each.addr_spec for each in header.addresses] != [f"{found[1]}@{found[2]}"]:
        raise ValueError("a name without brackets and quotes, and an address in <>")
    return _check_one_line(value)


def _check_selector(value: str) -> str:
    if not is_mail_host(value):
        raise ValueError('a name such as "news2026"')
    return value


def is_mail_host(name: str) -> bool:
    """True for a host name of ASCII letters that mail can be sent to."""
    return bool(re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name)) and is_host(name)


def _check_one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a single line without control characters")
    return value


def _check_counter(value: str) -> str:
    if not set(re.findall(r"\{(.*?)\}", value)) <= {"link", "id"}:
        raise ValueError('an address with no placeholders but "{link}" and "{id}"')
    _check_url(re.sub(r"[{}]", "", value))
    parts = urlsplit(value)
    if "{" in parts.netloc:
        raise ValueError("an address without a placeholder in its host")
    host = urlsplit(web_url(f"{parts.scheme}://{parts.netloc}/")).netloc.lower()
    return str(urlunsplit(parts._replace(netloc=host)))


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
PrivateNetwork = Annotated[str, AfterValidator(_check_private_network)]
CounterUrl = Annotated[str, AfterValidator(_check_counter)]
CreditLine = Annotated[str, AfterValidator(_check_credit_line)]
Duration = Annotated[str, AfterValidator(check_duration)]
MaxShare = Annotated[str, AfterValidator(_check_share)]
DurationOrZero = Annotated[str, AfterValidator(_check_duration_or_zero)]
Contact = Annotated[str, AfterValidator(_check_contact)]
DkimSelector = Annotated[str, AfterValidator(_check_selector)]
MailAddress = Annotated[str, AfterValidator(_check_mail_address)]
OneLine = Annotated[str, AfterValidator(_check_one_line)]
Text = Annotated[str, AfterValidator(_check_text)]
Colour = Annotated[str, AfterValidator(_check_colour)]
StoryReference = Annotated[str, AfterValidator(_check_story)]
TimeZone = Annotated[str, AfterValidator(_check_time_zone)]
ListenHost = Annotated[str, AfterValidator(_check_listen_host)]
Port = Annotated[int, Field(ge=1, le=65535)]
