"""`alerts`: what operators were alerted of, and whether alerts arrive."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.alerts.notifier import AlertNotifier
from aggregator.alerts.wording import AlertWords, webhook_json
from aggregator.cli.common import open_config
from aggregator.cli.options import json_option
from aggregator.cli.tables import show_rows
from aggregator.config import Config
from aggregator.errors import CommandError
from aggregator.model import AlertMessage
from aggregator.notifiers import open_alert_notifier
from aggregator.store.base import Store

__all__ = ["alerts"]


@click.command()
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Alerts to show."
)
@click.option("--test", "is_test", is_flag=True, help="Send a test alert over every channel.")
@json_option
@click.pass_obj
def alerts(path: Path, limit: int, *, is_test: bool, as_json: bool) -> None:
    """Show the alerts that operators got, or with --test send a test.

    [alerts] in feeds.toml says who gets alerts. --test sends one to each address and to the
    webhook, calls the ping address, and says for each whether that worked; if not, the exit code
    is 2.
    """
    with open_config(path) as (config, store):
        if is_test:
            _test(config, store)
            return
        words = AlertWords(site=config.site, names={s.id: s.name for s in config.all_sources})
        rows = [
            {
                "what": words.title(alert),
                "since": alert.since or alert.started_at,
                "resolved": alert.resolved_at,
                "why": alert.sentence,
            }
            for alert in store.alerts.latest(limit)
        ]
    empty = "There have been no alerts yet."
    show_rows(rows, as_json=as_json, empty=empty, now=datetime.now(UTC))


def _test(config: Config, store: Store) -> None:
    async def send() -> dict[str, str]:
        async with open_alert_notifier(config, store) as notifier:
            return {name: await notifier.send(message) for name, message in _messages(notifier)} | (
                {"the ping address": await notifier.call_ping()} if config.alerts.ping else {}
            )

    results = asyncio.run(send())
    if not results:
        raise CommandError(
            "No one gets alerts: set mail, webhook or ping in the table [alerts] of feeds.toml."
        )
    for name, error in results.items():
        click.echo(f"{name}: {error or 'sent.'}")
    if any(results.values()):
        raise CommandError("Not every test alert was delivered.")


def _messages(notifier: AlertNotifier) -> list[tuple[str, AlertMessage]]:
    site, now = notifier.config.site, datetime.now(UTC)
    subject = f"[{site.title}] Test alert"
    text = f"This is a test: alerts from {site.title} ({site.url}) arrive here.\n"
    return [
        (
            recipient or "the webhook",
            AlertMessage(
                channel=channel,
                recipient=recipient,
                subject=subject,
                body=text if channel == "mail" else webhook_json(site, text),
                created_at=now,
                due_at=now,
            ),
        )
        for channel, recipient in notifier.recipients()
    ]
