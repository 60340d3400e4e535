"""The feeds of an edition by their public addresses, as those know them who subscribe to them."""

from collections.abc import Sequence

from aggregator.errors import BadRequest
from aggregator.model import ALL
from aggregator.render.public_urls import FEED_MEDIA_TYPES
from aggregator.site.document import Document, Resource
from aggregator.site.params import parse_query_string
from aggregator.site.routes import PublicSite

__all__ = ["FeedTopics"]


class FeedTopics:
    """What can be subscribed to; a topic is the address of a feed, whatever is asked of it."""

    def __init__(self, edition: PublicSite) -> None:
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
        found = place.build() if place else None
        is_feed = found is not None and found.kind == "feed" and found.is_permanent
        return found if is_feed else None

    def feed_urls(self, scope: str) -> Sequence[str]:
        """The feeds of a list."""
        kind, _, name = scope.partition(":")
        path = "/all" if scope == ALL else f"/{kind}s/{name}"
        known = self._edition.lists.find(path)
        is_told = known is not None and not known.is_gone
        return [f"{self._base}{path}.{ending}" for ending in FEED_MEDIA_TYPES] if is_told else []

    def _place(self, topic: str) -> Resource | None:
        if not topic.startswith(f"{self._base}/"):
            return None
        path, _, query = topic.removeprefix(self._base).partition("?")
        if path.rpartition(".")[2] not in FEED_MEDIA_TYPES:
            return None
        try:
            asked = self._edition.parse_params(path, parse_query_string(query))
            return self._edition.find(path, asked)
        except BadRequest:
            return None
