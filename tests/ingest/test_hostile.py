"""Hostile servers, over real sockets: the table of docs/hostile.md, row by row."""

import gzip
import re
import socket
import ssl
import struct
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path

import brotli
import pytest
import trustme
from aiohttp import connector
from backports import zstd

from aggregator.model import Outcome, SourceReport
from tests.harness.hostile_server import Script, open_hostile_press, reply
from tests.harness.newsroom import Newsroom, article

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "hostile.md"
TABLE = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENTATION.read_text(encoding="utf-8").partition("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| case ")
]

ITEM = "<item><title>{}</title><link>https://h.example/{}</link>{}</item>"
FEED = (
    "<rss version='2.0'><channel>"
    f"{ITEM.format('One', 1, '')}{ITEM.format('Two', 2, '')}</channel></rss>"
)
BIG_BODY = b"<rss><channel>" + b" " * 40_000_000
PUBLIC_ADDRESS = "127.0.0.4"
"""Allowed like a public address, and nothing listens there."""
RESOLVED_ADDRESSES = {
    "rebind.example": [[PUBLIC_ADDRESS], ["127.0.0.3"]],
    "two.example": [["127.0.0.3", PUBLIC_ADDRESS]],
    "a.tumblr.com": [["127.0.0.1"]],
    "b.tumblr.com": [["127.0.0.1"]],
    "c.example": [["127.0.0.1"]],
}
"""Host name -> its addresses at the first lookup, the second, and so on."""


# ---- scripts ----------------------------------------------------------------------------


def _silence(_: socket.socket) -> None:
    time.sleep(4)


def _trickle(connection: socket.socket) -> None:
    reply("Content-Type: text/xml\r\n")(connection)
    for _ in range(40):
        connection.sendall(b" ")
        time.sleep(0.2)


def _endless(connection: socket.socket) -> None:
    reply("Content-Type: text/xml\r\n", b"<rss>")(connection)
    while True:
        connection.sendall(b"<item><title>again</title></item>" * 1000)


def _reset(connection: socket.socket) -> None:
    half = FEED[: FEED.index("Two")].encode()
    reply("Content-Type: text/xml\r\nContent-Length: 100000\r\n", half)(connection)
    time.sleep(0.1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _short_content_length(connection: socket.socket) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {FEED.index('Two')}"
    connection.sendall(f"{head}\r\n\r\n{FEED}".encode())


def _noise(connection: socket.socket) -> None:
    connection.sendall(bytes(range(256)) * 100)


def _compressed(encoding: str, body: bytes) -> Script:
    return reply(f"Content-Type: text/xml\r\nContent-Encoding: {encoding}\r\n", body)


def _feed(text: str, headers: str = "") -> Script:
    return reply(f"Content-Type: text/xml\r\n{headers}", text.encode())


def _redirect(target: str, status: str = "302 Found") -> Script:
    return reply(f"Location: {target}\r\nContent-Length: 0\r\n", status=status)


def _billion_laughs() -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    item = ITEM.format("Funny &l11;", 1, "")
    return f'<!DOCTYPE rss [<!ENTITY l0 "lol">{entities}]><rss><channel>{item}</channel></rss>'


def _quadratic_blowup() -> str:
    item = ITEM.format("Long " + "&a;" * 20_000, 1, "")
    entity = f'<!ENTITY a "{"x" * 50_000}">'
    return f"<!DOCTYPE rss [{entity}]><rss><channel>{item}</channel></rss>"


def _deeply_nested() -> str:
    tower = "<a>" * 1000 + "top" + "</a>" * 1000
    body = ITEM.format("Deep", 1, f"<description>{tower}</description>")
    return f"<rss version='2.0'><channel>{body}{ITEM.format('Two', 2, '')}</channel></rss>"


LOGIN = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form></form></body></html>"

SCRIPTS: dict[str, Callable[[], Script]] = {
    "slow headers": lambda: _silence,
    "trickled body": lambda: _trickle,
    "endless body": lambda: _endless,
    "huge Content-Length": lambda: reply("Content-Length: 10000000000\r\n", b"<rss>"),
    "gzip bomb": lambda: _compressed("gzip", gzip.compress(BIG_BODY)),
    "zstd bomb": lambda: _compressed("zstd", zstd.compress(BIG_BODY)),
    "brotli bomb": lambda: _compressed("br", brotli.compress(BIG_BODY, quality=4)),
    "wrong Content-Encoding": lambda: _compressed("gzip", FEED.encode()),
    "billion laughs": lambda: _feed(_billion_laughs()),
    "quadratic blowup": lambda: _feed(_quadratic_blowup()),
    "1,000-deep nesting": lambda: _feed(_deeply_nested()),
    "150,000 elements deep": lambda: _feed("<rss version='2.0'><channel>" + "<a>" * 150_000),
    "huge attribute": lambda: _feed(f"<rss version='2.0' a='{'x' * 10_000_000}'/>"),
    "millions of entries": lambda: _feed("<rss version='2.0'><channel>" + "<item/>" * 2_000_000),
    "millions of tags": lambda: _feed(FEED.replace("<title>", "<a/>" * 240_000 + "<title>", 1)),
    "a huge entry": lambda: _feed(
        FEED.replace("</channel>", f"<item>{'<link/>' * 2_000_000}</item></channel>")
    ),
    "millions of objects": lambda: reply(
        "Content-Type: application/feed+json\r\n", b'{"items": [' + b"{}," * 4_000_000 + b"{}]}"
    ),
    "millions of values": lambda: reply(
        "Content-Type: application/feed+json\r\n",
        b'{"items": [{"tags": [' + b"1," * 900_000 + b"1]}]}",
    ),
    "much outside the entries": lambda: _feed(
        FEED.replace("<item>", " " * 2_000_000 + "<item>", 1)
    ),
    "lists in lists": lambda: reply(
        "Content-Type: application/feed+json\r\n",
        b'{"items": [' + (b"[" * 400 + b"]" * 400 + b",") * 1200 + b"1]}",
    ),
    "many small entities": lambda: _feed(
        f"<!DOCTYPE rss [<!ENTITY a '{'x' * 170}'>]>"
        + FEED.replace("</title>", "&amp;" + "&a;" * 200_000 + "</title>", 1)
    ),
    "large UTF-16": lambda: reply(
        "Content-Type: application/rss+xml\r\n", (FEED + " " * 2_500_000).encode("utf-16")
    ),
    "too high Content-Length": lambda: _feed(FEED, "Content-Length: 100000\r\n"),
    "too low Content-Length": lambda: _short_content_length,
    "connection reset": lambda: _reset,
    "not HTTP": lambda: _noise,
    "huge header": lambda: _feed(FEED, f"X-Long: {'x' * 1_000_000}\r\n"),
    "redirect loop": lambda: _redirect("/feed"),
    "redirect to a private address": lambda: _redirect("http://127.0.0.2/feed"),
    "redirect to a file": lambda: _redirect("file:///etc/passwd"),
    "rebinding name": lambda: _feed(FEED),
    "name with two addresses": lambda: _feed(FEED),
    "304 to a first request": lambda: reply(status="304 Not Modified"),
    "empty body": lambda: _feed("", "Content-Length: 0\r\n"),
    "login page": lambda: reply("Content-Type: text/html\r\n", LOGIN.encode()),
    "429 with a date": lambda: reply(
        f"Retry-After: {format_datetime(Newsroom.NOW + timedelta(hours=2), usegmt=True)}\r\n",
        status="429 Too Many Requests",
    ),
    "410": lambda: reply(status="410 Gone"),
    "moved to a maintenance page": lambda: _redirect("/page", "301 Moved Permanently"),
    "certificate of another name": lambda: _feed(FEED),
    "certificate, self-signed": lambda: _feed(FEED),
}


# ---- fixtures and tests -----------------------------------------------------------------


@pytest.fixture
def changing_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that also knows RESOLVED_ADDRESSES, with answers that change."""
    real, answers = (
        socket.getaddrinfo,
        {name: list(given) for name, given in RESOLVED_ADDRESSES.items()},
    )

    def getaddrinfo(host: str, port: int, *args: int, **keys: int) -> list[object]:
        if host not in answers:
            return real(host, port, *args, **keys)  # type: ignore[return-value]
        given = answers[host]
        found = given.pop(0) if len(given) > 1 else given[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def authority() -> trustme.CA:
    """A certificate authority that the program trusts."""
    made = trustme.CA()
    context = connector._SSL_CONTEXT_VERIFIED
    assert isinstance(context, ssl.SSLContext)
    made.configure_trust(context)
    return made


def _tls(case: str, trusted: trustme.CA) -> ssl.SSLContext | None:
    if not case.startswith("certificate"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if case == "certificate, self-signed":
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    else:
        trusted.issue_cert("elsewhere.example").configure_cert(context)
    return context


def _host_name(case: str) -> str:
    """The host name of the server in a case, if it has one."""
    return {"rebinding name": "rebind.example", "name with two addresses": "two.example"}.get(
        case, ""
    )


def _visible_outcome(report: SourceReport) -> str:
    """The error that the operator sees, or how many entries were read."""
    if report.error:
        return report.error
    counts = report.counts
    rejected = f", {counts.rejected} rejected" if counts.rejected else ""
    note = f"; {report.note}" if report.note else ""
    return f"read: {counts.new} new{rejected}{note}"


def test_every_documented_case_has_a_script() -> None:
    """The table and the scripts have the same cases."""
    assert [row[0] for row in TABLE] == list(SCRIPTS)


@pytest.mark.parametrize(
    ("case", "expected"), [(r[0], r[2]) for r in TABLE], ids=[r[0] for r in TABLE]
)
@pytest.mark.usefixtures("changing_dns")
def test_a_hostile_server_affects_only_its_source(
    newsroom: Newsroom, authority: trustme.CA, case: str, expected: str
) -> None:
    """The source fails or is read as documented, within the limits; others are unaffected."""
    newsroom.limits |= {
        "timeout": 2.5, "read_timeout": 1.0, "connect_timeout": 1.0,
        "allow_private": (ip_network("127.0.0.1/32"), ip_network(f"{PUBLIC_ADDRESS}/32")),
    }  # fmt: skip
    name = _host_name(case)
    newsroom.limits["private_hosts"] = frozenset([name])  # whose addresses stand for public ones
    host = "127.0.0.3" if name else "127.0.0.1"
    with open_hostile_press(host, _tls(case, authority)) as press:
        press.put("/feed", SCRIPTS[case]())
        press.put("/page", reply("Content-Type: text/html\r\n", LOGIN.encode()))
        newsroom.limits["ports"] = (press.port,) if name else (80, 443)
        address = f"http://{name}:{press.port}/feed" if name else f"{press.url}/feed"
        newsroom.lists("bad", feed=address)
        newsroom.lists("good")
        newsroom.publishes("good", article("Fine"))

        began = time.monotonic()
        reports = {report.source: report for report in newsroom.ingests().sources}
        took = time.monotonic() - began
        if case == "rebinding name":  # the name resolves to a private address now
            reports = {report.source: report for report in newsroom.ingests("bad").sources} | {
                "good": reports["good"]
            }

    pattern = re.escape(expected).replace("…", ".+")
    assert re.fullmatch(pattern, _visible_outcome(reports["bad"])), _visible_outcome(reports["bad"])
    assert reports["good"].counts.new == 1
    assert took < 12
    assert not name or press.requested == []
    state = newsroom.store.sources.fetch_state("bad")
    if reports["bad"].error:
        assert (state.validators.etag, state.validators.body_hash) == ("", "")
        assert state.failing_since == newsroom.now
        assert state.redirect.url == ""


@pytest.mark.usefixtures("changing_dns")
def test_retry_after_applies_to_the_domain(newsroom: Newsroom) -> None:
    """One blog's Retry-After delays all blogs of its domain, now and later, and no other source.

    (FreshRSS#8925, #8928: too narrow; #7870, #7880: too wide)
    """
    newsroom.limits["per_host"] = 1
    newsroom.limits["private_hosts"] = {"a.tumblr.com", "b.tumblr.com", "c.example"}
    with open_hostile_press() as press:
        press.put("/busy", SCRIPTS["429 with a date"]())
        press.put("/feed", _feed(FEED))
        newsroom.lists("first", feed=f"http://a.tumblr.com:{press.port}/busy", precedence="9")
        newsroom.ingests()
        newsroom.lists("second", feed=f"http://b.tumblr.com:{press.port}/feed")
        newsroom.lists("third", feed=f"http://c.example:{press.port}/feed")
        reports = {report.source: report for report in newsroom.ingests().sources}
        requested = list(press.requested)
        later = newsroom.ingests("second", later=timedelta(hours=2, minutes=1))

    assert requested == ["/busy", "/feed"]
    assert reports["second"].outcome is Outcome.WAITING
    assert reports["second"].note.startswith("tumblr.com has asked not to be fetched until 2026")
    assert reports["third"].counts.new == 2
    assert later.total.new == 2


@pytest.mark.usefixtures("changing_dns")
def test_410_retires_and_429_delays_a_source(newsroom: Newsroom) -> None:
    """A source is not fetched again after 410, and after 429 only at the time that it names."""
    with open_hostile_press() as press:
        newsroom.lists("gone", feed=press.put("/gone", SCRIPTS["410"]()))
        newsroom.lists("busy", feed=press.put("/busy", SCRIPTS["429 with a date"]()))
        newsroom.ingests()
        due = newsroom.store.sources.due(newsroom.config.sources, newsroom.now + timedelta(days=30))

    assert [source.id for source in due] == ["busy"]
    assert newsroom.store.sources.fetch_state("busy").next_fetch == newsroom.now + timedelta(
        hours=2
    )
    assert newsroom.store.sources.fetch_state("gone").retired_at == newsroom.now
    outcomes = {h.source: h.outcome for h in newsroom.store.sources.health()}
    assert outcomes == {"gone": Outcome.RETIRED, "busy": Outcome.FAILED}
