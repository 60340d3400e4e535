"""`check` and `schema`: is feeds.toml right?"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from aggregator import config as configuration
from aggregator.cli.common import read_config
from aggregator.config import Config
from aggregator.errors import ConfigIssue, MissingExtra, StoreError
from aggregator.ingest.learners import has_learning_libraries
from aggregator.query import RuleSet, parse, terms
from aggregator.store import reading

__all__ = ["check", "schema"]


NEWEST = 10_000
"""Stories on which rules are tried."""
FEWEST = 20
"""Stories, below which nothing can be said of a rule."""


@click.command()
@click.pass_obj
def check(path: Path) -> None:
    """Check feeds.toml and list everything that is wrong with it.

    Each problem comes with its line, the key, what was found and what is accepted.
    Nothing is fetched and nothing is changed. The exit code is 1 if there are problems. Rules
    that find nothing, or more than half, of the stories that are stored are warned of.
    """
    config = read_config(path)
    if any(topic.learn != "off" for topic in config.topics) and not has_learning_libraries():
        click.echo(f"warning: {MissingExtra()}", err=True)
    for warning in (*config.warnings, *_idle_rules(config)):
        click.echo(f"warning: {warning}", err=True)
    off = len(config.all_sources) - len(config.sources)
    click.echo(
        f"{path} is right: {_count(len(config.sources), 'source')}"
        + (f" ({off} more switched off)" if off else "")
        + f", {_count(len(config.topics), 'topic')}."
    )


def _idle_rules(config: Config) -> Iterator[ConfigIssue]:
    """Rules that find nothing of what is stored, or more than half."""
    if not config.database.parent.is_dir():
        message = f"the folder {config.database.parent} of the database does not exist"
        yield ConfigIssue(line=0, key="storage.database", message=message)
    ruled = [topic for topic in config.topics if topic.match]
    roots = [parse(topic.match, topic.stem).root for topic in ruled]
    needs_content = any("content" in term.fields for root in roots for term in terms(root))
    rules, found, looked_at = RuleSet(roots), Counter[int](), 0
    try:
        with reading(config.database) as store:
            for looked in store.look(NEWEST, (), with_content=needs_content) if store else ():
                looked_at += 1
                found.update({n for told in looked.entries for n in rules.match(told.fields)})
    except StoreError as error:
        yield ConfigIssue(
            line=0, key="", message=f"rules cannot be tried on what is stored: {error}"
        )
    for number, topic in enumerate(ruled if looked_at >= FEWEST else ()):
        if found[number] == 0 or 2 * found[number] > looked_at:
            what = "more than half" if found[number] else "nothing"
            message = f"character 1: this rule finds {what} of the newest {looked_at:,} stories"
            yield ConfigIssue(line=config.lines[topic.id], key="topic.match", message=message)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@click.command()
def schema() -> None:
    """Print the JSON Schema of feeds.toml, for editors that check while one types."""
    click.echo(json.dumps(configuration.schema(), indent=2))
