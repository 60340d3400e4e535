"""The types of documents and of the resources that they represent."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aggregator.model import ListScope

__all__ = [
    "HTML_MEDIA_TYPE",
    "SCRIPT_MEDIA_TYPE",
    "Document",
    "DocumentKind",
    "Resource",
    "html_document",
]

HTML_MEDIA_TYPE = "text/html; charset=utf-8"
SCRIPT_MEDIA_TYPE = "text/javascript; charset=utf-8"

DocumentKind = Literal["feed", "page", "frame", "tool", "file"]
"""The kind of a document decides what it may do in a browser: other sites may read a feed or a file
and embed a frame; a tool is a page with a frame of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document to publish. `links` are pairs of relation and URL, for the Link header."""

    body: bytes
    media_type: str
    kind: DocumentKind = "file"
    status: int = 200
    redirect_to: str = ""
    """Redirect target (path and query); the body is an HTML fallback."""
    is_permanent: bool = True
    """Whether the redirect is permanent."""
    is_immutable: bool = False
    """Whether what is at this path never changes."""
    links: tuple[tuple[str, str], ...] = ()

    @property
    def is_compressed(self) -> bool:
        """True for a picture or a font, which no content encoding makes smaller."""
        return self.media_type.startswith(("image/png", "image/webp", "font/"))

    @property
    def etag(self) -> str:
        """A strong validator: a hash of the body."""
        return hashlib.blake2b(self.body, digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What is at a public path. It changes only when one of its `scopes` does.

    `path` includes the query string in canonical order. `build` returns None if there is nothing
    after all, such as no story with that id.
    """

    path: str
    scopes: tuple[ListScope, ...]
    build: Callable[[], Document | None]


def html_document(
    body: bytes, kind: DocumentKind = "page", status: int = 200, redirect_to: str = ""
) -> Document:
    """An HTML document."""
    return Document(
        body=body, media_type=HTML_MEDIA_TYPE, kind=kind, status=status, redirect_to=redirect_to
    )
