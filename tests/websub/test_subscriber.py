"""Which hubs we subscribe to and when, and which deliveries are valid."""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from aggregator.model import HubLink, Subscription
from aggregator.websub.subscriber import (
    due_subscriptions,
    is_reachable_site,
    is_signature_valid,
    request_form,
)
from tests.harness.builders import NOW, source

DAY = timedelta(days=1)
HARBOR = source("harbor")
HUB_LINK = HubLink(hub="https://hub.example/", topic="https://harbor.example/feed")
SUBSCRIPTION = Subscription(
    source="harbor",
    hub=HUB_LINK.hub,
    topic=HUB_LINK.topic,
    token="token",
    secret="secret",
    requested_at=NOW,
    lease_until=NOW + 9 * DAY,
)


def test_an_announced_hub_is_subscribed_to() -> None:
    """The request has a token and a secret that cannot be guessed."""
    (wanted,) = due_subscriptions([HARBOR], {"harbor": HUB_LINK}, [], NOW)

    assert (wanted.hub, wanted.topic) == (HUB_LINK.hub, HUB_LINK.topic)
    assert len(wanted.token) >= 32
    assert len(wanted.secret) >= 40
    form = request_form(wanted, "https://commons.example/news/")
    assert form["hub.callback"] == f"https://commons.example/news/websub/{wanted.token}"
    assert form["hub.mode"] == "subscribe"
    assert form["hub.lease_seconds"] == "864000"
    assert wanted.secret not in repr(wanted)


CASES = [
    ("while the lease runs", SUBSCRIPTION, 5 * DAY, False),
    ("before it ends", SUBSCRIPTION, 7 * DAY, True),
    ("in the first hour of a lease of two", replace(SUBSCRIPTION, lease_until=NOW + DAY / 12),
     DAY / 25, False),
    ("in its second", replace(SUBSCRIPTION, lease_until=NOW + DAY / 12), DAY / 16, True),
    ("a lease of a minute", replace(SUBSCRIPTION, lease_until=NOW + DAY / 1440), DAY / 1900, True),
    ("after it has ended", replace(SUBSCRIPTION, lease_until=NOW + DAY / 12), DAY / 6, False),
    ("a hub that has not answered yet", replace(SUBSCRIPTION, lease_until=None), DAY / 24, False),
    ("a hub that never answered", replace(SUBSCRIPTION, lease_until=None), DAY, True),
    ("another hub", replace(SUBSCRIPTION, hub="https://old.example/"), DAY / 24, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("subscription", "later", "is_due"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_subscription_is_renewed_before_its_lease_ends(
    subscription: Subscription, later: timedelta, is_due: bool
) -> None:
    """A hub that does not respond gets a request once a day."""
    assert (
        bool(due_subscriptions([HARBOR], {"harbor": HUB_LINK}, [subscription], NOW + later))
        is is_due
    )


def test_a_renewal_keeps_the_secret() -> None:
    """A delivery during the renewal is still valid."""
    (again,) = due_subscriptions([HARBOR], {"harbor": HUB_LINK}, [SUBSCRIPTION], NOW + 7 * DAY)

    assert (again.token, again.secret) == (SUBSCRIPTION.token, SUBSCRIPTION.secret)


def test_a_private_source_is_not_subscribed_to() -> None:
    """Hubs must not see the feed of a source with a login."""
    assert (
        due_subscriptions([source("harbor", basic_auth="LOGIN")], {"harbor": HUB_LINK}, [], NOW)
        == []
    )


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_is_verified(method: str) -> None:
    """The signature is the HMAC of the body by any method of the Recommendation (7.1)."""
    good = hmac.new(b"secret", b"body", getattr(hashlib, method)).hexdigest()

    assert is_signature_valid(SUBSCRIPTION, f"{method}={good}", b"body")
    assert not is_signature_valid(SUBSCRIPTION, f"{method}={good}", b"other body")
    assert not is_signature_valid(SUBSCRIPTION, f"{method}={good[:-1]}0", b"body!")


@pytest.mark.parametrize("signature", ["", "sha256", "sha256=", "md5=1234", "sha256=é", "=" * 99])
def test_an_invalid_signature_is_refused(signature: str) -> None:
    """A missing, malformed or unknown signature is invalid."""
    assert not is_signature_valid(SUBSCRIPTION, signature, b"body")


def test_a_private_site_cannot_be_reached_by_hubs() -> None:
    """A hub on the Internet cannot call a site in a private network."""
    loopback = (ip_network("127.0.0.0/8"),)

    assert is_reachable_site("https://news.example.org", ())
    assert is_reachable_site("https://news.example.org/folder", ())
    assert not is_reachable_site("http://localhost:8080", ())
    assert not is_reachable_site("http://127.0.0.1:8080", ())
    assert is_reachable_site("http://127.0.0.1:8080", loopback)
    assert not is_reachable_site("http://desk", ())
