"""What a shell offers after TAB: ids of sources and topics, and keys, as feeds.toml has them."""

import tomllib
from pathlib import Path

import click
from click.shell_completion import CompletionItem

__all__ = ["complete_either", "complete_key", "complete_source", "complete_topic"]


def complete_source(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of sources, with their names."""
    return _ids(ctx, param, "source", incomplete)


def complete_topic(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of topics, with their titles."""
    return _ids(ctx, param, "topic", incomplete)


def complete_either(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of sources and topics."""
    return _ids(ctx, param, "source", incomplete) + _ids(ctx, param, "topic", incomplete)


def complete_key(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Keys of a source."""
    from aggregator.config.schema import SourceTable

    return [CompletionItem(key) for key in SourceTable.model_fields if key.startswith(incomplete)]


def _ids(
    ctx: click.Context, param: click.Parameter, section: str, incomplete: str
) -> list[CompletionItem]:
    """Nothing if the file is missing or broken: a shell has no place for an error."""
    path = ctx.find_root().params.get("path") or Path("feeds.toml")
    try:
        rows = tomllib.loads(Path(path).read_text())[section]
        names = {row["id"]: row.get("name") or row.get("title") or "" for row in rows}
        given = ctx.params.get(param.name or "") or ()
        return [
            CompletionItem(id_, help=name)
            for id_, name in names.items()
            if id_.startswith(incomplete) and id_ not in given
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
