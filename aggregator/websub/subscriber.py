"""Being told instead of asking: WebSub, the subscriber's side (W3C Recommendation, 2018).

    a feed announces a hub | we ask the hub | it asks us back (web/push.py) | it delivers

Here is decided; the asking is done by `fetch`, the remembering by the store.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from aggregator.ingest.domains import registrable_domain
from aggregator.ingest.fetch.ssrf import IpNetwork, is_allowed_address
from aggregator.model import HubLink, Source, Subscription

__all__ = [
    "REQUESTED_LEASE",
    "due_subscriptions",
    "is_reachable_site",
    "is_signature_valid",
    "request_form",
    "sign",
]

REQUESTED_LEASE = timedelta(days=10)
"""What we ask for; the hub may give less or more (5.1)."""
RETRY_AFTER = timedelta(days=1)
"""A hub that does not answer, or says no, is asked again a day later."""
VERIFICATION_WINDOW = timedelta(minutes=5)
"""How long a hub may take to ask back."""
_METHODS = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


def is_reachable_site(home: str, allowed: Sequence[IpNetwork]) -> bool:
    """True if a hub out there, or one in an allowed network, can reach the site at `home`."""
    host = urlsplit(home).hostname or ""
    try:
        return is_allowed_address(ip_address(host), allowed)
    except ValueError:
        return registrable_domain(home) != home


def due_subscriptions(
    sources: Sequence[Source],
    announced: Mapping[str, HubLink],
    standing: Sequence[Subscription],
    now: datetime,
) -> list[Subscription]:
    """The subscriptions to ask a hub for now: new ones, changed ones, and those whose lease
    will end. Each keeps its token and secret, so that no delivery is lost in between."""
    known = {subscription.source: subscription for subscription in standing}
    wanted = []
    for source in sources:
        push, old = announced.get(source.id, HubLink()), known.get(source.id)
        if not push.hub or source.is_private:
            continue
        fresh = Subscription(
            source=source.id,
            hub=push.hub,
            topic=push.topic or source.feed,
            token=secrets.token_urlsafe(24),
            secret=secrets.token_urlsafe(32),
            requested_at=now,
        )
        if old is None or (old.hub, old.topic) != (fresh.hub, fresh.topic):
            wanted.append(fresh)
        elif _is_renewal_due(old, now):
            wanted.append(replace(old, requested_at=now))
    return wanted


def _is_renewal_due(subscription: Subscription, now: datetime) -> bool:
    """True in the last third of a lease; without one, a day after the hub was asked."""
    asked, until = subscription.requested_at, subscription.lease_until
    if until is None or until <= now:
        return now - asked >= RETRY_AFTER
    last_third = (until - asked) / 3
    return until - now <= last_third and now - asked >= min(VERIFICATION_WINDOW, last_third)


def request_form(subscription: Subscription, home: str) -> dict[str, str]:
    """What a hub is asked (5.1); the address that it calls back is known to it alone."""
    return {
        "hub.mode": "subscribe",
        "hub.topic": subscription.topic,
        "hub.callback": f"{home.rstrip('/')}/websub/{subscription.token}",
        "hub.lease_seconds": str(int(REQUESTED_LEASE.total_seconds())),
        "hub.secret": subscription.secret,
    }


def sign(method: str, secret: str, body: bytes) -> str:
    """What stands in X-Hub-Signature (7.1): the method, and what only who knows the secret can
    have made of the body."""
    return f"{method}={hmac.new(secret.encode(), body, _METHODS[method]).hexdigest()}"


def is_signature_valid(subscription: Subscription, signature: str, body: bytes) -> bool:
    """True if only someone who knows the secret can have sent this (7.1); compared in
    constant time."""
    method, _, given = signature.strip().partition("=")
    if method.lower() not in _METHODS:
        return False
    _, _, expected = sign(method.lower(), subscription.secret, body).partition("=")
    return hmac.compare_digest(expected.encode(), given.strip().lower().encode())
