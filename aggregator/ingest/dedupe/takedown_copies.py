"""Copies of what was taken down, which must not come back under another name.

A takedown holds for its own outlet. To another outlet it spreads only with evidence that no outlet
can make up about what another will publish.
"""

from collections.abc import Collection, Mapping, Sequence

from aggregator.ingest.dedupe.cluster_settings import ClusterSettings
from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.repeats import is_same_article_again
from aggregator.ingest.dedupe.similarity import (
    compare,
    do_words_agree,
    is_match_allowed,
)
from aggregator.model import Entry, Match, MatchKind, Story
from aggregator.text.urls import is_on_site

__all__ = ["does_takedown_spread", "takedown_copies"]


def takedown_copies(
    entries: Sequence[Entry],
    shared: Mapping[int, Collection[int]],
    taken_down: Mapping[int, Story],
    settings: ClusterSettings,
) -> dict[int, str]:
    """New entries that are copies of one that was taken down: entry id -> id of its story.

    A taken-down story must not come back under another name, even from its own outlet. `shared`
    maps each new entry to those that it shares URLs or fingerprints with; `taken_down` maps those
    that were taken down to their stories.
    """
    others = {
        id_: next(entry for entry in story.entries if entry.entry_id == id_)
        for id_, story in taken_down.items()
    }
    return {
        entry.entry_id: taken_down[id_].id
        for entry in entries
        for id_ in shared.get(entry.entry_id, ())
        if id_ in others and _is_copy(entry, others[id_], settings)
    }


def _is_copy(entry: Entry, other: Entry, settings: ClusterSettings) -> bool:
    """True if both are one article; for two sources, as far as their `dedupe` settings allow."""
    one, taken_down = (TextFeatures(each, settings.source_of(each)) for each in (entry, other))
    if entry.source == other.source:
        return is_same_article_again(one, taken_down)
    match = compare(one, taken_down, settings.window)
    if match is None or not does_takedown_spread(match, one, taken_down, settings):
        return False
    sources = [settings.sources[e.source] for e in (entry, other) if e.source in settings.sources]
    return all(is_match_allowed(match, s.dedupe) for s in sources)


def does_takedown_spread(
    match: Match, one: TextFeatures, taken_down: TextFeatures, settings: ClusterSettings
) -> bool:
    """True if a match makes an entry of another outlet a copy of one that was taken down.

    An address does only if it is on the site of the outlet that was taken down, and the words
    agree. Else an outlet could hide what another will publish, by naming its future address.
    """
    if match.kind not in (MatchKind.ADDRESS, MatchKind.ATTRIBUTION):
        return True
    entry, url = taken_down.entry, taken_down.entry.canonical_url
    is_own = is_on_site(url, settings.source_of(entry).site)
    is_named = url in (one.entry.canonical_url, *one.entry.source_urls)
    return is_own and is_named and do_words_agree(one, taken_down)
