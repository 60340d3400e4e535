"""What a request is for: its headers, hop by hop, and its limit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import aiohttp
from yarl import URL

from aggregator.ingest.fetch.settings import FetchBlocked
from aggregator.ingest.fetch.transport import DirectSession
from aggregator.model import FailureKind, Validators

__all__ = ["RequestSpec", "conditional_headers", "too_large"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSpec:
    """The request at every hop, for a feed or a picture of `max_bytes` at most, decompressed.

    `secrets` are headers for the source's own origin only.
    """

    feed: URL
    direct: DirectSession
    headers: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    validators: Validators
    now: datetime
    max_bytes: int
    is_feed: bool = True

    def headers_for(self, url: URL, cookies: aiohttp.CookieJar) -> dict[str, str]:
        """The headers to send to a URL; `cookies` are those that redirects have set."""
        sent = cookies.filter_cookies(url).output(attrs=[], header="", sep=";").strip()
        cookie = {"Cookie": sent} if sent else {}
        secrets = self.secrets if url.origin() == self.feed.origin() else {}
        return {**self.headers, **cookie, **secrets}


def too_large(spec: RequestSpec) -> FetchBlocked:
    """The error for a body of more than `spec.max_bytes`."""
    advice = "; to allow this, raise [fetch] max_bytes" if spec.is_feed else ""
    what = "feed" if spec.is_feed else "picture"
    error = f"The {what} is larger than {spec.max_bytes:,} bytes{advice}."
    return FetchBlocked(FailureKind.TOO_LARGE, error)


def conditional_headers(validators: Validators) -> dict[str, str]:
    """The headers that ask for a document only if it has changed (RFC 9110, section 13)."""
    headers = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers
