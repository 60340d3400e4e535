"""`sources` and `topics`: what is broken, since when and why; what stands where."""

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aggregator.cli.shared import chosen, configured
from aggregator.config import Config
from aggregator.errors import UnknownName
from aggregator.ingest.schedule import quiet_since, settled
from aggregator.model import Outcome, SourceHealth, topic_scope
from aggregator.store import Store

__all__ = ["sources", "topics"]

SHOWN = 20


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.pass_obj
def sources(path: Path, id_: str | None) -> None:
    """Show how each source is doing: what is broken, since when and why.

    \b
    failed   asked again later and later, at least once a day
    retired  removed by the outlet for good (410): change its feed, or ask
             once more with `aggregator ingest --source ID`
    waiting  its server wants to be left alone for a while
    quiet    works, but silent for far longer than it used to be

    With an ID, show that source alone, with what was rejected from it.
    """
    now = datetime.now(UTC)
    with configured(path) as (config, store):
        health = {s.id: SourceHealth(source=s.id) for s in config.all_sources}
        health |= {h.source: h for h in store.health()}
        if id_ is not None:
            (source,) = chosen(config, [id_])
            _show_source(health[source.id], store, now)
            return
        _show_sources(config, health, now)


def _show_sources(config: Config, health: dict[str, SourceHealth], now: datetime) -> None:
    enabled = {source.id for source in config.sources}
    listed = [health[source.id] for source in config.all_sources]
    listed.sort(key=lambda h: (_rank(h, now), h.source))  # what is broken comes first
    table = _table("source", "state", "since", "newest", "next fetch", "entries", "rejected")
    for h in listed:
        state, since = _state(h, now)
        table.add_row(
            h.source,
            state if h.source in enabled else "switched off",
            _time(since),
            _time(max(h.recent, default=None)),
            "" if h.retired else _time(h.next_fetch),
            str(h.entries),
            str(h.rejected),
        )
    _print(table)
    for h in listed:
        for remark in _remarks(h, now):
            click.echo(f"\n{h.source}: {remark}")


def _rank(health: SourceHealth, now: datetime) -> int:
    if health.retired or health.failing_since:
        return 0
    return 1 if health.held or quiet_since(health.recent, now) else 2


def _state(health: SourceHealth, now: datetime) -> tuple[str, datetime | None]:
    """What to call it, and since when it is so."""
    if health.retired:
        return "retired", health.retired
    if health.failing_since:
        return health.outcome.value, health.failing_since
    good = health.outcome in (Outcome.CHANGED, Outcome.UNCHANGED)
    if good and (silent := quiet_since(health.recent, now)):
        return "quiet", silent
    return health.outcome.value, None


def _remarks(health: SourceHealth, now: datetime) -> list[str]:
    remarks = [health.error] if health.error else []
    if health.held:
        remarks.append(
            f"{health.held} stories are held, since they came all at once; "
            f"`aggregator held {health.source}` shows them."
        )
    if health.move.to:
        asked = "which is asked now" if settled(health.move, now) else "which is not believed yet"
        remarks.append(
            f"Its server says that the feed has moved to {health.move.to}, {asked} "
            f"({health.move.hits} times since {_time(health.move.since)}); see `aggregator moved`."
        )
    return remarks


def _show_source(health: SourceHealth, store: Store, now: datetime) -> None:
    state, since = _state(health, now)
    rows = {
        "source": health.source,
        "state": state,
        "since": _time(since),
        "why": health.error,
        "failing since": _time(health.failing_since),
        "last fetch": _time(health.last_fetch),
        "last success": _time(health.last_success),
        "next fetch": "" if health.retired else _time(health.next_fetch),
        "newest entry": _time(max(health.recent, default=None)),
        "moves to": health.move.to,
        "pushed until": _time(health.pushed_until),
        "hub": health.push_error,
        "entries": str(health.entries),
        "held": str(health.held),
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
