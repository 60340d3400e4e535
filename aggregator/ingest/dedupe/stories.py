"""Groups of entries become stories: who keeps its id, who leads, and why they are one."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aggregator.ingest.addresses import address_of, is_home
from aggregator.ingest.dedupe.clusters import Group, grouped
from aggregator.ingest.dedupe.evidence import WINDOW, allowed, compare, still_alike
from aggregator.ingest.dedupe.telling import Telling
from aggregator.ingest.naming import story_id
from aggregator.model import BY_HAND, Bond, Entry, Kin, Source, Story

__all__ = ["Rules", "Told", "dedupe"]

_IRI = re.compile(
    r"https?://[a-z0-9.-]+(:\d+)?/\S+"
    r"|tag:[a-z0-9.@_-]+,\d{4}(-\d\d){0,2}:\S+"  # RFC 4151
    r"|urn:[a-z0-9-]+:\S+",
    re.ASCII | re.IGNORECASE,
)
_UNSAFE = re.compile(r'[<>"{}|\\^`%\s]|[^\x21-\x7e]')


_LEFT = Source(id="", name="", feed="", site="")
"""Stands for an outlet that has left feeds.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what stories are told.

    `authority` is the host name under which ids are minted (RFC 4151). Articles that were
    published further apart than `window` are not compared by their words. On a source's first
    import its stories arrive at their own dates, so that an archive does not push fresh news
    out of a feed.
    """

    sources: Mapping[str, Source]
    authority: str
    now: datetime
    window: timedelta = WINDOW
    is_first_import: bool = False

    def source_of(self, entry: Entry) -> Source:
        return self.sources.get(entry.source, _LEFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What comes of new entries: the stories that are new or told otherwise than before, what
    was found out, and for stories that turned out to be another one the id of that.

    `lost` are pairs of rows between which nothing is left of what bound them. `before` are the
    stories as they are stored, `revived` the ids of those that had been taken for another one.
    `down` says of new entries, by their rows, which story they are like that was taken down.
    """

    stories: tuple[Story, ...]
    bonds: tuple[Bond, ...] = ()
    lost: Set[tuple[int, int]] = frozenset()
    absorbed: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, Story] = field(default_factory=dict)
    revived: Set[str] = frozenset()
    down: Mapping[int, str] = field(default_factory=dict)


def dedupe(
    entries: Sequence[Entry],
    kin: Kin,
    candidates: Mapping[int, Collection[int]],
    taken: Set[str],
    rules: Rules,
) -> Told:
    """The stories that these new entries make or join.

    The new entries have rows below 0; one with a row of its own is stored and reads differently
    now. `kin` are the stored stories that could be the same, with all that is bound to them, and
    `candidates` says for a row which stored rows it should be compared with. `taken` are public
    ids that a story has or had.

    Without entries, the stories of `kin` are told anew by its bonds.
    """
    rules = replace(rules, now=rules.now.replace(microsecond=0))  # as it will be stored
    stored = {entry.row: entry for story in kin.stories for entry in story.entries}
    heard = {e.row: e for story in kin.stories if story.id not in kin.gone for e in story.entries}
    found = tuple(_found(entries, heard, candidates, rules))
    lost = frozenset(_lost(entries, heard, kin.bonds))
    present = stored | {entry.row: entry for entry in entries}
    groups = grouped([*present.values()], _standing(kin.bonds, found, lost))
    heirs, absorbed = _heirs(groups, kin)
    used = {*taken, *(story.id for story in (*kin.stories, *kin.former))}
    revived = frozenset(story.id for story in kin.former)
    told = []
    for place, group in enumerate(groups):
        story = heirs.get(place)
        if story is None:
            begun = _begun(group, used, rules)
            used |= {begun.id, begun.public_id}
            told.append(begun)
        elif (retold := _retold(story, group, rules)) != story or story.id in revived:
            told.append(retold)
    return Told(
        stories=tuple(told),
        bonds=found,
        lost=lost,
        absorbed=absorbed,
        before={story.id: story for story in (*kin.former, *kin.stories)},
        revived=revived,
    )


def _found(
    entries: Sequence[Entry],
    stored: Mapping[int, Entry],
    candidates: Mapping[int, Collection[int]],
    rules: Rules,
) -> Iterator[Bond]:
    """The evidence between entries and their candidates of other outlets."""
    for entry in entries:
        own = Telling(entry)
        for row in candidates.get(entry.row, ()):
            other = stored.get(row)
            if other is None or other.source == entry.source:
                continue
            bond = compare(own, Telling(other), rules.window)
            settings = (rules.source_of(e).dedupe for e in (entry, other))
            if bond and all(allowed(bond, setting) for setting in settings):
                yield bond


def _lost(
    entries: Sequence[Entry], stored: Mapping[int, Entry], bonds: Sequence[Bond]
) -> Iterator[tuple[int, int]]:
    """The evidence between stored entries that an outlet has taken back by rewriting one. What
    is still a little alike stays bound, so that readers are not told it twice."""
    rewritten = {entry.row: entry for entry in entries if entry.row > 0}
    for bond in bonds:
        if bond.kind in BY_HAND or rewritten.keys().isdisjoint((bond.a, bond.b)):
            continue
        one, other = (rewritten.get(row) or stored.get(row) for row in (bond.a, bond.b))
        if one and other and not still_alike(Telling(one), Telling(other)):
            yield bond.a, bond.b


def _standing(
    known: Sequence[Bond], found: Sequence[Bond], lost: Set[tuple[int, int]]
) -> list[Bond]:
    """All that binds now: new evidence takes the place of old, but of no operator's word."""
    standing: dict[tuple[int, int], Bond] = {}
    for bond in (*(bond for bond in known if (bond.a, bond.b) not in lost), *found):
        before = standing.get((bond.a, bond.b))
        if before is None or before.kind not in BY_HAND:
            standing[bond.a, bond.b] = bond
    return [*standing.values()]


def _heirs(groups: Sequence[Group], kin: Kin) -> tuple[dict[int, Story], dict[str, str]]:
    """Which group goes on as which story (place -> story), and which stories are no more.

    Of several stories in a group, the one that readers saw first stays; of several groups that
    were one story, the one with its lead goes on as it. A story that was wrongly taken for
    another one is itself again where its lead is alone.
    """
    place_of = {entry.row: place for place, group in enumerate(groups) for entry in group.entries}
    heirs: dict[int, Story] = {}
    absorbed: dict[str, Story] = {}
    for story in sorted(kin.stories, key=lambda s: (s.id not in kin.published, s.begun)):
        others = sorted(entry.row for entry in story.others)
        places = [place_of[row] for row in (story.lead.row, *others)]
        free = next((place for place in places if place not in heirs), None)
        if free is None:
            absorbed[story.id] = heirs[places[0]]
        else:
            heirs[free] = story
    told_in = {entry.row: story.id for story in kin.stories for entry in story.entries}
    for story in kin.former:
        heir = heirs.setdefault(place_of[story.lead.row], story)
        if heir is not story and heir.id != told_in[story.lead.row]:
            absorbed[story.id] = heir  # it stands for another one than before
    return heirs, {gone: story.id for gone, story in absorbed.items()}


def _begun(group: Group, used: Set[str], rules: Rules) -> Story:
    """A new story, which goes by its first entry. `used` are ids that other stories have."""
    first, now = min(group.entries, key=_arrival), rules.now
    id_ = _free_id(first, used)
    begun = Story(
        id=id_,
        public_id=_public_id(first, used, rules.authority, id_, now),
        lead=first,
        published=first.published,
        updated=first.published,
        arrived=min(first.published, now) if rules.is_first_import else now,
        begun=now,
    )
    return begun if len(group.entries) == 1 else _retold(begun, group, rules)


def _free_id(entry: Entry, used: Set[str]) -> str:
    """An id by the name of an entry. One that is stored may have begun a story before."""
    name = entry.keys[0] if entry.keys else f"row {entry.row}"
    while (id_ := story_id(entry.source, (name,))) in used:
        name = f"{name} again"
    return id_


def _retold(story: Story, group: Group, rules: Rules) -> Story:
    """The story as these entries tell it. Its ids and its place stay; another lead is an update
    to those who have seen the first."""
    lead = _lead(story, group.entries, rules)
    others = sorted((entry for entry in group.entries if entry is not lead), key=_arrival)
    is_news = lead.row != story.lead.row and story.begun != rules.now
    return replace(
        story,
        lead=lead,
        others=tuple(others),
        updated=rules.now if is_news else story.updated,
        why=tuple(_reason(bond, group.entries) for bond in group.bonds),
    )


def _lead(story: Story, entries: Sequence[Entry], rules: Rules) -> Entry:
    """Who wrote it: whom the others name. If none is named, the outlet's `precedence` decides,
    then who has it on the own site, then who was first; but once readers have been told, only
    one that is named takes the lead."""

    if len(entries) == 1:
        return entries[0]
    named = {entry.row: _is_named(entry, entries, rules) for entry in entries}
    best = min(
        entries,
        key=lambda entry: (
            not named[entry.row],
            -rules.source_of(entry).precedence,
            not is_home(entry.address, rules.source_of(entry).site),
            entry.published,
            _arrival(entry),
        ),
    )
    standing = next((entry for entry in entries if entry.row == story.lead.row), None)
    if standing is None or story.begun == rules.now or named[best.row] > named[standing.row]:
        return best
    return standing


def _is_named(entry: Entry, entries: Sequence[Entry], rules: Rules) -> bool:
    """True if another outlet says that it has the article from this one, or links to it there."""
    source = rules.source_of(entry)
    others = [other for other in entries if other.source != entry.source]
    origins = {origin for other in others for origin in other.originals}
    if origins and not origins.isdisjoint({entry.address, address_of(source.feed)}):
        return True
    return any(is_home(other.address, source.site) for other in others)


def _arrival(entry: Entry) -> tuple[bool, int]:
    """Stored entries came before those of a batch."""
    return entry.row < 0, abs(entry.row)


def _reason(bond: Bond, entries: Sequence[Entry]) -> str:
    first, second = sorted((e for e in entries if e.row in (bond.a, bond.b)), key=_arrival)
    return f"{second.source} and {first.source}: {bond.why}"


def _public_id(entry: Entry, used: Set[str], authority: str, id_: str, now: datetime) -> str:
    """The outlet's own id where Atom can carry it (RFC 4287 4.2.6: an id outlives
    republication), else one minted here and stored for ever."""
    is_iri = len(entry.id) <= 500 and _IRI.fullmatch(entry.id) and not _UNSAFE.search(entry.id)
    if is_iri and entry.id not in used:
        return entry.id
    return f"tag:{authority},{now.year}:story/{id_}"
