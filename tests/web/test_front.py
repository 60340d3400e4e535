"""Turns, bodies and connections of several clients: addresses of loopback tell them apart."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from aggregator.site_app import create_front
from aggregator.web.front import MAX_WAITING, Front
from tests.harness.command_line import wait_until
from tests.harness.newsroom import Newsroom
from tests.harness.servers import serving_front

GREEDY, HONEST = "127.0.0.2", "127.0.0.3"


class _Pages:
    """An application whose pages below /held are made only once they are released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.requested: list[str] = []

    def recall(self, environ: Any, *, only_quick: bool) -> None:
        """Nothing is in the cache."""

    def __call__(self, environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        self.requested.append(environ["PATH_INFO"])
        if environ["PATH_INFO"].startswith("/held"):
            assert self.released.wait(20)
        start("200 OK", [("Content-Length", "0")])
        return [b""]


@pytest.fixture
def pages() -> Iterator[_Pages]:
    """They are released when the test ends."""
    found = _Pages()
    yield found
    found.released.set()


@pytest.fixture
def front(pages: _Pages) -> Front:
    """What runs these pages."""
    return Front(pages, lambda _: 10_000)  # type: ignore[arg-type]  # made to be held


@pytest.fixture
def port(front: Front, pages: _Pages) -> Iterator[int]:
    """The port of its server."""
    with serving_front(front) as found:
        yield found
        pages.released.set()


def _connect(port: int, client: str, data: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 10, (client, 0))
    connection.sendall(data.replace("\n", "\r\n").encode())
    return connection


def _request(port: int, client: str, path: str) -> socket.socket:
    return _connect(port, client, f"GET {path} HTTP/1.1\nHost: x\n\n")


def _answer(connection: socket.socket) -> tuple[int, str | None]:
    """Status and Retry-After."""
    with connection, closing(http.client.HTTPResponse(connection)) as response:
        response.begin()
        return response.status, response.headers["Retry-After"]


def test_a_client_that_goes_gives_up_its_place(pages: _Pages, port: int) -> None:
    """What nobody waits for any more is not made."""
    with ExitStack() as stack:
        held = [stack.enter_context(closing(_request(port, GREEDY, "/held"))) for _ in range(4)]
        wait_until(lambda: len(pages.requested) == 4)
        gone = [_request(port, GREEDY, f"/held/gone/{number}") for number in range(40)]
        last = stack.enter_context(closing(_request(port, GREEDY, "/held/last")))
        for connection in gone:
            connection.close()
        assert _answer(_request(port, HONEST, "/page"))[0] == 200
        pages.released.set()
        statuses = [_answer(connection)[0] for connection in (*held, last)]

    assert statuses == [200] * 5
    assert pages.requested.count("/held/last") == 1
    assert len(pages.requested) <= 5 + 1 + 4  # four may have had their turn before they went


@pytest.mark.parametrize(
    ("count", "limit_of_all"),
    [(100, MAX_WAITING), (8, 8)],
    ids=["of one client", "of all clients"],
)
def test_requests_that_wait_are_limited(
    front: Front, port: int, monkeypatch: pytest.MonkeyPatch, count: int, limit_of_all: int
) -> None:
    """One more of the same client is told when to try again; another client is served."""
    monkeypatch.setattr("aggregator.web.front.MAX_WAITING", limit_of_all)
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(closing(_request(port, GREEDY, "/held")))
        wait_until(lambda: front._pending == count)
        assert _answer(_request(port, GREEDY, "/page")) == (429, "5")
        assert _answer(_request(port, HONEST, "/page")) == (200, None)


def test_bytes_of_all_bodies_are_limited(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that has no room is refused, until others have been read."""
    monkeypatch.setattr("aggregator.web.front.MAX_BODIES_BYTES", 12_000)
    head = "POST /hub HTTP/1.1\nHost: x\nContent-Length: 9000\n\n"
    first = _connect(port, GREEDY, head + "x" * 8_999)
    second = _connect(port, HONEST, head + "x" * 9_000)

    assert _answer(second) == (503, "5")
    first.sendall(b"x")
    assert _answer(first) == (200, None)
    assert _answer(_connect(port, HONEST, head + "x" * 9_000)) == (200, None)


def test_connections_of_all_clients_are_limited(newsroom: Newsroom) -> None:
    """When the server is full, the client with the most loses one for each that comes."""
    front = create_front(newsroom.config, newsroom.store)
    with serving_front(front, max_connections=20) as port, ExitStack() as stack:
        greedy = [stack.enter_context(closing(_connect(port, GREEDY, ""))) for _ in range(20)]
        honest = [
            stack.enter_context(closing(_request(port, HONEST, "/robots.txt"))) for _ in range(3)
        ]
        statuses = [connection.recv(12)[9:] for connection in honest]
        closed = [connection.recv(1) for connection in greedy[:3]]
        greedy[-1].sendall(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n")

        assert _answer(greedy[-1])[0] == 200
    assert statuses == [b"200"] * 3
    assert closed == [b""] * 3
