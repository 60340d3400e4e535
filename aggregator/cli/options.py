"""Parameter types that click lacks."""

from typing import Any

import click

__all__ = ["NonEmptyPath", "NonEmptyText"]


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
