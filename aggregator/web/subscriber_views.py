"""Where hubs call: they verify what we asked them for, and deliver (WebSub 5.3, 7).

A delivery is only put down in the store; the ingest loop takes it in a moment later.
"""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from aggregator.config import Config
from aggregator.model import Subscription
from aggregator.store import Store
from aggregator.websub.subscriber import REQUESTED_LEASE, is_signature_valid

__all__ = ["subscriber_blueprint"]

MIN_LEASE_SECONDS, MAX_LEASE_SECONDS = 60, 90 * 24 * 60 * 60
"""Seconds."""
MAX_QUEUED_DELIVERIES, MAX_QUEUED_BODIES = 100, 2
"""Deliveries of one source that may wait, and how many of the largest; a hub that has more
comes again later."""


def subscriber_blueprint(config: Config, store: Store) -> Blueprint:
    """The callback of every subscription."""
    callbacks = Blueprint("push", __name__)
    listed = {source.id for source in config.sources}

    @callbacks.get("/websub/<token>")
    def verify(token: str) -> Response:
        """The hub asks whether it was us who asked (5.3); it hears its challenge again."""
        subscription = store.subscription(token)
        mode, topic = request.args.get("hub.mode"), request.args.get("hub.topic")
        if subscription is None or topic != subscription.topic:
            return _text_response("No such subscription.", 404)
        if mode == "denied":
            reason = request.args.get("hub.reason", "")[:200]
            store.deny(token, f"The hub has refused: {reason or 'it gives no reason'}")
            return _text_response("", 200)
        is_wanted = subscription.source in listed
        if (mode == "subscribe" and not is_wanted) or (mode == "unsubscribe" and is_wanted):
            return _text_response("We have not asked for that.", 404)
        if mode == "subscribe":
            store.confirm(token, datetime.now(UTC) + _lease())
        elif mode == "unsubscribe":
            store.unsubscribe(subscription.source)
        else:
            return _text_response("This mode is unknown.", 404)
        return _text_response(request.args.get("hub.challenge", ""), 200)

    @callbacks.post("/websub/<token>")
    def receive(token: str) -> Response:
        """News from the hub; one that is not signed with our secret is let drop (7.1)."""
        subscription = store.subscription(token)
        if subscription is None or subscription.source not in listed:
            return _text_response("This subscription has ended.", 410)
        request.max_content_length = config.fetch.max_bytes
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return _text_response("That is larger than a feed may be.", 413)
        if not _is_signed_delivery(subscription, body):
            return _text_response("", 202)  # as the Recommendation has it; a forger learns nothing
        count, size = store.waiting(subscription.source)
        if (
            count >= MAX_QUEUED_DELIVERIES
            or size + len(body) > MAX_QUEUED_BODIES * config.fetch.max_bytes
        ):
            answer = _text_response("Too much is waiting already.", 503)
            answer.headers["Retry-After"] = "60"
            return answer
        store.receive(subscription.source, request.content_type or "", body, datetime.now(UTC))
        return _text_response("", 202)

    return callbacks


def _is_signed_delivery(subscription: Subscription, body: bytes) -> bool:
    return is_signature_valid(subscription, request.headers.get("X-Hub-Signature", ""), body)


def _lease() -> timedelta:
    """What the hub says, within reason; what we asked for if it says nothing sensible."""
    given = request.args.get("hub.lease_seconds", "")
    if not (given.isascii() and given.isdigit()):
        return REQUESTED_LEASE
    return timedelta(seconds=max(MIN_LEASE_SECONDS, min(int(given[:9]), MAX_LEASE_SECONDS)))


def _text_response(text: str, status: int) -> Response:
    answer = Response(text, status, content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"  # a challenge may hold anything
    answer.headers["Cache-Control"] = "no-store"
    return answer
