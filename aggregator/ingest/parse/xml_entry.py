"""Fields of an entry, from what feedparser returns: which value is taken where there are several.

docs/elements.md has the table.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from time import struct_time
from typing import Any

from aggregator.ingest.parse.values import (
    MAX_ENCLOSURES,
    FeedContext,
    base_of,
    first_url,
    mappings_in,
    person_name,
    to_mapping,
    to_text,
    unique_tags,
)
from aggregator.model import Enclosure, ParsedEntry, Text
from aggregator.text.pictures import Picture, best_picture, pixels
from aggregator.text.urls import absolute_url, web_url

__all__ = ["feed_context", "parse_entry", "site_of"]

_HTML_TYPES = ("text/html", "application/xhtml+xml", "")
_VOID = re.compile(r"<(area|br|col|hr|img|source|track|wbr)\b([^<>]*)></\1>")
_FILM_ATTRIBUTES = frozenset(("duration", "bitrate", "framerate", "samplingrate", "expression"))
_FILM_URL = re.compile(
    r"\.(?:mp4|m4v|mov|webm|avi|wmv|flv|swf|mp3|m4a|ogg|pdf)(?:[?#]|$)|video|player|embed|/v/|youtu",
    re.IGNORECASE,
)
_PICTURE_PATH = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:[?#]|$)", re.IGNORECASE)


def feed_context(document: Mapping[str, Any], url: str) -> FeedContext:
    """The context of a document that feedparser has parsed."""
    feed = document["feed"]
    is_atom = str(document.get("version") or "").startswith("atom")
    return FeedContext(
        url=web_url(url),
        site=site_of(document, url),
        language=to_text(feed.get("language")),
        author=_author(feed) if is_atom else "",
    )


def site_of(document: Mapping[str, Any], url: str) -> str:
    """The page to which a feed belongs; empty if it names none."""
    return first_url([document["feed"].get("link")], url)


def parse_entry(item: dict[str, Any], feed: FeedContext) -> ParsedEntry:
    """An entry as given; its URLs are resolved against xml:base, else against the article's."""
    title_detail = to_mapping(item.get("title_detail"))
    own_language = to_text(dict.get(item, "language")) or to_text(title_detail.get("language"))
    language = own_language or feed.language
    link = _link(item, feed, language)
    base = _xml_base(item, feed) or base_of(link, feed)
    enclosures = tuple(_enclosures(item, base))
    picture = _image(item, base, enclosures)
    contents = [text for row in mappings_in(item, "content") if (text := _text_of(row, feed, base))]
    summary = _text_of(item.get("summary_detail"), feed, base)
    return ParsedEntry(
        id=to_text(item.get("id")),
        url=link or first_url((file.url for file in enclosures), base),
        title=_title(item, feed),
        summary=summary or _text_of(item.get("media_description_detail"), feed, base),
        content=max(contents, key=lambda text: len(text.value), default=None),
        author=_author(item) or _author(to_mapping(item.get("source"))) or feed.author,
        published=_date(item, "published") or _date(item, "created"),
        updated=_date(item, "updated"),
        tags=unique_tags(
            to_text(tag.get("label") or tag.get("term")) for tag in mappings_in(item, "tags")
        ),
        language=language,
        image=picture.url if picture else "",
        is_image_small=picture is not None and picture.is_small,
        image_alt=_caption(item) if picture else "",
        enclosures=enclosures,
        source_feeds=_source_feeds(item),
        source_urls=_source_urls(item, base),
    )


# ---- URLs


def _link(item: Mapping[str, Any], feed: FeedContext, language: str) -> str:
    """The article's URL: of several alternate links the first HTML one, or that in the language of
    the entry; else its permanent id."""
    alternates = [row for row in mappings_in(item, "links") if row.get("rel") == "alternate"]
    alternates.sort(key=lambda row: _alternate_rank(row, language))
    given = [*(row.get("href") for row in alternates), item.get("link")]
    for value in given:
        text = to_text(value).strip()
        # a reference to the document itself names the site, never the feed
        base = feed.site if text[:1] in ("#", "?") else feed.url
        if text and base and (url := first_url([text], base)):
            return url
        if text and not base and (url := absolute_url("", text)) and web_url(url):
            return url
    return ""


def _alternate_rank(link: Mapping[str, Any], language: str) -> tuple[bool, bool]:
    """False sorts first: an HTML page, in the language of the entry or in none that is said."""
    is_html = to_text(link.get("type")).lower() in _HTML_TYPES
    hreflang = to_text(link.get("hreflang")).lower().partition("-")[0]
    is_other = bool(hreflang and language) and hreflang != language.lower().partition("-")[0]
    return not is_html, is_other


def _xml_base(item: Mapping[str, Any], feed: FeedContext) -> str:
    """The base URL of the entry, if it is given."""
    for name in ("title_detail", "summary_detail"):
        if base := to_text(to_mapping(item.get(name)).get("base")):
            return absolute_url(feed.url, base)
    return ""


def _source_feeds(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Id and links of atom:source (RFC 4287, section 4.2.11), or the URL of the RSS source."""
    source = to_mapping(item.get("source"))
    given = [
        source.get("id"),
        source.get("href"),
        *(row.get("href") for row in mappings_in(source, "links")),
    ]
    return tuple(dict.fromkeys(text for value in given if (text := to_text(value))))


def _source_urls(item: Mapping[str, Any], base: str) -> tuple[str, ...]:
    """URLs of the original article: rel=canonical (RFC 6596), and the link that FeedBurner has
    replaced with its own."""
    given = [row.get("href") for row in mappings_in(item, "links") if row.get("rel") == "canonical"]
    given.append(item.get("feedburner_origlink"))
    return tuple(url for value in given if (url := absolute_url(base, to_text(value))))


# ---- files and pictures


def _enclosures(item: Mapping[str, Any], base: str) -> Iterable[Enclosure]:
    given = [row for row in mappings_in(item, "links") if row.get("rel") == "enclosure"]
    for row in given[:MAX_ENCLOSURES]:
        if url := absolute_url(base, to_text(row.get("href"))):
            length = to_text(row.get("length"))
            yield Enclosure(
                url=url,
                type=to_text(row.get("type")),
                length=int(length) if re.fullmatch(r"[0-9]{1,15}", length) else 0,
            )


def _image(item: Mapping[str, Any], base: str, enclosures: tuple[Enclosure, ...]) -> Picture | None:
    """The picture of an entry: of its media the default, else the largest; else a thumbnail, the
    image of an episode, or an attached picture."""
    media = [row for row in mappings_in(item, "media_content") if _is_image(row)]
    default = [row for row in media if to_text(row.get("isdefault")).lower() == "true"]
    files = [{"url": file.url, "type": file.type} for file in enclosures]
    files = [file for file in files if file["type"].startswith("image/")]
    image = {"url": to_mapping(item.get("image")).get("href")}
    for rows in (default, media, mappings_in(item, "media_thumbnail"), [image], files):
        if picture := best_picture(_media_picture(row, base) for row in rows):
            return picture
    return None


def _caption(item: Mapping[str, Any]) -> str:
    """The caption of its media, unless that is the title or the text of the entry."""
    for name in ("media_description", "media_title"):
        caption = to_text(to_mapping(item.get(f"{name}_detail")).get("value"))
        if caption and caption not in (item.get("title"), item.get("summary")):
            return caption
    return ""


def _is_image(media: Mapping[str, Any]) -> bool:
    """True if medium or type say that a media:content is an image; without either, its address, or
    its size without anything that only films have."""
    medium, type_ = to_text(media.get("medium")).lower(), to_text(media.get("type")).lower()
    if medium or type_:
        return medium == "image" or (not medium and type_.startswith("image/"))
    url = to_text(media.get("url"))
    is_sized = pixels(media.get("width")) > 0 and pixels(media.get("height")) > 0
    is_film = bool(_FILM_ATTRIBUTES & media.keys()) or bool(_FILM_URL.search(url))
    return bool(_PICTURE_PATH.search(url)) or (is_sized and not is_film)


def _media_picture(row: Mapping[str, Any], base: str) -> Picture:
    type_, medium = to_text(row.get("type")).lower(), to_text(row.get("medium")).lower()
    return Picture(
        url=first_url([row.get("url")], base),
        width=pixels(row.get("width")),
        height=pixels(row.get("height")),
        is_declared=type_.startswith("image/") or medium == "image",
    )


# ---- names, dates, texts


def _title(item: Mapping[str, Any], feed: FeedContext) -> Text | None:
    """The title; without one, that of an episode or of its media."""
    if title := _text_of(item.get("title_detail"), feed):
        return title
    if (episode := to_text(item.get("itunes_title"))).strip():
        return Text(value=episode, is_html=False)
    return _text_of(item.get("media_title_detail"), feed)


def _author(item: Mapping[str, Any]) -> str:
    names = [to_text(row.get("name")) for row in mappings_in(item, "authors")]
    if not any(names):
        names = [to_text(item.get("author"))]
    return ", ".join(dict.fromkeys(filter(None, map(person_name, names))))


def _date(item: dict[str, Any], name: str) -> datetime | str | None:
    # dict.get, because feedparser's own get() returns "published" when asked for "updated"
    parsed = dict.get(item, f"{name}_parsed")
    if isinstance(parsed, datetime):
        return parsed
    if isinstance(parsed, struct_time):
        with suppress(ValueError):  # a leap second, say; cleaning parses the text again
            return datetime(*parsed[:6], tzinfo=UTC)
    return to_text(dict.get(item, name)) or None


def _text_of(detail: object, feed: FeedContext, base: str = "") -> Text | None:
    """A text construct; `base` is its base URL unless it has an xml:base of its own."""
    detail = to_mapping(detail)
    value = to_text(detail.get("value"))
    if not value.strip():
        return None
    if detail.get("type") == "application/xhtml+xml":
        value = _VOID.sub(r"<\1\2>", value)  # feedparser closes these, which HTML reads as two
    own_base = to_text(detail.get("base"))
    base = (own_base and absolute_url(feed.url, own_base)) or base
    return Text(value=value, is_html=detail.get("type") != "text/plain", base=base)
