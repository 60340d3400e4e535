"""Addresses of articles: when two of them are one, and what is left of one on another host."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

from aggregator.model import ParsedEntry

__all__ = [
    "TRACKING_PARAMETERS",
    "canonical_url",
    "has_article_number",
    "id_pattern",
    "is_distinctive_path",
    "is_on_site",
    "is_own_story",
    "path_without_host",
    "strip_scheme",
]

TRACKING_PARAMETERS = (
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id",
    "fbclid", "gclid", "mc_cid", "mc_eid",
)  # fmt: skip
"""Query parameters that never choose an article. Kept short on purpose: `ref`, `source` and
`id` do choose one on some sites."""
_NOISE_FRAGMENT = re.compile(r"^(utm_\w+=|xtor=|comments?$|respond$|rss$)")
_AMP_CACHE = re.compile(
    r"https?://([^/]+\.cdn\.ampproject\.org/[cv]|(?:www\.)?google\.[a-z.]+/amp)/(?:s/)?(.+)"
)
_AMP_PARAMETER = re.compile(r"([?&])(?:amp(?:=1)?|outputType=amp)(?:(&)|(?=#|$))")
_AMP_HOST = re.compile(r"^amp\.(?=.+\.)")
_ARTICLE_NUMBER = re.compile(
    r"/(?=[^/?#]*[a-z]{2})[^/?#]*[0-9]{5}|/[^?#]*[0-9]{7}", re.ASCII | re.IGNORECASE
)
"""A part of a path with words and a long number, or with a very long number, is that of one
article for ever; `?p=12345` and `/node/12345` stand on many sites."""
DISTINCTIVE_PATH_CHARS = 20
"""Characters of a path that hardly stands on two sites; `/briefing` does."""
_OWN_PATH = re.compile(
    r"/(stories/[0-9a-f]{16}|(all|topics/[^/?#]+|sources/[^/?#]+)(\.(rss|atom|json))?)([?#]|$)"
)
_OWN_ID = re.compile(r"tag:([^,:]+),\d{4}:story/[0-9a-f]{16}")


def canonical_url(link: str) -> str:
    """The same for all spellings of one article's address, empty if there is none.

    Scheme, `www.`, trailing slash, order of parameters, tracking parameters, AMP and noise
    behind # do not count; any other fragment does, since blogs with many items on one page
    tell them apart by nothing else. A front page is no article's address.
    """
    try:
        link, hash_, fragment = _strip_amp(link).partition("#")
        parts = urlsplit(
            canonicalize_url(url_query_cleaner(link, TRACKING_PARAMETERS, remove=True))
        )
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    path = parts.path.rstrip("/").removesuffix("/amp")
    keeps_fragment = hash_ and fragment and not _NOISE_FRAGMENT.match(fragment)
    if not host or not (path or parts.query or keeps_fragment):
        return ""
    host = _AMP_HOST.sub("", host.removeprefix("www.")) + (
        f":{port}" if port not in (None, 80, 443) else ""
    )
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{path}{query}" + (f"#{fragment}" if keeps_fragment else "")


def _strip_amp(link: str) -> str:
    """The page that a copy in Google's AMP cache, or an AMP form by parameter, stands for."""
    found = _AMP_CACHE.match(link)
    link = f"https://{found[2]}" if found else link
    return _AMP_PARAMETER.sub(lambda match: match[1] if match[2] else "", link)


def is_on_site(address: str, site: str) -> bool:
    """True if a canonical address lies on the site at this front page."""
    home = _site_prefix(site)
    rest = address.removeprefix(home)
    return bool(home) and rest != address and rest[:1] in ("", "/", "?", "#")


@lru_cache(maxsize=1024)
def _site_prefix(site: str) -> str:
    """How the canonical addresses of a site begin."""
    return canonical_url(f"{site.rstrip('/')}/x").removesuffix("/x")


def path_without_host(address: str) -> str:
    """A web address without scheme and host; empty if nothing but the front page is left."""
    found = re.match(r"https?://[^/?#]+(/?.*)", address.strip(), re.IGNORECASE)
    return found[1].rstrip("/") if found and len(found[1].strip("/")) > 1 else ""


def is_distinctive_path(path: str) -> bool:
    """True for a path that another article of another system will hardly have."""
    return len(path) >= DISTINCTIVE_PATH_CHARS or has_article_number(path)


def has_article_number(path: str) -> bool:
    """True for a path, or an address, that holds the number of one article."""
    return bool(_ARTICLE_NUMBER.search(path))


def id_pattern(id_: str) -> str:
    """What an outlet's ids have in common: the host, or where letters and digits stand."""
    address = re.match(r"https?://([^/?#]*)", id_)
    return address[1] if address else re.sub(r"\w+", "w", id_)


def strip_scheme(id_: str) -> str:
    """http://a/b and https://a/b are one id (feedbin/support#515)."""
    return re.sub(r"^https?://", "", id_.strip())


def is_own_story(entry: ParsedEntry, home: str) -> bool:
    """True if an entry is one of the site at `home`, come back through a partner.

    It says so by its id, its link or the feed that it names as its origin (tt-rss: a feed of
    one's own makes duplicates at every update).
    """
    minted = _OWN_ID.fullmatch(entry.id)
    if minted and minted[1] == urlsplit(home).hostname:
        return True
    ours = _site_prefix(home)
    given = (canonical_url(address) for address in (entry.id, entry.url, *entry.source_feeds))
    return any(
        address.startswith(f"{ours}/") and bool(_OWN_PATH.match(address.removeprefix(ours)))
        for address in given
    )
