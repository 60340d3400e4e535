"""Texts on which feedparser's own regular expressions take quadratic or cubic time.

A few kilobytes would keep a worker for its whole minute. Importing this module patches feedparser,
so that it looks for mail addresses in short authors only.
"""

import re
from typing import Any

from feedparser.mixin import _FeedParserMixin

__all__ = ["tidy_prolog"]

MAX_MAIL_AUTHOR_CHARS = 500
"""Characters of an author in which feedparser looks for a mail address; the time is quadratic."""
_MAX_SPACE_BYTES = 100
_XML_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^<>]{0,1000}\?>")
_INSTRUCTION = (b"<?", b"\xef\xbb\xbf<?")
_FIRST_ELEMENT = re.compile(rb"<\w")
_SPACE = re.compile(rb"\s+")


def tidy_prolog(body: bytes) -> bytes:
    """The document without long runs of white space before its first element, and with a line break
    before anything on its first line that looks like an encoding but is not in an XML declaration.

    feedparser takes time that is quadratic in the length of such a run; looking for the encoding,
    it takes time that is cubic in that of the first line.
    """
    declaration = _XML_DECLARATION.match(body)
    end = declaration.end() if declaration else 3 * body.startswith(b"\xef\xbb\xbf")
    first_line = body[end:].partition(b"\n")[0]
    line_break = b"\n" if b"encoding=" in first_line and body.startswith(_INSTRUCTION) else b""
    start = _FIRST_ELEMENT.search(body)
    stop = start.start() if start else len(body)
    return body[:end] + line_break + _SPACE.sub(_shorten, body[end:stop]) + body[stop:]


def _shorten(space: re.Match[bytes]) -> bytes:
    return space[0] if len(space[0]) <= _MAX_SPACE_BYTES else b"\n"


_sync_author_detail = _FeedParserMixin._sync_author_detail


def _sync_short_author_detail(parser: Any, key: str = "author") -> None:
    author = parser._get_context().get(key)
    if not author or len(author) <= MAX_MAIL_AUTHOR_CHARS:
        _sync_author_detail(parser, key)


_FeedParserMixin._sync_author_detail = _sync_short_author_detail
