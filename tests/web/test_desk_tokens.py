"""Programs of operators: stories posted with a token, alerts read with one; and by hand."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import feedparser
import pytest
from werkzeug.test import TestResponse

from aggregator.model import Alert
from aggregator.web.desk.commands import RUNNING
from tests.harness.desk import DeskUser
from tests.harness.newsroom import article

URL = "https://elsewhere.example/dockers-win"


def _token(desk: DeskUser, scope: str = "stories") -> str:
    page = desk.post("/tokens", name="Bot", scope=scope).text
    found = re.search(r'<code class="line">(?:[^<]*token=)?([\w-]+)</code>', page)
    assert found is not None
    return found[1]


def _api(desk: DeskUser, token: str, **body: object) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return desk.stranger.post("/desk/api/stories", json=body, headers=headers)


@pytest.fixture
def desk(desk: DeskUser) -> DeskUser:
    """A desk whose feeds.toml is on disk, for the commands that it runs."""
    desk.newsroom.config.path.write_text(desk.newsroom.written)
    return desk


def test_a_program_posts_a_story(desk: DeskUser) -> None:
    """It gets the story's id and page; the log names its operator; the token is kept as a hash."""
    token = _token(desk)
    response = _api(
        desk, token, url=URL, title="Dockers win", topics=["rain"], outlet="The Elsewhere Post",
        summary="They won.",
    )  # fmt: skip

    assert response.status_code == 201, response.text
    assert response.json is not None
    id_ = response.json["id"]
    assert response.json == {
        "id": id_, "url": f"https://commons.example/stories/{id_}", "title": "Dockers win",
        "topics": ["rain"], "is_new": True,
    }  # fmt: skip
    page = desk.newsroom.get(f"/stories/{id_}").text
    assert "The Elsewhere Post" in page
    assert f'href="{URL}"' in page
    entry = desk.newsroom.store.operators.audit_log(1)[0]
    assert (entry.operator, entry.action, entry.subject, entry.detail) == (
        "ana",
        "posted",
        id_,
        URL,
    )
    assert token not in str(desk.newsroom.store.operators.tokens())
    assert desk.newsroom.store.operators.tokens()[0].last_used_at is not None
    assert _api(desk, token, url=URL, title="Dockers win").status_code == 200


def test_a_form_of_a_script_is_taken_too(desk: DeskUser) -> None:
    """As curl sends it."""
    headers = {"Authorization": f"bearer {_token(desk)}"}
    data = {"url": URL, "title": "Dockers win", "topics": ["rain", "labor"]}
    response = desk.stranger.post("/desk/api/stories", data=data, headers=headers)
    assert response.status_code == 201, response.text
    assert response.json is not None
    assert sorted(response.json["topics"]) == ["labor", "rain"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "url: Give the address of the article."),
        ({"url": URL}, "title: Give the headline of the article."),
        ({"url": "ftp://x", "title": "A"}, "'ftp://x' is not the address of a web page."),
        ({"url": "--help", "title": "A"}, "'--help' is not the address of a web page."),
        ({"url": URL, "title": "A", "topics": "rain"}, "topics must be a list of topic ids."),
        ({"url": URL, "title": "A", "topics": [1]}, "topics must be a list of topic ids."),
        ({"url": URL, "title": "A", "topics": ["x"]}, "There is no topic 'x' in feeds.toml"),
        ({"url": URL, "title": "A\0"}, "a character that is not allowed"),
        ({"url": URL, "title": "A", "published": "soon"}, "is not a date such as 2026-11-30"),
        ({"url": URL, "title": ["A"] * 200}, "The headline has"),
        ({"url": URL, "title": "A", "summary": "x" * 200_000}, "The text is too long"),
        ({"url": URL, "title": "A\ud800"}, "a character that is not allowed"),
        ({"url": URL, "title": "A", "topics": ["\ud800"]}, "a character that is not allowed"),
    ],
)
def test_a_wrong_story_is_answered_with_a_sentence(
    desk: DeskUser, body: dict[str, object], sentence: str
) -> None:
    """As JSON; nothing is stored."""
    before = list(desk.newsroom.store.stories.ids())
    response = _api(desk, _token(desk), **body)
    assert response.status_code == 400
    assert response.json is not None
    assert sentence in response.json["error"]
    assert list(desk.newsroom.store.stories.ids()) == before


def test_who_may_not(desk: DeskUser) -> None:
    """No token, a wrong one, one for something else, a revoked one, a session in its place."""
    assert _api(desk, "").status_code == 401
    assert _api(desk, "x" * 32).headers["WWW-Authenticate"] == "Bearer"
    assert _api(desk, _token(desk, "alerts"), url=URL, title="A").status_code == 403
    assert desk.post("/api/stories", url=URL, title="A").status_code == 401
    path = f"/desk/api/stories?token={_token(desk)}"
    assert desk.stranger.post(path, json={"url": URL, "title": "A"}).status_code == 401
    token = _token(desk)
    for each in desk.newsroom.store.operators.tokens():
        assert desk.post("/tokens/revoke", token=each.token_hash).status_code == 303
    assert _api(desk, token, url=URL, title="A").status_code == 401
    assert desk.post("/tokens/revoke", token="x").status_code == 404


def test_a_token_opens_nothing_else(desk: DeskUser) -> None:
    """No page of the desk."""
    headers = {"Authorization": f"Bearer {_token(desk)}"}
    assert desk.stranger.get("/desk/operators", headers=headers).status_code == 302 + 1


@pytest.mark.parametrize(
    ("form", "status"),
    [({"name": "", "scope": "stories"}, 400), ({"name": "x" * 61, "scope": "alerts"}, 400),
     ({"name": "Bot", "scope": "everything"}, 400)],
)  # fmt: skip
def test_a_token_needs_a_name(desk: DeskUser, form: dict[str, str], status: int) -> None:
    """And something that it is for."""
    assert desk.post("/tokens", **form).status_code == status
    assert desk.newsroom.store.operators.tokens() == []


# ---- alerts


def test_alerts_are_read_in_a_feed_reader(desk: DeskUser) -> None:
    """An entry when one starts, and another when it is resolved, for whoever has the address."""
    store, now = desk.newsroom.store, desk.newsroom.now
    alert = Alert(kind="failing", subject="harbor", sentence="503 <b>", started_at=now, seen_at=now)
    store.alerts.save([alert], [])
    resolved = replace(store.alerts.current()[0], resolved_at=now + timedelta(hours=1))
    token = _token(desk, "alerts")

    first = desk.stranger.get(f"/desk/alerts.atom?token={token}")
    store.alerts.save([resolved], [])
    second = desk.stranger.get(f"/desk/alerts.atom?token={token}")

    assert first.status_code == 200
    assert first.content_type == "application/atom+xml; charset=utf-8"
    assert first.headers["Cache-Control"] == "no-store"
    (entry,) = feedparser.parse(first.data).entries
    assert entry.title == "Harbor cannot be fetched"
    assert "503 <b>" in unescape(entry.content[0].value)
    assert entry.link == "https://commons.example/desk/sources/harbor"
    entries = feedparser.parse(second.data).entries
    assert [e.title for e in entries] == [f"Resolved: {entry.title}", entry.title]
    assert entries[1].id == entry.id
    assert desk.stranger.get("/desk/alerts.atom").status_code == 401
    assert desk.stranger.get(f"/desk/alerts.atom?token={_token(desk)}").status_code == 403


def test_the_page_of_alerts(desk: DeskUser) -> None:
    """What was sent, and that nobody gets it."""
    store, now = desk.newsroom.store, desk.newsroom.now
    alert = Alert(kind="quiet", subject="harbor", sentence="Silence.", started_at=now, seen_at=now)
    store.alerts.save([alert], [])
    page = desk.get("/alerts").text
    assert "Harbor has gone quiet" in page
    assert "No one gets them: add the table [alerts] to feeds.toml." in page


# ---- by hand


def test_a_story_is_posted_by_hand(desk: DeskUser) -> None:
    """The form is filled by the bookmarklet; a mistake keeps what was typed."""
    page = desk.get('/post?url=https://elsewhere.example/x&title="<b>Win&summary=Text').text
    assert 'value="https://elsewhere.example/x"' in page
    assert 'value="&#34;&lt;b&gt;Win"' in page
    assert "javascript:(()=&gt;{" in page
    wrong = desk.post("/post", url="ftp://x", title="Win", summary="Text", topic="rain")
    assert wrong.status_code == 400
    assert "is not the address of a web page" in wrong.text
    assert 'value="rain" checked' in wrong.text
    done = desk.post("/post", url=URL, title="Win", topic="rain")
    assert done.status_code == 303, done.text
    assert "Win" in desk.newsroom.titles("/topics/rain.atom")

    (entry,) = desk.newsroom.store.operators.audit_log(1)
    assert desk.post(f"/undo/{entry.id}").status_code == 303
    assert "Win" not in desk.newsroom.titles("/topics/rain.atom")
    (takedown,) = desk.newsroom.store.stories.takedowns()
    assert takedown.reason == "posted by mistake"


def test_a_post_that_an_outlet_has_too_is_not_undone(desk: DeskUser) -> None:
    """Its story is the outlet's."""
    given = {"url": URL, "title": "Win", "published": desk.newsroom.now.isoformat()}
    assert desk.post("/post", **given).status_code == 303
    (entry,) = desk.newsroom.store.operators.audit_log(1)
    desk.newsroom.publishes("harbor", article("Win", link=URL))
    desk.newsroom.ingests(later=timedelta(hours=1))

    refused = desk.post(f"/undo/{entry.id}")
    assert refused.status_code == 400
    assert "Outlets have this article too" in refused.text
    assert "Win" in desk.newsroom.titles("/all.atom")


def test_a_busy_desk_says_when_to_try_again(desk: DeskUser) -> None:
    """To a program, which takes 400 as final."""
    token = _token(desk, "stories")
    with RUNNING, RUNNING:
        busy = _api(desk, token, url=URL, title="Win")
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "60")
