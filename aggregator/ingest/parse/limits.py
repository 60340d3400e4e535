"""What a document must keep to before it is read: a small one may take gigabytes to hold.

A parser builds objects for every element and every value; 15 MB of `<a><a><a>` are 2.5 GB of
them. So documents are looked over as bytes, and refused in a sentence.
"""

import re
from dataclasses import replace

from aggregator.model import Fetched

__all__ = [
    "NOT_A_FEED",
    "is_json",
    "json_problem",
    "strip_entity_bombs",
    "to_utf8",
    "wide_encoding",
    "xml_problem",
]

NOT_A_FEED = "no feed"
"""The fault of a document without any element of a feed."""

MAX_TAG_BYTES = 100_000
"""Bytes between < and >."""
MAX_DEPTH = 500
MAX_TAGS, TAGS_PER_ENTRY = 100_000, 20
"""Tags in a document, and how many more for each of its entries."""
MAX_OBJECTS = 100_000
"""Objects and lists in a JSON document."""
MAX_VALUES = 300_000
"""Values in a JSON document; of a large one, in a slice."""
_CHEAP_TAGS = 20_000
"""However they are nested, so few cost little."""

_ENTRY = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_WIDE = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le", b"\0<": "utf-16-be",
}  # fmt: skip
"""How a document in an encoding of wide letters begins."""
_DECLARATION = re.compile(r"<\?xml[^<>]{0,1000}\?>")
_BRACE = re.compile(rb"[\xef\xbb\xbf\t\r\n ]*\{")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel|item|entry)[\s/>]", re.IGNORECASE)
_HUGE_TAG = re.compile(rb"<[^<>]{%d}" % MAX_TAG_BYTES)
_NO_ELEMENT = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_TAG = re.compile(rb"<(/?)((?:br|hr|img|input|li|link|meta|p)\b)?[a-zA-Z_:]?[^<>]*?(/?)>")
"""The second group is set for those that HTML does not close, or not always."""
_ENTITY = re.compile(rb"<!ENTITY[^>]*>?")
_HARMLESS = re.compile(
    rb"<!ENTITY\s+([\w.:-]{1,100})\s+(?:\"(?:[^\"&%<>]|&#)*\"|'(?:[^'&%<>]|&#)*')\s*>"
)
_MAX_ENTITY_BYTES = 200
"""Bytes of a declaration; those of real feeds stand for a character or a name."""
_REFERENCE = re.compile(rb"&([\w.:-]{1,100});")
MAX_EXPANSION_BYTES = 500_000
"""Bytes that all references to a document's own entities may stand for."""


def wide_encoding(body: bytes) -> str:
    """The encoding of a document in UTF-16 or UTF-32, empty for any other."""
    return next((name for start, name in _WIDE.items() if body.startswith(start)), "")


def is_json(body: bytes) -> bool:
    """True if a document can only be JSON."""
    return bool(_BRACE.match(body))


def to_utf8(fetched: Fetched) -> Fetched:
    """The same document in UTF-8, if it comes in UTF-16 or UTF-32; else as it is. What looks
    for tags looks for bytes."""
    encoding = wide_encoding(fetched.body)
    if not encoding:
        return fetched
    text = fetched.body.decode(encoding, "replace").lstrip("\ufeff\t\r\n ")
    declaration = _DECLARATION.match(text)
    body = text[declaration.end() if declaration else 0 :].encode("utf-8", "replace")
    return replace(fetched, body=body, content_type="application/xml; charset=utf-8")


def xml_problem(body: bytes) -> str:
    """Why an XML document is not read, as a sentence; empty if it may be."""
    if not _ROOT.search(body):
        return NOT_A_FEED
    if _HUGE_TAG.search(body):
        return f"The feed is not read: a single tag has more than {MAX_TAG_BYTES:,} bytes."
    if body.count(b"<") <= _CHEAP_TAGS:
        return ""
    entries = sum(1 for _ in _ENTRY.finditer(body))
    body = _NO_ELEMENT.sub(b"", body)
    if body.count(b"<") > MAX_TAGS + TAGS_PER_ENTRY * entries:
        return f"The feed is not read: it has more than {MAX_TAGS:,} tags."
    if _is_deep(body):
        return f"The feed is not read: its elements are nested more than {MAX_DEPTH} deep."
    return ""


def json_problem(body: bytes) -> str:
    """Why a JSON document is not read, as a sentence; empty if it may be."""
    if body.count(b"{") + body.count(b"[") > MAX_OBJECTS:
        return f"The JSON Feed is not read: it has more than {MAX_OBJECTS:,} objects or lists."
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        return f"The JSON Feed is not read: it has more than {MAX_VALUES:,} values."
    return ""


def strip_entity_bombs(body: bytes) -> bytes:
    """Without entities that stand for other entities, or for much text: a reference to one
    of them could be gigabytes (billion laughs, quadratic blowup)."""
    if b"<!ENTITY" not in body:
        return body
    body = _ENTITY.sub(_keep_harmless, body)
    length = {entity[1]: entity.end() - entity.start() for entity in _HARMLESS.finditer(body)}
    expansion = sum(length.get(reference[1], 0) for reference in _REFERENCE.finditer(body))
    return body if expansion <= MAX_EXPANSION_BYTES else _ENTITY.sub(b"", body)


def _keep_harmless(entity: re.Match[bytes]) -> bytes:
    is_short = entity.end() - entity.start() <= _MAX_ENTITY_BYTES
    return entity[0] if is_short and _HARMLESS.fullmatch(entity[0]) else b""


def _is_deep(body: bytes) -> bool:
    depth, unclosed = 0, 0
    for tag in _TAG.finditer(body):
        if tag[3] or tag[0][1:2] in b"!?":
            continue
        step = -1 if tag[1] else 1
        if tag[2]:
            unclosed = max(0, unclosed + step)
        else:
            depth = max(0, depth + step)
        if depth > MAX_DEPTH or unclosed > _CHEAP_TAGS:
            return True
    return False
