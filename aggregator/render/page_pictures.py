"""The pictures of stories on pages, as far as each outlet permits (`Source.images`).

    off      none: those in a text become links
    outlet   the outlet's, which the reader's browser loads from it
    own      our thumbnails; in a text, a picture without one becomes a link

An outlet's counter is always kept. Feeds always have the outlets' pictures.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from aggregator.model import Entry, SafeHtml, Source, Thumbnail, ThumbnailSize
from aggregator.text.html_images import HtmlImage, replace_images
from aggregator.text.ip_addresses import is_public_host

__all__ = [
    "PageText", "StoryPicture", "is_counter", "page_text", "permitted_origins", "picture_path",
    "story_picture",
]  # fmt: skip

Thumbnails = Mapping[str, Thumbnail]
"""Address of an outlet's picture -> our thumbnail."""
_ORIGIN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPicture:
    """The picture of a story on a page; `url` is the outlet's, `thumbnail` our thumbnail if that is
    shown. `alt` may be empty."""

    url: str
    alt: str
    thumbnail: Thumbnail | None = None

    @property
    def image_origins(self) -> list[str]:
        """The origin that a browser loads it from, if that is not ours."""
        return [] if self.thumbnail else [_origin(self.url)]

    def path(self, size: ThumbnailSize) -> str:
        """The path of our thumbnail; "" if it is loaded from the outlet."""
        return picture_path(self.thumbnail.key, size) if self.thumbnail else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """A text as a page shows it, the number of its pictures, and the origins that they are loaded
    from."""

    html: SafeHtml
    pictures: int
    image_origins: Sequence[str]


def picture_path(key: str, size: ThumbnailSize) -> str:
    """The path of a thumbnail of a picture."""
    return f"/pictures/{key}{'-small' if size == 'small' else ''}.webp"


def story_picture(
    entries: Iterable[tuple[Entry, Source]], thumbnails: Thumbnails
) -> StoryPicture | None:
    """The first picture of these entries that may be shown; each comes with its outlet."""
    for entry, outlet in entries:
        url, thumbnail = entry.image, thumbnails.get(entry.image)
        if not url or outlet.show == "title":
            continue
        if outlet.images == "own" and thumbnail:
            return StoryPicture(url=url, alt=entry.image_alt, thumbnail=thumbnail)
        if outlet.images == "outlet" and _may_be_loaded(url, outlet):
            return StoryPicture(url=url, alt=entry.image_alt)
    return None


def permitted_origins(sources: Iterable[Source]) -> Sequence[str]:
    """Sources of pictures outside our site, for a Content-Security-Policy: the counters of these
    outlets, and any origin if an outlet permits its own pictures. Each page narrows this to what it
    needs."""
    listed = list(sources)
    anywhere = ["https:", "http:"] if any(each.images == "outlet" for each in listed) else []
    return [*anywhere, *sorted({origin for each in listed if (origin := _origin(each.counter))})]


def page_text(
    content: SafeHtml,
    outlet: Source,
    thumbnails: Thumbnails,
    *,
    counter: str,
    root: str,
    word: str,
) -> PageText:
    """The text of an outlet as a page shows it. `counter` is the address of the counter in it, if
    there is one, `root` the path of the site, `word` the HTML of the word for a picture, with which
    a link to one begins."""
    shown = 0
    found: dict[str, None] = {}

    def replaced(image: HtmlImage) -> str:
        nonlocal shown
        if is_counter(image.url, outlet, counter):
            found.setdefault(_origin(image.url))
            return f'<img src="{escape(image.url)}" alt="" width="1" height="1">'
        if image.is_emoji:
            return escape(image.alt)
        if not image.is_picture:
            return ""
        thumbnail = thumbnails.get(image.url) if outlet.images == "own" else None
        if thumbnail:
            shown += 1
            path = f"{root}{picture_path(thumbnail.key, 'large')}"
            return _image(path, image.alt, thumbnail.width, thumbnail.height)
        if outlet.images == "outlet" and _may_be_loaded(image.url, outlet):
            shown += 1
            found.setdefault(_origin(image.url))
            return _image(image.url, image.alt, image.width, image.height)
        return _link(image, word)

    html = replace_images(content, replaced)
    return PageText(html=SafeHtml(html), pictures=shown, image_origins=list(found))


def is_counter(url: str, outlet: Source, counter: str) -> bool:
    """True for an image that is the outlet's counter: at its fixed part before the first
    placeholder, or, if that has no path, at `counter`, the exact address for an article."""
    if not outlet.counter:
        return False
    fixed = re.split(r"[?{]", outlet.counter)[0]
    return url.startswith(fixed) if urlsplit(fixed).path.strip("/") else url == counter


def _may_be_loaded(url: str, outlet: Source) -> bool:
    """True if readers' browsers may load a picture: never from a private network, unless the feed
    of the outlet is on the same host."""
    host = urlsplit(url).hostname or ""
    return bool(_origin(url)) and (is_public_host(host) or host == urlsplit(outlet.feed).hostname)


def _origin(url: str) -> str:
    """The origin of a URL (RFC 6454), as a Content-Security-Policy names it; "" if it has none."""
    found = _ORIGIN.match(url)
    return found[0].lower() if found else ""


def _image(src: str, alt: str, width: int, height: int) -> str:
    size = f' width="{width}" height="{height}"' if width and height else ""
    return (
        f'<img src="{escape(src)}" alt="{escape(alt)}"{size} loading="lazy" decoding="async" '
        'referrerpolicy="no-referrer">'
    )


def _link(image: HtmlImage, word: str) -> str:
    text = f"{word}: {escape(image.alt)}" if image.alt else word
    if image.is_in_link:
        return text
    return f'<a href="{escape(image.url)}" rel="noopener noreferrer">{text}</a>'
