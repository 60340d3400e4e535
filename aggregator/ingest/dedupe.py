"""Entries become Stories: the same article from several outlets is one story.

    [Entry] + the stories that stand at their addresses -> [Story] new or grown

Here the only evidence is the canonical address, which is certain. Two entries of one
source never merge: what an outlet itself tells apart stays apart.
A story's id, public id and place are chosen once; a copy that arrives later joins `others`
and moves nothing. The lead is the first to arrive, but for one case: the outlet on whose own
site the article stands takes the lead from one that republishes it.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime

from aggregator.ingest.addresses import is_home
from aggregator.ingest.naming import story_id
from aggregator.model import Entry, Source, Story

__all__ = ["dedupe"]

_IRI = re.compile(
    r"https?://[a-z0-9.-]+(:\d+)?/\S+"
    r"|tag:[a-z0-9.@_-]+,\d{4}(-\d\d){0,2}:\S+"  # RFC 4151
    r"|urn:[a-z0-9-]+:\S+",
    re.ASCII | re.IGNORECASE,
)
_UNSAFE = re.compile(r'[<>"{}|\\^`%\s]|[^\x21-\x7e]')


def dedupe(
    entries: Sequence[Entry],
    standing: Mapping[str, Story],
    *,
    sources: Mapping[str, Source],
    taken: Set[str] = frozenset(),
    authority: str,
    now: datetime,
    is_first_import: bool,
) -> list[Story]:
    """The stories that these new entries make or join.

    `standing` maps an address to the story that is known there; `taken` are public ids that
    another story has. `authority` is the host name under which ids are minted (RFC 4151).
    On a source's first import its stories arrive at their own dates, so that an archive does
    not push fresh news out of a feed.
    """
    stories: dict[str, Story] = {}
    at = dict(standing)
    used = set(taken)
    for entry in entries:
        match = at.get(entry.address) if entry.address else None
        if match is None or entry.source in {told.source for told in match.entries}:
            story = _begin(entry, used, authority, now, is_first_import)
            used.add(story.public_id)
        else:
            story = _join(match, entry, sources, now)
        stories[story.id] = story
        if entry.address:
            at[entry.address] = story
    return list(stories.values())


def _begin(
    entry: Entry, used: Set[str], authority: str, now: datetime, is_first_import: bool
) -> Story:
    id_ = story_id(entry.source, entry.keys)
    return Story(
        id=id_,
        public_id=_public_id(entry, used, authority, id_, now),
        lead=entry,
        published=entry.published,
        updated=entry.published,
        arrived=min(entry.published, now) if is_first_import else now,
    )


def _join(story: Story, entry: Entry, sources: Mapping[str, Source], now: datetime) -> Story:
    why = f"{entry.source}: same address {entry.address}"
    grown = replace(story, others=(*story.others, entry), why=(*story.why, why))
    if _is_original(entry, sources) and not _is_original(story.lead, sources):
        return replace(grown, lead=entry, others=(*story.others, story.lead), updated=now)
    return grown


def _is_original(entry: Entry, sources: Mapping[str, Source]) -> bool:
    """True if the article stands on its outlet's own site."""
    source = sources.get(entry.source)
    return source is not None and is_home(entry.address, source.site)


def _public_id(entry: Entry, used: Set[str], authority: str, id_: str, now: datetime) -> str:
    """The outlet's own id where Atom can carry it (RFC 4287 4.2.6: an id outlives
    republication), else one minted here and stored for ever."""
    is_iri = len(entry.id) <= 500 and _IRI.fullmatch(entry.id) and not _UNSAFE.search(entry.id)
    if is_iri and entry.id not in used:
        return entry.id
    return f"tag:{authority},{now.year}:story/{id_}"
