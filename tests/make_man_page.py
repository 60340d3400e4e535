"""Makes docs/aggregator.1 from the help of the commands and the table of exit codes:
`python -m tests.make_man_page`.

click-man makes a page per command, cuts summaries off and joins lines that belong apart.
"""

import re
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from aggregator import __version__
from aggregator.cli import SECTIONS, main

__all__ = ["PAGE", "man_page"]

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "aggregator.1"


def man_page() -> str:
    """The page, in the man macros of roff."""
    root = click.Context(main, info_name="aggregator")
    lines = [
        f'.TH AGGREGATOR 1 "" "aggregator {__version__}"',
        ".SH NAME",
        r"aggregator \- collect articles from partner outlets, publish each story once, by topic",
        ".SH SYNOPSIS",
        r"\fBaggregator\fR [\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]...",
        ".SH DESCRIPTION",
        *_paragraphs(main.help or ""),
        ".SH OPTIONS",
        *_options(root),
    ]
    for title, names in SECTIONS.items():
        lines.append(f'.SH "COMMANDS: {title.upper()}"')
        for name in names:
            command = main.get_command(root, name)
            assert command is not None
            lines += _command(command, root, name)
    lines += [".SH EXIT STATUS", *_exit_codes()]
    lines += [".SH SEE ALSO", _escape("docs/operating.md and docs/feeds-toml.md of the program")]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    """A command with its options; a group is followed by its commands."""
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f'.SS "{_escape(usage)}"'
    yield from _paragraphs(command.help or "")
    yield from _options(context)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            child = command.get_command(context, each)
            assert child is not None
            yield from _command(child, context, each)


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of a help text; lines after `\\b` stay apart, as click keeps them."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", cleandoc(text))):
        if number:
            yield ".PP"
        if paragraph.startswith("\b"):
            yield ".nf"
            yield from (_escape(line) for line in paragraph.split("\n")[1:])
            yield ".fi"
        else:
            yield _escape(" ".join(paragraph.split()))


def _options(context: click.Context) -> Iterator[str]:
    for option in context.command.get_params(context):
        record = option.get_help_record(context)
        if record and record[1] and "--help" not in option.opts:
            yield ".TP"
            yield rf"\fB{_escape(record[0])}\fR"
            yield _escape(" ".join(record[1].split()))


def _exit_codes() -> Iterator[str]:
    """From the table of docs/operating.md."""
    text = (DOCS / "operating.md").read_text()
    table = text.partition("| exit code | meaning |\n|---|---|\n")[2].partition("\n\n")[0]
    for row in table.splitlines():
        code, meaning = (cell.strip() for cell in row.strip("|").split("|"))
        yield from (".TP", rf"\fB{_escape(code)}\fR", _escape(meaning.replace("`", "")))


def _escape(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    return rf"\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    PAGE.write_text(man_page())
