"""Connections of clients, none of which can keep the others waiting.

    accept --ConnectionGuard--> HTTP/1.1 by uvicorn --> front.py

Every phase of a connection has a deadline: idle or sending its head, sending its body, reading the
response. A client that opens too many connections loses the oldest without a request in progress:
an honest request from the same address as an attack needs its connection for a moment only.
"""

import asyncio
import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aggregator.web.clients import IpNetwork, client_of, is_trusted

__all__ = ["ConnectionGuard", "Deadlines", "GuardedProtocol"]

BODY_SECONDS = 30.0
"""For the body of a request; front.py answers 408 after this."""
MIN_BYTES_PER_SECOND = 4_000
"""How fast a client must read a response."""
MAX_HEAD_BYTES = 32_000
"""nginx and Apache allow as much."""
MAX_PIPELINED = 16
"""Requests of a connection that wait for the one before; browsers send none ahead."""
MAX_CONNECTIONS = 4_000
MAX_CONNECTIONS_PER_CLIENT = 200
"""A large network may be behind one address."""
SWEEP_SECONDS = 1.0

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds for each phase of a connection."""

    head: float = 10.0
    """For the head of a request, and for a connection without one."""
    body: float = BODY_SECONDS + 5.0
    """For the body, also of a client that goes on sending after the response."""
    response: float = 120.0
    """For making a response. Nothing takes so long; it is the last resort."""
    stalled: float = 30.0
    """For reading the response, besides the time at MIN_BYTES_PER_SECOND."""


DEFAULT_DEADLINES = Deadlines()


class _Phase(enum.StrEnum):
    HEAD = "head"
    BODY = "body"
    RESPONSE = "response"


class ConnectionGuard:
    """The open connections of a server, with their limits.

    Connections of `trusted` proxies are not counted by client: each serves many.
    """

    def __init__(
        self,
        trusted: Sequence[IpNetwork],
        *,
        max_connections: int = MAX_CONNECTIONS,
        max_per_client: int = MAX_CONNECTIONS_PER_CLIENT,
        deadlines: Deadlines = DEFAULT_DEADLINES,
    ) -> None:
        self.deadlines = deadlines
        self._trusted = trusted
        self._max_connections = max_connections
        self._max_per_client = max_per_client
        self._by_client: dict[str, dict[GuardedProtocol, None]] = {}
        self._count = 0

    def add(self, connection: "GuardedProtocol", peer: str) -> None:
        """Admit a connection; another one is closed for it if there are too many."""
        connection.client_name = client = client_of(peer, "", ())
        siblings = self._by_client.get(client, {})
        if len(siblings) >= self._max_per_client and not is_trusted(peer, self._trusted):
            _close_oldest(siblings)
        elif self._count >= self._max_connections:
            _close_oldest(max(self._by_client.values(), key=lambda each: len(each)))
        self._by_client.setdefault(client, {})[connection] = None
        self._count += 1

    def discard(self, connection: "GuardedProtocol") -> None:
        """Forget a connection that is closed."""
        siblings = self._by_client.get(connection.client_name, {})
        if connection in siblings:
            del siblings[connection]
            self._count -= 1
            if not siblings:
                del self._by_client[connection.client_name]

    async def sweep_forever(self) -> None:
        """Close connections whose deadline has passed, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = monotonic()
            for siblings in list(self._by_client.values()):
                for connection in [each for each in siblings if each.is_overdue(now)]:
                    connection.abort()


def _close_oldest(siblings: Collection["GuardedProtocol"]) -> None:
    """Close the oldest connection that has no request in progress, or else the oldest of all."""
    idle = (each for each in siblings if each.is_idle)
    next(idle, next(iter(siblings))).abort()


class GuardedProtocol(HttpToolsProtocol):
    """A connection that knows how long it has been in its phase."""

    def __init__(self, *args: Any, guard: ConnectionGuard, **options: Any) -> None:
        super().__init__(*args, **options)
        self.client_name = ""
        self._connection_guard = guard
        self._phase = _Phase.HEAD
        self._since = monotonic()
        self._head_bytes = 0
        self._unread = (0, monotonic())
        self._is_refused = False

    # ---- the guard

    @property
    def is_idle(self) -> bool:
        """True if no request is in progress, though the client may still be sending one that was
        answered."""
        return self._phase is _Phase.HEAD or self.cycle.response_complete

    def is_overdue(self, now: float) -> bool:
        """True if the deadline of the phase has passed, or the client does not read."""
        deadlines = self._connection_guard.deadlines
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            self._unread = (0, now)
            if self.cycle and self.cycle.response_started and not self.cycle.response_complete:
                return False  # the client has read all that there is so far
            seconds: float = getattr(deadlines, self._phase)
            return now - self._since > seconds
        unread = waiting + (self.cycle.expected_content_length if self.cycle else 0)
        before, since = self._unread
        elapsed = now - since
        if not before or unread > before:
            self._unread = (unread, now)
        elif elapsed > deadlines.stalled:
            if before - unread < MIN_BYTES_PER_SECOND * elapsed:
                return True
            self._unread = (unread, now)
        return False

    def abort(self) -> None:
        """Close the connection at once."""
        self._connection_guard.discard(self)
        self.transport.abort()

    def _enter(self, phase: _Phase) -> None:
        self._phase, self._since = phase, monotonic()

    # ---- asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(transport)
        self._connection_guard.add(self, self.client[0] if self.client else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._connection_guard.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request has arrived."""
        if self._is_refused or self.transport.is_closing():
            return
        super().data_received(data)
        if self._phase is _Phase.HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse()

    def _refuse(self) -> None:
        if not self._is_refused:
            self._is_refused = True
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    # ---- the parser

    def on_headers_complete(self) -> None:
        """The head of a request is complete."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES:
            self._refuse()
        if len(self.pipeline) >= MAX_PIPELINED:
            self._is_refused = True
            self.transport.abort()
        if not self._is_refused:
            self._enter(_Phase.BODY)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body; nobody reads that of other methods."""
        if not self._is_refused and self.scope["method"] == "POST":
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._is_refused:
            return
        super().on_message_complete()
        self._enter(_Phase.HEAD if self.cycle.response_complete else _Phase.RESPONSE)
        self._head_bytes = 0

    def on_response_complete(self) -> None:
        """The response has been sent, as far as the client has read it."""
        super().on_response_complete()
        self._unset_keepalive_if_required()  # the guard closes idle connections
        if not self.cycle.more_body and not self.pipeline:
            self._enter(_Phase.HEAD)
