"""Outlets that have moved to another system: documents whose ids and URLs are all new.

MatchResult --rebind_by_path_and_title(stored)--> with unconfirmed entries
            --clean--> confirm_rebound --> confirmed
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape

from aggregator.ingest.match.keys import normalise_words, title_words
from aggregator.ingest.match.matcher import MatchResult, is_published_at
from aggregator.model import Entry, KeyedEntry, Rejected, StoredEntry
from aggregator.text.boilerplate import article_text
from aggregator.text.html import strip_tags
from aggregator.text.tokens import folded_words
from aggregator.text.urls import is_distinctive_path, path_without_host

__all__ = ["confirm_rebound", "looks_migrated", "rebind_by_path_and_title"]

MIN_SHARED_PHRASES = 0.1
"""Fraction of the shorter text that two versions of an article share at least."""
MAX_USUAL_NEW_ENTRIES = 2
"""New entries that are normal in a document."""


def looks_migrated(result: MatchResult) -> bool:
    """True if so many ids of a document are new that its outlet may have changed them all."""
    unknown_count = len(result.new) + result.renamed_count
    return (
        bool(result.new)
        and unknown_count > MAX_USUAL_NEW_ENTRIES
        and unknown_count > len(result.matched_ids) - result.renamed_count
    )


def rebind_by_path_and_title(result: MatchResult, stored: Sequence[StoredEntry]) -> MatchResult:
    """Match new entries with stored ones by path or title, if most of them can be matched so.

    All ids change at once when an outlet moves to another system (reader#322). Then an entry is a
    stored one that the document does not list under its old id, if their URLs have the same path or
    if their titles are the same. A title alone is never enough, so this is done only if most of the
    new entries are old ones. Where the dates differ (a move may turn UTC into local time), a match
    is unconfirmed until `confirm_rebound` has compared the texts.
    """
    missing = [entry for entry in stored if entry.entry_id not in result.matched_ids]
    by_path = _unique((path_without_host(entry.url), entry) for entry in missing)
    by_title = _unique((normalise_words(entry.title), entry) for entry in missing)
    paths = Counter(path_without_host(item.entry.url) for item in result.new)
    titles = Counter(title_words(item.entry) for item in result.new)
    rebound: list[tuple[KeyedEntry, StoredEntry]] = []
    rest: list[KeyedEntry] = []
    matched_ids: set[int] = set()
    unconfirmed_ids: set[int] = set()
    for item in result.new:
        path, title = path_without_host(item.entry.url), title_words(item.entry)
        entry = by_path.get(path) if paths[path] == 1 and is_distinctive_path(path) else None
        if entry is None and titles[title] == 1:
            entry = by_title.get(title)
            is_dated = isinstance(item.entry.published, datetime)
            if entry and is_dated and not is_published_at(entry.published, item.entry):
                unconfirmed_ids.add(entry.entry_id)
        if entry is None or entry.entry_id in matched_ids:
            rest.append(item)
        else:
            matched_ids.add(entry.entry_id)
            rebound.append((item, entry))
    if len(rebound) + result.renamed_count <= len(rest):
        return result
    taken_down_count = sum(not entry.is_published for _, entry in rebound)
    return replace(
        result,
        new=tuple(rest),
        changed=(*result.changed, *(pair for pair in rebound if pair[1].is_published)),
        unchanged_count=result.unchanged_count + taken_down_count,
        matched_ids=result.matched_ids | matched_ids,
        unconfirmed_ids=frozenset(unconfirmed_ids & matched_ids),
    )


def confirm_rebound(
    result: MatchResult,
    cleaned: Sequence[Entry | Rejected],
    stored: Mapping[int, Entry],
) -> tuple[MatchResult, list[Entry | Rejected]]:
    """Settle unconfirmed matches and reused ids by the texts.

    An unconfirmed entry is the stored one if it has the same text, otherwise new. An entry with a
    reused id is new if its text has nothing in common with the stored one.

    `cleaned` are `result.new` and `result.changed`, in this order.
    """
    if not (result.unconfirmed_ids or result.reused_ids):
        return result, list(cleaned)
    count = len(result.new)
    new = list(zip(result.new, cleaned[:count], strict=True))
    changed = []
    for (item, entry), clean in zip(result.changed, cleaned[count:], strict=True):
        id_ = entry.entry_id
        is_other = (id_ in result.unconfirmed_ids and not _has_same_text(clean, stored[id_])) or (
            id_ in result.reused_ids and not _shares_text(clean, stored[id_])
        )
        if is_other:
            new.append((item, clean))
        else:
            changed.append(((item, entry), clean))
    settled = replace(
        result,
        new=tuple(item for item, _ in new),
        changed=tuple(pair for pair, _ in changed),
    )
    return settled, [clean for _, clean in (*new, *changed)]


def _has_same_text(entry: Entry | Rejected, stored: Entry) -> bool:
    """True if title, summary, text and files are the same; links may differ."""
    return isinstance(entry, Entry) and _text_of(entry) == _text_of(stored)


def _shares_text(entry: Entry | Rejected, stored: Entry) -> bool:
    """True if two texts have more in common than two articles have by chance."""
    if isinstance(entry, Rejected):
        return True
    one, other = sorted((_phrases(entry), _phrases(stored)), key=len)
    if not one:
        return bool(other)  # of two headlines alone, the titles have decided
    return len(one & other) >= MIN_SHARED_PHRASES * len(one)


def _phrases(entry: Entry) -> set[tuple[str, ...]]:
    """Every three words in a row of an article's own text."""
    words = folded_words(article_text(entry.content or escape(entry.summary)))
    return set(zip(words, words[1:], words[2:], strict=False))


def _text_of(entry: Entry) -> tuple[object, ...]:
    files = tuple(path_without_host(file.url) for file in entry.enclosures)
    return entry.title, entry.summary, normalise_words(strip_tags(entry.content)), files


def _unique(pairs: Iterable[tuple[str, StoredEntry]]) -> dict[str, StoredEntry]:
    """Name -> entry, without empty names and those that several entries share."""
    named = [(name, entry) for name, entry in pairs if name]
    counts = Counter(name for name, _ in named)
    return {name: entry for name, entry in named if counts[name] == 1}
