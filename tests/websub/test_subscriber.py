"""Which hubs are asked, when, and whom we believe."""

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
PUSH = HubLink(hub="https://hub.example/", topic="https://harbor.example/feed")
STANDING = Subscription(
    source="harbor",
    hub=PUSH.hub,
    topic=PUSH.topic,
    token="token",
    secret="secret",
    requested_at=NOW,
    lease_until=NOW + 9 * DAY,
)


def test_a_hub_that_is_announced() -> None:
    """It is asked, with a token and a secret that nobody can guess."""
    (wanted,) = due_subscriptions([HARBOR], {"harbor": PUSH}, [], NOW)

    assert (wanted.hub, wanted.topic) == (PUSH.hub, PUSH.topic)
    assert len(wanted.token) >= 32
    assert len(wanted.secret) >= 40
    form = request_form(wanted, "https://commons.example/news/")
    assert form["hub.callback"] == f"https://commons.example/news/websub/{wanted.token}"
    assert form["hub.mode"] == "subscribe"
    assert form["hub.lease_seconds"] == "864000"
    assert wanted.secret not in repr(wanted)


CASES = [
    ("while the lease runs", STANDING, 5 * DAY, False),
    ("before it ends", STANDING, 7 * DAY, True),
    ("in the first hour of a lease of two", replace(STANDING, lease_until=NOW + DAY / 12),
     DAY / 25, False),
    ("in its second", replace(STANDING, lease_until=NOW + DAY / 12), DAY / 16, True),
    ("a lease of a minute", replace(STANDING, lease_until=NOW + DAY / 1440), DAY / 1900, True),
    ("after it has ended", replace(STANDING, lease_until=NOW + DAY / 12), DAY / 6, False),
    ("a hub that has not answered yet", replace(STANDING, lease_until=None), DAY / 24, False),
    ("a hub that never answered", replace(STANDING, lease_until=None), DAY, True),
    ("another hub", replace(STANDING, hub="https://old.example/"), DAY / 24, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("standing", "later", "asked"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_when_it_is_asked_again(standing: Subscription, later: timedelta, asked: bool) -> None:
    """In time, and never more than once a day."""
    assert bool(due_subscriptions([HARBOR], {"harbor": PUSH}, [standing], NOW + later)) is asked


def test_a_renewal_keeps_the_secret() -> None:
    """A delivery that is under way is still believed."""
    (again,) = due_subscriptions([HARBOR], {"harbor": PUSH}, [STANDING], NOW + 7 * DAY)

    assert (again.token, again.secret) == (STANDING.token, STANDING.secret)


def test_a_private_source_is_not_pushed() -> None:
    """Its feed is nobody's business."""
    assert (
        due_subscriptions([source("harbor", basic_auth="LOGIN")], {"harbor": PUSH}, [], NOW) == []
    )


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature(method: str) -> None:
    """HMAC of the body with our secret, by any method of the Recommendation (7.1)."""
    good = hmac.new(b"secret", b"body", getattr(hashlib, method)).hexdigest()

    assert is_signature_valid(STANDING, f"{method}={good}", b"body")
    assert not is_signature_valid(STANDING, f"{method}={good}", b"other body")
    assert not is_signature_valid(STANDING, f"{method}={good[:-1]}0", b"body!")


@pytest.mark.parametrize("signature", ["", "sha256", "sha256=", "md5=1234", "sha256=é", "=" * 99])
def test_no_signature(signature: str) -> None:
    """Nothing else is believed."""
    assert not is_signature_valid(STANDING, signature, b"body")


def test_who_can_be_reached() -> None:
    """A hub out there cannot call back a machine in our own network."""
    inner = (ip_network("127.0.0.0/8"),)

    assert is_reachable_site("https://news.example.org", ())
    assert is_reachable_site("https://news.example.org/folder", ())
    assert not is_reachable_site("http://localhost:8080", ())
    assert not is_reachable_site("http://127.0.0.1:8080", ())
    assert is_reachable_site("http://127.0.0.1:8080", inner)
    assert not is_reachable_site("http://desk", ())
