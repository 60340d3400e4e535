"""HTTP responses to requests for documents, as values: status, headers, body.

The rules of HTTP are here: content encoding and conditional requests (RFC 9110, sections 12 and
13), caching (RFC 9111, RFC 5861), and what a browser may do with a document.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from flask import Response
from werkzeug.datastructures import ETags
from werkzeug.http import http_date, parse_accept_header, parse_date, parse_etags

from aggregator.render.compress import ENCODINGS
from aggregator.site import Document
from aggregator.site.cache import CachedDocument

__all__ = [
    "ClientHeaders", "HttpPolicy", "HttpResponse", "text_error", "text_response", "wants_json",
]  # fmt: skip

Headers: TypeAlias = list[tuple[str, str]]

_OWN_FRAMES = "base-uri 'none'; frame-ancestors 'self'"
_OWN_FILES = (
    "script-src 'self'; style-src 'self'; font-src 'self'; manifest-src 'self'; connect-src 'self'"
)
_MEDIA = f"{_OWN_FILES}; img-src 'self'{{images}}; media-src https: http:"
_POLICIES = {
    "page": f"default-src 'none'; {_MEDIA}; form-action 'self'; {_OWN_FRAMES}",
    "tool": f"default-src 'none'; {_MEDIA}; frame-src 'self'; form-action 'none'; {_OWN_FRAMES}",
    "frame": "default-src 'none'; style-src 'self'; img-src 'self'{images}; form-action 'none'; "
    "base-uri 'self'; frame-ancestors *",
}
MAX_ACCEPT_ENCODING_CHARS = 500
"""A longer header is ignored."""
MAX_ACCEPT_CHARS = 500
"""A longer header is ignored."""
JSON_TYPES = ("application/json", "application/feed+json")
STALE_FACTOR = 12
"""How many times `max_age` a cache may serve a stale response while it fetches a new one."""
STALE_IF_ERROR_SECONDS = 86400
FOREVER = "public, max-age=31536000, immutable"
"""Cache-Control of what never changes (RFC 8246)."""
_BODY_HEADERS = ("Content-Type", "Content-Length", "Content-Encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHeaders:
    """The parts of a request that affect the response to it."""

    accept_encoding: str = ""
    if_none_match: str = ""
    if_modified_since: str = ""
    is_head: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "ClientHeaders":
        """The headers in a WSGI environment."""
        return cls(
            accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", ""),
            if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
            if_modified_since=environ.get("HTTP_IF_MODIFIED_SINCE", ""),
            is_head=environ.get("REQUEST_METHOD") == "HEAD",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response, ready for WSGI."""

    status: int
    headers: Headers
    body: bytes


class HttpPolicy:
    """How this site responds.

    `max_age` is in seconds. `config_changed_at` is when feeds.toml last changed, which may affect
    every document. `image_origins` are the sources, other than the site, of pictures on pages.
    """

    def __init__(
        self, max_age: int, config_changed_at: datetime, image_origins: Sequence[str] = ()
    ) -> None:
        self._config_changed_at = config_changed_at
        images = "".join(f" {origin}" for origin in image_origins)
        self._policies = {kind: each.format(images=images) for kind, each in _POLICIES.items()}
        self._cache_control = (
            f"public, max-age={max_age}, stale-while-revalidate={STALE_FACTOR * max_age}, "
            f"stale-if-error={STALE_IF_ERROR_SECONDS}"
        )

    def respond(
        self, cached: CachedDocument, client: ClientHeaders, *, is_private: bool = False
    ) -> HttpResponse:
        """The document, or 304 if the client has it. Only some clients get a private response, so
        caches must not store it."""
        encoding, body = _negotiate_encoding(cached, client.accept_encoding)
        changed_at = self._last_modified(cached)
        key = (encoding, is_private, changed_at is None)
        headers = cached.headers.get(key)
        if headers is None:
            headers = self._headers(cached, encoding, len(body), is_private, changed_at)
            cached.headers[key] = headers
        if _is_not_modified(client, cached, changed_at):
            return HttpResponse(status=304, headers=_without_body_headers(headers), body=b"")
        return HttpResponse(
            status=cached.document.status, headers=headers, body=b"" if client.is_head else body
        )

    def is_quick(self, cached: CachedDocument, client: ClientHeaders) -> bool:
        """True if `respond` has nothing to compress first."""
        return all(map(cached.is_ready, _acceptable_encodings(client.accept_encoding)))

    def _last_modified(self, cached: CachedDocument) -> datetime | None:
        """When the document last changed, to the second; None if no date can be given.

        Joined lists have none, since one list may have changed before the date of another. Nor has
        a list whose date is still in the future, since each change takes a second of its own
        (RFC 9110, section 8.8.2.1).
        """
        if cached.changed_at is None:
            return None
        changed_at = max(cached.changed_at, self._config_changed_at).replace(microsecond=0)
        return changed_at if changed_at <= datetime.now(UTC) else None

    def _cache_control_of(self, document: Document, *, is_private: bool) -> str:
        if is_private:
            return "private, no-store"
        return FOREVER if document.is_immutable else self._cache_control

    def _headers(
        self,
        cached: CachedDocument,
        encoding: str,
        length: int,
        is_private: bool,
        changed_at: datetime | None,
    ) -> Headers:
        document = cached.document
        is_feed = document.kind == "feed"
        suffix = f"-{encoding}" if encoding else ""
        return [
            ("Content-Type", document.media_type),
            ("Content-Length", str(length)),
            *([("Content-Encoding", encoding)] if encoding else []),
            ("ETag", f'"{cached.etag}{suffix}"'),
            *([("Last-Modified", http_date(changed_at))] if changed_at else []),
            ("Cache-Control", self._cache_control_of(document, is_private=is_private)),
            ("Vary", f"Accept-Encoding{', Sec-Fetch-Dest' if is_feed else ''}"),
            *([("Content-Location", cached.location)] if is_feed else []),
            *self._security_headers(document),
        ]

    def uncacheable(self, document: Document) -> HttpResponse:
        """A response with a document, without validators or freshness."""
        headers = [
            ("Content-Type", document.media_type),
            ("Content-Length", str(len(document.body))),
            *self._security_headers(document),
        ]
        return HttpResponse(status=document.status, headers=headers, body=document.body)

    def _security_headers(self, document: Document) -> Headers:
        """Headers that limit what a page may do, and let other sites read feeds and files."""
        headers = [("X-Content-Type-Options", "nosniff")]
        if document.links:
            links = (f'<{url}>; rel="{relation}"' for relation, url in document.links)
            headers.append(("Link", ", ".join(links)))
        if policy := self._policies.get(document.kind):
            headers.append(("Content-Security-Policy", policy))
            headers.append(("Referrer-Policy", "strict-origin-when-cross-origin"))
        else:
            headers.append(("Access-Control-Allow-Origin", "*"))
            headers.append(("Access-Control-Expose-Headers", "ETag, Link"))
        if document.kind not in ("page", "tool"):
            headers.append(("Cross-Origin-Resource-Policy", "cross-origin"))
        return headers


def wants_json(path: str, accept: str) -> bool:
    """True if a client asks for JSON, by the path or by what it accepts before HTML."""
    if path.endswith(".json"):
        return True
    if "json" not in accept or len(accept) > MAX_ACCEPT_CHARS:
        return False
    accepted = dict(parse_accept_header(accept))
    return max(accepted.get(kind, 0) for kind in JSON_TYPES) > accepted.get("text/html", 0)


def text_error(message: str, status: int = 400, *, as_json: bool = False) -> HttpResponse:
    """An error response for programs: a sentence as plain text, or `{"error", "status"}`."""
    text = json.dumps({"error": message, "status": status}) if as_json else message
    body = f"{text}\n".encode()
    media_type = "application/json" if as_json else "text/plain; charset=utf-8"
    headers = [
        ("Content-Type", media_type),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Access-Control-Allow-Origin", "*"),
    ]
    return HttpResponse(status=status, headers=headers, body=body)


def text_response(text: str, status: int = 200) -> Response:
    """Plain text from a view; `nosniff`, since it may repeat a challenge with any content."""
    response = Response(text, status, content_type="text/plain; charset=utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _negotiate_encoding(cached: CachedDocument, accepted: str) -> tuple[str, bytes]:
    """The best acceptable Content-Encoding and the body in it; both by q-value, then preference."""
    for encoding in _acceptable_encodings(accepted):
        if body := cached.encoded(encoding):
            return encoding, body
    return "", cached.document.body


def _acceptable_encodings(accepted: str) -> Sequence[str]:
    """The encodings that a client accepts, in its order of preference."""
    return _preferred_encodings(accepted) if len(accepted) <= MAX_ACCEPT_ENCODING_CHARS else ()


@lru_cache(maxsize=512)
def _preferred_encodings(accepted: str) -> Sequence[str]:
    """Encodings in the order in which an Accept-Encoding header prefers them."""
    given = {encoding.lower(): quality for encoding, quality in parse_accept_header(accepted)}
    quality = {encoding: given.get(encoding, given.get("*", 0)) for encoding in ENCODINGS}
    acceptable = [encoding for encoding in ENCODINGS if quality[encoding] > 0]
    return sorted(acceptable, key=lambda encoding: -quality[encoding])


def _is_not_modified(
    client: ClientHeaders, cached: CachedDocument, changed_at: datetime | None
) -> bool:
    """True if the client has the document in any encoding: a proxy may have changed the encoding
    or weakened the ETag."""
    if cached.document.status != 200:
        return False
    if client.if_none_match:
        return _etag_matches(client.if_none_match, cached.etag)
    if not client.if_modified_since or changed_at is None:
        return False
    since = _parse_date(client.if_modified_since)
    return since is not None and changed_at <= since


_ETAG_SUFFIXES = ("", *(f"{mark}{name}" for name in ENCODINGS for mark in ("-", ";", "--")))
"""What we and Apache, Jetty, and others add to the ETag of a compressed response."""


def _etag_matches(header: str, etag: str) -> bool:
    etags: ETags = parse_etags(header)
    return any(etags.contains_weak(f"{etag}{suffix}") for suffix in _ETAG_SUFFIXES)


def _parse_date(header: str) -> datetime | None:
    """A date in a header; None if it is not valid (RFC 9110, section 13.1.3)."""
    try:
        return parse_date(header)
    except (OverflowError, ValueError):
        return None


def _without_body_headers(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name not in _BODY_HEADERS]
