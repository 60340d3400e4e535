"""Files in which everything has another name: an outlet that moved to another system.

Recognised --rebind(stored)--> Recognised with doubts --clean--> settle --> without
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.ingest.addresses import is_telling, path_of
from aggregator.ingest.identity import Recognised, is_of
from aggregator.ingest.naming import Named, title_words, without_tags, words
from aggregator.model import Entry, Known, Rejected

__all__ = ["is_renamed", "rebind", "settle"]

FEW = 2
"""Entries that are new together need no suspicion."""


def is_renamed(found: Recognised) -> bool:
    """True if so much of a file has a new name that its outlet may have renamed everything."""
    strange = len(found.new) + found.renamed
    return bool(found.new) and strange > FEW and strange > len(found.claimed) - found.renamed


def rebind(found: Recognised, stored: Sequence[Known]) -> Recognised:
    """The same, with entries recognised that only their new names made new.

    All ids change at once when an outlet moves to another system (reader#322). Then an entry
    is a stored one that the file does not list by its old name, if the paths of their links
    are the same, or their titles are. This is believed only if most of what has a new name is
    old, since a title alone is never enough; and where the dates differ (a move makes local
    time out of UTC), it is doubtful until `settle` has compared the texts.
    """
    missing = [known for known in stored if known.entry not in found.claimed]
    by_path = _unique((path_of(known.link), known) for known in missing)
    by_title = _unique((words(known.title), known) for known in missing)
    paths = Counter(path_of(item.entry.link) for item in found.new)
    titles = Counter(title_words(item.entry) for item in found.new)
    bound: list[tuple[Named, Known]] = []
    rest: list[Named] = []
    taken: set[int] = set()
    doubtful: set[int] = set()
    for item in found.new:
        path, title = path_of(item.entry.link), title_words(item.entry)
        match = by_path.get(path) if paths[path] == 1 and is_telling(path) else None
        if match is None and titles[title] == 1:
            match = by_title.get(title)
            is_redated = isinstance(item.entry.published, datetime)
            if match and is_redated and not is_of(match.published, item.entry):
                doubtful.add(match.entry)
        if match is None or match.entry in taken:
            rest.append(item)
        else:
            taken.add(match.entry)
            bound.append((item, match))
    if len(bound) + found.renamed <= len(rest):
        return found
    return replace(
        found,
        new=tuple(rest),
        again=(*found.again, *(pair for pair in bound if pair[1].is_published)),
        known=found.known + sum(not known.is_published for _, known in bound),
        claimed=found.claimed | taken,
        doubtful=frozenset(doubtful & taken),
    )


def settle(
    found: Recognised,
    cleaned: Sequence[Entry | Rejected],
    stored: Mapping[int, Entry],
) -> tuple[Recognised, list[Entry | Rejected]]:
    """The same without doubts: a doubtful entry is the stored one if it reads as that does,
    else it is new. `cleaned` are `found.new` and `found.again`, in order."""
    if not found.doubtful:
        return found, list(cleaned)
    count = len(found.new)
    new = list(zip(found.new, cleaned[:count], strict=True))
    again = []
    for (item, known), entry in zip(found.again, cleaned[count:], strict=True):
        if known.entry in found.doubtful and not _reads_as(entry, stored[known.entry]):
            new.append((item, entry))
        else:
            again.append(((item, known), entry))
    settled = replace(
        found, new=tuple(item for item, _ in new), again=tuple(pair for pair, _ in again)
    )
    return settled, [entry for _, entry in (*new, *again)]


def _reads_as(entry: Entry | Rejected, stored: Entry) -> bool:
    """True if title, teaser, text and files are the same, wherever their links lead."""
    return isinstance(entry, Entry) and _text_of(entry) == _text_of(stored)


def _text_of(entry: Entry) -> tuple[object, ...]:
    files = tuple(path_of(file.url) for file in entry.enclosures)
    return entry.title, entry.summary, words(without_tags(entry.content)), files


def _unique(pairs: Iterable[tuple[str, Known]]) -> dict[str, Known]:
    """What each name stands for, without empty names and names of several."""
    listed = [(name, known) for name, known in pairs if name]
    counts = Counter(name for name, _ in listed)
    return {name: known for name, known in listed if counts[name] == 1}
