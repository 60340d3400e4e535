"""Feed items: how much of each story may be published, for all formats."""

import mimetypes
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import quote, urlsplit

from aggregator.model import Enclosure, Entry, Feed, SafeHtml, Site, Source, Story
from aggregator.render.interface import Interface
from aggregator.render.page_pictures import StoryPicture, is_counter, story_picture
from aggregator.text.canonical import canonical_url, without_tracking
from aggregator.text.html_images import html_images
from aggregator.text.urls import web_url

__all__ = ["AlsoAt", "FeedItem", "feed_items"]

FULLER_TEXT_RATIO = 1.25
"""How many times as long a text must be to be published instead of that of an earlier entry."""
UNKNOWN_MEDIA_TYPE = "application/octet-stream"
_MEDIA_TYPES = mimetypes.MimeTypes()
"""Python's built-in table without the system's, so that the bytes are the same everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoAt:
    """Another outlet that published the same story."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A story as it may be published. `summary` is plain text, `content` safe HTML.

    What the outlet of the lead does not permit (with show = "title" summary and content, with
    "excerpt" the content), another outlet of the story may: `text_from` is the outlet whose text is
    published, under its licence. Author and picture, if the lead has none, come from other entries;
    but if the lead's outlet gives its full text, only from the entry whose text is published.
    """

    story: Story
    source: Source
    text_from: Source
    text_url: str
    """The article that the text is from."""
    author: str
    """The author of the lead, or of another entry that may supply it; else the outlet."""
    summary: str
    content: SafeHtml
    counter: str
    """The address of the counter pixel in the content; empty if it has none."""
    own_words: SafeHtml
    """The site's note, and the outlet's headline if the site has its own; empty if it has
    neither."""
    credit_line: SafeHtml
    """The site's line after every text in a feed; empty if it has none."""
    image: str
    """The address of its picture, for feeds."""
    picture: StoryPicture | None
    """Its picture, for pages."""
    enclosures: tuple[Enclosure, ...]
    """Each has a media type; a length of 0 is unknown."""
    also_at: tuple[AlsoAt, ...]
    categories: tuple[str, ...]

    @property
    def lead(self) -> Entry:
        """The lead entry of the story."""
        return self.story.lead

    @property
    def other_pages(self) -> list[AlsoAt]:
        """Where else the story can be read: each page once, never that of the lead, and without
        parameters that track who follows the link."""
        found, seen = [], {canonical_url(self.lead.url)}
        for other in self.also_at:
            page = canonical_url(other.url) or other.url
            if page not in seen:
                seen.add(page)
                found.append(replace(other, url=without_tracking(other.url)))
        return found

    @property
    def full_text(self) -> SafeHtml:
        """The content between the site's own words and the credit line; empty if the content may
        not be published."""
        text = f"{self.own_words}{self.content}{self.credit_line}"
        return SafeHtml(text) if self.content else self.content

    @property
    def description(self) -> SafeHtml:
        """The summary, or else the title, as HTML; between the site's own words and the credit
        line if there is no content."""
        text = escape(self.summary or self.lead.title, quote=False)
        if self.content or not self.has_site_words:
            return SafeHtml(text)
        return SafeHtml(f"{self.own_words}<p>{text}</p>{self.credit_line}")

    @property
    def has_site_words(self) -> bool:
        """True if the site has something to say, be it a credit."""
        return bool(self.own_words or self.credit_line)


def feed_items(feed: Feed, site: Site | None = None) -> list[FeedItem]:
    """The items of a feed, in its order. For feeds, `site` is given: its own words and its credit
    line are added to texts; pages show them in places of their own."""
    return [_feed_item(story, feed, site) for story in feed.stories]


def _feed_item(story: Story, feed: Feed, site: Site | None) -> FeedItem:
    lead, source = story.lead, feed.sources[story.lead.source]
    topics = [feed.topics[topic] for topic in story.topics if topic in feed.topics]
    entries = [(entry, feed.sources[entry.source]) for entry in story.entries]
    excerpted = [(entry, outlet) for entry, outlet in entries if outlet.show != "title"]
    full = [(entry, outlet) for entry, outlet in excerpted if outlet.show == "full"]
    may_borrow = source.show != "full"
    if not (may_borrow or lead.content or story.is_complete):
        full = []  # the lead has a text that was left out
    content, content_entry = _own_or_fullest(
        [(entry.content, entry) for entry, _ in full], lead, may_borrow=may_borrow
    )
    summary, summary_entry = _own_or_fullest(
        [(_teaser(entry, outlet), entry) for entry, outlet in excerpted],
        lead,
        may_borrow=may_borrow,
    )
    text_entry = content_entry if content else summary_entry if summary else lead
    outlet = feed.sources[text_entry.source]
    counter = _counter(text_entry, outlet)
    contributors = [
        (entry, outlet)
        for entry, outlet in entries
        if may_borrow or entry is lead or entry is text_entry
    ]
    item = FeedItem(
        story=story,
        source=source,
        text_from=outlet,
        text_url=text_entry.url,
        author=_first(entry.author for entry, _ in contributors) or source.name,
        summary=summary,
        content=_with_counter(SafeHtml(content), outlet, counter),
        counter=counter if content else "",
        own_words=SafeHtml(""),
        credit_line=SafeHtml(""),
        image=_first(entry.image for entry, outlet in contributors if outlet.show != "title"),
        picture=story_picture(contributors, feed.thumbnails),
        enclosures=() if source.show == "title" else tuple(map(_with_media_type, lead.enclosures)),
        also_at=tuple(
            AlsoAt(name=feed.sources[other.source].name, url=other.url)
            for other in story.duplicates
            if other.source != lead.source
        ),
        categories=tuple(dict.fromkeys([*sorted(topics), *lead.tags])),
    )
    if site is None:
        return item
    credit = _credit_html(site.credit_line, item) if site.credit_line else SafeHtml("")
    return replace(item, own_words=_own_words(item, site.language), credit_line=credit)


def _own_words(item: FeedItem, language: str) -> SafeHtml:
    """The site's note on a story, and the outlet's headline if the site has its own, as HTML."""
    story, paragraphs = item.story, []
    if not (story.editor_note or story.own_headline):
        return SafeHtml("")
    interface = Interface(language)
    if story.editor_note:
        label = interface.gettext("Editor’s note:")
        paragraphs.append(
            f"<p><strong>{label}</strong> {escape(story.editor_note, quote=False)}</p>"
        )
    if story.own_headline:
        outlet, title = (escape(text, quote=False) for text in (item.source.name, item.lead.title))
        text = interface.gettext("Headline of <bdi>%(outlet)s</bdi>:", outlet=outlet)
        paragraphs.append(f"<p>{text} {title}</p>")
    return SafeHtml("".join(paragraphs))


def _first(values: Iterable[str]) -> str:
    """The first value that is not empty; the lead's comes first."""
    return next((value for value in values if value), "")


def _own_or_fullest(
    texts: Sequence[tuple[str, Entry]], lead: Entry, *, may_borrow: bool
) -> tuple[str, Entry]:
    """The first text that is hardly shorter than the longest, and its entry; the lead's is the
    first of them.

    Unless it may be borrowed, the lead's own if there is one: nobody else's words stand under the
    headline of an outlet that gives its full text.
    """
    own = next((text for text, entry in texts if entry is lead), "")
    if own and not may_borrow:
        return own, lead
    longest = max((len(text) for text, _ in texts), default=0)
    return next(
        ((text, entry) for text, entry in texts if len(text) * FULLER_TEXT_RATIO >= longest),
        ("", lead),
    )


def _teaser(entry: Entry, outlet: Source) -> str:
    """The summary of an entry; empty if it was cut and the outlet permits no cuts."""
    return "" if outlet.uncut and entry.summary.endswith("…") else entry.summary


def _counter(entry: Entry, outlet: Source) -> str:
    """The address at which an outlet counts the readers of an article; "" if it does not."""
    values = {"link": quote(entry.url, safe=""), "id": quote(entry.id, safe="")}
    return web_url(_fill_placeholders(outlet.counter, values))


def _with_counter(content: SafeHtml, outlet: Source, counter: str) -> SafeHtml:
    """The content with the outlet's counter pixel, if it has one that is not there yet."""
    if not (content and counter):
        return content
    if any(is_counter(image.url, outlet, counter) for image in html_images(content)):
        return content  # the outlet's own HTML contains it
    image = f'<img src="{escape(counter)}" alt="" width="1" height="1">'
    return SafeHtml(content + image)


def _credit_html(credit_line: str, item: FeedItem) -> SafeHtml:
    """A credit line with its placeholders filled in, as links if there is a URL."""
    license_ = item.text_from.license
    values = {
        "outlet": _anchor(item.source.name, item.lead.url),
        "author": escape(item.author, quote=False),
        "license": _anchor(license_, item.text_from.license_url, rel="license"),
    }
    return SafeHtml(f"<p>{_fill_placeholders(escape(credit_line, quote=False), values)}</p>")


def _fill_placeholders(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], name[0]), template).strip()


def _anchor(text: str, url: str, rel: str = "") -> str:
    if not url:
        return escape(text, quote=False)
    attribute = f' rel="{rel}"' if rel else ""
    return f'<a href="{escape(url)}"{attribute}>{escape(text, quote=False)}</a>'


def _with_media_type(file: Enclosure) -> Enclosure:
    """An enclosure with a media type, guessed from its URL if the outlet gave none."""
    guessed, _ = _MEDIA_TYPES.guess_type(urlsplit(file.url).path, strict=False)
    return replace(file, type=file.type or guessed or UNKNOWN_MEDIA_TYPE)
