"""What one fetch changes: new, held, revised, unchanged and rejected entries, and their counts.

    MatchResult + cleaned --compare--> Changeset --(dedupe, categorize)--> Batch

No other source saves meanwhile, so what the store says stays true until the save.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.images.wanted_pictures import wanted_pictures
from aggregator.ingest.categorize.rules import TopicRules, categorize, excluded_topics
from aggregator.ingest.dedupe import ClusterResult
from aggregator.ingest.match.matcher import MatchResult, keys_to_add
from aggregator.model import (
    Batch,
    Entry,
    EntryCounts,
    EntryKey,
    FetchState,
    Outcome,
    Rejected,
    Source,
    StoredEntry,
    Story,
    StoryChange,
    TopicOverride,
)
from aggregator.query import view_of_entry

__all__ = [
    "Changeset", "build_batch", "compare", "exceeds_burst_limit", "number_new", "place",
    "regrouped_stories", "revised_stories",
]  # fmt: skip

MAX_UPDATE_SPREAD = timedelta(minutes=5)
"""How far apart the update times of one document's entries may be."""
BURST_FACTOR = 3
"""How many times its usual number of new entries a source may have at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changeset:
    """A document, or a chunk of one, compared with the store entry by entry.

    `revised` are stored entries that read differently now, in their new form and with their ids.
    `changed` are all that differ in any way, and `keys` their keys from now on.
    `indexes` are the places in this document of the entries that are changed, by entry id.
    """

    new: tuple[Entry, ...]
    revised: tuple[tuple[StoredEntry, Entry], ...]
    changed: tuple[tuple[StoredEntry, Entry], ...]
    keys: tuple[tuple[int, tuple[EntryKey, ...]], ...]
    indexes: Mapping[int, int]
    rejected: tuple[Rejected, ...]
    counts: EntryCounts


def exceeds_burst_limit(
    count: int, source: Source, before: FetchState, dates: Sequence[datetime], now: datetime
) -> bool:
    """True if a known source has so many new entries that it is probably an accident.

    A busy source may rightly have many after a break in fetching; `dates` are those of
    its newest entries, from which its usual number is estimated.
    """
    if before.last_success is None or count <= source.max_new:
        return False
    span = (max(dates) - min(dates)).total_seconds() if dates else 0.0
    expected = (now - before.last_success).total_seconds() * len(dates) / span if span else 0.0
    return count > BURST_FACTOR * expected


# ---- entries


def compare(
    result: MatchResult, cleaned: Sequence[Entry | Rejected], stored: Mapping[int, Entry]
) -> Changeset:
    """Decide what is new and what reads differently. `cleaned` are `result.new` and
    `result.changed`, in this order; `stored` are the entries of the latter as stored, by id."""
    count = len(result.new)
    new = tuple(entry for entry in cleaned[:count] if isinstance(entry, Entry))
    pairs = zip(result.changed, cleaned[count:], strict=True)
    kept = [(item, old, entry) for (item, old), entry in pairs if isinstance(entry, Entry)]
    changed = [(old, _keep_immutable_fields(entry, stored[old.entry_id])) for _, old, entry in kept]
    revised = [
        (old, entry) for old, entry in changed if _is_revised(stored[old.entry_id], old, entry)
    ]
    rejected = tuple(entry for entry in cleaned if isinstance(entry, Rejected))
    return Changeset(
        new=new,
        revised=tuple(revised),
        changed=tuple(changed),
        keys=tuple((old.entry_id, keys_to_add(item, old)) for item, old, _ in kept),
        indexes={old.entry_id: entry.feed_index for _, old, entry in kept},
        rejected=rejected,
        counts=EntryCounts(
            received=len(result.new) + len(result.changed) + result.unchanged_count,
            new=len(new),
            updated=len(revised),
            known=result.unchanged_count + len(changed) - len(revised),
            rejected=len(rejected),
        ),
    )


def _keep_immutable_fields(entry: Entry, stored: Entry) -> Entry:
    """A stored entry in its new form, with the date and place that it had from the beginning."""
    return replace(
        entry,
        entry_id=stored.entry_id,
        published=stored.published,
        feed_index=stored.feed_index,
        is_dated=stored.is_dated,
    )


def _is_revised(stored: Entry, old: StoredEntry, entry: Entry) -> bool:
    """True if anything is published differently now, even a picture's URL. A changed date does
    not count."""
    return old.content_hash != entry.content_hash or _published(stored) != _published(entry)


def _published(entry: Entry) -> tuple[object, ...]:
    return (
        entry.url, entry.title, entry.summary, entry.content, entry.author, entry.tags,
        entry.image, entry.image_alt, entry.enclosures,
    )  # fmt: skip


def number_new(changeset: Changeset, ids: Sequence[int]) -> Changeset:
    """The changeset with numbers from the store for its new entries."""
    numbered = zip(changeset.new, ids, strict=True)
    return replace(changeset, new=tuple(replace(entry, entry_id=id_) for entry, id_ in numbered))


# ---- stories


def regrouped_stories(
    clusters: ClusterResult, now: datetime, *, at_own_date: bool = False, is_held: bool = False
) -> list[StoryChange]:
    """The stories that are new or have other entries than before, not yet placed in topics."""
    copies = clusters.takedown_copies
    return [
        StoryChange(
            story=story,
            listed_at=min(story.published, now) if at_own_date else now,
            is_stored=(is_stored := story.id in clusters.stored_stories),
            is_held=is_held and not is_stored,
            merged_ids=tuple(id_ for id_, into in clusters.merged_into.items() if into == story.id),
            copy_of_takedown=next(
                (copies[e.entry_id] for e in story.entries if e.entry_id in copies), ""
            ),
        )
        for story in clusters.stories
        if _is_regrouped(story, clusters)
    ]


def _is_regrouped(story: Story, clusters: ClusterResult) -> bool:
    before = clusters.stored_stories.get(story.id)
    return (
        before is None
        or story.id in clusters.unmerged_ids
        or story.id in clusters.merged_into.values()
        or [e.entry_id for e in before.entries] != [e.entry_id for e in story.entries]
    )


def revised_stories(
    clusters: ClusterResult, changeset: Changeset, now: datetime
) -> list[StoryChange]:
    """The stories in which an entry reads differently now, not yet placed in topics."""
    story_of = {e.entry_id: story for story in clusters.stories for e in story.entries}
    return [
        StoryChange(
            story=_updated(story_of[entry.entry_id], old, entry, now - _spread(changeset, entry)),
            listed_at=now,
            revised_entry_id=entry.entry_id,
        )
        for old, entry in changeset.revised
    ]


def _spread(changeset: Changeset, entry: Entry) -> timedelta:
    """The time by which an update is backdated, so that the revised entries of a document have
    different times and readers can sort by them."""
    return min(timedelta(seconds=changeset.indexes[entry.entry_id]), MAX_UPDATE_SPREAD)


def _updated(story: Story, old: StoredEntry, entry: Entry, moment: datetime) -> Story:
    """The story with a new update time if its lead has visibly changed: other revisions are not
    updates for readers."""
    is_lead = story.lead.entry_id == entry.entry_id
    if not is_lead or old.content_hash == entry.content_hash:
        return story
    return replace(story, updated=max(moment, story.updated + timedelta(seconds=1)))


def place(
    changes: Iterable[StoryChange],
    rules: TopicRules,
    sources: Mapping[str, Source],
    overrides: Iterable[TopicOverride],
) -> tuple[StoryChange, ...]:
    """Place changed stories in topics; `overrides` are those of all their entries."""
    by_entry: dict[int, list[TopicOverride]] = {}
    for override in overrides:
        by_entry.setdefault(override.entry_id, []).append(override)
    return tuple(_placed(change, rules, sources, by_entry) for change in changes)


def _placed(
    change: StoryChange,
    rules: TopicRules,
    sources: Mapping[str, Source],
    overrides: Mapping[int, list[TopicOverride]],
) -> StoryChange:
    entries = change.story.entries
    own = [override for e in entries for override in overrides.get(e.entry_id, ())]
    views = [view_of_entry(entry, sources.get(entry.source)) for entry in entries]
    return replace(
        change,
        placements=categorize(views, rules, sources, own),
        excluded_topics=excluded_topics(own),
    )


# ---- the batch


def build_batch(
    source: Source,
    state: FetchState | None,
    changeset: Changeset,
    clusters: ClusterResult,
    regrouped: tuple[StoryChange, ...],
    revised: tuple[StoryChange, ...],
) -> Batch:
    """Everything that this fetch changes, ready to save."""
    entries = (*changeset.new, *(entry for _, entry in changeset.revised))
    return Batch(
        source=source.id,
        state=state,
        outcome=Outcome.CHANGED if changeset.new or changeset.revised else Outcome.UNCHANGED,
        new=regrouped,
        new_entry_ids=frozenset(entry.entry_id for entry in changeset.new),
        revised=revised,
        matches=clusters.matches,
        dropped_matches=clusters.dropped_matches,
        unchanged_hashes=tuple((old.entry_id, entry.raw_hash) for old, entry in changeset.changed),
        keys=changeset.keys,
        rejected=changeset.rejected,
        pictures={each.entry_id: wanted_pictures(each, source) for each in entries}
        if source.images == "own"
        else {},
        counts=changeset.counts,
    )
