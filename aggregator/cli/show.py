"""`sources`: what is broken, since when and why; what stands where."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.shared import chosen, configured
from aggregator.cli.tables import print_table, table, time_text
from aggregator.config import Config
from aggregator.ingest.schedule import quiet_since, settled
from aggregator.model import Outcome, Source, SourceHealth
from aggregator.store import Store
from aggregator.words import fold

__all__ = ["sources"]

SHOWN = 20
NEWEST = 500
"""Articles of an outlet whose categories are counted."""


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

    With an ID, show that source alone, with what was rejected from it, and its own categories.
    """
    now = datetime.now(UTC)
    with configured(path) as (config, store):
        health = {s.id: SourceHealth(source=s.id) for s in config.all_sources}
        health |= {h.source: h for h in store.health()}
        if id_ is not None:
            (source,) = chosen(config, [id_])
            _show_source(health[source.id], source, store, now)
            return
        _show_sources(config, health, now)


def _show_sources(config: Config, health: dict[str, SourceHealth], now: datetime) -> None:
    enabled = {source.id for source in config.sources}
    listed = [health[source.id] for source in config.all_sources]
    listed.sort(key=lambda h: (_rank(h, now), h.source))  # what is broken comes first
    shown = table("source", "state", "since", "newest", "next fetch", "entries", "rejected")
    for h in listed:
        state, since = _state(h, now)
        shown.add_row(
            h.source,
            state if h.source in enabled else "switched off",
            time_text(since),
            time_text(max(h.recent, default=None)),
            "" if h.retired else time_text(h.next_fetch),
            str(h.entries),
            str(h.rejected),
        )
    print_table(shown)
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
            f"Its server says that the feed has moved to {health.move.to}, {asked} ("
            f"{health.move.hits} times since {time_text(health.move.since)}); see "
            "`aggregator moved`."
        )
    return remarks


def _show_source(health: SourceHealth, source: Source, store: Store, now: datetime) -> None:
    state, since = _state(health, now)
    rows = {
        "source": health.source,
        "state": state,
        "since": time_text(since),
        "why": health.error,
        "failing since": time_text(health.failing_since),
        "last fetch": time_text(health.last_fetch),
        "last success": time_text(health.last_success),
        "next fetch": "" if health.retired else time_text(health.next_fetch),
        "newest entry": time_text(max(health.recent, default=None)),
        "moves to": health.move.to,
        "pushed until": time_text(health.pushed_until),
        "hub": health.push_error,
        "entries": str(health.entries),
        "held": str(health.held),
        "rejected": str(health.rejected),
    }
    for name, value in rows.items():
        click.echo(f"{name + ':':15}{value or '-'}")
    for rejected in store.rejected(health.source, SHOWN):
        click.echo(f"  rejected {rejected.title!r}: {rejected.reason}")
    _show_categories(source, store)


def _show_categories(source: Source, store: Store) -> None:
    """Those that no topic is named for come first: a new one may want a topic."""
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    found = store.categories(source.id, NEWEST)
    unknown = [(tag, number) for tag, number in found if fold(tag) not in mapped]
    known = [(tag, number) for tag, number in found if fold(tag) in mapped]
    if found:
        click.echo(f"\nits own categories, in its newest {NEWEST} articles:")
    for tag, number in (*unknown[:SHOWN], *known):
        click.echo(f"{number:>8}  {tag!r} -> {mapped.get(fold(tag), 'no topic')}")
    if len(unknown) > SHOWN:
        click.echo(f"{'':10}and {len(unknown) - SHOWN} more that no topic is named for")
