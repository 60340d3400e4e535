"""Find and replace images in sanitized HTML.

Sanitized HTML is as html5ever writes it: every attribute has a value in double quotes, and a `<` in
a text is escaped. So a regular expression can read its tags, and everything else stays unchanged.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape, unescape

from aggregator.text.pictures import Picture, is_picture, pixels
from aggregator.text.urls import web_url

__all__ = ["HtmlImage", "html_images", "replace_images"]

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*+)((?:\s++[^\s"=<>/]++="[^"]*+")*+)\s*+/?>', re.IGNORECASE)
_ATTRIBUTE = re.compile(r'\s([^\s"=<>/]+)="([^"]*)"')
_EMOJI = re.compile(r"[\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlImage:
    """An `<img>`; `width` and `height` in pixels, 0 if unknown. `is_in_link` is true inside a
    link, as `replace_images` finds it."""

    url: str
    alt: str = ""
    width: int = 0
    height: int = 0
    is_in_link: bool = False

    @property
    def is_picture(self) -> bool:
        """False for a counter, an icon, an emoji and the like."""
        picture = Picture(url=self.url, width=self.width, height=self.height)
        return is_picture(picture) and not self.is_emoji

    @property
    def is_emoji(self) -> bool:
        """True if its alt text is an emoji."""
        return bool(_EMOJI.fullmatch(self.alt))


def html_images(html: str) -> Iterator[HtmlImage]:
    """The images of a sanitized text, in order."""
    if "<img" in html:
        for found in _TAG.finditer(html):
            if found[2] == "img":
                yield _image(found, is_in_link=False)


def replace_images(html: str, replace: Callable[[HtmlImage], str]) -> str:
    """Sanitized HTML with each image replaced by what `replace` returns.

    Alternatives for other screens (`<picture>`) are left out, and so are the pictures that players
    show before they play; these load nothing until then.
    """
    open_links = 0
    open_pictures = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal open_links, open_pictures
        name, step = found[2], -1 if found[1] else 1
        if name == "a":
            open_links = max(0, open_links + step)
        if name == "picture":
            open_pictures = max(0, open_pictures + step)
            return ""
        if name == "source" and open_pictures:
            return ""
        if name in ("video", "audio") and not found[1]:
            return _player(found)
        if name == "img":
            return replace(_image(found, is_in_link=open_links > 0))
        return found[0]

    return _TAG.sub(replaced, html)


def _image(found: re.Match[str], *, is_in_link: bool) -> HtmlImage:
    values = _attributes(found)
    return HtmlImage(
        url=web_url(values.get("src", "")),
        alt=values.get("alt", "").strip(),
        width=pixels(values.get("width")),
        height=pixels(values.get("height")),
        is_in_link=is_in_link,
    )


def _player(found: re.Match[str]) -> str:
    values = _attributes(found)
    values = {name: value for name, value in values.items() if name not in ("poster", "preload")}
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in values.items())
    return f'<{found[2]}{attributes} preload="none">'


def _attributes(tag: re.Match[str]) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[3])}
