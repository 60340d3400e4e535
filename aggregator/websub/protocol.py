"""Decisions of our hub: who may subscribe, for how long, what is sent, when to give up."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from aggregator.errors import BadRequest
from aggregator.model import Failed, HubPing, Subscriber, SubscriptionRequest
from aggregator.text.urls import registrable_domain
from aggregator.websub.subscriber import sign

__all__ = [
    "GIVE_UP_AFTER",
    "callback_host",
    "delivery_headers",
    "denial_url",
    "parse_request",
    "retry_delivery",
    "retry_ping",
    "verification_url",
]  # fmt: skip

DEFAULT_LEASE_SECONDS = 10 * 24 * 3600
"""The lease of a subscriber that requests none."""
MIN_LEASE_SECONDS, MAX_LEASE_SECONDS = 5 * 60, 30 * 24 * 3600
"""Limits of the lease that a subscriber may request."""
MAX_SECRET_BYTES = 199
"""Longest secret (5.1: less than 200 bytes)."""
MAX_URL_CHARS = 2000
_NOT_IN_URL = re.compile(r"""[^!#-;=?-\[\]_a-z~]""")
FIRST_RETRY_DELAY, MAX_RETRY_DELAY = timedelta(seconds=30), timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=3)
"""A subscriber is dropped after deliveries to it have failed for this long."""
MAX_PING_ATTEMPTS = 12
"""Attempts of a ping before it is dropped; they take about as long as GIVE_UP_AFTER."""


def parse_request(form: Mapping[str, str], now: datetime, client: str = "") -> SubscriptionRequest:
    """The subscription request in a form (5.1) of a client. Raises BadRequest."""
    mode = form.get("hub.mode", "")
    if mode not in ("subscribe", "unsubscribe"):
        raise BadRequest('hub.mode must be "subscribe" or "unsubscribe".')
    topic, secret = form.get("hub.topic", ""), form.get("hub.secret", "")
    if not topic:
        raise BadRequest("hub.topic is missing; it must be the URL of one of our feeds.")
    if not _is_plain_url(topic):
        raise BadRequest(
            "hub.topic must be the URL of one of our feeds, exactly as the feed gives it."
        )
    if len(secret.encode()) > MAX_SECRET_BYTES:
        raise BadRequest(f"hub.secret must have at most {MAX_SECRET_BYTES} bytes.")
    callback = _callback_url(form.get("hub.callback", ""))
    return SubscriptionRequest(
        mode="subscribe" if mode == "subscribe" else "unsubscribe",
        callback=callback,
        topic=topic,
        secret=secret,
        host=callback_host(callback),
        lease_seconds=_lease_seconds(form.get("hub.lease_seconds", "")),
        requested_at=now,
        client=client,
    )


def _callback_url(url: str) -> str:
    """A well-formed callback URL; whether its host may be called is checked with each call."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web or not _is_plain_url(url):
        raise BadRequest("hub.callback must be an http or https URL of your own.")
    if parts.username or parts.password or parts.fragment:
        raise BadRequest("hub.callback must not contain a login or a #.")
    return url


def _is_plain_url(url: str) -> bool:
    """True if a URL has only characters that RFC 3986 allows, and so may be sent in a header."""
    return len(url) <= MAX_URL_CHARS and not _NOT_IN_URL.search(url)


def _lease_seconds(text: str) -> int:
    """The lease that is requested, within limits."""
    if not text:
        return DEFAULT_LEASE_SECONDS
    if not (text.isascii() and text.isdigit()) or int(text[:12]) == 0:
        raise BadRequest("hub.lease_seconds must be a number of seconds.")
    return max(MIN_LEASE_SECONDS, min(int(text[:12]), MAX_LEASE_SECONDS))


def callback_host(callback: str) -> str:
    """The host of a callback, for limits and the log: its registrable domain, or its IP address."""
    host = (urlsplit(callback).hostname or "").rstrip(".")
    domain = registrable_domain(f"https://{host}/")
    return host if "/" in domain else domain


def verification_url(request: SubscriptionRequest, challenge: str) -> str:
    """The URL to call to verify the intent of a subscriber (5.3)."""
    params = {
        "hub.mode": request.mode,
        "hub.topic": request.topic,
        "hub.challenge": challenge,
        **(
            {"hub.lease_seconds": str(request.lease_seconds)} if request.mode == "subscribe" else {}
        ),
    }
    return _add_params(request.callback, params)


def denial_url(callback: str, topic: str, reason: str) -> str:
    """The URL to call to tell a subscriber that its subscription is denied (5.2)."""
    return _add_params(callback, {"hub.mode": "denied", "hub.topic": topic, "hub.reason": reason})


def _add_params(url: str, params: Mapping[str, str]) -> str:
    """A URL with more parameters; its own are kept (5.3)."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params, quote_via=quote)}"


def delivery_headers(
    subscriber: Subscriber, media_type: str, body: bytes, hub: str, method: str
) -> dict[str, str]:
    """The headers of a delivery (7); signed if the subscriber gave a secret."""
    signature = {}
    if subscriber.secret:
        signature = {"X-Hub-Signature": sign(method, subscriber.secret, body)}
    return {
        "Content-Type": media_type,
        "Link": f'<{hub}>; rel="hub", <{subscriber.topic}>; rel="self"',
        **signature,
    }


def retry_delivery(subscriber: Subscriber, failed: Failed, now: datetime) -> Subscriber | None:
    """The subscriber with its next attempt scheduled; None if it has failed for too long."""
    since = subscriber.failing_since or now
    if now - since >= GIVE_UP_AFTER:
        return None
    attempts = subscriber.attempts + 1
    return replace(
        subscriber,
        attempts=attempts,
        failing_since=since,
        failure_kind=failed.kind,
        error=failed.error,
        due_at=now + _retry_delay(attempts),
    )


def retry_ping(ping: HubPing, failed: Failed, now: datetime) -> HubPing | None:
    """The ping with its next attempt scheduled; None after too many attempts."""
    attempts = ping.attempts + 1
    if attempts >= MAX_PING_ATTEMPTS:
        return None
    return replace(
        ping,
        attempts=attempts,
        failure_kind=failed.kind,
        error=failed.error,
        due_at=now + _retry_delay(attempts),
    )


def _retry_delay(attempts: int) -> timedelta:
    factor: int = 3 ** min(attempts - 1, 10)
    return min(FIRST_RETRY_DELAY * factor, MAX_RETRY_DELAY)
