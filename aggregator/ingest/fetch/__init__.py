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

from aggregator.ingest.domains import domain_of
from aggregator.ingest.fetch import answers
from aggregator.ingest.fetch.hosts import Hosts, Place
from aggregator.ingest.fetch.limits import Limits, Refused
from aggregator.ingest.fetch.ways import Ways, open_ways
from aggregator.model import Failed, Fetched, Hold, Source, Unchanged, Validators

__all__ = ["Fetcher", "Limits", "Reply", "open_fetcher"]

CHUNK = 64 * 1024
SHORTEST_SECRET = 4
"""Characters; less is found everywhere."""
Answer: TypeAlias = Fetched | Unchanged | Failed | Hold


FORESEEN = (Refused, TimeoutError, aiohttp.ClientError, UnicodeError)
"""What a server, a name or an address may do to a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a call: its status and how its body begins, 0 if nothing came; `error` is a
    sentence, empty if all is well."""

    status: int = 0
    body: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
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

    ways: Ways
    hosts: Hosts
    places: asyncio.Semaphore
    limits: Limits
    environment: Mapping[str, str] = field(repr=False)
    holds: dict[str, Hold] = field(default_factory=dict)
    """Domains that are not asked; one that answers 429 with Retry-After comes here at once."""

    @asynccontextmanager
    async def fetch(
        self, source: Source, validators: Validators, address: str, now: datetime
    ) -> AsyncIterator[Answer]:
        """Ask once. `validators` are those of the last good answer, `address` is where the
        feed is asked for. The answer is a Hold if it must not be asked now.

        What came may be held in memory until the block ends: no more than
        `limits.concurrency` blocks are open at a time.
        """
        with Place(self.places) as place:
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
            address = _url(url)
            await self.ways.check(address)
            async with (
                self.hosts.turn(address.host or ""),
                asyncio.timeout(self.limits.timeout),
                self.ways.request(method, address, data=data, headers=headers) as response,
            ):
                body = await _beginning(response)
                is_good = 200 <= response.status < 300
                error = "" if is_good else f"{address.host} answers {response.status}."
                return Reply(status=response.status, body=body, error=error)
        except FORESEEN as error:
            return Reply(error=self._sentence(error))

    async def _ask(
        self, source: Source, validators: Validators, address: str, now: datetime, place: Place
    ) -> Answer:
        secrets: dict[str, str] = {}
        try:
            secrets = _secrets(source, self.environment)
            question = _Question(
                home=_url(source.feed).origin(),
                headers=_conditions(validators),
                secrets=secrets,
                validators=validators,
                now=now,
            )
            answer = await self._follow(question, _url(address), place)
        except FORESEEN as error:
            answer = Failed(error=self._sentence(error))
        return _veiled(answer, _words_of(secrets))

    def _sentence(self, error: Exception) -> str:
        """What went wrong, for the operator."""
        limits = self.limits
        match error:
            case Refused():
                return str(error)
            case aiohttp.ConnectionTimeoutError():
                return f"No connection within {limits.connect_timeout:g} seconds."
            case aiohttp.ServerTimeoutError():
                return f"The server sent nothing for {limits.read_timeout:g} seconds."
            case TimeoutError():
                return f"No complete answer within {limits.timeout:g} seconds."
            case aiohttp.ClientError():
                return answers.explain(error)
        return "The address, or a header of the request or the answer, is not legal text."

    async def _follow(self, question: "_Question", url: URL, place: Place) -> Answer:
        """The answer at the end of all redirects, with a turn and a place for each hop.

        Nobody waits for a turn with a place in hand, else all could wait for one another.
        """
        clock = asyncio.get_running_loop().time
        left, moved_to, is_permanent = self.limits.timeout, "", True
        for _ in range(self.limits.max_redirects + 1):
            await self.ways.check(url)
            domain = domain_of(str(url))
            async with self.hosts.turn(url.host or ""):
                hold = self.holds.get(domain)
                if hold and hold.until > question.now:
                    return hold
                await place.take()
                began = clock()
                async with (
                    asyncio.timeout(max(left, 0.001)),
                    self.ways.request("GET", url, headers=question.headers_for(url)) as response,
                ):
                    if (onward := _redirect(url, response)) is None:
                        answer = await self._read(response, question, moved_to)
                        if isinstance(answer, Failed) and answer.hold:
                            self.holds[domain] = answer.hold  # for those who wait for a turn
                        return answer
                left -= clock() - began
            place.leave()
            url = onward
            is_permanent = is_permanent and response.status in answers.PERMANENT
            moved_to = str(url) if is_permanent else moved_to
        raise Refused(f"More than {self.limits.max_redirects} redirects; the last to {url.host}.")

    async def _read(
        self, response: aiohttp.ClientResponse, question: "_Question", moved_to: str
    ) -> Fetched | Unchanged | Failed:
        status, url = response.status, str(response.url)
        old, now = question.validators, question.now
        fresh = answers.freshness(response, now)
        if status == 304 and not (old.etag or old.last_modified):
            error = "The server says that nothing has changed (304), but was asked for all."
            return Failed(error=error, status=status)
        if status == 304:
            validators = answers.validators(response, old, old.body_hash)
            return Unchanged(status=status, validators=validators, fresh=fresh, moved_to=moved_to)
        if status != 200:
            wait = answers.wait(response, now)
            hold = Hold(domain=domain_of(url), until=now + timedelta(seconds=wait))
            return Failed(
                error=answers.sentence(response),
                status=status,
                retry_after=wait,
                hold=hold if wait and status in (429, 503) else None,
            )
        body = await self._body(response)
        body_hash = hashlib.blake2b(body, digest_size=16).hexdigest()
        validators = answers.validators(response, Validators(), body_hash)
        if body_hash == old.body_hash:
            return Unchanged(status=status, validators=validators, fresh=fresh, moved_to=moved_to)
        return Fetched(
            url=url,
            status=status,
            content_type=response.headers.get("Content-Type", ""),
            body=body,
            validators=validators,
            fresh=fresh,
            moved_to=moved_to,
            push=answers.push(response),
        )

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body; the limit is on decoded bytes (newsboat PR#3428), and a longer body
        fails, as one that is cut would look like a broken feed (thane PR#514)."""
        if (response.content_length or 0) > self.limits.max_bytes:
            raise self._too_large()
        body = BytesIO()
        async for chunk in response.content.iter_chunked(CHUNK):
            body.write(chunk)
            if body.tell() > self.limits.max_bytes:
                raise self._too_large()
        return body.getvalue()

    def _too_large(self) -> Refused:
        return Refused(
            f"The feed is larger than {self.limits.max_bytes:,} bytes; "
            "raise [fetch] max_bytes if that is right."
        )


@asynccontextmanager
async def open_fetcher(limits: Limits, environment: Mapping[str, str]) -> AsyncIterator[Fetcher]:
    """A Fetcher with its connections; they are closed at the end."""
    async with open_ways(limits, environment) as ways:
        yield Fetcher(
            ways=ways,
            hosts=Hosts(per_host=limits.per_host, spacing=limits.spacing),
            places=asyncio.Semaphore(limits.concurrency),
            limits=limits,
            environment=environment,
        )


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """How a body begins, whole if it is short, in however many pieces it comes."""
    body = b""
    while len(body) < CHUNK and (more := await response.content.read(CHUNK - len(body))):
        body += more
    return body


# ---- addresses ---------------------------------------------------------------------


def _url(address: str) -> URL:
    try:
        return URL(address)
    except ValueError as error:
        raise Refused(f"{address[:100]!r} is no address that can be asked.") from error


def _redirect(url: URL, response: aiohttp.ClientResponse) -> URL | None:
    """Where the answer sends us, or None if it is the answer."""
    location = response.headers.get("Location")
    if response.status not in answers.REDIRECTS or location is None:
        return None
    try:
        return url.join(_url(location)).with_user(None)  # a login there is not ours to send
    except ValueError as error:
        raise Refused(f"It redirects to {location[:100]!r}, which is no address.") from error


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
    if not value:
        raise Refused(f"The environment variable {variable}, which the source names, is not set.")
    if not value.isprintable():
        raise Refused(f"The environment variable {variable} holds more than one line of text.")
    return value


def _words_of(secrets: Mapping[str, str]) -> list[str]:
    """Everything of the secrets that an answer must not bring to light, the longest first."""
    words = set(secrets.values())
    for value in secrets.values():
        if value.startswith("Basic "):
            words |= {value[6:], *base64.b64decode(value[6:]).decode().split(":", 1)}
    return sorted((word for word in words if len(word) >= SHORTEST_SECRET), key=len, reverse=True)


def _veiled(answer: Answer, words: Sequence[str]) -> Answer:
    """The same, in case the server repeats the secrets that it was sent."""
    if isinstance(answer, Failed):
        error = answer.error
        for word in words:
            error = error.replace(word, "…")
        return replace(answer, error=error)
    if isinstance(answer, Fetched | Unchanged) and any(word in answer.moved_to for word in words):
        return replace(answer, moved_to="")
    return answer
