"""`hub`: the subscribers of our feeds, and deliveries that fail."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import open_config
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, format_time, print_json, print_table
from aggregator.model import HubPing, Subscriber

__all__ = ["hub"]


@click.command()
@json_option
@click.pass_obj
def hub(path: Path, as_json: bool) -> None:
    """Show the subscribers of our feeds, and failing deliveries.

    Only the host of a subscriber's callback is shown, since the rest may be a secret.
    """
    with open_config(path) as (config, store):
        subscribers, pings = store.hub.subscribers(), store.hub.pings()
        pending, _ = store.hub.count_requests()
    if as_json:
        print_json(_as_json(subscribers, pings, pending))
        return
    if not (config.publish.hub or config.publish.hubs):
        click.echo(
            'No hub is configured; set [publish] hub = "self" or hubs = […] to notify subscribers.'
        )
        return
    if config.publish.hub:
        counts = Counter(subscriber.topic for subscriber in subscribers)
        click.echo(
            f"{count_noun(len(subscribers), 'subscriber', 'subscribers')} of "
            f"{count_noun(len(counts), 'feed', 'feeds')}, {pending} to be verified."
        )
        for topic, count in counts.most_common():
            click.echo(f"{count:6,}  {topic}")
    failing = [subscriber for subscriber in subscribers if subscriber.failing_since]
    if failing:
        rows = [
            (
                each.host,
                each.topic,
                format_time(each.failing_since),
                format_time(each.due_at),
                each.error,
            )
            for each in failing
        ]
        print_table(("failing", "feed", "since", "next attempt", "why"), *rows)
    for other in config.publish.hubs:
        due_pings = [ping for ping in pings if ping.hub == other]
        error = next((ping.error for ping in due_pings if ping.error), "")
        number = count_noun(len(due_pings), "ping", "pings")
        state = f"{number} due" if due_pings else "up to date"
        click.echo(f"{other}: {state}{f' ({error})' if error else ''}")


def _as_json(
    subscribers: Sequence[Subscriber], pings: Sequence[HubPing], pending: int
) -> dict[str, Any]:
    return {
        "subscribers": [
            {
                "host": each.host,
                "feed": each.topic,
                "failing_since": each.failing_since,
                "next_attempt": each.due_at,
                "error": each.error or None,
            }
            for each in subscribers
        ],
        "to_be_verified": pending,
        "pings": [
            {"hub": each.hub, "feed": each.feed_url, "error": each.error or None} for each in pings
        ],
    }
