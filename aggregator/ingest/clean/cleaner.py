"""An entry as given becomes an Entry that is safe and complete, or is rejected with a reason.

    KeyedEntry | URLs | plain title, author, tags | dates in UTC | safe HTML | summary
               | filters of the source  ->  Entry or Rejected

Later steps can rely on a title, on safe HTML and on dates that are not in the future, but for the
hour by which a clock may be wrong, ours or the outlet's. `now` is the time of the fetch; it
replaces a date that is missing, implausible or in the future (python/planet#151, NetNewsWire#5217).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from langcodes import tag_is_valid

from aggregator import query
from aggregator.ingest.clean.language import detect_language
from aggregator.ingest.clean.plain import html_of, name_text
from aggregator.ingest.clean.privacy import redact, reveals, without_private_address
from aggregator.ingest.clean.rewrite import rewrite
from aggregator.ingest.clean.sanitizer import sanitize
from aggregator.ingest.clean.teaser import teaser, title_from_text
from aggregator.model import (
    CLOCK_SLACK,
    Enclosure,
    Entry,
    KeyedEntry,
    ParsedEntry,
    Rejected,
    SafeHtml,
    Show,
    Source,
    Text,
    hash_values,
)
from aggregator.text.boilerplate import attribution_urls
from aggregator.text.canonical import canonical_url
from aggregator.text.dates import date_in_url
from aggregator.text.html import leading_text, one_line, truncate, xml_legal
from aggregator.text.html_images import HtmlImage, html_images
from aggregator.text.languages import canonical_language, main_language
from aggregator.text.urls import is_own_story, web_url

__all__ = ["clean"]


MAX_TITLE_CHARS = 300
RECENT_DAYS = timedelta(days=35)
"""An address may have the first day of the month only."""
MAX_SUMMARY_CHARS = 420
"""About 60 words: an excerpt of two or three sentences."""
MAX_NAME_CHARS = 200
MAX_ALT_CHARS = 300
"""Characters of alt text."""
MAX_TITLE_FROM_SUMMARY_CHARS = 80
MAX_CONTENT_CHARS = 300_000
"""A book of 150 pages; a feed of many such texts would be too large for readers."""
MAX_SOURCE_URLS = 8
MAX_TAG_CHARS = 35
"""The longest language tag in use (RFC 5646, section 4.4.1)."""
_LEADING_CHARS = 700
"""Characters of a title or summary that are read; more than is kept of either."""
EARLIEST_DATE = datetime(1990, 1, 1, tzinfo=UTC)
"""Older dates are zeros or typing errors: there was no web to publish on."""

_ANY_TAG = re.compile(r"<[^>]*>")
_DEFAULT_LANGUAGES = frozenset({"en", "en-us"})
"""What programs such as WordPress declare if nobody has chosen a language."""
_ENGLISH_WORDS = frozenset(
    (
        "the", "and", "that", "with", "from", "are", "were", "been", "have", "has", "but", "about",
        "after", "again", "against", "already", "among", "because", "before", "between", "during",
        "every", "more", "nearly", "other", "said", "should", "since", "than", "their", "there",
        "these", "they", "this", "those", "through", "until", "when", "where", "which", "while",
        "who", "would",
    )
)  # fmt: skip
"""Words that are frequent in English and hardly ever occur in texts of other languages."""
MIN_ENGLISH_WORDS = 3
_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.ASCII)
_FOOTER_STARTS = ("the post ", "[…]", "[...]", "continue reading", "read more")
_APPEARED_FIRST = re.compile(
    r"(\s*(The post .{1,300} (first appeared|appeared first) on .{1,200}\.?"
    r"|\[(…|\.\.\.)\]|(Continue reading|Read more)\b.{0,100}))+\s*$",
    re.IGNORECASE,
)


def clean(
    item: KeyedEntry, source: Source, now: datetime, own_sites: Sequence[str] = ()
) -> Entry | Rejected:
    """Make one entry safe and complete, or reject it with a reason.

    `own_sites` are the URLs that our own site has or had; its stories are rejected. Fingerprints
    are computed later.
    """
    given, private_feed = item.entry, source.private_feed
    longest = _longest_text(given)
    html = _rewritten(longest, given)
    content = sanitize(html, longest.base or given.url) if longest else SafeHtml("")
    images = tuple(html_images(content))
    summary = _summary(given, html)
    title = _title(given) or title_from_text(summary, MAX_TITLE_FROM_SUMMARY_CHARS)
    url = web_url(given.url)
    reason = _rejection_reason(given, url, title, own_sites, private_feed)
    if reason:
        title = redact(title, private_feed) or "(untitled)"
        return Rejected(key=item.keys[0], title=title, reason=reason)
    seen_at = now - timedelta(seconds=item.feed_index)  # keeps the order of the document
    updated = _plausible_date(given.updated, now)
    own_date = _plausible_date(given.published, now) or updated or _date_by_url(url, now)
    published = own_date or seen_at
    language = _language_of(given, source, f"{title} {summary}")
    entry = Entry(
        source=source.id,
        keys=item.keys,
        id=xml_legal(given.id).strip(),
        url=url,
        canonical_url=item.canonical_url,
        title=title,
        summary=summary,
        content=content,
        author=name_text(given.author, MAX_NAME_CHARS),
        published=published,
        updated=max(updated or published, published),
        tags=_tags(given),
        language=language,
        image=(image := _picture_of(given, images)),
        image_alt=_alt_text(given, images, image),
        enclosures=tuple(_enclosures(given)),
        raw_hash=given.raw_hash,
        content_hash=hash_values(*_published_text(source.show, title, summary, content)),
        feed_index=item.feed_index,
        source_urls=_source_urls(item, content),
        is_dated=own_date is not None,
    )
    entry = without_private_address(entry, private_feed)
    return _apply_filters(entry, source) or entry


def _source_urls(item: KeyedEntry, content: SafeHtml) -> tuple[str, ...]:
    """Canonical URLs of articles and feeds that the entry says it was taken from."""
    given = (*item.entry.source_urls, *item.entry.source_feeds, *attribution_urls(content))
    found = dict.fromkeys(url for link in given if (url := canonical_url(link)))
    return tuple(url for url in found if url != item.canonical_url)[:MAX_SOURCE_URLS]


def _published_text(show: Show, title: str, summary: str, content: SafeHtml) -> tuple[str, ...]:
    """The parts of an entry that our readers see, without markup and URLs."""
    if show == "title":
        return (title,)
    if show == "full":
        return (title, summary, _ANY_TAG.sub("", content))
    return (title, summary)


def _rejection_reason(
    given: ParsedEntry, url: str, title: str, own_sites: Sequence[str], private_feed: str
) -> str:
    """The reason why an entry cannot be published; empty if it can."""
    if given.broken:
        return given.broken
    urls = (given.url, *given.source_feeds)
    if any(is_own_story(given.id, urls, site) for site in own_sites):
        return "it is one of our own stories, republished by this outlet"
    if not url:
        return "it has no link to an article"
    if private_feed and reveals(url, private_feed):
        return "its link is the private address of the feed"
    if not title:
        return "it has neither title nor text"
    return ""


def _apply_filters(entry: Entry, source: Source) -> Rejected | None:
    """The rejection by the source's include and exclude rules, or None."""
    if not (source.include or source.exclude):
        return None
    fields = query.fields_of_entry(entry, source)
    reason = ""
    if source.exclude and (hits := query.parse(source.exclude).match(fields)) is not None:
        reason = f"the source's exclude rule matches ({', '.join(hits) or source.exclude})"
    elif source.include and query.parse(source.include).match(fields) is None:
        reason = "the source's include rule does not match"
    return Rejected(key=entry.keys[0], title=entry.title, reason=reason) if reason else None


# ---- text


def _longest_text(given: ParsedEntry) -> Text | None:
    """The longer of content and summary; None if it is longer than any article."""
    texts = [text for text in (given.content, given.summary) if text]
    longest = max(texts, key=lambda text: len(text.value), default=None)
    return longest if longest and len(longest.value) <= MAX_CONTENT_CHARS else None


def _rewritten(text: Text | None, given: ParsedEntry) -> str:
    return rewrite(html_of(text), text.base or given.url) if text else ""


def _picture_of(given: ParsedEntry, images: Sequence[HtmlImage]) -> str:
    """The outlet's picture of an entry, or the first in its text; rather that than a thumbnail."""
    image = web_url(given.image)
    if image and not given.is_image_small:
        return image
    return next((each.url for each in images if each.is_picture), image)


def _alt_text(given: ParsedEntry, images: Sequence[HtmlImage], image: str) -> str:
    """Alt text of the picture: its `alt` in the text, else its caption."""
    if not image:
        return ""
    in_text = (each.alt for each in images if each.url == image and each.alt)
    caption = given.image_alt if image == web_url(given.image) else ""
    return name_text(next(in_text, caption), MAX_ALT_CHARS)


def _title(given: ParsedEntry) -> str:
    """The title as plain text; decoded once, only here (simplepie#637, jekyll-feed#127)."""
    return truncate(_one_line_text(given.title), MAX_TITLE_CHARS)


def _summary(given: ParsedEntry, html: str) -> str:
    """The outlet's own summary, or the beginning of its text, which is `html` when rewritten."""
    text = given.summary or (None if html else given.content)
    summary = ""
    if text and not text.is_html:
        summary = _without_footer(one_line(text.value))
    elif text:
        summary = _without_footer(teaser(_rewritten(text, given), _LEADING_CHARS))
    if not summary:
        summary = _without_footer(teaser(html, _LEADING_CHARS))
    return truncate(summary, MAX_SUMMARY_CHARS)


def _without_footer(text: str) -> str:
    """The text without "The post … appeared first on …" at its end, unless it was cut before."""
    lowered = text.lower()
    starts = [at for sign in _FOOTER_STARTS if (at := lowered.find(sign)) >= 0]
    if not starts or len(text) >= _LEADING_CHARS:
        return text
    start = min(starts)  # what comes before is not searched: at each space, that takes time
    rest = _APPEARED_FIRST.sub("", text[start:])
    return text[:start] + rest if rest else text[:start].rstrip()


def _one_line_text(text: Text | None) -> str:
    if text is None:
        return ""
    return leading_text(text.value, _LEADING_CHARS) if text.is_html else one_line(text.value)


def _tags(given: ParsedEntry) -> tuple[str, ...]:
    names = (name_text(tag, MAX_NAME_CHARS) for tag in given.tags)
    return tuple(dict.fromkeys(name for name in names if name))


def _language_of(given: ParsedEntry, source: Source, text: str) -> str:
    """The language of an entry: what the operator says, else the outlet, else the text itself.

    A text that is certainly in another language is stronger than what programs declare by default.
    """
    if source.language:
        return source.language
    declared = _valid_language(given.language)
    if declared and declared not in _DEFAULT_LANGUAGES:
        return declared
    if declared and len(_ENGLISH_WORDS.intersection(text.lower().split())) >= MIN_ENGLISH_WORDS:
        return declared  # sure, and faster than detection
    detected = detect_language(text)
    if declared and main_language(declared) == main_language(detected):
        return declared
    return canonical_language(detected) or declared or source.fallback_language


@lru_cache(maxsize=1024)
def _valid_language(given: str) -> str:
    """The language tag (BCP 47) if it is valid, else ""; some feeds declare "us" for English."""
    tag = canonical_language(given)
    is_tag = len(tag) <= MAX_TAG_CHARS and _LANGUAGE_TAG.fullmatch(tag)
    return tag if is_tag and tag_is_valid(tag) else ""


# ---- dates and files


def _enclosures(given: ParsedEntry) -> Iterator[Enclosure]:
    for file in given.enclosures:
        if url := web_url(file.url):
            media_type = file.type.strip().lower()
            is_valid = re.fullmatch(r"[\w.+-]+/[\w.+-]+", media_type, re.ASCII)
            yield Enclosure(url=url, type=media_type if is_valid else "", length=file.length)


def _plausible_date(given: datetime | str | None, now: datetime) -> datetime | None:
    """The date to the second, or None if it is unreadable, implausible or in the future."""
    if not isinstance(given, datetime) or not EARLIEST_DATE <= given <= now + CLOCK_SLACK:
        return None
    return given.replace(microsecond=0)


def _date_by_url(url: str, now: datetime) -> datetime | None:
    """The date in the URL of an entry without a date, unless it is recent: an old article is not
    new because it was found today."""
    date = _plausible_date(date_in_url(url), now)
    return date if date and now - date > RECENT_DAYS else None
