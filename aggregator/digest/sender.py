"""Everything that the program does for the digest by itself: compose what is due, and send it."""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from aggregator.config import Config
from aggregator.digest.bounces import BouncesRead, read_bounces
from aggregator.digest.compose import Composed, DigestComposer, open_composer
from aggregator.digest.outbox import MAILS_KEPT, Outbox, Sent
from aggregator.digest.sign_up import SignUps
from aggregator.digest.signed_links import open_link_signer
from aggregator.errors import MailError, StoreError
from aggregator.store.base import Store

__all__ = ["DigestSender", "open_digest_sender"]

BOUNCES_SPACING = timedelta(minutes=5)
"""How often the mailbox for bounces is read."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSender:
    """The digest of a newsroom, with its outbox. The caller holds the lock `digest`."""

    store: Store
    composer: DigestComposer
    outbox: Outbox
    sign_ups: SignUps
    has_mail: bool
    read_bounces: Callable[[datetime], BouncesRead | None]

    def prepare(self, now: datetime) -> Composed:
        """Compose what is due, and do what else is. It blocks for as long as it takes to render
        the issues. A bug in one of these is recorded, and keeps none of the others from its work.
        """
        composed = Composed()
        for step in (self._tidy, self._read_bounces, self._archive, self._compose):
            try:
                composed = step(now) or composed
            except StoreError:
                raise
            except Exception as error:
                self._record_bug(error, now)
        return composed

    def _tidy(self, now: datetime) -> None:
        self.sign_ups.forget_unconfirmed(now)

    def _archive(self, now: datetime) -> None:
        if self.composer.archive_due(now):
            log.info("digest_archived")

    def _compose(self, now: datetime) -> Composed:
        composed = self.composer.compose_due(now) if self.has_mail else Composed()
        if composed != Composed():
            log.info("digest_composed", issues=composed.issues, mails=composed.mails,
                     empty=composed.empty, late=composed.late)  # fmt: skip
            self.store.digest.purge(now - MAILS_KEPT)
        return composed

    def _read_bounces(self, now: datetime) -> None:
        """Read the mailbox for bounces, every few minutes."""
        last = self.store.alerts.last_done("bounces")
        if last is not None and timedelta(0) <= now - last < BOUNCES_SPACING:
            return
        try:
            found = self.read_bounces(now)
        except MailError as error:
            log.warning("bounces_unreadable", error=str(error))
        else:
            if found is not None and found.messages:
                log.info("bounces", messages=found.messages, permanent=found.permanent,
                         temporary=found.temporary)  # fmt: skip
        self.store.alerts.record_done("bounces", now)

    async def run(self, clock: Callable[[], datetime], stop: asyncio.Event | None = None) -> Sent:
        """Compose what is due, and send it, until nothing is or `stop` is set. A bug is recorded,
        and ends neither the program nor the mails that are queued."""
        try:
            sent = await self.outbox.deliver(clock, stop, self.prepare)
        except StoreError:
            raise
        except Exception as error:
            self._record_bug(error, clock())
            return Sent(error="This is a bug in aggregator; the log has more.")
        if sent != Sent():
            level = log.warning if sent.error else log.info
            why = {"error": sent.error} if sent.error else {}
            level("digest_sent", sent=sent.sent, failed=sent.failed, deferred=sent.deferred,
                  unknown=sent.unknown, **why)  # fmt: skip
        return sent

    def _record_bug(self, error: Exception, now: datetime) -> None:
        """Record where a bug is, and not what it was about, which may be an address."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {frame.filename}, line {frame.lineno}"
        log.error("bug", task="digest", error=where)
        self.store.maintenance.record_bug("digest", where, now)


def open_digest_sender(
    config: Config, store: Store, environment: Mapping[str, str]
) -> DigestSender | None:
    """The digest of a newsroom; None if feeds.toml has none. `environment` has the login of the
    mail server."""
    if config.digest is None:
        return None
    signer = open_link_signer(config.site.url, store)
    composer = open_composer(config, store, signer)
    return DigestSender(
        store=store,
        composer=composer,
        outbox=Outbox(config, store, composer, signer, environment),
        sign_ups=SignUps(store, signer),
        has_mail=config.mail is not None,
        read_bounces=partial(read_bounces, config, store, signer, environment),
    )
