"""Which topics a story is placed in, and why."""

from aggregator.ingest.categorize.rules import TopicRules, categorize
from aggregator.model import Entry, Placement
from aggregator.query import view_of_entry
from tests.harness.builders import entry, source, topic

TOPICS = [topic("labor", "strike"), topic("climate", "wildfire*"), topic("all-else")]


def _reasons(lead: Entry, *others: Entry, **keys: object) -> dict[str, str]:
    listed = {"harbor": source("harbor", **keys)}
    views = [view_of_entry(e, listed.get(e.source)) for e in (lead, *others)]
    found = categorize(views, TopicRules(TOPICS), listed)
    assert all(isinstance(p, Placement) for p in found)
    return {p.topic: p.reason for p in found}


def test_a_rule_places_a_story() -> None:
    """The reason names the words and the fields that match."""
    found = entry("Strike", "harbor", summary="No wildfires.")

    assert _reasons(found) == {
        "labor": "rule found title: strike",
        "climate": "rule found summary: wildfire*",
    }


def test_a_source_places_its_stories() -> None:
    """A source may place all its stories in a topic."""
    assert _reasons(entry("X", "harbor"), topics=("labor",)) == {"labor": "source harbor"}


def test_a_category_places_a_story() -> None:
    """An outlet's category counts in any capitalization."""
    found = entry("X", "harbor", tags=("WORK",))

    assert _reasons(found, tags={"Work": "labor"}) == {"labor": "harbor files it under 'WORK'"}


def test_all_reasons_are_given() -> None:
    """A story may be placed by its source, a category and a rule at once."""
    found = entry("Strike", "harbor", summary="", tags=("Work",))

    sentence = _reasons(found, tags={"Work": "labor"}, topics=("labor",))["labor"]
    assert sentence == "source harbor; harbor files it under 'Work'; rule found title: strike"


def test_a_duplicate_places_a_story() -> None:
    """The text of a duplicate counts too, even if its outlet is no longer listed."""
    assert _reasons(entry("X", "harbor"), entry("Strike!", "gone", summary="")) == {
        "labor": "rule found title: strike"
    }


def test_a_story_may_match_no_topic() -> None:
    """A story that nothing matches is in no topic."""
    assert _reasons(entry("X", "harbor")) == {}
