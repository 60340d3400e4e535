"""Where hubs call: they verify what we asked them for, and deliver (WebSub 5.3, 7).

A delivery is only put down in the store; the ingest loop takes it in a moment later.
"""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from aggregator.config import Config
from aggregator.ingest.push import LEASE, is_signed
from aggregator.model import Subscription
from aggregator.store import Store

__all__ = ["callbacks"]

SHORTEST_LEASE, LONGEST_LEASE = 60, 90 * 24 * 60 * 60
"""Seconds."""
FULL, FULL_BYTES = 100, 2
"""Deliveries of one source that may wait, and how many of the largest; a hub that has more
comes again later."""


def callbacks(config: Config, store: Store) -> Blueprint:
    """The callback of every subscription."""
    callbacks = Blueprint("push", __name__)
    listed = {source.id for source in config.sources}

    @callbacks.get("/websub/<token>")
    def verify(token: str) -> Response:
        """The hub asks whether it was us who asked (5.3); it hears its challenge again."""
        subscription = store.subscription(token)
        mode, topic = request.args.get("hub.mode"), request.args.get("hub.topic")
        if subscription is None or topic != subscription.topic:
            return _say("No such subscription.", 404)
        if mode == "denied":
            reason = request.args.get("hub.reason", "")[:200]
            store.deny(token, f"The hub has refused: {reason or 'it gives no reason'}")
            return _say("", 200)
        is_wanted = subscription.source in listed
        if (mode == "subscribe" and not is_wanted) or (mode == "unsubscribe" and is_wanted):
            return _say("We have not asked for that.", 404)
        if mode == "subscribe":
            store.confirm(token, datetime.now(UTC) + _lease())
        elif mode == "unsubscribe":
            store.unsubscribe(subscription.source)
        else:
            return _say("This mode is unknown.", 404)
        return _say(request.args.get("hub.challenge", ""), 200)

    @callbacks.post("/websub/<token>")
    def receive(token: str) -> Response:
        """News from the hub; one that is not signed with our secret is let drop (7.1)."""
        subscription = store.subscription(token)
        if subscription is None or subscription.source not in listed:
            return _say("This subscription has ended.", 410)
        request.max_content_length = config.fetch.max_bytes
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return _say("That is larger than a feed may be.", 413)
        if not _is_genuine(subscription, body):
            return _say("", 202)  # as the Recommendation has it; a forger learns nothing
        count, size = store.waiting(subscription.source)
        if count >= FULL or size + len(body) > FULL_BYTES * config.fetch.max_bytes:
            answer = _say("Too much is waiting already.", 503)
            answer.headers["Retry-After"] = "60"
            return answer
        store.receive(subscription.source, request.content_type or "", body, datetime.now(UTC))
        return _say("", 202)

    return callbacks


def _is_genuine(subscription: Subscription, body: bytes) -> bool:
    return is_signed(subscription, request.headers.get("X-Hub-Signature", ""), body)


def _lease() -> timedelta:
    """What the hub says, within reason; what we asked for if it says nothing sensible."""
    given = request.args.get("hub.lease_seconds", "")
    if not (given.isascii() and given.isdigit()):
        return LEASE
    return timedelta(seconds=max(SHORTEST_LEASE, min(int(given[:9]), LONGEST_LEASE)))


def _say(text: str, status: int) -> Response:
    answer = Response(text, status, content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"  # a challenge may hold anything
    answer.headers["Cache-Control"] = "no-store"
    return answer
