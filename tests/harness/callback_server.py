"""A subscriber's server on loopback: it answers as it is told, and remembers what came."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.harness.servers import answering

__all__ = ["Callbacks", "Received", "open_callbacks"]


@dataclass(frozen=True, slots=True)
class Received:
    """One request: its path, its parameters, its headers in small letters, its body."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Callbacks:
    """`echo` is whether a challenge is answered with itself; `status` is what is answered."""

    url: str
    received: list[Received] = field(default_factory=list)
    echo: bool = True
    status: int = 200
    location: str = ""
    on_get: Callable[[], object] | None = None
    on_post: Callable[[], object] | None = None
    """What happens before a request is answered."""
    piece: int = 0
    """Bytes that are sent at a time, with a pause between; 0 for all at once."""

    @property
    def questions(self) -> list[Received]:
        """What was verified."""
        return [one for one in self.received if one.method == "GET"]

    @property
    def deliveries(self) -> list[Received]:
        """What was delivered."""
        return [one for one in self.received if one.method == "POST"]


@contextmanager
def open_callbacks() -> Iterator[Callbacks]:
    """A server on a free port, open until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            params = self._note(b"")
            if callbacks.on_get:
                callbacks.on_get()
            self._answer(params.get("hub.challenge", "") if callbacks.echo else "something else")

        def do_POST(self) -> None:
            self._note(self.rfile.read(int(self.headers["Content-Length"])))
            if callbacks.on_post:
                callbacks.on_post()
            self._answer("")

        def _note(self, body: bytes) -> dict[str, str]:
            parts = urlsplit(self.path)
            params = {key: values[0] for key, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            callbacks.received.append(Received(self.command, parts.path, params, headers, body))
            return params

        def _answer(self, text: str) -> None:
            self.send_response(callbacks.status)
            if callbacks.location:
                self.send_header("Location", callbacks.location)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            body, size = text.encode(), callbacks.piece or len(text)
            for start in range(0, len(body), size or 1):
                self.wfile.write(body[start : start + size])
                self.wfile.flush()
                time.sleep(0.1 if callbacks.piece else 0)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with answering(Handler) as url:
        callbacks = Callbacks(url)
        yield callbacks
