"""Ids of new sources and topics, from their names."""

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

from slugify import slugify

__all__ = ["MAX_ID_CHARS", "new_id", "taken_ids"]

MAX_ID_CHARS = 60


def new_id(
    name: str, known_ids: Collection[str], *, url: str = "", fallback: str = "source"
) -> str:
    """An id of lowercase letters, digits and single hyphens, made of a name in any script.

    If nothing of the name is left, the host of `url` is used, else `fallback`. An id that is
    known already gets a number.
    """
    id_ = _slug(name) or _slug(_host(url)) or fallback
    number, candidate = 1, id_
    while candidate in known_ids:
        number += 1
        end = f"-{number}"
        candidate = f"{id_[: MAX_ID_CHARS - len(end)].rstrip('-')}{end}"
    return candidate


def taken_ids(listed: Iterable[str], stored: Mapping[str, str], url: str) -> set[str]:
    """The ids that a new source with its site at `url` must not get: those of feeds.toml, and those
    under which articles of another site are stored; `stored` has the sites by id."""
    host = _host(url)
    return {*listed, *(id_ for id_, site in stored.items() if _host(site) != host)}


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:  # what is wrong with it is said where it is checked
        return ""


def _slug(text: str) -> str:
    return slugify(text, max_length=MAX_ID_CHARS, word_boundary=True)
