"""What a hub decides: who may subscribe, for how long, what is sent, and when it gives up."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from aggregator.errors import WrongParameter
from aggregator.ingest.domains import domain_of
from aggregator.ingest.push import signature_of
from aggregator.model import Intent, Ping, Subscriber

__all__ = [
    "GIVE_UP", "after_failure", "denial", "headers", "host_of", "later", "read", "verification",
]  # fmt: skip

LEASE, SHORTEST_LEASE, LONGEST_LEASE = 10 * 24 * 3600, 5 * 60, 30 * 24 * 3600
"""Seconds: what a subscriber gets that asks for nothing, and the bounds of what it may ask."""
LONGEST_SECRET = 199
"""Bytes (5.1: less than 200)."""
LONGEST_ADDRESS = 2000
"""Characters."""
_NOT_IN_ADDRESS = re.compile(r"""[^!#-;=?-\[\]_a-z~]""")
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
GIVE_UP = timedelta(days=3)
"""A subscriber that has not taken anything for so long is dropped, and so is a ping."""


def read(form: Mapping[str, str], now: datetime) -> Intent:
    """What is asked by a request (5.1). Raises WrongParameter with what is wrong."""
    mode = form.get("hub.mode", "")
    if mode not in ("subscribe", "unsubscribe"):
        raise WrongParameter('hub.mode must be "subscribe" or "unsubscribe".')
    topic, secret = form.get("hub.topic", ""), form.get("hub.secret", "")
    if not topic:
        raise WrongParameter("hub.topic is missing: the address of one of our feeds.")
    if not _is_plain(topic):
        raise WrongParameter(
            "hub.topic must be the address of one of our feeds, as it stands in it."
        )
    if len(secret.encode()) > LONGEST_SECRET:
        raise WrongParameter(f"hub.secret must have at most {LONGEST_SECRET} bytes.")
    callback = _callback(form.get("hub.callback", ""))
    return Intent(
        mode="subscribe" if mode == "subscribe" else "unsubscribe",
        callback=callback,
        topic=topic,
        secret=secret,
        host=host_of(callback),
        lease=_lease(form.get("hub.lease_seconds", "")),
        asked=now,
    )


def _callback(address: str) -> str:
    """An address that could be called; whether it may be is known when it is."""
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web or not _is_plain(address):
        raise WrongParameter("hub.callback must be an http or https address of your own.")
    if parts.username or parts.password or parts.fragment:
        raise WrongParameter("hub.callback must have no login and no # in it.")
    return address


def _is_plain(address: str) -> bool:
    """Letters that may stand in an address (RFC 3986), and so in a header."""
    return len(address) <= LONGEST_ADDRESS and not _NOT_IN_ADDRESS.search(address)


def _lease(given: str) -> int:
    if not given:
        return LEASE
    if not (given.isascii() and given.isdigit()) or int(given[:12]) == 0:
        raise WrongParameter("hub.lease_seconds must be a number of seconds.")
    return max(SHORTEST_LEASE, min(int(given[:12]), LONGEST_LEASE))


def host_of(callback: str) -> str:
    """Whose callback it is, for limits and for the log: the registrable domain, or the address of
    the machine. How it is written, its port and its path do not matter."""
    host = (urlsplit(callback).hostname or "").rstrip(".")
    domain = domain_of(f"https://{host}/")
    return host if "/" in domain else domain


def verification(intent: Intent, challenge: str) -> str:
    """The address by which the callback's owner is asked whether it is meant (5.3)."""
    asked = {
        "hub.mode": intent.mode,
        "hub.topic": intent.topic,
        "hub.challenge": challenge,
        **({"hub.lease_seconds": str(intent.lease)} if intent.mode == "subscribe" else {}),
    }
    return _with(intent.callback, asked)


def denial(callback: str, topic: str, reason: str) -> str:
    """The address by which a subscriber hears that there is nothing to subscribe to (5.2)."""
    return _with(callback, {"hub.mode": "denied", "hub.topic": topic, "hub.reason": reason})


def _with(address: str, asked: Mapping[str, str]) -> str:
    """The callback's own parameters stay (5.3)."""
    named = urlencode(asked, quote_via=quote)
    return f"{address}{'&' if '?' in address else '?'}{named}"


def headers(
    subscriber: Subscriber, media_type: str, body: bytes, hub: str, method: str
) -> dict[str, str]:
    """What goes with a delivery (7): what it is, whose it is, and that it is from us."""
    signed = {}
    if subscriber.secret:
        signed = {"X-Hub-Signature": signature_of(method, subscriber.secret, body)}
    return {
        "Content-Type": media_type,
        "Link": f'<{hub}>; rel="hub", <{subscriber.topic}>; rel="self"',
        **signed,
    }


def after_failure(subscriber: Subscriber, error: str, now: datetime) -> Subscriber | None:
    """When it is tried again, or None if it is given up."""
    since = subscriber.failing_since or now
    if now - since >= GIVE_UP:
        return None
    attempts = subscriber.attempts + 1
    return replace(
        subscriber, attempts=attempts, failing_since=since, error=error, due=now + _pause(attempts)
    )


def later(ping: Ping, error: str, now: datetime) -> Ping | None:
    """When a hub is told again, or None if it is given up."""
    attempts = ping.attempts + 1
    if attempts >= _MOST_PINGS:
        return None
    return replace(ping, attempts=attempts, error=error, due=now + _pause(attempts))


_MOST_PINGS = 12
"""Attempts: about as long as GIVE_UP."""


def _pause(attempts: int) -> timedelta:
    factor: int = 3 ** min(attempts - 1, 10)
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE)
