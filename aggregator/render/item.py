"""How much of a story is shown, by the right that its outlet gives; the same in all formats."""

import mimetypes
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import quote, urlsplit

from aggregator.model import Enclosure, Entry, Feed, SafeHtml, Source, Story

__all__ = ["AlsoAt", "FeedItem", "feed_items"]

FULLER_TEXT_RATIO = 1.25
"""How many times as long a copy's text must be to be told instead of the lead's."""
UNKNOWN_TYPE = "application/octet-stream"
_TYPES = mimetypes.MimeTypes()
"""Python's own table, without those of the machine: the same bytes everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoAt:
    """Another outlet that tells the same story."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A story as it may be published. `summary` is plain text, `content` safe HTML.

    Where the outlet gives only its title, both are empty; where it gives an excerpt,
    `content` is. But what the lead lacks, another outlet may give that tells the story too:
    `text_from` is the outlet whose words are shown, and whose licence they stand under.
    """

    story: Story
    source: Source
    text_from: Source
    text_url: str
    """Where those words stand."""
    author: str
    """A person if any telling names one, else the outlet."""
    summary: str
    content: SafeHtml
    credit_line: SafeHtml
    """The line that the site puts under every text in a feed, as HTML; empty if it has none."""
    image: str
    enclosures: tuple[Enclosure, ...]
    """Each has a type; a length of 0 is unknown."""
    also_at: tuple[AlsoAt, ...]
    categories: tuple[str, ...]

    @property
    def lead(self) -> Entry:
        """The telling that is published."""
        return self.story.lead

    @property
    def full_text(self) -> SafeHtml:
        """The whole text with its credit; empty where it must not be shown."""
        return SafeHtml(f"{self.content}{self.credit_line}") if self.content else self.content

    @property
    def description(self) -> SafeHtml:
        """The summary, or else the title, for where HTML is expected; the credit stands here if
        there is no whole text that it could stand under."""
        words = escape(self.summary or self.lead.title, quote=False)
        has_credit = self.credit_line and not self.content
        return SafeHtml(f"<p>{words}</p>{self.credit_line}" if has_credit else words)


def feed_items(feed: Feed, credit_line: str = "") -> list[FeedItem]:
    """The stories of a feed, in its order; `credit_line` as in `model.Site`."""
    return [_feed_item(story, feed, credit_line) for story in feed.stories]


def _feed_item(story: Story, feed: Feed, credit_line: str) -> FeedItem:
    lead, source = story.lead, feed.sources[story.lead.source]
    topics = [feed.topics[topic] for topic in story.topics if topic in feed.topics]
    told = [(entry, feed.sources[entry.source]) for entry in story.entries]
    quoted = [(entry, outlet) for entry, outlet in told if outlet.show != "title"]
    whole = [(entry, outlet) for entry, outlet in quoted if outlet.show == "full"]
    content, by = _fullest_text([(entry.content, entry) for entry, _ in whole], lead)
    summary, by_summary = _fullest_text([(_teaser(*each), each[0]) for each in quoted], lead)
    teller = by if content else by_summary if summary else lead
    outlet = feed.sources[teller.source]
    item = FeedItem(
        story=story,
        source=source,
        text_from=outlet,
        text_url=teller.url,
        author=_first(entry.author for entry, _ in told) or source.name,
        summary=summary,
        content=_with_counter(SafeHtml(content), teller, outlet),
        credit_line=SafeHtml(""),
        image=_first(entry.image for entry, _ in quoted),
        enclosures=() if source.show == "title" else tuple(map(_with_type, lead.enclosures)),
        also_at=tuple(
            AlsoAt(name=name, url=other.url)
            for other in story.duplicates
            if (name := feed.sources[other.source].name) != source.name or other.url != lead.url
        ),
        categories=tuple(dict.fromkeys([*sorted(topics), *lead.tags])),
    )
    return replace(item, credit_line=_credit(credit_line, item)) if credit_line else item


def _first(values: Iterable[str]) -> str:
    """The lead's, or else that of the first other telling that has one."""
    return next((value for value in values if value), "")


def _fullest_text(texts: Sequence[tuple[str, Entry]], lead: Entry) -> tuple[str, Entry]:
    """The lead's text, unless another one is longer by more than the footers of copies; and who
    tells it."""
    longest = max((len(text) for text, _ in texts), default=0)
    return next(
        ((text, e) for text, e in texts if len(text) * FULLER_TEXT_RATIO >= longest), ("", lead)
    )


def _teaser(entry: Entry, outlet: Source) -> str:
    """Without what was cut, where the licence allows no cuts."""
    return "" if outlet.uncut and entry.summary.endswith("…") else entry.summary


def _with_counter(content: SafeHtml, entry: Entry, outlet: Source) -> SafeHtml:
    """The whole text with the pixel that its outlet counts by, if it does not stand there yet."""
    if not (content and outlet.counter):
        return content
    values = {"link": quote(entry.url, safe=""), "id": quote(entry.id, safe="")}
    pixel = escape(_fill_placeholders(outlet.counter, values))
    if _has_pixel(content, outlet.counter, pixel):  # the outlet has put it there itself
        return content
    image = f'<img src="{pixel}" alt="" width="1" height="1">'
    return SafeHtml(content + image)


def _has_pixel(content: str, counter: str, pixel: str) -> bool:
    """True for a picture at the counter's address, whatever it counts; where an address without
    what it counts says nothing, at the very same."""
    fixed = escape(re.split(r"[?{]", counter)[0])
    same = fixed if urlsplit(fixed).path.strip("/") else pixel
    return re.search(rf'<img [^>]*src="{re.escape(same)}', content) is not None


def _credit(line: str, item: FeedItem) -> SafeHtml:
    """`line` with its names filled in, those that lead somewhere as links."""
    license_ = item.text_from.license
    values = {
        "outlet": _anchor(item.source.name, item.lead.url),
        "author": escape(item.author, quote=False),
        "license": _anchor(license_, item.text_from.license_url, rel="license"),
    }
    return SafeHtml(f"<p>{_fill_placeholders(escape(line, quote=False), values)}</p>")


def _fill_placeholders(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template).strip()


def _anchor(words: str, address: str, rel: str = "") -> str:
    if not address:
        return escape(words, quote=False)
    attribute = f' rel="{rel}"' if rel else ""
    return f'<a href="{escape(address)}"{attribute}>{escape(words, quote=False)}</a>'


def _with_type(file: Enclosure) -> Enclosure:
    """With a type, by the ending of its address if the outlet gave none."""
    guessed, _ = _TYPES.guess_type(urlsplit(file.url).path, strict=False)
    return replace(file, type=file.type or guessed or UNKNOWN_TYPE)
