"""`init`: the feeds.toml of a new newsroom."""

import os
import sys
from pathlib import Path

import click

from aggregator.cli.options import NonEmptyPath
from aggregator.config import parse_config
from aggregator.config.file_edits import create_file
from aggregator.config.new_file import new_file, sample_file
from aggregator.errors import ConfigError, WriteError

__all__ = ["init"]

QUESTIONS = {
    "title": ("Name of the site", "News"),
    "url": ("Its public address", "http://127.0.0.1:8080"),
    "language": ("Its language", "en"),
    "contact": ("Email address or page for outlets (may be empty)", ""),
}
"""Key of [site] -> the question, and the answer if there is none."""


@click.command()
@click.argument(
    "folder", type=NonEmptyPath(file_okay=False, path_type=Path), required=False, metavar="[FOLDER]"
)
@click.option("--title", help="Name of the site.")
@click.option("--url", help="Public address of the site.")
@click.option("--language", help='Language of the site, such as "en" or "pt-BR".')
@click.option("--contact", help="Email address or page for outlets.")
@click.option(
    "--sample", is_flag=True, help="Begin with some twenty real outlets and eleven topics."
)
@click.pass_obj
def init(path: Path, /, folder: Path | None, sample: bool, **given: str | None) -> None:
    """Write the feeds.toml of a new newsroom.

    It goes into FOLDER, or into the current folder. On a terminal, it asks for what is not given
    as an option; elsewhere, --title is required. A feeds.toml that exists is never changed.
    """
    if folder is not None:
        path = folder / path.name
    if path.exists():
        raise WriteError(f"{path} already exists; it was not changed.")
    if sample:
        if any(given.values()):
            raise click.UsageError("--sample cannot be combined with other options")
        text = sample_file()
    else:
        text = new_file(_ask_for_keys(path, given))
    path.parent.mkdir(parents=True, exist_ok=True)
    create_file(path, text)
    click.echo(f"Wrote {path}.")
    option = "" if path == Path("feeds.toml") else f"--config {path} "
    steps = {
        f"aggregator {option}add URL": "add outlets, by the address of their site",
        f"aggregator {option}run": "fetch them, and serve the site",
    }
    for command, what in list(steps.items())[sample:]:
        click.echo(f"  {command:28}  {what}")


def _ask_for_keys(path: Path, given: dict[str, str | None]) -> dict[str, str]:
    """The keys of [site]: those given as options, and answers to the other questions."""
    is_asking = sys.stdin.isatty()
    if not is_asking and given["title"] is None:
        raise click.UsageError("give --title, the name of the site, or run this on a terminal")
    answers: dict[str, str] = {}
    for key, (question, default) in QUESTIONS.items():
        value = given[key]
        while True:
            if value is None:
                value = click.prompt(question, default=default) if is_asking else default
            if not value and given[key] is not None and key in ("title", "url"):
                raise click.UsageError(f"--{key} must not be empty")
            if not value:  # an answer that may be empty
                break
            if not (problem := _problem(path, {**answers, key: value})):
                answers[key] = value
                break
            if not is_asking or given[key] is not None:
                raise click.UsageError(f"--{key}: {problem}")
            click.echo(problem)
            value = None
    return answers


def _problem(path: Path, site: dict[str, str]) -> str:
    """What is wrong with these keys, as a sentence without its key; empty if nothing is."""
    try:
        parse_config(new_file(site), path, os.environ)
    except ConfigError as error:
        return error.issues[0].message
    return ""
