"""One polite request for one source: Source -> Fetched | Unchanged | Failed.

    turn at the host | place in the run | request | redirects, hop by hop | body, within limits

Redirects are followed here, so that every hop is checked and waits for its own turn: only
http and https, and never an address inside the operator's own network (see ways.py).

aiohttp lives in this folder alone. Nothing is raised for what a server does; a bug is.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import TypeAlias

import aiohttp
from yarl import URL

from aggregator.ingest.domains import registrable_domain
from aggregator.ingest.fetch import response as responses
from aggregator.ingest.fetch.settings import FetchBlocked, FetchSettings
from aggregator.ingest.fetch.throttle import HostThrottle, Slot
from aggregator.ingest.fetch.transport import Transport, open_transport
from aggregator.model import Backoff, Failed, Fetched, Source, Unchanged, Validators

__all__ = ["FetchSettings", "Fetcher", "Reply", "open_fetcher"]

READ_CHUNK_BYTES = 64 * 1024
MIN_SECRET_CHARS = 4
"""Characters; less is found everywhere."""
FetchResult: TypeAlias = Fetched | Unchanged | Failed | Backoff


EXPECTED_ERRORS = (FetchBlocked, TimeoutError, aiohttp.ClientError, UnicodeError)
"""What a server, a name or an address may do to a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a call: its status and how its body begins, 0 if nothing came; `error` is a
    sentence, empty if all is well."""

    status: int = 0
    body: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSpec:
    """What is asked at every hop. `secrets` are headers for the source's own host only."""

    home: URL
    headers: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    validators: Validators
    now: datetime

    def headers_for(self, url: URL) -> dict[str, str]:
        """The headers that an address may see."""
        return {**self.headers, **(self.secrets if url.origin() == self.home else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches sources over one pool of connections.

    `environment` holds the secrets that sources name; they are sent to the source's own
    host only and appear in no message.
    """

    transport: Transport
    throttle: HostThrottle
    slots: asyncio.Semaphore
    settings: FetchSettings
    environment: Mapping[str, str] = field(repr=False)
    backoffs: dict[str, Backoff] = field(default_factory=dict)
    """Domains that are not asked; one that answers 429 with Retry-After comes here at once."""

    @asynccontextmanager
    async def fetch(
        self, source: Source, validators: Validators, address: str, now: datetime
    ) -> AsyncIterator[FetchResult]:
        """Ask once. `validators` are those of the last good answer, `address` is where the
        feed is asked for. The answer is a Hold if it must not be asked now.

        What came may be held in memory until the block ends: no more than
        `limits.concurrency` blocks are open at a time.
        """
        with Slot(self.slots) as place:
            answer = await self._ask(source, validators, address, now, place)
            yield answer

    async def post(self, url: str, form: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
        """Send a form, under the rules of every request; what went wrong, as a sentence, or
        nothing."""
        pairs = form.items() if isinstance(form, Mapping) else form
        return (await self.call("POST", url, data=aiohttp.FormData(list(pairs)))).error

    async def call(
        self,
        method: str,
        url: str,
        *,
        data: bytes | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request under the rules of all; redirects are not followed. Of the answer, no more
        than its beginning is read."""
        try:
            address = _parse_url(url)
            await self.transport.check(address)
            async with (
                self.throttle.slot(address.host or ""),
                asyncio.timeout(self.settings.timeout),
                self.transport.request(method, address, data=data, headers=headers) as response,
            ):
                body = await _read_head(response)
                is_good = 200 <= response.status < 300
                error = "" if is_good else f"{address.host} answers {response.status}."
                return Reply(status=response.status, body=body, error=error)
        except EXPECTED_ERRORS as error:
            return Reply(error=self._sentence(error))

    async def _ask(
        self, source: Source, validators: Validators, address: str, now: datetime, place: Slot
    ) -> FetchResult:
        secrets: dict[str, str] = {}
        try:
            secrets = _secret_headers(source, self.environment)
            question = RequestSpec(
                home=_parse_url(source.feed).origin(),
                headers=_conditional_headers(validators),
                secrets=secrets,
                validators=validators,
                now=now,
            )
            answer = await self._follow(question, _parse_url(address), place)
        except EXPECTED_ERRORS as error:
            answer = Failed(error=self._sentence(error))
        return _redact(answer, _secret_words(secrets))

    def _sentence(self, error: Exception) -> str:
        """What went wrong, for the operator."""
        limits = self.settings
        match error:
            case FetchBlocked():
                return str(error)
            case aiohttp.ConnectionTimeoutError():
                return f"No connection within {limits.connect_timeout:g} seconds."
            case aiohttp.ServerTimeoutError():
                return f"The server sent nothing for {limits.read_timeout:g} seconds."
            case TimeoutError():
                return f"No complete answer within {limits.timeout:g} seconds."
            case aiohttp.ClientError():
                return responses.describe_error(error)
        return "The address, or a header of the request or the answer, is not legal text."

    async def _follow(self, question: "RequestSpec", url: URL, place: Slot) -> FetchResult:
        """The answer at the end of all redirects, with a turn and a place for each hop.

        Nobody waits for a turn with a place in hand, else all could wait for one another.
        """
        clock = asyncio.get_running_loop().time
        left, moved_to, is_permanent = self.settings.timeout, "", True
        for _ in range(self.settings.max_redirects + 1):
            await self.transport.check(url)
            domain = registrable_domain(str(url))
            async with self.throttle.slot(url.host or ""):
                hold = self.backoffs.get(domain)
                if hold and hold.until > question.now:
                    return hold
                await place.acquire()
                began = clock()
                async with (
                    asyncio.timeout(max(left, 0.001)),
                    self.transport.request(
                        "GET", url, headers=question.headers_for(url)
                    ) as response,
                ):
                    if (onward := _redirect_target(url, response)) is None:
                        answer = await self._read(response, question, moved_to)
                        if isinstance(answer, Failed) and answer.backoff:
                            self.backoffs[domain] = answer.backoff  # for those who wait for a turn
                        return answer
                left -= clock() - began
            place.release()
            url = onward
            is_permanent = is_permanent and response.status in responses.PERMANENT_STATUSES
            moved_to = str(url) if is_permanent else moved_to
        raise FetchBlocked(
            f"More than {self.settings.max_redirects} redirects; the last to {url.host}."
        )

    async def _read(
        self, response: aiohttp.ClientResponse, question: "RequestSpec", moved_to: str
    ) -> Fetched | Unchanged | Failed:
        status, url = response.status, str(response.url)
        old, now = question.validators, question.now
        fresh = responses.read_freshness(response, now)
        if status == 304 and not (old.etag or old.last_modified):
            error = "The server says that nothing has changed (304), but was asked for all."
            return Failed(error=error, status=status)
        if status == 304:
            validators = responses.read_validators(response, old, old.body_hash)
            return Unchanged(
                status=status, validators=validators, fresh_seconds=fresh, redirected_to=moved_to
            )
        if status != 200:
            wait = responses.read_retry_after(response, now)
            hold = Backoff(domain=registrable_domain(url), until=now + timedelta(seconds=wait))
            return Failed(
                error=responses.describe_status(response),
                status=status,
                retry_after=wait,
                backoff=hold if wait and status in (429, 503) else None,
            )
        body = await self._body(response)
        body_hash = hashlib.blake2b(body, digest_size=16).hexdigest()
        validators = responses.read_validators(response, Validators(), body_hash)
        if body_hash == old.body_hash:
            return Unchanged(
                status=status, validators=validators, fresh_seconds=fresh, redirected_to=moved_to
            )
        return Fetched(
            url=url,
            status=status,
            content_type=response.headers.get("Content-Type", ""),
            body=body,
            validators=validators,
            fresh_seconds=fresh,
            redirected_to=moved_to,
            hub_link=responses.read_hub_link(response),
        )

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body; the limit is on decoded bytes (newsboat PR#3428), and a longer body
        fails, as one that is cut would look like a broken feed (thane PR#514)."""
        if (response.content_length or 0) > self.settings.max_bytes:
            raise self._too_large()
        body = BytesIO()
        async for chunk in response.content.iter_chunked(READ_CHUNK_BYTES):
            body.write(chunk)
            if body.tell() > self.settings.max_bytes:
                raise self._too_large()
        return body.getvalue()

    def _too_large(self) -> FetchBlocked:
        return FetchBlocked(
            f"The feed is larger than {self.settings.max_bytes:,} bytes; "
            "raise [fetch] max_bytes if that is right."
        )


@asynccontextmanager
async def open_fetcher(
    limits: FetchSettings, environment: Mapping[str, str]
) -> AsyncIterator[Fetcher]:
    """A Fetcher with its connections; they are closed at the end."""
    async with open_transport(limits, environment) as ways:
        yield Fetcher(
            transport=ways,
            throttle=HostThrottle(per_host=limits.per_host, spacing=limits.spacing),
            slots=asyncio.Semaphore(limits.concurrency),
            settings=limits,
            environment=environment,
        )


async def _read_head(response: aiohttp.ClientResponse) -> bytes:
    """How a body begins, whole if it is short, in however many pieces it comes."""
    body = b""
    while len(body) < READ_CHUNK_BYTES and (
        more := await response.content.read(READ_CHUNK_BYTES - len(body))
    ):
        body += more
    return body


# ---- addresses ---------------------------------------------------------------------


def _parse_url(address: str) -> URL:
    try:
        return URL(address)
    except ValueError as error:
        raise FetchBlocked(f"{address[:100]!r} is no address that can be asked.") from error


def _redirect_target(url: URL, response: aiohttp.ClientResponse) -> URL | None:
    """Where the answer sends us, or None if it is the answer."""
    location = response.headers.get("Location")
    if response.status not in responses.REDIRECT_STATUSES or location is None:
        return None
    try:
        return url.join(_parse_url(location)).with_user(None)  # a login there is not ours to send
    except ValueError as error:
        raise FetchBlocked(f"It redirects to {location[:100]!r}, which is no address.") from error


# ---- request headers ---------------------------------------------------------------


def _conditional_headers(validators: Validators) -> dict[str, str]:
    headers = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _secret_headers(source: Source, environment: Mapping[str, str]) -> dict[str, str]:
    headers = {
        name: _secret_value(variable, environment) for name, variable in source.headers.items()
    }
    if source.basic_auth:
        login = _secret_value(source.basic_auth, environment).encode()
        headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    return headers


def _secret_value(variable: str, environment: Mapping[str, str]) -> str:
    value = environment.get(variable, "")
    if not value:
        raise FetchBlocked(
            f"The environment variable {variable}, which the source names, is not set."
        )
    if not value.isprintable():
        raise FetchBlocked(f"The environment variable {variable} holds more than one line of text.")
    return value


def _secret_words(secrets: Mapping[str, str]) -> list[str]:
    """Everything of the secrets that an answer must not bring to light, the longest first."""
    words = set(secrets.values())
    for value in secrets.values():
        if value.startswith("Basic "):
            words |= {value[6:], *base64.b64decode(value[6:]).decode().split(":", 1)}
    return sorted((word for word in words if len(word) >= MIN_SECRET_CHARS), key=len, reverse=True)


def _redact(answer: FetchResult, words: Sequence[str]) -> FetchResult:
    """The same, in case the server repeats the secrets that it was sent."""
    if isinstance(answer, Failed):
        error = answer.error
        for word in words:
            error = error.replace(word, "…")
        return replace(answer, error=error)
    if isinstance(answer, Fetched | Unchanged) and any(
        word in answer.redirected_to for word in words
    ):
        return replace(answer, redirected_to="")
    return answer
