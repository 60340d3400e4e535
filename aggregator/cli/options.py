"""Parameter types, options and groups that click lacks."""

from typing import Any

import click

__all__ = ["CommandGroup", "NonEmptyPath", "NonEmptyText", "json_option"]


class NonEmptyPath(click.Path):
    """A path. An empty one is refused: it comes from an unset variable in a script, and would mean
    the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("must not be empty.", param, ctx)
        return super().convert(value, param, ctx)


class NonEmptyText(click.ParamType[str]):
    """Text that is not blank."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.strip():
            self.fail("must not be empty.", param, ctx)
        return str(value)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class CommandGroup(click.Group):
    """A group whose help shows the whole first sentence of each command; click cuts it off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(500)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
