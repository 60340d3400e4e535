"""No client can keep the others waiting, whatever it sends or does not send."""

import http.client
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from aggregator.site_app import create_front
from aggregator.web.connections import MAX_HEAD_BYTES, Deadlines
from tests.harness.newsroom import Newsroom, article
from tests.harness.nginx import NGINX, sample_nginx
from tests.harness.servers import serving_front

QUICK = Deadlines(head=2.0, body=2.0, stalled=2.0)
BODY_SECONDS = 1.5
MAX_PER_CLIENT = 50
MAX_SECONDS = 5
"""Of an honest request, on a machine that runs other tests at the same time."""


@pytest.fixture
def port(newsroom: Newsroom) -> Iterator[int]:
    """The port of a site with a hub and one story, and with short deadlines."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Strike", "Long. " * 400))
    newsroom.has_topic("labor", "strike")
    newsroom.change("[[topic]]", '[publish]\nhub = "self"\n[[topic]]')
    newsroom.ingests()
    front = create_front(newsroom.config, newsroom.store, body_seconds=BODY_SECONDS)
    with serving_front(front, deadlines=QUICK, max_per_client=MAX_PER_CLIENT) as found:
        yield found


def _connect(port: int, data: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(data)
    return connection


def _get(port: int, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, float]:
    """Status and seconds of an honest request."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, time.monotonic() - started


def _response(connection: socket.socket) -> bytes:
    """Everything that the server sends until it closes the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


def _seconds_until_closed(connection: socket.socket, data: bytes, pause: float) -> float:
    """How long a client may go on sending, at most a minute."""
    started = time.monotonic()
    with suppress(OSError):
        while time.monotonic() - started < 60:
            connection.sendall(data)
            time.sleep(pause)
    return time.monotonic() - started


SLOW_POST = b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nhub.mode="

ATTACKS = [
    ("connections that send nothing", 1024, b""),
    ("heads that never end", 200, b"GET / HTTP/1.1\r\nHost: x\r\nX-Header: "),
    ("bodies that never end", 40, SLOW_POST),
    ("chunked bodies that never end", 40,
     b"POST /hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    ("bodies after a 100 that never come", 40,
     b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n"),
    ("bodies of a GET", 100, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhello"),
    ("bodies for an unknown subscription", 40,
     b"POST /websub/xyz HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nhello"),
    ("half a request line", 200, b"GE"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "data"), [attack[1:] for attack in ATTACKS], ids=[attack[0] for attack in ATTACKS]
)
def test_an_honest_reader_is_served_during_an_attack(port: int, count: int, data: bytes) -> None:
    """Even one at the attacker's own address, at once; and the attacker's connections end."""
    with ExitStack() as stack:
        attackers = [stack.enter_context(closing(_connect(port, data))) for _ in range(count)]
        for path in ("/", "/topics/labor.atom", "/topics/labor?limit=3", "/nothing", "/healthz"):
            status, seconds = _get(port, path)
            assert status == {"/nothing": 404, "/healthz": 503}.get(path, 200)
            assert seconds < MAX_SECONDS

        started = time.monotonic()
        for attacker in attackers:
            _response(attacker)
        assert time.monotonic() - started < 8


@pytest.mark.slow
@pytest.mark.skipif(not NGINX, reason="nginx is not installed (apt-get nginx-light)")
@pytest.mark.parametrize(
    ("count", "data"), [attack[1:] for attack in ATTACKS], ids=[attack[0] for attack in ATTACKS]
)
def test_an_honest_reader_is_served_behind_nginx(
    port: int, tmp_path: Path, count: int, data: bytes
) -> None:
    """With deploy/nginx.conf in front."""
    with sample_nginx(tmp_path, f"127.0.0.1:{port}") as (front, _), ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(closing(_connect(front, data)))
        for path in ("/", "/topics/labor.atom", "/topics/labor?limit=3"):
            status, seconds = _get(front, path)
            assert (status, seconds < MAX_SECONDS) == (200, True)


def test_a_slow_body_is_answered(port: int) -> None:
    """The client learns what it did wrong, and the connection is closed."""
    with closing(_connect(port, SLOW_POST)) as slow:
        answer = _response(slow)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b"The body of the request did not arrive within 1.5 seconds.\n")


def test_a_trickle_does_not_extend_the_deadline(port: int) -> None:
    """One byte now and then keeps neither a head nor a body alive."""
    for beginning in (b"GET / HTTP/1.1\r\nX: ", SLOW_POST):
        with closing(_connect(port, beginning)) as slow:
            assert _seconds_until_closed(slow, b"x", 0.1) < 6


def test_a_client_that_does_not_read_is_cut_off(newsroom: Newsroom, port: int) -> None:
    """Its response is in memory no longer than it has to be."""
    newsroom.publishes("harbor", *(article(f"Strike {n}", "Long. " * 70) for n in range(90)))
    newsroom.ingests()
    with closing(socket.socket()) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        lazy.connect(("127.0.0.1", port))
        lazy.sendall(b"GET /all.json?limit=90 HTTP/1.1\r\nHost: x\r\n\r\n" * 60)
        assert _seconds_until_closed(lazy, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0.2) < 55
    assert _get(port)[0] == 200


REFUSED = [
    ("a large head", b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"431"),
    ("many headers", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", b"431"),
    ("a long address", b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", b"431"),
    ("a head without an end", b"GET / HTTP/1.1\r\nX: " + b"x" * 3_000_000, b"431"),
    ("a large form", b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n", b"413"),
    ("a large chunked form", b"POST /hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"4e20\r\n" + b"x" * 20_000 + b"\r\n", b"413"),
    ("a length of a thousand digits", b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: "
     + b"9" * 1000 + b"\r\n\r\n", b"400"),
    ("two lengths", b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n"
     b"\r\nabcd", b"400"),
    ("length and chunks", b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
    ("no HTTP", b"\x16\x03\x01 hello\r\n\r\n", b"400"),
    ("HTTP/2 by prior knowledge", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "status"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_is_not_a_request_is_refused(port: int, data: bytes, status: bytes) -> None:
    """With a status, and the connection is closed; others are served."""
    with closing(_connect(port)) as client:
        with suppress(OSError):  # refused before all of it was sent
            client.sendall(data)
        answer = _response(client)

    assert not answer or answer[9:12] == status
    assert _get(port)[0] == 200


def test_an_upgrade_to_http_2_is_ignored(port: int) -> None:
    """The response is HTTP/1.1 (RFC 9110, section 7.8)."""
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AA"}

    assert _get(port, "/", "GET", **headers)[0] == 200


def test_requests_on_one_connection(port: int) -> None:
    """Pipelined requests are answered in order; HEAD has no body; a large head may be as large as
    others allow."""
    head = b"X: " + b"x" * (MAX_HEAD_BYTES - 2_000) + b"\r\n"
    with closing(_connect(port)) as client:
        client.sendall(
            b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n" + head
            + b"\r\nGET /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )  # fmt: skip
        answer = _response(client)

    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"404", b"200", b"200"]
    assert answer.count(b"<!doctype html>") == 1


@pytest.mark.parametrize(("count", "answered"), [(17, 17), (18, 0)])
def test_few_requests_of_a_connection_wait(port: int, count: int, answered: int) -> None:
    """Sixteen may wait for the first; with one more, the connection is closed."""
    request = b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    with closing(_connect(port, request * count)) as client:
        received = _response(client)

    assert received.count(b"HTTP/1.1 200") == answered


def test_endless_pipelining_is_cut_off(port: int) -> None:
    """A client that sends requests without waiting for responses takes no memory."""
    with closing(_connect(port)) as greedy:
        many = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 500
        assert _seconds_until_closed(greedy, many, 0.05) < 5
    assert _get(port)[0] == 200


def test_many_requests_of_one_client_take_turns(port: int) -> None:
    """A hundred requests at once that are not in the cache are all answered."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                closing(_connect(port, f"GET /topics/labor?limit={n} HTTP/1.1\r\nHost: x\r\n"
                                       f"Connection: close\r\n\r\n".encode()))
            )
            for n in range(1, MAX_PER_CLIENT - 5)
        ]  # fmt: skip
        answers = [_response(client)[9:12] for client in clients]

    assert set(answers) == {b"200"}


@pytest.mark.parametrize(
    ("proxies", "statuses"),
    [('["127.0.0.1"]', {b"": 21, b"429": 1}), ("[]", {b"": 20, b"429": 2})],
    ids=["a trusted proxy", "a forged header"],
)
def test_bodies_are_counted_by_client(
    newsroom: Newsroom, proxies: str, statuses: dict[bytes, int]
) -> None:
    """Behind a trusted proxy, its X-Forwarded-For tells clients apart; without, nothing does."""
    newsroom.change("[fetch]", f'[publish]\nhub = "self"\ntrusted_proxies = {proxies}\n[fetch]')
    front = create_front(newsroom.config, newsroom.store)

    def slow(client: str) -> bytes:
        return SLOW_POST.replace(b"Host: x", f"Host: x\r\nX-Forwarded-For: {client}".encode())

    found: Counter[bytes] = Counter()
    with serving_front(front) as port, ExitStack() as stack:
        for client in [*["203.0.113.9"] * 21, "203.0.113.10"]:
            connection = stack.enter_context(closing(_connect(port, slow(client))))
            connection.settimeout(0.3)
            with suppress(TimeoutError):
                found[connection.recv(100)[9:12]] += 1
                continue
            found[b""] += 1

    assert found == statuses
