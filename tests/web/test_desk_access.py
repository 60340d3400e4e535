"""Who may use the desk: every route, without a session, without a token, from elsewhere."""

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aggregator.model import Operator
from aggregator.site_app import create_wsgi_app
from aggregator.web.desk.access import COOKIE, SESSION_AGE, new_link
from aggregator.web.desk.guard import PUBLIC_ENDPOINTS, TOKEN_SCOPES
from aggregator.web.desk.passwords import hash_password, password_problem
from tests.harness.desk import DeskUser
from tests.harness.newsroom import Newsroom, article

PASSWORD = "correct horse battery"
NOW = datetime.now(UTC)


@pytest.fixture
def desk(newsroom: Newsroom) -> DeskUser:
    """An owner who is logged in, in a newsroom with a source, a topic and a story."""
    newsroom.has_topic("labor", "strike")
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("A strike"), article("Rain"))
    newsroom.ingests()
    newsroom.config.path.write_text(newsroom.written)
    user = DeskUser(newsroom)
    user.is_owner("ana", PASSWORD)
    user.logs_in("ana", PASSWORD)
    return user


def _paths(desk: DeskUser) -> list[tuple[str, str, str]]:
    """Every route of the desk: method, path, endpoint."""
    story = desk.newsroom.store.stories.ids().__iter__().__next__()
    values = {"id_": "harbor", "name": "ana", "filename": "desk.css"}
    app = create_wsgi_app(desk.newsroom.config, desk.newsroom.store)
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("desk."):
            continue
        path = rule.rule
        for name, value in values.items():
            section = {"topics": "labor", "stories": story, "undo": "1"}
            value = section.get(path.split("/")[2], value)
            for form in (f"<{name}>", f"<path:{name}>"):
                path = path.replace(form, value)
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [(method, path, rule.endpoint.partition(".")[2]) for method in sorted(methods)]
    assert len(found) > 35
    assert not [path for _, path, _ in found if "<" in path]
    return found


def _sent(client: FlaskClient, method: str, path: str, **options: Any) -> TestResponse:
    sent: TestResponse = client.open(
        path, method=method, base_url="https://commons.example", **options
    )
    sent.close()
    return sent


def test_every_route_refuses_without_a_session(desk: DeskUser) -> None:
    """A page leads to the login, a change is refused, and nothing is shown."""
    for method, path, endpoint in _paths(desk):
        response = _sent(desk.stranger, method, path)
        if endpoint in PUBLIC_ENDPOINTS:
            continue
        if endpoint in TOKEN_SCOPES:
            assert response.status_code == 401, (method, path)
            continue
        assert response.status_code == 303, (method, path)
        assert response.headers["Location"].startswith("/desk/login"), (method, path)


def _refusal(endpoint: str) -> int:
    """The status of a change that is refused; programs must show a token, whatever else they do."""
    return 401 if endpoint in TOKEN_SCOPES else 403


def test_every_change_needs_the_token_of_the_session(desk: DeskUser) -> None:
    """Neither no token nor that of another session is enough."""
    other = DeskUser(desk.newsroom)
    other.logs_in("ana", PASSWORD)
    for method, path, endpoint in _paths(desk):
        if method == "GET" or endpoint in PUBLIC_ENDPOINTS:
            continue
        for token in ("", "x", other.csrf):
            response = _sent(desk.client, method, path, data={"csrf": token})
            assert response.status_code == _refusal(endpoint), (method, path)
    assert desk.newsroom.store.operators.audit_log(99) == []


def test_every_change_must_come_from_our_own_pages(desk: DeskUser) -> None:
    """As browsers say it; the token alone is not enough."""
    foreign = [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"}, {"Origin": "null"},
    ]  # fmt: skip
    for method, path, endpoint in _paths(desk):
        if method == "GET":
            continue
        for headers in foreign:
            response = _sent(desk.client, method, path, data={"csrf": desk.csrf}, headers=headers)
            assert response.status_code == _refusal(endpoint), (method, path, headers)


def test_every_route_refuses_an_old_session(desk: DeskUser) -> None:
    """One that was not used for two weeks, and one that was ended."""
    with time_machine.travel(NOW + SESSION_AGE + timedelta(hours=1), tick=False):
        for method, path, endpoint in _paths(desk):
            if endpoint not in PUBLIC_ENDPOINTS:
                response = _sent(desk.client, method, path, data={"csrf": desk.csrf})
                status = 401 if endpoint in TOKEN_SCOPES else 303
                assert response.status_code == status, (method, path)
    desk.newsroom.store.operators.end_sessions("ana")
    assert desk.get("/").status_code == 303


def test_every_page_says_what_browsers_may_do_with_it(desk: DeskUser) -> None:
    """No cache keeps it, no other site frames it, no script but ours runs in it."""
    for method, path, _ in _paths(desk):
        if method != "GET":
            continue
        headers = _sent(desk.client, method, path).headers
        assert headers["Cache-Control"] == "no-store", path
        assert "default-src 'none'; script-src 'self'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Robots-Tag"] == "noindex"


def test_every_page_answers(desk: DeskUser) -> None:
    """For who is logged in."""
    for method, path, endpoint in _paths(desk):
        if method == "GET" and endpoint not in ("enter", *TOKEN_SCOPES):
            assert _sent(desk.client, method, path).status_code == 200, path


# ---- logging in


def test_the_cookie_is_for_the_desk_and_not_for_scripts(desk: DeskUser) -> None:
    """Behind https it is never sent in the clear; what is stored is not the cookie."""
    cookie = SimpleCookie(desk.login.headers["Set-Cookie"])[COOKIE]

    assert cookie["path"] == "/desk"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["secure"]  # [site] url is https
    (session,) = desk.newsroom.store.operators.sessions("ana")
    assert cookie.value not in (session.token_hash, session.csrf_token)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ana", "wrong password"),
        ("nobody", PASSWORD),
        ("ana", ""),
        ("", ""),
        ("x" * 9999, "y" * 99999),
    ],
)
def test_a_wrong_login_says_nothing_about_the_name(
    desk: DeskUser, name: str, password: str
) -> None:
    """One answer for all."""
    response = desk.stranger.post("/desk/login", data={"name": name, "password": password})

    assert response.status_code == 403
    assert "This name or password is wrong." in response.text
    assert COOKIE not in response.headers.get("Set-Cookie", "")


def test_wrong_passwords_take_longer_and_longer(desk: DeskUser) -> None:
    """Three are free; then each next try waits twice as long, also with the right password, and
    then it is let in."""
    stranger = desk.stranger
    with time_machine.travel(NOW, tick=False) as clock:
        waits = []
        for _ in range(8):
            response = stranger.post("/desk/login", data={"name": "ana", "password": "wrong"})
            while response.status_code == 429:
                waits.append(int(response.headers["Retry-After"]))
                right = {"name": "ana", "password": PASSWORD}
                assert stranger.post("/desk/login", data=right).status_code == 429
                clock.shift(waits[-1] + 1)
                response = stranger.post("/desk/login", data={"name": "ana", "password": "wrong"})
        assert waits == [1, 2, 4, 8, 16]
        clock.shift(60)
        right = {"name": "ana", "password": PASSWORD}
        assert stranger.post("/desk/login", data=right).status_code == 303


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/desk/topics/labor", "/desk/topics/labor"),
        ("/desk/stories?q=a", "/desk/stories?q=a"),
        ("https://evil.example/", "/desk/"),
        ("//evil.example/desk/", "/desk/"),
        ("/desk/\\evil.example", "/desk/"),
        ("/topics/labor", "/desk/"),
        ("javascript:alert(1)", "/desk/"),
    ],
)
def test_a_login_leads_to_a_page_of_the_desk_only(desk: DeskUser, path: str, target: str) -> None:
    """The page that was asked for, and no other site."""
    given = {"name": "ana", "password": PASSWORD, "next": path}

    assert desk.stranger.post("/desk/login", data=given).headers["Location"] == target


def test_an_editor_does_not_decide_who_may(desk: DeskUser) -> None:
    """Only owners add and remove operators."""
    given = {"name": "ben", "password": "another long one", "role": "editor"}
    assert desk.post("/operators", **given).status_code == 303
    ben = DeskUser(desk.newsroom)
    ben.logs_in("ben", "another long one")

    assert ben.get("/").status_code == 200
    assert ben.post("/operators", name="eve", password="a password of eve").status_code == 403
    assert ben.post("/operators/ana/remove").status_code == 403
    assert ben.post("/operators/ana/logout").status_code == 403
    assert "Remove ben" in desk.post("/operators/ben/remove").text
    assert desk.post("/operators/nobody/remove", sure="1").status_code == 404
    assert desk.post("/operators/nobody/logout").status_code == 404
    assert ben.get("/").status_code == 200
    assert desk.post("/operators/ben/remove", sure="1").status_code == 303
    assert ben.get("/").status_code == 303


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "", "password": "long enough 1"}, "A name begins with a letter"),
        ({"name": "<b>", "password": "long enough 1"}, "A name begins with a letter"),
        ({"name": "ana", "password": "long enough 1"}, "There is an operator with this name."),
        ({"name": "ben", "password": "short"}, "at least 10 characters"),
        ({"name": "benjamin", "password": "benjamin 1234"}, "must not contain the name"),
        ({"name": "ben", "password": "aaaaaaaaaaaa"}, "four different characters"),
    ],
)
def test_wrong_input_is_said_at_the_field(
    desk: DeskUser, given: dict[str, str], sentence: str
) -> None:
    """Nobody is added."""
    response = desk.post("/operators", **given)

    assert response.status_code == 400
    assert sentence in response.text
    assert len(desk.newsroom.store.operators.all()) == 1


def test_passwords_are_kept_as_argon2_hashes(desk: DeskUser) -> None:
    """With a salt of their own."""
    operator = desk.newsroom.store.operators.by_name("ana")

    assert operator is not None
    assert operator.password_hash.startswith("$argon2id$")
    assert hash_password(PASSWORD) != hash_password(PASSWORD)
    assert password_problem(PASSWORD, "ana") == ""


# ---- no operator yet

LOCAL = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8080"}


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": "2001:db8::1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_HOST": "news.example"},
        {"HTTP_HOST": "127.0.0.1.evil.example"},
        {"HTTP_HOST": "localhost.evil.example:8080"},
        {"HTTP_HOST": ""},
        {"HTTP_FORWARDED": "for=192.0.2.1"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_HOST": "localhost"},
        {"HTTP_X_FORWARDED_PROTO": ""},
        {"HTTP_VIA": "1.1 proxy"},
    ],
    ids=str,
)
def test_without_an_operator_only_this_machine_gets_in(
    newsroom: Newsroom, environ: dict[str, str]
) -> None:
    """From elsewhere, through a proxy or under another name, there is no desk: not the login, not
    the link, not with a session."""
    client = newsroom.reader
    key = new_link(newsroom.store, NOW)
    for path in ("/desk/", "/desk/login", f"/desk/enter?key={key}", "/desk/sources"):
        found = client.get(path, environ_overrides={**LOCAL, **environ})
        assert found.status_code == 404, path
    assert client.get(f"/desk/enter?key={key}", environ_overrides=LOCAL).status_code == 303
    assert client.get("/desk/", environ_overrides=LOCAL).status_code == 200
    assert client.get("/desk/", environ_overrides={**LOCAL, **environ}).status_code == 404


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:80", "[::1]:8080"])
def test_the_one_time_link_works_once(newsroom: Newsroom, host: str) -> None:
    """A second browser with the same link gets nothing, nor does one without."""
    local = {"REMOTE_ADDR": "::1" if "::" in host else "127.0.0.1", "HTTP_HOST": host}
    key = new_link(newsroom.store, NOW)
    app = create_wsgi_app(newsroom.config, newsroom.store)
    first, second = app.test_client(), app.test_client()

    assert first.get("/desk/", environ_overrides=local).status_code == 404
    assert first.get("/desk/enter?key=wrong", environ_overrides=local).status_code == 404
    assert first.get(f"/desk/enter?key={key}", environ_overrides=local).status_code == 303
    assert first.get("/desk/", environ_overrides=local).status_code == 200
    assert second.get(f"/desk/enter?key={key}", environ_overrides=local).status_code == 404
    assert second.get("/desk/", environ_overrides=local).status_code == 404


def test_the_first_operator_ends_the_way_in_without_one(newsroom: Newsroom) -> None:
    """Who came by the link and adds the first operator goes on as that one; the link of somebody
    else is over."""
    user = DeskUser(newsroom, environ=LOCAL)
    user.enters()
    other = DeskUser(newsroom, environ=LOCAL)
    other.enters()
    key = new_link(newsroom.store, NOW)
    refused = user.post("/operators", name="ana", password=PASSWORD, role="editor")
    assert "The first operator must be an owner." in refused.text

    done = user.post("/operators", name="ana", password=PASSWORD, role="owner")
    assert done.status_code == 303
    page = user.client.get(done.location, base_url="http://127.0.0.1:8080").text
    assert "You are now logged in as ana." in page
    assert other.get("/").status_code == 303
    assert other.client.get(f"/desk/enter?key={key}", environ_overrides=LOCAL).status_code == 404


def test_a_removed_operator_is_out(newsroom: Newsroom) -> None:
    """Though the session is there."""
    store = newsroom.store
    for name in ("ana", "ben"):
        hash_ = hash_password(PASSWORD)
        store.operators.save(Operator(name=name, role="owner", created_at=NOW, password_hash=hash_))
    user = DeskUser(newsroom)
    user.logs_in("ben", PASSWORD)
    store.operators.remove("ben")

    assert user.get("/").status_code == 303


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[fetch]", '[publish]\ntrusted_proxies = ["10.0.0.1"]\n[fetch]'),
        ("[fetch]", '[mail]\nhost = "m.example"\nsender = "a@b.example"\n[fetch]'),
        ('allow_private = ["127.0.0.0/8"]', 'allow_private = ["127.0.0.0/8", "10.0.0.0/8"]'),
        ('id = "harbor"', 'id = "harbor"\nbasic_auth = "HOME"'),
    ],
    ids=["publish", "mail", "fetch", "secret"],
)
def test_an_editor_does_not_decide_what_the_program_may(desk: DeskUser, old: str, new: str) -> None:
    """Where it connects to, whom it believes, which secrets it uses; an owner does."""
    path = desk.newsroom.config.path
    path.write_text(desk.newsroom.written)
    desk.post("/operators", name="eve", password=PASSWORD, role="editor")
    editor = DeskUser(desk.newsroom)
    editor.logs_in("eve", PASSWORD)
    text = path.read_text()
    assert old in text
    changed = text.replace(old, new)
    refused = editor.saves("/file", text=changed, based_on=text)
    assert refused.status_code == 409
    assert "Only an owner may change" in refused.text
    assert path.read_text() == text
    assert editor.saves("/file", text=f"{text}# ours\n", based_on=text).status_code == 303
    text = path.read_text()
    changed = text.replace(old, new)
    assert desk.saves("/file", text=changed, based_on=text).status_code == 303
