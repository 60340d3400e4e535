"""`sources` and `source`: what is broken, since when and why."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import open_config, select_sources
from aggregator.cli.completion import complete_source
from aggregator.cli.options import json_option
from aggregator.cli.tables import (
    count_noun,
    format_age,
    format_recent,
    format_time,
    paint_state,
    print_json,
    print_table,
    zone_note,
)
from aggregator.config import Config
from aggregator.model import FetchRecord, Source, source_scope
from aggregator.overview.source_states import (
    SourceState,
    shown_url,
    source_health,
    source_states,
)
from aggregator.store import Store
from aggregator.text.tokens import fold

__all__ = ["source", "sources", "sparkline"]

MAX_LINES_SHOWN = 20
MAX_FETCHES_SHOWN = 10
MAX_ENTRIES_SHOWN = 10
MAX_TAGGED_ENTRIES = 500
"""Newest entries of a source whose categories are counted."""
RHYTHM_DAYS = 28


@click.command()
@click.argument("id_", metavar="[ID]", required=False, shell_complete=complete_source)
@json_option
@click.pass_obj
def sources(path: Path, id_: str | None, as_json: bool) -> None:
    """Show each source's state: what is broken, since when and why.

    \b
    failed   retried after longer and longer waits, at least once a day
    retired  removed permanently by the outlet (410): change its feed, or try
             once more with `aggregator fetch ID`
    held     stories wait for your decision; see `aggregator held`
    waiting  its server has asked for a pause
    quiet    fetched without errors, but without new articles for far longer
             than usual
    paused   enabled = false in feeds.toml

    With an ID, show that source alone, as `aggregator source ID` does.
    """
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        if id_ is not None:
            _show_source(config, store, id_, now, as_json=as_json)
            return
        states = source_states(config, source_health(config, store), now)
        counts = store.sources.count_entries()
    if as_json:
        print_json([_as_json(state, counts) for state in states])
        return
    rows = [_row(state, counts, now) for state in states]
    columns = ("source", "state", "since", "newest", "next", "entries", "rejected")
    print_table(columns, *rows)
    for state in states:
        for remark in state.remarks:
            click.echo(f"\n{state.source.id}: {remark}")
    click.echo(f"\n{zone_note()}")


def _row(state: SourceState, counts: Mapping[str, int], now: datetime) -> tuple[str, ...]:
    health = state.health
    return (
        state.source.id,
        paint_state(state.name),
        format_recent(state.since, now),
        format_recent(max(health.recent_dates, default=None), now),
        "" if health.retired_at else format_recent(health.next_fetch, now),
        str(counts.get(state.source.id, 0)),
        str(health.rejected or ""),
    )


def _as_json(state: SourceState, counts: Mapping[str, int]) -> dict[str, Any]:
    health = state.health
    return {
        "source": state.source.id,
        "name": state.source.name,
        "state": state.name,
        "since": state.since,
        "error": health.error or None,
        "failure_kind": health.failure_kind,
        "newest": max(health.recent_dates, default=None),
        "last_fetch": health.last_fetch,
        "last_success": health.last_success,
        "next_fetch": None if health.retired_at else health.next_fetch,
        "entries": counts.get(state.source.id, 0),
        "rejected": health.rejected,
        "held": health.held_stories,
        "remarks": state.remarks,
    }


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_source)
@json_option
@click.pass_obj
def source(path: Path, id_: str, as_json: bool) -> None:
    """Show one source: its fetches, rhythm, errors and last articles.

    Below are its rejected articles with the reasons, and its own categories; those that are not
    mapped to a topic come first.
    """
    with open_config(path) as (config, store):
        _show_source(config, store, id_, datetime.now(UTC), as_json=as_json)


def _show_source(config: Config, store: Store, id_: str, now: datetime, *, as_json: bool) -> None:
    (found,) = select_sources(config, [id_])
    states = source_states(config, source_health(config, store), now)
    state = next(each for each in states if each.source.id == found.id)
    counts = store.sources.count_entries([found.id])
    fetches = store.statistics.fetches(found.id, MAX_FETCHES_SHOWN)
    days = _days(store, found.id, now.date())
    stories = store.lists.latest(source_scope(found.id), MAX_ENTRIES_SHOWN)
    if as_json:
        entries = [
            {"published": story.published, "id": story.id, "title": story.lead.title}
            for story in stories
        ]
        rejected = [
            {"title": each.title, "reason": each.reason}
            for each in store.sources.rejected(found.id, MAX_LINES_SHOWN)
        ]
        print_json(
            {
                **_as_json(state, counts),
                "by_day": days,
                "fetches": [_fetch_as_json(fetch) for fetch in fetches],
                "newest_stories": entries,
                "rejections": rejected,
            }
        )
        return
    _show_state(state, counts, now)
    click.echo(f"\nlast {RHYTHM_DAYS} days:  {sparkline(days)}  {_rhythm(days)}")
    _show_fetches(fetches, now)
    if stories:
        click.echo("\nnewest stories:")
        rows = [(f"  {format_time(s.published)}", s.id, s.lead.title) for s in stories]
        print_table(("  published", "story", "title"), *rows)
    for rejected_entry in store.sources.rejected(found.id, MAX_LINES_SHOWN):
        click.echo(f"  rejected {rejected_entry.title!r}: {rejected_entry.reason}")
    _show_tags(found, store)
    click.echo(f"\n{zone_note()}")


def _show_state(state: SourceState, counts: Mapping[str, int], now: datetime) -> None:
    health = state.health
    rows = {
        "source": state.source.id,
        "name": state.source.name,
        "feed": shown_url(state.source.feed, state.source),
        "state": paint_state(state.name),
        "since": format_time(state.since),
        "why": health.error,
        "kind": health.failure_kind or "",
        "failing since": format_time(health.failing_since),
        "last fetch": format_time(health.last_fetch),
        "last success": format_time(health.last_success),
        "next fetch": "" if health.retired_at else format_time(health.next_fetch),
        "newest entry": format_time(max(health.recent_dates, default=None)),
        "moves to": shown_url(health.redirect.url, state.source),
        "pushed until": format_time(health.pushed_until),
        "hub": health.push_error,
        "note": health.note,
        "noted since": format_time(health.noted_since),
        "entries": str(counts.get(state.source.id, 0)),
        "held": str(health.held_stories),
        "rejected": str(health.rejected),
    }
    if health.failing_since:
        rows["failing since"] += f", for {format_age(health.failing_since, now)}"
    for name, value in rows.items():
        if value:
            click.echo(f"{name + ':':15}{value}")


def _show_fetches(fetches: Sequence[FetchRecord], now: datetime) -> None:
    if not fetches:
        return
    click.echo("\nlast fetches:")
    rows = [
        (
            f"  {format_recent(fetch.fetched_at, now)}",
            str(fetch.status or ""),
            paint_state(fetch.outcome.value),
            f"{fetch.seconds:.1f} s",
            str(fetch.counts.received or ""),
            str(fetch.counts.new or ""),
            str(fetch.counts.updated or ""),
            fetch.message,
        )
        for fetch in fetches
    ]
    columns = ("  when", "status", "outcome", "took", "received", "new", "updated", "message")
    print_table(columns, *rows)


def _fetch_as_json(fetch: FetchRecord) -> dict[str, Any]:
    return {
        "fetched_at": fetch.fetched_at,
        "status": fetch.status or None,
        "outcome": fetch.outcome,
        "failure_kind": fetch.failure_kind,
        "message": fetch.message or None,
        "seconds": fetch.seconds,
        "counts": fetch.counts,
    }


def _days(store: Store, id_: str, today: date) -> list[int]:
    """New entries by day, oldest first, today last."""
    first = today - timedelta(days=RHYTHM_DAYS - 1)
    counts = store.statistics.new_entries_by_source(first).get(id_, {})
    return [counts.get(first + timedelta(days=n), 0) for n in range(RHYTHM_DAYS)]


def sparkline(numbers: Sequence[int]) -> str:
    """Numbers as a row of bars; a day without any is a dot."""
    most = max([*numbers, 1])
    return "".join("▁▂▃▄▅▆▇█"[max(0, 8 * n // most - 1)] if n else "·" for n in numbers)


def _rhythm(days: Sequence[int]) -> str:
    per_week = 7 * sum(days) / len(days)
    return f"{per_week:.1f} articles a week" if sum(days) else "no articles"


def _show_tags(found: Source, store: Store) -> None:
    """Print the outlet's own categories, unmapped ones first: a new one may need a topic."""
    mapped = {fold(tag): topic for tag, topic in found.tags.items()}
    counted = store.sources.tags(found.id, MAX_TAGGED_ENTRIES)
    unmapped = [(tag, number) for tag, number in counted if fold(tag) not in mapped]
    known = [(tag, number) for tag, number in counted if fold(tag) in mapped]
    if counted:
        click.echo(f"\nits own categories, in its newest {MAX_TAGGED_ENTRIES} articles:")
    for tag, number in (*unmapped[:MAX_LINES_SHOWN], *known):
        click.echo(f"{number:>8}  {tag!r} -> {mapped.get(fold(tag), 'no topic')}")
    if len(unmapped) > MAX_LINES_SHOWN:
        more = count_noun(len(unmapped) - MAX_LINES_SHOWN, "category", "categories")
        click.echo(f"{'':10}and {more} more that are not mapped to a topic")
