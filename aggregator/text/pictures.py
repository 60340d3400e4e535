"""Which images are pictures: not placeholders, counters, emoji or avatars."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Picture", "best_picture", "is_picture", "is_placeholder", "pixels", "srcset_urls"]

MIN_PICTURE_PIXELS = 60
"""Width or height below which an image is an icon, an avatar or a counter."""
_PLACEHOLDER = re.compile(
    r"^(?:data:|about:|blob:|undefined|null|none|false|#|\[|\{)"
    r"|(?:^|[/_.-])(?:blank|spacer|transparent|placeholder|lazy[_-]?load|loading|pixel|1x1|grey"
    r"|clear|empty|trans|dummy)(?:[_.-][\w-]*)?\.(?:gif|png|svg|jpe?g|webp)(?:[?#]|$)",
    re.IGNORECASE,
)
_NOT_A_PICTURE = re.compile(
    r"(?:/emoji/|/twemoji/|/smil(?:ies|eys?)/|/core/emoji|gravatar\.com/avatar|/avatars?[/_.-]"
    r"|/favicon|feeds\.wordpress\.com/|/pixel[/.?]|/counter[/.?]|\bb\.gif\b|/count\.gif|pixel\.wp\.com|/~r/|/~ff/"
    r"|feedsportal\.com|doubleclick\.net|/tracking/|/(?:undefined|null|none)(?:[?#]|$)|share[_-]?(?:button|icon)|/track(?:er)?\.gif)",
    re.IGNORECASE,
)
_PAGE = re.compile(r"\.(?:html?|php|aspx?|jsp|cfm|xml|rss|pdf|mp3|mp4|m4a|mov)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image that may illustrate an entry; `width` and `height` in pixels, 0 if unknown."""

    url: str
    width: int = 0
    height: int = 0


_SIZE_IN_QUERY = re.compile(r"[?&](?:s|w|h|width|height|size)=([0-9]{1,2})(?:&|$)")
"""A size of two digits in an address, such as that of an avatar."""


def is_placeholder(url: str) -> bool:
    """True for the URL of an image that stands in for one that a script loads later."""
    return bool(_PLACEHOLDER.search(url.strip()))


def is_picture(picture: Picture) -> bool:
    """False if size or URL show that an image is a counter, an icon or the like."""
    if any(0 < size < MIN_PICTURE_PIXELS for size in (picture.width, picture.height)):
        return False
    url = picture.url
    if not url or is_placeholder(url) or _NOT_A_PICTURE.search(url):
        return False
    try:
        path = urlsplit(url).path
    except ValueError:
        return False
    size = _SIZE_IN_QUERY.search(url)
    is_small = size is not None and int(size[1]) < MIN_PICTURE_PIXELS
    return not (is_small or _PAGE.search(path) or path in ("", "/"))


def best_picture(pictures: Iterable[Picture]) -> str:
    """The address of the largest picture; of those whose sizes are unknown, the first; else ""."""
    good = [picture for picture in pictures if is_picture(picture)]
    largest = max(good, key=lambda picture: picture.width * picture.height, default=None)
    return largest.url if largest else ""


def pixels(value: object) -> int:
    """A width or height as outlets give it, 0 if it is none."""
    found = re.fullmatch(r"([0-9]{1,6})(?:\.[0-9]{0,6})?(?:px)?", str(value or "").strip())
    return int(found[1]) if found else 0


def srcset_urls(srcset: str) -> list[str]:
    """The addresses in a srcset (HTML 4.8.4.2.1), smallest first."""
    candidates = []
    for part in re.split(r",\s+|,$", srcset.strip()):
        url, _, descriptor = part.strip().partition(" ")
        number = re.match(r"[0-9.]{1,10}", descriptor.strip())
        if url:
            candidates.append((_number(number[0]) if number else 1.0, url))
    return [url for _, url in sorted(candidates, key=lambda candidate: candidate[0])]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
