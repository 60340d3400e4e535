"""Limits that a document is checked against before it is parsed.

A parser builds objects for every element and every value: 15 MB of `<a><a><a>` become 2.5 GB. So
documents are examined as bytes, and refused with a sentence for operators.
"""

import re

__all__ = [
    "NOT_A_FEED",
    "is_json",
    "json_problem",
    "strip_entity_bombs",
    "xml_problem",
]

NOT_A_FEED = "no feed"
"""The problem of a document without any element of a feed."""

MAX_TAG_BYTES = 100_000
"""Bytes of a tag, between < and >."""
MAX_XML_DEPTH = 500
MAX_TAGS, MAX_TAGS_PER_ENTRY = 100_000, 20
"""Tags in a document, and how many more it may have for each of its entries."""
MAX_JSON_OBJECTS = 100_000
"""Objects and lists in a JSON document."""
MAX_JSON_VALUES = 300_000
"""Values in a JSON document; if it is split, in a chunk."""
_CHEAP_TAGS = 20_000
"""So few tags cost little, however they are nested."""

_ENTRY = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_JSON_START = re.compile(rb"[\xef\xbb\xbf\t\r\n ]*\{")
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel|item|entry)[\s/>]", re.IGNORECASE)
_HUGE_TAG = re.compile(rb"<[^<>]{%d}" % MAX_TAG_BYTES)
_CDATA = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_TAG = re.compile(rb"<(/?)((?:br|hr|img|input|li|link|meta|p)\b)?[a-zA-Z_:]?[^<>]*?(/?)>")
"""The second group matches elements that HTML never, or not always, closes."""
_ENTITY = re.compile(rb"<!ENTITY[^>]*>?")
_HARMLESS_ENTITY = re.compile(
    rb"<!ENTITY\s+([\w.:-]{1,100})\s+(?:\"(?:[^\"&%<>]|&#)*\"|'(?:[^'&%<>]|&#)*')\s*>"
)
_MAX_ENTITY_BYTES = 200
"""Bytes of an entity declaration; those of real feeds stand for a character or a name."""
_REFERENCE = re.compile(rb"&([\w.:-]{1,100});")
MAX_EXPANSION_BYTES = 500_000
"""Bytes that all references to a document's own entities may expand to."""


def is_json(body: bytes) -> bool:
    """True if a document can only be JSON."""
    return bool(_JSON_START.match(body))


def xml_problem(body: bytes) -> str:
    """The reason not to parse an XML document: a sentence or NOT_A_FEED, empty if there is none."""
    if not _ROOT.search(body):
        return NOT_A_FEED
    if _HUGE_TAG.search(body):
        return f"The feed is not read: a single tag has more than {MAX_TAG_BYTES:,} bytes."
    if body.count(b"<") <= _CHEAP_TAGS:
        return ""
    entries = sum(1 for _ in _ENTRY.finditer(body))
    body = _CDATA.sub(b"", body)
    if body.count(b"<") > MAX_TAGS + MAX_TAGS_PER_ENTRY * entries:
        return f"The feed is not read: it has more than {MAX_TAGS:,} tags."
    if _is_deep(body):
        return f"The feed is not read: its elements are nested more than {MAX_XML_DEPTH} deep."
    return ""


def json_problem(body: bytes) -> str:
    """The reason not to parse a JSON document, as a sentence; empty if there is none."""
    if body.count(b"{") + body.count(b"[") > MAX_JSON_OBJECTS:
        return f"The JSON Feed is not read: it has more than {MAX_JSON_OBJECTS:,} objects or lists."
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_JSON_VALUES:
        return f"The JSON Feed is not read: it has more than {MAX_JSON_VALUES:,} values."
    return ""


def strip_entity_bombs(body: bytes) -> bytes:
    """The document without entities that could expand to gigabytes: those that refer to other
    entities, or are long (billion laughs, quadratic blowup)."""
    if b"<!ENTITY" not in body:
        return body
    body = _ENTITY.sub(_keep_harmless, body)
    length = {
        entity[1]: entity.end() - entity.start() for entity in _HARMLESS_ENTITY.finditer(body)
    }
    expansion = sum(length.get(reference[1], 0) for reference in _REFERENCE.finditer(body))
    return body if expansion <= MAX_EXPANSION_BYTES else _ENTITY.sub(b"", body)


def _keep_harmless(entity: re.Match[bytes]) -> bytes:
    is_short = entity.end() - entity.start() <= _MAX_ENTITY_BYTES
    return entity[0] if is_short and _HARMLESS_ENTITY.fullmatch(entity[0]) else b""


def _is_deep(body: bytes) -> bool:
    """True if elements are nested too deeply, or too many are never closed."""
    depth, unclosed = 0, 0
    for tag in _TAG.finditer(body):
        if tag[3] or tag[0][1:2] in b"!?":
            continue
        step = -1 if tag[1] else 1
        if tag[2]:
            unclosed = max(0, unclosed + step)
        else:
            depth = max(0, depth + step)
        if depth > MAX_XML_DEPTH or unclosed > _CHEAP_TAGS:
            return True
    return False
