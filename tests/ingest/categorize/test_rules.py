"""Where a story belongs, and why."""

from aggregator.ingest.categorize.rules import TopicRules, categorize
from aggregator.model import Entry, Placement
from aggregator.query import view_of_entry
from tests.harness.builders import entry, source, topic

TOPICS = [topic("labor", "strike"), topic("climate", "wildfire*"), topic("all-else")]


def _placed(lead: Entry, *others: Entry, **keys: object) -> dict[str, str]:
    listed = {"harbor": source("harbor", **keys)}
    glimpses = [view_of_entry(e, listed.get(e.source)) for e in (lead, *others)]
    found = categorize(glimpses, TopicRules(TOPICS), listed)
    assert all(isinstance(p, Placement) for p in found)
    return {p.topic: p.reason for p in found}


def test_by_rule() -> None:
    """The why says which words, where."""
    found = entry("Strike", "harbor", summary="No wildfires.")

    assert _placed(found) == {
        "labor": "rule found title: strike",
        "climate": "rule found summary: wildfire*",
    }


def test_by_source() -> None:
    """An outlet may be filed as a whole."""
    assert _placed(entry("X", "harbor"), topics=("labor",)) == {"labor": "source harbor"}


def test_by_the_outlets_own_category() -> None:
    """However it writes its capitals."""
    found = entry("X", "harbor", tags=("WORK",))

    assert _placed(found, tags={"Work": "labor"}) == {"labor": "harbor files it under 'WORK'"}


def test_by_several_reasons() -> None:
    """All of them are found."""
    found = entry("Strike", "harbor", summary="", tags=("Work",))

    sentence = _placed(found, tags={"Work": "labor"}, topics=("labor",))["labor"]
    assert sentence == "source harbor; harbor files it under 'Work'; rule found title: strike"


def test_by_another_outlets_telling() -> None:
    """A copy's words count too, even of an outlet that is not listed any more."""
    assert _placed(entry("X", "harbor"), entry("Strike!", "gone", summary="")) == {
        "labor": "rule found title: strike"
    }


def test_nowhere() -> None:
    """A story may match no topic."""
    assert _placed(entry("X", "harbor")) == {}
