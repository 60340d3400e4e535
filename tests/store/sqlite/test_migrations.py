"""Databases of other versions are migrated, or refused and left unchanged."""

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator import __version__
from aggregator.errors import StoreTooNew, StoreTooOld, StoreUnavailable
from aggregator.ingest.dedupe.fingerprints import fingerprints_of
from aggregator.model import (
    ALL,
    EntryKey,
    EntryKeyKind,
    FailureKind,
    PlacementReason,
    ReasonKind,
    source_scope,
    topic_scope,
)
from aggregator.query import parse
from aggregator.store.sqlite import SqliteStore, migrations, open_read_only, open_store
from tests.harness.builders import NOW, article, prose
from tests.harness.saving import publish, revise, story_titled, titles
from tests.store.sqlite.make_database import DATABASES, write

CHECKSUMS = {
    "0001_initial": "89d5b7c45d48b833b90d46d944f9223428bc2c44c88d2b4aa0a4e7408fc16470",
    "0002_hub_failure_kinds": "19841cb984bd74d6c7ef65adff11a13028ecea7700b1d8ff997fec39d4b11456",
    "0003_bugs": "019e06b0525f24bf1347db0edaba0c6daad7254176de1b70f0432bef5f9a9ca7",
    "0004_incidents": "86a49dd6cdca3311e5d7678cd633a97a70a75edad472b439ea74927690d085a8",
    "0005_hub_clients": "1cc93ea5a383c9a46389c514086eb805befc661915d4959632fd90a6bb39905f",
    "0006_first_fetch": "2823b278e5875ef51b1925f2ccf1fb2b5a352667a99cba0dd091ebfb620b0cd7",
    "0007_subscriber_changes": "44d8ac0aa64426983716a5ab8c1bb9eee26cb9ad72a904a98b18ddcbb052f559",
    "0008_notes": "0f39f82876d6c5265722c7c87233328a4e0a93a52a7db065e042dad7e7b06d2e",
    "0009_first_site": "8b2018a2909514998a642d4cb2fe68a4c23ca563a1a40469aa426e03d1dde73c",
    "0010_words": "5d3b09cb4da9c587e534b9a5f4b44ab305c85543547e08c0e3cdb007548a9278",
    "0011_older_pages": "8284abb3d42d4edcbc377ee7404780f2de45b2981a01926fe9404aa8471c86a4",
    "0012_calendar": "09c4975f996fbaa4b715c075639bcf017491b84a00c91387f223a7abd912ed1c",
    "0013_pictures": "6b4be5932f96b3e772ae0b78ab924e7453aca11ad64d4a4842e9201bdefaa6c0",
    "0014_source_rename": "9bfcda5cb56d4ce179791718eecd17b545788d4273f064e8b554c729b3d9289c",
    "0015_config_versions": "378bdac8910c9a2eb2656e2dc96999df0dbe5d33cb3fddab0c8adef0941d803c",
    "0016_statistics": "2c7141939f62aaceec5ae404f764e225d34f122588b84d0560e53a3f0403d4d9",
    "0017_desk": "1597fe658637ed54fa3ccd6b228cae92129049e0cc82207130606d2d853b5baf",
    "0018_alerts": "24c9b4c31ca4cf1bd417e5daa6736365ffa3c9d041a7f020bb257212b28b3f7e",
    "0019_editing": "b2bd46263bd352fadedde300c450b6e35e6f64a9ba27317b02efcc7ed1a0fc34",
    "0020_undo": "6782e951f951daa4ccb198f0f05d5efa00d430ee918c24054e8d808d826cf0a4",
    "0021_api_tokens": "7b7a8f62afb0639d6b30b4510d4c6a3c4ab1c6115fc1bd2a147fcf23030c54fd",
    "0022_passkeys": "6e6cabbd442ca99d73f703d22e97ef4698df806abed8ae247cafeea2aadf0b11",
    "0023_story_days": "f433061308e794575c73cd715942898a552b55422489f21b858ed44cc9d2d9f8",
    "0024_digest": "c866988baf486b2d17f25379a43fcb3f45bb71526f9b8191f0863d12100497f6",
    "0025_entry_hashes": "1c7dbdefbdfee975fea7624d00a6a5a5244b9e7ac7a69711f772da8ae579f5c0",
    "0026_related_stories": "b368e8cbd50e6e03a94377bc1790813ab6e127e36a5b63a5bf76cc45c751a943",
    "0027_contents": "5e22e08785fd4a478cf6dc84e8054f53bc7433b6a8ad96d9b0642b373d3713df",
}
"""SHA-256 of each migration. Never change one that is committed: add the next number."""

STEPS = {
    "0010_words_of_entries", "0026_related_stories_of_recent_ones", "0027_contents_of_entries",
}  # fmt: skip
"""Migrations in Python."""

RELEASES = sorted(DATABASES.glob("*.sqlite"))
LABOR, COURTS, PORTS = map(topic_scope, ("labor", "courts", "ports"))


# ---- the files


def test_a_released_migration_never_changes() -> None:
    """A changed migration would make databases differ that have the same version."""
    files = {
        name: hashlib.sha256(script.encode()).hexdigest()
        for name, script in migrations.migration_files()
    }

    assert files == CHECKSUMS


def test_migrations_are_numbered_and_described() -> None:
    """Migrations are numbered from 0001 without a gap, and begin with a comment."""
    for number, (name, script) in enumerate(migrations.migration_files(), start=1):
        assert re.fullmatch(rf"{number:04}_[a-z0-9_]+", name)
        assert script.startswith("-- ")


def _add_migration(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Add a migration, as the next version does."""
    files = [*migrations.migration_files(), ("9999_next", script)]
    monkeypatch.setattr(migrations, "migration_files", lambda: iter(files))


def test_a_migration_is_applied_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is applied when the database is opened, but not for reading only."""
    _add_migration(monkeypatch, "create table extra (id integer);\ninsert into extra values (1);\n")
    with open_read_only(file) as reader:
        assert reader is None

    for _ in range(2):
        with closing(open_store(file)) as store:
            assert store.lists.counts()[ALL] == 3

    with closing(sqlite3.connect(file)) as db:
        assert db.execute("select * from extra").fetchall() == [(1,)]


def test_a_failed_migration_is_rolled_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed migration is rolled back, and the earlier version can open the database."""
    with monkeypatch.context() as patched:
        _add_migration(patched, "create table extra (id integer);\nselect nobody_has_this;\n")
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            open_store(file)

    with closing(open_store(file)) as store:
        assert store.lists.counts()[ALL] == 3
        assert store.maintenance.check(NOW) == []
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("select * from sqlite_master where name = 'extra'").fetchall() == []


# ---- databases of earlier releases


@pytest.fixture(params=RELEASES, ids=lambda file: file.stem)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    """A database written by a release (`make_database.py`), opened by this version."""
    file = tmp_path / "news.db"
    shutil.copy(request.param, file)
    with closing(open_store(file)) as store:
        yield store


def test_a_released_database_passes_all_checks(released: SqliteStore) -> None:
    """A migrated database has the schema of a new one, and no damage."""
    assert released.maintenance.check(NOW) == []


def test_a_released_database_has_its_lists(released: SqliteStore) -> None:
    """Stories are in order, with their duplicates, topics and reasons."""
    assert titles(released.lists.latest(PORTS, 9)) == ["Ferry 2", "Ferry 1", "Ferry 0"]
    assert titles(released.lists.archive_page(PORTS, 1)) == ["Ferry 1", "Ferry 0"]
    assert released.lists.archive_range(PORTS) == (1, 1)
    assert released.lists.counts() == {
        ALL: 4, PORTS: 3, LABOR: 2, COURTS: 1, source_scope("harbor"): 4, source_scope("plains"): 1,
    }  # fmt: skip
    cranes = story_titled(released, "Cranes stop")
    (copy,) = cranes.duplicates
    assert (copy.source, copy.title) == ("plains", "Cranes stop again")
    assert (cranes.reasons, set(cranes.topics)) == (("plains: same text",), {"labor", "courts"})
    assert released.stories.placement_sentences(cranes.id)["labor"] == "The rule matches: strike."
    placements = released.topics.placements_of(cranes.lead.entry_id, ["labor"])
    assert placements is not None
    assert placements.placements[0].placed_by == (PlacementReason(ReasonKind.RULE, "strike"),)
    assert titles(released.lists.search(parse("ferry").root, 2).stories) == ["Ferry 2", "Ferry 1"]
    assert titles(released.stories.held("plains", 9)) == ["Held back"]


def test_a_released_database_has_its_decisions(released: SqliteStore) -> None:
    """Takedowns, overrides, suggestions and the model are kept."""
    (takedown,) = released.stories.takedowns()
    assert (takedown.title, takedown.reason) == ("Private matters", "the outlet asks")
    assert takedown.taken_down_at == NOW
    (tombstone,) = released.lists.tombstones(COURTS)
    assert tombstone.public_id == "https://plains.example/?p=private-matters"
    ferry, cranes = (story_titled(released, title) for title in ("Ferry 0", "Cranes stop"))
    overrides = released.topics.overrides([ferry.lead.entry_id, cranes.lead.entry_id])
    assert {(each.topic, each.is_included, each.decided_at) for each in overrides} == {
        ("labor", False, NOW), ("courts", True, NOW),
    }  # fmt: skip
    (suggestion,) = released.learning.suggestions("labor", 9)
    assert (suggestion.probability, suggestion.reason) == (0.75, "ferry, harbor")
    assert released.learning.model(released.learning.model_info().version) == b"a model"


def test_a_released_database_has_its_sources_and_subscribers(released: SqliteStore) -> None:
    """Credit, validators, rejections, leases, secrets and the queue are kept."""
    harbor = released.sources.by_id()["harbor"]
    assert (harbor.name, harbor.license, harbor.topics) == ("Harbor", "CC BY 4.0", ("ports",))
    assert released.sources.fetch_state("harbor").validators.etag == '"abc"'
    assert [each.title for each in released.sources.rejected("harbor", 9)] == ["Lost"]
    assert released.subscriptions.has_active_lease("harbor", NOW)
    assert [each.body for each in released.subscriptions.queued_deliveries(9)] == [b"<rss/>"]
    (subscriber,) = released.hub.subscribers()
    assert (subscriber.callback, subscriber.secret) == (
        "https://reader.example/callback", "fake-secret",
    )  # fmt: skip


def test_a_released_database_accepts_entries(released: SqliteStore) -> None:
    """Known entries and copies are recognised, and new entries are listed."""
    again = article("Cranes stop", "harbor", prose(1))
    stored = released.entries.by_keys("harbor", set(again.keys))
    assert {each.title for each in stored.values()} == {"Cranes stop"}
    assert {key.kind for key in stored} >= {EntryKeyKind.ID, EntryKeyKind.URL}
    cranes = story_titled(released, "Cranes stop")
    fingerprints = released.entries.ids_by_fingerprint(fingerprints_of(again))
    assert {id_ for ids in fingerprints.values() for id_ in ids} == {
        entry.entry_id for entry in cranes.entries
    }
    assert released.entries.by_keys("harbor", {EntryKey(EntryKeyKind.ID, "unknown")}) == {}

    revise(released, cranes, "labor", title="Cranes stop, corrected")
    new = publish(released, "New", "ports", minute=60)

    assert titles(released.lists.latest(ALL, 1)) == ["New"]
    assert new.lead.entry_id not in {entry.entry_id for entry in cranes.entries}
    assert titles(released.lists.latest(LABOR, 9))[-1] == "Cranes stop, corrected"
    assert released.lists.archive(2, NOW) > 0
    assert titles(released.lists.archive_page(PORTS, 2)) == ["New", "Ferry 2"]


def test_this_version_has_its_database() -> None:
    """A release adds a database, which every later version opens; it stays small."""
    with closing(sqlite3.connect(DATABASES / f"{__version__}.sqlite")) as db:
        applied = {name for (name,) in db.execute("select name from _sqlite_migrations")}
    assert applied == {*CHECKSUMS, *STEPS}
    assert max(file.stat().st_size for file in RELEASES) < 300_000


def test_a_database_of_an_earlier_schema_is_migrated(tmp_path: Path) -> None:
    """A reader waits until a program that writes has applied the migrations."""
    file = tmp_path / "news.db"
    shutil.copy(DATABASES / "0.2.0-schema-1.sqlite", file)
    with open_read_only(file) as reader:
        assert reader is None

    with closing(open_store(file)) as store:
        (subscriber,) = store.hub.subscribers()

    assert subscriber.failure_kind is None
    with open_read_only(file) as reader:
        assert reader is not None


def test_make_database_is_reproducible(tmp_path: Path) -> None:
    """`make_database` writes the same stories again, and never overwrites a file."""
    write(tmp_path / "new.db")
    with pytest.raises(FileExistsError):
        write(tmp_path / "new.db")
    shutil.copy(RELEASES[-1], tmp_path / "news.db")

    with (
        closing(open_store(tmp_path / "new.db")) as new,
        closing(open_store(tmp_path / "news.db")) as released,
    ):
        assert new.lists.latest(ALL, 9) == released.lists.latest(ALL, 9)


def test_what_the_current_release_stores(tmp_path: Path) -> None:
    """The database of this version has what the migrations since the first schema have added."""
    file = tmp_path / "news.db"
    shutil.copy(DATABASES / f"{__version__}.sqlite", file)
    with closing(open_store(file)) as store:
        assert store.hub.count_failing() == {FailureKind.TIMEOUT: 1, FailureKind.DNS: 1}
        assert store.maintenance.count_bugs(NOW) == 1


# ---- databases that are refused


def _development(file: Path) -> None:
    script = (DATABASES / "development.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(file)) as db:
        db.executescript(script)


def _late_development(file: Path) -> None:
    _development(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("pragma journal_mode = wal")
        db.executemany(
            "insert into _sqlite_migrations values (?, 'aggregator', ?, '2026')",
            [(2, "outcome_is_called_changed"), (3, "we_are_a_hub")],
        )


def _later(file: Path) -> None:
    shutil.copy(RELEASES[-1], file)
    with closing(sqlite3.connect(file)) as db:
        db.execute(
            "insert into _sqlite_migrations values (99, 'aggregator', 'time_travel', '2030')"
        )
        db.commit()


def _foreign(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("create table recipes (id integer)")


REFUSED = [
    (_development, StoreTooOld, r"development version of aggregator before 0\.2\.0, which this "
     r"version cannot read; keep the file, and start a new one by setting \[storage\] database"),
    (_late_development, StoreTooOld, r"development version of aggregator before 0\.2\.0"),
    (_later, StoreTooNew, r"later version of aggregator \(it has time_travel\); install that"),
    (_foreign, StoreUnavailable, r"belongs to another program \(it has the tables recipes\); use"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "error", "sentence"), REFUSED, ids=[make.__name__ for make, *_ in REFUSED]
)
def test_unknown_databases_are_refused(
    tmp_path: Path, make: Callable[[Path], None], error: type[Exception], sentence: str
) -> None:
    """The error says what the database is and what to do, and the file stays unchanged."""
    file = tmp_path / "news.db"
    make(file)
    before = file.read_bytes()

    with pytest.raises(error, match=sentence) as caught:
        open_store(file)
    assert str(file) in str(caught.value)
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(error, match=sentence), open_read_only(file):
        pass

    assert file.read_bytes() == before


def test_an_empty_file_is_no_database(tmp_path: Path) -> None:
    """A database that has lost its content is not taken for a new one, and left as it is."""
    file = tmp_path / "news.db"
    file.touch()

    with pytest.raises(StoreUnavailable, match=r"is empty\. Delete it and the files -wal"):
        open_store(file)

    assert file.stat().st_size == 0


def test_a_lost_database_is_not_replaced(tmp_path: Path) -> None:
    """What its program had not yet written to it is still there."""
    file, log = tmp_path / "news.db", tmp_path / "news.db-wal"
    log.write_bytes(b"transactions")

    with pytest.raises(StoreUnavailable, match=r"is missing, but its log news\.db-wal is"):
        open_store(file)

    assert not file.exists()
    log.unlink()
    open_store(file).close()


def test_a_new_database_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """It holds secrets of subscriptions; so do the files next to it. No other file is left."""
    file = tmp_path / "news.db"
    with closing(open_store(file)) as store:
        store.maintenance.record_bug("a task", "an error", NOW)
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.glob("news.db*")}

    names = ("news.db", "news.db-shm", "news.db-wal", "news.db.use.lock")
    assert modes == dict.fromkeys(names, 0o600)
    assert not list(tmp_path.glob(".*"))
