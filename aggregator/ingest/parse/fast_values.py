"""Attributes and texts of elements as feedparser gives them to its methods, for the fast parser."""

import re
from contextlib import suppress
from datetime import datetime
from time import struct_time
from typing import Any, TypeAlias

from feedparser.datetimes import _parse_date
from feedparser.html import _cp1252
from feedparser.mixin import _FeedParserMixin
from feedparser.urls import _urljoin
from lxml import etree

from aggregator.ingest.parse.fast_names import Declined
from aggregator.text.dates import parse_standard_date

__all__ = [
    "RDF", "TYPES", "Element", "address", "attributes_of", "check_base", "fixed", "given_text",
    "language_at", "parsed_date", "text_construct", "text_of",
]  # fmt: skip

Element: TypeAlias = etree._Element
XML = "{http://www.w3.org/XML/1998/namespace}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
"""Namespaces in lxml's notation."""
_CONTROLS = re.compile("[\x80-\x9f]")
TYPES = {
    "text": "text/plain", "plain": "text/plain", "text/plain": "text/plain",
    "html": "text/html", "text/html": "text/html",
}  # fmt: skip
"""Types of texts without elements -> media type."""


def attributes_of(element: Element) -> dict[str, str]:
    """The attributes by name in lower case; of those in a namespace, by their local name."""
    found: dict[str, str] = {}
    items = element.items()
    if any(key[0] == "{" for key, _ in items):
        items = sorted(items, key=lambda item: item[0][0] != "{")  # a plain one counts
    for key, value in items:
        if key == f"{XML}lang":
            continue
        name = key.rpartition("}")[2].lower()
        if name == "base" or (key[0] == "{" and name in ("lang", "about")):
            raise Declined(f"attribute {key}")
        found[name] = value.lower() if name in ("rel", "type") else value
    return found


def check_base(element: Element) -> None:
    """Decline an element that changes the base of addresses, for feedparser also of those that
    follow."""
    for key in element.keys():  # noqa: SIM118 - an element yields its children
        if key.rpartition("}")[2].lower() == "base":
            raise Declined("attribute base")


def language_at(element: Element, inherited: str | None) -> str | None:
    """The language that is in force inside an element (xml:lang)."""
    check_base(element)
    if element.get("lang") is not None:
        raise Declined("attribute lang")
    given = element.get(f"{XML}lang")
    return inherited if given is None else given or None


def given_text(element: Element) -> str:
    """The text of an element without elements."""
    if len(element):
        raise Declined("elements inside of a text")
    return (element.text or "").strip()


def text_of(element: Element) -> str:
    """The text of an element without elements, corrected."""
    return fixed(given_text(element))


def fixed(text: str) -> str:
    """The text with two common mistakes corrected: UTF-8 that was encoded twice, and characters of
    windows-1252."""
    if text.isascii():
        return text
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_cp1252) if _CONTROLS.search(text) else text


def text_construct(
    element: Element, default: str, language: str | None, *, is_atom: bool
) -> dict[str, Any]:
    """A text with its type, which is `default` unless it is given, and its language."""
    type_ = default
    for key, value in element.items():
        if key == "type":
            type_ = TYPES.get(value.lower(), "")
            if not type_:
                raise Declined(f"type {value} of a text")
        elif key == f"{XML}lang":
            language = value or None
        elif key != f"{XML}space" and (key, value) != ("mode", "escaped"):
            raise Declined(f"attribute {key} of a text")
    given = given_text(element)
    if type_ == "text/plain" and not is_atom and _looks_like_html(given):
        type_ = "text/html"
    if language:
        language = language.replace("_", "-")
    return {"type": type_, "language": language, "base": "", "value": fixed(given)}


def _looks_like_html(text: str) -> bool:
    has_signs = "&" in text or "</" in text  # most have none
    return has_signs and bool(_FeedParserMixin.looks_like_html(text))


def address(uri: str) -> str:
    """The address without slashes that are too many."""
    return str(_urljoin("", uri)) if ":///" in uri else uri


def parsed_date(text: str) -> datetime | struct_time | None:
    """The date, parsed by our parser of standard formats, or else by feedparser's."""
    return parse_standard_date(text) or _parse_date(text)
