"""GET /metrics, for Prometheus: figures of the newsroom, read from the store for each request.

Labels are bounded: states, kinds and topics, never sources or addresses. Only this machine and
private networks get an answer, and no proxy does, so that the public does not.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, abort, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from aggregator import __version__
from aggregator.config import Config
from aggregator.model import ALL, MailState, SubscriberState, topic_scope
from aggregator.overview.health_reasons import DOWN_KINDS, health_reasons
from aggregator.overview.source_states import source_health, source_states
from aggregator.store.base import Store
from aggregator.web.clients import is_private, is_proxied

__all__ = ["METRICS", "metrics_blueprint"]

METRICS = {
    "aggregator_build_info": "Version of the program.",
    "aggregator_sources": "Sources by state.",
    "aggregator_entries_total": "Entries that feeds have listed, by what became of them.",
    "aggregator_stories": "Published stories.",
    "aggregator_topic_stories": "Published stories of each topic.",
    "aggregator_held_stories": "Stories that wait for an operator.",
    "aggregator_last_fetch_timestamp_seconds": "When a source was last fetched.",
    "aggregator_last_success_timestamp_seconds": "When a source was last fetched successfully.",
    "aggregator_last_run_duration_seconds": "How long the last run took.",
    "aggregator_up": "1 if /healthz does not say `down`.",
    "aggregator_health_reasons": "What is wrong, by kind.",
    "aggregator_hub_subscribers": "Subscribers of our hub, by whether deliveries fail.",
    "aggregator_digest_subscribers": "Subscribers of the digest by state.",
    "aggregator_digest_mails": "Mails of the digest of the last 30 days by state.",
    "aggregator_config_version": "Number of the version of feeds.toml that is in force.",
    "aggregator_config_problems": "Problems of feeds.toml as it is now.",
    "aggregator_database_bytes": "Size of the database file.",
    "aggregator_disk_free_bytes": "Free space on the disk of the database.",
}
"""Every metric and what it is."""

_COUNTS = ("received", "new", "updated", "known", "rejected")


def metrics_blueprint(config: Config, store: Store) -> Blueprint:
    """The endpoint."""
    blueprint = Blueprint("metrics", __name__)
    registry = CollectorRegistry()
    registry.register(_NewsroomCollector(config, store))

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if not is_private(request.remote_addr or "") or is_proxied(request.environ):
            abort(404)
        response = Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
        response.cache_control.no_store = True
        return response

    return blueprint


class _NewsroomCollector(Collector):
    """Reads the figures from the store, for each request."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: the metrics are not read when they are registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily | InfoMetricFamily]:
        """All metrics, in the order of METRICS."""
        config, store, now = self._config, self._store, datetime.now(UTC)
        health = source_health(config, store)
        states = source_states(config, health, now)
        enabled = [state.health for state in states if state.name != "paused"]
        reasons = health_reasons(config, store, enabled, now)
        scopes = [ALL, *(topic_scope(topic.id) for topic in config.topics)]
        counts = store.lists.counts(scopes)
        runs = store.statistics.runs(1)
        subscribers = store.hub.subscribers()
        problem = store.config.problem()
        build = InfoMetricFamily("aggregator_build", METRICS["aggregator_build_info"])
        build.add_metric([], {"version": __version__})
        yield build
        yield _gauge("sources", Counter(state.name for state in states), "state")
        yield self._entries()
        yield _gauge("stories", counts.get(ALL, 0))
        topics = {topic.id: counts.get(topic_scope(topic.id), 0) for topic in config.topics}
        yield _gauge("topic_stories", topics, "topic")
        yield _gauge("held_stories", sum(each.held_stories for each in health.values()))
        for name, moments in (
            ("last_fetch", [each.last_fetch for each in health.values() if each.last_fetch]),
            ("last_success", [e.last_success for e in health.values() if e.last_success]),
        ):
            newest = max(moments, default=None)
            yield _gauge(f"{name}_timestamp_seconds", newest.timestamp() if newest else 0.0)
        yield _gauge("last_run_duration_seconds", runs[0].seconds if runs else 0.0)
        yield _gauge("up", float(not any(reason.kind in DOWN_KINDS for reason in reasons)))
        yield _gauge("health_reasons", Counter(reason.kind for reason in reasons), "kind")
        delivery = Counter("failing" if each.failing_since else "ok" for each in subscribers)
        yield _gauge("hub_subscribers", {"ok": 0, "failing": 0, **delivery}, "delivery")
        people, mails = store.digest_subscribers.counts(), store.digest.count_mails()
        yield _gauge(
            "digest_subscribers", {s.value: people.get(s, 0) for s in SubscriberState}, "state"
        )
        yield _gauge("digest_mails", {s.value: mails.get(s, 0) for s in MailState}, "state")
        yield _gauge("config_version", store.config.number())
        yield _gauge("config_problems", len(problem.issues) if problem else 0)
        yield _gauge("database_bytes", _size(config))
        yield _gauge("disk_free_bytes", _free(config))

    def _entries(self) -> CounterMetricFamily:
        """Counters survive restarts: they are those of the store."""
        family = CounterMetricFamily(
            "aggregator_entries", METRICS["aggregator_entries_total"], labels=["result"]
        )
        totals = self._store.statistics.entry_counts()
        for name in _COUNTS:
            family.add_metric([name], getattr(totals, name))
        return family


def _gauge(
    name: str, value: float | dict[str, int] | Counter[str], label: str = ""
) -> GaugeMetricFamily:
    name = f"aggregator_{name}"
    if not isinstance(value, dict):
        return GaugeMetricFamily(name, METRICS[name], value=value)
    family = GaugeMetricFamily(name, METRICS[name], labels=[label])
    for key, number in sorted(value.items()):
        family.add_metric([key], number)
    return family


def _size(config: Config) -> int:
    try:
        return config.database.stat().st_size
    except OSError:
        return 0


def _free(config: Config) -> int:
    try:
        disk = os.statvfs(config.database.parent)
    except OSError:
        return 0
    return disk.f_bavail * disk.f_frsize
