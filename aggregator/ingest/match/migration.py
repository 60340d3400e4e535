"""Files in which everything has another name: an outlet that moved to another system.

Recognised --rebind(stored)--> Recognised with doubts --clean--> settle --> without
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.ingest.match.keys import KeyedEntry, normalise_words, strip_tags, title_words
from aggregator.ingest.match.matcher import MatchResult, is_published_at
from aggregator.model import Entry, Rejected, StoredEntry
from aggregator.text.urls import is_distinctive_path, path_without_host

__all__ = ["confirm_rebound", "looks_migrated", "rebind_by_path_and_title"]

MAX_UNSUSPICIOUS_NEW = 2
"""Entries that are new together need no suspicion."""


def looks_migrated(found: MatchResult) -> bool:
    """True if so much of a file has a new name that its outlet may have renamed everything."""
    strange = len(found.new) + found.renamed_count
    return (
        bool(found.new)
        and strange > MAX_UNSUSPICIOUS_NEW
        and strange > len(found.matched_ids) - found.renamed_count
    )


def rebind_by_path_and_title(found: MatchResult, stored: Sequence[StoredEntry]) -> MatchResult:
    """The same, with entries recognised that only their new names made new.

    All ids change at once when an outlet moves to another system (reader#322). Then an entry
    is a stored one that the file does not list by its old name, if the paths of their links
    are the same, or their titles are. This is believed only if most of what has a new name is
    old, since a title alone is never enough; and where the dates differ (a move makes local
    time out of UTC), it is doubtful until `settle` has compared the texts.
    """
    missing = [known for known in stored if known.entry_id not in found.matched_ids]
    by_path = _unique((path_without_host(known.url), known) for known in missing)
    by_title = _unique((normalise_words(known.title), known) for known in missing)
    paths = Counter(path_without_host(item.entry.url) for item in found.new)
    titles = Counter(title_words(item.entry) for item in found.new)
    bound: list[tuple[KeyedEntry, StoredEntry]] = []
    rest: list[KeyedEntry] = []
    taken: set[int] = set()
    doubtful: set[int] = set()
    for item in found.new:
        path, title = path_without_host(item.entry.url), title_words(item.entry)
        match = by_path.get(path) if paths[path] == 1 and is_distinctive_path(path) else None
        if match is None and titles[title] == 1:
            match = by_title.get(title)
            is_redated = isinstance(item.entry.published, datetime)
            if match and is_redated and not is_published_at(match.published, item.entry):
                doubtful.add(match.entry_id)
        if match is None or match.entry_id in taken:
            rest.append(item)
        else:
            taken.add(match.entry_id)
            bound.append((item, match))
    if len(bound) + found.renamed_count <= len(rest):
        return found
    return replace(
        found,
        new=tuple(rest),
        changed=(*found.changed, *(pair for pair in bound if pair[1].is_published)),
        unchanged_count=found.unchanged_count + sum(not known.is_published for _, known in bound),
        matched_ids=found.matched_ids | taken,
        unconfirmed_ids=frozenset(doubtful & taken),
    )


def confirm_rebound(
    found: MatchResult,
    cleaned: Sequence[Entry | Rejected],
    stored: Mapping[int, Entry],
) -> tuple[MatchResult, list[Entry | Rejected]]:
    """The same without doubts: a doubtful entry is the stored one if it reads as that does,
    else it is new. `cleaned` are `found.new` and `found.again`, in order."""
    if not found.unconfirmed_ids:
        return found, list(cleaned)
    count = len(found.new)
    new = list(zip(found.new, cleaned[:count], strict=True))
    again = []
    for (item, known), entry in zip(found.changed, cleaned[count:], strict=True):
        if known.entry_id in found.unconfirmed_ids and not _has_same_text(
            entry, stored[known.entry_id]
        ):
            new.append((item, entry))
        else:
            again.append(((item, known), entry))
    settled = replace(
        found, new=tuple(item for item, _ in new), changed=tuple(pair for pair, _ in again)
    )
    return settled, [entry for _, entry in (*new, *again)]


def _has_same_text(entry: Entry | Rejected, stored: Entry) -> bool:
    """True if title, teaser, text and files are the same, wherever their links lead."""
    return isinstance(entry, Entry) and _text_of(entry) == _text_of(stored)


def _text_of(entry: Entry) -> tuple[object, ...]:
    files = tuple(path_without_host(file.url) for file in entry.enclosures)
    return entry.title, entry.summary, normalise_words(strip_tags(entry.content)), files


def _unique(pairs: Iterable[tuple[str, StoredEntry]]) -> dict[str, StoredEntry]:
    """What each name stands for, without empty names and names of several."""
    listed = [(name, known) for name, known in pairs if name]
    counts = Counter(name for name, _ in listed)
    return {name: known for name, known in listed if counts[name] == 1}
