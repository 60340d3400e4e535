"""feeds.toml and the environment become a Config, or a list of everything wrong with it.

    text --tomllib--> tables --pydantic--> FeedsFile --resolve--> Config (model nouns)

`read` raises ConfigError with all problems at once, each with its line and key; nothing is
started with half a configuration.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aggregator.config import validation
from aggregator.config.locations import KeyLocations
from aggregator.config.schema import (
    DefaultsTable,
    FeedsFile,
    FetchTable,
    PublishTable,
    SourceTable,
    main_language,
    seconds,
)
from aggregator.errors import ConfigError, ConfigIssue
from aggregator.model import Share, Site, Source, Topic

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

__all__ = ["Config", "parse", "read", "schema"]

# ---- the result --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A checked feeds.toml. `sources` are the enabled ones, `all_sources` those listed."""

    path: Path
    changed: datetime
    """When the file was last written; what is published may have changed with it."""
    database: Path
    keep: int
    """Seconds after which a story is taken out; 0 for never."""
    window: int
    """Seconds; articles published further apart are not compared by their words."""
    site: Site
    fetch: FetchTable
    publish: PublishTable
    sources: tuple[Source, ...]
    all_sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    warnings: tuple[ConfigIssue, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where the rule of each topic stands."""


def read(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and check a feeds.toml.

    The environment is asked for AGGREGATOR_DATABASE, and whether the secrets that sources
    name are set (a missing one is a warning: it costs only that source).
    Raises ConfigError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError as error:
        raise ConfigError(str(path), [validation.missing_file()]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [validation.file_issue("is not UTF-8 text")]) from error
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise ConfigError(str(path), [validation.file_issue(reason)]) from error
    return parse(text, path, environment, changed)


def parse(
    text: str, path: Path, environment: Mapping[str, str], changed: datetime = EPOCH
) -> Config:
    """The same as `read`, for text that is already there."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), [validation.syntax_issue(str(error))]) from error
    except RecursionError as error:
        raise ConfigError(str(path), [validation.file_issue("is nested too deeply")]) from error
    lines = KeyLocations(text)
    found = list(validation.cross_value_issues(tables, lines))
    try:
        file = FeedsFile.model_validate(tables)
    except ValidationError as error:
        found += [validation.value_issue(details, lines) for details in error.errors()]
        raise ConfigError(str(path), found) from error
    if found:
        raise ConfigError(str(path), found)
    return _resolve(file, path, environment, changed, lines)


def schema() -> dict[str, Any]:
    """The JSON Schema of feeds.toml, for editors."""
    return FeedsFile.model_json_schema()


def _resolve(
    file: FeedsFile,
    path: Path,
    environment: Mapping[str, str],
    changed: datetime,
    lines: KeyLocations,
) -> Config:
    override = environment.get("AGGREGATOR_DATABASE")
    everything = [_source(table, file.defaults) for table in file.source]
    return Config(
        path=path,
        changed=changed,
        database=Path(override).absolute()
        if override
        else path.parent.absolute() / file.storage.database,
        keep=seconds(file.storage.keep) if file.storage.keep else 0,
        window=seconds(file.stories.window),
        site=Site(
            title=file.site.title,
            url=file.site.url.rstrip("/"),
            language=file.site.language,
            contact=file.site.contact or "",
            description=file.site.description,
            notice=file.site.notice,
            ttl=file.publish.max_age_seconds,
            credit_line=file.publish.credit_line,
            hubs=_hubs(file),
            has_search=file.publish.search,
        ),
        fetch=file.fetch,
        publish=file.publish,
        sources=tuple(
            source for source, table in zip(everything, file.source, strict=True) if table.enabled
        ),
        all_sources=tuple(everything),
        topics=tuple(
            Topic(
                id=table.id,
                title=table.title,
                description=table.description,
                match=table.match or "",
                language=table.language or file.site.language,
                stem=main_language(table.language or file.site.language) if table.stem else "",
                learn=table.learn,
                was=tuple(table.was),
                share=_share(table.max_share),
            )
            for table in file.topic
        ),
        warnings=tuple(validation.warnings(file, environment, lines)),
        lines={
            table.id: lines.line_of(("topic", index, "match"))
            for index, table in enumerate(file.topic)
        },
    )


def _hubs(file: FeedsFile) -> tuple[str, ...]:
    """Where a subscriber of ours may ask to be told, our own hub first."""
    own = [f"{file.site.url.rstrip('/')}/hub"] if file.publish.hub else []
    return tuple(dict.fromkeys([*own, *file.publish.hubs]))


def _share(text: str | None) -> Share | None:
    if text is None:
        return None
    most, _, of = text.partition(" of ")
    return Share(max_stories=int(most), window=int(of))


def _license_url(table: SourceTable, defaults: DefaultsTable) -> str:
    """A licence of its own has an address of its own, if any."""
    given = table if table.license is not None or table.license_url else defaults
    is_address = (given.license or "").startswith(("http://", "https://"))
    return given.license_url or (given.license or "" if is_address else "")


def _source(table: SourceTable, defaults: DefaultsTable) -> Source:
    def inherited(key: str) -> Any:
        own = getattr(table, key)
        return getattr(defaults, key) if own is None else own

    return Source(
        id=table.id,
        name=table.name,
        feed=table.feed,
        site=table.site,
        show=inherited("show"),
        license=inherited("license"),
        license_url=_license_url(table, defaults),
        uncut=table.uncut,
        counter=table.counter or "",
        topics=tuple(table.topics),
        tags=dict(table.tags),
        include=table.include or "",
        exclude=table.exclude or "",
        language=(inherited("language") or "").lower(),
        precedence=inherited("precedence"),
        public_feed=table.public_feed or "",
        headers=dict(table.headers),
        basic_auth=table.basic_auth or "",
        min_interval=seconds(inherited("min_interval")),
        max_interval=seconds(inherited("max_interval")),
        max_new=inherited("max_new"),
        dedupe=inherited("dedupe"),
    )
