"""Taken-down stories disappear everywhere and stay down."""

from datetime import timedelta

import pytest

from aggregator.demo.sample_feeds import Item
from aggregator.model import ALL, topic_scope
from tests.harness.builders import NOW, prose
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)


def test_a_taken_down_story_disappears_everywhere(docks: Newsroom) -> None:
    """The page of the story says so, and the Atom feeds have a tombstone (RFC 6721)."""
    story = docks.store.lists.latest(topic_scope("labor"), 1)[0]
    docks.store.stories.take_down(story.id, "the outlet asks", docks.now)

    for path in ("/all", "/topics/labor", "/sources/harbor", "/search"):
        for end in ("", ".rss", ".atom", ".json"):
            page = docks.get(f"{path}{end}?q=strike")
            assert story.lead.title not in page.text
            assert story.id not in page.text
    answer = docks.get(f"/stories/{story.id}")
    assert answer.status_code == 410
    assert "taken down" in answer.text
    assert "the outlet asks" not in answer.text
    tombstone = f'<at:deleted-entry ref="{story.public_id}" when="2026-10-05T12:00:00+00:00"/>'
    assert tombstone in docks.get("/topics/labor.atom").text
    assert tombstone not in docks.get("/topics/courts.atom").text


TEXT = "The dock workers went back to work after nine weeks, their union says. " * 3


ONE_HOUR_LATER = NOW + timedelta(hours=1)


REPUBLISHED = {
    "another id": article("Cranes", TEXT, id_="https://harbor.example/?p=99"),
    "another id and date": article("Cranes", TEXT, id_="new", published=ONE_HOUR_LATER),
    "another title": article("The cranes stand", TEXT, link="https://outlet.example/cranes"),
    "another address": article("Cranes", TEXT + " New.", link="https://outlet.example/moved"),
    "all but the words": article(
        "Cranes", TEXT, link="https://outlet.example/elsewhere", id_="new", published=ONE_HOUR_LATER
    ),
}


@pytest.mark.parametrize("republished", REPUBLISHED.values(), ids=REPUBLISHED)
def test_a_takedown_outlives_republication(docks: Newsroom, republished: Item) -> None:
    """A story stays down if its outlet lists it again, and if another outlet copies it."""
    docks.publishes("harbor", article("Cranes", TEXT))
    docks.ingests(later=2 * HOUR)
    story = next(s for s in docks.store.lists.latest(ALL, 9) if s.lead.title == "Cranes")
    docks.store.stories.take_down(story.id, "asked", docks.now)
    before = docks.titles("/all.atom")

    docks.publishes("harbor", republished)
    docks.ingests(later=HOUR)
    assert docks.titles("/all.atom") == before
    docks.publishes("harbor", article("News", "Of something else, which nobody has told yet."))
    docks.publishes("plains", article("Cranes again", TEXT, link="https://plains.example/copy"))
    docks.ingests(later=HOUR)

    assert sorted(docks.titles("/all.atom")) == sorted([*before, "News"])
    assert all(
        story.id in one.reason or one.id == story.id for one in docks.store.stories.takedowns()
    )


def test_similar_stories_are_not_taken_down(docks: Newsroom) -> None:
    """Episodes at one URL and columns with repeated text stay published.

    A story that is down only because it is similar does not take others down either.
    """
    footer = "Write to us, and tell your friends about this column of ours, week after week. " * 9
    for week in range(1, 5):
        docks.publishes(
            "harbor",
            article(f"Episode {week}", f"Of {week} things {week}.", link="https://h.example/cast",
                    id_=f"e{week}", published=docks.now),
            article(f"Column {week}", f"{prose(week, 90)} {footer}", id_=f"c{week}",
                    published=docks.now),
        )  # fmt: skip
        docks.ingests(later=timedelta(days=7))
        if week == 1:
            for title in ("Episode 1", "Column 1"):
                docks.store.stories.take_down(_id_of(docks, title), "asked", docks.now)

    assert len(docks.store.stories.takedowns()) == 2
    assert {f"{kind} {n}" for kind in ("Episode", "Column") for n in (2, 3, 4)} <= {
        story.lead.title for story in docks.store.lists.latest(ALL, 99)
    }


def test_a_copy_of_a_takedown_leaves_no_trace(docks: Newsroom) -> None:
    """The copy has no tombstone, since it was never published; it is restored with the original."""
    docks.publishes("harbor", article("Cranes", TEXT))
    docks.ingests(later=2 * HOUR)
    docks.store.stories.take_down(_id_of(docks, "Cranes"), "asked", docks.now)
    before = docks.get("/all.atom").data
    secret = article(
        "Cranes", TEXT, link="https://outlet.example/secret", id_="s", published=ONE_HOUR_LATER
    )
    docks.publishes("harbor", secret)
    docks.ingests(later=HOUR)

    assert len(docks.store.stories.takedowns()) == 2
    assert docks.get("/all.atom").data == before
    docks.restarts()
    assert docks.get("/all.atom").data == before
    docks.store.stories.restore(docks.store.stories.takedowns()[-1].id, docks.now)
    assert docks.store.stories.takedowns() == []
    assert docks.titles("/all.atom").count("Cranes") == 2


def _id_of(docks: Newsroom, title: str) -> str:
    return next(s.id for s in docks.store.lists.latest(ALL, 99) if s.lead.title == title)
