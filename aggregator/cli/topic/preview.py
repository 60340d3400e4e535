"""`topic test` and `topic apply`: a rule against everything that is stored."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from pathlib import Path

import click

from aggregator.app import acquire_ingest_lock, listed_sources
from aggregator.cli.common import INGEST_LOCK_SECONDS, open_config, select_topics
from aggregator.cli.tables import count_noun
from aggregator.ingest.categorize.recategorize import PlacementDiff, recategorize
from aggregator.ingest.categorize.rules import RULE_PREFIX, TopicRules
from aggregator.model import ALL, PlacementChange
from aggregator.query import parse
from aggregator.store import Store

__all__ = ["apply", "test"]

SHOWN = 10
"""Stories that are shown of those that a rule adds or drops."""


@dataclass(slots=True)
class _Tally:
    """What a rulebook would change in one topic. Of the stories, only the newest are kept, for
    there may be a million."""

    now: int = 0
    found: int = 0
    added: int = 0
    dropped: int = 0
    outlets: Counter[str] = field(default_factory=Counter)
    newest: dict[str, list[tuple[str, int, str]]] = field(
        default_factory=lambda: {"adds": [], "drops": []}
    )

    def count(self, filing: PlacementDiff) -> None:
        """Take note of a story."""
        self.now += filing.before is not None
        if filing.after and any(by.startswith(RULE_PREFIX) for by in filing.after.placed_by):
            self.found += 1
            self.outlets.update({glimpse.source for glimpse in filing.story.entries})
        if filing.is_added and filing.after:
            self.added += 1
            self._show("adds", filing, filing.after.reason)
        if filing.is_removed and filing.before:
            self.dropped += 1
            self._show("drops", filing, filing.before.reason)

    def _show(self, verb: str, filing: PlacementDiff, why: str) -> None:
        first = filing.story.entries[0]
        heappush(self.newest[verb], (first.published, first.entry_id, why))
        if len(self.newest[verb]) > SHOWN:
            heappop(self.newest[verb])


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--match", "draft", help="A draft, in place of the rule in feeds.toml.")
@click.pass_obj
def test(path: Path, id_: str, draft: str | None) -> None:
    """Run a topic's rule over everything that is stored.

    It shows how many stories the rule finds, of which outlets, and what it would add to the topic
    and drop from it. Nothing is changed.
    """
    with open_config(path) as (config, store):
        (tried,) = select_topics(config, [id_], draft)
        if not tried.match:
            raise click.UsageError(f"the topic {id_!r} has no rule; give one with --match")
        warnings = parse(tried.match, tried.stem).warnings
        tally = _Tally()
        for filing in recategorize(store, TopicRules([tried]), listed_sources(config, store)):
            if not filing.story.is_held:
                tally.count(filing)
        everything = store.counts().get(ALL, 0)
        for warning in (*warnings, *_doubts(tally, everything)):
            click.echo(f"warning: {warning}", err=True)
        click.echo(f"rule:    {tried.match}")
        click.echo(
            f"finds:   {tally.found} of {everything} stories; {tally.now} stand in the topic now"
        )
        if tally.outlets:
            shares = ", ".join(f"{outlet} {count}" for outlet, count in tally.outlets.most_common())
            click.echo(f"outlets: {shares}")
        _show(store, tally)


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--write", is_flag=True, help="File them; without it, only show what would change.")
@click.pass_obj
def apply(path: Path, ids: Sequence[str], write: bool) -> None:
    """File stored stories by the rules that stand in feeds.toml now.

    A rule files what comes in; what is stored already stays where it is until this command. It
    shows what would change, and changes it with --write, all in one transaction. No story is
    published anew: what comes into a topic stands there at its own time, and no id changes.
    """
    with open_config(path) as (config, store):
        chosen = select_topics(config, ids)
        rulebook, sources = TopicRules(chosen), listed_sources(config, store)
        tallies = {one.id: _Tally() for one in chosen}
        if not write:
            for filing in recategorize(store, rulebook, sources):
                if not filing.story.is_held:
                    tallies[filing.topic].count(filing)
            _show_all(store, tallies)
            click.echo("Nothing is changed; --write changes it.")
            return
        with asyncio.run(acquire_ingest_lock(store, INGEST_LOCK_SECONDS)):
            changes = _changes(recategorize(store, rulebook, sources), tallies)
            store.refile(changes, (), datetime.now(UTC))
        _show_all(store, tallies)
        click.echo("Written; pages and feeds show it at once.")


def _changes(
    found: Iterator[PlacementDiff], tallies: dict[str, _Tally]
) -> Iterator[PlacementChange]:
    for filing in found:
        if not filing.story.is_held:
            tallies[filing.topic].count(filing)
        if refiling := filing.change:
            yield refiling


def _doubts(tally: _Tally, everything: int) -> Iterator[str]:
    if everything and not tally.found:
        yield "the rule finds nothing"
    if 2 * tally.found > everything:
        yield "the rule finds more than half of everything"


def _show_all(store: Store, tallies: dict[str, _Tally]) -> None:
    for id_, tally in tallies.items():
        now = count_noun(tally.now, "story", "stories")
        click.echo(f"{id_}: {now} now, {tally.added} to come in, {tally.dropped} to go out")
        if tally.added or tally.dropped:
            _show(store, tally)


def _show(store: Store, tally: _Tally) -> None:
    """The newest of the stories that come in and go out, and why."""
    for verb, count in (("adds", tally.added), ("drops", tally.dropped)):
        click.echo(f"{verb}:".ljust(9) + str(count))
        newest = sorted(tally.newest[verb], reverse=True)
        told = store.told_in([entry for _, entry, _ in newest])
        for _, entry, why in newest:
            if story := told.get(entry):
                click.echo(f"  {story.id}  {story.lead.source}: {story.lead.title}  ({why})")
