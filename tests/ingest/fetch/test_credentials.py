"""Logins and secret headers: where they come from, and where they never appear."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from aggregator.demo.press import CannedResponse, Press, Request
from aggregator.model import Fetched
from tests.harness.fetching import LOOPBACK, error_of, fetch, redirect, source_at

# ---- secrets ---------------------------------------------------------------------------


def test_credentials_come_from_the_environment(press: Press) -> None:
    """A source's login and headers are read from environment variables."""
    press.put("/f", redirect("http://127.0.0.2:1/elsewhere"))
    listed = source_at(f"{press.url}/f", basic_auth="LOGIN", headers={"X-Key": "KEY"})

    fetch(listed, environment={"LOGIN": "user:secret", "KEY": "k"})

    (request,) = press.requests
    assert request.headers["authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert request.headers["x-key"] == "k"


def test_a_redirect_does_not_carry_the_login(press: Press) -> None:
    """A redirect to another host does not carry the login."""
    seen: list[Request] = []

    def remember(request: Request) -> CannedResponse:
        seen.append(request)
        return CannedResponse(body=b"<rss/>")

    port = press.url.rpartition(":")[2]
    press.put("/f", redirect(f"http://localhost:{port}/g"))
    press.put("/g", remember)

    fetch(
        source_at(f"{press.url}/f", basic_auth="LOGIN"),
        environment={"LOGIN": "user:secret"},
        allow_private=(LOOPBACK, ip_network("::1/128")),
    )

    assert "authorization" not in seen[0].headers


def test_a_repeated_login_is_not_shown(press: Press) -> None:
    """Secrets that a server repeats are neither in an error nor in a redirect."""
    listed = source_at(f"{press.url}/f", basic_auth="LOGIN", headers={"X-Key": "KEY"})
    environment = {"LOGIN": "joe:S3cretTok3n9", "KEY": "k3y-k3y-k3y"}

    def repeats(request: Request) -> CannedResponse:
        reply = f"no {request.headers['authorization']} {request.headers['x-key']} S3cretTok3n9"
        return CannedResponse(status=302, headers={"Location": f"foo:{reply}"})

    press.put("/f", repeats)
    error = error_of(fetch(listed, environment=environment))
    assert not any(word in error for word in ("S3cretTok3n9", "k3y-k3y-k3y", "am9l"))

    press.put("/f", CannedResponse(status=301, headers={"Location": "/g?auth=S3cretTok3n9"}))
    press.put("/g?auth=S3cretTok3n9", CannedResponse(body=b"<rss/>"))
    moved = fetch(listed, environment=environment)
    assert isinstance(moved, Fetched)
    assert moved.redirected_to == ""


def test_a_repeated_login_is_not_stored(press: Press) -> None:
    """Secrets that a server repeats in its ETag or as its hub are not remembered."""
    listed = source_at(f"{press.url}/f", basic_auth="LOGIN")
    headers = {
        "ETag": '"S3cretTok3n9"',
        "Link": "<https://hub.example/?k=S3cretTok3n9>; rel=hub, <https://a.example/>; rel=self",
    }
    press.put("/f", CannedResponse(body=b"<rss/>", headers=headers))

    result = fetch(listed, environment={"LOGIN": "joe:S3cretTok3n9"})

    assert isinstance(result, Fetched)
    assert "S3cretTok3n9" not in repr(replace(result, body=b""))
    assert result.validators.body_hash


@pytest.mark.parametrize(
    "target", ["gopher://joe:pw1234@x.example/", "gopher://joe@x.example", "http://joe:pw1234@[x/"]
)
def test_a_login_in_a_redirect_is_not_shown(press: Press, target: str) -> None:
    """Neither user nor password."""
    press.put("/f", CannedResponse(status=302, headers={"Location": target}))

    error = error_of(fetch(source_at(f"{press.url}/f")))

    assert "joe" not in error
    assert "pw1234" not in error


@pytest.mark.parametrize("login", ["user:se\ncret", "user:se\x01cret"])
def test_a_login_with_control_characters_is_refused(press: Press, login: str) -> None:
    """A login with control characters has an error of its own."""
    error = error_of(
        fetch(source_at(f"{press.url}/f", basic_auth="LOGIN"), environment={"LOGIN": login})
    )

    assert error == "The environment variable LOGIN holds more than one line of text."


def test_a_missing_login_is_reported(press: Press) -> None:
    """The error names the missing variable, and nothing is sent."""
    error = error_of(fetch(source_at(f"{press.url}/f", basic_auth="LOGIN")))

    assert error.startswith("The environment variable LOGIN")
    assert press.requests == []
