"""Why a story is in its topics, as its page says it."""

import re

import pytest

from aggregator.model import LEARNED, Placement, PlacementChange
from tests.harness.builders import prose
from tests.harness.newsroom import Newsroom, article
from tests.site.conftest import HOUR


def _sentences_of(newsroom: Newsroom, title: str) -> list[str]:
    """The sentences on the page of a story, without markup but quotation marks."""
    story = next(s for s in newsroom.store.stories.ids() if _title(newsroom, s) == title)
    page = newsroom.get(f"/stories/{story}").text
    details = re.search(r"<details>\s*<summary>Why.*?</details>", page, re.S)
    assert details is not None
    sentences = re.findall(r"<p>(.*?)</p>", details[0], re.S)
    return [re.sub(r"<[^>]+>", "", re.sub("</?q>", '"', text)).strip() for text in sentences]


def _title(newsroom: Newsroom, id_: str) -> str:
    story = newsroom.store.stories.get(id_)
    return story.lead.title if story else ""


@pytest.fixture
def desk(newsroom: Newsroom) -> Newsroom:
    """Topics with rules of several kinds, and an outlet with categories."""
    newsroom.lists("harbor", tags='{ "Work & Wages" = "labor" }')
    newsroom.has_topic("labor", '"Union Vote" OR strik* OR content:picket')
    newsroom.has_topic("ports", "source:harbor")
    newsroom.publishes(
        "harbor",
        article("Dockers hold Union vote"),
        article("Talks end", "The strikers go home."),
        article("Wages rise", tags=["Work & Wages"]),
        article("Verdict falls"),
    )
    newsroom.ingests()
    return newsroom


def test_words_in_the_headline(desk: Newsroom) -> None:
    """As they are written there, before those anywhere else; the rule is not shown."""
    assert _sentences_of(desk, "Dockers hold Union vote") == [
        'Filed under Labor because the headline mentions "Union vote".',
        "Filed under Ports because it matches what this topic looks for.",
    ]


def test_words_in_the_teaser(desk: Newsroom) -> None:
    """The whole word that a prefix found."""
    assert _sentences_of(desk, "Talks end")[0] == (
        'Filed under Labor because the teaser mentions "strikers".'
    )


def test_the_category_of_the_outlet(desk: Newsroom) -> None:
    """As the outlet writes it."""
    assert _sentences_of(desk, "Wages rise")[0] == (
        'Filed under Labor because Harbor files it under "Work &amp; Wages".'
    )


def test_the_outlet_an_editor_and_resemblance(desk: Newsroom) -> None:
    """Each has its sentence."""
    desk.change('id = "harbor"\n', 'id = "harbor"\ntopics = ["labor"]\n')
    desk.publishes("harbor", article("Ferry sails"))
    desk.ingests(later=HOUR)
    assert _sentences_of(desk, "Ferry sails")[0] == "Filed under Labor because it is from Harbor."

    number = next(
        each.story_number
        for each in desk.store.topics.candidates(["labor"], [], ["harbor"])
        if each.entries[0].title == "Verdict falls"
    )
    learned = Placement(topic="labor", reason="learned, 0.9", placed_by=LEARNED)
    change = PlacementChange(story_number=number, topic="labor", placement=learned)
    desk.store.topics.recategorize([change], (), desk.now)
    assert _sentences_of(desk, "Verdict falls")[0] == (
        "Filed under Labor because it resembles other stories there."
    )


def test_a_story_of_several_outlets_without_a_topic(newsroom: Newsroom) -> None:
    """No address, port or evidence is shown."""
    for outlet in ("harbor", "plains"):
        newsroom.lists(outlet)
        link = f"https://{outlet}.example/strike"
        newsroom.publishes(outlet, article("Strike", prose(1), link=link))
        newsroom.ingests(later=HOUR)

    (first, second) = _sentences_of(newsroom, "Strike")

    assert first == "It is in no topic, and listed under all stories."
    assert second.startswith("Other outlets have published it, too")
    (id_,) = newsroom.store.stories.ids()
    page = newsroom.get(f"/stories/{id_}").text
    assert "127.0.0.1" not in page
    assert "https://harbor.example/strike" in page


def test_search_results_are_marked(desk: Newsroom) -> None:
    """In headlines and teasers."""
    page = desk.get("/search?q=dockers+OR+happened").text

    assert "<mark>Dockers</mark> hold Union vote" in page
    assert "Something <mark>happened</mark>." in page
