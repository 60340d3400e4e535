"""`topic explain`, `add`, `remove` and `reset`: one story, why it is in a topic, and an
operator's word on it."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator import query
from aggregator.app import acquire_ingest_lock, listed_sources
from aggregator.cli.common import INGEST_LOCK_SECONDS, find_story, open_config, select_topics
from aggregator.ingest.categorize.recategorize import apply_override
from aggregator.ingest.categorize.rules import TopicRules, categorize
from aggregator.model import LEARNED, PlacementChange, Source, Topic, TopicOverride
from aggregator.query import EntryView, Explanation
from aggregator.store import Store, StoryPlacements
from aggregator.text.tokens import fold

__all__ = ["add", "explain", "remove", "reset"]

MOST_SUGGESTED = 100_000
"""More than a topic ever has."""


@click.command()
@click.argument("id_", metavar="ID")
@click.argument("story", metavar="STORY")
@click.option("--match", "draft", help="A draft, in place of the rule in feeds.toml.")
@click.pass_obj
def explain(path: Path, id_: str, story: str, draft: str | None) -> None:
    """Say why a story is in a topic, or why not, clause by clause.

    STORY is the story's address, or its end, /stories/STORY.
    """
    with open_config(path) as (config, store):
        (listed,) = select_topics(config, [id_], draft)
        told = find_story(store, story)
        standing = store.standing_of(told.lead.entry_id, [id_])
        if standing is None:
            return
        sources = listed_sources(config, store)
        click.echo(f"story:   {told.id}  {told.lead.title}")
        now = ", ".join(placed.reason for placed in standing.placements) or "not in the topic"
        click.echo(f"now:     {now}")
        found = categorize(standing.entries, TopicRules([listed]), sources)
        click.echo(f"rules:   {found[0].reason if found else 'not in the topic'}")
        for word in sorted(standing.overrides, key=lambda word: word.decided_at)[-1:]:
            verdict = "belongs into the topic" if word.is_included else "does not belong there"
            click.echo(f"said:    it {verdict} (the operator, {word.decided_at:%Y-%m-%d %H:%M})")
        for line in _learned(store, standing, listed):
            click.echo(f"learned: {line}")
        for line in _reasons(standing, listed, sources):
            click.echo(line)


def _reasons(standing: StoryPlacements, listed: Topic, sources: dict[str, Source]) -> Iterator[str]:
    for glimpse in standing.entries:
        yield f"\nas {glimpse.source} tells it:"
        yield from _outlet(glimpse, listed, sources.get(glimpse.source))
        if not listed.match:
            yield "  no   rule      the topic has none"
            continue
        root = query.parse(listed.match, listed.stem).root
        for clause in query.clauses(root):
            yield from _clause(query.explain(clause, glimpse.fields), "rule", 0)


def _learned(store: Store, standing: StoryPlacements, listed: Topic) -> Iterator[str]:
    """What examples say of it, if the topic learns."""
    if listed.learn == "off":
        return
    if any(placed.placed_by == LEARNED for placed in standing.placements):
        yield 'it stays in the topic while that has learn = "place"'
        return
    suggested = store.suggestions(listed.id, MOST_SUGGESTED)
    own = [one.reason for one in suggested if one.story_number == standing.story_number]
    yield own[0].removeprefix("learned, ") if own else "not suggested"


def _outlet(glimpse: EntryView, listed: Topic, source: Source | None) -> Iterator[str]:
    """What the outlet and its categories say."""
    is_in = source is not None and listed.id in source.topics
    named = ", ".join(source.topics) if source else ""
    yield f"  {_yes(is_in)}  source    {glimpse.source} is filed under {named or 'no topic'}"
    mapped = {fold(tag): topic for tag, topic in source.tags.items()} if source else {}
    for tag in glimpse.fields.items("tag") or ("none given",):
        topic = mapped.get(fold(tag), "")
        yield f"  {_yes(topic == listed.id)}  category  {tag}" + (f" -> {topic}" if topic else "")


def _clause(explained: Explanation, label: str, depth: int) -> Iterator[str]:
    where = f"   {', '.join(explained.hits)}" if explained.hits else ""
    yes = _yes(explained.hits is not None)
    yield f"  {yes}  {label:9} {'  ' * depth}{explained.text}{where}"
    for part in explained.parts:
        yield from _clause(part, "", depth + 1)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no "


@click.command()
@click.argument("id_", metavar="ID")
@click.argument("stories", metavar="STORY...", nargs=-1, required=True)
@click.pass_obj
def add(path: Path, id_: str, stories: Sequence[str]) -> None:
    """Put stories into a topic by hand, whatever the rules say, until `reset`."""
    _say(path, id_, stories, is_in=True)


@click.command()
@click.argument("id_", metavar="ID")
@click.argument("stories", metavar="STORY...", nargs=-1, required=True)
@click.pass_obj
def remove(path: Path, id_: str, stories: Sequence[str]) -> None:
    """Keep stories out of a topic, whatever the rules say, until `reset`."""
    _say(path, id_, stories, is_in=False)


@click.command()
@click.argument("id_", metavar="ID")
@click.argument("stories", metavar="STORY...", nargs=-1, required=True)
@click.pass_obj
def reset(path: Path, id_: str, stories: Sequence[str]) -> None:
    """Take back what was said by hand: the rules decide again."""
    _say(path, id_, stories, is_in=None)


def _say(path: Path, id_: str, stories: Sequence[str], is_in: bool | None) -> None:
    """All of it is saved together, or nothing."""
    now = datetime.now(UTC)
    with (
        open_config(path) as (config, store),
        asyncio.run(acquire_ingest_lock(store, INGEST_LOCK_SECONDS)),
    ):
        (listed,) = select_topics(config, [id_])
        sources = listed_sources(config, store)
        told = [find_story(store, story) for story in stories]
        words: list[TopicOverride] = []
        changes: list[PlacementChange] = []
        for story in told:
            if standing := store.standing_of(story.lead.entry_id, [id_]):
                said, changed = apply_override(standing, listed, is_in, sources, now)
                words += said
                changes += changed
        store.refile(changes, words, now)
        for story in told:
            why = store.why(story.id).get(id_, "not in the topic")
            word = {True: "put in by hand", False: "kept out by hand", None: "left to the rules"}
            click.echo(f"{story.id}  {story.lead.title}\n{'':18}{id_}: {word[is_in]}; {why}")
