"""Check what needs operators, queue messages that report it, and deliver them.

attention --to_alerts--> alerts --alert_changes--> messages --deliver--> mail, webhook
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from aggregator.alerts.events import AlertChanges, alert_changes, to_alerts
from aggregator.alerts.weekly import due_since, weekly_summary
from aggregator.alerts.wording import AlertWords, webhook_json
from aggregator.config import Config
from aggregator.errors import MailError
from aggregator.ingest.fetch.client import Fetcher
from aggregator.mail.messages import compose_mail
from aggregator.mail.smtp import mail_server
from aggregator.mail.smtp_session import send_mail
from aggregator.model import Alert, AlertMessage, Channel
from aggregator.overview.attention import attention
from aggregator.overview.health_reasons import Reason
from aggregator.overview.silent_rules import find_silent_rules, placement_dates
from aggregator.overview.source_states import source_health, source_states
from aggregator.store.base import Store

__all__ = ["AlertNotifier"]

RETRY_DELAYS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20))
LONGEST_RETRY_DELAY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
"""How long a message is tried; what it reports stays on the desk."""
PING_SPACING = timedelta(minutes=1)
SILENT_RULES_SPACING = timedelta(hours=1)
"""How often all placements are read, which takes seconds in a large archive."""
RUNS_LOOKED_AT = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotifier:
    """Alerts of a newsroom. `fetcher` calls the webhook and the ping address, whose addresses are
    in the `environment`, as is the login of the mail server."""

    config: Config
    store: Store
    fetcher: Fetcher
    environment: Mapping[str, str] = field(repr=False)

    # ---- checking

    def find_silent_rules(self, now: datetime) -> None:
        """Find the rules that have fallen silent, once an hour. It blocks for as long as reading
        all placements takes."""
        last = self.store.alerts.last_done("silent_rules")
        is_due = last is None or last > now or now - last >= SILENT_RULES_SPACING
        if is_due and not self.store.maintenance.incidents():
            dates = placement_dates(self.store, now)
            rules = find_silent_rules(self.config, self.store, dates, now)
            self.store.alerts.save_silent_rules(rules)
            self.store.alerts.record_done("silent_rules", now)

    def check(self, now: datetime) -> AlertChanges:
        """Store what has started and what is resolved, with the messages that report it.

        While the clock is wrong, so is the age of everything else: only that is reported.
        """
        config, store, options = self.config, self.store, self.config.alerts
        is_clock_wrong = bool(store.maintenance.incidents())
        states = source_states(config, source_health(config, store), now)
        reasons = attention(config, store, states, now)
        found = list(to_alerts(reasons, options.ignore, options.failing_after_seconds, now))
        current = store.alerts.current()
        if is_clock_wrong:
            found = [alert for alert in found if alert.kind == "clock"]
            current = [alert for alert in current if alert.kind == "clock"]
        else:
            closed, current = self._no_longer_watched(current, reasons, now)
            store.alerts.save(closed, [])
        changes = alert_changes(current, found, now)
        messages: list[AlertMessage] = []
        if changes.started or changes.resolved:
            words = AlertWords(site=config.site, names={s.id: s.name for s in config.all_sources})
            text, subject = words.text(changes), words.subject(changes)
            events = [words.values(alert) for alert in (*changes.started, *changes.resolved)]
            body = webhook_json(config.site, f"{subject}\n\n{text}", events)
            messages += self._messages(subject, text, body, now)
        store.alerts.save((*changes.started, *changes.lasting, *changes.resolved), messages)
        if not is_clock_wrong and self._is_summary_due(now):
            subject = f"[{config.site.title}] Weekly summary"
            text = weekly_summary(config, store, states, reasons, now)
            body = webhook_json(config.site, f"{subject}\n\n{text}")
            messages = [*self._messages(subject, text, body, now)]
            store.alerts.save((), messages, {"weekly_summary": now})
        return changes

    def _no_longer_watched(
        self, current: Sequence[Alert], reasons: Sequence[Reason], now: datetime
    ) -> tuple[list[Alert], list[Alert]]:
        """Current alerts that operators have switched off, by pausing or removing the source or in
        [alerts], as resolved without a word; and the others."""
        enabled = {source.id for source in self.config.sources}
        known = {*enabled, *self.store.sources.by_id()}
        failing = {reason.source for reason in reasons}
        options, closed, watched = self.config.alerts, [], []
        for alert in current:
            is_off = alert.kind in options.ignore
            is_off |= alert.subject in known and alert.subject not in enabled
            age = now - (alert.since or alert.started_at)
            is_young = age.total_seconds() < options.failing_after_seconds
            is_off |= alert.kind == "failing" and is_young and alert.subject in failing
            if is_off:
                closed.append(replace(alert, resolved_at=now))
            else:
                watched.append(alert)
        return closed, watched

    def _is_summary_due(self, now: datetime) -> bool:
        """True once a week; not in the first, of which there is little to say."""
        if not self.config.alerts.weekly_summary:
            return False
        last = self.store.alerts.last_done("weekly_summary")
        if last is None or last > now:
            self.store.alerts.record_done("weekly_summary", now)
            return False
        return last < due_since(now, self.config.site.timezone)

    def _messages(
        self, subject: str, text: str, body: str, now: datetime
    ) -> Iterable[AlertMessage]:
        for channel, recipient in self.recipients():
            yield AlertMessage(
                channel=channel,
                recipient=recipient,
                subject=subject,
                body=text if channel == "mail" else body,
                created_at=now,
                due_at=now,
            )

    def recipients(self) -> list[tuple[Channel, str]]:
        """The channels to which alerts go, with the addresses of mails."""
        mails: list[tuple[Channel, str]] = [("mail", each) for each in self.config.alerts.mail]
        return [*mails, ("webhook", "")] if self.config.alerts.webhook else mails

    # ---- delivering

    async def deliver(self, now: datetime) -> None:
        """Deliver the messages that are due, oldest first. No recipient waits for another one, and
        one who does not take a message is not asked to take the next at once."""
        known = self.recipients()
        waiting: dict[tuple[Channel, str], list[AlertMessage]] = {each: [] for each in known}
        for message in self.store.alerts.messages():
            recipient = (message.channel, message.recipient)
            if recipient not in waiting:  # no longer in feeds.toml
                self.store.alerts.remove(message.id)
            elif message.due_at <= now or message.created_at > now:
                waiting[recipient].append(message)
        await asyncio.gather(*(self._deliver(messages, now) for messages in waiting.values()))

    async def _deliver(self, messages: Sequence[AlertMessage], now: datetime) -> None:
        for message in messages:
            if error := await self.send(message):
                log.warning("alert_not_delivered", channel=message.channel, error=error)
                self._retry(message, error, now)
                return
            self.store.alerts.remove(message.id)

    def _retry(self, message: AlertMessage, error: str, now: datetime) -> None:
        if now - message.created_at > GIVE_UP_AFTER:
            log.warning("alert_given_up", channel=message.channel, subject=message.subject)
            self.store.alerts.remove(message.id)
            return
        delays = dict(enumerate(RETRY_DELAYS))
        delay = delays.get(message.attempts, LONGEST_RETRY_DELAY)
        self.store.alerts.retry(message.id, error, now + delay)

    async def send(self, message: AlertMessage) -> str:
        """Send a message; returns what went wrong, in a sentence, or ""."""
        if message.channel == "mail":
            return await self._send_mail(message)
        variable = self.config.alerts.webhook or ""
        headers = {"Content-Type": "application/json"}
        return await self._call("POST", variable, message.body.encode(), headers)

    async def _send_mail(self, message: AlertMessage) -> str:
        if self.config.mail is None:
            return "There is no [mail] in feeds.toml."
        try:
            server = mail_server(self.config.mail, self.environment)
            name = f"alert-{message.id}-{message.created_at:%Y%m%d%H%M%S}"
            mail = compose_mail(
                server.sender,
                message.recipient,
                message.subject,
                message.body,
                name,
                message.created_at,
            )
            await send_mail(server, mail)
        except MailError as error:
            return str(error)
        except Exception as error:  # alerts must not end the program
            log.exception("bug", channel="mail")
            return f"This is a bug in aggregator; please report it ({type(error).__name__})."
        return ""

    async def ping(self, now: datetime) -> str:
        """Call the ping address after a run that has fetched something; returns what went wrong.

        A service that expects these calls (a dead man's switch) reports when they stop.
        """
        variable = self.config.alerts.ping
        last = self.store.alerts.last_done("ping")
        if not variable or (last and now - last < PING_SPACING):
            return ""
        runs = self.store.statistics.runs(RUNS_LOOKED_AT)
        good = (run.started_at for run in runs if run.sources > len(run.failed))
        newest = next(good, None)
        if newest is None or (last and newest <= last):
            return ""
        error = await self.call_ping()
        if error:
            log.warning("ping_failed", error=error)
        else:
            self.store.alerts.record_done("ping", now)
        return error

    async def call_ping(self) -> str:
        """Call the ping address; returns what went wrong, in a sentence, or ""."""
        return await self._call("GET", self.config.alerts.ping or "")

    async def _call(
        self,
        method: str,
        variable: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        url = self.environment.get(variable, "")
        if not url:
            return f"The environment variable {variable} is not set."
        if not url.startswith(("http://", "https://")):
            return f"The environment variable {variable} is not an http or https address."
        reply = await self.fetcher.call(method, url, data=data, headers=headers)
        return reply.error.replace(url, "…")
