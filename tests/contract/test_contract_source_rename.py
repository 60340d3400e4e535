"""A source with a new id keeps its entries, its fetch state, its lists and its subscription."""

from datetime import timedelta

from aggregator.model import Batch, FetchState, Outcome, Validators, source_scope
from aggregator.store.base import Store
from tests.harness.builders import NOW, source
from tests.harness.saving import publish, titles

OLD, NEW = source_scope("harbor"), source_scope("port")


def _rename(store: Store) -> None:
    renamed = source("port", was=("harbor",), feed=source("harbor").feed)
    store.sources.rename([renamed], NOW)
    store.sources.sync([renamed], NOW)


def test_a_renamed_source_keeps_everything(store: Store) -> None:
    """Nothing is left under the old id, and its feed keeps its Atom id."""
    store.sources.sync([source("harbor")], NOW)
    for minute in range(3):
        publish(store, f"S{minute}", "labor", minute=minute)
    state = FetchState(validators=Validators(etag='"1"'), last_success=NOW)
    store.entries.save(Batch(source="harbor", state=state, outcome=Outcome.UNCHANGED), NOW)
    store.lists.archive(2, NOW)

    _rename(store)

    assert titles(store.lists.latest(NEW, 9)) == ["S2", "S1", "S0"]
    assert {e.source for s in store.lists.latest(NEW, 9) for e in s.entries} == {"port"}
    assert len(store.lists.archive_page(NEW, 1)) == 2
    assert store.sources.fetch_state("port").validators.etag == '"1"'
    assert "harbor" not in [health.source for health in store.sources.health()]
    assert store.lists.revision(OLD).number == 0
    assert store.sources.original_ids() == {"port": "harbor"}
    number = store.lists.revision(NEW).number
    _rename(store)  # nothing is left to do
    assert store.lists.revision(NEW).number == number
    assert store.maintenance.check(NOW) == []


def test_a_source_renamed_twice_keeps_its_first_id(store: Store) -> None:
    """The id in its feed is that under which it was first published."""
    store.sources.sync([source("harbor")], NOW)
    publish(store, "S")
    _rename(store)

    store.sources.rename([source("pier", was=("harbor", "port"))], NOW)

    assert store.sources.original_ids()["pier"] == "harbor"
    assert titles(store.lists.latest(source_scope("pier"), 9)) == ["S"]


def test_a_source_takes_over_the_entries_of_another(store: Store) -> None:
    """`was` is added when the program has already fetched the source under its new id."""
    store.sources.sync([source("harbor"), source("port")], NOW)
    publish(store, "S0", minute=0)
    state = FetchState(last_success=NOW + timedelta(hours=1))
    store.entries.save(Batch(source="port", state=state, outcome=Outcome.UNCHANGED), NOW)

    _rename(store)

    assert titles(store.lists.latest(NEW, 9)) == ["S0"]
    assert store.sources.fetch_state("port").last_success == NOW + timedelta(hours=1)
    assert store.maintenance.check(NOW) == []
