"""URLs: sites and domains, patterns of ids, and URLs that are safe to use."""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from urllib.parse import urljoin, urlsplit, urlunsplit

from publicsuffixlist import PublicSuffixList
from w3lib.url import safe_url_string

from aggregator.text.canonical import canonical_url
from aggregator.text.html import xml_legal

__all__ = [
    "absolute_url",
    "has_article_number",
    "id_pattern",
    "is_distinctive_path",
    "is_on_site",
    "is_own_story",
    "join_web_url",
    "path_without_host",
    "registrable_domain",
    "strip_scheme",
    "url_host",
    "web_url",
]

_NAMED_NUMBER = re.compile(r"/(?=[^/?#]*[a-z]{2})[^/?#]*[0-9]{5}", re.ASCII | re.IGNORECASE)
"""A path segment with letters and a number of five digits or more."""
_LONG_NUMBER = re.compile(r"[0-9]{7}")
"""Seven digits identify an article in any path; `?p=12345` and `/node/12345` are on many sites."""
DISTINCTIVE_PATH_CHARS = 20
"""A path of this length hardly ever occurs on two sites; `/briefing` does."""
_OWN_PATH = re.compile(
    r"/(stories/[0-9a-f]{16}|(all|topics/[^/?#]+|sources/[^/?#]+)(\.[a-z0-9]+)?)([?#]|$)"
)
_OWN_ID = re.compile(r"tag:([^,:]+),\d{4}:story/[0-9a-f]{16}")


def is_on_site(url: str, site: str) -> bool:
    """True if a canonical URL is on the site with this front page."""
    prefix = _site_prefix(site)
    rest = url.removeprefix(prefix)
    return bool(prefix) and rest != url and rest[:1] in ("", "/", "?", "#")


@lru_cache(maxsize=1024)
def _site_prefix(site: str) -> str:
    """The beginning of all canonical URLs of a site."""
    return canonical_url(f"{site.rstrip('/')}/x").removesuffix("/x")


def path_without_host(url: str) -> str:
    """The URL without scheme and host; empty for a front page."""
    found = re.match(r"https?://[^/?#]+(/?.*)", url.strip(), re.IGNORECASE)
    return found[1].rstrip("/") if found and len(found[1].strip("/")) > 1 else ""


def is_distinctive_path(path: str) -> bool:
    """True for a path that hardly any other article has, on any site."""
    return len(path) >= DISTINCTIVE_PATH_CHARS or has_article_number(path)


def has_article_number(path: str) -> bool:
    """True for a path or URL that contains the number of an article."""
    parts = re.split(r"[?#]", path)
    is_long = any(_LONG_NUMBER.search(part.partition("/")[2]) for part in parts)
    return is_long or bool(_NAMED_NUMBER.search(path))


def id_pattern(id_: str) -> str:
    """What the ids of an outlet have in common: the host of a URL, or the punctuation."""
    url = re.match(r"https?://([^/?#]*)", id_)
    return url[1] if url else re.sub(r"\w+", "w", id_)


def strip_scheme(id_: str) -> str:
    """The id without http:// or https://, which outlets switch (feedbin/support#515)."""
    return re.sub(r"^https?://", "", id_.strip())


def is_own_story(id_: str, urls: Iterable[str], site_url: str) -> bool:
    """True if an id or one of these URLs is that of a story or feed of the site at `site_url`.

    An outlet that republishes our feeds would otherwise duplicate our stories at every update
    (tt-rss documentation, Generated Feeds).
    """
    tag_id = _OWN_ID.fullmatch(id_)
    if tag_id and tag_id[1] == urlsplit(site_url).hostname:
        return True
    prefix = _site_prefix(site_url)
    host = re.split("[/:]", prefix)[0]
    given = (url for url in (id_, *urls) if _may_be_on_host(host, url))
    return any(
        url.startswith(f"{prefix}/") and bool(_OWN_PATH.match(url.removeprefix(prefix)))
        for url in map(canonical_url, given)
    )


def _may_be_on_host(host: str, url: str) -> bool:
    """False if the URL is certainly not on this host."""
    return "//" in url and (not _PLAIN_HOST.match(url) or host in url.lower())


_PLAIN_HOST = re.compile(r"https?://([a-z0-9.-]+)(?=[/?#]|$)", re.ASCII)


def url_host(url: str) -> str:
    """The host of a URL in lower case, without login and port; empty if there is none."""
    if plain := _PLAIN_HOST.match(url):
        return plain[1]  # the common case
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def registrable_domain(url: str) -> str:
    """The registrable domain of a URL with a public host, else the URL itself.

    All blogs of tumblr.com share its limits (FreshRSS#8925, #8928), but paths of a server on a
    private network do not (FreshRSS#7870).
    """
    host = url_host(url)
    is_name = any(character.isalpha() for character in host.rpartition(".")[2])
    return (is_name and _public_suffixes().privatesuffix(host)) or url


@cache
def _public_suffixes() -> PublicSuffixList:
    """The public suffix list without its private section: such sites share servers and limits."""
    return PublicSuffixList(only_icann=True)


# ---- URLs to fetch, link and publish

_HOST = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d*)?([/?#]|$)", re.ASCII | re.I)
_PLAIN_URL = re.compile(r"https?://[a-z0-9.-]+(/[\w/.,:;~!$&'()*+=@%?#-]*)?", re.ASCII)
"""Matches nearly all URLs; one that matches needs no further checks."""


def web_url(url: str) -> str:
    """The URL, valid and without a login, or "" if it is not an http or https URL."""
    if _PLAIN_URL.fullmatch(url):
        return url
    url = xml_legal(url).strip()
    try:
        parts = urlsplit(url)
        hostname, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not hostname or re.search(r'[\s<>"]', parts.netloc):
        return ""
    without_login = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    try:
        safe_url = str(safe_url_string(urlunsplit(without_login)))
    except ValueError:
        return ""
    return safe_url if _HOST.match(safe_url) else ""


def join_web_url(base: str, url: str) -> str:
    """The `web_url` of a URL that may be relative to the base."""
    try:
        return web_url(urljoin(base, url))
    except ValueError:
        return ""


def absolute_url(base: str, url: str) -> str:
    """The URL resolved against the base, or "" if it is not an http or https URL."""
    if _PLAIN_URL.fullmatch(url) and url[-1] not in "?#":
        return url  # the common case; joining would not change it
    url = re.sub(r"[\t\r\n]", "", url.strip())
    if not url:
        return ""
    try:
        joined = urljoin(base, url)
    except ValueError:
        return ""
    return joined if re.match(r"https?://[^/\s]", joined, re.IGNORECASE) else ""
