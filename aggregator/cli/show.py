"""`sources` and `topics`: what is broken, since when and why; what stands where."""

from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aggregator.cli.shared import chosen, configured
from aggregator.config import Config
from aggregator.errors import UnknownName
from aggregator.model import SourceHealth, topic_scope
from aggregator.store import Store

__all__ = ["sources", "topics"]

SHOWN = 20


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.pass_obj
def sources(path: Path, id_: str | None) -> None:
    """Show how each source is doing: what is broken, since when and why.

    With an ID, show that source alone, with what was rejected from it.
    """
    with configured(path) as (config, store):
        health = {s.id: SourceHealth(source=s.id) for s in config.all_sources}
        health |= {h.source: h for h in store.health()}
        if id_ is not None:
            (source,) = chosen(config, [id_])
            _show_source(health[source.id], store)
            return
        _show_sources(config, health)


def _show_sources(config: Config, health: dict[str, SourceHealth]) -> None:
    enabled = {source.id for source in config.sources}
    listed = [health[source.id] for source in config.all_sources]
    listed.sort(key=lambda h: (h.failing_since is None, h.source))  # what is broken comes first
    table = _table("source", "state", "since", "newest", "next fetch", "entries", "rejected")
    for h in listed:
        state = h.outcome.value if h.source in enabled else "switched off"
        table.add_row(
            h.source, state, _time(h.failing_since), _time(h.newest), _time(h.next_fetch),
            str(h.entries), str(h.rejected),
        )  # fmt: skip
    _print(table)
    for h in listed:
        if h.error:
            click.echo(f"\n{h.source}: {h.error}")


def _show_source(health: SourceHealth, store: Store) -> None:
    rows = {
        "source": health.source,
        "state": health.outcome.value,
        "why": health.error,
        "failing since": _time(health.failing_since),
        "last fetch": _time(health.last_fetch),
        "last success": _time(health.last_success),
        "next fetch": _time(health.next_fetch),
        "newest entry": _time(health.newest),
        "entries": str(health.entries),
        "rejected": str(health.rejected),
    }
    for name, value in rows.items():
        click.echo(f"{name + ':':15}{value or '-'}")
    for rejected in store.rejected(health.source, SHOWN):
        click.echo(f"  rejected {rejected.title!r}: {rejected.reason}")


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.pass_obj
def topics(path: Path, id_: str | None) -> None:
    """Show how many stories each topic holds.

    With an ID, show the newest stories of that topic, each with why it is there.
    """
    with configured(path) as (config, store):
        if id_ is not None:
            _show_topic(config, store, id_)
            return
        counts = store.counts()
        table = _table("topic", "stories", "title")
        for topic in config.topics:
            table.add_row(topic.id, str(counts.get(topic_scope(topic.id), 0)), escape(topic.title))
    _print(table)


def _show_topic(config: Config, store: Store, id_: str) -> None:
    known = [topic.id for topic in config.topics]
    if id_ not in known:
        raise UnknownName("topic", id_, known)
    for story in store.latest(topic_scope(id_), SHOWN):
        click.echo(f"{_time(story.published)}  {story.id}  {story.lead.title}")
        click.echo(f"{'':18}{story.lead.source}: {store.why(story.id)[id_]}")


def _table(*columns: str) -> Table:
    table = Table(box=None)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _print(table: Table) -> None:
    """As wide as it is: an id that is cut cannot be looked for."""
    Console(width=Console(width=1000).measure(table).maximum).print(table)


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""
