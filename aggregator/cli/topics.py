"""`topics`: what each topic holds, what has fallen silent, what topics share and what they lack."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.markup import escape

from aggregator.cli.common import open_config, select_topics
from aggregator.cli.tables import count_noun, format_time, print_table, table
from aggregator.config import Config
from aggregator.ingest.categorize.monitoring import (
    active_reasons,
    dates_by_reason,
    find_silence,
    group_unfiled,
)
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.model import ALL, topic_scope
from aggregator.store import Store

__all__ = ["topics"]

SHOWN = 20
LOOKED_BACK = timedelta(days=730)
"""What was silent before that is forgotten."""
OVERLAP = 0.5
"""The part of the smaller topic's stories that another one has too, to be reported."""
FEWEST_SHARED = 5
NEWEST = 5_000
"""Stories that are looked through for what no topic has."""
GROUPS, TITLES = 12, 2


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--report", is_flag=True, help="What topics share, and what no topic has, too.")
@click.pass_obj
def topics(path: Path, id_: str | None, report: bool) -> None:
    """Show how many stories each topic holds, and which of its parts have fallen silent.

    A clause of a rule, an outlet or a category that used to file stories and does so no more is
    shown with the date of the last one. With an ID, show the newest stories of that topic, each
    with why it is there.
    """
    with open_config(path) as (config, store):
        if id_ is not None:
            if report:
                raise click.UsageError("--report is about all topics; leave the ID out")
            _show_topic(config, store, id_)
            return
        # if nothing was fetched, silence says nothing about rules
        now = min(datetime.now(UTC), store.last_stamp() or datetime.now(UTC))
        dates = dates_by_reason(store.yields(now - LOOKED_BACK))
        _show_table(config, store, dates)
        silent = (*_silent_parts(config, dates, now), *_silent_outlets(config, store, now))
        for line in (*_short_lists(config, store), *silent):
            click.echo(f"\n{line}")
        if report:
            _show_shared(config, store)
            _show_unfiled(config, store)


def _show_table(
    config: Config, store: Store, dates: Mapping[tuple[str, str], Sequence[datetime]]
) -> None:
    counts = store.counts()
    shown = table("topic", "stories", "newest", "learns", "title")
    for topic in config.topics:
        newest = max(dates.get((topic.id, ""), ()), default=None)
        shown.add_row(
            topic.id,
            str(counts.get(topic_scope(topic.id), 0)),
            format_time(newest),
            topic.learn if topic.learn != "off" else "",
            escape(topic.title),
        )
    print_table(shown)


def _short_lists(config: Config, store: Store) -> Iterator[str]:
    """Topics whose outlets are too few for the share that each may have."""
    limit, counts = config.publish.limit, store.counts()
    for topic in config.topics:
        if topic.share:
            full = min(limit, counts.get(topic_scope(topic.id), 0))
            shown = len(store.latest(topic_scope(topic.id), limit, share=topic.share))
            if shown < full:
                stories = count_noun(shown, "story", "stories")
                yield (
                    f"{topic.id}: with max_share its feed has {stories}, not {full}; its outlets "
                    "are too few for that, or too unlike in what they publish."
                )


def _silent_parts(
    config: Config, dates: Mapping[tuple[str, str], Sequence[datetime]], now: datetime
) -> Iterator[str]:
    listed = [(topic.id, "") for topic in config.topics]
    listed += active_reasons(TopicRules(config.topics), config.sources)
    for topic, part in listed:
        if found := find_silence(dates.get((topic, part), ()), now):
            yield _sentence(topic, part or "everything", found.per_week, found.since)


def _silent_outlets(config: Config, store: Store, now: datetime) -> Iterator[str]:
    dates: dict[str, list[datetime]] = defaultdict(list)
    for outlet, arrived in store.outlet_yields(now - LOOKED_BACK):
        dates[outlet].append(arrived)
    for source in config.sources:
        if found := find_silence(dates[source.id], now):
            yield _sentence("all topics", f"source {source.id}", found.per_week, found.since)


def _sentence(topic: str, part: str, a_week: float, since: datetime) -> str:
    return f"{topic}: {part} used to file {a_week:.1f} a week, and none since {since:%Y-%m-%d}."


def _show_shared(config: Config, store: Store) -> None:
    counts = store.counts()
    listed = {topic.id for topic in config.topics}
    click.echo("\ntopics that share most of their stories:")
    lines = 0
    for one, other, number in store.shared():
        smaller = min((one, other), key=lambda id_: counts.get(topic_scope(id_), 0))
        part = number / max(1, counts.get(topic_scope(smaller), 0))
        if number >= FEWEST_SHARED and part >= OVERLAP and {one, other} <= listed:
            larger = other if smaller == one else one
            click.echo(f"{number:>8}  {smaller} and {larger}: {part:.0%} of {smaller}")
            lines += 1
    if not lines:
        click.echo("          none")


def _show_unfiled(config: Config, store: Store) -> None:
    topics = [topic.id for topic in config.topics]
    looked = list(store.look(NEWEST, topics, with_content=False))
    without = sum(not one.has_topic for one in looked)
    everything = store.counts().get(ALL, 0)
    click.echo(
        f"\nwithout any topic: {without} of the newest {len(looked)} stories "
        f"(there are {everything}); those that share a word or a category:"
    )
    groups = list(group_unfiled([(one.lead, one.has_topic) for one in looked], GROUPS))
    if not groups:
        click.echo("          none")
    for group in groups:
        outlets = f"{group.outlets} outlet{'' if group.outlets == 1 else 's'}"
        click.echo(f"{len(group.titles):>8}  {group.label}  ({outlets})")
        for title in group.titles[-TITLES:]:
            click.echo(f"{'':12}{title}")


def _show_topic(config: Config, store: Store, id_: str) -> None:
    (topic,) = select_topics(config, [id_])
    newest = store.latest(topic_scope(topic.id), SHOWN)
    if not newest:
        click.echo("No story stands in it yet.")
    for story in newest:
        click.echo(f"{format_time(story.published)}  {story.id}  {story.lead.title}")
        click.echo(f"{'':18}{story.lead.source}: {store.why(story.id)[id_]}")
