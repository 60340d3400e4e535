"""Give images the addresses that a script would have loaded (Miniflux: add_dynamic_image)."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from aggregator.ingest.clean.rewrite.tree import attribute, outermost
from aggregator.text.pictures import is_placeholder, srcset_urls

__all__ = ["load_images"]

_LAZY_URLS = (
    "data-src", "data-lazy-src", "data-original", "data-orig-src", "data-image-src", "data-img-src",
    "data-full-src", "data-hi-res-src", "data-large-src", "data-fallback-src", "data-url",
    "data-orig-file", "data-large-file", "data-medium-file",
)  # fmt: skip
_LAZY_SRCSETS = ("data-srcset", "data-lazy-srcset", "data-original-set")
_NOT_LAZY = frozenset(("src", "srcset", "alt", "title", "class", "id", "style", "longdesc"))
_PICTURE_URL = re.compile(
    r"(?:https?:/)?/?[^\s<>\"{}]{1,2000}\.(?:jpe?g|png|gif|webp|avif)(?:\?[^\s<>\"]{0,2000})?",
    re.IGNORECASE,
)
_HIDDEN_SIZE = re.compile(
    r"(?:^|[;\s])(?:width|height)\s*:\s*[01](?:px)?\s*(?:[;!]|$)", re.IGNORECASE
)
_LOADERS = (".gif", ".svg")
"""Ends of the addresses of images that show that another one is loading."""


def load_images(body: LexborNode) -> None:
    """Replace placeholders by the images that they stand for, and remove empty images.

    A <noscript> copy of an image takes its place if it has no address; so does any <noscript> with
    a link or a frame. Others only say that the page needs scripts.
    """
    for image in body.css("img, source"):
        _load(image)
    shown = set(_addresses(body.css("img:not(noscript img)")))
    for fallback in outermost(body.css("noscript")):
        images = fallback.css("img")
        if not shown.issuperset(_addresses(images)) or fallback.css_first("a[href], iframe[src]"):
            fallback.unwrap()
        else:
            fallback.decompose()
    for image in body.css("img"):
        if not (attribute(image, "src") or attribute(image, "srcset")):
            image.decompose()


def _load(image: LexborNode) -> None:
    given = attribute(image, "srcset")
    srcset = attribute(image, *_LAZY_SRCSETS)
    if srcset and (not given or is_placeholder(given)):
        image.attrs["srcset"] = srcset
    if image.tag != "img":
        return
    if _HIDDEN_SIZE.search(attribute(image, "style")) or "0" in (
        attribute(image, "width"), attribute(image, "height")
    ):  # fmt: skip
        image.attrs["width"] = image.attrs["height"] = "1"
    source = attribute(image, "src")
    named = [attribute(image, name) for name in _LAZY_URLS]
    if _is_shown(source) and not (source.lower().endswith(_LOADERS) and any(map(_is_shown, named))):
        return
    named += srcset_urls(attribute(image, "srcset"))[-1:]
    named += [
        value or ""
        for name, value in image.attributes.items()
        if name not in _NOT_LAZY and _PICTURE_URL.fullmatch((value or "").strip())
    ]
    url = next(filter(_is_shown, named), "")
    if url:
        image.attrs["src"] = url.strip()
    elif "src" in image.attrs and not source.startswith(("http://", "https://", "/")):
        del image.attrs["src"]


def _is_shown(url: str) -> bool:
    return bool(url) and not is_placeholder(url)


def _addresses(images: list[LexborNode]) -> Iterator[str]:
    for image in images:
        if url := attribute(image, "src"):
            yield url
