"""`add`: new sources, by the address of a site or a feed."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import click

from aggregator.cli.common import open_config
from aggregator.cli.completion import complete_topic
from aggregator.cli.tables import count_noun, print_table
from aggregator.config import Config, decode, parse_config
from aggregator.config.editor import add_tables
from aggregator.config.file_edits import edit_file, preview_edit
from aggregator.config.ids import new_id, taken_ids
from aggregator.errors import CommandError, UnknownName
from aggregator.fetching import open_polite_fetcher
from aggregator.ingest.discovery import FoundFeed, find_feeds, read_feed
from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.workers import Workers, open_workers
from aggregator.model import AnnouncedFeed, Failed, Source
from aggregator.source_preview import SourcePreview, preview_source
from aggregator.startup import load_config
from aggregator.store import Store
from aggregator.text.canonical import canonical_url

__all__ = ["add"]

MAX_ENTRIES_SHOWN = 5
MAX_ADDRESS_CHARS_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """Keys of the new source that were given, and whether to ask before it is added."""

    id: str | None
    name: str | None
    topics: Sequence[str]
    is_confirmed: bool
    only_shown: bool
    is_quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newcomer:
    """A source that may be added: its keys, what the pipeline makes of its feed, and the other
    feeds that its site announces."""

    others: Sequence[AnnouncedFeed]
    values: Mapping[str, Any]
    source: Source
    preview: SourcePreview


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="URL...")
@click.option("--id", "id_", help="Id of the source; made of its name by default.")
@click.option("--name", help="Name of the outlet; the title of its feed by default.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    metavar="ID",
    shell_complete=complete_topic,
    help="Topic of all its articles.",
)
@click.option("--yes", "-y", is_flag=True, help="Add it without asking.")
@click.option("--dry-run", is_flag=True, help="Only show it; add nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def add(
    path: Path,
    addresses: tuple[str, ...],
    id_: str | None,
    name: str | None,
    topics: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add outlets, by the address of their site or feed.

    The feed of a site is found by what its page announces, or at the usual paths. Before it is
    added, this shows its newest articles, the topics that they would be filed under, and which
    listed outlets have them too. Comments and order of feeds.toml stay.
    """
    if len(addresses) > 1 and (id_ or name):
        raise click.UsageError("--id and --name are for a single URL")
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json needs --yes or --dry-run, since it asks nothing")
    options = _Options(
        id=id_, name=name, topics=topics, is_confirmed=yes, only_shown=dry_run, is_quiet=as_json
    )
    with open_workers(1) as workers, open_config(path) as (config, store):
        known = [topic.id for topic in config.topics]
        for topic in topics:
            if topic not in known:
                raise UnknownName("topic", topic, known)
        added, failures = asyncio.run(_add_all(path, store, workers, addresses, options))
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in added], indent=2))
    elif added and not dry_run:
        click.echo(f"{count_noun(len(added), 'source', 'sources')} added to {path}.")
    if failures:
        raise CommandError("\n".join(failures))


async def _add_all(
    path: Path,
    store: Store,
    workers: Workers,
    addresses: Sequence[str],
    options: _Options,
) -> tuple[list[_Newcomer], list[str]]:
    """Add each address; those that cannot be added are named in sentences."""
    added: list[_Newcomer] = []
    failures: list[str] = []
    config = load_config(path)
    async with open_polite_fetcher(config, store, os.environ, datetime.now(UTC)) as fetcher:
        for address in addresses:
            try:
                if not address.strip():
                    raise CommandError("Give the address of a site or a feed.")
                found, others = await _find(fetcher, workers, address, options)
                newcomer = await _examine(path, store, fetcher, workers, found, options)
                newcomer = replace(newcomer, others=others)
            except CommandError as error:
                failures.append(f"{address[:MAX_ADDRESS_CHARS_SHOWN] or '(nothing)'}: {error}")
                continue
            if not options.is_quiet:
                _show(newcomer)
            if options.only_shown or _is_wanted(newcomer, options):
                added.append(newcomer)
                if not options.only_shown:
                    edit_file(path, partial(_with_source, values=newcomer.values), os.environ)
    return added, failures


def _is_wanted(newcomer: _Newcomer, options: _Options) -> bool:
    if options.is_confirmed:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("give --yes to add it, or run this on a terminal")
    return click.confirm(f"Add {newcomer.source.name}?", default=True)


async def _find(
    fetcher: Fetcher, workers: Workers, address: str, options: _Options
) -> tuple[FoundFeed, Sequence[AnnouncedFeed]]:
    """The feed at an address; of several, the one that the operator chooses, or the first, and the
    others. Raises CommandError."""
    now = datetime.now(UTC)
    others: tuple[AnnouncedFeed, ...] = ()
    found = await find_feeds(fetcher, workers, address, now)
    if isinstance(found, tuple):
        chosen = _choose(found, options)
        others = tuple(feed for feed in found if feed != chosen)
        found = await read_feed(fetcher, workers, chosen.url, now)
    if isinstance(found, Failed):
        raise CommandError(found.error)
    return found, others


def _choose(feeds: Sequence[AnnouncedFeed], options: _Options) -> AnnouncedFeed:
    if not options.is_quiet:
        click.echo(f"The page announces {len(feeds)} feeds:")
        for number, feed in enumerate(feeds, 1):
            click.echo(f"  {number:2}  {feed.title or '(no title)'}  {feed.url}")
    if options.is_confirmed or options.only_shown or not sys.stdin.isatty():
        return feeds[0]
    number = click.prompt("Which one", type=click.IntRange(1, len(feeds)), default=1)
    return feeds[number - 1]


async def _examine(
    path: Path,
    store: Store,
    fetcher: Fetcher,
    workers: Workers,
    found: FoundFeed,
    options: _Options,
) -> _Newcomer:
    """The source that a feed would be. Raises CommandError if it is listed, or has no articles that
    can be read."""
    config = load_config(path)
    for source in config.all_sources:
        if canonical_url(source.feed) == canonical_url(found.url):
            raise CommandError(f"This is the feed of {source.id!r}, which is listed already.")
    stored = {id_: each.site for id_, each in store.sources.by_id().items()}
    values = _values(config, stored, found, options)
    edit = preview_edit(path, partial(_with_source, values=values), os.environ)
    changed = parse_config(decode(edit.after.encode(), path), path, os.environ)
    source = changed.all_sources[-1]
    now = datetime.now(UTC)
    preview = await preview_source(changed, store, fetcher, workers, source, found, now)
    if isinstance(preview, Failed):
        raise CommandError(preview.error)
    return _Newcomer(others=(), values=values, source=source, preview=preview)


def _values(
    config: Config, stored: Mapping[str, str], found: FoundFeed, options: _Options
) -> dict[str, Any]:
    origin = urljoin(found.url, "/")
    site = found.meta.site or origin
    name = options.name or found.meta.title or urlsplit(site).hostname or found.url
    known_ids = [source.id for source in config.all_sources]
    taken = taken_ids(known_ids, stored, site)
    if options.id in known_ids:
        raise CommandError(f"The id {options.id!r} is taken; choose another with --id.")
    return {
        "id": options.id or new_id(name, taken, url=site),
        "name": name,
        "feed": found.url,
        "site": site,
        "topics": [*options.topics] or None,
    }


def _with_source(text: str, *, values: Mapping[str, Any]) -> str:
    return add_tables(text, "source", [values])


# ---- what is shown


def _show(newcomer: _Newcomer) -> None:
    source, preview = newcomer.source, newcomer.preview
    click.echo(f"{source.name} ({source.id})")
    click.echo(f"  feed  {source.feed}\n  site  {source.site}")
    if preview.note:
        click.echo(f"  note  {preview.note}")
    count = count_noun(len(preview.entries), "article", "articles")
    click.echo(f"  {count}" + (", the newest:" if preview.entries else "."))
    rows = [(f"    {e.published:%Y-%m-%d}", e.title) for e in preview.entries[:MAX_ENTRIES_SHOWN]]
    if rows:
        print_table(("    published", "title"), *rows)
    if preview.rejected:
        click.echo(f"  {count_noun(len(preview.rejected), 'entry', 'entries')} rejected:")
        for sentence in preview.rejected[:MAX_ENTRIES_SHOWN]:
            click.echo(f"    {sentence}")
    for topic, number in preview.topics.most_common():
        click.echo(f"  in {topic}: {number}, such as {preview.reasons[topic]}")
    if preview.entries and not preview.topics:
        click.echo("  none of them is in a topic")
    for id_, number in preview.duplicates.most_common():
        led = preview.led_by_others[id_]
        more = f", which wrote {led} of them" if led else ""
        click.echo(f"  also at {id_}: {number}{more}")


def _as_json(newcomer: _Newcomer) -> dict[str, Any]:
    preview = newcomer.preview
    return {
        **{key: value for key, value in newcomer.values.items() if value is not None},
        "note": preview.note or None,
        "entries": [
            {"title": e.title, "url": e.url, "published": e.published.isoformat()}
            for e in preview.entries
        ],
        "rejected": preview.rejected,
        "in_topics": dict(preview.topics.most_common()),
        "also_at": dict(preview.duplicates.most_common()),
        "other_feeds": [{"url": feed.url, "title": feed.title} for feed in newcomer.others],
    }
