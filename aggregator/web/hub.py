"""Our own hub: where others ask to be told of changes in our feeds (WebSub 5).

A request is only put down in the store; the ingest loop verifies it a moment later.
"""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from aggregator.config import Config
from aggregator.edition.subscribing import Subscribable
from aggregator.errors import WrongParameter
from aggregator.hub.rules import read
from aggregator.model import Intent
from aggregator.store import Store

__all__ = ["own_hub"]

LONGEST_FORM = 10_000
"""Bytes."""
MOST_INTENTS = 1000
"""That wait to be verified."""
MOST_SUBSCRIBERS = 10_000
MOST_ASKED = 200
"""Searches, joined topics and others that stand nowhere by themselves."""
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
        if intent.mode == "unsubscribe":
            if store.is_subscribed(intent.callback, intent.topic):
                store.intend(intent)
            return _say("We shall ask back at your callback, if it has subscribed.", 202)
        if not feeds.scopes(intent.topic):
            raise WrongParameter("hub.topic must be the address of one of our feeds.")
        if store.is_subscribed(intent.callback, intent.topic) or not (why := _full(intent, store)):
            store.intend(intent)
            return _say("We shall ask back at your callback.", 202)
        answer = _say(why, 429)
        answer.headers["Retry-After"] = "3600"
        return answer

    return hub


def _full(intent: Intent, store: Store) -> str:
    """Why there is no room for one more subscription; empty if there is."""
    waiting, subscribed = store.intended()
    if waiting >= MOST_INTENTS:
        return "Too many are waiting; come again later."
    if subscribed >= MOST_SUBSCRIBERS:
        return "There are too many subscribers already."
    if store.subscribed_from(intent.host) >= MOST_FROM_ONE:
        return f"{MOST_FROM_ONE} subscriptions from one host are enough."
    chosen = [topic for topic in store.topics_subscribed() if _is_asked(topic)]
    is_new = _is_asked(intent.topic) and intent.topic not in chosen
    if is_new and len(chosen) >= MOST_ASKED:
        return f"Subscribers ask for {MOST_ASKED} feeds of their own already."
    return ""


def _is_asked(topic: str) -> bool:
    """True for a feed that is made for those who ask for it, after every change."""
    return "?" in topic or "+" in topic


def _say(text: str, status: int = 200) -> Response:
    answer = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer
