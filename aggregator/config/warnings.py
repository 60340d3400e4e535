"""Warnings about feeds.toml: what is allowed, and probably not meant."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from aggregator import query
from aggregator.config.key_lines import KeyLocations
from aggregator.config.schema import FeedsFile, FetchTable
from aggregator.errors import ConfigIssue
from aggregator.text.canonical import canonical_url
from aggregator.text.secrets import has_secret

__all__ = ["warnings"]


def warnings(
    file: FeedsFile, environment: Mapping[str, str], lines: KeyLocations
) -> Iterator[ConfigIssue]:
    """Warnings about single sources and rules: secrets that are not set or would be published,
    ports that are not allowed, parts of rules without effect."""
    yield from _secret_warnings(file, environment, lines)
    yield from _rule_warnings(file, lines)
    yield from _same_feed_warnings(file, lines)
    if file.digest and file.digest.sign_up and not file.mail:
        message = "needs the table [mail], with the server that sends; nobody can sign up yet"
        yield _warning(lines.line_of(("digest",)), "digest", message)
    for index, table in enumerate(file.source):
        if (port := _disallowed_port(table.feed, file.fetch)) is not None:
            line = lines.line_of(("source", index, "feed"))
            message = f"port {port} is not allowed; to allow it, add it to [fetch] ports"
            yield _warning(line, "source.feed", message)
        if has_secret(table.feed) and not table.public_feed:
            line = lines.line_of(("source", index, "feed"))
            message = (
                "seems to contain a secret, so it is not published; to publish a feed address, "
                "set public_feed"
            )
            yield _warning(line, "source.feed", message)


def _rule_warnings(file: FeedsFile, lines: KeyLocations) -> Iterator[ConfigIssue]:
    """Parts of rules that have no effect."""
    rules = [
        (("topic", index, "match"), table.match, table.stem_language(file.site))
        for index, table in enumerate(file.topic)
    ]
    for index, table in enumerate(file.source):
        rules += [(("source", index, "include"), table.include, "")]
        rules += [(("source", index, "exclude"), table.exclude, "")]
    for path, rule, language in rules:
        for warning in query.parse(rule, language).warnings if rule else ():
            yield _warning(lines.line_of(path), f"{path[0]}.{path[2]}", warning)


def _disallowed_port(feed: str, fetch: FetchTable) -> int | None:
    """The port of a feed if it is not allowed; None if it is."""
    parts = urlsplit(feed)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port in fetch.ports:
        return None
    try:
        address = ip_address(parts.hostname or "")
    except ValueError:
        return port
    return None if any(address in network for network in fetch.private_networks) else port


def _secret_warnings(
    file: FeedsFile, environment: Mapping[str, str], lines: KeyLocations
) -> Iterator[ConfigIssue]:
    for index, table in enumerate(file.source):
        variables: list[tuple[tuple[str, ...], str]] = [
            (("headers", header), variable) for header, variable in table.headers.items()
        ]
        variables += [(("basic_auth",), table.basic_auth)] if table.basic_auth else []
        for path, variable in variables:
            if variable not in environment:
                line = lines.line_of(("source", index, *path))
                key = ".".join(("source", *path))
                yield _warning(line, key, f"the environment variable {variable} is not set")
    named = {
        ("mail", "user"): file.mail and file.mail.user,
        ("mail", "password"): file.mail and file.mail.password,
        ("mail", "bounce_user"): file.mail and file.mail.bounce_user,
        ("mail", "bounce_password"): file.mail and file.mail.bounce_password,
        ("mail", "dkim_key"): file.mail and file.mail.dkim_key,
        ("alerts", "webhook"): file.alerts.webhook,
        ("alerts", "ping"): file.alerts.ping,
    }
    for path, name in named.items():
        if name and name not in environment:
            message = f"the environment variable {name} is not set"
            yield _warning(lines.line_of(path), ".".join(path), message)


def _same_feed_warnings(file: FeedsFile, lines: KeyLocations) -> Iterator[ConfigIssue]:
    """One feed under two ids: every article would be stored twice and credited to both."""
    first: dict[str, str] = {}
    for index, table in enumerate(file.source):
        if not table.enabled:
            continue
        address = canonical_url(table.feed) or table.feed
        if address in first:
            line = lines.line_of(("source", index, "feed"))
            message = f"is also the feed of {first[address]!r}; remove one of the two sources"
            yield _warning(line, "source.feed", message)
        first.setdefault(address, table.id)


def _warning(line: int, key: str, message: str) -> ConfigIssue:
    return ConfigIssue(line=line, key=key, message=message)
