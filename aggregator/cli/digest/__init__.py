"""`digest`: what a digest looks like, who gets it, and what became of each mail.

preview      what goes out now, to nobody or to one address
outbox       send, status, resend, discard, bounces
subscribers  import, export, forget
"""

import click

from aggregator.cli.digest.outbox import bounces, discard, resend, send, status
from aggregator.cli.digest.preview import preview
from aggregator.cli.digest.subscribers import forget, subscribers
from aggregator.cli.options import CommandGroup

__all__ = ["digest"]


@click.group(cls=CommandGroup)
def digest() -> None:
    """Preview the digest, send it, and manage its subscribers."""


for command in (preview, send, status, resend, discard, bounces, subscribers, forget):
    digest.add_command(command)
