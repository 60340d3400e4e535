"""The words of alerts: mails, and JSON for webhooks."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aggregator.alerts.events import AlertChanges
from aggregator.model import Alert, AlertKind, Site

__all__ = ["AlertWords", "webhook_json"]

MAX_ALERTS_SHOWN = 30
"""Alerts written out in one message."""
_TITLES: Mapping[AlertKind, str] = {
    "failing": "{name} cannot be fetched",
    "quiet": "{name} has gone quiet",
    "held": "New articles from {name} are held",
    "silent_rule": "A rule has fallen silent: {name}",
    "disk": "The disk is nearly full",
    "stale": "Nothing is being fetched",
    "config": "feeds.toml has problems",
    "clock": "The clock seems to be wrong",
    "undelivered": "Not delivered: {name}",
    "bug": "The program has a bug",
    "digest": "Digest: {name}",
}
_DIGEST_NAMES = {
    "no mail server": "there is no mail server",
    "bounces": "bounces cannot be read",
    "mail server": "the mail server does not work",
    "overdue": "digests are overdue",
    "unknown": "mails may not have arrived",
    "refused": "the mail server refuses most mails",
}
"""What is wrong with it, by the subject of the reason."""
_PAGES: Mapping[AlertKind, str] = {
    "failing": "sources/{id}", "quiet": "sources/{id}", "held": "held", "silent_rule": "topics",
    "config": "file", "digest": "digest",
}  # fmt: skip
"""The page of the desk that says more."""
_GROUP_MENTION = re.compile(r"@(?=(?:all|channel|everyone|here)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWords:
    """Words for a site; `names` are those of sources by id."""

    site: Site
    names: Mapping[str, str]

    def title(self, alert: Alert) -> str:
        """What it is, in a few words."""
        names = _DIGEST_NAMES if alert.kind == "digest" else self.names
        return _TITLES[alert.kind].format(name=names.get(alert.subject, alert.subject))

    def url(self, alert: Alert) -> str:
        """The page of the desk that says more."""
        page = _PAGES.get(alert.kind, "").format(id=quote(alert.subject, safe=""))
        return f"{self.site.url}/desk/{page}"

    def time(self, moment: datetime) -> str:
        """A time in the time zone of the site."""
        return f"{moment.astimezone(ZoneInfo(self.site.timezone)):%Y-%m-%d %H:%M %Z}"

    def subject(self, changes: AlertChanges) -> str:
        """The subject of a mail."""
        started, resolved = len(changes.started), len(changes.resolved)
        parts = []
        if started:
            is_one = started == 1
            parts.append(self.title(changes.started[0]) if is_one else f"{started:,} new problems")
        if resolved:
            is_one = resolved == 1 and not started
            parts.append(
                f"Resolved: {self.title(changes.resolved[0])}"
                if is_one
                else f"{resolved:,} resolved"
            )
        return f"[{self.site.title}] {', '.join(parts)}"

    def text(self, changes: AlertChanges) -> str:
        """A plain text: what has started, then what is resolved."""
        alerts = (*changes.started, *changes.resolved)
        parts = [self._paragraph(alert) for alert in alerts[:MAX_ALERTS_SHOWN]]
        if len(alerts) > MAX_ALERTS_SHOWN:
            parts.append(f"And {len(alerts) - MAX_ALERTS_SHOWN:,} more.")
        return "\n\n".join([*parts, f"More at the desk: {self.site.url}/desk/\n"])

    def _paragraph(self, alert: Alert) -> str:
        since = alert.since or alert.started_at
        if alert.resolved_at:
            return f"Resolved: {self.title(alert)}\nIt began on {self.time(since)}."
        lines = (self.title(alert), f"Since {self.time(since)}. {alert.sentence}", self.url(alert))
        return "\n".join(lines)

    def values(self, alert: Alert) -> dict[str, Any]:
        """An alert as JSON."""
        return {
            "event": "resolved" if alert.resolved_at else "started",
            "kind": alert.kind,
            "subject": alert.subject,
            "title": self.title(alert),
            "sentence": alert.sentence,
            "since": (alert.since or alert.started_at).isoformat(),
            "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
            "url": self.url(alert),
        }


def webhook_json(site: Site, text: str, events: Sequence[Mapping[str, Any]] = ()) -> str:
    """A message for a webhook. Slack and Mattermost show `text`, in which nothing that an outlet
    wrote is a link, a mention or markup to them; other programs read `events`."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, entity)
    body = {
        "text": _GROUP_MENTION.sub("@\N{ZERO WIDTH SPACE}", text),
        "site": {"title": site.title, "url": site.url},
        "events": events[:],
    }
    return json.dumps(body, ensure_ascii=False)
