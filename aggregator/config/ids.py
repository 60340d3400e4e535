"""Ids of new sources and topics, from their names."""

from collections.abc import Collection
from urllib.parse import urlsplit

from slugify import slugify

__all__ = ["MAX_ID_CHARS", "new_id"]

MAX_ID_CHARS = 60


def new_id(
    name: str, known_ids: Collection[str], *, url: str = "", fallback: str = "source"
) -> str:
    """An id of lowercase letters, digits and single hyphens, made of a name in any script.

    If nothing of the name is left, the host of `url` is used, else `fallback`. An id that is
    known already gets a number.
    """
    host = (urlsplit(url).hostname or "").removeprefix("www.") if url else ""
    id_ = _slug(name) or _slug(host) or fallback
    number, candidate = 1, id_
    while candidate in known_ids:
        number += 1
        end = f"-{number}"
        candidate = f"{id_[: MAX_ID_CHARS - len(end)].rstrip('-')}{end}"
    return candidate


def _slug(text: str) -> str:
    return slugify(text, max_length=MAX_ID_CHARS, word_boundary=True)
