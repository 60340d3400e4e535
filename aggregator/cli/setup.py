"""`check` and `schema`: is feeds.toml right?"""

import json
from pathlib import Path

import click

from aggregator import config as configuration
from aggregator.cli.shared import read_config
from aggregator.cli.topic.learning import can_learn
from aggregator.errors import CannotLearn

__all__ = ["check", "schema"]


@click.command()
@click.pass_obj
def check(path: Path) -> None:
    """Check feeds.toml and list everything that is wrong with it.

    Each problem comes with its line, the key, what was found and what is accepted.
    Nothing is fetched and nothing is changed. The exit code is 1 if there are problems.
    """
    config = read_config(path)
    if any(topic.learn != "off" for topic in config.topics) and not can_learn():
        click.echo(f"warning: {CannotLearn()}", err=True)
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    off = len(config.all_sources) - len(config.sources)
    click.echo(
        f"{path} is right: {_count(len(config.sources), 'source')}"
        + (f" ({off} more switched off)" if off else "")
        + f", {_count(len(config.topics), 'topic')}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@click.command()
def schema() -> None:
    """Print the JSON Schema of feeds.toml, for editors that check while one types."""
    click.echo(json.dumps(configuration.schema(), indent=2))
