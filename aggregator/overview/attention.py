"""Everything that needs an operator, the most urgent first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from aggregator.config import Config
from aggregator.overview.digest_reasons import digest_reasons
from aggregator.overview.health_reasons import Reason, health_reasons
from aggregator.overview.silent_rules import EVERYTHING, describe_silence
from aggregator.overview.source_states import SourceState
from aggregator.store.base import Store

__all__ = ["attention"]


def attention(
    config: Config, store: Store, states: Sequence[SourceState], now: datetime
) -> list[Reason]:
    """What is wrong, what is quiet, and what waits for a decision."""
    enabled = [state.health for state in states if state.name != "paused"]
    return [
        *health_reasons(config, store, enabled, now),
        *digest_reasons(config, store, now),
        *_held(states),
        *_quiet(states),
        *_silent_rules(config, store, states),
        *_undelivered(config, store),
        *_unsent_alerts(store),
    ]


def _held(states: Sequence[SourceState]) -> Iterator[Reason]:
    for state in states:
        if count := state.health.held_stories:
            one = "story is" if count == 1 else "stories are"
            kind, sentence = "approval", f"{count:,} new {one} waiting for your approval."
            if not state.source.approve:
                kind = "held"
                sentence = f"{count:,} new stories came at once; decide whether to publish them."
            yield Reason(kind=kind, source=state.source.id, sentence=sentence)


def _quiet(states: Sequence[SourceState]) -> Iterator[Reason]:
    quiet = sorted((s for s in states if s.name == "quiet"), key=lambda state: str(state.since))
    for state in quiet:
        dates = sorted(state.health.recent_dates)
        days = max((dates[-1] - dates[0]).total_seconds() / 86400, 1.0)
        per_week = 7 * (len(dates) - 1) / days
        usual = f"{per_week:.0f} articles a week" if per_week >= 1.5 else "one now and then"
        yield Reason(
            kind="quiet",
            source=state.source.id,
            since=state.since,
            sentence="It works but has had no new articles for a long time; it used to have "
            f"{usual}.",
        )


def _silent_rules(config: Config, store: Store, states: Sequence[SourceState]) -> Iterator[Reason]:
    """Rules that place nothing any more, as last looked at; not those of a source that brings
    nothing, which is reported itself, nor the clauses of a topic that is silent as a whole."""
    explained = {s.source.id for s in states if s.name in ("failed", "retired", "quiet", "paused")}
    topics = {topic.id for topic in config.topics}
    silent = [rule for rule in store.alerts.silent_rules() if rule.topic in {"", *topics}]
    whole = {rule.topic for rule in silent if rule.reason == EVERYTHING}
    for rule in silent:
        is_explained = rule.source in explained
        if not is_explained and (rule.topic not in whole or rule.reason == EVERYTHING):
            sentence = f"{rule.topic or 'All topics'}: {describe_silence(rule)}"
            yield Reason(
                kind="silent_rule",
                topic=rule.topic or None,
                source=None if rule.topic else rule.source,
                subject=f"{rule.topic or 'all topics'}: {rule.reason}",
                since=rule.since,
                sentence=sentence,
            )


def _unsent_alerts(store: Store) -> Iterator[Reason]:
    """Alerts that could not be delivered, by channel and address."""
    failing = {(m.channel, m.recipient): m for m in reversed(store.alerts.messages()) if m.error}
    for message in failing.values():
        where = f"mail to {message.recipient}" if message.recipient else "the webhook"
        yield Reason(
            kind="undelivered",
            subject=where,
            since=message.created_at,
            next_try=message.due_at,
            sentence=f"Alerts could not be delivered ({where}): {message.error}",
        )


def _undelivered(config: Config, store: Store) -> Iterator[Reason]:
    """Subscribers of our hub that do not take deliveries, and hubs that do not answer."""
    if config.publish.hub:
        failing = [each for each in store.hub.subscribers() if each.failing_since]
        if failing:
            first = min(failing, key=lambda each: str(each.failing_since))
            count = len(failing)
            who = "subscriber of our hub does" if count == 1 else "subscribers of our hub do"
            yield Reason(
                kind="undelivered",
                subject="our hub",
                since=first.failing_since,
                next_try=first.due_at,
                sentence=f"{count:,} {who} not accept deliveries; {first.host}: {first.error}",
            )
    errors = Counter(ping.hub for ping in store.hub.pings() if ping.error)
    for hub, count in errors.items():
        error = next(ping.error for ping in store.hub.pings() if ping.hub == hub and ping.error)
        yield Reason(
            kind="undelivered",
            subject=hub,
            sentence=f"The hub {hub} could not be notified of {count:,} "
            f"{'change' if count == 1 else 'changes'}: {error}",
        )
