"""The command line: one small file per group of commands.

A command's module is imported only when that command runs, so that `--help` is quick and worker
processes stay small.
"""

from __future__ import annotations

import contextlib
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

SECTIONS = {
    "Set up": {
        "init": ("init", "Write the feeds.toml of a new newsroom."),
        "add": ("add", "Add outlets, by the address of their site or feed."),
        "import": ("opml", "Add the feeds of an OPML file, as feed readers export them."),
        "export": ("opml", "Write the sources as OPML, for any feed reader."),
        "set": ("edit", "Change a key of a source in feeds.toml."),
        "rename": ("edit", "Give a source or topic another id; its history stays."),
        "remove": ("edit", "Remove sources from feeds.toml; their articles stay."),
        "check": ("check", "Check feeds.toml, and with --live every source too."),
        "diff": ("diff", "Show what an edited feeds.toml, or another FILE, would change."),
        "schema": ("check", "Print the JSON Schema of feeds.toml, for text editors."),
        "operator": ("operator", "Decide who may use the desk."),
        "mail": ("mail", "Try the mail server of feeds.toml."),
        "theme": ("theme", "Change how pages look: begin a theme."),
        "demo": ("demo", "Try the program with made-up outlets."),
    },
    "Every day": {
        "run": ("run", "Keep fetching and serve the site, in one command."),
        "status": ("status", "Show the newsroom on one screen: what needs you, what comes in."),
        "sources": ("sources", "Show each source's state: what is broken, since when and why."),
        "source": ("sources", "Show one source: its fetches, rhythm, errors and last articles."),
        "fetch": ("fetch", "Fetch one source now, or explain each step without saving."),
        "held": ("review", "Show the stories that are held back, and release or drop them."),
        "moved": ("review", "Show the feeds that have moved permanently."),
        "alerts": ("alerts", "Show the alerts that operators got, or with --test send a test."),
        "digest": ("digest", "Preview the digest, send it, and manage its subscribers."),
        "hub": ("hub", "Show the subscribers of our feeds, and failing deliveries."),
        "ingest": ("ingest", "Fetch the sources that are due and keep what is new."),
        "serve": ("serve", "Serve the pages and feeds."),
        "publish": ("publish", "Write every feed and page into FOLDER, for any web server."),
    },
    "Stories": {
        "search": ("search", "Show the newest stories that match a query, and where they match."),
        "post": ("post", "Publish an article that you found on the web."),
        "story": ("story", "Show a story's articles, and the evidence that they are one."),
        "merge": ("story", "Merge two stories; they stay together until `split`."),
        "split": ("story", "Split an article from its story; it stays apart until `merge`."),
        "pin": ("pin", "Put a story at the top of the home page, or of a topic."),
        "unpin": ("pin", "Undo `pin`, everywhere or in one topic."),
        "pinned": ("pin", "List the stories that are pinned, where and until when."),
        "hide": ("hide", "Take a story down everywhere, until `unhide`."),
        "unhide": ("hide", "Publish a story again, where it was before `hide`."),
        "hidden": ("hide", "List the stories that were taken down, when and why."),
    },
    "Topics": {
        "topics": ("topics", "Show the size of each topic, and rules that have fallen silent."),
        "topic": ("topic", "Try, explain and apply a topic's rule, or place stories by hand."),
    },
    "Repair": {
        "backup": ("database", "Write a consistent copy of the database to FILE."),
        "restore": ("database", "Replace the database with a backup."),
        "doctor": ("database", "Check the database, and repair it."),
    },
}
"""Section of the help -> command -> its module, which `--help` does not import, and the first line
of its help."""

COMMANDS = {name: row for group in SECTIONS.values() for name, row in group.items()}

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
        name, _ = COMMANDS[cmd_name]
        module = importlib.import_module(f"aggregator.cli.{name}")
        command: click.Command | None = getattr(module, cmd_name, None)
        return command or getattr(module, f"{cmd_name}_")  # "import" is a word of Python

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(8), line) for name, (_, line) in commands.items()])

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
                message = "The output cannot be written: the disk is full. Free some space."
                raise _PrintedError(CommandError(message)) from error
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        ctx.meta[RUNS_UNTIL_STOPPED] = args[:1] in (["run"], ["serve"], ["demo"]) or (
            args[:1] == ["ingest"] and "--loop" in args
        )
        if args[0] not in COMMANDS and (similar := _similar_command(args[0])):
            ctx.fail(f"No such command {args[0]!r}; did you mean {similar!r}?")
        return super().resolve_command(ctx, args)


def _similar_command(name: str) -> str:
    import difflib  # only for this, since it takes longer to load than the rest of this module

    return next(iter(difflib.get_close_matches(name, COMMANDS, 1)), "")


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
    type=NonEmptyPath(path_type=Path),
    default=Path("feeds.toml"),
    show_default=True,
    help="Configuration file with the sources and topics.",
)
@click.version_option(__version__, "-V", "--version", prog_name="aggregator")
@click.pass_context
def main(ctx: click.Context, path: Path) -> None:
    """Collect articles from partner outlets and publish each story once, by topic.

    Sources and topics are configured in feeds.toml; docs/feeds-toml.md, which is installed in
    share/doc/aggregator, explains each key.

    \b
    First steps, in an empty folder:
      aggregator init       write feeds.toml
      aggregator add URL    add an outlet, by the address of its site
      aggregator run        keep fetching, and serve the site
    """
    if Path(__file__).resolve().parents[2] != Path.cwd():
        # No process that this one starts imports code from the current folder, where feeds.toml
        # and downloads may lie.
        os.environ["PYTHONSAFEPATH"] = "1"
    stop_on_signals()
    ctx.obj = path
