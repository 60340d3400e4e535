"""`topic`: try a rule, ask it why, file by it and by hand.

trying   test, apply: a rule against all that is stored
placing  explain, add, remove, reset: one story
learning learn, suggest: what topics learn from examples
"""

import click

from aggregator.cli.topic.learn import learn, suggest
from aggregator.cli.topic.overrides import add, explain, remove, reset
from aggregator.cli.topic.preview import apply, test

__all__ = ["topic"]


@click.group()
def topic() -> None:
    """Try a topic's rule, ask it why, and file stored stories by it or by hand."""


for command in (test, apply, explain, add, remove, reset, learn, suggest):
    topic.add_command(command)
