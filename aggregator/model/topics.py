"""Where stories stand and why, what operators say of it, and what topics learn."""

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "LEARNED", "Learned", "Placement", "Refiling", "Said", "Suggestion", "Taught", "Verdict",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A story stands in a topic, and why.

    `why` is a sentence for people, `by` names what places it there: the clauses of the topic's
    rule, the outlet, its category, the operator.
    """

    topic: str
    why: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refiling:
    """A stored story, by its row, comes into a topic, or out of it if there is no `placement`.

    In the topic's list it stands at the place that it has in all others, or where it would if it
    had `arrived` then.
    """

    story: int
    topic: str
    placement: Placement | None
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An operator has said `at` a time that the article of an entry, by its row, belongs into a
    topic, or not, or that the rules may decide (None)."""

    entry: int
    topic: str
    is_in: bool | None
    at: datetime


LEARNED = ("learned",)
"""By what a story was placed that looks like those of a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A stored story, by its row and its lead's, and the topics that it certainly belongs to: an
    operator, a rule, its outlet or its category says so. `is_sure` is false if nothing was ever
    said of it: a rule may have missed it. `learned` are the topics where it was only placed by
    what had been learned."""

    story: int
    lead: int
    title: str
    summary: str
    topics: frozenset[str]
    is_sure: bool
    learned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A stored story, by its row and its lead's, looks like those of a topic; `probability` is
    0 to 1."""

    story: int
    lead: int
    topic: str
    probability: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a model says of stored stories, of all up to a row."""

    up_to: int = 0
    suggested: tuple[Suggestion, ...] = ()
    filed: tuple[Refiling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned last: its version, `made` when and `of` what (a digest of settings and of
    operators' words); `judged` is the row of the last story that it has seen."""

    version: int = 0
    made: datetime | None = None
    of: str = ""
    judged: int = 0
