"""Feeds of the made-up outlets in every format, each with quirks of real feeds."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape as html
from xml.sax.saxutils import escape as xml

__all__ = ["FORMATS", "Item"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article as it appears in the feed of one outlet."""

    id: str
    link: str
    title: str
    paragraphs: tuple[str, ...]
    tags: tuple[str, ...]
    published: datetime
    audio_url: str = ""
    image_url: str = ""
    image_alt: str = ""

    @property
    def html(self) -> str:
        return "".join(f"<p>{html(paragraph)}</p>" for paragraph in self.paragraphs)


def rss20(name: str, site: str, items: Sequence[Item]) -> str:
    """RSS 2.0 with content:encoded; descriptions end with the footer that WordPress adds."""
    rows = "".join(
        f"<item><title>{xml(html(item.title))}</title><link>{xml(item.link)}</link>"
        f'<guid isPermaLink="false">{xml(item.id)}</guid>'
        f"<pubDate>{format_datetime(item.published)}</pubDate>"
        f"<dc:creator>Staff</dc:creator>{_categories(item)}"
        f"<description>{xml(html(item.paragraphs[0]))} {xml(_wordpress_footer(item, site, name))}"
        "</description>"
        f"<content:encoded><![CDATA[{item.html}]]></content:encoded>"
        + (
            f'<enclosure url="{xml(item.audio_url)}" type="audio/mpeg" length="0"/>'
            if item.audio_url
            else ""
        )
        + _media(item)
        + "</item>"
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/"><channel>'
        f"<title>{xml(name)}</title><link>{xml(site)}</link><description/>"
        f"<language>en-us</language>{rows}</channel></rss>"
    )


def rss09x(version: str) -> Callable[[str, str, Sequence[Item]], str]:
    """RSS 0.91 or 0.92: no dates and no ids."""

    def render(name: str, site: str, items: Sequence[Item]) -> str:
        rows = "".join(
            f"<item><title>{xml(item.title)}</title><link>{xml(item.link)}</link>"
            f"<description>{xml(item.paragraphs[0])}</description></item>"
            for item in items
        )
        return (
            f'<?xml version="1.0"?><rss version="{version}"><channel><title>{xml(name)}</title>'
            f"<link>{xml(site)}</link><description/>{rows}</channel></rss>"
        )

    return render


def rss10(name: str, site: str, items: Sequence[Item]) -> str:
    """RDF Site Summary 1.0."""
    rows = "".join(
        f'<item rdf:about="{xml(item.link)}"><title>{xml(item.title)}</title>'
        f"<link>{xml(item.link)}</link><description>{xml(item.html)}</description>"
        f"<dc:date>{item.published.isoformat()}</dc:date>"
        + "".join(f"<dc:subject>{xml(tag)}</dc:subject>" for tag in item.tags)
        + "</item>"
        for item in items
    )
    return (
        '<?xml version="1.0"?><rdf:RDF xmlns="http://purl.org/rss/1.0/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="{xml(site)}">'
        f"<title>{xml(name)}</title><link>{xml(site)}</link></channel>{rows}</rdf:RDF>"
    )


def atom10(name: str, site: str, items: Sequence[Item]) -> str:
    """Atom 1.0 with xml:base, relative links and XHTML."""
    rows = "".join(
        f"<entry><id>{xml(item.id)}</id><title>{xml(item.title)}</title>"
        f'<link href="{xml(item.link.removeprefix(site))}"/>'
        f"<updated>{item.published.isoformat()}</updated>"
        + "".join(f'<category term="{xml(tag)}"/>' for tag in item.tags)
        + '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
        f"{_figure(item)}{item.html}</div></content></entry>"
        for item in items
    )
    updated = max(item.published for item in items).isoformat() if items else "2026-01-01T00:00:00Z"
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{xml(site)}" xml:lang="en">'
        f"<id>{xml(site)}</id><title>{xml(name)}</title><updated>{updated}</updated>"
        f"<author><name>{xml(name)}</name></author>{rows}</feed>"
    )


def atom03(name: str, site: str, items: Sequence[Item]) -> str:
    """Atom 0.3, in Spanish, in Latin-1."""
    rows = "".join(
        f"<entry><id>{xml(item.id)}</id><title>{xml(item.title)}</title>"
        f'<link rel="alternate" type="text/html" href="{xml(item.link)}"/>'
        f"<issued>{item.published.isoformat()}</issued>"
        f"<modified>{item.published.isoformat()}</modified>"
        + "".join(f"<dc:subject>{xml(tag)}</dc:subject>" for tag in item.tags)
        + f'<content type="text/html" mode="escaped">{xml(item.html)}</content></entry>'
        for item in items
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?><feed version="0.3" '
        'xmlns="http://purl.org/atom/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xml:lang="es"><title>{xml(name)}</title><link rel="alternate" type="text/html" '
        f'href="{xml(site)}"/>{rows}</feed>'
    )


def json_feed(version: str) -> Callable[[str, str, Sequence[Item]], str]:
    """JSON Feed 1.0 or 1.1."""

    def render(name: str, site: str, items: Sequence[Item]) -> str:
        credit = {"name": "Staff"}
        document = {
            "version": f"https://jsonfeed.org/version/{version}",
            "title": name,
            "home_page_url": site,
            "items": [
                {
                    "id": item.id,
                    "url": item.link,
                    "title": item.title,
                    "content_html": item.html,
                    "date_published": item.published.isoformat(),
                    "tags": list(item.tags),
                    **({"image": item.image_url} if item.image_url else {}),
                    **({"authors": [credit]} if version == "1.1" else {"author": credit}),
                }
                for item in items
            ],
        }
        return json.dumps(document)

    return render


def _categories(item: Item) -> str:
    return "".join(f"<category>{xml(tag)}</category>" for tag in item.tags)


def _media(item: Item) -> str:
    if not item.image_url:
        return ""
    caption = f"<media:description>{xml(item.image_alt)}</media:description>"
    return (
        f'<media:content url="{xml(item.image_url)}" medium="image">'
        f"{caption if item.image_alt else ''}</media:content>"
    )


def _figure(item: Item) -> str:
    if not item.image_url:
        return ""
    return f'<p><img src="{html(item.image_url)}" alt="{html(item.image_alt)}"/></p>'


def _wordpress_footer(item: Item, site: str, name: str) -> str:
    return (
        f'<p>The post <a href="{item.link}">{html(item.title)}</a> appeared first on '
        f'<a href="{site}">{html(name)}</a>.</p>'
    )


FORMATS: dict[str, tuple[str, str, Callable[[str, str, Sequence[Item]], str]]] = {
    "rss20": ("application/rss+xml; charset=UTF-8", "utf-8", rss20),
    "rss091": ("text/xml", "utf-8", rss09x("0.91")),
    "rss092": ("text/xml", "utf-8", rss09x("0.92")),
    "rss10": ("application/rdf+xml", "utf-8", rss10),
    "atom10": ("application/atom+xml", "utf-8", atom10),
    "atom03": ("application/atom+xml; charset=ISO-8859-1", "iso-8859-1", atom03),
    "json10": ("application/json", "utf-8", json_feed("1")),
    "json11": ("application/feed+json", "utf-8", json_feed("1.1")),
}
"""Format -> content type, encoding, renderer."""
