"""`topic learn` and `topic suggest`: what topics learn from examples."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config, select_topics
from aggregator.cli.tables import count_noun, format_time
from aggregator.errors import MissingExtra
from aggregator.ingest.learners import has_learning_libraries, is_training_due, learning_topics

__all__ = ["learn", "suggest"]


@click.command()
@click.option("--again", is_flag=True, help="Learn anew, whether or not anything has changed.")
@click.pass_obj
def learn(path: Path, again: bool) -> None:
    """Learn from examples, and judge what has come in since.

    Topics with learn = "suggest" or "place" learn from the stories that operators, rules, outlets
    and their categories have filed. `aggregator run` does this by itself, when an operator has
    said something, when settings have changed, and once a day.
    """
    with open_config(path) as (config, store):
        now = datetime.now(UTC)
        if not learning_topics(config.topics):
            click.echo('No topic learns; give one learn = "suggest" or "place".')
            return
        if not has_learning_libraries():
            raise MissingExtra
        from aggregator.ingest import relearn

        due = again or is_training_due(store, config.topics, now)
        act = relearn.learn if due else relearn.judge
        done = act(store, config.topics, now)
        if done is None:
            click.echo("There are too few examples; file some stories by hand or by a rule.")
            return
        suggested, filed = done
        model = store.learned()
        click.echo(
            f"version {model.version} of {model.trained_at:%Y-%m-%d %H:%M}: "
            f"{count_noun(suggested, 'story', 'stories')} suggested, {filed} filed"
        )


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.pass_obj
def suggest(path: Path, id_: str, limit: int) -> None:
    """Show stories that look like those of a topic, the likest first.

    `topic add` and `topic remove` say whether they belong there; either way the topic learns.
    """
    with open_config(path) as (config, store):
        (listed,) = select_topics(config, [id_])
        if listed.learn == "off":
            raise click.UsageError(f'the topic {id_!r} does not learn; give it learn = "suggest"')
        found = store.suggestions(id_, limit)
        told = store.told_in([one.lead_entry_id for one in found])
        for one in found:
            if story := told.get(one.lead_entry_id):
                click.echo(f"{story.id}  {story.lead.source}: {story.lead.title}")
                click.echo(f"{'':18}{one.reason}")
        if not found:
            made = store.learned().trained_at
            since = (
                f"what was learned at {format_time(made)}" if made else "nothing was learned yet"
            )
            click.echo(f"Nothing is suggested ({since}; `aggregator topic learn` learns anew).")
