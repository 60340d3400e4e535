"""The endpoints that hubs call to verify our requests and to deliver (WebSub 5.3, 7).

A delivery is only queued in the store; the scheduler ingests it a moment later.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from aggregator.model import Subscription
from aggregator.store.base import Store
from aggregator.web.http import text_response
from aggregator.websub.subscriber import REQUESTED_LEASE, is_signature_valid

__all__ = ["subscriber_blueprint"]

MIN_LEASE_SECONDS = 60
MAX_LEASE_SECONDS = 90 * 24 * 60 * 60
MAX_QUEUED_DELIVERIES = 100
"""Queued deliveries of one source; a hub retries later if there are more."""
MAX_QUEUED_BODIES = 2
"""Queued bytes of one source, as a multiple of the largest body."""
MAX_REASON_CHARS = 200
QUEUE_FULL_RETRY_SECONDS = 60


def subscriber_blueprint(store: Store, sources: Collection[str], max_bytes: int) -> Blueprint:
    """The callbacks of our subscriptions. `sources` are the ids of the enabled sources; a delivery
    has at most `max_bytes`."""
    blueprint = Blueprint("push", __name__)
    subscriptions = store.subscriptions

    @blueprint.get("/websub/<token>")
    def verify(token: str) -> Response:
        """Confirm to a hub that we sent a request (5.3): it gets its challenge back, else 404."""
        subscription = subscriptions.by_token(token)
        mode, topic = request.args.get("hub.mode"), request.args.get("hub.topic")
        if subscription is None or topic != subscription.topic:
            return text_response("There is no such subscription.", 404)
        if mode == "denied":
            reason = request.args.get("hub.reason", "")[:MAX_REASON_CHARS]
            reason = reason or "no reason given"
            subscriptions.deny(token, f"The hub has refused the subscription: {reason}")
            return text_response("")
        is_enabled = subscription.source in sources
        if (mode == "subscribe" and not is_enabled) or (mode == "unsubscribe" and is_enabled):
            return text_response("We have not requested that.", 404)
        if mode == "subscribe":
            subscriptions.confirm(token, datetime.now(UTC) + _granted_lease())
        elif mode == "unsubscribe":
            subscriptions.remove(subscription.source)
        else:
            return text_response("This hub.mode is unknown.", 404)
        return text_response(request.args.get("hub.challenge", ""))

    @blueprint.post("/websub/<token>")
    def deliver(token: str) -> Response:
        """Queue a delivery; one that is not signed with our secret is ignored (7.1)."""
        subscription = subscriptions.by_token(token)
        if subscription is None or subscription.source not in sources:
            return text_response("This subscription has ended.", 410)
        request.max_content_length = max_bytes
        try:
            body = request.get_data(cache=False)
        except RequestEntityTooLarge:
            return text_response("The delivery is larger than a feed may be.", 413)
        if not _is_signed_delivery(subscription, body):
            return text_response(
                "", 202
            )  # as the Recommendation asks, so that a forger learns nothing
        count, size = subscriptions.queue_size(subscription.source)
        if count >= MAX_QUEUED_DELIVERIES or size + len(body) > MAX_QUEUED_BODIES * max_bytes:
            response = text_response("Too many deliveries are queued.", 503)
            response.headers["Retry-After"] = str(QUEUE_FULL_RETRY_SECONDS)
            return response
        content_type = request.content_type or ""
        subscriptions.enqueue_delivery(subscription.source, content_type, body, datetime.now(UTC))
        return text_response("", 202)

    return blueprint


def _is_signed_delivery(subscription: Subscription, body: bytes) -> bool:
    return is_signature_valid(subscription, request.headers.get("X-Hub-Signature", ""), body)


def _granted_lease() -> timedelta:
    """The lease that the hub grants, within limits; the requested one if it gives no number."""
    text = request.args.get("hub.lease_seconds", "")
    if not (text.isascii() and text.isdigit()):
        return REQUESTED_LEASE
    return timedelta(seconds=max(MIN_LEASE_SECONDS, min(int(text[:9]), MAX_LEASE_SECONDS)))
