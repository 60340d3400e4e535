"""Who a proxy for single sign-on names, and is let in: off by default, believed of nobody else."""

import pytest
from werkzeug.test import TestResponse

from aggregator.web.desk.access import COOKIE
from tests.harness.desk import DeskUser
from tests.harness.newsroom import Newsroom

PASSWORD = "correct horse battery"


@pytest.fixture
def behind_proxy(newsroom: Newsroom) -> Newsroom:
    """A newsroom that believes a proxy on 10.0.0.1, with an operator."""
    newsroom.change(
        "[fetch]",
        '[publish]\ntrusted_proxies = ["10.0.0.1"]\n[desk]\nuser_header = "X-Remote-User"\n[fetch]',
    )
    DeskUser(newsroom).is_owner("ana", PASSWORD)
    return newsroom


def _named(newsroom: Newsroom, peer: str, name: str) -> tuple[DeskUser, TestResponse]:
    user = DeskUser(newsroom, {"REMOTE_ADDR": peer, "HTTP_X_REMOTE_USER": name,
                               "HTTP_HOST": "commons.example"})  # fmt: skip
    return user, user.get("/operators")


def test_a_trusted_proxy_names_the_operator(behind_proxy: Newsroom) -> None:
    """Who gets a session of their own; without the header, the login is as ever."""
    user, page = _named(behind_proxy, "10.0.0.1", "ana")
    assert page.status_code == 200
    assert COOKIE in page.headers["Set-Cookie"]
    user._read_token()
    assert user.post("/operators", name="ben", password=PASSWORD, role="editor").status_code == 303
    assert behind_proxy.store.operators.audit_log(1)[0].operator == "ana"
    assert _named(behind_proxy, "10.0.0.1", "")[1].status_code == 303
    assert user.post("/operators", csrf="x", name="c").status_code == 403


@pytest.mark.parametrize(
    ("peer", "name", "status"),
    [("10.0.0.2", "ana", 303), ("127.0.0.1", "ana", 303), ("10.0.0.1", "eve", 403)],
)
def test_nobody_else_is_believed(behind_proxy: Newsroom, peer: str, name: str, status: int) -> None:
    """Another peer with the same header, and a name that is not an operator's."""
    page = _named(behind_proxy, peer, name)[1]
    assert page.status_code == status
    assert "Set-Cookie" not in page.headers


def test_the_header_is_off_by_default(desk: DeskUser) -> None:
    """Whatever a proxy sends."""
    desk.newsroom.change("[fetch]", '[publish]\ntrusted_proxies = ["10.0.0.1"]\n[fetch]')
    assert _named(desk.newsroom, "10.0.0.1", "ana")[1].status_code == 303


def test_a_session_of_somebody_else_ends(behind_proxy: Newsroom) -> None:
    """The proxy says who it is, not the cookie of who was there before."""
    DeskUser(behind_proxy).is_owner("ben", PASSWORD)
    user, _ = _named(behind_proxy, "10.0.0.1", "ana")
    user.client.environ_base["HTTP_X_REMOTE_USER"] = "ben"
    page = user.get("/operators")
    assert COOKIE in page.headers["Set-Cookie"]
    assert "<p>ben</p>" in page.text


def test_a_name_in_any_script(behind_proxy: Newsroom) -> None:
    """Headers are bytes; proxies send UTF-8."""
    DeskUser(behind_proxy).is_owner("José", PASSWORD)
    sent = "José".encode().decode("latin-1")
    assert _named(behind_proxy, "10.0.0.1", sent)[1].status_code == 200
