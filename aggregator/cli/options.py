"""Parameter types, options and groups that click lacks."""

from datetime import UTC, datetime
from typing import Any

import click

__all__ = ["CommandGroup", "DateOrTime", "NonEmptyPath", "NonEmptyText", "json_option"]


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


class DateOrTime(click.ParamType[datetime]):
    """A date, or a time as ISO 8601 has it; without a zone, in UTC."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is not a date such as 2026-11-30, or a time such as "
                "2026-11-30T10:00+01:00.",
                param,
                ctx,
            )
        return found if found.tzinfo else found.replace(tzinfo=UTC)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class CommandGroup(click.Group):
    """A group whose help shows the whole first sentence of each command; click cuts it off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(500)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
