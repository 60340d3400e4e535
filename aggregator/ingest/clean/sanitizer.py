"""Sanitize HTML. The only module that uses nh3 to clean markup."""

import functools
import re
from html import escape

import nh3
from ahocorasick_rs import AhoCorasick

from aggregator.ingest.clean.rewrite.fragments import id_prefix
from aggregator.model import SafeHtml
from aggregator.text.html import flatten_deep_html, plain_text, xml_legal
from aggregator.text.urls import join_web_url, web_url

__all__ = ["sanitize"]

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
"""URL attributes that nh3 does not resolve itself."""
_RELATIVE_URL = re.compile(
    r"\b(?:href|src|srcset|poster|cite)\s*+=\s*+[\"']?+\s*+(?!https?://|mailto:)", re.IGNORECASE
)
_URL_NAMES = ("href", "src", "poster", "cite")
_URL_SIGNS = AhoCorasick(
    (*_URL_NAMES, 'href="http://', 'href="https://', 'src="http://', 'src="https://')
)
"""Names of attributes with URLs, and the beginnings of absolute ones, in lower case."""
_REMOVED_TAGS = {"script", "style", "noscript"}
"""Elements that are removed with their content."""
_SCHEMES = {"http", "https", "mailto"}
_MAX_SANITIZE_ROUNDS = 4


def sanitize(html: str, base: str) -> SafeHtml:
    """Sanitize HTML and make its URLs absolute; sanitizing the result again changes nothing.

    Relative URLs are resolved against `base`; only links inside the text stay local.

    The output of nh3 may be parsed differently the next time (a newline after `<pre>`), so it is
    sanitized until it stays the same; HTML that never does becomes plain text.
    """
    html = flatten_deep_html(html)
    lowered = html.lower()
    has_extra_urls = any(name in lowered for name in _EXTRA_URL_ATTRIBUTES)
    own_base = web_url(base) if _has_relative_url(html, lowered) else ""
    prefix = id_prefix(base) if own_base else ""
    has_local_links = bool(prefix) and f'href="#{prefix}' in html
    cleaner = _cleaner(own_base, has_extra_urls, prefix if has_local_links else "")
    is_legal = False
    for _ in range(_MAX_SANITIZE_ROUNDS):
        cleaned = cleaner.clean(html)
        if cleaned == html and is_legal:
            return SafeHtml(cleaned)
        html, is_legal = xml_legal(cleaned), True  # after nh3, which decodes &#1;
    return SafeHtml(xml_legal(escape(plain_text(html), quote=False)))


def _has_relative_url(html: str, lowered: str) -> bool:
    """True if a URL in the HTML may be relative; counting is faster than the regular expression."""
    signs = _URL_SIGNS.find_matches_as_indexes(lowered, overlapping=True)
    absolute = sum(sign >= len(_URL_NAMES) for sign, *_ in signs)
    return len(signs) != 2 * absolute and _RELATIVE_URL.search(html) is not None


@functools.lru_cache(maxsize=512)
def _cleaner(base: str, has_extra_urls: bool, id_prefix: str) -> nh3.Cleaner:
    """A cleaner for a base URL; cached, since making one takes as long as cleaning 5 KB.

    With `id_prefix`, ids that begin with it are kept, and so are links to them.
    """

    def resolve(_tag: str, name: str, value: str) -> str | None:
        if name == "srcset":
            return _srcset(value, base)
        if name in ("poster", "cite"):
            return join_web_url(base, value) or None
        return value

    def resolve_relative(url: str) -> str | None:
        is_local = bool(id_prefix) and url.startswith(f"#{id_prefix}")
        return url if is_local else join_web_url(base, url) or None

    any_tag = _ATTRIBUTES["*"] | {"id"} if id_prefix else _ATTRIBUTES["*"]
    try:
        return nh3.Cleaner(
            tags=_TAGS,
            attributes=_ATTRIBUTES | {"*": any_tag},
            attribute_filter=resolve if has_extra_urls else None,
            clean_content_tags=_REMOVED_TAGS,
            url_schemes=_SCHEMES,
            url_relative=resolve_relative if base else "deny",
            link_rel="noopener noreferrer",
            id_prefix=id_prefix or None,
        )
    except ValueError:  # an invalid host, which only nh3 rejects
        return _cleaner("", has_extra_urls, id_prefix)


def _srcset(value: str, base: str) -> str | None:
    """A srcset such as `a.jpg 1x, b.jpg 2x` with absolute URLs (HTML 4.8.4.2.1)."""
    candidates = []
    for part in re.split(r",\s+|,$", value.strip()):
        url, _, descriptor = part.strip().partition(" ")
        if url and (absolute := join_web_url(base, url)):
            candidates.append(f"{absolute} {descriptor.strip()}".strip())
    return ", ".join(candidates) or None
