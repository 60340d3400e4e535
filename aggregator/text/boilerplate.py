"""Tell an article from what outlets add to it: bylines, credits, appeals, footers.

    HTML --article_text--> the article's own words
    title --strip_title_affixes--> without rubric and outlet
    HTML --attribution_urls--> URLs where it says that it first appeared

An outlet that republishes an article adds such sentences, and two articles of one outlet share
them, so they do not show that two texts are the same.
"""

import re
from collections.abc import Iterator, Sequence, Set
from html import unescape

from ahocorasick_rs import AhoCorasick

from aggregator.text.html import strip_tags

__all__ = [
    "article_text",
    "attribution_urls",
    "split_quotations",
    "strip_name",
    "strip_title_affixes",
]

MAX_BOILERPLATE_CHARS = 300
"""Characters of a sentence that may be boilerplate; a longer one counts as text."""
MIN_TITLE_WORDS = 3
"""A title is not shortened to fewer words than this."""
MAX_ANNOUNCEMENT_CHARS = 80
"""Characters of a heading such as "Related stories"."""
MAX_ARTICLE_CHARS = 12_000
"""Characters of HTML that are read, about 2,000 words."""

_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]"
    r"|header|hr|li|ol|p|pre|section|table|td|th|tr|ul)\b[^<>]*>|\n\s*\n",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"</?(?:blockquote|div|li|p|pre|section|td)\b[^<>]*>", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[^a-z])")
_LINK = re.compile(r"<a\s[^<>]*?href=[\"'](https?://[^\"'<>\s]+)", re.IGNORECASE)

_CREDIT_PHRASES = (
    "originally published", "first published", "originally appeared", "first appeared",
    "appeared first on", "was published by", "was published at", "republished", "reprinted",
    "cross-posted", "crossposted", "creative commons", "ursprünglich erschienen",
    "zuerst erschienen", "publicado originalmente", "publicada originalmente",
    "publié initialement", "initialement publié", "d'abord paru", "pubblicato originariamente",
)  # fmt: skip
"""Phrases, in lower case, of sentences that say where an article comes from."""
_APPEAL_PHRASES = (
    "sign up", "signing up", "subscribe", "newsletter", "your inbox", "follow us on",
    "become a member", "donate", "donation", "nonprofit newsroom", "independent media",
    "independent journalism", "support our", "views expressed", "opinions expressed",
    "not necessarily reflect", "not necessarily represent", "all rights reserved",
    "©", "terms of service", "click here", "what we are reading", "abonnieren", "suscríbete",
    "abonnez-vous",
)  # fmt: skip
"""Phrases, in lower case, of appeals to readers and of legal notices."""
_BYLINE = re.compile(
    r"\s*(?:by|von|por|par|di)\s+\S.{0,90}", re.IGNORECASE | re.DOTALL
)  # matched against a whole block


_LINKED = re.compile(r"<a\b[^<>]*>.*?</a\s*>", re.IGNORECASE | re.DOTALL)
_RELATED = re.compile(
    r"\W*(?:(?:read|see|watch|listen)\s+(?:more|also|next|now)|also\s+(?:read|see|on)|more\s+(?:on|from"
    r"|about|stories|news)\b.{0,40}|more|related\b.{0,40}|(?:you\s+may|recommended|most\s+read"
    r"|don['’]t\s+miss|in\s+case\s+you\s+missed)\b.{0,40}|mehr\s+(?:dazu|zum\s+thema)|lesen\s+sie\s+auch"
    r"|lire\s+aussi|à\s+lire(?:\s+aussi)?|lea\s+también|lee\s+también|leia\s+(?:também|mais)"
    r"|leggi\s+anche|lees\s+ook|читайте\s+также|también\s+te\s+puede\s+interesar)?\W*",
    re.IGNORECASE | re.DOTALL,
)
"""What stands before links to other articles; also nothing at all."""

_BESIDE_LINK = re.compile(r"\W*(?:[^\W_]+[ :/,-]+){0,3}[^\W_]*[^\w.!?]*")
"""What stands beside a link to another article: "3 hours ago", "(Reuters)"; no sentence."""
_BLOCKQUOTE = re.compile(r"<blockquote\b[^<>]*>", re.IGNORECASE)
_BLOCKQUOTE_END = re.compile(r"</blockquote\s*>", re.IGNORECASE)
_READ_MORE = re.compile(
    r"(?:\[(?:…|\.\.\.)\]|(?:Continue reading|Read more|Weiterlesen|Lire la suite|Leer más)\b"
    r"[^.!?]{0,100})$"
)
READ_MORE_TAIL_CHARS = 130
"""Characters at the end of a block in which `_READ_MORE` is looked for."""
_READ_MORE_CUES = (
    "[…]",
    "[...]",
    "8230;]",
    "continue reading",
    "read more",
    "weiterlesen",
    "lire la",
    "leer m",
)
"""Strings, in lower case, one of which a text must contain for `_READ_MORE` to match."""
_CREDIT_SEARCH = AhoCorasick(_CREDIT_PHRASES)
_BOILERPLATE_SEARCH = AhoCorasick((*_CREDIT_PHRASES, *_APPEAL_PHRASES, *_READ_MORE_CUES))
_OUTLET_SUFFIX = re.compile(r"\s+[|–—-]\s+[^|–—]{2,30}$")
_QUOTATION = re.compile(
    '❝[^❝❞]*❞|“[^“”]{40,1500}”|„[^„“”]{40,1500}[“”]|«[^«»]{40,1500}»|(?<!\\w)"[^"]{40,1500}"(?!\\w)'
)
"""What somebody has said, in 40 characters or more; shorter quotations are part of a sentence."""
_NAME_MARKS = (" - ", " | ", " – ", " — ")
_RUBRIC_PREFIX = re.compile(r"^[^:]{2,30}:\s+")


def strip_title_affixes(title: str) -> str:
    """The title without a rubric such as "Opinion:" before it, or the outlet's name after it."""
    bare = _RUBRIC_PREFIX.sub("", _OUTLET_SUFFIX.sub("", title))
    return bare if len(bare.split()) >= MIN_TITLE_WORDS else title


def split_quotations(text: str) -> list[str]:
    """The parts of a text outside long quotations."""
    return _QUOTATION.split(text)


def strip_name(title: str, name: str) -> str:
    """The title without " - Name" or " | Name" at its end; empty if it does not end so."""
    for mark in _NAME_MARKS:
        if title.casefold().endswith(f"{mark}{name.casefold()}"):
            return title[: -len(mark) - len(name)].rstrip()
    return ""


def article_text(html: str) -> str:
    """The article's own words as plain text, without boilerplate and links to other articles; with
    the links if there is nothing else. What is set off as a quotation is between ❝ and ❞."""
    html = html[:MAX_ARTICLE_CHARS]
    if "<blockquote" in html:
        html = _BLOCKQUOTE_END.sub("❞</blockquote>", _BLOCKQUOTE.sub("<blockquote>❝", html))
    blocks = _BLOCK.split(html)
    own = [block for block in blocks if not _is_related(block)]
    return " ".join(_sentences(html, own)) or " ".join(_sentences(html, blocks))


def attribution_urls(html: str) -> list[str]:
    """The URLs in paragraphs that say where the article first appeared, in document order."""
    lowered = html.lower()
    if "href" not in lowered or not _CREDIT_SEARCH.find_matches_as_indexes(lowered):
        return []
    blocks = (block for block in _PARAGRAPH.split(html) if block and "href" in block)
    crediting = (
        block for block in blocks if any(phrase in block.lower() for phrase in _CREDIT_PHRASES)
    )
    urls = dict.fromkeys(unescape(url) for block in crediting for url in _LINK.findall(block))
    return [url for url in urls if "//creativecommons.org/" not in url]


def _is_related(block: str) -> bool:
    """True if a block has nothing but links to other articles, and words that announce them."""
    if "<a" not in block:
        is_short = len(block) < MAX_ANNOUNCEMENT_CHARS and not block.isspace() and bool(block)
        return is_short and bool(_RELATED.fullmatch(strip_tags(block)))
    rest = unescape(strip_tags(_LINKED.sub(" ", block)))
    return bool(_RELATED.fullmatch(rest) or _BESIDE_LINK.fullmatch(rest))


def _sentences(html: str, blocks: Sequence[str]) -> Iterator[str]:
    """Blocks of an article, or where it contains boilerplate phrases, its other sentences."""
    found = set(_BOILERPLATE_SEARCH.find_matches_as_strings(html.lower(), overlapping=True))
    has_read_more = not found.isdisjoint(_READ_MORE_CUES)
    phrases = found.difference(_READ_MORE_CUES)
    for block in blocks:
        text = strip_tags(block)
        text = unescape(text) if "&" in text else text
        text = _strip_read_more(text) if has_read_more else text
        if not text or text.isspace() or (len(text) < 100 and _BYLINE.fullmatch(text)):
            continue
        if phrases:
            yield from (s for s in _SENTENCE.split(text) if not _is_boilerplate(s, phrases))
        else:
            yield text


def _strip_read_more(text: str) -> str:
    """The text without "[…]" or "Continue reading" at its end."""
    text = text.rstrip()
    return text[:-READ_MORE_TAIL_CHARS] + _READ_MORE.sub("", text[-READ_MORE_TAIL_CHARS:])


def _is_boilerplate(sentence: str, phrases: Set[str]) -> bool:
    """True for a sentence that contains one of these phrases and is not too long."""
    lowered = sentence.lower()
    return len(sentence) <= MAX_BOILERPLATE_CHARS and any(phrase in lowered for phrase in phrases)
