"""Read text, tags and mappings from parsed documents, whatever types outlets use."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aggregator.text.html import plain_text
from aggregator.text.urls import absolute_url, registrable_domain, url_host, web_url

__all__ = [
    "MAX_ENCLOSURES", "MAX_TAGS", "FeedContext", "base_of", "first_url", "join_sentences",
    "mappings_in", "person_name", "to_mapping", "to_text", "unique_tags",
]  # fmt: skip

MAX_TAGS = 50
MAX_ENCLOSURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContext:
    """What entries inherit from their feed.

    `url` is where the document came from, without login; `site` is the page that it belongs to,
    `author` that of an Atom feed (RFC 4287, section 4.2.1).
    """

    url: str
    site: str = ""
    language: str = ""
    author: str = ""


def unique_tags(given: Iterable[str]) -> tuple[str, ...]:
    """The distinct tags that are not blank."""
    return tuple(dict.fromkeys(tag for tag in given if tag.strip()))[:MAX_TAGS]


def to_text(value: object) -> str:
    """A string or whole number as text; "" for anything else."""
    if isinstance(value, str):
        return value if value.isascii() else without_surrogates(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def without_surrogates(text: str) -> str:
    """The text with halves of surrogate pairs, which UTF-8 cannot encode, replaced by "?"."""
    return text.encode("utf-8", "replace").decode()


def to_mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, Mapping) else {}


def join_sentences(*sentences: str) -> str:
    """The sentences that are not empty, joined by a space."""
    return " ".join(filter(None, sentences))


def mappings_in(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The mappings in the list of this name, if there is one."""
    value = item.get(name)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def base_of(link: str, feed: FeedContext) -> str:
    """The URL that relative URLs in an entry are resolved against, if there is no xml:base: the
    article's, or the site's if the link leads away from the site, as in link blogs."""
    if not link or not feed.site:
        return link or feed.site
    hosts = [url_host(url) for url in (link, feed.site, feed.url)]
    if hosts[0] in hosts[1:]:
        return link
    domains = [registrable_domain(url) for url in (link, feed.site, feed.url)]
    return link if domains[0] in domains[1:] else feed.site


def first_url(given: Iterable[object], base: str) -> str:
    """The first value that is a valid URL, absolute; or an empty string."""
    urls = (absolute_url(base, to_text(value)) for value in given)
    return next((url for url in urls if url and web_url(url)), "")


def person_name(name: str) -> str:
    """The name in `a@b.org (Name)`, the form that RSS requires, without the mail address and
    without markup."""
    if "<" in name:
        name = plain_text(name)
    address, _, rest = name.strip().partition("(")
    if rest.endswith(")") and len(address.split()) == 1 and "@" in address.strip()[1:-1]:
        return rest[:-1].strip()
    return " ".join(word for word in name.split() if not _is_mail_address(word))


def _is_mail_address(word: str) -> bool:
    at = word.find("@", 1)
    return at > 0 and "." in word[at + 2 : -1]
