"""Types of command line options that click lacks."""

from typing import Any

import click

__all__ = ["NonEmptyPath", "NonEmptyText"]


class NonEmptyPath(click.Path):
    """A path that is not empty, as that of an unset variable in a script is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("The path is empty.", param, ctx)
        return super().convert(value, param, ctx)


class NonEmptyText(click.ParamType[str]):
    """A text that is not empty."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.strip():
            self.fail("It is empty.", param, ctx)
        return str(value)
