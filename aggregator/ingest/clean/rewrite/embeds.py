"""Put a link or words in the place of what cannot be shown: videos, charts, formulas."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.ingest.clean.rewrite.tree import (
    attribute,
    outermost,
    replace_with_link,
    replace_with_text,
)

__all__ = ["replace_embeds"]

MIN_LABEL_CHARS = 3
MAX_LABEL_CHARS = 200
_VIDEO_PAGES = (
    (re.compile(r"(?:youtube(?:-nocookie)?\.com/(?:embed|v)/|youtu\.be/)([\w-]{2,20})"),
     "https://www.youtube.com/watch?v={}"),
    (re.compile(r"player\.vimeo\.com/video/(\d{1,20})"), "https://vimeo.com/{}"),
    (re.compile(r"dailymotion\.com/embed/video/(\w{1,20})"),
     "https://www.dailymotion.com/video/{}"),
)  # fmt: skip
"""Address of a player -> page of the video, whose players do not work on their own."""
_VIDEO_IDS = {
    "amp-youtube": ("data-videoid", "https://www.youtube.com/watch?v={}"),
    "amp-vimeo": ("data-videoid", "https://vimeo.com/{}"),
    "amp-dailymotion": ("data-videoid", "https://www.dailymotion.com/video/{}"),
    "amp-twitter": ("data-tweetid", "https://twitter.com/i/status/{}"),
    "amp-instagram": ("data-shortcode", "https://www.instagram.com/p/{}/"),
}
_INLINE = frozenset({"font", "big", "blink", "nobr", "label", "o:p", "st1:place", "noindex"})
"""Elements that are not shown, though their words are part of a sentence."""
_FORMULA_SIGNS = {"mfrac": "/", "msup": "^", "msub": "_"}
_PLAYERS = "iframe, object, embed, frame"
_UNKNOWN = re.compile(r"[a-z][a-z0-9]*[:-]|(?:form|dialog|label|fieldset|legend|noscript)$")


def replace_embeds(parser: LexborHTMLParser) -> None:
    """Replace players and frames by links, formulas and drawings by their words, AMP by HTML."""
    body = parser.body
    if body is None:
        return
    for image in body.css("amp-img, amp-anim"):
        _replace_amp_image(parser, image)
    for selector, replace in _REPLACEMENTS:
        for node in outermost(body.css(selector)):
            replace(parser, node)
    for node in [each for each in body.traverse() if _UNKNOWN.match(each.tag or "")]:
        if node.tag not in _INLINE:  # else the words on both sides would be one
            node.insert_before(" ")
            node.insert_after(" ")


def _replace_amp_image(parser: LexborHTMLParser, node: LexborNode) -> None:
    image = parser.create_node("img")
    for name in ("src", "srcset", "alt", "width", "height"):
        if value := attribute(node, name):
            image.attrs[name] = value
    node.insert_before(image)


def _replace_player(parser: LexborHTMLParser, node: LexborNode) -> None:
    url = attribute(node, "src", "data", "data-src", "data-lazy-src")
    label = _label(node)
    for player, page in _VIDEO_PAGES:
        if found := player.search(url):
            url = page.format(found[1])
    scheme, host = _scheme_and_host(url)
    if url and scheme in ("http", "https", "") and not url.startswith(("#", "about:")):
        replace_with_link(parser, node, url, label or host or url)
    else:
        replace_with_text(node, label)


def _replace_amp_embed(parser: LexborHTMLParser, node: LexborNode) -> None:
    name, page = _VIDEO_IDS.get(node.tag or "", ("", "{}"))
    id_ = attribute(node, name) if name else ""
    if id_ and re.fullmatch(r"[\w-]{1,40}", id_):
        url = page.format(id_)
        replace_with_link(parser, node, url, _label(node) or _scheme_and_host(url)[1])
    else:
        _replace_player(parser, node)


def _replace_formula(_: LexborHTMLParser, node: LexborNode) -> None:
    source = node.css_first('annotation[encoding*="tex" i]')
    words = attribute(node, "alttext", "aria-label") or (source.text().strip() if source else "")
    if not words:
        for element, sign in _FORMULA_SIGNS.items():
            for pair in node.css(element):
                if pair.first_child is not None:
                    pair.first_child.insert_after(f" {sign} ")
        words = _words(node)
    replace_with_text(node, words[:MAX_LABEL_CHARS])


def _replace_drawing(_: LexborHTMLParser, node: LexborNode) -> None:
    words = attribute(node, "aria-label") or _words(node)
    is_named = len(words) >= MIN_LABEL_CHARS  # else a logo or an icon
    replace_with_text(node, words[:MAX_LABEL_CHARS] if is_named else "")


_Replacement = Callable[[LexborHTMLParser, LexborNode], None]
_REPLACEMENTS: tuple[tuple[str, _Replacement], ...] = (
    (_PLAYERS, _replace_player),
    (", ".join(_VIDEO_IDS) + ", amp-iframe, amp-video, amp-audio", _replace_amp_embed),
    ("math", _replace_formula),
    ("svg", _replace_drawing),
)


def _label(node: LexborNode) -> str:
    """What an embedded object is called: its title, or the words inside it."""
    return (attribute(node, "title", "aria-label", "alt") or _words(node))[:MAX_LABEL_CHARS]


def _words(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())


def _scheme_and_host(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "invalid", ""
    return parts.scheme, (parts.hostname or "").removeprefix("www.")
