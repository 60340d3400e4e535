"""`hub`: the subscribers of our feeds, and deliveries that fail."""

from collections import Counter
from pathlib import Path

import click

from aggregator.cli.common import open_config
from aggregator.cli.tables import count_noun, format_time, print_table

__all__ = ["hub"]


@click.command()
@click.pass_obj
def hub(path: Path) -> None:
    """Show the subscribers of our feeds, and failing deliveries.

    Only the host of a subscriber's callback is shown, since the rest may be a secret.
    """
    with open_config(path) as (config, store):
        subscribers, pings = store.hub.subscribers(), store.hub.pings()
        pending, _ = store.hub.count_requests()
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
