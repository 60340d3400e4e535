"""Which stories are on the home page, and where: each once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aggregator.model import Story, Topic

__all__ = ["CANDIDATES", "CANDIDATES_PER_TOPIC", "Selection", "by_outlets", "by_topic", "select"]

CANDIDATES = 60
"""Newest stories from which lead, second and latest are chosen."""
CANDIDATES_PER_TOPIC = 12
"""Newest stories of a topic from which its section is chosen."""
LEAD_TIME = timedelta(days=1)
"""The lead is among the stories that were listed so long before the newest, or later."""
SECOND_STORIES = 2
LATEST_STORIES = 8
LATEST_PER_OUTLET = 3
STORIES_PER_TOPIC = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The stories of the home page, by place."""

    lead: Story | None = None
    second: Sequence[Story] = ()
    latest: Sequence[Story] = ()
    sections: Sequence[tuple[Topic, Sequence[Story]]] = ()

    @property
    def stories(self) -> Iterator[Story]:
        """All of them."""
        if self.lead:
            yield self.lead
        yield from self.second
        yield from self.latest
        for _, stories in self.sections:
            yield from stories


def select(
    newest: Sequence[Story],
    topics: Sequence[tuple[Topic, Sequence[Story]]],
    lead: Story | None = None,
) -> Selection:
    """Choose from the newest stories, and from those of each topic, all newest first.

    Unless an operator has chosen it, the lead is what most outlets have published in the last day,
    since that many editors found it worth it; of several, the newest. The two next, of other
    outlets, are below it. A topic without a story that is not yet on the page has no section.
    """
    edge = max((story.listed_at for story in newest), default=None)
    recent = [story for story in newest if edge and story.listed_at >= edge - LEAD_TIME]
    ranked = by_outlets(recent)
    ranked = [story for story in ranked if not lead or story.id != lead.id]
    first = _of_different_outlets([*([lead] if lead else []), *ranked])[: 1 + SECOND_STORIES]
    used = {story.id for story in first}
    latest = _latest([story for story in newest if story.id not in used])
    used |= {story.id for story in latest}
    sections = []
    for topic, stories in topics:
        unused = [story for story in stories if story.id not in used][:STORIES_PER_TOPIC]
        used |= {story.id for story in unused}
        if unused:
            sections.append((topic, unused))
    return Selection(
        lead=first[0] if first else None, second=first[1:], latest=latest, sections=sections
    )


def by_outlets(stories: Iterable[Story]) -> list[Story]:
    """The stories that most outlets have published first, but those with a teaser before others."""
    return sorted(stories, key=lambda story: (not story.lead.summary, -_outlets(story)))


def by_topic(
    topics: Sequence[Topic], stories: Sequence[Story]
) -> list[tuple[Topic | None, list[Story]]]:
    """The stories by topic, each under the first of its topics; then those without one."""
    left, sections = list(stories), list[tuple[Topic | None, list[Story]]]()
    for topic in topics:
        some = [story for story in left if topic.id in story.topics]
        left = [story for story in left if topic.id not in story.topics]
        if some:
            sections.append((topic, some))
    return [*sections, (None, left)] if left else sections


def _latest(stories: Sequence[Story]) -> list[Story]:
    """The first stories, but few of one outlet."""
    chosen: list[Story] = []
    outlets = Counter[str]()
    for story in stories:
        if outlets[story.lead.source] < LATEST_PER_OUTLET and len(chosen) < LATEST_STORIES:
            outlets[story.lead.source] += 1
            chosen.append(story)
    return chosen


def _of_different_outlets(stories: Sequence[Story]) -> list[Story]:
    """The first story of each outlet, then the others."""
    firsts = list({story.lead.source: story for story in reversed(stories)}.values())
    ids = {story.id for story in firsts}
    return sorted(stories, key=lambda story: story.id not in ids)


def _outlets(story: Story) -> int:
    return len({entry.source for entry in story.entries})
