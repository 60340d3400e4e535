"""`import` and `export`: the sources as an OPML file, from and for other programs."""

import json
import os
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urljoin

import click

from aggregator.cli.options import NonEmptyPath
from aggregator.cli.tables import count_noun
from aggregator.config import Config, decode, parse_config
from aggregator.config.editor import add_tables
from aggregator.config.feed_lists import OpmlFeed, read_opml, write_opml
from aggregator.config.file_edits import edit_file, preview_edit
from aggregator.config.ids import new_id
from aggregator.config.validation import source_problem
from aggregator.errors import CommandError, OpmlError
from aggregator.startup import load_config
from aggregator.text.canonical import canonical_url
from aggregator.text.secrets import has_secret

__all__ = ["export", "import_"]

Folders: TypeAlias = Literal["topics", "tags", "ignore"]
MAX_SKIPPED_SHOWN = 20


@dataclass(slots=True, kw_only=True)
class _Import:
    """The tables that an OPML file adds to feeds.toml, and what is left out, with the reasons."""

    sources: list[dict[str, Any]] = field(default_factory=list)
    topics: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def skip(self, feed: OpmlFeed, reason: str, details: str = "") -> None:
        """Leave a feed out."""
        self.reasons[reason] += 1
        self.skipped.append(f"line {feed.line}: {feed.name or feed.url}: {details or reason}")

    def with_tables(self, text: str) -> str:
        """The text of feeds.toml with the new tables."""
        return add_tables(add_tables(text, "topic", self.topics), "source", self.sources)


@click.command(name="import")
@click.argument("file", type=NonEmptyPath(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--folders",
    type=click.Choice(["topics", "tags", "ignore"]),
    default="ignore",
    show_default=True,
    help="What folders become: topics of all articles of their feeds; topics of those that the "
    "outlet files under a category of that name; or nothing.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be added.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def import_(path: Path, file: Path, folders: Folders, dry_run: bool, as_json: bool) -> None:
    """Add the feeds of an OPML file, as feed readers export them.

    Feeds that are listed already, that are twice in the file or whose address is not valid are left
    out and named. A file from `aggregator export` is imported unchanged. Nothing is fetched.
    """
    try:
        feeds, empty = read_opml(file.read_bytes())
    except OpmlError as error:
        raise CommandError(f"{file} cannot be imported. {error}") from error
    except OSError as error:
        raise CommandError(f"Cannot read {file} ({error.strerror}).") from error
    config = load_config(path)
    result = _tables_for(config, feeds, folders)
    if empty:
        result.reasons["no address"] += empty
    edit = (preview_edit if dry_run else edit_file)(path, result.with_tables, os.environ)
    parse_config(decode(edit.after.encode(), path), path, os.environ)
    if as_json:
        report = {"sources": result.sources, "topics": result.topics, "skipped": result.skipped}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    _report(path, result, is_dry_run=dry_run)


def _report(path: Path, result: _Import, *, is_dry_run: bool) -> None:
    added = count_noun(len(result.sources), "source", "sources")
    topics = count_noun(len(result.topics), "topic", "topics")
    verb = "would be added" if is_dry_run else "added"
    click.echo(f"{added} and {topics} {verb} to {path}.")
    for topic in result.topics:
        click.echo(f"  new topic {topic['id']!r}, {topic['title']}")
    for reason, number in result.reasons.most_common():
        click.echo(f"{number:,} left out: {reason}")
    for sentence in result.skipped[:MAX_SKIPPED_SHOWN]:
        click.echo(f"  {sentence}")
    if len(result.skipped) > MAX_SKIPPED_SHOWN:
        click.echo(f"  and {len(result.skipped) - MAX_SKIPPED_SHOWN:,} more; --json lists all")


def _tables_for(config: Config, feeds: Sequence[OpmlFeed], folders: Folders) -> _Import:
    """The tables for the feeds of a list."""
    result = _Import()
    listed = {canonical_url(source.feed): source.id for source in config.all_sources}
    ids = {source.id for source in config.all_sources}
    topics = {topic.title.casefold(): topic.id for topic in config.topics}
    topics |= {topic.id: topic.id for topic in config.topics}
    for feed in feeds:
        address = canonical_url(feed.url) or feed.url
        if address in listed:
            result.skip(feed, "listed already", f"is listed already, as {listed[address]!r}")
            continue
        values = _values(feed, ids)
        if problem := source_problem(values):
            result.skip(feed, "not valid", problem)
            continue
        values |= _topics_of(feed, values, folders, topics, result)
        listed[address] = values["id"]
        ids.add(values["id"])
        result.sources.append(values)
    return result


def _values(feed: OpmlFeed, known_ids: set[str]) -> dict[str, Any]:
    site = feed.site or urljoin(feed.url, "/")
    name = feed.name or site
    own = dict(feed.keys)
    id_ = str(own.pop("id", "")) or new_id(name, (), url=site)
    if id_ in known_ids:
        id_ = new_id(id_, known_ids)
    return {"id": id_, "name": name, "feed": feed.url, "site": site, **own}


def _topics_of(
    feed: OpmlFeed,
    values: Mapping[str, Any],
    folders: Folders,
    topics: dict[str, str],
    result: _Import,
) -> dict[str, Any]:
    """The `topics` or `tags` of a source by the folders that it is in. Topics that feeds.toml lacks
    are added; those that our own export names are kept in any case."""
    known = {id_: id_ for id_ in topics.values()}
    own = [_topic(name, topics, result) for name in values.get("topics", ())]
    tags = {tag: _topic(name, topics, result) for tag, name in values.get("tags", {}).items()}
    names = feed.folders if folders != "ignore" and not values.get("topics") else ()
    placed = {name: known.get(name) or _topic(name, topics, result) for name in names[-1:]}
    if folders == "tags":
        tags |= placed
    else:
        own += [topic for topic in placed.values() if topic not in own]
    return {**({"topics": own} if own else {}), **({"tags": tags} if tags else {})}


def _topic(name: str, topics: dict[str, str], result: _Import) -> str:
    """The id of the topic with an id or title; a missing one is added."""
    if (id_ := topics.get(name.casefold())) is None:
        id_ = new_id(name, topics.values(), fallback="topic")
        topics[name.casefold()] = id_
        result.topics.append({"id": id_, "title": name})
    return id_


MAX_OPML_HEAD_BYTES = 2_000
"""Where an OPML file says that it is one."""


def _write_list(file: Path, content: bytes) -> None:
    """Write an OPML file, whole or not at all; it replaces nothing but an older one."""
    temporary = file.with_name(f".{file.name}.part")
    try:
        if file.exists() and b"<opml" not in file.read_bytes()[:MAX_OPML_HEAD_BYTES]:
            raise CommandError(f"{file} exists and is not an OPML file; choose another name.")
        temporary.write_bytes(content)
        temporary.replace(file)
    except OSError as error:
        raise CommandError(f"Cannot write {file} ({error.strerror}).") from error
    finally:
        with suppress(OSError):  # the folder may be missing
            temporary.unlink()


@click.command()
@click.argument(
    "file", type=NonEmptyPath(dir_okay=False, path_type=Path), required=False, metavar="[FILE]"
)
@click.option("--private", is_flag=True, help="Include the addresses of private feeds.")
@click.pass_obj
def export(path: Path, file: Path | None, private: bool) -> None:
    """Write the sources as OPML, for any feed reader.

    The list goes to FILE, or to standard output. `aggregator import` gets every key back. Private
    feeds, whose addresses are secrets, are left out unless --private is given. A FILE that exists
    is replaced only if it is an OPML file.
    """
    config = load_config(path)
    tables = tomllib.loads(decode(path.read_bytes(), path)).get("source", [])
    secret = {source.id for source in config.all_sources if source.is_private}
    secret |= {table["id"] for table in tables if has_secret(table["feed"])}
    chosen = [table for table in tables if private or table["id"] not in secret]
    content = write_opml(config.site.title, chosen)
    if file is None:
        click.echo(content.decode(), nl=False)
    else:
        _write_list(file, content)
        click.echo(f"{count_noun(len(chosen), 'source', 'sources')} written to {file}.")
    if len(chosen) < len(tables):
        left = count_noun(len(tables) - len(chosen), "private feed is", "private feeds are")
        click.echo(f"{left} left out; --private includes them.", err=True)
