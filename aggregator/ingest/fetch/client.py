"""One polite request for one source: Source -> Fetched | Unchanged | Failed | Backoff.

    wait for the host | slot | request | redirects, hop by hop | body, within limits

Redirects are followed here, so that every hop is checked and waits for its host: only http and
https, and never an address inside the operator's own network (see transport.py).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO

import aiohttp
from yarl import URL

from aggregator.ingest.fetch.credentials import redact, secret_headers
from aggregator.ingest.fetch.decompress import (
    DecompressedTooLarge,
    decompress,
    is_gzip,
    undone_by_aiohttp,
)
from aggregator.ingest.fetch.request_spec import RequestSpec, conditional_headers, too_large
from aggregator.ingest.fetch.request_urls import parse_url, redirect_target
from aggregator.ingest.fetch.response import (
    NOT_COMPRESSED,
    PERMANENT_STATUSES,
    UNFINISHED,
    FetchResult,
    describe_error,
    describe_status,
    is_complete_document,
    read_certificate_expiry,
    read_freshness,
    read_hub_link,
    read_retry_after,
    read_validators,
)
from aggregator.ingest.fetch.server_clocks import ServerClocks
from aggregator.ingest.fetch.settings import FetchBlocked, FetchSettings
from aggregator.ingest.fetch.throttle import HostThrottle, Slot
from aggregator.ingest.fetch.transport import DirectSession, Transport, open_transport
from aggregator.model import (
    Backoff,
    Failed,
    FailureKind,
    Fetched,
    Source,
    Unchanged,
    Validators,
)
from aggregator.text.ip_addresses import is_private_host
from aggregator.text.urls import registrable_domain

__all__ = ["Fetcher", "Reply", "open_fetcher"]

READ_CHUNK_BYTES = 64 * 1024
ACCEPTED_PICTURES = "image/avif, image/webp, image/jpeg, image/png, image/gif;q=0.9, */*;q=0.1"
_PAUSING_STATUSES = (403, 429, 503)
"""Statuses whose Retry-After counts for the whole server; some send 403 instead of 429."""
EXPECTED_ERRORS = (FetchBlocked, TimeoutError, aiohttp.ClientError, UnicodeError)
"""Errors that servers, names and addresses may cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response to `Fetcher.call`: its status (0 if there was none) and the beginning of its body;
    `failed` says what went wrong."""

    status: int = 0
    body: bytes = b""
    failed: Failed | None = None

    @property
    def error(self) -> str:
        """A sentence that says what went wrong, or ""."""
        return self.failed.error if self.failed else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches sources over one pool of connections.

    `environment` holds the secrets that sources name; they are sent to the source's own origin only
    and appear in no message.
    """

    transport: Transport
    throttle: HostThrottle
    slots: asyncio.Semaphore
    settings: FetchSettings
    environment: Mapping[str, str] = field(repr=False)
    backoffs: dict[str, Backoff] = field(default_factory=dict)
    """Domains that are not fetched for now; one that answers 429 with Retry-After is added."""
    server_clocks: ServerClocks = field(default_factory=ServerClocks)
    """What servers say about our clock."""

    @asynccontextmanager
    async def fetch(
        self, source: Source, validators: Validators, url: str, now: datetime
    ) -> AsyncIterator[FetchResult]:
        """Fetch a source once. `validators` are those of the last good response, `url` is the
        current URL of the feed. The result is a Backoff if its server must be left alone now.

        The body may be held in memory until the block ends: no more than `settings.concurrency`
        blocks are open at a time.
        """
        with Slot(self.slots) as slot:
            yield await self._fetch(source, validators, url, now, slot)

    def _session_of(self, source: Source) -> DirectSession:
        """Only a source whose own feed is on a private network may reach it."""
        settings, host = self.settings, parse_url(source.feed).host or ""
        is_private = is_private_host(host, settings.allow_private, settings.private_hosts)
        return self.transport.private if is_private else self.transport.public

    async def post(
        self,
        url: str,
        form: Mapping[str, str] | Sequence[tuple[str, str]],
        source: Source | None = None,
    ) -> Reply:
        """Send a form, by the rules of `call`; to the hub of a source, as it is fetched."""
        pairs = form.items() if isinstance(form, Mapping) else form
        return await self.call("POST", url, data=aiohttp.FormData(list(pairs)), source=source)

    async def call(
        self,
        method: str,
        url: str,
        *,
        data: bytes | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
        source: Source | None = None,
    ) -> Reply:
        """Send a request, with the same checks and limits as for sources; with those of `source`,
        if there is one.

        Redirects are not followed, and only the beginning of the body is read.
        """
        try:
            target = parse_url(url)
            direct = self._session_of(source) if source else self.transport.calls
            await self.transport.check(target, direct)
            async with (
                self.throttle.slot(target.host or ""),
                asyncio.timeout(self.settings.timeout),
                self.transport.request(
                    method, target, direct, data=data, headers=headers
                ) as response,
            ):
                body = await _read_start(response)
                status = response.status
                sentence = f"{target.host} responded with {status}."
                failed = Failed(kind=FailureKind.HTTP_STATUS, error=sentence, status=status)
                is_success = 200 <= status < 300
                return Reply(status=status, body=body, failed=None if is_success else failed)
        except EXPECTED_ERRORS as error:
            kind, sentence = self._describe(error)
            return Reply(failed=Failed(kind=kind, error=sentence))

    async def fetch_picture(
        self, source: Source, url: str, now: datetime, max_bytes: int
    ) -> Fetched | Failed | Backoff:
        """Fetch a picture of a source, with the same checks and limits as its feed, but without its
        secrets."""
        try:
            spec = RequestSpec(
                feed=parse_url(url),
                direct=self._session_of(source),
                headers={"Accept": ACCEPTED_PICTURES},
                secrets={},
                validators=Validators(),
                now=now,
                max_bytes=max_bytes,
                is_feed=False,
            )
            with Slot(self.slots) as slot:
                result = await self._follow(spec, spec.feed, slot)
        except EXPECTED_ERRORS as error:
            kind, sentence = self._describe(error)
            result = Failed(kind=kind, error=sentence)
        assert not isinstance(result, Unchanged)  # it has no validators
        return result

    async def _fetch(
        self, source: Source, validators: Validators, url: str, now: datetime, slot: Slot
    ) -> FetchResult:
        secrets: dict[str, str] = {}
        result: FetchResult
        try:
            secrets = secret_headers(source, self.environment)
            spec = RequestSpec(
                feed=parse_url(source.feed),
                direct=self._session_of(source),
                headers=conditional_headers(validators),
                secrets=secrets,
                validators=validators,
                now=now,
                max_bytes=self.settings.max_bytes,
            )
            result = await self._follow(spec, parse_url(url), slot)
        except EXPECTED_ERRORS as error:
            kind, sentence = self._describe(error)
            result = Failed(kind=kind, error=sentence)
        return redact(result, secrets, source.private_feed)

    def _describe(self, error: Exception) -> tuple[FailureKind, str]:
        """The kind of an error, and a sentence for operators."""
        settings = self.settings
        match error:
            case FetchBlocked():
                return error.kind, str(error)
            case aiohttp.ConnectionTimeoutError():
                seconds = settings.connect_timeout
                return FailureKind.TIMEOUT, f"No connection within {seconds:g} seconds."
            case aiohttp.ServerTimeoutError():
                seconds = settings.read_timeout
                return FailureKind.TIMEOUT, f"The server sent nothing for {seconds:g} seconds."
            case TimeoutError():
                seconds = settings.timeout
                return FailureKind.TIMEOUT, f"No complete response within {seconds:g} seconds."
            case aiohttp.ClientError():
                return describe_error(error)
        sentence = "The address, or a header of the request or the response, is not valid text."
        return FailureKind.HTTP_PROTOCOL, sentence

    async def _follow(self, spec: RequestSpec, url: URL, slot: Slot) -> FetchResult:
        """The response at the end of all redirects. Each hop waits for its host, then for a slot.

        No request holds a slot while it waits for a host, since that could deadlock.
        """
        clock = asyncio.get_running_loop().time
        cookies = aiohttp.CookieJar(unsafe=True)  # of this fetch alone; also from IP addresses
        seconds_left, redirected_to, is_permanent = self.settings.timeout, "", True
        for hop in range(self.settings.max_redirects + 1):
            await self.transport.check(url, spec.direct)
            domain = registrable_domain(str(url))
            async with self.throttle.slot(url.host or ""):
                backoff = self.backoffs.get(domain)
                if backoff and backoff.until > spec.now:
                    return backoff
                await slot.acquire()
                started = clock()
                async with (
                    asyncio.timeout(max(seconds_left, 0.001)),
                    self.transport.request(
                        "GET", url, spec.direct, headers=spec.headers_for(url, cookies)
                    ) as response,
                ):
                    if hop == 0 and spec.is_feed:
                        self.server_clocks.add(spec.feed, response.headers)
                    if (target := redirect_target(url, response)) is None:
                        result = await self._read(response, spec, redirected_to)
                        if isinstance(result, Failed) and result.backoff:
                            self.backoffs[domain] = result.backoff  # for requests that wait
                        return result
                    cookies.update_cookies(response.cookies, url)
                seconds_left -= clock() - started
            slot.release()
            url = target
            is_permanent = is_permanent and response.status in PERMANENT_STATUSES
            redirected_to = str(url) if is_permanent else redirected_to
        raise FetchBlocked(
            FailureKind.REDIRECT,
            f"More than {self.settings.max_redirects} redirects; the last to {url.host}.",
        )

    async def _read(
        self, response: aiohttp.ClientResponse, spec: RequestSpec, redirected_to: str
    ) -> Fetched | Unchanged | Failed:
        status, url = response.status, str(response.url)
        certificate_expires_at = read_certificate_expiry(response)
        old, now = spec.validators, spec.now
        fresh_seconds = read_freshness(response, now)
        if status == 304 and not (old.etag or old.last_modified):
            error = "The server responded with 'not modified' (304) to an unconditional request."
            return Failed(kind=FailureKind.HTTP_STATUS, error=error, status=status)
        if status == 304:
            return Unchanged(
                status=status,
                validators=read_validators(response, old, old.body_hash),
                fresh_seconds=fresh_seconds,
                redirected_to=redirected_to,
            )
        if status != 200:
            kind, sentence = describe_status(response)
            wait = read_retry_after(response, now)
            backoff = Backoff(domain=registrable_domain(url), until=now + timedelta(seconds=wait))
            return Failed(
                kind=kind,
                error=sentence,
                status=status,
                retry_after=wait,
                backoff=backoff if wait and status in _PAUSING_STATUSES else None,
            )
        body, note = await self._body(response, spec)
        body_hash = hashlib.blake2b(body, digest_size=16).hexdigest()
        validators = read_validators(response, Validators(), body_hash)
        if body_hash == old.body_hash:
            return Unchanged(
                status=status,
                validators=validators,
                fresh_seconds=fresh_seconds,
                redirected_to=redirected_to,
            )
        return Fetched(
            url=url,
            status=status,
            content_type=response.headers.get("Content-Type", ""),
            body=body,
            validators=validators,
            fresh_seconds=fresh_seconds,
            redirected_to=redirected_to,
            hub_link=read_hub_link(response),
            note=note,
            certificate_expires_at=certificate_expires_at,
        )

    async def _body(self, response: aiohttp.ClientResponse, spec: RequestSpec) -> tuple[bytes, str]:
        """The whole body, and a note if its transfer was not finished but the document is complete,
        which browsers show too. Raises FetchBlocked if it is too large.

        The limit is on decoded bytes (newsboat PR#3428). A larger body is not truncated, since that
        would look like a broken feed (thane PR#514).
        """
        if (response.content_length or 0) > spec.max_bytes:
            raise too_large(spec)
        body, note = BytesIO(), ""
        try:
            async for chunk in response.content.iter_chunked(READ_CHUNK_BYTES):
                body.write(chunk)
                if body.tell() > spec.max_bytes:
                    raise too_large(spec)
        except aiohttp.ClientPayloadError:
            body.write(response.content._read_nowait(-1))  # what has arrived before
            if not is_complete_document(body.getvalue()):
                raise
            note = UNFINISHED
        return await self._decompressed(body.getvalue(), response, spec), note

    async def _decompressed(
        self, body: bytes, response: aiohttp.ClientResponse, spec: RequestSpec
    ) -> bytes:
        """The body as the outlet wrote it, whatever its server has done to it."""
        header = response.headers.get("Content-Encoding", "").lower()
        encodings = [coding.strip() for coding in header.split(",") if coding.strip()]
        encodings = [] if undone_by_aiohttp(encodings) else encodings
        if not (encodings or is_gzip(body)):
            return body  # the common case
        try:
            return await asyncio.to_thread(decompress, body, encodings, spec.max_bytes)
        except DecompressedTooLarge as error:
            raise too_large(spec) from error
        except ValueError as error:
            raise FetchBlocked(FailureKind.HTTP_PROTOCOL, NOT_COMPRESSED) from error


@asynccontextmanager
async def open_fetcher(
    settings: FetchSettings, environment: Mapping[str, str]
) -> AsyncIterator[Fetcher]:
    """A Fetcher; its connections are closed at the end."""
    async with open_transport(settings, environment) as transport:
        yield Fetcher(
            transport=transport,
            throttle=HostThrottle(per_host=settings.per_host, spacing=settings.spacing),
            slots=asyncio.Semaphore(settings.concurrency),
            settings=settings,
            environment=environment,
        )


async def _read_start(response: aiohttp.ClientResponse) -> bytes:
    """The beginning of a body, or all of it if it is short, in however many chunks it arrives."""
    body = b""
    while len(body) < READ_CHUNK_BYTES and (
        chunk := await response.content.read(READ_CHUNK_BYTES - len(body))
    ):
        body += chunk
    return body
