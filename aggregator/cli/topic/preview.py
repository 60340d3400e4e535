"""`topic test` and `topic apply`: rules against all stored stories."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import INGEST_LOCK_SECONDS, open_config, select_topics
from aggregator.cli.completion import complete_topic
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, print_json
from aggregator.errors import CommandError
from aggregator.ingest.categorize.recategorize import PlacementDiff
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.model import ALL, PlacementChange, Topic
from aggregator.overview.topic_preview import (
    TopicPreview,
    newest_changes,
    placement_diffs,
    preview_topics,
)
from aggregator.query import parse
from aggregator.store import Store

__all__ = ["apply", "show_preview", "test"]


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_topic)
@click.option("--match", "draft", help="A draft rule to use instead of the one in feeds.toml.")
@json_option
@click.pass_obj
def test(path: Path, id_: str, draft: str | None, as_json: bool) -> None:
    """Run a topic's rule over all stored stories.

    Show how many stories the rule matches, from which outlets, and which stories it would add to
    the topic or remove from it. Nothing is changed.
    """
    with open_config(path) as (config, store):
        (topic,) = select_topics(config, [id_], draft)
        if draft == "":
            raise CommandError("The draft rule is empty.")
        if not topic.match:
            raise CommandError(f"The topic {id_!r} has no rule; give one with --match.")
        warnings: list[str] = [*parse(topic.match, topic.stem).warnings]
        preview = preview_topics(config, store, [topic])[topic.id]
        total = store.lists.counts([ALL]).get(ALL, 0)
        warnings = [*warnings, *_warnings(preview, total)]
        if as_json:
            print_json(_as_json(topic, preview, total, warnings, store))
            return
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)
        click.echo(f"rule:    {topic.match}")
        click.echo(
            f"matches: {preview.matched:,} of {count_noun(total, 'story', 'stories')}; "
            f"in the topic now: {preview.current:,}"
        )
        if preview.sources:
            shares = (f"{source} {count}" for source, count in preview.sources.most_common())
            click.echo(f"outlets: {', '.join(shares)}")
        show_preview(store, preview)


def _as_json(
    topic: Topic, preview: TopicPreview, total: int, warnings: Sequence[str], store: Store
) -> dict[str, Any]:
    changes = {
        verb: [
            {"story": story.id, "source": story.lead.source, "title": story.lead.title, "why": why}
            for story, why in newest_changes(store, preview, verb)
        ]
        for verb in ("adds", "removes")
    }
    return {
        "rule": topic.match,
        "matches": preview.matched,
        "stories": total,
        "now": preview.current,
        "added": preview.added,
        "removed": preview.removed,
        "sources": dict(preview.sources.most_common()),
        "warnings": warnings,
        **changes,
    }


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, shell_complete=complete_topic)
@click.option("--write", is_flag=True, help="Save the changes; without it, only show them.")
@click.pass_obj
def apply(path: Path, ids: Sequence[str], write: bool) -> None:
    """Place stored stories by the rules that are in feeds.toml now.

    Rules place new stories only; stored stories stay where they are until this command. It shows
    what would change, and saves that with --write, in one transaction. A story that is added to a
    topic keeps its date and its id there.
    """
    with open_config(path) as (config, store):
        topics = select_topics(config, ids)
        if not write:
            previews = preview_topics(config, store, topics)
            _show_all(store, previews)
            click.echo("Nothing was changed; --write saves the changes.")
            return
        previews = {topic.id: TopicPreview() for topic in topics}
        with asyncio.run(acquire_ingest_lock(store, INGEST_LOCK_SECONDS)):
            changes = _changes(placement_diffs(config, store, topics), previews)
            store.topics.recategorize(changes, (), datetime.now(UTC))
        _show_all(store, previews)
        click.echo("Saved; pages and feeds show the changes at once.")


def _changes(
    diffs: Iterator[PlacementDiff], previews: dict[str, TopicPreview]
) -> Iterator[PlacementChange]:
    for diff in diffs:
        if not diff.story.is_held:
            previews[diff.topic].count(diff)
        if change := diff.change:
            yield change


def _warnings(preview: TopicPreview, total: int) -> Iterator[str]:
    if total and not preview.matched:
        yield "the rule matches nothing"
    if 2 * preview.matched > total:
        yield "the rule matches more than half of all stories"


def _show_all(store: Store, previews: dict[str, TopicPreview]) -> None:
    for id_, preview in previews.items():
        current = count_noun(preview.current, "story", "stories")
        click.echo(f"{id_}: {current} now, {preview.added} to add, {preview.removed} to remove")
        if preview.added or preview.removed:
            show_preview(store, preview)


def show_preview(store: Store, preview: TopicPreview) -> None:
    """The newest of the stories to add and to remove, and why."""
    for verb, count in (("adds", preview.added), ("removes", preview.removed)):
        click.echo(f"{verb}:".ljust(9) + str(count))
        for story, reason in newest_changes(store, preview, verb):
            click.echo(f"  {story.id}  {story.lead.source}: {story.lead.title}  ({reason})")
