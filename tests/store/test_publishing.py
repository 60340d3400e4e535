"""What is published of what is kept: joined lists, archives, takedowns, topics by another name."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import (
    ALL,
    Batch,
    FetchState,
    Match,
    MatchKind,
    Outcome,
    Placement,
    PlacementChange,
    Story,
    StoryChange,
    TopicOverride,
    page_scope,
    source_scope,
    topic_scope,
)
from aggregator.query import parse
from aggregator.store import Store, archives, open_store
from tests.harness.builders import NOW, entry, source, story, topic

LABOR, COURTS = topic_scope("labor"), topic_scope("courts")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store that knows two sources."""
    opened = open_store(tmp_path / "news.db")
    opened.sync([source("harbor"), source("plains")], NOW)
    yield opened
    opened.close()


def _save(store: Store, *filed: StoryChange, outlet: str = "harbor") -> None:
    store.save(
        Batch(
            source=outlet, state=FetchState(last_success=NOW), outcome=Outcome.CHANGED, new=filed
        ),
        NOW,
    )


def _tells(store: Store, title: str, *topics: str, minute: int = 0, outlet: str = "harbor") -> None:
    when = NOW + minute * MINUTE
    placements = tuple(Placement(topic=t, reason="a rule") for t in topics)
    told = story(entry(title, outlet, published=when), listed_at=when)
    _save(store, StoryChange(story=told, listed_at=when, placements=placements), outlet=outlet)


def _titles(stories: list[Story]) -> list[str]:
    return [told.lead.title for told in stories]


def _id(store: Store, title: str) -> str:
    return next(told.id for told in store.latest(ALL, 500) if told.lead.title == title)


# ---- lists ---------------------------------------------------------------------------------


def test_joined_topics(store: Store) -> None:
    """A story in both is told once; each list gives its newest."""
    _tells(store, "Strike", "labor", minute=1)
    _tells(store, "Verdict", "courts", minute=2)
    _tells(store, "Injunction", "labor", "courts", minute=3)

    assert _titles(store.latest(LABOR, 9, joined=[COURTS])) == ["Injunction", "Verdict", "Strike"]
    assert _titles(store.latest(LABOR, 2, joined=[COURTS])) == ["Injunction", "Verdict"]
    both = store.revision(LABOR, COURTS)
    assert both.number == store.revision(LABOR).number + store.revision(COURTS).number


def test_without_an_outlet(store: Store) -> None:
    """A partner that leaves itself out sees no story that it tells, be it as a copy."""
    _tells(store, "Own", "labor", minute=1, outlet="plains")
    _tells(store, "Other", "labor", minute=2)
    copied = story(entry("Copied", "harbor"), entry("Copied", "plains"), listed_at=NOW)
    _save(
        store,
        StoryChange(story=copied, listed_at=NOW, placements=(Placement(topic="labor", reason=""),)),
    )

    assert _titles(store.latest(LABOR, 9, without=["plains"])) == ["Other"]
    assert _titles(store.latest(ALL, 1, without=["harbor"])) == ["Own"]


def test_a_search(store: Store) -> None:
    """The newest that match come first; language and outlet narrow it as they do a list."""
    for minute in range(5):
        _tells(store, f"Strike {minute}", minute=minute, outlet=("harbor", "plains")[minute % 2])
    _tells(store, "Verdict", minute=9)

    assert _titles(store.found(parse("strike"), 2)) == ["Strike 4", "Strike 3"]
    assert _titles(store.found(parse("strike"), 9, without=["harbor"])) == ["Strike 3", "Strike 1"]
    assert _titles(store.found(parse("NOT strike"), 9)) == ["Verdict"]
    assert store.found(parse("strike"), 9, language="es") == []


# ---- archives ------------------------------------------------------------------------------


def test_archives_fill_up(store: Store) -> None:
    """In the order of arrival; what is not full waits, and what is closed never changes."""
    for minute in range(5):
        _tells(store, f"S{minute}", "labor", minute=minute)
    closed = store.archive(2, NOW)

    assert closed == 2 * 3  # of the topic, of the outlet, of all
    assert store.pages(LABOR) == (1, 2)
    assert _titles(store.archived(LABOR, 1)) == ["S1", "S0"]
    assert _titles(store.archived(LABOR, 2)) == ["S3", "S2"]
    before = store.revision(page_scope(LABOR, 1))
    _tells(store, "S5", "labor", minute=5)
    assert store.archive(2, NOW) == 3
    assert _titles(store.archived(LABOR, 3)) == ["S5", "S4"]
    assert store.revision(page_scope(LABOR, 1)) == before
    assert store.pages(LABOR) == (1, 3)


def test_nothing_new_closes_nothing(store: Store) -> None:
    """A list that has not changed is not looked at again, unless documents are to be smaller."""
    for minute in range(3):
        _tells(store, f"S{minute}", "labor", minute=minute)
    store.archive(5, NOW)
    assert store.archive(5, NOW) == 0

    assert store.archive(2, NOW) == 3
    assert _titles(store.archived(LABOR, 1)) == ["S1", "S0"]


def test_a_number_is_given_once(store: Store) -> None:
    """What becomes of the stories of a document changes nothing about the others: those that come
    later come into later documents."""
    for minute in range(4):
        _tells(store, f"S{minute}", "labor", minute=minute)
    store.archive(2, NOW)
    for title in ("S2", "S3"):
        store.hide(_id(store, title), "asked", NOW)
    _tells(store, "S4", "labor", minute=4)
    _tells(store, "S5", "labor", minute=5)
    store.archive(2, NOW)
    assert store.pages(LABOR) == (1, 3)
    assert _titles(store.archived(LABOR, 2)) == []
    assert _titles(store.archived(LABOR, 3)) == ["S5", "S4"]
    for one in store.hidden():
        store.unhide(one.id, NOW)
    assert _titles(store.archived(LABOR, 2)) == ["S3", "S2"]

    store.purge(timedelta(minutes=1), NOW + timedelta(days=9))

    (oldest, newest) = store.pages(LABOR)
    assert (oldest > 1 or oldest == 0, newest) == (True, 3)
    _tells(store, "S6", "labor", minute=20_000)
    _tells(store, "S7", "labor", minute=20_001)
    store.archive(2, NOW)
    assert store.pages(LABOR)[1] == 4


def test_many_documents_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are closed in pieces, so that nobody waits long for the database."""
    monkeypatch.setattr(archives, "AT_ONCE", 2)
    for minute in range(11):
        _tells(store, f"S{minute}", "labor", minute=minute)

    assert store.archive(2, NOW) == 3 * 5
    assert [_titles(store.archived(LABOR, page)) for page in (1, 5)] == [["S1", "S0"], ["S9", "S8"]]


def test_a_tombstone_that_goes_is_a_change(store: Store) -> None:
    """When the story is too old to be kept, whoever keeps the feed makes it anew."""
    for minute in range(3):
        _tells(store, f"S{minute}", "labor", minute=minute)
    store.archive(2, NOW)
    store.hide(_id(store, "S0"), "asked", NOW)
    before = {scope: store.revision(scope).number for scope in (LABOR, page_scope(LABOR, 1))}

    with store._writing() as db:  # type: ignore[attr-defined]
        db.execute("update listings set arrived = '2020-01-01T00:00:00+00:00' where story = 1")
    store.purge(timedelta(days=30), NOW)

    assert store.removed(LABOR) == []
    assert all(store.revision(scope).number > number for scope, number in before.items())


def test_an_old_story_that_comes_late(store: Store) -> None:
    """Filed into a topic after years, it stands not among the newest, so it does not wait for
    others to fill its document; the documents before it stay as they are."""
    _tells(store, "Old")
    for minute in range(1, 4):
        _tells(store, f"S{minute}", "labor", minute=minute)
    store.archive(2, NOW)
    (found,) = [t for t in store.latest(ALL, 9) if t.lead.title == "Old"]
    placed = Placement(topic="labor", reason="by hand")
    store.refile(
        [PlacementChange(story_number=_row(store, found), topic="labor", placement=placed)], (), NOW
    )
    store.archive(2, NOW)

    assert _titles(store.archived(LABOR, 1)) == ["S2", "S1"]
    assert _titles(store.archived(LABOR, 2)) == ["S3", "Old"]


def _row(store: Store, told: Story) -> int:
    standing = store.standing_of(told.lead.entry_id, ["labor"])
    assert standing is not None
    return standing.story_number


def test_an_archive_knows_a_correction(store: Store) -> None:
    """Its stories stay; a story that is corrected reads differently there too."""
    for minute in range(2):
        _tells(store, f"S{minute}", "labor", minute=minute)
    store.archive(2, NOW)
    before = store.revision(page_scope(LABOR, 1)).number
    (told,) = [t for t in store.latest(LABOR, 9) if t.lead.title == "S0"]
    corrected = replace(told, lead=replace(told.lead, title="S0, corrected"))
    revised = StoryChange(
        story=corrected, listed_at=NOW, revised_entry_id=told.lead.entry_id,
        placements=(Placement(topic="labor", reason="a rule"),),
    )  # fmt: skip
    store.save(Batch(source="harbor", state=None, outcome=Outcome.CHANGED, revised=(revised,)), NOW)

    assert store.revision(page_scope(LABOR, 1)).number == before + 1
    assert _titles(store.archived(LABOR, 1)) == ["S1", "S0, corrected"]


# ---- takedowns -----------------------------------------------------------------------------


def test_a_takedown(store: Store) -> None:
    """It leaves every list, and whoever keeps a list is told; it comes back where it stood."""
    for minute in range(3):
        _tells(store, f"S{minute}", "labor", minute=minute)
    store.archive(2, NOW)
    id_ = _id(store, "S1")
    before = {scope: store.revision(scope).number for scope in (ALL, LABOR, page_scope(LABOR, 1))}

    store.hide(id_, "the outlet asks", NOW)

    assert _titles(store.latest(LABOR, 9)) == _titles(store.latest(ALL, 9)) == ["S2", "S0"]
    assert store.latest(source_scope("harbor"), 9) == store.latest(ALL, 9)
    assert _titles(store.archived(LABOR, 1)) == ["S0"]
    assert store.found(parse("S1"), 9) == []
    assert store.story(id_) is None
    assert store.is_hidden(id_)
    assert id_ not in list(store.story_ids())
    assert store.counts()[ALL] == 2
    (one,) = store.hidden()
    assert (one.id, one.title, one.reason, one.taken_down_at) == (id_, "S1", "the outlet asks", NOW)
    for removed in (store.removed(LABOR), store.removed(LABOR, 1), store.removed(ALL)):
        assert [(gone.public_id, gone.removed_at) for gone in removed] == [
            ("https://harbor.example/?p=s1", NOW)
        ]
    assert store.removed(COURTS) == []
    assert all(store.revision(scope).number > number for scope, number in before.items())

    store.unhide(id_, NOW)

    assert _titles(store.latest(LABOR, 9)) == ["S2", "S1", "S0"]
    assert _titles(store.archived(LABOR, 1)) == ["S1", "S0"]
    assert (store.hidden(), store.removed(LABOR), store.is_hidden(id_)) == ([], [], False)


def test_a_takedown_outlives_a_copy(store: Store) -> None:
    """Another outlet tells it, or it turns out to be another story: it stays down."""
    _tells(store, "Cranes", "labor")
    told = store.latest(ALL, 1)[0]
    store.hide(told.id, "asked", NOW)
    kin = store.kin([told.lead.entry_id])
    assert (kin.published_ids, kin.unlisted_ids) == (
        frozenset(),
        frozenset(),
    )  # so that copies join it
    copy = entry("Cranes", "plains", entry_id=-1)
    bond = Match(entry_a=-1, entry_b=told.lead.entry_id, kind=MatchKind.TEXT, reason="same words")
    joined = StoryChange(story=replace(told, duplicates=(copy,)), listed_at=NOW, is_stored=True)
    store.save(
        Batch(source="plains", state=None, outcome=Outcome.CHANGED, new=(joined,), matches=(bond,)),
        NOW,
    )

    assert store.latest(ALL, 9) == store.latest(source_scope("plains"), 9) == []

    _tells(store, "Ferries", minute=5)
    (other,) = store.latest(ALL, 9)
    absorbing = StoryChange(story=other, listed_at=NOW, is_stored=True, merged_ids=(told.id,))
    store.save(Batch(source="harbor", state=None, outcome=Outcome.CHANGED, new=(absorbing,)), NOW)

    assert store.latest(ALL, 9) == []
    assert store.is_hidden(told.id)
    assert store.is_hidden(other.id)


def test_a_takedown_outlives_a_mistake(store: Store) -> None:
    """What was taken for part of another, and turns out to be itself again, is still down; the
    other one is told again."""
    _tells(store, "Private matters")
    _tells(store, "Ferries", minute=5, outlet="plains")
    hidden, other = _id(store, "Private matters"), _id(store, "Ferries")
    store.hide(hidden, "asked", NOW)
    told = next(s for s in store.latest(ALL, 9) if s.id == other)
    lead = store.told_in([1])[1].lead
    both = StoryChange(
        story=replace(told, duplicates=(lead,)), listed_at=NOW, is_stored=True, merged_ids=(hidden,)
    )
    _changes(store, both)
    assert store.latest(ALL, 9) == []
    assert [gone.public_id for gone in store.removed(ALL)] != []

    alone = StoryChange(
        story=story(lead, id=hidden, public_id=lead.id), listed_at=NOW, is_stored=True
    )
    _changes(store, alone, StoryChange(story=told, listed_at=NOW, is_stored=True))

    assert _titles(store.latest(ALL, 9)) == ["Ferries"]
    assert [one.id for one in store.hidden()] == [hidden]
    assert store.story(hidden) is None


def _changes(store: Store, *filed: StoryChange) -> None:
    store.save(Batch(source="harbor", state=None, outcome=Outcome.CHANGED, new=filed), NOW)


def test_the_copies_of_what_is_down_are_recognised_for_ever(store: Store) -> None:
    """What it is found by is not forgotten with the window."""
    lead = entry("Cranes", "harbor", fingerprints=(1, 2, 3))
    other = entry("Ferries", "harbor", fingerprints=(4, 5, 6))
    _save(store, *(StoryChange(story=story(e), listed_at=NOW) for e in (lead, other)))
    store.hide(_id(store, "Cranes"), "asked", NOW)

    assert store.forget_prints(NOW + timedelta(days=99), 500) == 1
    assert set(store.sharing({1, 4})) == {1}


# ---- topics by another name ------------------------------------------------------------------


def test_a_topic_has_another_name(store: Store) -> None:
    """Its stories, its archive and what operators have said go with it."""
    for minute in range(3):
        _tells(store, f"S{minute}", "labour", minute=minute)
    store.archive(2, NOW)
    lead = store.latest(ALL, 1)[0].lead.entry_id
    store.refile(
        (), [TopicOverride(entry_id=lead, topic="labour", is_included=True, decided_at=NOW)], NOW
    )
    store.hide(_id(store, "S0"), "asked", NOW)
    renamed = [topic("labor", was=("labour", "work"))]

    store.rename_topics(renamed, NOW)

    assert _titles(store.latest(LABOR, 9)) == ["S2", "S1"]
    assert _titles(store.archived(LABOR, 1)) == ["S1"]
    assert len(store.removed(LABOR)) == 1
    assert [said.topic for said in store.said([lead])] == ["labor"]
    assert store.revision(topic_scope("labour")).number == 0
    assert store.first_names() == {"labor": "labour"}
    number = store.revision(LABOR).number
    store.rename_topics(renamed, NOW)  # nothing is left to do
    assert store.revision(LABOR).number == number


def test_a_topic_that_takes_in_another(store: Store) -> None:
    """What stands in both is there once; what came with the other waits for the archive."""
    for minute, topics in enumerate([("labor",), ("labor", "labour"), ("labour",), ("labour",)]):
        _tells(store, f"S{minute}", *topics, minute=minute)
    store.archive(2, NOW)

    store.rename_topics([topic("labor", was=("labour",))], NOW)
    store.archive(2, NOW)

    assert _titles(store.latest(LABOR, 9)) == ["S3", "S2", "S1", "S0"]
    assert _titles(store.archived(LABOR, 1)) == ["S1", "S0"]
    assert _titles(store.archived(LABOR, 2)) == ["S3", "S2"]
    assert store.first_names() == {}


def test_a_topic_that_takes_in_another_with_its_archive(store: Store) -> None:
    """Documents keep their numbers, and no number is given twice."""
    for minute in range(4):
        _tells(store, f"S{minute}", "labour", minute=minute)
    store.archive(2, NOW)
    store.hide(_id(store, "S0"), "asked", NOW)
    _tells(store, "N", "labor", minute=9)

    store.rename_topics([topic("labor", was=("labour",))], NOW)
    assert store.pages(LABOR) == (1, 2)
    _tells(store, "M", "labor", minute=10)
    store.archive(2, NOW)

    assert store.pages(LABOR) == (1, 3)
    assert _titles(store.archived(LABOR, 1)) == ["S1"]
    assert _titles(store.archived(LABOR, 3)) == ["M", "N"]


def test_a_hidden_story_takes_no_number_of_another_topic(store: Store) -> None:
    """Where both topics have an archive, what comes in waits for a new document, hidden or not."""
    for minute in range(4):
        _tells(store, f"S{minute}", ("labour", "labor")[minute % 2], minute=minute)
    store.archive(1, NOW)
    store.hide(_id(store, "S0"), "asked", NOW)

    store.rename_topics([topic("labor", was=("labour",))], NOW)
    store.unhide(store.hidden()[0].id, NOW)

    assert _titles(store.archived(LABOR, 1)) == ["S1"]
    assert _titles(store.archived(LABOR, 2)) == ["S3"]


# ---- pages of stories ------------------------------------------------------------------------


def test_a_page_that_is_history(store: Store) -> None:
    """As long as a story is news, its page depends on all that comes in; after a week on itself
    alone, and on what is done to others of its time."""
    _tells(store, "Old", "labor")
    _tells(store, "Of the same day", minute=5)
    _tells(store, "News", minute=9 * 24 * 60)
    old, news = store.page_scopes(_id(store, "Old")), store.page_scopes(_id(store, "News"))
    assert ALL not in old
    assert ALL in news
    assert ALL in store.page_scopes("nobody")

    before = store.revision(*old)
    _tells(store, "More news", minute=9 * 24 * 60 + 1)
    assert store.revision(*old) == before

    def correct() -> None:
        told = next(t for t in store.latest(ALL, 9) if t.lead.title == "Of the same day")
        corrected = replace(told, lead=replace(told.lead, title="Of the same day, corrected"))
        revised = StoryChange(story=corrected, listed_at=NOW, revised_entry_id=told.lead.entry_id)
        store.save(
            Batch(source="harbor", state=None, outcome=Outcome.CHANGED, revised=(revised,)), NOW
        )

    changes: list[Callable[[], object]] = [
        lambda: store.hide(_id(store, "Of the same day"), "asked", NOW),
        lambda: store.unhide(store.hidden()[0].id, NOW),
        correct,
        lambda: _tells(store, "Imported", minute=10),
        lambda: store.sync([source("harbor", name="Another name"), source("plains")], NOW),
        lambda: store.refile(
            [PlacementChange(story_number=1, topic="labor", placement=None)], (), NOW
        ),
    ]
    for change in changes:
        before = store.revision(*old)
        change()
        assert store.revision(*old).number > before.number
