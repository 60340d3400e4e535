"""A feed of short texts that are no stories: Atom, for operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedgen.feed import FeedGenerator

__all__ = ["PlainItem", "render_plain_atom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainItem:
    """A text with a title and a page; `id` is an IRI that never changes."""

    id: str
    title: str
    text: str
    url: str
    updated: datetime


def render_plain_atom(
    id_: str, title: str, url: str, items: Sequence[PlainItem], updated: datetime
) -> bytes:
    """Render items, newest first, as an Atom feed; `updated` is its time if it has none."""
    generator = FeedGenerator()
    generator.id(id_)
    generator.title(title)
    generator.author(name=title)
    generator.link(href=url, rel="alternate", type="text/html")
    generator.updated(max((item.updated for item in items), default=updated))
    for item in items:
        entry = generator.add_entry(order="append")
        entry.id(item.id)
        entry.title(item.title)
        entry.content(item.text, type="text")
        entry.link(href=item.url)
        entry.updated(item.updated)
    rendered: bytes = generator.atom_str()
    return rendered
