"""`hub`: who is told of changes, and who cannot be."""

from collections import Counter
from pathlib import Path

import click
from rich.markup import escape

from aggregator.cli.common import open_config
from aggregator.cli.tables import count_noun, format_time, print_table, table

__all__ = ["hub"]


@click.command()
@click.pass_obj
def hub(path: Path) -> None:
    """Show who subscribes to our feeds, and what cannot be delivered since when and why.

    Of a subscriber's callback only its host is shown: the rest may be a secret.
    """
    with open_config(path) as (config, store):
        subscribers, pings, waiting = store.subscribers(), store.pings(), store.intended()[0]
    if not (config.publish.hub or config.publish.hubs):
        click.echo('Nobody is told of changes; [publish] hub = "self" or hubs = […] does that.')
        return
    if config.publish.hub:
        counts = Counter(subscriber.topic for subscriber in subscribers)
        click.echo(
            f"{count_noun(len(subscribers), 'subscriber', 'subscribers')} of "
            f"{count_noun(len(counts), 'feed', 'feeds')}, {waiting} to be verified."
        )
        for topic, count in counts.most_common():
            click.echo(f"{count:6,}  {topic}")
    failing = [subscriber for subscriber in subscribers if subscriber.failing_since]
    if failing:
        listing = table("failing", "feed", "since", "tried again", "why")
        for one in failing:
            since, due = format_time(one.failing_since), format_time(one.due_at)
            listing.add_row(one.host, one.topic, since, due, escape(one.error))
        print_table(listing)
    for other in config.publish.hubs:
        owed = [ping for ping in pings if ping.hub == other]
        error = next((ping.error for ping in owed if ping.error), "")
        state = f"{count_noun(len(owed), 'feed', 'feeds')} to be told of" if owed else "knows all"
        click.echo(f"{other}: {state}{f' ({error})' if error else ''}")
