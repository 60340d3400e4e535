"""`sources`: what is broken, since when and why; what stands where."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config, select_sources
from aggregator.cli.tables import format_time, print_table, table
from aggregator.config import Config
from aggregator.ingest.schedule import is_redirect_confirmed, quiet_since
from aggregator.model import Outcome, Source, SourceHealth
from aggregator.store import Store
from aggregator.text.tokens import fold

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
    with open_config(path) as (config, store):
        health = {s.id: SourceHealth(source=s.id) for s in config.all_sources}
        health |= {h.source: h for h in store.health()}
        if id_ is not None:
            (source,) = select_sources(config, [id_])
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
            format_time(since),
            format_time(max(h.recent_dates, default=None)),
            "" if h.retired_at else format_time(h.next_fetch),
            str(h.entries),
            str(h.rejected),
        )
    print_table(shown)
    for h in listed:
        for remark in _remarks(h, now):
            click.echo(f"\n{h.source}: {remark}")


def _rank(health: SourceHealth, now: datetime) -> int:
    if health.retired_at or health.failing_since:
        return 0
    return 1 if health.held_stories or quiet_since(health.recent_dates, now) else 2


def _state(health: SourceHealth, now: datetime) -> tuple[str, datetime | None]:
    """What to call it, and since when it is so."""
    if health.retired_at:
        return "retired", health.retired_at
    if health.failing_since:
        return health.outcome.value, health.failing_since
    good = health.outcome in (Outcome.CHANGED, Outcome.UNCHANGED)
    if good and (silent := quiet_since(health.recent_dates, now)):
        return "quiet", silent
    return health.outcome.value, None


def _remarks(health: SourceHealth, now: datetime) -> list[str]:
    remarks = [health.error] if health.error else []
    if health.held_stories:
        remarks.append(
            f"{health.held_stories} stories are held, since they came all at once; "
            f"`aggregator held {health.source}` shows them."
        )
    if health.redirect.url:
        asked = (
            "which is asked now"
            if is_redirect_confirmed(health.redirect, now)
            else "which is not believed yet"
        )
        remarks.append(
            f"Its server says that the feed has moved to {health.redirect.url}, {asked} ("
            f"{health.redirect.hits} times since {format_time(health.redirect.since)}); see "
            "`aggregator moved`."
        )
    return remarks


def _show_source(health: SourceHealth, source: Source, store: Store, now: datetime) -> None:
    state, since = _state(health, now)
    rows = {
        "source": health.source,
        "state": state,
        "since": format_time(since),
        "why": health.error,
        "failing since": format_time(health.failing_since),
        "last fetch": format_time(health.last_fetch),
        "last success": format_time(health.last_success),
        "next fetch": "" if health.retired_at else format_time(health.next_fetch),
        "newest entry": format_time(max(health.recent_dates, default=None)),
        "moves to": health.redirect.url,
        "pushed until": format_time(health.pushed_until),
        "hub": health.push_error,
        "entries": str(health.entries),
        "held": str(health.held_stories),
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
