"""The published site from a Config: as a WSGI application, or one feed of it."""

from aggregator.config import Config
from aggregator.errors import UnknownName
from aggregator.render.formats import FORMATS, PRIMARY_FORMAT
from aggregator.site import PublicSite
from aggregator.store.base import Store
from aggregator.web import WsgiApp, create_app
from aggregator.websub.topic_urls import FeedTopics

__all__ = ["create_wsgi_app", "render_topic"]


def create_wsgi_app(config: Config, store: Store) -> WsgiApp:
    """The public site as a WSGI application."""
    site = PublicSite(config, store)
    return create_app(config, store, site, FeedTopics(site))


def render_topic(
    config: Config, store: Store, topic: str, extension: str = PRIMARY_FORMAT.extension
) -> bytes:
    """The feed of a topic, as it is published, in a format of render/formats.py.

    Raises UnknownName, StoreError, and ValueError for an unknown format.
    """
    known = [each.id for each in config.topics]
    if topic not in known:
        raise UnknownName("topic", topic, known)
    if extension not in FORMATS:
        raise ValueError(f"There is no format {extension!r}; known: {', '.join(FORMATS)}.")
    resource = PublicSite(config, store).find(f"/topics/{topic}.{extension}")
    document = resource.build() if resource else None
    assert document is not None, "a topic of feeds.toml always has a feed"
    return document.body
