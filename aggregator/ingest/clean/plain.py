"""Between plain text and HTML: paragraphs of plain text, names without markup."""

import re
from html import escape

from aggregator.model import Text
from aggregator.text.html import one_line, plain_text

__all__ = ["html_of", "name_text"]

_PARAGRAPH_BREAK = re.compile(r"[ \t]*(?:\r\n?|\n)[ \t]*(?:(?:\r\n?|\n)[ \t]*)+")
_WRAPPED = re.compile(r"[ \t]*(?:\r\n?|\n)[ \t]+")
"""A line break before an indented line: that of the document, not of the text."""
_LINE_BREAK = re.compile(r"[ \t]*(?:\r\n?|\n)")
_MARKUP = re.compile(r"<[a-zA-Z/!]|&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")


def html_of(text: Text) -> str:
    """A text as HTML; blank lines of a plain text separate paragraphs."""
    if text.is_html:
        return text.value
    blocks = _PARAGRAPH_BREAK.split(text.value.strip())
    lines = (_LINE_BREAK.sub("<br>", _WRAPPED.sub(" ", escape(b, quote=False))) for b in blocks)
    return "".join(f"<p>{block}</p>" for block in lines if block)


def name_text(given: str, limit: int) -> str:
    """A name in one line, without the markup and the references that some outlets put into it,
    twice escaped or not."""
    for _ in range(2):
        if not _MARKUP.search(given):
            break
        given = plain_text(given)
    return one_line(given, limit)
