"""How much of a story is shown, by the right that its outlet gives; the same in all formats."""

from dataclasses import dataclass
from html import escape

from aggregator.model import Enclosure, Entry, SafeHtml, Source, Story, TopicFeed

__all__ = ["AlsoAt", "Shown", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoAt:
    """Another outlet that tells the same story."""

    name: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A story as it may be published. `summary` is plain text, `content` safe HTML.

    Where the outlet gives only its title, both are empty; where it gives an excerpt,
    `content` is.
    """

    story: Story
    source: Source
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
    def author(self) -> str:
        """Who wrote it: a person if known, else the outlet."""
        return self.lead.author or self.source.name

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
    is_title_only = source.show == "title"
    return Shown(
        story=story,
        source=source,
        summary="" if is_title_only else lead.summary,
        content=lead.content if source.show == "full" else SafeHtml(""),
        image="" if is_title_only else lead.image,
        enclosures=() if is_title_only else lead.enclosures,
        also_at=tuple(
            AlsoAt(name=name, link=other.link)
            for other in story.others
            if (name := feed.sources[other.source].name) != source.name or other.link != lead.link
        ),
        categories=tuple(dict.fromkeys([*sorted(topics), *lead.tags])),
    )
