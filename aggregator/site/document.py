"""A file to publish, where it stands, and how long it stays as it is."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "HTML_MEDIA_TYPE",
    "Document",
    "DocumentKind",
    "Resource",
    "export_file_name",
    "html_document",
]

HTML_MEDIA_TYPE = "text/html; charset=utf-8"

DocumentKind = Literal["feed", "page", "frame", "tool", "file"]
"""What a document may do in a browser: a feed and a file are read by pages of other sites, a
frame stands inside of them, a tool is a page with a script of ours, a page has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file to publish. `links` are pairs of a relation and an address, for its HTTP header."""

    body: bytes
    media_type: str
    kind: DocumentKind = "file"
    status: int = 200
    is_permanent: bool = True
    """Whether it `leads_to` there for good."""
    redirect_to: str = ""
    """The public path, with what is asked of it, that a web server sends readers to instead; the
    body does so too, or is what stands there."""
    links: tuple[tuple[str, str], ...] = ()

    @property
    def etag(self) -> str:
        """The same for the same bytes, and only for them (a strong validator)."""
        return hashlib.blake2b(self.body, digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A public path, with what is asked of it in one order. What stands there changes only when
    one of its `scopes` does.

    `make` gives None if there is no such story after all.
    """

    path: str
    scopes: tuple[str, ...]
    build: Callable[[], Document | None]


def html_document(
    body: bytes, kind: DocumentKind = "page", status: int = 200, leads_to: str = ""
) -> Document:
    """A document in HTML."""
    return Document(
        body=body, media_type=HTML_MEDIA_TYPE, kind=kind, status=status, redirect_to=leads_to
    )


def export_file_name(path: str) -> str:
    """The file of a static export for a public path; a page is the index of a folder."""
    if path.endswith("/"):
        return f"{path[1:]}index.html"
    is_file = "." in path.rpartition("/")[2]
    return path[1:] if is_file else f"{path[1:]}/index.html"
