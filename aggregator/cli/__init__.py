"""The command line: one small file per group of commands.

A command's module is imported only when that command runs, so that `--help` is quick and worker
processes stay small.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import signal
from pathlib import Path
from typing import Any

import click

from aggregator import __version__
from aggregator.cli.options import NonEmptyPath
from aggregator.cli.signals import SIGNAL_EXIT_CODE, Stopped, signal_received, stop_on_signals
from aggregator.errors import AggregatorError, CommandError

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
"""Command -> the module that defines it, in the order of `--help`."""


RUNS_UNTIL_STOPPED = "aggregator.runs_until_stopped"
"""Key of the context: true for a command that a signal ends as it should."""


class _PrintedError(click.ClickException):
    """An expected error: its message is printed without a traceback."""

    def __init__(self, error: AggregatorError) -> None:
        super().__init__(str(error))
        self.__dict__["exit_code"] = error.exit_code  # click declares it for the class


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is needed."""

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
        except (Exception, KeyboardInterrupt) as error:
            number = error.number if isinstance(error, Stopped) else signal_received()
            if number or isinstance(error, KeyboardInterrupt):
                raise _stopped(ctx, number or signal.SIGINT) from error
            if isinstance(error, AggregatorError):
                raise _PrintedError(error) from error
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                message = "Its disk is full, so the output cannot be written; free some space."
                raise _PrintedError(CommandError(message)) from error
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        ctx.meta[RUNS_UNTIL_STOPPED] = args[:1] in (["run"], ["serve"], ["demo"]) or (
            args[:1] == ["ingest"] and "--loop" in args
        )
        if args[0] not in COMMANDS and (similar := difflib.get_close_matches(args[0], COMMANDS, 1)):
            ctx.fail(f"No such command {args[0]!r}; did you mean {similar[0]!r}?")
        return super().resolve_command(ctx, args)


def _stopped(ctx: click.Context, number: int) -> click.exceptions.Exit:
    """The end of a command that a signal has stopped."""
    with contextlib.suppress(OSError):  # the terminal may be gone
        click.echo("Stopped.", err=True)
    return click.exceptions.Exit(
        0 if ctx.meta.get(RUNS_UNTIL_STOPPED) else SIGNAL_EXIT_CODE + number
    )


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "path",
    type=NonEmptyPath(dir_okay=False, path_type=Path),
    default=Path("feeds.toml"),
    show_default=True,
    help="Configuration file with the sources and topics.",
)
@click.version_option(__version__, prog_name="aggregator")
@click.pass_context
def main(ctx: click.Context, path: Path) -> None:
    """Collect articles from partner outlets and publish each story once, by topic.

    Sources and topics are configured in feeds.toml; docs/feeds-toml.md explains each key.

    \b
    First steps:
      aggregator check      check feeds.toml
      aggregator ingest     fetch the sources that are due, once
      aggregator run        keep fetching, and serve the site
    """
    if Path(__file__).resolve().parents[2] != Path.cwd():
        # No process that this one starts imports code from the current folder, where feeds.toml
        # and downloads may lie.
        os.environ["PYTHONSAFEPATH"] = "1"
    stop_on_signals()
    ctx.obj = path
