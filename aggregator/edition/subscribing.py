"""The feeds of an edition by their public addresses, as those know them who subscribe to them."""

from collections.abc import Sequence

from aggregator.edition.asking import parameters
from aggregator.edition.documents import Document, Place
from aggregator.edition.edition import Edition
from aggregator.errors import WrongParameter
from aggregator.model import ALL
from aggregator.publish.addresses import ENDINGS

__all__ = ["Subscribable"]


class Subscribable:
    """What can be subscribed to; a topic is the address of a feed, whatever is asked of it."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._base = edition.config.site.url

    def scopes(self, topic: str) -> Sequence[str]:
        """The lists on which a topic depends; none if there is no such feed."""
        place = self._place(topic)
        return place.scopes if place else ()

    def content(self, topic: str) -> Document | None:
        """The feed as it is now, under whatever name its topic has; None if there is none any
        more."""
        place = self._place(topic)
        found = place.make() if place else None
        is_feed = found is not None and found.kind == "feed" and found.is_for_good
        return found if is_feed else None

    def addresses(self, scope: str) -> Sequence[str]:
        """The feeds of a list."""
        kind, _, name = scope.partition(":")
        path = "/all" if scope == ALL else f"/{kind}s/{name}"
        known = self._edition.lists.named(path)
        is_told = known is not None and not known.is_gone
        return [f"{self._base}{path}.{ending}" for ending in ENDINGS] if is_told else []

    def _place(self, topic: str) -> Place | None:
        if not topic.startswith(f"{self._base}/"):
            return None
        path, _, query = topic.removeprefix(self._base).partition("?")
        if path.rpartition(".")[2] not in ENDINGS:
            return None
        try:
            asked = self._edition.asked(path, parameters(query))
            return self._edition.find(path, asked)
        except WrongParameter:
            return None
