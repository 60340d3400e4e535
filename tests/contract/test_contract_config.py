"""The versions of feeds.toml that were in force, and what is wrong with the file."""

from datetime import timedelta

from aggregator.store.base import Store
from tests.harness.builders import NOW

LATER = NOW + timedelta(hours=1)


def test_the_newest_accepted_version_is_in_force(store: Store) -> None:
    """Versions are numbered; the same text again is no new version."""
    assert store.config.current() is None
    assert store.config.number() == 0
    store.config.accept("one", NOW)
    store.config.accept("two", LATER, "ana")
    store.config.accept("two", LATER + timedelta(hours=1))

    current = store.config.current()
    assert current is not None
    assert (current.number, current.text, current.accepted_by) == (2, "two", "ana")
    assert current.accepted_at == LATER
    assert [version.text for version in store.config.versions(9)] == ["two", "one"]
    assert store.config.version(2) == current
    assert store.config.version(3) is None


def test_a_former_text_is_a_new_version(store: Store) -> None:
    """An edit that is undone is an edit."""
    for text in ("one", "two", "one"):
        store.config.accept(text, NOW)

    assert store.config.number() == 3


def test_problems_are_kept_until_a_good_version(store: Store) -> None:
    """Since when the file is wrong stays, though what is wrong with it changes."""
    store.config.accept("one", NOW)
    store.config.reject(["line 3: site.url: is missing"], LATER)
    store.config.reject(["line 4: é"], LATER + timedelta(hours=1))

    problem = store.config.problem()
    assert problem is not None
    assert (problem.issues, problem.since) == (("line 4: é",), LATER)
    assert store.config.number() == 1
    store.config.accept("one", LATER)  # put back as it was
    assert store.config.problem() is None
    assert store.config.number() == 1


def test_old_versions_are_dropped(store: Store) -> None:
    """The newest two hundred are kept."""
    for number in range(205):
        store.config.accept(f"text {number}", NOW)

    assert len(store.config.versions(1000)) == 200
    assert store.config.number() == 205


def test_a_reload_is_asked_for(store: Store) -> None:
    """Every process sees that it was."""
    before = store.config.reload_count()
    store.config.request_reload()

    assert store.config.reload_count() == before + 1
