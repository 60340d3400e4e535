"""`story`, `merge` and `split`: which articles are one story, why, and an operator's word on it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.app import acquire_ingest_lock, cluster_context
from aggregator.cli.common import INGEST_LOCK_SECONDS, find_story, open_config
from aggregator.errors import UnknownStory
from aggregator.ingest.dedupe import cluster_entries
from aggregator.ingest.retelling import Desk, apart, together
from aggregator.model import Batch, Match, MatchKind, Story, StoryNeighbourhood
from aggregator.store import Store

__all__ = ["merge", "split", "story"]

RELATED = 5
NEWEST = 200
"""Copies that are looked through for weak evidence."""
_NOT_FOLLOWED = "not followed: it would join two articles of one outlet, or what was told apart"


@click.command()
@click.argument("id_", metavar="[ID]", default="")
@click.pass_obj
def story(path: Path, id_: str) -> None:
    """Show who tells a story, and what says that it is one.

    ID is the story's address, or its end, /stories/ID. Without it, those are listed that
    several outlets tell, of the newest copies, the weakest evidence first.
    """
    with open_config(path) as (_, store):
        if not id_:
            _show_merged(store)
            return
        told = find_story(store, id_)
        kin = store.kin({told.lead.entry_id})
        _show_story(told, id_, kin)
        _show_evidence(told, kin)
        _show_lists(store, told)


def _show_merged(store: Store) -> None:
    bonds = store.newest_bonds(NEWEST)
    told = store.told_in({row for bond in bonds for row in (bond.entry_a, bond.entry_b)})
    shared = {s.id: s for s in told.values() if s.duplicates}
    found = {id_: _holding(store, s) for id_, s in shared.items()}
    holding = {id_: bond for id_, bond in found.items() if bond}
    for id_, bond in sorted(holding.items(), key=lambda held: _strength(held[1]), reverse=True):
        score = f"{bond.score:.2f}" if bond.score else ""
        click.echo(f"{id_}  {bond.kind} {score}")
        for entry in shared[id_].entries:
            click.echo(f"{'':18}{entry.source}: {entry.title}")
    if not holding:
        click.echo("no story is told by several outlets")


def _holding(store: Store, told: Story) -> Match | None:
    """The weakest of the bonds that hold a story together."""
    bonds = store.kin({told.lead.entry_id}).matches
    groups = cluster_entries(told.entries, bonds)
    return max((bond for group in groups for bond in group.matches), key=_strength, default=None)


def _show_story(told: Story, id_: str, kin: StoryNeighbourhood) -> None:
    click.echo(f"story:      {told.id}" + (f" (was {id_})" if told.id != id_ else ""))
    click.echo(f"title:      {told.lead.title}")
    click.echo(f"public id:  {told.public_id}")
    click.echo(
        f"published:  {told.published:%Y-%m-%d %H:%M}, updated {told.updated:%Y-%m-%d %H:%M}"
    )
    members = {entry.entry_id for entry in told.entries}
    for former in (former for former in kin.merged_stories if former.lead.entry_id in members):
        click.echo(f"took in:    {former.id}")
    click.echo("\ntold by:")
    for entry in told.entries:
        lead = "leads" if entry is told.lead else ""
        click.echo(
            f"{entry.entry_id:>8}  {entry.source:20} {entry.published:%Y-%m-%d %H:%M}  {lead}"
        )
        click.echo(f"{'':10}{entry.title}\n{'':10}{entry.url}")


def _show_evidence(told: Story, kin: StoryNeighbourhood) -> None:
    members = {entry.entry_id for entry in told.entries}
    click.echo("\nevidence:")
    bonds = [bond for bond in kin.matches if {bond.entry_a, bond.entry_b} & members]
    for bond in sorted(bonds, key=_strength):
        click.echo(f"{bond.entry_a:>8} and {bond.entry_b}: {_evidence(bond, members)}")
    if not bonds:
        click.echo("          none; one outlet tells it")


def _strength(bond: Match) -> tuple[int, float]:
    return list(MatchKind).index(bond.kind), -bond.score


def _evidence(bond: Match, members: set[int]) -> str:
    score = f" {bond.score:.2f}" if bond.score else ""
    is_used = bond.kind is MatchKind.SPLIT or {bond.entry_a, bond.entry_b} <= members
    remark = "" if is_used else f" ({_NOT_FOLLOWED})"
    return f"{bond.kind}{score}: {bond.reason}{remark}"


def _show_lists(store: Store, told: Story) -> None:
    click.echo("\ntopics:")
    why = store.why(told.id)
    for topic, reason in why.items():
        click.echo(f"          {topic}: {reason}")
    if not why:
        click.echo("          none")
    if related := store.related(told, RELATED):
        click.echo("\nmore on this:")
        for other in related:
            click.echo(f"          {other.id}  {other.lead.source}: {other.lead.title}")


@click.command()
@click.argument("one", metavar="ID")
@click.argument("other", metavar="ID")
@click.pass_obj
def merge(path: Path, one: str, other: str) -> None:
    """Make one story of two, for good.

    The one that readers saw first stays; the other's address leads to it from now on.
    Whatever is fetched later, they stay together, until `split`.
    """
    with _desk(path) as at:
        a, b = find_story(at.store, one), find_story(at.store, other)
        if a.id == b.id:
            raise click.UsageError(f"{one} and {other} are one story already")
        _save(at, together(at, a, b))


@click.command()
@click.argument("entry", type=click.IntRange(1, 2**63 - 1))
@click.pass_obj
def split(path: Path, entry: int) -> None:
    """Take an article out of its story, for good.

    ENTRY is the number before the article in `aggregator story ID`. It becomes a story of its
    own (or keeps this one's id, if it leads it: then the others become another story), and
    whatever is fetched later, it stays apart from those it stood with.
    """
    with _desk(path) as at:
        told = at.store.told_in({entry}).get(entry)
        if told is None or at.store.story(told.id) is None:
            hint = "`aggregator story ID` shows the numbers of a story's articles."
            raise UnknownStory("article", str(entry), hint)
        if not told.duplicates:
            raise click.UsageError(f"article {entry} is alone in its story {told.id}")
        _save(at, apart(at, told, entry))


@contextmanager
def _desk(path: Path) -> Iterator[Desk]:
    """What is needed to decide, while no ingest is at work."""
    with (
        open_config(path) as (config, store),
        asyncio.run(acquire_ingest_lock(store, INGEST_LOCK_SECONDS)),
    ):
        yield cluster_context(config, store, datetime.now(UTC))


def _save(at: Desk, batch: Batch) -> None:
    at.store.save(batch, at.now)
    for filed in batch.new:
        told = filed.story
        outlets = ", ".join(entry.source for entry in told.entries)
        click.echo(f"{told.id}: told by {outlets}")
        for gone in filed.merged_ids:
            click.echo(f"{gone}: leads to {told.id} from now on")
