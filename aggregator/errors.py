"""Every error that we raise on purpose.

Each says in one sentence what is wrong and what to do next, and the command line
shows that sentence alone::

    AggregatorError
    ├── ConfigError         feeds.toml cannot be used; carries every Problem found
    ├── UnknownName         no source or topic of that id
    ├── UnknownStory        no story or article of that id
    ├── CannotLearn         the libraries that learning takes are not installed
    ├── WrongParameter      an address asks for what cannot be meant
    ├── QueryError          a match rule does not parse; knows the character
    ├── ServeError          the web server cannot start
    ├── WriteError          a folder or file to publish into cannot be written
    └── StoreError
        ├── StoreUnavailable   the database cannot be opened, read or written
        ├── StoreBusy          another ingest is at work on it
        └── StoreTooNew        it was written by a later version of this program

What a partner outlet does wrong is no error here but a value (`model.Failed`,
`model.Rejected`): it costs only itself.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class AggregatorError(Exception):
    """The root: catching it catches all that is foreseen, and no bug."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigIssue:
    """One thing wrong in feeds.toml: where, what was found, what is accepted.

    `line` counts from 1; 0 means the file as a whole.
    """

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"


class ConfigError(AggregatorError):
    """feeds.toml cannot be used; `problems` lists all of them, in line order."""

    exit_code = 1

    def __init__(self, path: str, problems: Iterable[ConfigIssue]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.key)))
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{path} has {count} problem{'s' if count != 1 else ''}:\n{lines}")


class UnknownName(AggregatorError):
    """No source or topic of that id is listed."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."
        super().__init__(f"There is no {kind} {name!r} in feeds.toml; {hint}")


class UnknownStory(AggregatorError):
    """No story, or no article of one, is known by that id."""

    def __init__(self, kind: str, name: str, hint: str) -> None:
        super().__init__(f"There is no {kind} {name!r}; {hint}")


class MissingExtra(AggregatorError):
    """The libraries that learning takes are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Learning takes scikit-learn and WordLlama; install aggregator with its extra, as "
            '`make install` does or `pip install ".[learn]"` in its folder, or set learn = "off" '
            "for all topics."
        )


class QueryError(AggregatorError):
    """A query does not parse; `position` is the offending character, from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class BadRequest(AggregatorError):
    """An address asks for what cannot be meant; whoever asked is told so (400)."""


class ServeError(AggregatorError):
    """The web server cannot start."""


class WriteError(AggregatorError):
    """A file to publish cannot be written."""


class StoreError(AggregatorError):
    """The database cannot be used."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another ingest is at work on the database; it will be free again."""


class StoreTooNew(StoreError):
    """The database was written by a later version of this program."""
