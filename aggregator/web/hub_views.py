"""The endpoint of our own hub: where others subscribe to our feeds (WebSub 5).

A request is only queued in the store; the scheduler verifies it a moment later.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from time import monotonic

from flask import Blueprint, Response, request

from aggregator.errors import BadRequest
from aggregator.model import SubscriptionRequest, is_custom_feed
from aggregator.site.turns import CURRENT_CLIENT
from aggregator.store.base import Store
from aggregator.web.http import text_response
from aggregator.websub.protocol import parse_request
from aggregator.websub.topic_urls import FeedTopics

__all__ = ["hub_blueprint"]

MAX_FORM_BYTES = 10_000
MAX_PENDING_REQUESTS = 1000
"""Requests that are waiting to be verified."""
MAX_SUBSCRIBERS = 10_000
MAX_CUSTOM_FEEDS = 200
"""Searches, joined topics and other feeds that are rendered only for their subscribers."""
MAX_SUBSCRIPTIONS_PER_HOST = 200
"""Of the callbacks' host."""
MAX_SUBSCRIPTIONS_PER_CLIENT = 500
"""Of whoever sends the requests."""
MAX_PENDING_PER_CLIENT = 100
MAX_REQUESTS_PER_MINUTE = 600
"""Of one client; each costs a few queries and may cost a write."""
HUB_FULL_RETRY_SECONDS = 3600


def hub_blueprint(store: Store, topics: FeedTopics, site_title: str) -> Blueprint:
    """The hub endpoint, which every feed announces."""
    blueprint, rate = Blueprint("hub", __name__), _RequestRate()

    @blueprint.get("/hub")
    def explain() -> Response:
        """Explain the endpoint to a person who opens it."""
        return text_response(
            f"This is the WebSub hub of {site_title}. Send it a form as in W3C WebSub 5.1.\n"
        )

    @blueprint.post("/hub")
    def subscribe() -> Response:
        """Queue a request to subscribe or unsubscribe."""
        request.max_content_length = MAX_FORM_BYTES
        client = CURRENT_CLIENT.get() or request.remote_addr or ""
        if not rate.admits(client, monotonic()):
            return _too_many("You have sent too many requests; try again in a minute.", 60)
        subscription = parse_request(request.form, datetime.now(UTC), client)
        is_subscribed = store.hub.is_subscribed(subscription.callback, subscription.topic)
        if subscription.mode == "unsubscribe":
            if is_subscribed:
                store.hub.add_request(subscription)
            return text_response("We will verify your callback, if it is subscribed.\n", 202)
        feed_url = topics.canonical(subscription.topic)
        if not feed_url or not topics.scopes(subscription.topic):
            raise BadRequest("hub.topic must be the URL of one of our feeds.")
        subscription = replace(subscription, feed_url=feed_url)
        if is_subscribed or not (reason := _limit_reached(subscription, store)):
            store.hub.add_request(subscription)
            return text_response("We will verify your callback.\n", 202)
        return _too_many(reason, HUB_FULL_RETRY_SECONDS)

    return blueprint


def _too_many(sentence: str, retry_seconds: int) -> Response:
    response = text_response(f"{sentence}\n", 429)
    response.headers["Retry-After"] = str(retry_seconds)
    return response


def _limit_reached(subscription: SubscriptionRequest, store: Store) -> str:
    """A sentence that names the limit that another subscription would exceed; empty if none.
    Pending requests count like subscriptions, since they may become some."""
    pending, subscribers = store.hub.count_requests()
    own_pending, own_subscriptions = store.hub.count_from_client(subscription.client)
    if store.hub.count_from_host(subscription.host) >= MAX_SUBSCRIPTIONS_PER_HOST:
        return (
            f"Callbacks on one domain may have at most {MAX_SUBSCRIPTIONS_PER_HOST} subscriptions."
        )
    if own_pending >= MAX_PENDING_PER_CLIENT:
        return f"At most {MAX_PENDING_PER_CLIENT} of your requests can be pending; try again later."
    if own_pending + own_subscriptions >= MAX_SUBSCRIPTIONS_PER_CLIENT:
        return f"You may have at most {MAX_SUBSCRIPTIONS_PER_CLIENT} subscriptions."
    if pending >= MAX_PENDING_REQUESTS:
        return "Too many requests are pending; try again later."
    if pending + subscribers >= MAX_SUBSCRIBERS:
        return "This hub has no room for more subscriptions."
    custom = store.hub.custom_feeds()
    if (
        is_custom_feed(subscription.feed_url)
        and subscription.feed_url not in custom
        and len(custom) >= MAX_CUSTOM_FEEDS
    ):
        return (
            f"This hub serves at most {MAX_CUSTOM_FEEDS} different feeds with parameters or joined "
            "topics."
        )
    return ""


class _RequestRate:
    """Counts the requests of each client in a minute."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._minute = 0
        self._counts: Counter[str] = Counter()

    def admits(self, client: str, seconds: float) -> bool:
        """Count a request; False if the client has sent too many in this minute."""
        minute = int(seconds // 60)
        with self._mutex:
            if minute != self._minute:
                self._minute = minute
                self._counts.clear()
            self._counts[client] += 1
            return self._counts[client] <= MAX_REQUESTS_PER_MINUTE
