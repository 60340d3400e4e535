"""A subscriber's server on loopback: it responds as configured and records all requests."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.harness.servers import serving_handler

__all__ = ["Callbacks", "Received", "open_callbacks"]


@dataclass(frozen=True, slots=True)
class Received:
    """A request; header names are in lower case."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Callbacks:
    """A subscriber's server. `echo` is whether it returns the challenge."""

    url: str
    received: list[Received] = field(default_factory=list)
    echo: bool = True
    status: int = 200
    location: str = ""
    on_get: Callable[[], object] | None = None
    on_post: Callable[[], object] | None = None
    """Called before the response is sent."""
    chunk_size: int = 0
    """Bytes that are sent at a time, with a pause in between; 0 for all at once."""

    @property
    def verifications(self) -> list[Received]:
        """The requests that verify a subscription."""
        return [one for one in self.received if one.method == "GET"]

    @property
    def deliveries(self) -> list[Received]:
        """The deliveries."""
        return [one for one in self.received if one.method == "POST"]


@contextmanager
def open_callbacks() -> Iterator[Callbacks]:
    """Run a subscriber's server on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            params = self._record(b"")
            if callbacks.on_get:
                callbacks.on_get()
            self._respond(params.get("hub.challenge", "") if callbacks.echo else "something else")

        def do_POST(self) -> None:
            self._record(self.rfile.read(int(self.headers["Content-Length"])))
            if callbacks.on_post:
                callbacks.on_post()
            self._respond("")

        def _record(self, body: bytes) -> dict[str, str]:
            parts = urlsplit(self.path)
            params = {key: values[0] for key, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            callbacks.received.append(Received(self.command, parts.path, params, headers, body))
            return params

        def _respond(self, text: str) -> None:
            self.send_response(callbacks.status)
            if callbacks.location:
                self.send_header("Location", callbacks.location)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            body, size = text.encode(), callbacks.chunk_size or len(text)
            for start in range(0, len(body), size or 1):
                self.wfile.write(body[start : start + size])
                self.wfile.flush()
                time.sleep(0.1 if callbacks.chunk_size else 0)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with serving_handler(Handler) as url:
        callbacks = Callbacks(url)
        yield callbacks
