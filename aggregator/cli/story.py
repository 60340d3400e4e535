"""`story`, `merge` and `split`: which articles are one story, and an operator's decisions on it."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import INGEST_LOCK_SECONDS, open_config
from aggregator.cli.options import json_option
from aggregator.cli.tables import format_time, print_json, zone_note
from aggregator.config import Config
from aggregator.errors import CommandError, UnknownStory
from aggregator.images.wanted_pictures import wanted_pictures
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.dedupe import cluster_entries
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.ingest.merge import merge_stories, split_story
from aggregator.ingest_settings import cluster_settings
from aggregator.model import (
    Batch,
    Entry,
    Match,
    MatchKind,
    Source,
    Story,
    StoryNeighbourhood,
)
from aggregator.overview.story_lookup import find_story, story_id_from
from aggregator.startup import known_sources
from aggregator.store import Store

__all__ = ["merge", "split", "story"]

MAX_RELATED = 5
MAX_MATCHES = 200
"""Newest matches whose stories are listed."""
_NOT_FOLLOWED = "not used: it would join two articles of one source, or two that were split"


@click.command()
@click.argument("id_", metavar="[STORY]", default="")
@json_option
@click.pass_obj
def story(path: Path, id_: str, as_json: bool) -> None:
    """Show a story's articles, and the evidence that they are one.

    STORY is the id or address of the story, the address of its article at the outlet, or words from
    its title.
    Without it, list the most recently
    matched stories of several outlets, the weakest evidence first.
    """
    with open_config(path) as (config, store):
        if not id_:
            if as_json:
                raise click.UsageError("--json needs a STORY")
            _show_weakest(store)
            return
        found = find_story(store, id_)
        neighbourhood = store.entries.neighbourhood({found.lead.entry_id})
        if as_json:
            print_json(_as_json(found, neighbourhood, store))
            return
        _show_story(found, story_id_from(id_), neighbourhood)
        _show_evidence(found, neighbourhood)
        _show_lists(store, found)
        _show_pictures(store, known_sources(config, store), found)


def _as_json(found: Story, neighbourhood: StoryNeighbourhood, store: Store) -> dict[str, Any]:
    ids = {entry.entry_id for entry in found.entries}
    return {
        "story": found.id,
        "public_id": found.public_id,
        "title": found.lead.title,
        "published": found.published,
        "updated": found.updated,
        "articles": [
            {
                "number": entry.entry_id,
                "source": entry.source,
                "title": entry.title,
                "url": entry.url,
                "published": entry.published,
                "is_lead": entry is found.lead,
            }
            for entry in found.entries
        ],
        "evidence": [
            {"articles": [m.entry_a, m.entry_b], "kind": m.kind, "score": m.score, "why": m.reason}
            for m in neighbourhood.matches
            if {m.entry_a, m.entry_b} & ids
        ],
        "topics": store.stories.placement_sentences(found.id),
    }


def _show_weakest(store: Store) -> None:
    matches = store.entries.newest_matches(MAX_MATCHES)
    ids = {id_ for match in matches for id_ in (match.entry_a, match.entry_b)}
    stories = {each.id: each for each in store.entries.stories(ids).values() if each.duplicates}
    weakest = {id_: _weakest_match(store, each) for id_, each in stories.items()}
    found = {id_: match for id_, match in weakest.items() if match}
    for id_, match in sorted(found.items(), key=lambda pair: _strength(pair[1]), reverse=True):
        score = f"{match.score:.2f}" if match.score else ""
        click.echo(f"{id_}  {match.kind} {score}")
        for entry in stories[id_].entries:
            click.echo(f"{'':18}{entry.source}: {entry.title}")
    if not found:
        click.echo("No story has articles of several outlets.")


def _weakest_match(store: Store, found: Story) -> Match | None:
    """The weakest of the matches that hold a story together."""
    matches = store.entries.neighbourhood({found.lead.entry_id}).matches
    clusters = cluster_entries(found.entries, matches)
    return max((match for each in clusters for match in each.matches), key=_strength, default=None)


_STORY_ID = re.compile(r"[0-9a-f]{16}")


def _show_story(found: Story, id_: str, neighbourhood: StoryNeighbourhood) -> None:
    click.echo(
        f"story:      {found.id}"
        + (f" (was {id_})" if found.id != id_ and _STORY_ID.fullmatch(id_) else "")
    )
    click.echo(f"title:      {found.lead.title}")
    click.echo(f"public id:  {found.public_id}")
    times = [format_time(each) for each in (found.published, found.updated)]
    click.echo(f"published:  {times[0]}, updated {times[1]}. {zone_note()}")
    ids = {entry.entry_id for entry in found.entries}
    for merged in neighbourhood.merged_stories:
        if merged.lead.entry_id in ids:
            click.echo(f"merged:     {merged.id}")
    click.echo("\narticles:")
    for entry in found.entries:
        lead = "lead" if entry is found.lead else ""
        date = format_time(entry.published)
        click.echo(f"{entry.entry_id:>8}  {entry.source:20} {date}  {lead}")
        click.echo(f"{'':10}{entry.title}\n{'':10}{entry.url}")


def _show_evidence(found: Story, neighbourhood: StoryNeighbourhood) -> None:
    ids = {entry.entry_id for entry in found.entries}
    click.echo("\nevidence:")
    matches = [m for m in neighbourhood.matches if {m.entry_a, m.entry_b} & ids]
    for match in sorted(matches, key=_strength):
        click.echo(f"{match.entry_a:>8} and {match.entry_b}: {_evidence(match, ids)}")
    if not matches:
        click.echo("          none; the story has one article")


def _strength(match: Match) -> tuple[int, float]:
    return list(MatchKind).index(match.kind), -match.score


def _evidence(match: Match, ids: set[int]) -> str:
    score = f" {match.score:.2f}" if match.score else ""
    is_used = match.kind is MatchKind.SPLIT or {match.entry_a, match.entry_b} <= ids
    remark = "" if is_used else f" ({_NOT_FOLLOWED})"
    return f"{match.kind}{score}: {match.reason}{remark}"


def _show_lists(store: Store, found: Story) -> None:
    click.echo("\ntopics:")
    sentences = store.stories.placement_sentences(found.id)
    for topic, sentence in sentences.items():
        click.echo(f"          {topic}: {sentence}")
    if not sentences:
        click.echo("          none")
    if related := store.stories.related(found, MAX_RELATED):
        click.echo("\nmore on this:")
        for other in related:
            click.echo(f"          {other.id}  {other.lead.source}: {other.lead.title}")


def _show_pictures(store: Store, sources: Mapping[str, Source], found: Story) -> None:
    """What became of the pictures of a story, and why."""
    click.echo("\npictures:")
    lines = [line for entry in found.entries for line in _pictures(store, sources, entry)]
    for line in lines or ["none"]:
        click.echo(f"          {line}")


def _pictures(store: Store, sources: Mapping[str, Source], entry: Entry) -> Iterator[str]:
    source = sources[entry.source]
    wanted = wanted_pictures(entry, source)
    if not wanted and entry.image:
        is_loaded = source.images == "outlet" and source.show != "title"
        words = "loaded from the outlet" if is_loaded else "not shown"
        key = "show" if source.show == "title" else "images"
        yield f'{entry.image}: {words}, since {key} is "{getattr(source, key)}" for {source.id}'
    states = store.pictures.states(wanted)
    for url in wanted:
        state = states.get(url)
        words = "not fetched yet"
        if state and state.has_thumbnails:
            words = "thumbnails served"
        elif state and state.error:
            words = state.error
            words += f" Next attempt at {format_time(state.due_at)}." if state.due_at else ""
        yield f"{url}: {words}"


class ArticleNumber(click.ParamType[int]):
    """The number of an article, as `story` shows it."""

    name = "number"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """The number; anything else is a usage error."""
        number = int(value) if str(value).isascii() and str(value).isdigit() else 0
        if not 1 <= number < 2**63:
            self.fail(
                f"{value!r} is not an article number; `aggregator story ID` shows them",
                param,
                ctx,
            )
        return number


@click.command()
@click.argument("one", metavar="ID")
@click.argument("other", metavar="ID")
@click.pass_obj
def merge(path: Path, one: str, other: str) -> None:
    """Merge two stories; they stay together until `split`.

    The one that readers saw first stays; from now on the other's URL redirects to it. They stay
    together, whatever is fetched later, until `split`.
    """
    with _open_for_decision(path) as (config, store):
        a, b = find_story(store, one), find_story(store, other)
        if a.id == b.id:
            raise CommandError(f"{one} and {other} are already one story.")
        settings = cluster_settings(config, store, datetime.now(UTC))
        batch = merge_stories(store, settings, TopicRules(config.topics), a, b)
        _save(store, batch, settings.now)


@click.command()
@click.argument("entry", type=ArticleNumber())
@click.pass_obj
def split(path: Path, entry: int) -> None:
    """Split an article from its story; it stays apart until `merge`.

    ENTRY is the number before the article in `aggregator story ID`. The article becomes a story of
    its own; if it is the lead, it keeps the story's id and the others become a new story. They stay
    apart, whatever is fetched later, until `merge`.
    """
    with _open_for_decision(path) as (config, store):
        found = store.entries.stories({entry}).get(entry)
        if found is None or store.stories.get(found.id) is None:
            hint = "`aggregator story ID` shows the numbers of a story's articles."
            raise UnknownStory("article", str(entry), hint)
        if not found.duplicates:
            raise CommandError(f"Article {entry} is the only one in its story {found.id}.")
        settings = cluster_settings(config, store, datetime.now(UTC))
        batch = split_story(store, settings, TopicRules(config.topics), found, [entry])
        _save(store, batch, settings.now)


@contextmanager
def _open_for_decision(path: Path) -> Iterator[tuple[Config, Store]]:
    """The configuration and its store, while no ingest is running."""
    with (
        open_config(path) as (config, store),
        asyncio.run(acquire_ingest_lock(store, INGEST_LOCK_SECONDS)),
    ):
        yield config, store


def _save(store: Store, batch: Batch, now: datetime) -> None:
    store.entries.save(batch, now)
    for change in batch.new:
        found = change.story
        sources = ", ".join(entry.source for entry in found.entries)
        click.echo(f"{found.id}: articles of {sources}")
        for merged in change.merged_ids:
            click.echo(f"{merged}: now redirects to {found.id}")
