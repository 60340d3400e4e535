"""Stored stories, recategorized by changed rules and by operators' decisions."""

from datetime import timedelta

import pytest

from aggregator.model import ALL, topic_scope
from tests.harness.decisions import apply_rules, decide, placement_diffs
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
TEXT = (
    "The harbor commission voted late on Tuesday to close the northern cranes for a month, and "
    "the dockers who work there say that nobody has asked them what they will live on until the "
    "cranes move again in the spring."
)


@pytest.fixture
def docks(newsroom: Newsroom) -> Newsroom:
    """A newsroom with three stories of one outlet, one of them matched by the topic's rule."""
    newsroom.lists("harbor", tags='{ "Ports" = "labor" }')
    newsroom.has_topic("labor", "strike OR walkout")
    newsroom.publishes("harbor", article("A strike"))
    newsroom.ingests()
    newsroom.publishes("harbor", article("A strike"), article("Rain"), article("Union votes"))
    newsroom.ingests(later=HOUR)
    return newsroom


def _decide(newsroom: Newsroom, title: str, is_included: bool | None) -> None:
    """Save an operator's decision on the story with this title."""
    story = next(s for s in newsroom.store.lists.latest(ALL, 50) if s.lead.title == title)
    decide(newsroom, story.lead.entry_id, is_included=is_included)


def test_a_changed_rule_moves_stories(docks: Newsroom) -> None:
    """Stories enter and leave the topic; ids and their order stay."""
    before, revision = docks.ids(), docks.store.lists.revision(topic_scope("labor"))
    docks.change("strike OR walkout", "union OR rain")

    assert len(apply_rules(docks)) == 3
    assert set(docks.titles("/topics/labor.atom")) == {"Rain", "Union votes"}
    assert docks.ids() == before
    assert docks.ids("/topics/labor.atom") == [id_ for id_ in before if "strike" not in id_]
    assert docks.store.lists.revision(topic_scope("labor")).number > revision.number
    tags = {
        item.title: [tag.term for tag in item.tags]
        for item in docks.read("/all.rss").entries
        if "tags" in item
    }
    assert tags == {"Rain": ["Labor"], "Union votes": ["Labor"]}


def test_rules_applied_twice_change_nothing(docks: Newsroom) -> None:
    """Applying the same rules again finds no changes, and no list changes."""
    docks.change("strike OR walkout", "union")
    apply_rules(docks)
    revision = docks.store.lists.revision(topic_scope("labor"))

    assert apply_rules(docks) == []
    assert docks.store.lists.revision(topic_scope("labor")) == revision


def test_a_changed_reason_is_saved(docks: Newsroom) -> None:
    """A story that stays in its topic for another reason says so."""
    docks.change("strike OR walkout", "title:strike")
    apply_rules(docks)

    (story,) = docks.store.lists.latest(topic_scope("labor"), 5)
    assert docks.store.stories.placement_sentences(story.id) == {
        "labor": "rule found title: strike"
    }


def test_categories_place_stories(docks: Newsroom) -> None:
    """An outlet's categories place stories without any rule."""
    docks.publishes("harbor", article("Cranes", tags=["ports"]))
    docks.change("'strike OR walkout'", "'helicopter'")
    docks.ingests(later=HOUR)
    docks.change('"Ports" = "labor"', '"Docks" = "labor"')

    assert [change.placement for change in apply_rules(docks)] == [None, None]
    docks.change('"Docks" = "labor"', '"PORTS" = "labor"')
    apply_rules(docks)
    assert docks.titles("/topics/labor.atom") == ["Cranes"]


def test_a_decision_overrides_the_rules(docks: Newsroom) -> None:
    """An override holds when entries are revised or rules applied, until it is removed."""
    _decide(docks, "Rain", True)
    _decide(docks, "A strike", False)
    assert docks.titles("/topics/labor.atom") == ["Rain"]

    revised = article("A strike", text="A strike and a walkout.")
    docks.publishes("harbor", revised, article("Rain", text="More of it."))
    docks.ingests(later=HOUR)
    assert apply_rules(docks) == []
    assert docks.titles("/topics/labor.atom") == ["Rain"]

    _decide(docks, "Rain", None)
    _decide(docks, "A strike", None)
    assert docks.titles("/topics/labor.atom") == ["A strike"]


def test_an_added_story_is_in_the_feed(docks: Newsroom) -> None:
    """An old story that an operator adds to a topic is in the window of its feed."""
    docks.publishes_at_most(1)
    _decide(docks, "Rain", True)

    assert docks.titles("/topics/labor.atom?limit=1") == ["Rain"]


def test_a_decision_holds_with_a_duplicate(docks: Newsroom) -> None:
    """An override holds when another outlet's duplicate joins the story."""
    docks.publishes("harbor", article("Cranes close for a month", text=TEXT))
    docks.ingests(later=HOUR)
    _decide(docks, "Cranes close for a month", True)
    docks.lists("plains")
    docks.publishes("plains", article("No cranes until the spring", text=TEXT, link="https://p/1"))
    docks.ingests(later=HOUR)

    (story,) = [s for s in docks.store.lists.latest(topic_scope("labor"), 9) if s.duplicates]
    assert {entry.source for entry in story.entries} == {"harbor", "plains"}
    assert docks.store.stories.placement_sentences(story.id)["labor"] == "placed by the operator"


def test_a_held_story_is_placed_and_then_released(docks: Newsroom) -> None:
    """Held stories are placed by rules, and published in the topic when they are released."""
    docks.change('id = "harbor"', 'id = "harbor"\nmax_new = 1')
    docks.publishes("harbor", *(article(f"Day {n}: rain") for n in range(9)))
    docks.ingests(later=timedelta(minutes=1))
    docks.change("strike OR walkout", '"rain"')
    apply_rules(docks)
    assert docks.titles("/topics/labor.atom") == ["Rain"]

    docks.store.stories.release("harbor", docks.now)
    assert len(docks.titles("/topics/labor.atom")) == 10


def test_the_last_decision_counts(docks: Newsroom) -> None:
    """The last decision counts even if the clock was set back."""
    _decide(docks, "Rain", True)
    docks.now -= timedelta(days=3)
    _decide(docks, "Rain", False)

    assert docks.titles("/topics/labor.atom") == ["A strike"]
    assert apply_rules(docks) == []


def test_a_removed_source_keeps_its_placements(newsroom: Newsroom) -> None:
    """Stories of a source that is no longer listed keep their topics, even with a duplicate."""
    newsroom.lists("harbor", topics='["labor"]', tags='{ "Ports" = "labor" }')
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", article("Cranes close for a month", text=TEXT))
    newsroom.ingests("harbor")
    newsroom.publishes(
        "plains", article("No cranes until the spring", text=TEXT, link="https://p/1")
    )
    before = newsroom.written
    newsroom.change(before[before.index("[[source]]") : before.rindex("[[source]]")], "")
    newsroom.ingests(later=HOUR)

    (story,) = newsroom.store.lists.latest(ALL, 9)
    assert {entry.source for entry in story.entries} == {"harbor", "plains"}
    assert [diff.change for diff in placement_diffs(newsroom)] == [None]
    assert newsroom.store.stories.placement_sentences(story.id) == {"labor": "source harbor"}
