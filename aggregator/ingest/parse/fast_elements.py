"""What the fast parser makes of each element of a feed or an entry.

Each method does what feedparser's method for the element does, in the same order, so that both give
the same values. What is not certain is declined.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from feedparser.mixin import _FeedParserMixin

from aggregator.ingest.parse.fast_names import Declined, ElementNames
from aggregator.ingest.parse.fast_skipped import PERSON_PARTS, ElementSkipper
from aggregator.ingest.parse.fast_values import (
    RDF,
    Element,
    address,
    attributes_of,
    check_base,
    fixed,
    given_text,
    language_at,
    parsed_date,
    text_construct,
    text_of,
)

__all__ = ["ElementReader"]

_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
_HTML_TYPES = _FeedParserMixin.html_types


class ElementReader(ElementSkipper):
    """Reads the elements of a document, one after the other, into `feed` and `entries`."""

    def __init__(self, names: ElementNames, *, is_atom: bool) -> None:
        super().__init__(names, is_atom=is_atom)
        self.feed: dict[str, Any] = {}
        self.entries: list[dict[str, Any]] = []
        self.language: str | None = None
        self._values = self.feed
        self._is_entry = self._has_content = False

    def enter(self, element: Element) -> str | None:
        """Begin an element that contains others; returns the language inside."""
        for key in element.keys():  # noqa: SIM118 - an element yields its children
            if key.rpartition("}")[2].lower() in ("href", "lastmod"):
                raise Declined(f"attribute {key}")
        self.language = language_at(element, self.language)
        return self.language

    def read_feed(self, element: Element) -> None:
        """Read what a feed or a channel contains."""
        for child in element:
            name = self.name_of(child.tag)
            if name in ("item", "entry"):
                self.read_entry(child)
            else:
                _METHODS_OF_FEED.get(name, ElementReader.ignore)(self, child)

    def read_entry(self, element: Element) -> None:
        """Read an entry."""
        language = self.language
        self._values, self._is_entry = {}, True
        self.entries.append(self._values)
        if element.keys():
            self.enter(element)
            if id_ := element.get(f"{RDF}about"):
                self._values["id"] = id_
        for child in element:
            name = self.name_of(child.tag)
            _METHODS_OF_ENTRY.get(name, ElementReader.ignore)(self, child)
        self._values, self._is_entry, self._has_content = self.feed, False, False
        self.language = language

    def skip(self, element: Element) -> None:
        """Skip an element next to the channel in RSS 1.0."""
        name = self.name_of(element.tag)
        if name in ("image", "textinput"):
            _METHODS_OF_FEED[name](self, element)
        else:
            self.ignore(element)

    # ---- texts

    def _construct(self, element: Element, default: str) -> dict[str, Any]:
        return text_construct(element, default, self.language, is_atom=self._is_atom)

    def _title(self, element: Element) -> None:
        values = self._values
        if "title" in values:
            raise Declined("two titles")
        detail = values["title_detail"] = self._construct(element, "text/plain")
        values["title"] = detail["value"]

    def _description(self, element: Element) -> None:
        self._add_summary(element, "text/html", "" if not self._is_entry else "summary")

    def _summary(self, element: Element) -> None:
        self._add_summary(element, "text/plain", "summary")

    def _add_summary(self, element: Element, default: str, name: str) -> None:
        """Store the text as `name`, or as content if a summary is stored and no content yet."""
        values = self._values
        if "summary" in values and not self._has_content:
            self._content(element)
            return
        detail = self._construct(element, default)
        if name:
            values[name], values[f"{name}_detail"] = detail["value"], detail

    def _content(self, element: Element) -> None:
        self._add_content(element, "text/plain")

    def _encoded(self, element: Element) -> None:
        self._add_content(element, "text/html")

    def _add_content(self, element: Element, default: str) -> None:
        self._has_content = True
        detail = self._construct(element, default)
        self._values.setdefault("content", []).append(detail)
        self._values.setdefault("summary", detail["value"])

    def _text(self, element: Element) -> None:
        if element.keys():
            raise Declined(f"attributes of {self.name_of(element.tag)}")
        self._values[self.name_of(element.tag)] = text_of(element)

    def _set_language(self, element: Element) -> None:
        check_base(element)
        self._values["language"] = text_of(element)

    # ---- addresses

    def _link(self, element: Element) -> None:
        attributes, values = attributes_of(element), self._values
        attributes.setdefault("rel", "alternate")
        is_self = attributes["rel"] == "self"
        attributes.setdefault("type", "application/atom+xml" if is_self else "text/html")
        _FeedParserMixin._enforce_href(attributes)
        values.setdefault("links", []).append(attributes)
        if "href" in attributes:
            attributes["href"] = address(attributes["href"])
            is_html = _FeedParserMixin.map_content_type(attributes["type"]) in _HTML_TYPES
            if attributes["rel"] == "alternate" and is_html:
                values["link"] = attributes["href"]
            if len(element):
                self._media_group(element)
            return
        link = fixed(address(given_text(element)))
        if "&" in link:
            link = _REFERENCE.sub(r"&\1", link.replace("&amp;", "&") if self._is_entry else link)
        values["link"] = link
        if link or not self._is_entry:
            attributes["href"] = link

    def _id(self, element: Element) -> None:
        values = self._values
        is_link = attributes_of(element).get("ispermalink", "true") == "true"
        given = given_text(element)
        if values.setdefault("id", id_ := fixed(address(given) if is_link else given)) is not id_:
            raise Declined("two ids")
        if is_link:
            values.setdefault("link", id_)

    def _enclosure(self, element: Element) -> None:
        if len(element):
            raise Declined("elements inside of an enclosure")
        attributes = _FeedParserMixin._enforce_href(attributes_of(element))
        attributes["rel"] = "enclosure"
        self._values.setdefault("links", []).append(attributes)

    def _source(self, element: Element) -> None:
        if "source" in self._values:
            raise Declined("two sources")
        attributes, title = attributes_of(element), text_of(element)
        source = {"href": attributes["url"]} if "url" in attributes else {}
        self._values["source"] = source | ({"title": title} if title else {})

    # ---- people, tags, dates

    def _author(self, element: Element) -> None:
        check_base(element)
        values = self._values
        values.setdefault("authors", []).append({})
        if len(element):
            texts = [element.text, *(child.tail for child in element)]
            if any(text and text.strip() for text in texts):
                raise Declined("text between the parts of an author")
            for child in element:
                self._add_author_part(child)
        values["author"] = "" if len(element) else text_of(element)
        self._sync_author()

    def _add_author_part(self, element: Element) -> None:
        part = PERSON_PARTS.get(self.name_of(element.tag))
        if part is None:
            if (element.text or "").strip():
                raise Declined("unknown parts of an author")
            self.ignore(element)
            return
        check_base(element)
        value = given_text(element)
        value = fixed(address(value)) if part == "href" else value
        self._values.setdefault("author_detail", {})[part] = value  # perhaps that of an earlier one
        self._sync_author()
        self._values["authors"][-1][part] = value

    def _sync_author(self) -> None:
        values = self._values
        detail = values["authors"][-1]
        if not detail:
            if name := values.get("author"):
                detail["name"] = name
                values.setdefault("author_detail", detail)
            return
        name, email = detail.get("name"), detail.get("email")
        if name and email:
            values["author"] = f"{name} ({email})"
        elif name or email:
            values["author"] = name or email

    def _category(self, element: Element) -> None:
        attributes = attributes_of(element)
        scheme = attributes.get("scheme", attributes.get("domain"))
        if self.name_of(element.tag) == "media_category":
            scheme = attributes.get("scheme", "http://search.yahoo.com/mrss/category_schema")
        self._add_tag(attributes.get("term"), scheme, attributes.get("label"))
        if value := text_of(element):
            tags = self._values["tags"]
            if tags and not tags[-1]["term"]:
                tags[-1]["term"] = value
            else:
                self._add_tag(value)

    def _add_tag(
        self, term: str | None, scheme: str | None = None, label: str | None = None
    ) -> None:
        tags = self._values.setdefault("tags", [])
        if term or scheme or label:
            tag = {"term": term, "scheme": scheme, "label": label}
            if tag not in tags:
                tags.append(tag)

    def _keywords(self, element: Element) -> None:
        """Several tags, between commas."""
        if element.keys():
            raise Declined(f"attributes of {self.name_of(element.tag)}")
        is_itunes = self.name_of(element.tag) == "itunes_keywords"
        for term in text_of(element).split(","):
            if term.strip():
                self._add_tag(term.strip(), "http://www.itunes.com/" if is_itunes else None)

    def _date(self, element: Element) -> None:
        check_base(element)
        name = _DATES[self.name_of(element.tag)]
        text = self._values[name] = text_of(element)
        self._values[f"{name}_parsed"] = parsed_date(text)

    # ---- pictures

    def _media_group(self, element: Element) -> None:
        check_base(element)
        for child in element:
            name = self.name_of(child.tag)
            if not name.startswith("media_"):
                raise Declined(f"element {name} inside of media")
            _METHODS_OF_ENTRY.get(name, ElementReader.ignore)(self, child)

    def _media_content(self, element: Element) -> None:
        self._values.setdefault("media_content", []).append(attributes_of(element))
        if len(element):
            self._media_group(element)

    def _media_thumbnail(self, element: Element) -> None:
        attributes = attributes_of(element)
        if "url" not in attributes or len(element):
            raise Declined("a thumbnail without an address")
        self._values.setdefault("media_thumbnail", []).append(attributes)

    def _caption(self, element: Element) -> None:
        name = self.name_of(element.tag)
        detail = self._construct(element, "text/plain")
        if self._is_entry and name not in self._values:
            self._values[name], self._values[f"{name}_detail"] = detail["value"], detail

    def _itunes_image(self, element: Element) -> None:
        if len(element):
            raise Declined("elements inside of an image")
        attributes = attributes_of(element)
        if url := attributes.get("href") or attributes.get("url"):
            self._values["image"] = {"href": url}

    def _image(self, element: Element) -> None:
        check_base(element)
        if not (url := given_text(element)):
            raise Declined("an image without an address")
        self._values.setdefault("image", {"href": url})


_Method: TypeAlias = Callable[[ElementReader, Element], None]
_DATES = {
    **dict.fromkeys(("published", "pubdate", "issued", "dcterms_issued"), "published"),
    **dict.fromkeys(
        ("updated", "modified", "lastbuilddate", "dc_date", "dcterms_modified"), "updated"
    ),
    **dict.fromkeys(("created", "dcterms_created"), "created"),
}
"""Element -> the date that it is of an entry."""
_PASSED = (
    "rights copyright dc_rights subtitle tagline itunes_subtitle generator cloud dc_publisher"
    " webmaster itunes_block itunes_explicit dc_contributor expirationdate info"
    " feedburner_browserfriendly media_credit media_rating media_player media_license"
    " media_restriction georss_point dcterms_valid"
)


def _by_name(table: Mapping[_Method, str]) -> dict[str, _Method]:
    return {name: method for method, names in table.items() for name in names.split()}


_METHODS: dict[_Method, str] = {
    ElementReader._title: "title",
    ElementReader._link: "link",
    ElementReader._id: "id guid",
    ElementReader._author: "author managingeditor dc_creator dc_author itunes_author",
    ElementReader._description: "description dc_description",
    ElementReader._summary: "summary itunes_summary",
    ElementReader._set_language: "language dc_language",
    ElementReader._caption: "media_title media_description",
    ElementReader.pass_person: "contributor",
}
_METHODS_OF_FEED = _by_name(
    _METHODS
    | {
        ElementReader._text: "ttl sy_updateperiod sy_updatefrequency",
        ElementReader.pass_leaf: f"{_PASSED} {' '.join(_DATES)} itunes_image media_content"
        " media_thumbnail",
        ElementReader.pass_image: "image",
        ElementReader.pass_form: "textinput",
        ElementReader.pass_owner: "itunes_owner",
        ElementReader.pass_category: "category dc_subject keywords itunes_category itunes_keywords"
        " media_category media_keywords",
    }
)
_METHODS_OF_ENTRY = _by_name(
    _METHODS
    | {
        ElementReader._text: "itunes_title feedburner_origlink",
        ElementReader.pass_leaf: _PASSED,
        ElementReader._content: "content",
        ElementReader._encoded: "content_encoded fullitem",
        ElementReader._enclosure: "enclosure",
        ElementReader._source: "source",
        ElementReader._category: "category dc_subject media_category",
        ElementReader._keywords: "itunes_keywords media_keywords",
        ElementReader._date: " ".join(_DATES),
        ElementReader._media_group: "media_group",
        ElementReader._media_content: "media_content",
        ElementReader._media_thumbnail: "media_thumbnail",
        ElementReader._itunes_image: "itunes_image",
        ElementReader._image: "image",
    }
)
