"""Groups of entries become stories: who keeps its id, who leads, and why they are one."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aggregator.ingest.dedupe.clustering import Cluster, cluster_entries
from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.similarity import (
    COMPARISON_WINDOW,
    compare,
    is_match_allowed,
    is_still_similar,
)
from aggregator.ingest.match.keys import derive_story_id
from aggregator.model import MANUAL, Entry, Match, Source, Story, StoryNeighbourhood
from aggregator.text.urls import canonical_url, is_on_site

__all__ = ["ClusterResult", "ClusterSettings", "dedupe"]

_IRI = re.compile(
    r"https?://[a-z0-9.-]+(:\d+)?/\S+"
    r"|tag:[a-z0-9.@_-]+,\d{4}(-\d\d){0,2}:\S+"  # RFC 4151
    r"|urn:[a-z0-9-]+:\S+",
    re.ASCII | re.IGNORECASE,
)
_UNSAFE = re.compile(r'[<>"{}|\\^`%\s]|[^\x21-\x7e]')


_UNLISTED_SOURCE = Source(id="", name="", feed="", site="")
"""Stands for an outlet that has left feeds.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """By what stories are told.

    `authority` is the host name under which ids are minted (RFC 4151). Articles that were
    published further apart than `window` are not compared by their words. On a source's first
    import its stories arrive at their own dates, so that an archive does not push fresh news
    out of a feed.
    """

    sources: Mapping[str, Source]
    authority: str
    now: datetime
    window: timedelta = COMPARISON_WINDOW
    is_first_import: bool = False

    def source_of(self, entry: Entry) -> Source:
        return self.sources.get(entry.source, _UNLISTED_SOURCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterResult:
    """What comes of new entries: the stories that are new or told otherwise than before, what
    was found out, and for stories that turned out to be another one the id of that.

    `lost` are pairs of rows between which nothing is left of what bound them. `before` are the
    stories as they are stored, `revived` the ids of those that had been taken for another one.
    `down` says of new entries, by their rows, which story they are like that was taken down.
    """

    stories: tuple[Story, ...]
    matches: tuple[Match, ...] = ()
    dropped_matches: Set[tuple[int, int]] = frozenset()
    merged_into: Mapping[str, str] = field(default_factory=dict)
    stored_stories: Mapping[str, Story] = field(default_factory=dict)
    unmerged_ids: Set[str] = frozenset()
    takedown_copies: Mapping[int, str] = field(default_factory=dict)


def dedupe(
    entries: Sequence[Entry],
    kin: StoryNeighbourhood,
    candidates: Mapping[int, Collection[int]],
    taken: Set[str],
    rules: ClusterSettings,
) -> ClusterResult:
    """The stories that these new entries make or join.

    The new entries have rows below 0; one with a row of its own is stored and reads differently
    now. `kin` are the stored stories that could be the same, with all that is bound to them, and
    `candidates` says for a row which stored rows it should be compared with. `taken` are public
    ids that a story has or had.

    Without entries, the stories of `kin` are told anew by its bonds.
    """
    rules = replace(rules, now=rules.now.replace(microsecond=0))  # as it will be stored
    stored = {entry.entry_id: entry for story in kin.stories for entry in story.entries}
    heard = {
        e.entry_id: e
        for story in kin.stories
        if story.id not in kin.unlisted_ids
        for e in story.entries
    }
    found = tuple(_find_matches(entries, heard, candidates, rules))
    lost = frozenset(_dropped_matches(entries, heard, kin.matches))
    present = stored | {entry.entry_id: entry for entry in entries}
    groups = cluster_entries([*present.values()], _current_matches(kin.matches, found, lost))
    heirs, absorbed = _assign_stories(groups, kin)
    used = {*taken, *(story.id for story in (*kin.stories, *kin.merged_stories))}
    revived = frozenset(story.id for story in kin.merged_stories)
    told = []
    for place, group in enumerate(groups):
        story = heirs.get(place)
        if story is None:
            begun = _new_story(group, used, rules)
            used |= {begun.id, begun.public_id}
            told.append(begun)
        elif (retold := _update_story(story, group, rules)) != story or story.id in revived:
            told.append(retold)
    return ClusterResult(
        stories=tuple(told),
        matches=found,
        dropped_matches=lost,
        merged_into=absorbed,
        stored_stories={story.id: story for story in (*kin.merged_stories, *kin.stories)},
        unmerged_ids=revived,
    )


def _find_matches(
    entries: Sequence[Entry],
    stored: Mapping[int, Entry],
    candidates: Mapping[int, Collection[int]],
    rules: ClusterSettings,
) -> Iterator[Match]:
    """The evidence between entries and their candidates of other outlets."""
    for entry in entries:
        own = TextFeatures(entry)
        for row in candidates.get(entry.entry_id, ()):
            other = stored.get(row)
            if other is None or other.source == entry.source:
                continue
            bond = compare(own, TextFeatures(other), rules.window)
            settings = (rules.source_of(e).dedupe for e in (entry, other))
            if bond and all(is_match_allowed(bond, setting) for setting in settings):
                yield bond


def _dropped_matches(
    entries: Sequence[Entry], stored: Mapping[int, Entry], bonds: Sequence[Match]
) -> Iterator[tuple[int, int]]:
    """The evidence between stored entries that an outlet has taken back by rewriting one. What
    is still a little alike stays bound, so that readers are not told it twice."""
    rewritten = {entry.entry_id: entry for entry in entries if entry.entry_id > 0}
    for bond in bonds:
        if bond.kind in MANUAL or rewritten.keys().isdisjoint((bond.entry_a, bond.entry_b)):
            continue
        one, other = (rewritten.get(row) or stored.get(row) for row in (bond.entry_a, bond.entry_b))
        if one and other and not is_still_similar(TextFeatures(one), TextFeatures(other)):
            yield bond.entry_a, bond.entry_b


def _current_matches(
    known: Sequence[Match], found: Sequence[Match], lost: Set[tuple[int, int]]
) -> list[Match]:
    """All that binds now: new evidence takes the place of old, but of no operator's word."""
    standing: dict[tuple[int, int], Match] = {}
    for bond in (*(bond for bond in known if (bond.entry_a, bond.entry_b) not in lost), *found):
        before = standing.get((bond.entry_a, bond.entry_b))
        if before is None or before.kind not in MANUAL:
            standing[bond.entry_a, bond.entry_b] = bond
    return [*standing.values()]


def _assign_stories(
    groups: Sequence[Cluster], kin: StoryNeighbourhood
) -> tuple[dict[int, Story], dict[str, str]]:
    """Which group goes on as which story (place -> story), and which stories are no more.

    Of several stories in a group, the one that readers saw first stays; of several groups that
    were one story, the one with its lead goes on as it. A story that was wrongly taken for
    another one is itself again where its lead is alone.
    """
    place_of = {
        entry.entry_id: place for place, group in enumerate(groups) for entry in group.entries
    }
    heirs: dict[int, Story] = {}
    absorbed: dict[str, Story] = {}
    for story in sorted(
        kin.stories, key=lambda s: (s.id not in kin.published_ids, s.first_seen_at)
    ):
        others = sorted(entry.entry_id for entry in story.duplicates)
        places = [place_of[row] for row in (story.lead.entry_id, *others)]
        free = next((place for place in places if place not in heirs), None)
        if free is None:
            absorbed[story.id] = heirs[places[0]]
        else:
            heirs[free] = story
    told_in = {entry.entry_id: story.id for story in kin.stories for entry in story.entries}
    for story in kin.merged_stories:
        heir = heirs.setdefault(place_of[story.lead.entry_id], story)
        if heir is not story and heir.id != told_in[story.lead.entry_id]:
            absorbed[story.id] = heir  # it stands for another one than before
    return heirs, {gone: story.id for gone, story in absorbed.items()}


def _new_story(group: Cluster, used: Set[str], rules: ClusterSettings) -> Story:
    """A new story, which goes by its first entry. `used` are ids that other stories have."""
    first, now = min(group.entries, key=_arrival_order), rules.now
    id_ = _free_id(first, used)
    begun = Story(
        id=id_,
        public_id=_public_id(first, used, rules.authority, id_, now),
        lead=first,
        published=first.published,
        updated=first.published,
        listed_at=min(first.published, now) if rules.is_first_import else now,
        first_seen_at=now,
    )
    return begun if len(group.entries) == 1 else _update_story(begun, group, rules)


def _free_id(entry: Entry, used: Set[str]) -> str:
    """An id by the name of an entry. One that is stored may have begun a story before."""
    name = entry.keys[0] if entry.keys else f"row {entry.entry_id}"
    while (id_ := derive_story_id(entry.source, (name,))) in used:
        name = f"{name} again"
    return id_


def _update_story(story: Story, group: Cluster, rules: ClusterSettings) -> Story:
    """The story as these entries tell it. Its ids and its place stay; another lead is an update
    to those who have seen the first."""
    lead = _lead(story, group.entries, rules)
    others = sorted((entry for entry in group.entries if entry is not lead), key=_arrival_order)
    is_news = lead.entry_id != story.lead.entry_id and story.first_seen_at != rules.now
    return replace(
        story,
        lead=lead,
        duplicates=tuple(others),
        updated=rules.now if is_news else story.updated,
        reasons=tuple(_match_reason(bond, group.entries) for bond in group.matches),
    )


def _lead(story: Story, entries: Sequence[Entry], rules: ClusterSettings) -> Entry:
    """Who wrote it: whom the others name. If none is named, the outlet's `precedence` decides,
    then who has it on the own site, then who was first; but once readers have been told, only
    one that is named takes the lead."""

    if len(entries) == 1:
        return entries[0]
    named = {entry.entry_id: _is_credited(entry, entries, rules) for entry in entries}
    best = min(
        entries,
        key=lambda entry: (
            not named[entry.entry_id],
            -rules.source_of(entry).precedence,
            not is_on_site(entry.canonical_url, rules.source_of(entry).site),
            entry.published,
            _arrival_order(entry),
        ),
    )
    standing = next((entry for entry in entries if entry.entry_id == story.lead.entry_id), None)
    if (
        standing is None
        or story.first_seen_at == rules.now
        or named[best.entry_id] > named[standing.entry_id]
    ):
        return best
    return standing


def _is_credited(entry: Entry, entries: Sequence[Entry], rules: ClusterSettings) -> bool:
    """True if another outlet says that it has the article from this one, or links to it there."""
    source = rules.source_of(entry)
    others = [other for other in entries if other.source != entry.source]
    origins = {origin for other in others for origin in other.source_urls}
    if origins and not origins.isdisjoint({entry.canonical_url, canonical_url(source.feed)}):
        return True
    return any(is_on_site(other.canonical_url, source.site) for other in others)


def _arrival_order(entry: Entry) -> tuple[bool, int]:
    """Stored entries came before those of a batch."""
    return entry.entry_id < 0, abs(entry.entry_id)


def _match_reason(bond: Match, entries: Sequence[Entry]) -> str:
    first, second = sorted(
        (e for e in entries if e.entry_id in (bond.entry_a, bond.entry_b)), key=_arrival_order
    )
    return f"{second.source} and {first.source}: {bond.reason}"


def _public_id(entry: Entry, used: Set[str], authority: str, id_: str, now: datetime) -> str:
    """The outlet's own id where Atom can carry it (RFC 4287 4.2.6: an id outlives
    republication), else one minted here and stored for ever."""
    is_iri = len(entry.id) <= 500 and _IRI.fullmatch(entry.id) and not _UNSAFE.search(entry.id)
    if is_iri and entry.id not in used:
        return entry.id
    return f"tag:{authority},{now.year}:story/{id_}"
