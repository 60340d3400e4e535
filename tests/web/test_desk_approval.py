"""A source whose articles are held until an operator approves them."""

import re
from datetime import timedelta

from aggregator.model import source_scope
from tests.harness.desk import DeskUser
from tests.harness.newsroom import Newsroom, article

PASSWORD = "correct horse battery"


def test_nothing_is_published_before_it_is_approved(newsroom: Newsroom) -> None:
    """From the first fetch on; what is approved is listed as new, what is not never is."""
    newsroom.lists("harbor", approve="true")
    newsroom.publishes("harbor", article("Good"), article("Later"), article("Bad"))
    newsroom.ingests()
    desk = DeskUser(newsroom)
    desk.is_owner("ana", PASSWORD)
    desk.logs_in("ana", PASSWORD)
    assert newsroom.titles("/all.atom") == []
    page = desk.get("/held").text
    assert "Its articles are published when you approve them." in page
    ids = {s.lead.title: s.id for s in newsroom.store.stories.held("harbor", 9)}

    desk.post("/held/harbor", do="release", story=ids["Good"])
    asked = desk.post("/held/harbor", do="drop", story=ids["Bad"]).text
    assert "Never publish 1 story from Harbor" in asked
    assert len(newsroom.store.stories.held("harbor", 9)) == 2
    assert "Never publish 2 stories from Harbor" in desk.post("/held/harbor", do="drop").text
    desk.post("/held/harbor", do="drop", story=ids["Bad"], sure="1")

    assert newsroom.titles("/all.atom") == ["Good"]
    (story,) = newsroom.store.lists.latest(source_scope("harbor"), 9)
    assert story.listed_at > newsroom.now
    assert [s.lead.title for s in newsroom.store.stories.held("harbor", 9)] == ["Later"]
    assert "1 new story is waiting for your approval." in desk.get("/").text
    newsroom.publishes("harbor", article("Good"), article("Later"), article("Bad"))
    newsroom.ingests(later=timedelta(hours=1))
    assert newsroom.titles("/all.atom") == ["Good"]


def test_a_confirmation_holds_for_what_it_showed(newsroom: Newsroom) -> None:
    """Stories that come between the question and the answer are not dropped."""
    newsroom.lists("harbor", approve="true")
    newsroom.publishes("harbor", article("First"))
    newsroom.ingests()
    desk = DeskUser(newsroom)
    desk.is_owner("ana", PASSWORD)
    desk.logs_in("ana", PASSWORD)
    asked = desk.post("/held/harbor", do="drop").text
    (shown,) = re.findall(r'name="story" value="(\w+)"', asked)
    newsroom.publishes("harbor", article("First"), article("Second"), article("Third"))
    newsroom.ingests(later=timedelta(hours=1))
    done = desk.post("/held/harbor", do="drop", sure="1", story=shown)

    assert "1%20story%20from%20Harbor%20dropped" in done.headers["Location"]
    left = {story.lead.title for story in newsroom.store.stories.held("harbor", 9)}
    assert left == {"Second", "Third"}


def test_a_known_story_gets_another_article_at_once(newsroom: Newsroom) -> None:
    """The copy of a published story needs no approval: the story is published already."""
    newsroom.lists("harbor")
    newsroom.lists("copy", approve="true")
    same = article("A long strike in the harbor of the old town")
    newsroom.publishes("harbor", same)
    newsroom.publishes("copy", same)
    newsroom.ingests("harbor")
    newsroom.ingests("copy", later=timedelta(hours=1))

    (story,) = newsroom.store.lists.latest(source_scope("harbor"), 9)
    assert [entry.source for entry in story.entries] == ["harbor", "copy"]
    assert newsroom.store.stories.held("copy", 9) == []
