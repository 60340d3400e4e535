"""Signed links in mails: whoever holds one received the mail, so it stands for the subscriber.

A link names the subscriber, not the address. Preferences and confirmations expire; a link for
leaving never does, since old mails must keep theirs (RFC 8058).
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal, TypeAlias

from itsdangerous import BadSignature, URLSafeSerializer

from aggregator.render.digest_mail import MailLinks
from aggregator.store.base import Store

__all__ = ["LINK_KINDS", "LinkKind", "LinkSigner", "open_link_signer"]

LinkKind: TypeAlias = Literal["confirm", "preferences", "unsubscribe"]
LINK_KINDS: Mapping[LinkKind, timedelta | None] = {
    "confirm": timedelta(days=3),
    "preferences": timedelta(days=60),
    "unsubscribe": None,
}
"""Kind of a link -> how long it is valid; None if it never expires."""
PLACEHOLDER_CHARS = 20


class LinkSigner:
    """Makes and checks links of a site. `read_key` returns its key, when that is first needed: a
    store that cannot be written yet must not keep the site from starting."""

    def __init__(self, site_url: str, read_key: Callable[[], bytes]) -> None:
        self._site_url = site_url
        self._read_key = read_key

    @cached_property
    def _key(self) -> bytes:
        return self._read_key()

    @cached_property
    def _serializers(self) -> Mapping[LinkKind, URLSafeSerializer]:
        return {kind: URLSafeSerializer(self._key, salt=kind) for kind in LINK_KINDS}

    def link(self, kind: LinkKind, subscriber: str, now: datetime) -> str:
        """The URL of a page of a subscriber."""
        token = self._serializers[kind].dumps([subscriber, int(now.timestamp())])
        return (
            f"{self._site_url}/digest/{kind}/{token if isinstance(token, str) else token.decode()}"
        )

    def subscriber(self, kind: LinkKind, token: str, now: datetime) -> str | None:
        """The subscriber that a token names; None if it is not ours, or is too old."""
        try:
            subscriber, signed_at = self._serializers[kind].loads(token)
        except BadSignature:
            return None
        valid = LINK_KINDS[kind]
        age = now - datetime.fromtimestamp(signed_at, UTC)
        return None if valid is not None and age > valid else str(subscriber)

    def personal_links(self, subscriber: str, now: datetime) -> MailLinks:
        """The links in an issue for a subscriber."""
        return MailLinks(
            preferences=self.link("preferences", subscriber, now),
            unsubscribe=self.link("unsubscribe", subscriber, now),
        )

    @property
    def placeholders(self) -> MailLinks:
        """What stands for the links in an issue that is composed for many. Nobody else knows these
        words: an outlet that could write them would get its readers' links."""
        return MailLinks(
            preferences=self._placeholder("preferences"),
            unsubscribe=self._placeholder("unsubscribe"),
        )

    def _placeholder(self, kind: LinkKind) -> str:
        name = hmac.new(self._key, f"placeholder {kind}".encode(), "sha256").hexdigest()
        return f"https://{name[:PLACEHOLDER_CHARS]}.invalid/"

    def address_hash(self, address: str) -> str:
        """What is kept of the address of somebody who has left: it does not tell the address."""
        return hmac.new(self._key, f"address {address.casefold()}".encode(), "sha256").hexdigest()

    def client_hash(self, client: str) -> str:
        """What is kept of a client for a day, to limit its sign-ups."""
        return hmac.new(self._key, f"client {client}".encode(), "sha256").hexdigest()[:32]

    def bounce_mark(self, subscriber: str) -> str:
        """What is added to the sender of mails to a subscriber, by which a bounce is known (VERP):
        it cannot be guessed."""
        name = hmac.new(self._key, f"bounce {subscriber}".encode(), "sha256").hexdigest()
        return f"{subscriber}-{name[:12]}"


def open_link_signer(site_url: str, store: Store) -> LinkSigner:
    """The signer of a site, with the key in its store."""
    return LinkSigner(site_url, store.digest_subscribers.key)
