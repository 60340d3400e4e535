"""Clusters become stories: which keeps its id, which entry leads, and why they are one article."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType

from aggregator.ingest.dedupe.cluster_settings import ClusterSettings
from aggregator.ingest.dedupe.clustering import Cluster, cluster_entries
from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.repeats import repeated
from aggregator.ingest.dedupe.similarity import (
    compare,
    is_headline_of,
    is_match_allowed,
    is_still_similar,
    stock_phrases,
)
from aggregator.ingest.dedupe.takedown_copies import does_takedown_spread
from aggregator.model import (
    MANUAL,
    Entry,
    EntryKeyKind,
    Match,
    MatchKind,
    Story,
    StoryNeighbourhood,
)
from aggregator.text.canonical import canonical_url
from aggregator.text.urls import is_on_site

__all__ = ["ClusterResult", "cluster", "derive_story_id"]

MAX_PUBLIC_ID_CHARS = 500
_IRI = re.compile(
    r"https?://[a-z0-9.-]+(:\d+)?/\S+"
    r"|tag:[a-z0-9.@_-]+,\d{4}(-\d\d){0,2}:\S+"  # RFC 4151
    r"|urn:[a-z0-9-]+:\S+",
    re.ASCII | re.IGNORECASE,
)
_UNSAFE_IN_IRI = re.compile(r'[<>"{}|\\^`%\s]|[^\x21-\x7e]')
_STORY_ID_PREFIXES = {
    EntryKeyKind.URL: "address", EntryKeyKind.HASH: "text", EntryKeyKind.POSITION: "nothing",
}  # fmt: skip
"""Prefixes of the text that story ids are derived from, where they differ from the kind of the key.
They must never change, for story URLs are permanent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterResult:
    """Result of clustering: new or changed stories, new matches, and merged story id -> id of the
    story it was merged into.

    `dropped_matches` are pairs of entry ids that no longer match. `stored_stories` are the stories
    as they are stored, `unmerged_ids` the ids of those that had been merged into another one.
    `takedown_copies` maps new entries to the id of the story that was taken down and that they are
    a copy of.
    """

    stories: tuple[Story, ...]
    matches: tuple[Match, ...] = ()
    dropped_matches: Set[tuple[int, int]] = frozenset()
    merged_into: Mapping[str, str] = field(default_factory=dict)
    stored_stories: Mapping[str, Story] = field(default_factory=dict)
    unmerged_ids: Set[str] = frozenset()
    takedown_copies: Mapping[int, str] = field(default_factory=dict)


def cluster(
    entries: Sequence[Entry],
    neighbourhood: StoryNeighbourhood,
    settings: ClusterSettings,
    *,
    candidates: Mapping[int, Collection[int]] | None = None,
    existing_public_ids: Set[str] = frozenset(),
    continued_by: Mapping[str, int] = MappingProxyType({}),
    is_first_import: bool = False,
) -> ClusterResult:
    """Cluster new or revised entries with stored ones, and update their stories.

    Without entries, the stories of the neighbourhood are clustered by its matches. `candidates`
    maps the id of each entry to the stored entries to compare it with. `continued_by` maps the id
    of a story to the entry whose cluster continues it, in place of its lead. On a source's first
    import its stories are listed at their own dates, so that an archive does not push fresh news
    out of a feed.
    """
    settings = replace(settings, now=settings.now.replace(microsecond=0))  # as it will be stored
    stored = {entry.entry_id: entry for story in neighbourhood.stories for entry in story.entries}
    listed = {
        entry.entry_id: entry
        for story in neighbourhood.stories
        if story.id not in neighbourhood.unlisted_ids
        for entry in story.entries
    }
    taken_down = neighbourhood.taken_down_entry_ids
    known = listed | {entry.entry_id: entry for entry in entries}
    found = tuple(_find_matches(entries, known, taken_down, candidates or {}, settings))
    revised = {entry.entry_id: entry for entry in entries if entry.entry_id in stored}
    dropped = frozenset(_dropped_matches(revised, listed, neighbourhood.matches))
    present = stored | {entry.entry_id: entry for entry in entries}
    matches = _current_matches(neighbourhood.matches, found, dropped)
    clusters = cluster_entries([*present.values()], matches)
    assigned, merged_into = _assign_stories(clusters, neighbourhood, continued_by)
    stored_stories = {
        story.id: story for story in (*neighbourhood.merged_stories, *neighbourhood.stories)
    }
    used_ids = {*existing_public_ids, *stored_stories}
    unmerged_ids = frozenset(story.id for story in neighbourhood.merged_stories)
    stories = []
    for index, members in enumerate(clusters):
        story = assigned.get(index)
        if story is None:
            created = _new_story(members, used_ids, settings, is_first_import=is_first_import)
            used_ids |= {created.id, created.public_id}
            stories.append(created)
            continue
        updated = _update_story(story, members, settings)
        if updated != story or story.id in unmerged_ids:
            stories.append(updated)
    return ClusterResult(
        stories=tuple(stories),
        matches=found,
        dropped_matches=dropped,
        merged_into=merged_into,
        stored_stories=stored_stories,
        unmerged_ids=unmerged_ids,
    )


# ---- matches


def _find_matches(
    entries: Sequence[Entry],
    known: Mapping[int, Entry],
    taken_down: Set[int],
    candidates: Mapping[int, Collection[int]],
    settings: ClusterSettings,
) -> Iterator[Match]:
    """The matches between entries and their candidates, of which some were taken down."""
    for entry in entries:
        if entry.entry_id in taken_down:
            continue  # what its outlet makes of it now must not hide what others publish
        features = TextFeatures(entry, settings.source_of(entry))
        others = [
            TextFeatures(known[id_], settings.source_of(known[id_]))
            for id_ in candidates.get(entry.entry_id, ())
            if id_ in known
        ]
        own = [other for other in others if other.entry.source == entry.source]
        for other in others:
            is_down = other.entry.entry_id in taken_down
            if other.entry.source == entry.source:
                rest = [each for each in own if each is not other]
                match = None if is_down else repeated(features, other, rest)
            else:
                match = _evidence(features, other, others, settings)
                if match and is_down and not does_takedown_spread(match, features, other, settings):
                    continue
            allowed_by = (settings.source_of(e).dedupe for e in (entry, other.entry))
            if match and all(is_match_allowed(match, setting) for setting in allowed_by):
                yield match


def _evidence(
    one: TextFeatures,
    other: TextFeatures,
    others: Sequence[TextFeatures],
    settings: ClusterSettings,
) -> Match | None:
    """The match of two entries of different outlets; what they share with other articles of their
    outlets is no evidence."""
    match = compare(one, other, settings.window)
    if match is None or match.kind is not MatchKind.TEXT:
        return match
    if not (stock := stock_phrases(one, other, others)):
        return match
    return compare(replace(one, stock=stock), replace(other, stock=stock), settings.window)


def _dropped_matches(
    revised: Mapping[int, Entry], stored: Mapping[int, Entry], matches: Sequence[Match]
) -> Iterator[tuple[int, int]]:
    """Pairs of entries that no longer match because an outlet has rewritten one of them.

    Entries that are still a little similar stay together, so that readers do not see one story
    twice.
    """
    for match in matches:
        pair = match.entry_a, match.entry_b
        if match.kind in MANUAL or revised.keys().isdisjoint(pair):
            continue
        one, other = (revised.get(id_) or stored.get(id_) for id_ in pair)
        if one and other and not is_still_similar(TextFeatures(one), TextFeatures(other)):
            yield pair


def _current_matches(
    known: Sequence[Match], found: Sequence[Match], dropped: Set[tuple[int, int]]
) -> list[Match]:
    """All matches after this run: new evidence replaces old, but not an operator's decision."""
    current: dict[tuple[int, int], Match] = {}
    kept = (match for match in known if (match.entry_a, match.entry_b) not in dropped)
    for match in (*kept, *found):
        pair = match.entry_a, match.entry_b
        before = current.get(pair)
        if before is None or before.kind not in MANUAL:
            current[pair] = match
    return [*current.values()]


# ---- from clusters to stories


def _assign_stories(
    clusters: Sequence[Cluster],
    neighbourhood: StoryNeighbourhood,
    continued_by: Mapping[str, int],
) -> tuple[dict[int, Story], dict[str, str]]:
    """The stored story that each cluster continues (index -> story), and the stories that are
    merged into another one (id -> id).

    Of several stories in a cluster, the one that readers saw first stays; of several clusters that
    were one story, the one with its lead continues it, or with its entry in `continued_by`. A story
    that was merged before is on its own again if its lead is in a cluster that continues no other
    story.
    """
    index_of = {
        entry.entry_id: index for index, members in enumerate(clusters) for entry in members.entries
    }
    assigned: dict[int, Story] = {}
    merged: dict[str, Story] = {}
    published = neighbourhood.published_ids
    for story in sorted(
        neighbourhood.stories, key=lambda story: (story.id not in published, story.first_seen_at)
    ):
        duplicates = sorted(entry.entry_id for entry in story.duplicates)
        first = continued_by.get(story.id, story.lead.entry_id)
        indexes = [index_of[id_] for id_ in (first, story.lead.entry_id, *duplicates)]
        free = next((index for index in indexes if index not in assigned), None)
        if free is None:
            merged[story.id] = assigned[indexes[0]]
        else:
            assigned[free] = story
    story_of = {e.entry_id: story.id for story in neighbourhood.stories for e in story.entries}
    for story in neighbourhood.merged_stories:
        lead_id = story.lead.entry_id
        target = assigned.setdefault(index_of[lead_id], story)
        if target is not story and target.id != story_of[lead_id]:
            merged[story.id] = target  # not the one that it was merged into before
    return assigned, {id_: story.id for id_, story in merged.items()}


def _new_story(
    members: Cluster, used_ids: Set[str], settings: ClusterSettings, *, is_first_import: bool
) -> Story:
    """A new story, with ids from its first entry. `used_ids` are those of other stories."""
    first, now = min(members.entries, key=_arrival_order), settings.now
    id_ = derive_story_id(first, used_ids)
    story = Story(
        id=id_,
        public_id=_public_id(first, used_ids, settings.authority, id_, now),
        lead=first,
        published=first.published,
        updated=first.published,
        listed_at=min(first.published, now) if is_first_import else now,
        first_seen_at=now,
    )
    return story if len(members.entries) == 1 else _update_story(story, members, settings)


def _update_story(story: Story, members: Cluster, settings: ClusterSettings) -> Story:
    """The story with the entries of a cluster. Its ids and its place stay; a change of its lead is
    an update for readers who have seen the first one."""
    lead = _choose_lead(story, members.entries, settings)
    duplicates = sorted((e for e in members.entries if e is not lead), key=_arrival_order)
    is_update = lead.entry_id != story.lead.entry_id and story.first_seen_at != settings.now
    return replace(
        story,
        lead=lead,
        duplicates=tuple(duplicates),
        updated=settings.now if is_update else story.updated,
        reasons=tuple(_match_sentence(match, members.entries) for match in members.matches),
    )


def _choose_lead(story: Story, entries: Sequence[Entry], settings: ClusterSettings) -> Entry:
    """The entry of the outlet that wrote the article: the one that others credit.

    If none is credited, the source's `precedence` decides, then whether the entry is on the
    outlet's own site, then which was published first, as far as that is proven. Once readers have
    seen the story, only a credited entry replaces its lead. What links to another listed outlet's
    site never leads.
    """
    if len(entries) == 1:
        return entries[0]
    credited = {entry.entry_id: _is_credited(entry, entries, settings) for entry in entries}
    best = min(
        entries,
        key=lambda entry: (
            settings.is_on_other_site(entry),
            not credited[entry.entry_id],
            -settings.source_of(entry).precedence,
            not is_on_site(entry.canonical_url, settings.source_of(entry).site),
            settings.proven_date(entry),
            entry.published,
            _arrival_order(entry),
        ),
    )
    current = next((e for e in entries if e.entry_id == story.lead.entry_id), None)
    is_unseen = current is None or story.first_seen_at == settings.now
    if is_unseen or (current and credited[best.entry_id] > credited[current.entry_id]):
        return best
    assert current is not None
    return current


def _is_credited(entry: Entry, entries: Sequence[Entry], settings: ClusterSettings) -> bool:
    """True if another source says that the article comes from this one: by an address, by the name
    at the end of its title, or by a link to its site."""
    source = settings.source_of(entry)
    others = [other for other in entries if other.source != entry.source]
    named = {url for other in others for url in other.source_urls}
    if named and not named.isdisjoint({entry.canonical_url, canonical_url(source.feed)}):
        return True
    return any(
        is_on_site(other.canonical_url, source.site) or is_headline_of(other, entry, source.name)
        for other in others
    )


def _arrival_order(entry: Entry) -> int:
    """The sort key of entries by arrival: their ids grow."""
    return entry.entry_id


def _match_sentence(match: Match, entries: Sequence[Entry]) -> str:
    ids = (match.entry_a, match.entry_b)
    first, second = sorted((e for e in entries if e.entry_id in ids), key=_arrival_order)
    return f"{second.source} and {first.source}: {match.reason}"


# ---- ids


def derive_story_id(entry: Entry, used_ids: Set[str] = frozenset()) -> str:
    """The id of the story that an entry begins, for its URL: 16 hex digits, the same each time.

    It is derived from the source and the entry's strongest key, so an article that was deleted here
    and returns gets its old URL. If the id is one of `used_ids`, another one is derived.
    """
    if entry.keys:
        kind, value = entry.keys[0]
        name = f"{_STORY_ID_PREFIXES.get(kind, kind)} {value}"
    else:
        name = f"row {entry.entry_id}"  # a stored entry, which is loaded without keys
    while (id_ := _hash(f"{entry.source}\n{name}")) in used_ids:
        name = f"{name} again"
    return id_


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _public_id(entry: Entry, used_ids: Set[str], authority: str, id_: str, now: datetime) -> str:
    """The outlet's own id if it is valid in Atom (RFC 4287, section 4.2.6: an id outlives
    republication), else a tag URI; either is stored forever."""
    is_iri = (
        len(entry.id) <= MAX_PUBLIC_ID_CHARS
        and _IRI.fullmatch(entry.id)
        and not _UNSAFE_IN_IRI.search(entry.id)
    )
    if is_iri and entry.id not in used_ids:
        return entry.id
    return f"tag:{authority},{now.year}:story/{id_}"
