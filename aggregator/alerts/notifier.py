"""Check what needs operators, queue messages that report it, and deliver them.

attention --to_alerts--> alerts --alert_changes--> messages --deliver--> mail, webhook
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from aggregator.alerts.events import AlertChanges, alert_changes, to_alerts
from aggregator.alerts.weekly import due_since, weekly_summary
from aggregator.alerts.wording import AlertWords, webhook_json
from aggregator.config import Config
from aggregator.errors import MailError
from aggregator.ingest.fetch.client import Fetcher
from aggregator.mail.smtp import compose_mail, mail_server, send_mail
from aggregator.model import AlertMessage, Channel
from aggregator.overview.attention import attention
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
        if last is None or now - last >= SILENT_RULES_SPACING:
            dates = placement_dates(self.store, now)
            rules = find_silent_rules(self.config, self.store, dates, now)
            self.store.alerts.save_silent_rules(rules)
            self.store.alerts.record_done("silent_rules", now)

    def check(self, now: datetime) -> AlertChanges:
        """Store what has started and what is resolved, with the messages that report it."""
        config, store, options = self.config, self.store, self.config.alerts
        states = source_states(config, source_health(config, store), now)
        reasons = attention(config, store, states, now)
        found = list(to_alerts(reasons, options.ignore, options.failing_after_seconds, now))
        current = store.alerts.current()
        if store.maintenance.incidents():  # the clock is wrong, and with it the age of all others
            others = (alert for alert in current if alert.kind != "clock")
            found = [*(alert for alert in found if alert.kind == "clock"), *others]
        changes = alert_changes(current, found, now)
        messages: list[AlertMessage] = []
        if changes.started or changes.resolved:
            words = AlertWords(site=config.site, names={s.id: s.name for s in config.all_sources})
            text, subject = words.text(changes), words.subject(changes)
            events = [words.values(alert) for alert in (*changes.started, *changes.resolved)]
            body = webhook_json(config.site, f"{subject}\n\n{text}", events)
            messages += self._messages(subject, text, body, now)
        store.alerts.save((*changes.started, *changes.lasting, *changes.resolved), messages)
        if self._is_summary_due(now):
            subject = f"[{config.site.title}] Weekly summary"
            text = weekly_summary(config, store, states, reasons, now)
            body = webhook_json(config.site, f"{subject}\n\n{text}")
            messages = [*self._messages(subject, text, body, now)]
            store.alerts.save((), messages, {"weekly_summary": now})
        return changes

    def _is_summary_due(self, now: datetime) -> bool:
        """True once a week; not in the first, of which there is little to say."""
        if not self.config.alerts.weekly_summary:
            return False
        last = self.store.alerts.last_done("weekly_summary")
        if last is None:
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
        """Deliver the messages that are due, oldest first."""
        alerts, known = self.store.alerts, self.recipients()
        for message in alerts.messages():
            if (message.channel, message.recipient) not in known:  # no longer in feeds.toml
                alerts.remove(message.id)
            elif message.due_at <= now:
                if error := await self.send(message):
                    log.warning("alert_not_delivered", channel=message.channel, error=error)
                    self._retry(message, error, now)
                else:
                    alerts.remove(message.id)

    def _retry(self, message: AlertMessage, error: str, now: datetime) -> None:
        if now - message.created_at > GIVE_UP_AFTER:
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
                server, message.recipient, message.subject, message.body, name, message.created_at
            )
            await send_mail(server, mail)
        except MailError as error:
            return str(error)
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
