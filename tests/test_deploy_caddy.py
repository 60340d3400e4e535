"""deploy/Caddyfile in a real Caddy, with TLS: readers, subscribers and the desk behind it."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.caddy import CADDY, CaddySite, sample_caddy
from tests.harness.desk import DeskUser
from tests.harness.newsroom import Newsroom, article
from tests.harness.servers import Served, serving

pytestmark = pytest.mark.skipif(not CADDY, reason="caddy is not installed (apt-get caddy)")

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def program(newsroom: Newsroom) -> Iterator[Served]:
    """The server of a newsroom with one story and an owner."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("A strike", "Long. " * 200))
    newsroom.ingests()
    DeskUser(newsroom).is_owner("ada", "a long password")
    with serving(newsroom.reader.application) as served:
        yield served


@pytest.fixture
def caddy(program: Served, tmp_path: Path) -> Iterator[CaddySite]:
    """Caddy in front of the program."""
    with sample_caddy(tmp_path, program.url.removeprefix("http://"), "commons.example") as site:
        yield site


def test_feeds_through_caddy(newsroom: Newsroom, caddy: CaddySite) -> None:
    """The same bytes, compressed by the program, and 304 for a known ETag."""
    response, plain = caddy.request("/all.atom")
    _, packed = caddy.request("/all.atom", Accept_Encoding="gzip")
    known, _ = caddy.request("/all.atom", If_None_Match=str(response.headers["ETag"]))

    assert plain == newsroom.get("/all.atom").data
    assert gzip.decompress(packed) == plain
    assert known.status == 304


def test_caddy_keeps_metrics_inside(program: Served, caddy: CaddySite) -> None:
    """Strangers get no metrics, even with headers of a proxy."""
    assert caddy.request("/metrics")[0].status == 404
    assert caddy.request("/metrics", X_Forwarded_For="127.0.0.1")[0].status == 404
    assert program.answers == []


def test_the_desk_through_caddy(caddy: CaddySite) -> None:
    """A stranger gets the login; an operator logs in, with a cookie for TLS only."""
    stranger, _ = caddy.request("/desk/")
    form = b"name=ada&password=a+long+password"
    login, _ = caddy.request("/desk/login", "POST", form, Content_Type=FORM)
    cookie = str(login.headers["Set-Cookie"])
    desk, page = caddy.request("/desk/sources", Cookie=cookie.partition(";")[0])

    assert (stranger.status, stranger.headers["Location"]) == (303, "/desk/login?next=/desk/")
    assert login.status == 303
    assert "; Secure" in cookie
    assert desk.status == 200
    assert b"harbor" in page
