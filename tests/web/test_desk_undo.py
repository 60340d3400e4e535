"""Everything that operators do with stories and feeds.toml can be undone, unless it was changed
since; and their own words stand beside those of the outlet."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
from werkzeug.test import TestResponse

from aggregator.model import Story
from tests.harness.builders import prose
from tests.harness.desk import DeskUser
from tests.harness.newsroom import article

NOTE = "We asked the port <authority>; it did not answer."


def _story(desk: DeskUser, title: str) -> Story:
    store = desk.newsroom.store
    stories = [found for id_ in store.stories.ids() if (found := store.stories.get(id_))]
    return next(story for story in stories if story.lead.title == title)


def _undo(desk: DeskUser, done: TestResponse) -> TestResponse:
    """Press the button next to the message."""
    assert done.status_code == 303, done.text
    page = desk.client.get(done.location, base_url="https://commons.example").text
    found = re.search(r'action="/desk(/undo/\d+)"', page.partition('role="status"')[2])
    assert found, "no button"
    return desk.post(found[1])


def _state(desk: DeskUser) -> object:
    """Everything that operators decide."""
    store = desk.newsroom.store
    stories = [found for id_ in store.stories.ids() if (found := store.stories.get(id_))]
    return (
        sorted(
            (s.id, s.own_headline, s.editor_note, sorted(s.topics), len(s.entries)) for s in stories
        ),
        sorted((pin.story, pin.topic) for pin in store.calendar.pins()),
        sorted((t.id, t.reason) for t in store.stories.takedowns()),
        desk.newsroom.config.path.read_text(),
    )


def _pin(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{_story(desk, 'Rain').id}/pin", topic="")


def _unpin(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{_story(desk, 'A strike').id}/unpin")


def _hide(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{_story(desk, 'Rain').id}/hide", why="The outlet asked for it.")


def _publish_again(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{desk.newsroom.store.stories.takedowns()[0].id}/unhide")


def _put_in(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{_story(desk, 'Rain').id}/topics", topic="labor", do="add")


def _keep_out(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{_story(desk, 'A strike').id}/topics", topic="labor", do="remove")


def _edit(desk: DeskUser) -> TestResponse:
    path = f"/stories/{_story(desk, 'Rain').id}/edit"
    return desk.post(path, headline="It rained for a week", note=NOTE)


def _merge(desk: DeskUser) -> TestResponse:
    other = _story(desk, "A strike").id
    return desk.post(f"/stories/{_story(desk, 'Rain').id}/merge", other=other)


def _pause(desk: DeskUser) -> TestResponse:
    return desk.saves("/sources/harbor/pause")


@pytest.fixture
def desk(desk: DeskUser) -> DeskUser:
    """A desk with a pinned story and one that was taken down."""
    newsroom = desk.newsroom
    newsroom.publishes("harbor", *(article(each) for each in ("A strike", "Rain", "Snow")))
    newsroom.ingests()
    desk.post(f"/stories/{_story(desk, 'A strike').id}/pin", topic="")
    desk.post(f"/stories/{_story(desk, 'Snow').id}/hide", why="A mistake.")
    return desk


@pytest.mark.parametrize(
    "act", [_pin, _unpin, _hide, _publish_again, _put_in, _keep_out, _edit, _merge, _pause],
    ids=lambda act: act.__name__.strip("_"),
)  # fmt: skip
def test_what_was_done_is_undone(desk: DeskUser, act: Callable[[DeskUser], TestResponse]) -> None:
    """The button next to the message puts everything back; the log says so, and a second press
    changes nothing."""
    before = _state(desk)
    done = act(desk)
    after = _state(desk)
    assert after != before
    undone = _undo(desk, done)
    assert undone.status_code == 303, undone.text
    assert "done=Undone" in undone.location
    assert _state(desk) == before
    log = desk.newsroom.store.operators.audit_log(2)
    assert log[0].action == f"undid: {log[1].action}"
    assert log[1].undone_at
    again = desk.post(f"/undo/{log[1].id}")
    assert again.status_code == 400
    assert "has been undone already" in again.text
    assert _state(desk) == before


def test_a_split_is_undone(desk: DeskUser) -> None:
    """And that is undone by splitting again."""
    _merge(desk)
    story = _story(desk, "A strike")
    before = _state(desk)
    done = desk.post(f"/stories/{story.id}/split", entry=str(story.entries[1].entry_id))
    assert len(_story(desk, "A strike").entries) == 1
    assert _undo(desk, done).status_code == 303
    assert _state(desk) == before


def _edit_again(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{_story(desk, 'Rain').id}/edit", headline="B", note="")


def _keep_rain_out(desk: DeskUser) -> TestResponse:
    return desk.post(f"/stories/{_story(desk, 'Rain').id}/topics", topic="labor", do="remove")


def _split(desk: DeskUser) -> TestResponse:
    story = _story(desk, "A strike")
    return desk.post(f"/stories/{story.id}/split", entry=str(story.entries[1].entry_id))


def _resume(desk: DeskUser) -> TestResponse:
    desk.reloads()
    return desk.saves("/sources/harbor/resume")


@pytest.mark.parametrize(
    ("act", "then"),
    [(_edit, _edit_again), (_put_in, _keep_rain_out), (_pause, _resume), (_merge, _split)],
    ids=["edit", "place", "file", "merge"],
)
def test_what_was_changed_since_is_not_undone(
    desk: DeskUser,
    act: Callable[[DeskUser], TestResponse],
    then: Callable[[DeskUser], TestResponse],
) -> None:
    """The later decision stays, and a sentence says why."""
    act(desk)
    first = desk.newsroom.store.operators.audit_log(1)[0].id
    assert then(desk).status_code == 303
    before = _state(desk)
    refused = desk.post(f"/undo/{first}")
    assert refused.status_code == 400
    assert "has been changed since" in refused.text
    assert _state(desk) == before


@pytest.mark.parametrize("path", ["/undo/999999", "/undo/99999999999999999999"])
def test_there_is_nothing_to_undo(desk: DeskUser, path: str) -> None:
    """Made-up numbers are not found."""
    assert desk.post(path).status_code == 404
    assert desk.get("/stories?done=Hello&undo=999999").status_code == 200
    assert "Undo" not in desk.get("/stories?done=Hello&undo=9x").text


# ---- words of the site


def test_our_headline_and_note_stand_beside_the_outlets_words(desk: DeskUser) -> None:
    """On pages and in feeds of every format, with the outlet's headline and credit."""
    _edit(desk)
    newsroom, story = desk.newsroom, _story(desk, "Rain")
    for path in ("/", "/all", f"/stories/{story.id}", "/all.rss", "/all.atom"):
        text = newsroom.get(path).text.replace("&amp;lt;", "&lt;").replace("&amp;gt;", "&gt;")
        assert "It rained for a week" in text, path
        assert "Rain" in text.replace("It rained", ""), path
        assert "We asked the port &lt;authority" in text.replace("&amp;", "&"), path
        assert "Harbor" in text, path
    items = json.loads(newsroom.get("/all.json").data)["items"]
    (item,) = (each for each in items if "week" in each["title"])
    assert item["_editor_note"] == NOTE
    assert item["_source"]["headline"] == "Rain"
    assert item["_source"]["name"] == "Harbor"
    assert "&lt;authority&gt;" in item["content_html"]
    entry = next(e for e in newsroom.read("/all.atom").entries if "week" in e.title)
    assert entry.id == story.public_id
    assert entry.link == story.lead.url


def test_readers_are_sent_the_change(desk: DeskUser) -> None:
    """The story counts as updated, so readers fetch it again; its place and id stay."""
    before = _story(desk, "Rain")
    etag = desk.newsroom.get("/all.atom").headers["ETag"]
    _edit(desk)
    after = _story(desk, "Rain")
    assert after.updated > before.updated
    assert (after.id, after.published, after.listed_at) == (
        before.id, before.published, before.listed_at,
    )  # fmt: skip
    assert desk.newsroom.get("/all.atom", If_None_Match=etag).status_code == 200


def test_the_outlets_update_keeps_our_words(desk: DeskUser) -> None:
    """Its new headline stands beside them."""
    _edit(desk)
    desk.newsroom.publishes("harbor", article("Rain, update", link="https://outlet.example/rain"))
    desk.newsroom.ingests()
    story = _story(desk, "Rain, update")
    assert (story.title, story.editor_note) == ("It rained for a week", NOTE)


def test_words_are_removed(desk: DeskUser) -> None:
    """Empty fields leave the outlet's words alone, and so does its own headline."""
    _edit(desk)
    desk.post(f"/stories/{_story(desk, 'Rain').id}/edit", headline=" Rain ", note=" \n ")
    story = _story(desk, "Rain")
    assert (story.own_headline, story.editor_note) == ("", "")
    assert "Editor" not in desk.newsroom.get("/all").text


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("headline", "x" * 201, "A headline may have at most 200 characters; this has 201."),
        ("note", "x" * 1001, "A note may have at most 1,000 characters; this has 1,001."),
    ],
)
def test_words_have_a_limit(desk: DeskUser, field: str, text: str, sentence: str) -> None:
    """Longer ones are refused, and nothing changes."""
    form = {"headline": "", "note": "", field: text}
    response = desk.post(f"/stories/{_story(desk, 'Rain').id}/edit", **form)
    assert response.status_code == 400
    assert f'<span class="problem">{sentence}' in response.text
    assert text in response.text
    assert _story(desk, "Rain").own_headline == ""


def test_a_merged_story_keeps_the_words(desk: DeskUser) -> None:
    """If the one that stays has none."""
    _edit(desk)
    _merge(desk)
    assert _story(desk, "A strike").own_headline == "It rained for a week"


def test_our_headline_in_structured_data(desk: DeskUser) -> None:
    """Search engines see both."""
    _edit(desk)
    page = desk.newsroom.get(f"/stories/{_story(desk, 'Rain').id}").text
    data = json.loads(re.findall(r'application/ld\+json">(.*?)</script>', page, re.S)[0])
    assert data["headline"] == "It rained for a week"
    assert data["alternativeHeadline"] == "Rain"


# ---- what has happened since


def test_an_older_edit_of_feeds_toml_is_undone(desk: DeskUser) -> None:
    """What else has been changed in the file since stays."""
    before = desk.newsroom.config.path.read_text()
    _pause(desk)
    desk.reloads()
    paused = desk.newsroom.store.operators.audit_log(1)[0].id
    desk.saves("/topics/labor", match="strike OR rain", based_on="strike")
    assert desk.post(f"/undo/{paused}").status_code == 303
    after = desk.newsroom.config.path.read_text()
    assert "enabled" not in after
    assert after == before.replace("'strike'", '"strike OR rain"')


def test_a_takedown_for_another_reason_stays(desk: DeskUser) -> None:
    """Undoing the first one must not publish what was taken down by a court order since."""
    id_ = _story(desk, "Rain").id
    _hide(desk)
    first = desk.newsroom.store.operators.audit_log(1)[0].id
    desk.post(f"/stories/{id_}/unhide")
    desk.post(f"/stories/{id_}/hide", why="Court order")
    assert desk.post(f"/undo/{first}").status_code == 400
    assert desk.newsroom.store.stories.is_taken_down(id_)


def test_a_later_pin_stays(desk: DeskUser) -> None:
    """Undoing an older one, or that one was taken away, does not push it out."""
    strike, rain = _story(desk, "A strike").id, _story(desk, "Rain").id
    _pin(desk)
    pinned = desk.newsroom.store.operators.audit_log(1)[0].id
    desk.post(f"/stories/{rain}/unpin")
    unpinned = desk.newsroom.store.operators.audit_log(1)[0].id
    assert desk.post(f"/undo/{pinned}").status_code == 400
    assert desk.newsroom.store.calendar.pins() == []
    desk.post(f"/stories/{strike}/pin", topic="")
    assert desk.post(f"/undo/{unpinned}").status_code == 400
    assert [pin.story for pin in desk.newsroom.store.calendar.pins()] == [strike]


def test_undoing_a_merge_gives_both_their_words_and_pins(desk: DeskUser) -> None:
    """What one had inherited from the other is the other's again."""
    _edit(desk)
    desk.post(f"/stories/{_story(desk, 'A strike').id}/unpin")
    _pin(desk)
    before = _state(desk)
    done = _merge(desk)
    assert _story(desk, "A strike").own_headline == "It rained for a week"
    assert _undo(desk, done).status_code == 303
    assert _state(desk) == before


def test_undoing_a_merge_restores_both_stories(desk: DeskUser) -> None:
    """Each has its address, lead, dates and articles again, whichever led while they were one."""
    newsroom = desk.newsroom
    newsroom.lists("plains")
    newsroom.publishes(
        "harbor",
        article("Dockers walk out", prose(1), published=newsroom.now - timedelta(hours=1)),
        article("Prison phone fees", prose(2), published=newsroom.now - timedelta(hours=5)),
        article("Farm workers sue", prose(3), published=newsroom.now - timedelta(hours=3)),
    )
    newsroom.publishes(
        "plains",
        article("Farm workers sue", prose(3), published=newsroom.now - timedelta(hours=4)),
        article("Bus fares", prose(4), link="https://harbor.example/bus"),  # so Harbor leads
    )
    newsroom.ingests("plains")
    newsroom.ingests(later=timedelta(hours=1))
    desk.reloads()
    titles = ("Dockers walk out", "Prison phone fees", "Farm workers sue", "Bus fares", "Rain")
    before = _stories(desk)
    for one, other in permutations(titles, 2):
        path = f"/stories/{_story(desk, one).id}/merge"
        done = desk.post(path, other=_story(desk, other).id)
        assert _undo(desk, done).status_code == 303
        assert _stories(desk) == before, (one, other)


def _stories(desk: DeskUser) -> object:
    store = desk.newsroom.store
    stories = [found for id_ in store.stories.ids() if (found := store.stories.get(id_))]
    return sorted(
        (s.id, s.public_id, s.lead.title, s.published, s.listed_at, len(s.entries)) for s in stories
    )


def test_a_merge_loses_no_words(desk: DeskUser) -> None:
    """A headline of one and a note of the other are both there."""
    rain, strike = _story(desk, "Rain").id, _story(desk, "A strike").id
    desk.post(f"/stories/{rain}/edit", headline="", note="Its note.")
    desk.post(f"/stories/{strike}/edit", headline="Its headline", note="")
    _merge(desk)
    story = _story(desk, "A strike")
    assert (story.own_headline, story.editor_note) == ("Its headline", "Its note.")


def test_a_split_is_not_undone_when_the_stories_have_changed(desk: DeskUser) -> None:
    """They would be other stories than those that were split."""
    _merge(desk)
    _split(desk)
    first = desk.newsroom.store.operators.audit_log(1)[0].id
    desk.newsroom.publishes("harbor", *(article(t) for t in ("A strike", "Rain", "Snow", "Fog")))
    desk.newsroom.ingests()
    desk.post(f"/stories/{_story(desk, 'Rain').id}/merge", other=_story(desk, "Fog").id)
    before = _state(desk)
    assert desk.post(f"/undo/{first}").status_code == 400
    assert _state(desk) == before


def test_a_message_comes_from_the_desk_only(desk: DeskUser) -> None:
    """A link of somebody else shows no sentence and no button."""
    done = _pin(desk)
    shown = desk.client.get(done.location, base_url="https://commons.example").text
    assert "Pinned to the home page." in shown
    forged = done.location.replace("Pinned", "Call%20555")
    page = desk.client.get(forged, base_url="https://commons.example").text
    assert "Call 555" not in page
