"""Canonical URLs: one form for all spellings of an article's address.

docs/addresses.md lists every rule, where it was seen, and a pair of addresses that only look alike.
"""

import re
from urllib.parse import SplitResult, urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

__all__ = ["TRACKING_PARAMETERS", "canonical_url", "without_tracking"]

TRACKING_PARAMETERS = (
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "utm_name",
    "utm_reader", "utm_brand", "fbclid", "gclid", "gbraid", "wbraid", "dclid", "msclkid", "twclid",
    "ttclid", "yclid", "igshid", "srsltid", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "mkt_tok",
    "vero_id", "oly_enc_id", "wt_mc", "wt_zmc", "cmpid", "ncid", "sr_share", "xtor", "at_medium",
    "at_campaign", "at_custom1", "at_custom2", "at_custom3", "at_custom4",
)  # fmt: skip
"""Query parameters that never identify an article. Kept short on purpose: `ref`, `source` and `id`
do identify one on some sites."""
_TRACKING_OF_SITE = {
    "bbc.co.uk": ("ocid", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee"),
    "bbc.com": ("ocid", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee"),
    "cnn.com": ("iref",),
    "economist.com": ("fsrc",),
    "medium.com": ("source",),
    "nytimes.com": ("smid", "partner", "emc", "rss", "smtyp", "ref", "_r"),
    "reuters.com": ("rpc", "feedType", "feedName", "virtualBrandChannel"),
    "theguardian.com": ("CMP",),
    "washingtonpost.com": ("itid", "wpisrc", "tid"),
    "youtube.com": ("feature", "si", "pp", "ab_channel"),
}
"""Site -> parameters that identify an article elsewhere, but not there."""
_NOISE_FRAGMENT = re.compile(
    r"^(?:(?:utm_\w+|xtor|at_medium|intcmp|echobox|ref|rss|ftag)(?:=|$)|comments?$|respond$"
    r"|comment-\d+$|more(?:-\d+)?$|atom-everything$|disqus_thread$|top$|:~:)",
    re.IGNORECASE,
)
"""Fragments that feeds and sharing buttons add; any other may name one of several articles."""
_AMP_CACHE = re.compile(
    r"https?://([^/]+\.cdn\.ampproject\.org/[cv]|(?:www\.)?google\.[a-z.]+/amp)/(?:s/)?(.+)"
)
_AMP_PARAMETER = re.compile(r"([?&])(?:amp(?:=1|=true)?|outputType=amp)(?:(&)|(?=#|$))")
_CAPITAL_UTM = re.compile(r"[?&]UTM_[A-Z]+(?==)")
_MOBILE_PARAMETER = re.compile(r"(\.html)\?m=1(?=&|#|$)&?")
_VARIANT_HOST = re.compile(r"^(?:www|amp|m|mobile)\.(?=[^.]+\..)")
_INDEX_PAGE = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_AMP_PATH = re.compile(r"^/amp(?=/.)|/amp$|\.amp$")


_PLAIN = re.compile(
    r"https?://(?!google\.|www\.google\.)([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,20})"
    r"((?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*/?)"
)
"""URLs that have nothing to be normalised but what is looked for in host and path."""


def canonical_url(url: str) -> str:
    """A form that is the same for all spellings of an article's URL; empty if it is not a URL.

    Any fragment but noise counts, since blogs with many items on one page distinguish them by
    nothing else. The URL of a front page has no canonical form.
    """
    plain = _PLAIN.fullmatch(url)
    if plain and ".ampproject.org" not in plain[1]:  # the common case
        path = _article_path(plain[2])
        return f"{_without_variant(plain[1])}{path}" if path else ""
    try:
        url, _, fragment = _strip_amp(url.replace("&amp;", "&")).partition("#")
        url = _CAPITAL_UTM.sub(lambda found: found[0].lower(), url)
        url = _MOBILE_PARAMETER.sub(lambda found: f"{found[1]}?", url)
        parts = urlsplit(url_query_cleaner(url, TRACKING_PARAMETERS, remove=True))
        parts = urlsplit(canonicalize_url(_without_own_tracking(parts)))
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    path = _article_path(parts.path)
    keeps_fragment = fragment and not _NOISE_FRAGMENT.match(fragment)
    if not host or not (path or parts.query or keeps_fragment):
        return ""
    host = _without_variant(host)
    port_suffix = f":{port}" if port not in (None, 80, 443) else ""
    query = f"?{parts.query}" if parts.query else ""
    fragment_suffix = f"#{fragment}" if keeps_fragment else ""
    return f"{host}{port_suffix}{path}{query}{fragment_suffix}"


def _article_path(path: str) -> str:
    return _INDEX_PAGE.sub("", _AMP_PATH.sub("", path.rstrip("/"))).rstrip("/")


def _without_variant(host: str) -> str:
    return _VARIANT_HOST.sub("", _VARIANT_HOST.sub("", host))


def without_tracking(url: str) -> str:
    """The URL without parameters that only track who follows it; otherwise as it is."""
    try:
        parts = urlsplit(url)
        names = {name.partition("=")[0] for name in parts.query.split("&")}
        if names.intersection(TRACKING_PARAMETERS):
            cleaned = url_query_cleaner(url, TRACKING_PARAMETERS, remove=True, keep_fragments=True)
            parts = urlsplit(cleaned)
        return _without_own_tracking(parts)
    except ValueError:
        return url


def _without_own_tracking(parts: SplitResult) -> str:
    """The URL without the parameters that only its own site uses for tracking."""
    site = ".".join((parts.hostname or "").rstrip(".").split(".")[-3:])
    own = _TRACKING_OF_SITE.get(site) or _TRACKING_OF_SITE.get(site.partition(".")[2], ())
    url = parts.geturl()
    return url_query_cleaner(url, own, remove=True, keep_fragments=True) if own else url


def _strip_amp(url: str) -> str:
    """The URL of the original of an AMP page (in Google's cache, or marked by a parameter)."""
    cached = _AMP_CACHE.match(url)
    url = f"https://{cached[2]}" if cached else url
    return _AMP_PARAMETER.sub(lambda match: match[1] if match[2] else "", url)
