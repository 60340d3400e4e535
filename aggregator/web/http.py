"""What is answered to a request for a document: status, headers, body, as values.

Here are the rules of HTTP: which coding, whether the asker has it already (RFC 9110, 12 and 13),
how long it may be kept (RFC 9111, RFC 5861), and what a browser may do with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from werkzeug.datastructures import ETags
from werkzeug.http import http_date, parse_accept_header, parse_date, parse_etags

from aggregator.render.compress import ENCODINGS
from aggregator.site import Document
from aggregator.site.cache import CachedDocument

__all__ = ["ClientHeaders", "HttpPolicy", "HttpResponse", "text_error", "uncacheable"]

Headers = list[tuple[str, str]]

_SAME_ORIGIN = "base-uri 'none'; frame-ancestors 'self'"
_MEDIA = "style-src 'self'; img-src https: http:; media-src https: http:"
CONTENT_SECURITY_POLICIES = {
    "page": f"default-src 'none'; {_MEDIA}; form-action 'self'; {_SAME_ORIGIN}",
    "tool": f"default-src 'none'; {_MEDIA}; script-src 'self'; frame-src 'self'; "
    f"form-action 'none'; {_SAME_ORIGIN}",
    "frame": "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'self'; "
    "frame-ancestors *",
}
"""Content-Security-Policy by the kind of document."""


MAX_ACCEPT_ENCODING_CHARS = 500
"""Characters of an Accept-Encoding that is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHeaders:
    """What a request says of whoever asks."""

    accept_encoding: str = ""
    if_none_match: str = ""
    if_modified_since: str = ""
    is_head: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "ClientHeaders":
        """By the names that WSGI gives to headers."""
        return cls(
            accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", ""),
            if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
            if_modified_since=environ.get("HTTP_IF_MODIFIED_SINCE", ""),
            is_head=environ.get("REQUEST_METHOD") == "HEAD",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """Ready for WSGI."""

    status: int
    headers: Headers
    body: bytes


class HttpPolicy:
    """How answers are given on this site.

    `max_age` in seconds; `changed` is when feeds.toml was, which stands in every document.
    """

    def __init__(self, max_age: int, changed: datetime) -> None:
        self._changed = changed
        self._keep = (
            f"public, max-age={max_age}, stale-while-revalidate={12 * max_age}, "
            "stale-if-error=86400"
        )

    def respond(
        self, kept: CachedDocument, asker: ClientHeaders, *, is_private: bool = False
    ) -> HttpResponse:
        """The document, or that it is the one that the asker has. What is private must not be
        kept by anybody, since it is given to some only."""
        coding, body = _negotiate_encoding(kept, asker.accept_encoding)
        changed = self._when(kept)
        key = (coding, is_private, changed is None)
        headers = kept.headers.get(key)
        if headers is None:
            headers = kept.headers[key] = self._made(kept, coding, len(body), is_private, changed)
        if _is_not_modified(asker, kept, changed):
            return HttpResponse(status=304, headers=_without_body(headers), body=b"")
        return HttpResponse(
            status=kept.document.status, headers=headers, body=b"" if asker.is_head else body
        )

    def _when(self, kept: CachedDocument) -> datetime | None:
        """When it has changed last, to the second; None if a date cannot tell. That of lists that
        were joined cannot: one of them may have changed before the date of another. And the
        changes of one run are numbered by seconds that may still lie ahead (RFC 9110, 8.8.2.1)."""
        if kept.changed_at is None:
            return None
        changed = max(kept.changed_at, self._changed).replace(microsecond=0)
        return changed if changed <= datetime.now(UTC) else None

    def _made(
        self,
        kept: CachedDocument,
        coding: str,
        length: int,
        is_private: bool,
        changed: datetime | None,
    ) -> Headers:
        end = f"-{coding}" if coding else ""
        also = ", Sec-Fetch-Dest" if kept.document.kind == "feed" else ""
        return [
            ("Content-Type", kept.document.media_type),
            ("Content-Length", str(length)),
            *([("Content-Encoding", coding)] if coding else []),
            ("ETag", f'"{kept.etag}{end}"'),
            *([("Last-Modified", http_date(changed))] if changed else []),
            ("Cache-Control", "private, no-store" if is_private else self._keep),
            ("Vary", f"Accept-Encoding{also}"),
            *([("Content-Location", kept.location)] if kept.document.kind == "feed" else []),
            *_security_headers(kept.document),
        ]


def text_error(why: str, status: int = 400) -> HttpResponse:
    """A sentence for whoever has asked."""
    body = f"{why}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Access-Control-Allow-Origin", "*"),
    ]
    return HttpResponse(status=status, headers=headers, body=body)


def uncacheable(document: Document) -> HttpResponse:
    """A document that nobody keeps."""
    headers = [
        ("Content-Type", document.media_type),
        ("Content-Length", str(len(document.body))),
        *_security_headers(document),
    ]
    return HttpResponse(status=document.status, headers=headers, body=document.body)


def _security_headers(document: Document) -> Headers:
    """A page runs no scripts; feeds and files may be read by the pages of other sites."""
    headers = [("X-Content-Type-Options", "nosniff")]
    if document.links:
        links = (f'<{address}>; rel="{relation}"' for relation, address in document.links)
        headers.append(("Link", ", ".join(links)))
    if policy := CONTENT_SECURITY_POLICIES.get(document.kind):
        headers.append(("Content-Security-Policy", policy))
        headers.append(("Referrer-Policy", "strict-origin-when-cross-origin"))
    else:
        headers.append(("Access-Control-Allow-Origin", "*"))
        headers.append(("Access-Control-Expose-Headers", "ETag, Link"))
    if document.kind != "page" and document.kind != "tool":
        headers.append(("Cross-Origin-Resource-Policy", "cross-origin"))
    return headers


def _negotiate_encoding(kept: CachedDocument, accepted: str) -> tuple[str, bytes]:
    """The coding that the asker likes best, of equals the one that takes least."""
    for coding in (
        _preferred_encodings(accepted) if len(accepted) <= MAX_ACCEPT_ENCODING_CHARS else ()
    ):
        if body := kept.encoded(coding):
            return coding, body
    return "", kept.document.body


@lru_cache(maxsize=512)
def _preferred_encodings(accepted: str) -> Sequence[str]:
    """Codings in the order in which an Accept-Encoding header likes them."""
    given = {coding.lower(): quality for coding, quality in parse_accept_header(accepted)}
    quality = {coding: given.get(coding, given.get("*", 0)) for coding in ENCODINGS}
    liked = [coding for coding in ENCODINGS if quality[coding] > 0]
    return sorted(liked, key=lambda coding: -quality[coding])


def _is_not_modified(asker: ClientHeaders, kept: CachedDocument, changed: datetime | None) -> bool:
    """Whichever coding the asker has: a proxy may have weakened its ETag, or unpacked it."""
    if kept.document.status != 200:
        return False
    if asker.if_none_match:
        return _etag_matches(asker.if_none_match, kept.etag)
    since = _date(asker.if_modified_since) if asker.if_modified_since and changed else None
    return since is not None and changed is not None and changed <= since


def _etag_matches(header: str, etag: str) -> bool:
    found: ETags = parse_etags(header)
    return any(found.contains_weak(f"{etag}{end}") for end in ("", *(f"-{c}" for c in ENCODINGS)))


def _date(header: str) -> datetime | None:
    """A date of HTTP; what is none is passed over (RFC 9110, 13.1.3)."""
    try:
        return parse_date(header)
    except (OverflowError, ValueError):
        return None


_BODY_HEADERS = ("Content-Type", "Content-Length", "Content-Encoding")


def _without_body(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name not in _BODY_HEADERS]
