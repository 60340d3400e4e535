"""Two changes of one text together."""

from merge3 import Merge3

from aggregator.config.key_lines import lines_of

__all__ = ["merge_changes"]


def merge_changes(base: str, one: str, other: str) -> str | None:
    """The text with what `one` and what `other` changed of `base`; None if both changed the same
    lines."""
    merged: list[str] = []
    merger = Merge3(lines_of(base), lines_of(one), lines_of(other))
    for kind, lines, *_ in merger.merge_groups():
        if kind == "conflict":
            return None
        merged += lines
    return "".join(merged)
