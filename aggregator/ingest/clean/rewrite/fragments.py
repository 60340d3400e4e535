"""Links inside a text: footnotes lead to their notes, wherever the text is shown."""

import hashlib
import re
from urllib.parse import unquote, urljoin

from selectolax.lexbor import LexborNode

__all__ = ["FRAGMENT_LINK", "id_prefix", "link_fragments", "resolve_bases"]

FRAGMENT_LINK = r"href\s*=\s*[\"']?#"
"""Pattern of a link to a place in the same text."""
_ID = re.compile(r"[\w.:-]{1,100}")
_URL_ATTRIBUTES = ("href", "src", "poster", "cite")


def id_prefix(base: str) -> str:
    """What all ids of a text begin with, so that they are no id of the page, nor of another text
    on it."""
    digest = hashlib.blake2b(base.encode("utf-8", "replace"), digest_size=4)
    return f"n{digest.hexdigest()}-"


def link_fragments(body: LexborNode, base: str) -> None:
    """Prefix the ids that links in this text lead to, and those links; remove all other ids.

    Links to places that are not in the text stay as they are: they lead to the article.
    """
    links = body.css('a[href^="#"]')
    if not links:
        return
    prefix = id_prefix(base)
    wanted = {_target(link.attrs["href"]).removeprefix(prefix) for link in links}
    found = set()
    for node in body.css("[id], a[name]"):
        id_ = (node.attrs.get("id") or node.attrs.get("name") or "").removeprefix(prefix)
        if id_ in wanted and id_ not in found and _ID.fullmatch(id_):
            found.add(id_)
            node.attrs["id"] = prefix + id_
        elif "id" in node.attrs:
            del node.attrs["id"]
    for link in links:
        target = _target(link.attrs["href"]).removeprefix(prefix)
        if target in found:
            link.attrs["href"] = f"#{prefix}{target}"


def _target(href: str | None) -> str:
    return unquote((href or "")[1:])


def resolve_bases(body: LexborNode, base: str) -> None:
    """Resolve URLs inside elements with an xml:base of their own against it (RFC 4287, 2)."""
    for element in body.css("[xml\\:base]"):
        own_base = urljoin(base, element.attrs.get("xml:base") or "")
        for node in (element, *element.css("[href], [src], [poster], [cite]")):
            for name in _URL_ATTRIBUTES:
                if value := node.attrs.get(name):
                    node.attrs[name] = urljoin(own_base, value)
        del element.attrs["xml:base"]
