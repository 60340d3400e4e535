"""Servers on loopback: for a WSGI application, with a log of responses, for a handler, and the web
server itself."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from aggregator.web.connections import ConnectionGuard
from aggregator.web.front import Front
from aggregator.web.server import WebServer

__all__ = ["Served", "serving", "serving_front", "serving_handler"]


@dataclass(slots=True)
class Served:
    """A server; `answers` are pairs of path and status, in order."""

    url: str = ""
    answers: list[tuple[str, int]] = field(default_factory=list)


class _SilentHandler(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving_handler(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve with a handler on a free port until the block ends; yields the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving(app: Callable[..., Any]) -> Iterator[Served]:
    """Serve an application on a free port until the block ends."""
    served = Served()

    def recording(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        def recorded_start(status: str, headers: Any, *more: Any) -> Any:
            served.answers.append((environ["PATH_INFO"], int(status[:3])))
            return start(status, headers, *more)

        return app(environ, recorded_start)

    server = make_server("127.0.0.1", 0, recording, threaded=True, request_handler=_SilentHandler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving_front(front: Front, **limits: Any) -> Iterator[int]:
    """The web server as `aggregator serve` runs it, on a free port until the block ends; yields the
    port. `limits` are those of the ConnectionGuard."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = WebServer(front, listening, ConnectionGuard(front.trusted, **limits))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield port
        finally:
            server.stop()
            thread.join()
