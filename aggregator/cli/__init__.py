"""The command line: one small file per group of commands.

Here the clock, the environment and feeds.toml are read, and handed down as values.
A command's module is imported when the command is asked for, so that `--help` is quick and
worker processes stay small.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from aggregator import __version__
from aggregator.errors import AggregatorError

__all__ = ["main"]

COMMANDS = {
    "check": "aggregator.cli.check",
    "schema": "aggregator.cli.check",
    "ingest": "aggregator.cli.ingest",
    "serve": "aggregator.cli.serve",
    "run": "aggregator.cli.run",
    "publish": "aggregator.cli.publish",
    "sources": "aggregator.cli.sources",
    "topics": "aggregator.cli.topics",
    "topic": "aggregator.cli.topic",
    "search": "aggregator.cli.search",
    "story": "aggregator.cli.story",
    "merge": "aggregator.cli.story",
    "split": "aggregator.cli.story",
    "hide": "aggregator.cli.hide",
    "unhide": "aggregator.cli.hide",
    "hidden": "aggregator.cli.hide",
    "hub": "aggregator.cli.hub",
    "held": "aggregator.cli.review",
    "moved": "aggregator.cli.review",
    "backup": "aggregator.cli.database",
    "doctor": "aggregator.cli.database",
    "demo": "aggregator.cli.demo",
}


STOPPED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""


class _Failure(click.ClickException):
    """A foreseen error: one sentence, no traceback."""

    def __init__(self, error: AggregatorError) -> None:
        super().__init__(str(error))
        self.__dict__["exit_code"] = error.exit_code  # click declares it for the class


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AggregatorError as error:
            raise _Failure(error) from error
        except KeyboardInterrupt as stopped:
            click.echo("Stopped.", err=True)
            raise click.exceptions.Exit(STOPPED) from stopped


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("feeds.toml"),
    show_default=True,
    help="The file that lists sources and topics.",
)
@click.version_option(__version__, prog_name="aggregator")
@click.pass_context
def main(ctx: click.Context, path: Path) -> None:
    """Collect articles from partner outlets, tell each story once, publish every topic.

    Everything is listed in feeds.toml; docs/feeds-toml.md explains each key.

    \b
    First steps:
      aggregator check      is feeds.toml right?
      aggregator ingest     fetch what is due, once
      aggregator run        fetch again and again, and serve the site
    """
    ctx.obj = path
