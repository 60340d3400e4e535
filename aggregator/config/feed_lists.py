"""OPML: the feeds of a list as keys of [[source]], and the sources as a list, without loss.

OPML has an address, a name and a page of each feed. What feeds.toml knows beyond that is in
attributes of a namespace of our own, which other programs ignore (OPML 2.0, "Extending OPML").
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from aggregator.errors import OpmlError

__all__ = ["NAMESPACE", "OpmlFeed", "read_opml", "write_opml"]

NAMESPACE = "urn:x-aggregator:source"
MAX_OPML_BYTES = 20_000_000
MAX_OPML_FEEDS = 20_000
MAX_FOLDERS = 20
"""Folders inside one another whose names are kept, the innermost ones."""
_KEY = f"{{{NAMESPACE}}}"
_HTML = re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE)
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpmlFeed:
    """An outline with the address of a feed; `folders` are those around it, outermost first, or
    those of its `category`. `keys` are keys of [[source]] from our own namespace. `line` is that of
    its tag."""

    url: str
    name: str = ""
    site: str = ""
    folders: tuple[str, ...] = ()
    keys: Mapping[str, Any]
    line: int


def read_opml(content: bytes) -> tuple[list[OpmlFeed], int]:
    """The feeds of an OPML document, and the number of its outlines that have neither an address
    nor outlines in them. Raises OpmlError.

    Documents that are not well-formed are read as far as possible; entities are not expanded.
    """
    if len(content) > MAX_OPML_BYTES:
        raise OpmlError(f"It has more than {MAX_OPML_BYTES:,} bytes; divide it.")
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        root = None
    if _HTML.search(content[:1000]):
        raise OpmlError("It is a web page, not a list of feeds in OPML.")
    if root is None:
        raise OpmlError("It is empty, or not XML.")
    name = etree.QName(root).localname.lower()
    if name in ("rss", "feed", "rdf"):
        raise OpmlError("It is a feed, not a list of feeds; `aggregator add` takes its address.")
    if name not in ("opml", "outline"):
        raise OpmlError(f"It is not OPML; its first tag is <{name[:40]}>.")
    feeds: list[OpmlFeed] = []
    empty = 0
    for node, folders in _outlines(root, ()):
        url = _attribute(node, "xmlUrl")
        if url:
            feeds.append(_feed(node, url, folders))
        elif not len(node):
            empty += 1
        if len(feeds) > MAX_OPML_FEEDS:
            raise OpmlError(f"It has more than {MAX_OPML_FEEDS:,} feeds; divide it.")
    dtd = root.getroottree().docinfo.internalDTD
    if not feeds and dtd is not None and any(dtd.iterentities()):
        raise OpmlError("Its feeds are in entities of a DTD, which are not expanded.")
    return feeds, empty


def _outlines(
    root: etree._Element, folders: tuple[str, ...]
) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    """Every outline, with the names of the folders around it."""
    pending = [(root, folders)]
    while pending:
        parent, names = pending.pop()
        children = [node for node in parent if isinstance(node.tag, str)]
        inner: list[tuple[etree._Element, tuple[str, ...]]] = []
        for node in children:
            if etree.QName(node).localname.lower() != "outline":
                inner.append((node, names))
                continue
            yield node, names
            name = _attribute(node, "text", "title")
            if len(node):
                inner.append((node, (*names, name)[-MAX_FOLDERS:] if name else names))
        pending += reversed(inner)


def _feed(node: etree._Element, url: str, folders: tuple[str, ...]) -> OpmlFeed:
    categories = [each.strip("/ ") for each in _attribute(node, "category").split(",")]
    keys = {
        str(key).removeprefix(_KEY): _decoded(str(value))
        for key, value in node.attrib.items()
        if str(key).startswith(_KEY)
    }
    return OpmlFeed(
        url=re.sub(r"^feed:(//)?(?=https?:)", "", url, flags=re.IGNORECASE),
        name=_attribute(node, "text", "title"),
        site=_attribute(node, "htmlUrl"),
        folders=folders or tuple(each.rpartition("/")[2] for each in categories if each),
        keys=keys,
        line=node.sourceline or 0,
    )


def _attribute(node: etree._Element, *names: str) -> str:
    """The first of these attributes that is not empty, in one line; some programs write names in
    lower case."""
    by_name = {str(key).lower(): str(value) for key, value in node.attrib.items()}
    found = (_BLANK.sub(" ", by_name.get(name.lower(), "")).strip() for name in names)
    return next(filter(None, found), "")


def write_opml(title: str, sources: Sequence[Mapping[str, Any]]) -> bytes:
    """An OPML document of [[source]] tables, from which `read_opml` gets them back."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"aggregator": NAMESPACE})
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    for source in sources:
        attributes = {
            "type": "rss",
            "text": source["name"],
            "xmlUrl": source["feed"],
            "htmlUrl": source["site"],
        }
        if topics := source.get("topics"):
            attributes["category"] = ",".join(f"/{topic}" for topic in topics)
        own = {key: value for key, value in source.items() if key not in ("name", "feed", "site")}
        attributes |= {f"{_KEY}{key}": _encoded(value) for key, value in own.items()}
        etree.SubElement(body, "outline", attributes)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _encoded(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
