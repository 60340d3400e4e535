"""A WebSub hub on loopback: it verifies subscribers, and delivers what a test gives it."""

import hashlib
import hmac
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlencode

from tests.harness.servers import serving_handler

__all__ = ["Hub", "open_hub"]


@dataclass(slots=True)
class Hub:
    """A hub. `subscribers` are the requests that were verified, by topic URL."""

    url: str
    subscribers: dict[str, dict[str, str]] = field(default_factory=dict)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    lease: int = 3600

    def verify(self, form: dict[str, str]) -> None:
        """Verify a subscription request (WebSub 5.3)."""
        challenge = "challenge-31415"
        query = urlencode(
            {
                "hub.mode": form["hub.mode"],
                "hub.topic": form["hub.topic"],
                "hub.challenge": challenge,
                "hub.lease_seconds": str(self.lease),
            }
        )
        with urllib.request.urlopen(f"{form['hub.callback']}?{query}", timeout=5) as answer:
            body = answer.read()
            self.answers.append((answer.status, body))
        if body == challenge.encode():
            self.subscribers[form["hub.topic"]] = form

    def delivers(self, topic: str, body: bytes, secret: str = "") -> int:
        """Deliver a document to the subscriber of a topic; returns the status."""
        form = self.subscribers[topic]
        key = (secret or form["hub.secret"]).encode()
        request = urllib.request.Request(
            form["hub.callback"],
            data=body,
            headers={
                "Content-Type": "application/rss+xml",
                "X-Hub-Signature": f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}",
            },
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            status: int = answer.status
            return status


@contextmanager
def open_hub() -> Iterator[Hub]:
    """Run a hub on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
            self.send_response(202)
            self.end_headers()
            threading.Thread(target=self._later, args=(form,), daemon=True).start()

        def _later(self, form: dict[str, str]) -> None:
            time.sleep(0.1)
            hub.verify(form)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with serving_handler(Handler) as url:
        hub = Hub(f"{url}/")
        yield hub
