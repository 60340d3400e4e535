"""Plain text from HTML: in one line, legal in XML, truncated at whole words."""

import re
from collections import Counter
from html import unescape

from selectolax.lexbor import LexborHTMLParser

__all__ = [
    "BLOCK_TAG", "flatten_deep_html", "leading_text", "one_line", "plain_text", "strip_tags",
    "truncate", "xml_legal",
]  # fmt: skip

_XML_ILLEGAL = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)

_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates: they change how the text around them is read, such as the
name of the outlet after a title (CVE-2021-42574). Marks (U+200E, U+200F) do not."""
BLOCK_TAG = re.compile(
    "<(?=/?(?:address|article|aside|audio|blockquote|br|canvas|caption|center|dd|details|dialog|dir|div"
    "|dl|dt|embed|fieldset|figcaption|figure|footer|form|h[1-6]|header|hgroup|hr|iframe|legend|li|main"
    "|marquee|menu|nav|object|ol|optgroup|option|p|pre|search|section|select|summary|table|tbody|td"
    "|textarea|tfoot|th|thead|tr|ul|video)[ />\\s])",
    re.IGNORECASE,
)
"""Tags at which words end; at `<b>` they may not."""
_MARK = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED_MARKS = re.compile(f"({_MARK}{{4}}){_MARK}+")
"""More accents on one letter than any language has, which would cover the lines above and below."""
_GRAPHEME_JOINER = "\u034f"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u180e\u200b\u2060-\u2064\ufeff]"
    "|(?<![\u0600-\u109f\u1780-\u18af\ua840-\uabff\ufb50-\ufefc])\u200c"
    "|(?:(?<=\\s)|^)\u200d|\u200d(?=\\s|$)"
)
"""Filler that keeps mail clients from showing more than a newsletter's preview text. Joiners stay
in scripts whose spelling needs them, and in emoji."""
MAX_HTML_DEPTH = 200
"""Levels of nested elements; real articles have about ten."""
_ANY_TAG = re.compile(r"<[^<>]*>")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*?(/?)>")
_NON_NESTING_TAGS = frozenset(
    {"a", "area", "base", "br", "col", "colgroup", "dd", "dt", "embed", "hr", "img", "input", "li"}
    | {"link", "meta", "option", "p", "param", "rp", "rt", "source", "tbody", "td", "tfoot", "th"}
    | {"thead", "tr", "track", "wbr"}
)
"""Elements that are empty, or end where the next one begins."""
_MAX_ENTITY_CHARS = 40
"""`&CounterClockwiseContourIntegral;` is the longest HTML entity."""


def xml_legal(text: str) -> str:
    """The text without characters that XML 1.0 forbids or discourages (section 2.2).

    A forbidden character makes a whole feed unreadable (changedetection.io#1766, ckan#6371); the
    others are debris of a wrongly declared encoding.
    """
    if text.isprintable() or text.replace("\n", "").isprintable():
        return text  # the common case
    return _XML_ILLEGAL.sub("", text)


def one_line(text: str, limit: int = 0) -> str:
    """The text in one line, legal in XML, without bidi controls and towers of accents, truncated to
    `limit` characters unless that is 0."""
    joined = " ".join(xml_legal(text).split())
    if not joined.isascii():
        joined = _STACKED_MARKS.sub(r"\1", joined)
    if not joined.isprintable() or _GRAPHEME_JOINER in joined:
        joined = " ".join(_INVISIBLE.sub("", _BIDI_CONTROLS.sub("", joined)).split())
    return truncate(joined, limit) if limit else joined


def truncate(text: str, limit: int) -> str:
    """At most `limit` characters of a text; where it is cut, it ends with a whole word and "…"."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    words = kept.rpartition(" ")[0] if " " in kept[limit // 2 :] else kept
    return f"{words.rstrip(' ,;:.-–—')}…"


def plain_text(html: str) -> str:
    """The text of an HTML fragment, in one line."""
    if "<" not in html:
        return one_line(unescape(html) if "&" in html else html)
    parsed = LexborHTMLParser(BLOCK_TAG.sub(" <", flatten_deep_html(html)))
    if "<s" in html or "<S" in html:
        parsed.strip_tags(["script", "style"])
    return one_line(parsed.body.text()) if parsed.body else ""


def strip_tags(html: str) -> str:
    """The HTML without its tags, good enough for comparing words."""
    return _ANY_TAG.sub(" ", html) if "<" in html else html


def flatten_deep_html(html: str) -> str:
    """The HTML as it is, or without tags if it is nested deeper than any article.

    HTML parsers take time quadratic in the depth: minutes for 50,000 divs.
    """
    if html.count("<") <= MAX_HTML_DEPTH:
        return html
    open_elements: Counter[str] = Counter()
    for is_end_tag, name, is_self_closing in _TAG.findall(html):
        element = name.lower()
        if element in _NON_NESTING_TAGS or is_self_closing:
            continue
        if not is_end_tag:
            open_elements[element] += 1
        elif open_elements[element]:
            open_elements[element] -= 1
        if open_elements.total() > MAX_HTML_DEPTH:
            return re.sub("<[^<>]*>?", " ", html)
    return html


def leading_text(html: str, limit: int) -> str:
    """At least the first `limit` characters of `plain_text(html)`, or all of it.

    A long article is not parsed as a whole for its first sentences, unless it begins with much
    markup.
    """
    if len(html) > 3 * limit:
        text = plain_text(html[: 3 * limit])
        if len(text) > limit + _MAX_ENTITY_CHARS:
            return text[:-_MAX_ENTITY_CHARS]  # an entity may have been cut in two
    return plain_text(html)
