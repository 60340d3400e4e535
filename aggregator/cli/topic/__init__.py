"""`topic`: try a rule, explain it, and place stories by rules or by hand.

preview    test, apply: rules against all stored stories
overrides  explain, add, remove, reset: one story
learn      learn, suggest: topics that learn from examples
"""

import click

from aggregator.cli.options import CommandGroup
from aggregator.cli.topic.learn import learn, suggest
from aggregator.cli.topic.overrides import add, explain, remove, reset
from aggregator.cli.topic.preview import apply, test

__all__ = ["topic"]


@click.group(cls=CommandGroup)
def topic() -> None:
    """Try, explain and apply a topic's rule, or place stories by hand."""


for command in (test, apply, explain, add, remove, reset, learn, suggest):
    topic.add_command(command)
