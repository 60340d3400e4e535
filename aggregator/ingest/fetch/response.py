"""What a server's answer says beside its body: validators, freshness, waits, and sentences."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from aggregator.model import HubLink, Validators

__all__ = [
    "PERMANENT_STATUSES",
    "REDIRECT_STATUSES",
    "describe_error",
    "describe_status",
    "read_freshness",
    "read_hub_link",
    "read_retry_after",
    "read_validators",
]

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
PERMANENT_STATUSES = frozenset({301, 308})
MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60
"""Seconds; one server was seen to ask for 88 hours."""


def read_validators(
    response: aiohttp.ClientResponse, old: Validators, body_hash: str
) -> Validators:
    """Opaque, byte for byte; a 304 may bring new ones."""
    return Validators(
        etag=_header_value(response.headers.get("ETag", old.etag)),
        last_modified=_header_value(response.headers.get("Last-Modified", old.last_modified)),
        body_hash=body_hash,
    )


def _header_value(value: str) -> str:
    """The same, or nothing if it is not text that can be sent back."""
    return value if value.isprintable() and len(value) <= 1000 else ""


def read_freshness(response: aiohttp.ClientResponse, now: datetime) -> int:
    """For how many more seconds the server calls its answer fresh (RFC 9111, 4.2.1)."""
    control = response.headers.get("Cache-Control", "").lower()
    directives = dict(_directive(part) for part in control.split(","))
    if "no-cache" in directives or "no-store" in directives:
        return 0
    if "max-age" in directives:
        age = response.headers.get("Age", "")
        return max(0, _seconds(directives["max-age"]) - _seconds(age))
    expires = _date(response.headers.get("Expires", ""))
    date = _date(response.headers.get("Date", "")) or now
    return max(0, int((expires - date).total_seconds())) if expires else 0


def _directive(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value.strip().strip('"')


def _seconds(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def read_retry_after(response: aiohttp.ClientResponse, now: datetime) -> int:
    """Retry-After in seconds, given as seconds or as a date (RFC 9110, 10.2.3)."""
    given = response.headers.get("Retry-After", "").strip()
    date = _date(given)
    seconds = int((date - now).total_seconds()) if date else _seconds(given)
    return max(0, min(seconds, MAX_RETRY_AFTER_SECONDS))


def read_hub_link(response: aiohttp.ClientResponse) -> HubLink:
    """The hub and topic that the headers announce (WebSub 4)."""
    try:
        found = {rel: str(link.get("url", "")) for rel, link in response.links.items()}
    except ValueError:  # an address that is none
        return HubLink()
    return HubLink(hub=found.get("hub", ""), topic=found.get("self", ""))


_STATUS_SENTENCES = {
    401: "The server wants a login; set basic_auth or headers for this source.",
    403: "The server refuses us; ask the outlet to let our User-Agent in.",
    407: "The proxy wants a login; write http://user:password@host:port in the environment.",
    404: "There is no feed at this address any more.",
    410: "The outlet has removed this feed for good.",
    429: "The server says that we ask too often.",
}


def describe_status(response: aiohttp.ClientResponse) -> str:
    """What a status other than 200 means for the operator."""
    status = response.status
    if status in REDIRECT_STATUSES:
        return f"The server redirects without saying where ({status})."
    said = f"{status} {response.reason or ''}".strip()
    return f"{_STATUS_SENTENCES.get(status, 'The server could not answer.')} ({said})"


def describe_error(error: aiohttp.ClientError) -> str:
    """What went wrong before an answer was there whole; it quotes no secret."""
    match error:
        case aiohttp.ClientProxyConnectionError():
            return f"The proxy {error.host} could not be reached ({error.strerror})."
        case aiohttp.ClientHttpProxyError():
            return f"The proxy does not let us through ({error.status})."
        case aiohttp.ClientConnectorDNSError():
            return f"There is no server called {error.host}."
        case aiohttp.ClientConnectorCertificateError():
            return f"The certificate of {error.host} is not valid ({error.certificate_error})."
        case aiohttp.ClientConnectorError():
            return f"{error.host} could not be reached ({error.strerror})."
        case aiohttp.ContentTypeError() | aiohttp.ClientPayloadError() if "encoding" in str(error):
            return "What came is not packed the way that the server says (Content-Encoding)."
        case (
            aiohttp.ServerDisconnectedError()
            | aiohttp.ClientPayloadError()
            | aiohttp.ClientOSError()
        ):
            return "The connection ended before the whole feed had come."
        case aiohttp.InvalidURL():
            return "The address is not one that can be asked."
        case aiohttp.ClientResponseError():
            return "What came is not HTTP as it should be."
    return f"The request failed ({type(error).__name__})."
