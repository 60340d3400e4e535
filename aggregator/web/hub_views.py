"""The endpoint of our own hub: where others subscribe to our feeds (WebSub 5).

A request is only queued in the store; the scheduler verifies it a moment later.
"""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from aggregator.errors import BadRequest
from aggregator.model import SubscriptionRequest
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
HUB_FULL_RETRY_SECONDS = 3600


def hub_blueprint(store: Store, topics: FeedTopics, site_title: str) -> Blueprint:
    """The hub endpoint, which every feed announces."""
    blueprint = Blueprint("hub", __name__)

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
        subscription = parse_request(request.form, datetime.now(UTC))
        is_subscribed = store.hub.is_subscribed(subscription.callback, subscription.topic)
        if subscription.mode == "unsubscribe":
            if is_subscribed:
                store.hub.add_request(subscription)
            return text_response("We will verify your callback, if it is subscribed.\n", 202)
        if not topics.scopes(subscription.topic):
            raise BadRequest("hub.topic must be the URL of one of our feeds.")
        if is_subscribed or not (reason := _limit_reached(subscription, store)):
            store.hub.add_request(subscription)
            return text_response("We will verify your callback.\n", 202)
        response = text_response(f"{reason}\n", 429)
        response.headers["Retry-After"] = str(HUB_FULL_RETRY_SECONDS)
        return response

    return blueprint


def _limit_reached(subscription: SubscriptionRequest, store: Store) -> str:
    """A sentence that names the limit that another subscription would exceed; empty if none."""
    pending, subscribers = store.hub.count_requests()
    if pending >= MAX_PENDING_REQUESTS:
        return "Too many requests are pending; try again later."
    if subscribers >= MAX_SUBSCRIBERS:
        return "There are too many subscribers already."
    if store.hub.count_from_host(subscription.host) >= MAX_SUBSCRIPTIONS_PER_HOST:
        return f"One host may have at most {MAX_SUBSCRIPTIONS_PER_HOST} subscriptions."
    custom = [topic for topic in store.hub.subscribed_topics() if _is_custom_feed(topic)]
    is_new = _is_custom_feed(subscription.topic) and subscription.topic not in custom
    if is_new and len(custom) >= MAX_CUSTOM_FEEDS:
        return f"Subscribers have {MAX_CUSTOM_FEEDS} searches and joined feeds already."
    return ""


def _is_custom_feed(topic: str) -> bool:
    """True for a feed that is rendered only for its subscribers."""
    return "?" in topic or "+" in topic
