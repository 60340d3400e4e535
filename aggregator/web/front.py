"""The ASGI application in front of the WSGI application: bodies, threads, limits per client.

    request -> from the cache, at once
            -> body, read here within its deadline -> WSGI in a thread

Threads make pages and nothing else: none of them ever waits for a client.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO
from sys import stderr
from typing import Any, TypeAlias, TypeVar, TypeVarTuple
from urllib.parse import unquote_to_bytes

import structlog

from aggregator.site.turns import CURRENT_CLIENT
from aggregator.web.clients import IpNetwork, client_of, is_trusted
from aggregator.web.connections import BODY_SECONDS
from aggregator.web.http import HttpResponse, text_error
from aggregator.web.wsgi import CacheFirst

__all__ = ["Front"]

MAX_WAITING_PER_CLIENT = 100
MAX_WAITING = 1_000
"""Requests of all clients that are in progress or wait; beyond, only clients that have none waiting
are served."""
MAX_BODIES_PER_CLIENT = 20
"""Bodies that one client sends at a time."""
MAX_BODIES_BYTES = 64_000_000
"""Bytes of all bodies that are in memory at a time."""
WRITE_CHUNK_BYTES = 256 * 1024
BUSY_RETRY_SECONDS = 5

Environ: TypeAlias = dict[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_SEARCH_PATH = re.compile(r"/search(\.[a-z.]+)?$")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
log = structlog.get_logger()


class _Lane:
    """Threads for one kind of request, so that slow kinds do not keep quick ones waiting. Of each
    client, `per_client` requests are worked on at a time; more of them wait their turn."""

    def __init__(self, name: str, threads: int, per_client: int) -> None:
        self.threads = ThreadPoolExecutor(threads, name)
        self.per_client = per_client
        self.turns: dict[str, tuple[asyncio.Semaphore, int]] = {}


class _Refused(Exception):
    """The request is answered without the application."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class _Disconnected(Exception):
    """The client has gone."""


class Front:
    """Runs the site. `max_body` is the largest body that a path takes, in bytes; it may read the
    store. Addresses in `trusted` networks are proxies."""

    def __init__(
        self,
        app: CacheFirst,
        max_body: Callable[[str], int],
        trusted: Sequence[IpNetwork] = (),
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._body_seconds = body_seconds
        self._app = app
        self._max_body = max_body
        self.trusted = [*trusted]
        self._pages = _Lane("page", threads=8, per_client=4)
        self._variants = _Lane("variant", threads=4, per_client=2)
        self._searches = _Lane("search", threads=64, per_client=8)  # they take turns (turns.py)
        self._posts = _Lane("post", threads=4, per_client=2)
        self._bodies: Counter[str] = Counter()
        self._body_bytes = 0
        self._pending = 0
        self._has_warned = False

    def replace(self, other: "Front") -> None:
        """Serve the site of another front from now on; requests in progress end as they began."""
        self._app, self._max_body = other._app, other._max_body
        self.trusted[:] = other.trusted

    async def __call__(self, scope: Scope, next_message: Receive, send: Send) -> None:
        """Respond to one request."""
        environ = _environ(scope)
        response = self._app.recall(environ, only_quick=True)
        if response is None:
            client = self._client(environ)
            try:
                response = await self._respond(client, environ, next_message)
            except _Disconnected:
                return
            except _Refused as refused:
                response = text_error(str(refused), refused.status)
                response.headers.append(("Connection", "close"))
                if refused.status in (429, 503):
                    response.headers.append(("Retry-After", str(BUSY_RETRY_SECONDS)))
        await _send(response, send)

    def _client(self, environ: Environ) -> str:
        peer, forwarded_for = environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR", "")
        if forwarded_for and not self._has_warned and not is_trusted(peer, self.trusted):
            self._has_warned = True
            log.warning("forwarded_for_ignored", peer=peer, hint="see [publish] trusted_proxies")
        return client_of(peer, forwarded_for, self.trusted)

    async def _respond(self, client: str, environ: Environ, next_message: Receive) -> HttpResponse:
        async with self._body(client, environ, next_message) as body:
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body)) if body else ""
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            lane = self._lane(environ)
            async with self._turn(client, lane, next_message):
                return await _in_thread(lane, _call, self._app, environ, client)

    def _lane(self, environ: Environ) -> _Lane:
        """Searches look at many stories, and lists with parameters are made for one client."""
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "POST":
            return self._posts  # a write waits for the one before
        if _SEARCH_PATH.search(path):
            return self._searches
        return self._variants if environ["QUERY_STRING"] or "+" in path else self._pages

    @asynccontextmanager
    async def _turn(self, client: str, lane: _Lane, next_message: Receive) -> AsyncIterator[None]:
        """A turn of this client at a thread, so that none has more than its share. A request whose
        client goes while it waits is dropped, unless it is a POST."""
        turns, waiting = lane.turns.get(client, (None, 0))
        is_full = self._pending >= MAX_WAITING and waiting >= lane.per_client
        if is_full or waiting >= MAX_WAITING_PER_CLIENT:
            raise _Refused(429, "Too many requests at once; try again in a few seconds.")
        turns = turns or asyncio.Semaphore(lane.per_client)
        lane.turns[client] = turns, waiting + 1
        self._pending += 1
        try:
            if lane is self._posts:  # a delivery counts, though its sender does not wait for us
                await turns.acquire()
            else:
                await _acquire(turns, next_message)
            try:
                yield
            finally:
                turns.release()
        finally:
            self._pending -= 1
            _, waiting = lane.turns[client]
            if waiting == 1:
                del lane.turns[client]
            else:
                lane.turns[client] = turns, waiting - 1

    # ---- bodies

    @asynccontextmanager
    async def _body(
        self, client: str, environ: Environ, next_message: Receive
    ) -> AsyncIterator[bytes]:
        """The body of a request, whole; it counts as long as it is in memory."""
        length = environ.get("CONTENT_LENGTH", "")
        if environ["REQUEST_METHOD"] != "POST" or not (
            length not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
        ):
            yield b""
            return
        if self._bodies[client] >= MAX_BODIES_PER_CLIENT:
            raise _Refused(429, "Too many requests at once; try again in a few seconds.")
        self._bodies[client] += 1
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(self._body_seconds):
                    await self._read(environ, body, next_message)
            except TimeoutError:
                sentence = (
                    f"The body of the request did not arrive within {self._body_seconds:g} seconds."
                )
                raise _Refused(408, sentence) from None
            yield bytes(body)
        finally:
            self._body_bytes -= len(body)
            self._bodies[client] -= 1
            if not self._bodies[client]:
                del self._bodies[client]

    async def _read(self, environ: Environ, body: bytearray, next_message: Receive) -> None:
        limit = await _in_thread(self._pages, self._max_body, environ["PATH_INFO"])
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdigit() and int(length[:20]) > limit:
            raise _Refused(413, f"The body of the request is larger than {limit:,} bytes.")
        has_more = True
        while has_more:
            message = await next_message()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            part, has_more = message.get("body", b""), message.get("more_body", False)
            if len(body) + len(part) > limit:
                raise _Refused(413, f"The body of the request is larger than {limit:,} bytes.")
            if self._body_bytes + len(part) > MAX_BODIES_BYTES:
                raise _Refused(503, "The server is busy; try again in a few seconds.")
            body += part
            self._body_bytes += len(part)


# ---- WSGI (PEP 3333)


def _environ(scope: Scope) -> Environ:
    host, port = scope.get("server") or ("localhost", 80)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": BytesIO(),
        "wsgi.errors": stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # it would be taken for the header with a hyphen
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


async def _acquire(turns: asyncio.Semaphore, next_message: Receive) -> None:
    """Wait for a turn. Raises _Disconnected if the client goes first."""
    if not turns.locked():
        await turns.acquire()
        return
    turn = asyncio.ensure_future(turns.acquire())
    gone = asyncio.ensure_future(_disconnection(next_message))
    try:
        await asyncio.wait((turn, gone), return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            raise _Disconnected
    except BaseException:
        if not turn.cancel():
            turns.release()
        raise
    finally:
        gone.cancel()


async def _disconnection(next_message: Receive) -> None:
    while (await next_message())["type"] != "http.disconnect":
        pass


async def _in_thread(lane: _Lane, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
    return await asyncio.get_running_loop().run_in_executor(lane.threads, function, *arguments)


def _call(app: CacheFirst, environ: Environ, client: str) -> HttpResponse:
    """The whole response of an application."""
    CURRENT_CLIENT.set(client)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        started.append((status, headers))

    parts = app(environ, start)
    try:
        body = b"".join(parts)
    finally:
        getattr(parts, "close", lambda: None)()
    status, headers = started[-1]
    return HttpResponse(status=int(status[:3]), headers=headers, body=body)


async def _send(response: HttpResponse, send: Send) -> None:
    """Send a response, no faster than the client reads it."""
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = memoryview(response.body)
    while len(body) > WRITE_CHUNK_BYTES:
        part, body = body[:WRITE_CHUNK_BYTES], body[WRITE_CHUNK_BYTES:]
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": body})
