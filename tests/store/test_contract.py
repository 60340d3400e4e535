"""What every store does, whatever database is behind it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.errors import StoreBusy, StoreTooNew, StoreUnavailable
from aggregator.model import (
    ALL,
    Batch,
    Entry,
    FetchState,
    Match,
    MatchKind,
    Outcome,
    Placement,
    Rejected,
    Share,
    Story,
    StoryChange,
    Validators,
    source_scope,
    topic_scope,
)
from aggregator.store import Store, open_store
from tests.harness.builders import NOW, at, entry, source, story

HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store that knows two sources."""
    opened = open_store(tmp_path / "news.db")
    opened.sync([source("harbor"), source("plains")], NOW)
    yield opened
    opened.close()


def _batch(*filed: StoryChange, source: str = "harbor", **keys: object) -> Batch:
    defaults = {"state": FetchState(last_success=NOW), "outcome": Outcome.CHANGED, "new": filed}
    return Batch(source=source, **{**defaults, **keys})  # type: ignore[arg-type]


def _filed(lead: Entry, *topics: str, **keys: object) -> StoryChange:
    placements = tuple(Placement(topic=t, reason=f"because {t}") for t in topics)
    told = story(lead, **keys)
    return StoryChange(story=told, listed_at=told.listed_at, placements=placements)


def _told(stories: list[Story]) -> list[str]:
    return [s.lead.title for s in stories]


def test_what_is_saved_is_read_again(store: Store) -> None:
    """A story comes back as it was, but for the keys, which only recognising needs."""
    cranes = entry("Cranes", "harbor", tags=("Ports",), author="Desk", image="https://h/x.jpg")
    store.save(_batch(_filed(cranes, "labor")), NOW)

    (read,) = store.latest(ALL, 10)

    assert read == story(replace(cranes, keys=()), topics=("labor",))
    assert store.story(read.id) == read
    assert store.why(read.id) == {"labor": "because labor"}
    assert list(store.story_ids()) == [read.id]


def _many(store: Store, outlets: str, language: str = "en", start: int = 0) -> None:
    """A story of each outlet by its letter, one a minute, the last the newest."""
    for number, outlet in enumerate(outlets, start):
        name = {"h": "harbor", "p": "plains"}[outlet]
        when = NOW + timedelta(minutes=number)
        told = entry(f"{outlet}{number}", name, published=when, language=language)
        store.save(_batch(_filed(told, "labor", listed_at=when), source=name), when)


@pytest.mark.parametrize(
    ("outlets", "shown"),
    [
        ("hhhhh", "h4 h3"),
        ("phhhh", "h4 h3 p0"),
        ("hphhh", "h4 h3 p1"),
        ("hpphphpp", "p7 p6 h5 h3"),
        ("pppphhhh", "h7 h6 p3 p2"),
        ("hhpphhpphh", "h9 h8 p7 p6"),
    ],
)
def test_fair_shares(store: Store, outlets: str, shown: str) -> None:
    """Of any four in a row, an outlet has two at most, the newest; the rest is in its own list."""
    _many(store, outlets)
    found = _told(store.latest(topic_scope("labor"), 4, share=Share(max_stories=2, window=4)))

    assert found == shown.split()
    assert len(store.latest(source_scope("harbor"), 50)) == outlets.count("h")
    assert len(store.latest(topic_scope("labor"), 50)) == len(outlets)


def test_one_language(store: Store) -> None:
    """A list in one language, whatever the region; other languages do not count against it."""
    _many(store, "hp", "es-mx")
    _many(store, "hphphp", start=2)

    assert _told(store.latest(topic_scope("labor"), 1, language="es")) == ["p1"]
    assert _told(store.latest(topic_scope("labor"), 9, language="es-MX")) == ["p1", "h0"]
    assert store.latest(topic_scope("labor"), 9, language="e") == []


def test_every_scope_lists_its_stories(store: Store) -> None:
    """By topic, by source, and all together."""
    store.save(_batch(_filed(entry("A", "harbor"), "labor"), _filed(entry("B", "harbor"))), NOW)

    assert _told(store.latest(topic_scope("labor"), 10)) == ["A"]
    assert set(_told(store.latest(source_scope("harbor"), 10))) == {"A", "B"}
    assert store.latest(source_scope("plains"), 10) == []
    assert store.counts() == {ALL: 2, "topic:labor": 1, "source:harbor": 2}


def test_the_newest_come_first(store: Store) -> None:
    """Stories are ordered by publication; of one date, by their place in the outlet's file."""
    dated = [
        ("Old", "09:00", 0),
        ("New", "11:00", 1),
        ("Second", "10:00", 3),
        ("First", "10:00", 2),
    ]
    for title, time, position in dated:
        told = entry(title, "harbor", published=at(f"2026-10-05 {time}"), feed_index=position)
        store.save(_batch(_filed(told)), NOW)

    assert _told(store.latest(ALL, 10)) == ["New", "First", "Second", "Old"]


def test_an_old_dated_newcomer_is_seen(store: Store) -> None:
    """The window is by arrival, so it is in the feed, at the place of its own date."""
    for hour in range(5, 9):
        told = entry(f"At {hour}", "harbor", published=at(f"2026-10-05 0{hour}:00"))
        store.save(_batch(_filed(told)), NOW)
    late = entry("Late", "harbor", published=at("2026-09-01 00:00"))
    store.save(_batch(_filed(late, listed_at=NOW)), NOW)

    assert _told(store.latest(ALL, 3)) == ["At 8", "At 7", "Late"]


def test_known_keys(store: Store) -> None:
    """Every key of an entry finds it, in its own source only."""
    told = entry("Cranes", "harbor", keys=("id 1", "address h/1"))
    store.save(_batch(_filed(told)), NOW)

    known = store.known("harbor", {"id 1", "address h/1", "id 2"})

    assert set(known) == {"id 1", "address h/1"}
    assert {k.raw_hash for k in known.values()} == {told.raw_hash}
    assert store.known("plains", {"id 1"}) == {}


def test_many_keys_at_once(store: Store) -> None:
    """More than SQL takes in one statement."""
    assert store.known("harbor", {f"id {n}" for n in range(70_000)}) == {}


def test_a_copy_joins_its_story(store: Store) -> None:
    """The story keeps its id and place; both outlets' lists hold it, and both changed."""
    lead = entry("Cranes", "harbor")
    store.save(_batch(_filed(lead)), NOW)
    (row,) = store.standing({lead.canonical_url})[lead.canonical_url]
    (standing,) = store.kin({row}).stories
    copy = entry("Cranes!", "plains", canonical_url=lead.canonical_url)
    grown = replace(standing, duplicates=(copy,), reasons=("plains: same address",))
    before = store.revision(source_scope("harbor")).number

    store.save(
        _batch(StoryChange(story=grown, listed_at=NOW, is_stored=True), source="plains"), NOW + HOUR
    )

    (read,) = store.latest(source_scope("plains"), 10)
    assert (read.id, read.lead.title) == (standing.id, "Cranes")
    assert [e.title for e in read.duplicates] == ["Cranes!"]
    assert read.reasons == ("plains: same address",)
    assert store.revision(source_scope("harbor")).number == before + 1
    assert store.counts()[ALL] == 1


def _saved(store: Store, told: Entry, **keys: object) -> Story:
    """An entry stored as a story of its own."""
    store.save(_batch(_filed(told), source=told.source, **keys), NOW)
    (row,) = store.standing({told.canonical_url})[told.canonical_url]
    return store.told_in({row})[row]


def test_who_shares_a_print(store: Store) -> None:
    """Entries are found by their prints until those are forgotten, the oldest first."""
    one = _saved(store, entry("One", "harbor", fingerprints=(5, 1 << 47)))
    two = _saved(store, entry("Two", "plains", fingerprints=(5,)))
    rows = [one.lead.entry_id, two.lead.entry_id]

    assert store.sharing({5, 1 << 47, 9}) == {5: rows, 1 << 47: rows[:1]}
    assert store.forget_prints(NOW, 10) == 0
    assert store.forget_prints(NOW + HOUR, 1) == 1
    assert store.sharing({5, 1 << 47}) == {5: rows[1:]}


def test_a_revised_entry_has_other_prints(store: Store) -> None:
    """A text that was a stub is found by the words that it has now; one that is too old to be
    found stays so."""
    told = _saved(store, entry("One", "harbor", fingerprints=(5, 6)))
    for prints, found in (((6, 7), {6, 7}), ((8,), set())):
        later = replace(told.lead, fingerprints=prints)
        retold = StoryChange(
            story=replace(told, lead=later), listed_at=NOW, revised_entry_id=later.entry_id
        )
        store.save(_batch(new=(), revised=(retold,)), NOW)

        assert set(store.sharing({5, 6, 7, 8})) == found
        store.forget_prints(NOW + HOUR, 10)


def test_kin(store: Store) -> None:
    """Whatever bonds connect, and their stories whole; nothing else."""
    stories = [_saved(store, entry(t, o)) for t, o in (("A", "harbor"), ("B", "plains"))]
    stranger = _saved(store, entry("C", "harbor"))
    a, b = (told.lead.entry_id for told in stories)
    bond = Match(entry_a=a, entry_b=b, kind=MatchKind.TEXT, score=0.5, reason="words")
    store.save(_batch(new=(), matches=(bond,)), NOW)

    kin = store.kin({b})

    assert [told.id for told in kin.stories] == [told.id for told in stories]
    assert kin.matches == (bond,)
    assert kin.published_ids == {told.id for told in stories}
    assert store.kin({stranger.lead.entry_id}).matches == ()
    assert store.kin(()).stories == ()


def test_an_operators_word_stays(store: Store) -> None:
    """Evidence that is found later does not take its place; another word does."""
    rows = [_saved(store, entry(t, o)).lead.entry_id for t, o in (("A", "harbor"), ("B", "plains"))]

    def kept(kind: MatchKind) -> MatchKind:
        bond = Match(entry_a=min(rows), entry_b=max(rows), kind=kind)
        store.save(_batch(new=(), matches=(bond,)), NOW)
        return store.kin(rows).matches[0].kind

    kinds = (MatchKind.TEXT, MatchKind.SPLIT, MatchKind.ADDRESS, MatchKind.MERGED)
    assert [kept(kind) for kind in kinds] == [
        MatchKind.TEXT, MatchKind.SPLIT, MatchKind.SPLIT, MatchKind.MERGED,
    ]  # fmt: skip


def test_two_stories_that_are_one(store: Store) -> None:
    """The one that is no more leads to the other and leaves every list; nothing is deleted, so
    its ids are never given again."""
    one, two = (_saved(store, entry(t, o)) for t, o in (("A", "harbor"), ("B", "plains")))
    grown = replace(one, duplicates=(two.lead,))
    both = StoryChange(story=grown, listed_at=NOW, is_stored=True, merged_ids=(two.id,))
    store.save(_batch(both), NOW)

    assert store.counts()[ALL] == 1
    assert (store.heir(two.id), store.heir(one.id)) == (one.id, "")
    assert store.story(two.id) is None
    assert [told.title for told in store.latest(source_scope("plains"), 5)[0].entries] == ["A", "B"]
    assert store.taken({two.public_id}) == {two.public_id}
    assert set(store.story_ids()) == {one.id, two.id}
    (former,) = store.kin({one.lead.entry_id}).merged_stories
    assert (former.id, former.lead.title) == (two.id, "B")
    assert {finding.check for finding in store.examine(NOW)} <= {"books"}  # a test keeps none


def test_reports_of_one_event(store: Store) -> None:
    """Found by rare words of headline and teaser, within days, and not in the story itself."""

    def told(title: str, outlet: str, summary: str, days: int = 0) -> Story:
        published = at("2026-10-05 10:00") - timedelta(days=days)
        return _saved(store, entry(title, outlet, summary=summary, published=published))

    for number in range(20):
        told(f"Council meets on matter {number}", "harbor", f"A vote on paragraph {number}.")
    one = told("Surfer killed in shark attack", "harbor", "A shark killed a surfer in Santa Cruz.")
    two = told("Shark kills surfer", "plains", "The surfer died in Santa Cruz of a shark attack.")
    told("Surfer killed by shark", "plains", "A shark killed a surfer in Santa Cruz.", days=30)

    assert [s.id for s in store.related(one, 5)] == [two.id]
    assert [s.id for s in store.related(two, 5)] == [one.id]


def test_odd_words_in_a_title(store: Store) -> None:
    """Whatever stands in a headline, its page can be made."""
    for number, word in enumerate(("foo_bar", '"', "NEAR(", "c++", "٢٠٢٦", "ǅungla", "𐐷𐐷𐐷𐐷", "*")):
        told = _saved(store, entry(f"A {word} of {number}", "harbor", summary=f"@{word}_x {word}"))
        assert told.id not in {other.id for other in store.related(told, 5)}


def test_a_revised_entry_keeps_its_place(store: Store) -> None:
    """Title and topics change; id, date and order do not."""
    lead = entry("Mayor wins", "harbor", keys=("id 1",))
    store.save(_batch(_filed(lead, "labor")), NOW)
    row = store.known("harbor", {"id 1"})["id 1"].entry_id
    told = store.told_in({row})[row]
    later = entry("Mayor loses", "harbor", published=NOW, keys=("id 1",), entry_id=row)
    retold = StoryChange(
        story=replace(told, lead=later, updated=NOW + HOUR),
        placements=(Placement(topic="policing", reason="rule"),),
        listed_at=NOW,
        revised_entry_id=row,
    )

    store.save(_batch(new=(), revised=(retold,)), NOW + HOUR)

    (read,) = store.latest(ALL, 10)
    assert (read.id, read.lead.title, read.published) == (told.id, "Mayor loses", lead.published)
    assert read.updated == NOW + HOUR
    assert store.latest(topic_scope("labor"), 10) == []
    assert store.revision(topic_scope("labor")).number == 2
    assert _told(store.latest(topic_scope("policing"), 10)) == ["Mayor loses"]


def test_two_revised_entries_of_one_story(store: Store) -> None:
    """What the one changed is not taken back by the other, and what binds them is kept."""
    store.save(_batch(_filed(entry("Mayor wins", "harbor", keys=("id 1",)))), NOW)
    row = store.known("harbor", {"id 1"})["id 1"].entry_id
    told = store.told_in({row})[row]
    anew = replace(told, updated=NOW + HOUR, reasons=("both say it",))
    retold = [
        StoryChange(
            story=replace(anew, updated=updated), placements=(), listed_at=NOW, revised_entry_id=row
        )
        for updated in (NOW + HOUR, told.updated)
    ]

    store.save(_batch(new=(), revised=tuple(retold)), NOW + HOUR)

    (read,) = store.latest(ALL, 10)
    assert (read.updated, read.reasons) == (NOW + HOUR, ("both say it",))


def test_nothing_new_changes_no_feed(store: Store) -> None:
    """A fetch without news leaves every revision as it was."""
    store.save(_batch(_filed(entry("A", "harbor"))), NOW)
    before = store.revision(ALL)

    store.save(_batch(outcome=Outcome.UNCHANGED), NOW + HOUR)

    assert store.revision(ALL) == before


def test_a_save_is_whole_or_not_at_all(store: Store) -> None:
    """If one story cannot be saved, neither are the others, nor the validators."""
    good, bad = _filed(entry("Good", "harbor")), _filed(entry("Bad", "harbor"))
    bad = replace(bad, story=replace(bad.story, public_id=good.story.public_id))
    state = FetchState(validators=Validators(etag='"new"'))

    with pytest.raises(sqlite3.IntegrityError):  # a bug of ours, and not the file's fault
        store.save(_batch(good, bad, state=state), NOW)

    assert store.latest(ALL, 10) == []
    assert store.state("harbor").validators.etag == ""


def test_state_and_health(store: Store) -> None:
    """What a fetch found out is there for the machine and for the operator."""
    state = FetchState(
        validators=Validators(etag='W/"x"', last_modified="yesterday", body_hash="h"),
        next_fetch=NOW + HOUR,
        interval=900,
        failures=2,
        failing_since=NOW - HOUR,
        last_success=NOW - 2 * HOUR,
    )
    rejected = (Rejected(key="id 1", title="Lost", reason="it has no link"),)
    batch = _batch(state=state, outcome=Outcome.FAILED, error="On fire.", rejected=rejected)

    store.save(batch, NOW)
    store.save(batch, NOW)

    assert store.state("harbor") == state
    health = {h.source: h for h in store.health()}["harbor"]
    assert (health.outcome, health.error, health.rejected) == (Outcome.FAILED, "On fire.", 1)
    assert (health.failing_since, health.last_fetch) == (NOW - HOUR, NOW)
    assert store.rejected("harbor", 5) == list(rejected)


def test_due(store: Store) -> None:
    """A source that was never fetched is due first, then the longest overdue."""
    harbor, plains, third = source("harbor"), source("plains"), source("third")
    store.sync([third], NOW)
    for each, next_fetch in ((harbor, NOW - HOUR), (plains, NOW + HOUR)):
        store.save(_batch(source=each.id, state=FetchState(next_fetch=next_fetch)), NOW)

    assert [s.id for s in store.due([plains, harbor, third], NOW)] == ["third", "harbor"]
    assert store.next_due([plains, harbor]) == NOW - HOUR
    assert store.next_due([third]) is None


def test_a_changed_right_shows_everywhere(store: Store) -> None:
    """What feeds.toml says of an outlet changes every feed that credits it."""
    store.save(_batch(_filed(entry("A", "harbor"), "labor")), NOW)
    before = store.revision(topic_scope("labor")).number

    store.sync([source("harbor", name="Harbor Dispatch")], NOW)
    store.sync([source("harbor", name="Harbor Dispatch")], NOW)

    assert store.sources()["harbor"].name == "Harbor Dispatch"
    assert store.revision(topic_scope("labor")).number == before + 1


def test_private_feed_addresses_are_not_kept(store: Store) -> None:
    """What is kept for credit may be published (FreshRSS GHSA-rpmm)."""
    store.sync([source("secret", basic_auth="LOGIN")], NOW)

    assert store.sources()["secret"].feed == "https://secret.example/"


# ---- the file ----------------------------------------------------------------------


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """The sentence says what to do."""
    with pytest.raises(StoreUnavailable, match="does not exist; make it, or set"):
        open_store(tmp_path / "nowhere" / "news.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """It is left as it was."""
    file = tmp_path / "news.db"
    file.write_text("My diary. " * 200)

    with pytest.raises(StoreUnavailable, match="no SQLite database"):
        open_store(file)

    assert file.read_text() == "My diary. " * 200


def test_a_database_from_the_future(tmp_path: Path) -> None:
    """It is not touched, and the sentence says which step is unknown."""
    store = open_store(tmp_path / "news.db")
    with store._writing() as db:
        row = {"migration_set": "aggregator", "name": "time_travel", "applied_at": "2030"}
        db.table("_sqlite_migrations").insert(row)
    store.close()

    with pytest.raises(StoreTooNew, match=r"later version of aggregator \(it has time_travel"):
        open_store(tmp_path / "news.db")


def test_a_database_of_another_program(tmp_path: Path) -> None:
    """We do not put our tables into it."""
    store = open_store(tmp_path / "other.db")
    with store._writing() as db:
        db.execute("drop table _sqlite_migrations")
    store.close()

    with pytest.raises(StoreUnavailable, match="another program"):
        open_store(tmp_path / "other.db")


def test_yesterdays_database(tmp_path: Path) -> None:
    """The first version's tables, with a story in them, are today's."""
    script = (Path(__file__).parent / "first_tables.sql").read_text(encoding="utf-8")
    with contextlib.closing(sqlite3.connect(tmp_path / "news.db")) as connection:
        connection.executescript(script)
        connection.executescript(
            """insert into sources (id, name, feed, site, show, license, precedence)
                 values ('plains', 'Plains', '', '', 'excerpt', '', 0);
               insert into entries select 2, 'plains', story, given_id, link, address, title,
                 summary, content, author, published, updated, tags, language, image, enclosures,
                 digest, face, position from entries"""
        )

    again = open_store(tmp_path / "news.db")

    assert _told(again.latest(ALL, 10)) == ["Cranes"]
    assert again.why(next(again.story_ids())) == {"labor": "because labor"}
    (bond,) = again.kin({2}).matches  # so that what was one story stays one
    assert (bond.entry_a, bond.entry_b, bond.kind) == (1, 2, MatchKind.ADDRESS)
    again.save(_batch(_filed(entry("New", "harbor"))), NOW)
    assert again.counts()[ALL] == 2
    assert {h.source: h.outcome for h in again.health()}["harbor"] is Outcome.CHANGED
    again.close()


def test_one_ingest_at_a_time(tmp_path: Path, store: Store) -> None:
    """A second one is told at once that another is at work, until that one ends."""
    other = open_store(tmp_path / "news.db")
    with other.ingesting(), pytest.raises(StoreBusy), store.ingesting():
        pass

    with store.ingesting():
        assert store.counts() == {}
    other.close()


def test_a_lock_that_cannot_be_written(tmp_path: Path, store: Store) -> None:
    """It is a sentence, not a traceback."""
    (tmp_path / "news.db.lock").mkdir()

    with pytest.raises(StoreUnavailable, match="cannot be written"), store.ingesting():
        pass
