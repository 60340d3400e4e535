"""Backups, and a database that something else has damaged."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.errors import StoreUnavailable, WriteError
from aggregator.ingest.pipeline import the_time
from aggregator.model import ALL, Batch, EntryCounts, FetchState, Outcome, Placement, StoryChange
from aggregator.store import Store, open_store
from tests.harness.builders import NOW, entry, source, story

HOUR = timedelta(hours=1)
YEARS = timedelta(days=4 * 365)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with three stories of two sources."""
    file = tmp_path / "news.db"
    with contextlib.closing(open_store(file)) as store:
        store.sync([source("harbor"), source("plains")], NOW)
        _save(store, "harbor", "One", "Two")
        _save(store, "plains", "Three")
    return file


def _save(store: Store, outlet: str, *titles: str, now: object = NOW) -> None:
    filed = tuple(
        StoryChange(
            story=story(entry(title, outlet, fingerprints=(1, 2, 3))),
            listed_at=NOW,
            placements=(Placement(topic="labor", reason="rule"),),
        )
        for title in titles
    )
    books = EntryCounts(received=len(filed), new=len(filed))
    batch = Batch(
        source=outlet, state=FetchState(), outcome=Outcome.CHANGED, new=filed, counts=books
    )
    store.save(batch, now)  # type: ignore[arg-type]


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    """The same, open."""
    with contextlib.closing(open_store(file)) as opened:
        yield opened


def _hand(file: Path, *statements: str) -> None:
    """Somebody edits the database by hand."""
    with contextlib.closing(sqlite3.connect(file)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


# ---- doctor ----------------------------------------------------------------------------


def test_a_healthy_database(store: Store) -> None:
    """Nothing is found, and mending changes nothing."""
    assert store.examine(NOW) == []
    store.repair(NOW)
    assert store.counts()[ALL] == 3


DAMAGES = [
    ("an entry without its story", "delete from stories where row = 1", "orphans"),
    ("a story without its entry", "delete from entries where id = 1", "orphans"),
    ("an entry of which something was said, without its story",
     "insert into said values (1, 'labor', 1, '2026-10-01T00:00:00+00:00'); "
     "delete from stories where row = 1", "orphans"),
    ("a suggestion for nobody",
     "insert into suggestions values ('labor', 1, 0.7, 'why'); delete from entries where id = 1",
     "orphans"),
    ("a word on nobody",
     "insert into said values (99, 'labor', 1, '2026-10-01T00:00:00+00:00')", "orphans"),
    ("a word at no time", "insert into said values (1, 'labor', 1, 'then')", "values"),
    ("a model of tomorrow",
     "insert into models values (1, '2030-01-01T00:00:00+00:00', '', 0, x'')", "clock"),
    ("a wrong lead", "update stories set lead = 99 where row = 1", "orphans"),
    ("a story that stands for none", "update stories set merged = 99 where row = 1", "orphans"),
    ("a story that is another's, and listed", "update stories set merged = 2 where row = 1",
     "orphans"),
    ("a bond of nobody", "insert into bonds values (1, 99, 'text', 1, '')", "orphans"),
    ("a print of nobody", "insert into prints values (5, 99)", "orphans"),
    ("prints that are lost", "delete from prints where entry = 1", "prints"),
    ("no list of originals", "update entries set originals = 'x' where id = 1", "values"),
    ("a key of nobody", "insert into keys values ('harbor', 'id x', 99)", "orphans"),
    ("a listing of nothing",
     "insert into listings values (99, 'all', '2026', '2026', '', '', null)",
     "orphans"),
    ("a story missing from all", "delete from listings where story = 1 and scope = 'all'",
     "listings"),
    ("a story missing from its outlet's list",
     "delete from listings where story = 1 and scope glob 'source:*'", "listings"),
    ("a list without a revision", "delete from revisions where scope = 'topic:labor'", "listings"),
    ("books that do not balance", "update sources set sum_known = 7 where id = 'harbor'", "books"),
    ("books that miss an entry",
     "update sources set sum_new = 9, sum_received = 9 where id = 'harbor'", "books"),
    ("a date to come", "update stories set published = '2030-01-01T00:00:00+00:00'", "clock"),
    ("a time in the form of SQLite", "update sources set last_fetch = '2026-10-05 11:00:00'",
     "values"),
    ("a time that is none", "update sources set next_fetch = 'soon'", "values"),
    ("a story's time that is none", "update stories set published = 'soon'", "values"),
    ("a pace that is none", "update sources set pace = 'zzz'", "values"),
    ("a pace of one number", "update sources set pace = '[1]'", "values"),
    ("tags that are no list", "update entries set tags = 'Ports, Labor'", "values"),
    ("a why that is none", "update stories set why = 'because'", "values"),
    ("a title in bytes", "update entries set author = x'ff'", "values"),
    ("an id in bytes", "update stories set public_id = cast(public_id as blob)", "values"),
    ("an outlet that is gone", "delete from sources where id = 'plains'", "orphans"),
    ("words that are lost", "delete from words_docsize where id = 2", "words"),
    ("a lost index", "drop index listings_by_arrival", "schema"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "check"), [c[1:] for c in DAMAGES], ids=[c[0] for c in DAMAGES])
def test_damage_that_can_be_mended(file: Path, damage: str, check: str) -> None:
    """It is found, mended, and then nothing is found; the other stories stand as before."""
    with contextlib.closing(open_store(file)) as store:
        ids = {s.public_id for s in store.latest(ALL, 9)}
    _hand(file, *damage.split("; "))
    with contextlib.closing(open_store(file)) as store:
        found = store.examine(NOW)
        assert check in {finding.check for finding in found}
        assert all(finding.can_repair for finding in found)

        store.repair(NOW)

        assert store.examine(NOW) == []
        store.health()
        store.state("harbor")
        assert the_time(store, NOW)
        told = store.latest(ALL, 9)
        assert {"Two", "Three"} <= {s.lead.title for s in told}
        assert {s.public_id for s in told} <= ids


def test_a_source_that_is_due_in_years(file: Path, store: Store) -> None:
    """Nothing can have meant that; it is due now."""
    _hand(file, "update sources set next_fetch = '2035-01-01T00:00:00+00:00'")

    assert [s.id for s in store.due([source("harbor")], NOW)] == ["harbor"]


def test_damage_that_cannot_be_mended(file: Path) -> None:
    """It is said to be so."""
    _hand(file, "delete from keys where entry = 2", "alter table runs add column extra text")
    with contextlib.closing(open_store(file)) as store:
        store.repair(NOW)
        found = store.examine(NOW)

    assert {finding.check for finding in found} == {"orphans", "schema"}
    assert not any(finding.can_repair for finding in found)


def test_a_torn_file(file: Path) -> None:
    """Integrity is what SQLite says of it; a file that cannot be read is a sentence."""
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("pragma journal_mode = delete")
    body = bytearray(file.read_bytes())
    body[4096 * 4 : 4096 * 6] = b"\xff" * 8192
    file.write_bytes(bytes(body))
    with contextlib.closing(open_store(file)) as store:
        (finding,) = store.examine(NOW)

    assert (finding.check, finding.can_repair) == ("integrity", False)
    assert finding.description.startswith("SQLite finds the file damaged: ")


# ---- backup ----------------------------------------------------------------------------


def test_a_backup(store: Store, tmp_path: Path) -> None:
    """It holds everything, opens as a database of ours, and replaces the one of yesterday."""
    for _ in range(2):
        store.backup(tmp_path / "copy.db")

    with contextlib.closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.latest(ALL, 9) == store.latest(ALL, 9)
        assert copy.examine(NOW) == []
    assert not list(tmp_path.glob(".*.part"))


def test_a_backup_while_somebody_writes(file: Path, store: Store, tmp_path: Path) -> None:
    """It is of one moment: an unfinished save is not in it."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from listings")
        store.backup(tmp_path / "copy.db")
        writer.execute("rollback")

    with contextlib.closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.counts()[ALL] == 3


def test_a_backup_of_a_damaged_database(file: Path, tmp_path: Path) -> None:
    """It does not take the place of a good one."""
    copy = tmp_path / "copy.db"
    with contextlib.closing(open_store(file)) as store:
        store.backup(copy)
    good = copy.read_bytes()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("pragma journal_mode = delete")
    body = bytearray(file.read_bytes())
    body[4096 * 4 : 4096 * 6] = b"\xff" * 8192
    file.write_bytes(bytes(body))

    with (
        contextlib.closing(open_store(file)) as store,
        pytest.raises(WriteError, match=r"cannot be written \(.*; what stood there is untouched"),
    ):
        store.backup(copy)

    assert copy.read_bytes() == good


def test_backups_that_cannot_be(file: Path, store: Store, tmp_path: Path) -> None:
    """Onto the database itself, or into nowhere: a sentence, and nothing is touched."""
    with pytest.raises(WriteError, match="is the database itself"):
        store.backup(file)
    for end in ("-wal", "-shm", ".lock"):
        with pytest.raises(WriteError, match="is the database itself"):
            store.backup(file.with_name(f"{file.name}{end}"))
    (tmp_path / "feeds.toml").write_text("[site]")
    for other in (tmp_path / "feeds.toml", Path("/dev/null")):
        with pytest.raises(WriteError, match="is something else than a backup"):
            store.backup(other)
    assert (tmp_path / "feeds.toml").read_text() == "[site]"
    with pytest.raises(WriteError, match="cannot be written"):
        store.backup(tmp_path / "no" / "copy.db")
    with pytest.raises(WriteError, match="cannot be written"):
        store.backup(Path("/dev/null/copy.db"))
    assert store.counts()[ALL] == 3


# ---- the disk, the lock, the clock -----------------------------------------------------


def test_a_full_disk(store: Store) -> None:
    """The sentence says so, nothing is half saved, and with room again all is well."""
    with store._door() as db:  # type: ignore[attr-defined]
        pages = db.execute("pragma page_count").fetchone()[0]
        db.execute(f"pragma max_page_count = {pages}")
        with pytest.raises(StoreUnavailable, match="the disk is full; free some room"):
            _save(store, "harbor", *(f"Story {n}" for n in range(500)))
        db.execute("pragma max_page_count = 1000000")

    assert store.counts()[ALL] == 3
    assert store.examine(NOW) == []
    _save(store, "harbor", "Four")
    assert store.counts()[ALL] == 4


def test_a_database_that_another_program_locks(file: Path, store: Store) -> None:
    """The sentence says so; when the lock is gone, the same save works."""
    with store._door() as db:  # type: ignore[attr-defined]
        db.execute("pragma busy_timeout = 50")
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.raises(StoreUnavailable, match="another program holds it"):
            _save(store, "harbor", "Four")
        other.execute("rollback")

    _save(store, "harbor", "Four")
    assert store.counts()[ALL] == 4


def test_a_clock_that_goes_back_a_little(store: Store) -> None:
    """Time stands still until it has caught up."""
    _save(store, "harbor", "Four", now=NOW + HOUR / 2)

    assert the_time(store, NOW) == NOW + HOUR / 2
    assert the_time(store, NOW + HOUR) == NOW + HOUR


def test_a_clock_that_was_wrong_for_years(store: Store) -> None:
    """What it stamped is put right: sources are due, and new stories come first."""
    future = NOW + YEARS
    late = story(entry("From the future", "harbor", published=future), listed_at=future)
    state = FetchState(next_fetch=future + HOUR, last_full_fetch=future, failing_since=future)
    batch = Batch(
        source="harbor",
        state=state,
        outcome=Outcome.CHANGED,
        new=(StoryChange(story=late, listed_at=future),),
        counts=EntryCounts(received=1, new=1),
    )
    store.save(batch, future)

    assert the_time(store, NOW + HOUR) == NOW + HOUR

    assert [s.id for s in store.due([source("harbor")], NOW + HOUR)] == ["harbor"]
    assert store.examine(NOW + HOUR) == []
    fresh = story(entry("Fresh", "plains", published=NOW + 2 * HOUR), listed_at=NOW + 2 * HOUR)
    store.save(
        Batch(source="plains", state=FetchState(), outcome=Outcome.CHANGED,
              new=(StoryChange(story=fresh, listed_at=NOW + 2 * HOUR),),
              counts=EntryCounts(received=1, new=1)),
        NOW + 2 * HOUR,
    )  # fmt: skip
    assert [s.lead.title for s in store.latest(ALL, 1)] == ["Fresh"]


def test_a_backup_is_put_back(file: Path, store: Store, tmp_path: Path) -> None:
    """Stop, copy, start: everything of that day is there."""
    store.backup(tmp_path / "copy.db")
    _save(store, "harbor", "Four")
    store.close()
    for part in ("-wal", "-shm"):
        file.with_name(f"{file.name}{part}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", file)

    with contextlib.closing(open_store(file)) as again:
        assert again.counts()[ALL] == 3
