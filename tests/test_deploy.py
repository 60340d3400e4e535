"""deploy/nginx.conf, as it is but for ports and folders, in a real nginx."""

import gzip
import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from aggregator.cli import main
from tests.harness.command_line import free_port
from tests.harness.newsroom import Newsroom, article
from tests.harness.servers import Served, serving

NGINX = shutil.which("nginx")
pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed (apt-get nginx-light)")
SAMPLE = Path(__file__).parent.parent / "deploy" / "nginx.conf"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Nginx:
    """Both servers of the sample, told apart by their ports."""

    keeping: int
    serving: int
    program: Served
    room: Newsroom
    public: Path = field(default_factory=Path)

    def ask(self, port: int, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        got = connection.getresponse()
        names = {name for name, _ in got.getheaders()}
        found = {name: ", ".join(got.headers.get_all(name, ())) for name in names}
        answer = Answer(got.status, found, got.read())
        connection.close()
        return answer


@pytest.fixture
def nginx(newsroom: Newsroom, tmp_path: Path) -> Iterator[Nginx]:
    """A newsroom with one story, its program, its export, and nginx in front of both."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", article("A strike", "Long. " * 200))
    newsroom.ingests()
    (tmp_path / "feeds.toml").write_text(newsroom.written)
    public = tmp_path / "public"
    command = ["--config", str(tmp_path / "feeds.toml"), "publish", str(public)]
    assert CliRunner().invoke(main, command).exit_code == 0
    ports = [free_port(), free_port()]
    with serving(newsroom.reader.application) as program:
        text = SAMPLE.read_text()
        for old, new in (
            ("127.0.0.1:8080", program.url.removeprefix("http://")),
            ("/var/cache/nginx/aggregator", str(tmp_path / "cache")),
            ("/var/www/news", str(public)),
        ):
            assert old in text
            text = text.replace(old, new)
        for port in ports:
            text = text.replace("listen 80;", f"listen 127.0.0.1:{port};", 1)
        temp = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; user root; pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
            f"http {{ access_log off; {temp}\n{text} }}"
        )
        process = subprocess.Popen(["nginx", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "log"])
        try:
            deadline = time.monotonic() + 10
            while not _is_up(ports[1]):
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield Nginx(ports[0], ports[1], program, newsroom, public)
        finally:
            process.terminate()
            process.wait(10)


def _is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_in_front_of_the_program(nginx: Nginx) -> None:
    """It keeps feeds apart by what their readers can unpack, keeps no page for people, answers
    304 by itself, and lets hubs through."""
    path, port = "/topics/labor.atom", nginx.keeping
    plain = nginx.ask(port, path)
    packed = nginx.ask(port, path, Accept_Encoding="gzip")
    again = nginx.ask(port, path, Accept_Encoding="gzip")
    page = nginx.ask(port, path, Sec_Fetch_Dest="document")
    known = nginx.ask(port, path, If_None_Match=plain.headers["ETag"])

    assert plain.body == nginx.room.get(path).data
    assert gzip.decompress(packed.body) == gzip.decompress(again.body) == plain.body
    assert again.headers["X-Cache"] == "HIT"
    assert b"This address is a feed" in page.body
    for _ in range(2):
        assert nginx.ask(port, path).body == plain.body
        assert nginx.ask(port, path, Sec_Fetch_Dest="document").headers["X-Cache"] != "HIT"
    assert known.status == 304
    assert nginx.ask(port, "/healthz").status == 200
    asked = len(nginx.program.answers)
    for _ in range(5):
        nginx.ask(port, path)
    assert len(nginx.program.answers) == asked
    for kept in (nginx.public.parent / "cache").iterdir():  # as docs/operating.md has it
        kept.unlink()
    assert nginx.ask(port, path).body == plain.body
    assert len(nginx.program.answers) == asked + 1


def test_the_static_export(nginx: Nginx) -> None:
    """The same bytes as the program's, packed for who can unpack it, a page for people, whatever
    is asked with parameters from the program, and 404 as a page."""
    path, port = "/topics/labor.atom", nginx.serving
    plain = nginx.ask(port, path)
    packed = nginx.ask(port, path, Accept_Encoding="gzip")
    page = nginx.ask(port, path, Sec_Fetch_Dest="document")

    assert plain.body == gzip.decompress(packed.body) == nginx.room.get(path).data
    assert plain.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert plain.headers["Access-Control-Allow-Origin"] == "*"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert set(packed.headers["Vary"].split(", ")) == {"Accept-Encoding", "Sec-Fetch-Dest"}
    assert nginx.ask(port, path, If_None_Match=plain.headers["ETag"]).status == 304
    assert b"This address is a feed" in page.body
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "private, no-store"
    assert nginx.ask(port, "/topics/labor").body == nginx.room.get("/topics/labor").data
    assert nginx.ask(port, "/").status == 200
    assert nginx.ask(port, "/.published").status == 404
    preflight = nginx.ask(port, path, "OPTIONS")
    assert preflight.status == 204
    assert "If-None-Match" in preflight.headers["Access-Control-Allow-Headers"]
    script = nginx.ask(port, "/embed/labor.js")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    frame = nginx.ask(port, "/embed/labor")
    assert "frame-ancestors *" in frame.headers["Content-Security-Policy"]
    assert nginx.program.answers == []

    assert nginx.ask(port, f"{path}?utm_source=x").body == plain.body
    assert nginx.program.answers == []
    limited = nginx.ask(port, f"{path}?limit=1")
    assert limited.body == nginx.room.get(f"{path}?limit=1").data
    assert nginx.ask(port, "/search?q=strike").status == 200
    missing = nginx.ask(port, "/topics/nope.atom")
    assert (missing.status, b"Nothing here" in missing.body) == (404, True)
    assert nginx.ask(port, "/topics/labor+nope").status == 404
    assert len(nginx.program.answers) == 4
    assert nginx.ask(port, "/embed/labor+labor.js").status == 200
