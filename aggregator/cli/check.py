"""`check` and `schema`: check feeds.toml, and print its JSON Schema."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator.cli.options import json_option
from aggregator.cli.tables import (
    count_noun,
    format_time,
    paint,
    print_json,
    print_table,
    zone_note,
)
from aggregator.config import Config, json_schema
from aggregator.errors import ConfigError, ConfigIssue, MissingExtra, StoreError
from aggregator.ingest.learning import has_learning_libraries, learning_topics
from aggregator.overview.source_states import same_feed_as
from aggregator.query import RuleSet, fields_of_view, parse, terms
from aggregator.render.interface import languages
from aggregator.startup import load_config
from aggregator.store import open_read_only
from aggregator.text.languages import main_language

__all__ = ["check", "schema"]

MAX_TRIED_STORIES = 10_000
"""Newest stories that rules are tried on."""
MIN_TRIED_STORIES = 20
"""With fewer stored stories, rules get no warnings."""


@click.command()
@click.option("--live", is_flag=True, help="Also fetch every source once, and save nothing.")
@json_option
@click.pass_obj
def check(path: Path, live: bool, as_json: bool) -> None:
    """Check feeds.toml, and with --live every source too.

    Each problem is shown with its line and key, what was found and what was expected. Rules that
    match none of the stored stories, or more than half of them, get a warning. The exit code is 1
    if there are problems.

    With --live, every source is fetched once. This shows its status, format, entries and dates,
    whether it has moved, until when its certificate is valid, how long it takes, and what to do.
    Nothing is saved. The exit code is 1 if a source fails.
    """
    try:
        config = load_config(path)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"problems": error.issues, "warnings": []})
        raise click.exceptions.Exit(1) from error
    if as_json and not live:
        print_json({"problems": [], "warnings": [*config.warnings, *_warnings(config)]})
        return
    if live:
        _check_live(config, as_json=as_json)
        return
    if learning_topics(config.topics) and not has_learning_libraries():
        click.echo(f"warning: {MissingExtra()}", err=True)
    for problem in _theme_problems(config):
        click.echo(f"warning: {problem}", err=True)
    for warning in (*config.warnings, *_warnings(config)):
        click.echo(f"warning: {warning}", err=True)
    disabled = len(config.all_sources) - len(config.sources)
    click.echo(
        f"{path} is valid: {count_noun(len(config.sources), 'source', 'sources')}"
        + (f" ({disabled} more disabled)" if disabled else "")
        + f", {count_noun(len(config.topics), 'topic', 'topics')}."
    )


def _warnings(config: Config) -> list[ConfigIssue]:
    """What the file alone does not show."""
    return [
        *_interface_language(config), *_moved_site(config), *_missing_lead(config),
        *_redirected_feeds(config), *_ineffective_rules(config),
    ]  # fmt: skip


def _check_live(config: Config, *, as_json: bool) -> None:
    """Fetch every source, and show what each answers, what needs something first."""
    probes = _probed(config)
    probes.sort(key=lambda probe: (not probe.error, not probe.advice, probe.source))
    if as_json:
        print_json(probes)
    else:
        rows = [
            (
                probe.source,
                paint("failed", "red") if probe.error else paint("ok", "green"),
                str(probe.status or ""),
                probe.format,
                str(probe.entries or ""),
                format_time(probe.newest),
                f"{probe.seconds:.1f} s",
            )
            for probe in probes
        ]
        columns = ("source", "state", "status", "format", "entries", "newest", "took")
        print_table(columns, *rows)
        for probe in probes:
            for sentence in filter(None, (probe.error, *probe.advice)):
                click.echo(f"\n{probe.source}: {sentence}")
        failed = sum(bool(probe.error) for probe in probes)
        number = count_noun(len(probes), "source", "sources")
        click.echo(f"\n{number} probed, {failed} failed. {zone_note()}")
    if any(probe.error for probe in probes):
        raise click.exceptions.Exit(1)


def _probed(config: Config) -> list[Any]:
    from aggregator.fetching import open_polite_fetcher  # what takes long to load
    from aggregator.ingest.workers import open_workers
    from aggregator.source_probe import probe_sources

    now = datetime.now(UTC)

    async def probe() -> list[Any]:
        with open_read_only(config.database) as store:
            async with open_polite_fetcher(config, store, os.environ, now) as fetcher:
                return await probe_sources(fetcher, workers, config.sources, now)

    with open_workers(os.cpu_count() or 1) as workers:
        return asyncio.run(probe())


def _theme_problems(config: Config) -> list[str]:
    """What is wrong with the templates of the theme."""
    if not config.theme.templates:
        return []
    from aggregator.render.page_templates import (
        theme_problems,  # takes longer to load than the rest
    )

    return theme_problems(config.theme)


def _interface_language(config: Config) -> Iterator[ConfigIssue]:
    """A language of the site in which there is no interface."""
    if main_language(config.site.language) not in languages():
        message = (
            'the words of the pages, such as "Subscribe", are in English, since there is no '
            f"translation; there are {', '.join(sorted(languages()))}"
        )
        yield ConfigIssue(line=0, key="site.language", message=message)


def _moved_site(config: Config) -> Iterator[ConfigIssue]:
    """What changes if the site has got another address."""
    try:
        with open_read_only(config.database) as store:
            first = store.lists.first_site() if store else ""
    except StoreError:  # the next check says so
        return
    if first not in ("", config.site.url):
        message = (
            f"the site was first published at {first}; feeds have new addresses but keep their "
            "ids, and so do stories; redirect the old addresses to the new ones"
        )
        yield ConfigIssue(line=0, key="site.url", message=message)


def _missing_lead(config: Config) -> Iterator[ConfigIssue]:
    """A lead of the home page that is not a published story."""
    try:
        with open_read_only(config.database) as store:
            is_missing = bool(store and config.site.lead) and not (
                store and store.stories.get(config.site.lead)
            )
    except StoreError:  # the next check says so
        return
    if is_missing:
        message = f"there is no published story {config.site.lead!r}; the home page chooses its own"
        yield ConfigIssue(line=0, key="site.lead", message=message)


def _redirected_feeds(config: Config) -> Iterator[ConfigIssue]:
    """Sources whose feed redirects to that of another one."""
    try:
        with open_read_only(config.database) as store:
            health = store.sources.health() if store else []
    except StoreError:  # the next check says so
        return
    enabled = {source.id for source in config.sources}
    for each in (each for each in health if each.source in enabled):
        for other in same_feed_as(each, config.sources):
            message = (
                f"{each.source!r} redirects to the feed of {other!r}; remove one of the two sources"
            )
            yield ConfigIssue(line=0, key="source.feed", message=message)


def _ineffective_rules(config: Config) -> Iterator[ConfigIssue]:
    """Rules that match none of the stored stories, or more than half."""
    folder = config.database.parent
    if not folder.is_dir():
        message = f"the database folder {folder} does not exist; create it"
        yield ConfigIssue(line=0, key="storage.database", message=message)
    topics = [topic for topic in config.topics if topic.match]
    roots = [parse(topic.match, topic.stem).root for topic in topics]
    with_content = any("content" in term.fields for root in roots for term in terms(root))
    rules, matches, tried = RuleSet(roots), Counter[int](), 0
    try:
        with open_read_only(config.database) as store:
            if store:
                limit = MAX_TRIED_STORIES
                for story in store.topics.sample(limit, (), with_content=with_content):
                    tried += 1
                    entries = map(fields_of_view, story.entries)
                    matches.update({n for entry in entries for n in rules.match(entry)})
    except StoreError as error:
        message = f"rules were not tried on stored stories: {error}"
        yield ConfigIssue(line=0, key="", message=message)
    lines = config.rule_lines()
    for number, topic in enumerate(topics if tried >= MIN_TRIED_STORIES else ()):
        if matches[number] == 0 or 2 * matches[number] > tried:
            what = "more than half" if matches[number] else "none"
            message = f"character 1: this rule matches {what} of the newest {tried:,} stories"
            yield ConfigIssue(line=lines[topic.id], key="topic.match", message=message)


@click.command()
def schema() -> None:
    """Print the JSON Schema of feeds.toml, for text editors."""
    click.echo(json.dumps(json_schema(), indent=2))
