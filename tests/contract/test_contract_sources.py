"""Sources: what feeds.toml says of them, when they are due, and their health."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from aggregator.model import (
    Backoff,
    EntryCounts,
    EntryKey,
    EntryKeyKind,
    FailureKind,
    FetchState,
    HubLink,
    Outcome,
    PermanentRedirect,
    PollingHints,
    Rejected,
    SourceHealth,
    Validators,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW, at, entry, source
from tests.harness.saving import change_of, publish, save

HOUR = timedelta(hours=1)
REJECTED = Rejected(key=EntryKey(EntryKeyKind.ID, "1"), title="Lost", reason="it has no link")


def _health(store: Store, id_: str) -> SourceHealth:
    return next(health for health in store.sources.health() if health.source == id_)


def test_a_removed_source_keeps_its_credit(store: Store, open_again: Callable[[], Store]) -> None:
    """Everything that credit needs is kept after a source leaves feeds.toml."""
    harbor = source(
        "harbor", license="CC BY 4.0", license_url="https://license.example/", uncut=True,
        counter="https://harbor.example/{id}", show="full", topics=("ports",),
        tags={"Docks": "ports"}, precedence=3,
    )  # fmt: skip
    store.sources.sync([harbor], NOW)
    store.sources.sync([source("plains")], NOW)

    assert open_again().sources.by_id()["harbor"] == harbor


def test_a_private_feed_url_is_not_kept(store: Store) -> None:
    """The feed URL of a source with a login is not stored (FreshRSS GHSA-rpmm)."""
    store.sources.sync([source("secret", basic_auth="LOGIN")], NOW)

    assert store.sources.by_id()["secret"].feed == "https://secret.example/"


def test_a_new_feed_url_discards_the_validators(store: Store) -> None:
    """Validators are kept only if the old feed redirects to the new one."""
    validators = Validators(etag='"x"')
    moved = PermanentRedirect(url="https://new.example/feed", since=NOW, hits=3)
    save(store, state=FetchState(validators=validators, last_success=NOW, redirect=moved))

    store.sources.sync([source("harbor", feed="https://new.example/feed")], NOW)
    assert store.sources.fetch_state("harbor").validators == validators

    store.sources.sync([source("harbor", feed="https://other.example/feed")], NOW)
    assert store.sources.fetch_state("harbor").validators == Validators()
    assert store.sources.fetch_state("harbor").last_success == NOW


# ---- fetching


def test_fetch_state_and_health_are_stored(store: Store) -> None:
    """The result of a fetch is kept for the next fetch and for the operator."""
    state = FetchState(
        validators=Validators(etag='W/"x"', last_modified="yesterday", body_hash="h"),
        next_fetch=NOW + HOUR,
        interval=900,
        failures=2,
        failing_since=NOW - HOUR,
        last_success=NOW - 2 * HOUR,
        last_full_fetch=NOW - 3 * HOUR,
        polling_hints=PollingHints(interval=60, covered_seconds=7, skip_hours=(1,), skip_days=(2,)),
        redirect=PermanentRedirect(url="https://new.example/", since=NOW - HOUR, hits=2),
        note="One character is not valid.",
        noted_since=NOW - HOUR,
        hub_link=HubLink(hub="https://hub.example/", topic="https://harbor.example/feed"),
    )
    for _ in range(2):
        save(
            store, state=state, outcome=Outcome.FAILED, error="On fire.",
            failure_kind=FailureKind.TLS, rejected=(REJECTED,),
        )  # fmt: skip

    assert store.sources.fetch_state("harbor") == state
    health = _health(store, "harbor")
    assert (health.outcome, health.error, health.rejected) == (Outcome.FAILED, "On fire.", 1)
    assert (health.failure_kind, health.redirect) == (FailureKind.TLS, state.redirect)
    assert (health.note, health.noted_since) == (state.note, NOW - HOUR)
    assert (health.failing_since, health.last_fetch) == (NOW - HOUR, NOW)
    assert store.sources.rejected("harbor", 5) == [REJECTED]
    assert store.sources.rejected("plains", 5) == []


def test_a_source_that_was_never_fetched_has_no_state(store: Store) -> None:
    """An unfetched source has an empty state, and so has an unknown one."""
    assert store.sources.fetch_state("harbor") == FetchState()
    assert store.sources.fetch_state("nobody") == FetchState()
    assert _health(store, "harbor") == SourceHealth(source="harbor")


def test_due_sources_are_ordered_by_urgency(store: Store) -> None:
    """A source that was never fetched is due first, then the longest overdue."""
    harbor, plains, third = source("harbor"), source("plains"), source("third")
    store.sources.sync([third], NOW)
    for each, next_fetch in ((harbor, NOW - HOUR), (plains, NOW + HOUR)):
        save(store, source=each.id, state=FetchState(next_fetch=next_fetch))

    assert [s.id for s in store.sources.due([plains, harbor, third], NOW)] == ["third", "harbor"]
    assert store.sources.next_due([plains, harbor]) == NOW - HOUR
    assert store.sources.next_due([third]) is None


def test_a_retired_source_is_never_due(store: Store) -> None:
    """Only an operator fetches it again."""
    harbor = source("harbor")
    save(store, state=FetchState(next_fetch=NOW, retired_at=NOW), outcome=Outcome.RETIRED)

    assert store.sources.due([harbor], NOW + 999 * HOUR) == []
    assert store.sources.next_due([harbor]) is None
    assert _health(store, "harbor").retired_at == NOW


def test_a_source_due_in_years_is_due_now(store: Store) -> None:
    """A time that far ahead comes from a wrong clock."""
    save(store, state=FetchState(next_fetch=at("2035-01-01 00:00")))

    assert [s.id for s in store.sources.due([source("harbor")], NOW)] == ["harbor"]


def test_the_latest_backoff_of_a_domain_applies_until_it_ends(store: Store) -> None:
    """A later backoff replaces an earlier one."""
    for hours in (1, 2):
        backoff = Backoff(domain="harbor.example", until=NOW + hours * HOUR)
        save(store, outcome=Outcome.WAITING, backoff=backoff)

    assert store.sources.backoffs(NOW + HOUR) == {"harbor.example": backoff}
    assert store.sources.backoffs(NOW + 2 * HOUR) == {}
    assert _health(store, "harbor").last_fetch is None  # a source that waits was not fetched


# ---- entries of a source


def test_recent_dates_exclude_held_stories(store: Store) -> None:
    """Dates are newest first."""
    for hour in (8, 10, 9):
        publish(store, f"At {hour}", minute=60 * hour)
    held = change_of(entry("Held", "harbor", published=NOW + 99 * HOUR))
    save(store, change_of(entry("Elsewhere", "plains")), source="plains")
    save(store, replace(held, is_held=True))

    assert store.sources.recent_dates("harbor", 2) == [NOW + 10 * HOUR, NOW + 9 * HOUR]
    health = _health(store, "harbor")
    assert health.held_stories == 1
    assert store.sources.count_entries() == {"harbor": 4, "plains": 1}
    assert store.sources.count_entries(["plains", "nowhere"]) == {"plains": 1}
    assert health.recent_dates == (NOW + 10 * HOUR, NOW + 9 * HOUR, NOW + 8 * HOUR)


def test_tags_are_ordered_by_frequency(store: Store) -> None:
    """Only the tags of the outlet's newest entries are counted."""
    for minute, tags in enumerate([("Old",), ("Docks", "Ports"), ("Ports",)]):
        publish(store, f"S{minute}", minute=minute, tags=tags)
    publish(store, "Elsewhere", source="plains", tags=("Farms",))

    assert store.sources.tags("harbor", 2) == [("Ports", 2), ("Docks", 1)]


def test_rejected_entries_are_forgotten_after_a_month(store: Store) -> None:
    """Entries that the outlet no longer lists are forgotten."""
    save(store, rejected=(REJECTED,))
    save(store, now=NOW + timedelta(days=31))
    assert store.sources.rejected("harbor", 5) == [REJECTED]  # nothing was read meanwhile

    save(store, now=NOW + timedelta(days=31), counts=EntryCounts(received=1, known=1))
    assert store.sources.rejected("harbor", 5) == []


def test_the_first_fetch_of_a_source_is_kept(store: Store) -> None:
    """It is the time of the first of all, failed or not; waiting is not fetching."""
    save(store, outcome=Outcome.WAITING, now=NOW)
    assert store.sources.first_fetches() == {}
    save(store, outcome=Outcome.FAILED, now=NOW + HOUR)
    save(store, now=NOW + 2 * HOUR)

    assert store.sources.first_fetches() == {"harbor": NOW + HOUR}
