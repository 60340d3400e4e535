"""Every element of docs/elements.md: what is taken of it, and what is not."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.parse.parser import parse
from aggregator.ingest.worker_tasks import clean_entries
from aggregator.model import Entry, ParsedFeed
from tests.harness.builders import NOW, fetched, source

DOCUMENT = Path(__file__).parent.parent.parent.parent / "docs/elements.md"
NAMESPACES = (
    ' xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    ' xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
)  # fmt: skip
LINK = "<link>https://outlet.example/1</link>"
TITLE = "<title>T</title>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A feed with one entry, and a field that comes of it."""

    entry: str
    field: str
    expected: Any


def rss(entry: str, field: str, expected: Any, feed: str = "") -> Given:
    """An item of RSS 2.0; it has a link and a title of its own unless it brings some."""
    entry += LINK if "<link" not in entry else ""
    entry += TITLE if "title>" not in entry else ""
    feed += "" if "<link" in feed else "<link>https://outlet.example/</link>"
    text = f'<rss version="2.0"{NAMESPACES}><channel>{feed}<item>{entry}</item></channel></rss>'
    return Given(entry=text, field=field, expected=expected)


def atom(entry: str, field: str, expected: Any, feed: str = "") -> Given:
    """An entry of Atom 1.0; it has a link and a title of its own unless it brings some."""
    entry += '<link href="https://outlet.example/1"/>' if "<link" not in entry else ""
    entry += TITLE if "<title" not in entry else ""
    text = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"{NAMESPACES}>{feed}<entry>{entry}</entry></feed>'
    )
    return Given(entry=text, field=field, expected=expected)


def json(entry: str, field: str, expected: Any, feed: str = "") -> Given:
    """An item of JSON Feed 1.1."""
    entry += ', "url": "https://outlet.example/1"' if '"url": "' not in entry else ""
    entry += ', "title": "T"' if '"title"' not in entry else ""
    text = f'{{"version": "https://jsonfeed.org/version/1.1", {feed}"items": [{{{entry}}}]}}'
    return Given(entry=text, field=field, expected=expected)


PICTURE = "https://outlet.example/p.jpg"
FILE = "https://outlet.example/a.mp3"
DATE = "2026-10-04T10:00:00+00:00"

ELEMENTS = {
    # ---- Atom (RFC 4287)
    "atom:title": atom('<title type="html">A &lt;b>word&lt;/b> &amp;amp; more</title>', "title",
                       "A word & more"),
    "atom:link rel=alternate": Given(
        entry=f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><entry>{TITLE}'
        '<link href="/x" type="application/json"/><link href="/en" hreflang="en"/>'
        '<link href="/fr" hreflang="fr"/></entry></feed>',
        field="url", expected="https://outlet.example/fr"),
    "atom:link rel=enclosure": atom(
        f'<link href="https://outlet.example/1"/><link rel="enclosure" href="{FILE}"/>',
        "enclosures", [FILE]),
    "atom:link rel=canonical": atom(
        '<link href="https://outlet.example/1"/><link rel="canonical" href="https://b.example/2"/>',
        "source_urls", ["b.example/2"]),
    "atom:id": atom("<id>urn:x:1</id>", "id", "urn:x:1"),
    "atom:author": atom("<author><name>Ann</name></author><author><name>Bo</name></author>",
                        "author", "Ann, Bo"),
    "atom:feed/atom:author": atom("", "author", "Zoe", "<author><name>Zoe</name></author>"),
    "atom:source": atom(
        "<source><id>urn:s</id><author><name>Vera</name></author></source>", "author", "Vera",
        "<author><name>Zoe</name></author>"),
    "atom:contributor": atom("<contributor><name>Cy</name></contributor>", "author", ""),
    "atom:category": atom('<category term="t1" label="Ports"/><category term="t2"/>', "tags",
                          ["Ports", "t2"]),
    "atom:summary": atom('<summary type="html">Short &lt;b>words&lt;/b></summary>', "summary",
                         "Short words"),
    "atom:content": atom('<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
                         "<p>Long</p></div></content>", "content", "<p>Long</p>"),
    "atom:published": atom(f"<published>{DATE}</published>", "published", DATE),
    "atom:updated": atom("<published>2026-10-01T00:00:00Z</published>"
                         f"<updated>{DATE}</updated>", "updated", DATE),
    "atom:rights": atom("<rights>R</rights>", "summary", ""),
    "xml:base": atom('<content type="html" xml:base="https://b.example/d/">&lt;img src="p.jpg">'
                     "</content>", "image", "https://b.example/d/p.jpg"),
    "xml:lang": atom('<title xml:lang="pt">T</title>', "language", "pt"),
    # ---- RSS
    "title": rss("<title>A &amp;#8217;B&amp;#8217;</title>", "title", "A ’B’"),
    "link": rss('<link>https://outlet.example/1</link><atom:link rel="alternate" '
                'href="https://outlet.example/2"/>', "url", "https://outlet.example/1"),
    "guid": rss('<guid isPermaLink="false">n1</guid>', "id", "n1"),
    "guid isPermaLink": Given(
        entry='<rss version="2.0"><channel><item><title>T</title>'
        "<guid>https://outlet.example/7</guid></item></channel></rss>",
        field="url", expected="https://outlet.example/7"),
    "description": rss("<description>Short &lt;b>words&lt;/b></description>", "summary",
                       "Short words"),
    "content:encoded": rss("<description>S</description><content:encoded>&lt;p>Long text&lt;/p>"
                           "</content:encoded>", "content", "<p>Long text</p>"),
    "author": rss("<author>ann@outlet.example (Ann Lee)</author>", "author", "Ann Lee"),
    "author and itunes:author": rss(
        "<author>ann@outlet.example (Ann Lee)</author><itunes:author>Ann Lee</itunes:author>",
        "author", "Ann Lee"),
    "author twice": rss("<author>a@o.example (Ann)</author><author>b@o.example (Bo)</author>",
                        "author", "Ann, Bo"),
    "managingEditor": rss("", "author", "", "<managingEditor>e@o.example (Ed)</managingEditor>"),
    "category": rss("<category>Ports</category><category domain='d'>&lt;i>Law&lt;/i></category>",
                    "tags", ["Ports", "Law"]),
    "pubDate": rss("<pubDate>Sun, 04 Oct 2026 12:00:00 +0200</pubDate>", "published", DATE),
    "enclosure": rss(f'<enclosure url="{FILE}" type="audio/mpeg" length="5"/>', "enclosures",
                     [FILE]),
    "enclosure without a link": Given(
        entry=f'<rss version="2.0"><channel><item><title>T</title><link>http://Two%20Hosts</link>'
        f'<enclosure url="{FILE}" type="audio/mpeg" length="5"/></item></channel></rss>',
        field="url", expected=FILE),
    "source": rss('<source url="https://b.example/feed.xml">B</source>', "source_urls",
                  ["b.example/feed.xml"]),
    "image": rss(f"<image>{PICTURE}</image>", "image", PICTURE),
    "image/url": rss(f"<title>T</title><image><title>No</title><url>{PICTURE}</url></image>",
                     "image", PICTURE),
    "comments": rss("<comments>https://outlet.example/1#c</comments>", "url",
                    "https://outlet.example/1"),
    "language": rss("", "language", "pt-br", "<language>pt-BR</language>"),
    "feedburner:origLink": rss("<feedburner:origLink>https://b.example/9</feedburner:origLink>",
                               "source_urls", ["b.example/9"]),
    # ---- Dublin Core
    "dc:creator": rss("<dc:creator>Ann</dc:creator><dc:creator>Bo</dc:creator>", "author",
                      "Ann, Bo"),
    "dc:date": rss(f"<dc:date>{DATE}</dc:date>", "published", DATE),
    "dcterms:created": rss(f"<dcterms:created>{DATE}</dcterms:created>", "published", DATE),
    "dcterms:modified": rss("<pubDate>Thu, 01 Oct 2026 12:00:00 GMT</pubDate>"
                            f"<dcterms:modified>{DATE}</dcterms:modified>", "updated", DATE),
    "dc:subject": rss("<dc:subject>Ports</dc:subject>", "tags", ["Ports"]),
    "dc:language": rss("<dc:language>es</dc:language>", "language", "es",
                       "<language>en-US</language>"),
    "dc:title": rss("<dc:title>D</dc:title>", "title", "D"),
    "dc:description": rss("<dc:description>Short</dc:description>", "summary", "Short"),
    # ---- Media RSS
    "media:content": rss(
        '<media:content url="https://outlet.example/s.jpg" medium="image" width="300"/>'
        f'<media:content url="{PICTURE}" type="image/jpeg" width="900" height="600"/>'
        '<media:content url="https://outlet.example/v.mp4" type="video/mp4" width="1900"/>',
        "image", PICTURE),
    "media:content without medium": rss(f'<media:content url="{PICTURE}"/>', "image", PICTURE),
    "media:content isDefault": rss(
        '<media:group><media:content url="https://outlet.example/s.jpg" width="900" height="600"/>'
        f'<media:content url="{PICTURE}" isDefault="true"/></media:group>', "image", PICTURE),
    "media:thumbnail": rss('<media:thumbnail url="https://outlet.example/s.jpg" width="75"/>'
                           f'<media:thumbnail url="{PICTURE}" width="480" height="360"/>',
                           "image", PICTURE),
    "media:title": rss("<title>Own</title><media:title>Caption</media:title>", "title", "Own"),
    "media:title without a title": rss("<media:title>Caption</media:title>", "title", "Caption"),
    "media:description": rss("<media:description>A longer caption</media:description>"
                             "<description>Short</description>", "summary", "Short"),
    "media:description without a summary": rss(
        "<media:description>We slept at the gate.</media:description>", "summary",
        "We slept at the gate."),
    "media:keywords": rss("<media:keywords>Ports, Law</media:keywords>", "tags", ["Ports", "Law"]),
    "media:category": rss("<media:category>Ports</media:category>", "tags", ["Ports"]),
    "media:credit": rss('<media:credit role="author">C</media:credit>', "author", ""),
    # ---- iTunes
    "itunes:title": rss("<itunes:title>Episode</itunes:title>", "title", "Episode"),
    "itunes:author": rss("<itunes:author>Ward Nine</itunes:author>", "author", "Ward Nine"),
    "itunes:image": rss(f'<itunes:image href="{PICTURE}"/>', "image", PICTURE),
    "itunes:summary": rss("<itunes:summary>How they voted.</itunes:summary>", "summary",
                          "How they voted."),
    "itunes:keywords": rss("<itunes:keywords>ports,law</itunes:keywords>", "tags",
                           ["ports", "law"]),
    # ---- JSON Feed
    "id": json('"id": 7', "id", "7"),
    "url": json('"url": "/2", "external_url": "https://b.example/3"', "url",
                "https://outlet.example/2"),
    "external_url": json('"url": "", "external_url": "https://b.example/3", "title": "T"', "url",
                         "https://b.example/3"),
    "content_html": json('"content_html": "<p>Long</p>", "content_text": "Long"', "content",
                         "<p>Long</p>"),
    "content_text": json(r'"content_text": "One\n\nTwo\nlines"', "content",
                         "<p>One</p><p>Two<br>lines</p>"),
    "summary": json('"summary": "Short"', "summary", "Short"),
    "image (JSON Feed)": json('"image": "/p.jpg", "banner_image": "/b.jpg"', "image", PICTURE),
    "banner_image": json('"image": "undefined", "banner_image": "/p.jpg"', "image", PICTURE),
    "date_published": json(f'"date_published": "{DATE}"', "published", DATE),
    "date_modified": json(f'"date_published": "2026-10-01T00:00:00Z", "date_modified": "{DATE}"',
                          "updated", DATE),
    "authors": json('"authors": [{"name": "Ann"}, {"name": "Bo"}], "author": {"name": "Cy"}',
                    "author", "Ann, Bo"),
    "author (1.0)": json('"author": {"name": "Cy"}', "author", "Cy"),
    "authors (feed)": json('"id": "1"', "author", "Zoe", '"authors": [{"name": "Zoe"}], '),
    "tags": json('"tags": ["Ports", "Law"]', "tags", ["Ports", "Law"]),
    "language (JSON Feed)": json('"language": "es"', "language", "es", '"language": "en", '),
    "attachments": json(f'"url": "/1", "attachments": [{{"url": "{FILE}"}}]',
                        "enclosures", [FILE]),
}  # fmt: skip
"""Element, as the first column of the tables in the document names it -> an example."""


@pytest.mark.parametrize("given", ELEMENTS.values(), ids=ELEMENTS)
def test_what_is_taken_of_an_element(given: Given) -> None:
    """The field of the clean entry that the document says."""
    parsed = parse(fetched(given.entry.encode(), "application/xml"))
    assert isinstance(parsed, ParsedFeed), parsed
    (entry,) = clean_entries(assign_keys(parsed.entries), source(), NOW, "")
    assert isinstance(entry, Entry), entry

    value = getattr(entry, given.field)
    if given.field == "enclosures":
        value = [file.url for file in value]
    if hasattr(value, "isoformat"):
        value = value.isoformat()
    assert (list(value) if isinstance(value, tuple) else value) == given.expected


def test_every_element_of_the_document_has_an_example() -> None:
    """And every example is in the document."""
    rows = re.findall(r"^\| `([^|]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(rows) == sorted(ELEMENTS)
