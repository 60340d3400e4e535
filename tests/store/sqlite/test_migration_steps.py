"""Migrations that take long work in steps, and resume after they were stopped."""

import sqlite3
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from time import sleep

import pytest

from aggregator.errors import StoreBusy
from aggregator.model import ALL
from aggregator.query import parse
from aggregator.store.sqlite import SqliteStore, migrations, open_read_only, open_store
from aggregator.store.sqlite.contents import read_text
from aggregator.store.sqlite.migrations import refresh, texts
from tests.harness.builders import NOW, entry, prose, source
from tests.harness.saving import change_of, save


def test_entries_are_refreshed_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that was stopped goes on where it was; then every entry is in the search index,
    with its canonical URL and language by the rules of this version."""
    monkeypatch.setattr(refresh, "STEP_ENTRIES", 3)
    file = tmp_path / "news.db"
    with closing(open_store(file)) as store:
        store.sources.sync([source("harbor")], NOW)
        for number in range(8):
            save(store, change_of(entry(f"Strike {number}", "harbor", language="he")))
    with closing(sqlite3.connect(file)) as db:
        db.execute("delete from _sqlite_migrations where name = '0010_words_of_entries'")
        db.execute("insert into entry_search(entry_search) values ('delete-all')")
        before = db.execute("select id, canonical_url, language from entries").fetchall()
        db.execute("update entries set canonical_url = url || '#more', language = 'iw'")
        db.execute("delete from entry_keys where kind = 'url'")
        db.commit()

    def stop(done: int, total: int) -> None:
        assert (done, total) in ((3, 8), (6, 8))
        if done > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_store(file, stop)
    with open_read_only(file) as reader:
        assert reader is None
    reported: list[tuple[int, int]] = []
    with closing(open_store(file, lambda done, total: reported.append((done, total)))) as store:
        found = [view.entry_id for view, _ in store.entries.search(parse("strike").root)]
        assert store.maintenance.check(NOW) == []
    with closing(sqlite3.connect(file)) as db:
        after = db.execute("select id, canonical_url, language from entries").fetchall()
        (keys,) = db.execute("select count(*) from entry_keys where kind = 'url'").fetchone()

    assert reported == [(8, 8)]
    assert len(found) == 8
    assert after == before
    assert keys == 8


def test_texts_are_moved_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that was stopped goes on where it was; then each story has its text."""
    monkeypatch.setattr(texts, "STEP_ENTRIES", 3)
    file = tmp_path / "news.db"
    contents = {f"Strike {number}": prose(number, 40) for number in range(8)} | {"Strike 5": ""}
    _save_texts(file, contents)
    _put_texts_into_entries(file)
    stops = [3, 7, 8]

    def stop(done: int, total: int) -> None:
        assert total == 8
        if done == stops[0]:
            raise KeyboardInterrupt

    while stops:
        with pytest.raises(KeyboardInterrupt):
            open_store(file, stop)
        with open_read_only(file) as reader:
            assert reader is None
        stops.pop(0)
    with closing(open_store(file)) as store:
        stories = store.lists.latest(ALL, 9)
        assert store.maintenance.check(NOW) == []

    assert {story.lead.title: story.lead.content for story in stories} == contents


def test_the_file_is_smaller_after_texts_were_moved(tmp_path: Path) -> None:
    """The space that the texts took is given back."""
    file = tmp_path / "news.db"
    _save_texts(file, {f"Strike {number}": prose(number, 450) for number in range(200)})
    _put_texts_into_entries(file)
    before = file.stat().st_size
    with closing(open_store(file)) as store:
        assert store.maintenance.check(NOW) == []

    assert file.stat().st_size < 0.75 * before


def test_a_text_that_is_written_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of an earlier version that does not lock the database loses nothing either."""
    monkeypatch.setattr(texts, "STEP_ENTRIES", 3)
    file = tmp_path / "news.db"
    _save_texts(file, {f"Strike {number}": prose(number) for number in range(5)})
    _put_texts_into_entries(file)

    def write(_done: int, _total: int) -> None:
        with closing(sqlite3.connect(file)) as db:
            db.execute("update entries set content = 'Corrected.' where id in (1, 2)")
            db.commit()

    with closing(open_store(file, write)) as store:
        contents = {story.lead.content for story in store.lists.latest(ALL, 9)}

    assert contents == {"Corrected.", *(prose(number) for number in (2, 3, 4))}


def test_two_programs_migrate_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits until the first is done."""
    monkeypatch.setattr(texts, "STEP_ENTRIES", 1)
    file = tmp_path / "news.db"
    _save_texts(file, {f"Strike {number}": prose(number) for number in range(5)})
    _put_texts_into_entries(file)
    second = ThreadPoolExecutor(1)
    opened: list[Future[SqliteStore]] = []

    def open_second(_done: int, _total: int) -> None:
        if not opened:
            opened.append(second.submit(open_store, file))
        sleep(0.05)
        assert not opened[0].done()

    with second, closing(open_store(file, open_second)) as store:
        with closing(opened[0].result(10)) as other:
            assert store.lists.latest(ALL, 9) == other.lists.latest(ALL, 9)
        assert store.maintenance.check(NOW) == []


def test_a_database_in_use_is_not_migrated(tmp_path: Path) -> None:
    """A program of an earlier version that still runs would not understand it."""
    file = tmp_path / "news.db"
    with closing(open_store(file)):
        _put_texts_into_entries(file)
        with pytest.raises(StoreBusy, match=r"is using the database .* stop `aggregator run`"):
            open_store(file)
    with open_read_only(file) as reader:
        assert reader is None
    with closing(open_store(file)) as store:
        assert store.maintenance.check(NOW) == []


def _save_texts(file: Path, contents: Mapping[str, str]) -> None:
    with closing(open_store(file)) as store:
        store.sources.sync([source("harbor")], NOW)
        for title, text in contents.items():
            save(store, change_of(entry(title, "harbor", content=text)))


def _put_texts_into_entries(file: Path) -> None:
    """Make a database as it was before texts had a table of their own."""
    with closing(migrations.add_functions(sqlite3.connect(file))) as db:
        db.create_function("read_text", 1, read_text)
        db.execute("delete from _sqlite_migrations where name like '0027%'")
        db.execute("alter table entries add column content text not null default ''")
        db.execute(
            """update entries set content =
                 coalesce((select read_text(compressed) from contents where entry_id = id), '')"""
        )
        db.execute("drop table contents")
        db.commit()
