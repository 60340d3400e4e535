"""Stored stories filed anew: by rules that changed, and by an operator's word."""

from datetime import timedelta

import pytest

from aggregator.ingest.categorize.recategorize import apply_override, recategorize
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.model import ALL, PlacementChange, topic_scope
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
TEXT = (
    "The harbor commission voted late on Tuesday to close the northern cranes for a month, and "
    "the dockers who work there say that nobody has asked them what they will live on until the "
    "cranes move again in the spring."
)


@pytest.fixture
def docks(newsroom: Newsroom) -> Newsroom:
    """A day of one outlet, in which the topic's rule finds one story of three."""
    newsroom.lists("harbor", tags='{ "Ports" = "labor" }')
    newsroom.has_topic("labor", "strike OR walkout")
    newsroom.publishes("harbor", article("A strike"))
    newsroom.ingests()
    newsroom.publishes("harbor", article("A strike"), article("Rain"), article("Union votes"))
    newsroom.ingests(later=HOUR)
    return newsroom


def _apply(newsroom: Newsroom) -> list[PlacementChange]:
    sources = {source.id: source for source in newsroom.config.all_sources}
    found = recategorize(newsroom.store, TopicRules(newsroom.config.topics), sources)
    changes = [filing.change for filing in found if filing.change]
    newsroom.store.refile(changes, (), newsroom.now)
    return changes


def _say(newsroom: Newsroom, title: str, is_in: bool | None) -> None:
    told = next(s for s in newsroom.store.latest(ALL, 50) if s.lead.title == title)
    (topic,) = newsroom.config.topics
    standing = newsroom.store.standing_of(told.lead.entry_id, [topic.id])
    assert standing
    sources = {source.id: source for source in newsroom.config.all_sources}
    said, changes = apply_override(standing, topic, is_in, sources, newsroom.now)
    newsroom.store.refile(changes, said, newsroom.now)


def test_a_rule_that_changed(docks: Newsroom) -> None:
    """Stories come in and go out; ids, order and all other lists stay, and readers are told."""
    before, revision = docks.ids(), docks.store.revision(topic_scope("labor"))
    docks.change("strike OR walkout", "union OR rain")

    assert len(_apply(docks)) == 3
    assert set(docks.titles("/topics/labor.atom")) == {"Rain", "Union votes"}
    assert docks.ids() == before
    assert docks.ids("/topics/labor.atom") == [id_ for id_ in before if "strike" not in id_]
    assert docks.store.revision(topic_scope("labor")).number > revision.number
    tags = {
        item.title: [tag.term for tag in item.tags]
        for item in docks.read("/all.rss").entries
        if "tags" in item
    }
    assert tags == {"Rain": ["Labor"], "Union votes": ["Labor"]}


def test_a_second_time(docks: Newsroom) -> None:
    """Nothing is left to do, and no feed changes."""
    docks.change("strike OR walkout", "union")
    _apply(docks)
    revision = docks.store.revision(topic_scope("labor"))

    assert _apply(docks) == []
    assert docks.store.revision(topic_scope("labor")) == revision


def test_why_changes_alone(docks: Newsroom) -> None:
    """A story that stays for another reason says so."""
    docks.change("strike OR walkout", "title:strike")
    _apply(docks)

    (story,) = docks.store.latest(topic_scope("labor"), 5)
    assert docks.store.why(story.id) == {"labor": "rule found title: strike"}


def test_outlets_and_their_categories(docks: Newsroom) -> None:
    """What they file is found too, without any rule."""
    docks.publishes("harbor", article("Cranes", tags=["ports"]))
    docks.change("'strike OR walkout'", "'helicopter'")
    docks.ingests(later=HOUR)
    docks.change('"Ports" = "labor"', '"Docks" = "labor"')

    assert [change.placement for change in _apply(docks)] == [None, None]
    docks.change('"Docks" = "labor"', '"PORTS" = "labor"')
    _apply(docks)
    assert docks.titles("/topics/labor.atom") == ["Cranes"]


def test_a_word_is_stronger_than_rules(docks: Newsroom) -> None:
    """What is put in by hand stays in, what is taken out stays out, whatever is fetched later or
    applied; until it is taken back."""
    _say(docks, "Rain", True)
    _say(docks, "A strike", False)
    assert docks.titles("/topics/labor.atom") == ["Rain"]

    revised = article("A strike", text="A strike and a walkout.")
    docks.publishes("harbor", revised, article("Rain", text="More of it."))
    docks.ingests(later=HOUR)
    assert _apply(docks) == []
    assert docks.titles("/topics/labor.atom") == ["Rain"]

    _say(docks, "Rain", None)
    _say(docks, "A strike", None)
    assert docks.titles("/topics/labor.atom") == ["A strike"]


def test_what_is_put_in_is_news(docks: Newsroom) -> None:
    """An old story that an operator puts into a topic is in the window of its feed."""
    docks.publishes_at_most(1)
    _say(docks, "Rain", True)

    assert docks.titles("/topics/labor.atom") == ["Rain"]


def test_a_word_goes_with_its_article(docks: Newsroom) -> None:
    """Also when another outlet turns out to have told it first."""
    docks.publishes("harbor", article("Cranes close for a month", text=TEXT))
    docks.ingests(later=HOUR)
    _say(docks, "Cranes close for a month", True)
    docks.lists("plains")
    docks.publishes("plains", article("No cranes until the spring", text=TEXT, link="https://p/1"))
    docks.ingests(later=HOUR)

    (told,) = [s for s in docks.store.latest(topic_scope("labor"), 9) if s.duplicates]
    assert {entry.source for entry in told.entries} == {"harbor", "plains"}
    assert docks.store.why(told.id)["labor"] == "placed by the operator"


def test_what_is_held(docks: Newsroom) -> None:
    """It is filed where it would stand, and published there when it is let out."""
    docks.change('id = "harbor"', 'id = "harbor"\nmax_new = 1')
    docks.publishes("harbor", *(article(f"Day {n}: rain") for n in range(9)))
    docks.ingests(later=timedelta(minutes=1))
    docks.change("strike OR walkout", '"rain"')
    _apply(docks)
    assert docks.titles("/topics/labor.atom") == ["Rain"]

    docks.store.release("harbor", docks.now)
    assert len(docks.titles("/topics/labor.atom")) == 10


def test_the_last_word_counts(docks: Newsroom) -> None:
    """Even if the clock has gone back meanwhile."""
    _say(docks, "Rain", True)
    docks.now -= timedelta(days=3)
    _say(docks, "Rain", False)

    assert docks.titles("/topics/labor.atom") == ["A strike"]
    assert _apply(docks) == []


def test_an_outlet_that_left(newsroom: Newsroom) -> None:
    """What it was filed under stays so, when rules are applied and when others join its stories."""
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

    (told,) = newsroom.store.latest(ALL, 9)
    assert {entry.source for entry in told.entries} == {"harbor", "plains"}
    sources = newsroom.store.sources()
    found = recategorize(newsroom.store, TopicRules(newsroom.config.topics), sources)
    assert [filing.change for filing in found] == [None]
    assert newsroom.store.why(told.id) == {"labor": "source harbor"}
