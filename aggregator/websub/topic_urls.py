"""The feeds that can be subscribed to, by their public URLs."""

from collections.abc import Sequence

from aggregator.errors import BadRequest
from aggregator.model import ListScope
from aggregator.render.formats import FORMATS, is_feed_path
from aggregator.site import Document, PublicSite, Resource, parse_query_string

__all__ = ["FeedTopics"]


class FeedTopics:
    """The topics of our hub; a topic is the URL of a feed, with or without parameters."""

    def __init__(self, site: PublicSite) -> None:
        self._site = site
        self._base = site.config.site.url

    def scopes(self, topic: str) -> Sequence[ListScope]:
        """The lists that a topic depends on; none if it is not one of our feeds."""
        resource = self._find(topic)
        return resource.scopes if resource else ()

    def canonical(self, topic: str) -> str:
        """The one URL of a feed that may be written in several ways; "" if it is not one of our
        feeds."""
        resource = self._find(topic)
        return f"{self._base}{resource.path}" if resource else ""

    def content(self, topic: str) -> Document | None:
        """The feed as it is now, also under a former id; None if it no longer exists."""
        resource = self._find(topic)
        document = resource.build() if resource else None
        is_feed = document is not None and document.kind == "feed" and document.is_permanent
        return document if is_feed else None

    def feed_urls(self, scope: ListScope) -> Sequence[str]:
        """The URLs of the feeds of a list."""
        path = self._site.catalog.list_path(scope)
        spec = self._site.catalog.find(path)
        if spec is None or spec.is_gone:
            return []
        return [f"{self._base}{path}.{extension}" for extension in FORMATS]

    def _find(self, topic: str) -> Resource | None:
        if not topic.startswith(f"{self._base}/"):
            return None
        path, _, query = topic.removeprefix(self._base).partition("?")
        if not is_feed_path(path):
            return None
        try:
            params = self._site.parse_params(path, parse_query_string(query))
            is_part = params.before or params.since  # which never gets a new story
            return None if is_part else self._site.find(path, params)
        except BadRequest:
            return None
