"""Load feeds.toml: text --tomllib--> tables --pydantic--> FeedsFile --resolve--> Config.

A ConfigError carries all issues at once, each with its line and key. Nothing starts with half a
configuration.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aggregator.config import validation
from aggregator.config.key_lines import KeyLocations
from aggregator.config.mail_schema import AlertsTable, DigestTable, MailTable
from aggregator.config.schema import (
    DefaultsTable,
    DeskTable,
    FeedsFile,
    FetchTable,
    NoticeTable,
    PublishTable,
    SiteTable,
    SourceTable,
    StorageTable,
)
from aggregator.config.theme import read_theme
from aggregator.config.toml_errors import encoding_issue, syntax_issues
from aggregator.config.value_types import id_of_story, to_seconds
from aggregator.config.warnings import warnings
from aggregator.errors import ConfigError, ConfigIssue
from aggregator.model import Notice, Share, Site, Source, Theme, Topic
from aggregator.text.languages import canonical_language
from aggregator.text.midnight import midnight
from aggregator.text.secrets import has_secret

__all__ = ["Config", "decode", "find_database", "json_schema", "parse_config", "read_config_file"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A checked feeds.toml. `sources` are the enabled ones, `all_sources` are all that it lists."""

    path: Path
    text: str
    """The text of the file, with line feeds only."""
    changed_at: datetime
    """When the file was last written; a change may show in everything that is published."""
    database: Path
    keep: int
    """Seconds after which a story is deleted; 0 for never."""
    pictures_bytes: int
    """Room for thumbnails."""
    window: int
    """Seconds; texts of articles published further apart than this are not compared."""
    site: Site
    fetch: FetchTable
    publish: PublishTable
    mail: MailTable | None
    """The mail server; None if there is none."""
    digest: DigestTable | None
    """The digest; None if there is none."""
    alerts: AlertsTable
    desk: DeskTable
    sources: tuple[Source, ...]
    all_sources: tuple[Source, ...]
    topics: tuple[Topic, ...]
    theme: Theme
    warnings: tuple[ConfigIssue, ...] = ()

    def rule_lines(self) -> dict[str, int]:
        """The line of each topic's rule, by topic id."""
        lines = KeyLocations(self.text)
        return {
            topic.id: lines.line_of(("topic", index, "match"))
            for index, topic in enumerate(self.topics)
        }


def read_config_file(path: Path, environment: Mapping[str, str]) -> Config:
    """Read and check a feeds.toml.

    AGGREGATOR_DATABASE in the environment overrides the database. A source whose secret is not set
    in the environment gets a warning, since the others can be fetched without it.
    Raises ConfigError.
    """
    try:
        text = decode(path.read_bytes(), path)
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError as error:
        raise ConfigError(str(path), [validation.missing_file(path)]) from error
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise ConfigError(str(path), [validation.file_issue(reason)]) from error
    return parse_config(text, path, environment, changed_at)


def decode(content: bytes, path: Path) -> str:
    """The text of a feeds.toml, with line feeds only and without a byte order mark. Raises
    ConfigError."""
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [encoding_issue(content, error.start)]) from error


def parse_config(
    text: str, path: Path, environment: Mapping[str, str], changed_at: datetime = EPOCH
) -> Config:
    """Check and resolve the text of a feeds.toml. Raises ConfigError."""
    try:
        return _parse(text, path, environment, changed_at)
    except RecursionError as error:
        raise ConfigError(str(path), [validation.file_issue("is nested too deeply")]) from error


def _parse(text: str, path: Path, environment: Mapping[str, str], changed_at: datetime) -> Config:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), syntax_issues(text, str(error))) from error
    lines = KeyLocations(text)
    issues = list(validation.cross_value_issues(tables, lines))
    try:
        file = FeedsFile.model_validate(tables)
    except ValidationError as error:
        issues += [validation.value_issue(details, lines) for details in error.errors()]
        raise ConfigError(str(path), issues) from error
    if issues:
        raise ConfigError(str(path), issues)
    return _resolve(file, text, path, environment, changed_at, lines)


def find_database(text: str, path: Path, environment: Mapping[str, str]) -> Path:
    """The database that a feeds.toml names, even if the file has problems: as far as `[storage]`
    can be read."""
    section = re.search(r"^\[storage\](.*?)(?=^\s*\[|\Z)", text, re.MULTILINE | re.DOTALL)
    name = re.search(r"^\s*database\s*=\s*[\"'](.+?)[\"']", section[1] if section else "", re.M)
    default = StorageTable.model_fields["database"].default
    return _database(name[1] if name else default, path, environment)


def _database(name: str, path: Path, environment: Mapping[str, str]) -> Path:
    override = environment.get("AGGREGATOR_DATABASE")
    return Path(override).absolute() if override else path.parent.absolute() / name


def json_schema() -> dict[str, Any]:
    """The JSON Schema of feeds.toml, for text editors."""
    return FeedsFile.model_json_schema()


def _resolve(
    file: FeedsFile,
    text: str,
    path: Path,
    environment: Mapping[str, str],
    changed_at: datetime,
    lines: KeyLocations,
) -> Config:
    theme, theme_issues = read_theme(path.parent, file.site.logo or "")
    all_sources = [_source(table, file.defaults) for table in file.source]
    return Config(
        path=path,
        text=text,
        changed_at=changed_at,
        database=_database(file.storage.database, path, environment),
        keep=to_seconds(file.storage.keep) if file.storage.keep else 0,
        pictures_bytes=1_000_000 * file.storage.pictures_mb,
        window=to_seconds(file.stories.window),
        site=_site(file),
        fetch=file.fetch,
        publish=file.publish,
        mail=file.mail,
        digest=file.digest,
        alerts=file.alerts,
        desk=file.desk,
        sources=tuple(
            source for source, table in zip(all_sources, file.source, strict=True) if table.enabled
        ),
        all_sources=tuple(all_sources),
        topics=tuple(
            Topic(
                id=table.id,
                title=table.title,
                description=table.description,
                match=table.match or "",
                language=table.language or file.site.language,
                stem=table.stem_language(file.site),
                learn=table.learn,
                was=tuple(table.was),
                share=_share(table.max_share),
            )
            for table in file.topic
        ),
        theme=theme,
        warnings=(*warnings(file, environment, lines), *theme_issues),
    )


def _site(file: FeedsFile) -> Site:
    return Site(
        title=file.site.title,
        url=file.site.url.rstrip("/"),
        language=file.site.language,
        contact=file.site.contact or "",
        description=file.site.description,
        timezone=file.site.timezone,
        per_page=file.site.per_page,
        accent=file.site.accent or "",
        font=file.site.font,
        lead=id_of_story(file.site.lead or ""),
        notices=tuple(_notice(table, file.site) for table in file.notice),
        notice=file.site.notice,
        ttl=file.publish.max_age_seconds,
        credit_line=file.publish.credit_line,
        hubs=_hubs(file),
        has_search=file.publish.search,
        has_digest=file.digest is not None,
        has_sign_up=bool(file.digest and file.digest.sign_up and file.mail),
    )


def _hubs(file: FeedsFile) -> tuple[str, ...]:
    """The URLs of the hubs that our feeds announce, our own first."""
    own = [f"{file.site.url.rstrip('/')}/hub"] if file.publish.hub else []
    return tuple(dict.fromkeys([*own, *file.publish.hubs]))


def _notice(table: NoticeTable, site: SiteTable) -> Notice:
    """A notice; it is shown from the midnight at which its first day begins until that at which its
    last day ends."""

    first, last, zone = table.from_, table.until, site.timezone
    return Notice(
        title=table.title,
        text=table.text,
        link=table.link or "",
        button=table.button,
        topics=tuple(table.topics),
        starts_at=midnight(first, zone) if first else None,
        ends_at=midnight(last + timedelta(days=1), zone) if last else None,
    )


def _share(text: str | None) -> Share | None:
    if text is None:
        return None
    max_stories, _, window = text.partition(" of ")
    return Share(max_stories=int(max_stories), window=int(window))


def _license_url(table: SourceTable, defaults: DefaultsTable) -> str:
    """The URL of a source's licence; that of the defaults only if their licence applies too."""
    owner = table if table.license is not None or table.license_url else defaults
    is_url = (owner.license or "").startswith(("http://", "https://"))
    return owner.license_url or (owner.license or "" if is_url else "")


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
        images=inherited("images"),
        license=inherited("license"),
        license_url=_license_url(table, defaults),
        uncut=table.uncut,
        counter=table.counter or "",
        topics=tuple(table.topics),
        tags=dict(table.tags),
        include=table.include or "",
        exclude=table.exclude or "",
        language=canonical_language(table.language or ""),
        fallback_language=canonical_language(defaults.language or ""),
        precedence=inherited("precedence"),
        public_feed=table.public_feed or "",
        has_secret_address=has_secret(table.feed),
        headers=dict(table.headers),
        basic_auth=table.basic_auth or "",
        min_interval=to_seconds(inherited("min_interval")),
        max_interval=to_seconds(inherited("max_interval")),
        max_new=inherited("max_new"),
        dedupe=inherited("dedupe"),
        approve=table.approve,
        was=tuple(table.was),
    )
