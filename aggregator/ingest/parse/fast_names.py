"""The names under which feedparser knows the elements of a document, for the fast parser.

feedparser calls `dc:creator` "dc_creator" whatever the document's prefix is, and has a method for
each element that it understands; any other is stored under its name and nothing else.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from feedparser.mixin import _FeedParserMixin

__all__ = ["Declined", "ElementNames", "is_unread"]

_NAMESPACE = re.compile(rb"xmlns(?::([^\s=<>]{1,100}))?\s*=\s*[\"']([^\"']*)")
MAX_TAG_CHARS = 300
"""Characters of an element's name with its namespace, of which many are remembered."""
_NAMESPACES: Mapping[str, str] = {
    uri.lower(): prefix for uri, prefix in _FeedParserMixin.namespaces.items() if uri
}
"""Namespace in lower case -> feedparser's prefix, empty for those of the formats themselves."""
_KNOWN_PREFIXES = frozenset(prefix.lower() for prefix in _NAMESPACES.values() if prefix)
_XLINK, _USERLAND = "http://www.w3.org/1999/xlink", "backend.userland.com/rss"
_WITHOUT_PREFIX = frozenset(("com-wordpress:feed-additions:1",))
"""Namespaces of elements of RSS that are used without a prefix."""
_READ = frozenset((
    "author", "author_detail", "authors", "content", "contributors", "created", "created_parsed",
    "feedburner_origlink", "guidislink", "href", "id", "image", "itunes_title", "language", "link",
    "links", "media_content", "media_credit", "media_description", "media_description_detail",
    "media_license", "media_rating", "media_restriction", "media_thumbnail", "media_title",
    "media_title_detail", "published", "published_parsed", "publisher", "publisher_detail",
    "publishers", "source", "summary", "summary_detail", "sy_updatefrequency", "sy_updateperiod",
    "tags", "textinput", "title", "title_detail", "ttl", "updated", "updated_parsed",
))  # fmt: skip
"""What we, or feedparser itself, read of an entry or a feed."""


class Declined(Exception):
    """The fast parser cannot prove that it reads a document as feedparser does; it says why."""


class ElementNames:
    """The names of the elements of one document. Raises Declined if its namespaces are unusual."""

    def __init__(self, body: bytes) -> None:
        self._names: dict[str, str] = {}
        self._prefixes: dict[str, set[str]] = defaultdict(set)
        self.uris: set[str] = set()
        """The declared namespaces in lower case."""
        uris: dict[str, str] = {}
        known_prefixes: set[str] = set()
        for prefix_bytes, uri_bytes in set(_NAMESPACE.findall(body)):
            prefix, uri = prefix_bytes.decode(), uri_bytes.decode()
            known = _NAMESPACES.get(uri.lower())
            self.uris.add(uri.lower())
            known_prefixes.add(known or "")
            if uri.lower() == _XLINK or _USERLAND in uri.lower() or "&" in uri:
                raise Declined(f"namespace {uri}")
            if not prefix:
                continue
            if uris.setdefault(prefix.lower(), uri) != uri:
                raise Declined(f"prefix {prefix} of two namespaces")
            if prefix in _KNOWN_PREFIXES and known not in (None, prefix):
                raise Declined(f"prefix {prefix} of another namespace")
            if known is None:
                self._prefixes[uri].add(prefix.lower())
        if any(not known_prefixes.isdisjoint(own) for own in self._prefixes.values()):
            raise Declined("the prefix of a known namespace for an unknown one, too")

    def of(self, tag: str) -> str:
        """feedparser's name of an element, by its tag in lxml's notation."""
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = self._find(tag)
        return name

    def _find(self, tag: str) -> str:
        if len(tag) > MAX_TAG_CHARS:
            raise Declined("a long name")
        if tag[0] != "{":
            return tag.lower()
        uri, _, local = tag[1:].lower().partition("}")
        if (known := _NAMESPACES.get(uri)) is not None:
            return f"{known}_{local}".lower() if known else local
        # of several prefixes, feedparser takes the first that the document declares
        prefixes = self._prefixes.get(tag[1 : len(uri) + 1], ())
        names = [f"{prefix}_{local}" for prefix in prefixes]
        if not names and uri in _WITHOUT_PREFIX:
            names = [local]
        if len(names) == 1 or (names and all(map(is_unread, names))):
            return names[0]
        raise Declined(f"namespace {uri}")


@lru_cache(maxsize=4096)
def is_unread(name: str) -> bool:
    """True if feedparser only stores an element, under a name that nothing uses."""
    return name not in _READ and not (
        hasattr(_FeedParserMixin, f"_start_{name}") or hasattr(_FeedParserMixin, f"_end_{name}")
    )
