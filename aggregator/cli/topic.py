"""`topic test`: what a rule would file, before it files anything."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click

from aggregator.cli.shared import configured
from aggregator.config import Config
from aggregator.errors import QueryError, UnknownName
from aggregator.ingest.categorize import Rulebook, categorize
from aggregator.model import ALL, topic_scope
from aggregator.query import Query, parse
from aggregator.store import Store

__all__ = ["topic"]

SHOWN = 10
"""Stories that are shown of those that a rule adds or drops."""
AT_ONCE = 500
"""Stories that are looked at together."""


class _Find(NamedTuple):
    """An entry that a rule finds, and where; its text is not kept, for there may be a million."""

    entry: int
    source: str
    where: str


@click.group()
def topic() -> None:
    """Try a topic's rule before it files anything."""


@topic.command()
@click.argument("id_", metavar="ID")
@click.option("--match", "draft", help="A draft, in place of the rule in feeds.toml.")
@click.pass_obj
def test(path: Path, id_: str, draft: str | None) -> None:
    """Run a topic's rule over everything that is published.

    It shows how many stories the rule finds, what it would add to the topic and drop from it,
    and of which outlets. Nothing is changed.
    """
    with configured(path) as (config, store):
        query = _query(config, id_, draft)
        for warning in query.warnings:
            click.echo(f"warning: {warning}", err=True)
        found: dict[int, _Find] = {}
        for glimpse, hits in store.search(query):
            find = _Find(glimpse.entry, glimpse.source, ", ".join(hits))
            found.setdefault(glimpse.story, find)
        placed = store.placed(id_)
        added = [found[story] for story in found if story not in placed]
        dropped = _dropped(
            config, store, id_, {lead for story, lead in placed.items() if story not in found}
        )
        counts = store.counts()
        _show_counts(query, found, counts.get(topic_scope(id_), 0), counts.get(ALL, 0))
        _show(store, "adds", [(find.entry, find.where) for find in added])
        _show(store, "drops", [(entry, "") for entry in dropped])


def _dropped(config: Config, store: Store, id_: str, leads: Set[int]) -> list[int]:
    """Of stories in a topic, by the rows of their leads, those that only its rule had filed
    there: neither their source nor their tags do."""
    sources = {source.id: source for source in config.all_sources}
    ruleless = Rulebook([replace(topic, match="") for topic in config.topics if topic.id == id_])
    dropped = []
    listed = sorted(leads)
    for start in range(0, len(listed), AT_ONCE):
        for lead, story in store.told_in(listed[start : start + AT_ONCE]).items():
            if not categorize(story, ruleless, sources):
                dropped.append(lead)
    return dropped


def _query(config: Config, id_: str, draft: str | None) -> Query:
    known = {topic.id: topic for topic in config.topics}
    if id_ not in known:
        raise UnknownName("topic", id_, list(known))
    rule = draft if draft is not None else known[id_].match
    if not rule:
        raise click.UsageError(f"the topic {id_!r} has no rule; give one with --match")
    try:
        return parse(rule, known[id_].stem)
    except QueryError as error:
        raise click.UsageError(f"the rule cannot be read: {error}") from error


def _show_counts(query: Query, found: Mapping[int, _Find], now: int, everything: int) -> None:
    outlets = Counter(find.source for find in found.values())
    click.echo(f"rule:    {query.text}")
    click.echo(f"finds:   {len(found)} of {everything} stories; {now} stand in the topic now")
    if outlets:
        shares = ", ".join(f"{outlet} {count}" for outlet, count in outlets.most_common())
        click.echo(f"outlets: {shares}")
    if everything and not found:
        click.echo("warning: the rule finds nothing", err=True)
    if 2 * len(found) > everything:
        click.echo("warning: the rule finds more than half of everything", err=True)


def _show(store: Store, verb: str, entries: Sequence[tuple[int, str]]) -> None:
    """The newest of the stories that some entries tell."""
    click.echo(f"{verb}:".ljust(9) + str(len(entries)))
    newest = sorted(entries, reverse=True)[:SHOWN]
    told = store.told_in([entry for entry, _ in newest])
    for entry, where in newest:
        if story := told.get(entry):
            place = f"  ({where})" if where else ""
            click.echo(f"  {story.id}  {story.lead.source}: {story.lead.title}{place}")
