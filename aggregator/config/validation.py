"""Everything that is wrong with a feeds.toml, as sentences with a line and a key."""

import difflib
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from aggregator import query
from aggregator.config.locations import KeyLocations
from aggregator.config.schema import (
    DefaultsTable,
    FeedsFile,
    FetchTable,
    PublishTable,
    SiteTable,
    SourceTable,
    StorageTable,
    TopicTable,
    is_duration,
    main_language,
    seconds,
)
from aggregator.errors import ConfigIssue
from aggregator.text.tokens import STEMMERS

_SECRET = re.compile(r"(^|[&_-])(token|secret|password|passwd|auth|key|api-?key)=", re.IGNORECASE)
_INTERVALS = ("min_interval", "max_interval")


def cross_value_issues(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """What no single value shows: ids used twice, topics that do not exist."""
    sources, topics = _tables(tables, "source"), _tables(tables, "topic")
    for kind, listed in (("source", sources), ("topic", topics)):
        first: dict[str, int] = {}
        for index, table in enumerate(listed):
            if not isinstance(name := table.get("id"), str):
                continue
            here = lines.line_of((kind, index, "id"))
            if name in first:
                yield _issue(here, f"{kind}.id", f"{name!r} is already used on line {first[name]}")
            first.setdefault(name, here)
    known = [table["id"] for table in topics if isinstance(table.get("id"), str)]
    for index, table in enumerate(sources):
        named: list[tuple[tuple[str, ...], Any]] = [
            (("topics",), name) for name in _list(table.get("topics"))
        ]
        named += [(("tags", tag), name) for tag, name in _dict(table.get("tags")).items()]
        for path, name in named:
            if isinstance(name, str) and name not in known:
                line = lines.line_of(("source", index, *path))
                key = ".".join(("source", *path))
                yield _issue(line, key, f"there is no topic {name!r}{_hint(name, known)}")
    yield from _intervals(tables, lines)
    yield from _stems(tables, lines)
    yield from _rights(tables, lines)
    yield from _former_ids(tables, lines)


def _rights(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """What may not be cut has no excerpt; a counter counts readers of full texts."""
    inherited = _dict(tables.get("defaults")).get("show", "excerpt")
    default_license = _dict(tables.get("defaults")).get("license")
    for index, table in enumerate(_tables(tables, "source")):
        show = table.get("show", inherited)
        if table.get("uncut") is True and show == "excerpt":
            line = lines.line_of(("source", index, "uncut"))
            message = 'an excerpt is a cut; set show = "full" or show = "title" beside it'
            yield _issue(line, "source.uncut", message)
        if table.get("license_url") and "license" not in table and default_license:
            line = lines.line_of(("source", index, "license_url"))
            message = "the licence of [defaults] is another one; set license beside it"
            yield _issue(line, "source.license_url", message)
        if table.get("counter") and show != "full":
            line = lines.line_of(("source", index, "counter"))
            message = 'only full texts are counted; set show = "full" beside it'
            yield _issue(line, "source.counter", message)


def _former_ids(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """An address leads to one topic."""
    topics = _tables(tables, "topic")
    ids = [table["id"] for table in topics if isinstance(table.get("id"), str)]
    taken = dict.fromkeys(ids, "is the id of a topic")
    for index, table in enumerate(topics):
        for former in (name for name in _list(table.get("was")) if isinstance(name, str)):
            if former in taken:
                line = lines.line_of(("topic", index, "was"))
                yield _issue(line, "topic.was", f"{former!r} {taken[former]}; leave it out here")
            taken[former] = "has been the id of another topic"


def _stems(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """Not every language has a stemmer."""
    site = _dict(tables.get("site")).get("language", SiteTable.model_fields["language"].default)
    for index, table in enumerate(_tables(tables, "topic")):
        language = table.get("language", site)
        is_wanted = table.get("stem") is True and isinstance(language, str)
        if is_wanted and main_language(language) not in STEMMERS:
            line = lines.line_of(("topic", index, "stem"))
            known = ", ".join(sorted(STEMMERS))
            yield _issue(line, "topic.stem", f"there are no stems in {language!r}, only in {known}")


def _intervals(tables: dict[str, Any], lines: KeyLocations) -> Iterator[ConfigIssue]:
    """A table is only blamed for an interval that it sets itself."""
    defaults = {key: getattr(DefaultsTable(), key) for key in _INTERVALS}
    inherited = defaults | _dict(tables.get("defaults"))
    listed: list[tuple[tuple[str | int, ...], dict[str, Any]]] = [
        (("defaults",), _dict(tables.get("defaults")))
    ]
    listed += [(("source", i), table) for i, table in enumerate(_tables(tables, "source"))]
    for path, table in listed:
        low, high = (_seconds_or_none((inherited | table).get(key)) for key in _INTERVALS)
        own = [key for key in _INTERVALS if key in table]
        if own and low is not None and high is not None and low > high:
            line = lines.line_of((*path, own[0]))
            yield _issue(line, f"{path[0]}.{own[0]}", "min_interval is longer than max_interval")


def _seconds_or_none(value: object) -> int | None:
    try:
        return seconds(is_duration(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def warnings(
    file: FeedsFile, environment: Mapping[str, str], lines: KeyLocations
) -> Iterator[ConfigIssue]:
    """What costs only one source: a secret that is not set, or that stands in an address, or
    a port that is not asked."""
    yield from _missing_secrets(file, environment, lines)
    yield from _idle_words(file, lines)
    for index, table in enumerate(file.source):
        if (port := _other_port(table.feed, file.fetch)) is not None:
            line = lines.line_of(("source", index, "feed"))
            message = f"port {port} will not be asked; list it in [fetch] ports if that is right"
            yield _issue(line, "source.feed", message)
        if _SECRET.search(urlsplit(table.feed).query) and not table.public_feed:
            line = lines.line_of(("source", index, "feed"))
            message = "seems to hold a secret that would be published; set public_feed too"
            yield _issue(line, "source.feed", message)


def _idle_words(file: FeedsFile, lines: KeyLocations) -> Iterator[ConfigIssue]:
    """What a rule holds that has no effect."""
    rules = [(("topic", index, "match"), table.match) for index, table in enumerate(file.topic)]
    for index, table in enumerate(file.source):
        rules += [(("source", index, "include"), table.include)]
        rules += [(("source", index, "exclude"), table.exclude)]
    for path, rule in rules:
        for warning in query.parse(rule).warnings if rule else ():
            yield _issue(lines.line_of(path), f"{path[0]}.{path[2]}", warning)


def _other_port(feed: str, fetch: FetchTable) -> int | None:
    """The port of a feed if it is none of those that may be asked; None if it is."""
    parts = urlsplit(feed)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        inner = False
    else:
        inner = any(address in ip_network(network) for network in fetch.allow_private)
    return None if inner or port in fetch.ports else port


def _missing_secrets(
    file: FeedsFile, environment: Mapping[str, str], lines: KeyLocations
) -> Iterator[ConfigIssue]:
    for index, table in enumerate(file.source):
        wanted: list[tuple[tuple[str, ...], str]] = [
            (("headers", header), name) for header, name in table.headers.items()
        ]
        wanted += [(("basic_auth",), table.basic_auth)] if table.basic_auth else []
        for path, name in wanted:
            if name not in environment:
                line = lines.line_of(("source", index, *path))
                key = ".".join(("source", *path))
                yield _issue(line, key, f"the environment variable {name} is not set")


def value_issue(details: ErrorDetails, lines: KeyLocations) -> ConfigIssue:
    """One pydantic error as a sentence: what was found, what is accepted."""
    path = tuple(part for part in details["loc"] if part != "[key]")
    key = ".".join(str(part) for part in path if not isinstance(part, int)) or "feeds.toml"
    is_secret = set(path) & {"headers", "basic_auth"} or "@" in str(details["input"])
    found = "a value (not shown)" if is_secret else _short(details["input"])
    match details["type"]:
        case "extra_forbidden":
            known = _known_keys(path[:-1])
            hint = _hint(str(path[-1]), known) or f"; known keys: {', '.join(known)}"
            message = f"there is no such key{hint}"
        case "missing":
            message = f"is missing; {_describe(path)}"
        case "value_error":
            message = f"found {found}, accepted is {details['ctx']['error']}"
        case "literal_error":
            choices = re.findall("'([^']+)'", details["ctx"]["expected"])
            hint = _hint(str(details["input"]), choices)
            message = f"found {found}, accepted is one of {', '.join(map(repr, choices))}{hint}"
        case type_ if type_ in _TOML_TYPES:
            message = f"found {found}, accepted is {_TOML_TYPES[type_]}"
        case "less_than_equal" | "greater_than_equal":
            message = f"found {found}, accepted is {_bounds(path, details.get('ctx', {}))}"
        case _:
            message = f"found {found}: {details['msg'].lower()}"
    return _issue(lines.line_of(path), key, message)


_TOML_TYPES = {
    "string_type": 'a text in quotation marks, "…"',
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list, […]",
    "dict_type": "a table, { … }",
    "model_type": "a table, or [[…]] for each of several",
}
"""What pydantic wants -> the same in the words of TOML."""


def _bounds(path: tuple[str | int, ...], broken: Mapping[str, int]) -> str:
    """Both bounds if the key has both, else the one that is broken."""
    model = _model_at(path[:-1])
    found = model.model_fields.get(str(path[-1])) if model else None
    limits = found.metadata if found else []
    low = next((limit.ge for limit in limits if hasattr(limit, "ge")), broken.get("ge"))
    high = next((limit.le for limit in limits if hasattr(limit, "le")), broken.get("le"))
    if low is None or high is None:
        return f"{low:,} or more" if low is not None else f"{high:,} or less"
    return f"{low:,} to {high:,}"


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    model = _model_at(path)
    return sorted(model.model_fields) if model else []


def _model_at(path: tuple[str | int, ...]) -> type[BaseModel] | None:
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return FeedsFile
    tables: dict[str, type[BaseModel]] = {
        "site": SiteTable, "defaults": DefaultsTable, "source": SourceTable,
        "topic": TopicTable, "fetch": FetchTable, "storage": StorageTable,
        "publish": PublishTable,
    }  # fmt: skip
    return tables.get(names[0])


def _describe(path: tuple[str | int, ...]) -> str:
    model = _model_at(path[:-1])
    described = model.model_fields[str(path[-1])].description if model else None
    return described or f"add a [{path[-1]}] table"


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _tables(tables: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [_dict(table) for table in _list(tables.get(key))]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _issue(line: int, key: str, message: str) -> ConfigIssue:
    return ConfigIssue(line=line, key=key, message=message)


def missing_file() -> ConfigIssue:
    """There is no feeds.toml."""
    return file_issue(
        "there is no such file; run in the folder of feeds.toml or give --config PATH"
    )


def file_issue(message: str) -> ConfigIssue:
    """The file as a whole is at fault."""
    return _issue(0, "", message)


def syntax_issue(message: str) -> ConfigIssue:
    """tomllib's complaint, with its line."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(found.group(1)) if found else 0
    return _issue(line, "", f"is not TOML: {message}")
