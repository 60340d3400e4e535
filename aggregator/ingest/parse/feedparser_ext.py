"""Corrections of feedparser: what it does not read, and what it reads in quadratic time.

Importing this module patches it:

- An item's `<image>` may be an address as text, and the title inside it is not the item's.
- media:title and media:description are captions; they are kept apart from title and summary.
- Dates are left as text unless they are as the format demands: it would read 20-11-2026 as a day in
  2020, and time zones that it does not know as UTC.
- The language of an item is not that of the items after it.
- Names of authors stay whole: it cuts them at mail addresses, in the wrong place and in quadratic
  time.
"""

import re
from functools import partialmethod
from time import struct_time
from typing import Any

import feedparser
from feedparser.datetimes import (
    _date_handlers,
    _parse_date_nate,
    _parse_date_onblog,
    _parse_date_perforce,
)
from feedparser.mixin import _FeedParserMixin

from aggregator.text.dates import parse_standard_date

__all__ = ["tidy_prolog"]

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


_sync_known_author_detail = _FeedParserMixin._sync_author_detail


def _sync_author_detail(parser: Any, key: str = "author") -> None:
    context = parser._get_context()
    detail = context.get(f"{key}s", [{}])[-1]
    if detail:  # as in Atom, with elements for name and mail address
        _sync_known_author_detail(parser, key)
    elif name := context.get(key):
        detail["name"] = name
        context.setdefault(f"{key}_detail", detail)


_FeedParserMixin._sync_author_detail = _sync_author_detail


def _start_image(parser: Any, attributes: dict[str, str]) -> None:
    if parser.inentry:
        parser.inimage = 1
        parser.push("image", 0)
    else:
        _start_feed_image(parser, attributes)


def _end_image(parser: Any) -> None:
    text = parser.pop("image")
    parser.inimage = 0
    if not parser.inentry:
        return
    context = parser._get_context()
    url = text or context.pop("href", "")  # of a <url> inside it
    if url:
        context.setdefault("image", feedparser.FeedParserDict({"href": url}))


def _start_media_text(parser: Any, name: str, attributes: dict[str, str]) -> None:
    """Begin a caption; only the first of an entry is kept."""
    is_first = parser.inentry and name not in parser._get_context()
    parser.push_content(name, attributes, "text/plain", int(is_first))


def _end_language(parser: Any) -> None:
    language = parser.pop("language")
    if not parser.inentry:
        parser.lang = language


def _standard_date(text: str) -> struct_time | None:
    date = parse_standard_date(text)
    return date.timetuple() if date else None


_date_handlers[:] = [_standard_date, _parse_date_onblog, _parse_date_nate, _parse_date_perforce]
_FeedParserMixin._end_language = _end_language
_FeedParserMixin._end_dc_language = _end_language
_start_feed_image = _FeedParserMixin._start_image
_FeedParserMixin._start_image = _start_image
_FeedParserMixin._end_image = _end_image
for _name in ("media_title", "media_description"):
    setattr(_FeedParserMixin, f"_start_{_name}", partialmethod(_start_media_text, _name))
    setattr(_FeedParserMixin, f"_end_{_name}", partialmethod(_FeedParserMixin.pop_content, _name))
