"""Plain text: out of HTML, in one line, without what XML forbids, cut at whole words."""

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser

__all__ = ["flatten_deep_html", "leading_text", "one_line", "plain_text", "truncate", "xml_legal"]

_XML_ILLEGAL = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)

_BLOCK_TAG = re.compile(
    "<(?=/?(?:address|article|aside|blockquote|br|caption|dd|div|dl|dt|figcaption|figure|footer"
    "|h[1-6]|header|hr|li|main|nav|ol|option|p|pre|section|table|td|th|tr|ul)[ />\\s])",
    re.IGNORECASE,
)
"""Where a new block begins or ends, words do too; at `<b>` they may not."""
MAX_HTML_DEPTH = 200
"""Levels of elements; real articles have about ten."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*?(/?)>")
_NON_NESTING_TAGS = frozenset(
    {"a", "area", "base", "br", "col", "colgroup", "dd", "dt", "embed", "hr", "img", "input", "li"}
    | {"link", "meta", "option", "p", "param", "rp", "rt", "source", "tbody", "td", "tfoot", "th"}
    | {"thead", "tr", "track", "wbr"}
)
"""Elements that are empty, or that end by themselves where the next one begins."""
_MAX_ENTITY_CHARS = 40
"""Characters; `&CounterClockwiseContourIntegral;` is the longest of HTML's entities."""


def xml_legal(text: str) -> str:
    """Without what XML 1.0 forbids or advises against (section 2.2).

    One forbidden character costs a reader the whole feed (changedetection.io#1766,
    ckan#6371); the others are what is left of a wrongly declared encoding.
    """
    return text if text.isprintable() else _XML_ILLEGAL.sub("", text)


def one_line(text: str, limit: int = 0) -> str:
    """Legal text in one line; cut at `limit` characters if that is not 0."""
    line = " ".join(xml_legal(text).split())
    return truncate(line, limit) if limit else line


def truncate(text: str, limit: int) -> str:
    """At most `limit` characters, ending with a whole word and … where cut."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    words = kept.rpartition(" ")[0] if " " in kept[limit // 2 :] else kept
    return f"{words.rstrip(' ,;:.-–—')}…"


def plain_text(html: str) -> str:
    """The words of an HTML text, in one line."""
    if "<" not in html and "&" not in html:
        return one_line(html)
    parsed = LexborHTMLParser(_BLOCK_TAG.sub(" <", flatten_deep_html(html)))
    if "<s" in html or "<S" in html:
        parsed.strip_tags(["script", "style"])
    return one_line(parsed.body.text()) if parsed.body else ""


def flatten_deep_html(html: str) -> str:
    """HTML that is nested deeper than any article, without its tags; other HTML as it is.

    Readers of HTML take time by the square of its depth: minutes for 50,000 divs.
    """
    if html.count("<") <= MAX_HTML_DEPTH:
        return html
    opened: Counter[str] = Counter()
    for closing, name, itself in _TAG.findall(html):
        level = name.lower()
        if level in _NON_NESTING_TAGS or itself:
            continue
        opened[level] += 1 if not closing else -1 if opened[level] else 0
        if opened.total() > MAX_HTML_DEPTH:
            return re.sub("<[^<>]*>?", " ", html)
    return html


def leading_text(html: str, limit: int) -> str:
    """At least the first `limit` characters of `plain_text(html)`, or all of it.

    A long article is not read whole for the sake of its first sentences, unless it begins
    with much markup.
    """
    if len(html) > 3 * limit:
        text = plain_text(html[: 3 * limit])
        if len(text) > limit + _MAX_ENTITY_CHARS:
            return text[:-_MAX_ENTITY_CHARS]  # the cut may have gone through an entity
    return plain_text(html)
