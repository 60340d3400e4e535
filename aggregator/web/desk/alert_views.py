"""Alerts: what operators were told, as a page and as a feed for any reader."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response

from aggregator.alerts.wording import AlertWords
from aggregator.model import Alert
from aggregator.render.plain_feed import PlainItem, render_plain_atom
from aggregator.web.desk.page import Desk

__all__ = ["ALERT_ROUTES", "AlertViews"]

MAX_ALERTS_SHOWN = 100

ALERT_ROUTES = (
    ("GET", "/alerts", "alerts"),
    ("GET", "/alerts.atom", "alerts_feed"),
)  # fmt: skip
"""Method, path and name of each view."""


@dataclass(frozen=True, slots=True)
class AlertViews:
    """Alerts."""

    desk: Desk

    @property
    def _words(self) -> AlertWords:
        config = self.desk.config
        return AlertWords(site=config.site, names={s.id: s.name for s in config.all_sources})

    def alerts(self) -> Response:
        """The newest alerts, and who gets them."""
        found, options = self.desk.store.alerts.latest(MAX_ALERTS_SHOWN), self.desk.config.alerts
        return self.desk.page(
            "alerts.html",
            alerts=[(alert, self._words.title(alert)) for alert in found],
            waiting=self.desk.store.alerts.messages(),
            options=options,
        )

    def alerts_feed(self) -> Response:
        """The same as an Atom feed, for whoever shows a token: an entry when an alert starts, and
        another one when it is resolved."""
        site, words = self.desk.config.site, self._words
        found = self.desk.store.alerts.latest(MAX_ALERTS_SHOWN)
        items = [item for alert in found for item in _items(words, alert, site.url)]
        items.sort(key=lambda item: item.updated, reverse=True)
        body = render_plain_atom(
            f"{site.url}/desk/alerts", f"{site.title}: alerts", f"{site.url}/desk/alerts",
            items, self.desk.config.changed_at,
        )  # fmt: skip
        return Response(body, content_type="application/atom+xml; charset=utf-8")


def _items(words: AlertWords, alert: Alert, site_url: str) -> Iterator[PlainItem]:
    id_ = f"{site_url}/desk/alerts#{alert.id}"
    since = alert.since or alert.started_at
    text = f"Since {words.time(since)}. {alert.sentence}"
    if alert.resolved_at:
        yield PlainItem(
            id=f"{id_}-resolved", title=f"Resolved: {words.title(alert)}", text=text,
            url=words.url(alert), updated=alert.resolved_at,
        )  # fmt: skip
    yield PlainItem(
        id=id_, title=words.title(alert), text=text, url=words.url(alert), updated=alert.started_at
    )
