"""feeds.toml while the program runs: a good file takes effect, a bad one never does."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aggregator.config import Config, find_database
from aggregator.config_watch import ConfigWatch, current_config
from aggregator.errors import ConfigError
from aggregator.startup import load_config
from aggregator.store import Store, open_store
from tests.harness.builders import NOW
from tests.harness.command_line import HEAD, source_table

TEXT = HEAD + source_table("harbor", "https://harbor.example/feed")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with open_store(load_config(file, {}).database) as opened:
        yield opened


@pytest.fixture
def watch(file: Path, store: Store) -> ConfigWatch:
    watch = ConfigWatch(load_config(file, {}), store, {})
    watch.check(NOW)
    return watch


def _polled(watch: ConfigWatch) -> Config | None:
    """What comes into force in two polls: a file must look the same twice."""
    return watch.poll(NOW) or watch.poll(NOW)


def _write(file: Path, text: str) -> None:
    """Write the file; each write shows, however coarse the clock of the disk is."""
    file.write_text(text)
    later = file.stat().st_mtime_ns + 1_000_000
    os.utime(file, ns=(later, later))


def test_a_good_file_takes_effect(file: Path, watch: ConfigWatch, store: Store) -> None:
    """Once; what has changed is logged, without values, which may be secrets."""
    text = TEXT.replace("/feed", "/new?token=abc") + 'show = "full"\n'
    _write(file, text + source_table("plains", "https://plains.example/"))

    with capture_logs() as logs:
        config = _polled(watch)

    assert config is not None
    assert [source.id for source in config.sources] == ["harbor", "plains"]
    assert _polled(watch) is None
    (event,) = logs
    assert event["changes"] == "source 'harbor': feed, show; source 'plains' added"
    current = store.config.current()
    assert current is not None
    assert current.number == 2


def test_a_file_that_is_being_written_is_not_read(file: Path, watch: ConfigWatch) -> None:
    """A part of it may be valid, but is not meant."""
    _write(file, HEAD)
    assert watch.poll(NOW) is None
    _write(file, TEXT + "# more\n")
    assert watch.poll(NOW) is None

    config = watch.poll(NOW)
    assert config is not None
    assert len(config.sources) == 1


BAD = TEXT.replace('"https://t.example"', '"nowhere"')


def test_a_bad_file_never_takes_effect(file: Path, watch: ConfigWatch, store: Store) -> None:
    """The last good one stays in force; the problem is logged once, with its line."""
    _write(file, BAD)
    with capture_logs() as logs:
        assert _polled(watch) is None
        watch.reload()
        assert _polled(watch) is None

    (event,) = logs
    assert event["issues"] == (
        "line 3: site.url: found 'nowhere', expected a complete address that starts with http:// "
        "or https://"
    )
    problem = store.config.problem()
    assert problem is not None
    assert (problem.issues, problem.since) == ((event["issues"],), NOW)
    assert watch.config.site.url == "https://t.example"
    _write(file, TEXT)
    assert _polled(watch) is None
    assert store.config.problem() is None


@pytest.mark.parametrize("state", ["deleted", "a folder", "unreadable text"])
def test_a_file_that_cannot_be_read(
    file: Path, watch: ConfigWatch, store: Store, state: str
) -> None:
    """It counts as a bad one, and comes back."""
    file.unlink()
    if state == "a folder":
        file.mkdir()
    elif state == "unreadable text":
        file.write_bytes(b"\xff\xfe[\x00")

    assert _polled(watch) is None
    assert store.config.problem() is not None
    if state == "a folder":
        file.rmdir()
    file.write_text(TEXT + "# back\n")
    assert _polled(watch) is not None
    assert store.config.problem() is None


def test_the_last_good_version_survives_a_restart(file: Path, watch: ConfigWatch) -> None:
    """The program starts with it, as if nothing had happened."""
    _write(file, BAD)
    _polled(watch)

    config, error = current_config(file, {})

    assert error is not None
    assert "nowhere" in str(error)
    assert config.site.url == "https://t.example"
    assert [source.id for source in config.sources] == ["harbor"]


@pytest.mark.usefixtures("store")
def test_without_a_good_version_a_bad_file_is_an_error(file: Path) -> None:
    """There is nothing to start with."""
    file.write_text(BAD)

    with pytest.raises(ConfigError, match="nowhere"):
        current_config(file, {})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[storage]\ndatabase = "a.db"\n[[source]]\nbroken', "a.db"),
        ("broken [\n[storage]\nkeep = '1d'\n database='b.db' # here\n[site]\n", "b.db"),
        ('[site]\ndatabase = "c.db"\n', "aggregator.db"),
        ("", "aggregator.db"),
    ],
)
def test_the_database_of_a_broken_file(text: str, name: str) -> None:
    """It is found as far as [storage] can be read; the environment overrides it."""
    assert find_database(text, Path("/news/feeds.toml"), {}) == Path("/news") / name
    other = {"AGGREGATOR_DATABASE": "/var/news.db"}
    assert find_database(text, Path("/news/feeds.toml"), other) == Path("/var/news.db")


def test_another_process_accepts_a_version(watch: ConfigWatch, store: Store) -> None:
    """It comes into force here, too; one that this version of the program refuses does not."""
    store.config.accept(TEXT + source_table("plains", "https://plains.example/"), NOW)
    config = watch.poll(NOW)
    assert config is not None
    assert len(config.sources) == 2
    store.config.accept(BAD, NOW)

    assert watch.poll(NOW) is None
    assert watch.config is config


def test_an_operator_asks_for_the_file_to_be_read(
    file: Path, watch: ConfigWatch, store: Store
) -> None:
    """Also if nothing shows that it has changed, as on some network disks."""
    state = file.stat()
    file.write_text(TEXT.replace('title = "T"', 'title = "U"'))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert _polled(watch) is None
    store.config.request_reload()

    config = _polled(watch)
    assert config is not None
    assert config.site.title == "U"


def test_the_database_in_use_stays(file: Path, watch: ConfigWatch) -> None:
    """Another one is opened at the next start; the log says so."""
    _write(file, f'{TEXT}[storage]\ndatabase = "other.db"\n')
    with capture_logs() as logs:
        config = _polled(watch)

    assert config is not None
    assert config.database.name == "aggregator.db"
    assert logs[0]["changes"] == "[storage] database (database: after a restart)"


def test_health_says_what_is_wrong_with_the_file(
    file: Path, watch: ConfigWatch, store: Store
) -> None:
    """Secrets in it stay secret."""
    from aggregator.overview.health_reasons import health_reasons

    bad = TEXT.replace("https://harbor.example/feed", "harbor.example/feed?token=s3cret")
    _write(file, bad)
    _polled(watch)

    (reason,) = health_reasons(watch.config, store, [], NOW)
    assert reason.kind == "config"
    assert reason.since == NOW
    assert "line 14: source.feed: found 'harbor.example/feed?token=…'" in reason.sentence
