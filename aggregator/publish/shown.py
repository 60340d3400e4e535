"""How much of a story is shown, by the right that its outlet gives; the same in all formats."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from aggregator.model import Enclosure, Entry, SafeHtml, Source, Story, TopicFeed

__all__ = ["AlsoAt", "Shown", "shown"]

FULLER = 1.25
"""How many times as long a copy's text must be to be told instead of the lead's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoAt:
    """Another outlet that tells the same story."""

    name: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A story as it may be published. `summary` is plain text, `content` safe HTML.

    Where the outlet gives only its title, both are empty; where it gives an excerpt,
    `content` is. But what the lead lacks, another outlet may give that tells the story too.
    """

    story: Story
    source: Source
    author: str
    """A person if any telling names one, else the outlet."""
    summary: str
    content: SafeHtml
    image: str
    enclosures: tuple[Enclosure, ...]
    also_at: tuple[AlsoAt, ...]
    categories: tuple[str, ...]

    @property
    def lead(self) -> Entry:
        """The telling that is published."""
        return self.story.lead

    @property
    def description(self) -> SafeHtml:
        """The summary, or else the title, for where HTML is expected."""
        return SafeHtml(escape(self.summary or self.lead.title, quote=False))


def shown(feed: TopicFeed) -> list[Shown]:
    """The stories of a feed, in its order."""
    return [_shown(story, feed) for story in feed.stories]


def _shown(story: Story, feed: TopicFeed) -> Shown:
    lead, source = story.lead, feed.sources[story.lead.source]
    topics = [feed.topics[topic] for topic in story.topics if topic in feed.topics]
    told = [(entry, feed.sources[entry.source].show) for entry in story.entries]
    quoted = [entry for entry, show in told if show != "title"]
    return Shown(
        story=story,
        source=source,
        author=_first(entry.author for entry, _ in told) or source.name,
        summary=_fullest(entry.summary for entry in quoted),
        content=SafeHtml(_fullest(entry.content for entry, show in told if show == "full")),
        image=_first(entry.image for entry in quoted),
        enclosures=() if source.show == "title" else lead.enclosures,
        also_at=tuple(
            AlsoAt(name=name, link=other.link)
            for other in story.others
            if (name := feed.sources[other.source].name) != source.name or other.link != lead.link
        ),
        categories=tuple(dict.fromkeys([*sorted(topics), *lead.tags])),
    )


def _first(values: Iterable[str]) -> str:
    """The lead's, or else that of the first other telling that has one."""
    return next((value for value in values if value), "")


def _fullest(texts: Iterable[str]) -> str:
    """The lead's text, unless another one is longer by more than the footers of copies."""
    given = list(texts)
    longest = max(given, key=len, default="")
    return next((text for text in given if len(text) * FULLER >= len(longest)), "")
