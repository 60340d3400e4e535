"""`diff`: what an edited feeds.toml would change."""

import os
from pathlib import Path

import click

from aggregator.cli.options import NonEmptyPath, json_option
from aggregator.cli.tables import count_noun, print_json
from aggregator.cli.topic.preview import show_preview
from aggregator.config import Config, parse_config, read_config_file
from aggregator.config.changes import describe_changes
from aggregator.errors import CommandError, ConfigError
from aggregator.model import Topic
from aggregator.overview.topic_preview import TopicPreview, preview_topics
from aggregator.startup import load_config
from aggregator.store import open_read_only
from aggregator.store.base import Store

__all__ = ["diff"]


@click.command()
@click.argument(
    "file", type=NonEmptyPath(exists=True, dir_okay=False, path_type=Path), required=False,
    metavar="[FILE]",
)  # fmt: skip
@json_option
@click.pass_obj
def diff(path: Path, file: Path | None, as_json: bool) -> None:
    """Show what an edited feeds.toml, or another FILE, would change.

    It is compared with the version that is in force. For a topic whose rule is new or changed, the
    stored stories that the rule would add or remove are shown; rules place new stories only, and
    `aggregator topic apply` places stored ones. Nothing is changed.
    """
    after = load_config(path) if file is None else read_config_file(file, os.environ)
    with open_read_only(after.database if file is None else load_config(path).database) as store:
        before = _in_force(store, path)
        if store is None or before is None:
            raise CommandError(
                "No version of feeds.toml is in force yet; start `aggregator run` first."
            )
        changes = describe_changes(before, after)
        previews = _previews(store, before, after)
        if as_json:
            topics = {
                id_: {"now": each.current, "added": each.added, "removed": each.removed}
                for id_, each in previews.items()
            }
            print_json({"changes": changes, "topics": topics})
            return
        for change in changes or ["No setting differs."]:
            click.echo(change)
        for id_, preview in previews.items():
            current = count_noun(preview.current, "story", "stories")
            numbers = f"{preview.added:,} to add, {preview.removed:,} to remove"
            click.echo(f"\n{id_}: {current} now, {numbers}")
            show_preview(store, preview)


def _in_force(store: Store | None, path: Path) -> Config | None:
    version = store.config.current() if store else None
    try:
        return parse_config(version.text, path, os.environ) if version else None
    except ConfigError:
        return None


def _previews(store: Store, before: Config, after: Config) -> dict[str, TopicPreview]:
    """What rules that are new or changed would do to stored stories, by topic id."""
    known = {topic.id: _rule_of(topic) for topic in before.topics}
    changed = [
        topic
        for topic in after.topics
        if _rule_of(topic) not in [known.get(id_) for id_ in (topic.id, *topic.was)]
    ]
    return preview_topics(after, store, changed) if changed else {}


def _rule_of(topic: Topic) -> tuple[str, str]:
    return topic.match, topic.stem
