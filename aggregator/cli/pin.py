"""`pin`, `unpin` and `pinned`: stories at the top of the home page or of a topic."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from aggregator.cli.common import open_config, select_topics
from aggregator.cli.completion import complete_topic
from aggregator.cli.options import json_option
from aggregator.cli.tables import show_rows
from aggregator.config import Config
from aggregator.errors import CommandError
from aggregator.overview.story_lookup import find_story, story_id_from
from aggregator.text.midnight import midnight

__all__ = ["pin", "pinned", "unpin"]

TOPIC_OPTION = click.option(
    "--topic", metavar="ID", shell_complete=complete_topic, help="Topic, instead of the home page."
)


@click.command()
@click.argument("story", metavar="STORY")
@TOPIC_OPTION
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Last day, such as 2026-12-24, in the time zone of the site; without it, until `unpin`.",
)
@click.pass_obj
def pin(path: Path, story: str, topic: str | None, until: datetime | None) -> None:
    """Put a story at the top of the home page, or of a topic.

    STORY is the id or address of the story, the address of its article at the outlet, or words from
    its title.

    The home page has one lead, and a new pin replaces it; a
    topic may have several pinned stories. Feeds do not change.
    """
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        found = find_story(store, story)
        if topic is not None:
            select_topics(config, [topic])
            if topic not in found.topics:
                raise CommandError(
                    f"The story {found.id!r} is not in the topic {topic!r}; "
                    f"`aggregator topic add {topic} {found.id}` puts it there."
                )
        ends_at = (
            midnight(until.date() + timedelta(days=1), config.site.timezone) if until else None
        )
        if ends_at and ends_at <= now:
            raise click.UsageError(f"--until {until:%Y-%m-%d} is in the past")
        store.calendar.pin(found.id, topic or "", ends_at, now)
    where = f"the top of {topic}" if topic else "the lead of the home page"
    since = f" until the end of {until:%Y-%m-%d}" if until else ""
    click.echo(f"{found.id}: {where}{since}: {found.lead.title}")


def _last_day(ends_at: datetime | None, config: Config) -> str:
    """The day that ends at a midnight in the time zone of the site."""
    if ends_at is None:
        return ""
    local = (ends_at - timedelta(seconds=1)).astimezone(ZoneInfo(config.site.timezone))
    return f"{local:%Y-%m-%d}"


@click.command()
@click.argument("story", metavar="STORY")
@click.option(
    "--topic", metavar="ID", shell_complete=complete_topic, help="Only from the top of this topic."
)
@click.pass_obj
def unpin(path: Path, story: str, topic: str | None) -> None:
    """Undo `pin`, everywhere or in one topic."""
    id_ = story_id_from(story)
    with open_config(path) as (_, store):
        removed = store.calendar.unpin(id_, datetime.now(UTC), topic)
    if not removed:
        raise CommandError(
            f"The story {id_!r} is not pinned{' there' if topic else ''}; "
            "`aggregator pinned` lists those that are."
        )
    click.echo(f"{id_}: no longer pinned")


@click.command()
@json_option
@click.pass_obj
def pinned(path: Path, as_json: bool) -> None:
    """List the stories that are pinned, where and until when."""
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        found = store.calendar.pins()
    rows = [
        {
            "story": each.story,
            "where": each.topic or "(home page)",
            "until": _last_day(each.until, config) if each.is_current(now) else "ended",
            "title": each.title,
        }
        for each in found
    ]
    show_rows(rows, as_json=as_json, empty="No story is pinned.")
