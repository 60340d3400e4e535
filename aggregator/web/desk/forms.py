"""Fields of the desk's forms, with what is wrong at the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name and label, the values and problems of the form by name, a hint, the lines
    of a text area, and the choices of a selection, value and label."""

    name: str
    label: str
    given: Mapping[str, str]
    problems: Mapping[str, str]
    hint: str = ""
    lines: int = 0
    choices: Sequence[tuple[str, str]] = ()

    @property
    def value(self) -> str:
        """What was given."""
        return self.given.get(self.name, "")

    @property
    def problem(self) -> str:
        """What is wrong with it, in a sentence."""
        problem = self.problems.get(self.name, "")
        return f"{problem[:1].upper()}{problem[1:]}" if problem else ""
