"""`digest send`, `status`, `resend` and `discard`: the mails on their way."""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import log_to_stderr, open_config
from aggregator.cli.digest.preview import compose_now, content_options
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, format_time, print_json, print_table, zone_note
from aggregator.config import Config
from aggregator.digest.bounces import read_bounces
from aggregator.digest.sender import open_digest_sender
from aggregator.digest.signed_links import open_link_signer
from aggregator.digest.trial import send_test
from aggregator.errors import CommandError
from aggregator.ingest.clock import monotonic_now
from aggregator.model import DigestMail, MailState, SubscriberState
from aggregator.store.base import Store

__all__ = ["bounces", "discard", "resend", "send", "status"]

ISSUES_SHOWN = 10
MAILS_SHOWN = 20
MAX_NUMBER = 2**63 - 1


@click.command()
@content_options
@click.option("--to", "address", help="Send one test mail, to this address only.")
@click.option("--dry-run", is_flag=True, help="Show what is due, and send nothing.")
@click.pass_obj
def send(
    path: Path, address: str | None, dry_run: bool, topics: Sequence[str], weekly: bool,
    language: str | None,
) -> None:  # fmt: skip
    """Send what is due now, once, as `run` does all the time; or a test to one address."""
    if not address and (topics or weekly or language):
        raise click.UsageError("--topic, --weekly and --language are for a test; add --to.")
    if address and dry_run:
        raise click.UsageError("--dry-run sends nothing, and --to sends a test: take one of them.")
    with open_config(path) as (config, store):
        if address:
            rendered = compose_now(config, store, topics, language, is_weekly=weekly)
            now = datetime.now(UTC)
            host = asyncio.run(send_test(config, rendered, address, os.environ, now))
            click.echo(
                f"{host} accepted the test to {address}. Its preferences and unsubscribe links "
                "lead to /digest."
            )
        elif dry_run:
            _show_due(store)
        else:
            _send_due(config, store)


def _show_due(store: Store) -> None:
    now = datetime.now(UTC)
    due, queued = store.digest_subscribers.due(now), store.digest.count_mails()
    click.echo(f"{count_noun(len(due), 'digest is', 'digests are')} due and not composed yet.")
    waiting = count_noun(queued.get(MailState.QUEUED, 0), "mail is", "mails are")
    click.echo(f"{waiting} queued.")
    if pause := store.digest.pause():
        click.echo(f"Nothing is sent until {format_time(pause.until)}: {pause.error}")


def _send_due(config: Config, store: Store) -> None:
    log_to_stderr()
    sender = open_digest_sender(config, store, os.environ)
    if sender is None:
        raise CommandError("There is no table [digest] in feeds.toml; add it, and [mail].")
    if config.mail is None:
        raise CommandError("There is no table [mail] in feeds.toml; add it, with host and sender.")
    monotonic_now(store, datetime.now(UTC))  # raises ClockError: nothing is due by a wrong clock
    with store.maintenance.lock("digest"):
        sent = asyncio.run(sender.run(lambda: datetime.now(UTC)))
    click.echo(
        f"{count_noun(sent.sent, 'mail', 'mails')} sent, {sent.failed:,} failed, "
        f"{sent.deferred:,} to be tried again, {sent.unknown:,} unknown."
    )
    if sent.error:
        raise CommandError(sent.error)
    if pause := store.digest.pause():
        raise CommandError(f"Nothing is sent until {format_time(pause.until)}: {pause.error}")


@click.command()
@json_option
@click.pass_obj
def status(path: Path, as_json: bool) -> None:
    """Show subscribers by state, the last issues, and mails that need you."""
    with open_config(path) as (config, store):
        values = _status(store)
        if as_json:
            print_json(values)
            return
        problems = _problems(store)
        pause = store.digest.pause()
    if config.digest is None:
        click.echo("There is no table [digest] in feeds.toml, so nothing is sent.")
    elif config.mail is None:
        click.echo("There is no table [mail] in feeds.toml, so nothing is sent.")
    counts = values["subscribers"]
    click.echo(
        f"{count_noun(counts['active'], 'subscriber', 'subscribers')}, "
        f"{counts['pending']:,} to be confirmed, {counts['suspended']:,} suspended after bounces."
    )
    if pause:
        since = format_time(pause.since)
        click.echo(f"The mail server has not worked since {since}: {pause.error}")
        click.echo(f"Next attempt: {format_time(pause.until)}.")
    issues = [
        (format_time(issue["until"]), issue["subject"], *(
            f"{issue['mails'].get(state, 0):,}" for state in ("sent", "queued", "failed", "unknown")
        ))
        for issue in values["issues"]
    ]  # fmt: skip
    if issues:
        rows = [(when, *numbers, subject) for when, subject, *numbers in issues]
        print_table(("until", "sent", "queued", "failed", "unknown", "subject"), *rows)
    if problems:
        click.echo()
        print_table(("mail", "state", "since", "why"), *problems)
        counts = values["mails"]
        click.echo(
            f"\n{counts.get('unknown', 0):,} unknown and {counts.get('failed', 0):,} failed mails. "
            "An unknown one may have arrived. `aggregator digest resend NUMBER` queues a mail "
            "again, `aggregator digest discard NUMBER` drops it; without a number, all unknown "
            "ones. `aggregator digest resend --failed` queues all failed ones."
        )
    click.echo(zone_note())


def _status(store: Store) -> dict[str, Any]:
    counts = store.digest_subscribers.counts()
    return {
        "subscribers": {state.value: counts.get(state, 0) for state in SubscriberState},
        "mails": {state.value: n for state, n in store.digest.count_mails().items()},
        "issues": [
            {
                "until": issue.until,
                "subject": issue.subject,
                "language": issue.language,
                "topics": issue.topics,
                "stories": len(issue.stories),
                "mails": {s.value: n for s, n in store.digest.count_mails(issue.id).items()},
            }
            for issue in store.digest.latest(ISSUES_SHOWN)
        ],
        "paused": (pause := store.digest.pause()) and pause.error,
    }


def _problems(store: Store) -> list[tuple[str, str, str, str]]:
    found: list[DigestMail] = []
    for state in (MailState.UNKNOWN, MailState.FAILED):
        found += store.digest.mails(state, MAILS_SHOWN)
    return [(str(m.id), m.state.value, format_time(m.changed_at), m.error) for m in found]


@click.command()
@click.pass_obj
def bounces(path: Path) -> None:
    """Read the mailbox for bounces now, as `run` does every five minutes."""
    with open_config(path) as (config, store), store.maintenance.lock("digest"):
        signer = open_link_signer(config.site.url, store)
        found = read_bounces(config, store, signer, os.environ, datetime.now(UTC))
    if found is None:
        raise CommandError(
            "There is no mailbox for bounces; set bounces and bounce_maildir, or bounce_imap, in "
            "the table [mail] of feeds.toml."
        )
    click.echo(
        f"{count_noun(found.messages, 'new message', 'new messages')}: {found.permanent:,} "
        f"permanent failures, {found.temporary:,} temporary ones."
    )


@click.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(1, MAX_NUMBER), metavar="[NUMBER]...")
@click.option("--failed", is_flag=True, help="Resend all failed mails instead of the unknown ones.")
@click.option("--yes", is_flag=True, help="Resend all unknown mails without asking.")
@click.pass_obj
def resend(path: Path, numbers: tuple[int, ...], failed: bool, yes: bool) -> None:
    """Queue unknown or failed mails again: those with these numbers, or all unknown ones.

    `run`, or `aggregator digest send`, sends them.
    """
    if numbers and failed:
        raise click.UsageError("Name mails by their numbers, or take --failed.")
    with open_config(path) as (_, store):
        unknown = store.digest.count_mails().get(MailState.UNKNOWN, 0)
        if unknown and not (numbers or failed or yes):
            mails = count_noun(unknown, "mail", "mails")
            click.confirm(
                f"Send {mails} once more? Anyone who has already received it will get it twice.",
                abort=True,
            )
        count = store.digest.resend(numbers or None, datetime.now(UTC), failed=failed)
    click.echo(f"{count_noun(count, 'mail is', 'mails are')} queued.")
    _refuse_others(numbers, count)


@click.command()
@click.argument("numbers", nargs=-1, type=click.IntRange(1, MAX_NUMBER), metavar="[NUMBER]...")
@click.pass_obj
def discard(path: Path, numbers: tuple[int, ...]) -> None:
    """Discard mails, so that they are never sent: those with these numbers, or all unknown ones."""
    with open_config(path) as (_, store):
        count = store.digest.discard(numbers or None, datetime.now(UTC))
    click.echo(f"{count_noun(count, 'mail is', 'mails are')} discarded.")
    _refuse_others(numbers, count)


def _refuse_others(numbers: Sequence[int], count: int) -> None:
    if numbers and count < len(set(numbers)):
        left = len(set(numbers)) - count
        mails = "mail was" if left == 1 else "mails were"
        raise CommandError(
            f"{left:,} {mails} not changed: already queued, sent or discarded, or there is no such "
            "mail."
        )
