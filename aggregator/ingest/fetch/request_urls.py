"""URLs as they are requested: byte for byte as they were written."""

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from aggregator.ingest.fetch.credentials import without_login
from aggregator.ingest.fetch.response import REDIRECT_STATUSES
from aggregator.ingest.fetch.settings import FetchBlocked
from aggregator.model import FailureKind

__all__ = ["parse_url", "redirect_target"]

MAX_QUOTED_CHARS = 100
_LEGAL = "%/:=&?~+!$,;'@()*[]"
"""Characters that stay as they are in a path and a query (RFC 3986); others become %XX."""
_STRAY_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")


@lru_cache(maxsize=1024)  # one fetch parses the same URL several times
def parse_url(text: str) -> URL:
    """The URL of a request. Raises FetchBlocked if it is not valid.

    Nothing is quoted or unquoted but what no request may contain, such as a space: some servers
    know only `%2f`, or `%3D`, or the character itself (RFC 3986, section 6.2.2.2 notwithstanding).
    """
    try:
        checked = URL(text)
        parts = urlsplit(text.strip())
        host = checked.raw_host or ""
    except ValueError as error:
        raise FetchBlocked(
            FailureKind.BLOCKED_ADDRESS,
            f"{without_login(text)[:MAX_QUOTED_CHARS]!r} is not a valid URL.",
        ) from error
    if not host:
        return checked
    netloc = f"[{host}]" if ":" in host else host
    netloc += f":{parts.port}" if parts.port is not None else ""
    path, query = (
        _STRAY_PERCENT.sub("%25", quote(part, safe=_LEGAL)) for part in (parts.path, parts.query)
    )
    return URL(urlunsplit((parts.scheme.lower(), netloc, path or "/", query, "")), encoded=True)


def redirect_target(url: URL, response: aiohttp.ClientResponse) -> URL | None:
    """The URL that a response redirects to, without a login, or None if it is not a redirect."""
    location = response.headers.get("Location")
    if response.status not in REDIRECT_STATUSES or location is None:
        return None
    try:
        reference = URL(quote(location.strip(), safe=f"{_LEGAL}#"), encoded=True)
        target = parse_url(str(url.join(reference)))
        if target.scheme not in ("http", "https"):
            raise ValueError(target.scheme)
        return target
    except (ValueError, FetchBlocked) as error:
        raise FetchBlocked(
            FailureKind.REDIRECT,
            f"The server redirects to {without_login(location)[:MAX_QUOTED_CHARS]!r}, which is not "
            "a valid URL.",
        ) from error
