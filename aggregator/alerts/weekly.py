"""The summary of a week: what came in, by topic, and what needs operators."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aggregator.config import Config
from aggregator.overview.health_reasons import Reason
from aggregator.overview.pulse import newsroom_pulse
from aggregator.overview.source_states import SourceState
from aggregator.store.base import Store
from aggregator.text.midnight import midnight

__all__ = ["due_since", "weekly_summary"]

SUMMARY_HOUR = timedelta(hours=7)
"""How long after the midnight of Monday it is sent."""
MAX_TOPICS_SHOWN = 30
MAX_REASONS_SHOWN = 20


def due_since(now: datetime, timezone: str) -> datetime:
    """When the newest summary fell due: on Monday at seven in the morning, in a time zone."""
    local = now.astimezone(ZoneInfo(timezone))
    monday = local.date() - timedelta(days=local.weekday())
    due = midnight(monday, timezone) + SUMMARY_HOUR
    return due if due <= now else midnight(monday - timedelta(days=7), timezone) + SUMMARY_HOUR


def weekly_summary(
    config: Config,
    store: Store,
    states: Sequence[SourceState],
    reasons: Sequence[Reason],
    now: datetime,
) -> str:
    """The seven days before today, in UTC, as a plain text."""
    pulse = newsroom_pulse(config, store, now)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    week = store.statistics.pulse(today - timedelta(days=7), today)
    before = sum(pulse.stories[-15:-8])
    lines = [
        f"{week.stories:,} {'story' if week.stories == 1 else 'stories'} in the seven days before "
        f"today ({before:,} in the seven days before those), {week.shared:,} of them in several "
        f"outlets, {week.without_topic:,} without a topic.",
    ]
    if week.median_delay is not None:
        minutes = max(1, round(week.median_delay / 60))
        unit = "minute" if minutes == 1 else "minutes"
        lines.append(
            f"Half of them were in our feeds within {minutes:,} {unit} of appearing at the outlet."
        )
    counts = {topic: sum(days[-8:-1]) for topic, days in pulse.stories_by_topic.items()}
    topics = sorted(config.topics, key=lambda topic: -counts[topic.id])
    lines += ["", *(f"{counts[t.id]:7,}  {t.title}" for t in topics[:MAX_TOPICS_SHOWN])]
    names = Counter(state.name for state in states)
    named = ", ".join(f"{count:,} {name}" for name, count in names.most_common())
    lines += ["", f"Sources: {named or 'none'}."]
    if reasons:
        lines += ["", "What needs you:"]
        lines += [f"- {_sentence(reason)}" for reason in reasons[:MAX_REASONS_SHOWN]]
    else:
        lines += ["", "Nothing needs you."]
    return "\n".join([*lines, "", f"The desk: {config.site.url}/desk/", ""])


def _sentence(reason: Reason) -> str:
    return f"{reason.source}: {reason.sentence}" if reason.source else reason.sentence
