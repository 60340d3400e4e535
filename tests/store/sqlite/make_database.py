"""Write `databases/<version>.sqlite`, a database of the current version.

Run once for a release, and never again: `python -m tests.store.sqlite.make_database`. The file is
committed, and later versions must read it (test_migrations.py).
"""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aggregator import __version__
from aggregator.model import (
    LEARNED,
    DigestIssue,
    DigestPreferences,
    DigestSubscriber,
    EntryCounts,
    EntryKey,
    EntryKeyKind,
    FailureKind,
    FetchState,
    HubLink,
    HubPing,
    Match,
    MatchKind,
    Placement,
    PlacementChange,
    PlacementReason,
    Predictions,
    ReasonKind,
    Rejected,
    RunReport,
    StoryChange,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionRequest,
    Suggestion,
    TopicOverride,
    Validators,
)
from aggregator.store.base import Store
from aggregator.store.sqlite import open_store
from tests.harness.builders import NOW, article, entry, prose, source
from tests.harness.saving import change_of, number_of, publish, save, story_titled

__all__ = ["DATABASES", "fill", "write"]

DATABASES = Path(__file__).parent / "databases"
DAY = timedelta(days=1)
TOPIC_URL = "https://commons.example/topics/labor.atom"


def fill(store: Store) -> None:
    """Store something of everything, without anybody's real secrets."""
    store.sources.sync(
        [source("harbor", license="CC BY 4.0", topics=("ports",)), source("plains", precedence=2)],
        NOW,
    )
    _fill_stories(store)
    _fill_decisions(store)
    _fill_sources(store)
    _fill_websub(store)
    _fill_digest(store)


def _fill_stories(store: Store) -> None:
    for minute in range(3):
        publish(store, f"Ferry {minute}", "ports", minute=minute)
    store.lists.archive(2, NOW)
    lead = article("Cranes stop", "harbor", prose(1))
    rule = Placement(
        topic="labor",
        reason="The rule matches: strike.",
        placed_by=(PlacementReason(ReasonKind.RULE, "strike"),),
    )
    save(store, replace(change_of(lead, "ports"), placements=(rule,)))
    stored = story_titled(store, "Cranes stop")
    (id_,) = store.entries.next_ids(1)
    copy = article("Cranes stop again", "plains", prose(1))
    grown = replace(stored, duplicates=(copy,), reasons=("plains: same text",))
    match = Match(
        entry_a=stored.lead.entry_id,
        entry_b=id_,
        kind=MatchKind.TEXT,
        score=0.9,
        reason="same text",
    )
    change = StoryChange(story=grown, listed_at=NOW, is_stored=True, placements=(rule,))
    save(store, change, source="plains", matches=(match,))
    publish(store, "Private matters", "courts", minute=4, source="plains")
    held = change_of(entry("Held back", "plains"), "courts")
    save(store, replace(held, is_held=True), source="plains")


def _fill_decisions(store: Store) -> None:
    ferry, cranes = (story_titled(store, title) for title in ("Ferry 0", "Cranes stop"))
    decisions = [
        TopicOverride(
            entry_id=stored.lead.entry_id, topic=topic, is_included=is_included, decided_at=NOW
        )
        for stored, topic, is_included in ((ferry, "labor", False), (cranes, "courts", True))
    ]
    placement = Placement(
        topic="courts", reason="An operator.", placed_by=(PlacementReason(ReasonKind.MANUAL),)
    )
    number = number_of(store, cranes)
    change = PlacementChange(story_number=number, topic="courts", placement=placement)
    store.topics.recategorize([change], decisions, NOW)
    store.stories.take_down(story_titled(store, "Private matters").id, "the outlet asks", NOW)
    learned = number_of(store, story_titled(store, "Ferry 1"))
    suggestion = Suggestion(
        story_number=number_of(store, story_titled(store, "Ferry 2")),
        lead_entry_id=story_titled(store, "Ferry 2").lead.entry_id,
        topic="labor",
        probability=0.75,
        reason="ferry, harbor",
    )
    looks_like = Placement(topic="labor", reason="It looks like it.", placed_by=LEARNED)
    placements = (PlacementChange(story_number=learned, topic="labor", placement=looks_like),)
    predictions = Predictions(
        scored_up_to=learned, suggestions=(suggestion,), placements=placements
    )
    store.learning.save_model(b"a model", "hash", predictions, NOW)


def _fill_sources(store: Store) -> None:
    hub_link = HubLink(hub="https://hub.example/", topic="https://harbor.example/feed")
    state = FetchState(
        validators=Validators(etag='"abc"'), last_success=NOW, next_fetch=NOW + DAY / 24,
        interval=3600, hub_link=hub_link,
    )  # fmt: skip
    key = EntryKey(EntryKeyKind.ID, "lost")
    rejected = (Rejected(key=key, title="Lost", reason="it has no link"),)
    counts = EntryCounts(received=1, rejected=1)
    save(store, state=state, rejected=rejected, counts=counts)
    store.maintenance.record_run(RunReport(started=NOW))


def _fill_websub(store: Store) -> None:
    subscription = Subscription(
        source="harbor", hub="https://hub.example/", topic="https://harbor.example/feed",
        token="fake-token", secret="fake-secret", requested_at=NOW, lease_until=NOW + 10 * DAY,
    )  # fmt: skip
    store.subscriptions.add(subscription)
    store.subscriptions.enqueue_delivery("harbor", "application/xml", b"<rss/>", NOW)
    request = SubscriptionRequest(
        mode="subscribe", callback="https://reader.example/callback", host="reader.example",
        topic=TOPIC_URL, secret="fake-secret", lease_seconds=864_000, requested_at=NOW,
    )  # fmt: skip
    subscriber = Subscriber(
        callback=request.callback, host=request.host, topic=TOPIC_URL, secret=request.secret,
        lease_until=NOW + 10 * DAY, etag='"1"',
    )  # fmt: skip
    store.hub.add_request(request)
    store.hub.add_subscriber(store.hub.pending_requests(1)[0], subscriber)
    (stored,) = store.hub.subscribers()
    store.hub.mark_failed(
        replace(
            stored, attempts=1, failing_since=NOW, failure_kind=FailureKind.TIMEOUT, error="Slow."
        )
    )
    ping = HubPing(hub="https://hub.example/", feed_url=TOPIC_URL, due_at=NOW)
    store.hub.enqueue_notifications((), (), [ping], NOW)
    store.hub.mark_ping_failed(
        [replace(ping, attempts=1, failure_kind=FailureKind.DNS, error="No")]
    )
    store.maintenance.record_bug("fetch harbor", "KeyError('x')", NOW)


def _fill_digest(store: Store) -> None:
    ana = DigestSubscriber(
        id="ana", address="ana@reader.example", preferences=DigestPreferences(topics=("ports",)),
        state=SubscriberState.ACTIVE, created_at=NOW - DAY, confirmed_at=NOW - DAY,
        covered_from=NOW - 2 * DAY, covered_until=NOW - DAY, next_at=NOW,
    )  # fmt: skip
    issue = DigestIssue(
        since=NOW - DAY, until=NOW, topics=("ports",), language="en", subject="Ferry 2",
        stories=(story_titled(store, "Ferry 2").id,), html="<p>Ferry 2", text="Ferry 2",
        created_at=NOW, day=NOW.date(),
    )  # fmt: skip
    store.digest_subscribers.add(ana)
    after = replace(ana, covered_from=NOW - DAY, covered_until=NOW, next_at=NOW + DAY)
    store.digest.advance([(ana, after)], NOW, issue=issue)
    store.digest_subscribers.record_sign_up("client", NOW)


def write(file: Path) -> None:
    """Write a small, reproducible database. Raises FileExistsError."""
    if file.exists():
        raise FileExistsError(file)
    with closing(open_store(file)) as store:
        fill(store)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("update _sqlite_migrations set applied_at = ?", [NOW.isoformat()])
        db.execute("pragma journal_mode = delete")
        db.execute("pragma page_size = 1024")
        db.execute("vacuum")
        db.execute("pragma journal_mode = wal")


if __name__ == "__main__":
    write(DATABASES / f"{__version__}.sqlite")
