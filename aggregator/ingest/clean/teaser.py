"""The words of an article that introduce it: a teaser, and a title for a post that has none."""

import re

from ahocorasick_rs import AhoCorasick
from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.ingest.clean.rewrite.tree import EMBED_CLASS, outermost
from aggregator.text.html import BLOCK_TAG, flatten_deep_html, leading_text, one_line, truncate

__all__ = ["teaser", "title_from_text"]

MAX_FURNITURE_CHARS = 60
"""Characters of a block that may be a button or a label of the page."""
MIN_SENTENCE_CHARS = 25
"""A shorter first sentence ("Wow!") is a title only together with the next one."""
_NOT_PROSE = AhoCorasick(
    (
        "<fig", "<caption", "<audio", "<video", "<nav", "<sup", "caption", "credit", "bildunter",
        "bildnachweis", "legende", "didascali", "pie-de-foto", 'class="embed', "warning",
        "avertissement", "aviso", "<strong>cw", "<strong>tw",
    )
)  # fmt: skip
"""What a text contains if not all of it is prose, in lower case."""
_FURNITURE_START = re.compile(
    r">\s*(?:listen|share|reading time|\d{1,3} ?min|print|advert|tweet|e-?mail|save|copy link"
    r"|anzeige|artikel|teilen|escuch|compart|partager|écout|condivid|ascolt|foto|photo|bild|image|picture"
    r"|illustration)"
)
"""The beginning of a block that may be a button, a label or a credit."""
_SMALL_PRINT = ("<em", "<i>", "<small")
_NOT_PROSE_TAGS = ["figure", "figcaption", "caption", "audio", "video", "nav"]
_CAPTIONS = f"[class*=wp-caption], a[class={EMBED_CLASS}]"
_SHORT_CAPTIONS = ", ".join(
    f"[class*={name}]"
    for name in (
        "caption",
        "credit",
        "bildunter",
        "bildnachweis",
        "legende",
        "didascali",
        "pie-de-foto",
    )
)
"""Captions unless they are long: their names may be those of a box around the article."""
MAX_CAPTION_CHARS = 300
_BLOCKS = "p, div, li, span, small, em, i, h1, h2, h3, h4, h5, h6, a"
_FURNITURE = re.compile(
    r"(?:listen(?: to (?:this|the) (?:article|story|episode))?|share(?: (?:this|on)\b.*)?"
    r"|(?:reading time:? ?)?\d{1,3} ?min(?:ute)?s?(?: read)?|print(?: this page)?|advertisement"
    r"|tweet|e-?mail|save|copy link|anzeige|artikel (?:anhören|teilen)|teilen|escuch[ae].{0,30}"
    r"|compartir|partager|écouter.{0,30}|condividi|ascolta.{0,30}|compartilhar"
    r"|(?:fotos?|photos?|bild|image|picture|illustration)\s?(?:by\b|:|/|credit).{1,50})[.:!]?",
    re.IGNORECASE,
)
_WARNING = re.compile(
    r"(?:content|trigger) warning|cw|tw|inhaltswarnung|avertissement|aviso de contenido", re.I
)
_FOOTNOTE_MARK = re.compile(r"\[?(?:\d{1,3}|[*†‡]{1,3}|[a-z])\]?")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+")
MAX_FIRST_BLOCKS = 40
"""Blocks at the beginning of a text among which buttons and labels are looked for."""
_LEADING_URLS = re.compile(r"\s*(?:https?://\S+\s+)+")
_SENTENCE_END = re.compile(
    r"[.!?…](?:\s++[\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]++)*+(?=\s)|[。！？]"
)
"""The last characters of a sentence, with the emoji that follow them."""


def teaser(html: str, limit: int) -> str:
    """At least the first `limit` characters of the prose in an HTML fragment, or all of it.

    Captions, footnote marks, buttons and labels are left out, unless there is nothing else.
    """
    beginning = html[: 4 * limit].lower()
    if not _may_have_more_than_prose(beginning):
        return leading_text(html, limit)
    if len(html) > 6 * limit:
        text = _prose(html[: 6 * limit])
        if len(text) > limit:
            return text
    text = _prose(html) or leading_text(html, limit)
    return "" if _HOST.fullmatch(text) else text  # a video without a title


def _may_have_more_than_prose(html: str) -> bool:
    return (
        bool(_NOT_PROSE.find_matches_as_indexes(html))
        or _FURNITURE_START.search(html) is not None
        or _may_have_small_print(html)
    )


def _may_have_small_print(html: str) -> bool:
    return "<img" in html and any(map(html.__contains__, _SMALL_PRINT))


def _prose(html: str) -> str:
    lowered = html.lower()  # only what a text may have is looked for in its tree
    parser = LexborHTMLParser(f"<body>{BLOCK_TAG.sub(' <', flatten_deep_html(html))}")
    body = parser.body
    if body is None:
        return ""
    parser.strip_tags([*_NOT_PROSE_TAGS, "script", "style", "noscript"])
    removed = body.css(_CAPTIONS) if "class=" in lowered else []
    if "class=" in lowered:
        removed += filter(_is_short, body.css(_SHORT_CAPTIONS)[:MAX_FIRST_BLOCKS])
    if "<sup" in lowered:
        removed += filter(_is_footnote_mark, body.css("sup"))
    if _may_have_small_print(lowered):
        removed += filter(_is_picture_with_caption, body.css("p, div")[:MAX_FIRST_BLOCKS])
    if _FURNITURE_START.search(lowered):
        removed += filter(_is_furniture, body.css(_BLOCKS)[:MAX_FIRST_BLOCKS])
    for node in outermost(removed):
        node.decompose()
    warning = body.css_first("p strong") if "<strong" in lowered else None
    if warning and warning.parent and _WARNING.match(warning.text().strip()):
        warning.parent.insert_after(" – ")
    return one_line(body.text())


def _is_footnote_mark(node: LexborNode) -> bool:
    is_link = node.css_first("a[href]") is not None
    return is_link and bool(_FOOTNOTE_MARK.fullmatch(node.text().strip()))


def _is_short(node: LexborNode) -> bool:
    return len(node.text(deep=True)) <= MAX_CAPTION_CHARS


def _is_picture_with_caption(node: LexborNode) -> bool:
    """True for a block with a picture, and with no other words than a line in italics below it."""
    if node.css_first("img") is None or node.css_first("p, div, li") not in (None, node):
        return False
    words = node.text(deep=True).strip()
    lines = " ".join(line.text(deep=True).strip() for line in node.css("em, i, small"))
    return bool(words) and len(words) <= MAX_CAPTION_CHARS and words == lines


def _is_furniture(node: LexborNode) -> bool:
    """True for a button or label of the outlet's page, such as "Listen to this article"."""
    text = node.text(deep=True).strip()
    return len(text) <= MAX_FURNITURE_CHARS and bool(_FURNITURE.fullmatch(text))


def title_from_text(text: str, limit: int) -> str:
    """The first sentence of a text without the address that it begins with, for a post without a
    title."""
    urls = _LEADING_URLS.match(text)
    bare = text[urls.end() if urls else 0 :] or text
    found = _SENTENCE_END.search(bare, MIN_SENTENCE_CHARS - 1)
    return truncate(bare[: found.end()] if found else bare, limit)
