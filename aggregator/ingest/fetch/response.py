"""Headers and errors of responses: validators, freshness, Retry-After, hubs, messages."""

import json
import os
import re
import ssl
from datetime import UTC, datetime
from typing import TypeAlias

import aiohttp

from aggregator.model import (
    Backoff,
    Failed,
    FailureKind,
    Fetched,
    HubLink,
    Unchanged,
    Validators,
)
from aggregator.text.dates import parse_http_date

__all__ = [
    "NOT_COMPRESSED",
    "PERMANENT_STATUSES",
    "REDIRECT_STATUSES",
    "UNFINISHED",
    "FetchResult",
    "describe_error",
    "describe_status",
    "is_complete_document",
    "read_certificate_expiry",
    "read_freshness",
    "read_hub_link",
    "read_retry_after",
    "read_validators",
]  # fmt: skip

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
PERMANENT_STATUSES = frozenset({301, 308})
MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60
"""One server was seen to ask for 88 hours."""
MAX_VALIDATOR_CHARS = 1000
MAX_END_BYTES = 1000
"""Bytes at the end of a document in which its last tag is looked for."""
NOT_COMPRESSED = "The body is not compressed as its Content-Encoding header says."
UNFINISHED = "Its server ended the connection before the response was finished."
_END_TAG = re.compile(rb"</(?:[\w.-]{1,100}:)?(?:rss|feed|rdf)\s*>\s*\Z", re.IGNORECASE)
FetchResult: TypeAlias = Fetched | Unchanged | Failed | Backoff


def read_validators(
    response: aiohttp.ClientResponse, old: Validators, body_hash: str
) -> Validators:
    """The validators of a response, byte for byte; where a 304 has none, the old ones stay."""
    return Validators(
        etag=_sendable(response.headers.get("ETag", old.etag)),
        last_modified=_sendable(response.headers.get("Last-Modified", old.last_modified)),
        body_hash=body_hash,
    )


def _sendable(value: str) -> str:
    """The value, or "" if it cannot be sent back in a header."""
    return value if value.isprintable() and len(value) <= MAX_VALIDATOR_CHARS else ""


def read_freshness(response: aiohttp.ClientResponse, now: datetime) -> int:
    """Remaining seconds for which the server calls its response fresh (RFC 9111, section 4.2.1)."""
    control = response.headers.get("Cache-Control", "").lower()
    directives = dict(_directive(part) for part in control.split(","))
    if "no-cache" in directives or "no-store" in directives:
        return 0
    if "max-age" in directives:
        age = response.headers.get("Age", "")
        return max(0, _seconds(directives["max-age"]) - _seconds(age))
    expires = parse_http_date(response.headers.get("Expires", ""))
    date = parse_http_date(response.headers.get("Date", "")) or now
    return max(0, int((expires - date).total_seconds())) if expires else 0


def _directive(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip(), value.strip().strip('"')


def _seconds(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def read_retry_after(response: aiohttp.ClientResponse, now: datetime) -> int:
    """Retry-After in seconds, given as seconds or as a date (RFC 9110, section 10.2.3)."""
    given = response.headers.get("Retry-After", "").strip()
    date = parse_http_date(given)
    seconds = int((date - now).total_seconds()) if date else _seconds(given)
    return max(0, min(seconds, MAX_RETRY_AFTER_SECONDS))


def is_complete_document(body: bytes) -> bool:
    """True if a body ends as an XML or JSON feed does."""
    if _END_TAG.search(body[-MAX_END_BYTES:]):
        return True
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def read_hub_link(response: aiohttp.ClientResponse) -> HubLink:
    """The hub and topic in the Link headers (WebSub 4)."""
    try:
        found = {rel: str(link.get("url", "")) for rel, link in response.links.items()}
    except ValueError:  # not a URL
        return HubLink()
    return HubLink(hub=found.get("hub", ""), topic=found.get("self", ""))


_STATUS_SENTENCES = {
    401: "The server requires a login; set basic_auth or headers for this source.",
    403: "The server refuses us; ask the outlet to allow our User-Agent.",
    407: "The proxy requires a login; write http://user:password@host:port in the environment.",
    404: "There is no feed at this address.",
    410: "The outlet has removed this feed for good.",
    429: "The server says that we fetch too often.",
}


def describe_status(response: aiohttp.ClientResponse) -> tuple[FailureKind, str]:
    """The kind of a failure by status code, and a sentence for operators."""
    status = response.status
    if status in REDIRECT_STATUSES:
        return FailureKind.REDIRECT, f"The server redirects without saying where to ({status})."
    status_line = f"{status} {response.reason or ''}".strip()
    sentence = _STATUS_SENTENCES.get(status, "The server responded with an error.")
    return FailureKind.HTTP_STATUS, f"{sentence} ({status_line})"


def _cause(error: OSError) -> str:
    """The reason that the TLS library or the operating system gives."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return os.strerror(error.errno).lower() if error.errno else "no connection"


def describe_error(error: aiohttp.ClientError) -> tuple[FailureKind, str]:
    """The kind of a failed request, and a sentence for operators that contains no secret."""
    match error:
        case aiohttp.ClientProxyConnectionError():
            sentence = f"The proxy {error.host} could not be reached ({_cause(error.os_error)})."
            return FailureKind.PROXY, sentence
        case aiohttp.ClientHttpProxyError():
            return FailureKind.PROXY, f"The proxy does not let us through ({error.status})."
        case aiohttp.ClientConnectorDNSError():
            return FailureKind.DNS, f"The host name {error.host} does not resolve."
        case aiohttp.ClientConnectorCertificateError():
            sentence = f"The certificate of {error.host} is not valid ({error.certificate_error})."
            return FailureKind.TLS, sentence
        case aiohttp.ClientSSLError():
            sentence = f"The TLS handshake with {error.host} failed ({_cause(error.os_error)})."
            return FailureKind.TLS, sentence
        case aiohttp.ClientConnectorError():
            sentence = f"{error.host} could not be reached ({_cause(error.os_error)})."
            return FailureKind.CONNECT, sentence
        case aiohttp.ContentTypeError() | aiohttp.ClientPayloadError() if "encoding" in str(error):
            return FailureKind.HTTP_PROTOCOL, NOT_COMPRESSED
        case (
            aiohttp.ServerDisconnectedError()
            | aiohttp.ClientPayloadError()
            | aiohttp.ClientOSError()
        ):
            return (
                FailureKind.CONNECT,
                "The connection ended before the whole response had arrived.",
            )
        case aiohttp.InvalidURL():
            return FailureKind.BLOCKED_ADDRESS, "The address is not a valid URL."
        case aiohttp.ClientResponseError():
            return FailureKind.HTTP_PROTOCOL, "The response is not valid HTTP."
    return FailureKind.CONNECT, f"The request failed ({type(error).__name__})."


def read_certificate_expiry(response: aiohttp.ClientResponse) -> datetime | None:
    """When the certificate of the server expires; None without TLS."""
    transport = response.connection.transport if response.connection else None
    certificate = transport.get_extra_info("peercert") if transport else None
    ends = certificate.get("notAfter") if certificate else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
