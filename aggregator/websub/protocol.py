"""What a hub decides: who may subscribe, for how long, what is sent, and when it gives up."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from aggregator.errors import BadRequest
from aggregator.ingest.domains import registrable_domain
from aggregator.model import HubPing, Subscriber, SubscriptionRequest
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

DEFAULT_LEASE_SECONDS, MIN_LEASE_SECONDS, MAX_LEASE_SECONDS = 10 * 24 * 3600, 5 * 60, 30 * 24 * 3600
"""Seconds: what a subscriber gets that asks for nothing, and the bounds of what it may ask."""
MAX_SECRET_BYTES = 199
"""Bytes (5.1: less than 200)."""
MAX_URL_CHARS = 2000
"""Characters."""
_NOT_IN_ADDRESS = re.compile(r"""[^!#-;=?-\[\]_a-z~]""")
FIRST_RETRY, MAX_RETRY = timedelta(seconds=30), timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=3)
"""A subscriber that has not taken anything for so long is dropped, and so is a ping."""


def parse_request(form: Mapping[str, str], now: datetime) -> SubscriptionRequest:
    """What is asked by a request (5.1). Raises WrongParameter with what is wrong."""
    mode = form.get("hub.mode", "")
    if mode not in ("subscribe", "unsubscribe"):
        raise BadRequest('hub.mode must be "subscribe" or "unsubscribe".')
    topic, secret = form.get("hub.topic", ""), form.get("hub.secret", "")
    if not topic:
        raise BadRequest("hub.topic is missing: the address of one of our feeds.")
    if not _is_plain_url(topic):
        raise BadRequest("hub.topic must be the address of one of our feeds, as it stands in it.")
    if len(secret.encode()) > MAX_SECRET_BYTES:
        raise BadRequest(f"hub.secret must have at most {MAX_SECRET_BYTES} bytes.")
    callback = _callback_url(form.get("hub.callback", ""))
    return SubscriptionRequest(
        mode="subscribe" if mode == "subscribe" else "unsubscribe",
        callback=callback,
        topic=topic,
        secret=secret,
        host=callback_host(callback),
        lease_seconds=_lease(form.get("hub.lease_seconds", "")),
        requested_at=now,
    )


def _callback_url(address: str) -> str:
    """An address that could be called; whether it may be is known when it is."""
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web or not _is_plain_url(address):
        raise BadRequest("hub.callback must be an http or https address of your own.")
    if parts.username or parts.password or parts.fragment:
        raise BadRequest("hub.callback must have no login and no # in it.")
    return address


def _is_plain_url(address: str) -> bool:
    """Letters that may stand in an address (RFC 3986), and so in a header."""
    return len(address) <= MAX_URL_CHARS and not _NOT_IN_ADDRESS.search(address)


def _lease(given: str) -> int:
    if not given:
        return DEFAULT_LEASE_SECONDS
    if not (given.isascii() and given.isdigit()) or int(given[:12]) == 0:
        raise BadRequest("hub.lease_seconds must be a number of seconds.")
    return max(MIN_LEASE_SECONDS, min(int(given[:12]), MAX_LEASE_SECONDS))


def callback_host(callback: str) -> str:
    """Whose callback it is, for limits and for the log: the registrable domain, or the address of
    the machine. How it is written, its port and its path do not matter."""
    host = (urlsplit(callback).hostname or "").rstrip(".")
    domain = registrable_domain(f"https://{host}/")
    return host if "/" in domain else domain


def verification_url(intent: SubscriptionRequest, challenge: str) -> str:
    """The address by which the callback's owner is asked whether it is meant (5.3)."""
    asked = {
        "hub.mode": intent.mode,
        "hub.topic": intent.topic,
        "hub.challenge": challenge,
        **({"hub.lease_seconds": str(intent.lease_seconds)} if intent.mode == "subscribe" else {}),
    }
    return _with_parameters(intent.callback, asked)


def denial_url(callback: str, topic: str, reason: str) -> str:
    """The address by which a subscriber hears that there is nothing to subscribe to (5.2)."""
    return _with_parameters(
        callback, {"hub.mode": "denied", "hub.topic": topic, "hub.reason": reason}
    )


def _with_parameters(address: str, asked: Mapping[str, str]) -> str:
    """The callback's own parameters stay (5.3)."""
    named = urlencode(asked, quote_via=quote)
    return f"{address}{'&' if '?' in address else '?'}{named}"


def delivery_headers(
    subscriber: Subscriber, media_type: str, body: bytes, hub: str, method: str
) -> dict[str, str]:
    """What goes with a delivery (7): what it is, whose it is, and that it is from us."""
    signed = {}
    if subscriber.secret:
        signed = {"X-Hub-Signature": sign(method, subscriber.secret, body)}
    return {
        "Content-Type": media_type,
        "Link": f'<{hub}>; rel="hub", <{subscriber.topic}>; rel="self"',
        **signed,
    }


def retry_delivery(subscriber: Subscriber, error: str, now: datetime) -> Subscriber | None:
    """When it is tried again, or None if it is given up."""
    since = subscriber.failing_since or now
    if now - since >= GIVE_UP_AFTER:
        return None
    attempts = subscriber.attempts + 1
    return replace(
        subscriber,
        attempts=attempts,
        failing_since=since,
        error=error,
        due_at=now + _retry_delay(attempts),
    )


def retry_ping(ping: HubPing, error: str, now: datetime) -> HubPing | None:
    """When a hub is told again, or None if it is given up."""
    attempts = ping.attempts + 1
    if attempts >= MAX_PING_ATTEMPTS:
        return None
    return replace(ping, attempts=attempts, error=error, due_at=now + _retry_delay(attempts))


MAX_PING_ATTEMPTS = 12
"""Attempts: about as long as GIVE_UP."""


def _retry_delay(attempts: int) -> timedelta:
    factor: int = 3 ** min(attempts - 1, 10)
    return min(FIRST_RETRY * factor, MAX_RETRY)
