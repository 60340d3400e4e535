"""`topics`: the size of each topic, rules that have fallen silent, overlaps and gaps."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import open_config, select_topics
from aggregator.cli.completion import complete_topic
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, format_time, print_json, show_rows
from aggregator.config import Config
from aggregator.ingest.categorize.monitoring import group_uncategorised
from aggregator.model import ALL, Topic, topic_scope
from aggregator.overview.silent_rules import (
    PlacementDates,
    describe_silence,
    find_silent_rules,
    placement_dates,
)
from aggregator.store import Store

__all__ = ["topics"]

MAX_STORIES_SHOWN = 20
MIN_OVERLAP = 0.5
"""Fraction of the smaller topic's stories that another topic must have too, to be reported."""
MIN_SHARED_STORIES = 5
MAX_SAMPLED_STORIES = 5_000
"""Newest stories that are searched for groups without a topic."""
MAX_GROUPS = 12
TITLES_PER_GROUP = 2


@click.command()
@click.argument("id_", metavar="[ID]", required=False, shell_complete=complete_topic)
@json_option
@click.option(
    "--report", is_flag=True, help="Also show topics that overlap, and stories without a topic."
)
@click.pass_obj
def topics(path: Path, id_: str | None, as_json: bool, report: bool) -> None:
    """Show the size of each topic, and rules that have fallen silent.

    A clause of a rule, a source or a category that used to place stories, but no longer does, is
    shown with the date of the last one. With an ID, show the newest stories of that topic, each
    with the reason why it is there.
    """
    with open_config(path) as (config, store):
        if id_ is not None:
            if report:
                raise click.UsageError("--report covers all topics; leave out the ID")
            _show_topic(config, store, id_, as_json=as_json)
            return
        now = datetime.now(UTC)
        dates = placement_dates(store, now)
        silent = [
            f"{rule.topic or 'all topics'}: {describe_silence(rule)}"
            for rule in find_silent_rules(config, store, dates, now)
        ]
        if as_json:
            print_json({"topics": _rows(config, store, dates), "silent": silent})
            return
        _show_table(config, store, dates)
        for line in (*_short_feeds(config, store), *silent):
            click.echo(f"\n{line}")
        if report:
            _show_shared(config, store)
            _show_uncategorised(config, store)


def _rows(config: Config, store: Store, dates: PlacementDates) -> list[dict[str, Any]]:
    counts = store.lists.counts([topic_scope(topic.id) for topic in config.topics])
    return [
        {
            "topic": topic.id,
            "stories": counts.get(topic_scope(topic.id), 0),
            "newest": _newest(store, topic, dates),
            "learns": topic.learn if topic.learn != "off" else "",
            "title": topic.title,
        }
        for topic in config.topics
    ]


def _show_table(config: Config, store: Store, dates: PlacementDates) -> None:
    empty = "There are no topics in feeds.toml."
    show_rows(_rows(config, store, dates), as_json=False, empty=empty, now=datetime.now(UTC))


def _newest(store: Store, topic: Topic, dates: PlacementDates) -> datetime | None:
    """The date of the newest story of a topic; `dates` has those of the last weeks."""
    if recent := dates.get((topic.id, None)):
        return max(recent)
    newest = store.lists.latest(topic_scope(topic.id), 1)
    return newest[0].published if newest else None


def _short_feeds(config: Config, store: Store) -> Iterator[str]:
    """Topics whose feed is short, since max_share leaves too few stories per source."""
    limit = config.publish.limit
    counts = store.lists.counts([topic_scope(t.id) for t in config.topics if t.share])
    for topic in config.topics:
        if topic.share:
            scope = topic_scope(topic.id)
            full = min(limit, counts.get(scope, 0))
            count = len(store.lists.latest(scope, limit, share=topic.share))
            if count < full:
                stories = count_noun(count, "story", "stories")
                yield (
                    f"{topic.id}: with max_share its feed has {stories}, not {full}; it has too "
                    "few outlets for that, or they publish too unevenly."
                )


def _show_shared(config: Config, store: Store) -> None:
    counts = store.lists.counts([topic_scope(topic.id) for topic in config.topics])
    listed = {topic.id for topic in config.topics}
    click.echo("\ntopics that share most of their stories:")
    lines = 0
    for one, other, number in store.topics.shared():
        smaller = min((one, other), key=lambda id_: counts.get(topic_scope(id_), 0))
        overlap = number / max(1, counts.get(topic_scope(smaller), 0))
        is_large = number >= MIN_SHARED_STORIES and overlap >= MIN_OVERLAP
        if is_large and {one, other} <= listed:
            larger = other if smaller == one else one
            click.echo(f"{number:>8}  {smaller} and {larger}: {overlap:.0%} of {smaller}")
            lines += 1
    if not lines:
        click.echo("          none")


def _show_uncategorised(config: Config, store: Store) -> None:
    ids = [topic.id for topic in config.topics]
    sample = list(store.topics.sample(MAX_SAMPLED_STORIES, ids, with_content=False))
    without = sum(not story.has_topic for story in sample)
    total = store.lists.counts([ALL]).get(ALL, 0)
    click.echo(
        f"\nwithout any topic: {without} of the newest {len(sample)} stories "
        f"({total} in total); those that share a word or a category:"
    )
    groups = list(group_uncategorised([(s.lead, s.has_topic) for s in sample], MAX_GROUPS))
    if not groups:
        click.echo("          none")
    for group in groups:
        sources = count_noun(group.source_count, "outlet", "outlets")
        click.echo(f"{len(group.titles):>8}  {group.label}  ({sources})")
        for title in group.titles[-TITLES_PER_GROUP:]:
            click.echo(f"{'':12}{title}")


def _show_topic(config: Config, store: Store, id_: str, *, as_json: bool) -> None:
    (topic,) = select_topics(config, [id_])
    newest = store.lists.latest(topic_scope(topic.id), MAX_STORIES_SHOWN)
    if as_json:
        rows = [
            {
                "published": each.published,
                "story": each.id,
                "source": each.lead.source,
                "title": each.lead.title,
                "why": store.stories.placement_sentences(each.id)[id_],
            }
            for each in newest
        ]
        print_json(rows)
        return
    if not newest:
        click.echo(f"The topic {id_} has no stories yet.")
    for story in newest:
        click.echo(f"{format_time(story.published)}  {story.id}  {story.lead.title}")
        sentence = store.stories.placement_sentences(story.id)[id_]
        click.echo(f"{'':18}{story.lead.source}: {sentence}")
