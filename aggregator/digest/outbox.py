"""The outbox: mails are handed to the mail server one by one, and nobody gets one twice.

    queued --marked--> sending --the server answers--> sent, failed, or queued for later
                          └── no answer, or the program ends ──> unknown

A mail is marked before it is handed over and after the server has answered. What is between the
two when the program or the connection ends may have been accepted: it is *unknown*, is never sent
again by itself, and an operator decides.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from time import monotonic
from typing import Any

import structlog

from aggregator.config import Config
from aggregator.digest.addresses import ascii_address, hide_addresses
from aggregator.digest.bounces import count_bounce
from aggregator.digest.compose import MAX_LATENESS, DigestComposer
from aggregator.digest.signed_links import LinkSigner
from aggregator.errors import MailError, StoreError
from aggregator.mail.messages import compose_list_mail, mail_bytes, one_click_headers
from aggregator.mail.smtp import MailServer, mail_server
from aggregator.mail.smtp_session import Handover, MailSession, Result, open_mail_session
from aggregator.model import DigestIssue, DueMail, MailState, SendingPause
from aggregator.store.base import Store

__all__ = ["MAILS_KEPT", "Outbox", "Sent", "list_headers"]

BATCH_MAILS = 200
RETRY_DELAYS = tuple(timedelta(minutes=n) for n in (5, 15, 30, 60, 120))
"""How long a mail waits that the server does not take yet, by the number of attempts (a server
that greylists wants to be asked again after some minutes)."""
GIVE_UP_AFTER = timedelta(days=1)
"""How long a mail is tried that brings no issue."""
PAUSES = tuple(timedelta(minutes=n) for n in (1, 5, 20, 60))
"""How long nothing is sent while the server does not work, by the number of failures in a row."""
MAX_REFUSALS = 10
"""So many mails that a server has refused, and none that it has accepted, are its own doing."""
STOP_POLL_SECONDS = 0.5
MAILS_KEPT = timedelta(days=30)
"""How long it is kept what became of a mail."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of the mails that were due; `error` says why sending was ended."""

    sent: int = 0
    failed: int = 0
    deferred: int = 0
    unknown: int = 0
    error: str = ""
    refusal: str = field(default="", compare=False)
    """Why the last one has failed."""


@dataclass(slots=True)
class Outbox:
    """Sends the queued mails of a newsroom. `environment` has the login of the mail server."""

    config: Config
    store: Store
    composer: DigestComposer
    signer: LinkSigner
    environment: Mapping[str, str] = field(repr=False)
    _issues: dict[int, DigestIssue | None] = field(default_factory=dict)
    _next_at: float = 0.0
    """When the next mail may be handed over, by the monotonic clock."""

    async def deliver(
        self,
        clock: Callable[[], datetime],
        stop: asyncio.Event | None = None,
        prepare: Callable[[datetime], object] | None = None,
    ) -> Sent:
        """Send what is due, until nothing is, the server does not work, or `stop` is set; before
        each batch, `prepare` may add more. The caller holds the lock `digest`."""
        store, total = self.store.digest, Sent()
        if interrupted := store.mark_interrupted(clock()):
            log.warning("digest_interrupted", mails=interrupted)
        while not (stop and stop.is_set()):
            if prepare is not None:
                await asyncio.to_thread(prepare, clock())
            now = clock()
            if expired := store.expire(now - MAX_LATENESS, now - GIVE_UP_AFTER, now):
                log.warning("digest_expired", mails=expired)
            pause = store.pause()
            if self.config.mail is None or (pause and pause.since <= now < pause.until):
                return total
            if not (due := store.due_mails(now, BATCH_MAILS)):
                return total
            self._issues.clear()  # a story may have been taken down
            try:
                server = mail_server(self.config.mail, self.environment)
                async with open_mail_session(server) as session:
                    sent = await self._send_batch(server, session, due, clock, stop)
            except MailError as error:
                sent = Sent(error=str(error))
            total = _sum(total, sent)
            if sent.error:
                self._pause(sent.error, clock())
                return total
        return total

    async def _send_batch(
        self,
        server: MailServer,
        session: MailSession,
        mails: list[DueMail],
        clock: Callable[[], datetime],
        stop: asyncio.Event | None,
    ) -> Sent:
        sent = Sent()
        for due in mails:
            await self._wait_for_turn(stop)
            if (stop and stop.is_set()) or not session.is_open:
                break  # a session that the server has ended after some mails is opened again
            one = await _finish_first(self._send(server, session, due, clock))
            sent = _sum(sent, one)
            if one.error:
                break
            if sent.failed >= MAX_REFUSALS and not session.accepted:
                error = (
                    f"{server.host} refused {sent.failed} mails and accepted none: {sent.refusal}"
                )
                return replace(sent, error=error)
        return sent

    async def _wait_for_turn(self, stop: asyncio.Event | None) -> None:
        """Wait until the rate of [mail] permits the next mail, or `stop` is set."""
        assert self.config.mail is not None
        while (left := self._next_at - monotonic()) > 0 and not (stop and stop.is_set()):
            await asyncio.sleep(min(left, STOP_POLL_SECONDS))
        self._next_at = max(self._next_at, monotonic() - 1) + 60 / self.config.mail.rate

    async def _send(
        self, server: MailServer, session: MailSession, due: DueMail, clock: Callable[[], datetime]
    ) -> Sent:
        """Send a mail, unless it is no longer queued."""
        store, id_ = self.store.digest, due.mail.id
        try:
            message = server.signed(mail_bytes(self.message(server, due, clock())))
            recipient = ascii_address(due.subscriber.address)
            sender = server.envelope_sender(self.signer.bounce_mark(due.subscriber.id))
        except _NothingLeft:
            store.discard([id_], clock())
            return Sent()
        except (MailError, StoreError):
            raise
        except Exception as error:  # one mail must not keep the others from being sent
            sentence = (
                f"The mail could not be written: a bug in aggregator ({type(error).__name__})."
            )
            store.finish_sending(id_, MailState.FAILED, clock(), error=sentence)
            return Sent(failed=1)
        if not store.begin_sending(id_, clock()):
            return Sent()
        handover = await session.hand_over(sender, recipient, message)
        return self._note(session, due, handover, clock())

    def _note(self, session: MailSession, due: DueMail, handover: Handover, now: datetime) -> Sent:
        """Store what became of a mail."""
        store, id_, error = self.store.digest, due.mail.id, hide_addresses(handover.sentence)
        match handover.result:
            case Result.ACCEPTED:
                store.finish_sending(id_, MailState.SENT, now)
                if session.accepted == 1 and store.pause():
                    store.set_pause(None)
                return Sent(sent=1)
            case Result.REFUSED | Result.REJECTED:
                store.finish_sending(id_, MailState.FAILED, now, error=error)
                if handover.is_dead:
                    count_bounce(self.store, due.subscriber.id, error, now)
                return Sent(failed=1, refusal=error)
            case Result.DEFERRED:
                delay = RETRY_DELAYS[min(due.mail.attempts, len(RETRY_DELAYS) - 1)]
                store.finish_sending(id_, MailState.QUEUED, now, error=error, due_at=now + delay)
                return Sent(deferred=1)
            case Result.NOT_SENT:
                store.finish_sending(id_, MailState.QUEUED, now, error=error)
                was_used = session.accepted > 0  # servers limit the mails of a connection
                return Sent() if was_used else Sent(error=error)
            case Result.UNKNOWN:
                store.finish_sending(id_, MailState.UNKNOWN, now, error=error)
                return Sent(unknown=1, error=error)

    def _pause(self, error: str, now: datetime) -> None:
        """Send nothing for a while, longer each time."""
        before = self.store.digest.pause()
        attempts = before.attempts + 1 if before else 1
        until = now + PAUSES[min(attempts, len(PAUSES)) - 1]
        since = before.since if before and before.since <= now else now
        pause = SendingPause(error=error, since=since, until=until, attempts=attempts)
        self.store.digest.set_pause(pause)
        log.warning("digest_paused", error=error, attempts=attempts)

    # ---- messages

    def message(self, server: MailServer, due: DueMail, now: datetime) -> EmailMessage:
        """A mail to a subscriber, with its personal links."""
        mail, subscriber = due.mail, due.subscriber
        links = self.signer.personal_links(subscriber.id, now)
        headers = {
            **list_headers(self.config),
            **one_click_headers(links.unsubscribe),
        }
        name = f"digest-{mail.id}-{mail.created_at:%Y%m%d%H%M%S}"
        html = ""
        if mail.kind == "issue":
            issue = self._issue(mail.issue or 0, now)
            placeholders = self.signer.placeholders
            pairs = (
                (placeholders.preferences, links.preferences),
                (placeholders.unsubscribe, links.unsubscribe),
            )
            subject, text, html = issue.subject, issue.text, issue.html
            for placeholder, link in pairs:
                text, html = text.replace(placeholder, link), html.replace(placeholder, link)
        else:
            renderer = self.composer.renderer(subscriber.preferences.language)
            confirm = self.signer.link("confirm", subscriber.id, now)
            subject, text = renderer.message(
                f"digest_{mail.kind}.txt", links=links, confirm=confirm
            )
        return compose_list_mail(
            server.sender,
            ascii_address(subscriber.address),
            subject,
            text,
            name,
            mail.created_at,
            html=html,
            headers=headers,
        )

    def _issue(self, id_: int, now: datetime) -> DigestIssue:
        """An issue without the stories that were taken down since it was composed."""
        if id_ not in self._issues:
            issue = self.store.digest.issue(id_)
            self._issues[id_] = issue and self.composer.without_removed(issue, now)
        issue = self._issues[id_]
        if issue is None:
            raise _NothingLeft
        return issue


class _NothingLeft(Exception):
    """All stories of an issue were taken down."""


def list_headers(config: Config) -> dict[str, str]:
    """The headers that every mail of the digest has."""
    host = config.site.url.partition("://")[2].partition("/")[0].partition(":")[0]
    title = "".join(c for c in config.site.title if c not in '<>"\\').strip()
    headers = {"List-Id": f"{title} <digest.{host}>"}
    if "@" in config.site.contact and not config.site.contact.startswith("http"):
        headers["Reply-To"] = config.site.contact
    return headers


async def _finish_first(work: Coroutine[Any, Any, Sent]) -> Sent:
    """Await work that must not be broken off: if this task is cancelled, it ends first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _sum(a: Sent, b: Sent) -> Sent:
    return replace(
        b,
        sent=a.sent + b.sent,
        failed=a.failed + b.failed,
        deferred=a.deferred + b.deferred,
        unknown=a.unknown + b.unknown,
        refusal=b.refusal or a.refusal,
    )
