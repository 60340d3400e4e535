"""Commands for operators: held stories, moved and retired feeds, backups and takedowns."""

import contextlib
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.demo.press import CannedResponse, Press
from aggregator.demo.sample_feeds import Item
from aggregator.model import ALL, Batch, FetchState, Outcome, PermanentRedirect
from aggregator.store import open_store
from tests.harness.command_line import HEAD, feed_response, run, source_table
from tests.harness.newsroom import article

NOW = datetime.now(UTC)


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A feeds.toml with one ingested source, and a comment by its operator."""
    file = tmp_path / "feeds.toml"
    comment = "# our oldest friends\n"
    file.write_text(
        HEAD + "[defaults]\nmax_new = 20\n" + comment + source_table("harbor", f"{press.url}/f")
    )
    _publish(press, *(_old_article(n) for n in range(10)))
    run(file, "ingest")
    return file


def _old_article(number: int) -> Item:
    return article(f"Old {number}", published=NOW - timedelta(days=number))


def _publish(press: Press, *items: Item) -> None:
    press.put("/f", feed_response("harbor", *items))


# ---- held --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_burst_is_held_until_it_is_released(config: Path, press: Press) -> None:
    """A burst is shown as held, and published when the operator releases it."""
    assert "No stories are held" in run(config, "held").stdout
    _publish(
        press, *(article(f"Archive {n}", published=NOW - timedelta(days=n)) for n in range(60))
    )
    logged = run(config, "ingest", "--all").stderr

    assert "60 new entries came at once and are held" in logged
    assert "harbor: 60 stories" in run(config, "held").stdout
    listed = run(config, "sources").stdout
    assert "harbor: 60 stories are held, because too many came at once" in listed
    assert run(config, "held", "harbor").stdout.count("Archive") == 50
    assert "60 stories published" in run(config, "held", "harbor", "--release").stdout
    assert "No stories are held" in run(config, "held").stdout
    assert "0 stories dropped for good" in run(config, "held", "harbor", "--drop").stdout


def test_an_incomplete_decision_is_refused(config: Path) -> None:
    """A decision needs a known source and one option."""
    for options in (("--release",), ("harbor", "--release", "--drop"), ("nobody",)):
        result = run(config, "held", *options)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr


# ---- moved -------------------------------------------------------------------------------


def test_moved_writes_the_new_url(config: Path) -> None:
    """The new URL is shown, and written into feeds.toml without any other change."""
    assert "No feed has moved" in run(config, "moved").stdout
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))
    new = "https://new.example/feed"
    move = PermanentRedirect(url=new, since=NOW - timedelta(days=3), hits=9)
    with contextlib.closing(open_store(config.parent / "aggregator.db")) as store:
        state = FetchState(redirect=move, last_success=NOW)
        store.entries.save(Batch(source="harbor", state=state, outcome=Outcome.UNCHANGED), NOW)
    before = config.read_bytes().decode()

    assert f"-> {new} (confirmed, 9 times)" in run(config, "moved").stdout
    assert config.read_bytes().decode() == before
    written = run(config, "moved", "--write")

    assert "1 address written" in written.stdout
    assert config.read_bytes().decode() == re.sub(r'feed = ".*"', f'feed = "{new}"', before)
    assert run(config, "check").returncode == 0


def test_moved_does_not_move_a_secret(config: Path) -> None:
    """The new URL is shown and not written: the secret is meant for the listed host."""
    config.write_text(config.read_text() + 'basic_auth = "LOGIN"\n')
    move = PermanentRedirect(url="https://new.example/feed", since=NOW - timedelta(days=3), hits=9)
    with contextlib.closing(open_store(config.parent / "aggregator.db")) as store:
        state = FetchState(redirect=move, last_success=NOW)
        store.entries.save(Batch(source="harbor", state=state, outcome=Outcome.UNCHANGED), NOW)
    before = config.read_bytes()

    result = run(config, "moved", "--write", LOGIN="a:b")

    assert "the secret of this source must not be sent elsewhere" in result.stdout
    assert "There is no new address to write" in result.stdout
    assert config.read_bytes() == before


# ---- retired -----------------------------------------------------------------------------


def test_a_retired_source_is_fetched_only_by_name(config: Path, press: Press) -> None:
    """A retired source is listed as such, and not fetched by --all."""
    press.put("/f", CannedResponse(status=410))
    run(config, "ingest", "--all")
    press.requests.clear()

    assert re.search(r"harbor +retired +\w{3} \d\d:\d\d", run(config, "sources").stdout)
    run(config, "ingest", "--all")
    assert press.requests == []
    _publish(press, _old_article(1))
    run(config, "ingest", "--source", "harbor")
    assert "retired" not in run(config, "sources").stdout


# ---- backup and doctor -------------------------------------------------------------------


def test_doctor_finds_and_repairs_damage(config: Path, tmp_path: Path) -> None:
    """A backup passes all checks; a damaged database is found, and repaired on demand."""
    assert "Database copied to" in run(config, "backup", str(tmp_path / "copy.db")).stdout
    assert run(config, "doctor", AGGREGATOR_DATABASE=str(tmp_path / "copy.db")).returncode == 0
    with contextlib.closing(sqlite3.connect(config.parent / "aggregator.db")) as db:
        db.execute("delete from entries where id = 1")
        db.commit()

    found = run(config, "doctor")
    assert found.returncode == 1
    assert "stories: 1 stories without an entry (not repaired; --repair repairs it)" in found.stdout
    repaired = run(config, "doctor", "--repair")
    assert repaired.returncode == 0
    assert "no problems found" in repaired.stdout


def test_an_unwritable_backup_is_explained(config: Path) -> None:
    """A backup into a missing folder is an error in one sentence."""
    result = run(config, "backup", "/nowhere/copy.db")

    assert result.returncode == 2
    assert "The backup /nowhere/copy.db cannot be written" in result.stderr


# ---- takedowns -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_story_is_taken_down_and_restored(config: Path) -> None:
    """A story is taken down by id or URL, with a reason, and later published again."""
    with contextlib.closing(open_store(config.parent / "aggregator.db")) as store:
        (story, *_) = [s for s in store.lists.latest(ALL, 50) if s.lead.title == "Old 1"]
    address = f"https://t.example/stories/{story.id}/?x#y"

    assert "Nothing was taken down." in run(config, "hidden").stdout
    assert "--why is empty" in run(config, "hide", story.id, "--why", " ").stderr
    assert "Missing option '--why'" in run(config, "hide", story.id).stderr
    assert "taken down: Old 1" in run(config, "hide", address, "--why", "Mail of\n3 May").stdout
    again = run(config, "hide", story.id, "--why", "x").stderr
    assert "was taken down; `aggregator hidden` says why." in again
    assert "was taken down" in run(config, "story", story.id).stderr
    listed = run(config, "hidden").stdout
    assert re.search(rf"{story.id} +20\d\d-.+ Old 1 +Mail of 3 May", listed)
    assert "Old 1" not in run(config, "search", "old").stdout
    run(config, "ingest", "--all", "--no-push")
    assert "Old 1" not in run(config, "search", "old").stdout

    assert "published again" in run(config, "unhide", story.id).stdout
    assert "Old 1" in run(config, "search", "old").stdout
    assert "lists those that were" in run(config, "unhide", story.id).stderr


def test_ingest_closes_archives(config: Path, press: Press) -> None:
    """Archive documents are closed for operators who run `ingest` by a timer, too."""
    _publish(press, *(article(f"News {n}", published=NOW) for n in range(20)))
    run(config, "ingest", "--all")
    _publish(press, *(article(f"More {n}", published=NOW) for n in range(20)))
    run(config, "ingest", "--all")
    _publish(press, *(article(f"Last {n}", published=NOW) for n in range(20)))
    run(config, "ingest", "--all")

    with contextlib.closing(open_store(config.parent / "aggregator.db")) as store:
        assert store.lists.archive_range(ALL) == (1, 1)
        assert len(store.lists.archive_page(ALL, 1)) == 50


def test_a_site_that_moves_keeps_the_ids_of_its_feeds(config: Path) -> None:
    """Readers who follow it to the new address see nothing twice; `check` says what changes."""
    out = config.parent / "out"
    run(config, "ingest", "--all")
    run(config, "publish", str(out))
    before = re.findall(r"<id>(.*?)</id>", (out / "topics/labor.atom").read_text())
    config.write_text(config.read_text().replace("https://t.example", "https://new.example"))

    said = run(config, "check").stderr
    run(config, "ingest", "--all")
    run(config, "publish", str(out))

    document = (out / "topics/labor.atom").read_text()
    assert re.findall(r"<id>(.*?)</id>", document) == before
    assert before[0] == "https://t.example/topics/labor.atom"
    assert 'href="https://new.example/topics/labor.atom"' in document
    assert (
        "the site was first published at https://t.example; feeds have new addresses but keep"
        in said
    )
