"""HTML as outlets write it becomes HTML that can be shown without scripts and style sheets.

    HTML | xml:base | hidden parts | lazy images | embeds | fragment links  ->  HTML

The result is not safe yet; `sanitizer` comes after. Most texts need nothing of this, and are not
even parsed.
"""

import re

from ahocorasick_rs import AhoCorasick
from selectolax.lexbor import LexborHTMLParser

from aggregator.ingest.clean.rewrite.embeds import replace_embeds
from aggregator.ingest.clean.rewrite.fragments import FRAGMENT_LINK, link_fragments, resolve_bases
from aggregator.ingest.clean.rewrite.hidden import remove_hidden
from aggregator.ingest.clean.rewrite.lazy_images import load_images
from aggregator.text.html import flatten_deep_html

__all__ = ["rewrite"]

_SIGNS = AhoCorasick(
    (
        "<noscript", "<iframe", "<svg", "<math", "<object", "<embed", "<button", "<select",
        "<textarea", "<input", "<form", "<template", "<dialog", "<label", "<fieldset", "<amp-",
        "<o:", "data-", "xml:base", " hidden", "data:", "undefined", "display:", "display :",
        "visibility:", "mso-hide", "max-height:", "font-size:", "font-size :", "opacity:",
        "screen-reader", "sr-only", "visually-hidden", "href=\"#", "href='#", "href=#", "lazysrc",
        "src=\"\"", "src=''",
        "width:0", "width:1", "width: 0", "width: 1", "height:0", "height:1",
        "height: 0", "height: 1",
        "width=\"0", "height=\"0",
    )
)  # fmt: skip
"""What a text that needs rewriting contains, in lower case; most that contain it do not."""
_CUSTOM_ELEMENT = re.compile(r"</[a-z][a-z0-9]{0,30}[-:]")
_NEEDS_REWRITING = re.compile(
    r"<(?:noscript|iframe|svg|math|object|embed|button|select|textarea|input|form|template|dialog"
    r"|label|fieldset|amp-|o:)"
    r"|\bdata-[a-z-]{0,40}(?:src|orig|lazy|echo|hi-?res|url)|\blazysrc|\bxml:base|\shidden[\s=>]"
    r"|\ssrc\s*=\s*(?:[\"']?(?:data:|undefined|null|about:)|\"\"|'')"
    r"|<img[^>]{1,500}[;\s\"'](?:width|height)(?:\s*:\s*[01](?:px)?\s*[;\"'!]|=[\"']0[\"'])"
    r"|display\s*:\s*none|visibility\s*:\s*hidden|mso-hide|(?:max-height|opacity)\s*:\s*0|font-size\s*:\s*[01]"
    r"|screen-reader|sr-only|visually-hidden|" + FRAGMENT_LINK
)


def rewrite(html: str, base: str) -> str:
    """The HTML with what scripts and style sheets would have made of it.

    `base` is the URL that its relative URLs are resolved against, later.
    """
    if not _needs_rewriting(html):
        return html
    html = flatten_deep_html(html)
    parser = LexborHTMLParser(f"<body>{html}")
    if parser.body is None:
        return html
    resolve_bases(parser.body, base)
    remove_hidden(parser.body)
    load_images(parser.body)
    replace_embeds(parser)
    link_fragments(parser.body, base)
    return parser.body.inner_html or ""


def _needs_rewriting(html: str) -> bool:
    if "<" not in html:
        return False
    lowered = html.lower()
    if lowered.count("<img") > lowered.count("src="):
        return True
    if _SIGNS.find_matches_as_indexes(lowered) and _NEEDS_REWRITING.search(lowered):
        return True
    return bool(_CUSTOM_ELEMENT.search(lowered))
