"""What differs between two configurations, in sentences without values, which may be secrets."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from aggregator.config.loader import Config

__all__ = ["NEEDS_RESTART", "describe_changes"]

NEEDS_RESTART = frozenset(("publish.host", "publish.port", "storage.database"))
"""Keys that take effect when the program is started the next time."""
_OF_OTHER_TABLES = frozenset(
    ("credit_line", "has_digest", "has_search", "has_sign_up", "hubs", "ttl")
)
"""Fields of Site that come from [publish], [mail] and [digest], which are compared themselves."""


def describe_changes(before: Config, after: Config) -> list[str]:
    """Which sources, topics and other keys were added, removed or changed, in file order."""
    return [
        *_rows("source", _by_id(before.all_sources), _by_id(after.all_sources)),
        *_enabled(before, after),
        *_rows("topic", _by_id(before.topics), _by_id(after.topics)),
        *_keys("site", before.site, after.site, without=_OF_OTHER_TABLES),
        *_keys("fetch", before.fetch, after.fetch),
        *_keys("publish", before.publish, after.publish),
        *_storage(before, after),
        *_keys("mail", before.mail, after.mail),
        *_keys("digest", before.digest, after.digest),
        *_keys("alerts", before.alerts, after.alerts),
        *_keys("desk", before.desk, after.desk),
    ]


def _by_id(rows: Sequence[Any]) -> dict[str, Any]:
    return {row.id: row for row in rows}


def _rows(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    former = {was: row.id for row in after.values() for was in row.was}
    for id_ in before:
        if id_ in former and id_ not in after:
            yield f"{kind} {id_!r} is called {former[id_]!r} now"
        elif id_ not in after:
            yield f"{kind} {id_!r} removed"
    renamed = {new: old for old, new in former.items() if old in before}
    for id_, row in after.items():
        if id_ not in before and id_ not in renamed:
            yield f"{kind} {id_!r} added"
            continue
        keys = _changed_keys(before.get(id_) or before[renamed[id_]], row)
        if keys := [key for key in keys if key not in ("id", "was", "has_secret_address")]:
            yield f"{kind} {id_!r}: {', '.join(keys)}"


def _enabled(before: Config, after: Config) -> Iterator[str]:
    """Sources that are fetched no longer, or again."""
    was_enabled = {source.id for source in before.sources}
    is_enabled = {source.id for source in after.sources}
    for id_ in _by_id(before.all_sources):
        if id_ in _by_id(after.all_sources) and (id_ in was_enabled) != (id_ in is_enabled):
            yield f"source {id_!r}: {'paused' if id_ in was_enabled else 'fetched again'}"


def _keys(table: str, before: Any, after: Any, without: Collection[str] = ()) -> Iterator[str]:
    if before is None or after is None:  # an optional table
        if before is not after:
            yield f"[{table}] {'removed' if after is None else 'added'}"
    elif keys := [key for key in _changed_keys(before, after) if key not in without]:
        yield f"[{table}] {', '.join(keys)}{_hint(table, keys)}"


def _storage(before: Config, after: Config) -> Iterator[str]:
    keys = [key for key in ("database", "keep") if getattr(before, key) != getattr(after, key)]
    keys += ["pictures_mb"] if before.pictures_bytes != after.pictures_bytes else []
    if keys:
        yield f"[storage] {', '.join(keys)}{_hint('storage', keys)}"
    if before.window != after.window:
        yield "[stories] window"


def _hint(table: str, keys: Sequence[str]) -> str:
    late = [key for key in keys if f"{table}.{key}" in NEEDS_RESTART]
    return f" ({', '.join(late)}: after a restart)" if late else ""


def _changed_keys(before: Any, after: Any) -> list[str]:
    names = (
        [field.name for field in dataclasses.fields(after)]
        if dataclasses.is_dataclass(after)
        else list(type(after).model_fields)
    )
    return [name for name in names if getattr(before, name) != getattr(after, name)]
