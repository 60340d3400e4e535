"""Our own hub: where others ask to be told of changes in our feeds (WebSub 5).

A request is only put down in the store; the ingest loop verifies it a moment later.
"""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from aggregator.config import Config
from aggregator.errors import BadRequest
from aggregator.model import SubscriptionRequest
from aggregator.store import Store
from aggregator.websub.protocol import parse_request
from aggregator.websub.topics import FeedTopics

__all__ = ["hub_blueprint"]

MAX_FORM_BYTES = 10_000
"""Bytes."""
MAX_PENDING_REQUESTS = 1000
"""That wait to be verified."""
MAX_SUBSCRIBERS = 10_000
MAX_CUSTOM_FEEDS = 200
"""Searches, joined topics and others that stand nowhere by themselves."""
MAX_SUBSCRIPTIONS_PER_HOST = 200
"""Subscriptions from one origin."""


def hub_blueprint(config: Config, store: Store, feeds: FeedTopics) -> Blueprint:
    """The address that every feed announces."""
    hub = Blueprint("hub", __name__)

    @hub.get("/hub")
    def explain() -> Response:
        """For people who come along."""
        title = config.site.title
        return _text_response(
            f"This is the WebSub hub of {title}. Send it a form as W3C WebSub 5.1 has it."
        )

    @hub.post("/hub")
    def ask() -> Response:
        """Somebody wants to be told, or not any more."""
        request.max_content_length = MAX_FORM_BYTES
        intent = parse_request(request.form, datetime.now(UTC))
        if intent.mode == "unsubscribe":
            if store.is_subscribed(intent.callback, intent.topic):
                store.intend(intent)
            return _text_response("We shall ask back at your callback, if it has subscribed.", 202)
        if not feeds.scopes(intent.topic):
            raise BadRequest("hub.topic must be the address of one of our feeds.")
        if store.is_subscribed(intent.callback, intent.topic) or not (
            why := _limit_reached(intent, store)
        ):
            store.intend(intent)
            return _text_response("We shall ask back at your callback.", 202)
        answer = _text_response(why, 429)
        answer.headers["Retry-After"] = "3600"
        return answer

    return hub


def _limit_reached(intent: SubscriptionRequest, store: Store) -> str:
    """Why there is no room for one more subscription; empty if there is."""
    waiting, subscribed = store.intended()
    if waiting >= MAX_PENDING_REQUESTS:
        return "Too many are waiting; come again later."
    if subscribed >= MAX_SUBSCRIBERS:
        return "There are too many subscribers already."
    if store.subscribed_from(intent.host) >= MAX_SUBSCRIPTIONS_PER_HOST:
        return f"{MAX_SUBSCRIPTIONS_PER_HOST} subscriptions from one host are enough."
    chosen = [topic for topic in store.topics_subscribed() if _is_custom_feed(topic)]
    is_new = _is_custom_feed(intent.topic) and intent.topic not in chosen
    if is_new and len(chosen) >= MAX_CUSTOM_FEEDS:
        return f"Subscribers ask for {MAX_CUSTOM_FEEDS} feeds of their own already."
    return ""


def _is_custom_feed(topic: str) -> bool:
    """True for a feed that is made for those who ask for it, after every change."""
    return "?" in topic or "+" in topic


def _text_response(text: str, status: int = 200) -> Response:
    answer = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer
