"""deploy/nginx.conf in a real nginx, with only ports and folders changed."""

import gzip
import http.client
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from aggregator.cli import main
from aggregator.demo.drawings import landscape
from aggregator.demo.press import CannedResponse
from aggregator.site import ROUTES
from tests.harness.desk import DeskUser
from tests.harness.newsroom import Newsroom, article
from tests.harness.nginx import NGINX, sample_nginx
from tests.harness.servers import Served, serving

pytestmark = pytest.mark.skipif(not NGINX, reason="nginx is not installed (apt-get nginx-light)")


@dataclass
class Response:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Nginx:
    """Both servers of the sample configuration, by port."""

    proxy_port: int
    static_port: int
    program: Served
    newsroom: Newsroom
    public: Path = field(default_factory=Path)

    def request(
        self, port: int, path: str, method: str = "GET", body: bytes = b"", **headers: str
    ) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, headers=named)
        got = connection.getresponse()
        names = {name for name, _ in got.getheaders()}
        found = {name: ", ".join(got.headers.get_all(name, ())) for name in names}
        answer = Response(got.status, found, got.read())
        connection.close()
        return answer


@pytest.fixture
def nginx(newsroom: Newsroom, tmp_path: Path) -> Iterator[Nginx]:
    """A newsroom with one story, its server, its static export, and nginx in front of both."""
    newsroom.lists("harbor", images='"own"')
    newsroom.lists("wire", images='"outlet"')
    newsroom.has_topic("labor", "strike")
    newsroom.press.put("/a.jpg", CannedResponse(body=landscape("a")))
    image = f"{newsroom.press.url}/a.jpg"
    newsroom.publishes("harbor", article("A strike", "Long. " * 200, image=image))
    newsroom.publishes("wire")
    newsroom.ingests()
    newsroom.fetches_pictures()
    (tmp_path / "feeds.toml").write_text(newsroom.written)
    public = tmp_path / "public"
    command = ["--config", str(tmp_path / "feeds.toml"), "publish", str(public)]
    assert CliRunner().invoke(main, command).exit_code == 0
    with (
        serving(newsroom.reader.application) as program,
        sample_nginx(tmp_path, program.url.removeprefix("http://")) as ports,
    ):
        yield Nginx(*ports, program, newsroom, public)


def test_nginx_caches_feeds_but_not_pages(nginx: Nginx) -> None:
    """nginx caches feeds by encoding, caches no page, and sends 304 itself."""
    path, port = "/topics/labor.atom", nginx.proxy_port
    plain = nginx.request(port, path)
    packed = nginx.request(port, path, Accept_Encoding="gzip")
    again = nginx.request(port, path, Accept_Encoding="gzip")
    page = nginx.request(port, path, Sec_Fetch_Dest="document")
    known = nginx.request(port, path, If_None_Match=plain.headers["ETag"])

    assert plain.body == nginx.newsroom.get(path).data
    assert gzip.decompress(packed.body) == gzip.decompress(again.body) == plain.body
    assert again.headers["X-Cache"] == "HIT"
    assert b"This address is a feed" in page.body
    for _ in range(2):
        assert nginx.request(port, path).body == plain.body
        assert nginx.request(port, path, Sec_Fetch_Dest="document").headers["X-Cache"] != "HIT"
    assert known.status == 304
    assert nginx.request(port, "/healthz").status == 503  # fetched long ago, by the test's clock
    request_count = len(nginx.program.answers)
    for _ in range(5):
        nginx.request(port, path)
    assert len(nginx.program.answers) == request_count
    for file in (nginx.public.parent / "cache").iterdir():  # as in docs/operating.md
        file.unlink()
    assert nginx.request(port, path).body == plain.body
    assert len(nginx.program.answers) == request_count + 1


def test_nginx_serves_the_static_export(nginx: Nginx) -> None:
    """The export has the same bytes; requests with parameters go to the program."""
    path, port = "/topics/labor.atom", nginx.static_port
    plain = nginx.request(port, path)
    packed = nginx.request(port, path, Accept_Encoding="gzip")
    page = nginx.request(port, path, Sec_Fetch_Dest="document")

    assert plain.body == gzip.decompress(packed.body) == nginx.newsroom.get(path).data
    assert plain.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert plain.headers["Access-Control-Allow-Origin"] == "*"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert set(packed.headers["Vary"].split(", ")) == {"Accept-Encoding", "Sec-Fetch-Dest"}
    assert nginx.request(port, path, If_None_Match=plain.headers["ETag"]).status == 304
    assert b"This address is a feed" in page.body
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "private, no-store"
    assert nginx.request(port, "/topics/labor").body == nginx.newsroom.get("/topics/labor").data
    assert nginx.request(port, "/").status == 200
    assert nginx.request(port, "/.published").status == 404
    preflight = nginx.request(port, path, "OPTIONS")
    assert preflight.status == 204
    assert "If-None-Match" in preflight.headers["Access-Control-Allow-Headers"]
    script = nginx.request(port, "/embed/labor.js")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    frame = nginx.request(port, "/embed/labor")
    assert "frame-ancestors *" in frame.headers["Content-Security-Policy"]
    assert nginx.program.answers == []

    assert nginx.request(port, f"{path}?utm_source=x").body == plain.body
    assert nginx.program.answers == []
    limited = nginx.request(port, f"{path}?limit=1")
    assert limited.body == nginx.newsroom.get(f"{path}?limit=1").data
    assert nginx.request(port, "/search?q=strike").status == 200
    missing = nginx.request(port, "/topics/nope.atom")
    assert (missing.status, b"no feed or page" in missing.body) == (404, True)
    assert nginx.request(port, "/topics/labor+nope").status == 404
    assert len(nginx.program.answers) == 4
    assert nginx.request(port, "/embed/labor+labor.js").status == 200


SAME_HEADERS = ("Content-Type", "Content-Security-Policy", "Access-Control-Allow-Origin")


def test_nginx_sends_every_file_as_the_program_does(nginx: Nginx) -> None:
    """With its type, and with what a browser may do with it."""
    paths = [route.template for route in ROUTES if route.is_fixed] + ["/removed.json"]
    shown = [path for path in paths if nginx.newsroom.get(path).status_code == 200]

    for path in shown:
        ours, theirs = nginx.newsroom.get(path), nginx.request(nginx.static_port, path)
        assert theirs.status == 200, path
        assert theirs.body == ours.data, path
        found = {name: theirs.headers.get(name) for name in SAME_HEADERS}
        assert found == {name: ours.headers.get(name) for name in SAME_HEADERS}, path
    assert len(shown) > 20
    assert nginx.program.answers == []
    nginx.request(nginx.static_port, "/removed.json?since=2026-10-05T12:00:00Z")
    assert len(nginx.program.answers) == 1


def test_the_desk_through_nginx(nginx: Nginx) -> None:
    """Both variants: an operator logs in, every page comes from the program, and nobody else gets
    what nginx may have kept."""
    DeskUser(nginx.newsroom).is_owner("ada", "a long password")
    form = b"name=ada&password=a+long+password"
    kind = "application/x-www-form-urlencoded"
    for port in (nginx.proxy_port, nginx.static_port):
        login = nginx.request(port, "/desk/login", "POST", form, Content_Type=kind)
        cookie = login.headers["Set-Cookie"].partition(";")[0]
        assert login.status == 303
        for _ in range(2):
            page = nginx.request(port, "/desk/sources", Cookie=cookie)
            assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
            assert page.headers.get("X-Cache") is None
            assert b"Harbor" in page.body
            stranger = nginx.request(port, "/desk/sources")
            assert (stranger.status, stranger.body.count(b"Harbor")) == (303, 0)
        wrong = nginx.request(port, "/desk/api/stories", "POST", b"{}")
        assert wrong.status == 401
        assert nginx.request(port, "/desk/alerts.atom?token=x").status == 401


def test_nginx_keeps_metrics_and_the_desk_from_strangers(nginx: Nginx) -> None:
    """Both variants: no metrics, and without an operator no desk."""
    for port in (nginx.proxy_port, nginx.static_port):
        for path in ("/metrics", "/desk/", "/desk/login", "/desk/enter?key=x"):
            assert nginx.request(port, path).status == 404, (port, path)
    assert "/metrics" not in [path for path, _ in nginx.program.answers]
