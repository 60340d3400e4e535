"""Our own hub: where others ask to be told of changes in our feeds (WebSub 5).

A request is only put down in the store; the ingest loop verifies it a moment later.
"""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from aggregator.config import Config
from aggregator.edition.subscribing import Subscribable
from aggregator.errors import WrongParameter
from aggregator.hub.rules import origin_of, read
from aggregator.model import Intent
from aggregator.store import Store

__all__ = ["own_hub"]

LONGEST_FORM = 10_000
"""Bytes."""
MOST_INTENTS = 1000
"""That wait to be verified."""
MOST_FEEDS = 2000
"""Different feeds that have a subscriber."""
MOST_FROM_ONE = 200
"""Subscriptions from one origin."""


def own_hub(config: Config, store: Store, feeds: Subscribable) -> Blueprint:
    """The address that every feed announces."""
    hub = Blueprint("hub", __name__)

    @hub.get("/hub")
    def explain() -> Response:
        """For people who come along."""
        title = config.site.title
        return _say(f"This is the WebSub hub of {title}. Send it a form as W3C WebSub 5.1 has it.")

    @hub.post("/hub")
    def ask() -> Response:
        """Somebody wants to be told, or not any more."""
        request.max_content_length = LONGEST_FORM
        intent = read(request.form, datetime.now(UTC))
        if not feeds.scopes(intent.topic) and intent.mode == "subscribe":
            raise WrongParameter("hub.topic must be the address of one of our feeds.")
        if store.intended() >= MOST_INTENTS:
            answer = _say("Too many are waiting; come again in a minute.", 503)
            answer.headers["Retry-After"] = "60"
            return answer
        if _is_too_much(intent, store):
            return _say(f"{MOST_FROM_ONE} subscriptions from one host are enough.", 429)
        if _is_one_feed_more(intent, store):
            return _say(f"Subscribers have chosen {MOST_FEEDS} different feeds already.", 429)
        store.intend(intent)
        return _say("We shall ask back at your callback.", 202)

    return hub


def _is_one_feed_more(intent: Intent, store: Store) -> bool:
    """True if one more feed would have to be made after every change."""
    chosen = store.topics_subscribed()
    is_new = intent.mode == "subscribe" and intent.topic not in chosen
    return is_new and len(chosen) >= MOST_FEEDS


def _is_too_much(intent: Intent, store: Store) -> bool:
    """True for one more subscription of a host that has enough; whoever has one may renew it."""
    if intent.mode == "unsubscribe":
        return False
    count = store.subscribed_from(origin_of(intent.callback))
    return count >= MOST_FROM_ONE and all(
        subscriber.callback != intent.callback for subscriber in store.subscribers(intent.topic)
    )


def _say(text: str, status: int = 200) -> Response:
    answer = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer
