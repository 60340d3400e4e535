"""The exception tree: every error that is raised on purpose.

Each message says in one sentence what is wrong and what to do next, and the command line prints
that sentence alone::

    AggregatorError
    ├── ConfigError         feeds.toml cannot be used; carries every ConfigIssue found
    ├── UnknownName         no source or topic has that id
    ├── UnknownStory        no story or article has that id
    ├── CommandError        a command cannot do what it was asked to
    ├── MissingExtra        the libraries that learning needs are not installed
    ├── BadRequest          a URL asks for something invalid; HTTP 400
    ├── Overloaded          a request costs too much right now; HTTP 503
    ├── QueryError          a query does not parse; has the position of the character
    ├── OpmlError           a file is not a list of feeds in OPML
    ├── ServeError          the web server cannot start
    ├── MailError           a mail was not accepted
    ├── ClockError          the clock is probably wrong, so nothing is fetched
    ├── WriteError          a folder or file cannot be written
    │   └── FileChanged        feeds.toml has changed since an operator began to edit it
    └── StoreError
        ├── StoreUnavailable   the database cannot be opened, read or written
        ├── StoreBusy          another process is using the database
        ├── StoreTooNew        the database was written by a later version of this program
        └── StoreTooOld        the database was written by a development version before 0.2.0

A source that fails raises nothing: its failure is a value (`model.Failed`, `model.Rejected`) and
does not affect the other sources.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class AggregatorError(Exception):
    """The base class: catching it catches every expected error, but no bug."""

    exit_code = 2
    """Exit code of a command that ends with this error."""


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
    """feeds.toml cannot be used; `issues` lists everything that is wrong, in line order."""

    exit_code = 1

    def __init__(self, path: str, issues: Iterable[ConfigIssue]) -> None:
        self.path = path
        self.issues = tuple(sorted(issues, key=lambda issue: (issue.line, issue.key)))
        count = len(self.issues)
        if count == 1 and not self.issues[0].key and not self.issues[0].line:
            super().__init__(f"{path} {self.issues[0].message}.")
            return
        lines = "\n".join(f"  {issue}" for issue in self.issues)
        super().__init__(f"{path} has {count} problem{'s' if count != 1 else ''}:\n{lines}")


class UnknownName(AggregatorError):
    """No source or topic has that id."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."
        super().__init__(f"There is no {kind} {name!r} in feeds.toml; {hint}")


class UnknownStory(AggregatorError):
    """No story or article has that id."""

    def __init__(self, kind: str, name: str, hint: str) -> None:
        super().__init__(f"There is no {kind} {name!r}; {hint}")


class CommandError(AggregatorError):
    """A command cannot do what it was asked to; nothing has changed."""


class MissingExtra(AggregatorError):
    """The libraries that learning needs are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Learning needs scikit-learn and WordLlama; install them with `make install-learn`, or "
            'with `pip install ".[learn]"` in the folder of aggregator, or set learn = "off" for '
            "all topics."
        )


class QueryError(AggregatorError):
    """A query does not parse; `position` is the offending character, from 0.

    `message` is a gettext message, in which `values` replace `%(name)s`, as in RefusedRequest.
    """

    def __init__(self, message: str, position: int = 0, **values: object) -> None:
        self.values = {**values, "position": position + 1}
        super().__init__(message % self.values)
        self.message = message
        self.position = position


class RefusedRequest(AggregatorError):
    """A request is refused; the message goes to the client.

    `message` is a gettext message, in which `values` replace `%(name)s`: pages show it in the
    language of the site, programs get it in English.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values


class BadRequest(RefusedRequest):
    """A request asks for something invalid (HTTP 400)."""


class Overloaded(RefusedRequest):
    """A request costs too much right now (HTTP 503)."""


class OpmlError(AggregatorError):
    """A file is not a list of feeds in OPML."""


class ServeError(AggregatorError):
    """The web server cannot start."""


class MailError(AggregatorError):
    """A mail server did not accept a mail, or cannot be used."""


class BadAddress(AggregatorError):
    """An address that no digest is sent to: it is "malformed", or "disposable"."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class TooManySignUps(AggregatorError):
    """More people have signed up for the digest than a site can believe."""


class ClockError(AggregatorError):
    """The clock is probably wrong: what is saved now would get wrong times for good.

    `kind` is that of the incident by which /healthz reports it.
    """

    kind = "clock"


class ClockDisputed(ClockError):
    """Most outlets' servers disagree with the clock."""

    kind = "clock_disputed"


class WriteError(AggregatorError):
    """A file cannot be written."""


class FileChanged(WriteError):
    """A file has changed since an operator began to edit it."""

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} has changed since you began to edit it; nothing was saved. Make your change "
            "again, in the new text."
        )


class StoreError(AggregatorError):
    """The database cannot be used."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another process is using the database; try again later."""


class StoreTooNew(StoreError):
    """The database was written by a later version of this program."""


class StoreTooOld(StoreError):
    """The database was written by a development version before 0.2.0."""
