"""The published site from a Config: as a web server's application, or one feed of it."""

from collections.abc import Callable
from ipaddress import ip_network

from aggregator.config import Config
from aggregator.errors import StoreError, UnknownName
from aggregator.render.formats import FORMATS, PRIMARY_FORMAT
from aggregator.site import PublicSite
from aggregator.store.base import Store
from aggregator.web import WsgiApp, create_app
from aggregator.web.desk.page import MAX_DESK_FORM_BYTES
from aggregator.web.front import Front
from aggregator.web.hub_views import MAX_FORM_BYTES
from aggregator.websub.topic_urls import FeedTopics

__all__ = ["create_front", "create_wsgi_app", "render_topic"]


def create_wsgi_app(
    config: Config, store: Store, reload: Callable[[], None] = lambda: None
) -> WsgiApp:
    """The public site and the desk as a WSGI application, for a server that reads bodies itself."""
    site = PublicSite(config, store)
    return create_app(config, store, site, FeedTopics(site), reload)


def create_front(
    config: Config, store: Store, reload: Callable[[], None] = lambda: None, **limits: float
) -> Front:
    """The public site and the desk as an ASGI application, with limits for its clients; `reload`
    puts a saved feeds.toml in force."""

    def max_body(path: str) -> int:
        """The largest body at a path: a feed for a subscription of ours, else a form."""
        if "/desk/" in path:
            return MAX_DESK_FORM_BYTES
        try:
            is_delivery = store.subscriptions.by_token(path.rpartition("/")[2]) is not None
        except StoreError:
            return MAX_FORM_BYTES  # the application handles and logs it
        return config.fetch.max_bytes if is_delivery else MAX_FORM_BYTES

    trusted = [ip_network(network) for network in config.publish.trusted_proxies]
    return Front(create_wsgi_app(config, store, reload).cache_first, max_body, trusted, **limits)


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
