"""What operators do at the desk: sources, topics, stories, held stories, feeds.toml."""

import tomllib
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest

from aggregator.demo.press import CannedResponse
from aggregator.model import ALL
from aggregator.web.desk.commands import RUNNING
from tests.harness.desk import DeskUser
from tests.harness.newsroom import article

PASSWORD = "correct horse battery"
RULE = "# our rule\n"


def _file(desk: DeskUser) -> Path:
    return desk.newsroom.config.path


def _source(desk: DeskUser, id_: str) -> dict[str, object]:
    tables = tomllib.loads(_file(desk).read_text())["source"]
    found: dict[str, object] = next(each for each in tables if each["id"] == id_)
    return found


# ---- overview


def test_what_is_broken_comes_first(desk: DeskUser) -> None:
    """Which source, since when, why, and when it is tried again."""
    page = desk.get("/").text

    assert "1 thing needs you" in page
    assert "The server responded with an error. (500 Internal Server Error)" in page
    assert page.index("Broken") < page.index("<h2>28 days</h2>")
    assert "<strong>1</strong><span>source failing" in page


def test_a_bad_file_is_named_with_its_line(desk: DeskUser) -> None:
    """On the overview, with the way to correct it."""
    desk.newsroom.store.config.reject(["line 3: site.url: is missing"], desk.newsroom.now)

    page = desk.get("/").text
    assert "feeds.toml has problems" in page
    assert "line 3: site.url: is missing" in page


# ---- sources


def test_sources_are_filtered_and_sorted(desk: DeskUser) -> None:
    """By words, by state, by what they have brought."""
    assert "No source matches." in desk.get("/sources?q=nowhere").text
    failed = desk.get("/sources?state=failed").text
    assert "/desk/sources/broken" in failed
    assert "/desk/sources/harbor" not in failed
    for query in ("sort=7+days", "sort=name&order=desc", "sort=nonsense&page=nonsense"):
        assert desk.get(f"/sources?{query}").status_code == 200
    busy = desk.get("/sources?sort=7+days").text
    assert busy.index("sources/harbor") < busy.index("sources/broken")
    assert 'aria-sort="descending"' in busy
    idle = desk.get("/sources?sort=7+days&order=asc").text
    assert idle.index("sources/broken") < idle.index("sources/harbor")


def test_many_sources_are_in_pages(desk: DeskUser) -> None:
    """Each is on one of them; the filter and the order stay."""
    tables = "".join(
        f'[[source]]\nid = "many-{n}"\nname = "Many {n:03}"\nsite = "https://many{n}.example"\n'
        f'feed = "https://many{n}.example/feed"\n'
        for n in range(150)
    )
    _file(desk).write_text(_file(desk).read_text() + tables)
    desk.reloads()

    first = desk.get("/sources?q=many&sort=name").text
    second = desk.get("/sources?q=many&sort=name&page=2").text
    assert "Page 1 of 2, 150 sources" in first
    assert "/desk/sources?q=many&amp;sort=name&amp;order=asc&amp;page=2" in first
    shown = [f"Many {n:03}" in first for n in range(150)]
    assert shown == [n < 100 for n in range(150)]
    assert [f"Many {n:03}" in second for n in range(150)] == [not each for each in shown]
    assert "Page 2 of 2" in desk.get("/sources?q=many&page=99").text


def test_a_feed_as_given_beside_what_is_published(desk: DeskUser) -> None:
    """It is fetched for that, and nothing is saved."""
    text = '<p onclick="x()">Dockers walk out.</p><script>steal()</script>'
    item = f"<title>Walkout</title><link>https://h.example/1</link><description>{escape(text)}"
    feed = f'<rss version="2.0"><channel><item>{item}</description></item></channel></rss>'
    desk.newsroom.answers("harbor", feed.encode())
    page = desk.post("/sources/harbor/compare").text

    raw, clean = page.split("As it is published", 1)
    assert "&lt;script&gt;steal()" in raw
    assert "onclick" in raw
    assert "Dockers walk out." in clean
    assert "steal" not in clean
    assert "Walkout" not in desk.get("/stories").text
    broken = desk.post("/sources/broken/compare")
    assert broken.status_code == 502
    assert "500 Internal Server Error" in broken.text


def test_two_commands_at_most_run_at_once(desk: DeskUser) -> None:
    """So there is a thread for those who save a form."""
    with RUNNING, RUNNING:
        busy = desk.post("/sources/harbor/compare")
    assert busy.status_code == 503
    assert "try again in a minute" in busy.text
    assert desk.post("/sources/harbor/compare").status_code == 200


def test_a_source_is_fetched_now(desk: DeskUser) -> None:
    """It is due at once, and the loop is told."""
    sources, now = desk.newsroom.store.sources, desk.newsroom.now
    assert desk.post("/sources/harbor/fetch").status_code == 303

    assert sources.take_fetch_requests() == 1
    assert sources.take_fetch_requests() == 0
    listed = desk.newsroom.config.sources
    assert [s.id for s in sources.due(listed, now + timedelta(days=3650))]


def test_a_source_is_paused_and_resumed(desk: DeskUser) -> None:
    """One line of the file changes, and back."""
    before = _file(desk).read_text()
    asked = desk.get("/sources/harbor/pause").text
    assert "+enabled = false" in asked
    assert _file(desk).read_text() == before
    desk.saves("/sources/harbor/pause")
    assert _source(desk, "harbor")["enabled"] is False
    desk.reloads()
    assert "is paused; resume it first" in desk.post("/sources/harbor/fetch").text
    desk.saves("/sources/harbor/resume")

    assert _file(desk).read_text() == before


def test_a_source_is_edited(desk: DeskUser) -> None:
    """Only what was changed is written; what it was is in the log."""
    form = _form(desk, "/sources/harbor/edit")
    form |= {"name": "Harbor & Sons <b>", "topics": "labor, rain", "max_new": "7"}
    assert desk.saves("/sources/harbor/edit", **form).status_code == 303

    source = _source(desk, "harbor")
    assert source["name"] == "Harbor & Sons <b>"
    assert source["topics"] == ["labor", "rain"]
    assert source["max_new"] == 7
    assert "show" not in source
    (entry,) = desk.newsroom.store.operators.audit_log(9)
    assert (entry.operator, entry.action, entry.subject) == ("ana", "edited", "harbor")
    assert '+name = "Harbor & Sons <b>"' in entry.detail


def _form(desk: DeskUser, path: str) -> dict[str, str]:
    """The fields of a form as a browser would send them."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(desk.get(path).text)
    form = {}
    for node in tree.css("main input[name], main textarea[name]"):
        form[node.attributes["name"] or ""] = node.attributes.get("value") or node.text()
    for node in tree.css("main select[name]"):
        chosen = node.css_first("option[selected]") or node.css_first("option")
        form[node.attributes["name"] or ""] = (
            chosen.attributes.get("value") if chosen else ""
        ) or ""
    form.pop("csrf", None)
    return form


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("feed", "nowhere", "Found &#39;nowhere&#39;, expected a complete address"),
        ("topics", "labour", "There is no topic &#39;labour&#39;; did you mean &#39;labor&#39;?"),
        ("include", "title:(", "expected"),
        ("max_new", "many", "Found &#39;many&#39;, expected a whole number"),
        ("name", "", "Is missing"),
        ("language", "english", "expected a language tag"),
    ],
)
def test_wrong_input_is_said_at_the_field(
    desk: DeskUser, key: str, value: str, sentence: str
) -> None:
    """Nothing is saved, and what was typed stays in the form."""
    before = _file(desk).read_text()
    response = desk.saves(
        "/sources/harbor/edit", **{**_form(desk, "/sources/harbor/edit"), key: value}
    )

    assert response.status_code == 400
    assert sentence in response.text
    assert _file(desk).read_text() == before


def test_two_operators_save_at_once(desk: DeskUser) -> None:
    """What both have changed is said at the field; what only one has changed stays as it is."""
    form = _form(desk, "/sources/harbor/edit")
    first = {**form, "name": "First", "license": "CC BY 4.0"}
    desk.saves("/sources/harbor/edit", **first)
    desk.reloads()
    second = desk.saves("/sources/harbor/edit", **{**form, "name": "Second", "language": "es"})

    assert second.status_code == 409
    assert "Someone else has made this &#39;First&#39; since you began" in second.text
    assert 'value="Second"' in second.text
    assert 'value="CC BY 4.0"' in second.text
    assert _source(desk, "harbor")["name"] == "First"
    third = desk.saves("/sources/harbor/edit", **{**form, "language": "es"})
    assert third.status_code == 303
    source = _source(desk, "harbor")
    assert (source["name"], source["license"]) == ("First", "CC BY 4.0")
    assert source["language"] == "es"


def test_a_change_by_hand_that_is_not_in_force_yet_stays(desk: DeskUser) -> None:
    """The form compares with the file, not with what the program has read last."""
    form = _form(desk, "/sources/harbor/edit")
    by_hand = _file(desk).read_text().replace('name = "Harbor"', 'name = "By hand"')
    _file(desk).write_text(by_hand)
    refused = desk.saves("/sources/harbor/edit", **{**form, "name": "Mine"})

    assert refused.status_code == 409
    assert "&#39;By hand&#39;" in refused.text
    assert _file(desk).read_text() == by_hand


@pytest.mark.parametrize(
    ("key", "value"),
    [("precedence", "²"), ("max_new", "--5"), ("max_new", "9" * 5000), ("site", "http://[")],
)
def test_odd_values_of_a_source(desk: DeskUser, key: str, value: str) -> None:
    """A sentence at the field, when it is edited and when it is added."""
    form = {**_form(desk, "/sources/harbor/edit"), key: value}
    assert desk.saves("/sources/harbor/edit", **form).status_code == 400
    given = {"feed": "https://p.example/feed", "name": "P", "site": "https://p.example/"}
    if key in given:
        added = desk.saves("/sources/new", url="x", id="", **{**given, key: value})
        assert added.status_code == 400


def test_a_source_is_added(desk: DeskUser) -> None:
    """By the address of its page; it is shown first."""
    press = desk.newsroom.press
    link = b'<link rel="alternate" type="application/rss+xml" href="/plains/feed">'
    page = b"<!doctype html><html><head>" + link
    press.put("/plains", CannedResponse(body=page, headers={"Content-Type": "text/html"}))
    desk.newsroom.publishes("plains", article("A strike on the plains"))
    found = desk.post("/sources/new", url=f"{press.url}/plains", do="save")
    assert "A strike on the plains" in found.text
    assert "labor 1" in found.text

    given = {"feed": f"{press.url}/plains/feed", "name": "Plains", "site": "https://p.example/"}
    assert desk.saves("/sources/new", url="x", id="", **given).status_code == 303
    assert _source(desk, "plains")["name"] == "Plains"


@pytest.mark.parametrize(
    "url", ["", "--yes", "nowhere.invalid", "http://10.0.0.1/", "ftp://x.example"]
)
def test_an_address_without_a_feed(desk: DeskUser, url: str) -> None:
    """A sentence at the field."""
    response = desk.post("/sources/new", url=url)

    assert response.status_code == 400
    assert 'class="problem"' in response.text


# ---- hostile content


def test_nothing_that_outlets_send_becomes_markup(desk: DeskUser) -> None:
    """Titles, errors, categories and texts are text at the desk."""
    attack = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    newsroom = desk.newsroom
    bad = article(f"Strike {attack}", f"Text {attack}", tags=(attack,))
    newsroom.publishes("harbor", bad, article(attack, attack))
    newsroom.answers("broken", attack.encode(), "text/plain")
    newsroom.ingests(later=timedelta(days=1))
    paths = ["/", "/sources", "/sources/harbor", "/sources/broken", "/topics", "/topics/labor",
             "/stories", "/runs", "/held", "/operators"]  # fmt: skip
    paths += [f"/stories/{id_}" for id_ in newsroom.store.stories.ids()]
    for path in paths:
        page = desk.get(path).text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
    assert "done=<script>" not in desk.get("/?done=<script>alert(1)</script>").text


def test_a_warning_is_shown_before_saving(desk: DeskUser) -> None:
    """Two sources with one feed would store every article twice."""
    form = _form(desk, "/sources/broken/edit")
    feed = _source(desk, "harbor")["feed"]
    shown = desk.post("/sources/broken/edit", **{**form, "feed": str(feed), "do": "preview"}).text
    assert "Warning: source.feed: is also the feed of &#39;harbor&#39;" in shown


def test_the_log_names_stories(desk: DeskUser) -> None:
    """By their titles, with links; what was undone and done again is said in a word."""
    (story, *_) = desk.newsroom.store.lists.latest(ALL, 9)
    desk.post(f"/stories/{story.id}/pin", topic="")
    for _ in range(3):
        last = desk.newsroom.store.operators.audit_log(1)[0]
        if last.undo:
            desk.post(f"/undo/{last.id}")
    assert f'/desk/stories/{story.id}">{story.lead.title}</a>' in desk.get("/").text
    assert f"pinned {story.lead.title}</summary>" in desk.get("/operators").text
    before = _file(desk).read_text()
    desk.saves("/sources/harbor/pause")
    for _ in range(2):
        desk.post(f"/undo/{desk.newsroom.store.operators.audit_log(1)[0].id}")
    actions = [entry.action for entry in desk.newsroom.store.operators.audit_log(3)]
    assert actions == ["redid: paused", "undid: paused", "paused"]
    assert _file(desk).read_text() != before
