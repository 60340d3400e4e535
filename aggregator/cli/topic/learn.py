"""`topic learn` and `topic suggest`: topics that learn from examples."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config, select_topics
from aggregator.cli.completion import complete_topic
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, format_time, print_json
from aggregator.errors import CommandError, MissingExtra
from aggregator.ingest.learning import has_learning_libraries, is_training_due, learning_topics

__all__ = ["learn", "suggest"]


@click.command()
@click.option("--again", is_flag=True, help="Train again even if nothing has changed.")
@click.pass_obj
def learn(path: Path, again: bool) -> None:
    """Train topics on examples, and score new stories.

    Topics with learn = "suggest" or "place" learn from the stories that operators, rules, sources
    and their categories have placed. `aggregator run` does this by itself: after an operator's
    decision, after a change of settings, and once a day.
    """
    with open_config(path) as (config, store):
        now = datetime.now(UTC)
        if not learning_topics(config.topics):
            click.echo('No topic learns; set learn = "suggest" or "place" for one.')
            return
        if not has_learning_libraries():
            raise MissingExtra
        from aggregator.ingest import relearn
        from aggregator.ingest.categorize.learned.train import MIN_EXAMPLES

        is_due = again or is_training_due(store, config.topics, now)
        step = relearn.learn if is_due else relearn.score
        done = step(store, config.topics, now)
        if done is None:
            click.echo(
                "There are too few examples: a topic learns from at least "
                f"{MIN_EXAMPLES} stories in it and as many outside it. Place some by hand "
                "(`aggregator topic add`) or by a rule."
            )
            return
        suggested, placed = done
        model = store.learning.model_info()
        click.echo(
            f"version {model.version} of {format_time(model.trained_at)}: "
            f"{count_noun(suggested, 'story', 'stories')} suggested, {placed} placed"
        )


@click.command()
@click.argument("id_", metavar="ID", shell_complete=complete_topic)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Stories to show."
)
@json_option
@click.pass_obj
def suggest(path: Path, id_: str, limit: int, as_json: bool) -> None:
    """Show stories that look like those of a topic, most likely first.

    `topic add` and `topic remove` decide whether they belong there; either way the topic learns.
    """
    with open_config(path) as (config, store):
        (topic,) = select_topics(config, [id_])
        if topic.learn == "off":
            raise CommandError(f'The topic {id_!r} does not learn; set learn = "suggest" for it.')
        suggestions = store.learning.suggestions(id_, limit)
        leads = [suggestion.lead_entry_id for suggestion in suggestions]
        stories = store.entries.stories(leads)
        if as_json:
            found = [(each, stories.get(each.lead_entry_id)) for each in suggestions]
            print_json(
                [
                    {
                        "id": story.id,
                        "source": story.lead.source,
                        "title": story.lead.title,
                        "reason": each.reason,
                    }
                    for each, story in found
                    if story
                ]
            )
            return
        for suggestion in suggestions:
            if story := stories.get(suggestion.lead_entry_id):
                click.echo(f"{story.id}  {story.lead.source}: {story.lead.title}")
                click.echo(f"{'':18}{suggestion.reason}")
        if not suggestions:
            trained_at = store.learning.model_info().trained_at
            click.echo(
                f"Nothing is suggested (trained at {format_time(trained_at)}; "
                "`aggregator topic learn` trains again)."
                if trained_at
                else "Nothing is suggested (not trained yet; `aggregator topic learn` trains, or "
                "says what is missing)."
            )
