"""Elements that the fast parser skips: nothing that we use depends on them."""

from collections.abc import Callable, Collection
from typing import Any

from aggregator.ingest.parse.fast_names import Declined, ElementNames, is_unread
from aggregator.ingest.parse.fast_values import TYPES, Element, check_base

__all__ = ["PERSON_PARTS", "ElementSkipper"]

PERSON_PARTS = {"name": "name", "email": "email", "url": "href", "uri": "href", "homepage": "href"}
"""Elements inside of a person -> feedparser's name."""
_IMAGE_PARTS = frozenset(("url", "title", "link", "description", "width", "height"))
_FORM_PARTS = frozenset(("title", "link", "description", "name"))


class ElementSkipper:
    """Passes over elements; declines those that may not be passed over."""

    def __init__(self, names: ElementNames, *, is_atom: bool) -> None:
        self.name_of: Callable[[Any], str] = names.of
        self._is_atom = is_atom

    def ignore(self, element: Element) -> None:
        """An element that feedparser only stores, with all that is in it."""
        name = self.name_of(element.tag)
        if not is_unread(name):
            raise Declined(f"element {name}")
        check_base(element)
        for child in element:
            self.ignore(child)

    def pass_leaf(self, element: Element) -> None:
        """Skip an element that feedparser handles but whose value we do not use."""
        check_base(element)
        if len(element):
            raise Declined(f"elements inside of {self.name_of(element.tag)}")
        if (given := element.get("type")) and given.lower() not in TYPES:
            raise Declined(f"type {given} of a text")

    def _pass_with(self, element: Element, parts: Collection[str]) -> None:
        check_base(element)
        for child in element:
            if self.name_of(child.tag) in parts:
                self.pass_leaf(child)
            else:
                self.ignore(child)

    def pass_person(self, element: Element) -> None:
        """Skip a person whose data we do not use."""
        self._pass_with(element, PERSON_PARTS)

    def pass_image(self, element: Element) -> None:
        """The logo of a channel."""
        self._pass_parts(element, _IMAGE_PARTS)

    def pass_form(self, element: Element) -> None:
        """The search form of a channel."""
        self._pass_parts(element, _FORM_PARTS)

    def pass_owner(self, element: Element) -> None:
        """itunes:owner, of which feedparser makes an author; that is read of Atom feeds only."""
        if self._is_atom:
            raise Declined("element itunes_owner")
        self._pass_parts(element, frozenset(("itunes_name", "itunes_email")))

    def pass_category(self, element: Element) -> None:
        """A category of a feed, and those inside of it."""
        check_base(element)
        for child in element:
            if self.name_of(child.tag) != "itunes_category":
                raise Declined("elements inside of a category")
            self.pass_category(child)

    def _pass_parts(self, element: Element, parts: frozenset[str]) -> None:
        check_base(element)
        for child in element:
            if self.name_of(child.tag) not in parts:
                raise Declined(f"element {self.name_of(child.tag)}")
            self.pass_leaf(child)
