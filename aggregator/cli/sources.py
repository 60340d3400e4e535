"""`sources`: what is broken, since when and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config, same_feed_as, select_sources, shown_url
from aggregator.cli.tables import count_noun, format_recent, format_time, print_table
from aggregator.config import Config
from aggregator.ingest.schedule import is_redirect_confirmed, quiet_since
from aggregator.model import Outcome, Source, SourceHealth
from aggregator.store import Store
from aggregator.text.tokens import fold

__all__ = ["sources"]

MAX_LINES_SHOWN = 20
MAX_TAGGED_ENTRIES = 500
"""Newest entries of a source whose categories are counted."""


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.pass_obj
def sources(path: Path, id_: str | None) -> None:
    """Show each source's state: what is broken, since when and why.

    \b
    failed   retried after longer and longer waits, at least once a day
    retired  removed permanently by the outlet (410): change its feed, or try
             once more with `aggregator ingest --source ID`
    waiting  its server has asked for a pause
    quiet    fetched without errors, but without new articles for far longer
             than usual

    With an ID, show that source alone, with its rejected articles and its categories.
    """
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        health = {source.id: SourceHealth(source=source.id) for source in config.all_sources}
        health |= {each.source: each for each in store.sources.health()}
        if id_ is not None:
            (source,) = select_sources(config, [id_])
            _show_source(health[source.id], source, store, now)
            return
        _show_sources(config, health, now)


def _show_sources(config: Config, health: dict[str, SourceHealth], now: datetime) -> None:
    enabled = {source.id for source in config.sources}
    listed = [health[source.id] for source in config.all_sources]
    listed.sort(key=lambda each: (_rank(each, now), each.source))  # what is broken comes first
    rows = []
    for each in listed:
        state, since = _state(each, now)
        rows.append(
            (
                each.source,
                state if each.source in enabled else "disabled",
                format_recent(since, now),
                format_recent(max(each.recent_dates, default=None), now),
                "" if each.retired_at else format_recent(each.next_fetch, now),
                str(each.entries),
                str(each.rejected or ""),
            )
        )
    columns = ("source", "state", "since", "newest", "next", "entries", "rejected")
    print_table(columns, *rows)
    known = {source.id: source for source in config.all_sources}
    for each in listed:
        for remark in _remarks(each, known[each.source], config.sources, now):
            click.echo(f"\n{each.source}: {remark}")


def _rank(health: SourceHealth, now: datetime) -> int:
    if health.retired_at or health.failing_since:
        return 0
    return 1 if health.held_stories or quiet_since(health.recent_dates, now) else 2


def _state(health: SourceHealth, now: datetime) -> tuple[str, datetime | None]:
    """The name of the state, and since when it has lasted."""
    if health.retired_at:
        return "retired", health.retired_at
    if health.failing_since:
        return health.outcome.value, health.failing_since
    is_good = health.outcome in (Outcome.CHANGED, Outcome.UNCHANGED)
    if is_good and (since := quiet_since(health.recent_dates, now)):
        return "quiet", since
    return health.outcome.value, None


def _remarks(
    health: SourceHealth, source: Source, enabled: Sequence[Source], now: datetime
) -> list[str]:
    remarks = [health.error] if health.error else []
    if health.note:
        remarks.append(f"{health.note} (since {format_time(health.noted_since)})")
    if health.held_stories:
        remarks.append(
            f"{count_noun(health.held_stories, 'story is', 'stories are')} held, because they all "
            f"came at once; `aggregator held {health.source}` shows them."
        )
    redirect = health.redirect
    if redirect.url:
        is_confirmed = is_redirect_confirmed(redirect, now)
        state = "which is fetched now" if is_confirmed else "which is not confirmed yet"
        target = shown_url(redirect.url, source)
        since = format_time(redirect.since)
        seen = f"seen {count_noun(redirect.hits, 'time', 'times')} since {since}"
        remarks.append(
            f"Its server says that the feed has moved to {target}, {state} ({seen}); "
            "see `aggregator moved`."
        )
    remarks += [
        f"It redirects to the feed of {id_}; remove one of the two sources."
        for id_ in same_feed_as(health, enabled)
    ]
    return remarks


def _show_source(health: SourceHealth, source: Source, store: Store, now: datetime) -> None:
    state, since = _state(health, now)
    rows = {
        "source": health.source,
        "state": state,
        "since": format_time(since),
        "why": health.error,
        "kind": health.failure_kind or "",
        "failing since": format_time(health.failing_since),
        "last fetch": format_time(health.last_fetch),
        "last success": format_time(health.last_success),
        "next fetch": "" if health.retired_at else format_time(health.next_fetch),
        "newest entry": format_time(max(health.recent_dates, default=None)),
        "moves to": shown_url(health.redirect.url, source),
        "pushed until": format_time(health.pushed_until),
        "hub": health.push_error,
        "note": health.note,
        "noted since": format_time(health.noted_since),
        "entries": str(health.entries),
        "held": str(health.held_stories),
        "rejected": str(health.rejected),
    }
    for name, value in rows.items():
        click.echo(f"{name + ':':15}{value or '-'}")
    for rejected in store.sources.rejected(health.source, MAX_LINES_SHOWN):
        click.echo(f"  rejected {rejected.title!r}: {rejected.reason}")
    _show_tags(source, store)


def _show_tags(source: Source, store: Store) -> None:
    """Print the outlet's own categories, unmapped ones first: a new one may need a topic."""
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    found = store.sources.tags(source.id, MAX_TAGGED_ENTRIES)
    unmapped = [(tag, number) for tag, number in found if fold(tag) not in mapped]
    known = [(tag, number) for tag, number in found if fold(tag) in mapped]
    if found:
        click.echo(f"\nits own categories, in its newest {MAX_TAGGED_ENTRIES} articles:")
    for tag, number in (*unmapped[:MAX_LINES_SHOWN], *known):
        click.echo(f"{number:>8}  {tag!r} -> {mapped.get(fold(tag), 'no topic')}")
    if len(unmapped) > MAX_LINES_SHOWN:
        more = len(unmapped) - MAX_LINES_SHOWN
        click.echo(f"{'':10}and {more} more that are not mapped to a topic")
