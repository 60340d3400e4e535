"""Damaged databases: each check finds its damage, and repairs it if possible."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.ingest.clock import monotonic_now
from aggregator.model import ALL
from aggregator.store.sqlite import check, open_store
from tests.harness.builders import NOW
from tests.harness.saving import publish, titles

FUTURE = "2030-01-01T00:00:00+00:00"

DAMAGE_CASES = [
    ("an entry without its story", "references", "delete from stories where number = 1"),
    ("an entry without its story, and an override of it", "references",
     "insert into topic_overrides values (1, 'labor', 1, '2026-10-01T00:00:00+00:00'); "
     "delete from stories where number = 1"),
    ("the last entry without its story", "references", "delete from stories where number = 3"),
    ("a suggestion without its story", "references",
     "insert into topic_suggestions values ('labor', 99, 0.7, 'words')"),
    ("an override without its entry", "references",
     "insert into topic_overrides values (99, 'labor', 1, '2026-10-01T00:00:00+00:00')"),
    ("a match without its entry", "references",
     "insert into matches values (1, 99, 'text', 1, '')"),
    ("a fingerprint without its entry", "references", "insert into fingerprints values (5, 99)"),
    ("fingerprints without their entry", "references",
     "insert into entry_fingerprints values (99, '2026-10-01T00:00:00+00:00', x'')"),
    ("a key without its entry", "references",
     "insert into entry_keys values ('harbor', 'id', 'x', 99)"),
    ("a listing without its story", "references",
     "insert into listings values (99, 'all', '', 'held', null, '2026', '2026', '', '', null)"),
    ("a takedown without its story", "references",
     "insert into takedowns values (99, 'asked', '2026-10-01T00:00:00+00:00', '', 1)"),
    ("a story that was merged into a missing one", "references",
     "update stories set merged_into = 99 where number = 1"),
    ("a source that is gone", "references", "delete from sources where id = 'plains'"),
    ("a delivery without its source", "references",
     "insert into deliveries values (1, 'nobody', '', x'', '2026-10-01T00:00:00+00:00')"),
    ("a subscription without its source", "references",
     "insert into subscriptions values ('nobody', '', '', 't', '', "
     "'2026-10-01T00:00:00+00:00', null, 0, '')"),
    ("a story without an entry", "stories", "delete from entries where id = 1"),
    ("a taken down story without an entry", "stories",
     "insert into takedowns values (1, 'asked', '2026-10-01T00:00:00+00:00', '', 1); "
     "insert into topic_suggestions values ('labor', 1, 0.7, 'words'); "
     "delete from entries where id = 1"),
    ("a lead that is not an entry", "stories",
     "update stories set lead_entry_id = 99 where number = 1"),
    ("a lead of another story", "stories", "update stories set lead_entry_id = 2 where number = 1"),
    ("an entry that search does not find", "search",
     "delete from entry_search_docsize where id = 2"),
    ("a text that is damaged", "texts",
     "insert or replace into contents values (1, 14, "
     "x'28b52ffd240e7100003c703e4120746578742e3d2f703e9c347fbd')"),
    ("a text that is cut off", "texts",
     "insert or replace into contents values (1, 14, x'28b52ffd240e7100003c703e')"),
    ("a text of the wrong type", "texts", "insert or replace into contents values (1, 4, 'text')"),
    ("a text that is empty", "texts", "insert or replace into contents values (1, 0, x'')"),
    ("a text without its entry", "references", "insert into contents values (99, 4, x'00')"),
    ("a story missing from the list of all", "lists",
     "delete from listings where story_number = 1 and list_kind = 'all'"),
    ("a story missing from its source's list", "lists",
     "delete from listings where story_number = 1 and list_kind = 'source'"),
    ("a story that was taken down, and is listed", "lists",
     "insert into takedowns values (1, 'asked', '2026-10-01T00:00:00+00:00', '', 1)"),
    ("a list without a revision", "lists", "delete from revisions where list_kind = 'topic'"),
    ("counts that do not balance", "counts",
     "update sources set known_count = 7 where id = 'harbor'"),
    ("counts that miss an entry", "counts",
     "update sources set new_count = 9, received_count = 9 where id = 'harbor'"),
    ("a story from the future", "clock", f"update stories set published = '{FUTURE}'"),
    ("a fetch in the future", "clock", f"update sources set last_fetch = '{FUTURE}'"),
    ("a model from the future", "clock",
     f"insert into topic_models values (1, '{FUTURE}', '', 0, x'')"),
    ("a failure in the future", "clock",
     "insert into subscribers (callback, host, topic, secret, lease_until, etag, failing_since) "
     f"values ('', '', '', '', '2026', '', '{FUTURE}')"),
    ("a lost index", "schema", "drop index listings_by_date"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "damage"), [d[1:] for d in DAMAGE_CASES], ids=[d[0] for d in DAMAGE_CASES]
)
def test_damage_is_repaired(file: Path, edit: Callable[..., None], name: str, damage: str) -> None:
    """After a repair nothing is found, the other stories are unchanged, and new ones are saved."""
    with closing(open_store(file)) as store:
        ids = {s.public_id for s in store.lists.latest(ALL, 9)}
    edit(*damage.split("; "))
    with closing(open_store(file)) as store:
        found = store.maintenance.check(NOW)
        assert name in {issue.check for issue in found}
        assert all(issue.can_repair for issue in found)

        store.maintenance.repair(NOW)

        assert store.maintenance.check(NOW) == []
        store.sources.health()
        store.sources.fetch_state("harbor")
        assert monotonic_now(store, NOW) == NOW
        listed = store.lists.latest(ALL, 9)
        assert len(listed) >= 2
        assert {s.public_id for s in listed} <= ids
        publish(store, "Four", "labor")
        assert "Four" in titles(store.lists.latest(ALL, 9))
        assert store.maintenance.check(NOW) == []


def test_every_check_has_a_case() -> None:
    """Every check that looks for rows finds something in one of the cases."""
    assert {each.name for each in check._CHECKS} <= {name for _, name, _ in DAMAGE_CASES}


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("alter table runs add column extra text", "the table runs has unexpected columns"),
        ("drop table hub_pings", "the table hub_pings is missing"),
    ],
)
def test_a_foreign_schema_cannot_be_repaired(
    file: Path, edit: Callable[..., None], damage: str, complaint: str
) -> None:
    """A foreign schema cannot be repaired, and nothing else is checked."""
    edit(damage, "delete from listings")
    with closing(open_store(file)) as store:
        (issue,) = store.maintenance.check(NOW)

    assert (issue.check, issue.description, issue.can_repair) == ("schema", complaint, False)


def test_a_corrupt_file_cannot_be_repaired(file: Path, corrupt: Callable[[], None]) -> None:
    """A corrupt file is reported in SQLite's words, and cannot be repaired."""
    corrupt()
    with closing(open_store(file)) as store:
        (issue,) = store.maintenance.check(NOW)

    assert (issue.check, issue.can_repair) == ("integrity", False)
    assert issue.description.startswith("SQLite reports damage: ")


def test_a_failed_repair_is_rolled_back(file: Path, edit: Callable[..., None]) -> None:
    """A repair that fails is rolled back as a whole."""
    edit(
        "delete from stories where number = 1",
        "create trigger no_counts before update of new_count on sources "
        "begin select raise(abort, 'not today'); end",
    )
    with closing(open_store(file)) as store:
        before = store.maintenance.check(NOW)
        with pytest.raises(sqlite3.IntegrityError, match="not today"):
            store.maintenance.repair(NOW)

        assert store.maintenance.check(NOW) == before != []


def test_an_incomplete_index_is_rebuilt(file: Path, edit: Callable[..., None]) -> None:
    """An index that lacks a row is rebuilt."""
    select = "select * from sqlite_master where name = 'entries_by_url'"
    with closing(sqlite3.connect(file)) as db:
        index = db.execute(select).fetchone()
    allow = "pragma writable_schema = on"
    edit(allow, "delete from sqlite_master where name = 'entries_by_url'")
    edit("update entries set canonical_url = 'moved.example/' where id = 1")
    edit(allow, f"insert into sqlite_master values {index}")
    with closing(open_store(file)) as store:
        (issue,) = store.maintenance.check(NOW)
        assert (issue.check, issue.can_repair) == ("integrity", True)
        assert store.entries.ids_by_url(["moved.example/"]) == {}

        store.maintenance.repair(NOW)

        assert store.maintenance.check(NOW) == []
        assert store.entries.ids_by_url(["moved.example/"]) == {"moved.example/": [1]}
