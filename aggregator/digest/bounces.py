"""Bounces: mails that cannot be delivered. Whose mails bounce repeatedly gets no more."""

from datetime import datetime, timedelta

from aggregator.model import SubscriberState
from aggregator.store.base import Store

__all__ = ["MAX_BOUNCES", "count_bounce"]

MAX_BOUNCES = 3
"""So many bounces in a row suspend a subscriber."""
MAX_GAP = timedelta(days=30)
"""Bounces further apart than this are not in a row: a weekly digest comes four times in it."""
MIN_GAP = timedelta(hours=12)
"""Several reports of one mail count once."""


def count_bounce(store: Store, subscriber: str, reason: str, now: datetime) -> None:
    """Count a bounce of a subscriber, who may have left meanwhile."""
    found = store.digest_subscribers.get(subscriber)
    if found is None:
        return
    gap = now - found.bounced_at if found.bounced_at else None
    if gap is not None and timedelta(0) <= gap < MIN_GAP:
        return
    count = found.bounces + 1 if gap is not None and timedelta(0) <= gap <= MAX_GAP else 1
    is_over = count >= MAX_BOUNCES and found.state is SubscriberState.ACTIVE
    state = SubscriberState.SUSPENDED if is_over else found.state
    store.digest_subscribers.record_bounce(subscriber, count, reason, state, now)
