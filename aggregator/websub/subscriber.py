"""Our subscriptions to the hubs of sources: when to subscribe, and whether a delivery is genuine.

    a feed announces a hub | we request a subscription | the hub verifies it | the hub delivers

`web.subscriber_views` has the endpoints that hubs call; the scheduler sends the requests.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from aggregator.model import HubLink, Source, Subscription
from aggregator.text.ip_addresses import IpNetwork, is_allowed_address
from aggregator.text.urls import registrable_domain

__all__ = [
    "REQUESTED_LEASE",
    "due_subscriptions",
    "is_reachable_site",
    "is_signature_valid",
    "request_form",
    "sign",
]

REQUESTED_LEASE = timedelta(days=10)
"""The lease that we request; the hub may grant another one (5.1)."""
SUBSCRIBE_RETRY_INTERVAL = timedelta(days=1)
"""How long to wait after a hub has not responded or has refused."""
VERIFICATION_WINDOW = timedelta(minutes=5)
"""How long a hub may take to verify a request."""
_HASHES = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


def is_reachable_site(site_url: str, allowed: Sequence[IpNetwork]) -> bool:
    """True if hubs on the internet, or in an allowed network, can reach our site."""
    host = urlsplit(site_url).hostname or ""
    try:
        return is_allowed_address(ip_address(host), allowed)
    except ValueError:
        return registrable_domain(site_url) != site_url


def due_subscriptions(
    sources: Sequence[Source],
    hub_links: Mapping[str, HubLink],
    current: Sequence[Subscription],
    now: datetime,
) -> list[Subscription]:
    """The subscriptions to request now: new ones, changed ones, and those whose lease ends soon.

    `hub_links` are what sources announce, by source id. A renewal keeps its token and secret, so
    that no delivery is lost.
    """
    current_by_source = {subscription.source: subscription for subscription in current}
    due = []
    for source in sources:
        link, old = hub_links.get(source.id, HubLink()), current_by_source.get(source.id)
        if not link.hub or source.is_private:
            continue
        new = Subscription(
            source=source.id,
            hub=link.hub,
            topic=link.topic or source.feed,
            token=secrets.token_urlsafe(24),
            secret=secrets.token_urlsafe(32),
            requested_at=now,
        )
        if old is None or (old.hub, old.topic) != (new.hub, new.topic):
            due.append(new)
        elif _is_renewal_due(old, now):
            due.append(replace(old, requested_at=now))
    return due


def _is_renewal_due(subscription: Subscription, now: datetime) -> bool:
    """True in the last third of a lease; without a lease, some time after the last request."""
    requested_at, until = subscription.requested_at, subscription.lease_until
    if until is None or until <= now:
        return now - requested_at >= SUBSCRIBE_RETRY_INTERVAL
    last_third = (until - requested_at) / 3
    return until - now <= last_third and now - requested_at >= min(VERIFICATION_WINDOW, last_third)


def request_form(subscription: Subscription, site_url: str) -> dict[str, str]:
    """The form of a subscription request (5.1); only the hub learns the callback URL."""
    return {
        "hub.mode": "subscribe",
        "hub.topic": subscription.topic,
        "hub.callback": f"{site_url.rstrip('/')}/websub/{subscription.token}",
        "hub.lease_seconds": str(int(REQUESTED_LEASE.total_seconds())),
        "hub.secret": subscription.secret,
    }


def sign(method: str, secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature (7.1): the method and the HMAC of the body."""
    return f"{method}={hmac.new(secret.encode(), body, _HASHES[method]).hexdigest()}"


def is_signature_valid(subscription: Subscription, signature: str, body: bytes) -> bool:
    """True if the sender knows the secret of the subscription (7.1); compared in constant time."""
    method, _, received = signature.strip().partition("=")
    if method.lower() not in _HASHES:
        return False
    _, _, expected = sign(method.lower(), subscription.secret, body).partition("=")
    return hmac.compare_digest(expected.encode(), received.strip().lower().encode())
