"""Issues in a feeds.toml, as sentences with a line and a key."""

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

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
    StoriesTable,
    TopicTable,
)
from aggregator.config.value_types import (
    A_DURATION,
    check_duration,
    is_duration_type,
    to_seconds,
)
from aggregator.errors import ConfigIssue
from aggregator.text.languages import main_language
from aggregator.text.tokens import STEMMERS

_SECRET_KEYS = {"headers", "basic_auth", "user", "password", "webhook", "ping"}
"""Keys that name an environment variable, into which a secret may be written by mistake."""
_INTERVAL_KEYS = ("min_interval", "max_interval")


def cross_value_issues(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """Issues that no single value shows: ids used twice, topics that do not exist."""
    sources, topics = _tables(tables, "source"), _tables(tables, "topic")
    for kind, kind_tables in (("source", sources), ("topic", topics)):
        first: dict[str, int] = {}
        for index, table in enumerate(kind_tables):
            if not isinstance(id_ := table.get("id"), str):
                continue
            if id_ in first:
                first_line = lines.line_of((kind, first[id_], "id"))
                message = f"{id_!r} is already used on line {first_line}"
                yield _issue(lines.line_of((kind, index, "id")), f"{kind}.id", message)
            first.setdefault(id_, index)
    known = [table["id"] for table in topics if isinstance(table.get("id"), str)]
    for index, table in enumerate(sources):
        references: list[tuple[tuple[str, ...], Any]] = [
            (("topics",), id_) for id_ in _list(table.get("topics"))
        ]
        references += [(("tags", tag), id_) for tag, id_ in _dict(table.get("tags")).items()]
        for path, id_ in references:
            if isinstance(id_, str) and id_ not in known:
                line = lines.line_of(("source", index, *path))
                key = ".".join(("source", *path))
                yield _issue(line, key, f"there is no topic {id_!r}{_hint(id_, known)}")
    yield from _notice_issues(tables, known, lines)
    yield from _interval_issues(tables, lines)
    yield from _stem_issues(tables, lines)
    yield from _rights_issues(tables, lines)
    yield from _former_id_issues(tables, lines)
    yield from _mail_issues(tables, lines)


_NEEDS = (
    ("user", "password"), ("password", "user"), ("dkim_key", "dkim_selector"),
    ("dkim_selector", "dkim_key"), ("bounce_maildir", "bounces"), ("bounce_imap", "bounces"),
    ("bounce_imap", "bounce_user"), ("bounce_imap", "bounce_password"),
    ("bounce_user", "bounce_imap"), ("bounce_password", "bounce_imap"),
)  # fmt: skip
"""Keys of [mail], each with one that it needs."""


def _mail_issues(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """Mail without a server, a login that is half there or would be sent unencrypted, a header that
    nobody could be believed in."""
    mail, alerts = tables.get("mail"), _dict(tables.get("alerts"))
    if alerts.get("mail") and mail is None:
        message = "needs the table [mail], with the server that sends"
        yield _issue(lines.line_of(("alerts", "mail")), "alerts.mail", message)
    is_behind_proxy = _dict(tables.get("publish")).get("trusted_proxies")
    if _dict(tables.get("desk")).get("user_header") and not is_behind_proxy:
        message = "needs [publish] trusted_proxies, the proxies that may send this header"
        yield _issue(lines.line_of(("desk", "user_header")), "desk.user_header", message)
    mail = _dict(mail)
    for key, other in _NEEDS:
        if key in mail and other not in mail:
            yield _issue(lines.line_of(("mail", key)), f"mail.{key}", f"needs {other} too")
    if "password" in mail and mail.get("security") == "none" and not _is_loopback(mail.get("host")):
        message = "would send the password unencrypted; use starttls or tls"
        yield _issue(lines.line_of(("mail", "security")), "mail.security", message)


def _is_loopback(host: object) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _notice_issues(
    tables: dict[str, Any], topics: list[str], lines: KeyLocations
) -> Iterator[ConfigIssue]:
    """Topics that do not exist, a button that leads nowhere, a last day before the first."""
    for index, table in enumerate(_tables(tables, "notice")):
        for id_ in _list(table.get("topics")):
            if isinstance(id_, str) and id_ not in topics:
                line = lines.line_of(("notice", index, "topics"))
                yield _issue(
                    line, "notice.topics", f"there is no topic {id_!r}{_hint(id_, topics)}"
                )
        if table.get("button") and not table.get("link"):
            line = lines.line_of(("notice", index, "button"))
            yield _issue(line, "notice.button", "needs link, the address that it leads to")
        first, last = table.get("from"), table.get("until")
        if type(first) is date and type(last) is date and last < first:
            line = lines.line_of(("notice", index, "until"))
            yield _issue(line, "notice.until", "is before from, so it would never be shown")


def _rights_issues(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """Excerpts of an uncut source, a counter without full texts, a licence URL on its own."""
    default_show = _dict(tables.get("defaults")).get("show", "excerpt")
    default_license = _dict(tables.get("defaults")).get("license")
    for index, table in enumerate(_tables(tables, "source")):
        show = table.get("show", default_show)
        if table.get("uncut") is True and show == "excerpt":
            line = lines.line_of(("source", index, "uncut"))
            message = 'needs show = "full" or show = "title", since an excerpt is cut'
            yield _issue(line, "source.uncut", message)
        if table.get("license_url") and "license" not in table and default_license:
            line = lines.line_of(("source", index, "license_url"))
            message = "needs license too, since the one in [defaults] is another licence"
            yield _issue(line, "source.license_url", message)
        if table.get("counter") and show != "full":
            line = lines.line_of(("source", index, "counter"))
            message = 'needs show = "full", since only full texts are counted'
            yield _issue(line, "source.counter", message)


def _former_id_issues(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """A former id must not be an id, or a former id, of another topic or source."""
    for kind in ("topic", "source"):
        listed = _tables(tables, kind)
        ids = [table["id"] for table in listed if isinstance(table.get("id"), str)]
        taken = dict.fromkeys(ids, f"is the id of a {kind}")
        for index, table in enumerate(listed):
            for former_id in (id_ for id_ in _list(table.get("was")) if isinstance(id_, str)):
                if former_id in taken:
                    line = lines.line_of((kind, index, "was"))
                    message = f"{former_id!r} {taken[former_id]}; remove it here"
                    yield _issue(line, f"{kind}.was", message)
                taken[former_id] = f"is a former id of another {kind}"


def _stem_issues(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """A topic with stem = true needs a language that has a stemmer."""
    site_language = _dict(tables.get("site")).get(
        "language", SiteTable.model_fields["language"].default
    )
    for index, table in enumerate(_tables(tables, "topic")):
        language = table.get("language", site_language)
        is_wanted = table.get("stem") is True and isinstance(language, str)
        if is_wanted and main_language(language) not in STEMMERS:
            line = lines.line_of(("topic", index, "stem"))
            known = ", ".join(sorted(STEMMERS))
            yield _issue(
                line, "topic.stem", f"there is no stemmer for {language!r}, only for {known}"
            )


def _interval_issues(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """Contradictory intervals; a table has an issue only if it sets one of them itself."""
    defaults = {key: getattr(DefaultsTable(), key) for key in _INTERVAL_KEYS}
    inherited = defaults | _dict(tables.get("defaults"))
    to_check: list[tuple[tuple[str | int, ...], dict[str, Any]]] = [
        (("defaults",), _dict(tables.get("defaults")))
    ]
    to_check += [(("source", i), table) for i, table in enumerate(_tables(tables, "source"))]
    for path, table in to_check:
        low, high = (_seconds_or_none((inherited | table).get(key)) for key in _INTERVAL_KEYS)
        own = [key for key in _INTERVAL_KEYS if key in table]
        if own and low is not None and high is not None and low > high:
            line = lines.line_of((*path, own[0]))
            yield _issue(line, f"{path[0]}.{own[0]}", "min_interval is longer than max_interval")


def _seconds_or_none(value: object) -> int | None:
    try:
        return to_seconds(check_duration(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def value_issue(details: ErrorDetails, lines: KeyLocations) -> ConfigIssue:
    """A pydantic error as an issue: what was found, what was expected."""
    path = tuple(part for part in details["loc"] if part != "[key]")
    key = ".".join(str(part) for part in path if not isinstance(part, int)) or "feeds.toml"
    is_secret = set(path) & _SECRET_KEYS or "@" in str(details["input"])
    found = "a value (not shown)" if is_secret else _quote(details["input"])
    match details["type"]:
        case "extra_forbidden":
            known = _known_keys(path[:-1])
            hint = _hint(str(path[-1]), known) or f"; known keys: {', '.join(known)}"
            message = f"there is no such key{hint}"
        case "missing":
            message = f"is missing; {_describe(path)}"
        case "value_error":
            message = f"found {found}, expected {details['ctx']['error']}"
        case "literal_error":
            choices = re.findall("'([^']+)'", details["ctx"]["expected"])
            hint = _hint(str(details["input"]), choices)
            message = f"found {found}, expected one of {', '.join(map(repr, choices))}{hint}"
        case "list_type" | "model_type" if len(path) == 1:
            message = _table_message(details["input"], str(path[0]))
        case "string_type" if _is_duration(path):
            message = f"found {found}, expected {A_DURATION}, in quotation marks"
        case type_ if type_ in _TOML_TYPES:
            message = f"found {found}, expected {_TOML_TYPES[type_]}"
        case "less_than_equal" | "greater_than_equal":
            message = f"found {found}, expected {_limits(path, details.get('ctx', {}))}"
        case _:
            message = f"found {found}: {details['msg'].lower()}"
    return _issue(lines.line_of(path), key, message)


def source_problem(values: Mapping[str, Any]) -> str:
    """What is wrong with the keys of a [[source]], in a sentence; empty if nothing is. Topics that
    do not exist are not noticed."""
    try:
        SourceTable.model_validate(dict(values))
    except ValidationError as error:
        issue = value_issue(
            {**error.errors()[0], "loc": ("source", 0, *error.errors()[0]["loc"])}, KeyLocations("")
        )
        return f"{issue.key.removeprefix('source.')}: {issue.message}"
    return ""


def _table_message(found: object, name: str) -> str:
    """The message for a [table] written as an [[array of tables]], or the other way round."""
    is_several = name in ("source", "topic", "notice")
    expected = f"[[{name}]], one for each {name}" if is_several else f"a table, [{name}]"
    match found:
        case dict():
            return f"found [{name}], expected {expected}"
        case [dict(), *_]:
            return f"found [[{name}]], expected {expected}"
    return f"found {_quote(found)}, expected {expected}"


_TOML_TYPES = {
    "string_type": 'text in quotation marks, "…"',
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list, […]",
    "date_type": "a date without quotation marks, such as 2026-12-24",
    "dict_type": "a table, { … }",
    "model_type": "a table, { … }",
}
"""Type of a pydantic error -> what is expected, in terms of TOML."""


def _limits(path: tuple[str | int, ...], exceeded: Mapping[str, int]) -> str:
    """Both limits if the key has both, else the one that is exceeded."""
    model = _model_at(path[:-1])
    field = model.model_fields.get(str(path[-1])) if model else None
    limits = field.metadata if field else []
    low = next((limit.ge for limit in limits if hasattr(limit, "ge")), exceeded.get("ge"))
    high = next((limit.le for limit in limits if hasattr(limit, "le")), exceeded.get("le"))
    if low is None or high is None:
        return f"{low:,} or more" if low is not None else f"{high:,} or less"
    return f"{low:,} to {high:,}"


def _is_duration(path: tuple[str | int, ...]) -> bool:
    """True if the value of a key is a time with its unit."""
    model = _model_at(path[:-1])
    field = model.model_fields.get(str(path[-1])) if model else None
    return field is not None and is_duration_type(field.rebuild_annotation())


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    model = _model_at(path)
    return (
        sorted(field.alias or name for name, field in model.model_fields.items()) if model else []
    )


def _model_at(path: tuple[str | int, ...]) -> type[BaseModel] | None:
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return FeedsFile
    tables: dict[str, type[BaseModel]] = {
        "site": SiteTable, "defaults": DefaultsTable, "source": SourceTable,
        "topic": TopicTable, "notice": NoticeTable, "fetch": FetchTable, "storage": StorageTable,
        "stories": StoriesTable, "publish": PublishTable, "mail": MailTable,
        "digest": DigestTable, "alerts": AlertsTable, "desk": DeskTable,
    }  # fmt: skip
    return tables.get(names[0])


def _describe(path: tuple[str | int, ...]) -> str:
    model = _model_at(path[:-1])
    description = model.model_fields[str(path[-1])].description if model else None
    return description or f"add a [{path[-1]}] table"


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _quote(value: object) -> str:
    text = value.isoformat() if isinstance(value, date | time) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _tables(tables: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [_dict(table) for table in _list(tables.get(key))]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _issue(line: int, key: str, message: str) -> ConfigIssue:
    return ConfigIssue(line=line, key=key, message=message)


def missing_file(path: Path) -> ConfigIssue:
    """The issue for a missing feeds.toml; it names a file in the same folder that may be meant."""
    folder = path.parent
    names = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
    similar = [name for name in names if "feed" in name.lower() and ".toml" in name.lower()]
    hint = f", or rename {similar[0]}" if similar else ""
    return file_issue(f"does not exist; run the command in its folder, or give --config PATH{hint}")


def file_issue(message: str) -> ConfigIssue:
    """An issue with the file as a whole."""
    return _issue(0, "", message)
