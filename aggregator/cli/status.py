"""`status`: the newsroom on one screen."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import open_config
from aggregator.cli.options import json_option
from aggregator.cli.sources import sparkline
from aggregator.cli.tables import (
    count_noun,
    format_age,
    format_recent,
    paint,
    paint_state,
    print_json,
    print_table,
    zone_note,
)
from aggregator.config import Config
from aggregator.overview.attention import attention
from aggregator.overview.health_reasons import Reason
from aggregator.overview.pulse import NewsroomPulse, newsroom_pulse
from aggregator.overview.source_states import SourceState, source_health, source_states

__all__ = ["status"]

MAX_REASONS_SHOWN = 12
MAX_TOPICS_SHOWN = 12


@click.command()
@json_option
@click.pass_obj
def status(path: Path, as_json: bool) -> None:
    """Show the newsroom on one screen: what needs you, what comes in.

    First comes what is wrong, since when, why, and when it is tried again; then the stories of the
    last day and the topics of the last four weeks.
    """
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        states = source_states(config, source_health(config, store), now)
        reasons = attention(config, store, states, now)
        pulse = newsroom_pulse(config, store, now)
        last_fetch = store.maintenance.last_fetch()
    if as_json:
        print_json(_as_json(states, reasons, pulse, last_fetch))
        return
    _show(config, states, reasons, pulse, last_fetch, now)


def _show(
    config: Config,
    states: Sequence[SourceState],
    reasons: Sequence[Reason],
    pulse: NewsroomPulse,
    last_fetch: datetime | None,
    now: datetime,
) -> None:
    click.echo(f"{config.site.title}, {config.site.url}")
    fetched = (
        f"last fetch {format_age(last_fetch, now)} ago" if last_fetch else "nothing fetched yet"
    )
    counts = Counter(state.name for state in states)
    named = ", ".join(f"{number} {paint_state(name)}" for name, number in counts.items())
    click.echo(f"{count_noun(len(states), 'source', 'sources')}: {named or 'none'}; {fetched}.")
    if not reasons:
        click.echo(paint("\nAll is well.", "green"))
    else:
        number = count_noun(len(reasons), "thing needs", "things need")
        click.echo(paint(f"\n{number} you:", "red"))
        rows = [
            (
                f"  {reason.label}",
                format_recent(reason.since, now),
                format_recent(reason.next_try, now),
                reason.sentence,
            )
            for reason in reasons[:MAX_REASONS_SHOWN]
        ]
        print_table(("  what", "since", "next try", "why"), *rows)
        if len(reasons) > MAX_REASONS_SHOWN:
            click.echo(f"  and {len(reasons) - MAX_REASONS_SHOWN:,} more; see `aggregator sources`")
    today = pulse.today
    click.echo(
        f"\nlast 24 hours: {count_noun(today.stories, 'story', 'stories')}, {today.shared:,} in "
        f"several outlets, {today.without_topic:,} without a topic"
        + (f"; {_delay(today.median_delay)} from outlet to feed." if today.median_delay else ".")
    )
    click.echo(f"stories in 28 days: {sparkline(pulse.stories)}  {sum(pulse.stories):,}")
    _show_topics(config, pulse)
    click.echo(f"\n{zone_note()}")


def _show_topics(config: Config, pulse: NewsroomPulse) -> None:
    """The busiest topics."""
    topics = sorted(config.topics, key=lambda topic: -sum(pulse.stories_by_topic[topic.id]))
    rows = [
        (
            f"  {t.id}",
            sparkline(pulse.stories_by_topic[t.id]),
            f"{sum(pulse.stories_by_topic[t.id]):,}",
        )
        for t in topics[:MAX_TOPICS_SHOWN]
    ]
    if rows:
        print_table(("  topic", "stories a day", "28 days"), *rows)
    if len(topics) > MAX_TOPICS_SHOWN:
        click.echo(f"  and {len(topics) - MAX_TOPICS_SHOWN} more topics")


def _delay(seconds: float) -> str:
    """A time in its largest unit, as the median of stories."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


def _as_json(
    states: Sequence[SourceState],
    reasons: Sequence[Reason],
    pulse: NewsroomPulse,
    last_fetch: datetime | None,
) -> dict[str, Any]:
    return {
        "sources": Counter(state.name for state in states),
        "last_fetch": last_fetch,
        "attention": reasons,
        "last_day": pulse.today,
        "stories_by_day": pulse.stories,
        "shared_by_day": pulse.shared_by_day,
        "delay_by_day": pulse.delay_by_day,
        "topics": pulse.stories_by_topic,
    }
