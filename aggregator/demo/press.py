"""A web server on loopback that serves canned responses: the press.

`Press` responds to each path with what was last put there, over real HTTP. `DemoPress` puts the
feeds and pages of the made-up outlets there and publishes one article after the other.
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

from aggregator.demo.articles import ARTICLES, INITIAL_ARTICLES, OUTLETS, Article, Outlet
from aggregator.demo.drawings import landscape
from aggregator.demo.sample_feeds import FORMATS, Item

__all__ = ["CannedResponse", "DemoPress", "Press", "Request", "open_press"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that the press received."""

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedResponse:
    """A response to send, after `delay` seconds.

    A status of 200 gets an ETag unless `headers` has one; a request with that ETag gets 304. The
    Date is now unless `headers` has one.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


Responder = Callable[[Request], CannedResponse]


class Press:
    """The responses of one server, by path, and the requests that it has received."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self._responders: dict[str, Responder] = {}
        self._mutex = threading.Lock()

    def put(self, path: str, response: CannedResponse | Responder) -> str:
        """Set the response of a path; returns its URL."""
        with self._mutex:
            self._responders[path] = (
                (lambda _: response) if isinstance(response, CannedResponse) else response
            )
        return f"{self.url}{path}"

    def respond(self, request: Request) -> CannedResponse:
        """Return the response to a request, and record the request."""
        with self._mutex:
            self.requests.append(request)
            responder = self._responders.get(request.path)
        return responder(request) if responder else CannedResponse(status=404, body=b"Not here.")


@contextmanager
def open_press(host: str = "127.0.0.1", port: int = 0) -> Iterator[Press]:
    """A press on a port, or on a free one, open until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            response = press.respond(Request(path=self.path, headers=headers))
            time.sleep(response.delay)
            try:
                self._send(response, headers.get("if-none-match", ""))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client hung up

        def _send(self, response: CannedResponse, if_none_match: str) -> None:
            etag = response.headers.get("ETag", f'"{hashlib.md5(response.body).hexdigest()}"')  # noqa: S324 - not a secret
            is_known = response.status == 200 and if_none_match == etag
            self.send_response_only(304 if is_known else response.status)
            self.send_header("Date", response.headers.get("Date", self.date_time_string()))
            if response.status == 200:
                self.send_header("ETag", etag)
            for name, value in response.headers.items():
                if name not in ("Date", "ETag"):
                    self.send_header(name, value)
            if not is_known:
                self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            if not is_known:
                self.wfile.write(response.body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Report every error but that of a client that hung up."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = Server((host, port), Handler)
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
    """The made-up outlets on a Press.

    The initial articles were published every three hours, up to three hours before `opened_at`. The
    slow outlet responds after `slow_seconds`.
    """

    def __init__(self, press: Press, opened_at: datetime, slow_seconds: float = 6.0) -> None:
        self.press = press
        self._slow_seconds = slow_seconds
        self._published: list[tuple[Article, datetime]] = [
            (article, opened_at - timedelta(hours=3 * (INITIAL_ARTICLES - index)))
            for index, article in enumerate(ARTICLES[:INITIAL_ARTICLES])
        ]
        for outlet in OUTLETS:
            press.put(f"/{outlet.id}/feed", self._responder(outlet))
        for article in ARTICLES:
            press.put(f"/{article.outlet}/{article.slug}", CannedResponse(
                body=_page(article), headers={"Content-Type": "text/html; charset=utf-8"}
            ))  # fmt: skip
            press.put(f"/{article.outlet}/{article.slug}.jpg", _landscape)

    def publish_next(self, now: datetime) -> Article | None:
        """Publish the next article at all its outlets and return it; None if there are no more."""
        if len(self._published) == len(ARTICLES):
            return None
        article = ARTICLES[len(self._published)]
        self._published.append((article, now.replace(microsecond=0)))
        return article

    def _responder(self, outlet: Outlet) -> Responder:
        def respond(_: Request) -> CannedResponse:
            if outlet.fault == "fails":
                return CannedResponse(status=500, body=b"The database is on fire.")
            if outlet.fault == "garbage":
                return CannedResponse(
                    body=b"\x89\x00\xff\xfe static, and then some more static \x07"
                )
            delay = self._slow_seconds if outlet.fault == "slow" else 0.0
            return self._feed(outlet, delay)

        return respond

    def _feed(self, outlet: Outlet, delay: float) -> CannedResponse:
        content_type, encoding, render = FORMATS[outlet.format]
        site = f"{self.press.url}/{outlet.id}/"
        items = [
            self._item(article, outlet, published_at)
            for article, published_at in reversed(self._published)
            if outlet.id in (article.outlet, *article.also)
        ]
        body = render(outlet.name, site, items).encode(encoding, "xmlcharrefreplace")
        return CannedResponse(body=body, headers={"Content-Type": content_type}, delay=delay)

    def _item(self, article: Article, outlet: Outlet, published_at: datetime) -> Item:
        link = f"{self.press.url}/{article.outlet}/{article.slug}"
        is_own = outlet.id == article.outlet
        return Item(
            id=link if is_own else f"{outlet.id}-{article.slug}",
            link=link if is_own else f"{link}/?utm_source={outlet.id}&utm_medium=rss",
            title=article.title if is_own else f"{article.title} – {outlet.name}",
            paragraphs=article.text,
            tags=article.tags,
            published=published_at.astimezone(UTC),
            image_url=f"{link}.jpg",
            image_alt="A landscape, drawn for this demo",
            audio_url=f"{link}.mp3" if outlet.id == "commons-radio" else "",
        )


def _landscape(request: Request) -> CannedResponse:
    return CannedResponse(body=landscape(request.path), headers={"Content-Type": "image/jpeg"})


def _page(article: Article) -> bytes:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in article.text)
    title = escape(article.title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1>{text}</html>"
    ).encode()
