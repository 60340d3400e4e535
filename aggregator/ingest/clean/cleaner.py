"""An entry as given becomes an Entry that is safe and complete, or is rejected with why.

    ParsedEntry | addresses | plain title, author, tags | dates in UTC | safe HTML | teaser
                | filters of the source  ->  Entry or Rejected

After this nobody asks whether there is a title, whether HTML is safe or a date is in the
future. `now` is the time of the fetch: a date that is missing, senseless or still to come
becomes it (python/planet#151, NetNewsWire#5217).
"""

import functools
import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import urljoin, urlsplit, urlunsplit

import nh3
from dateutil import parser as dateutil_parser
from langcodes import tag_is_valid
from w3lib.url import safe_url_string

from aggregator import query
from aggregator.ingest.clean.language import detect_language
from aggregator.ingest.dedupe.fingerprints import compute_fingerprints
from aggregator.ingest.documents import fields_of_entry
from aggregator.ingest.match.keys import KeyedEntry
from aggregator.model import (
    Enclosure,
    Entry,
    ParsedEntry,
    Rejected,
    SafeHtml,
    Show,
    Source,
    Text,
    hash_values,
)
from aggregator.text.boilerplate import article_text, attribution_urls
from aggregator.text.html import (
    flatten_deep_html,
    leading_text,
    one_line,
    plain_text,
    truncate,
    xml_legal,
)
from aggregator.text.urls import canonical_url, is_own_story

__all__ = ["clean", "clean_all", "sanitize"]

MAX_TITLE_CHARS = 300
MAX_SUMMARY_CHARS = 420
"""Characters of a teaser: about 60 words, the two or three sentences of an excerpt."""
MAX_NAME_CHARS = 200
MAX_CONTENT_CHARS = 1_000_000
"""Characters; a novel has half as many."""
MAX_SOURCE_URLS = 8
_LEADING_CHARS = 700
"""Characters of a title or teaser that are looked at; more than is kept of either."""
EARLIEST_DATE = datetime(1990, 1, 1, tzinfo=UTC)
"""Older dates are zeros and typing errors: there was no web to publish on."""

_ANY_TAG = re.compile(r"<[^>]*>")
_APPEARED_FIRST = re.compile(
    r"(\s*(The post .{1,300} (first appeared|appeared first) on .{1,200}\.?"
    r"|\[(…|\.\.\.)\]|(Continue reading|Read more)\b.{0,100}))+\s*$",
    re.IGNORECASE,
)


def clean_all(
    items: Sequence[KeyedEntry], source: Source, now: datetime, home: str = ""
) -> list[Entry | Rejected]:
    """`clean` for many, in order."""
    return [clean(item, source, now, home) for item in items]


def clean(item: KeyedEntry, source: Source, now: datetime, home: str = "") -> Entry | Rejected:
    """Make one entry safe and complete, or say why it cannot be published.

    `home` is the address of our own site, whose stories are not news to us.
    """
    given = item.entry
    content = _content(given)
    summary = _teaser(given, content)
    title = _title(given) or truncate(summary, 80)
    link = _web_address(given.url)
    reason = _rejection_reason(given, link, title, home)
    if reason:
        return Rejected(key=item.keys[0], title=title or "(untitled)", reason=reason)
    seen = now - timedelta(seconds=item.feed_index)  # in the order of the file
    dated = _believable_date(given.published, now, seen) or _believable_date(
        given.updated, now, seen
    )
    published = dated or seen
    author = one_line(given.author, MAX_NAME_CHARS)
    tags = _tags(given)
    image = _web_address(given.image) or _first_image(content)
    enclosures = tuple(_enclosures(given))
    originals = _source_urls(item, content)
    entry = Entry(
        source=source.id,
        keys=item.keys,
        id=xml_legal(given.id).strip(),
        url=link,
        canonical_url=item.canonical_url,
        title=title,
        summary=summary,
        content=content,
        author=author,
        published=published,
        updated=max(_believable_date(given.updated, now, seen) or published, published),
        tags=tags,
        language=_language(given.language)
        or source.language
        or detect_language(f"{title} {summary}"),
        image=image,
        enclosures=enclosures,
        raw_hash=given.raw_hash,
        content_hash=hash_values(*_published_text(source.show, title, summary, content)),
        feed_index=item.feed_index,
        entry_id=-1 - item.feed_index,
        source_urls=originals,
        is_dated=dated is not None,
        fingerprints=compute_fingerprints(
            title, article_text(content or escape(summary)), originals
        ),
    )
    return _apply_filters(entry, source) or entry


def _source_urls(item: KeyedEntry, content: SafeHtml) -> tuple[str, ...]:
    """Where it says that the article, or the feed, stands from which it was taken."""
    given = (*item.entry.source_urls, *item.entry.source_feeds, *attribution_urls(content))
    found = dict.fromkeys(address for link in given if (address := canonical_url(link)))
    return tuple(address for address in found if address != item.canonical_url)[:MAX_SOURCE_URLS]


def _published_text(show: Show, title: str, summary: str, content: SafeHtml) -> tuple[str, ...]:
    """What a reader of ours reads of an entry, without markup and addresses."""
    if show == "title":
        return (title,)
    return (title, summary, _ANY_TAG.sub("", content)) if show == "full" else (title, summary)


def _rejection_reason(given: ParsedEntry, link: str, title: str, home: str) -> str:
    if given.broken:
        return given.broken
    if home and is_own_story(given, home):
        return "it is a story of our own that comes back through this outlet"
    if not link:
        return "it has no link to an article"
    if not title:
        return "it has neither a title nor a text"
    return ""


def _apply_filters(entry: Entry, source: Source) -> Rejected | None:
    """The source's own include and exclude rules."""
    if not (source.include or source.exclude):
        return None
    document = fields_of_entry(entry, source)
    reason = ""
    if source.exclude and (hits := query.parse(source.exclude).match(document)) is not None:
        reason = f"left out by the source's exclude rule ({', '.join(hits) or source.exclude})"
    elif source.include and query.parse(source.include).match(document) is None:
        reason = "not among what the source's include rule lets in"
    return Rejected(key=entry.keys[0], title=entry.title, reason=reason) if reason else None


# ---- HTML --------------------------------------------------------------------------

_TAGS = set(nh3.ALLOWED_TAGS) | {"picture", "source", "video", "audio", "track", "tfoot"}
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {
    "img": {"src", "srcset", "sizes", "alt", "title", "width", "height", "loading"},
    "source": {"src", "srcset", "sizes", "type", "media"},
    "video": {"src", "poster", "width", "height", "controls", "preload"},
    "audio": {"src", "controls", "preload"},
    "track": {"src", "kind", "srclang", "label"},
    "time": {"datetime"},
    "*": {"lang", "dir"},
}
_EXTRA_URL_ATTRIBUTES = ("srcset", "poster", "cite")
"""Attributes that hold addresses and that nh3 does not know as such."""
_SCHEMES = {"http", "https", "mailto"}
_MAX_SANITIZE_ROUNDS = 4


def sanitize(html: str, base: str) -> SafeHtml:
    """Sanitized HTML with absolute addresses, that sanitizing again would not change.

    `base` is the address that relative ones are seen from. Sanitizing can uncover what the
    next reading of the same text sees differently (a newline after `<pre>`), so it is
    repeated until nothing moves; HTML that never settles is given as text.
    """
    html = flatten_deep_html(html)
    lowered = html.lower()
    cleaner = _cleaner(_web_address(base), any(name in lowered for name in _EXTRA_URL_ATTRIBUTES))
    for _ in range(_MAX_SANITIZE_ROUNDS):
        cleaned = xml_legal(cleaner.clean(html))  # legal last, for nh3 decodes &#1;
        if cleaned == html:
            return SafeHtml(cleaned)
        html = cleaned
    return SafeHtml(nh3.clean_text(plain_text(html)))


@functools.lru_cache(maxsize=512)
def _cleaner(base: str, has_moved: bool) -> nh3.Cleaner:
    """Kept by base, since making one takes as long as cleaning 5 KB."""

    def resolve(_tag: str, name: str, value: str) -> str | None:
        if name == "srcset":
            return _srcset(value, base)
        if name in ("poster", "cite"):
            return _joined(base, value) or None
        return value

    try:
        return nh3.Cleaner(
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            attribute_filter=resolve if has_moved else None,
            url_schemes=_SCHEMES,
            url_relative=("rewrite_with_base", base) if base else "deny",
            link_rel="noopener noreferrer",
        )
    except ValueError:  # a host that is no host, which nh3 is the first to notice
        return _cleaner("", has_moved)


def _srcset(value: str, base: str) -> str | None:
    """`a.jpg 1x, b.jpg 2x` with absolute addresses; HTML living standard 4.8.4.2.1."""
    candidates = []
    for part in re.split(r",\s+|,$", value.strip()):
        address, _, descriptor = part.strip().partition(" ")
        if address and (absolute := _joined(base, address)):
            candidates.append(f"{absolute} {descriptor.strip()}".strip())
    return ", ".join(candidates) or None


def _content(given: ParsedEntry) -> SafeHtml:
    """The fuller of content and summary; nothing if it is longer than any article."""
    texts = [text for text in (given.content, given.summary) if text]
    fullest = max(texts, key=lambda text: len(text.value), default=None)
    if fullest is None:
        return SafeHtml("")
    if len(fullest.value) > MAX_CONTENT_CHARS:
        return SafeHtml("")
    html = fullest.value if fullest.is_html else f"<p>{nh3.clean_text(fullest.value)}</p>"
    return sanitize(html, fullest.base or given.url)


def _first_image(content: SafeHtml) -> str:
    found = re.search(r'<img [^>]*?src="(https?://[^"]+)"', content)
    return _web_address(found.group(1).replace("&amp;", "&")) if found else ""


# ---- plain text --------------------------------------------------------------------


def _title(given: ParsedEntry) -> str:
    """Decoded once, here, and plain ever after (simplepie#637, jekyll-feed#127)."""
    return truncate(_text_line(given.title), MAX_TITLE_CHARS)


def _teaser(given: ParsedEntry, content: SafeHtml) -> str:
    """The outlet's own summary, or the beginning of its text."""
    own = _without_footer(_text_line(given.summary or (None if content else given.content)))
    return truncate(
        own or _without_footer(leading_text(content, _LEADING_CHARS)), MAX_SUMMARY_CHARS
    )


def _without_footer(text: str) -> str:
    """Without "The post … appeared first on …", if its end is near enough to be shown."""
    return text if len(text) >= _LEADING_CHARS else _APPEARED_FIRST.sub("", text)


def _text_line(text: Text | None) -> str:
    if text is None:
        return ""
    return leading_text(text.value, _LEADING_CHARS) if text.is_html else one_line(text.value)


def _tags(given: ParsedEntry) -> tuple[str, ...]:
    names = (plain_text(tag) for tag in given.tags)
    return tuple(dict.fromkeys(truncate(tag, MAX_NAME_CHARS) for tag in names if tag))


def _language(given: str) -> str:
    """A tag of BCP 47 whose language exists; feeds say "us" and mean English."""
    tag = given.strip().replace("_", "-").lower()
    is_tag = re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", tag, re.ASCII)
    return tag if is_tag and tag_is_valid(tag) else ""


# ---- addresses, dates --------------------------------------------------------------


_HOST = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d*)?([/?#]|$)", re.ASCII | re.I)
_PLAIN_ADDRESS = re.compile(r"https?://[a-z0-9.-]+(/[\w/.,:;~!$&'()*+=@%?#-]*)?", re.ASCII)
"""What nearly all addresses look like; one that matches needs no more looking at."""


def _web_address(address: str) -> str:
    """A legal http address without secrets, or nothing."""
    if _PLAIN_ADDRESS.fullmatch(address):
        return address
    address = xml_legal(address).strip()
    try:
        parts = urlsplit(address)
        hostname, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not hostname or re.search(r'[\s<>"]', parts.netloc):
        return ""
    without_login = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    try:
        legal_address = str(safe_url_string(urlunsplit(without_login)))
    except ValueError:
        return ""
    return legal_address if _HOST.match(legal_address) else ""


def _joined(base: str, address: str) -> str:
    try:
        return _web_address(urljoin(base, address))
    except ValueError:
        return ""


def _enclosures(given: ParsedEntry) -> list[Enclosure]:
    cleaned = []
    for file in given.enclosures:
        if url := _web_address(file.url):
            kind = file.type.strip().lower()
            is_type = re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind, re.ASCII)
            cleaned.append(Enclosure(url=url, type=kind if is_type else "", length=file.length))
    return cleaned


def _believable_date(
    given: datetime | str | None, now: datetime, seen: datetime
) -> datetime | None:
    """A believable date, to the second, or when it was `seen` if it lies in the future; None if
    there is none."""
    found = _parse_date(given) if isinstance(given, str) else given
    if found is None or found < EARLIEST_DATE:
        return None
    return (found if found <= now else seen).replace(microsecond=0)


def _parse_date(text: str) -> datetime | None:
    """What feedparser did not understand, dateutil often does."""
    if len(text) > 100 or not re.search(r"\d{4}", text):
        return None
    try:
        with warnings.catch_warnings():  # of a zone it does not know: UTC will do
            warnings.simplefilter("ignore")
            found = dateutil_parser.parse(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
