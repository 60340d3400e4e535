"""One polite request for one source: Source -> Fetched | Unchanged | Failed.

Redirects are followed here, one hop at a time, so that every hop is checked: only http and
https, and never an address inside the operator's own network. What is checked is the
address that the connection goes to, not only the name, because a name can resolve to
something else a moment later (stringer PR#1548, CommaFeed GHSA-hgrr).

aiohttp lives in this file alone. Nothing is raised for what a server does; a bug is.
"""

import asyncio
import base64
import hashlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from aggregator.ingest.guard import Network, may_ask
from aggregator.model import Failed, Fetched, Source, Unchanged, Validators

__all__ = ["Fetcher", "Limits", "open_fetcher"]


ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 64 * 1024
LONGEST_RETRY_AFTER = 24 * 60 * 60
"""Seconds; one server was seen to ask for 88 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a server may go. `timeout` is seconds in all, `max_bytes` counts decoded bytes."""

    user_agent: str
    concurrency: int = 20
    per_host: int = 2
    timeout: float = 30.0
    max_bytes: int = 15_000_000
    max_redirects: int = 5
    allow_private: tuple[Network, ...] = ()


class _Refused(Exception):
    """The address must not be asked, or the answer must not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches sources over one pool of connections.

    `environment` holds the secrets that sources name; they are sent to the source's own
    host only and appear in no message.
    """

    session: aiohttp.ClientSession
    limits: Limits
    environment: Mapping[str, str] = field(repr=False)
    _turns: dict[str, asyncio.Semaphore] = field(default_factory=dict, init=False, repr=False)

    async def fetch(self, source: Source, validators: Validators) -> Fetched | Unchanged | Failed:
        """Ask once; `validators` are those of the last good answer."""
        try:
            headers = {**_conditions(validators), **_secrets(source, self.environment)}
            # waiting for one's turn at a busy host is not the host's slowness
            async with self._turn(source), asyncio.timeout(self.limits.timeout):
                return await self._follow(source, headers, validators)
        except _Refused as refusal:
            return Failed(error=str(refusal))
        except TimeoutError:
            return Failed(error=f"No complete answer within {self.limits.timeout:g} seconds.")
        except aiohttp.ClientError as error:
            return Failed(error=_explain(error))
        except UnicodeError:
            return Failed(error="A header of the request or the answer is not legal text.")

    def _turn(self, source: Source) -> asyncio.Semaphore:
        host = _url(source.feed).host or ""
        return self._turns.setdefault(host, asyncio.Semaphore(self.limits.per_host))

    async def _follow(
        self, source: Source, headers: Mapping[str, str], validators: Validators
    ) -> Fetched | Unchanged | Failed:
        url = _url(source.feed)
        home = url.origin()
        for _ in range(self.limits.max_redirects + 1):
            _check_address(url, self.limits.allow_private)
            sent = headers if url.origin() == home else _without_secrets(headers, source)
            async with self.session.get(url, headers=sent, allow_redirects=False) as response:
                if response.status not in REDIRECTS or "Location" not in response.headers:
                    return await self._read(response, validators)
                url = _next_hop(url, response.headers["Location"])
        raise _Refused(f"More than {self.limits.max_redirects} redirects; the last to {url.host}.")

    async def _read(
        self, response: aiohttp.ClientResponse, old: Validators
    ) -> Fetched | Unchanged | Failed:
        status = response.status
        if status == 304 and not (old.etag or old.last_modified):
            return Failed(
                error="The server says that nothing has changed, but has sent nothing yet.",
                status=status,
            )
        if status == 304:
            return Unchanged(status=status, validators=_validators(response, old, old.body_hash))
        if status != 200:
            return Failed(
                error=_status_sentence(response), status=status, retry_after=_wait(response)
            )
        body = await self._body(response)
        body_hash = hashlib.blake2b(body, digest_size=16).hexdigest()
        validators = _validators(response, Validators(), body_hash)
        if body_hash == old.body_hash:
            return Unchanged(status=status, validators=validators)
        return Fetched(
            url=str(response.url),
            status=status,
            content_type=response.headers.get("Content-Type", ""),
            body=body,
            validators=validators,
        )

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body; the limit is on decoded bytes (newsboat PR#3428)."""
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK):
            body += chunk
            if len(body) > self.limits.max_bytes:
                raise _Refused(
                    f"The feed is larger than {self.limits.max_bytes:,} bytes; "
                    "raise [fetch] max_bytes if that is right."
                )
        return bytes(body)


@asynccontextmanager
async def open_fetcher(limits: Limits, environment: Mapping[str, str]) -> AsyncIterator[Fetcher]:
    """A Fetcher with its connections; they are closed at the end."""
    connector = aiohttp.TCPConnector(
        limit=limits.concurrency,
        resolver=_GuardedResolver(limits.allow_private),
    )
    async with aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": limits.user_agent, "Accept": ACCEPT},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # a proxy would go where we may not, .netrc send what it should not
    ) as session:
        yield Fetcher(session=session, limits=limits, environment=environment)


# ---- where a request may go --------------------------------------------------------


class _GuardedResolver(AbstractResolver):
    """Resolves names, and keeps only addresses that may be asked.

    aiohttp connects to the very addresses that come out of here, so a name that answers
    differently the second time gains nothing.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        kept = [row for row in found if may_ask(ipaddress.ip_address(row["host"]), self._allowed)]
        if found and not kept:
            raise _Refused(_private_sentence(host))
        return kept

    async def close(self) -> None:
        await self._resolver.close()


def _check_address(url: URL, allowed: Sequence[Network]) -> None:
    """Raises _Refused for a scheme we do not speak, or a literal private address."""
    if url.scheme not in ("http", "https") or not url.host:
        raise _Refused(f"It leads to {str(url)[:100]!r}, which is no http or https address.")
    try:
        address = ipaddress.ip_address(url.host)
    except ValueError:
        return  # a name; the resolver checks what it stands for
    if not may_ask(address, allowed):
        raise _Refused(_private_sentence(url.host))


def _private_sentence(host: str) -> str:
    return (
        f"{host} stands in a private network and is not asked; "
        "list the network in [fetch] allow_private if that is right."
    )


def _url(address: str) -> URL:
    try:
        return URL(address)
    except ValueError as error:
        raise _Refused(f"{address[:100]!r} is no address that can be asked.") from error


def _next_hop(url: URL, location: str) -> URL:
    try:
        return url.join(_url(location)).with_user(None)  # a login there is not ours to send
    except ValueError as error:
        raise _Refused(f"It redirects to {location[:100]!r}, which is no address.") from error


# ---- request headers ---------------------------------------------------------------


def _conditions(validators: Validators) -> dict[str, str]:
    headers = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _secrets(source: Source, environment: Mapping[str, str]) -> dict[str, str]:
    headers = {name: _secret(variable, environment) for name, variable in source.headers.items()}
    if source.basic_auth:
        login = _secret(source.basic_auth, environment).encode()
        headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    return headers


def _secret(variable: str, environment: Mapping[str, str]) -> str:
    value = environment.get(variable, "")
    if not value or "\n" in value or "\r" in value:
        raise _Refused(f"The environment variable {variable}, which the source names, is not set.")
    return value


def _without_secrets(headers: Mapping[str, str], source: Source) -> dict[str, str]:
    secret = {*source.headers, "Authorization"}
    return {name: value for name, value in headers.items() if name not in secret}


# ---- answers -----------------------------------------------------------------------


def _validators(response: aiohttp.ClientResponse, old: Validators, body_hash: str) -> Validators:
    """Opaque, byte for byte; a 304 may bring new ones."""
    return Validators(
        etag=_sendable(response.headers.get("ETag", old.etag)),
        last_modified=_sendable(response.headers.get("Last-Modified", old.last_modified)),
        body_hash=body_hash,
    )


def _sendable(value: str) -> str:
    """The same, or nothing if it is not text that can be sent back."""
    return value if value.isprintable() and len(value) <= 1000 else ""


def _wait(response: aiohttp.ClientResponse) -> int:
    """Retry-After in seconds, given as seconds or as a date (RFC 9110, 10.2.3)."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return min(int(given[:9]), LONGEST_RETRY_AFTER)
    try:
        wait = (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0
    return max(0, min(int(wait), LONGEST_RETRY_AFTER))


_SENTENCES = {
    401: "The server wants a login; set basic_auth or headers for this source.",
    403: "The server refuses us; ask the outlet to let our User-Agent in.",
    404: "There is no feed at this address any more.",
    410: "The outlet has removed this feed for good.",
    429: "The server says that we ask too often.",
}


def _status_sentence(response: aiohttp.ClientResponse) -> str:
    status = response.status
    if status in REDIRECTS:
        return f"The server redirects without saying where ({status})."
    said = f"{status} {response.reason or ''}".strip()
    return f"{_SENTENCES.get(status, 'The server could not answer.')} ({said})"


def _explain(error: aiohttp.ClientError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"There is no server called {error.host}."
        case aiohttp.ClientConnectorCertificateError():
            return f"The certificate of {error.host} is not valid ({error.certificate_error})."
        case aiohttp.ClientConnectorError():
            return f"{error.host} could not be reached ({error.strerror})."
        case aiohttp.ContentTypeError() | aiohttp.ClientPayloadError() if "encoding" in str(error):
            return "What came is not packed the way that the server says (Content-Encoding)."
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "The connection ended before the whole feed had come."
        case aiohttp.InvalidURL():
            return "The address is not one that can be asked."
    return f"The request failed ({type(error).__name__}: {str(error)[:200]})."
