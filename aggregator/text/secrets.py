"""Parts of a private feed's address that must not be shown."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote, urlsplit

__all__ = [
    "has_secret",
    "host_only",
    "private_parts",
    "without_private_parts",
    "without_secret_values",
]

MIN_PRIVATE_CHARS = 4
"""A shorter login, parameter or path segment occurs in other texts by chance."""
_SECRET_PARAMETER = re.compile(
    r"(?:^|[&;_-])(?:\w*token|secret|pass(?:word|wd|phrase)?|pwd?|auth|\w*key|sig(?:nature)?|hash|code"
    r"|(?:php)?sess(?:ion)?(?:_?id)?|credentials?|hmac)=",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    rf"({_SECRET_PARAMETER.pattern.replace('(?:^|[&;_-])', '(?:[?&;_-])')})[^&\s\"'#]+",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"://[^/\s\"'@]+@")
_TOKEN = re.compile(r"(?=.*[0-9])(?=.*[a-zA-Z])[\w.~-]{12,}", re.ASCII)
"""A word of letters and digits mixed, as generated tokens have."""
_SECRET_NAME = re.compile(
    r"token|secret|pass|pwd?$|auth|key|user|login|member|sig|hash|code|sess|credential|hmac", re.I
)


def has_secret(url: str) -> bool:
    """True if a parameter of a URL is named like a secret, such as `?token=…`."""
    return bool(_SECRET_PARAMETER.search(urlsplit(url).query))


def without_secret_values(text: str) -> str:
    """A text, such as an error, with "…" for the values of parameters named like secrets, and for
    logins, in the addresses that it quotes."""
    text = _SECRET_VALUE.sub(r"\1…", text)
    return _LOGIN.sub("://…@", text)


def host_only(url: str) -> str:
    """A private address as it may be shown to operators: its scheme and host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def private_parts(url: str) -> tuple[str, ...]:
    """Strings of a private address that reveal it, longest first: the address without its scheme,
    its query, login and parameters, and what looks like a token in its path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    host = parts.netloc.rpartition("@")[2]
    query = f"?{parts.query}" if parts.query else ""
    found = {f"{host}{parts.path}{query}", parts.query, parts.username, parts.password}
    found |= {segment for segment in parts.path.split("/") if _TOKEN.fullmatch(segment)}
    for name, value in parse_qsl(parts.query.replace(";", "&")):
        found.add(f"{name}={value}")
        if _SECRET_NAME.search(name) or _TOKEN.fullmatch(value):
            found.add(value)
    words = {word for word in found if word and len(word) >= MIN_PRIVATE_CHARS and word != host}
    words |= {form for word in words for form in (quote(word, safe=""), unquote(word))}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def without_private_parts(text: str, parts: Iterable[str]) -> str:
    """The text with "…" for every private part."""
    for part in parts:
        text = text.replace(part, "…") if part in text else text
    return text
