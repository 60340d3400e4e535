"""A web server on loopback whose answers are set by name: the pretend press.

`Press` answers each path with what was last put there, over real HTTP. `DemoPress` puts
the made-up outlets there and publishes one article after the other.
"""

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aggregator.demo.articles import ARTICLES, OUTLETS, STANDING, Article, Outlet
from aggregator.demo.sample_feeds import FORMATS, Item

__all__ = ["CannedResponse", "DemoPress", "Press", "Request", "open_press"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that the press received."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedResponse:
    """What the press answers. `delay` is seconds before the first byte.

    An ETag is added for status 200 unless `headers` has one, and honoured.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


Responder = Callable[[Request], CannedResponse]


class Press:
    """The answers of one server, by path, and the requests that it has received."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self._answers: dict[str, Responder] = {}
        self._guard = threading.Lock()

    def put(self, path: str, answer: CannedResponse | Responder) -> str:
        """Answer a path so from now on; gives its address."""
        with self._guard:
            self._answers[path] = (
                (lambda _: answer) if isinstance(answer, CannedResponse) else answer
            )
        return f"{self.url}{path}"

    def answer(self, request: Request) -> CannedResponse:
        """What a request gets."""
        with self._guard:
            self.requests.append(request)
            responder = self._answers.get(request.path)
        return responder(request) if responder else CannedResponse(status=404, body=b"Not here.")


@contextmanager
def open_press(host: str = "127.0.0.1") -> Iterator[Press]:
    """A press on a free port of this machine, open until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = press.answer(Request(path=self.path, headers=headers))
            time.sleep(answer.delay)
            try:
                self._send(answer, headers.get("if-none-match", ""))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the reader went away, as readers do

        def _send(self, answer: CannedResponse, known: str) -> None:
            etag = answer.headers.get("ETag", f'"{hashlib.md5(answer.body).hexdigest()}"')  # noqa: S324 - a name, no secret
            is_known = answer.status == 200 and known == etag
            self.send_response(304 if is_known else answer.status)
            if answer.status == 200:
                self.send_header("ETag", etag)
            for name, value in answer.headers.items():
                if name != "ETag":
                    self.send_header(name, value)
            if not is_known:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if not is_known:
                self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A visitor who hangs up is no error."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = Server((host, 0), Handler)
    press = Press(f"http://{host}:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield press
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class DemoPress:
    """The made-up outlets on a Press. `opened` is when the standing articles ended."""

    def __init__(self, press: Press, opened: datetime, slowness: float = 6.0) -> None:
        self.press = press
        self._slowness = slowness
        self._published: list[tuple[Article, datetime]] = [
            (article, opened - timedelta(hours=3 * (STANDING - place)))
            for place, article in enumerate(ARTICLES[:STANDING])
        ]
        for outlet in OUTLETS:
            press.put(f"/{outlet.id}/feed", self._responder(outlet))
        for article in ARTICLES:
            press.put(f"/{article.outlet}/{article.slug}", CannedResponse(
                body=_page(article), headers={"Content-Type": "text/html; charset=utf-8"}
            ))  # fmt: skip

    def publish_next(self, now: datetime) -> Article | None:
        """Publish the next article at its outlet and wherever it is republished."""
        if len(self._published) == len(ARTICLES):
            return None
        article = ARTICLES[len(self._published)]
        self._published.append((article, now.replace(microsecond=0)))
        return article

    def _responder(self, outlet: Outlet) -> Responder:
        def respond(_: Request) -> CannedResponse:
            if outlet.habit == "fails":
                return CannedResponse(status=500, body=b"The database is on fire.")
            if outlet.habit == "garbage":
                return CannedResponse(
                    body=b"\x89\x00\xff\xfe static, and then some more static \x07"
                )
            delay = self._slowness if outlet.habit == "slow" else 0.0
            return self._feed(outlet, delay)

        return respond

    def _feed(self, outlet: Outlet, delay: float) -> CannedResponse:
        content_type, encoding, render = FORMATS[outlet.format]
        site = f"{self.press.url}/{outlet.id}/"
        items = [
            self._item(article, outlet, when)
            for article, when in reversed(self._published)
            if outlet.id in (article.outlet, *article.also)
        ]
        body = render(outlet.name, site, items).encode(encoding, "xmlcharrefreplace")
        return CannedResponse(body=body, headers={"Content-Type": content_type}, delay=delay)

    def _item(self, article: Article, outlet: Outlet, when: datetime) -> Item:
        link = f"{self.press.url}/{article.outlet}/{article.slug}"
        is_own = outlet.id == article.outlet
        return Item(
            id=link if is_own else f"{outlet.id}-{article.slug}",
            link=link if is_own else f"{link}/?utm_source={outlet.id}&utm_medium=rss",
            title=article.title if is_own else f"{article.title} – {outlet.name}",
            paragraphs=article.text,
            tags=article.tags,
            published=when.astimezone(UTC),
            sound=f"{link}.mp3" if outlet.id == "commons-radio" else "",
        )


def _page(article: Article) -> bytes:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in article.text)
    title = escape(article.title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1>{text}</html>"
    ).encode()
