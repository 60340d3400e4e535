"""What belongs to an article, and what outlets add to it: bylines, credits, appeals, footers.

    HTML --article_text--> the article's own words
    title --bare_title--> without rubric and outlet
    HTML --attributions--> addresses at which it says that it first appeared

An outlet that republishes an article adds such sentences, and two articles of one outlet
share them, so they say nothing about whether two texts are one.
"""

import re
from collections.abc import Iterator, Set
from html import unescape

from ahocorasick_rs import AhoCorasick

__all__ = ["article_text", "attribution_urls", "strip_title_affixes"]

MAX_BOILERPLATE_CHARS = 300
"""Characters of a sentence that may be an addition; a longer one is looked at as text."""
MIN_TITLE_WORDS = 3
"""Words of a title that say nothing by themselves."""
MAX_ARTICLE_CHARS = 12_000
"""Characters of an article that are looked at, about 2,000 words."""

_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]"
    r"|header|hr|li|ol|p|pre|section|table|td|th|tr|ul)\b[^<>]*>|\n\s*\n",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"</?(?:blockquote|div|li|p|pre|section|td)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[^a-z])")
_LINK = re.compile(r"<a\s[^<>]*?href=[\"'](https?://[^\"'<>\s]+)", re.IGNORECASE)

_CREDIT_PHRASES = (
    "originally published", "first published", "originally appeared", "first appeared",
    "appeared first on", "was published by", "was published at", "republished", "reprinted",
    "cross-posted", "crossposted", "creative commons", "ursprünglich erschienen",
    "zuerst erschienen", "publicado originalmente", "publicada originalmente",
    "publié initialement", "initialement publié", "d'abord paru", "pubblicato originariamente",
)  # fmt: skip
"""What says where an article comes from, in small letters."""
_APPEAL_PHRASES = (
    "sign up", "signing up", "subscribe", "newsletter", "your inbox", "follow us on",
    "become a member", "donate", "donation", "nonprofit newsroom", "independent media",
    "independent journalism", "support our", "views expressed", "opinions expressed",
    "not necessarily reflect", "not necessarily represent", "all rights reserved",
    "©", "terms of service", "click here", "what we are reading", "abonnieren", "suscríbete",
    "abonnez-vous",
)  # fmt: skip
"""What asks for something, or is the house's small print."""
_BYLINE = re.compile(
    r"\s*(?:by|von|por|par|di)\s+\S.{0,90}", re.IGNORECASE | re.DOTALL
)  # a block of its own that begins so and ends soon


_READ_MORE = re.compile(
    r"(?:\[(?:…|\.\.\.)\]|(?:Continue reading|Read more|Weiterlesen|Lire la suite|Leer más)\b"
    r"[^.!?]{0,100})$"
)
READ_MORE_TAIL_CHARS = 130
"""Characters at the end of a block in which `_MORE` is looked for."""
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
"""What a text must hold, in small letters, for `_MORE` to be worth a look."""
_CREDIT_SEARCH = AhoCorasick(_CREDIT_PHRASES)
_BOILERPLATE_SEARCH = AhoCorasick((*_CREDIT_PHRASES, *_APPEAL_PHRASES, *_READ_MORE_CUES))
_OUTLET_SUFFIX = re.compile(r"\s+[|–—-]\s+[^|–—]{2,30}$")
_RUBRIC_PREFIX = re.compile(r"^[^:]{2,30}:\s+")


def strip_title_affixes(title: str) -> str:
    """A title without the outlet's name behind it, or a rubric such as "Opinion:" before it."""
    bare = _RUBRIC_PREFIX.sub("", _OUTLET_SUFFIX.sub("", title))
    return bare if len(bare.split()) >= MIN_TITLE_WORDS else title


def article_text(html: str) -> str:
    """The article's own words, plain, without what its outlet has added."""
    return " ".join(_sentences(html[:MAX_ARTICLE_CHARS]))


def attribution_urls(html: str) -> list[str]:
    """The addresses in paragraphs that say where the article first appeared, in their order."""
    lowered = html.lower()
    if "href" not in lowered or not _CREDIT_SEARCH.find_matches_as_indexes(lowered):
        return []
    blocks = (block for block in _PARAGRAPH.split(html) if block and "href" in block)
    crediting = (b for b in blocks if any(phrase in b.lower() for phrase in _CREDIT_PHRASES))
    links = dict.fromkeys(unescape(link) for b in crediting for link in _LINK.findall(b))
    return [link for link in links if "//creativecommons.org/" not in link]


def _sentences(html: str) -> Iterator[str]:
    found = set(_BOILERPLATE_SEARCH.find_matches_as_strings(html.lower(), overlapping=True))
    is_cut = not found.isdisjoint(_READ_MORE_CUES)
    hints = found.difference(_READ_MORE_CUES)
    for block in _BLOCK.split(html):
        text = _TAG.sub(" ", block) if "<" in block else block
        text = unescape(text) if "&" in text else text
        text = _strip_read_more(text) if is_cut else text
        if not text or text.isspace() or (len(text) < 100 and _BYLINE.fullmatch(text)):
            continue
        if hints:
            yield from (s for s in _SENTENCE.split(text) if not _is_boilerplate(s, hints))
        else:
            yield text


def _strip_read_more(text: str) -> str:
    """Without "[…]" or "Continue reading" at the end."""
    text = text.rstrip()
    return text[:-READ_MORE_TAIL_CHARS] + _READ_MORE.sub("", text[-READ_MORE_TAIL_CHARS:])


def _is_boilerplate(sentence: str, hints: Set[str]) -> bool:
    lowered = sentence.lower()
    return len(sentence) <= MAX_BOILERPLATE_CHARS and any(phrase in lowered for phrase in hints)
