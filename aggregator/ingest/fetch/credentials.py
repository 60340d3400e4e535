"""Credentials of a source: sent to its own origin, never shown."""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from aggregator.ingest.fetch.response import FetchResult
from aggregator.ingest.fetch.settings import FetchBlocked
from aggregator.model import Failed, FailureKind, Fetched, HubLink, Source, Unchanged
from aggregator.text.secrets import private_parts, without_private_parts

__all__ = ["redact", "secret_headers", "without_login"]

MIN_SECRET_CHARS = 4
"""A shorter secret occurs everywhere by chance, so it is not redacted."""


def secret_headers(source: Source, environment: Mapping[str, str]) -> dict[str, str]:
    """The headers with the credentials that a source names. Raises FetchBlocked if one is not set,
    or cannot be sent."""
    headers = {
        name: _secret_value(variable, environment) for name, variable in source.headers.items()
    }
    if source.basic_auth:
        login = _secret_value(source.basic_auth, environment).encode()
        headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    return headers


def _secret_value(variable: str, environment: Mapping[str, str]) -> str:
    value = environment.get(variable, "")
    if not value:
        raise FetchBlocked(
            FailureKind.CREDENTIALS,
            f"The environment variable {variable}, which the source names, is not set.",
        )
    if not value.isprintable():
        raise FetchBlocked(
            FailureKind.CREDENTIALS,
            f"The environment variable {variable} holds more than one line of text.",
        )
    return value


def without_login(url: str) -> str:
    """A URL, valid or not, without user and password, to be shown."""
    return re.sub(r"//[^/?#]*@", "//", url)


def _secret_words(secrets: Mapping[str, str]) -> list[str]:
    """The strings that a result must not reveal, longest first."""
    words = set(secrets.values())
    for value in secrets.values():
        if value.startswith("Basic "):
            words |= {value[6:], *base64.b64decode(value[6:]).decode().split(":", 1)}
    words |= {quote(word, safe="") for word in words}
    return sorted((word for word in words if len(word) >= MIN_SECRET_CHARS), key=len, reverse=True)


def redact(result: FetchResult, secrets: Mapping[str, str], private_feed: str = "") -> FetchResult:
    """The result without secrets, in case the server repeats them: in its addresses, in validators
    and in the hub that it announces, which are stored. Errors do not name a private feed either."""
    if isinstance(result, Failed) and private_feed:
        error = without_private_parts(result.error, private_parts(private_feed))
        result = replace(result, error=error)
    words = _secret_words(secrets)
    if not words:
        return result

    def leaks(*texts: str) -> bool:
        return any(word in text for word in words for text in texts)

    if isinstance(result, Failed):
        error = result.error
        for word in words:
            error = error.replace(word, "…")
        return replace(result, error=error)
    if isinstance(result, Fetched) and leaks(result.hub_link.hub, result.hub_link.topic):
        result = replace(result, hub_link=HubLink())
    if isinstance(result, Fetched | Unchanged):
        if leaks(result.redirected_to):
            result = replace(result, redirected_to="")
        validators = result.validators
        if leaks(validators.etag, validators.last_modified):
            result = replace(result, validators=replace(validators, etag="", last_modified=""))
    return result
