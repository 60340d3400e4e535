"""Which images are pictures: not placeholders, counters, emoji or avatars."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Picture", "best_picture", "is_picture", "is_placeholder", "pixels", "srcset_urls"]

MIN_PICTURE_PIXELS = 60
"""Width or height below which an image is an icon, an avatar or a counter."""
MIN_LARGE_PIXELS = 100
"""Width or height below which a picture in the text is better."""
_FORGOTTEN = re.compile(
    r"^(?:data:|about:|blob:)|(?:^|/)(?:undefined|null|none|false)(?:[?#]|$)", re.IGNORECASE
)
"""URLs that a script of the outlet has left empty, or that are not addresses."""
_PLACEHOLDER = re.compile(
    r"^(?:data:|about:|blob:|undefined|null|none|false|#|\[|\{|$)"
    r"|(?:^|/)(?:blank|spacer|transparent|placeholder|lazy[_-]?load(?:er|ing)?|load(?:ing|er)|pixel"
    r"|px|1x1|gr[ea]y|clear|empty|trans|dummy|shim)"
    r"(?:[_.-]?(?:[0-9]+x[0-9]+|image|img|bg|icon|min))*\.(?:gif|png|svg|jpe?g|webp)(?:[?#]|$)",
    re.IGNORECASE,
)
"""URLs whose file name is one of these words; "blank-ballots.jpg" is a picture."""
_NOT_A_PICTURE = re.compile(
    r"(?:/emojis?/[0-9a-f-]+\.|/core/emoji|/twemoji|/smil(?:ies|eys?)/|gravatar\.com/avatar"
    r"|/avatars?[/_.-]|/favicon|feeds\.wordpress\.com/|/~(?:r|f|ff)/|feedsportal\.com|doubleclick\.net"
    r"|pixel\.wp\.com|/pixel(?:\?|$)|/counter(?:\.\w+)?(?:\?|$)|/b\.gif|/count\.gif|/tracking/[^/?]*pixel|/track(?:er)?\.gif"
    r"|share[_-]?(?:button|icon))",
    re.IGNORECASE,
)
_PLAIN_URL = re.compile(
    r"https?://[a-z0-9.-]+(/[\w/.,;~!$&'()*+=@%:-]*)?(?:\?([\w/.,;~!$&'()*+=@%:?-]*))?", re.ASCII
)
"""Matches nearly all URLs; its groups are path and query, and either may be None."""
_PAGE = re.compile(r"\.(?:html?|xml|rss|pdf|mp3|mp4|m4a|mov|swf)$", re.IGNORECASE)
_SCRIPT = re.compile(r"\.(?:php|aspx?|jsp|cfm)$", re.IGNORECASE)
"""The path of a page, or of a picture that a program makes of its query."""
_SIZE_IN_QUERY = re.compile(r"[?&](?:s|w|h|width|height|size)=([0-9]{1,2})(?:&|$)")
"""A size of two digits in an address, such as that of an avatar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image that may illustrate an entry; `width` and `height` in pixels, 0 if unknown.
    `is_declared` is true if its media type says that it is one."""

    url: str
    width: int = 0
    height: int = 0
    is_declared: bool = False

    @property
    def area(self) -> int:
        """Its size; if one side is unknown, it is as in a landscape of 3:2."""
        return (self.width or self.height * 3 // 2) * (self.height or self.width * 2 // 3)

    @property
    def is_small(self) -> bool:
        """True if it is known to be no larger than a thumbnail."""
        return any(0 < size < MIN_LARGE_PIXELS for size in (self.width, self.height))


def is_placeholder(url: str) -> bool:
    """True for the URL of an image that stands in for one that a script loads later."""
    return bool(_PLACEHOLDER.search(url.strip()))


def is_picture(picture: Picture) -> bool:
    """False if size or URL show that an image is a counter, an icon or the like."""
    if any(0 < size < MIN_PICTURE_PIXELS for size in (picture.width, picture.height)):
        return False
    url = picture.url
    if not url or _FORGOTTEN.search(url):
        return False
    is_large = min(picture.width, picture.height) >= MIN_LARGE_PIXELS
    if not is_large and (is_placeholder(url) or _NOT_A_PICTURE.search(url)):
        return False
    if plain := _PLAIN_URL.fullmatch(url):
        path, query = plain[1] or "", plain[2] or ""
    else:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        path, query = parts.path, parts.query
    if picture.is_declared:
        return True
    size = _SIZE_IN_QUERY.search(url)
    is_tiny = size is not None and int(size[1]) < MIN_PICTURE_PIXELS
    is_page = _PAGE.search(path) or (_SCRIPT.search(path) and not query)
    return not (is_tiny or is_page or path in ("", "/"))


def best_picture(pictures: Iterable[Picture]) -> Picture | None:
    """The largest picture; of those whose sizes are unknown, the first."""
    good = [picture for picture in pictures if is_picture(picture)]
    return max(good, key=lambda picture: picture.area, default=None)


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
