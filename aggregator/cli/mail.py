"""`mail`: whether the mail server takes our mail."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.options import CommandGroup
from aggregator.config_watch import current_config
from aggregator.errors import CommandError
from aggregator.mail.messages import compose_mail
from aggregator.mail.smtp import mail_server
from aggregator.mail.smtp_session import send_mail

__all__ = ["mail"]


@click.group(cls=CommandGroup)
def mail() -> None:
    """Try the mail server of feeds.toml.

    The table [mail] names the server, and the environment variables with its user name and
    password.
    """


@mail.command()
@click.argument("address")
@click.pass_obj
def test(path: Path, address: str) -> None:
    """Send a test mail to an address, and say whether the server accepted it."""
    if "@" not in address or not address.isprintable() or set(address) & set(" <>,;"):
        raise click.UsageError(f"{address!r} is not a mail address.")
    config, _ = current_config(path)
    if config.mail is None:
        raise CommandError("There is no table [mail] in feeds.toml; add it, with host and sender.")
    server, now = mail_server(config.mail, os.environ), datetime.now(UTC)
    text = f"This is a test: {config.site.title} ({config.site.url}) can send mail.\n"
    name = f"test-{now:%Y%m%d%H%M%S%f}"
    subject = f"[{config.site.title}] Test mail"
    asyncio.run(send_mail(server, compose_mail(server.sender, address, subject, text, name, now)))
    click.echo(f"{server.host} accepted the mail to {address}; check whether it arrives.")
