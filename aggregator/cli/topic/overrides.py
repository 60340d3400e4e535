"""`topic explain`, `add`, `remove` and `reset`: one story, why it is in a topic, and an operator's
override."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator import query
from aggregator.cli.common import INGEST_LOCK_SECONDS, open_config, select_topics
from aggregator.cli.completion import complete_topic
from aggregator.cli.options import json_option
from aggregator.cli.tables import format_time, print_json
from aggregator.ingest.categorize.recategorize import apply_override
from aggregator.ingest.categorize.rules import TopicRules, categorize
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.model import (
    LEARNED,
    EntryView,
    PlacementChange,
    Source,
    StoryPlacements,
    Topic,
    TopicOverride,
)
from aggregator.overview.story_lookup import find_story
from aggregator.query import Explanation
from aggregator.startup import known_sources
from aggregator.store import Store
from aggregator.text.tokens import fold

__all__ = ["add", "explain", "remove", "reset"]

MAX_SUGGESTIONS = 100_000
"""Limit of the suggestions to search; more than any topic has."""


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_topic)
@click.argument("story", metavar="STORY")
@click.option("--match", "draft", help="A draft rule to use instead of the one in feeds.toml.")
@json_option
@click.pass_obj
def explain(path: Path, id_: str, story: str, draft: str | None, as_json: bool) -> None:
    """Explain why a story is in a topic, or why not, clause by clause.

    STORY is the id or address of the story, the address of its article at the outlet, or words from
    its title.
    """
    with open_config(path) as (config, store):
        (topic,) = select_topics(config, [id_], draft)
        found = find_story(store, story)
        stored = store.topics.placements_of(found.lead.entry_id, [id_])
        if stored is None:
            return
        sources = known_sources(config, store)
        placements = categorize(stored.entries, TopicRules([topic]), sources)
        decided = sorted(stored.overrides, key=lambda override: override.decided_at)[-1:]
        if as_json:
            print_json(
                {
                    "id": found.id,
                    "title": found.lead.title,
                    "now": [placement.reason for placement in stored.placements],
                    "rules": [placement.reason for placement in placements],
                    "decided": [
                        {"is_included": each.is_included, "decided_at": each.decided_at}
                        for each in decided
                    ],
                    "learned": list(_learned(store, stored, topic)),
                    "articles": [
                        {
                            "source": entry.source,
                            "tags": entry.tags,
                            "clauses": _explanations(entry, topic),
                        }
                        for entry in stored.entries
                    ],
                }
            )
            return
        click.echo(f"story:   {found.id}  {found.lead.title}")
        now = ", ".join(placement.reason for placement in stored.placements)
        click.echo(f"now:     {now or 'not in the topic'}")
        click.echo(f"rules:   {placements[0].reason if placements else 'not in the topic'}")
        for override in decided:
            decision = "in the topic" if override.is_included else "not in the topic"
            click.echo(f"decided: {decision} (the operator, {format_time(override.decided_at)})")
        for line in _learned(store, stored, topic):
            click.echo(f"learned: {line}")
        for line in _reasons(stored, topic, sources):
            click.echo(line)


def _reasons(stored: StoryPlacements, topic: Topic, sources: dict[str, Source]) -> Iterator[str]:
    for entry in stored.entries:
        yield f"\narticle of {entry.source}:"
        yield from _source_reasons(entry, topic, sources.get(entry.source))
        if not topic.match:
            yield "  no   rule      the topic has none"
            continue
        for explanation in _explanations(entry, topic):
            yield from _clause(explanation, "rule", 0)


def _explanations(entry: EntryView, topic: Topic) -> list[Explanation]:
    """Each clause of the topic's rule, and what it finds in an article."""
    if not topic.match:
        return []
    fields = query.fields_of_view(entry)
    root = query.parse(topic.match, topic.stem).root
    return [query.explain(clause, fields) for clause in query.clauses(root)]


def _learned(store: Store, stored: StoryPlacements, topic: Topic) -> Iterator[str]:
    """What the model predicts for the story, if the topic learns."""
    if topic.learn == "off":
        return
    if any(placement.placed_by == LEARNED for placement in stored.placements):
        yield 'placed; the story stays in the topic as long as learn = "place"'
        return
    suggestions = store.learning.suggestions(topic.id, MAX_SUGGESTIONS)
    own = [each.reason for each in suggestions if each.story_number == stored.story_number]
    yield own[0].removeprefix("learned, ") if own else "not suggested"


def _source_reasons(entry: EntryView, topic: Topic, source: Source | None) -> Iterator[str]:
    """Whether the source and its categories place an article in the topic."""
    is_in = source is not None and topic.id in source.topics
    named = ", ".join(source.topics) if source else ""
    yield f"  {_yes(is_in)}  source    {entry.source} is in {named or 'no topic'} as a whole"
    mapped = {fold(tag): topic_id for tag, topic_id in source.tags.items()} if source else {}
    for tag in entry.tags or ("none given",):
        target = mapped.get(fold(tag), "")
        arrow = f" -> {target}" if target else ""
        yield f"  {_yes(target == topic.id)}  category  {tag}{arrow}"


def _clause(explanation: Explanation, label: str, depth: int) -> Iterator[str]:
    where = f"   {', '.join(explanation.hits)}" if explanation.hits else ""
    yes = _yes(explanation.hits is not None)
    yield f"  {yes}  {label:9} {'  ' * depth}{explanation.text}{where}"
    for part in explanation.parts:
        yield from _clause(part, "", depth + 1)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no "


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_topic)
@click.argument("stories", metavar="STORY...", nargs=-1, required=True)
@click.pass_obj
def add(path: Path, id_: str, stories: Sequence[str]) -> None:
    """Put stories into a topic by hand. The rules do not move them until `reset`."""
    _decide(path, id_, stories, is_included=True)


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_topic)
@click.argument("stories", metavar="STORY...", nargs=-1, required=True)
@click.pass_obj
def remove(path: Path, id_: str, stories: Sequence[str]) -> None:
    """Keep stories out of a topic. The rules do not add them until `reset`."""
    _decide(path, id_, stories, is_included=False)


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_topic)
@click.argument("stories", metavar="STORY...", nargs=-1, required=True)
@click.pass_obj
def reset(path: Path, id_: str, stories: Sequence[str]) -> None:
    """Undo `add` and `remove`: the rules decide again."""
    _decide(path, id_, stories, is_included=None)


def _decide(path: Path, id_: str, ids: Sequence[str], is_included: bool | None) -> None:
    """Override the placement of stories in a topic, in one transaction; None removes overrides."""
    now = datetime.now(UTC)
    with (
        open_config(path) as (config, store),
        asyncio.run(acquire_ingest_lock(store, INGEST_LOCK_SECONDS)),
    ):
        (topic,) = select_topics(config, [id_])
        sources = known_sources(config, store)
        stories = [find_story(store, story) for story in ids]
        overrides: list[TopicOverride] = []
        changes: list[PlacementChange] = []
        for story in stories:
            if stored := store.topics.placements_of(story.lead.entry_id, [id_]):
                decided, changed = apply_override(stored, topic, is_included, sources, now)
                overrides += decided
                changes += changed
        store.topics.recategorize(changes, overrides, now)
        for story in stories:
            sentence = store.stories.placement_sentences(story.id).get(id_, "not in the topic")
            word = {True: "put in by hand", False: "kept out by hand", None: "left to the rules"}
            click.echo(
                f"{story.id}  {story.lead.title}\n{'':18}{id_}: {word[is_included]}; {sentence}"
            )
