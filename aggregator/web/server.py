"""The web server of one process: uvicorn, with the limits of connections.py and front.py."""

import asyncio
import resource
import socket
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn

from aggregator.web.connections import MAX_CONNECTIONS, ConnectionGuard, GuardedProtocol
from aggregator.web.front import Front

__all__ = ["WebServer", "serve_forever"]

BACKLOG = 4096
STOP_SECONDS = 3
OTHER_FILES = 500
"""Open files besides connections: database, log, libraries."""


class WebServer:
    """A server on a socket that listens. It speaks HTTP/1.1 only: other protocols have ways of
    their own to be kept busy."""

    def __init__(self, front: Front, listening: socket.socket, guard: ConnectionGuard) -> None:
        self._listening = listening
        self._connection_guard = guard
        protocol: Any = partial(GuardedProtocol, guard=guard)
        config = uvicorn.Config(
            front,
            http=protocol,
            ws="none",
            lifespan="off",
            loop="uvloop",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until `stop`, or SIGINT or SIGTERM in the main thread."""
        with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        """Stop, from any thread."""
        self._server.should_exit = True

    async def _serve(self) -> None:
        sweeping = asyncio.create_task(self._connection_guard.sweep_forever())
        try:
            await self._server.serve(sockets=[self._listening])
        finally:
            sweeping.cancel()


def serve_forever(front: Front, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, with the default limits."""
    guard = ConnectionGuard(front.trusted, max_connections=_allow_connections())
    WebServer(front, listening, guard).run()


def _allow_connections() -> int:
    """Raise the limit of open files as far as this process may; returns how many connections it
    leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < allowed:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MAX_CONNECTIONS, max(64, soft - OTHER_FILES))
