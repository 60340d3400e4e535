"""Subscribing to the digest, confirming it, choosing, and leaving.

The page says nothing about the address: neither whether it is known nor whether a mail was sent.
Limits keep strangers from filling a mailbox with our mails.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.digest.addresses import check_address
from aggregator.digest.compose import FIRST_PERIODS
from aggregator.digest.due_times import next_due
from aggregator.digest.signed_links import LINK_KINDS, LinkSigner
from aggregator.errors import BadAddress, TooManySignUps
from aggregator.model import (
    DigestMail,
    DigestPreferences,
    DigestSubscriber,
    MailKind,
    SubscriberState,
)
from aggregator.store.base import Store

__all__ = ["SignUps", "find_subscriber", "new_subscriber"]

ID_BYTES = 8
MAX_SIGN_UPS_PER_CLIENT = 10
"""In an hour."""
MAX_SIGN_UPS = 300
"""Of all clients in an hour: many clients together may be one program."""
MAIL_SPACING = timedelta(minutes=10)
MAX_MAILS_PER_DAY = 3
"""Mails to one address because somebody has signed up with it."""
SIGN_UP_KINDS: Collection[MailKind] = ("confirm", "known")


@dataclass(frozen=True, slots=True)
class SignUps:
    """Sign-ups of a site."""

    store: Store
    signer: LinkSigner

    def sign_up(
        self, given: str, preferences: DigestPreferences, client: str, now: datetime
    ) -> None:
        """Queue a mail to an address: with a link to confirm, or, if it is subscribed, with one to
        its preferences. Raises BadAddress and TooManySignUps."""
        name, hour_ago = self.signer.client_hash(client), now - timedelta(hours=1)
        subscribers = self.store.digest_subscribers
        if (
            subscribers.count_sign_ups(hour_ago, name) >= MAX_SIGN_UPS_PER_CLIENT
            or subscribers.count_sign_ups(hour_ago) >= MAX_SIGN_UPS
        ):
            raise TooManySignUps("Too many sign-ups; try again in an hour.")
        subscribers.record_sign_up(name, now)  # a wrong address costs as much as a right one
        address = check_address(given)
        found = subscribers.by_address(address)
        if found is None:
            subscribers.add(new_subscriber(address, preferences, now))
            found = subscribers.by_address(address)
            assert found is not None
        elif found.state is not SubscriberState.ACTIVE:
            subscribers.renew(found.id, preferences, now)
        kind: MailKind = "known" if found.state is SubscriberState.ACTIVE else "confirm"
        mails = self.store.digest.mails_to(found.id, now - timedelta(days=1))
        times = [mail.created_at for mail in mails if mail.kind in SIGN_UP_KINDS]
        if len(times) < MAX_MAILS_PER_DAY and not (times and now - times[0] < MAIL_SPACING):
            mail = DigestMail(
                kind=kind, subscriber=found.id, created_at=now, due_at=now, changed_at=now
            )
            self.store.digest.add_mail(mail)

    def confirm(self, subscriber: str, now: datetime) -> bool:
        """Begin, or begin again, to send the digest to a subscriber; False if there is none."""
        found = self.store.digest_subscribers.get(subscriber)
        if found is None:
            return False
        if found.state is not SubscriberState.ACTIVE:
            self.store.digest_subscribers.confirm(_activated(found, now))
            self.store.digest_subscribers.readmit(self.signer.address_hash(found.address))
        return True

    def choose(self, subscriber: str, preferences: DigestPreferences, now: datetime) -> bool:
        """Store what a subscriber has chosen; one who was suspended gets mails again. False if
        there is no such subscriber."""
        found = self.store.digest_subscribers.get(subscriber)
        if found is None:
            return False
        is_same_time = found.preferences == replace(
            preferences, topics=found.preferences.topics, language=found.preferences.language
        )
        next_at = None if is_same_time else next_due(preferences, now)
        self.store.digest_subscribers.set_preferences(subscriber, preferences, next_at)
        if found.state is not SubscriberState.ACTIVE:
            return self.confirm(subscriber, now)
        return True

    def leave(self, subscriber: str, now: datetime) -> bool:
        """Delete a subscriber and everything about them; False if there is none."""
        found = self.store.digest_subscribers.get(subscriber)
        if found is None:
            return False
        address_hash = self.signer.address_hash(found.address)
        self.store.digest_subscribers.remove(subscriber, address_hash, now)
        return True

    def forget_unconfirmed(self, now: datetime) -> int:
        """Delete the addresses that were not confirmed in time; returns how many."""
        valid = LINK_KINDS["confirm"]
        assert valid is not None
        return self.store.digest_subscribers.remove_unconfirmed(now - valid)


def find_subscriber(store: Store, given: str) -> DigestSubscriber | None:
    """The subscriber with an address, however it is written."""
    try:
        return store.digest_subscribers.by_address(check_address(given))
    except BadAddress:
        return store.digest_subscribers.by_address(given.strip())


def new_subscriber(address: str, preferences: DigestPreferences, now: datetime) -> DigestSubscriber:
    """A subscriber who has not confirmed the address yet."""
    return DigestSubscriber(
        id=secrets.token_hex(ID_BYTES),
        address=address,
        preferences=preferences,
        state=SubscriberState.PENDING,
        created_at=now,
    )


def _activated(subscriber: DigestSubscriber, now: datetime) -> DigestSubscriber:
    """The subscriber with a first period, which looks back a day or a week; a suspended
    subscriber who returns starts again."""
    return replace(
        subscriber,
        state=SubscriberState.ACTIVE,
        confirmed_at=now,
        covered_from=None,
        covered_until=now - FIRST_PERIODS[subscriber.preferences.frequency],
        next_at=next_due(subscriber.preferences, now),
        last_issue=None,
        bounces=0,
        bounced_at=None,
        reason="",
    )
