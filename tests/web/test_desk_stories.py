"""What operators do at the desk with topics, stories and what is held."""

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import ALL, SilentRule, topic_scope
from tests.harness.desk import DeskUser
from tests.harness.newsroom import Newsroom, article

PASSWORD = "correct horse battery"


def _file(desk: DeskUser) -> Path:
    return desk.newsroom.config.path


def _story(desk: DeskUser, title: str) -> str:
    stories = desk.newsroom.store.lists.latest(topic_scope("labor"), 99)
    stories += [
        s
        for id_ in desk.newsroom.store.stories.ids()
        if (s := desk.newsroom.store.stories.get(id_))
    ]
    return next(story.id for story in stories if story.lead.title == title)


# ---- topics


def test_a_rule_is_tested_before_it_is_saved(desk: DeskUser) -> None:
    """What comes in and goes out, with the reason; nothing changes."""
    before = _file(desk).read_text()
    page = desk.post("/topics/labor", match="rain", based_on="strike", do="test").text
    part = desk.post("/topics/labor/test", match="rain").text

    for text in (page, part):
        assert "0 kept, 1 added, 1 removed" in text
        assert "<ins><span>Rain · <em>Harbor</em>: rule found title: rain" in text
        assert "<del><span>A strike" in text
    assert "<html" not in part
    assert _file(desk).read_text() == before


def test_a_wrong_rule_says_why(desk: DeskUser) -> None:
    """While it is typed, when it is tested, and when it is saved."""
    for path, status in (("/topics/labor", 400), ("/topics/labor/test", 200)):
        response = desk.post(path, match='strike AND "', based_on="strike", do="save")
        assert response.status_code == status
        assert 'class="problem"' in response.text
    assert "match = 'strike'" in _file(desk).read_text()


def test_a_rule_is_saved(desk: DeskUser) -> None:
    """In the file; stored stories are placed when the operator says so."""
    response = desk.saves("/topics/labor", match="strike OR rain", based_on="strike")
    assert response.status_code == 303
    tables = tomllib.loads(_file(desk).read_text())
    assert tables["topic"][0]["match"] == "strike OR rain"
    desk.reloads()

    asked = desk.post("/topics/labor/apply").text
    assert "1 story would be added and 0 removed." in asked
    done = desk.post("/topics/labor/apply", sure="1")
    assert "1%20added" in done.headers["Location"]
    labor = desk.newsroom.store.lists.latest(topic_scope("labor"), 9)
    assert {story.lead.title for story in labor} == {"A strike", "Rain"}


def test_a_rule_that_has_changed_meanwhile_is_not_overwritten(desk: DeskUser) -> None:
    """By hand or by another operator."""
    _file(desk).write_text(_file(desk).read_text().replace("'strike'", "'dockers'"))
    desk.reloads()
    response = desk.saves("/topics/labor", match="rain", based_on="strike")

    assert response.status_code == 409
    assert "Someone else has made this rule &#39;dockers&#39;" in response.text
    assert "match = 'dockers'" in _file(desk).read_text()


def test_a_topic_is_added(desk: DeskUser) -> None:
    """Its id is made of its title."""
    assert "A topic needs a title." in desk.post("/topics/new", title=" ").text
    assert "expected" in desk.post("/topics/new", title="T", match="(").text

    assert desk.saves("/topics/new", title="Guerra fría", match="").status_code == 303
    assert 'id = "guerra-fria"\ntitle = "Guerra fría"' in _file(desk).read_text()


# ---- stories


def test_stories_are_found(desk: DeskUser) -> None:
    """By a query; what is wrong with one is said."""
    found = desk.get("/stories?q=title:rain").text
    assert "Rain</a>" in found
    assert "A strike" not in found
    assert "The query cannot be read" in desk.get("/stories?q=title:(").text


def test_a_story_is_moved_between_topics(desk: DeskUser) -> None:
    """By hand, whatever the rules say, and back."""
    id_ = _story(desk, "Rain")
    for verb, is_in in (("add", True), ("remove", False), ("reset", False)):
        desk.post(f"/stories/{id_}/topics", topic="labor", do=verb)
        labor = desk.newsroom.store.lists.latest(topic_scope("labor"), 9)
        assert ("Rain" in [story.lead.title for story in labor]) is is_in
    log = desk.newsroom.store.operators.audit_log(9, id_)
    assert [entry.action for entry in log] == [
        "left to the rules of labor:", "kept out of labor:", "put into labor:",
    ]  # fmt: skip
    assert desk.post(f"/stories/{id_}/topics", topic="nowhere", do="add").status_code == 400


def test_stories_are_merged_and_split(desk: DeskUser) -> None:
    """Named by words of the title."""
    one, other = _story(desk, "A strike"), _story(desk, "Rain")
    merged = desk.post(f"/stories/{one}/merge", other="rain").headers["Location"]
    assert "already one story" in desk.post(f"/stories/{one}/merge", other="rain").text
    assert "There is no story" in desk.post(f"/stories/{one}/merge", other="nowhere").text
    kept = merged.split("?")[0].rpartition("/")[2]
    story = desk.newsroom.store.stories.get(kept)
    assert story is not None
    assert len(story.entries) == 2

    second = str(story.entries[1].entry_id)
    assert desk.post(f"/stories/{kept}/split", entry="999").status_code == 400
    assert desk.post(f"/stories/{kept}/split", entry=second).status_code == 303
    assert len(desk.newsroom.store.stories.get(kept).entries) == 1  # type: ignore[union-attr]  # it is there
    assert other


def test_a_story_is_pinned(desk: DeskUser) -> None:
    """To the home page or a topic that it is in."""
    id_ = _story(desk, "A strike")
    desk.post(f"/stories/{id_}/pin", topic="labor")
    assert [pin.topic for pin in desk.newsroom.store.calendar.pins()] == ["labor"]
    assert desk.post(f"/stories/{id_}/pin", topic="rain").status_code == 400
    desk.post(f"/stories/{id_}/unpin")
    assert desk.newsroom.store.calendar.pins() == []


def test_a_story_is_taken_down(desk: DeskUser) -> None:
    """With a reason, and published again."""
    id_ = _story(desk, "Rain")
    assert "Give a reason" in desk.post(f"/stories/{id_}/hide", why=" ").text
    desk.post(f"/stories/{id_}/hide", why="asked by the author")
    assert desk.newsroom.get(f"/stories/{id_}").status_code == 410
    assert "asked by the author" in desk.get("/stories").text
    desk.post(f"/stories/{id_}/unhide")

    assert desk.newsroom.get(f"/stories/{id_}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/stories/nowhere", "/sources/nowhere", "/topics/nowhere", "/x", "/static/x"]
)
def test_what_is_not_there(desk: DeskUser, path: str) -> None:
    """A page that says so."""
    response = desk.get(path)
    assert response.status_code == 404
    response.close()


# ---- held stories


def test_held_stories_are_published_or_dropped(newsroom: Newsroom) -> None:
    """By the operator alone."""
    newsroom.lists("harbor", max_new="2")
    newsroom.publishes("harbor", article("Old"))
    newsroom.ingests()
    newsroom.publishes("harbor", *(article(f"Flood {n}") for n in range(9)))
    newsroom.ingests(later=timedelta(hours=1))
    desk = DeskUser(newsroom)
    desk.is_owner("ana", PASSWORD)
    desk.logs_in("ana", PASSWORD)
    page = desk.get("/held").text
    assert "Harbor: 9 stories" in page
    assert "<b>9</b>" in page
    assert desk.post("/held/harbor", do="nonsense").status_code == 400

    asked = desk.post("/held/harbor", do="release").text
    assert "Publish 9 stories from Harbor" in asked
    assert newsroom.titles("/all.atom") == ["Old"]
    desk.post("/held/harbor", do="release", sure="1")
    assert "Nothing is held." in desk.get("/held").text
    assert len(newsroom.titles("/all.atom")) == 10


def test_topics_that_drift_overlap_or_fall_silent(desk: DeskUser) -> None:
    """The list of topics shows what a rule that went wrong looks like."""
    newsroom = desk.newsroom
    rules = [
        SilentRule(topic="labor", reason="rule strike", per_week=3.2, since=newsroom.now),
        SilentRule(topic="gone", reason="rule x", per_week=3.2, since=newsroom.now),
    ]
    newsroom.store.alerts.save_silent_rules(rules)
    strikes = [article(f"Strike {n}", published=newsroom.now) for n in range(9)]
    newsroom.publishes("harbor", *strikes)
    newsroom.ingests()
    for n in range(9):
        desk.post(f"/stories/{_story(desk, f'Strike {n}')}/topics", topic="rain", do="add")
    page = desk.get("/topics").text

    assert "rule strike<span" in page
    assert "3.2 a week before" in page
    assert "rule x" not in page
    assert page.count("far more than usual") == 2
    assert '<td class="n" data-label="Stories in both">9</td>' in page


def test_a_page_that_is_out_of_date(desk: DeskUser) -> None:
    """What has gone since is named, and nothing changes."""
    (story, *_) = desk.newsroom.store.lists.latest(ALL, 9)
    for path, form, sentence in (
        ("topics", {"topic": "gone", "do": "add"}, "This topic is not in feeds.toml any more."),
        ("pin", {"topic": "gone"}, "The story is not in &#39;gone&#39; any more."),
        ("split", {"entry": "999"}, "The story does not contain this article any more."),
    ):
        answer = desk.post(f"/stories/{story.id}/{path}", **form)
        assert answer.status_code == 400
        assert sentence in answer.text
    assert desk.newsroom.store.operators.audit_log(9) == []


def test_a_topic_gets_another_title(desk: DeskUser) -> None:
    """Its id, rule and stories stay."""
    form = {"title": "Work & <labor>", "description": "All about it."}
    assert desk.saves("/topics/labor/edit", **form).status_code == 303
    (table, _) = tomllib.loads(_file(desk).read_text())["topic"]
    assert (table["id"], table["title"], table["match"]) == ("labor", "Work & <labor>", "strike")
    assert "A topic needs a title." in desk.saves("/topics/labor/edit", title=" ").text
    assert desk.get("/topics/nowhere/edit").status_code == 404


def test_a_source_and_a_topic_are_removed(desk: DeskUser) -> None:
    """Articles stay; what still refers to a topic is named; both can be undone."""
    before = _file(desk).read_text()
    assert "Its articles stay" in desk.get("/sources/broken/remove").text
    assert desk.saves("/sources/broken/remove").status_code == 303
    assert "broken" not in _file(desk).read_text()
    assert desk.saves("/topics/rain/remove").status_code == 303
    assert len(tomllib.loads(_file(desk).read_text())["topic"]) == 1
    for _ in range(2):
        done = desk.newsroom.store.operators.audit_log(9)
        undoable = next(e for e in done if e.action.startswith("removed") and not e.undone_at)
        assert desk.post(f"/undo/{undoable.id}").status_code == 303
    assert _file(desk).read_text() == before
    assert desk.get("/topics/nowhere/remove").status_code == 404
