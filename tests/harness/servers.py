"""Servers on loopback: a WSGI application as readers and browsers reach it, with a note of each
answer; and a handler of requests."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

__all__ = ["Served", "answering", "serving"]


@dataclass(slots=True)
class Served:
    """`answers` are pairs of a path and a status, in order."""

    url: str = ""
    answers: list[tuple[str, int]] = field(default_factory=list)


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Let a handler answer on a free port until the block ends; gives its address."""
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
    """Serve on a free port until the block ends."""
    served = Served()

    def noting(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        def noted(status: str, headers: Any, *more: Any) -> Any:
            served.answers.append((environ["PATH_INFO"], int(status[:3])))
            return start(status, headers, *more)

        return app(environ, noted)

    server = make_server("127.0.0.1", 0, noting, threaded=True, request_handler=_Quiet)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
