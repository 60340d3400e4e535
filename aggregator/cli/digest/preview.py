"""`digest preview`: what somebody would get now."""

import tempfile
import webbrowser
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config, select_topics
from aggregator.config import Config
from aggregator.digest.trial import digest_of_now
from aggregator.model import DigestFrequency, DigestPreferences
from aggregator.render.digest_mail import RenderedDigest
from aggregator.render.interface import languages
from aggregator.store.base import Store

__all__ = ["compose_now", "content_options", "preview"]


def content_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that choose what is in a digest."""
    for option in (
        click.option("--topic", "topics", multiple=True, help="Only this topic; may be repeated."),
        click.option(
            "--weekly", is_flag=True, help="Stories of the last seven days, instead of one."
        ),
        click.option(
            "--language",
            type=click.Choice(sorted(languages())),
            help="Language of the digest's own words; by default, that of the site.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@content_options
@click.option("--text", "is_text", is_flag=True, help="Print the text part instead of HTML.")
@click.option("--open", "is_opened", is_flag=True, help="Open it in a browser.")
@click.pass_obj
def preview(
    path: Path, topics: Sequence[str], weekly: bool, language: str | None, is_text: bool,
    is_opened: bool,
) -> None:  # fmt: skip
    """Print the digest that somebody would get now, or open it.

    Its preferences and unsubscribe links lead to /digest.
    """
    with open_config(path) as (config, store):
        rendered = compose_now(config, store, topics, language, is_weekly=weekly)
    if not is_opened:
        click.echo(rendered.text if is_text else rendered.html)
        return
    suffix = ".txt" if is_text else ".html"
    with tempfile.NamedTemporaryFile("w", suffix=suffix, delete=False, encoding="utf-8") as file:
        file.write(rendered.text if is_text else rendered.html)
    click.echo(f"Subject: {rendered.subject}\n{file.name}")
    webbrowser.open(Path(file.name).as_uri())


def compose_now(
    config: Config,
    store: Store,
    topics: Sequence[str],
    language: str | None,
    *,
    is_weekly: bool,
) -> RenderedDigest:
    """The digest of now with these options. Raises CommandError if there is nothing."""
    select_topics(config, topics)
    frequency: DigestFrequency = "weekly" if is_weekly else "daily"
    preferences = DigestPreferences(
        topics=tuple(topics) or None,
        frequency=frequency,
        timezone=config.site.timezone,
        language=language or config.site.language,
    )
    return digest_of_now(config, store, preferences, datetime.now(UTC))
