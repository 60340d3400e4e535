"""Stored stories filed anew: after a rule has changed, or by an operator's word.

    Standing --filings(Rulebook)--> Filing (before, after) --> Refiling

No story is told anew: its ids, its place and its lead stay.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from aggregator.ingest.categorize import Rulebook, barred, categorize
from aggregator.model import LEARNED, Placement, Refiling, Said, Source, Topic
from aggregator.store import Standing, Store

__all__ = ["Filing", "by_hand", "filings"]


class Filing(NamedTuple):
    """A story and a topic: where it stands now, and where it should."""

    standing: Standing
    topic: str
    before: Placement | None
    after: Placement | None

    @property
    def adds(self) -> bool:
        """True if the story comes into the topic."""
        return self.before is None and self.after is not None

    @property
    def drops(self) -> bool:
        """True if the story goes out of the topic."""
        return self.before is not None and self.after is None

    @property
    def refiling(self) -> Refiling | None:
        """What to save, if anything changes."""
        if self.before == self.after:
            return None
        return Refiling(story=self.standing.story, topic=self.topic, placement=self.after)


def filings(store: Store, rulebook: Rulebook, sources: Mapping[str, Source]) -> Iterator[Filing]:
    """The stories that stand in the topics of a rulebook, or should, the oldest first."""
    topics = [topic.id for topic in rulebook.topics]
    for standing in store.standings(topics, rulebook.roots, _filed_whole(sources, topics)):
        yield from _filed_anew(standing, rulebook, sources)


def _filed_anew(
    standing: Standing, rulebook: Rulebook, sources: Mapping[str, Source]
) -> Iterator[Filing]:
    """Each topic of a rulebook that a story stands in, or should. What was learned of it stays as
    long as the topic files so."""
    before = {placement.topic: placement for placement in standing.placed}
    found = categorize(standing.glimpses, rulebook, sources, standing.said)
    after = {placement.topic: placement for placement in found}
    out = barred(standing.said)
    for topic in rulebook.topics:
        stands = before.get(topic.id)
        if stands and stands.by == LEARNED and topic.learn == "place" and topic.id not in out:
            after.setdefault(topic.id, stands)
        if topic.id in before or topic.id in after:
            yield Filing(standing, topic.id, before.get(topic.id), after.get(topic.id))


def by_hand(
    standing: Standing,
    topic: Topic,
    is_in: bool | None,
    sources: Mapping[str, Source],
    now: datetime,
) -> tuple[list[Said], list[Refiling]]:
    """What changes if an operator says that a story belongs into a topic, or not, or takes that
    back (None). The word is about all its tellings, so it goes with each of them wherever that
    is told. What an operator puts into a topic is news there, else nobody would see it."""
    said = [
        Said(entry=glimpse.entry, topic=topic.id, is_in=is_in, at=now)
        for glimpse in standing.glimpses
    ]
    heard = replace(standing, said=said)  # all that was said before is taken back by this
    found = _filed_anew(heard, Rulebook([topic]), sources)
    changes = [
        replace(filing.refiling, arrived=now if is_in and filing.adds else None)
        for filing in found
        if filing.refiling
    ]
    return said, changes


def _filed_whole(sources: Mapping[str, Source], topics: Collection[str]) -> list[str]:
    """The outlets whose articles or categories are filed under one of these topics."""
    named = {id_: {*source.topics, *source.tags.values()} for id_, source in sources.items()}
    return [id_ for id_, own in named.items() if not own.isdisjoint(topics)]
