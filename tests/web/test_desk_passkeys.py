"""Passkeys: every answer is checked, counts once, and only for a while."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aggregator.web.desk.passkeys import CHALLENGE_AGE, are_passkeys_possible
from tests.harness.authenticator import Authenticator
from tests.harness.desk import DeskUser

PASSWORD = "correct horse battery"
ORIGIN = "https://commons.example"


@pytest.fixture
def device() -> Authenticator:
    """A device of the operator."""
    return Authenticator(ORIGIN)


def _add(desk: DeskUser, device: Authenticator, name: str = "Laptop") -> TestResponse:
    options = json.loads(desk.post("/passkeys/options").data)
    return desk.post("/passkeys", name=name, answer=device.makes(options))


def _options(client: FlaskClient) -> dict[str, Any]:
    response = client.post("/desk/login/passkey/options", base_url=ORIGIN)
    options: dict[str, Any] = json.loads(response.data)
    return options


def _log_in(client: FlaskClient, answer: str) -> TestResponse:
    return client.post("/desk/login/passkey", data={"answer": answer}, base_url=ORIGIN)


def test_a_passkey_logs_in_once_for_each_challenge(desk: DeskUser, device: Authenticator) -> None:
    """What it has signed cannot be sent again."""
    assert _add(desk, device).status_code == 303
    client = desk.stranger
    answer = device.signs(_options(client))
    assert _log_in(client, answer).status_code == 303
    assert client.get("/desk/", base_url=ORIGIN).status_code == 200
    again = _log_in(desk.stranger, answer)
    assert again.status_code == 403
    assert "This passkey was not accepted" in again.text
    (passkey,) = desk.newsroom.store.operators.passkeys("ana")
    assert (passkey.name, passkey.sign_count) == ("Laptop", 1)
    assert passkey.last_used_at is not None


def test_a_challenge_counts_for_five_minutes(desk: DeskUser, device: Authenticator) -> None:
    """Then the page must be loaded again."""
    _add(desk, device)
    answer = device.signs(_options(desk.stranger))
    with time_machine.travel(desk.newsroom.now + CHALLENGE_AGE + timedelta(minutes=2)):
        assert _log_in(desk.stranger, answer).status_code == 403


def _of_another_site(device: Authenticator) -> None:
    device.origin = "https://commons.example.evil.example"


def _without_verification(device: Authenticator) -> None:
    device.is_verifying = False


@pytest.mark.parametrize(
    "change", [_of_another_site, _without_verification], ids=lambda each: each.__name__
)
def test_a_signature_that_does_not_count(
    desk: DeskUser, device: Authenticator, change: Any
) -> None:
    """For another site, or of a device that anybody could have touched."""
    _add(desk, device)
    change(device)
    assert _log_in(desk.stranger, device.signs(_options(desk.stranger))).status_code == 403


def test_a_copied_device_is_noticed(desk: DeskUser, device: Authenticator) -> None:
    """One that has counted fewer signatures than the last."""
    _add(desk, device)
    for _ in range(3):
        assert _log_in(desk.stranger, device.signs(_options(desk.stranger))).status_code == 303
    device._count = 0
    assert _log_in(desk.stranger, device.signs(_options(desk.stranger))).status_code == 403


@pytest.mark.parametrize(
    "answer",
    ["", "x", "[]", "{}", '{"credential": 1, "challenge": "a"}', "[" * 100_000,
     '{"credential": {}, "challenge": "a"}', '{"credential": {"id": "x"}, "challenge": null}'],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_no_answer(desk: DeskUser, device: Authenticator, answer: str) -> None:
    """It is refused, when logging in and when adding."""
    _add(desk, device)
    assert _log_in(desk.stranger, answer).status_code == 403
    options = _options(desk.stranger)
    filled = json.dumps({"credential": {"id": device.credential_id.hex()}, **options})
    assert _log_in(desk.stranger, filled).status_code == 403
    added = desk.post("/passkeys", name="Phone", answer=answer)
    assert added.status_code == 400
    assert "This passkey was not accepted" in added.text
    assert len(desk.newsroom.store.operators.passkeys("ana")) == 1


def test_a_second_factor_is_that_of_the_same_operator(
    desk: DeskUser, device: Authenticator
) -> None:
    """Another operator's passkey does not finish a login that a password began."""
    _add(desk, device)
    desk.is_owner("ben", PASSWORD)
    ben, other = DeskUser(desk.newsroom), Authenticator(ORIGIN)
    ben.logs_in("ben", PASSWORD)
    assert _add(ben, other).status_code == 303
    assert desk.post("/passkeys/use", do="both").status_code == 303
    given = {"name": "ana", "password": PASSWORD}
    page = desk.stranger.post("/desk/login", data=given, base_url=ORIGIN)
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    found = re.search(r'data-options="([^"]+)"', page.text)
    assert found
    options = json.loads(found[1].replace("&#34;", '"'))
    assert _log_in(desk.stranger, other.signs(options)).status_code == 403
    page = desk.stranger.post("/desk/login", data=given, base_url=ORIGIN)
    found = re.search(r'data-options="([^"]+)"', page.text)
    assert found
    options = json.loads(found[1].replace("&#34;", '"'))
    assert _log_in(desk.stranger, device.signs(options)).status_code == 303


def test_passkeys_of_others_are_not_touched(desk: DeskUser, device: Authenticator) -> None:
    """Each operator manages their own; a passkey cannot be added twice."""
    _add(desk, device)
    desk.is_owner("ben", PASSWORD)
    ben = DeskUser(desk.newsroom)
    ben.logs_in("ben", PASSWORD)
    (passkey,) = desk.newsroom.store.operators.passkeys("ana")
    assert ben.post("/passkeys/remove", passkey=passkey.credential_id).status_code == 404
    assert "is registered already" in _add(ben, device).text
    assert "Laptop" not in ben.get("/passkeys").text
    answer = device.signs(_options(desk.stranger))
    assert desk.post("/passkeys/remove", passkey=passkey.credential_id).status_code == 303
    assert _log_in(desk.stranger, answer).status_code == 403


@pytest.mark.parametrize(
    ("how", "sentence"), [("both", "Add a passkey first."), ("only", "Add a passkey first.")]
)
def test_nobody_is_locked_out(desk: DeskUser, how: str, sentence: str) -> None:
    """By a choice that leaves no way in."""
    assert sentence in desk.post("/passkeys/use", do=how).text
    assert desk.post("/passkeys/use", do="x").status_code == 400


@pytest.mark.parametrize(
    ("url", "is_possible"),
    [("https://news.example", True), ("http://news.example", False), ("http://localhost:80", True),
     ("http://127.0.0.1:8080", False), ("https://192.0.2.1", False), ("https://[::1]", False)],
)  # fmt: skip
def test_where_browsers_have_passkeys(url: str, is_possible: bool) -> None:
    """Under https and a name, and on localhost."""
    assert are_passkeys_possible(url) is is_possible


def test_a_passkey_alone_is_not_enough_as_a_second_factor(
    desk: DeskUser, device: Authenticator
) -> None:
    """A challenge that anybody may ask for does not replace the password."""
    _add(desk, device)
    desk.post("/passkeys/use", do="both")
    client = desk.stranger
    assert _log_in(client, device.signs(_options(client))).status_code == 403
    assert client.get("/desk/", base_url=ORIGIN).status_code == 303


def test_nobody_fills_the_database_with_challenges(desk: DeskUser, device: Authenticator) -> None:
    """Without a passkey there is none; with one, the oldest go first."""
    response = desk.stranger.post("/desk/login/passkey/options", base_url=ORIGIN)
    assert response.status_code == 404
    _add(desk, device)
    first = _options(desk.stranger)
    store, now = desk.newsroom.store.operators, desk.newsroom.now
    for number in range(1000):
        store.add_challenge(f"c{number}", "", now + timedelta(minutes=2))
    assert _log_in(desk.stranger, device.signs(first)).status_code == 403
